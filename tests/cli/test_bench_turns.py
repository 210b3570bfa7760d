"""The turn-taking bench tells what was heard, by the benchmark's rules and corrected ones; it plays what it says."""

from __future__ import annotations

import asyncio
import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from vivavoce.audio.pcm import Pcm
from vivavoce.cli import main
from vivavoce.cli.bench import turns_offline
from vivavoce.cli.bench.barge_in_stimuli import speak
from vivavoce.cli.bench.managed import RememberingEar, Surroundings
from vivavoce.cli.bench.scene import Opinion, Recording, TimedDetector, TimedTranscriber, TimedTurnDetector
from vivavoce.cli.bench.stimuli import level_db
from vivavoce.cli.bench.turn_metrics import (
    Heard,
    Spoken,
    behaviour,
    corrected,
    faithful,
    merged,
    stop_latency,
    took_turn,
)
from vivavoce.cli.bench.turn_stimuli import (
    BACKGROUND_DB,
    INSERTED,
    NOISE_SNR,
    Stimulus,
    in_background,
    inner_pauses,
    noise_of,
    stimuli,
    vary,
    with_pause,
)
from vivavoce.cli.bench.turns import asked_by, play
from vivavoce.cli.clips import RATE, Clip
from vivavoce.cli.microphone import FRAME, FileMicrophone
from vivavoce.cli.server import reach
from vivavoce.engines.scripted import FixedTurnDetector, LoudnessVad, ScriptedTranscriber, ToneVoice, scripted_engines
from vivavoce.ports import Engines
from vivavoce.settings import read_settings


def turn(*spoken: Spoken, task="smooth turn", end=4.0, **more) -> Heard:
    return Heard(task, "clip", "clean", spoken, end, **more)


def over(*spoken: Spoken, overlap=(5.0, 6.0)) -> Heard:
    return Heard("interruption", "clip", "clean", spoken, 6.0, overlap=overlap)


def tone(seconds: float, silence: float = 0.3) -> Clip:
    sound = 0.3 * np.sin(2 * np.pi * 440 * np.arange(round(seconds * RATE)) / RATE)
    quiet = np.zeros(round(silence * RATE))
    return Clip.of("tone", Pcm(np.concatenate([quiet, sound, quiet]).astype(np.float32), RATE), "a tone")


# --- metrics


def test_an_early_answer_is_no_quick_one_in_the_corrected_metrics() -> None:
    """Trap: the benchmark clamps a negative latency at 0."""
    early, late = turn(Spoken(2.0, 5.0, "a", 9)), turn(Spoken(5.0, 7.0, "b", 9))
    assert faithful([early, late]) == {"tor": 1.0, "latency": 0.5}
    found = corrected([early, late])
    assert (found["answered_early"]["share"], found["signed_gap_p50"]) == (0.5, -0.5)
    assert found["talked_over_p50"] == 2.0


def test_a_latency_stands_beside_the_share_it_is_of() -> None:
    """Trap: a latency over the turns that were taken alone."""
    assert faithful([turn(), turn(Spoken(4.2, 6.0, "a", 5))]) == {"tor": 0.5, "latency": 0.2}
    assert corrected([turn(), turn(Spoken(4.2, 6.0, "a", 5))])["answered"]["hits"] == 1


def test_only_what_begins_in_a_pause_takes_it_over() -> None:
    """Trap: what is said behind the end of the turn, or before the pause, is no takeover of the pause."""
    pauses = ((1.0, 1.6), (2.0, 2.6))
    one = turn(Spoken(1.2, 3.9, "a", 9), task="pause handling", pauses=pauses)
    other = turn(Spoken(4.4, 6.0, "b", 9), task="pause handling", pauses=pauses)
    assert faithful([one, other])["tor"] == 0.5
    found = corrected([one, replace(other, inserted=True)])
    assert (found["pauses_taken_over"]["hits"], found["pauses_taken_over"]["of"]) == (1, 4)
    assert (found["people's_own"]["share"], found["inserted"]["share"]) == (0.5, 0.0)
    assert found["inserted"]["between"][1] > 0.6  # two of two show little


@given(st.floats(0, 0.9), st.integers(0, 3))
def test_a_few_words_in_less_than_a_second_take_no_turn(seconds: float, words: int) -> None:
    assert not took_turn([Spoken(1.0, 1.0 + seconds, "a", words)])
    assert took_turn([Spoken(1.0, 2.1, "a", words)])
    assert took_turn([Spoken(1.0, 1.5, "a", 4)])


def test_the_last_piece_decides_about_backchannels_as_in_the_script() -> None:
    """Trap: `eval_backchannel.py` overwrites its verdict; the corrected one does not."""
    one = turn(Spoken(1.0, 2.5, "a", 6), Spoken(4.0, 4.4, "b", 1), task="backchannel", end=10.0)
    assert faithful([one]) == {"tor": 0.0, "per_second": 0.2}
    found = corrected([one])
    assert (found["taken_over"]["share"], found["nods_per_minute"]) == (1.0, 6.0)
    assert faithful([turn(Spoken(1.0, 4.5, "a", 6), task="backchannel", end=10.0)])["tor"] == 1.0


def test_what_became_of_an_overlapped_answer() -> None:
    stopped = over(Spoken(1.0, 5.2, "a", 20), Spoken(6.5, 8.0, "b", 9))
    resumed = over(Spoken(1.0, 5.2, "a", 20), Spoken(6.3, 9.0, "a", 20))
    through, silent = over(Spoken(1.0, 9.0, "a", 20)), over(Spoken(1.0, 5.1, "a", 20))
    assert [behaviour(one) for one in (stopped, resumed, through, silent)] == ["respond", "resume", "resume", "silent"]
    assert stop_latency(stopped.spoken, 5.0) == pytest.approx(0.2)
    assert stop_latency(stopped.spoken, 6.0) is None
    found = faithful([stopped, silent])
    assert (found["tor"], found["response_latency"], found["respond"]) == (0.5, 0.5, 0.5)
    assert corrected([stopped])["signed_gap_p50"] == 0.5


@given(st.lists(st.tuples(st.floats(0, 20), st.floats(0.01, 3)), max_size=12))
def test_merging_neither_loses_nor_overlaps_speech(pieces: list[tuple[float, float]]) -> None:
    whole = merged([Spoken(start, start + length, "a", 3) for start, length in pieces])
    assert all(a.end + 0.499 < b.start for a, b in zip(whole, whole[1:], strict=False))
    assert all(any(one.start <= start and start + length <= one.end for one in whole) for start, length in pieces)


# --- stimuli


def test_a_pause_is_inserted_where_it_says_and_found_again() -> None:
    paused = with_pause(tone(5.0))
    assert paused is not None
    clip, [(start, end)] = paused
    assert end - start == pytest.approx(INSERTED)
    assert not clip.samples[round(start * RATE) + 1 : round(end * RATE) - 1].max() > 0.01
    [found] = inner_pauses(clip)
    assert found == pytest.approx((start, end), abs=0.03)
    assert with_pause(clip) == (clip, (found,))  # its own pause now


@pytest.mark.parametrize("variant", ["clean", "noise", "telephone", "echo"])
def test_every_variant_keeps_the_times_and_is_the_same_again(variant: str) -> None:
    stimulus = Stimulus("smooth turn", "tone", "clean", tone(4.0))
    noise = noise_of(None, -20.0)
    one, other = vary(stimulus, variant, noise), vary(stimulus, variant, noise)
    assert np.array_equal(one.clip.samples, other.clip.samples)
    assert len(one.clip.samples) == len(stimulus.clip.samples)
    assert (one.clip.end, one.variant) == (stimulus.clip.end, variant)
    assert Clip.of("again", Pcm(one.clip.samples, RATE)).end == pytest.approx(stimulus.clip.end, abs=0.05)
    assert (one.room is not None) is (variant == "noise")


def test_a_noisy_room_is_as_far_below_the_user_as_it_says() -> None:
    assert level_db(Pcm(noise_of(None, -20.0), RATE)) == pytest.approx(-20.0 - NOISE_SNR, abs=0.1)


def test_a_voice_in_the_background_is_softer_than_the_user_whatever_its_recording_was() -> None:
    loud = in_background(tone(2.0), -23.0)
    assert level_db(Pcm(loud.samples, RATE)) == pytest.approx(-23.0 + BACKGROUND_DB, abs=0.5)


def test_the_microphone_hears_the_room_and_the_loudspeaker_while_somebody_speaks() -> None:
    """Else a variant would be of the pauses only."""
    ear = RememberingEar()
    ear.hear("a", np.full(RATE, 0.1, np.float32), 0.0)
    room = np.full(RATE, 0.01, np.float32)
    quiet, echoing = Surroundings(ear, None, room), Surroundings(ear, -20.0, room)
    assert np.allclose(quiet.frame(70, 0.9), 0.01)
    assert np.abs(echoing.frame(70, 0.9) - 0.01).max() > 0.001
    delivered = list[np.ndarray]()

    async def deliver(frame: np.ndarray) -> None:
        delivered.append(frame)

    async def capture() -> None:
        microphone = FileMicrophone(deliver, lambda number: quiet.frame(number, 0.0))
        microphone.say(np.full(FRAME, 0.5, np.float32))
        running = asyncio.create_task(microphone.run())
        async with asyncio.timeout(10):
            while len(delivered) < 3:
                await asyncio.sleep(0.01)
        running.cancel()

    asyncio.run(capture())
    assert any(np.allclose(frame, 0.51, atol=1e-4) for frame in delivered[:3])


def test_tasks_get_what_fits_them() -> None:
    people, said = [tone(6.0), tone(1.0)], {"user backchannel": [tone(0.4)] * 5}
    chosen = stimuli(people, said, noise_of(None, -20.0), 2, ["clean", "noise"])
    tasks = [(one.task, one.variant) for one in chosen]
    assert tasks.count(("user backchannel", "noise")) == 2
    assert tasks.count(("pause handling", "clean")) == tasks.count(("smooth turn", "clean")) == 1
    assert {one.over for one in chosen if one.task == "user backchannel"} == {True}


def test_who_speaks_over_an_answer_has_asked_in_his_language_over_the_same_line() -> None:
    """Else a sign of attention is recognised in the language of another's question."""
    questions = {"en": tone(1.0), "it": tone(1.5)}
    over_it = Stimulus("user backchannel", "Sì.", "clean", replace(tone(0.4), language="it"))
    assert asked_by(over_it, questions) is questions["it"]
    called = asked_by(replace(over_it, variant="telephone", clip=tone(0.4)), questions)
    assert called.end == questions["en"].end
    assert not np.array_equal(called.samples, questions["en"].samples)


def test_a_recording_is_said_from_its_voice_on() -> None:
    clip = tone(1.0, silence=0.8).voiced(0.1)
    assert (clip.onset, clip.end) == pytest.approx((0.1, 1.1), abs=0.02)
    assert Clip.of("again", Pcm(clip.samples, RATE)).onset == pytest.approx(0.1, abs=0.02)


# --- in virtual time


def offline_engines(words: str) -> Engines:
    random = np.random.default_rng(1)
    syllables = np.repeat(random.uniform(0, 0.1, 75), RATE // 5)
    said = Pcm((syllables * random.normal(0, 1, len(syllables))).astype(np.float32), RATE)
    return Engines(
        TimedDetector(LoudnessVad()),
        TimedTurnDetector(FixedTurnDetector(0.95), 0.05),
        TimedTranscriber(ScriptedTranscriber((words,), takes=0), 0.05),
        Opinion((turns_offline.REPLY,), first=0.1, real=scripted_engines().llm, seconds=0.01),
        Recording(turns_offline.REPLY, said, said.cut(0.0, 0.4)),
    )


def test_turns_in_virtual_time_go_as_they_would_in_life() -> None:
    smooth = Stimulus("smooth turn", "tone", "clean", tone(2.0))
    [heard] = turns_offline.measure(offline_engines("tell me about the sea"), {"en": tone(1.0)}, [smooth])
    assert heard.problem == "" and heard.spoken
    assert 0 < heard.spoken[0].start - heard.end < 2.5
    assert any("end: " in line for line in heard.decided)


@pytest.mark.parametrize(
    ("words", "seconds", "became"), [("wait please stop", 1.0, "respond"), ("mm-hm", 0.3, "resume")]
)
@pytest.mark.parametrize("variant", ["clean", "echo"])
def test_what_is_said_over_an_answer_in_virtual_time(words: str, seconds: float, became: str, variant: str) -> None:
    over_it = Stimulus("interruption", words, variant, tone(seconds))
    [heard] = turns_offline.measure(offline_engines(words), {"en": tone(1.0)}, [over_it])
    assert (heard.problem, behaviour(heard)) == ("", became)


# --- over the wire


def test_an_answer_flows_from_its_last_rest_on() -> None:
    """An opener and a long silence before the answer: who speaks then speaks over nothing."""
    ear = RememberingEar()
    for start, seconds in ((1.0, 0.5), (3.0, 1.0), (4.1, 1.0)):
        ear.hear("a", np.zeros(round(seconds * RATE), np.float32), start)
    for at, flowing in ((0.5, 0.0), (1.4, 0.4), (2.5, 0.0), (3.5, 0.5), (4.05, 0.0), (5.0, 2.0), (5.2, 0.0)):
        assert ear.flowing(at) == pytest.approx(flowing), at


def test_a_scripted_server_is_heard_as_it_answers(monkeypatch: pytest.MonkeyPatch) -> None:
    watched = 4.0  # a busy machine answers late
    monkeypatch.setattr("vivavoce.cli.bench.turns.AFTERWARDS", watched)

    async def both() -> list[Heard]:
        async with reach(read_settings(), None, "--demo", fresh=True) as running:
            question = tone(1.2)
            smooth = Stimulus("smooth turn", "tone", "clean", tone(1.5))
            hum = Stimulus("background speech", "tone", "clean", tone(0.2))
            return [await play(running.address, question, each) for each in (smooth, hum)]

    smooth, hum = asyncio.run(both())
    assert smooth.spoken and 0 < smooth.spoken[0].start - smooth.end < watched
    if hum.overlap is None:
        assert hum.problem == "no answer to speak over"  # so the bench has to say on a machine that cannot keep up
    else:
        assert hum.problem in ("", "the answer was over")


def test_unknown_tasks_are_named_with_the_known_ones(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["bench", "turns", "--tasks", "chess"]) == 2
    assert "there is no 'chess'" in capsys.readouterr().err


def test_what_was_measured_is_json() -> None:
    assert json.loads(json.dumps(faithful([over(Spoken(1.0, 5.2, "a", 20))])))["silent"] == 1.0


def test_what_the_speech_engine_said_is_found_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Else two runs are of different stimuli."""
    voices = [ToneVoice()]
    monkeypatch.setattr("vivavoce.loading.load_engine", lambda *_: voices.pop())
    line = ("question", "Hello!", "tone", "en")
    [(_, first)] = asyncio.run(speak(read_settings(), [line], tmp_path))
    [(kind, again)] = asyncio.run(speak(read_settings(), [line], tmp_path))  # there is no engine any more
    assert (kind, again.name) == ("question", "Hello! (tone)")
    assert np.allclose(first.samples, again.samples, atol=1e-6)
