"""Writes docs/reference.md: every event and session field of the Realtime contract as this server has it, read from the
code. `.venv/bin/python scripts/write-reference.py`; a test says when it is out of date."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from vivavoce.api.realtime import client_events, hosted_events, server_events, turn_events
from vivavoce.api.realtime.session_object import RealtimeSession
from vivavoce.conversation.config import SessionConfig, TranscriptionOptions

REPOSITORY = Path(__file__).parent.parent
REFERENCE = REPOSITORY / "docs" / "reference.md"
ELSEWHERE = {
    "input_audio_buffer.dtmf_event_received": "telephone keys of WebRTC, of G.711 sound, or told by a client",
    "output_audio_buffer.started": "WebRTC only",
    "output_audio_buffer.stopped": "WebRTC only",
    "output_audio_buffer.cleared": "WebRTC only",
    "conversation.created": "clients of the beta only",
    "conversation.item.created": "clients of the beta only; it is `conversation.item.added` now",
}
NOT_SENT: dict[str, str] = {}
WITHOUT_EFFECT = {
    "session.model": "another name than the URL's changes nothing: a session keeps the mind that it opened with",
    "session.tracing": "checked and echoed; nothing is traced",
    "session.audio.input.transcription.model": "any name: the server's own recogniser listens. With `diarize` in it, "
    "speakers are told",
    "session.audio.input.transcription.delay": "checked and echoed; words are told as soon as they are certain",
    "session.tools.allowed_callers": "not read: the model calls tools, and nothing else does",
    "session.tools.defer_loading": "not read: tools are listed at once",
    "response.tools.allowed_callers": "as in the session",
    "response.tools.defer_loading": "as in the session",
    "item.status": "not read: what a client puts into the conversation is whole",
    "item.object": "not read",
}
"""Fields of OpenAI's that are taken and change nothing."""
REFUSED = {
    "session.tools.tunnel_id": "tunnels are not served; name the server by `server_url`",
    "response.tools.tunnel_id": "as in the session",
    "session.prompt.variables": "of kinds other than text",
    "response.prompt.variables": "as in the session",
    "item.type": "`mcp_list_tools`, `mcp_call` and `mcp_approval_request`: the server makes these itself",
}
"""Fields, or values of them, that are answered with an error."""


def sent_events() -> list[str]:
    """The types of all server events, as they stand in the modules that tell them."""
    told = (server_events, turn_events, hosted_events)
    source = "\n".join(Path(module.__file__).read_text(encoding="utf-8") for module in told)
    whole = set(
        re.findall(
            r'wire_event\(\s*"([a-z_.]+)"|_of_part\("([a-z_.]+)"|kind = "([a-z_.]+)" if .* else "([a-z_.]+)"',
            source,
        )
    )
    names = {name for found in whole for name in found if name}
    for stem, body in re.findall(r'name = "([a-z_.]+)"\n(.*?)(?=\ndef |\Z)', source, re.S):
        names |= {f"{stem}.{end}" for end in re.findall(r'f"\{name\}\.([a-z]+)"', body)}
    return sorted(names)


def fields_of(wire: Any, path: str = "") -> Iterator[tuple[str, Any]]:
    """(dotted path, default) of every field of an object."""
    for name, value in wire.items():
        at = f"{path}.{name}" if path else name
        if isinstance(value, dict) and value:
            yield from fields_of(value, at)
        else:
            yield at, value


def reference() -> str:
    fresh = RealtimeSession("sess_…", "gpt-realtime").wire()
    told = RealtimeSession("", "", SessionConfig(transcription=TranscriptionOptions(languages=("",), keywords=("",))))
    heard = {path: [] if value == [""] else value for path, value in fields_of(told.wire())}
    fields = {path: value for path, value in fields_of(fresh) if path != "audio.input.transcription"}
    fields |= {path: value for path, value in heard.items() if path.startswith("audio.input.transcription.")}
    sent = {**dict.fromkeys(sent_events(), ""), **ELSEWHERE}
    return "\n".join(
        [
            "# Realtime: every event and field",
            "",
            "Written by `scripts/write-reference.py` from the code. What they do: [realtime.md](realtime.md).",
            "",
            "## Client events",
            "",
            *(f"- `{name}`" for name in client_events.EVENTS),
            "",
            "## Server events",
            "",
            *(f"- `{name}`" + (f": {note}" if note else "") for name, note in sorted(sent.items())),
            "",
            *(("Of OpenAI's events these are never sent:", "") if NOT_SENT else ()),
            *(f"- `{name}`: {why}" for name, why in sorted(NOT_SENT.items())),
            *(("",) if NOT_SENT else ()),
            "## Fields of a session, and what they are at first",
            "",
            "| field | default |",
            "|---|---|",
            *(f"| `{path}` | {_shown(value)} |" for path, value in sorted(fields.items())),
            "",
            "## Fields that are taken and change nothing",
            "",
            *(f"- `{path}`: {why}" for path, why in WITHOUT_EFFECT.items()),
            "",
            "Refused with an error that says so:",
            "",
            *(f"- `{path}`: {why}" for path, why in REFUSED.items()),
            "",
        ]
    )


def _shown(value: Any) -> str:
    text = json.dumps(value, ensure_ascii=False)
    return f"`{text if len(text) < 40 else text[:39] + '…'}`"


if __name__ == "__main__":
    REFERENCE.write_text(reference(), encoding="utf-8")
