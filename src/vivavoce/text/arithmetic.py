"""Sums as people say them, as an expression: "17 percent of 240" → "0.01*17*240". Pure; English and Italian."""

from __future__ import annotations

import re

from vivavoce.text.numerals import with_figures

LONGEST = 200
_SAID = {
    "en": (
        (r"(?:the )?square root of (\d+(?:\.\d+)?)", r"sqrt(\1)"),
        (r"(\d+(?:\.\d+)?) ?(?:percent|per cent|%)(?: tip)? (?:of|on) ", r"0.01*\1*"),
        (r"(\d+(?:\.\d+)?) ?(?:percent|per cent|%) off (\d+(?:\.\d+)?)", r"\2*(1-0.01*\1)"),
        (r"\b(?:a )?half of ", "0.5*"),
        (r"\b(?:a )?third of ", "1/3*"),
        (r"\b(?:a )?quarter of ", "0.25*"),
        (r"\b(?:double|twice) ", "2*"),
        (r"(?: raised)? to the power (?:of )?", "**"),
        (r" squared\b", "**2"),
        (r" cubed\b", "**3"),
        (r"\b(?:multiplied by|times)\b", "*"),
        (r"\b(?:divided by|over)\b", "/"),
        (r"\bplus\b", "+"),
        (r"\bminus\b", "-"),
        (r"(?<=\d) ?[x×] ?(?=\d)", "*"),
    ),
    "it": (
        (r"(?:la )?radice quadrata di (\d+(?:\.\d+)?)", r"sqrt(\1)"),
        (r"(?:il )?(\d+(?:\.\d+)?) ?(?:per ?(?:cento|100)|%) (?:di|del|su) ?", r"0.01*\1*"),
        (r"\b(?:la )?metà di ", "0.5*"),
        (r"\b(?:un )?terzo di ", "1/3*"),
        (r"\b(?:un )?quarto di ", "0.25*"),
        (r"\b(?:il )?doppio di ", "2*"),
        (r" al quadrato\b", "**2"),
        (r" al cubo\b", "**3"),
        (r" (?:elevato )?alla (?=\d)", "**"),
        (r"\b(?:moltiplicato per|per)\b", "*"),
        (r"\b(?:diviso per|diviso)\b", "/"),
        (r"\bpiù\b", "+"),
        (r"\bmeno\b", "-"),
        (r"(?<=\d) ?[x×] ?(?=\d)", "*"),
    ),
}


def expression_of(text: str, language: str) -> str | None:
    """What is to be worked out, of numbers, + - * / **, brackets and sqrt(); None: it is no sum, or says more."""
    tongue = "it" if language == "it" else "en"
    if len(text) > LONGEST:
        return None
    said = with_figures(text, tongue, lone=True).strip(" .,?!=")
    said = re.sub(r"^(?:the|a|an|il|lo|la|l'|un) ?(?=\d|the |square|radice|metà|doppio|terzo|quarto)", "", said)
    for pattern, sign in _SAID[tongue]:
        said = re.sub(pattern, sign, said)
    said = said.replace("^", "**").replace("÷", "/").replace("−", "-")
    whole = re.fullmatch(r"(?:sqrt(?=\()|[\d.+*/() -])+", said)
    return "".join(said.split()) if whole and re.search(r"\d", said) and not re.search(r"\d\s+\d", said) else None


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
    return text.replace(",", " ").replace(".", ",").replace(" ", ".") if language == "it" else text
