"""Units of measure by the names people use, in five languages, and what one amount is in another unit."""

from __future__ import annotations

import tomllib
from dataclasses import dataclass
from functools import cache
from importlib import resources
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import pint


@dataclass(frozen=True, slots=True)
class Unit:
    """`key`: pint's name; `names`: one and many, by language."""

    key: str
    names: dict[str, tuple[str, str]]

    def said(self, count: str, language: str) -> str:
        one, many = self.names.get(language, self.names["en"])
        return f"{count} {one if count == '1' else many}"

    def many(self, language: str) -> str:
        return self.names.get(language, self.names["en"])[1]


def unit_of(name: str) -> Unit | None:
    """The unit that people call `name`, one or many; None: we do not know it."""
    return _units().get(" ".join(name.lower().strip(" .?!").replace("’", "'").split()))


def converted(amount: float, given: Unit, wanted: Unit) -> float | None:
    """`amount` in the unit `wanted`; None where they measure different things."""
    import pint

    try:
        return float(_registry().Quantity(amount, given.key).to(wanted.key).magnitude)
    except pint.DimensionalityError:
        return None


@cache
def _registry() -> pint.UnitRegistry[float]:
    """Loaded when first needed: it takes a quarter of a second."""
    import pint

    return pint.UnitRegistry()


@cache
def _units() -> dict[str, Unit]:
    table = tomllib.loads((resources.files("vivavoce.assistant") / "units.toml").read_text(encoding="utf-8"))
    units: dict[str, Unit] = {}
    for key, names in table.items():
        unit = Unit(key, {language: (known[0], known[1]) for language, known in names.items()})
        units |= {name.lower(): unit for known in names.values() for name in known}
    return units
