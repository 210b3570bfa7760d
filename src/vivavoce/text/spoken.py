"""Written text as it is said: markup, emoji and links out, numbers, dates, money and signs in words.

Language models write for the eye; a synthesizer reads what it gets. What has no sound (code, tables' rules, pictures)
is left out, what has one is written out, so that all synthesizers say the same and captions can stay as written.
"""

from __future__ import annotations

import html
import re
import unicodedata
from collections.abc import Callable
from functools import cache

from vivavoce.text.numbers import cardinal, digits, ordinal, year
from vivavoce.text.vocabulary import VOCABULARIES, Vocabulary

Rule = tuple[re.Pattern[str], Callable[[re.Match[str]], str]]


def pronounceable(text: str, language: str) -> str:
    """What to say for `text`; empty when there is nothing to say (emoji, rules, code alone).

    `language`: ISO 639-1, of en, it, es, fr, pt, de for numbers and signs in words; in others these stay as they are.
    """
    language = language[:2].lower()
    known = VOCABULARIES.get(language)
    text = _without_markup(text, known)
    if known is not None:
        for pattern, said in _rules(language):
            text = pattern.sub(said, text)
    text = _tidy(text)
    return text if any(character.isalnum() for character in text) else ""


# --- markup ------------------------------------------------------------------------------------------


def _without_markup(text: str, known: Vocabulary | None) -> str:
    text = html.unescape(_TAG.sub(" ", _FENCED.sub(" ", text)))
    text = _LINK.sub(r"\1", text)
    text = _WEB.sub(lambda match: _said_address(match, known), text)
    text = _MAIL.sub(lambda match: _said_address(match, known), text)
    text = _NUMBERED.sub(r"\1, ", _LINE_START.sub("", text))
    text = _EMPHASIS.sub("", text).replace("_", " ").replace("|", ", ")
    return _LINE_END.sub(". ", text.strip()).replace("\n", " ")


def _said_address(match: re.Match[str], known: Vocabulary | None) -> str:
    """Of a web address only the host is said, an e-mail address whole; a full stop after it stays one."""
    dot, at = (known.dot, known.at) if known else (".", "@")
    said = match["said"].rstrip(_ENDS)
    end = match[0][len(match[0].rstrip(_ENDS)) :]
    return said.replace("@", f" {at} ").replace(".", f" {dot} ") + end


_ENDS = ".,;:!?"
_FENCED = re.compile(r"```.*?(?:```|\Z)", re.DOTALL)
_TAG = re.compile(r"</?[a-zA-Z][^<>\n]{0,200}>|<!--.*?-->", re.DOTALL)
_LINK = re.compile(r"!?\[([^\[\]]*)\]\([^()\s]*(?:\s[^()]*)?\)")
_WEB = re.compile(r"(?:https?://(?:www\.)?|\bwww\.)(?P<said>[^\s/?#:()<>\"'*]+)(?:[/?#:][^\s()<>\"'*]*)?")
_MAIL = re.compile(r"\b(?P<said>[\w.+-]+@[\w-]+(?:\.[\w-]+)+)")
_LINE_START = re.compile(
    r"^[ \t]*(?:#{1,6}[ \t]+|>+[ \t]*|[-*+•‣◦][ \t]+(?=\S)|(?:[-*_=][ \t]*){3,}$|\|[ \t:|-]+\|?$|\|)", re.MULTILINE
)
_NUMBERED = re.compile(r"^[ \t]*(\d{1,3})[.)][ \t]+(?=\S)", re.MULTILINE)
_EMPHASIS = re.compile(r"(?<![\d\s])\*+|\*+(?![\d\s*])|\*{2,}|(?<!\w)_+|_+(?!\w)|~~|`+")
_LINE_END = re.compile(r"(?<=[^\s.,;:!?…。！？，、；：।])[ \t]*\n\s*")


# --- what is left once all is said -------------------------------------------------------------------


def _tidy(text: str) -> str:
    """Drop pictures and signs without a sound, close gaps, keep one mark of a row of marks."""
    text = "".join(character if _has_sound(character) else " " for character in text)
    text = _MARKS.sub(r"\1", _GAP.sub(r"\1", _SPACES.sub(" ", _BRACKETS.sub("", text))))
    return text.strip()


def _has_sound(character: str) -> bool:
    return unicodedata.category(character) not in _SILENT and character not in "\ufe0f\u20e3\\#^~<>=|{}[]"


_SILENT = {"So", "Sk", "Sm", "Sc", "Co", "Cs", "Cn", "Cc", "Me"}
_SPACES = re.compile(r"\s+")
_BRACKETS = re.compile(r"\(\s*\)|\"\s*\"")
_GAP = re.compile(r"\s+([.,;:!?…)])")
_MARKS = re.compile(r"([!?])[!?]+|(?<=[,;:])[,;:.]+")


# --- numbers, dates, money, signs --------------------------------------------------------------------


@cache
def _rules(language: str) -> tuple[Rule, ...]:
    """In the order in which they apply: the most particular first, bare numbers last."""
    say = _Sayer(language, VOCABULARIES[language])
    return (*say.abbreviations(), *say.dates(), *say.times(), *say.amounts(), *say.figures(), *say.signs())


class _Sayer:
    """The rules of one language. `number` in the patterns is a number as that language writes it."""

    def __init__(self, language: str, words: Vocabulary) -> None:
        self.language, self.words = language, words
        group = f"[{re.escape(words.group)}]" if language == "en" else rf"[{re.escape(words.group)}\u202f\u00a0]"
        if language == "fr":
            group = r"[ .\u202f\u00a0]"
        other = "" if words.point == "." else r"|\.\d{1,2}(?![\d.])"  # "3.5", written as the English do
        self.number = rf"(?:\d{{1,3}}(?:{group}\d{{3}})+|\d+)(?:{re.escape(words.point)}\d+{other})?(?!\d)"

    def cardinal(self, text: str) -> str:
        """A number as written ("1,000.5") in words."""
        whole, part = self._parts(text)
        figure = re.sub(r"\D", "", whole)
        said = digits(figure, self.language) if _as_digits(figure) else cardinal(int(figure), self.language)
        return f"{said} {self.words.comma} {digits(part, self.language)}" if part else said

    def _parts(self, number: str) -> tuple[str, str]:
        """What stands before and after the decimal mark."""
        if re.fullmatch(r"\d+\.\d{1,2}", number):
            whole, _, part = number.partition(".")
        else:
            whole, _, part = number.partition(self.words.point)
        return whole, part

    def abbreviations(self) -> list[Rule]:
        named = self.words.abbreviations
        pattern = "|".join(re.escape(short) for short in sorted(named, key=len, reverse=True))

        def said(match: re.Match[str]) -> str:
            last = match[0].endswith(".") and not match.string[match.end() :].strip()
            return named[match[0]] + ("." if last else "")

        return [(re.compile(rf"(?<![\w.])(?:{pattern})(?!\w)"), said)]

    def dates(self) -> list[Rule]:
        names = "|".join(self.words.months)
        first = rf"\b(?P<month>{names}) (?P<day>\d{{1,2}})(?:st|nd|rd|th)?(?:,? (?P<year>\d{{4}}))?\b(?![:.,]\d)"
        day = r"\b(?P<day>\d{1,2})(?:st|nd|rd|th|er|[°º.])?"
        second = rf"{day} (?:de )?(?P<month>{names})(?: (?:de )?(?P<year>\d{{4}}))?\b"
        short = {month[:3]: month for month in self.words.months} | {"Sept": "September"}
        english: list[Rule] = [
            (re.compile(rf"\b({'|'.join(short)})\.? (?=\d)"), lambda match: f"{short[match[1]]} "),
            (re.compile(first), self._date),
            (re.compile(second), self._date),
        ]
        rules: list[Rule] = [
            (re.compile(r"\b(?P<year>\d{4})-(?P<month>\d\d)-(?P<day>\d\d)\b"), self._date),
            (re.compile(r"\b(?P<day>\d{1,2})([/.])(?P<month>\d{1,2})\2(?P<year>\d{4})\b"), self._date),
        ]
        return rules + (english if self.language == "en" else [(re.compile(second, re.IGNORECASE), self._date)])

    def _date(self, match: re.Match[str]) -> str:
        day, month = int(match["day"]), match["month"]
        if month.isdigit():
            month_number = int(month)
            if self.language == "en" and "/" in match[0] and day <= 12:
                day, month_number = month_number, day  # American order, unless it cannot be
            if not 1 <= month_number <= 12 or not 1 <= day <= 31:
                return " ".join(self.cardinal(figure) for figure in re.findall(r"\d+", match[0]))
            month = self.words.months[month_number - 1]
        return self._said_date(day, month, match["year"])

    def _said_date(self, day: int, month: str, written_year: str | None) -> str:
        said_year = year(int(written_year), self.language) if written_year else ""
        if self.language == "en":
            return f"{month} {ordinal(day, 'en')}" + (f", {said_year}" if said_year else "")
        if self.language == "de":
            return f"{ordinal(day, 'de')}n {month} {said_year}".rstrip()
        said_day = {"it": "primo", "fr": "premier"}.get(self.language) if day == 1 else None
        of = " de" if self.language in ("es", "pt") else ""
        said = f"{said_day or cardinal(day, self.language)}{of} {month}"
        return said + (f"{of} {said_year}" if said_year else "")

    def times(self) -> list[Rule]:
        half = r"(?:\s?(?P<half>[ap])\.?m\b(?:\.(?=\s+[a-z]|,))?)"
        clock = r"\b(?P<hour>[01]?\d|2[0-4]):(?P<minute>[0-5]\d)(?::(?P<second>[0-5]\d))?\b"
        rules: list[Rule] = [(re.compile(clock + half + "?", re.IGNORECASE), self._time)]
        if self.language == "en":
            rules.append((re.compile(rf"\b(?P<hour>1?\d){half}", re.IGNORECASE), self._half_day))
        return rules

    def _time(self, match: re.Match[str]) -> str:
        hour, minute = int(match["hour"]), int(match["minute"])
        if self.language == "en":
            said = self._english_time(hour, minute, bool(match["half"]))
        else:
            said = " ".join(filter(None, (cardinal(hour, self.language), self._hour_joint(minute))))
        if match["second"]:
            said += f" {self.words.joined_by} {cardinal(int(match['second']), self.language)}"
        return said + (f" {match['half'].upper()}M" if match["half"] else "")

    def _hour_joint(self, minute: int) -> str:
        middle = self.words.hour or (self.words.joined_by if minute else "")
        return " ".join(filter(None, (middle, cardinal(minute, self.language) if minute else "")))

    def _english_time(self, hour: int, minute: int, half: bool) -> str:
        if minute == 0:
            return cardinal(hour, "en") + (
                "" if half else " hundred" if hour > 12 or not hour else f" {self.words.hour}"
            )
        return f"{cardinal(hour, 'en')} {'oh ' if minute < 10 else ''}{cardinal(minute, 'en')}"

    def _half_day(self, match: re.Match[str]) -> str:
        return f"{cardinal(int(match['hour']), 'en')} {match['half'].upper()}M"

    def amounts(self) -> list[Rule]:
        """Money, percentages, degrees, units: a number and what it counts."""
        sign = "|".join(re.escape(sign) for sign in sorted(self.words.money, key=len, reverse=True))
        scale = rf"(?P<scale>\s?(?:{'|'.join(self.words.magnitudes)})\b|[kKMB]\b)?"
        unit = "|".join(re.escape(unit) for unit in sorted(self.words.units, key=len, reverse=True))
        return [
            (re.compile(rf"(?P<sign>{sign})\s?(?P<number>{self.number}){scale}"), self._money),
            (re.compile(rf"(?<![\w.,])(?P<number>{self.number}){scale}\s?(?P<sign>{sign})"), self._money),
            (re.compile(rf"(?P<minus>(?<!\w)[-−])?(?P<number>{self.number})\s?(?P<kind>°\s?[CF]?\b|°)"), self._degrees),
            (re.compile(rf"(?<![\w.,])(?P<number>{self.number})\s?(?P<unit>{unit})(?![\w/])"), self._measure),
        ]

    def _money(self, match: re.Match[str]) -> str:
        money, number, scale = self.words.money[match["sign"]], match["number"], (match["scale"] or "").strip()
        whole, part = self._parts(number)
        if scale:
            scale = {"k": "thousand", "K": "thousand", "M": "million", "B": "billion"}.get(scale, scale)
            return " ".join(filter(None, (self.cardinal(number), scale, self.words.of_money, money.many)))
        if len(part) != 2:
            return f"{self.cardinal(number)} {money.one if number == '1' else money.many}"
        said = f"{self._counted(whole)} {money.one if whole == '1' else money.many}"
        if int(part):
            coins = money.cent if part == "01" else money.cents
            said += f" {self.words.joined_by} {self._counted(part.lstrip('0'))} {coins}"
        return said

    def _counted(self, number: str) -> str:
        """A number before what it counts: Romance languages and German shorten their "one" there."""
        short = {"it": "un", "es": "un", "fr": "un", "pt": "um", "de": "ein"}
        return short.get(self.language, "one") if number == "1" else self.cardinal(number)

    def _degrees(self, match: re.Match[str]) -> str:
        minus = f"{self.words.minus} " if match["minus"] else ""
        return f"{minus}{self.cardinal(match['number'])} {self.words.degrees[match['kind'].strip('° ')]}"

    def _measure(self, match: re.Match[str]) -> str:
        one, many = self.words.units[match["unit"]]
        return f"{self._counted(match['number'])} {one if match['number'] == '1' else many}"

    def figures(self) -> list[Rule]:
        """Numbers by themselves."""
        to, minus = f" {self.words.to} ", f"{self.words.minus} "
        rules: list[Rule] = [
            (re.compile(r"(?<!\d)\+?\(?\d{3}\)?[ .-]\d{3}[ .-]\d{4}\b|\b\d{3}-\d{4}\b"), self._telephone),
            (re.compile(r"\b(?P<top>\d)/(?P<bottom>\d{1,2})\b"), self._fraction),
            (re.compile(r"[½⅓⅔¼¾⅛]"), self._fraction_sign),
            (re.compile(r"\b\d+(?:\.\d+){2,}\b"), self._version),
            (re.compile(r"(?<=\d)\s?[–-]\s?(?=\d)"), lambda _: to),
            (re.compile(r"(?<![\w.,)])[-−](?=\d)"), lambda _: minus),
            (re.compile(r"(?<=\d)\s?(?:\*|(?<=\s)x(?=\s))\s?(?=\d)"), lambda _: f" {self.words.signs['×']} "),
            (re.compile(r"#(?=\d)"), lambda _: f"{self.words.number} "),
            (re.compile(r"(?<=[^\W\d_])-(?=\d)"), lambda _: " "),
        ]
        if self.language == "en":
            rules += [
                (re.compile(r"\b(\d+)(?:st|nd|rd|th)\b"), lambda match: ordinal(int(match[1]), "en")),
                (re.compile(r"(?<!\d)(?:'|’)?(\d{0,2}\d0)'?s\b"), lambda match: _decade(int(match[1]))),
            ]
        if self.language == "it":
            rules.append((re.compile(r"\b(\d+)([°ºª])"), _italian_rank))
        return [
            *rules,
            (
                re.compile(r"(?<![\d.,$€£])(?:1[1-9]\d\d|20\d\d)(?![.,]?\d|\w)"),
                lambda match: year(int(match[0]), self.language),
            ),
            (re.compile(self.number), lambda match: f" {self.cardinal(match[0])} "),
            (re.compile(r"\d+"), lambda match: f" {self.cardinal(match[0])} "),
        ]

    def _telephone(self, match: re.Match[str]) -> str:
        return ", ".join(digits(group, self.language) for group in re.findall(r"\d+", match[0]))

    def _version(self, match: re.Match[str]) -> str:
        return f" {self.words.dot if self.language != 'en' else self.words.comma} ".join(
            self.cardinal(part) for part in match[0].split(".")
        )

    def _fraction(self, match: re.Match[str]) -> str:
        top, bottom = int(match["top"]), int(match["bottom"])
        names = self.words.halves.get(bottom)
        if names is None or not 0 < top < bottom:
            return match[0].replace("/", " ")
        return f"{self._counted(str(top))} {names[0] if top == 1 else names[1]}"

    def _fraction_sign(self, match: re.Match[str]) -> str:
        top, _, bottom = unicodedata.normalize("NFKD", match[0]).partition("\u2044")
        one, many = self.words.halves.get(int(bottom), (bottom, bottom))
        glue = f" {self.words.joined_by} " if match.start() and match.string[match.start() - 1].isdigit() else ""
        return f"{glue}{self._counted(top)} {one if top == '1' else many}"

    def signs(self) -> list[Rule]:
        named = self.words.signs
        pattern = "|".join(re.escape(sign) for sign in named)
        about = named.get("≈", "")
        return [
            (re.compile(r"(?<!\w)~\s*(?=\w)"), lambda _: f"{about} "),
            (re.compile(r"/"), lambda _: " "),
            (re.compile(r"\s*(?:→|➔|=>|->|⇒)\s*"), lambda _: ", "),
            (re.compile(pattern), lambda match: f" {named[match[0]]} "),
        ]


def _as_digits(figure: str) -> bool:
    return len(figure) > 12 or (len(figure) > 1 and figure[0] == "0")


def _decade(number: int) -> str:
    words = cardinal(number, "en") if number < 100 else year(number, "en")
    return words[:-1] + "ies" if words.endswith("y") else words + "s"


def _italian_rank(match: re.Match[str]) -> str:
    words = ordinal(int(match[1]), "it")
    return words[:-1] + "a" if match[2] == "ª" else words
