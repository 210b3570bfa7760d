"""Whole numbers in words: English, Italian, Spanish, French, Portuguese, German."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

LARGEST = 10**12
"""Numbers from here on are read digit by digit: nobody follows them as words."""


def cardinal(number: int, language: str) -> str:
    """The number in words; "3" → "three". Raises KeyError for a language that has no table here."""
    tongue = _TONGUES[language]
    if number < 0:
        return f"{tongue.minus} {cardinal(-number, language)}"
    if number >= LARGEST:
        return digits(str(number), language)
    if number == 0:
        return tongue.zero
    return _groups(number, tongue)


def digits(text: str, language: str) -> str:
    """Each decimal digit by itself; "007" → "zero zero seven"."""
    return " ".join(cardinal(int(digit), language) for digit in text)


def ordinal(number: int, language: str) -> str:
    """English, Italian ("terzo") and German ("dritte") ordinals; the cardinal in other languages."""
    words = cardinal(number, language)
    if language == "en":
        return _english_ordinal(words)
    if language == "it":
        return _italian_ordinal(number, words)
    if language == "de":
        return _DE_ORDINALS.get(number) or words + ("te" if number % 100 < 20 else "ste")
    return words


def year(number: int, language: str) -> str:
    """A year as it is read: "nineteen oh five" in English, "neunzehnhundertfünf" in German, else the number."""
    century, rest = divmod(number, 100)
    if language == "de" and 11 <= century <= 19:
        return cardinal(century, "de") + "hundert" + (cardinal(rest, "de") if rest else "")
    if language != "en" or not 11 <= century <= 20 or 2000 <= number < 2010:
        return cardinal(number, language)
    if rest == 0:
        return f"{cardinal(century, 'en')} hundred"
    return f"{cardinal(century, 'en')} {'oh ' if rest < 10 else ''}{cardinal(rest, 'en')}"


def languages() -> frozenset[str]:
    """Languages whose numbers are known here."""
    return frozenset(_TONGUES)


@dataclass(frozen=True, slots=True)
class _Tongue:
    """How one language builds numbers. `hundreds`: 1..999 in words; `thousand`: 1..999 (thousands) in words;
    `powers`: (singular, plural) of 10^6 and, where there is a word, 10^9; `link`: what stands between the thousands
    and the value of the last group."""

    zero: str
    minus: str
    hundreds: Callable[[int], str]
    thousand: Callable[[int], str]
    powers: tuple[tuple[str, str], ...]
    link: Callable[[int], str] = lambda rest: " "


def _groups(number: int, tongue: _Tongue) -> str:
    rest = number % 1000
    thousands = number // 1000 % 1000
    words = tongue.hundreds(rest) if rest else ""
    if thousands:
        words = tongue.thousand(thousands) + (tongue.link(rest) + words if words else "")
    for power, (one, many) in enumerate(tongue.powers, start=2):
        last = power == len(tongue.powers) + 1
        count = number // 1000**power if last else number // 1000**power % 1000
        if count:
            head = one if count == 1 else f"{_groups(count, tongue)} {many}"
            words = f"{head} {words}" if words else head
    return words


# --- English -----------------------------------------------------------------------------------------

_EN = (
    "zero one two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen sixteen seventeen"
    " eighteen nineteen".split()
)
_EN_TENS = ["", "", *"twenty thirty forty fifty sixty seventy eighty ninety".split()]
_EN_ORDINALS = {
    "one": "first", "two": "second", "three": "third", "five": "fifth", "eight": "eighth", "nine": "ninth",
    "twelve": "twelfth",
}  # fmt: skip


def _english(number: int) -> str:
    hundred, rest = divmod(number, 100)
    ten, unit = divmod(rest, 10)
    low = _EN[rest] if rest < 20 else _EN_TENS[ten] + (f"-{_EN[unit]}" if unit else "")
    if not hundred:
        return low
    return f"{_EN[hundred]} hundred" + (f" {low}" if rest else "")


def _english_ordinal(words: str) -> str:
    head, last = words[: (cut := max(words.rfind(" "), words.rfind("-")) + 1)], words[cut:]
    if last in _EN_ORDINALS:
        return head + _EN_ORDINALS[last]
    return head + (last[:-1] + "ieth" if last.endswith("y") else last + "th")


# --- Italian -----------------------------------------------------------------------------------------

_IT = (
    "zero uno due tre quattro cinque sei sette otto nove dieci undici dodici tredici quattordici quindici sedici"
    " diciassette diciotto diciannove".split()
)
_IT_TENS = ["", "", *"venti trenta quaranta cinquanta sessanta settanta ottanta novanta".split()]
_IT_ORDINALS = ["", *"primo secondo terzo quarto quinto sesto settimo ottavo nono decimo".split()]


def _italian(number: int) -> str:
    hundred, rest = divmod(number, 100)
    head = "" if not hundred else "cento" if hundred == 1 else _IT[hundred] + "cento"
    if rest < 20:
        low = "tré" if rest == 3 and head else _IT[rest] if rest else ""
    else:
        ten, unit = _IT_TENS[rest // 10], rest % 10
        low = (ten[:-1] if unit in (1, 8) else ten) + ("tré" if unit == 3 else _IT[unit] if unit else "")
    return (head[:-1] if head and low.startswith("ott") else head) + low


def _italian_thousand(thousands: int) -> str:
    return "mille" if thousands == 1 else _italian(thousands).replace("tré", "tre") + "mila"


def _italian_ordinal(number: int, words: str) -> str:
    if 0 < number <= 10:
        return _IT_ORDINALS[number]
    if words.endswith("tré"):
        return words[:-1] + "eesimo"
    return (words if words.endswith("sei") else words[:-1]) + "esimo"


# --- Spanish -----------------------------------------------------------------------------------------

_ES = (
    "cero uno dos tres cuatro cinco seis siete ocho nueve diez once doce trece catorce quince dieciséis diecisiete"
    " dieciocho diecinueve veinte veintiuno veintidós veintitrés veinticuatro veinticinco veintiséis veintisiete"
    " veintiocho veintinueve".split()
)
_ES_TENS = ["", "", "", *"treinta cuarenta cincuenta sesenta setenta ochenta noventa".split()]
_ES_HUNDREDS = [
    "",
    *"ciento doscientos trescientos cuatrocientos quinientos seiscientos setecientos ochocientos novecientos".split(),
]


def _spanish(number: int) -> str:
    if number == 100:
        return "cien"
    hundred, rest = divmod(number, 100)
    ten, unit = divmod(rest, 10)
    low = (_ES[rest] if rest else "") if rest < 30 else _ES_TENS[ten] + (f" y {_ES[unit]}" if unit else "")
    return f"{_ES_HUNDREDS[hundred]} {low}".strip()


def _spanish_thousand(thousands: int) -> str:
    if thousands == 1:
        return "mil"
    words = _spanish(thousands)
    if words.endswith("veintiuno"):
        return words[:-3] + "ún mil"
    return (words[:-1] if words.endswith("uno") else words) + " mil"


# --- French ------------------------------------------------------------------------------------------

_FR = (
    "zéro un deux trois quatre cinq six sept huit neuf dix onze douze treize quatorze quinze seize dix-sept dix-huit"
    " dix-neuf".split()
)
_FR_TENS = ["", "", *"vingt trente quarante cinquante soixante soixante quatre-vingt quatre-vingt".split()]


def _french_low(rest: int) -> str:
    if rest < 20:
        return _FR[rest] if rest else ""
    ten, unit = divmod(rest, 10)
    if ten in (7, 9):
        unit += 10
    if unit in (1, 11) and ten < 8:
        return f"{_FR_TENS[ten]} et {_FR[unit]}"
    return f"{_FR_TENS[ten]}-{_FR[unit]}" if unit else _FR_TENS[ten] + ("s" if rest == 80 else "")


def _french(number: int) -> str:
    hundred, rest = divmod(number, 100)
    if not hundred:
        return _french_low(rest)
    head = "cent" if hundred == 1 else f"{_FR[hundred]} cent" + ("" if rest else "s")
    return f"{head} {_french_low(rest)}".strip()


def _french_thousand(thousands: int) -> str:
    return (
        "mille"
        if thousands == 1
        else _french(thousands).removesuffix("s" if thousands % 100 in (0, 80) else "$") + " mille"
    )


# --- Portuguese --------------------------------------------------------------------------------------

_PT = (
    "zero um dois três quatro cinco seis sete oito nove dez onze doze treze quatorze quinze dezesseis dezessete dezoito"
    " dezenove".split()
)
_PT_TENS = ["", "", *"vinte trinta quarenta cinquenta sessenta setenta oitenta noventa".split()]
_PT_HUNDREDS = [
    "", *"cento duzentos trezentos quatrocentos quinhentos seiscentos setecentos oitocentos novecentos".split()
]  # fmt: skip


def _portuguese(number: int) -> str:
    if number == 100:
        return "cem"
    hundred, rest = divmod(number, 100)
    ten, unit = divmod(rest, 10)
    low = (_PT[rest] if rest else "") if rest < 20 else _PT_TENS[ten] + (f" e {_PT[unit]}" if unit else "")
    return " e ".join(part for part in (_PT_HUNDREDS[hundred], low) if part)


def _portuguese_thousand(thousands: int) -> str:
    return "mil" if thousands == 1 else f"{_portuguese(thousands)} mil"


def _portuguese_link(rest: int) -> str:
    return " e " if rest <= 100 or rest % 100 == 0 else " "


# --- German ------------------------------------------------------------------------------------------

_DE = (
    "null ein zwei drei vier fünf sechs sieben acht neun zehn elf zwölf dreizehn vierzehn fünfzehn sechzehn siebzehn"
    " achtzehn neunzehn".split()
)
_DE_ORDINALS = {1: "erste", 3: "dritte", 7: "siebte", 8: "achte"}
_DE_TENS = ["", "", *"zwanzig dreißig vierzig fünfzig sechzig siebzig achtzig neunzig".split()]


def _german_stem(number: int) -> str:
    hundred, rest = divmod(number, 100)
    ten, unit = divmod(rest, 10)
    low = (_DE[rest] if rest else "") if rest < 20 else (f"{_DE[unit]}und" if unit else "") + _DE_TENS[ten]
    return (_DE[hundred] + "hundert" if hundred else "") + low


def _german(number: int) -> str:
    return _german_stem(number) + ("s" if number % 100 == 1 else "")


_TONGUES = {
    "en": _Tongue(
        "zero", "minus", _english, lambda count: f"{_english(count)} thousand",
        (("one million", "million"), ("one billion", "billion")),
    ),
    "it": _Tongue(
        "zero", "meno", _italian, _italian_thousand, (("un milione", "milioni"), ("un miliardo", "miliardi")),
        lambda rest: "",
    ),
    "es": _Tongue(
        "cero", "menos", _spanish, _spanish_thousand, (("un millón", "millones"),),
    ),
    "fr": _Tongue(
        "zéro", "moins", _french, _french_thousand, (("un million", "millions"), ("un milliard", "milliards")),
    ),
    "pt": _Tongue(
        "zero", "menos", _portuguese, _portuguese_thousand, (("um milhão", "milhões"), ("um bilhão", "bilhões")),
        _portuguese_link,
    ),
    "de": _Tongue(
        "null", "minus", _german, lambda count: _german_stem(count) + "tausend",
        (("eine Million", "Millionen"), ("eine Milliarde", "Milliarden")), lambda rest: "",
    ),
}  # fmt: skip
