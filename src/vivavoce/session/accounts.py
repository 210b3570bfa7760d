"""What a reply took: times and tokens. Pure."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from math import ceil

from vivavoce.conversation.events import DraftAccount, Latency, Usage
from vivavoce.conversation.items import FunctionCall, FunctionOutput, Message, Readable, Speech
from vivavoce.ports import Done, Prompt

BYTES_PER_TOKEN = 4.0
"""Of English text; what is counted with it is an estimate."""
PICTURE_TOKENS = 1000
TOKENS_PER_SECOND_IN, TOKENS_PER_SECOND_OUT = 10, 20
"""Of sound, as OpenAI counts it."""


@dataclass(slots=True)
class Marks:
    """How far a reply has come: loop times of its milestones (None: not reached), the seconds of speech made of it, and
    the tokens that the model has read and written for it so far."""

    first_token: float | None = None
    first_clause: float | None = None
    first_sound: float | None = None
    opener: float | None = None
    rested: float | None = None
    """The first clause was whole, and nobody wanted more yet."""
    made: float = 0.0
    spent: Done = Done()

    def reset(self) -> None:
        """The reply is made again; what was said before it stays said."""
        self.first_token = self.first_clause = self.first_sound = self.rested = None
        self.made = 0.0
        self.spent = Done()


@dataclass(slots=True)
class Account:
    """What is told of a response at its end beside its words. `since`: loop time from which somebody has waited for it;
    `marks`: of the reply that it sends; `turn_timed`: adds what the turn knows of its times; `draft`: what preparing it
    took. The last two are asked when the response ends."""

    since: float
    marks: Marks = field(default_factory=Marks)
    input_audio_tokens: int = 0
    turn_timed: Callable[[Latency], Latency] = lambda latency: latency
    draft: Callable[[], DraftAccount | None] = lambda: None

    def latency(self) -> Latency | None:
        """None where nothing was reached."""
        marks = self.marks
        reached = Latency(
            first_token=since(self.since, marks.first_token),
            first_clause=since(self.since, marks.first_clause),
            first_sound=since(self.since, marks.first_sound),
            opener=since(self.since, marks.opener),
        )
        timed = self.turn_timed(reached)
        return None if timed == Latency() else timed

    def usage(self, done: Done, seconds: float) -> Usage:
        """What was made, whether or not it was heard. `seconds`: of sound that was sent."""
        return Usage(
            input_text=done.prompt_tokens,
            input_audio=self.input_audio_tokens,
            cached=done.cached_tokens,
            output_text=done.completion_tokens,
            output_audio=round(seconds * TOKENS_PER_SECOND_OUT),
        )


def since(start: float, moment: float | None) -> float | None:
    """ms from one loop time to another."""
    return None if moment is None else round((moment - start) * 1000, 1)


def counted(done: Done, prompt: Prompt, pieces: int) -> Done:
    """The engine's account, estimated where it gave none. `pieces`: of text that came, which are about a token each."""
    return replace(
        done,
        prompt_tokens=done.prompt_tokens or estimated_tokens(prompt),
        completion_tokens=done.completion_tokens or pieces,
    )


def estimated_tokens(prompt: Prompt) -> int:
    """Tokens of a prompt, by its length: no engine tells before it has read it."""
    tools = "".join(f"{tool.name}{tool.description}{dict(tool.parameters)}" for tool in prompt.tools)
    words = sum(_tokens(_written(item)) for item in prompt.items)
    pictures = sum(len(item.pictures) for item in prompt.items if isinstance(item, Message))
    return _tokens(prompt.instructions) + _tokens(tools) + words + pictures * PICTURE_TOKENS


def heard_tokens(prompt: Prompt) -> int:
    """Of the recordings in a prompt, which are counted beside their words."""
    parts = (part for item in prompt.items if isinstance(item, Message) for part in item.parts)
    sounds = (part.sound for part in parts if isinstance(part, Speech) and part.sound is not None)
    return sum(ceil(sound.seconds * TOKENS_PER_SECOND_IN) for sound in sounds)


def _tokens(text: str) -> int:
    return ceil(len(text.encode(errors="replace")) / BYTES_PER_TOKEN) + 4 if text else 0


def _written(item: Readable) -> str:
    match item:
        case FunctionCall():
            return item.name + item.arguments
        case FunctionOutput():
            return item.output
        case Message():
            return item.text
