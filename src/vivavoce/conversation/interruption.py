"""What a voice over the assistant's is: an interruption, or something that needs no answer. Pure.

The assistant has been ducked and held by then, so that the verdict may wait for evidence without anybody being talked
over: half a second of going on, or the words of what was short.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from vivavoce.conversation.addressing import addressed_elsewhere, names_another
from vivavoce.text.backchannels import (
    asks_to_stop,
    is_backchannel,
    may_become_backchannel,
    plain,
    wants_something,
)

Kind = Literal["undecided", "barge_in", "backchannel", "noise", "echo", "other_speaker", "addressed_elsewhere"]

ECHO_SHARE = 0.55
"""Share of a sound that the assistant's own voice explains, from which it is taken for its echo."""
FAR_DB = -12.0
"""Below the user's usual level somebody else is speaking, or the user not to us."""
SOFT_DB = -6.0
"""Below which a sound needs words that are clear: who spoke up was at -5 dB at the least (240 voices, 4 dB louder or
softer than they had asked), a crowd and somebody in the background at -7.7 at the most (44)."""
OVER_MS = 192  # quiet after which a short sound is over
WORDLESS_MS = 960  # of voice of which no words are known: hardly a sign of attention lasts so long
SPOKEN_MS = 480  # of voice with several clear words in it that are no sign of attention
LASTING_MS = 960  # of voice with any words in it: the beginning of a sign of attention sounds like anything
LONG_SIGN_MS = 1120  # of voice in a sign of one word that is clear
WORD_MS = 480  # of voice more, for each word of a sign of several
BRIEF_MS = 96  # of voice: a click, a knock
DEADLINE_MS = 1000  # after the onset, when no words have come: the assistant is held, so nobody is talked over
WORDS_MS = 2000  # after the onset, until when the words of a short sound are waited for: a slow machine needs it
CLEAR_VOICE = 0.75
"""Mean probability of voice from which a sound of which no words are known in time is taken for somebody's: people near
the microphone had 0.84 to 1.00 (136 recordings), a crowded room 0.50 to 0.93."""
SURE_VOICE = 0.91  # 98 % of those people
"""From which a sound that endures needs no words: on a slow machine they come late, or of its first syllable only."""
SIGN_MS = 1000  # of voice: a sign of attention is hardly longer
SIGN_WORDS = 2
CLEAR_WORDS = 0.6
"""Confidence from which a word or two are taken as they were heard. Below it a recogniser guesses, and a brief sound is
more often a sign of attention than an interruption."""
LIKELY_WORDS = 0.4
"""From which those that want something are, and those in a doubtful voice: of a crowd Whisper makes some, too."""
ALIKE_WORDS = 0.2
"""From which they are where two passes agree."""
CERTAIN_WORDS = 0.8
"""From which "stop" is heeded from far away: somebody in the background says much that resembles it."""
ASIDE_MS = 4000  # after the onset, until when what may go to somebody else is heard to its end
ASIDE_OVER_MS = 800  # quiet after which a remark to somebody else is over: "Mom … can you close the door?"
AGAIN_MS = 5000  # after a brief sound that was not understood: who says one again wants to be heard


@dataclass(frozen=True, slots=True)
class Words:
    """What a pass of the recogniser heard over the assistant's voice up to position `until`; "": no words in it.
    `confidence`: mean probability of its tokens, 0..1."""

    text: str
    until: int
    confidence: float = 1.0


@dataclass(frozen=True, slots=True)
class Overheard:
    """What is known of the sound beside its voice probability; None: not known. `echo`: share of it that is the
    assistant's own, 0..1. `level_db`: against the user's usual level. `words`: what the last pass recognised."""

    echo: float | None = None
    level_db: float | None = None
    words: Words | None = None
    asked: bool = False
    """The assistant has just asked something."""
    asides: bool = False
    """What goes to somebody else is let go, and the assistant is silent until it is known."""
    insisted: bool = False
    """See `insists`."""

    @property
    def far(self) -> bool:
        """It comes from further away than the user. That ducks the assistant, and does not hold it: among people who
        talk it would hardly say a word."""
        return self.level_db is not None and self.level_db <= FAR_DB


NOTHING_OVERHEARD = Overheard()


@dataclass(frozen=True, slots=True)
class Overlap:
    """What is known of the voice so far. `voiced_ms`: of voice in it; `elapsed_ms`: since its first voiced hop;
    `quiet_ms`: since its last; `voice`: mean probability of voice. None: not known. `echo`: 0..1;
    `level_db`: against the user's usual level; `words`: recognised so far, "" when none were, with `confidence`, 0..1,
    by a pass that has not heard the last `missed_ms` of the voice; `asked`: the assistant has just asked something;
    `again`: another was let go a moment ago that was not understood; `asides`: see Overheard; `insisted`: see
    `insists`."""

    voiced_ms: int
    elapsed_ms: int
    quiet_ms: int
    voice: float
    echo: float | None = None
    level_db: float | None = None
    words: str | None = None
    confidence: float = 1.0
    missed_ms: int = 0
    asked: bool = False
    again: bool = False
    asides: bool = False
    insisted: bool = False


@dataclass(frozen=True, slots=True)
class Verdict:
    """`doubted`: it was not understood, and let go because most such sounds want nothing."""

    kind: Kind
    doubted: bool = False


def verdict(overlap: Overlap) -> Verdict:
    """Decide on the evidence, or leave it undecided: for DEADLINE_MS after the onset at most, for WORDS_MS where the
    words of a short sound are out, or those of a longer one are a sign of attention so far; for ASIDE_MS where they may
    go to somebody else, and what does is let go."""
    if overlap.echo is not None and overlap.echo >= ECHO_SHARE:
        return Verdict("echo")
    far = overlap.level_db is not None and overlap.level_db <= FAR_DB
    if overlap.quiet_ms < OVER_MS:
        kind = _of_lasting(overlap, far=far)
        return Verdict("undecided" if kind == "barge_in" and _may_be_an_aside(overlap) else kind)
    kind = _of_short(overlap, far=far)
    if kind == "barge_in" and overlap.asides:
        kind = _of_what_may_be_an_aside(overlap)
    return Verdict("backchannel", doubted=True) if kind == "barge_in" and _is_doubtful(overlap) else Verdict(kind)


def _may_be_an_aside(overlap: Overlap) -> bool:
    """Whether it may still turn out to go to somebody else. Who tells the assistant to stop, or asks, is heeded at
    once, unless it sounds as if he asked another."""
    if not overlap.asides or overlap.elapsed_ms >= ASIDE_MS:
        return False
    words = overlap.words or ""
    if not words:
        return overlap.elapsed_ms < WORDS_MS
    elsewhere = names_another(words) or addressed_elsewhere(words)
    return elsewhere or not (asks_to_stop(words) or wants_something(words))


def _of_what_may_be_an_aside(overlap: Overlap) -> Kind:
    """What somebody said in words, once he rests."""
    if overlap.quiet_ms >= ASIDE_OVER_MS or overlap.elapsed_ms >= ASIDE_MS:
        return "addressed_elsewhere" if addressed_elsewhere(overlap.words or "") else "barge_in"
    heard = not overlap.missed_ms
    return "barge_in" if heard and not addressed_elsewhere(overlap.words or "") else "undecided"


def _of_short(overlap: Overlap, *, far: bool) -> Kind:
    if overlap.voiced_ms <= BRIEF_MS:
        return "noise"
    if far:
        return "other_speaker"
    waiting = overlap.elapsed_ms < WORDS_MS
    if overlap.words is None:
        return "undecided" if waiting else "noise"
    if overlap.missed_ms and waiting:
        return "undecided"  # a pass over all of it is on its way
    if not overlap.words:
        return "barge_in" if overlap.insisted and not _is_soft(overlap) else "noise"
    return "backchannel" if is_backchannel(overlap.words) and not overlap.asked else "barge_in"


def _is_doubtful(overlap: Overlap) -> bool:
    """Whether it was brief, and its words are a guess that need not be told twice."""
    words = overlap.words or ""
    brief = overlap.voiced_ms <= SIGN_MS and len(words.split()) <= SIGN_WORDS
    enough = LIKELY_WORDS if wants_something(words) else CLEAR_WORDS
    if overlap.asked:
        return False
    if _is_soft(overlap):  # a crowd says it again, too
        return overlap.confidence < CLEAR_WORDS
    return brief and overlap.confidence < enough and not overlap.again and not overlap.insisted


def insists(passes: Sequence[Words]) -> bool:
    """Whether a word or two that want something were heard by any pass over a sound, or less clearly by two alike, and
    a sign of attention by none. The last pass is not the best one: it has the breath behind the word, too."""
    likely = [each for each in passes if each.confidence >= LIKELY_WORDS]
    if any(is_backchannel(each.text) for each in likely):
        return False
    wanting = [each for each in passes if len(each.text.split()) <= SIGN_WORDS and wants_something(each.text)]
    alike = Counter(" ".join(plain(each.text)) for each in wanting if each.confidence >= ALIKE_WORDS)
    return any(each in likely for each in wanting) or any(count > 1 for count in alike.values())


def _of_lasting(overlap: Overlap, *, far: bool) -> Kind:
    words, resting = overlap.words, overlap.quiet_ms > 0
    waiting = overlap.elapsed_ms < DEADLINE_MS + (OVER_MS if resting else 0)  # it may be over in a moment
    if words and asks_to_stop(words) and overlap.confidence >= (CERTAIN_WORDS if far else CLEAR_WORDS):
        return "barge_in"
    if far:
        return "undecided" if waiting else "other_speaker"
    sign = words is not None and _may_be_a_sign(words)
    if words and sign and overlap.voiced_ms <= _longest_of(words, overlap.confidence):
        return "undecided" if overlap.elapsed_ms < WORDS_MS else "backchannel"
    several = words is not None and len(words.split()) > 1
    spoken = overlap.voiced_ms >= (SPOKEN_MS if several and overlap.confidence >= CLEAR_WORDS else LASTING_MS)
    if words and not sign and spoken and _is_somebody(overlap):
        return "barge_in"
    if overlap.voiced_ms >= WORDLESS_MS and overlap.voice >= SURE_VOICE and not _is_soft(overlap):
        return "barge_in"
    if waiting:
        return "undecided"
    return "barge_in" if not sign and _is_somebody(overlap) else "noise"


def _longest_of(words: str, confidence: float) -> int:
    """ms of voice that they may have taken: what goes on for longer is more than what was understood of it."""
    one = LONG_SIGN_MS if confidence >= CLEAR_WORDS else LASTING_MS
    return one + WORD_MS * (len(words.split()) - 1)


def _is_somebody(overlap: Overlap) -> bool:
    """Whether a sound that goes on is a person near the microphone."""
    if _is_soft(overlap):
        return bool(overlap.words) and overlap.confidence >= CLEAR_WORDS
    if overlap.words is None:
        return overlap.voice >= CLEAR_VOICE
    if overlap.voice >= SURE_VOICE:
        return bool(overlap.words or overlap.missed_ms)
    return bool(overlap.words) and overlap.confidence >= LIKELY_WORDS


def _is_soft(overlap: Overlap) -> bool:
    return overlap.level_db is not None and overlap.level_db <= SOFT_DB


def _may_be_a_sign(words: str) -> bool:
    """Whether they are a sign of attention, or may become one. The last word counts for little: while it is being said
    "Oh, nice" is heard as "Oh, no"."""
    before = " ".join(words.split()[:-1])
    return is_backchannel(words) or may_become_backchannel(words) or is_backchannel(before)
