"""Items on the wire and in the conversation. Clients may name their items; ours get ids that nobody can guess."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any, assert_never

from vivavoce.api.fields import Fields, invalid, missing
from vivavoce.api.realtime.sound import sound_of, whole
from vivavoce.audio.codecs import Encoding
from vivavoce.audio.pcm import Pcm
from vivavoce.conversation.items import (
    ApprovalRequest,
    ApprovalResponse,
    CallError,
    FunctionCall,
    FunctionOutput,
    HostedCall,
    Image,
    Item,
    Message,
    Part,
    Role,
    Speech,
    Status,
    Text,
    ToolListing,
    new_id,
)

MOST_PARTS = 64
LONGEST_ID = 128
SHOWN_OUTPUT = 24_000
"""Characters of a hosted tool's output: events have to fit a data channel."""
PICTURE = re.compile(r"data:image/(png|jpeg);base64,", re.IGNORECASE)

PARTS: dict[Role, tuple[str, ...]] = {
    "system": ("input_text",),
    "user": ("input_text", "input_audio", "input_image"),
    "assistant": ("output_text", "output_audio"),
}
"""Which kinds of content each role may hold."""


def read_item(fields: Fields, hears: Encoding) -> Item:
    """An item that a client made. `hears`: encoding of the sound in it. Its status has no effect and is not read."""
    kinds = ("message", "function_call", "function_call_output", "mcp_approval_response")
    kind = fields.need_choice("type", kinds)
    item_id = read_id(fields, "id") or new_id("item")
    if kind == "mcp_approval_response":
        return _read_approval(fields, item_id)
    if kind == "message":
        return _read_message(fields, item_id, hears)
    if kind == "function_call":
        call_id = read_id(fields, "call_id") or new_id("call")
        return FunctionCall(item_id, call_id, fields.need_text("name"), fields.need_text("arguments"))
    return FunctionOutput(item_id, fields.need_text("call_id"), fields.need_text("output"))


def _read_approval(fields: Fields, item_id: str) -> ApprovalResponse:
    request_id = fields.need_text("approval_request_id", "give the id of the mcp_approval_request")
    if fields.get("approve") is None:
        raise missing(fields.at("approve"), "give true or false")
    return ApprovalResponse(item_id, request_id, fields.flag("approve", False), fields.text("reason", None))


def read_id(fields: Fields, name: str) -> str | None:
    value = fields.text(name, None)
    if value is not None and not 1 <= len(value) <= LONGEST_ID:
        raise invalid(fields.at(name), f"have 1 to {LONGEST_ID} characters", value)
    return value


def _read_message(fields: Fields, item_id: str, hears: Encoding) -> Message:
    role: Role = fields.need_choice("role", tuple(PARTS))
    parts = fields.array("content", lambda part, path: _read_part(Fields(part, path), role, hears), most=MOST_PARTS)
    if not parts:
        raise missing(fields.at("content"), "give an array with at least one part")
    return Message(item_id, role, tuple(parts))


def _read_part(part: Fields, role: Role, hears: Encoding) -> Part:
    match part.need_choice("type", PARTS[role]):
        case "input_audio" | "output_audio":
            return _read_speech(part, hears)
        case "input_image":
            return _read_image(part)
        case _:
            return Text(part.need_text("text", "give the words as a string"))


def _read_speech(part: Fields, hears: Encoding) -> Speech:
    transcript = part.text("transcript", None)
    base64 = part.get("audio")
    if base64 is None and transcript is None:
        raise missing(part.at("audio"), "give the sound as base64 in the session's input format")
    sound = None if base64 is None else sound_of(base64, hears, part.at("audio"))
    return Speech(transcript, sound)


def _read_image(part: Fields) -> Image:
    url = part.need_text("image_url", "give the picture as a data URI")
    if not PICTURE.match(url):
        raise invalid(part.at("image_url"), "be a data URI of a PNG or JPEG picture (data:image/png;base64,…)", url)
    return Image(url, part.choice("detail", ("auto", "low", "high"), "auto"))


def wire_item(item: Item, *, status: Status | None = None) -> dict[str, Any]:
    """An item as most events carry it: with its words, without its sound."""
    return _wire_item(item, status or item.status, lambda _: None)


def wire_item_with_sound(item: Item, encoding: Encoding) -> dict[str, Any]:
    """The item that `conversation.item.retrieve` asks for, sound included; null where it is longer than
    one event may be. Costs 2 ms a second of sound: not for the event loop."""
    return _wire_item(item, item.status, lambda sound: whole(sound, encoding))


def _wire_item(item: Item, status: Status, sound: Callable[[Pcm], str | None]) -> dict[str, Any]:
    head = {"id": item.id, "object": "realtime.item", "status": status}
    match item:
        case Message():
            content = [_wire_part(part, item.role, sound) for part in item.parts]
            return {**head, "type": "message", "role": item.role, "content": content}
        case FunctionCall():
            call = {"call_id": item.call_id, "name": item.name, "arguments": item.arguments}
            return {**head, "type": "function_call", **call}
        case FunctionOutput():
            return {**head, "type": "function_call_output", "call_id": item.call_id, "output": item.output}
        case ToolListing() | HostedCall() | ApprovalRequest() | ApprovalResponse():
            return {**head, **_wire_hosted(item)}
        case _:
            assert_never(item)


def _wire_hosted(item: ToolListing | HostedCall | ApprovalRequest | ApprovalResponse) -> dict[str, Any]:
    match item:
        case ToolListing():
            tools = [
                {
                    "name": tool.name,
                    "description": tool.description,
                    "input_schema": dict(tool.parameters),
                    "annotations": {"readOnlyHint": tool.reads_only},
                }
                for tool in item.tools
            ]
            error = {} if item.error is None else {"error": item.error}
            return {"type": "mcp_list_tools", "server_label": item.server, "tools": tools, **error}
        case HostedCall():
            return {
                "type": "mcp_call",
                "server_label": item.server,
                "name": item.name,
                "arguments": item.arguments,
                "output": None if item.output is None else item.output[:SHOWN_OUTPUT],
                "error": None if item.error is None else _wire_call_error(item.error),
                "approval_request_id": item.approval_id,
            }
        case ApprovalRequest():
            call = {"name": item.name, "arguments": item.arguments}
            return {"type": "mcp_approval_request", "server_label": item.server, **call}
        case ApprovalResponse():
            said = {"approve": item.approve, "reason": item.reason}
            return {"type": "mcp_approval_response", "approval_request_id": item.request_id, **said}


def _wire_call_error(error: CallError) -> dict[str, Any]:
    if error.kind == "execution":
        return {"type": "tool_execution_error", "message": error.message}
    return {"type": f"{error.kind}_error", "code": error.code or 0, "message": error.message}


def _wire_part(part: Part, role: Role, sound: Callable[[Pcm], str | None]) -> dict[str, Any]:
    side = "output" if role == "assistant" else "input"
    match part:
        case Text():
            return {"type": f"{side}_text", "text": part.text}
        case Speech():
            wire = {"type": f"{side}_audio", "transcript": part.transcript}
            encoded = None if part.sound is None else sound(part.sound)
            return wire if encoded is None else {**wire, "audio": encoded}
        case Image():
            return {"type": "input_image", "image_url": part.url, "detail": part.detail}
        case _:
            assert_never(part)
