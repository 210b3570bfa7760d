"""What the doctor tells."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from vivavoce.errors import VivavoceError

Level = Literal["fine", "warning", "wrong"]


@dataclass(frozen=True, slots=True)
class Finding:
    what: str
    found: str
    level: Level = "fine"
    remedy: str = ""


def wrong(what: str, error: VivavoceError, otherwise: str) -> Finding:
    """`otherwise`: the remedy, where the error brings none of its own."""
    return Finding(what, str(error), "wrong", getattr(error, "remedy", "") or otherwise)
