"""Whether a whole turn says yes or no, in the languages that people speak to us. Pure, and cautious: what is neither is
for somebody cleverer, and a hum is no consent."""

from __future__ import annotations

from vivavoce.text.backchannels import plain

YES = frozenset(
    "yes yeah yep yup sure ok okay certainly absolutely definitely approved approve confirm confirmed "
    "sì si certo certamente procedi confermo d'accordo sicuro "
    "sí claro vale adelante confirmo hazlo procede "
    "oui ouais volontiers confirme vas-y allez-y "
    "ja klar gerne jawohl bestätigt".split()
)
YES_PHRASES = (
    "go ahead", "go for it", "do it", "do that", "please do", "of course", "all right", "you may", "you can",
    "sounds good",
    "va bene", "fai pure", "vai pure", "vai avanti", "fallo pure", "puoi farlo", "certo che sì", "certo che si",
    "de acuerdo", "por supuesto", "está bien", "puedes hacerlo",
    "d'accord", "bien sûr", "fais-le", "tu peux",
    "mach das", "mach es", "in ordnung", "leg los",
)  # fmt: skip
BESIDE = frozenset(
    "please thanks thank you now that it grazie prego pure por favor gracias s'il te vous plaît merci bitte".split()
)
"""Words that change nothing beside a yes."""
NO = frozenset("no nope nah don't dont never cancel non nein annulla cancela annule abbrechen lieber".split())
NO_PHRASES = (
    "do not", "not now", "rather not", "leave it", "forget it", "never mind", "lascia stare", "meglio di no",
    "ahora no", "mejor no", "déjalo", "pas maintenant", "laisse tomber", "lass es", "lass das", "jetzt nicht",
    "lieber nicht",
)  # fmt: skip
MOST_WORDS = 8
"""Of a yes: who says more may mean more."""


def yes_or_no(words: str) -> bool | None:
    """None: neither, or not surely."""
    said = plain(words)
    joined = " ".join(said)
    if not said:
        return None
    if said[0] in NO or any(joined.startswith(phrase) for phrase in NO_PHRASES):
        return False
    if len(said) > MOST_WORDS:
        return None
    for phrase in YES_PHRASES:
        joined = joined.replace(phrase, "yes")
    left = joined.split()
    agrees = any(word in YES for word in left) and all(word in YES or word in BESIDE for word in left)
    return True if agrees else None
