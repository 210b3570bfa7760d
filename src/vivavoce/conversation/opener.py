"""The short word that people begin an answer with while they still think: "Well,", "Hmm,", "Oh,". Pure.

It is rendered beforehand and sounds at once, when the answer itself takes longer. It claims nothing about the answer:
it is no yes, no "I see" and no promise, for what follows may be a no, a question or an apology.
"""

from __future__ import annotations

import re
from typing import Literal

from vivavoce.text.backchannels import plain

Kind = Literal["asked", "told"]

OPENERS: dict[str, dict[Kind, tuple[str, ...]]] = {
    "en": {"asked": ("Well,", "Hmm,", "So,"), "told": ("Oh,", "Hmm,")},
    "it": {"asked": ("Allora,", "Dunque,"), "told": ("Ah,", "Beh,")},
    "es": {"asked": ("Bueno,", "A ver,"), "told": ("Ah,", "Bueno,")},
    "fr": {"asked": ("Alors,", "Eh bien,"), "told": ("Ah,", "Eh bien,")},
    "de": {"asked": ("Hm,", "Nun,"), "told": ("Ah,", "Hm,")},
}
"""Kokoro has no German voice: there an English one says them, as it says the answer behind them; so they are words that
it, too, says much like a German."""
QUESTION_WORDS = frozenset(
    "what who whose whom which when where why how is are was were do does did can could will would should has have am "
    "che chi quale quali quando dove perché come quanto quanta quanti cosa è sono "
    "qué quién cuál cuándo dónde cómo cuánto es son "
    "que qui quel quelle quand où pourquoi comment combien est-ce "
    "wer wen wem wo wann warum wieso wie welche welcher welches ist sind hat kann kannst könntest wird".split()
)
REQUEST_WORDS = frozenset(
    "please tell give show play turn set call remind explain let make write read find open close start add put say "
    "per dimmi dammi mostrami metti accendi spegni apri chiudi por dime dame pon enciende apaga abre "
    "s'il dis donne mets allume éteins ouvre "
    "bitte sag erzähl zeig gib spiel stell ruf erinnere erkläre mach schreib öffne schließ".split()
)
_FORM_ASKED = re.compile(
    r"\b(one word|say only|only say|just say|exactly|repeat|after me|yes or no|una parola|una palabra|un mot"
    r"|ein wort|sag nur|ja oder nein)\b",
    re.I,
)
LEAST_WORDS = 3
"""Shorter phrases get one only where the answer takes long."""
SOCIAL = frozenset(
    "hello hi hey bye goodbye thanks thank welcome sorry ciao salve grazie buongiorno buonasera arrivederci hola "
    "gracias adiós buenos buenas bonjour bonsoir salut merci hallo guten tschüss danke".split()
)
"""A greeting is greeted back, not thought about."""
_ALL = frozenset(word for kinds in OPENERS.values() for choices in kinds.values() for word in choices)
_LOWERED = frozenset("The A An It It's This That That's There These Those You Your In On At He She They We My".split())


def opener(words: str | None, language: str | None, turn: int, *, slow: bool = False) -> str | None:
    """What to begin the answer to `words` with, another one every turn; None: nothing fits. Words that nobody
    knows yet (None) get one that fits behind most. `slow`: the answer takes so long that a word is better than none."""
    kinds = OPENERS.get(language or "en")
    if words is None:
        return kinds["asked"][0] if kinds else None
    said = plain(words)
    least = 1 if slow and SOCIAL.isdisjoint(said) else LEAST_WORDS
    if kinds is None or len(said) < least or _FORM_ASKED.search(words):
        return None
    choices = kinds[_kind(words, said)]
    return choices[turn % len(choices)]


def lowered(text: str) -> str:
    """The first words of an answer as they are written behind an opener."""
    first = text.strip().partition(" ")[0]
    return text.replace(first, first[0].lower() + first[1:], 1) if first in _LOWERED else text


def is_opener(text: str) -> bool:
    """Whether the beginning of an answer is no more than such a word itself."""
    return text.strip() in _ALL


def _kind(words: str, said: list[str]) -> Kind:
    asked = words.rstrip().endswith("?") or said[0] in QUESTION_WORDS | REQUEST_WORDS or "please" in said
    return "asked" if asked else "told"
