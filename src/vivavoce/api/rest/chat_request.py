"""A request for a chat completion, as OpenAI writes it: every field of the wire, checked, into values. Pure.

Fields that nobody here can honour (penalties, logit_bias, logprobs, prediction and the like) and unknown ones are
left unread, as OpenAI's own clients expect.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from vivavoce.api.fields import Fields, invalid, missing, string
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
from vivavoce.api.rest.schemas import checked_schema
from vivavoce.audio.files import Format
from vivavoce.conversation.config import Tool, ToolChoice, wanted_route
from vivavoce.conversation.items import FunctionCall, FunctionOutput, Role, Text, new_id
from vivavoce.errors import RequestError
from vivavoce.ports import Prompt

PLAIN = "You are a helpful assistant."
"""What a mind is told that nothing else is said to."""
MOST_MESSAGES, MOST_PARTS, MOST_TOOLS, MOST_STOPS, MOST_CHOICES = 2000, 200, 128, 4, 8
MOST_METADATA = 16
EFFORTS = ("none", "minimal", "low", "medium", "high", "xhigh", "max")
ROLES: dict[str, Role] = {"system": "system", "developer": "system", "user": "user", "assistant": "assistant"}
SOUND_FORMATS: dict[str, Format] = {
    "wav": "wav", "mp3": "mp3", "flac": "flac", "opus": "opus", "aac": "aac", "pcm16": "pcm", "pcm": "pcm"
}  # fmt: skip
FREE_TEXT: Mapping[str, Any] = {"type": "object", "properties": {"input": {"type": "string"}}, "required": ["input"]}
"""Arguments of a custom tool, which takes any text."""


@dataclass(frozen=True, slots=True)
class Aloud:
    """The answer is to be spoken, too."""

    voice: str
    format: Format


@dataclass(frozen=True, slots=True)
class ChatAsked:
    """One request, checked. `prompt` has all but its items, whose attachments are still closed. `custom`: names of
    the tools that take free text; `functions`: the client knows only the older form with one call."""

    model: str
    prompt: Prompt
    items: tuple[RawItem, ...]
    choices: int = 1
    stream: bool = False
    include_usage: bool = False
    aloud: Aloud | None = None
    parallel: bool = True
    custom: frozenset[str] = frozenset()
    functions: bool = False
    store: bool = False
    metadata: Mapping[str, str] | None = None
    cache_key: str = ""
    messages: tuple[Mapping[str, Any], ...] = field(default=(), repr=False)
    """As they came, for those who have the completion stored."""


def read_chat(fields: Fields) -> ChatAsked:
    """Raises RequestError."""
    model = fields.need_text("model", "give the id of a model; GET /v1/models lists them")
    instructions, items = _conversation(fields)
    tools, custom = _tools(fields)
    choice, tools = _tool_choice(fields, tools)
    options = fields.object("stream_options")
    return ChatAsked(
        model,
        Prompt(
            instructions,
            (),
            tools=tools,
            tool_choice=choice,
            max_tokens=_limit(fields),
            temperature=fields.number("temperature", 0.7, 0, 2),
            effort=fields.choice("reasoning_effort", EFFORTS, None),
            schema=_schema(fields),
            stop=_stops(fields),
            top_p=fields.number("top_p", None, 0, 1),
            seed=fields.integer("seed", None, -(2**63), 2**63 - 1),
            route=wanted_route(read_metadata(fields)),
        ),
        items,
        choices=fields.integer("n", 1, 1, MOST_CHOICES),
        stream=fields.flag("stream", False),
        include_usage=options is not None and options.flag("include_usage", False),
        aloud=_aloud(fields),
        parallel=fields.flag("parallel_tool_calls", True),
        custom=custom,
        functions=fields.get("functions") is not None,
        store=fields.flag("store", False),
        metadata=read_metadata(fields),
        cache_key=fields.text("prompt_cache_key", "") or fields.text("user", ""),
        messages=tuple(fields.get("messages")),
    )


def read_metadata(fields: Fields) -> dict[str, str] | None:
    """Up to sixteen strings with names."""
    metadata = fields.object("metadata")
    if metadata is None:
        return None
    for name, value in metadata.raw.items():
        if not isinstance(value, str) or len(value) > 512 or len(name) > 64:
            raise invalid(metadata.at(name), "be a string of at most 512 characters with a name of at most 64", value)
    if len(metadata.raw) > MOST_METADATA:
        raise invalid("metadata", f"hold at most {MOST_METADATA} entries")
    return dict(metadata.raw)


# --- messages


def _conversation(fields: Fields) -> tuple[str, tuple[RawItem, ...]]:
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
    calls: list[RawItem] = list(fields.array("tool_calls", _call, most=MOST_TOOLS) or [])
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


# --- tools


def _tools(fields: Fields) -> tuple[tuple[Tool, ...], frozenset[str]]:
    """All tools, and the names of those that take free text."""
    custom: set[str] = set()

    def tool(value: Any, path: str) -> Tool:
        entry = Fields(value, path)
        if entry.need_choice("type", ("function", "custom")) == "custom":
            it = entry.need_object("custom")
            custom.add(it.need_text("name"))
            return Tool(it.need_text("name"), it.text("description", ""), FREE_TEXT)
        return _function(entry.need_object("function"))

    tools = fields.array("tools", tool, most=MOST_TOOLS) or []
    old = fields.array("functions", lambda value, path: _function(Fields(value, path)), most=MOST_TOOLS) or []
    return (*tools, *old), frozenset(custom)


def _function(function: Fields) -> Tool:
    parameters = function.object("parameters")
    schema = {} if parameters is None else checked_schema(parameters.raw, parameters.path)
    return Tool(function.need_text("name"), function.text("description", ""), schema)


def _tool_choice(fields: Fields, tools: tuple[Tool, ...]) -> tuple[ToolChoice, tuple[Tool, ...]]:
    """What has to be called, and the tools among which there is a choice."""
    name = (
        "tool_choice" if fields.get("tool_choice") is not None or not fields.get("function_call") else "function_call"
    )
    choice = fields.get(name)
    if choice is None or isinstance(choice, str):
        mode = fields.choice(name, ("none", "auto", "required"), "auto")
        if mode == "required" and not tools:
            raise invalid(name, "not be required where there are no tools")
        return ToolChoice(mode), tools
    asked = fields.need_object(name)
    if asked.get("type") == "allowed_tools":
        return _allowed(asked.need_object("allowed_tools"), tools)
    wanted = asked.object("function") or asked.object("custom") or asked
    return ToolChoice("function", _known(wanted.need_text("name"), wanted.at("name"), tools)), tools


def _allowed(allowed: Fields, tools: tuple[Tool, ...]) -> tuple[ToolChoice, tuple[Tool, ...]]:
    def name_of(value: Any, path: str) -> str:
        entry = Fields(value, path)
        named = entry.object("function") or entry.object("custom") or entry
        return _known(named.need_text("name"), named.at("name"), tools)

    names = set(allowed.array("tools", name_of, most=MOST_TOOLS) or ())
    mode = allowed.choice("mode", ("auto", "required"), "auto")
    return ToolChoice(mode), tuple(tool for tool in tools if tool.name in names)


def _known(name: str, path: str, tools: tuple[Tool, ...]) -> str:
    if name not in {tool.name for tool in tools}:
        raise invalid(path, "be the name of one of the tools", name)
    return name


# --- the rest


def _limit(fields: Fields) -> int | None:
    """Tokens of the answer. 0, which some clients send, is no limit."""
    return fields.integer("max_completion_tokens", 0, 0, 10**6) or fields.integer("max_tokens", 0, 0, 10**6) or None


def _schema(fields: Fields) -> Mapping[str, Any] | None:
    form = fields.object("response_format")
    if form is None:
        return None
    match form.need_choice("type", ("text", "json_object", "json_schema")):
        case "json_object":
            return {"type": "object"}
        case "json_schema":
            schema = form.need_object("json_schema").object("schema")
            return {} if schema is None else checked_schema(schema.raw, schema.path)
    return None


def _stops(fields: Fields) -> tuple[str, ...]:
    stop = fields.get("stop")
    stops = [stop] if isinstance(stop, str) else fields.array("stop", string, most=MOST_STOPS) or []
    return tuple(text for text in stops if text)


def _aloud(fields: Fields) -> Aloud | None:
    kinds = fields.array("modalities", string, most=2) or ["text"]
    for kind in kinds:
        if kind not in ("text", "audio"):
            raise invalid("modalities", "hold text, or text and audio", kind)
    if "audio" not in kinds:
        return None
    audio = fields.need_object("audio")
    if isinstance(audio.get("voice"), dict):
        voice = audio.need_object("voice").need_text("id")
    else:
        voice = audio.need_text("voice", "give the name of a voice, such as marin")
    if fields.get("response_format") is not None and fields.need_object("response_format").get("type") != "text":
        raise RequestError(
            "An answer in JSON cannot be spoken; leave out response_format or the modality audio.",
            param="response_format",
            code="invalid_value",
        )
    return Aloud(voice, SOUND_FORMATS[audio.need_choice("format", tuple(SOUND_FORMATS))])
