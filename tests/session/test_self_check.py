"""The spoken self-check: a conversation of the server with itself."""

import pytest

from tests import virtual_time
from vivavoce.engines.scripted import ScriptedModel, ScriptedTranscriber, ToneVoice, scripted_engines
from vivavoce.errors import EngineBusy, EngineFailed, EngineTooSlow
from vivavoce.ports import Urgency
from vivavoce.session.sayings import BEGINNINGS, rehearse
from vivavoce.session.self_check import self_check


def check(**engines):
    return virtual_time.run(self_check(scripted_engines(**engines)))


def test_it_tells_what_was_heard_and_answered_and_how_long_that_took():
    found = check(stt=ScriptedTranscriber(("What is it?",)), llm=ScriptedModel(("Paris, of course.",)), tts=ToneVoice())
    assert (found.heard, found.answered) == ("What is it?", "Paris, of course.")
    assert 200 <= found.voice_to_voice_ms <= 400


def test_a_broken_engine_is_one_plain_error():
    with pytest.raises(EngineFailed, match="no model"):
        check(llm=ScriptedModel((RuntimeError("no model"),)))


def test_a_deaf_recogniser_is_found_out():
    with pytest.raises(EngineTooSlow):
        check(stt=ScriptedTranscriber(("",)))


def test_openers_are_rehearsed_and_a_busy_voice_is_left_alone():
    """Rehearsal is a favour: it asks at the lowest urgency and takes no for an answer."""
    asked = []

    class Busy(ToneVoice):
        async def synthesize(self, text, *, urgency, **options):
            asked.append(urgency)
            raise EngineBusy("others wait")
            yield

    virtual_time.run(rehearse(Busy()))
    assert asked == [Urgency.SPARE] * len(BEGINNINGS)
