"""The contract of ports.Transcriber, kept by every Whisper that is installed; and the parts it is made of."""

import asyncio
import threading
import time
from collections.abc import Iterator

import numpy as np
import pytest

from tests.engines.sounds import MUSEUM, RATE, clips, models, museum, quiet, speechless, with_pauses
from tests.waiting import measured
from vivavoce.audio.cut import cut
from vivavoce.audio.pcm import Pcm, join
from vivavoce.cli.bench.stt import distance, words
from vivavoce.engines.stt import loops, whisper
from vivavoce.engines.stt.decoder import Guess
from vivavoce.errors import EngineBusy, ModelUnavailable, TurnError
from vivavoce.ports import Transcriber, Transcription, TranscriptionHint, Urgency

ENGLISH = TranscriptionHint(language="en")


@pytest.fixture(scope="module", params=["whisper-base", "whisper-tiny.en"])
def stt(request) -> Iterator[Transcriber]:
    engine = whisper.load(whisper.Options(model=request.param), models)
    yield engine
    engine.close()


def transcribe(stt: Transcriber, speech: Pcm, hint: TranscriptionHint = ENGLISH) -> Transcription:
    return asyncio.run(stt.transcribe(speech, hint))


def word_error_rate(said: list[str], heard: list[str]) -> float:
    pairs = [(words(one, "en"), words(other, "en")) for one, other in zip(said, heard, strict=True)]
    return sum(distance(*pair) for pair in pairs) / sum(len(one) for one, _ in pairs)


# --- words -------------------------------------------------------------------------------------------


def test_a_clear_sentence_is_heard(stt):
    heard = transcribe(stt, museum())
    assert word_error_rate([MUSEUM], [heard.text.replace("9", "nine").replace("6", "six")]) <= 0.2, heard.text
    assert heard.language == "en" and heard.confidence > 0.5


def test_people_are_heard(stt, recordings):
    """A bound far above what is measured, for `vivavoce bench stt` to be exact about."""
    for folder, bound in (("ivr_en", 0.15), ("ljspeech", 0.25)):
        known = list(clips(recordings, folder))[:6]
        assert word_error_rate([text for _, text, _ in known], [transcribe(stt, s).text for s, _, _ in known]) < bound


def test_the_language_is_detected(stt, recordings):
    """Unhinted Italian is Italian to a model that knows any, among the languages it was told to expect."""
    if "it" not in stt.languages:
        assert transcribe(stt, museum(), TranscriptionHint()).language == "en"
        return
    known = [sound for sound, _, _ in clips(recordings, "ivr_it") if sound.seconds > 2.5][:4]
    assert [transcribe(stt, sound, TranscriptionHint()).language for sound in known].count("it") >= 3


@pytest.mark.parametrize("language", ["EN-us", "tlh", ""])
def test_any_language_may_be_hinted(stt, language):
    """A region is ignored and an unknown language detected."""
    assert "museum" in transcribe(stt, museum(), TranscriptionHint(language=language)).text.lower()


def test_words_come_with_their_times(stt):
    """They lie in order inside the sound, and are the text."""
    heard = transcribe(stt, museum(), TranscriptionHint("en", detail=True))
    assert "".join(word.text for word in heard.words).strip() == heard.text
    times = [time for word in heard.words for time in (word.start, word.end)]
    assert times == sorted(times) and 0 <= times[0] and times[-1] <= museum().seconds + 0.1
    assert max(word.end - word.start for word in heard.words) <= 1.5
    sure = [token.logprob for word in heard.words for token in word.tokens]
    assert max(sure) <= 0 and sum(sure) / len(sure) > -1.0


def test_later_pieces_of_long_speech_have_later_times(stt):
    long = join([museum(), quiet(22.0), museum()], RATE)
    heard = transcribe(stt, long, TranscriptionHint("en", detail=True))
    museums = [word.start for word in heard.words if "museum" in word.text.lower()]
    assert museums[0] < 1 and museums[1] - museums[0] == pytest.approx(25.5, abs=1.0)


def test_only_the_languages_given_are_heard(stt):
    if "it" not in stt.languages:
        pytest.skip("it knows one language")
    assert transcribe(stt, museum(), TranscriptionHint(languages=("it", "es"))).language in ("it", "es")
    assert transcribe(stt, museum(), TranscriptionHint(languages=("it", "en"))).language == "en"


def test_keywords_do_not_end_up_in_the_text(stt):
    heard = transcribe(stt, museum(), TranscriptionHint("en", keywords=("Abigail Crafren", "Uffizi")))
    assert "museum" in heard.text.lower() and "Glossary" not in heard.text and "Uffizi" not in heard.text


def test_a_prompt_does_not_end_up_in_the_text(stt):
    heard = transcribe(stt, museum(), TranscriptionHint("en", prompt="Opening hours of galleries, " * 60))
    assert "museum" in heard.text.lower() and "galleries" not in heard.text.lower()


@pytest.mark.parametrize("end", [0.5, 0.9, 1.4, 2.1, 2.8])
def test_a_part_of_a_sentence_gives_no_loop(stt, end):
    """Partial passes hear broken-off speech; short windows are what loops come from."""
    assert len(words(transcribe(stt, museum().cut(0, end)).text, "en")) <= 4 * end + 2


def test_long_speech_is_whole(stt, recordings):
    """More than one window: no words lost or doubled at the cuts."""
    known = list(clips(recordings, "ivr_en"))[-10:]
    speech = with_pauses([sound for sound, _, _ in known], 0.4)
    assert speech.seconds > 35
    assert word_error_rate([" ".join(text for _, text, _ in known)], [transcribe(stt, speech).text]) < 0.15


def test_what_people_repeat_is_kept(stt):
    """Saying the same three times is no loop of the decoder (tiny.en drops one of three, in the full window too)."""
    heard = transcribe(stt, with_pauses([museum()] * 3, 0.4)).text.lower()
    assert heard.count("museum") >= 2


# --- no words ----------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", list(speechless()))
def test_no_words_from_what_nobody_said(stt, name):
    assert transcribe(stt, speechless()[name], TranscriptionHint()).text == ""


def test_no_words_from_noise_and_music(stt, recordings):
    invented = {
        name: heard.text
        for sound, _, name in clips(recordings, "noise")
        if name != "livekit_crowded-room"  # people do talk in it
        and (heard := transcribe(stt, sound.cut(2 if sound.seconds > 10 else 0, 6), TranscriptionHint())).text
    }
    assert len(invented) <= 1, invented  # one of them may sound like words to another CPU


# --- sharing and failing -----------------------------------------------------------------------------


def test_two_sessions_at_once_get_their_own_words(stt):
    first, second = museum().cut(0, 1.75), museum().cut(1.75)

    async def scene() -> list[Transcription]:
        return await asyncio.gather(*(stt.transcribe(sound, ENGLISH) for sound in (first, second) * 2))

    texts = [heard.text.lower() for heard in asyncio.run(scene())]
    assert texts[:2] == texts[2:]
    assert "museum" in texts[0] and "museum" not in texts[1] and texts[1]


@measured
def test_a_cancelled_call_leaves_the_engine_free(stt):
    """Ten minutes of speech block the next speaker for one window at most: all of it takes a hundred times as long as
    this sentence, on any machine."""

    async def scene() -> tuple[Transcription, float, float]:
        started = time.perf_counter()
        await stt.transcribe(museum(), ENGLISH)
        usual = time.perf_counter() - started
        long = asyncio.create_task(stt.transcribe(join([museum()] * 170, RATE), ENGLISH))
        await asyncio.sleep(0.2)
        long.cancel()
        await asyncio.wait([long])
        started = time.perf_counter()
        return await stt.transcribe(museum(), ENGLISH), time.perf_counter() - started, usual

    heard, waited, usual = asyncio.run(scene())
    assert "museum" in heard.text.lower()
    assert waited < 25 * usual


def test_failures_are_turn_errors(stt):
    with pytest.raises(TurnError, match="16000 Hz"):
        transcribe(stt, Pcm.silence(1, 8000))
    engine = whisper.load(whisper.Options(model=stt.name), models)
    engine.close()
    with pytest.raises(TurnError, match="closed"):
        transcribe(engine, museum())


def test_a_broken_model_says_which_and_what_to_do(tmp_path):
    for name in ("model.bin", "config.json", "tokenizer.json", "vocabulary.txt"):
        (tmp_path / name).write_bytes(b"{}")
    with pytest.raises(ModelUnavailable, match="whisper-base cannot be loaded") as caught:
        whisper.load(whisper.Options(), lambda id: tmp_path)
    assert "verify whisper-base" in caught.value.remedy


# --- cuts and loops ----------------------------------------------------------------------------------


def test_cuts_fall_into_pauses():
    """Pieces join up to the whole, none is too long, and no cut touches speech."""
    speech = with_pauses([museum()] * 20, 0.5)
    pieces = cut(speech, 25.0)
    assert np.array_equal(join(pieces, RATE).samples, speech.samples)
    assert max(map(len, pieces)) <= 25 * RATE
    for piece in pieces[:-1]:
        assert np.abs(piece.samples[-RATE // 20 :]).max() < 0.01


def test_speech_without_a_pause_is_cut_all_the_same():
    speech = np.random.default_rng(0).normal(0, 0.1, 600 * RATE).astype(np.float32)
    pieces = cut(Pcm(speech, RATE), 25.0)
    assert sum(map(len, pieces)) == len(speech) and max(map(len, pieces)) <= 25 * RATE


@pytest.mark.parametrize(
    ("tokens", "left"),
    [
        ([1, 2, 3] * 5, [1, 2, 3]),
        ([9, 9, 1, 2, 3, 4, 1, 2, 3, 4, 1, 2, 3, 4, 7], [9, 9, 1, 2, 3, 4, 7]),
        ([5] * 12, [5]),
        ([5] * 4 + [6], [5] * 4 + [6]),
        (list(range(40)), list(range(40))),
        ([], []),
    ],
)
def test_loops_are_reduced_to_one_round(tokens, left):
    assert loops.cut_loops(tokens) == left
    assert loops.looping(tokens, "") is (tokens != left)


def test_ordinary_repetition_is_no_loop():
    assert not loops.looping([], "It was the best of times, it was the worst of times, it was the age of wisdom.")
    assert loops.looping([], "It was the best of times. " * 5)


# --- passes that nobody waits for any more -----------------------------------------------------------


class Halting:
    """A decoder that works until it is told to stop; over more than a second it is done at once."""

    languages = ("en",)

    def __init__(self) -> None:
        self.begun, self.stopped = threading.Event(), threading.Event()

    def pass_over(self, samples, context, window, stop):
        self.begun.set()
        if len(samples) > RATE:
            return Guess("All of it.", (1, 2, 3, 4), "en", 0.0, 0.0)
        while not stop():
            time.sleep(0.005)
        self.stopped.set()
        return None


def test_a_pass_that_is_cancelled_stops_at_its_next_stage():
    decoder = Halting()
    engine = whisper.Whisper(whisper.Options(), decoder, lambda samples: 0.0)

    async def leave() -> None:
        pass_ = asyncio.create_task(engine.transcribe(Pcm(np.ones(RATE, np.float32), RATE)))
        await asyncio.to_thread(decoder.begun.wait, 10)
        pass_.cancel()
        await asyncio.wait([pass_])
        assert await asyncio.to_thread(decoder.stopped.wait, 10)

    asyncio.run(leave())
    engine.close()


def test_a_partial_pass_gives_way_to_another_sessions_final_one():
    decoder = Halting()
    engine = whisper.Whisper(whisper.Options(), decoder, lambda samples: 0.0)

    async def both() -> None:
        partial = asyncio.create_task(engine.transcribe(Pcm(np.ones(RATE, np.float32), RATE), urgency=Urgency.SPARE))
        await asyncio.to_thread(decoder.begun.wait, 10)
        heard = await engine.transcribe(Pcm(np.ones(2 * RATE, np.float32), RATE))
        assert heard.text == "All of it."
        with pytest.raises(EngineBusy):
            await partial

    asyncio.run(both())
    engine.close()
