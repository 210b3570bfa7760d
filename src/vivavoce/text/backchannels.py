"""Words that say "I am listening, go on", and words that want something, in the languages people speak to us. Pure."""

from __future__ import annotations

import unicodedata

LISTENING_WORDS = frozenset(
    # "i see" is two words: see PHRASES. Acknowledgements, agreements and assessments, by the kinds that SWBD-DAMSL has
    # of them (Jurafsky et al. 1997)
    "definitely certainly obviously amazing awesome wonderful fantastic brilliant excellent incredible lovely gosh "
    "goodness boy fascinating agreed huh yay funny "
    "infatti chiaro d'accordo certamente assolutamente esattamente ovvio ovviamente naturalmente incredibile "
    "fantastico bello bellissimo benissimo meraviglioso comprendo eh beh "
    "correcto efectivamente exactamente perfectamente verdad seguro estupendo genial increíble fantástico "
    "évidemment absolument effectivement bravo incroyable génial magnifique intéressant certes "
    "claramente exatamente verdade incrível ótimo fantástico maravilhoso "
    "genau eben stimmt natürlich wunderbar interessant unglaublich richtig prima "
    "mm mmm mhm mm-hm mmhm hm hmm uh-huh uhhuh uh huh aha ah oh yeah yep yes yup right sure ok okay cool nice "
    "alright great wow really thanks good fine exactly exact indeed true so see correct absolutely totally "
    "understood gotcha well interesting perfect sì si sí certo capisco entiendo bon compris verstehe sicher già ecco "
    "esatto bene capito va vale claro ya bueno exacto oui ouais d'accord voilà bien ja genau klar gut stimmt да "
    "ага угу sim pois giusto davvero vero perfetto ottimo interessante hum entendido comprendo perfecto "
    "interesante cierto ajá ahá vraiment parfait super exactement entendi isso legal exato aham perfeito natürlich "
    "verstanden wirklich понятно хорошо ясно конечно точно".split()
)
PHRASES = (
    "i see", "got it", "of course", "all right", "uh huh", "mm hm", "i know", "makes sense", "make sense", "go on",
    "thank you", "ya veo", "va bene", "ho capito", "o capito", "vai avanti", "de acuerdo", "muy bien", "por supuesto",
    "fair enough", "for sure", "i hear you", "good point", "good for you", "i agree", "i understand",
    "i can imagine", "sounds good", "my goodness", "oh my", "è vero", "hai ragione",
    "ti seguo", "lo so", "eso es", "es verdad", "es cierto", "tienes razón", "lo sé", "sin duda", "c'est vrai",
    "bien sûr", "je vois", "très bien", "c'est ça", "ach so", "alles klar", "tá bom", "está bem", "está bien", "pois é",
)  # fmt: skip
STOP_WORDS = frozenset(
    "stop wait no nope non nein hey hold pause enough quiet shush listen actually but sorry excuse "
    "aspetta aspetti aspettate ferma fermo fermati smetti smettila smetta basta taci alt ehi scusa ma senti attimo "
    "espera espere esperen detente oye oiga calla momento para alto perdón pero attends attendez arrête arrêtez mais "
    "pardon warte halt stopp moment aber entschuldigung стоп подожди хватит não pare chega desculpa".split()
)
ASKING_WORDS = frozenset(
    "what who whose whom which when where why how loud louder slow slower faster softer again repeat next back skip "
    "help hello shut silence more less other else please "
    "cosa chi quale quando dove perché come quanto ripeti ancora prossimo indietro zitto silenzio piano forte aiuto "
    "pronto altro salta scusami "
    "qué porque quién cuál cuándo dónde cómo cuánto repite otra más menos silencio ayuda despacio cállate hola perdona "
    "quoi qui quel quelle quand où pourquoi comment combien répète encore plus moins aide suivant silence doucement "
    "quê quem qual onde quanto repita repete ajuda outra menos socorro "
    "was wer wann wo warum wie welche wieviel nochmal lauter langsamer leiser hilfe ruhe weiter bitte "
    "что кто где когда почему зачем как сколько громче тише медленнее ещё помоги повтори тихо нет".split()
)
"""Of questions and requests that are a single word; "por qué" and "o quê" are two."""
BRIEF_REMARKS = {
    "en": "Mm-hm. Stop. Uh-huh. What? Yeah. No. Sure. Wait. Got it. Why?",
    "it": "Mm-hm. Basta. Sì. Cosa? Certo. No. Ho capito. Aspetta. Va bene. Perché?",
    "es": "Ajá. Para. Sí. ¿Qué? Claro. No. Vale. Espera. Ya veo. ¿Por qué?",
    "fr": "Mm-hm. Arrête. Oui. Quoi ? D'accord. Non. Je vois. Attends. Bien sûr. Pourquoi ?",
    "pt": "Aham. Para. Sim. O quê? Claro. Não. Entendi. Espera. Tá bom. Por quê?",
    "de": "Mhm. Stopp. Ja. Was? Genau. Nein. Verstehe. Warte. Alles klar. Warum?",
}
"""As many of both kinds, as a context in which a recogniser hears a word or two: without one it expects a sentence, and
makes "Ajá" into "¡Acharde!"."""
WITH_A_SIGN = frozenset("that's it's so very muy qué tan che molto tanto è très trop c'est das ist sehr".split())
"""Words of a sign that are none alone: "that's right", "qué bien"."""
MOST_WORDS = 4
HUMMED = frozenset("mnhaeiouyıмнхаеиоуыэمنهحيواءى")
"""Sounds of which "mm-hm" and "uh-huh" consist: nasals, breath and vowels. A recogniser that is not told the language
spells them in any script and as any word of these ("İmamı", "إحاء")."""
LONGEST_HUM = 6  # letters
NO_HUMS = STOP_WORDS | frozenset(
    "i'm you me my we one any in on an am mom mum mama anna home name human money mañana".split()
)
"""Words of such sounds alone that people mean."""


def plain(words: str) -> list[str]:
    """Lower-case words without punctuation."""
    composed = unicodedata.normalize("NFC", words.casefold())
    bare = (char for char in composed if not unicodedata.combining(char))  # the dot of a lower-cased İ
    kept = "".join(char if char.isalnum() or char in "'-" else " " for char in bare)
    return [word.strip("'-") for word in kept.split() if word.strip("'-")]


def is_backchannel(words: str) -> bool:
    """Whether `words` are only a sign of attention. Empty words are none."""
    said = plain(words)
    if not said or len(said) > MOST_WORDS or said[0] in STOP_WORDS:
        return False
    if all(_is_hum(word) for word in said):
        return True
    joined = " ".join(said)
    for phrase in PHRASES:
        joined = joined.replace(phrase, "ok")
    said = joined.split()
    return said[-1] in LISTENING_WORDS and all(word in LISTENING_WORDS or word in WITH_A_SIGN for word in said)


def may_become_backchannel(words: str) -> bool:
    """Whether `words` are the beginning of a sign of attention of several words: "I" of "I see"."""
    said = plain(words)
    if said and said[-1] in WITH_A_SIGN:
        return all(word in LISTENING_WORDS for word in said[:-1])
    while said and said[0] in LISTENING_WORDS | WITH_A_SIGN:
        said = said[1:]
    return bool(said) and any(phrase.startswith(" ".join(said)) for phrase in PHRASES)


def asks_to_stop(words: str) -> bool:
    """Whether the first word already claims the floor."""
    said = plain(words)
    return bool(said) and said[0] in STOP_WORDS


def wants_something(words: str) -> bool:
    """Whether one of them asks, orders, refuses or counts: a single such word is meant, however unclear it was."""
    return any(_unaccented(word) in _WANTING or word.isdecimal() for word in plain(words))


def _unaccented(word: str) -> str:
    """A recogniser leaves accents away, which tell "quién" from "quien" in writing alone."""
    return "".join(char for char in unicodedata.normalize("NFD", word) if not unicodedata.combining(char))


_WANTING = frozenset(map(_unaccented, STOP_WORDS | ASKING_WORDS))


def _is_hum(word: str) -> bool:
    if word in NO_HUMS:
        return False
    letters = [char for char in unicodedata.normalize("NFKD", word) if char.isalpha()]
    return 2 <= len(letters) <= LONGEST_HUM and HUMMED.issuperset(letters)
