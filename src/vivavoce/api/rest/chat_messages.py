"""The messages of a chat completion's request, as OpenAI writes them, into items whose attachments are still closed.
Pure."""

from __future__ import annotations

import json
from typing import Any

from vivavoce.api.fields import Fields, missing
from vivavoce.api.rest.attachments import (
    Document,
    Picture,
    RawItem,
    RawMessage,
    RawPart,
    Recording,
    SpokenBefore,
    UploadedFile,
    decoded,
)
from vivavoce.conversation.items import FunctionCall, FunctionOutput, Role, Text, new_id

PLAIN = "You are a helpful assistant."
"""What a mind is told that nothing else is said to."""
MOST_MESSAGES, MOST_PARTS, MOST_CALLS = 2000, 200, 128
ROLES: dict[str, Role] = {"system": "system", "developer": "system", "user": "user", "assistant": "assistant"}


def read_conversation(fields: Fields) -> tuple[str, tuple[RawItem, ...]]:
    """The instructions, which are the system's messages before all others, and the rest."""
    read = fields.array("messages", lambda value, path: _message(Fields(value, path)), most=MOST_MESSAGES)
    if not read:
        raise missing("messages", "give an array with at least one message")
    items = [item for group in read for item in group]
    first = next((n for n, item in enumerate(items) if not _is_system(item)), len(items))
    parts = [part for item in items[:first] if isinstance(item, RawMessage) for part in item.parts]
    told = [part.text for part in parts if isinstance(part, Text)]
    return "\n\n".join(told) or PLAIN, tuple(items[first:])


def _is_system(item: RawItem) -> bool:
    return isinstance(item, RawMessage) and item.role == "system"


def _message(fields: Fields) -> list[RawItem]:
    role = fields.need_choice("role", (*ROLES, "tool", "function"))
    if role == "tool":
        return [FunctionOutput(new_id("item"), fields.need_text("tool_call_id"), _plain_text(fields))]
    if role == "function":
        return [FunctionOutput(new_id("item"), f"function {fields.need_text('name')}", _plain_text(fields))]
    if role == "assistant":
        return [*_said(fields), *_calls(fields)]
    return [RawMessage(ROLES[role], _content(fields))]


def _said(fields: Fields) -> list[RawItem]:
    """The words of an assistant's message; it may have none, where it called tools."""
    sound = fields.object("audio")
    if sound is not None and not fields.get("content"):
        return [RawMessage("assistant", (SpokenBefore(sound.need_text("id"), sound.at("id")),))]
    parts = _content(fields) if fields.get("content") else ()
    refusal = fields.text("refusal", None)
    if not parts and refusal:
        parts = (Text(refusal),)
    return [RawMessage("assistant", parts)] if parts else []


def _calls(fields: Fields) -> list[RawItem]:
    calls: list[RawItem] = list(fields.array("tool_calls", _call, most=MOST_CALLS) or [])
    if (old := fields.object("function_call")) is not None:
        name = old.need_text("name")
        calls.append(FunctionCall(new_id("item"), f"function {name}", name, old.text("arguments", "") or "{}"))
    return calls


def _call(value: Any, path: str) -> FunctionCall:
    call = Fields(value, path)
    call_id = call.need_text("id")
    if call.choice("type", ("function", "custom"), "function") == "custom":
        custom = call.need_object("custom")
        arguments = json.dumps({"input": custom.text("input", "")}, ensure_ascii=False)
        return FunctionCall(new_id("item"), call_id, custom.need_text("name"), arguments)
    function = call.need_object("function")
    return FunctionCall(new_id("item"), call_id, function.need_text("name"), function.text("arguments", "") or "{}")


def _content(fields: Fields) -> tuple[RawPart, ...]:
    content = fields.get("content")
    if isinstance(content, str):
        return (Text(content),)
    if not isinstance(content, list):
        raise missing(fields.at("content"), "give the words as a string, or an array of parts")
    return tuple(fields.array("content", lambda value, path: _part(Fields(value, path)), most=MOST_PARTS) or ())


def _plain_text(fields: Fields) -> str:
    """The result of a tool."""
    if fields.get("content") is None:
        return ""
    return "\n".join(part.text for part in _content(fields) if isinstance(part, Text))


def _part(part: Fields) -> RawPart:
    kinds = ("text", "image_url", "input_audio", "file", "refusal")
    match part.need_choice("type", kinds):
        case "image_url":
            return _picture(part)
        case "input_audio":
            audio = part.need_object("input_audio")
            audio.need_choice("format", ("wav", "mp3"))
            data = audio.need_text("data", "give the sound file as base64")
            return Recording(decoded(data, audio.at("data")), audio.at("data"))
        case "file":
            return _file(part.need_object("file"))
        case "refusal":
            return Text(part.need_text("refusal"))
        case _:
            return Text(part.need_text("text", "give the words as a string"))


def _picture(part: Fields) -> Picture:
    image = part.need_object("image_url")
    detail = image.choice("detail", ("auto", "low", "high", "original"), "auto")
    url = image.need_text("url", "give the picture as a data URI or an address")
    return Picture(url, "high" if detail == "original" else detail, image.at("url"))


def _file(file: Fields) -> RawPart:
    data = file.text("file_data", None)
    if data is not None:
        return Document(decoded(data, file.at("file_data")), file.text("filename", "file"), file.at("file_data"))
    return UploadedFile(
        file.need_text("file_id", "give the file's id, or its content as file_data"), file.at("file_id")
    )
