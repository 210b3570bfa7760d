"""A voice over the assistant's, hop by hop, until it is known what it is. Pure."""

from __future__ import annotations

from dataclasses import dataclass

from vivavoce.conversation.hop import HOP_MS, ms
from vivavoce.conversation.interruption import Overheard, Overlap


@dataclass(slots=True)
class Voices:
    """Positions are samples, `voiced` is hops. `held`: the assistant was."""

    onset: int
    last: int = 0
    voiced: int = 0
    held: bool = False
    _sum: float = 0.0

    def note(self, voice: float, now: int, least: float) -> None:
        """Take the voice probability of the hop that ends at `now`; from `least` on it counts as voiced."""
        if voice >= least:
            self.last, self.voiced, self._sum = now, self.voiced + 1, self._sum + voice

    def overlap(self, now: int, overheard: Overheard, *, again: bool) -> Overlap:
        """What is known of it."""
        return Overlap(
            voiced_ms=self.voiced * HOP_MS,
            elapsed_ms=ms(now - self.onset),
            quiet_ms=ms(now - self.last),
            voice=self._sum / max(1, self.voiced),
            echo=overheard.echo,
            level_db=overheard.level_db,
            words=None if overheard.words is None else overheard.words.text,
            confidence=1.0 if overheard.words is None else overheard.words.confidence,
            asked=overheard.asked,
            insisted=overheard.insisted,
            again=again,
            asides=overheard.asides,
            missed_ms=0 if overheard.words is None else max(0, ms(self.last - overheard.words.until)),
        )
