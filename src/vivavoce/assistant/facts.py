"""What people say about themselves in passing: name, home, work, family, health, tastes. Pure; five languages.

Careful on purpose: a whole sentence has to be such a statement (`facts.toml`). Questions, wishes, stories
about others and guesses are left alone.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cache

from vivavoce.assistant.rules import Rule, read_rules

LONGEST = 120
"""Characters of one statement."""
MOST = 5
"""Facts of one turn."""


@dataclass(frozen=True, slots=True)
class Fact:
    """`text`: the person's own words; `subject`: what it is about; a newer fact of the same subject takes its place
    ("" where there may be many)."""

    text: str
    subject: str


_LEAD = re.compile(
    r"^(?:(?:well|so|hi|hello|hey|um+|uh+|by the way|actually|you know|and|yes|no|okay|ok|oh|allora|ciao|beh|comunque|"
    r"sai|e|sì|ok|senti|also|na|hallo|ja|nein|und|übrigens|weißt du|hola|bueno|pues|sí|y|oye|por cierto|alors|bonjour|"
    r"salut|bon|oui|non|et|tu sais|au fait)\b,? ?)+",
    re.IGNORECASE,
)
_SENTENCES = re.compile(
    r"(?<=[.!?;])\s+|\n+|,? (?:and|e|und|y|et) (?=(?:my|i|mi|mia|mio|ho|sono|abito|vivo|lavoro|ich|meine?|me|soy|tengo|"
    r"trabajo|mon|ma|je|j')\b)",
    re.IGNORECASE,
)


def facts_in(text: str) -> list[Fact]:
    """The statements about themselves in what somebody said, in order, MOST at most."""
    found: list[Fact] = []
    for sentence in _SENTENCES.split(text.replace("’", "'")):
        if sentence.rstrip().endswith("?"):
            continue
        plain = _LEAD.sub("", sentence.strip()).strip(" .,!;:")
        fact = _fact(plain) if len(plain) <= LONGEST else None
        if fact is not None:
            found.append(fact)
    return found[:MOST]


def subject_of(text: str) -> str:
    """What a memory is about, "" where several of its kind may stand side by side."""
    fact = _fact(text.strip(" .,!;:").replace("’", "'"))
    return "" if fact is None else fact.subject


def _fact(plain: str) -> Fact | None:
    for subject, _, pattern in _rules():
        if pattern.fullmatch(plain):
            subject = "" if subject == "many" else subject
            if subject == "favourite":  # one of each kind
                subject = re.split(r" is | è | ist | es | est ", plain.lower(), maxsplit=1)[0]
            return Fact(plain, subject)
    return None


@cache
def _rules() -> tuple[Rule, ...]:
    return read_rules("facts")[1]
