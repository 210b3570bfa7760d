"""Whether what was said goes to somebody else. Pure, and cautious: a false silence is worse than an answer."""

from __future__ import annotations

import re

NAMED_OTHERS = (
    r"(?:mum|mom|mommy|dad|daddy|honey|darling|sweetheart|kids|guys|mamma|papà|tesoro|amore|ragazzi|mamá|papá|cariño|"
    r"chicos|maman|chéri|chérie|les enfants|mama|papa|schatz|kinder)"
)
_ASKED = (
    r"(?:can|could|will|would|do|did|are|have) you|where are you|come here|puoi|potresti|vieni|puedes|podrías|ven|"
    r"(?:est-ce que )?tu peux|tu pourrais|peux-tu|viens|kannst du|könntest du|komm"
)
"""What one asks somebody whom one names. Small recognisers leave out the comma behind the name."""
TO_OTHERS = (
    rf"^(?:hey |oh |ehi |oye |hé )?{NAMED_OTHERS}(?:[,!]| (?:{_ASKED})\b)",
    rf"[,] {NAMED_OTHERS}[.!?]$",
    r"\b(?:i'm|i am) (?:on the phone|in a call|on a call|talking to (?:my|the) (?:assistant|computer|phone))\b",
    r"^(?:no,? )?not you\b",
    r"^(?:no,? )?(?:i'm |i was )?(?:not talking|wasn't talking) to you\b",
    r"\b(?:sono al telefono|non parlo con te|sto parlando con (?:lui|lei|il computer))\b",
    r"\b(?:estoy al teléfono|no te hablo a ti)\b",
    r"\b(?:je suis au téléphone|je ne te parle pas)\b",
    r"\b(?:ich telefoniere gerade|ich rede nicht mit dir)\b",
)
_NAMED_FIRST = re.compile(rf"^(?:hey |oh |ehi |oye |hé )?{NAMED_OTHERS}\b", re.IGNORECASE)
_TO_OTHERS = re.compile("|".join(TO_OTHERS), re.IGNORECASE)


def addressed_elsewhere(words: str) -> bool:
    """Whether `words`, a whole turn, name somebody else as their hearer, or say so."""
    return _TO_OTHERS.search(words.strip()) is not None


def names_another(words: str) -> bool:
    """Whether `words`, the beginning of something, begin with the name of somebody else, who may be its hearer."""
    return _NAMED_FIRST.search(words.strip()) is not None
