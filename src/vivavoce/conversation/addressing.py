"""Whether what was said goes to somebody else. Pure, and cautious: a false silence is worse than an answer.

Known by three signs: a name of somebody in the house, words that say so ("I am on the phone"), and what only somebody
with hands and feet can be asked ("Come in", "Take off your shoes"). A name alone is none, for people name those they
talk about; "your" is none, for assistants are asked how one washes one's hands.
"""

from __future__ import annotations

import re

NAMED_OTHERS = (
    r"(?:mum|mummy|mom|mommy|dad|daddy|grandma|grandpa|honey|darling|sweetheart|kids|guys|mamma|papà|tesoro|amore|"
    r"ragazzi|mamá|papá|cariño|chicos|maman|chéri|chérie|les enfants|mama|papa|schatz|kinder)"
)
_ASKED = (
    r"(?:can|could|will|would|do|did|are|have) you|where are you|come here|puoi|potresti|vieni|puedes|podrías|ven|"
    r"(?:est-ce que )?tu peux|tu pourrais|peux-tu|viens|kannst du|könntest du|komm"
)
"""What one asks somebody whom one names. Small recognisers leave out the comma behind the name."""
_BEFORE = (
    r"^(?:(?:yes|yeah|no|oh|okay|ok|hey|hello|hi|well|now|and|just|please|sorry|thanks|hang on|wait|sì|ciao|sí|"
    r"hola|oui|non|ja|nein|(?:just )?(?:a|one) (?:minute|moment|second))[,.!]? )*"
)
_WORN = (
    r"(?:hands?|face|teeth|hair|nose|mouth|foot|feet|fingers?|elbows?|shirt|pants|trousers|shoes?|socks?|boots|coat|"
    r"jacket|hat|scarf|gloves|pyjamas|pajamas|clothes|dress|glasses|plate|vegetables|room|bed|toys|backpack|homework|"
    r"toothbrush|seat ?belt)"
)
"""Of somebody's body, what he wears, and what he is to see to."""
_CHORES = r"(?:dog|cat|dishes|table|trash|garbage|rubbish|bins?|laundry|plants)"
_END = r"(?=[,.!?]|$| (?:the|it|it's|i|i'm|we|we're|you|you're|please|now|right|this|that)\b)"
"""Small recognisers leave out the full stop, too: "Come in the door is open"."""
FOR_HANDS_AND_FEET = (
    rf"come (?:on )?in{_END}|come (?:over )?here\b|come (?:upstairs|downstairs)|come and (?:eat|sit|help me)\b",
    rf"(?:sit down|stand up)(?:{_END}| and\b)|hurry up{_END}|get (?:off|out of|down from) (?:the|my)\b|wait for me\b",
    r"(?:hand|pass) me (?:the|that|a|my|your)\b|give (?:it|that) back\b|hold (?:this|that|my)\b|don't touch\b",
    r"put (?:it|that|this|them) (?:down|back|on the (?:table|floor|chair|shelf|counter|stove)|in the (?:kitchen|fridge|"
    r"sink|bin|trash|oven|car))\b|leave (?:it|that|them) (?:there|here|outside|at the door|on the)\b",
    r"(?:put|take|get|wash|brush|clean|tidy|comb|wipe|blow|finish|pick|eat|zip|tie|do|hang|make|stop) (?:\w+ )*"
    rf"your (?:\w+ )?{_WORN}\b",
    r"(?:don't forget|have you (?:got|done|seen|washed|brushed|cleaned|finished)|where are|"
    rf"did you (?:do|wash|brush|clean|finish)) your {_WORN}\b",
    r"(?:(?:did|have|can|could|will) you )?(?:take out|taken out|walk|walked|feed|fed|set|water|watered|do|done|wash|"
    rf"washed) the {_CHORES}{_END}",
    rf"i(?:'m| am) coming{_END}|i'll be right (?:there|down|over|with you)\b|i'll call you (?:back|later)\b",
    r"(?:somebody|someone|who)(?:'s| is) at the door\b|(?:breakfast|lunch|dinner|supper)(?:'s| is) ready\b",
    rf"(?:avanti|entra|entrate|siediti|sedetevi|arrivo|è pronto|vieni qui|lavati le mani){_END}",
    rf"(?:adelante|entra|pasa|pasen|siéntate|ya voy|ven aquí|lávate las manos|la cena está lista){_END}",
    rf"(?:entre|entrez|assieds-toi|asseyez-vous|j'arrive|viens ici|lave-toi les mains|à table){_END}",
    rf"(?:herein|komm rein|kommen sie herein|setz dich|ich komme|komm her|wasch dir die hände|essen ist fertig){_END}",
)
"""At the beginning, behind words that mean little: who asks how to say "come in" is answered."""
TO_OTHERS = (
    rf"^(?:hey |oh |ehi |oye |hé )?{NAMED_OTHERS}(?:[,!]| (?:{_ASKED})\b)",
    rf"[,] {NAMED_OTHERS}[.!?]$",
    r"\b(?:i'm|i am) (?:on the phones?|in a call|on a call|talking to (?:my|the) (?:assistant|computer|phone))\b",
    r"^(?:no,? )?not you\b",
    r"^(?:no,? )?(?:i'm |i was )?(?:not talking|wasn't talking) to you\b",
    r"\b(?:sono al telefono|non parlo con te|sto parlando con (?:lui|lei|il computer))\b",
    r"\b(?:estoy al teléfono|no te hablo a ti)\b",
    r"\b(?:je suis au téléphone|je ne te parle pas)\b",
    r"\b(?:ich telefoniere gerade|ich rede nicht mit dir)\b",
    *(rf"{_BEFORE}(?:{asked})" for asked in FOR_HANDS_AND_FEET),
)
_NAMED_FIRST = re.compile(rf"^(?:hey |oh |ehi |oye |hé )?{NAMED_OTHERS}\b", re.IGNORECASE)
_TO_OTHERS = re.compile("|".join(TO_OTHERS), re.IGNORECASE)


def addressed_elsewhere(words: str) -> bool:
    """Whether `words`, a whole turn, name somebody else as their hearer, say so, or ask for what takes a body."""
    return _TO_OTHERS.search(words.strip().replace("’", "'")) is not None


def names_another(words: str) -> bool:
    """Whether `words`, the beginning of something, begin with the name of somebody else, who may be its hearer."""
    return _NAMED_FIRST.search(words.strip()) is not None
