"""Telephone keys as packets (RFC 4733): each press is told once, whatever of its packets is lost."""

from __future__ import annotations

import random
from dataclasses import dataclass

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from vivavoce.webrtc.jitter import SEQUENCE, Reorder
from vivavoce.webrtc.keypad import KEYS, KeyPacket, Keypad, clocks_of

FRAME = 0.02
ENDS = 3
"""Times that the last packet of a key is sent."""


@dataclass
class Sender:
    """Presses keys as RFC 4733 has it. `steps`: frames from one packet to the next."""

    clock: int
    steps: int = 1
    now: int = 0
    """Time stamp, in ticks of `clock`."""

    def press(self, key: str, seconds: float) -> list[KeyPacket]:
        event, frame = KEYS.index(key), round(FRAME * self.clock) * self.steps
        began, total, out = self.now, max(frame, round(seconds * self.clock)), list[KeyPacket]()
        for lasted in [*range(frame, total, frame), *[total] * ENDS]:
            since = self.now + lasted - began
            if since > 0xFFFF:  # a segment is full: the next one begins where it ended (2.5.1.3)
                out.append(KeyPacket(event, began % 2**32, 0xFFFF, self.clock, False, not out))
                began, since = began + 0xFFFF, since - 0xFFFF
            ended = lasted == total
            out.append(KeyPacket(event, began % 2**32, since, self.clock, ended, not out))
        self.now += total
        return out

    def pause(self, seconds: float) -> None:
        self.now += round(seconds * self.clock)


presses = st.lists(st.tuples(st.sampled_from(KEYS), st.floats(0.04, 6.0), st.floats(0.03, 3.0)), min_size=1, max_size=8)


@settings(deadline=None)
@given(presses, st.sampled_from([8_000, 48_000]), st.sampled_from([1, 2]), st.integers(0, 2**32 - 1))
def test_each_press_is_told_once_and_lasts_as_long_as_it_did(
    presses: list[tuple[str, float, float]], clock: int, steps: int, start: int
) -> None:
    sender, keypad, told, lasted = Sender(clock, steps, start), Keypad(), "", 0.0
    for key, seconds, pause in presses:
        for packet in sender.press(key, seconds):
            pressed, longer = keypad.take(packet)
            told, lasted = told + pressed, lasted + longer
        sender.pause(pause)
    assert told == "".join(key for key, *_ in presses)
    assert lasted == pytest.approx(
        sum(max(seconds, FRAME * steps) for _, seconds, _ in presses), abs=1e-3 * len(presses)
    )


@settings(deadline=None)
@given(presses, st.sampled_from([8_000, 48_000]), st.integers(0, 2**32))
def test_lost_packets_lose_no_key_of_which_any_packet_came_and_double_none(
    presses: list[tuple[str, float, float]], clock: int, seed: int
) -> None:
    """Losses of up to three packets in a row, as long as one packet of each press comes."""
    chance, sender, keypad, told = random.Random(seed), Sender(clock), Keypad(), ""
    for key, seconds, pause in presses:
        packets = sender.press(key, seconds)
        kept = chance.randrange(len(packets))
        gone = 0
        for place, packet in enumerate(packets):
            gone = gone + 1 if gone < 3 and place != kept and chance.random() < 0.4 else 0
            told += "" if gone else keypad.take(packet)[0]
        sender.pause(pause + 0.3)
    assert told == "".join(key for key, *_ in presses)


def test_packets_that_overtake_each_other_are_put_in_order_first() -> None:
    sender, keypad, reorder, told = Sender(48_000), Keypad(), Reorder[KeyPacket](), ""
    packets = [packet for key in "5#5" for packet in sender.press(key, 0.1)]
    order = [1, 0, *range(3, len(packets)), 2]
    for at, sequence in enumerate(order):
        for it in reorder.arrive(sequence % SEQUENCE, packets[sequence], at * 0.001):
            assert it.payload is not None
            told += keypad.take(it.payload)[0]
    assert told == "5#5"


def test_what_is_no_key_of_a_telephone_is_not_told() -> None:
    flash = KeyPacket(16, 0, 800, 8_000, False, True)
    assert Keypad().take(flash)[0] == ""
    assert KeyPacket.read(b"\x05\x0a\x03", 0, 8_000, marked=True) is None
    read = KeyPacket.read(b"\x0b\x8a\x03\x20", 7, 8_000, marked=False)
    assert read == KeyPacket(11, 7, 800, 8_000, ended=True, marked=False)


def test_the_answer_says_which_packets_are_keys() -> None:
    sdp = "a=rtpmap:111 opus/48000/2\r\na=rtpmap:110 telephone-event/48000\r\na=rtpmap:126 telephone-event/8000\r\n"
    assert clocks_of(sdp) == {110: 48_000, 126: 8_000}
