"""English text to the phonemes that Kokoro learned: misaki's dictionaries, a few rules, and letters to sounds.

The dictionaries (gold: checked by hand, silver: by machine) and the treatment of function words follow misaki 0.9
(hexgrad, Apache-2.0). misaki's own code needs spaCy and num2words; here its data is read and a guess from the word
before stands in for the tagger, which only homographs ("to record", "the record") need.
"""

from __future__ import annotations

import json
import re
import unicodedata
from dataclasses import dataclass
from importlib.resources import files

from vivavoce.engines.tts.phonemes.letters import LetterToSound

Entry = str | dict[str, str | None]


@dataclass(frozen=True, slots=True)
class _Ahead:
    """What follows a word. `vowel`: whether the next sound is one, None before a pause or the end."""

    vowel: bool | None = None
    to: bool = False


class English:
    """`british`: Received Pronunciation, else General American. Loads 6 MB of dictionaries: a third of a second."""

    def __init__(self, *, british: bool = False) -> None:
        self._british = british
        accent = "gb" if british else "us"
        self._gold = _with_capitals(_read(f"{accent}_gold.json"))
        self._silver = _with_capitals(_read(f"{accent}_silver.json"))
        self._letters = LetterToSound()

    def phonemes(self, text: str) -> str:
        """The sounds of `text` with its punctuation and one space between words."""
        text = unicodedata.normalize("NFC", text).replace("’", "'").replace("‘", "'")
        tokens = _TOKEN.findall(text.lower() if text.isupper() and " " in text.strip() else text)
        said: list[str] = []
        ahead = _Ahead()
        for place in range(len(tokens) - 1, -1, -1):
            token = tokens[place]
            if not token[0].isalpha():
                said.append(_PAUSES.get(token[0], ""))
                ahead = _Ahead() if said[-1] else ahead
                continue
            sounds = self._token(token, tokens[place - 1] if place else "", ahead)
            said.append(" " + sounds)
            first = sounds.lstrip("ˈˌ")[:1]
            ahead = _Ahead(first in _VOWELS if first else ahead.vowel, token.lower() == "to")
        joined = "".join(reversed(said)).replace("ɾ", "T").replace("ʔ", "t")
        return re.sub(r"\s+", " ", _DOUBLED.sub("", joined)).strip()

    def _token(self, token: str, before: str, ahead: _Ahead) -> str:
        """A word, or a compound ("well-known", "GitHub") word by word under one main stress."""
        parts = _PARTS.split(token)
        if len(parts) < 2 or self._known(token):
            return self._word(token, _tag(before), ahead)
        said = [self._word(part, "", ahead) for part in parts]
        return said[0] + "".join(part.replace("ˈ", "ˌ") for part in said[1:])

    def _word(self, word: str, tag: str, ahead: _Ahead) -> str:
        sounds = self._small(word.lower(), ahead) if word not in ("A", "AM", "IN") or not ahead.to else None
        if sounds is not None:
            return sounds
        if word.endswith("'s") and word[:-2].isupper():
            return self._with_s(self._word(word[:-2], "", ahead))
        if word.isupper() and len(word) > 1 and self._is_initials(word):
            return self._spell(word)
        return (
            self._look_up(word, tag, ahead)
            or self._look_up(word.lower(), tag, ahead)
            or self._inflected(word.lower(), tag, ahead)
            or self._unknown(word)
        )

    def _small(self, word: str, ahead: _Ahead) -> str | None:
        """Words that lean on the next one change with its first sound."""
        pause = ahead.vowel is None
        if word == "used" and ahead.to:
            return "jˈust"
        forms = {
            "a": "ɐ",
            "an": "ɐn",
            "the": "ði" if ahead.vowel else "ðə",
            "to": "tu" if pause else "tʊ" if ahead.vowel else "tə",
            "in": "ˈɪn" if pause else "ɪn",
            "i": "ˌI",
            "am": "ˈæm" if pause else "ɐm",
        }
        return forms.get(word)

    def _look_up(self, word: str, tag: str, ahead: _Ahead) -> str | None:
        entry = self._gold.get(word, self._silver.get(word))
        if not isinstance(entry, dict):
            return entry
        if ahead.vowel is None and "None" in entry:
            return entry["None"]
        return entry.get(tag, entry["DEFAULT"])

    def _known(self, word: str) -> bool:
        return any(form in self._gold or form in self._silver for form in (word, word.lower()))

    def _inflected(self, word: str, tag: str, ahead: _Ahead) -> str | None:
        """Plurals, genitives, past tenses and -ing forms of words that are in the dictionaries."""
        for ending, stems, join in (
            ("s", _stems_of_s, self._with_s),
            ("d", _stems_of_ed, self._with_ed),
            ("ing", _stems_of_ing, _with_ing),
        ):
            for stem in stems(word) if word.endswith(ending) else ():
                if len(stem) > 1 and (sounds := self._look_up(stem, tag, ahead)):
                    return join(sounds)
        return None

    def _with_s(self, sounds: str) -> str:
        if sounds[-1] in "ptkfθ":
            return sounds + "s"
        return sounds + (("ɪ" if self._british else "ᵻ") + "z" if sounds[-1] in "szʃʒʧʤ" else "z")

    def _with_ed(self, sounds: str) -> str:
        if sounds[-1] in "pkfθʃsʧ":
            return sounds + "t"
        if sounds[-1] not in "dt":
            return sounds + "d"
        if sounds[-1] == "t" and not self._british and sounds[-2:-1] in _FLAPS:
            return sounds[:-1] + "ɾᵻd"
        return sounds + ("ɪ" if self._british else "ᵻ") + "d"

    def _is_initials(self, word: str) -> bool:
        """Whether capitals are read one by one: FBI, but not NASA; IT and US, but not STOP."""
        if word in self._gold and word.lower() not in _INITIALS:
            return False
        if word.lower() in _INITIALS:
            return True
        return word.lower() not in self._gold and (len(word) < 4 or not re.search(r"[AEIOUY]", word[:3]))

    def _spell(self, word: str) -> str:
        names = "".join(str(self._gold.get(letter, "")) for letter in word if letter.isalpha()).replace("ˈ", "ˌ")
        head, _, last = names.rpartition("ˌ")
        return f"{head}ˈ{last}" if last else names

    def _unknown(self, word: str) -> str:
        """A word that no dictionary has. Without marks ("café") it may be there; what has no vowel is spelled."""
        plain = "".join(c for c in unicodedata.normalize("NFKD", word.lower()) if c.isascii() and c.isalpha())
        if plain != word.lower() and (sounds := self._gold.get(plain) or self._silver.get(plain)):
            return sounds if isinstance(sounds, str) else str(sounds["DEFAULT"])
        if not re.search(r"[aeiouy]", plain):
            return self._spell(plain.upper())
        sounds = self._letters.sounds(plain)
        return _as_british(sounds) if self._british else sounds


def _read(name: str) -> dict[str, Entry]:
    """misaki is used as data: none of its code is imported but its empty package."""
    entries: dict[str, Entry] = json.loads(files("misaki").joinpath("data", name).read_bytes())
    return entries


def _with_capitals(entries: dict[str, Entry]) -> dict[str, Entry]:
    """Names may stand in lower case."""
    lowered = {word.lower(): entry for word, entry in entries.items() if len(word) > 1 and word.istitle()}
    return lowered | entries


def _tag(before: str) -> str:
    """The likely part of speech of a homograph, from the word before it."""
    before = before.lower()
    if before in _BEFORE_VERB:
        return "VERB"
    if before in _BEFORE_PARTICIPLE:
        return "VBN"
    return "NOUN" if before in _BEFORE_NOUN else ""


def _stems_of_s(word: str) -> tuple[str, ...]:
    if word.endswith("'s"):
        return (word[:-2],)
    if word.endswith("ies"):
        return (word[:-1], word[:-3] + "y")
    return () if word.endswith("ss") else (word[:-1], word[:-2] if word.endswith("es") else "")


def _stems_of_ed(word: str) -> tuple[str, ...]:
    if word.endswith("ied"):
        return (word[:-3] + "y",)
    return (word[:-1], word[:-2], word[:-3] if word[-4:-3] == word[-3:-2] else "") if word.endswith("ed") else ()


def _stems_of_ing(word: str) -> tuple[str, ...]:
    return (word[:-3], word[:-3] + "e", word[:-4] if word[-5:-4] == word[-4:-3] else "")


def _with_ing(sounds: str) -> str:
    if sounds[-1] == "t" and sounds[-2:-1] in _FLAPS:
        return sounds[:-1] + "ɾɪŋ"
    return sounds + "ɪŋ"


def _as_british(sounds: str) -> str:
    """General American to Received Pronunciation, roughly: for guessed words only."""
    sounds = re.sub(r"ɜɹ", "ɜː", sounds.replace("O", "Q").replace("əɹ", "ə"))
    sounds = re.sub(r"(?<=[ɑɔ])ɹ(?![AIQWYaeiouæɑɒɔəɛɜɪʊʌ])", "ː", sounds)
    return re.sub(r"([iu])(?!ː)", r"\1ː", sounds)


_TOKEN = re.compile(r"[^\W\d_]+(?:['\-][^\W\d_]+)*|[.]{2,}|[;:,.!?—–…()]|(?<=\s)-(?=\s)")
_PARTS = re.compile(r"-|(?<=[a-z])(?=[A-Z])")
_PAUSES = {mark: mark for mark in ";:,.!?—…"} | {"–": "—", "-": "—", "(": ",", ")": ","}
_DOUBLED = re.compile(r",(?=\s*[;:,.!?—…])")
_VOWELS = frozenset("AIOQWYaiuæɑɒɔəɛɜɪʊʌᵻɐ")
_FLAPS = frozenset("AIOWYiuæɑəɛɪɹʊʌ")
_INITIALS = frozenset("us it ai pc tv id ip un eu uk am pm ok cd dj vs hr pr qa ui ux os ad bc".split())
_BEFORE_VERB = frozenset(
    "to will would can could should shall may might must don't didn't doesn't won't can't i you we they please let's"
    " not always never".split()
)
_BEFORE_PARTICIPLE = frozenset("have has had was were been is are be being i've you've we've they've already".split())
_BEFORE_NOUN = frozenset(
    "the a an my your his her its our their this that these those of no some any new old in on for with and".split()
)
