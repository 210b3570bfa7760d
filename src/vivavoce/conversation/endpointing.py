"""Is the user done? What is known of a pause, joined into one probability, and how long it is waited on it. Pure.

Logistic weights, fitted (ridge, penalty 5 on standardised features) to 252 pauses of real speech in five languages, 159
ends and 93 inner pauses of at least 64 ms, then sharpened and shifted, so that the patience of the floor can be linear
in the result. Cross-validated leaving out one speaker after the other, area under the curve for pauses of at least
224 ms: Smart Turn alone 0.80 (asked 100 ms into the pause), with the fall of the voice and its glide 0.85, with the
language model 0.87. What was tried and added nothing out of sample: Smart Turn asked again at 160, 224, 320, 512 and
800 ms (the last, the mean, the highest), punctuation, the model's probabilities of a full stop and of a comma, the
pitch against the speaker's own, the length of the last sound, of the turn and of the pauses before, and the
recogniser's confidence; and since then what `bench/results/2026-11-29-endpoint.md` lists. The pauses before say little
about which one is the last, but much about how long one may be: they are a matter of patience (`Patience.again`). The
fall is relative to the room: noise misleads one in decibels.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

from vivavoce.conversation.config import Eagerness
from vivavoce.conversation.expected_answer import Expected

SURE = 0.999
"""Probabilities beyond it say nothing more."""


@dataclass(frozen=True, slots=True)
class Evidence:
    """Of one pause. `audio`: the turn detector's probability; `fall`, `glide`: see `audio/prosody.py`; `text`: the
    language model's probability that the words end the turn, None where it was not asked; `asks`: they end as a
    question; `expected`: the kind of answer that the assistant's last words call for."""

    audio: float
    fall: float
    glide: float = 0.0
    text: float | None = None
    asks: bool = False
    expected: Expected = "open"


EXPECTED_SHIFT: dict[Expected, float] = {"yes_no": 0.6, "digits": -1.25, "open": 0.0}
"""In log-odds. A yes or no is soon over; a number, a name that is spelled, an address has pauses in it."""
ASKED_SHIFT = 1.5
"""Who has asked waits for the answer; and his voice rises, which is held against an end elsewhere. Not fitted: four of
the turns end so, and no inner pause does."""
LEAST_TEXT = 0.05
"""What the language model thinks less likely than this says no more against an end: mostly the recogniser left out the
full stop, as it does behind "No", behind a number and in Japanese. Bounded so, it is worth more (0.30 instead of 0.18):
fitted without the speaker that is judged, the area for pauses of at least 224 ms is 0.859 instead of 0.845, and of 63
pauses two fewer are cut at the same patience."""
SHARPNESS, DOUBT = 2.5, 0.5


def p_done(evidence: Evidence) -> float:
    """Probability in 0..1 that the turn is complete."""
    audio, fall, glide = _logit(evidence.audio), evidence.fall, evidence.glide
    if evidence.text is None:
        odds = 0.25 * audio + 1.88 * fall - 0.31 * glide - 1.59
    else:
        text = _logit(max(evidence.text, LEAST_TEXT))
        odds = 0.21 * audio + 1.70 * fall - 0.26 * glide + 0.30 * text - 1.06
    odds += EXPECTED_SHIFT[evidence.expected] + ASKED_SHIFT * evidence.asks
    return 1 / (1 + math.exp(DOUBT - SHARPNESS * odds))


def is_question(words: str) -> bool:
    """Whether the recogniser heard a question at the end of `words`."""
    return words.rstrip().endswith(("?", "？", "؟"))


def _logit(p: float) -> float:
    bounded = min(max(p, 1 - SURE), SURE)
    return math.log(bounded / (1 - bounded))


@dataclass(frozen=True, slots=True)
class Patience:
    """How long to wait for more, in ms: `quick` when the turn is surely complete, `slow` when it surely is not; and
    `again` times the longest pause that this turn already had, for who has paused long does it again."""

    quick: int
    slow: int
    again: float = 1.0

    def wait_ms(self, p_done: float, longest_ms: int = 0) -> float:
        return self.quick + (self.slow - self.quick) * (1.0 - p_done) + self.again * min(longest_ms, LONGEST_MS)


TELLING_MS = 160
"""Shorter rests are of the words, not of the speaker."""
LONGEST_MS = 1600
"""A longer pause is not waited for again."""
PATIENCE: dict[Eagerness, Patience] = {
    "high": Patience(quick=168, slow=850, again=0.0),
    "auto": Patience(quick=200, slow=1500),
    "medium": Patience(quick=200, slow=1500),
    "low": Patience(quick=384, slow=2000),
}
"""Points of the frontier that `vivavoce bench frontier` draws: fewer cut-ins cost more dead air."""
