"""The contract of ports.VoiceActivityDetector, kept by Silero."""

import asyncio
from collections.abc import Iterator

import numpy as np
import pytest

from tests.engines.sounds import clips, models, museum, quiet, speechless
from vivavoce.audio.pcm import Samples, join
from vivavoce.engines.vad import silero
from vivavoce.errors import ModelUnavailable, TurnError
from vivavoce.ports import HEARING_RATE, HOP, VoiceActivityDetector


@pytest.fixture(scope="module")
def vad() -> Iterator[VoiceActivityDetector]:
    detector = silero.load(silero.Options(), models)
    yield detector
    detector.close()


def whole_hops(samples: Samples) -> Samples:
    return samples[: len(samples) - len(samples) % HOP]


def hear(vad: VoiceActivityDetector, samples: Samples, hops: int = 10_000) -> np.ndarray:
    """Probability in each hop, given to a new stream `hops` at a time."""

    async def scene() -> list[float]:
        stream, heard = vad.open(), []
        for start in range(0, len(samples), hops * HOP):
            heard += await stream.voice(samples[start : start + hops * HOP])
        return heard

    return np.array(asyncio.run(scene()))


def test_speech_is_voice_and_the_room_around_it_is_not(vad):
    """Onset and end are found within 100 ms."""
    speech = museum()
    heard = hear(vad, whole_hops(join([quiet(1), speech, quiet(1)], HEARING_RATE).samples)) > 0.5
    first, last = np.flatnonzero(heard)[[0, -1]] * HOP / HEARING_RATE
    assert 0.9 < first < 1.35 and 3.9 < last < 1 + speech.seconds + 0.1
    assert heard[int(1.3 * 31.25) : int(4.0 * 31.25)].mean() > 0.8


def test_hops_one_by_one_are_hops_at_once(vad):
    """The stream carries its memory from call to call."""
    samples = whole_hops(museum().samples)
    assert np.allclose(hear(vad, samples, 1), hear(vad, samples), atol=1e-6)


@pytest.mark.parametrize("name", [name for name in speechless() if name != "not a number"])
def test_what_nobody_says_is_no_voice(vad, name):
    assert (hear(vad, whole_hops(speechless()[name].samples)) > 0.5).sum() == 0


def test_streams_do_not_hear_each_other(vad):
    """Two sessions share the model, never its memory."""
    speech, hush = whole_hops(museum().samples), whole_hops(quiet(museum().seconds).samples)

    async def scene() -> tuple[list[float], list[float]]:
        one, other, heard, silence = vad.open(), vad.open(), [], []
        for start in range(0, len(speech), HOP):
            a, b = await asyncio.gather(one.voice(speech[start : start + HOP]), other.voice(hush[start : start + HOP]))
            heard, silence = heard + a, silence + b
        return heard, silence

    heard, silence = asyncio.run(scene())
    assert np.allclose(heard, hear(vad, speech), atol=1e-6)
    assert max(silence) < 0.5


def test_streams_heard_together_hear_what_each_hears_alone(vad):
    """Hops of many sessions go through the network at once, also when some bring more hops than others."""
    speech = whole_hops(museum().samples)
    parts = [speech[: n * HOP] for n in (40, 7, 40, 1)]

    async def scene() -> list[list[float]]:
        return await asyncio.gather(*(vad.open().voice(part) for part in parts))

    together = asyncio.run(scene())
    for part, heard in zip(parts, together, strict=True):
        assert heard == pytest.approx(list(hear(vad, part)), abs=1e-6)


def test_speech_after_long_music_is_heard_at_once(vad, recordings):
    """Music leaves Silero's memory deaf for a second of speech, unless it is cleared."""
    music = next(sound for sound, _, name in clips(recordings, "noise") if name == "music_macroform-cold_day")
    heard = hear(vad, whole_hops(join([music, museum()], HEARING_RATE).samples)) > 0.5
    onset = round(music.seconds * HEARING_RATE / HOP)
    assert heard[:onset].mean() < 0.03
    assert np.flatnonzero(heard[onset:])[0] < 12


def test_half_a_hop_is_refused(vad):
    with pytest.raises(TurnError, match="whole hops"):
        hear(vad, np.zeros(HOP + 1, np.float32))


def test_a_broken_file_says_which_model_and_what_to_do(tmp_path):
    (tmp_path / silero.Options().file).write_bytes(b"not a network")
    with pytest.raises(ModelUnavailable, match="cannot be loaded") as caught:
        silero.load(silero.Options(), lambda id: tmp_path)
    assert "verify" in caught.value.remedy
