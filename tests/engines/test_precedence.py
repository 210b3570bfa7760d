"""A reader's reply gives way to a listener's, loses nothing and says nothing twice by it; and never starves."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Generator

import pytest

from vivavoce.engines.llm import precedence
from vivavoce.engines.llm.precedence import Places, Precedence
from vivavoce.engines.llm.slots import Slots
from vivavoce.engines.pool import Stop
from vivavoce.errors import EngineBusy, EngineTooSlow

READING, WORDS = ("", "", ""), ("one", "two", "three")


@pytest.fixture(autouse=True)
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(precedence, "LINGER", 0.0)


class Model:
    """Reads, then writes; asks `stop` after each step, as the real one does, and notes each asking."""

    def __init__(self, before: dict[tuple[int, int], object] | None = None) -> None:
        self.asked = 0
        self._before = before or {}

    def ask(self, stop: Stop) -> Generator[str, None, None]:
        self.asked += 1
        for n, step in enumerate(READING + WORDS):
            if action := self._before.get((self.asked, n)):
                action()  # type: ignore[operator]
            yield step
            if stop():
                return


def told(order: Precedence, model: Model) -> list[str]:
    steps = order.give_way(model.ask, bool, lambda: False, alive="")
    return [step for step in steps if step]


def test_nobody_waits_for_nobody() -> None:
    model = Model()
    assert told(Precedence(), model) == list(WORDS) and model.asked == 1


def test_reading_stops_for_a_listener_and_goes_on_behind_him() -> None:
    order = Precedence()
    listener = order.listener()
    over = threading.Timer(0.1, lambda: listener.__exit__(None, None, None))

    def arrives() -> None:
        listener.__enter__()
        over.start()

    model = Model({(1, 1): arrives})
    assert told(order, model) == list(WORDS) and model.asked == 2


def test_a_listener_who_has_just_been_here_is_waited_for(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(precedence, "LINGER", 0.3)
    order, model = Precedence(), Model()
    with order.listener():
        pass
    steps = order.give_way(model.ask, bool, lambda: False, alive="rests")
    assert next(steps) == next(steps) == "rests"
    assert [step for step in steps if step and step != "rests"] == list(WORDS)


def test_what_is_being_written_is_written_to_its_end() -> None:
    order = Precedence()
    model = Model({(1, 4): order.listener().__enter__})
    assert told(order, model) == list(WORDS) and model.asked == 1


def test_a_word_that_comes_while_it_is_being_stopped_is_told_once() -> None:
    """The model's thread is told to stop with its first word; the reader sees that word only afterwards."""
    order = Precedence()
    listener = order.listener()
    over = threading.Timer(0.1, lambda: listener.__exit__(None, None, None))

    def racing(stop: Stop) -> Generator[str, None, None]:
        if not over.is_alive() and not over.finished.is_set():
            listener.__enter__()
            over.start()
            assert stop()  # asked in the model's thread, behind the push of a word that nobody has taken yet
            yield "one"
            return
        yield from WORDS

    assert [step for step in order.give_way(racing, bool, lambda: False, alive="") if step] == list(WORDS)


def test_readers_do_not_starve(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(precedence, "LONGEST_REST", 0.2)
    monkeypatch.setattr(precedence, "STEP", 0.02)
    order, model = Precedence(), Model()
    with order.listener():
        assert told(order, model) == list(WORDS)


def test_a_stopped_reader_leaves_at_once() -> None:
    order, model = Precedence(), Model()
    with order.listener():
        assert list(order.give_way(model.ask, bool, lambda: True, alive="")) == [] and model.asked == 0


def test_places_are_given_in_turn_and_the_queue_has_an_end() -> None:
    async def scene() -> None:
        places, order = Places("llm", 1, 2), []

        async def visit(n: int) -> None:
            async with places.place(5):
                order.append(n)
                await asyncio.sleep(0.01)

        visits = [asyncio.create_task(visit(n)) for n in range(3)]
        await asyncio.sleep(0)
        with pytest.raises(EngineBusy):
            await visit(3)
        visits[1].cancel()
        await asyncio.wait(visits)
        assert order == [0, 2]
        async with places.place(5):
            with pytest.raises(EngineTooSlow):
                async with places.place(0.01):
                    pass
        async with places.place(5):
            late = asyncio.create_task(visit(5))
            await asyncio.sleep(0)
        late.cancel()  # his turn has come, and he is gone
        await asyncio.wait([late])
        await visit(4)  # nothing was lost on the way
        assert order == [0, 2, 4]

    asyncio.run(scene())


def test_requests_without_a_session_push_out_no_conversation() -> None:
    slots = Slots(3)
    with slots.take("a") as a, slots.take("b") as b:
        assert {a, b} == {0, 1}
    common = []
    for _ in range(4):
        with slots.take("") as number:
            common.append(number)
    assert common == [2] * 4
    for session, number in (("a", a), ("b", b)):
        with slots.take(session) as again:
            assert again == number
    with slots.take("c") as newcomer:  # a conversation goes before what nobody will come back to
        assert newcomer == 2


def test_warming_without_a_session_goes_round_all_slots() -> None:
    slots = Slots(3)
    warmed = []
    for _ in range(3):
        with slots.take("", spare=True) as number:
            warmed.append(number)
    assert warmed == [0, 1, 2]
