"""Manners of a conversation, in virtual time: what it does with an "uh-huh", a cough, a second thought, a failure."""

import asyncio
from dataclasses import replace

import numpy as np
import pytest

from tests.session.scene import SEMANTIC, Scene, play, tone
from vivavoce.audio.echo import EchoGuard
from vivavoce.audio.pcm import Pcm
from vivavoce.conversation.config import Manners, ReplyOptions, ServerVad, SessionConfig, TurnPolicy
from vivavoce.conversation.events import (
    InputCommitted,
    PlaybackDucked,
    PlaybackHeld,
    PlaybackResumed,
    ReplyAudio,
    ReplyText,
    ResponseEnded,
    ResponseStarted,
    SpeechStarted,
    TurnDecided,
)
from vivavoce.engines.scripted import ScriptedModel, ScriptedTranscriber, ToneVoice, scripted_engines
from vivavoce.errors import EngineBusy
from vivavoce.ports import TranscriptionHint
from vivavoce.session.sayings import APOLOGY, DID_NOT_CATCH, LISTENING
from vivavoce.text.backchannels import BRIEF_REMARKS

LONG = "one two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen sixteen."
PLAIN = ReplyOptions(instructions="You are a clerk.")
MANAGED = replace(SEMANTIC, reply=PLAIN, manners=Manners(managed_playback=True))


class Listener(ScriptedTranscriber):
    """One line for each utterance, however often it is listened to: a shorter sound is another utterance."""

    turn, last = 0, 0.0

    async def transcribe(self, speech, hint=None, urgency=0):
        if speech.seconds < self.last - 0.2:
            self.turn += 1
        self.last = speech.seconds
        self.passes = self.turn
        return await super().transcribe(speech, urgency=urgency)


def engines(*replies, heard=("hello there",), p_done=0.95, **more):
    llm = ScriptedModel(replies or ("Fine, thank you.",), **more)
    return scripted_engines(stt=Listener(heard), llm=llm, tts=ToneVoice(), p_done=p_done)


def over_the_answer(seconds: float, wait: float = 15.0):
    """Ask, and make a sound two seconds into the answer."""

    async def script(scene: Scene) -> None:
        await scene.silence(0.3)
        await scene.speak(1.0)
        await scene.silence(2.5)
        await scene.speak(seconds)
        await scene.silence(wait)

    return script


def decisions(scene: Scene) -> list[tuple[str, str]]:
    return [(event.decision, event.reason) for event in scene.of(TurnDecided)]


def sound_sent(scene: Scene) -> np.ndarray:
    return np.concatenate([event.sound.samples for event in scene.of(ReplyAudio)])


def test_a_sign_of_attention_ducks_and_holds_the_answer_which_then_goes_on_whole():
    undisturbed = play(over_the_answer(0.0), engines=engines(LONG), config=MANAGED)
    scene = play(over_the_answer(0.32), engines=engines(LONG, heard=("hello there", "mm-hm")), config=MANAGED)
    kinds = [type(event) for event in scene.of(PlaybackDucked, PlaybackHeld, PlaybackResumed)]
    assert kinds == [PlaybackDucked, PlaybackHeld, PlaybackResumed]
    assert scene.of(PlaybackResumed)[0].reason == "backchannel"
    assert len(scene.of(SpeechStarted)) == 1
    assert [end.how for end in scene.of(ResponseEnded)] == ["finished"]
    assert np.array_equal(sound_sent(scene), sound_sent(undisturbed))  # no sample lost, none sent twice
    assert scene.session.history.items[-1].text == LONG


def test_the_client_is_told_within_two_hops_of_the_first_sign_of_voice():
    scene = play(over_the_answer(1.5), engines=engines(LONG, heard=("hello", "no I meant something")), config=MANAGED)
    (ducked,) = scene.of(PlaybackDucked)
    at = scene.when(PlaybackDucked)
    assert at - ducked.at_ms / 1000 <= 0.07  # the scene begins at time 0


def test_a_real_interruption_stops_the_answer_and_is_answered():
    scene = play(
        over_the_answer(1.5), engines=engines(LONG, "Sure.", heard=("hello", "no I meant else")), config=MANAGED
    )
    assert [(end.how, end.reason) for end in scene.of(ResponseEnded)] == [
        ("interrupted", "barge_in"),
        ("finished", "end_of_turn"),
    ]
    assert not scene.of(PlaybackResumed)


def test_a_yes_over_the_end_of_a_question_is_its_answer_and_no_sign_of_attention():
    """It was let go, and the assistant waited for an answer that it had been given."""
    question = "Shall I tell you more about the moon?"
    scene = play(over_the_answer(0.32), engines=engines(question, "Here.", heard=("hello", "yes")), config=MANAGED)
    assert not scene.of(PlaybackResumed)
    assert [end.reason for end in scene.of(ResponseEnded)] == ["barge_in", "end_of_turn"]


@pytest.mark.parametrize("voice", [0.1, 0.4])
def test_an_answer_that_is_held_goes_on_where_no_more_sound_comes(voice):
    """Who is muted in the middle of a cough sends nothing more, and time is counted in sound: it was held for ever."""

    async def mute(scene: Scene) -> None:
        await scene.silence(0.3)
        await scene.speak(1.0)
        await scene.silence(2.5)
        await scene.play(tone(3.0).cut(0.0, voice))
        await asyncio.sleep(15.0)

    scene = play(mute, engines=engines(LONG, heard=("hello there", "mm-hm")), config=MANAGED)
    assert scene.of(PlaybackDucked) and scene.of(PlaybackResumed)
    assert [end.how for end in scene.of(ResponseEnded)] == ["finished"]
    assert scene.session.history.items[-1].text == LONG


def test_clients_that_did_not_ask_hear_nothing_of_ducking_and_still_keep_their_answer():
    config = replace(SEMANTIC, reply=PLAIN)
    scene = play(over_the_answer(0.32), engines=engines(LONG, heard=("hello there", "mm-hm")), config=config)
    assert not scene.of(PlaybackDucked, PlaybackHeld, PlaybackResumed)
    assert [end.how for end in scene.of(ResponseEnded)] == ["finished"]
    assert ("resume", "backchannel") in decisions(scene)


def test_a_held_answer_is_remembered_as_far_as_it_was_heard():
    """Held two seconds into the answer, then interrupted: the hold is no time in which words were heard."""
    scene = play(over_the_answer(3.0, wait=1.0), engines=engines(LONG, heard=("hello", "no I meant")), config=MANAGED)
    heard = next(item for item in scene.session.history.items if item.role == "assistant")
    assert 1 <= len(heard.text.split()) < 10


def test_with_server_vad_a_voice_interrupts_in_one_stage():
    config = SessionConfig(turn=TurnPolicy(ServerVad()), reply=PLAIN, manners=Manners(managed_playback=True))
    scene = play(over_the_answer(0.32), engines=engines(LONG, heard=("hello there", "mm-hm")), config=config)
    assert not scene.of(PlaybackDucked)
    assert len(scene.of(SpeechStarted)) == 2


def test_an_interruption_without_words_is_not_followed_by_silence():
    config = SessionConfig(turn=TurnPolicy(ServerVad()), reply=PLAIN)
    scene = play(over_the_answer(0.4), engines=engines(LONG, heard=("hello there", "")), config=config)
    assert scene.of(ReplyText)[-1].text == DID_NOT_CATCH["en"]


def test_going_on_after_a_short_pause_reopens_the_turn_and_is_answered_once():
    async def think(scene: Scene) -> None:
        await scene.speak(1.0)
        await scene.silence(0.5)  # the turn ends, and the answer begins
        await scene.speak(1.0)
        await scene.silence(8)

    llm = ScriptedModel(("Too early. " + LONG, "Both parts."), first=0.8)
    made = scripted_engines(stt=Listener(("I would like", "a cup of tea")), llm=llm, tts=ToneVoice())
    scene = play(think, engines=made, config=MANAGED)
    assert ("start", "reopened") in decisions(scene)
    assert [end.reason for end in scene.of(ResponseEnded) if end.how == "finished"] == ["end_of_turn"]
    said = [item.text for item in llm.asked[-1].items]
    assert said == ["I would like", "a cup of tea"]


def test_going_on_behind_an_opener_reopens_the_turn(monkeypatch: pytest.MonkeyPatch):
    """It was heard for longer than the first word of an answer, and says nothing."""
    monkeypatch.setattr(EchoGuard, "share", lambda *_: 0.0)  # a tone over a tone is taken for its echo

    async def think(scene: Scene) -> None:
        await scene.silence(2.0)
        await scene.speak(1.2)
        await scene.silence(1.1)  # the turn ends, and "Well," sounds
        await scene.speak(1.2)
        await scene.silence(8)

    llm = ScriptedModel(("Too early. " + LONG, "Both parts."), first=3.0)
    made = scripted_engines(stt=Listener(("what would you say", "if it rained")), llm=llm, tts=ToneVoice())
    scene = play(think, engines=made, config=replace(SEMANTIC, manners=Manners(managed_playback=True)))
    assert ("start", "reopened") in decisions(scene)
    heard_again = [at for at, event in scene.events if isinstance(event, SpeechStarted)][-1]
    assert scene.when(ReplyAudio) < heard_again - 0.35
    said = [item.text for item in llm.asked[-1].items]
    assert said == ["what would you say", "if it rained"]


@pytest.mark.parametrize("failing", [ScriptedModel((RuntimeError("broken"),)), ScriptedModel(("late",), first=60.0)])
def test_a_turn_that_was_taken_is_answered_or_apologised_for(failing: ScriptedModel):
    """Never mute: an engine that fails, and one that hangs."""

    async def ask(scene: Scene) -> None:
        await scene.speak(1.0)
        await scene.silence(20)

    made = scripted_engines(stt=ScriptedTranscriber(("hello there",)), llm=failing, tts=ToneVoice())
    scene = play(ask, engines=made, config=MANAGED)
    assert "".join(event.text for event in scene.of(ReplyText)) == APOLOGY["en"]
    assert scene.of(ReplyAudio)
    (end,) = scene.of(ResponseEnded)
    assert (end.how, end.reason) == ("failed", "error")


def test_what_is_said_to_somebody_else_gets_a_silent_response():
    async def ask(scene: Scene) -> None:
        await scene.speak(1.5)
        await scene.silence(6)

    config = replace(MANAGED, manners=Manners(ignore_side_talk=True))
    scene = play(ask, engines=engines(heard=("Mom, can you close the door?",)), config=config)
    (end,) = scene.of(ResponseEnded)
    assert (end.how, end.reason) == ("finished", "remain_silent")
    assert not scene.of(ReplyAudio, ReplyText)


def test_silence_after_an_answer_is_ended_by_the_assistant_when_asked_for():
    async def ask(scene: Scene) -> None:
        await scene.speak(1.0)
        await scene.silence(12)

    config = replace(MANAGED, manners=Manners(idle_timeout_ms=4000))
    llm = ScriptedModel(("Fine.", "Are you there?"))
    made = scripted_engines(stt=ScriptedTranscriber(("hello there",)), llm=llm, tts=ToneVoice())
    scene = play(ask, engines=made, config=config)
    assert [end.reason for end in scene.of(ResponseEnded)][:2] == ["end_of_turn", "idle"]
    assert "silent" in llm.asked[1].items[-1].text


def test_a_long_turn_gets_a_sign_of_attention_in_a_pause_when_asked_for():
    async def tell(scene: Scene) -> None:
        await scene.speak(6.0)
        await scene.silence(0.4)
        await scene.speak(2.0)
        await scene.silence(6)

    for wanted in (True, False):
        config = replace(MANAGED, manners=Manners(listening_signals=wanted))
        scene = play(tell, engines=engines(p_done=0.001, heard=("a long story",)), config=config)
        signals = [start for start in scene.of(ResponseStarted) if not start.request.in_conversation]
        assert len(signals) == wanted
        assert (LISTENING["en"] in [event.text for event in scene.of(ReplyText)]) is wanted
        assert len(scene.of(InputCommitted)) == 1  # the signal takes no turn


def test_an_answer_that_takes_longer_begins_with_a_rehearsed_word():
    async def ask(scene: Scene) -> None:
        await scene.silence(2.0)
        await scene.speak(1.2)
        await scene.silence(8)

    made = engines("The answer is five.", heard=("what is two and three?",), first=1.0)
    scene = play(ask, engines=made, config=SEMANTIC)
    said = [event.text for event in scene.of(ReplyText)]
    assert said[0] in ("Well,", "Hmm,", "So,")
    assert said[1].startswith(" the answer")
    assert scene.when(ReplyAudio) - scene.when(InputCommitted) < 0.3
    latency = scene.of(ResponseEnded)[0].latency
    assert latency.opener < latency.first_sound

    theirs = play(ask, engines=engines("The answer.", heard=("what is two?",), first=1.0), config=MANAGED)
    assert theirs.of(ReplyText)[0].text == "The answer."  # whoever brings instructions chooses the words


def test_an_answer_that_begins_with_such_a_word_of_its_own_does_not_begin_twice():
    """Small models like to begin with "Well,": "Hmm, well, the answer is" is one beginning too many."""
    made = engines("Well, the answer is five.", heard=("what is two and three?",), first=1.0)

    async def ask(scene: Scene) -> None:
        await scene.silence(2.0)
        await scene.speak(1.2)
        await scene.silence(8)

    scene = play(ask, engines=made, config=SEMANTIC)
    said = "".join(event.text for event in scene.of(ReplyText))
    assert said in [f"{word} the answer is five." for word in ("Well,", "Hmm,", "So,")]
    assert scene.session.history.items[-1].text == said


def test_openers_are_of_the_language_of_the_talk_once_it_is_known():
    class Italian(Listener):
        async def transcribe(self, speech, hint=None, urgency=0):
            return replace(await super().transcribe(speech, urgency=urgency), language="it")

    async def ask(scene: Scene) -> None:
        await scene.silence(2.0)
        for _ in range(2):
            await scene.speak(1.8)
            await scene.silence(12)

    stt = Italian(("quanto fa due più tre?", "e quanto fa tre più quattro?"))
    made = scripted_engines(stt=stt, llm=ScriptedModel(("Cinque.",), first=2.0), tts=ToneVoice())
    scene = play(ask, engines=made, config=SEMANTIC)
    first, second = (
        "".join(event.text for event in scene.of(ReplyText) if event.response_id == end.response_id)
        for end in scene.of(ResponseEnded)
    )
    assert first == "Cinque." and second.split()[0] in ("Allora,", "Dunque,")


def test_where_too_little_was_heard_for_an_opener_one_comes_as_soon_as_the_words_do():
    """On a busy machine partial passes are shed, and a short question had no word before its whole answer."""

    async def ask(scene: Scene) -> None:
        await scene.silence(6)
        await scene.speak(0.6)
        await scene.silence(8)

    stt, llm = ScriptedTranscriber(("what is two and three?",), takes=1.6), ScriptedModel(("Five.",), first=2.0)
    scene = play(ask, engines=scripted_engines(stt=stt, llm=llm, tts=ToneVoice()))
    assert scene.of(ReplyText)[0].text in ("Well,", "Hmm,", "So,")
    latency = scene.of(ResponseEnded)[0].latency
    assert latency.endpoint < latency.transcript <= latency.opener < latency.transcript + 50


def test_a_reply_is_drafted_before_the_voice_stops_when_the_words_sound_like_the_last():
    async def ask(scene: Scene) -> None:
        await scene.speak(2.0)
        await scene.silence(8)

    llm = ScriptedModel(("Five.",), ends=0.99)
    made = scripted_engines(stt=ScriptedTranscriber(("two and three",)), llm=llm, tts=ToneVoice())
    scene = play(ask, engines=made, config=MANAGED)
    (end,) = scene.of(ResponseEnded)
    assert end.draft.anticipated and end.draft.content_valid and end.draft.head_start_ms > 300


def test_no_reply_is_drafted_to_words_that_are_still_growing_whatever_the_model_thinks_of_them():
    async def ask(scene: Scene) -> None:
        await scene.speak(2.0)
        await scene.silence(8)

    llm = ScriptedModel(("Five.",), ends=0.99)
    made = scripted_engines(stt=ScriptedTranscriber(("what is two and three and four then",)), llm=llm, tts=ToneVoice())
    (end,) = play(ask, engines=made, config=MANAGED).of(ResponseEnded)
    assert not end.draft.anticipated and end.draft.made == 1 and end.draft.wasted_ms == 0


def test_an_early_draft_is_made_again_when_the_final_words_say_something_else():
    class Mishearing(ScriptedTranscriber):
        async def transcribe(self, speech, hint=None, urgency=0):
            heard = await super().transcribe(speech, urgency=urgency)
            return replace(heard, text="two and") if urgency else heard

    async def ask(scene: Scene) -> None:
        said = tone(2.3)
        await scene.play(said.cut(0.0, 1.8))
        await scene.session.hear(said.cut(1.8))  # at once: more voice than a partial pass may miss, no time for another
        await scene.silence(8)

    llm = ScriptedModel(("Wrong.", "Right."), ends=0.99)
    made = scripted_engines(stt=Mishearing(("two and three",)), llm=llm, tts=ToneVoice())
    scene = play(ask, engines=made, config=MANAGED)
    assert [item.text for item in llm.asked[-1].items] == ["two and three"]
    assert "".join(event.text for event in scene.of(ReplyText)) == "Right."
    (end,) = scene.of(ResponseEnded)
    assert end.draft.made == 1 and not end.draft.content_valid and end.draft.wasted_ms > 0


def test_at_most_one_draft_is_alive_however_often_somebody_pauses():
    """Protects the cores: what is prepared for a pause that was not the end has stopped before the next begins."""

    class Counting(ScriptedModel):
        alive = most = begun = 0

        async def reply(self, prompt):
            self.alive, self.begun = self.alive + 1, self.begun + 1
            self.most = max(self.most, self.alive)
            try:
                async for thought in super().reply(prompt):
                    yield thought
            finally:
                self.alive -= 1

    async def hesitate(scene: Scene) -> None:
        for _ in range(6):
            await scene.speak(1.0)
            await scene.silence(0.13)
        await scene.silence(8)

    llm = Counting((LONG,), first=0.4, ends=0.99)
    made = scripted_engines(stt=ScriptedTranscriber(("two and three",)), llm=llm, tts=ToneVoice(), p_done=0.99)
    scene = play(hesitate, engines=made, config=MANAGED)
    assert llm.begun > 3 and llm.most == 1
    assert [end.reason for end in scene.of(ResponseEnded)] == ["end_of_turn"]
    assert scene.of(ResponseEnded)[0].draft.made == llm.begun


def test_a_draft_has_no_effect_until_the_turn_is_given():
    async def hesitate(scene: Scene) -> None:
        await scene.speak(1.5)
        await scene.session.hear(Pcm.silence(0.1, 16_000))
        await asyncio.sleep(0.1)

    llm = ScriptedModel(("Five.",), ends=0.99)
    made = scripted_engines(stt=ScriptedTranscriber(("two and three",)), llm=llm, tts=ToneVoice())
    scene = play(hesitate, engines=made, config=MANAGED)
    assert llm.asked  # it was drafted,
    assert not scene.of(ResponseStarted, ReplyText, ReplyAudio)  # and nobody noticed
    assert not scene.session.history.items


def test_a_sign_of_attention_is_heard_in_the_language_of_the_talk_and_a_turn_in_any():
    """Half a second of "got it" was taken for Japanese, and stopped the answer."""
    asked = []

    class Asked(Listener):
        async def transcribe(self, speech, hint=TranscriptionHint(), urgency=0):
            asked.append(hint.language)
            return await super().transcribe(speech, hint, urgency)

    heard = replace(engines(LONG), stt=Asked(("hello there", "what about tomorrow then")))
    play(over_the_answer(2.0), engines=heard, config=MANAGED)
    assert asked[0] is None  # nothing is known yet
    assert "en" in asked and asked[-1] is None


class Broken(ScriptedModel):
    """Answers, then no more: it fails, or hangs."""

    async def reply(self, prompt):
        if self.replies:
            self.first, self.lines = 60.0, (RuntimeError("broken"),)
        async for thought in super().reply(prompt):
            yield thought


def test_an_interruption_to_which_no_answer_comes_is_apologised_for():
    """Never mute after a barge-in, the watchdog's own case: the answer was stopped, and the model hangs."""
    heard = ("hello", "no I meant something else")
    made = replace(engines(heard=heard), llm=Broken((LONG,)))
    scene = play(over_the_answer(1.5, wait=20.0), engines=made, config=MANAGED)
    assert [(end.how, end.reason) for end in scene.of(ResponseEnded)] == [
        ("interrupted", "barge_in"),
        ("failed", "error"),
    ]
    assert scene.of(ReplyText)[-1].text == APOLOGY["en"]


def test_words_that_could_not_be_recognised_are_not_answered_with_something_else():
    """Said over an answer that may not be interrupted, so that no reply was drafted: it would be to the turn before."""
    made = engines(LONG, "To the turn before.", heard=("hello there", RuntimeError("deaf")))
    config = SessionConfig(turn=TurnPolicy(ServerVad(), interrupt_response=False), reply=PLAIN)
    scene = play(over_the_answer(0.8), engines=made, config=config)
    assert [(end.how, end.reason) for end in scene.of(ResponseEnded)] == [
        ("finished", "end_of_turn"),
        ("failed", "error"),
    ]
    assert scene.of(ReplyText)[-1].text == APOLOGY["en"]


@pytest.mark.parametrize("failing", [ScriptedModel((RuntimeError("broken"),)), ScriptedModel(("late",), first=60.0)])
def test_a_word_before_the_answer_is_no_answer(failing: ScriptedModel):
    """ "Well," and then nothing would be as mute as nothing at all."""

    async def ask(scene: Scene) -> None:
        await scene.silence(2.0)
        await scene.speak(1.2)
        await scene.silence(30)

    made = replace(engines(heard=("what is two and three?",)), llm=failing)
    if failing.first < 1:
        failing.first = 2.0  # so that a word comes before it
    scene = play(ask, engines=made, config=SEMANTIC)
    said = [event.text for event in scene.of(ReplyText)]
    assert said[0] in ("Well,", "Hmm,", "So,") and said[-1].strip() == APOLOGY["en"]
    (end,) = scene.of(ResponseEnded)
    assert (end.how, end.reason) == ("failed", "error")


def test_a_recogniser_that_hangs_leaves_nobody_without_an_answer():
    class Hanging(ScriptedTranscriber):
        async def transcribe(self, speech, hint=None, urgency=0):
            await asyncio.sleep(0 if urgency else 30)  # what the pool gives an engine at most
            raise EngineBusy("stt hangs")

    async def ask(scene: Scene) -> None:
        await scene.speak(1.0)
        await scene.silence(16)

    made = scripted_engines(stt=Hanging(("hello there",)), llm=ScriptedModel(("Fine.",)), tts=ToneVoice())
    scene = play(ask, engines=made, config=MANAGED)
    assert "".join(event.text for event in scene.of(ReplyText)) == APOLOGY["en"]
    assert scene.of(ResponseEnded)[0].how == "failed"


def test_only_what_is_brief_is_heard_with_brief_remarks_for_a_context(monkeypatch):
    """With them "Ajá" is no "¡Acharde!", and without them a sentence in another language is no "uh-huh"."""
    monkeypatch.setattr(EchoGuard, "share", lambda *_: 0.0)  # a tone over a tone is taken for its echo
    asked: list[tuple[float, str | None]] = []

    class Asked(Listener):
        async def transcribe(self, speech, hint=TranscriptionHint(), urgency=0):
            asked.append((speech.seconds, hint.prompt))
            return await super().transcribe(speech, hint, urgency)

    heard = replace(engines(LONG), stt=Asked(("hello there", "yeah yeah yeah yeah yeah")))
    config = replace(MANAGED, transcription=replace(MANAGED.transcription, prompt="Anna"))
    play(over_the_answer(1.6), engines=heard, config=config)
    contexts = [prompt for _, prompt in asked]
    assert contexts[0] == "Anna" and contexts[-1] == "Anna"
    assert f"Anna {BRIEF_REMARKS['en']}" in contexts
    with_remarks = [seconds for seconds, prompt in asked if prompt != "Anna"]
    assert max(with_remarks) < 1.4  # 0.8 s of voice, with what is kept around it


ASIDES = replace(MANAGED, manners=Manners(managed_playback=True, ignore_side_talk=True))


@pytest.mark.parametrize(
    ("aside", "seconds"), [("Mom, can you close the door?", 1.5), ("I am on the phone with Anna.", 1.5)]
)
def test_an_answer_goes_on_whole_after_what_is_said_to_somebody_else_over_it(
    monkeypatch: pytest.MonkeyPatch, aside: str, seconds: float
):
    """It was stopped for good by what was then ignored, and nobody said anything any more."""
    monkeypatch.setattr(EchoGuard, "share", lambda *_: 0.0)  # a tone over a tone is taken for its echo
    undisturbed = play(over_the_answer(0.0), engines=engines(LONG), config=ASIDES)
    scene = play(over_the_answer(seconds), engines=engines(LONG, heard=("hello there", aside)), config=ASIDES)
    kinds = [type(event) for event in scene.of(PlaybackDucked, PlaybackHeld, PlaybackResumed)]
    assert kinds == [PlaybackDucked, PlaybackHeld, PlaybackResumed]
    assert scene.of(PlaybackResumed)[0].reason == "addressed_elsewhere"
    assert ("resume", "addressed_elsewhere") in decisions(scene)
    assert len(scene.of(SpeechStarted)) == 1
    assert [end.how for end in scene.of(ResponseEnded)] == ["finished"]
    assert np.array_equal(sound_sent(scene), sound_sent(undisturbed))
    assert scene.session.history.items[-1].text == LONG


@pytest.mark.parametrize("config", [ASIDES, MANAGED])
def test_what_is_said_to_the_assistant_stops_it_whether_or_not_asides_are_ignored(
    monkeypatch: pytest.MonkeyPatch, config: SessionConfig
):
    monkeypatch.setattr(EchoGuard, "share", lambda *_: 0.0)  # a tone over a tone is taken for its echo
    heard = ("hello there", "Tell me of Rome instead")
    scene = play(over_the_answer(1.5), engines=engines(LONG, "Sure.", heard=heard), config=config)
    ended = [(end.how, end.reason) for end in scene.of(ResponseEnded)]
    assert ended == [("interrupted", "barge_in"), ("finished", "end_of_turn")]
    assert not scene.of(PlaybackResumed)
