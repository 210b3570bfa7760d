"""Whole conversations in virtual time, with scripted engines: what a person would notice."""

import asyncio
from collections.abc import AsyncGenerator
from contextlib import aclosing
from dataclasses import dataclass, field, replace

import numpy as np
import pytest

from tests import virtual_time
from tests.session.scene import SEMANTIC, Scene, play, tone
from vivavoce.audio.pcm import Pcm
from vivavoce.conversation.config import (
    NoiseReduction,
    ReplyOptions,
    ResponseRequest,
    ServerVad,
    SessionConfig,
    TranscriptionOptions,
    TurnPolicy,
)
from vivavoce.conversation.events import (
    IdleTimeout,
    InputCommitted,
    OutputEnded,
    OutputStarted,
    ReplyAudio,
    ReplyText,
    ResponseEnded,
    ResponseStarted,
    SpeechStarted,
    SpeechStopped,
    Transcribed,
    TranscriptGrew,
    TranscriptionFailed,
)
from vivavoce.conversation.items import FunctionCall, FunctionOutput, Image, Message, Speech, Text
from vivavoce.engines.scripted import ScriptedModel, ScriptedTranscriber, ToneVoice, scripted_engines
from vivavoce.errors import ClientStalled, RequestError
from vivavoce.ports import Call, Prompt, TranscriptionHint, Urgency
from vivavoce.session.answers import SPOKEN_KEPT

LONG = "one two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen sixteen."
PUSH_TO_TALK = SessionConfig(turn=TurnPolicy(None), transcription=TranscriptionOptions())


def engines(*replies, heard=("hello there",), **more):
    return scripted_engines(
        stt=ScriptedTranscriber(heard), llm=ScriptedModel(replies or ("Fine, thank you.",), **more), tts=ToneVoice()
    )


async def ask(scene: Scene, wait: float = 12.0) -> None:
    await scene.silence(0.3)
    await scene.speak(1.0)
    await scene.silence(wait)


def test_a_question_is_heard_answered_and_remembered():
    scene = play(ask, engines=engines())
    assert [type(e) for e in scene.of(SpeechStarted, SpeechStopped, InputCommitted, Transcribed, ResponseEnded)] == [
        SpeechStarted,
        SpeechStopped,
        InputCommitted,
        Transcribed,
        ResponseEnded,
    ]
    (end,) = scene.of(ResponseEnded)
    assert (end.how, end.reason) == ("finished", "end_of_turn")
    assert "".join(e.text for e in scene.of(ReplyText)) == "Fine, thank you."
    assert [item.text for item in scene.session.history.items] == ["hello there", "Fine, thank you."]
    assert scene.of(SpeechStarted)[0].item_id == scene.of(InputCommitted)[0].item.id


def test_the_draft_is_ready_when_the_turn_ends():
    """The reply is prepared in the pause, so that it sounds at the moment of the endpoint decision."""
    scene = play(ask, engines=engines())
    assert scene.when(ReplyAudio) - scene.when(SpeechStopped) < 0.01
    latency = scene.of(ResponseEnded)[0].latency
    assert latency.first_token < latency.endpoint <= latency.first_sound


def test_in_a_doubtful_pause_the_reply_is_begun_in_time_and_no_sooner():
    """One that is begun before it is needed is thrown away when the user goes on."""
    scene = play(ask, engines=scripted_engines(stt=ScriptedTranscriber(("hello there",)), p_done=0.001))
    assert scene.when(ReplyAudio) - scene.when(SpeechStopped) < 0.01
    latency = scene.of(ResponseEnded)[0].latency
    assert 200 < latency.endpoint - latency.first_token < 700


def test_the_reply_is_not_begun_before_the_model_has_told_whether_the_words_end_the_turn():
    """It would stop the model, and the turn would wait on what the sound alone tells."""

    class OneThingAtATime(ScriptedModel):
        async def p_end(self, prompt: Prompt) -> float | None:
            replies = self.replies
            await asyncio.sleep(0.1)
            return self.ends if self.replies == replies else None

    async def briefly(scene: Scene) -> None:
        await scene.speak(0.35)
        await scene.silence(8.0)

    def ended(thinks: float | None) -> float:
        stt, llm = ScriptedTranscriber(("hello there",)), OneThingAtATime(("Fine.",), ends=thinks)
        return play(briefly, engines=scripted_engines(stt=stt, llm=llm, p_done=0.85)).when(SpeechStopped)

    assert ended(0.999) < ended(None)


def test_the_model_is_asked_about_words_that_no_pass_had_heard_before_the_pause():
    async def briefly(scene: Scene) -> None:
        await scene.speak(0.35)
        await scene.silence(8.0)

    def ended(thinks: float) -> float:
        stt, llm = ScriptedTranscriber(("hello there",)), ScriptedModel(("Fine.",), ends=thinks)
        return play(briefly, engines=scripted_engines(stt=stt, llm=llm, p_done=0.1)).when(SpeechStopped)

    assert ended(0.999) < ended(0.001)


def test_the_model_is_asked_about_the_final_words_to_the_letter():
    """A sentence without its full stop, as a pass over the middle of it hears it, is over to no model."""

    class Unpunctuated(ScriptedTranscriber):
        async def transcribe(self, speech, hint=TranscriptionHint(), urgency=Urgency.NOW):
            heard = await super().transcribe(speech, hint, urgency)
            return replace(heard, text=heard.text.rstrip(".")) if urgency is Urgency.SPARE else heard

    class ByTheStop(ScriptedModel):
        async def p_end(self, prompt: Prompt) -> float | None:
            asked.append(prompt.items[-1].text)
            return 0.9 if asked[-1].endswith(".") else 0.0

    async def tell(scene: Scene) -> None:
        await scene.speak(1.2)
        await scene.silence(0.05)
        await scene.session.hear(tone(0.3))  # more voice than a partial pass may miss
        await scene.silence(8.0)

    asked: list[str] = []
    stt = Unpunctuated(("Go on then.",))
    play(tell, engines=scripted_engines(stt=stt, llm=ByTheStop(("Fine.",)), p_done=0.1))
    assert asked[-2:] == ["Go on then", "Go on then."]


@pytest.mark.parametrize(("p_done", "drafted"), [(0.99, True), (0.001, False)])
def test_no_reply_is_drafted_in_a_short_pause_that_sounds_unfinished(p_done: float, drafted: bool):
    """Such drafts are nearly always thrown away, and take the cores from the recogniser."""

    async def hesitate(scene: Scene) -> None:
        await scene.speak(1.0)
        await scene.silence(0.15)
        asked_in_the_pause.append(len(llm.asked))
        await scene.speak(1.0)
        await scene.silence(10)

    asked_in_the_pause: list[int] = []
    llm = ScriptedModel(("Fine.",))
    scene = play(hesitate, engines=scripted_engines(stt=ScriptedTranscriber(("hello there",)), llm=llm, p_done=p_done))
    assert asked_in_the_pause == [int(drafted)]
    assert scene.of(ResponseEnded)[0].how == "finished"


def test_a_draft_is_no_more_than_its_first_clause_until_it_is_going_to_be_heard():
    """What a draft that is thrown away has cost is the recogniser's and everybody's else."""

    async def hesitate(scene: Scene) -> None:
        await scene.speak(1.0)
        await scene.silence(0.18)
        made_in_the_pause.extend(voice.said)
        await scene.speak(1.0)
        await scene.silence(10)

    made_in_the_pause: list[str] = []
    voice = Recorded(takes=0.0)
    stt, llm = ScriptedTranscriber(("hello there",), takes=0.01), ScriptedModel((LONG,), first=0.01, per_word=0.001)
    scene = play(hesitate, engines=scripted_engines(stt=stt, llm=llm, tts=voice))
    assert len(made_in_the_pause) == 1
    assert "".join(e.text for e in scene.of(ReplyText)) == LONG


def test_a_clause_is_urgent_while_the_listener_has_little_left_to_hear():
    """A short first clause was over before a long second one was made, behind others' and as a whole."""
    replies = ("Yes, there is a place for everything that you need. The rest is told as it comes.",)
    voice = Recorded()
    play(ask, engines=scripted_engines(llm=ScriptedModel(replies), tts=voice))
    assert voice.said[0] == "Yes,"
    assert voice.urgencies[:2] == [Urgency.NOW, Urgency.NOW]
    assert voice.urgencies[-1] is Urgency.SOON


@dataclass(slots=True)
class Recorded(ToneVoice):
    """Keeps what it was asked to say at once."""

    said: list[str] = field(default_factory=list[str])
    urgencies: list[Urgency] = field(default_factory=list[Urgency])

    async def synthesize(
        self, text: str, *, voice: str, speed: float = 1.0, language: str | None = None, urgency: Urgency = Urgency.NOW
    ) -> AsyncGenerator[Pcm, None]:
        if urgency is not Urgency.SPARE:
            self.said.append(text)
            self.urgencies.append(urgency)
        async with aclosing(ToneVoice.synthesize(self, text, voice=voice, speed=speed)) as sounds:
            async for sound in sounds:
                yield sound


def test_speech_that_goes_on_drops_the_draft_and_is_one_turn():
    async def hesitate(scene: Scene) -> None:
        await scene.speak(1.0)
        await scene.silence(0.15)
        await scene.speak(1.0)
        await scene.silence(10)

    scene = play(hesitate, engines=engines())
    assert len(scene.of(InputCommitted)) == len(scene.of(ResponseEnded)) == 1
    assert scene.of(InputCommitted)[0].item.parts[0].sound.seconds > 2.1


def test_barge_in_stops_at_once_and_memory_keeps_what_was_heard():
    async def interrupt(scene: Scene) -> None:
        await ask(scene, 2.0)
        await scene.speak(1.0)
        await scene.silence(2.0)

    scene = play(interrupt, engines=engines(LONG, "All right."))
    began = next(t for t, e in reversed(scene.events) if isinstance(e, SpeechStarted))
    first, second = scene.of(ResponseEnded)[0], scene.of(ResponseStarted)[1]
    assert (first.how, first.reason) == ("interrupted", "barge_in")
    old = [t for t, e in scene.events if isinstance(e, ReplyAudio) and e.response_id == first.response_id]
    assert max(old) <= began
    assert second.response_id != first.response_id
    (ended,) = [e for e in scene.of(OutputEnded) if e.response_id == first.response_id]
    heard = ended.item.text
    assert heard and ended.said.startswith(heard) and len(heard) < len(ended.said)
    assert ended.item.status == "incomplete"
    assert scene.session.history.get(ended.item.id).text == heard
    played = began - scene.when(ReplyAudio)
    assert abs(ended.item.parts[0].sound.seconds - played) < 0.05


def test_with_server_vad_a_turn_has_its_padding_and_its_silence_in_it_as_the_contract_says():
    """`audio_start_ms` "includes the prefix_padding_ms", `audio_end_ms` "the min_silence_duration_ms"."""

    def turn(padding_ms: int, silence_ms: int) -> tuple[int, int]:
        detection = ServerVad(prefix_padding_ms=padding_ms, silence_duration_ms=silence_ms)
        scene = play(later, engines=engines(), config=SessionConfig(TurnPolicy(detection)))
        (started,), (stopped,) = scene.of(SpeechStarted), scene.of(SpeechStopped)
        (said,) = scene.of(InputCommitted)
        assert said.item.parts[0].sound.seconds == pytest.approx((stopped.at_ms - started.at_ms) / 1000, abs=0.002)
        return started.at_ms, stopped.at_ms

    async def later(scene: Scene) -> None:
        await scene.silence(1.0)
        await ask(scene)

    (early, soon), (late, patient) = turn(640, 320), turn(96, 640)
    assert (late - early, patient - soon) == (544, 320)


def test_the_next_turn_hears_none_of_the_old_sound():
    async def two_turns(scene: Scene) -> None:
        await ask(scene, 4)
        await ask(scene, 4)

    scene = play(two_turns, engines=engines("Yes."))
    one, two = (e.item.parts[0].sound.seconds for e in scene.of(InputCommitted))
    assert one < 1.8 and two < 1.8


def test_the_model_is_asked_with_what_was_heard_not_with_what_was_made():
    async def interrupt(scene: Scene) -> None:
        await ask(scene, 2.0)
        await scene.speak(1.0)
        await scene.silence(6.0)

    these = engines(LONG, "All right.")
    play(interrupt, engines=these)
    remembered = next(item for item in these.llm.asked[-1].items if item.role == "assistant")
    assert remembered.text and len(remembered.text) < len(LONG) and remembered.status == "incomplete"


def test_speech_without_words_is_committed_and_not_answered():
    scene = play(ask, engines=engines(heard=("",)))
    assert scene.of(Transcribed)[0].text == ""
    assert not scene.of(ResponseStarted)


@pytest.mark.parametrize("line", [RuntimeError("no model"), "partial"])
def test_every_turn_ends_in_exactly_one_way(line):
    scene = play(ask, engines=engines(line))
    assert len(scene.of(ResponseStarted)) == len(scene.of(ResponseEnded)) == 1
    end = scene.of(ResponseEnded)[0]
    assert end.how == ("failed" if isinstance(line, Exception) else "finished")
    assert (end.error is not None) == (end.how == "failed")


def test_a_failing_recogniser_fails_the_turn_and_the_session_goes_on():
    async def twice(scene: Scene) -> None:
        await ask(scene, 3)
        await ask(scene, 3)

    config = SessionConfig(turn=SEMANTIC.turn)  # nobody reads along: only final passes use up the script
    scene = play(twice, engines=engines(heard=(RuntimeError("broken"), "hello")), config=config)
    assert len(scene.of(TranscriptionFailed)) == 1
    assert [e.how for e in scene.of(ResponseEnded)] == ["failed", "finished"]


def test_captions_come_while_the_user_speaks_and_join_to_the_transcript():
    async def speak_long(scene: Scene) -> None:
        await scene.speak(5.0)
        await scene.silence(3.0)

    scene = play(speak_long, engines=engines(heard=("one two three four five six",)))
    assert scene.when(TranscriptGrew) < scene.when(SpeechStopped)
    assert "".join(e.delta for e in scene.of(TranscriptGrew)) == scene.of(Transcribed)[0].text


def test_push_to_talk_answers_only_on_request():
    async def push(scene: Scene) -> None:
        await scene.speak(1.0)
        await scene.session.commit()
        await asyncio.sleep(2)
        assert not scene.of(ResponseStarted)
        await scene.session.respond(ResponseRequest(scene.session.config.reply))
        await asyncio.sleep(5)

    scene = play(push, engines=engines(), config=PUSH_TO_TALK)
    assert not scene.of(SpeechStarted)
    assert scene.of(Transcribed)[0].text == "hello there"
    assert scene.of(ResponseEnded)[0].how == "finished"


def test_a_response_waits_for_the_words_of_the_turn_it_answers():
    async def push(scene: Scene) -> None:
        await scene.speak(1.0)
        await scene.session.commit()
        await scene.session.respond(ResponseRequest(scene.session.config.reply))
        await asyncio.sleep(5)

    these = engines()
    play(push, engines=these, config=PUSH_TO_TALK)
    assert these.llm.asked[-1].items[-1].text == "hello there"


def test_committing_nothing_is_refused_and_clearing_empties_the_buffer():
    async def empty(scene: Scene) -> None:
        with pytest.raises(RequestError) as refused:
            await scene.session.commit()
        assert refused.value.code == "input_audio_buffer_commit_empty"
        await scene.speak(1.0)
        await scene.session.clear()
        with pytest.raises(RequestError):
            await scene.session.commit()

    play(empty, config=PUSH_TO_TALK)


def test_text_only_and_out_of_band_responses():
    async def type_in(scene: Scene) -> None:
        await scene.session.add(Message("mine", "user", (Text("hi"),)))
        options = ReplyOptions(modality="text")
        await scene.session.respond(ResponseRequest(options))
        await scene.session.respond(ResponseRequest(options, in_conversation=False, input=(), metadata={"k": "v"}))
        await asyncio.sleep(5)

    scene = play(type_in, engines=engines("Written reply.", "Aside."))
    assert not scene.of(ReplyAudio)
    assert [item.text for item in scene.session.history.items] == ["hi", "Written reply."]
    assert {e.how for e in scene.of(ResponseEnded)} == {"finished"} and len(scene.of(ResponseEnded)) == 2


def test_a_second_response_waits_for_the_first_and_a_cancel_stops_both():
    async def twice(scene: Scene) -> None:
        request = ResponseRequest(scene.session.config.reply)
        await scene.session.respond(request)
        await asyncio.sleep(1)
        await scene.session.respond(request)
        await asyncio.sleep(30)
        await scene.session.respond(request)
        await asyncio.sleep(1)
        await scene.session.respond(request)
        await scene.session.cancel()
        await scene.session.cancel()  # what has ended is stopped already
        await scene.session.respond(request)
        await asyncio.sleep(20)

    scene = play(twice, engines=engines(LONG))
    finished, cancelled = ("finished", "requested"), ("interrupted", "client_cancelled")
    endings = [(e.how, e.reason) for e in scene.of(ResponseEnded)]
    assert endings == [finished, finished, cancelled, cancelled, finished]
    first, second = (e.response_id for e in scene.of(ResponseEnded)[:2])
    order = scene.of(ResponseStarted, ResponseEnded)
    assert [(type(e), e.response_id) for e in order[:3]] == [
        (ResponseStarted, first), (ResponseEnded, first), (ResponseStarted, second),
    ]  # fmt: skip


def test_a_response_that_waited_answers_what_was_said_meanwhile():
    model = ScriptedModel(["One.", "Two."])

    async def ask(scene: Scene) -> None:
        request = ResponseRequest(ReplyOptions(modality="text"))
        await scene.session.respond(request)
        await scene.session.respond(request)
        await scene.session.add(Message("mine", "user", (Text("And this?"),)), None)
        await asyncio.sleep(20)

    play(ask, engines=scripted_engines(llm=model))
    assert "One." in str(model.asked[-1].items) and "And this?" in str(model.asked[-1].items)


def test_only_so_many_responses_wait():
    async def flood(scene: Scene) -> None:
        request = ResponseRequest(scene.session.config.reply)
        for _ in range(5):
            await scene.session.respond(request)
        with pytest.raises(RequestError) as refused:
            await scene.session.respond(request)
        assert refused.value.code == "conversation_already_has_active_response"

    play(flood, engines=engines(LONG))


def test_truncation_keeps_the_words_until_then_and_refuses_more_than_there_is():
    async def truncate(scene: Scene) -> None:
        await ask(scene, 20)
        (ended,) = scene.of(OutputEnded)
        with pytest.raises(RequestError) as refused:
            await scene.session.truncate(ended.item.id, 0, 10**6)
        assert refused.value.param == "audio_end_ms"
        await scene.session.truncate(ended.item.id, 0, 1200)

    scene = play(truncate, engines=engines(LONG))
    kept = scene.session.history.items[-1]
    assert isinstance(kept.parts[0], Speech) and abs(kept.parts[0].sound.seconds - 1.2) < 0.01
    assert LONG.startswith(kept.text) and 1 <= len(kept.text.split()) <= 5


def test_noise_is_reduced_from_the_update_that_asks_for_it():
    async def talk(scene: Scene) -> None:
        for config in (PUSH_TO_TALK, replace(PUSH_TO_TALK, noise_reduction=NoiseReduction("near_field"))):
            await scene.session.configure(config)
            hiss = np.random.default_rng(1).normal(0, 0.01, 3 * 16_000).astype(np.float32)
            await scene.session.hear(Pcm(hiss, 16_000))
            await asyncio.sleep(0.1)
            await scene.session.commit()

    before, after = (event.item.parts[0].sound for event in play(talk, config=PUSH_TO_TALK).of(InputCommitted))
    assert np.abs(after.samples[-16_000:]).mean() < 0.5 * np.abs(before.samples[-16_000:]).mean()


def test_any_answer_in_the_conversation_can_be_truncated_however_long_ago_it_was_given():
    async def talk(scene: Scene) -> None:
        for _ in range(SPOKEN_KEPT + 4):
            await scene.session.respond(ResponseRequest(scene.session.config.reply))
            await asyncio.sleep(10)
        first = scene.of(OutputEnded)[0].item.id
        for ms in (1300, 700, 1300):  # to cut it makes it no shorter: words come back that were heard after all
            await scene.session.truncate(first, 0, ms)
            kept.append(scene.session.item(first))
        with pytest.raises(RequestError, match="ms long"):
            await scene.session.truncate(first, 0, 10**6)
        await scene.session.delete(first)
        with pytest.raises(RequestError, match="no item"):
            await scene.session.truncate(first, 0, 0)
        assert len(scene.session._answers._ledgers) == 3, "what left the conversation is forgotten"
        sounding = [item for item in scene.session.items if item.parts[0].sound is not None]
        assert len(sounding) == SPOKEN_KEPT

    kept: list[Message] = []
    play(talk, engines=engines(*[LONG] * (SPOKEN_KEPT + 4)))
    long, short, again = kept
    assert long.status == "incomplete" and LONG.startswith(long.text) and len(long.text) > len(short.text) > 0
    assert again.text == long.text
    assert long.parts[0].sound is None, "of what is long ago the times are kept, and not the sound"


def test_speech_that_was_not_made_here_is_truncated_by_the_share_of_its_letters():
    async def talk(scene: Scene) -> None:
        sound = Pcm(np.zeros(24_000 * 4, np.float32), 24_000)
        await scene.session.add(Message("told", "assistant", (Speech("One two three four", sound),)))
        await scene.session.truncate("told", 0, 2000)
        await scene.session.add(Message("asked", "user", (Speech("Well", sound),)))
        await scene.session.add(Message("silent", "assistant", (Speech("One two"),)))
        for item_id in ("asked", "silent"):
            with pytest.raises(RequestError, match="Only speech"):
                await scene.session.truncate(item_id, 0, 100)

    told = play(talk).session.item("told")
    assert isinstance(told, Message) and told.text == "One two"


def test_what_was_made_of_an_interrupted_answer_is_counted():
    async def interrupt(scene: Scene) -> None:
        await scene.session.respond(ResponseRequest(scene.session.config.reply))
        await asyncio.sleep(1.0)
        await scene.session.cancel()

    endless = " ".join([LONG] * 20)
    (ended,) = play(interrupt, engines=engines(endless)).of(ResponseEnded)
    assert ended.how == "interrupted"
    assert 0 < ended.usage.output_text < len(endless.split()), "the words that were made, no more"
    assert ended.usage.input_text > 0 and ended.usage.output_audio > 0


def test_an_answer_that_is_interrupted_before_its_first_word_has_read_its_prompt():
    async def interrupt(scene: Scene) -> None:
        await scene.session.respond(ResponseRequest(scene.session.config.reply))
        await asyncio.sleep(0.02)
        await scene.session.cancel()

    (ended,) = play(interrupt, engines=engines(LONG)).of(ResponseEnded)
    assert ended.usage.input_text > 0 and ended.usage.output_text == ended.usage.output_audio == 0


def test_a_response_that_was_asked_for_tells_how_long_it_took_from_then():
    async def request(scene: Scene) -> None:
        await scene.session.respond(ResponseRequest(scene.session.config.reply))
        await asyncio.sleep(20)

    (ended,) = play(request, engines=engines("Fine.")).of(ResponseEnded)
    assert ended.latency.endpoint is ended.latency.transcript is None
    assert 0 < ended.latency.first_token <= ended.latency.first_clause < ended.latency.first_sound < 500


def test_a_tool_call_reaches_the_client_and_its_output_is_answered():
    async def use_tool(scene: Scene) -> None:
        await ask(scene, 3)
        (ended,) = scene.of(OutputEnded)
        await scene.session.add(FunctionOutput("out", ended.item.call_id, '"sunny"'))
        await scene.session.respond(ResponseRequest(scene.session.config.reply))
        await asyncio.sleep(6)

    these = engines(Call("weather", '{"city": "Rome"}'), "It is sunny.")
    scene = play(use_tool, engines=these)
    call = scene.of(OutputEnded)[0].item
    assert isinstance(call, FunctionCall) and call.status == "completed" and call.name == "weather"
    assert isinstance(these.llm.asked[-1].items[-1], FunctionOutput)
    with pytest.raises(RequestError):
        scene.session.history.add(FunctionOutput("x", "no such call", "1"))


def test_max_tokens_ends_a_response_as_incomplete():
    config = SessionConfig(turn=SEMANTIC.turn, reply=ReplyOptions(max_output_tokens=3))
    scene = play(ask, engines=engines(LONG), config=config)
    assert (scene.of(ResponseEnded)[0].how, scene.of(ResponseEnded)[0].reason) == ("incomplete", "max_output_tokens")


def test_without_interruption_the_reply_goes_on_and_the_new_turn_waits_for_it():
    async def talk_over(scene: Scene) -> None:
        await ask(scene, 2.0)
        await scene.speak(1.0)
        await scene.silence(12)

    config = SessionConfig(turn=TurnPolicy(SEMANTIC.turn.detection, interrupt_response=False))
    scene = play(talk_over, engines=engines(LONG, "Second."), config=config)
    assert [e.how for e in scene.of(ResponseEnded)] == ["finished", "finished"]


def test_idleness_makes_a_response():
    async def stay_silent(scene: Scene) -> None:
        await ask(scene, 9)

    config = SessionConfig(turn=TurnPolicy(ServerVad(idle_timeout_ms=5000)))
    scene = play(stay_silent, engines=engines("Yes."), config=config)
    assert len(scene.of(IdleTimeout)) == 1
    assert [e.reason for e in scene.of(ResponseEnded)] == ["end_of_turn", "idle"]


def test_sound_arrives_a_little_ahead_of_real_time():
    """Paced: nothing more than about the lead is lost when the listener interrupts."""
    scene = play(ask, engines=engines(LONG))
    sounds = [(t, e.sound.seconds) for t, e in scene.events if isinstance(e, ReplyAudio)]
    start, sent = sounds[0][0], 0.0
    for at, seconds in sounds:
        assert sent - (at - start) <= 0.51
        sent += seconds


def test_ten_minutes_without_a_pause_are_one_whole_turn():
    async def talk(scene: Scene) -> None:
        sound = tone(60.0)
        for _ in range(10):
            for start in range(0, len(sound), 1600):
                await scene.session.hear(Pcm(sound.samples[start : start + 1600], sound.rate))
                await asyncio.sleep(0.1)
        await scene.silence(3)

    scene = play(talk, engines=engines(heard=("word",)))
    (committed,) = scene.of(InputCommitted)
    assert 600 <= committed.item.parts[0].sound.seconds < 601
    assert 25 <= len(scene.of(Transcribed)[0].text.split()) <= 61
    assert scene.of(ResponseEnded)[0].how == "finished"


def test_a_client_that_does_not_read_ends_its_session_with_that_error():
    async def stall(scene: Scene) -> None:
        scene.refuse = ClientStalled("the client reads nothing")
        await scene.speak(1.0)

    with pytest.raises(ClientStalled):
        play(stall, closed=False)


def test_closing_in_mid_reply_leaves_nothing_behind():
    """play() asserts that no task is left."""

    async def leave(scene: Scene) -> None:
        await ask(scene, 1.5)

    scene = play(leave, engines=engines(LONG))
    assert scene.of(OutputStarted) and scene.of(ResponseEnded)[-1].how == "interrupted"


def test_the_same_sound_gives_the_same_decisions():
    async def talk(scene: Scene) -> None:
        await ask(scene, 1.0)
        await ask(scene, 3.0)

    def trace():
        return [(round(t, 6), type(e).__name__) for t, e in play(talk, engines=engines(LONG)).events]

    assert trace() == trace()


def test_virtual_time_finds_a_scene_that_waits_for_ever():
    with pytest.raises(TimeoutError):
        virtual_time.run(asyncio.Event().wait())


def test_a_response_cancelled_before_its_first_step_still_starts_and_ends_and_frees_the_conversation():
    async def change_of_mind(scene: Scene) -> None:
        request = ResponseRequest(scene.session.config.reply)
        await scene.session.respond(request)
        await scene.session.cancel()
        await scene.session.respond(request)
        await asyncio.sleep(5)

    scene = play(change_of_mind, engines=engines())
    assert [e.how for e in scene.of(ResponseEnded)] == ["interrupted", "finished"]
    assert len(scene.of(ResponseStarted)) == 2


def test_a_commit_off_the_hop_grid_keeps_the_ear_in_step():
    """Push-to-talk ends anywhere; what was not judged yet must not be lost with the committed sound."""

    async def push_twice(scene: Scene) -> None:
        for _ in range(2):
            await scene.session.hear(tone(0.5))
            await scene.session.hear(Pcm(tone(0.1).samples[:777], 16_000))
            await scene.session.commit()
        await asyncio.sleep(1)

    scene = play(push_twice, engines=engines(), config=PUSH_TO_TALK)
    assert [e.text for e in scene.of(Transcribed)] == ["hello there"] * 2


def test_a_file_sent_at_once_is_answered_without_more_sound_to_push_it():
    """Programs send a whole recording with a little silence, and then wait."""

    async def send_file(scene: Scene) -> None:
        await scene.session.hear(tone(1.0))
        await scene.session.hear(Pcm.silence(0.5, 16_000))
        await asyncio.sleep(5)

    scene = play(send_file, engines=engines())
    assert scene.of(ResponseEnded)[0].how == "finished"


def test_the_model_rests_while_the_first_clause_is_made():
    """The voice has the cores until the first sound; the rest of the reply comes while that plays."""
    written: list[float] = []

    class Counted(ScriptedModel):
        async def reply(self, prompt):
            async for thought in super().reply(prompt):
                written.append(asyncio.get_running_loop().time())
                yield thought

    these = scripted_engines(stt=ScriptedTranscriber(("hello",)), llm=Counted((LONG,)), tts=ToneVoice(takes=1.0))
    scene = play(ask, engines=these)
    sounded = scene.when(ReplyAudio)
    before = [at for at in written if at < sounded - 0.05]
    assert 4 <= len(before) <= 8 < len(written)
    assert scene.of(ResponseEnded)[0].how == "finished"


def test_log_probabilities_come_with_the_final_words_where_they_are_wanted():
    wanted = SessionConfig(transcription=TranscriptionOptions(logprobs=True))
    for config, tokens in ((wanted, 3), (SessionConfig(transcription=TranscriptionOptions()), None)):
        scene = play(turn, config=config, engines=scripted_engines(stt=ScriptedTranscriber(["one two three"])))
        (told,) = scene.of(Transcribed)
        assert told.text == "one two three"
        assert (None if told.tokens is None else len(told.tokens)) == tokens


async def turn(scene: Scene) -> None:
    await scene.speak(1.5)
    await scene.silence(2)


def test_a_picture_for_a_model_that_does_not_see_is_refused():
    picture = Message("mine", "user", (Image("data:image/png;base64,AA=="),))

    async def show(scene: Scene) -> None:
        with pytest.raises(RequestError) as refused:
            await scene.session.add(picture)
        assert (refused.value.code, refused.value.param) == ("image_not_supported", "item.content")
        with pytest.raises(RequestError):
            await scene.session.respond(ResponseRequest(ReplyOptions(), in_conversation=False, input=(picture,)))

    assert play(show).session.history.items == ()
    sees = ScriptedModel(["A cat."])
    sees.sees = True
    seen = play(lambda scene: scene.session.add(picture), engines=scripted_engines(llm=sees))
    assert seen.session.history.items == (picture,)


def test_an_ear_that_is_behind_takes_no_more_sound_without_waiting_and_loses_none():
    """A program may send a recording faster than it can be heard; memory is bounded, and every sample arrives."""
    seconds = 0

    async def flood(scene: Scene) -> None:
        nonlocal seconds
        second = tone(1.0)
        while scene.session.hear_now(second):
            seconds += 1
        await scene.session.hear(second)  # waits until there is room
        await scene.session.commit()
        await asyncio.sleep(1)

    scene = play(flood, engines=engines(), config=PUSH_TO_TALK)
    (committed,) = scene.of(InputCommitted)
    assert 1 < seconds < 10
    assert committed.item.parts[0].sound.seconds == seconds + 1
