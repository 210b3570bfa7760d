"""What `bench barge-in --offline` has said over an answer, and by whom: words, sentences and voices.

KNOWN words and voices are those by which constants and lists of words were chosen. NEW ones were written down before
anything was tried with them, and nothing may be chosen by them: the report counts them apart.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from math import gcd
from typing import Literal, TypeVar

One = TypeVar("One")
HeldOut = Literal["", "voices", "voices and words"]
"""What of a trial nothing was chosen by; "": all of it may have been."""
Table = Mapping[str, Mapping[str, tuple[str, ...]]]

CHOSEN_BY = frozenset(("af_heart", "am_michael", "bm_fable", "if_sara", "ef_dora", "ff_siwis"))
"""Voices that constants were chosen on."""
KNOWN: Table = {
    "order": {
        "en": ("No.", "Stop.", "Wait.", "What?", "Why?"),
        "it": ("No.", "Aspetta.", "Basta.", "Cosa?", "Perché?", "Ferma.", "Fermati.", "Smettila.", "Un attimo."),
        "es": ("No.", "Espera.", "Para.", "¿Qué?", "¿Por qué?", "Detente.", "Oye.", "Un momento."),
    },
    "single word": {
        "en": ("Who?", "When?", "Where?", "How?", "Louder.", "Again.", "Tomorrow?", "Enough.", "Rome?", "Help."),
        "it": ("Chi?", "Quando?", "Dove?", "Come?", "Scusa?", "Domani?", "Ripeti.", "Zitto."),
        "es": ("¿Quién?", "¿Cuándo?", "¿Dónde?", "¿Cómo?", "Perdón.", "Otra vez.", "¿Mañana?"),
    },
    "sentence": {
        "en": (
            "Wait, what about tomorrow?", "No, that's not what I meant.", "Actually, tell me about Rome.",
            "How far is that from here?", "Thank you, that is enough.", "And the mountains?", "Louder, please.",
        ),
        "it": ("Aspetta, e domani?", "Quanto costa?", "Parlami invece di Roma."),
        "es": ("Espera, ¿y mañana?", "¿Cuánto cuesta?"),
    },
    "backchannel": {
        "en": (
            "Mm-hm.", "Uh-huh.", "Right.", "Yeah.", "Okay.", "I see.", "Sure.", "Got it.", "Yeah, yeah.", "All right.",
            "Makes sense.", "Oh, nice.", "I know.", "Exactly.", "Yep.", "Hmm.", "Wow.", "Cool.", "That's true.",
            "Fair enough.", "Oh wow.", "I hear you.", "Good point.", "Fantastic.", "For sure.", "Okay, okay.",
        ),
        "it": (
            "Sì.", "Certo.", "Ho capito.", "Va bene.", "Esatto.", "Ah, ecco.", "Mh mh.", "Capisco.", "Giusto.",
            "Davvero?", "Bene.", "Ok.", "Infatti.", "Ah sì.", "D'accordo.", "Certamente.", "Chiaro.", "Eh già.",
        ),
        "es": (
            "Sí.", "Claro.", "Vale.", "Ya veo.", "Sí, sí.", "Ajá.", "Entiendo.", "Muy bien.", "De acuerdo.", "Exacto.",
            "Bueno.", "Ok.", "Ah, vale.", "Qué bien.", "Ya, ya.", "Eso es.", "Correcto.", "Ah, sí.",
        ),
    },
    "to others": {
        "en": ("Mom, can you close the door?", "Anna, I am on the phone.", "Come in, the door is open."),
        "it": ("Mamma, puoi chiudere la porta?", "Anna, sono al telefono."),
        "es": ("Mamá, ¿puedes cerrar la puerta?", "Ana, estoy al teléfono."),
    },
}  # fmt: skip
NEW: Table = {
    "order": {
        "en": ("Hold it.", "Hang on.", "Nope.", "Pardon?", "How come?"),
        "it": ("Piantala.", "Un secondo.", "Come mai?", "Lascia stare."),
        "es": ("Un segundo.", "Ya basta.", "¿Cómo así?", "Déjalo."),
    },
    "single word": {
        "en": ("Paris?", "Example?", "Skip.", "Music.", "Shorter."),
        "it": ("Esempio?", "Prezzo?", "Musica.", "Parigi?"),
        "es": ("¿Ejemplo?", "¿Precio?", "Música.", "¿París?"),
    },
    "sentence": {
        "en": (
            "Sorry, can I ask something?", "Tell me about whales instead.", "What does that mean?",
            "I already know that.", "Can you say that again?", "Let's talk about something else.",
            "How deep is it exactly?", "Set a timer for ten minutes.", "That's not right.",
            "You're speaking too fast.", "Who found that out?", "Skip to the end.",
        ),
        "it": (
            "Scusa, posso chiedere una cosa?", "Che cosa significa?", "Questo lo so già.", "Puoi ripetere?",
            "Parliamo di altro.", "Quanto è profondo?", "Parli troppo veloce.", "Metti un timer di dieci minuti.",
        ),
        "es": (
            "Perdona, ¿puedo preguntar algo?", "¿Qué significa eso?", "Eso ya lo sé.", "¿Puedes repetirlo?",
            "Hablemos de otra cosa.", "¿Qué profundidad tiene?", "Hablas demasiado rápido.",
            "Pon un temporizador de diez minutos.",
        ),
    },
    "backchannel": {
        "en": (
            "Good to know.", "I get it.", "Love it.", "Huh, interesting.", "Yes, yes.", "Of course.", "Oh, right.",
            "Neat.",
        ),
        "it": ("Ah, capito.", "Eh sì.", "Ottimo.", "Che bello.", "Certo, certo.", "Ah, però."),
        "es": ("Qué interesante.", "Ah, claro.", "Perfecto.", "Anda.", "Sí, claro.", "Muy interesante."),
    },
    "to others": {
        "en": ("Honey, did you feed the cat?", "Tom, turn down the radio."),
        "it": ("Marco, abbassa la radio.", "Tesoro, hai chiuso la macchina?"),
        "es": ("Marcos, baja la radio.", "Cariño, ¿has cerrado el coche?"),
    },
}  # fmt: skip
LANGUAGES = tuple(KNOWN["order"])
ANSWERS = {
    "en": "The sea covers more than two thirds of the earth, and most of it has never been seen by anybody. Its "
    "deepest places lie eleven kilometres below the waves, where no light has ever come. What lives there makes its "
    "own. Warm water rises and cold water sinks, and so the great currents carry heat from the equator to the poles.",
    "it": "Il mare copre più di due terzi della terra, e la maggior parte non è mai stata vista da nessuno. I luoghi "
    "più profondi si trovano undici chilometri sotto le onde, dove la luce non è mai arrivata. Chi vive laggiù produce "
    "la propria. L'acqua calda sale e quella fredda scende, e le grandi correnti portano il calore ai poli.",
    "es": "El mar cubre más de dos tercios de la tierra, y la mayor parte no la ha visto nunca nadie. Los lugares más "
    "profundos están once kilómetros por debajo de las olas, donde nunca ha llegado la luz. Lo que vive allí produce "
    "la suya. El agua caliente sube y la fría baja, y las grandes corrientes llevan el calor a los polos.",
}
"""What the assistant says meanwhile."""


@dataclass(frozen=True, slots=True)
class Line:
    """`voice`: the speech engine's name of it."""

    kind: str
    text: str
    voice: str
    language: str
    held_out: HeldOut


def lines(kind: str, voices: Mapping[str, Sequence[str]], languages: Sequence[str]) -> list[Line]:
    """Everything of a kind by every voice that speaks its language, so ordered that however few are taken are of all
    languages, voices and words alike, as many of them NEW as KNOWN."""
    groups = []
    for language in languages:
        speakers = voices.get(language, ())
        known = _by_all(kind, KNOWN[kind][language], speakers, language, "voices")
        groups.append(in_turn([known, _by_all(kind, NEW[kind][language], speakers, language, "voices and words")]))
    return in_turn(groups)


def _by_all(kind: str, texts: Sequence[str], voices: Sequence[str], language: str, held_out: HeldOut) -> list[Line]:
    """Each text by each voice, by another one every time."""
    count = len(voices)
    step = next(step for step in range(len(texts), len(texts) + count + 1) if gcd(step, count) == 1) if voices else 1
    return [
        Line(kind, text, voice, language, "" if voice in CHOSEN_BY else held_out)
        for round_ in range(count)
        for number, text in enumerate(texts)
        for voice in [voices[(number + round_ * step) % count]]
    ]


def in_turn(groups: Sequence[Sequence[One]]) -> list[One]:
    """One of each group after the other, until there is none left in any."""
    longest = max(map(len, groups), default=0)
    return [group[place] for place in range(longest) for group in groups if place < len(group)]
