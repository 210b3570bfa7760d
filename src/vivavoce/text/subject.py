"""What a talk is about, in a few words of the person's own. Pure; in the languages of `subject_words`.

Of all stretches of at most MOST words of a sentence that begin and end with a word that means something the one that
holds most: words that come again in the talk count for more, small words within it cost. Keywords by their weight in
a window, after H. P. Luhn, "The automatic creation of literature abstracts", 1958.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

from vivavoce.text.language import language_of
from vivavoce.text.relevance import STEM, stems
from vivavoce.text.subject_words import FRAMES, LINKS, POSSESSIVE, SMALL

MOST, LONGEST = 6, 60
"""Words and characters of a subject."""
READ = 400
"""Characters of a turn that are looked at: what is asked for stands there, what is pasted behind it."""
AGAIN = 0.5
"""What a word is worth more that others of the talk hold as well."""
NAME = 0.4
"""What a word is worth more that is written large within a sentence; German writes all nouns so."""
OWN = 0.7
"""What a word is worth more behind "my"."""
LINK, JOINT, SMALL_WITHIN = 0.15, 0.4, 1.6
"""What words within a stretch cost; a joint is an "and"."""
JOINTS = frozenset("and e y und et".split())
ENOUGH = 1.0


@dataclass(frozen=True, slots=True)
class _Word:
    text: str
    worth: float
    kind: str  # "word", "link", "joint", "small", "frame"


def title(asked: Sequence[str], answered: Sequence[str]) -> str:
    """For a talk in which a person `asked` and was `answered` so: its subject, else the first words; "" where they said
    nothing."""
    first = next((text for text in asked if text.strip()), "")
    return subject(asked, answered, spoken_in(asked, answered)) or first_words(first)


def spoken_in(asked: Sequence[str], answered: Sequence[str]) -> str:
    """The language of a talk by its small words; "" where it is none that is known here."""
    text = " ".join(text[:READ] for text in (*asked, *answered))
    known = _known(text)
    likeliest = [language for language, count in known.items() if count == max(known.values())]
    return likeliest[0] if len(likeliest) == 1 else language_of(text, LINKS) or ""


def subject(asked: Sequence[str], answered: Sequence[str], language: str) -> str:
    """In the words of the first turn of a person that has one; "" where none has. The first letter is large."""
    if language not in LINKS:
        return ""
    again = Counter(stem for text in (*asked, *answered) for stem in set(stems(text[:READ])))
    for text in asked:
        best = max(
            (found for sentence in _sentences(text[:READ]) for found in _stretches(_words(sentence, language, again))),
            key=lambda found: found[0],
            default=(0.0, ""),
        )
        if best[0] >= ENOUGH:
            return best[1][:1].upper() + best[1][1:]
    return ""


def first_words(text: str) -> str:
    """The beginning of what was said, cut between words."""
    words = text.split()
    kept = " ".join(words[:MOST])
    cut = kept[:LONGEST].rstrip(".,;:")
    return cut + "…" if len(words) > MOST or len(kept) > LONGEST else cut


def is_about(made: str, said: Sequence[str]) -> float:
    """Share of a title's words that mean something and stand in what was said, 0 to 1."""
    wanted, held = stems(made), {stem for text in said for stem in stems(text)}
    return sum(any(stem == one or one.startswith(stem) for one in held) for stem in wanted) / max(1, len(wanted))


def is_foreign(made: str, language: str) -> bool:
    """Whether the small words of a title are rather another language's; never of a language that is not known here."""
    if language not in LINKS:
        return False
    known = _known(made)
    return max(known.values()) > known[language]


def _known(text: str) -> dict[str, int]:
    """How many words of a text are ones that every text of a language has."""
    words = re.findall(r"[^\W\d_]+", text.lower())
    return {
        each: sum(word in SMALL[each] or word in LINKS[each] or word in FRAMES[each] for word in words)
        for each in LINKS
    }


def _sentences(text: str) -> list[str]:
    return [part for part in re.split(r"[.!?…;:\n]+(?:\s|$)|[()«»\"“”]|,\s", text) if part.strip()]


def _words(sentence: str, language: str, again: Counter[str]) -> list[_Word]:
    found = re.findall(r"[^\W_]+(?:[-’'][^\W_]+)*['’]?|[^\s\w]", sentence)
    parts = [part for word in found for part in _parts(word, language)]
    return [_word(part, parts[n - 1].lower() if n else "", language, again) for n, part in enumerate(parts)]


def _parts(word: str, language: str) -> list[str]:
    """ "dell'esame" and "l'école" are two words."""
    match = re.fullmatch(r"([^\W\d_]{1,7}['’])(\w.*)", word) if language in ("it", "fr") else None
    return [match[1], match[2]] if match and match[1].lower() != "aujourd'" else [word]


def _word(text: str, before: str, language: str, again: Counter[str]) -> _Word:
    """`before`: the word before it, "" for none."""
    plain = text.lower().replace("’", "'").strip("'")
    if plain in JOINTS and plain in LINKS[language]:
        return _Word(text, 0.0, "joint")
    if plain in SMALL[language]:
        return _Word(text, 0.0, "small")
    if plain in LINKS[language]:
        return _Word(text, 0.0, "link")
    if plain in FRAMES[language] or not any(letter.isalnum() for letter in plain):
        return _Word(text, 0.0, "frame")
    stem = next(iter(stems(plain)), plain[:STEM])
    worth = 1.0 if len(plain) > 2 or plain.isdecimal() else 0.5
    worth += AGAIN * (again[stem] > 1) + NAME * (text[:1].isupper() and before != "")
    worth += OWN * (before in POSSESSIVE)
    return _Word(text, worth, "word")


def _stretches(words: Sequence[_Word]) -> list[tuple[float, str]]:
    """What each stretch is worth, and its text. None goes over a word that only asks."""
    found: list[tuple[float, str]] = []
    for first, word in enumerate(words):
        if word.kind != "word":
            continue
        worth = 0.0
        for last in range(first, min(len(words), first + MOST)):
            if words[last].kind == "frame":
                break
            worth += words[last].worth - {"link": LINK, "joint": JOINT, "small": SMALL_WITHIN}.get(
                words[last].kind, 0.0
            )
            text = _joined(words[first : last + 1])
            if words[last].kind == "word" and len(text) <= LONGEST:
                found.append((worth - 0.01 * first, text))
    return found


def _joined(words: Sequence[_Word]) -> str:
    return re.sub(r"(?<=['’]) ", "", " ".join(word.text for word in words))
