"""What kind of answer the assistant's last words call for. Pure."""

from __future__ import annotations

import re
from typing import Literal

Expected = Literal["yes_no", "digits", "open"]

_DIGITS = re.compile(
    r"\b(number|phone|zip|postcode|code|spell|address|date of birth|e-?mail|"
    r"numero|telefono|codice|indirizzo|número|teléfono|código|dirección|numéro|téléphone|adresse|nummer)\b",
    re.IGNORECASE,
)
_YES_NO = re.compile(
    r"^(do|does|did|are|is|was|were|can|could|shall|should|will|would|have|has|am|may|"
    r"vuoi|hai|sei|è|posso|devo|quieres|tienes|puedo|est-ce|veux-tu|voulez-vous|as-tu|möchtest|soll|kann|hast|bist)\b",
    re.IGNORECASE,
)


def expected_answer(said: str) -> Expected:
    """Of the assistant's last words, as they were heard: only a question at their end calls for a certain kind."""
    question = re.split(r"(?<=[.!?…])\s+", said.strip())[-1] if said.strip() else ""
    if not question.endswith("?"):
        return "open"
    if _DIGITS.search(question):
        return "digits"
    return "yes_no" if _YES_NO.search(question) and " or " not in question else "open"
