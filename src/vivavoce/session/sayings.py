"""What the assistant says of its own accord, in the languages of its tools; what replies often begin with."""

from __future__ import annotations

from contextlib import aclosing

from vivavoce.conversation.config import ReplyOptions
from vivavoce.errors import TurnError
from vivavoce.ports import Synthesizer, Urgency

BEGINNINGS = (
    "Sure!", "Sure,", "Of course!", "Of course,", "Certainly!", "Yes,", "No,", "I'm sorry,", "Hello!", "Hi!",
    "Well,", "Okay,", "Great!", "Thank you!", "Absolutely!", "You're welcome!", "That's great!", "It seems like",
)  # fmt: skip
"""Of the models' own replies, unlike the openers before them (`conversation/opener.py`)."""

APOLOGY = {
    "en": "Sorry, I lost my thread. Could you say that again?",
    "it": "Scusa, ho perso il filo. Puoi ripetere?",
    "es": "Perdona, he perdido el hilo. ¿Puedes repetirlo?",
    "fr": "Désolée, j'ai perdu le fil. Tu peux répéter ?",
    "de": "Entschuldige, ich habe den Faden verloren. Kannst du das noch einmal sagen?",
}
DID_NOT_CATCH = {
    "en": "Sorry, I did not catch that.",
    "it": "Scusa, non ho capito.",
    "es": "Perdona, no te he entendido.",
    "fr": "Désolée, je n'ai pas compris.",
    "de": "Entschuldige, das habe ich nicht verstanden.",
}
LISTENING = {"en": "Mm-hm."}
ONE_MOMENT = {
    "en": "One moment, I'm on it.",
    "it": "Un attimo, ci penso io.",
    "es": "Un momento, me pongo con ello.",
    "fr": "Un instant, je m'en occupe.",
    "de": "Einen Moment, ich kümmere mich darum.",
}
MAY_I = {
    "en": "May I use {tool} for that?",
    "it": "Posso usare {tool} per questo?",
    "es": "¿Puedo usar {tool} para eso?",
    "fr": "Puis-je utiliser {tool} pour cela ?",
    "de": "Darf ich dafür {tool} benutzen?",
}


async def rehearse(tts: Synthesizer) -> None:
    """Say every beginning once in the default voice, at the lowest urgency: a voice that keeps short clauses then has
    them at once. One that is in the way is left out."""
    defaults = ReplyOptions()
    for text in BEGINNINGS:
        said = tts.synthesize(text, voice=defaults.voice, speed=defaults.speed, language="en", urgency=Urgency.SPARE)
        try:
            async with aclosing(said) as sounds:
                async for _ in sounds:
                    pass
        except TurnError:
            continue
