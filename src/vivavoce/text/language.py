"""Guesses the language of a short text from its script and its commonest small words.

A few hundred words decide almost every sentence (the method of function words, as in N. Ingle's language identification
table, 1976); it needs no model, and the models that do better come under licences that ask for more.
"""

from __future__ import annotations

import re
from collections.abc import Collection


def language_of(text: str, among: Collection[str]) -> str | None:
    """ISO 639-1 of the likeliest of `among`; None where the text gives no evidence or two are equally likely.

    A language that is unknown here is never the answer.
    """
    by_script = _of_script(text)
    if by_script is not None:
        return by_script if by_script in among else None
    words = _WORD.findall(text.lower().replace("’", "'"))
    scores = sorted(((_score(words, language), language) for language in among if language in _SMALL), reverse=True)
    if not scores or scores[0][0] <= 0 or (len(scores) > 1 and scores[0][0] - scores[1][0] < 0.25):
        return None
    return scores[0][1]


def _of_script(text: str) -> str | None:
    """The language of a script that only one of ours uses, if at least a third of the letters are in it."""
    letters = sum(character.isalpha() for character in text)
    for language, script in _SCRIPTS:
        if letters and len(script.findall(text)) * 3 >= letters:
            return language
    return None


def _score(words: list[str], language: str) -> float:
    small, letters = _SMALL[language], _LETTERS[language]
    known = sum(word in small for word in words)
    marked = sum(bool(letters & set(word)) for word in words)
    return known + 0.7 * marked


_WORD = re.compile(r"[¿¡]|[^\W\d_]+(?:'(?=[^\W\d_]))?")
_SCRIPTS = (
    ("ja", re.compile(r"[\u3040-\u30ff]")),  # kana; Japanese is seldom without, so it comes before Chinese
    ("zh", re.compile(r"[\u3400-\u9fff]")),
    ("ko", re.compile(r"[\uac00-\ud7af]")),
    ("hi", re.compile(r"[\u0900-\u097f]")),
    ("ru", re.compile(r"[\u0400-\u04ff]")),
    ("ar", re.compile(r"[\u0600-\u06ff]")),
    ("el", re.compile(r"[\u0370-\u03ff]")),
    ("he", re.compile(r"[\u0590-\u05ff]")),
    ("th", re.compile(r"[\u0e00-\u0e7f]")),
)
_LETTERS = {
    "en": frozenset(),
    "it": frozenset("ìò"),
    "es": frozenset("ñ¿¡"),
    "fr": frozenset("çœêûîôë"),
    "pt": frozenset("ãõç"),
    "de": frozenset("äöüß"),
    "nl": frozenset(),
}
_SMALL = {
    "en": frozenset(
        "the and of to is that it you are was for this with have not be he she they we what how my your from at"
        " by or but can do does did if will would should could there here when where who which all please thank"
        " thanks hello hi yes me i i' don' can' isn' let' it' that' what' sure just about tell know want like get"
        " much many more some any of on been has had were their his her our its into out up time good morning"
        " today very".split()
    ),
    "it": frozenset(
        "il lo gli è e di che non un una per sono con come mi ti ci si della del dei delle nel nella al alla alle"
        " agli dal dalla sul sulla ho hai ha abbiamo hanno questo questa quello quella cosa più anche ma se perché"
        " quando dove chi quale io tu lui lei noi voi loro grazie ciao buongiorno prego sì va bene molto posso"
        " puoi può vorrei l' un' dell' all' nell' c' d' dov' com' cos' quest' fare essere suo mio tuo oggi domani"
        " stai sta tempo alcuni dimmi tutto ancora già dopo prima solo sempre quanto quanti".split()
    ),
    "es": frozenset(
        "el los las y de que no un una por para con como me te se es son está están estoy eres soy muy más pero"
        " si porque cuando dónde quién qué cuál cómo yo tú él ella nosotros ellos gracias hola buenos buenas días"
        " sí bien puedo en puedes puede quiero del al lo le su mi tu hay tiene tengo hacer esto esta este hoy"
        " mañana también ya todo entre sobre sin desde hasta cuánto ser la".split()
    ),
    "fr": frozenset(
        "le les et de que ne pas un une des du pour par avec est sont suis es êtes je tu il elle nous vous ils"
        " elles on ce cette ces mon ma ton ta son sa qui quoi où quand comment pourquoi merci bonjour salut oui"
        " non bien très plus mais si dans sur au aux en l' d' j' c' qu' n' s' m' t' y a ai avez avons peux peut"
        " veux voudrais faire être aujourd' demain aussi tout quel quelle combien la".split()
    ),
    "pt": frozenset(
        "o os as e de que não um uma por para com como me te se é são está estão estou sou muito mais mas porque"
        " quando onde quem qual eu tu ele ela nós você vocês eles obrigado obrigada olá oi bom boa dia sim bem"
        " posso pode quero do da dos das no na nos nas ao à seu sua meu minha tem tenho fazer isso este esta hoje"
        " amanhã também já tudo entre sobre sem até quanto ser".split()
    ),
    "de": frozenset(
        "der die das und ist nicht ein eine einen einem einer zu den dem des mit auf für von im in ich du er sie"
        " es wir ihr was wie wo wer wann warum welche danke hallo guten tag ja nein gut sehr mehr aber oder wenn"
        " weil dass bin bist sind war hat habe haben kann kannst können möchte will mir mich dir dich mein dein"
        " sein auch noch schon heute morgen bitte nach bei aus über um wird werden am zum zur nur alle viel viele"
        " wetter".split()
    ),
    "nl": frozenset(
        "de het een en is niet van ik je hij zij ze wij we dat dit die met op voor aan zijn was wat hoe waar wie"
        " wanneer waarom dank hallo goede dag ja nee goed heel meer maar of als omdat ben bent heeft heb kan kun"
        " wil mij mijn jouw ook nog al vandaag morgen alsjeblieft bij uit over om wordt worden naar er geen".split()
    ),
}
