"""Who has the floor: voice probabilities and judgements in, moves out. Pure: no clock, no I/O.

Time is counted in samples of the user's sound at 16 kHz, one hop (32 ms) at a call, so a test runs as
fast as it can feed and the same sound gives the same decisions.

                voice                  quiet                 waited long enough
    NOBODY --TurnStarted--> USER --Hushed--> PAUSE --TurnEnded--> NOBODY
     |  ^                    ^ ^---Resumed------'
     |  '--OverlapEnded--.   |
     '-----Ducked-----> OVERLAP --TurnStarted          (Held where it lasts)

The assistant's voice is no state of this machine: it may sound in any of them (full duplex). It only decides how much
evidence a turn needs to start, and what its start means (`barge_in`): with semantic VAD a voice over it is an OVERLAP
until it is known what it is (`interruption.py`), with server VAD it has to last for BARGE_IN_HOPS.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import Enum, auto

from vivavoce.conversation.config import SemanticVad, ServerVad, TurnPolicy
from vivavoce.conversation.endpointing import PATIENCE, TELLING_MS
from vivavoce.conversation.hop import HOP, HOP_MS, ms
from vivavoce.conversation.interruption import (
    AGAIN_MS,
    ECHO_SHARE,
    LASTING_MS,
    NOTHING_OVERHEARD,
    Overheard,
    verdict,
)
from vivavoce.conversation.moves import (
    Ducked,
    EndReason,
    Held,
    Hushed,
    Idled,
    Move,
    OverlapEnded,
    Resumed,
    TurnEnded,
    TurnStarted,
)
from vivavoce.conversation.overlap import Voices


class Holder(Enum):
    NOBODY = auto()
    OVERLAP = auto()
    USER = auto()
    PAUSE = auto()


SEMANTIC_THRESHOLD = 0.5
SEMANTIC_PADDING_MS = 300
HYSTERESIS = 0.15  # Silero's own: voice goes on while its probability stays above threshold - 0.15
START_HOPS = 2  # 64 ms: shorter than any syllable, longer than a click
BARGE_IN_HOPS = 3  # 96 ms, where there is no second stage: an echo and a cough must not be enough
HOLD_MS = 128  # after the onset: a cough is often over by then, and the ear is to have silence within 200 ms
HOLD_HOPS = 2  # of voice in it
ALARM_MS = 128  # after a sound began, by when a voice in it is known
RIPE_HOPS = (10, 20, 26)  # 320 ms: one short word; 640 ms: a few; 832 ms: the last look before the deadline
RIPE_QUIET_HOPS = 3
REOPEN_MS = 1600  # after the voice of the last turn ended
REOPEN_HEARD_MS = 350  # of the answer: who speaks up so early did not react to it, he was not done
RESUME_HOPS = 2
MAX_TURN_HOPS = 20 * 60 * 1000 // HOP_MS  # 20 minutes; memory of one turn stays below 80 MB


@dataclass(slots=True)
class Floor:
    """The state machine of one conversation. `policy` may be replaced between hops."""

    policy: TurnPolicy
    idle_timeout_ms: int | None = None
    """For semantic VAD; server VAD brings its own."""
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
    _longest_ms: int = field(default=0, init=False)
    """Of the pauses that this turn went on after, 0: none that tells."""
    _idle_since: int | None = field(default=None, init=False)
    _ended_voice: int | None = field(default=None, init=False)
    """Where the voice of the last turn ended; None: it cannot be reopened."""
    _answered_since: int | None = field(default=None, init=False)
    """From where on the answer to the last turn was heard; None: no more of it than an opener."""
    _doubted: int | None = field(default=None, init=False)
    """Where the last voice ended that was let go without having been understood."""
    _overlap: Voices = field(default_factory=lambda: Voices(0), init=False)

    def hear(self, voice: float, overheard: Overheard = NOTHING_OVERHEARD) -> list[Move]:
        """Take the voice probability of one hop, and what else is known of it; say what it changes."""
        self.now += HOP
        if self.policy.detection is None:
            return []
        match self.holder:
            case Holder.NOBODY:
                return self._while_nobody_speaks(0.0 if self._is_echo(overheard) else voice)
            case Holder.OVERLAP:
                return self._while_voices_overlap(voice, overheard)
            case Holder.USER:
                return self._while_user_speaks(voice)
            case Holder.PAUSE:
                return self._while_user_pauses(voice)

    def alarm(self, at: int) -> list[Move]:
        """A sound began at `at` over the assistant's voice: whether it is somebody's, the next hops tell."""
        if not self.alert:
            return []
        self.holder, self._overlap = Holder.OVERLAP, Voices(at)
        return [Ducked(at, "onset")]

    @property
    def alert(self) -> bool:
        """Whether an `alarm` would be heeded: nobody speaks over the assistant's voice, and somebody may."""
        return self.holder is Holder.NOBODY and self._two_stage

    def judge(self, hush: int, p_done: float) -> list[Move]:
        """Take the turn detector's judgement on pause `hush`; a late one on an older pause is ignored."""
        if self.holder is not Holder.PAUSE or hush != self._hush:
            return []
        self._p_done = p_done
        return self._end_if_due()

    def wait_ms(self, p_done: float) -> float:
        """How much quiet ends the turn on this judgement."""
        detection = self.policy.detection
        if not isinstance(detection, SemanticVad):
            return 0.0
        return PATIENCE[detection.eagerness].wait_ms(p_done, self._longest_ms)

    @property
    def overlap_ripens(self) -> bool:
        """Whether the voice over the assistant's has just become worth recognising: long enough, or just over."""
        quiet = self.now - self._overlap.last
        return quiet == RIPE_QUIET_HOPS * HOP or (quiet == 0 and self._overlap.voiced in RIPE_HOPS)

    @property
    def overlap_lasts(self) -> bool:
        """Whether the voice over the assistant's is longer than a sign of attention."""
        return self._overlap.voiced * HOP_MS > LASTING_MS

    def weighs(self, voice: float) -> bool:
        """Whether `hear` would look at what is overheard of a hop with this probability of voice."""
        unheard = voice < self._threshold - HYSTERESIS
        return self.holder is Holder.OVERLAP or (self.holder is Holder.NOBODY and not unheard)

    def assistant_started(self) -> None:
        """Its voice sounds; in an opener there is nothing yet that one could react to."""
        self.assistant_audible, self._idle_since = True, None

    def assistant_answers(self, ahead: float = 0.0) -> None:
        """Something of its answer is to be heard, `ahead` seconds from now for the first time."""
        if self._answered_since is None:
            self._answered_since = self.now + round(ahead * HOP * 1000 / HOP_MS)

    def assistant_ended(self) -> None:
        """The last sample of the assistant's voice was played."""
        self.assistant_audible, self._idle_since = False, self.now

    def release(self) -> None:
        """The client took the turn out of our hands (commit, clear, a change of policy)."""
        self.holder, self._voiced, self._last_end, self._ended_voice = Holder.NOBODY, 0, self.now, None

    # --- the states

    def _while_nobody_speaks(self, voice: float) -> list[Move]:
        if self._two_stage and voice >= self._threshold - HYSTERESIS:  # ducking is undone as easily as done
            self.holder, self._overlap = Holder.OVERLAP, Voices(self.now - HOP)
            self._overlap.note(voice, self.now, self._threshold - HYSTERESIS)
            return [Ducked(self.now - HOP)]
        if voice < self._threshold:
            self._voiced = 0
            return self._idle()
        self._voiced += 1
        if self._voiced < (BARGE_IN_HOPS if self.assistant_audible else START_HOPS):
            return []
        return [self._start(self.now - self._voiced * HOP, self.now)]

    def _while_voices_overlap(self, voice: float, overheard: Overheard) -> list[Move]:
        voices = self._overlap
        alarmed = not voices.voiced
        voices.note(voice, self.now, self._threshold - HYSTERESIS)
        if not voices.voiced:
            return self._while_alarmed()
        if alarmed:
            return [Ducked(voices.onset)]
        again = self._doubted is not None and ms(voices.onset - self._doubted) < AGAIN_MS
        found = verdict(voices.overlap(self.now, overheard, again=again))
        kind, self._doubted = found.kind, self.now if found.doubted else self._doubted
        if kind == "barge_in":
            moves: list[Move] = [self._start(voices.onset, voices.last)]
            return moves if voices.last == self.now else [*moves, *self._hush_now()]
        if kind != "undecided":  # the last turn may still be gone on with
            self.holder, self._voiced, self._last_end = Holder.NOBODY, 0, self.now
            return [OverlapEnded(kind)]
        early = voices.voiced < HOLD_HOPS or ms(self.now - voices.onset) < HOLD_MS
        if voices.held or early or overheard.far or voices.last != self.now:
            return []
        voices.held = True
        return [Held(self.now)]

    def _while_alarmed(self) -> list[Move]:
        """Something sounds: a voice has a while to be found in it."""
        if ms(self.now - self._overlap.onset) < ALARM_MS:
            return []
        self.holder, self._voiced = Holder.NOBODY, 0
        return [OverlapEnded("noise")]

    def _start(self, onset: int, voice_end: int) -> TurnStarted:
        reopened, last_end = self._reopens(onset), self._ended_voice
        if last_end is None or not (reopened or self._cut_in(onset - last_end)):
            self._longest_ms = 0
        else:
            self._note_pause(onset - last_end)
        self._turn_at = max(self._last_end, onset - self._padding_ms * HOP // HOP_MS, 0)
        self.holder, self._voice_end, self._idle_since = Holder.USER, voice_end, None
        return TurnStarted(self._turn_at, barge_in=self.assistant_audible, reopened=reopened)

    def _reopens(self, onset: int) -> bool:
        """Whether a voice from `onset` on continues the last turn."""
        if self._ended_voice is None or ms(onset - self._ended_voice) > REOPEN_MS:
            return False
        return self._answered_since is None or ms(onset - self._answered_since) < REOPEN_HEARD_MS

    def _cut_in(self, pause: int) -> bool:
        """Whether who speaks over the answer, `pause` after his last words, had not been done with them. His turn is
        not reopened where he has heard some of it, but he is given more time."""
        return self.assistant_audible and ms(pause) <= REOPEN_MS

    def _note_pause(self, pause: int) -> None:
        if ms(pause) >= TELLING_MS:
            self._longest_ms = max(self._longest_ms, ms(pause))

    def _while_user_speaks(self, voice: float) -> list[Move]:
        if voice >= self._threshold - HYSTERESIS:
            self._voice_end = self.now
            return self._end("too_long") if self.now - self._turn_at > MAX_TURN_HOPS * HOP else []
        return self._hush_now()

    def _hush_now(self) -> list[Move]:
        self.holder, self._voiced, self._p_done = Holder.PAUSE, 0, None
        self._hush += 1
        return [Hushed(self._hush, self._voice_end), *self._end_if_due()]

    def _while_user_pauses(self, voice: float) -> list[Move]:
        self._voiced = self._voiced + 1 if voice >= self._threshold else 0
        if self._voiced >= RESUME_HOPS:
            self._note_pause(self.now - RESUME_HOPS * HOP - self._voice_end)
            self.holder, self._voice_end = Holder.USER, self.now
            return [Resumed(self._hush)]
        return [] if self._voiced else self._end_if_due()  # nobody is cut off at the first sign of going on

    # --- endings

    def _end_if_due(self) -> list[Move]:
        waited_ms = ms(self.now - self._voice_end)
        detection = self.policy.detection
        if isinstance(detection, ServerVad):
            return self._end("silence") if waited_ms >= detection.silence_duration_ms else []
        if detection is None:
            return []
        p_done = 0.0 if self._p_done is None else self._p_done
        if waited_ms < self.wait_ms(p_done):
            return []
        return self._end("complete" if p_done >= 0.5 else "patience")

    def _end(self, why: EndReason) -> list[Move]:
        self.release()
        self._ended_voice = self._voice_end
        if not self.assistant_audible:
            self._answered_since = None
        return [TurnEnded(self.now, self._voice_end, why)]

    def _idle(self) -> list[Move]:
        detection = self.policy.detection
        timeout_ms = detection.idle_timeout_ms if isinstance(detection, ServerVad) else self.idle_timeout_ms
        if timeout_ms is None or self._idle_since is None or ms(self.now - self._idle_since) < timeout_ms:
            return []
        start, self._idle_since = self._idle_since, None
        return [Idled(start, self.now)]

    def _is_echo(self, overheard: Overheard) -> bool:
        return self.assistant_audible and overheard.echo is not None and overheard.echo >= ECHO_SHARE

    @property
    def _two_stage(self) -> bool:
        policy = self.policy
        return self.assistant_audible and policy.interrupt_response and isinstance(policy.detection, SemanticVad)

    @property
    def _threshold(self) -> float:
        detection = self.policy.detection
        return detection.threshold if isinstance(detection, ServerVad) else SEMANTIC_THRESHOLD

    @property
    def _padding_ms(self) -> int:
        detection = self.policy.detection
        return detection.prefix_padding_ms if isinstance(detection, ServerVad) else SEMANTIC_PADDING_MS
