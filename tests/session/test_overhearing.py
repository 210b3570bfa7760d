"""What is taken for the assistant's own voice: one syllable that resembles it must not hide the user."""

from collections.abc import Sequence
from typing import Any

import numpy as np
import pytest

from vivavoce.conversation.interruption import ECHO_SHARE
from vivavoce.ports import HOP
from vivavoce.session.overhearing import Overhearing

ODD_SYLLABLE = (0.1, 0.2, 0.7, 0.8, 0.3, 0.2, 0.1, 0.1, 0.2, 0.1)
ECHO = (0.5, 0.7, 0.8, 0.6, 0.9, 0.8, 0.9, 0.8, 0.9, 0.9)


class Guard:
    """Finds these shares of the assistant's voice, hop by hop."""

    def __init__(self, shares: Sequence[float], delay: float | None) -> None:
        self._shares, self.delay = iter(shares), delay

    def share(self, samples: Any, at: float) -> float:
        return next(self._shares)


@pytest.mark.parametrize(
    ("shares", "delay", "loudness", "echo"),
    [
        (ODD_SYLLABLE, None, 0.1, False),
        (ECHO, None, 0.1, True),
        (ODD_SYLLABLE, 0.1, 0.1, True),
        (ODD_SYLLABLE, None, 0.01, True),
    ],
)
def test_a_single_hop_is_an_echo_only_where_it_is_soft_or_the_assistants_voice_is_known_to_come_back(
    shares: Sequence[float], delay: float | None, loudness: float, echo: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    overhearing = Overhearing()
    monkeypatch.setattr(overhearing, "_guard", Guard(shares, delay))
    overhearing.user(np.full(HOP, 0.1, np.float32))
    overhearing.begin(asked=False)
    hops = [overhearing.hop(np.full(HOP, loudness, np.float32), n * 0.032) for n in range(len(shares))]
    assert any(hop.echo is not None and hop.echo >= ECHO_SHARE for hop in hops) is echo


def test_that_the_assistant_asked_counts_for_one_overlap() -> None:
    overhearing = Overhearing()
    samples = np.full(HOP, 0.1, np.float32)
    overhearing.begin(asked=True)
    assert overhearing.hop(samples, 0.0).asked
    overhearing.settle()
    assert not overhearing.hop(samples, 0.1).asked
