"""The contract of ports.Synthesizer, kept by Kokoro and Piper; and the parts they are made of."""

import asyncio
import os
import time
from collections.abc import Iterator
from contextlib import aclosing
from importlib.util import find_spec

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.engines.sounds import models
from tests.waiting import PATIENCE, measured
from vivavoce.audio.pcm import Pcm, join
from vivavoce.audio.resample import resample
from vivavoce.cli.bench.stt import distance, words
from vivavoce.engines import pool
from vivavoce.engines.stt import whisper
from vivavoce.engines.tts import kokoro, piper
from vivavoce.engines.tts._edges import PAUSES, ending, trimmed
from vivavoce.engines.tts._kokoro_halves import Halves
from vivavoce.engines.tts._kokoro_voices import VOICES, choose
from vivavoce.engines.tts.phonemes import Phonemizer
from vivavoce.errors import EngineFailed, ModelUnavailable, StartupError
from vivavoce.ports import HEARING_RATE, Synthesizer, TranscriptionHint, Urgency

OPENAI_VOICES = "alloy ash ballad coral echo sage shimmer verse marin cedar fable nova onyx".split()
SAID = (
    "Sure, I can help you with that.",
    "The Eiffel Tower is located in Paris.",
    "The meeting starts at 10:30 in the morning.",
    "Python and JavaScript are popular programming languages.",
)


@pytest.fixture(scope="module", params=["kokoro", "piper"])
def tts(request) -> Iterator[Synthesizer]:
    if request.param == "piper" and find_spec("piper") is None:
        pytest.skip("the extra is not installed: pip install 'vivavoce[piper]'")
    engine = kokoro.load(kokoro.Options(), models) if request.param == "kokoro" else piper.load(piper.Options(), models)
    yield engine
    engine.close()


async def spoken(tts: Synthesizer, text: str, **how) -> Pcm:
    async with aclosing(tts.synthesize(text, **({"voice": "alloy"} | how))) as sounds:
        return join([sound async for sound in sounds], tts.rate)


def say(tts: Synthesizer, text: str, **how) -> Pcm:
    return asyncio.run(spoken(tts, text, **how))


def quiet_at_start(sound: Pcm) -> float:
    """Seconds before the sound first comes within 40 dB of its peak."""
    level = np.abs(sound.samples)
    return float(np.argmax(level > level.max() / 100)) / sound.rate


# --- the contract ------------------------------------------------------------------------------------


def test_a_clause_becomes_speech(tts):
    sound = say(tts, "The weather is nice today.")
    assert sound.rate == tts.rate and 1.0 < sound.seconds < 3.5
    assert float(np.sqrt((sound.samples**2).mean())) > 0.01 and np.abs(sound.samples).max() <= 1.5


def test_speech_starts_at_once(tts):
    assert quiet_at_start(say(tts, "The weather is nice today.")) <= 0.03


def test_no_clicks_where_clauses_join(tts):
    sound = say(tts, "The weather is nice today,")
    assert abs(float(sound.samples[0])) < 0.01 and abs(float(sound.samples[-1])) < 0.01


def test_speed_changes_the_length(tts):
    text = "Everybody wants to hear this sentence."
    assert say(tts, text, speed=1.5).seconds < 0.85 * say(tts, text).seconds


@pytest.mark.parametrize("text", ["", "  ", "😀🎉", "---", "```py\nx = 1\n```", "*"])
def test_what_has_no_sound_is_passed_over(tts, text):
    assert len(say(tts, text)) == 0


def test_any_voice_name_is_answered(tts):
    assert all(len(say(tts, "Yes.", voice=name)) for name in ("alloy", "no such voice", ""))


def test_odd_text_is_no_error(tts):
    for text in ("a" * 60, "Ω ≈ ç √ ∫", "今天", "𝕳𝖊𝖑𝖑𝖔 x̷", "A\x00B", "..., a"):
        say(tts, text)


def test_two_sessions_at_once(tts):
    async def scene() -> list[Pcm]:
        return await asyncio.gather(spoken(tts, "This is the first one."), spoken(tts, "And this is another."))

    assert all(0.5 < sound.seconds < 4 for sound in asyncio.run(scene()))


@measured
def test_leaving_early_frees_the_worker(tts):
    """After a cancelled clause of many seconds the next is not kept waiting until it is done."""
    long = "this sentence goes on and on because nobody stops it " * 3

    async def scene() -> tuple[float, float]:
        started = time.perf_counter()
        await spoken(tts, "Yes, here I was.")
        usual = time.perf_counter() - started
        task = asyncio.create_task(spoken(tts, long))
        await asyncio.sleep(0.2)
        task.cancel()
        await asyncio.wait([task], timeout=PATIENCE)
        started = time.perf_counter()
        assert len(await spoken(tts, "Yes, here I am."))
        return usual, time.perf_counter() - started

    usual, after = asyncio.run(scene())
    assert after < 3 * usual + 0.5


def test_speech_is_understood(tts):
    """A bound far above what is measured: names and numbers must come through as words."""
    hearing = whisper.load(whisper.Options(), models)
    wrong = total = 0
    for text in SAID:
        heard = asyncio.run(
            hearing.transcribe(resample(say(tts, text, voice="marin"), HEARING_RATE), TranscriptionHint(language="en"))
        )
        reference, found = words(text, "en"), words(heard.text, "en")
        wrong, total = wrong + distance(reference, found), total + len(reference)
    hearing.close()
    assert wrong / total <= 0.3


# --- Kokoro ------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def kokoro_engine() -> Iterator[kokoro.Kokoro]:
    engine = kokoro.load(kokoro.Options(), models)
    yield engine
    engine.close()


def test_every_name_of_openai_has_a_voice():
    chosen = [choose(name, None, "af_heart") for name in OPENAI_VOICES]
    assert set(chosen) <= {voice.id for voice in VOICES} and len(set(chosen)) > 9
    assert len(VOICES) == 54


@pytest.mark.parametrize(
    ("name", "language", "voice"),
    [
        ("marin", None, "af_heart"),
        ("marin", "it", "if_sara"),
        ("cedar", "it-IT", "im_nicola"),
        ("cedar", "fr", "ff_siwis"),
        ("if_sara", "en", "af_heart"),
        ("bm_george", "en", "bm_george"),
        ("BM_George", None, "bm_george"),
        ("nobody", None, "af_sky"),
        ("marin", "xx", "af_heart"),
    ],
)
def test_the_text_is_read_by_one_who_speaks_its_language(name, language, voice):
    assert choose(name, language, "af_sky") == voice


def test_a_returning_opener_is_not_made_again(kokoro_engine):
    made: list[str] = []
    unwatch = pool.watch(lambda engine, urgency, seconds: made.append(engine))
    try:
        first = say(kokoro_engine, "Let me see.")
        once = len(made)
        again = say(kokoro_engine, "Let me see.")
    finally:
        unwatch()
    assert len(made) == once > 0
    assert np.array_equal(first.samples, again.samples)


def test_a_very_long_clause_comes_in_pieces(kokoro_engine):
    text = "And this part is here, " * 13
    assert say(kokoro_engine, text, speed=2.5).seconds > 6


def test_a_clause_that_somebody_waits_for_begins_before_it_is_made(kokoro_engine, monkeypatch):
    """And sounds as if it were one piece: as long as the whole, loud where that is, without a jump where they meet."""
    monkeypatch.setattr(kokoro, "KEEPS_UP", 1000.0)  # however busy the machine is
    monkeypatch.setattr(kokoro, "PLANNED", 1000.0)

    async def parts(text: str, urgency: Urgency) -> list[Pcm]:
        said = kokoro_engine.synthesize(text, voice="marin", language="en", urgency=urgency)
        return [sound async for sound in said]

    first, rest = asyncio.run(parts("The train leaves at half past nine tomorrow.", Urgency.NOW))
    (whole,) = asyncio.run(parts("The train leaves at half past nine tomorrow!", Urgency.SOON))
    assert 0.4 < first.seconds < 0.7
    assert abs(first.seconds + rest.seconds - whole.seconds) < 0.5
    joined, edge = join([first, rest], first.rate).samples, len(first)
    jump = abs(float(joined[edge] - joined[edge - 1]))
    assert jump <= float(np.abs(np.diff(joined)).max()) / 2
    assert 0.4 < float(np.std(joined)) / float(np.std(whole.samples)) < 2.0


def test_a_slower_machine_begins_as_soon_in_shorter_pieces(kokoro_engine, monkeypatch):
    """They join as two do."""
    monkeypatch.setattr(kokoro, "_next_piece", lambda rest, _: rest if rest < 90 else 45)
    text = "The boat leaves at half past eight tomorrow"

    async def parts(text: str, urgency: Urgency) -> list[Pcm]:
        said = kokoro_engine.synthesize(text, voice="marin", language="en", urgency=urgency)
        return [sound async for sound in said]

    pieces = asyncio.run(parts(f"{text}.", Urgency.NOW))
    (whole,) = asyncio.run(parts(f"{text}!", Urgency.SOON))
    assert len(pieces) > 2
    joined = join(pieces, pieces[0].rate).samples
    assert abs(len(joined) / pieces[0].rate - whole.seconds) < 0.5
    edges = np.cumsum([len(piece) for piece in pieces[:-1]])
    jumps = np.abs(joined[edges] - joined[edges - 1])
    assert float(jumps.max()) <= float(np.abs(np.diff(joined)).max()) / 2


@given(rest=st.integers(1, 2000), in_time=st.integers(-100, 3000))
def test_a_piece_can_be_made_in_time_and_is_worth_it(rest, in_time):
    piece = kokoro._next_piece(rest, in_time)
    edges = kokoro.CONTEXT_FRAMES * (1 if piece == rest else 2)
    assert piece == 0 or piece + edges <= in_time
    assert piece in (0, rest) or (piece >= kokoro.LEAST_PIECE and rest - piece >= kokoro.LEAST_PIECE)
    assert piece == rest or in_time < rest + kokoro.CONTEXT_FRAMES


@given(frames=st.integers(1, 800), pace=st.floats(0.0005, 0.05))
def test_a_clause_begins_with_as_little_as_leaves_time_for_what_follows(frames, pace):
    first = kokoro._first_piece(frames, pace)
    leaves_time = [
        kokoro._next_piece(frames - each, int(kokoro.PLANNED * each * 0.0125 / pace)) > 0 for each in (first - 1, first)
    ]
    if first < frames:
        assert first >= kokoro.FIRST_FRAMES
        assert frames - first >= kokoro.LEAST_PIECE
        assert leaves_time[1]
        assert first == kokoro.FIRST_FRAMES or not leaves_time[0]


def test_a_short_clause_begins_early_on_a_slow_machine():
    """Four words at 5 to 7 ms a frame: they were begun, found to be too slow, held, and made in longer than the whole
    takes."""
    assert [kokoro._first_piece(110, pace) for pace in (0.0053, 0.0068)] == [50, 58]


def test_a_clause_that_a_busy_machine_cannot_keep_up_with_is_held_until_it_is_whole(kokoro_engine, monkeypatch):
    """Between its two parts the listener would hear a word break off."""
    monkeypatch.setattr(kokoro, "KEEPS_UP", 0.0)
    said = kokoro_engine.synthesize("The bus leaves at half past six tomorrow.", voice="marin", language="en")

    async def parts() -> list[Pcm]:
        return [sound async for sound in said]

    (whole,) = asyncio.run(parts())
    assert 1.5 < whole.seconds < 4.0


def test_a_network_that_is_not_kokoro_is_refused_with_its_remedy(tmp_path):
    (tmp_path / "model.onnx").write_bytes(b"no network")
    with pytest.raises(ModelUnavailable, match="not the Kokoro") as refused:
        Halves(tmp_path / "model.onnx", 1)
    assert "vivavoce models verify" in refused.value.remedy


def test_italian_is_spoken(kokoro_engine):
    assert 1.0 < say(kokoro_engine, "Buongiorno, come posso aiutarti?", language="it").seconds < 4.0


def test_a_voice_that_does_not_exist_is_refused_at_start():
    with pytest.raises(StartupError) as refusal:
        kokoro.load(kokoro.Options(voice="xx_nobody"), models)
    assert "af_heart" in refusal.value.remedy


# --- Piper -------------------------------------------------------------------------------------------


def test_piper_comes_back_after_its_process_died():
    if find_spec("piper") is None:
        pytest.skip("the extra is not installed: pip install 'vivavoce[piper]'")
    engine = piper.load(piper.Options(), models)
    os.kill(engine._child._process.pid, 9)
    engine._child._process.wait(timeout=PATIENCE)
    assert say(engine, "Here I am again.").seconds > 0.5
    engine.close()
    with pytest.raises(EngineFailed):
        say(engine, "Closed.")


def test_piper_without_its_extra_says_how_to_get_it(monkeypatch):
    monkeypatch.setattr(piper, "find_spec", lambda name: None)
    with pytest.raises(StartupError) as refusal:
        piper.load(piper.Options(), models)
    assert refusal.value.remedy == "pip install 'vivavoce[piper]'"


# --- phonemes and edges ------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def phonemizer() -> Phonemizer:
    return Phonemizer()


@pytest.mark.parametrize(
    ("text", "language", "phonemes"),
    [
        ("The apple is on the table.", "en-us", "ði ˈæpᵊl ɪz ˌɔn ðə tˈAbᵊl."),
        ("I want to record the record.", "en-us", "ˌI wˈɑnt tə ɹəkˈɔɹd ðə ɹˈɛkəɹd."),
        ("The FBI", "en-us", "ði ˌɛfbˌiˈI"),
        ("NASA", "en-us", "nˈæsə"),
        ("water", "en-gb", "wˈɔːtə"),
        ("Perché la famiglia mangia gli spaghetti?", "it", "perkˈe la famˈiʎːa mˈanʤa ʎi spaɡˈetti?"),
        ("L'acqua, la scienza.", "it", "lˈakkwa, la ʃˈenʦa."),
        ("¿Quiero una ciudad?", "es", "kjˈeɾo una θjuðˈad?"),
    ],
)
def test_phonemes(phonemizer, text, language, phonemes):
    assert phonemizer.phonemes(text, language) == phonemes


@pytest.mark.parametrize("word", ["Kubernetes", "Ulaanbaatar", "Gandalf", "Zyxelqua", "Brrr", "OpenAI's", "naïve", "x"])
def test_no_word_is_dropped(phonemizer, word):
    assert sum(sound.isalpha() for sound in phonemizer.phonemes(word, "en-us")) >= min(3, len(word))


@given(st.text(max_size=60), st.sampled_from(["en-us", "it", "es", "ja"]))
def test_any_text_has_phonemes_or_none(phonemizer, text, language):
    assert "  " not in phonemizer.phonemes(text, language)


@given(st.text("ab. ,", max_size=900), st.integers(1, 60))
def test_pieces_are_short_and_whole(phonemes, most):
    pieces = list(kokoro._pieces(phonemes.strip(), most))
    assert all(0 < len(piece) <= most for piece in pieces)
    assert "".join(pieces).replace(" ", "") == phonemes.replace(" ", "")


@pytest.mark.parametrize(("text", "mark"), [("Yes.", "."), ('"Yes?"', "?"), ("well,", ","), ("and then", ""), ("", "")])
def test_the_mark_that_ends_a_clause(text, mark):
    assert ending(text) == mark


@given(st.floats(0, 0.5), st.floats(0.05, 0.5), st.floats(0, 0.5), st.sampled_from([".", ",", ""]))
def test_silence_round_a_clause_is_cut_to_measure(before, tone, after, mark):
    rate = 24_000
    sound = np.concatenate(
        [np.zeros(round(before * rate)), np.full(round(tone * rate), 0.3), np.zeros(round(after * rate))]
    )
    cut = trimmed(Pcm(sound.astype(np.float32), rate), mark)
    assert cut.seconds == pytest.approx(tone + PAUSES.get(mark, 0.03) + min(before, 0.01), abs=0.012)


def test_silence_alone_is_nothing():
    assert len(trimmed(Pcm.silence(1.0, 24_000), ".")) == 0
