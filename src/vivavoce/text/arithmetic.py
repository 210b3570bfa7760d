"""Sums as people say them, as an expression: "17 percent of 240" → "0.01*17*240". Pure; in the languages of
`tongues`."""

from __future__ import annotations

import re
from functools import cache

from vivavoce.text.numerals import with_figures
from vivavoce.text.tongues import bare_pattern, tongue

LONGEST = 200


def expression_of(text: str, language: str) -> str | None:
    """What is to be worked out, of numbers, + - * / **, brackets and sqrt(); None: it is no sum, or says more."""
    if len(text) > LONGEST:
        return None
    said = with_figures(text, language, lone=True).strip(" .,?!=")
    articles, signs = _patterns(tongue(language).code)
    said = articles.sub("", said)
    for pattern, sign in signs:
        said = pattern.sub(sign, said)
    said = re.sub(r"(?<=\d) ?[x×] ?(?=\d)", "*", said)
    said = said.replace("^", "**").replace("÷", "/").replace("−", "-")
    whole = re.fullmatch(r"(?:sqrt(?=\()|[\d.+*/() -])+", said)
    return "".join(said.split()) if whole and re.search(r"\d", said) and not re.search(r"\d\s+\d", said) else None


@cache
def _patterns(code: str) -> tuple[re.Pattern[str], tuple[tuple[re.Pattern[str], str], ...]]:
    words = tongue(code)
    signs = tuple((re.compile(bare_pattern(pattern)), sign) for pattern, sign in words.sums)
    return re.compile(rf"^(?:{words.articles})(?:(?<=')| )(?=\w)"), signs


def is_sum(expression: str) -> bool:
    """Whether there is anything to work out: a bare number, a date or a telephone number is no sum."""
    joined = re.search(r"(?<=[\d)])(?:\*\*|[*/+])(?=[\d(s])|sqrt|(?<=[\d)])-(?=[\d(])", expression)
    return joined is not None


def said_number(value: float, language: str) -> str:
    """A result as it is written in a language: "1,234.5" or "1.234,5", to six significant decimals."""
    rounded = value if isinstance(value, int) else float(f"{value:.10g}")
    whole = f"{int(rounded):,}"
    if rounded != int(rounded) and abs(rounded) < 1e9:
        text = f"{rounded:,.{2 if abs(rounded) >= 1000 else 4 if abs(rounded) >= 1 else 6}f}".rstrip("0").rstrip(".")
        text = text if float(text.replace(",", "")) else f"{rounded:.3g}"
    else:
        text = whole
    words = tongue(language)
    return text.translate(str.maketrans(",.", words.thousands + words.decimal))
