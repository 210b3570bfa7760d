"""Whether a request wants a quick answer or thought: told from its words alone, in well under a millisecond. Pure.

Signals are found in the words (`routing_signals.toml`) and in the shape of the request: how long it is, how many
numbers and sentences it has. A logistic regression weighs them (`routing_weights.toml`); the signal that weighed most
is the reason that is told. How well it does is measured by `python -m bench.routing`; docs/minds.md has the figures.
"""

from __future__ import annotations

import math
import re
import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from importlib import resources
from typing import Any, Literal

Mind = Literal["quick", "thinking"]

THINKING_FROM = 0.55
"""Probability of thought from which it is thought about: a light that is switched on after much thought is worse than
an answer that could have been deeper, which the person can ask for."""
ASKED = "asked_to_think"
"""The one signal that decides by itself."""
HEAD = 1200
"""Characters at each end of a long request that are looked at: patterns take time, and what is asked stands there."""
FOLLOWING = 12
"""Words of a turn that may live from the one before it."""
EACH, LAST = ("task", "order"), ("fact", "talk", "statement")
SUBJECTS: Mapping[Mind, tuple[str, ...]] = {
    "thinking": ("code", "mathematics", "word_problem", "long_form", "comparison", "planning"),
    "quick": ("device",),
}
LONG = 60
"""Words from which a request is a text to work on."""


@dataclass(frozen=True, slots=True)
class Route:
    """`p`: probability that thought is wanted; `reason`: what spoke for this mind most, a stable word."""

    mind: Mind
    reason: str
    p: float


def route(text: str, before: str = "") -> Route:
    """The mind for the user's last turn. `before`: what he said before that, for a turn that only goes on from it."""
    if not (found := features(text, before)):
        return Route("quick", "nothing_asked", 0.0)
    if ASKED in found:
        return Route("thinking", ASKED, 1.0)
    weights = _weights()
    weighed = {name: weights.get(name, 0.0) * value for name, value in found.items()}
    p = 1 / (1 + math.exp(-sum(weighed.values())))
    mind: Mind = "thinking" if p >= THINKING_FROM else "quick"
    return Route(mind, _reason(weighed, mind), round(p, 4))


def features(text: str, before: str = "") -> dict[str, float]:
    """What was found in a request, each about 0 to 1; nothing in one without words."""
    said = _plain(text)
    words = _WORD.findall(said)
    if not words:
        return {}
    sentences = [each for each in _SENTENCE.split(said) if each]
    found = {name: 1.0 for name, pattern in _signals() if _shows(name, pattern, said, sentences)}
    numbers = sum(not _YEAR.fullmatch(each) for each in _NUMBER.findall(said)) + len(_COUNT.findall(said))
    found["bias"] = 1.0
    if not {"order", "task"} & found.keys():  # a task is none the easier for being told in few words
        found["short"] = max(0.0, 1 - len(words) / 12)
    found["multi_step"] = min(1.0, max(0, len(words) - 12) / 30)
    found["long_text"] = float(len(words) >= LONG or "\n" in text.strip())
    found["material"] = float(bool(_MATERIAL.search(said)))
    found["numbers"] = min(3, numbers) / 3
    found["several_parts"] = min(3, len(_PART.findall(said))) / 3
    if numbers >= 2 and _HOW_MUCH.search(said):
        found["word_problem"] = 1.0
    if found.pop("follow_up", None) and before and len(words) <= FOLLOWING:
        found["goes_on"] = 2 * route(before).p - 1
    return {name: value for name, value in found.items() if value}


def _shows(name: str, pattern: re.Pattern[str], said: str, sentences: Sequence[str]) -> bool:
    """Most signals may stand anywhere. What is told by how a sentence begins is looked for at the beginning of each, or
    of the last one, which is the one that asks."""
    if name in EACH:
        return any(map(pattern.search, sentences))
    return bool(pattern.search(sentences[-1] if name in LAST else said))


def _reason(weighed: Mapping[str, float], mind: Mind) -> str:
    """The signal that spoke for this mind most; one that names a subject comes before one of form."""
    sign = 1 if mind == "thinking" else -1
    weighed = {name: weighed[name] for name in SUBJECTS[mind] if name in weighed} or weighed
    best = max(weighed, key=lambda name: sign * weighed[name] - 99 * (name == "bias"))
    return _NAMES.get((best, mind), best) if sign * weighed[best] > 0 else _NAMES[("", mind)]


_NAMES: dict[tuple[str, Mind], str] = {
    ("", "quick"): "nothing_hard",
    ("", "thinking"): "several_signs",
    ("short", "quick"): "short_question",
    ("fact", "quick"): "short_question",
    ("device", "quick"): "command",
    ("question_word", "quick"): "short_question",
    ("open_question", "thinking"): "advice",
    ("judgement", "thinking"): "advice",
    ("depth", "thinking"): "long_form",
    ("talk", "quick"): "small_talk",
    ("statement", "quick"): "small_talk",
    ("order", "thinking"): "task",
    ("hypothetical", "thinking"): "advice",
    ("personal", "thinking"): "advice",
    ("word_problem", "thinking"): "arithmetic",
    ("numbers", "thinking"): "arithmetic",
    ("condition", "thinking"): "multi_step",
    ("several_parts", "thinking"): "multi_step",
    ("goes_on", "thinking"): "goes_on",
    ("goes_on", "quick"): "goes_on",
}

_WORD = re.compile(r"\w+")
_NUMBER = re.compile(r"\d+(?:[.,:]\d+)*")
_YEAR = re.compile(r"1[0-9]{3}|20[0-9]{2}")
_SENTENCE = re.compile(r"(?<=[.!?])\s+|(?<=:)\s+")
_COUNT = re.compile(
    r"\b(?:two|three|four|five|six|seven|eight|nine|ten|eleven|twelve|fifteen|twenty|thirty|forty|fifty|hundred|thousand|"
    r"half|twice|due|tre|quattro|cinque|sei|sette|otto|nove|dieci|undici|dodici|quindici|venti|trenta|quaranta|cinquanta|"
    r"cento|mila|metà|doppio)\b"
)
_PART = re.compile(r"[.;?!](?=\s)|,\s|\band\b|\be\b|\by\b|\bet\b|\bund\b")
_MATERIAL = re.compile(r":\s+(?:\w+\W+){3}|\b\w+, \w+(?: \w+)? (?:or|o|oder|ou) \w+")
_HOW_MUCH = re.compile(
    r"\b(?:how (?:much|many|long|far|old)|what does|what do|when does|work out|which|what's|quant[oaie]|quando|calcola|"
    r"che cosa|cuánt\w+|combien|wie viele?|wie lange)\b"
)


def _plain(text: str) -> str:
    """Small letters, one space between words, and of a long text its two ends."""
    if len(text) > 2 * HEAD:
        text = f"{text[:HEAD]} … {text[-HEAD:]}"
    return " ".join(text.lower().replace("’", "'").split())


@cache
def _signals() -> Sequence[tuple[str, re.Pattern[str]]]:
    tables: dict[str, dict[str, str]] = tomllib.loads(_file("routing_signals.toml"))
    return [
        (name, re.compile("|".join(f"(?:{one})" for one in by_language.values())))
        for name, by_language in tables.items()
    ]


@cache
def _weights() -> Mapping[str, float]:
    given: dict[str, Any] = tomllib.loads(_file("routing_weights.toml"))
    return {name: float(weight) for name, weight in given.items()}


def _file(name: str) -> str:
    return resources.files("vivavoce.assistant").joinpath(name).read_text(encoding="utf-8")
