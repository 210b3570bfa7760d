"""Numbers that people say come out as the numbers they mean, and words that are none stay words."""

from __future__ import annotations

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from vivavoce.text.numbers import cardinal
from vivavoce.text.numerals import number, with_figures


@given(st.integers(0, 999_999), st.sampled_from(["en", "it"]))
def test_what_we_say_is_understood_again(value, language):
    assert number(cardinal(value, language), language) == value


@given(st.text(max_size=80), st.sampled_from(["en", "it"]))
@example("²", "en")
def test_any_text_is_taken(text, language):
    with_figures(text, language)
    number(text, language)


@pytest.mark.parametrize(
    ("language", "said", "meant"),
    [
        ("en", "two hundred and forty", "240"),
        ("en", "twenty-one thousand three hundred!", "21300!"),
        ("en", "three point one four times 2", "3.14 times 2"),
        ("en", "a hundred and 1,000.5", "100 and 1000.5"),
        ("en", "2.5 million people", "2500000 people"),
        ("en", "ten fifteen", "10 15"),
        ("en", "five and six", "5 and 6"),
        ("it", "ventitre più tre virgola cinque", "23 piu 3.5"),
        ("it", "due milioni e cinquecentomila", "2500000"),
        ("it", "1.000,5 per 3", "1000.5 per 3"),
        ("it", "venticinquemilatrecento", "25300"),
        ("de", "zweitausenddreihundertfünfundvierzig Euro", "2345 euro"),
        ("de", "drei Komma eins vier mal hundert", "3.14 mal 100"),
        ("de", "zwei Millionen dreihunderttausend", "2300000"),
        ("de", "dreissig oder 1.000,5", "30 oder 1000.5"),
        ("es", "doscientas treinta y una casas", "231 casas"),
        ("es", "dos mil trescientos cuarenta y cinco", "2345"),
        ("es", "un millón quinientos mil", "1500000"),
        ("es", "ciento un días y mil más", "101 dias y mil mas"),
        ("fr", "quatre-vingt-dix-sept moins soixante et onze", "97 moins 71"),
        ("fr", "deux mille trois cent quarante-cinq", "2345"),
        ("fr", "nonante-neuf et septante et un", "99 et 71"),
        ("fr", "trois virgule cinq fois 1 000,5", "3.5 fois 1000.5"),
        ("fr", "quatre-vingts ans", "80 ans"),
    ],
)
def test_numbers_within_a_sentence(language, said, meant):
    assert with_figures(said, language) == meant


@pytest.mark.parametrize(("language", "said"), [("en", "no one is here"), ("en", "to the point"), ("it", "chi sei")])
def test_words_that_only_look_like_numbers_stay(language, said):
    assert with_figures(said, language) == said


def test_alone_they_are_numbers_where_a_number_is_awaited():
    assert (number("one", "en"), number("a", "en"), number("un", "it"), number("sei", "it")) == (1, 1, 1, 6)
    assert number("eggs", "en") is None
