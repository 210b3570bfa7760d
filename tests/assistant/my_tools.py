"""Tools as an operator writes them; `docs/tools.md` shows this file's beginning."""

from __future__ import annotations

import asyncio
import os
import time
from typing import Literal

DRINKS = {"espresso": 1.2, "tea": 2.0}


def price_of(drink: Literal["espresso", "tea"], cups: int = 1) -> str:
    """What a drink costs at our café."""
    return f"{cups * DRINKS[drink]:.2f} euros"


async def order(drink: str, notes: list[str] | None = None) -> dict[str, str]:
    """Order a drink at the bar."""
    await asyncio.sleep(0)
    return {"ordered": drink, "notes": ", ".join(notes or [])}


def hang() -> str:
    """Never comes back."""
    time.sleep(60)
    return ""


def crash() -> str:
    """Takes its process with it."""
    os._exit(3)


def trouble(what: str) -> str:
    """Fails."""
    raise ValueError(what)


def shout() -> str:
    """Prints, as people do while they look for a mistake."""
    print("not for the protocol")
    return "said"


def secrets() -> list[str]:
    """What of the server's environment can be seen."""
    return [name for name in os.environ if name.startswith("VIVAVOCE_")]


def flood() -> str:
    """Answers far too much."""
    return "x" * 3_000_000


def _private() -> None:
    """No tool."""


price_of.reads_only = True
order.asks_first = True
