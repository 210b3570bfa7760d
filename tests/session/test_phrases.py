"""Phrases that recur are rendered once for all sessions, when nobody waits for the voice."""

import asyncio
from collections import Counter
from dataclasses import dataclass, field

import pytest

from tests import virtual_time
from vivavoce.conversation.config import ReplyOptions
from vivavoce.conversation.opener import OPENERS
from vivavoce.engines.scripted import ToneVoice
from vivavoce.errors import EngineBusy
from vivavoce.ports import Urgency
from vivavoce.session import phrases
from vivavoce.session.phrases import TRY_AGAIN, Phrasebook
from vivavoce.session.sayings import APOLOGY, ONE_MOMENT

OPTIONS = ReplyOptions()


@dataclass
class Counted(ToneVoice):
    """Counts what it is asked for; `busy`: how often somebody else waits for the voice first."""

    made: Counter = field(default_factory=Counter)
    urgencies: set = field(default_factory=set)
    busy: int = 0

    async def synthesize(self, text, *, voice, speed=1.0, language=None, urgency=Urgency.NOW):
        if self.busy:
            self.busy -= 1
            raise EngineBusy("tts has 1 jobs waiting")
        self.made[text, voice] += 1
        self.urgencies.add(urgency)
        async for sound in ToneVoice.synthesize(self, text, voice=voice, speed=speed, language=language):
            yield sound


def test_sessions_that_come_at_once_have_each_phrase_rendered_once_and_never_before_who_waits():
    tts = Counted()
    book = Phrasebook(tts)

    async def scene() -> None:
        await asyncio.gather(*(book.render(OPTIONS, "en") for _ in range(3)))
        await book.render(OPTIONS, "en")

    virtual_time.run(scene())
    openers = {word for words in OPENERS["en"].values() for word in words}
    assert openers | {APOLOGY["en"]} <= {text for text, _ in tts.made}
    assert set(tts.made.values()) == {1} and tts.urgencies == {Urgency.SPARE}
    assert all(book.sound(word, OPTIONS) is not None for word in openers)


def test_another_voice_says_them_itself():
    tts = Counted()
    book = Phrasebook(tts)
    virtual_time.run(book.render(OPTIONS, "en"))
    assert book.sound("Well,", ReplyOptions(voice="ash")) is None
    virtual_time.run(book.render(ReplyOptions(voice="ash"), "en"))
    assert tts.made["Well,", "ash"] == tts.made["Well,", OPTIONS.voice] == 1


def test_what_a_busy_voice_had_no_time_for_is_rendered_later():
    tts = Counted(busy=2)
    book = Phrasebook(tts)

    async def scene() -> float:
        began = asyncio.get_running_loop().time()
        await book.render(OPTIONS, "en")
        return asyncio.get_running_loop().time() - began

    assert virtual_time.run(scene()) >= TRY_AGAIN
    assert book.sound("Well,", OPTIONS) is not None and set(tts.made.values()) == {1}


def test_the_oldest_are_forgotten_where_many_voices_have_said_them(monkeypatch: pytest.MonkeyPatch):
    tts = Counted()
    book = Phrasebook(tts)
    virtual_time.run(book.render(OPTIONS, "en"))
    one_voice = sum(book.sound(text, OPTIONS).seconds for text, _ in tts.made)
    monkeypatch.setattr(phrases, "KEPT_SECONDS", one_voice * 1.5)
    virtual_time.run(book.render(ReplyOptions(voice="ash"), "en"))
    assert book.sound("Well,", OPTIONS) is None and book.sound(ONE_MOMENT["en"], OPTIONS) is not None
    assert all(book.sound(text, ReplyOptions(voice="ash")) is not None for text, voice in tts.made if voice == "ash")
