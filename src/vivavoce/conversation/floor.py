"""Who has the floor: voice probabilities and judgements in, moves out. Pure: no clock, no I/O.

Time is counted in samples of the user's sound at 16 kHz, one hop (32 ms) at a call, so a test runs as
fast as it can feed and the same sound gives the same decisions.

                voice                  quiet                 waited long enough
    NOBODY --TurnStarted--> USER --Hushed--> PAUSE --TurnEnded--> NOBODY
                              ^---Resumed------'

The assistant's voice is no state of this machine: it may sound in any of them (full duplex), and only
decides how much evidence a turn needs to start (`barge_in_hops`) and what its start means (`barge_in`).
"""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import Enum, auto
from typing import Literal

from vivavoce.conversation.config import Eagerness, ServerVad, TurnPolicy

HOP = 512
"""Samples of one hop at 16 kHz: 32 ms, what Silero takes."""
HOP_MS = 32


class Holder(Enum):
    NOBODY = auto()
    USER = auto()
    PAUSE = auto()


EndReason = Literal["silence", "complete", "patience", "too_long"]


@dataclass(frozen=True, slots=True)
class TurnStarted:
    """The user has the floor. `at`: where the turn's sound starts, padding included."""

    at: int
    barge_in: bool


@dataclass(frozen=True, slots=True)
class Hushed:
    """The voice stopped after `voice_end`; perhaps this is the end. `hush` numbers the pause."""

    hush: int
    voice_end: int


@dataclass(frozen=True, slots=True)
class Resumed:
    """The user goes on: what was prepared for pause `hush` is void."""

    hush: int


@dataclass(frozen=True, slots=True)
class TurnEnded:
    at: int
    voice_end: int
    why: EndReason


@dataclass(frozen=True, slots=True)
class Idled:
    """Nobody said anything since the assistant ended."""

    start: int
    end: int


Move = TurnStarted | Hushed | Resumed | TurnEnded | Idled


@dataclass(frozen=True, slots=True)
class Patience:
    """How long to wait for more, in ms: `quick` when the turn surely sounds complete, `slow` when it
    surely does not."""

    quick: int
    slow: int

    def wait_ms(self, p_done: float) -> float:
        """Squared, because a detector's middle values are as often wrong as right: they wait little
        longer than certainty does, and only clear doubt waits long."""
        return self.quick + (self.slow - self.quick) * (1.0 - p_done) ** 2


PATIENCE: dict[Eagerness, Patience] = {
    "high": Patience(quick=160, slow=800),
    "auto": Patience(quick=224, slow=1200),
    "medium": Patience(quick=224, slow=1200),
    "low": Patience(quick=448, slow=3000),
}

SEMANTIC_THRESHOLD = 0.5
SEMANTIC_PADDING_MS = 300
HYSTERESIS = 0.15  # Silero's own: voice goes on while its probability stays above threshold - 0.15
START_HOPS = 2  # 64 ms: shorter than any syllable, longer than a click
BARGE_IN_HOPS = 3  # 96 ms: while the assistant speaks, its echo and a cough must not be enough
RESUME_HOPS = 2
MAX_TURN_HOPS = 20 * 60 * 1000 // HOP_MS  # 20 minutes; memory of one turn stays below 80 MB


@dataclass(slots=True)
class Floor:
    """The state machine of one conversation. `policy` may be replaced between hops."""

    policy: TurnPolicy
    assistant_audible: bool = False
    holder: Holder = Holder.NOBODY
    now: int = 0
    """Position after the last hop heard."""
    _voiced: int = field(default=0, init=False)
    """Hops of voice in a row (in PAUSE and NOBODY)."""
    _turn_at: int = field(default=0, init=False)
    _voice_end: int = field(default=0, init=False)
    _last_end: int = field(default=0, init=False)
    """Where the last turn ended: the padding of the next must not reach into it."""
    _hush: int = field(default=0, init=False)
    _p_done: float | None = field(default=None, init=False)
    _idle_since: int | None = field(default=None, init=False)

    def hear(self, voice: float) -> list[Move]:
        """Take the voice probability of one hop; say what it changes."""
        self.now += HOP
        if self.policy.detection is None:
            return []
        match self.holder:
            case Holder.NOBODY:
                return self._while_nobody_speaks(voice)
            case Holder.USER:
                return self._while_user_speaks(voice)
            case Holder.PAUSE:
                return self._while_user_pauses(voice)

    def judge(self, hush: int, p_done: float) -> list[Move]:
        """Take the turn detector's judgement on pause `hush`; a late one on an older pause is ignored."""
        if self.holder is not Holder.PAUSE or hush != self._hush:
            return []
        self._p_done = p_done
        return self._end_if_due()

    def assistant_started(self) -> None:
        self.assistant_audible, self._idle_since = True, None

    def assistant_ended(self) -> None:
        """The last sample of the assistant's voice was played."""
        self.assistant_audible, self._idle_since = False, self.now

    def release(self) -> None:
        """The client took the turn out of our hands (commit, clear, a change of policy)."""
        self.holder, self._voiced, self._last_end = Holder.NOBODY, 0, self.now

    # --- the three states

    def _while_nobody_speaks(self, voice: float) -> list[Move]:
        if voice < self._threshold:
            self._voiced = 0
            return self._idle()
        self._voiced += 1
        if self._voiced < (BARGE_IN_HOPS if self.assistant_audible else START_HOPS):
            return []
        onset = self.now - self._voiced * HOP
        self._turn_at = max(self._last_end, onset - self._padding_ms * HOP // HOP_MS, 0)
        self.holder, self._voice_end, self._idle_since = Holder.USER, self.now, None
        return [TurnStarted(self._turn_at, barge_in=self.assistant_audible)]

    def _while_user_speaks(self, voice: float) -> list[Move]:
        if voice >= self._threshold - HYSTERESIS:
            self._voice_end = self.now
            return self._end("too_long") if self.now - self._turn_at > MAX_TURN_HOPS * HOP else []
        self.holder, self._voiced, self._p_done = Holder.PAUSE, 0, None
        self._hush += 1
        return [Hushed(self._hush, self._voice_end), *self._end_if_due()]

    def _while_user_pauses(self, voice: float) -> list[Move]:
        self._voiced = self._voiced + 1 if voice >= self._threshold else 0
        if self._voiced >= RESUME_HOPS:
            self.holder, self._voice_end = Holder.USER, self.now
            return [Resumed(self._hush)]
        return self._end_if_due()

    # --- endings

    def _end_if_due(self) -> list[Move]:
        waited_ms = (self.now - self._voice_end) * HOP_MS // HOP
        detection = self.policy.detection
        if isinstance(detection, ServerVad):
            return self._end("silence") if waited_ms >= detection.silence_duration_ms else []
        if detection is None:
            return []
        patience = PATIENCE[detection.eagerness]
        if self._p_done is None:
            return self._end("patience") if waited_ms >= patience.slow else []
        if waited_ms < patience.wait_ms(self._p_done):
            return []
        return self._end("complete" if self._p_done >= 0.5 else "patience")

    def _end(self, why: EndReason) -> list[Move]:
        self.release()
        return [TurnEnded(self.now, self._voice_end, why)]

    def _idle(self) -> list[Move]:
        detection = self.policy.detection
        timeout_ms = detection.idle_timeout_ms if isinstance(detection, ServerVad) else None
        if timeout_ms is None or self._idle_since is None:
            return []
        if (self.now - self._idle_since) * HOP_MS // HOP < timeout_ms:
            return []
        start, self._idle_since = self._idle_since, None
        return [Idled(start, self.now)]

    @property
    def _threshold(self) -> float:
        detection = self.policy.detection
        return detection.threshold if isinstance(detection, ServerVad) else SEMANTIC_THRESHOLD

    @property
    def _padding_ms(self) -> int:
        detection = self.policy.detection
        return detection.prefix_padding_ms if isinstance(detection, ServerVad) else SEMANTIC_PADDING_MS
