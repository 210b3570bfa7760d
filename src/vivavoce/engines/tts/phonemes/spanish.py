"""Spanish by the rules of its spelling, in the phonemes that Kokoro learned (those of espeak-ng, of Spain)."""

from __future__ import annotations

import re

from vivavoce.engines.tts.phonemes.rules import Rules, said

_SOUNDS = Rules(
    [
        (r"ch", "ʧ"), (r"ll", "ʎ"), (r"ñ", "ɲ"), (r"rr", "rr"), (r"\br", "r"), (r"(?<=[nls])r", "r"), (r"r", "ɾ"),
        (r"qu(?=[eiéí])", "k"), (r"gu(?=[eiéí])", "ɡ"), (r"gü", "ɡw"), (r"g(?=[eiéí])", "x"), (r"c(?=[eiéí])", "θ"),
        (r"c", "k"), (r"z", "θ"), (r"j", "x"), (r"h", ""), (r"x", "ks"), (r"\bv|(?<=[mn])v", "b"),
        (r"v|(?<=[aeiouáéíóú])b", "β"),
        (r"(?<=[aeiouáéíóúlr])d(?=[aeiouáéíóúr])", "ð"), (r"(?<=[aeiouáéíóúlr])g(?=[aoulráóú])", "ɣ"), (r"g", "ɡ"),
        (r"\by\b", "i"), (r"y\b", "j"), (r"y", "ʝ"), (r"q", "k"),
        (r"i(?=[aeouáéóú])", "j"), (r"u(?=[aeioáéíó])", "w"), (r"(?<=[aeoáéó])i", "j"), (r"(?<=[aeoáéó])u", "w"),
        (r"á", "a"), (r"é", "e"), (r"í", "i"), (r"ó", "o"), (r"[úü]", "u"),
    ]
)  # fmt: skip
_WEAK = frozenset(
    "el la los las un una de del a al en con por para y e o u que se me te le lo nos mi tu su si sin es no".split()
)


def spanish(text: str) -> str:
    """Stress falls on the written accent, else on the last syllable but one after a vowel, n or s, else on the last."""
    return said(text, _word)


def _word(word: str) -> str:
    if word in _WEAK:
        return _SOUNDS.apply(word)
    place = _stress(word)
    return _SOUNDS.apply(word[:place] + "ˈ" + word[place:]) if place is not None else _SOUNDS.apply(word)


def _stress(word: str) -> int | None:
    for place, letter in enumerate(word):
        if letter in "áéíóú":
            return place
    nuclei = [match.start(1) for match in re.finditer(r"(?:(?<=[qg])u|[iu])?([aeo]|[iu])(?:[iu](?![aeo]))?y?", word)]
    if not nuclei:
        return None
    return nuclei[-2] if len(nuclei) > 1 and word[-1] in "aeiouns" else nuclei[-1]
