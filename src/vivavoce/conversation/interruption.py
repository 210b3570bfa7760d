"""What a voice over the assistant's is: an interruption, or something that needs no answer. Pure.

The assistant has been ducked and held by then, so that the verdict may wait for evidence without anybody being talked
over: half a second of going on, or the words of what was short.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from vivavoce.text.backchannels import asks_to_stop, is_backchannel, may_become_backchannel

Kind = Literal["undecided", "barge_in", "backchannel", "noise", "echo", "other_speaker"]

ECHO_SHARE = 0.55
"""Share of a sound that the assistant's own voice explains, from which it is taken for its echo."""
FAR_DB = -12.0
"""Below the user's usual level somebody else is speaking, or the user not to us."""
OVER_MS = 192  # quiet after which a short sound is over
WORDLESS_MS = 864  # of voice of which no words are known: hardly a sign of attention lasts so long
SPOKEN_MS = 320  # of voice with words in it that are no sign of attention
WORD_MS = 640  # of voice with a single word in it: shorter, it may be one that was not heard to its end
BRIEF_MS = 96  # of voice: a click, a knock
DEADLINE_MS = 1000  # after the onset, when no words have come: the assistant is held, so nobody is talked over
WORDS_MS = 2000  # after the onset, until when the words of a short sound are waited for: a slow machine needs it
CLEAR_VOICE = 0.75
"""Mean probability of voice from which a sound of which no words are known in time is taken for somebody's: people near
the microphone had 0.89 to 1.00 (eleven recordings), a crowded room 0.54 to 0.93 (four of seven moments below)."""
SURE_VOICE = 0.88
"""From which a sound that endures needs no words: on a slow machine they come late, or of its first syllable only."""


@dataclass(frozen=True, slots=True)
class Overlap:
    """What is known of the voice so far. `voiced_ms`: of voice in it; `elapsed_ms`: since its first voiced hop;
    `quiet_ms`: since its last; `voice`: mean probability of voice. None: not known. `echo`: 0..1;
    `level_db`: against the user's usual level; `words`: recognised so far, "" when none were."""

    voiced_ms: int
    elapsed_ms: int
    quiet_ms: int
    voice: float
    echo: float | None = None
    level_db: float | None = None
    words: str | None = None


@dataclass(frozen=True, slots=True)
class Verdict:
    kind: Kind


def verdict(overlap: Overlap) -> Verdict:
    """Decide on the evidence, or leave it undecided: for DEADLINE_MS after the onset at most, for WORDS_MS where the
    words of a short sound are out, or those of a longer one are a sign of attention so far."""
    if overlap.echo is not None and overlap.echo >= ECHO_SHARE:
        return Verdict("echo")
    far = overlap.level_db is not None and overlap.level_db <= FAR_DB
    if overlap.quiet_ms >= OVER_MS:
        return Verdict(_of_short(overlap, far=far))
    return Verdict(_of_lasting(overlap, far=far))


def _of_short(overlap: Overlap, *, far: bool) -> Kind:
    if overlap.voiced_ms <= BRIEF_MS:
        return "noise"
    if far:
        return "other_speaker"
    if overlap.words is None:  # the recogniser is at it
        return "undecided" if overlap.elapsed_ms < WORDS_MS else "noise"
    if not overlap.words:
        return "noise"
    if is_backchannel(overlap.words):
        return "backchannel"
    unfinished = _may_be_a_sign(overlap.words) and overlap.elapsed_ms < DEADLINE_MS
    return "undecided" if unfinished else "barge_in"  # a pass over all of it is on its way


def _of_lasting(overlap: Overlap, *, far: bool) -> Kind:
    words = overlap.words
    if words and asks_to_stop(words):
        return "barge_in"
    if far and overlap.elapsed_ms < DEADLINE_MS:
        return "undecided"
    if far:
        return "other_speaker"
    if words and _may_be_a_sign(words):  # never by its length alone: the next pass hears whether there is more
        return "undecided" if overlap.elapsed_ms < WORDS_MS else "barge_in"
    if words and overlap.voiced_ms >= (SPOKEN_MS if len(words.split()) > 1 else WORD_MS):
        return "barge_in"
    if overlap.voiced_ms >= WORDLESS_MS and overlap.voice >= SURE_VOICE:
        return "barge_in"
    if overlap.elapsed_ms < DEADLINE_MS:
        return "undecided"
    wordless = overlap.voice < CLEAR_VOICE if words is None else not words
    return "noise" if wordless else "barge_in"


def _may_be_a_sign(words: str) -> bool:
    """Whether they are a sign of attention, or may become one. The last word counts for little: while it is being said
    "Oh, nice" is heard as "Oh, no"."""
    before = " ".join(words.split()[:-1])
    return is_backchannel(words) or may_become_backchannel(words) or is_backchannel(before)
