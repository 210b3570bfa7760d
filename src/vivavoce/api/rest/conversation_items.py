"""Items as OpenAI's clients write them into a conversation, checked and made whole."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from vivavoce.api.fields import Fields, invalid, missing
from vivavoce.storage.bodies import Body

MOST_AT_ONCE = 20
MOST_PARTS = 256
LONGEST_ID = 128

TEXTS = ("input_text", "output_text", "text", "summary_text", "reasoning_text")
PARTS: Mapping[str, tuple[str, ...]] = {
    "user": ("input_text", "input_image", "input_file", "text"),
    "system": ("input_text", "text"),
    "developer": ("input_text", "text"),
    "assistant": ("output_text", "refusal", "input_text", "text", "summary_text", "reasoning_text"),
}
"""Which kinds of content each role may hold."""

NEEDED: Mapping[str, tuple[str, ...]] = {
    "function_call": ("call_id", "name", "arguments"),
    "function_call_output": ("call_id", "output"),
    "custom_tool_call": ("call_id", "name", "input"),
    "custom_tool_call_output": ("call_id", "output"),
    "reasoning": ("summary",),
    "compaction": ("encrypted_content",),
    "mcp_list_tools": ("server_label", "tools"),
    "mcp_call": ("server_label", "name", "arguments"),
    "mcp_approval_request": ("server_label", "name", "arguments"),
    "mcp_approval_response": ("approval_request_id", "approve"),
    "file_search_call": ("queries",),
    "web_search_call": ("action",),
    "image_generation_call": (),
    "computer_call": ("call_id",),
    "computer_call_output": ("call_id", "output"),
    "code_interpreter_call": ("code", "container_id"),
    "local_shell_call": ("call_id", "action"),
    "local_shell_call_output": ("output",),
    "shell_call": ("call_id", "action"),
    "shell_call_output": ("call_id", "output"),
    "apply_patch_call": ("call_id", "operation"),
    "apply_patch_call_output": ("call_id",),
    "tool_search_call": ("arguments",),
    "tool_search_output": ("tools",),
}
"""Items other than messages, with the fields that each must have. They are kept as they come."""
WITH_STATUS = {kind for kind in NEEDED if kind.endswith(("_call", "_call_output"))} - {"mcp_call"}


def read_items(fields: Fields, *, most: int = MOST_AT_ONCE) -> list[Body] | None:
    """Those in `items`; None where there are none. Raises RequestError."""
    return fields.array("items", read_item, most=most)


def read_item(value: Any, path: str) -> Body:
    """Raises RequestError."""
    fields = Fields(value, path)
    kind = fields.text("type", None) or ("message" if "role" in fields.raw else "")
    if kind == "item_reference":
        raise invalid(fields.at("type"), "name a whole item: a reference means nothing in a conversation", kind)
    if kind != "message" and kind not in NEEDED:
        raise invalid(fields.at("type"), f"be message or one of {', '.join(NEEDED)}", kind)
    _check_id(fields)
    if "vivavoce" in fields.raw:
        fields.need_object("vivavoce")
    if kind == "message":
        return _message(fields)
    for name in NEEDED[kind]:
        if fields.get(name) is None:
            raise missing(fields.at(name), f"a {kind} has one")
    _check_texts(fields)
    return {**({"status": "completed"} if kind in WITH_STATUS else {}), **fields.raw}


def _check_id(fields: Fields) -> None:
    item_id = fields.text("id", None)
    if item_id is not None and not (1 <= len(item_id) <= LONGEST_ID and item_id.isprintable()):
        raise invalid(fields.at("id"), f"have 1 to {LONGEST_ID} printable characters", item_id)


def _check_texts(fields: Fields) -> None:
    """Fields that are words whatever the item is."""
    for name in ("call_id", "name", "server_label", "approval_request_id", "status"):
        fields.text(name, None)
    if isinstance(fields.get("arguments"), dict | list) and fields.raw["type"] != "tool_search_call":
        raise invalid(fields.at("arguments"), "be JSON in a string", fields.get("arguments"))
    output = fields.get("output")
    if output is not None and not isinstance(output, str | list | dict):
        raise invalid(fields.at("output"), "be a string or an array of content", output)
    fields.flag("approve", False)


def _message(fields: Fields) -> Body:
    role = fields.need_choice("role", tuple(PARTS))
    content = fields.get("content")
    if isinstance(content, str):
        parts = [_text_part(content, role)]
    else:
        parts = fields.array("content", lambda part, path: _part(Fields(part, path), role), most=MOST_PARTS) or []
        if content is None:
            raise missing(fields.at("content"), "give the words as a string, or an array of content")
    status = fields.choice("status", ("in_progress", "completed", "incomplete"), "completed")
    return {**fields.raw, "type": "message", "role": role, "status": status, "content": parts}


def _text_part(text: str, role: str) -> Body:
    if role == "assistant":
        return {"type": "output_text", "text": text, "annotations": []}
    return {"type": "input_text", "text": text}


def _part(part: Fields, role: str) -> Body:
    kind = part.need_choice("type", PARTS[role])
    if kind in TEXTS:
        part.need_text("text", "give the words as a string")
    elif kind == "refusal":
        part.need_text("refusal")
    elif kind == "input_image":
        return _image(part)
    elif not any(part.text(name, None) for name in ("file_id", "file_data", "file_url")):
        raise missing(part.at("file_id"), "give file_id, file_data or file_url")
    return {"annotations": [], **part.raw} if kind == "output_text" else dict(part.raw)


def _image(part: Fields) -> Body:
    url = part.text("image_url", None)
    if not url and not part.text("file_id", None):
        raise missing(part.at("image_url"), "give the picture as a data URI, an address or a file_id")
    if url and not url.startswith(("data:image/", "https://", "http://")):
        raise invalid(part.at("image_url"), "be a data URI of a picture (data:image/png;base64,…) or an address", url)
    return {**part.raw, "detail": part.choice("detail", ("low", "high", "auto", "original"), "auto")}
