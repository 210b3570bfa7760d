"""Words that say "I am listening, go on", and words that say "stop", in the languages that people speak to us. Pure."""

from __future__ import annotations

import unicodedata

LISTENING_WORDS = frozenset(
    # "i see" is two words: see PHRASES
    "mm mmm mhm mm-hm mmhm hm hmm uh-huh uhhuh uh huh aha ah oh yeah yep yes yup right sure ok okay cool nice "
    "great wow really thanks good fine exactly exact indeed true so see correct absolutely totally understood sì si sí "
    "certo capisco entiendo bon compris verstehe sicher già ecco esatto bene capito va vale claro ya bueno exacto "
    "oui ouais d'accord voilà bien ja genau klar gut stimmt да ага угу sim pois".split()
)
PHRASES = (
    "i see", "got it", "of course", "all right", "uh huh", "mm hm", "i know", "makes sense", "make sense", "ya veo",
    "va bene", "ho capito",
    "de acuerdo", "bien sûr", "je vois", "ach so", "alles klar", "thank you",
)  # fmt: skip
STOP_WORDS = frozenset(
    "stop wait no nope non nein hey hold pause enough quiet shush listen actually but sorry excuse "
    "aspetta ferma basta scusa ma senti espera para alto perdón pero attends attendez arrête arrêtez mais pardon "
    "warte halt stopp moment aber entschuldigung стоп подожди хватит".split()
)
MOST_WORDS = 4
HUMMED = frozenset("mnhaeiouyıмнхаеиоуыэمنهحيواءى")
"""Sounds of which "mm-hm" and "uh-huh" consist: nasals, breath and vowels. A recogniser that is not told the language
spells them in any script and as any word of these ("İmamı", "إحاء")."""
LONGEST_HUM = 6  # letters
NO_HUMS = STOP_WORDS | frozenset("you me my we one any in on an am mom mum mama anna home name human money".split())
"""Words of such sounds alone that people mean."""


def plain(words: str) -> list[str]:
    """Lower-case words without punctuation."""
    composed = unicodedata.normalize("NFC", words.casefold())
    bare = (char for char in composed if not unicodedata.combining(char))  # the dot of a lower-cased İ
    kept = "".join(char if char.isalnum() or char in "'-" else " " for char in bare)
    return [word.strip("'-") for word in kept.split() if word.strip("'-")]


def is_backchannel(words: str) -> bool:
    """Whether `words` are only a sign of attention. Empty words are none."""
    said = plain(words)
    if not said or len(said) > MOST_WORDS or said[0] in STOP_WORDS:
        return False
    if all(_is_hum(word) for word in said):
        return True
    joined = " ".join(said)
    for phrase in PHRASES:
        joined = joined.replace(phrase, "ok")
    return all(word in LISTENING_WORDS for word in joined.split())


def may_become_backchannel(words: str) -> bool:
    """Whether `words` are the beginning of a sign of attention of several words: "I" of "I see"."""
    said = plain(words)
    while said and said[0] in LISTENING_WORDS:
        said = said[1:]
    return bool(said) and any(phrase.startswith(" ".join(said)) for phrase in PHRASES)


def asks_to_stop(words: str) -> bool:
    """Whether the first word already claims the floor."""
    said = plain(words)
    return bool(said) and said[0] in STOP_WORDS


def _is_hum(word: str) -> bool:
    if word in NO_HUMS:
        return False
    letters = [char for char in unicodedata.normalize("NFKD", word) if char.isalpha()]
    return 2 <= len(letters) <= LONGEST_HUM and HUMMED.issuperset(letters)
