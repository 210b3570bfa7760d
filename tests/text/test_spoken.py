"""Written text as it is said."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from vivavoce.text.numbers import LARGEST, cardinal, languages, ordinal, year
from vivavoce.text.spoken import pronounceable

MARKUP = st.lists(
    st.sampled_from(
        [
            "**",
            "_",
            "`",
            "```",
            "# ",
            "- ",
            "1. ",
            "|",
            "\n",
            " ",
            "[a](http://b.c)",
            "https://x.y/z?q=1",
            "😀",
            "1,000.50",
        ]
        + [
            "$5",
            "10:30",
            "5%",
            "20°C",
            "3/4",
            "½",
            "2026-11-23",
            "Dr.",
            "word",
            "and",
            ".",
            "?",
            "<br>",
            "&amp;",
            "x@y.z",
            "12km",
        ]
    ),
    max_size=25,
).map("".join)


@pytest.mark.parametrize(
    ("written", "said"),
    [
        ("**Hello** _world_! 😀", "Hello world!"),
        ("Visit [our site](https://www.example.com/a?b=c).", "Visit our site."),
        ("See https://www.example.com/foo. Bye.", "See example dot com. Bye."),
        ("Mail joe@mail.com!", "Mail joe at mail dot com!"),
        ("# Title\n- milk\n- eggs", "Title. milk. eggs"),
        ("1. Go home", "one, Go home"),
        ("Use `code` here", "Use code here"),
        ("It is 330 m tall, built in 1889.", "It is three hundred thirty meters tall, built in eighteen eighty-nine."),
        ("It costs $1,000.50.", "It costs one thousand dollars and fifty cents."),
        ("$3.5 million, $1, 20 €", "three point five million dollars, one dollar, twenty euros"),
        ("At 10:30 am or 5pm.", "At ten thirty AM or five PM."),
        ("We meet at 5 p.m.", "We meet at five PM."),
        ("It is 9:00 or 10:05.", "It is nine o'clock or ten oh five."),
        ("On November 23, 2026", "On November twenty-third, twenty twenty-six"),
        ("On 2026-11-23.", "On November twenty-third, twenty twenty-six."),
        ("Dec. 1st", "December first"),
        ("the 1990s and the 22nd", "the nineteen nineties and the twenty-second"),
        ("5% of 3.14", "five percent of three point one four"),
        ("-5°C at 60 mph", "minus five degrees Celsius at sixty miles per hour"),
        ("3/4 cup, 2½ cups, 24/7", "three quarters cup, two and one half cups, twenty-four seven"),
        ("10-12 people", "ten to twelve people"),
        ("Dr. Smith vs. Mr. Jones, e.g. here, etc.", "Doctor Smith versus Mister Jones, for example here, et cetera."),
        ("3 * 4 = 12 & C++", "three times four equals twelve and C plus plus"),
        ("GPT-4, 007, Python 3.11.7", "GPT four, zero zero seven, Python three point eleven point seven"),
        ("I don't know.", "I don't know."),
        ("```py\nprint(1)\n```", ""),
        ("🎉🎉", ""),
        ("---", ""),
        ("", ""),
    ],
)
def test_english(written: str, said: str) -> None:
    assert pronounceable(written, "en") == said


@pytest.mark.parametrize(
    ("written", "said"),
    [
        ("Sono le 10:30.", "Sono le dieci e trenta."),
        ("Costa 3,50 € o 1.000 euro.", "Costa tre euro e cinquanta centesimi o mille euro."),
        ("Il 5% nel 1989", "Il cinque per cento nel millenovecentottantanove"),
        ("Il 1° maggio e il 23/11/2026", "Il primo maggio e il ventitré novembre duemilaventisei"),
        ("La 3ª volta, 20°C, 5 km", "La terza volta, venti gradi, cinque chilometri"),
        ("Il dott. Rossi, ecc.", "Il dottor Rossi, eccetera."),
        ("Pesa 3,5 kg", "Pesa tre virgola cinque chili"),
    ],
)
def test_italian(written: str, said: str) -> None:
    assert pronounceable(written, "it-IT") == said


@pytest.mark.parametrize(
    ("language", "written", "said"),
    [
        ("es", "Cuesta 3,50 € a las 10:30.", "Cuesta tres euros y cincuenta céntimos a las diez y treinta."),
        ("fr", "Le 1er mai à 10:30, 5 %.", "Le premier mai à dix heures trente, cinq pour cent."),
        (
            "de",
            "Am 3. Oktober 1990, z.B. um 10:30.",
            "Am dritten Oktober neunzehnhundertneunzig, zum Beispiel um zehn Uhr dreißig.",
        ),
        ("pt", "Custa R$ 2,50.", "Custa dois reais e cinquenta centavos."),
        ("ja", "**今日**は10時です😀", "今日は10時です"),
        ("zh", "你好，3个", "你好，3个"),
    ],
)
def test_other_languages(language: str, written: str, said: str) -> None:
    assert pronounceable(written, language) == said


@given(st.one_of(MARKUP, st.text(max_size=80)), st.sampled_from([*sorted(languages()), "ja", "hi"]))
def test_nothing_unspeakable_is_left(text: str, language: str) -> None:
    said = pronounceable(text, language)
    assert said == "" or any(character.isalnum() for character in said)
    assert not re.search(r"[😀`#|\[\]{}\\]|\*\*|https?://\w", said)
    if language in languages():
        assert not re.search(r"[0-9]", said)


@given(st.lists(st.sampled_from("I you don't really know the house, and well-known time?".split()), max_size=12))
def test_plain_words_are_left_alone(words: list[str]) -> None:
    text = " ".join(words)
    assert pronounceable(text, "en") == text


@given(st.integers(0, LARGEST - 1), st.sampled_from(sorted(languages())))
def test_every_number_has_words(number: int, language: str) -> None:
    words = cardinal(number, language)
    assert words.strip() == words
    assert "  " not in words
    assert not re.search(r"\d", words + ordinal(number, language))


@pytest.mark.parametrize(
    ("number", "language", "words"),
    [
        (0, "en", "zero"),
        (-21, "en", "minus twenty-one"),
        (1_000_001, "en", "one million one"),
        (28, "it", "ventotto"),
        (180, "it", "centottanta"),
        (2023, "it", "duemilaventitré"),
        (21_031, "es", "veintiún mil treinta y uno"),
        (91, "fr", "quatre-vingt-onze"),
        (80_000, "fr", "quatre-vingt mille"),
        (1_234, "pt", "mil duzentos e trinta e quatro"),
        (101, "de", "einhunderteins"),
        (21_000, "de", "einundzwanzigtausend"),
    ],
)
def test_numbers(number: int, language: str, words: str) -> None:
    assert cardinal(number, language) == words


def test_years_and_ranks() -> None:
    assert [year(one, "en") for one in (1066, 1889, 1900, 1905, 2000, 2007, 2026)] == [
        "one thousand sixty-six",
        "eighteen eighty-nine",
        "nineteen hundred",
        "nineteen oh five",
        "two thousand",
        "two thousand seven",
        "twenty twenty-six",
    ]
    assert [ordinal(one, "en") for one in (1, 12, 20, 21, 100)] == [
        "first",
        "twelfth",
        "twentieth",
        "twenty-first",
        "one hundredth",
    ]
    assert [ordinal(one, "it") for one in (3, 11, 23, 26)] == ["terzo", "undicesimo", "ventitreesimo", "ventiseiesimo"]
