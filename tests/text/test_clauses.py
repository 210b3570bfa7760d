"""Cutting a reply into clauses while it streams."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from vivavoce.text.clauses import LONGEST, ClauseCutter

PIECES = st.lists(
    st.one_of(
        st.sampled_from(
            [
                "Hello",
                " there",
                ",",
                " ",
                ".",
                "...",
                "?!",
                "\n",
                "```",
                "3.5",
                " $1,000",
                "10:30",
                " Dr.",
                " U.S.",
                "—",
            ]
            + [
                " e.g.",
                '"',
                "。",
                "，",
                "今天天气",
                "」",
                "।",
                " और",
                " and",
                " with",
                " the",
                "**",
                "(",
                ")",
                "1.",
                "https://a.b/c?d",
            ]
        ),
        st.text(max_size=12),
    ),
    max_size=60,
)


def cut(*pieces: str) -> list[str]:
    cutter = ClauseCutter()
    clauses = [clause for piece in pieces for clause in cutter.push(piece)]
    return clauses + cutter.finish()


@given(PIECES)
def test_no_character_is_lost_or_moved(pieces: list[str]) -> None:
    text = "".join(pieces)
    clauses = cut(*pieces)
    assert "".join(clauses) == text[: len("".join(clauses))]
    assert not text[len("".join(clauses)) :].strip()
    assert all(clause.strip() for clause in clauses)


@given(PIECES)
def test_how_the_reply_arrives_changes_nothing(pieces: list[str]) -> None:
    text = "".join(pieces)
    assert cut(*pieces) == cut(text) == cut(*text)


@given(st.text(alphabet="ab ", max_size=3 * LONGEST))
def test_no_clause_is_endless(text: str) -> None:
    assert all(len(clause) <= LONGEST + 1 for clause in cut(text))


@pytest.mark.parametrize(
    ("text", "first"),
    [
        ("Sure. I can do that.", "Sure."),
        ("Well, of course, I can help with that.", "Well,"),
        ("The Eiffel Tower is located in Paris and it is tall.", "The Eiffel Tower is located"),
        ("I would really like very much to see you again some day soon.", "I would really like very much"),
        ("It is 3.5 million, roughly.", "It is 3.5 million,"),
        ("It costs $1,000 today, sir.", "It costs $1,000 today,"),
        ("At 10:30, we leave.", "At 10:30,"),
        ("Dr. Smith, hello.", "Dr. Smith,"),
        ("The U.S. won.", "The U.S. won."),
        ("Fruit, e.g. apples.", "Fruit,"),
        ("1. Buy milk.\n2. Rest.", "1. Buy milk."),
        ("Das war am 3. Oktober, oder?", "Das war am 3. Oktober,"),
        ("Certo! La torre è alta.", "Certo!"),
        ("¡Claro! Vamos.", "¡Claro!"),
        ("今天天气很好，我们去公园吧。", "今天天气很好，"),
        ("はい、そうです。ありがとう。", "はい、"),
        ("मौसम अच्छा है। क्या आप चलेंगे?", "मौसम अच्छा है।"),
        ("Привет! Как дела?", "Привет!"),
        ('"Really?" she asked. Yes.', '"Really?"'),
        ("Wait... I know. Yes.", "Wait..."),
        ("```py\nprint('a. b')\n```\nDone.", "```py\nprint('a. b')\n```"),
    ],
)
def test_where_speech_starts(text: str, first: str) -> None:
    assert cut(*text)[0] == first


def test_the_first_clause_comes_before_the_reply_is_whole() -> None:
    cutter = ClauseCutter()
    words = "I think that you should go there by train because it is quick".split()
    heard = [n for n, word in enumerate(words) if cutter.push(word + " ")]
    assert heard[0] <= 7


def test_a_clause_of_full_length_is_cut_as_soon_as_the_next_word_begins() -> None:
    """Two more words of the model were waited for, which no cut hangs on: 90 ms of silence."""
    cutter = ClauseCutter(4)
    assert [cutter.push(piece) for piece in ("The weather", " is", " mild", " wi")] == [
        [],
        [],
        [],
        ["The weather is mild"],
    ]


def test_later_clauses_are_longer_but_never_endless() -> None:
    clauses = cut("Yes indeed. " + "many words go here " * 40)
    assert all(len(clause.split()) <= 26 for clause in clauses)
    assert len(clauses[3].split()) > len(clauses[1].split())


def test_a_cutter_serves_again_after_finish() -> None:
    cutter = ClauseCutter()
    assert cutter.push("Hello there, and so") == ["Hello there,"]
    assert cutter.finish() == [" and so"]
    assert cutter.push("Hello there, and so") == ["Hello there,"]
