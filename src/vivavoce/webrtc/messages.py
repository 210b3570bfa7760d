"""The events of a call as texts: our own, the caller's, and those that are too large for a data channel. Pure."""

from __future__ import annotations

import json
from typing import Any

from vivavoce.conversation.items import new_id

LARGEST_EVENT = 256 * 1024
"""Bytes that browsers take in one message of a data channel."""


def event_text(kind: str, **fields: Any) -> str:
    return json.dumps({"type": kind, "event_id": new_id("event"), **fields}, separators=(",", ":"))


def type_of(text: str) -> str | None:
    """The type of what a caller sent, None where it is no event: the server says what is wrong with it."""
    try:
        event = json.loads(text)
    except ValueError:
        return None
    kind = event.get("type") if isinstance(event, dict) else None
    return kind if isinstance(kind, str) else None


def managed_playback(text: str, before: bool) -> bool:
    """Whether the caller wants the events of managed playback, once it has sent `text`."""
    if '"managed_playback"' not in text or type_of(text) != "session.update":
        return before
    session = json.loads(text).get("session")
    ours = session.get("vivavoce") if isinstance(session, dict) else None
    asked = ours.get("managed_playback") if isinstance(ours, dict) else before
    return asked if isinstance(asked, bool) else before


def lightened(text: str, event: dict[str, Any]) -> str:
    """`text`, which is `event`, as it fits a data channel: where it is too large, without the sound of its item, which
    a WebSocket would carry."""
    if len(text) <= LARGEST_EVENT:
        return text
    for part in event.get("item", {}).get("content", ()):
        part.pop("audio", None)
    text = json.dumps(event, separators=(",", ":"))
    if len(text) <= LARGEST_EVENT:
        return text
    error = {
        "type": "invalid_request_error",
        "code": "event_too_large",
        "message": f"A {event['type']} event is too large for a data channel. Read it over a WebSocket with ?call_id=.",
        "param": None,
        "event_id": None,
    }
    return event_text("error", error=error)
