"""The items of a response's input: checked and completed as they come, and what a mind is to read of them. Pure.

An item is kept as a `Body`, the form of the wire, so that what is stored is what clients get to see again. Two things
stand under `vivavoce` in it, which no client can set: the `text` of a file that was sent along, and whatever else
`storage/bodies.py` keeps there.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from typing import Any

from vivavoce.api.fields import Fields, invalid, missing, string
from vivavoce.api.rest.attachments import Document, Picture, RawItem, RawMessage, RawPart, UploadedFile
from vivavoce.api.rest.attachments import decoded as bytes_of
from vivavoce.api.rest.conversation_items import read_item
from vivavoce.conversation.items import (
    ApprovalRequest,
    ApprovalResponse,
    FunctionCall,
    FunctionOutput,
    HostedCall,
    Message,
    Text,
    ToolListing,
    new_id,
)
from vivavoce.errors import RequestError
from vivavoce.storage.bodies import PREFIXES, ROLES, Body, item_of
from vivavoce.storage.seals import Seals

PRIVATE = "vivavoce"
"""Where a body keeps what only we need."""

MOST_ITEMS = 2000
LONGEST_ID = 128
LONGEST_REASON = 2000
SERVED = (
    "message",
    "function_call",
    "function_call_output",
    "custom_tool_call",
    "custom_tool_call_output",
    "reasoning",
    "compaction",
    "item_reference",
    "mcp_list_tools",
    "mcp_call",
    "mcp_approval_request",
    "mcp_approval_response",
)
Raw = RawItem | ToolListing | HostedCall | ApprovalRequest | ApprovalResponse


def read_input(fields: Fields) -> list[Body]:
    """The `input` of a request: words of the user, or items. References are left as they are. Raises RequestError."""
    given = fields.get("input")
    if isinstance(given, str):
        return [message("user", [{"type": "input_text", "text": given}])]
    return fields.array("input", _item, most=MOST_ITEMS) or []


def message(role: str, content: list[Body]) -> Body:
    return {"id": new_id("msg"), "type": "message", "status": "completed", "role": role, "content": content}


def _item(value: Any, path: str) -> Body:
    fields = Fields(value, path)
    kind = fields.text("type", "message" if "role" in fields.raw else "item_reference")
    if kind not in SERVED:
        raise invalid(fields.at("type"), f"be one of {', '.join(SERVED)}", kind)
    if kind == "item_reference":
        return {"type": kind, "id": fields.need_text("id", "give the id of an item")}
    body = {name: it for name, it in read_item(value, path).items() if name != PRIVATE}
    for place, part in enumerate(body["content"] if kind == "message" else ()):
        part.pop(PRIVATE, None)
        _check_part(Fields(part, fields.at(f"content.{place}")))
    if "reason" in body and len(fields.text("reason", "")) > LONGEST_REASON:
        raise invalid(fields.at("reason"), f"have at most {LONGEST_REASON} characters")
    if kind == "compaction":
        fields.need_text("encrypted_content")
    return {**body, "id": body.get("id") or new_id(PREFIXES.get(kind, "ctc")), "type": kind}


def _check_part(part: Fields) -> None:
    """What is attached must be within reach."""
    if part.get("type") == "input_file" and part.get("file_url") is not None:
        raise RequestError(
            "Files are not fetched from elsewhere: upload it to /v1/files and give its file_id, or give file_data.",
            param=part.at("file_url"),
            code="invalid_value",
        )
    if part.get("type") == "input_file" and (part.get("file_id") is None) == (part.get("file_data") is None):
        raise missing(part.at("file_id"), "give the file_id of an uploaded file, or the file as base64 in file_data")


def include(fields: Fields, known: Iterable[str]) -> list[str]:
    """`include`, checked: names of what may be told besides. Raises RequestError."""
    names = fields.array("include", string, most=20) or []
    for place, name in enumerate(names):
        if name not in known:
            raise invalid(f"include.{place}", f"be one of {', '.join(known)}", name)
    return names


# --- a conversation made short

SO_FAR = "What was said so far, in short:"


def unsealed(item: Fields, seals: Seals, owner: str) -> str:
    """What an item's `encrypted_content` holds. Raises RequestError."""
    text = seals.open(item.need_text("encrypted_content"), owner, item.need_text("type"))
    if text is None:
        raise RequestError(
            f"'{item.at('encrypted_content')}' could not be verified: it was altered, or made by another server or for "
            "another key. Send it as this server gave it, or leave the item out.",
            param=item.at("encrypted_content"),
            code="invalid_encrypted_content",
        )
    return text


# --- what a mind reads


def resolved(items: Iterable[Body], known: Mapping[str, Body]) -> list[Body]:
    """The items with those that they refer to in place of references; what is there already comes once. Raises
    RequestError."""
    found: list[Body] = []
    for place, body in enumerate(items):
        if body["type"] != "item_reference":
            found.append(body)
        elif (meant := known.get(body["id"])) is None:
            message = f"There is no item {body['id'][:LONGEST_ID]!r} to refer to."
            raise RequestError(message, param=f"input.{place}.id", code="item_not_found")
        else:
            found.append(meant)
    return found


def raw_item(body: Body, path: str) -> Raw | None:
    """What a mind is to read of an item, its attachments still closed; None where that is nothing. `path`: of the item,
    for errors."""
    match body.get("type"):
        case "message":
            return _said(body, path)
        case "custom_tool_call":
            arguments = json.dumps({"input": body.get("input", "")}, ensure_ascii=False)
            return FunctionCall(body["id"], body["call_id"], body["name"], arguments)
        case "custom_tool_call_output":
            return FunctionOutput(body["id"], body["call_id"], output_text(body.get("output")))
        case "function_call_output":
            return FunctionOutput(body["id"], body["call_id"], output_text(body.get("output")))
    item = item_of(body)
    return None if isinstance(item, Message) else item


def output_text(output: object) -> str:
    """The result of a call, which may come in parts; what is no text in it is named."""
    if isinstance(output, str):
        return output
    parts = output if isinstance(output, list) else []
    return "\n".join(
        str(part["text"]) if isinstance(part.get("text"), str) else f"[{part.get('type')}]"
        for part in parts
        if isinstance(part, dict)
    )


def read_already(body: Body, texts: Iterable[str]) -> Body:
    """A message as it is kept: of files that were sent along, what was read in them."""
    left = iter(texts)
    content = [
        {"type": "input_file", "filename": part.get("filename") or "file", PRIVATE: {"text": next(left)}}
        if part.get("type") == "input_file" and "file_data" in part
        else part
        for part in body["content"]
    ]
    return {**body, "content": content}


def _said(body: Body, path: str) -> RawMessage | None:
    role = ROLES.get(str(body.get("role")))
    content = body.get("content")
    content = [{"type": "input_text", "text": content}] if isinstance(content, str) else content
    if role is None or not isinstance(content, list):
        return None
    parts = [raw for n, part in enumerate(content) if (raw := _raw_part(part, f"{path}.content.{n}")) is not None]
    return RawMessage(role, tuple(parts)) if parts else None


def _raw_part(part: Body, path: str) -> RawPart | None:
    match part:
        case {"type": "input_text" | "output_text" | "text", "text": str(text)} | {
            "type": "refusal",
            "refusal": str(text),
        }:
            return Text(text)
        case {"type": "input_image", "image_url": str(url)}:
            detail = part.get("detail")
            return Picture(url, detail if detail in ("low", "high") else "auto", f"{path}.image_url")
        case {"type": "input_image" | "input_file", "file_id": str(file_id)}:
            return UploadedFile(file_id, f"{path}.file_id")
        case {"type": "input_file", "vivavoce": {"text": str(text)}}:
            return Text(text)
        case {"type": "input_file", "file_data": str(data)}:
            where = f"{path}.file_data"
            return Document(bytes_of(data, where), str(part.get("filename") or "file"), where)
    return None
