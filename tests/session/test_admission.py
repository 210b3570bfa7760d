"""Who may come in, by what was measured."""

import pytest

from vivavoce.errors import SessionRefused
from vivavoce.session.admission import BROKEN, RECENT, WORST_LAG, WORST_WAIT, Admission


def admission(most=8):
    now = [0.0]
    return Admission(most, lambda: now[0]), now


def test_newcomers_are_refused_while_promises_are_broken_and_let_in_again_after():
    door, now = admission()
    door.enter()
    for _ in range(BROKEN - 1):
        door.note_wait(WORST_WAIT * 2)
    door.enter()  # a hiccup refuses nobody
    door.note_lag(WORST_LAG * 2)
    with pytest.raises(SessionRefused, match="hands full"):
        door.enter()
    now[0] += RECENT + 1
    door.enter()
    assert door.open == 3


def test_who_comes_back_while_his_last_session_is_on_its_way_out_is_let_in():
    door, _ = admission()
    door.enter()
    for _ in range(BROKEN):
        door.note_wait(WORST_WAIT * 2)
    door.enter()
    with pytest.raises(SessionRefused, match="hands full"):
        door.enter()


def test_an_empty_house_lets_in_whoever_comes():
    """What the models did while they warmed up broke no promise."""
    door, _ = admission(1)
    for _ in range(BROKEN):
        door.note_lag(1.0)
    door.enter()
    with pytest.raises(SessionRefused, match="The only place of this server is taken"):
        door.enter()


def test_many_who_only_listen_are_no_strain():
    door, _ = admission(100)
    for _ in range(100):
        door.enter()
        door.note_lag(WORST_LAG / 2)
        door.note_wait(WORST_WAIT / 2)
    assert not door.strained
