"""Timers speak up on time, in their owner's session, also when the server or everybody was away."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Collection
from pathlib import Path

import pytest

from tests.virtual_time import run
from tests.waiting import until
from vivavoce.assistant.alarms import Alarms, announced
from vivavoce.conversation.keepsakes import Reminder
from vivavoce.errors import SessionError, StorageError
from vivavoce.storage.database import Database
from vivavoce.storage.keepsakes import Reminders


class Shelf:
    """Reminders in a list; `broken`: how many times it fails first."""

    def __init__(self, *reminders: Reminder, broken: int = 0) -> None:
        self.reminders, self.broken = list(reminders), broken

    async def add(self, reminder: Reminder) -> None:
        self.reminders.append(reminder)

    async def pending(self, owner: str | None = None) -> list[Reminder]:
        if self.broken:
            self.broken -= 1
            raise StorageError("away")
        return sorted((one for one in self.reminders if owner in (None, one.owner)), key=lambda one: one.due)

    async def delete(self, owner: str, ids: Collection[str]) -> int:
        before = len(self.reminders)
        self.reminders = [one for one in self.reminders if one.owner != owner or one.id not in ids]
        return before - len(self.reminders)


def timer(due: float, owner: str = "me", text: str = "", kind: str = "timer") -> Reminder:
    return Reminder(f"rem_{due}", owner, kind, text, due, 0.0, 300.0)  # type: ignore[arg-type]


def scene(shelf: Shelf, story: Callable[[Alarms, Callable[[], float]], Awaitable[None]]) -> None:
    async def play() -> None:
        loop = asyncio.get_running_loop()
        alarms = Alarms(shelf, loop.time)
        task = asyncio.create_task(alarms.run())
        try:
            await story(alarms, loop.time)
        finally:
            task.cancel()
            await asyncio.wait([task])

    run(play(), at_most=100_000)


def test_a_timer_speaks_up_when_it_ends_and_only_once() -> None:
    shelf = Shelf(timer(300.0), timer(300.0, "other"))

    async def story(alarms: Alarms, now: Callable[[], float]) -> None:
        said: list[tuple[float, str]] = []

        async def speak(words: str) -> None:
            said.append((now(), words))

        with alarms.present("me", speak):
            await asyncio.sleep(1_000)
        assert said == [(300.0, "Your timer of 5 minutes is done.")]
        assert [one.owner for one in shelf.reminders] == ["other"]

    scene(shelf, story)


def test_one_that_is_set_later_but_due_sooner_is_told_on_time() -> None:
    shelf = Shelf(timer(3_000.0))

    async def story(alarms: Alarms, now: Callable[[], float]) -> None:
        said: list[float] = []

        async def speak(_: str) -> None:
            said.append(now())

        with alarms.present("me", speak):
            await asyncio.sleep(10)
            await shelf.add(timer(20.0))
            alarms.stir()
            await asyncio.sleep(100)
        assert said == [20.0]

    scene(shelf, story)


def test_what_nobody_could_hear_is_told_at_the_next_start() -> None:
    shelf = Shelf(timer(60.0, text="call Ann", kind="reminder"))

    async def story(alarms: Alarms, now: Callable[[], float]) -> None:
        said: list[tuple[float, str]] = []

        async def speak(words: str) -> None:
            said.append((now(), words))

        await asyncio.sleep(3_660)
        assert shelf.reminders
        with alarms.present("me", speak):
            await asyncio.sleep(1)
        assert said == [(3_660.0, "Reminder, from 1 hour ago: call Ann.")]

    scene(shelf, story)


def test_a_session_that_cannot_take_it_leaves_it_to_another() -> None:
    shelf = Shelf(timer(5.0))

    async def story(alarms: Alarms, now: Callable[[], float]) -> None:
        said: list[float] = []

        async def ends(_: str) -> None:
            await asyncio.sleep(30)
            raise SessionError("gone before it came to it")

        async def speak(_: str) -> None:
            assert shelf.reminders, "it is kept until it was said"
            said.append(now())

        with alarms.present("me", speak), alarms.present("me", ends):
            await asyncio.sleep(60)
        assert said == [35.0] and not shelf.reminders

    scene(shelf, story)


def test_what_nobody_came_to_say_is_kept_and_others_do_not_wait_for_it() -> None:
    shelf = Shelf(timer(5.0), timer(6.0, "other"))

    async def story(alarms: Alarms, now: Callable[[], float]) -> None:
        said: list[str] = []

        async def long_talk(_: str) -> None:
            await asyncio.sleep(300)
            raise SessionError("closed")

        async def speak(words: str) -> None:
            said.append(words)

        with alarms.present("other", speak):
            with alarms.present("me", long_talk):
                await asyncio.sleep(306)
            assert len(said) == 1 and [one.owner for one in shelf.reminders] == ["me"]
            with alarms.present("me", speak):
                await asyncio.sleep(1)
        assert said[1] == "Your timer of 5 minutes ended 5 minutes and 1 second ago."

    scene(shelf, story)


def test_what_was_missed_is_told_in_one_breath_and_no_more_than_one_can_follow() -> None:
    shelf = Shelf(*(timer(float(n), text=f"thing {n}", kind="reminder") for n in range(1, 8)))

    async def story(alarms: Alarms, now: Callable[[], float]) -> None:
        said: list[str] = []

        async def speak(words: str) -> None:
            said.append(words)
            await asyncio.sleep(3)

        await asyncio.sleep(3_600)
        with alarms.present("me", speak):
            await asyncio.sleep(10)
        assert [words.count("Reminder") for words in said] == [5, 2] and "thing 7" in said[1]

    scene(shelf, story)


def test_what_fell_due_while_the_server_was_down_is_told_when_it_is_up_again(tmp_path: Path) -> None:
    url = f"sqlite+aiosqlite:///{tmp_path}/kept.db"

    async def before() -> None:
        database = await Database.open(url)
        await Reminders(database).add(timer(300.0))
        await database.aclose()

    async def after() -> list[str]:
        database, said = await Database.open(url), asyncio.Queue[str]()
        alarms = Alarms(Reminders(database), lambda: 900.0)
        running = asyncio.create_task(alarms.run())
        with alarms.present("me", said.put):
            words = [await said.get()]

            async def none_left() -> bool:
                return not await alarms.pending("me")

            await until(none_left)
        running.cancel()
        await asyncio.wait([running])
        await database.aclose()
        return words

    asyncio.run(before())
    assert asyncio.run(after()) == ["Your timer of 5 minutes ended 10 minutes ago."]


def test_a_database_that_is_away_for_a_while_costs_nothing_but_time() -> None:
    shelf = Shelf(timer(2.0), broken=3)

    async def story(alarms: Alarms, now: Callable[[], float]) -> None:
        said: list[str] = []

        async def speak(words: str) -> None:
            said.append(words)

        with alarms.present("me", speak):
            await asyncio.sleep(60)
        assert len(said) == 1

    scene(shelf, story)


@pytest.mark.parametrize(
    ("reminder", "late", "said"),
    [
        (Reminder("", "", "timer", "pasta", 0, 0, 480), 0, "Your pasta timer is done."),
        (Reminder("", "", "timer", "", 0, 0, 480), 7200, "Your timer of 8 minutes ended 2 hours ago."),
        (Reminder("", "", "timer", "", 0, 0, 480, "it"), 0, "Il timer di 8 minuti è finito."),
        (Reminder("", "", "reminder", "chiamare Anna", 0, 0, 0, "it"), 0, "Promemoria: chiamare Anna."),
        (Reminder("", "", "reminder", "", 0, 0, 0), 0, "Wake up!"),
    ],
)
def test_what_is_said(reminder: Reminder, late: float, said: str) -> None:
    assert announced(reminder, late) == said
