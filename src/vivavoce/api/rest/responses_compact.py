"""A conversation made short: the mind tells what was said, so that a long talk goes on in a small context.

The newest words stay as they are: they matter most, and a small mind tells less than it was told. What was before them
is told by the mind, and what is longer than it can read at once piece by piece, each time with what was told of the
pieces before.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any

from vivavoce.api.rest.replies import thoughts_of, whole
from vivavoce.api.rest.responses_reading import Read
from vivavoce.api.rest.responses_wire import shown, usage_wire
from vivavoce.conversation.hosted import readable
from vivavoce.conversation.items import FunctionCall, FunctionOutput, Item, Message, Readable, Text, new_id
from vivavoce.ports import Done, LanguageModel, Prompt, Urgency
from vivavoce.session.accounts import estimated_tokens

TASK = (
    "You keep the notes of a conversation. Write down in plain sentences what somebody has to know who goes on with "
    "it: names, numbers, facts, what was asked, answered and decided, and what is still open. Leave out pleasantries. "
    "Answer with the notes alone."
)
LONGEST_NOTES = 512
"""Tokens."""
KEPT = 512
"""Tokens of the newest words that are kept as they are."""
SHARE = 0.5
"""Of the mind's context that one piece may fill: notes come before it and after it."""
MOST_PIECES = 32
TEMPERATURE = 0.2
SPEAKERS = {"user": "User", "assistant": "Assistant", "system": "Instructions"}


@dataclass(frozen=True, slots=True)
class Shortened:
    """`read`: what the mind reads now; `whole`: all that was said, in short, its last words among it."""

    read: Read
    whole: str
    usage: Done


async def compacted(mind: LanguageModel, read: Read, seal: Callable[[str], str]) -> dict[str, Any]:
    """What was read, as OpenAI's `response.compaction`. Raises TurnError."""
    bodies = (*read.before.bodies, *read.given)
    summary, usage = await _summary(mind, _lines(read, read.items))
    said = [shown(body) for body in bodies if body["type"] == "message" and body.get("role") != "assistant"]
    return {
        "id": new_id("resp"),
        "object": "response.compaction",
        "created_at": int(time.time()),
        "output": [*said, {"id": new_id("cmp"), "type": "compaction", "encrypted_content": seal(summary)}],
        "usage": usage_wire(usage),
    }


async def shortened(mind: LanguageModel, read: Read) -> Shortened:
    """What was read before the user's last message, made short; that message, and what follows it, stay as they are.
    Raises TurnError."""
    asked = [place for place, item in enumerate(read.items) if isinstance(item, Message) and item.role == "user"]
    last = asked[-1] if asked else 0
    summary, usage = await _summary(mind, _lines(read, read.items[:last]))
    now = read.items[last:]
    whole = "\n".join([*([summary] if summary else ()), *map(_line, readable(now, {}))])
    return Shortened(replace(read, items=now, summary=summary), whole, usage)


def _lines(read: Read, items: Sequence[Item]) -> list[str]:
    return [*read.summary.splitlines(), *map(_line, readable(items, {}))]


async def _summary(mind: LanguageModel, lines: Sequence[str]) -> tuple[str, Done]:
    newest = _newest(lines)
    notes, usage = await _notes(mind, lines[: len(lines) - len(newest)])
    return "\n".join([notes, *newest]).strip(), usage


def _newest(lines: Sequence[str]) -> list[str]:
    """The last lines, as many as fit into KEPT."""
    left, kept = KEPT, 0
    for line in reversed(lines):
        left -= _tokens(line)
        if left < 0:
            break
        kept += 1
    return list(lines[len(lines) - kept :])


async def _notes(mind: LanguageModel, lines: Sequence[str]) -> tuple[str, Done]:
    notes, usage = "", Done()
    for piece in _pieces(lines, round(mind.context * SHARE)):
        before = f"Notes so far:\n{notes}\n\n" if notes else ""
        text = Text(f"{before}The conversation:\n{piece}")
        prompt = Prompt(
            TASK,
            (Message(new_id("msg"), "user", (text,)),),
            max_tokens=LONGEST_NOTES,
            temperature=TEMPERATURE,
            urgency=Urgency.SOON,
        )
        reply = await whole(thoughts_of(mind, prompt))
        notes = reply.text.strip()
        usage = replace(
            usage,
            prompt_tokens=usage.prompt_tokens + reply.done.prompt_tokens,
            cached_tokens=usage.cached_tokens + reply.done.cached_tokens,
            completion_tokens=usage.completion_tokens + reply.done.completion_tokens,
            reasoning_tokens=usage.reasoning_tokens + reply.done.reasoning_tokens,
        )
    return notes, usage


def _pieces(lines: Sequence[str], room: int) -> Iterator[str]:
    """The lines in pieces of at most about `room` tokens, the oldest first; of more than can be read, the newest."""
    pieces, left = list[list[str]](), 0
    for part in (part for line in lines for part in _parts(line, room)):
        length = _tokens(part)
        if length > left:
            pieces.append([])
            left = room
        pieces[-1].append(part)
        left -= length
    return ("\n".join(piece) for piece in pieces[-MOST_PIECES:])


def _tokens(line: str) -> int:
    return estimated_tokens(Prompt(line, ()))


def _parts(line: str, room: int) -> Iterator[str]:
    """A line that is longer than a piece in parts: a character is a token at most."""
    for start in range(0, len(line), room):
        yield line[start : start + room]


def _line(item: Readable) -> str:
    match item:
        case Message():
            return f"{SPEAKERS[item.role]}: {item.text}"
        case FunctionCall():
            return f"Assistant called {item.name} with {item.arguments}"
        case FunctionOutput():
            return f"It gave: {item.output}"
