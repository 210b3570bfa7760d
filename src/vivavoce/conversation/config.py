"""How one session behaves, as values that a façade fills in."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

from vivavoce.conversation.hosted import ToolServer
from vivavoce.conversation.items import Item

PERSONA = (
    "You are vivavoce, a kind voice assistant. Everything you write is spoken aloud, so use one or two short "
    "sentences of plain words, never lists. Speak the user's language."
)


@dataclass(frozen=True, slots=True)
class ServerVad:
    """Turns end after a fixed silence. Times in ms of sound."""

    threshold: float = 0.5
    prefix_padding_ms: int = 300
    silence_duration_ms: int = 500
    idle_timeout_ms: int | None = None


Eagerness = Literal["low", "medium", "high", "auto"]


@dataclass(frozen=True, slots=True)
class SemanticVad:
    """Turns end when what was said sounds complete; doubt waits longer."""

    eagerness: Eagerness = "auto"


@dataclass(frozen=True, slots=True)
class TurnPolicy:
    """Who decides about turns. `detection` None is push-to-talk: the client commits."""

    detection: ServerVad | SemanticVad | None = field(default_factory=ServerVad)
    create_response: bool = True
    interrupt_response: bool = True


@dataclass(frozen=True, slots=True)
class TranscriptionOptions:
    """Whether and how the client wants to read what the user said. `languages`: those that may be spoken; `keywords`:
    terms that may occur; `logprobs`: how probable each token of the final words is, too."""

    model: str = "whisper-1"
    language: str | None = None
    prompt: str | None = None
    languages: tuple[str, ...] = ()
    keywords: tuple[str, ...] = ()
    logprobs: bool = False


@dataclass(frozen=True, slots=True)
class Tool:
    """A function the model may call. `parameters` is a JSON schema."""

    name: str
    description: str = ""
    parameters: Mapping[str, Any] = field(default_factory=dict[str, Any])


@dataclass(frozen=True, slots=True)
class ToolChoice:
    """`mode` "function" means that the tool `name` has to be called; "server": a tool of the tool server `server`
    (`name`: that one), which no engine is asked for in these words."""

    mode: Literal["none", "auto", "required", "function", "server"] = "auto"
    name: str | None = None
    server: str | None = None


@dataclass(frozen=True, slots=True)
class Truncation:
    """How a conversation is shortened that outgrows the model. `drop`: False: not at all, replies fail instead.
    `keep`: share of the room that stays filled when old items go, None: half of it, so that the model's cache lasts.
    `most`: tokens that may follow the instructions, None: as many as the model holds."""

    drop: bool = True
    keep: float | None = None
    most: int | None = None


@dataclass(frozen=True, slots=True)
class NoiseReduction:
    """`strength`: 0 to 1, None: what is usual for the kind."""

    kind: Literal["near_field", "far_field"]
    strength: float | None = None


@dataclass(frozen=True, slots=True)
class ReplyOptions:
    """How a reply is made: the session's defaults, which one response may override."""

    instructions: str = PERSONA
    tools: tuple[Tool, ...] = ()
    """Functions that the client runs."""
    tool_choice: ToolChoice = ToolChoice()
    modality: Literal["audio", "text"] = "audio"
    voice: str = "marin"
    speed: float = 1.0
    max_output_tokens: int | None = None
    temperature: float = 0.7
    truncation: Truncation = Truncation()
    effort: str | None = None
    """How hard a model that reasons is to think."""
    servers: tuple[ToolServer, ...] = ()
    """Whose tools run beside this server."""
    parallel_tool_calls: bool = True


@dataclass(frozen=True, slots=True)
class Manners:
    """What the Realtime contract has no words for. `managed_playback`: the client ducks, holds and resumes
    what it plays when told. `listening_signals`: a brief "mm-hm" while the user speaks at length.
    `idle_timeout_ms`: silence after which the assistant speaks up, with semantic VAD (server VAD has its own).
    `ignore_side_talk`: what the user says to somebody else gets no answer. `openers`: a short word such as "Well,"
    at once, when the answer takes longer; "auto" means for our own persona only, whose words are ours to choose.
    `spoken_approval`: whether a tool may be used is asked aloud, and a spoken yes or no is the answer.
    `profile`: the person's profile and memories stand with the instructions; what they say of themselves is kept."""

    managed_playback: bool = False
    listening_signals: bool = False
    idle_timeout_ms: int | None = None
    ignore_side_talk: bool = False
    openers: Literal["auto", "on", "off"] = "auto"
    spoken_approval: bool = True
    profile: bool = False


@dataclass(frozen=True, slots=True)
class SessionConfig:
    """Everything about a session that its client may change while it runs, and `model`: the name of the mind that was
    asked for when it was opened."""

    turn: TurnPolicy = TurnPolicy()
    transcription: TranscriptionOptions | None = None
    reply: ReplyOptions = ReplyOptions()
    manners: Manners = Manners()
    noise_reduction: NoiseReduction | None = None
    model: str = ""
    conversation: str = ""
    """Id of the stored conversation that this session goes on with and is kept in; "" for none."""
    temporary: bool = False
    """Nothing of the session is kept or remembered."""


@dataclass(frozen=True, slots=True)
class ResponseRequest:
    """A reply the client asks for. `input` None: the conversation so far. Out of band
    (`in_conversation` False) it neither reads the floor nor writes to the conversation."""

    options: ReplyOptions
    in_conversation: bool = True
    input: tuple[Item, ...] | None = None
    metadata: Mapping[str, str] | None = None


def wanted_route(metadata: Mapping[str, str] | None) -> str:
    """The mind that a request's metadata ask for under `vivavoce.route`: "quick", "thinking", or "" for neither."""
    wanted = (metadata or {}).get("vivavoce.route", "")
    return wanted if wanted in ("quick", "thinking") else ""
