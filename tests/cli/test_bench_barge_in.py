"""The bench's player must not lose or repeat a sample itself, or it would find the server guilty; and it must see it
when the server does."""

import asyncio
import json
from collections import Counter
from pathlib import Path

import numpy as np
import pytest

from vivavoce.audio.pcm import Pcm
from vivavoce.cli.bench import barge_in_many as many
from vivavoce.cli.bench import barge_in_offline as offline
from vivavoce.cli.bench.barge_in_report import Outcome, read, summarise
from vivavoce.cli.bench.barge_in_stimuli import NOISE_DB, Trial
from vivavoce.cli.bench.barge_in_words import CHOSEN_BY, KNOWN, LANGUAGES, NEW, lines
from vivavoce.cli.bench.managed import RememberingEar
from vivavoce.cli.bench.stimuli import level_db
from vivavoce.cli.clips import RATE, Clip
from vivavoce.engines.scripted import LoudnessVad, ScriptedTranscriber, ToneVoice
from vivavoce.errors import StartupError
from vivavoce.settings import read_settings


def _ramp(start: int, size: int) -> np.ndarray:
    return (np.arange(start, start + size) / 100_000).astype(np.float32)


def test_playback_goes_on_with_the_sample_at_which_it_was_held() -> None:
    ear = RememberingEar()
    ear.hear("a", _ramp(0, 2400), 10.0)
    ear.hear("a", _ramp(2400, 2400), 10.01)
    ear.hold(10.13)  # in the second chunk
    ear.hear("a", _ramp(4800, 2400), 10.2)  # sent while it waits
    ear.resume(11.0)
    assert np.array_equal(np.concatenate([chunk.samples for chunk in ear.chunks]), _ramp(0, 7200))
    assert ear.unheard() == 0
    assert abs(ear.longest_silence(10.0) - 0.87) < 1e-3


def test_a_sample_heard_out_of_place_is_counted() -> None:
    ear = RememberingEar()
    ear.hear("a", _ramp(0, 2400), 10.0)
    ear.flush(10.05)
    ear.hear("a", _ramp(2400, 2400), 10.05)
    assert ear.unheard() > 0


def test_stops_are_counted_by_kind_and_trials_that_failed_are_not() -> None:
    outcomes = [
        Outcome("noise", "cough", ducked_ms=50.0, stopped_ms=400.0),
        Outcome("noise", "typing", ducked_ms=70.0, resumed_ms=500.0, unheard=0),
        Outcome("noise", "late", problem="the answer was over"),
    ]
    noise = summarise(outcomes)["summary"]["noise"]
    assert (noise["tried"], noise["stopped"], noise["may_stop"]) == (2, 1, False)
    assert (noise["resumed"], noise["resumed_exactly"]) == (1, 1)


def _tone(seconds: float) -> Clip:
    """With a little quiet around it."""
    wave = 0.2 * np.sin(2 * np.pi * 200 * np.arange(round(seconds * RATE)) / RATE)
    return Clip.of("tone", Pcm(np.pad(wave, 4800).astype(np.float32), RATE))


@pytest.mark.parametrize(("words", "seconds", "stops"), [("wait please", 1.0, True), ("mm-hm", 0.3, False)])
def test_a_trial_in_virtual_time_goes_as_it_would_in_life(words: str, seconds: float, stops: bool) -> None:
    hearing = offline.Hearing(LoudnessVad(), ScriptedTranscriber((words,), takes=0), recogniser_ms=50)
    random = np.random.default_rng(1)
    syllables = np.repeat(random.uniform(0, 0.1, 75), RATE // 5)
    said = Pcm((syllables * random.normal(0, 1, len(syllables))).astype(np.float32), RATE)
    trial = Trial("interruption", words, _tone(seconds), late=0.013)
    (outcome,) = offline.measure(hearing, _tone(1.0), {"en": said}, [trial])
    assert outcome.problem == ""
    assert outcome.ducked_ms is not None and 0 < outcome.ducked_ms <= 80
    assert (outcome.stopped_ms is not None) is stops
    assert (outcome.unheard == 0 and outcome.reasons == ["backchannel"]) is not stops


VOICES = {"en": ["af_heart", "af_nova", "am_adam", "bm_lewis"], "it": ["if_sara", "im_nicola"], "es": []}


def test_few_lines_of_a_kind_are_of_all_languages_voices_and_words() -> None:
    few = lines("order", VOICES, LANGUAGES)[:16]
    assert Counter(line.language for line in few) == {"en": 8, "it": 8}  # nobody speaks Spanish
    assert {line.voice for line in few} == {*VOICES["en"], *VOICES["it"]}
    known = {line.text for line in few} & {text for texts in KNOWN["order"].values() for text in texts}
    assert len(known) >= 4
    every = lines("order", VOICES, LANGUAGES)
    by_all = sum(
        len(VOICES[language]) * len(texts[language]) for texts in (KNOWN["order"], NEW["order"]) for language in VOICES
    )
    assert len({(line.text, line.voice) for line in every}) == len(every) == by_all


def test_what_was_chosen_by_is_told_apart_from_what_was_held_out() -> None:
    """Or constants would be praised for what they were fitted to."""
    for kind in many.SPOKEN:
        for line in lines(kind, VOICES, LANGUAGES):
            new = line.text in NEW[kind][line.language]
            assert new is not (line.text in KNOWN[kind][line.language])
            assert (line.held_out == "") is (line.voice in CHOSEN_BY)
            assert (line.held_out == "voices and words") is (new and line.voice not in CHOSEN_BY)
    outcomes = [
        Outcome("order", "a", stopped_ms=400.0, language="en"),
        Outcome("order", "b", language="it", held_out="voices"),
        Outcome("order", "c", stopped_ms=400.0, language="it", held_out="voices and words"),
        Outcome("crowd", "d", held_out="voices"),
        Outcome("to others", "e"),
    ]
    report = summarise(outcomes)
    parts = {name: (part["hits"], part["of"]) for name, part in report["summary"]["order"]["parts"].items()}
    assert parts == {"held out": (1, 2), "words held out": (1, 1), "en": (1, 1), "it": (1, 2)}
    both = {name: (part["hits"], part["of"]) for name, part in report["all"].items()}
    assert both == {
        "interruptions": (2, 3),
        "interruptions, held out": (1, 2),
        "no interruptions": (0, 1),
        "no interruptions, held out": (0, 1),
    }


def _gathered(monkeypatch: pytest.MonkeyPatch, recordings: Path | None, plan: many.Plan) -> list[Trial]:
    monkeypatch.setattr("vivavoce.loading.load_engine", lambda *named: ToneVoice(takes=0))
    question, answers, trials = asyncio.run(many.gather(read_settings(), recordings, plan, None))
    assert question.language == "en" and set(answers) == {"en", *plan.languages}
    return trials


def test_without_recordings_every_kind_but_people_is_tried(monkeypatch: pytest.MonkeyPatch) -> None:
    trials = _gathered(monkeypatch, None, many.Plan(3, languages=("en",)))
    tried = Counter(trial.kind for trial in trials)
    assert tried == dict.fromkeys((kind for kind in many.KINDS if kind != "person"), 3)
    again = _gathered(monkeypatch, None, many.Plan(5, kinds=("sentence", "crowd"), languages=("en",)))
    by_name = {(trial.kind, trial.name): trial for trial in again}
    for trial in (trial for trial in trials if trial.kind in ("sentence", "crowd")):
        same = by_name[trial.kind, trial.name]  # or a run could not be gone on with
        assert trial.clip is not None and same.clip is not None
        assert trial.late == same.late and np.array_equal(trial.clip.samples, same.clip.samples)


def test_a_person_has_asked_in_his_own_words_before(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    import soundfile

    rows = []
    for name, speaker, language in (("a1", "a", "it"), ("a2", "a", "it"), ("b1", "b", "it"), ("c1", "c", "ja")):
        soundfile.write(tmp_path / f"{name}.wav", _tone(1.0).samples, RATE)
        rows.append(
            {"path": f"{name}.wav", "text": "x", "voice": "human", "kind": "prompt", "seconds": 1.2, "lang": language}
            | {"speaker": speaker}
        )
    (tmp_path / "manifest.jsonl").write_text("\n".join(map(json.dumps, rows)))
    own = _gathered(monkeypatch, tmp_path, many.Plan(9, kinds=("person",)))
    assert [trial.name for trial in own] == ["a1", "b1", "c1", "a2"]
    assert {trial.name: trial.question.name for trial in own if trial.question} == {
        "a1": "a2",
        "a2": "a1",
        "b1": "Mi puoi parlare del mare? (marin)",  # nothing else of his was recorded
        "c1": "Can you tell me about the sea? (marin)",
    }
    assert [trial.talk for trial in own] == ["it", "it", "en", "it"]
    english = _gathered(monkeypatch, tmp_path, many.Plan(9, kinds=("person",), talk="en"))
    assert {trial.question.language for trial in english if trial.question} == {"en"}


def test_a_crowd_is_several_people_at_the_level_of_noises() -> None:
    talkers = [_tone(0.5), _tone(0.9), _tone(1.3)]
    one, other = many.crowd(talkers, 0), many.crowd(talkers, 1)
    assert one.clip is not None and other.clip is not None
    assert not np.array_equal(one.clip.samples, other.clip.samples)
    assert (one.held_out, other.held_out) == ("", "voices")
    assert abs(level_db(Pcm(one.clip.samples, RATE)) - NOISE_DB) <= 4.1


def test_a_run_is_gone_on_with_from_its_report(tmp_path: Path) -> None:
    made = [Outcome("order", "No. (a)", ducked_ms=50.0, reasons=["noise"], held_out="voices", language="en")]
    report = tmp_path / "report.json"
    assert read(report) == []
    report.write_text(json.dumps(summarise(made)))
    assert read(report) == made
    report.write_text('{"trials": [{"kind": "order"}]}')
    with pytest.raises(StartupError, match="no report"):
        read(report)


@pytest.mark.parametrize(("kinds", "languages"), [("order,sneeze", ""), ("", "en,xx")])
def test_a_kind_or_language_that_is_not_there_is_named(kinds: str, languages: str) -> None:
    with pytest.raises(StartupError, match="sneeze|xx"):
        many.planned(3, kinds, languages, "own")
