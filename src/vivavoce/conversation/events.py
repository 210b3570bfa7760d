"""What happens in a conversation: the whole vocabulary that a session tells its façade, one closed union.

Times are ms of sound on the input's clock, counted from the first sample of the session.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from vivavoce.audio.pcm import Pcm
from vivavoce.conversation.config import ResponseRequest
from vivavoce.conversation.items import HostedCall, Item, ToolListing
from vivavoce.conversation.words import Token

Ending = Literal["finished", "interrupted", "failed", "incomplete"]
Reason = Literal[
    "end_of_turn", "requested", "idle", "listening", "remain_silent", "errand", "approval", "speak_up",
    "barge_in", "reopened", "client_cancelled", "max_output_tokens", "error",
]  # fmt: skip


@dataclass(frozen=True, slots=True)
class SpeechStarted:
    """The user began to speak; the turn will become the item `item_id`."""

    item_id: str
    at_ms: int


@dataclass(frozen=True, slots=True)
class SpeechStopped:
    """The user's turn is over."""

    item_id: str
    at_ms: int


@dataclass(frozen=True, slots=True)
class InputCommitted:
    """The buffered sound became a user item of the conversation."""

    item: Item
    previous_id: str | None


@dataclass(frozen=True, slots=True)
class InputCleared:
    """The buffered sound was thrown away."""


@dataclass(frozen=True, slots=True)
class IdleTimeout:
    """Nobody spoke for the time the policy allows; the silent stretch became an empty user item."""

    item_id: str
    start_ms: int
    end_ms: int


@dataclass(frozen=True, slots=True)
class TranscriptGrew:
    """More words of the user's turn became certain. The deltas of one item, joined, are a prefix of
    its final transcript unless the final pass corrected them."""

    item_id: str
    delta: str


@dataclass(frozen=True, slots=True)
class Transcribed:
    """The final words of the user's turn; empty when no words were spoken. `tokens`: where the client wants them."""

    item_id: str
    text: str
    language: str | None
    seconds: float
    tokens: tuple[Token, ...] | None = None


@dataclass(frozen=True, slots=True)
class SpeakerTold:
    """Whose voice the user's turn was: a letter, the same for the same voice. `seconds`: of its sound."""

    item_id: str
    speaker: str
    seconds: float
    text: str


@dataclass(frozen=True, slots=True)
class TranscriptionFailed:
    item_id: str
    message: str


@dataclass(frozen=True, slots=True)
class ItemAdded:
    """An item that the client created entered the conversation."""

    item: Item
    previous_id: str | None


@dataclass(frozen=True, slots=True)
class ItemDeleted:
    item_id: str


@dataclass(frozen=True, slots=True)
class ItemTruncated:
    item_id: str
    audio_end_ms: int


@dataclass(frozen=True, slots=True)
class Usage:
    """What a response cost, in tokens. Sound counts as 10 tokens a second in, 20 out."""

    input_text: int = 0
    input_audio: int = 0
    cached: int = 0
    output_text: int = 0
    output_audio: int = 0

    @property
    def total(self) -> int:
        return self.input_text + self.input_audio + self.output_text + self.output_audio


@dataclass(frozen=True, slots=True)
class ResponseStarted:
    """`reason`: why it is made."""

    response_id: str
    request: ResponseRequest
    reason: Reason = "requested"


@dataclass(frozen=True, slots=True)
class OutputStarted:
    """A new item of the response. `previous_id` is the item before it in the conversation."""

    response_id: str
    index: int
    item: Item
    previous_id: str | None


@dataclass(frozen=True, slots=True)
class ReplyText:
    """The next words of the reply, released together with their sound (or as they come, for text)."""

    response_id: str
    item_id: str
    index: int
    text: str


@dataclass(frozen=True, slots=True)
class ReplyAudio:
    response_id: str
    item_id: str
    index: int
    sound: Pcm


@dataclass(frozen=True, slots=True)
class OutputEnded:
    """The item of the response is final. Of interrupted speech `item` holds the words that were
    heard and `said` all the words whose sound was sent."""

    response_id: str
    index: int
    item: Item
    said: str


@dataclass(frozen=True, slots=True)
class ListingStarted:
    """A tool server is asked what it offers."""

    item: ToolListing
    previous_id: str | None


@dataclass(frozen=True, slots=True)
class ListingEnded:
    """It said so, or could not be asked (`item.error`)."""

    item: ToolListing
    previous_id: str | None


@dataclass(frozen=True, slots=True)
class CallStarted:
    """A hosted tool runs, as the output `index` of the response."""

    response_id: str
    index: int
    item: HostedCall


@dataclass(frozen=True, slots=True)
class CallProgressed:
    """How far a call has come, in its own words."""

    item_id: str
    words: str


@dataclass(frozen=True, slots=True)
class CallEnded:
    """It has a result, or failed. `late`: after the response that made it."""

    item: HostedCall
    index: int
    previous_id: str | None
    late: bool = False


@dataclass(frozen=True, slots=True)
class Latency:
    """Where the time went, in ms after the last voiced sample of the turn that was answered; of a response that
    answers none, after it was asked for. None: did not happen. `endpoint`, `transcript`: of a turn's own answer alone;
    `opener`: a word for which nobody had to think; `first_sound`: of the answer itself."""

    endpoint: float | None = None
    transcript: float | None = None
    first_token: float | None = None
    first_clause: float | None = None
    first_sound: float | None = None
    opener: float | None = None


@dataclass(frozen=True, slots=True)
class PlaybackDucked:
    """Perhaps the user speaks up: what plays goes on at `gain_db` until it is told to resume, or is interrupted."""

    item_id: str
    at_ms: int
    gain_db: float


@dataclass(frozen=True, slots=True)
class PlaybackHeld:
    """Somebody speaks over the assistant: what plays pauses where it is, until the next decision."""

    item_id: str
    at_ms: int


@dataclass(frozen=True, slots=True)
class PlaybackResumed:
    """No interruption: what was ducked or held goes on at full level from the same sample."""

    item_id: str
    at_ms: int
    reason: str


@dataclass(frozen=True, slots=True)
class TurnDecided:
    """A decision about the floor and why it fell: for metrics, logs and whoever watches."""

    decision: str
    reason: str
    at_ms: int


@dataclass(frozen=True, slots=True)
class DraftAccount:
    """What preparing the answer to one turn took. `made`: drafts begun; `anticipated`: the one that was
    played had begun before the voice stopped; `content_valid`: it was begun for the words that turned out to be the
    final ones, and had not to be made again; `head_start_ms`: from its beginning to the decision that the turn was
    over; `wasted_ms`: time that drafts which were dropped had been under way."""

    made: int
    anticipated: bool
    content_valid: bool
    head_start_ms: float
    wasted_ms: float


@dataclass(frozen=True, slots=True)
class ResponseEnded:
    """The one end of every response. `mind`: the model that answered, "" where it did not tell; `mind_reason`: why
    that one, where it had to be decided."""

    response_id: str
    how: Ending
    reason: Reason
    usage: Usage
    error: str | None = None
    latency: Latency | None = None
    draft: DraftAccount | None = None
    mind: str = ""
    mind_reason: str = ""


Event = (
    SpeechStarted | SpeechStopped | InputCommitted | InputCleared | IdleTimeout
    | TranscriptGrew | Transcribed | SpeakerTold | TranscriptionFailed
    | ItemAdded | ItemDeleted | ItemTruncated
    | ListingStarted | ListingEnded | CallStarted | CallProgressed | CallEnded
    | PlaybackDucked | PlaybackHeld | PlaybackResumed | TurnDecided
    | ResponseStarted | OutputStarted | ReplyText | ReplyAudio | OutputEnded | ResponseEnded
)  # fmt: skip
