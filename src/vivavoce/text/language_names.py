"""English names of languages, as OpenAI's transcriptions call them, and their ISO 639-1 codes."""

from __future__ import annotations

CODES = {
    "arabic": "ar",
    "chinese": "zh",
    "czech": "cs",
    "danish": "da",
    "dutch": "nl",
    "english": "en",
    "finnish": "fi",
    "french": "fr",
    "german": "de",
    "greek": "el",
    "hebrew": "he",
    "hindi": "hi",
    "hungarian": "hu",
    "italian": "it",
    "japanese": "ja",
    "korean": "ko",
    "norwegian": "no",
    "polish": "pl",
    "portuguese": "pt",
    "romanian": "ro",
    "russian": "ru",
    "spanish": "es",
    "swedish": "sv",
    "turkish": "tr",
    "ukrainian": "uk",
    "vietnamese": "vi",
}

_NAMES = {code: name for name, code in CODES.items()}


def name_of(code: str) -> str:
    """The English name of a language; the code itself where none is known."""
    return _NAMES.get(code, code)
