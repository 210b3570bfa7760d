"""Sums as they are said, and results as they are told."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from vivavoce.text.arithmetic import expression_of, is_sum, said_number

SAID = {
    "en": {
        "seventeen percent of two hundred and forty": "0.01*17*240", "12 times 8": "12*8",
        "15% off 80": "80*(1-0.01*15)",
        "a 15 percent tip on 80": "0.01*15*80", "the square root of 144": "sqrt(144)", "2 to the power of 10": "2**10",
        "five squared": "5**2", "(3+4)*2": "(3+4)*2", "one plus one": "1+1", "twice 45": "2*45", "twelve x 3": "12*3",
    },
    "it": {
        "il 17 per cento di 240": "0.01*17*240", "sette per otto": "7*8", "la radice quadrata di 81": "sqrt(81)",
        "cento diviso sette": "100/7", "la metà di 90": "0.5*90", "cinque al quadrato": "5**2", "3,5 per 2": "3.5*2",
    },
    "de": {
        "17 Prozent von 240": "0.01*17*240", "sieben mal acht": "7*8", "die Wurzel aus 81": "sqrt(81)",
        "hundert durch sieben": "100/7", "die Hälfte von 90": "0.5*90", "fünf hoch zwei": "5**2",
        "eins plus eins": "1+1",
    },
    "es": {
        "el 17 por ciento de 240": "0.01*17*240", "siete por ocho": "7*8", "la raíz cuadrada de 81": "sqrt(81)",
        "cien entre siete": "100/7", "la mitad de 90": "0.5*90", "cinco al cuadrado": "5**2", "uno más uno": "1+1",
    },
    "fr": {
        "17 pour cent de 240": "0.01*17*240", "sept fois huit": "7*8", "la racine carrée de 81": "sqrt(81)",
        "cent divisé par sept": "100/7", "la moitié de 90": "0.5*90", "cinq au carré": "5**2", "un plus un": "1+1",
    },
}  # fmt: skip


@pytest.mark.parametrize(("language", "said", "meant"), [(k, s, n) for k, d in SAID.items() for s, n in d.items()])
def test_sums(language, said, meant):
    assert expression_of(said, language) == meant
    assert is_sum(meant)


@pytest.mark.parametrize(
    "said", ["1999", "555 1234", "the meaning of life", "__import__('os')", "9" * 300, "", "2 eggs"]
)
def test_what_is_no_sum(said):
    expression = expression_of(said, "en")
    assert expression is None or not is_sum(expression)


@given(st.text(max_size=60), st.sampled_from(["en", "it", "de", "es", "fr"]))
def test_nothing_but_arithmetic_comes_out(said, language):
    expression = expression_of(said, language)
    assert expression is None or not set(expression) - set("0123456789.+-*/() sqrt")


@pytest.mark.parametrize(
    ("value", "en", "it"),
    [
        (40.8, "40.8", "40,8"),
        (0.1 + 0.2, "0.3", "0,3"),
        (1e6, "1,000,000", "1.000.000"),
        (100 / 7, "14.2857", "14,2857"),
    ],
)
def test_results_are_told_as_the_language_writes_them(value, en, it):
    assert (said_number(value, "en"), said_number(value, "it")) == (en, it)
