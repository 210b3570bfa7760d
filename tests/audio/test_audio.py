"""Sound at the edges: rates, codecs, the tape."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from vivavoce.audio import codecs
from vivavoce.audio.pcm import Pcm, join
from vivavoce.audio.resample import Resampler, resample
from vivavoce.audio.tape import Tape

RATES = [8_000, 16_000, 22_050, 24_000, 48_000]


def noise(n: int, seed: int = 0) -> np.ndarray:
    return (0.2 * np.random.default_rng(seed).standard_normal(n)).astype(np.float32)


@given(st.sampled_from(RATES), st.sampled_from(RATES), st.lists(st.integers(0, 3000), max_size=8))
def test_chunked_resampling_equals_whole(source, target, cuts):
    """Filter state is kept: a stream cut anywhere sounds as if it had never been cut."""
    sound = noise(source // 4)
    stream, pieces, at = Resampler(source, target), [], 0
    for cut in cuts:
        pieces.append(stream.push(sound[at : at + cut]))
        at += cut
    pieces.append(stream.push(sound[at:], last=True))
    whole = resample(Pcm(sound, source), target).samples
    chunked = np.concatenate(pieces)
    assert (
        abs(len(chunked) - len(whole)) <= 3 * target // 1000
    )  # the filter delays by up to 2.5 ms, which are not drained
    n = min(len(chunked), len(whole))
    assert np.abs(chunked[:n] - whole[:n]).max() < 1e-3


@pytest.mark.parametrize("rate", [8_000, 16_000])
def test_resampling_keeps_a_tone_and_drops_what_cannot_be_held(rate):
    time = np.arange(48_000) / 48_000
    low = resample(Pcm(np.sin(2 * np.pi * 440 * time).astype(np.float32), 48_000), rate)
    high = resample(Pcm(np.sin(2 * np.pi * 15_000 * time).astype(np.float32), 48_000), rate)
    assert abs(np.sqrt(2 * (low.samples**2).mean()) - 1) < 0.02
    assert np.sqrt((high.samples**2).mean()) < 0.01


def test_pcm16_goes_both_ways_and_clips_instead_of_wrapping():
    assert np.array_equal(codecs.from_pcm16(b"\x00\x80\xff\x7f"), np.float32([-1.0, 32767 / 32768]))
    assert codecs.to_pcm16(np.float32([-2.0, 2.0])) == b"\x00\x80\xff\x7f"
    with pytest.raises(ValueError, match="even number"):
        codecs.from_pcm16(b"abc")


@pytest.mark.parametrize(("encoding", "zero", "loud"), [("audio/pcmu", 0xFF, 0x80), ("audio/pcma", 0xD5, 0xAA)])
def test_g711_has_its_standard_codes_and_keeps_speech(encoding, zero, loud):
    """Codes of ITU-T G.711 for the smallest and the largest positive value; 37 dB is what 8 bits can hold."""
    assert codecs.encode(np.float32([0.0001, 1.0]), encoding) == bytes([zero, loud])
    every = bytes(range(256))
    again = codecs.encode(codecs.decode(every, encoding), encoding)
    assert np.array_equal(codecs.decode(again, encoding), codecs.decode(every, encoding))
    sound = noise(8000)
    error = codecs.decode(codecs.encode(sound, encoding), encoding) - np.clip(sound, -1, 1)
    assert 10 * np.log10((sound**2).sum() / (error**2).sum()) > 35


@given(st.lists(st.integers(0, 500), max_size=20), st.integers(0, 5000), st.integers(0, 5000), st.integers(0, 5000))
def test_the_tape_gives_back_what_it_still_holds(lengths, forget, start, end):
    tape, whole = Tape(16_000), np.zeros(0, np.float32)
    for n, length in enumerate(lengths):
        chunk = noise(length, n)
        tape.append(chunk)
        whole = np.concatenate([whole, chunk])
    tape.forget(forget)
    assert tape.end == len(whole) and tape.start <= max(forget, 0)
    assert np.array_equal(tape.cut(start, end).samples, whole[max(start, tape.start) : end])


def test_a_tape_that_forgets_stays_small():
    tape = Tape(16_000)
    for n in range(5_000):
        tape.append(noise(320, n % 7))
        tape.forget(tape.end - 16_000)
    assert tape.cut(0, tape.end).samples.shape == (16_000,)
    assert tape._held.nbytes < 4 * 16_000 * 4


def test_pcm_refuses_other_shapes():
    with pytest.raises(ValueError, match="float32"):
        Pcm(np.zeros(4), 16_000)
    assert join([], 8000).seconds == 0
