"""What an engine must do to serve here. Adapters live in `engines/`; nothing else knows them.

Rules that every engine keeps (checked by tests/engines, the contract tests):
- sound is `Pcm`; an engine takes any rate it says it takes (`rate`), the caller resamples;
- nothing runs on the event loop: calls go through the engine's own worker thread (`engines/pool.py`);
- leaving a stream early (`aclosing`) stops the work within one step and then returns;
- failures are raised as `TurnError` (EngineFailed, EngineTooSlow, EngineBusy), never as a library's own;
- one loaded engine serves many sessions at once.
"""

from __future__ import annotations

from collections.abc import AsyncGenerator, Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from enum import IntEnum
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from vivavoce.audio.pcm import Pcm, Samples
from vivavoce.conversation.config import Tool, ToolChoice, Truncation
from vivavoce.conversation.floor import HOP as HOP  # engines hear in the floor's steps
from vivavoce.conversation.items import Item, Readable
from vivavoce.conversation.words import Word

HEARING_RATE = 16_000
"""Hz of all sound that is listened to: what the VAD, Smart Turn and Whisper take."""


class Urgency(IntEnum):
    """Order of work in an engine's queue: somebody is waiting for NOW; SPARE is the first to be shed."""

    NOW = 0
    SOON = 1
    SPARE = 2


# --- hearing -----------------------------------------------------------------------------------------


class VoiceStream(Protocol):
    """The detector's memory of one stream of sound."""

    async def voice(self, samples: Samples) -> list[float]:
        """Probability of voice in each hop. `samples`: shape (n * HOP,), float32 at HEARING_RATE."""
        ...


class VoiceActivityDetector(Protocol):
    name: str

    def open(self) -> VoiceStream: ...
    def close(self) -> None: ...


class TurnDetector(Protocol):
    """Judges from the sound of the last seconds whether the speaker is done."""

    name: str

    async def p_done(self, speech: Pcm) -> float:
        """Probability in 0..1 that the turn is complete. `speech`: at HEARING_RATE; the last 8 s count."""
        ...

    def close(self) -> None: ...


@dataclass(frozen=True, slots=True)
class TranscriptionHint:
    """What is known beforehand, and what is wanted. `language`: ISO 639-1, None: detect it, among `languages` where
    these are given. `keywords`: names and terms that may occur. `translate`: into English. `detail`: the times and
    probabilities of words, which takes a fifth longer."""

    language: str | None = None
    prompt: str | None = None
    languages: tuple[str, ...] = ()
    keywords: tuple[str, ...] = ()
    translate: bool = False
    detail: bool = False

    @property
    def context(self) -> str | None:
        """Prompt and keywords as one text before the speech, as Whisper takes it."""
        known = ", ".join(self.keywords)
        return " ".join(filter(None, [known and f"Glossary: {known}.", self.prompt])) or None


@dataclass(frozen=True, slots=True)
class Transcription:
    """`text` is empty when no words were spoken: noise, music and silence are never turned into words.
    `confidence`: mean probability of the tokens, 0..1. `language`: ISO 639-1. `words`: where detail was wanted and
    the engine can tell."""

    text: str
    language: str | None = None
    confidence: float = 1.0
    words: tuple[Word, ...] = ()


class Transcriber(Protocol):
    name: str
    languages: tuple[str, ...]

    async def transcribe(
        self, speech: Pcm, hint: TranscriptionHint = TranscriptionHint(), urgency: Urgency = Urgency.NOW
    ) -> Transcription:
        """The words in `speech` (at HEARING_RATE, any length; long speech is cut at its quietest places)."""
        ...

    def close(self) -> None: ...


# --- thinking ----------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Prompt:
    """What a language model is asked. `items` in order; the engine renders them for its model.
    `session` names the conversation, so that the engine can keep its prompt cache. `open`: the user is
    still speaking, and the last item is what was heard so far; only `warm` and `p_end` take such prompts.
    `effort`: how hard a model that reasons is to think. `schema`: JSON schema that the reply has to fit; it is JSON
    then, all of it. `stop`: texts that end the reply before them. `top_p`, `seed`: None: as the engine likes.
    `urgency`: NOW where a listener waits for the reply, SOON where a reader does. `route`: "quick" or "thinking", for
    the model that chooses between two minds; "": as it likes."""

    instructions: str
    items: Sequence[Readable]
    session: str = ""
    tools: tuple[Tool, ...] = ()
    tool_choice: ToolChoice = ToolChoice()
    max_tokens: int | None = None
    temperature: float = 0.7
    open: bool = False
    truncation: Truncation = Truncation()
    effort: str | None = None
    schema: Mapping[str, Any] | None = None
    stop: tuple[str, ...] = ()
    top_p: float | None = None
    seed: int | None = None
    urgency: Urgency = Urgency.NOW
    route: str = ""


@dataclass(frozen=True, slots=True)
class Words:
    text: str


@dataclass(frozen=True, slots=True)
class Reasoning:
    """Words of the model's thinking: shown where somebody asks for them, never spoken, never part of the reply."""

    text: str


@dataclass(frozen=True, slots=True)
class Call:
    """A whole tool call; `arguments` is JSON. One reply may hold several."""

    name: str
    arguments: str


@dataclass(frozen=True, slots=True)
class Done:
    """Comes once, last. `completion_tokens` count the `reasoning_tokens` in. `cut_short`: the token limit ended the
    reply; `stopped`: the text of `Prompt.stop` that did, where the engine can tell. `mind`: the model that answered;
    `reason`: why that one, a stable word ("" where nothing had to be decided)."""

    prompt_tokens: int = 0
    cached_tokens: int = 0
    completion_tokens: int = 0
    cut_short: bool = False
    stopped: str | None = None
    reasoning_tokens: int = 0
    mind: str = ""
    reason: str = ""


Thought = Words | Reasoning | Call | Done


class LanguageModel(Protocol):
    name: str
    context: int
    """Tokens that one conversation may hold, prompt and reply together."""
    sees: bool
    """It takes pictures."""

    def reply(self, prompt: Prompt) -> AsyncGenerator[Thought, None]:
        """Stream the reply. A prompt that is too long loses its oldest items, never its instructions. Raises
        PromptRefused for what this model cannot do, such as a schema that it does not understand."""
        ...

    async def warm(self, prompt: Prompt) -> None:
        """Read the prompt into the cache of its session, when nobody waits for the model."""
        ...

    async def p_end(self, prompt: Prompt) -> float | None:
        """Probability that the user's words in an open `prompt` end their turn; None: cannot tell now.
        Reads the prompt into the cache as `warm` does, and gives way to replies."""
        ...

    def forget(self, session: str) -> None:
        """The conversation is over; its cache may go."""
        ...

    def close(self) -> None: ...


# --- acting ------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class HostedTool:
    """A tool that runs beside the server, not at the client. `reads_only`: it changes nothing anywhere, so a draft may
    run it. `asks_first`: the person has to approve each call. `slow`: it may take longer than a listener waits, so it
    runs in the background and its start is acknowledged. `foreign`: its results hold words of others (pages, files,
    mail), after which no tool may change anything unasked (`conversation/consent.py`)."""

    tool: Tool
    reads_only: bool = False
    asks_first: bool = False
    slow: bool = False
    foreign: bool = True


@dataclass(frozen=True, slots=True)
class ToolContext:
    """For whom a tool runs. `owner`: whose data it may touch ("" where the server has no keys); `conversation`: id of
    the stored conversation, "" for none; `temporary`: nothing of it is to be kept or remembered; `history`: what was
    said so far; `aloud`: the answer will be spoken; `progress(words)`: how far it has come; `speak_up(words)`: have the
    assistant say this as soon as the floor is free, also long after the call has ended."""

    owner: str = ""
    session: str = ""
    conversation: str = ""
    temporary: bool = False
    language: str | None = None
    history: Sequence[Item] = ()
    aloud: bool = True
    progress: Callable[[str], None] = lambda words: None
    speak_up: Callable[[str], Awaitable[None]] | None = None


@dataclass(frozen=True, slots=True)
class ToolResult:
    """`text`: what the model is told, which is data and never instructions. `spoken`: words that answer the person as
    they stand, so that no model need tell them again."""

    text: str
    spoken: str | None = None


class ToolHost(Protocol):
    """Runs tools for the model: an MCP server, or the assistant's own."""

    label: str

    async def tools(self) -> Sequence[HostedTool]:
        """What it offers now. Raises ToolFailed when it cannot be reached."""
        ...

    async def call(self, name: str, arguments: str, context: ToolContext) -> ToolResult:
        """Run one tool; `arguments` is JSON as the model wrote it. Raises ToolFailed, whose message the model and the
        person may read. Cancelling stops it."""
        ...

    async def close(self) -> None: ...


# --- speaking ----------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Voice:
    id: str
    language: str
    """ISO 639-1."""
    description: str = ""


class Synthesizer(Protocol):
    name: str
    rate: int
    """Hz of the sound it makes."""
    voices: tuple[Voice, ...]

    def synthesize(
        self, text: str, *, voice: str, speed: float = 1.0, language: str | None = None, urgency: Urgency = Urgency.NOW
    ) -> AsyncGenerator[Pcm, None]:
        """Speak one clause of plain text, with no silence at its start and a natural pause at its end.

        `voice`: any name; OpenAI's names map to voices, unknown ones to the default. `language`: of the
        text where it is known; a voice of that language speaks it.
        """
        ...

    def close(self) -> None: ...


# --- meaning -----------------------------------------------------------------------------------------

Vector = NDArray[np.float32]


@dataclass(frozen=True, slots=True)
class Embedding:
    """The meaning of a text. `vector`: of length 1; `tokens`: what was read of the text."""

    vector: Vector
    tokens: int


class Embedder(Protocol):
    name: str
    dimensions: int
    longest: int
    """Tokens of one text that count."""

    async def embed(self, texts: Sequence[str], urgency: Urgency = Urgency.SOON) -> list[Embedding]:
        """One for each text; the same text has the same vector in any company."""
        ...

    def close(self) -> None: ...


HARMS = (
    "harassment",
    "harassment/threatening",
    "hate",
    "hate/threatening",
    "illicit",
    "illicit/violent",
    "self-harm",
    "self-harm/intent",
    "self-harm/instructions",
    "sexual",
    "sexual/minors",
    "violence",
    "violence/graphic",
)
"""What a moderator tells of a text, in OpenAI's words."""


@dataclass(frozen=True, slots=True)
class Judgement:
    """`scores`: 0 to 1, of each of HARMS; `applies`: those that are so likely that they should count."""

    scores: Mapping[str, float]
    applies: frozenset[str]


class Moderator(Protocol):
    name: str

    async def judge(self, texts: Sequence[str], urgency: Urgency = Urgency.SOON) -> list[Judgement]:
        """One for each text; the worst passage of a long one decides."""
        ...

    def close(self) -> None: ...


@dataclass(frozen=True, slots=True)
class Engines:
    """The five that a session needs."""

    vad: VoiceActivityDetector
    turn: TurnDetector
    stt: Transcriber
    llm: LanguageModel
    tts: Synthesizer

    def close(self) -> None:
        """Release every model. Sessions must have ended."""
        for engine in (self.vad, self.turn, self.stt, self.llm, self.tts):
            engine.close()
