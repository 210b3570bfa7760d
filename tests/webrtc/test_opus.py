"""Opus both ways: as loud as it was, as long as it was, and no hole where a packet is missing."""

from __future__ import annotations

import numpy as np
import pytest

pytest.importorskip("av", reason="pip install 'vivavoce[media]'")

from vivavoce.webrtc.opus import SILENCE, Decoder, Encoder
from vivavoce.webrtc.playout import FRAME, RATE

TONE = (0.2 * np.sin(2 * np.pi * 220 * np.arange(2 * RATE) / RATE)).astype(np.float32)


def level(samples: np.ndarray) -> float:
    return float(np.sqrt((samples.astype(np.float64) ** 2).mean()))


def packets() -> list[bytes]:
    encoder = Encoder()
    return [encoder.encode(TONE[at : at + FRAME]) for at in range(0, len(TONE), FRAME)]


def test_sound_comes_out_as_it_went_in() -> None:
    decoder = Decoder()
    heard = np.concatenate([decoder.decode(packet) for packet in packets()])
    assert len(heard) == pytest.approx(len(TONE), abs=FRAME)
    assert level(heard[RATE // 2 :]) == pytest.approx(level(TONE), rel=0.1)


def test_a_lost_packet_leaves_no_hole() -> None:
    decoder = Decoder()
    heard = [decoder.decode(b"" if n == 50 else packet) for n, packet in enumerate(packets())]
    assert len(heard[50]) == FRAME and 0.2 * level(TONE) < level(heard[50]) < level(TONE)
    assert level(heard[70]) == pytest.approx(level(TONE), rel=0.15)


def test_a_long_gap_fades_into_silence() -> None:
    decoder = Decoder()
    for packet in packets()[:30]:
        decoder.decode(packet)
    gap = [level(decoder.decode(b"")) for _ in range(10)]
    assert gap[0] > gap[2] > gap[4] > 0 and gap[-1] == 0


def test_silence_costs_three_bytes() -> None:
    encoder = Encoder()
    assert [encoder.encode(None) for _ in range(10)][-1] == SILENCE
    decoder = Decoder()
    assert level(np.concatenate([decoder.decode(SILENCE) for _ in range(10)])) < 1e-3


def test_what_is_no_opus_is_bridged_like_a_loss() -> None:
    decoder = Decoder()
    for packet in packets()[:30]:
        decoder.decode(packet)
    assert len(decoder.decode(b"\xff\x00garbage")) in (0, FRAME)
