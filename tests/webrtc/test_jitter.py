"""The caller's packets: in order, once each, none held longer than the network deserves."""

from __future__ import annotations

import random

from hypothesis import given, settings
from hypothesis import strategies as st

from vivavoce.webrtc.jitter import LEAST, MOST, SEQUENCE, Reorder


def sent(arrivals: list[tuple[float, int]]) -> list[tuple[float, int, bool]]:
    """(when it was played, sequence, whether it was there) of packets that arrive at these times."""
    reorder, played = Reorder(), []
    for at, sequence in sorted(arrivals):
        while (due := reorder.deadline) is not None and due <= at:
            played += [(due, it.sequence, bool(it.payload)) for it in reorder.expire(due)]
        played += [(at, it.sequence, bool(it.payload)) for it in reorder.arrive(sequence % SEQUENCE, b"x", at)]
    while (due := reorder.deadline) is not None:
        played += [(due, it.sequence, bool(it.payload)) for it in reorder.expire(due)]
    return played


@settings(deadline=None)
@given(st.integers(0, 2**32), st.floats(0, 0.3), st.floats(0, 0.15), st.integers(0, SEQUENCE - 1))
def test_every_packet_is_played_once_and_in_order(seed: int, loss: float, jitter: float, first: int) -> None:
    chance = random.Random(seed)
    arrivals = [
        (n * 0.02 + chance.random() * jitter, first + n) for n in range(200) if n == 0 or chance.random() >= loss
    ]
    arrivals[0] = (0.0, first)
    played = sent(arrivals)
    order = [(sequence - first) % SEQUENCE for _, sequence, _ in played]
    assert order == list(range(len(order))), "contiguous, in order, none twice"
    arrived = {sequence - first: at for at, sequence in arrivals}
    for at, sequence, there in played:
        if there:
            assert at - arrived[(sequence - first) % SEQUENCE] <= MOST + 1e-6, "nothing is held for ever"


def test_on_a_good_network_nothing_is_delayed() -> None:
    arrivals = [(n * 0.02, n) for n in range(500)]
    assert [(at, sequence) for at, sequence, _ in sent(arrivals)] == arrivals


def test_a_lost_packet_delays_the_rest_for_a_moment_only() -> None:
    arrivals = [(n * 0.02, n) for n in range(100) if n != 50]
    played = sent(arrivals)
    assert [sequence for _, sequence, there in played if not there] == [50]
    late = [at - sequence * 0.02 for at, sequence, there in played if there]
    assert max(late) <= LEAST + 0.001 and late[-1] == 0


def test_the_wait_grows_with_disorder_and_falls_again() -> None:
    reorder = Reorder()
    for n in range(0, 40, 2):  # pairs in the wrong order, 60 ms apart
        reorder.arrive(n + 1, b"x", n * 0.02)
        reorder.arrive(n, b"x", n * 0.02 + 0.06)
    assert reorder.patience > 0.05
    for n in range(40, 800):
        reorder.arrive(n, b"x", n * 0.02)
    assert reorder.patience == LEAST


def test_a_stream_that_begins_anew_is_followed() -> None:
    reorder = Reorder()
    reorder.arrive(10, b"x", 0.0)
    assert [packet.sequence for packet in reorder.arrive(5000, b"x", 0.02)] == [5000]
