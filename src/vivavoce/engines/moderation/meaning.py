"""Judges texts by their meaning, as MiniLM tells it, and by the words in them (`heads.py`): English, 5 ms a passage;
Italian, German, Spanish and French by their words alone.

Good enough to sort requests and to warn, not to be alone with a decision: `docs/api.md` has its figures.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from vivavoce.engines.embedding import minilm
from vivavoce.engines.moderation.heads import WORDS_FILE, scores, trained, word_scores
from vivavoce.engines.moderation.passages import passages
from vivavoce.engines.moderation.words import OTHERS
from vivavoce.models import ModelFiles
from vivavoce.ports import HARMS, Embedder, Judgement, Urgency, Vector
from vivavoce.text.subject import spoken_in

TELLING = 12
"""Words that tell the language they are in."""


@dataclass(frozen=True, slots=True)
class Options:
    """`threshold`: the score above which a category applies; each head was set so that a half is right."""

    model: str = "minilm-l6-v2-int8"
    threads: int = 1
    threshold: float = 0.5

    def __post_init__(self) -> None:
        if not 0 < self.threshold < 1:
            raise ValueError("threshold must lie between 0 and 1")


def load(options: Options, models: ModelFiles) -> ByMeaning:
    """Raises ModelUnavailable."""
    return ByMeaning(minilm.load(minilm.Options(options.model, options.threads), models), options.threshold)


class ByMeaning:
    """See `ports.Moderator`."""

    def __init__(self, embedder: Embedder, threshold: float) -> None:
        self.name = f"meaning-{embedder.name}"
        self._embedder, self._threshold, self._heads = embedder, threshold, trained()
        self._by_words = trained(WORDS_FILE)

    async def judge(self, texts: Sequence[str], urgency: Urgency = Urgency.SOON) -> list[Judgement]:
        cut = [passages(text) for text in texts]
        meanings = iter(await self._embedder.embed([passage for each in cut for passage in each], urgency))
        return [self._worst([self._scores(passage, next(meanings).vector) for passage in each]) for each in cut]

    def close(self) -> None:
        self._embedder.close()

    def _scores(self, passage: str, meaning: Vector) -> dict[str, float]:
        """Of a text that may be English by its meaning, of one that may not be by its words, in each of the other
        languages: which one it is cannot be told of four words, but of twelve."""
        language = spoken_in([passage], ())
        judged = [scores(passage, meaning, self._heads)] if language in ("", "en") else []
        judged += [word_scores(passage, other, self._by_words) for other in languages_of(passage, language)]
        return {harm: max((each[harm] for each in judged), default=0.0) for harm in HARMS}

    def _worst(self, passages: Sequence[dict[str, float]]) -> Judgement:
        worst = {harm: max((each[harm] for each in passages), default=0.0) for harm in HARMS}
        return Judgement(worst, frozenset(harm for harm, score in worst.items() if score > self._threshold))


def languages_of(passage: str, likeliest: str) -> tuple[str, ...]:
    """In which of the other languages a passage is judged."""
    if likeliest == "en":
        return ()
    return (likeliest,) if likeliest in OTHERS and len(passage.split()) >= TELLING else OTHERS
