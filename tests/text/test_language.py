"""The language of a short text."""

import pytest

from vivavoce.text.language import language_of

SPOKEN = ("en", "it", "es", "fr", "pt", "de", "hi", "ja", "zh", "ru")


@pytest.mark.parametrize(
    ("text", "language"),
    [
        ("What time is it in Rome?", "en"),
        ("Sure, I can help you with that.", "en"),
        ("Tell me a joke.", "en"),
        ("Che ore sono a Roma?", "it"),
        ("Certo, posso aiutarti con questo.", "it"),
        ("Dov'è la stazione più vicina?", "it"),
        ("¿Qué hora es en Madrid?", "es"),
        ("Claro, puedo ayudarte con eso.", "es"),
        ("Quelle heure est-il à Paris ?", "fr"),
        ("Bien sûr, je peux vous aider.", "fr"),
        ("Que horas são em Lisboa?", "pt"),
        ("Claro, eu posso ajudar você com isso.", "pt"),
        ("Wie spät ist es in Berlin?", "de"),
        ("Natürlich kann ich dir helfen.", "de"),
        ("आज मौसम कैसा है?", "hi"),
        ("今日はいい天気ですね。", "ja"),
        ("今天天气很好。", "zh"),
        ("Который час в Москве?", "ru"),
    ],
)
def test_a_sentence_tells_its_language(text: str, language: str) -> None:
    assert language_of(text, SPOKEN) == language


@pytest.mark.parametrize("text", ["", "123", "😀", "Kubernetes", "…", "xyzzy plugh"])
def test_no_evidence_gives_no_language(text: str) -> None:
    assert language_of(text, SPOKEN) is None


def test_only_the_languages_asked_for_are_answers() -> None:
    assert language_of("今天天气很好。", ("en", "it")) is None
    assert language_of("Che ore sono a Roma?", ("it", "en")) == "it"
    assert language_of("Che ore sono a Roma?", ("xx",)) is None
