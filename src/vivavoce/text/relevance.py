"""How much two texts are about the same, by the words they share. Pure; English and Italian.

Rare words count for more; endings do not matter ("allergic" finds "allergies"). It needs no model, and a few hundred
short texts take a millisecond.
"""

from __future__ import annotations

import math
import re
import unicodedata
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from typing import TypeVar

T = TypeVar("T")

STEM = 5
"""Letters of a word that count: what is behind them is mostly ending."""
_SMALL = frozenset(
    "a an the of to in on at for from and or but is are was were be been am do does did has have had i me my mine "
    "you your he she it we they them his her our their this that these those what which who when where how why "
    "about with as by not un uno una il lo la gli le l di da con su per tra fra e o ma sono era essere ho hai ha "
    "abbiamo hanno mi mio mia miei mie tu tuo tua lui lei noi loro suo sua questo questa quello quella che chi "
    "cosa come dove quando perche non del dello della dei degli delle al allo alla ai agli alle nel nella sul "
    "sulla dal dalla d c s 's".split()
)


def stems(text: str) -> list[str]:
    """The words that say what a text is about, without endings, case and accents."""
    plain = "".join(
        letter for letter in unicodedata.normalize("NFKD", text.lower()) if not unicodedata.combining(letter)
    )
    return [word[:STEM] for word in re.findall(r"\w+", plain) if word not in _SMALL]


def ranked(query: str, texts: Sequence[T], text_of: Callable[[T], str]) -> list[tuple[float, T]]:
    """Those of `texts` that share a word with `query`, the likeliest first, with their scores: the share of the query's
    weight that they hold, 0 to 1."""
    wanted = set(stems(query))
    held = [set(stems(text_of(one))) for one in texts]
    weights = _weights(wanted, held)
    total = sum(weights.values())
    if not total:
        return []
    scores = [sum(weights[word] for word in wanted & words) / total for words in held]
    found = [(score, -place) for place, score in enumerate(scores) if score > 0]
    return [(score, texts[-place]) for score, place in sorted(found, reverse=True)]


def _weights(wanted: Iterable[str], held: Sequence[set[str]]) -> dict[str, float]:
    counts = Counter(word for words in held for word in words)
    return {word: math.log(1 + (1 + len(held)) / (1 + counts[word])) for word in wanted}
