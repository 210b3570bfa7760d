"""Arithmetic, percentages and units of measure."""

from __future__ import annotations

import ast
import math
import operator
import re
from collections.abc import Callable
from typing import Any

from simpleeval import InvalidExpression, SimpleEval

from vivavoce.assistant.tools.tool import Built, Given, answer, failure, reads, schema, tongue_of, tongues_for
from vivavoce.assistant.units import Unit, converted, unit_of
from vivavoce.errors import ToolFailed
from vivavoce.ports import ToolContext, ToolResult
from vivavoce.text.arithmetic import expression_of, said_number
from vivavoce.text.numerals import number

LARGEST = 1e30
"""Of a result: nobody follows more digits by ear, and larger powers take the machine's time."""


def tools() -> list[Built]:
    said = "What to work out, as said or written: 17 percent of 240, 12 times 8, (3+4)*2, the square root of 81"
    return [
        reads("calculate", "Work out a sum.", schema("expression", expression=said), _calculate),
        reads(
            "convert_units",
            "Convert an amount from one unit of measure to another.",
            schema("amount", "from_unit", "to_unit", amount="How many", from_unit="Unit given", to_unit="Unit wanted"),
            _convert,
        ),
    ]


def worked_out(expression: str) -> float:
    """The value of an expression of numbers, + - * / // % **, brackets and sqrt(). Raises ToolFailed."""
    evaluator = SimpleEval(operators=_OPERATORS, functions={"sqrt": _root}, names={})
    try:
        value = evaluator.eval(re.sub(r"(?<![\d.])0+(?=\d)", "", expression))  # "007" is no Python
    except ZeroDivisionError:
        raise ToolFailed("Nothing can be divided by zero.") from None
    except (InvalidExpression, SyntaxError, TypeError, ValueError, ArithmeticError, RecursionError, MemoryError):
        raise ToolFailed("That cannot be worked out.") from None
    if isinstance(value, complex) or not isinstance(value, int | float) or not abs(value) < LARGEST:
        raise ToolFailed("That cannot be worked out.")
    return value


def _power(base: float, exponent: float) -> Any:
    if abs(exponent) > 1000 or (base and abs(exponent * math.log10(abs(base))) > math.log10(LARGEST)):
        raise ValueError("too large")
    return base**exponent


def _root(value: float) -> float:
    return math.sqrt(value)


_OPERATORS: dict[type[ast.AST], Callable[..., Any]] = {
    ast.Add: operator.add,
    ast.Sub: operator.sub,
    ast.Mult: operator.mul,
    ast.Div: operator.truediv,
    ast.FloorDiv: operator.floordiv,
    ast.Mod: operator.mod,
    ast.Pow: _power,
    ast.USub: operator.neg,
    ast.UAdd: operator.pos,
}


async def _calculate(given: Given, context: ToolContext) -> ToolResult:
    said = given.need("expression")
    found = (expression_of(said, tongue) for tongue in tongues_for(context))
    expression = next((one for one in found if one is not None), None)
    if expression is None:
        raise failure(context, "no_sum")
    return answer(context, "result", value=said_number(worked_out(expression), tongue_of(context)))


async def _convert(given: Given, context: ToolContext) -> ToolResult:
    tongue = tongue_of(context)
    amount = number(given.need("amount"), tongue)
    if amount is None:
        raise ToolFailed("amount must be a number.")
    one, other = _unit(given.need("from_unit")), _unit(given.need("to_unit"))
    value = converted(amount, one, other)
    if value is None:
        raise failure(context, "units_differ", one=one.many(tongue), other=other.many(tongue))
    value = round(value, 2) if abs(value) >= 1 else float(f"{value:.3g}")  # nobody follows more digits by ear
    given_, wanted = (unit.said(said_number(count, tongue), tongue) for unit, count in ((one, amount), (other, value)))
    return answer(context, "converted_one" if amount == 1 else "converted", given=given_, wanted=wanted)


def _unit(name: str) -> Unit:
    unit = unit_of(name)
    if unit is None:
        raise ToolFailed(f"I do not know the unit {name}.")
    return unit
