"""The assistant's own tools answer with sentences that can be spoken, in the language of the person."""

from __future__ import annotations

import asyncio
import json
from datetime import datetime
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from vivavoce.assistant.tools import calculator
from vivavoce.assistant.tools.calculator import worked_out
from vivavoce.assistant.tools.clock import Clock
from vivavoce.assistant.tools.host import AssistantTools
from vivavoce.errors import ToolFailed
from vivavoce.ports import ToolContext

ROME = ZoneInfo("Europe/Rome")
NOW = datetime(2026, 11, 25, 15, 30, tzinfo=ROME).timestamp()


async def rome(_: str) -> ZoneInfo:
    return ROME


HOST = AssistantTools([*Clock(lambda: NOW, rome).tools(), *calculator.tools()])


def call(name: str, language: str = "en", **arguments: object) -> str:
    result = asyncio.run(HOST.call(name, json.dumps(arguments), ToolContext(language=language)))
    assert result.spoken == result.text
    return result.text


@pytest.mark.parametrize(
    ("language", "name", "arguments", "said"),
    [
        ("en", "get_time", {}, "It is 3:30 pm."),
        ("it", "get_time", {}, "Sono le 15:30."),
        ("en", "get_time", {"place": "Tokyo"}, "It is 11:30 pm in Tokyo."),
        ("en", "get_time", {"place": "new zealand"}, "It is 3:30 am tomorrow in New Zealand."),
        ("it", "get_time", {"place": "Giappone"}, "Sono le 23:30, ora di Giappone."),
        ("en", "get_date", {}, "Today is Wednesday, November 25, 2026."),
        ("it", "get_date", {"day": "Natale"}, "È venerdì 25 dicembre 2026."),
        ("en", "get_date", {"day": "yesterday"}, "That was Tuesday, November 24, 2026."),
        ("en", "days_until", {"day": "Christmas"}, "30 days, until Friday, December 25."),
        ("it", "days_until", {"day": "domani"}, "È domani, giovedì 26 novembre."),
        ("en", "calculate", {"expression": "17 percent of 240"}, "40.8."),
        ("it", "calculate", {"expression": "mille diviso tre"}, "333,3333."),
        ("en", "calculate", {"expression": "2**64"}, "18,446,744,073,709,551,616."),
        ("en", "convert_units", {"amount": 5, "from_unit": "miles", "to_unit": "km"}, "5 miles are 8.05 kilometers."),
        (
            "it",
            "convert_units",
            {"amount": "venti", "from_unit": "gradi Celsius", "to_unit": "fahrenheit"},
            "20 gradi Celsius sono 68 gradi Fahrenheit.",
        ),
        ("de", "get_time", {}, "Es ist 15:30 Uhr."),
        ("de", "get_time", {"place": "Neuseeland"}, "Es ist 3:30 Uhr am nächsten Tag, Ortszeit Neuseeland."),
        ("de", "get_date", {}, "Heute ist Mittwoch, der 25. November 2026."),
        ("es", "get_date", {"day": "Navidad"}, "Es viernes 25 de diciembre de 2026."),
        ("es", "days_until", {"day": "el primero de diciembre"}, "Faltan 6 días, hasta el martes 1 de diciembre."),
        ("fr", "days_until", {"day": "demain"}, "C'est demain, jeudi 26 novembre."),
        ("fr", "calculate", {"expression": "mille divisé par trois"}, "333,3333."),
        (
            "de",
            "convert_units",
            {"amount": "fünf", "from_unit": "Meilen", "to_unit": "Kilometern"},
            "5 Meilen sind 8,05 Kilometer.",
        ),
    ],
)
def test_what_is_answered(language, name, arguments, said):
    assert call(name, language, **arguments) == said


@pytest.mark.parametrize(
    ("name", "arguments", "why"),
    [
        ("get_time", {"place": "Atlantis"}, "do not know what time zone"),
        ("days_until", {"day": "my birthday"}, "do not know what day"),
        ("days_until", {}, "day is missing"),
        ("calculate", {"expression": "open the door"}, "cannot work that out"),
        ("calculate", {"expression": "1/0"}, "divided by zero"),
        ("calculate", {"expression": ["x"]}, "must be text"),
        ("convert_units", {"amount": "5", "from_unit": "miles", "to_unit": "grams"}, "cannot be turned into"),
        ("convert_units", {"amount": "5", "from_unit": "smoots", "to_unit": "grams"}, "do not know the unit"),
        ("launch_rocket", {}, "There is no tool"),
    ],
)
def test_what_cannot_be_done_is_told(name, arguments, why):
    with pytest.raises(ToolFailed, match=why):
        call(name, **arguments)


@pytest.mark.parametrize("arguments", ["nonsense", "[1]", '"x"'])
def test_arguments_that_are_none_are_refused(arguments):
    with pytest.raises(ToolFailed):
        asyncio.run(HOST.call("calculate", arguments, ToolContext()))


@pytest.mark.parametrize(
    "expression", ["9**9**9", "10**31", "0**-1", "sqrt(-4)", "(" * 300 + "1", "2**0.5**-999999", "(-8)**(1/3)", "1e999"]
)
def test_sums_that_would_take_the_machine_are_refused(expression):
    with pytest.raises(ToolFailed):
        worked_out(expression)


@given(st.text(alphabet="0123456789.+-*/() sqrt", max_size=60))
def test_any_expression_gives_a_number_or_a_refusal(expression):
    try:
        assert abs(worked_out(expression)) < 1e30
    except ToolFailed:
        pass


def test_who_speaks_another_language_has_the_model_retell_it():
    result = asyncio.run(HOST.call("get_time", "{}", ToolContext(language="ja")))
    assert (result.text, result.spoken) == ("It is 3:30 pm.", None)


def test_tools_that_only_read_say_so():
    assert all(tool.reads_only and not tool.foreign and not tool.asks_first for tool in asyncio.run(HOST.tools()))
