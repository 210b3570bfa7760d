"""What is known of a sound beside its voice probability: the assistant's own echo in it, its level, its words."""

from __future__ import annotations

from collections import deque

from vivavoce.audio.echo import EchoGuard
from vivavoce.audio.pcm import Pcm, Samples, levels
from vivavoce.conversation.interruption import Overheard, Words, insists

USUAL_SHARE = 0.02
"""Weight of one voiced hop in the user's usual level: half of it is the last second of speech."""
FADED_DB = 12.0
"""Below the loudest hop of the last half second a voice is fading."""
MOST_LEVELS = 40
MOST_PASSES = 5  # of the recogniser: a word has three or four
SOFTER_DB = -6.0
"""Below the user's usual level echoes are, but for those of a loud loudspeaker."""
TOGETHER = 8  # hops: 256 ms
PEAK_FALL_DB = 1.0  # a hop; the peak forgets a loud syllable within half a second


class Overhearing:
    """Fed with every hop of the microphone and every sound that was sent. Levels in dBFS."""

    def __init__(self) -> None:
        self._passes: list[Words] = []
        """What was recognised over the assistant's voice, pass by pass."""
        self._asked = self._asides = False
        self._shares: list[float] | None = None
        """Of the assistant's own voice in each hop of the overlap; None: there is none."""
        self._guard = EchoGuard()
        self._usual: float | None = None
        self._levels: list[float] = []
        """Of the hops of the overlap."""
        self._unmeasured: deque[Samples] = deque(maxlen=MOST_LEVELS + 1)
        self._peak = -90.0
        self._fading = False

    @property
    def usual(self) -> float | None:
        """The user's usual level; None: nobody has spoken."""
        return self._usual

    @property
    def echoes(self) -> bool:
        """The assistant's voice is known to come back."""
        return self._guard.delay is not None

    def played(self, sound: Pcm, at: float) -> None:
        """The assistant's `sound` is to be heard from loop time `at` on."""
        self._guard.sent(sound, at)

    def held(self, at: float) -> None:
        """The client paused what it played, at loop time `at`."""
        self._guard.held(at)

    def resumed(self, at: float) -> None:
        """It goes on from where it was."""
        self._guard.resumed(at)

    def note(self, samples: Samples, at: float) -> None:
        """Take a hop in which nobody speaks up, heard at loop time `at`, while the assistant is audible."""
        self._guard.note(samples, at)
        self._unmeasured.append(samples)

    def hop(self, samples: Samples, at: float) -> Overheard:
        """What is known of a hop that was heard at loop time `at`, while the assistant is audible."""
        self._unmeasured.append(samples)
        self._measure()
        loud = [level for level in self._levels if level > max(self._levels) - FADED_DB]  # as `_usual` is taken
        relative = None if self._usual is None else sum(loud) / len(loud) - self._usual
        words = self._passes[-1] if self._passes else None
        echo = self._echo(self._guard.share(samples, at), relative)
        return Overheard(echo, relative, words, self._asked, self._asides, insists(self._passes))

    def recognised(self, words: Words) -> None:
        """A pass over what is said over the assistant's voice heard them."""
        self._passes = [*self._passes, words][-MOST_PASSES:]

    def begin(self, *, asked: bool, asides: bool = False) -> None:
        """A voice over the assistant's begins. `asked`, `asides`: see Overheard."""
        self.settle()
        self._asked, self._asides, self._shares = asked, asides, []

    def settle(self) -> None:
        """It is known what it was."""
        self._measure()
        self._passes, self._levels, self._shares = [], self._levels[-1:], None
        self._asked = self._asides = False

    def _measure(self) -> None:
        self._levels = [*self._levels, *map(_level, self._unmeasured)][-MOST_LEVELS - 1 :]
        self._unmeasured.clear()

    def _echo(self, share: float, level: float | None) -> float | None:
        """A syllable of anybody's resembles some syllable of the assistant's: of 448 voices without any echo every
        third has a hop of which more than half is explained. So where its voice is not known to come back, and the
        sound is as loud as the user is, a quarter of a second counts together."""
        if self._shares is None:
            return share
        self._shares.append(share)
        if self.echoes or level is None or level <= SOFTER_DB:
            return share
        last = self._shares[-TOGETHER:]
        return sum(last) / TOGETHER if len(last) == TOGETHER else None

    def user(self, samples: Samples) -> bool:
        """Take a hop of the user's turn; True at the moment at which the voice begins to fade."""
        level = _level(samples)
        self._peak = max(level, self._peak - PEAK_FALL_DB)
        faded = level < self._peak - FADED_DB
        if not faded:
            self._usual = level if self._usual is None else self._usual + USUAL_SHARE * (level - self._usual)
        begins, self._fading = faded and not self._fading, faded
        return begins


def _level(samples: Samples) -> float:
    return float(levels(samples))
