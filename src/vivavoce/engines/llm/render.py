"""Items of a conversation as chat messages, cut to what a small context can hold. Pure.

Tool calls and results are written the way Qwen2.5's own template writes them, as plain text, so that any
chat template carries them.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import groupby
from math import ceil
from typing import Literal

from vivavoce.conversation.config import Truncation
from vivavoce.conversation.items import FunctionCall, FunctionOutput, Image, Message, Readable
from vivavoce.errors import PromptRefused

ChatMessage = dict[str, str]

MARKS_PER_MESSAGE = 6
"""Tokens a template spends on the frame of one message: start, role, line ends, end."""
ELLIPSIS = "…"
UNSEEN = "[image]"
"""What stands for a picture where the model sees none."""
CHATML_END = "<|im_end|>"


@dataclass(frozen=True, slots=True)
class Line:
    """What the model reads of one item."""

    role: Literal["system", "user", "assistant"]
    text: str
    item: Readable

    @property
    def about(self) -> str | None:
        """The call_id that ties a call and its result together."""
        return None if isinstance(self.item, Message) else self.item.call_id


def runs(lines: Sequence[Line]) -> Iterator[tuple[list[tuple[FunctionCall, str]], list[Line]]]:
    """The lines in the order that servers insist on: runs of calls with their results right behind them, and runs of
    what else was said, of which one is empty each time. A call that nobody has answered is left out."""
    results = {line.item.call_id: line.item.output for line in lines if isinstance(line.item, FunctionOutput)}
    rest = [line for line in lines if not isinstance(line.item, FunctionOutput)]
    for calling, group in groupby(rest, lambda line: isinstance(line.item, FunctionCall)):
        run = list(group)
        calls = [line.item for line in run if isinstance(line.item, FunctionCall)]
        yield [(call, results[call.call_id]) for call in calls if call.call_id in results], [] if calling else run


@dataclass(frozen=True, slots=True)
class Ruler:
    """Estimates tokens. English runs at about 4.5 bytes a token, Italian at 3, Chinese at 4; the default
    errs on the long side, and the engine tightens it when the model counted more."""

    bytes_per_token: float = 3.0

    def tokens(self, text: str) -> int:
        return ceil(len(text.encode()) / self.bytes_per_token) + MARKS_PER_MESSAGE

    def clip(self, text: str, tokens: int) -> str:
        """The start of `text` that fits in `tokens`."""
        if self.tokens(text) <= tokens:
            return text
        room = max(0, int((tokens - MARKS_PER_MESSAGE) * self.bytes_per_token) - len(ELLIPSIS.encode()))
        return text.encode()[:room].decode(errors="ignore") + ELLIPSIS


def chat(
    system: str, items: Iterable[Readable], room: int, ruler: Ruler, truncation: Truncation | None = None
) -> list[ChatMessage]:
    """The messages of a prompt of at most about `room` tokens: the system's text first, always, then as
    many of the newest items as fit. Only a system text longer than three quarters of the room is clipped."""
    head = ruler.clip(_harmless(system), room * 3 // 4)
    lines = fit(lines_of(items), room - ruler.tokens(head), ruler, truncation)
    return [{"role": "system", "content": head}, *_merged(lines)]


def chatml(messages: Sequence[ChatMessage], *, open_ended: bool) -> str:
    """The messages as the ChatML template writes them. `open_ended`: the last one goes on, so it has no end."""
    text = "".join(f"<|im_start|>{each['role']}\n{each['content']}{CHATML_END}\n" for each in messages)
    return text.removesuffix(f"{CHATML_END}\n") if open_ended else text


def lines_of(items: Iterable[Readable]) -> list[Line]:
    """What the model reads of each item; items without words are left out."""
    return [line for item in items if (line := _line(item)).text]


def fit(lines: Sequence[Line], room: int, ruler: Ruler, truncation: Truncation | None = None) -> list[Line]:
    """Drop the oldest lines until the rest fits in `room` tokens.

    They go in blocks of half the room, or what `truncation` says, so that the cut stays where it is for many turns
    and the model's prompt cache with it. A result never stays without its call. No line takes more than half the
    room. Raises PromptRefused where nothing may be dropped.
    """
    truncation = truncation or Truncation()
    room = room if truncation.most is None else min(room, truncation.most)
    block = max(1, room // 2 if truncation.keep is None else round(room * (1 - truncation.keep)))
    lines = [replace(line, text=ruler.clip(line.text, max(1, room // 2))) for line in lines]
    costs = [ruler.tokens(line.text) for line in lines]
    surplus = sum(costs) - room
    if surplus <= 0:
        return list(lines)
    if not truncation.drop:
        raise PromptRefused(
            "The conversation has outgrown the model, and truncation is disabled. Delete items, or set 'truncation' "
            "to auto."
        )
    drop, first = ceil(surplus / block) * block, 0
    while drop > 0 and first < len(lines) - 1:
        drop -= costs[first]
        first += 1
    return _answered(lines, first)


def _answered(lines: Sequence[Line], first: int) -> list[Line]:
    """The lines from `first` on, without results whose calls were dropped."""
    lost = {line.about for line in lines[:first] if line.about}
    return [line for line in lines[first:] if line.about not in lost]


def _line(item: Readable) -> Line:
    match item:
        case Message():
            return Line(item.role, _words(item), item)
        case FunctionCall():
            body = f'{{"name": {json.dumps(item.name)}, "arguments": {item.arguments or "{}"}}}'
            return Line("assistant", f"<tool_call>\n{_harmless(body)}\n</tool_call>", item)
        case FunctionOutput():
            # without the last sentence a small model repeats the call instead of telling its result
            result = _harmless(item.output) or "done"
            told = f"<tool_response>\n{result}\n</tool_response>\nTell me the answer in plain words."
            return Line("user", told, item)


def _words(message: Message) -> str:
    pictures = [UNSEEN for part in message.parts if isinstance(part, Image)]
    text = " ".join([*pictures, _harmless(message.text.strip())]).strip()
    cut_off = message.role == "assistant" and message.status == "incomplete"
    return f"{text.rstrip('.,;:!? ')}{ELLIPSIS}" if cut_off and text else text


def _harmless(text: str) -> str:
    """Text that cannot end its message: templates mark the borders with words like <|im_end|>."""
    return text.replace("<|", "< |")


def _merged(lines: Iterable[Line]) -> list[ChatMessage]:
    """Calls made together share one message, and so do their results, as the template has it."""
    messages: list[ChatMessage] = []
    tied = False
    for line in lines:
        if line.about and tied and messages[-1]["role"] == line.role:
            messages[-1]["content"] += f"\n{line.text}"
        else:
            messages.append({"role": line.role, "content": line.text})
        tied = line.about is not None
    return messages
