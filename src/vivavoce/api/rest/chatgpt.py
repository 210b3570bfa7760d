"""A conversation of ChatGPT's export: a tree of messages, of which the branch that was shown last is kept. Pure."""

from __future__ import annotations

import re
import time
from collections.abc import Iterator, Mapping
from typing import Any

from vivavoce.storage.bodies import Body
from vivavoce.storage.transfer import Imported

LONGEST_TITLE = 512
PICTURE = "(a picture)"
_MARKS = re.compile("\ue200[^\ue201]{0,2000}\ue201|[\ue200-\ue206]")
"""Where ChatGPT puts its citations."""
_UNSEEN = {"user_editable_context", "model_editable_context", "thoughts", "reasoning_recap", "system_error"}
"""Contents that were not part of the talk."""


def from_chatgpt(value: Mapping[str, Any]) -> Imported:
    created = _time(value.get("create_time")) or time.time()
    updated = _time(value.get("update_time")) or created
    items, at = [], created
    for node_id, message in _branch(value["mapping"], value.get("current_node")):
        body = _body(message)
        if body is not None:
            at = _time(message.get("create_time")) or at
            items.append(({"id": f"msg_{_plain(node_id)}", **body}, at))
    title = value.get("title")
    metadata = {"imported_from": "chatgpt"}
    if isinstance(title, str) and title.strip():
        metadata["title"] = title.strip()[:LONGEST_TITLE]
    name = value.get("conversation_id") or value.get("id") or f"{title} {created}"
    return Imported(f"chatgpt-{str(name)[:200]}", created, updated, metadata, items)


def _branch(mapping: Mapping[str, Any], current: object) -> list[tuple[str, Mapping[str, Any]]]:
    """The messages from the root to `current`; where that leads nowhere, to the newest end there is."""
    if not isinstance(current, str) or current not in mapping:
        current = _newest_end(mapping)
    branch: list[tuple[str, Mapping[str, Any]]] = []
    seen = set[str]()
    while isinstance(current, str) and current not in seen and isinstance(node := mapping.get(current), dict):
        seen.add(current)
        if isinstance(node.get("message"), dict):
            branch.append((current, node["message"]))
        current = node.get("parent")
    return branch[::-1]


def _newest_end(mapping: Mapping[str, Any]) -> str | None:
    ends = [
        (_time((node.get("message") or {}).get("create_time")) or 0.0, name)
        for name, node in mapping.items()
        if isinstance(node, dict) and not node.get("children") and isinstance(node.get("message") or {}, dict)
    ]
    return max(ends)[1] if ends else None


def _body(message: Mapping[str, Any]) -> Body | None:
    """None for what was not said: hidden messages, calls of tools, their results, thoughts."""
    author, content = message.get("author"), message.get("content")
    role = author.get("role") if isinstance(author, dict) else None
    if role not in ("user", "assistant") or not isinstance(content, dict) or message.get("recipient", "all") != "all":
        return None
    notes = message.get("metadata")
    if content.get("content_type") in _UNSEEN or (
        isinstance(notes, dict) and notes.get("is_visually_hidden_from_conversation")
    ):
        return None
    text = "\n\n".join(_texts(content)).strip()
    if not text:
        return None
    part: Body = {"type": "output_text", "text": text, "annotations": []}
    body: Body = {
        "type": "message",
        "role": role,
        "status": "completed",
        "content": [part if role == "assistant" else {"type": "input_text", "text": text}],
    }
    return {**body, "vivavoce": {"spoken": True}} if _was_spoken(content) else body


def _texts(content: Mapping[str, Any]) -> Iterator[str]:
    parts = content.get("parts")
    for part in parts if isinstance(parts, list) else [content.get("text")]:
        match part:
            case str() if part.strip():
                yield _MARKS.sub("", part)
            case {"content_type": "audio_transcription", "text": str(text)} if text.strip():
                yield text
            case {"content_type": "image_asset_pointer"}:
                yield PICTURE


def _was_spoken(content: Mapping[str, Any]) -> bool:
    parts = content.get("parts")
    return isinstance(parts, list) and any(
        isinstance(part, dict) and part.get("content_type") == "audio_transcription" for part in parts
    )


def _time(value: object) -> float | None:
    ordinary = isinstance(value, int | float) and not isinstance(value, bool) and 0 < value < 2**40
    return float(value) if ordinary and isinstance(value, int | float) else None


def _plain(name: str) -> str:
    return re.sub(r"[^A-Za-z0-9-]", "", name)[:64] or "0"
