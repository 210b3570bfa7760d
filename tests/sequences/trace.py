"""A conversation as a text that people read: one line an event, ids numbered, times left out.

> what the client does
< what the server tells         (…: several in a row)
"""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

from tests.sequences.line import Json

FOLDER = Path(__file__).parent / "traces"
ID = re.compile(r"\b(item|resp|sess|call|mcpr|err)_[0-9a-f]{8,}\b")


class Trace:
    def __init__(self, title: str) -> None:
        self._lines = [f"# {title}", ""]
        self._ids: dict[str, str] = {}

    def did(self, what: str) -> None:
        self._lines.append(self._numbered(f"> {what}"))

    def told(self, event: Json) -> None:
        line = self._numbered(f"< {_shown(event)}")
        last = self._lines[-1].removesuffix(" …")
        if last == line and "delta" in line:
            self._lines[-1] = f"{line} …"
        else:
            self._lines.append(line)

    @property
    def text(self) -> str:
        return "\n".join(self._lines) + "\n"

    def _numbered(self, line: str) -> str:
        """Ids in the order in which they first appear."""

        def name(match: re.Match[str]) -> str:
            kind = match[1]
            if match[0] not in self._ids:
                alike = sum(known.startswith(f"{kind}_") for known in self._ids.values())
                self._ids[match[0]] = f"{kind}_{alike + 1}"
            return self._ids[match[0]]

        return ID.sub(name, line)


def _shown(event: Json) -> str:
    """What clients rely on in an event."""
    told = [event["type"]]
    told += [str(event[name]) for name in ("response_id", "item_id") if name in event]
    if "item" in event:
        told.append(_item(event["item"]))
    if "previous_item_id" in event:
        told.append(f"after {event['previous_item_id'] or 'nothing'}")
    if "response" in event:
        told.append(_response(event["response"]))
    if "error" in event:
        told.append(f"{event['error']['code']} {event['error'].get('param') or ''}".strip())
    for name in ("transcript", "text", "arguments", "reason"):
        if name in event:
            told.append(_quoted(event[name]) if name != "reason" else event[name])
    if event["type"].endswith(("transcription.delta", "function_call_arguments.delta")):
        told.append(_quoted(event["delta"]))
    return " ".join(told)


def _item(item: Json) -> str:
    kind = item.get("role") or item["type"]
    said = [part.get("transcript") or part.get("text") or "" for part in item.get("content", ())]
    words = [_quoted(text) for text in said if text] + [_quoted(item[it]) for it in ("name", "output") if it in item]
    return " ".join([item["id"], kind, str(item.get("status", "")), *words])


def _response(response: Json) -> str:
    details = response["status_details"] or {}
    why = details.get("reason") or (details.get("error") or {}).get("code") or ""
    output = [f"[{_item(item)}]" for item in response["output"]]
    beside = [] if response["conversation_id"] else ["(out of band)"]
    return " ".join(filter(None, [response["id"], response["status"], why, *output, *beside]))


def _quoted(text: Any) -> str:
    return f'"{text}"'
