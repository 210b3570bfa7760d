"""Italian by the rules of its spelling, in the phonemes that Kokoro learned (those of espeak-ng)."""

from __future__ import annotations

import re

from vivavoce.engines.tts.phonemes.rules import Rules, said

_SOUNDS = Rules(
    [
        (r"gli(?=[aeou])", "ʎː"), (r"\bgli\b", "ʎi"), (r"gli", "ʎːi"), (r"gn", "ɲː"),
        (r"sci(?=[aeouàèòù])", "ʃ"), (r"sc(?=[eièéì])", "ʃ"), (r"sch", "sk"),
        (r"cci(?=[aouàòù])", "tʧ"), (r"cc(?=[eièéì])", "tʧ"), (r"cch", "kk"),
        (r"ci(?=[aeouàèòù])", "ʧ"), (r"c(?=[eièéì])", "ʧ"), (r"ch", "k"), (r"cqu", "kkw"), (r"qu", "kw"), (r"q", "k"),
        (r"ggi(?=[aouàòù])", "dʤ"), (r"gg(?=[eièéì])", "dʤ"), (r"ggh", "ɡɡ"),
        (r"gi(?=[aouàòù])", "ʤ"), (r"g(?=[eièéì])", "ʤ"), (r"gh", "ɡ"), (r"gu(?=[aeioàèéìò])", "ɡw"), (r"g", "ɡ"),
        (r"c", "k"), (r"zz", "tʦ"), (r"\bz", "ʣ"), (r"z", "ʦ"),
        (r"(?<=[aeiouàèéìòù])s(?=[aeiouàèéìòù])", "z"), (r"s(?=[bdglmnrv])", "z"),
        (r"h", ""), (r"x", "ks"), (r"j", "j"), (r"w", "w"), (r"y", "i"),
        (r"i(?=[aeouàèéòù])", "j"), (r"(?<=[aeiou])u(?=[aeiou])", "w"), (r"u(?=[aeioàèéìò])", "w"),
        (r"à", "a"), (r"è", "ɛ"), (r"é", "e"), (r"[ìí]", "i"), (r"ò", "ɔ"), (r"ó", "o"), (r"[ùú]", "u"),
    ]
)  # fmt: skip
_ANTEPENULT = re.compile(
    r"(?:abil|ibil|evol|ic|ic|olog|ograf|issim|esim|entesim|andol|endol|evol)[aeio]$|(?:ic|bil|nom|log|graf|fon|metr)[oaei]$"
)
_SLIDING = frozenset(
    "ultimo ultima sono anche subito tavolo tavola camera macchina musica numero essere vivere prendere scrivere"
    " leggere chiedere credere vedere piccolo piccola popolo regola secolo titolo giovane lettera albero angolo isola"
    " medico pagina opera epoca ordine margine limite semplice difficile facile utile simile possibile zucchero"
    " telefono rapido timido libero povero vicolo articolo particolare dodici tredici quattordici quindici sedici"
    " undici venerdì abitano parlano mangiano sabato domenica mettere correre rispondere decidere perdere vendere"
    " nascere crescere conoscere rimanere genere cenere polvere sindaco stomaco fegato".split()
)
_WEAK = frozenset(
    "il lo la i gli le un uno una di a da in con su per tra fra e ed o ma che se mi ti si ci vi ne del della dei degli"
    " delle al alla ai agli alle dal dalla nel nella sul sulla non è ho ha".split()
)


_HIATUS = frozenset("io mio mia mie tuo tua tue suo sua sue due zio zia via sia dio pio".split())
"""Their last two vowels are two syllables, the first stressed."""


def italian(text: str) -> str:
    """Stress falls on the written accent, else on the last syllable but one, or but two for known words and endings."""
    return said(text, _word)


def _word(word: str) -> str:
    if word in _WEAK:
        return _SOUNDS.apply(word)
    if word in _HIATUS:
        return f"{_SOUNDS.apply(word[:-2])}ˈ{word[-2:]}"
    place = _stress(word)
    return _SOUNDS.apply(word[:place] + "ˈ" + word[place:]) if place is not None else _SOUNDS.apply(word)


def _stress(word: str) -> int | None:
    """Index of the stressed vowel."""
    for place, letter in enumerate(word):
        if letter in "àèéìíòóùú":
            return place
    nuclei = [match.start() for match in re.finditer(r"(?<![cg])i(?![aeo])|[aeo]|(?<![qgae])u(?![aeio])|i$", word)]
    if not nuclei:
        return None
    back = 3 if (word in _SLIDING or _ANTEPENULT.search(word)) and len(nuclei) > 2 else 2
    return nuclei[-min(back, len(nuclei))]
