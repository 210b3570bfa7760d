"""The worker that shares one model: order, bounds, and a model that is free when we say it is."""

import asyncio
import threading
import time
from contextlib import aclosing, suppress

import pytest

from tests.waiting import PATIENCE, until
from vivavoce.engines import pool
from vivavoce.engines.pool import Batcher, Worker
from vivavoce.errors import EngineBusy, EngineFailed, EngineTooSlow
from vivavoce.ports import Urgency


@pytest.fixture
def worker():
    worker = Worker("model", queue=4)
    yield worker
    worker.close()


def counting(made: list[int], stop=lambda: False):
    for n in range(1000):
        if stop():
            return
        time.sleep(0.005)
        made.append(n)
        yield n


async def taken(worker):
    """Until a thread has taken what was asked for last."""
    await asyncio.sleep(0)
    await until(lambda: worker.waiting == 0)


def test_leaving_a_stream_early_stops_the_model_and_waits_for_it(worker):
    made: list[int] = []

    async def scene():
        async with aclosing(worker.stream(lambda stop: counting(made, stop), ahead=2)) as items:
            async for item in items:
                if item == 3:
                    break
        stopped_at = len(made)
        await asyncio.sleep(0.05)
        assert len(made) == stopped_at <= 8

    asyncio.run(scene())


def test_a_stream_left_in_the_middle_of_a_step_is_over_only_when_the_step_is(worker):
    entered, leave = threading.Event(), threading.Event()

    def slow(stop):
        yield 1
        entered.set()
        leave.wait(PATIENCE)
        yield 2

    async def scene():
        stream = worker.stream(slow)
        assert await anext(stream) == 1
        await asyncio.to_thread(entered.wait)
        closing = asyncio.create_task(stream.aclose())
        await asyncio.sleep(0.05)
        assert not closing.done()
        leave.set()
        await closing

    asyncio.run(scene())


def test_cancelling_a_consumer_frees_the_thread(worker):
    made: list[int] = []

    async def scene():
        async def use():
            async with aclosing(worker.stream(lambda stop: counting(made, stop))) as items:
                async for _ in items:
                    await asyncio.sleep(PATIENCE)

        task = asyncio.create_task(use())
        await until(lambda: bool(made))
        task.cancel()
        await asyncio.wait([task])
        return await worker.call(lambda: 7, deadline=PATIENCE)

    assert asyncio.run(scene()) == 7


def test_errors_of_a_model_are_ours(worker):
    def broken(stop=None):
        raise ValueError("nan logits")
        yield

    async def scene():
        with pytest.raises(EngineFailed, match="model: nan logits"):
            await worker.call(lambda: next(broken()))
        with pytest.raises(EngineFailed, match="model: nan logits"):
            async with aclosing(worker.stream(broken)) as items:
                async for _ in items:
                    pass
        gate = threading.Event()
        with pytest.raises(EngineTooSlow):
            await worker.call(lambda: gate.wait(PATIENCE), deadline=0.05)
        gate.set()

    asyncio.run(scene())


def test_urgent_work_goes_first_and_spare_work_is_shed(worker):
    done: list[str] = []

    async def scene():
        gate = threading.Event()
        blocking = asyncio.create_task(worker.call(lambda: gate.wait(PATIENCE)))
        await taken(worker)
        later = asyncio.create_task(worker.call(lambda: done.append("soon"), Urgency.SOON))
        await asyncio.sleep(0)
        now = asyncio.create_task(worker.call(lambda: done.append("now"), Urgency.NOW))
        await asyncio.sleep(0)
        with pytest.raises(EngineBusy):
            await worker.call(lambda: None, Urgency.SPARE)
        gate.set()
        await asyncio.gather(blocking, later, now)

    asyncio.run(scene())
    assert done == ["now", "soon"]


def test_spare_work_that_waits_is_shed_for_urgent_work_and_asked_for_again_in_its_place(worker):
    """A partial pass that became the one which an answer waits for would stand behind everybody's final passes."""
    done: list[str] = []

    async def scene():
        gate = threading.Event()
        blocking = asyncio.create_task(worker.call(lambda: gate.wait(PATIENCE)))
        await taken(worker)
        spare = asyncio.create_task(worker.call(lambda: done.append("spare"), Urgency.SPARE))
        await until(lambda: worker.waiting == 1)
        first = asyncio.create_task(worker.call(lambda: done.append("first")))
        with pytest.raises(EngineBusy):
            await spare
        again = asyncio.create_task(worker.call(lambda: done.append("again")))
        await until(lambda: worker.waiting == 2)
        gate.set()
        await asyncio.gather(blocking, first, again)

    asyncio.run(scene())
    assert done == ["first", "again"]


def test_a_full_queue_refuses(worker):
    async def scene():
        gate = threading.Event()
        waiting = [asyncio.create_task(worker.call(lambda: gate.wait(PATIENCE)))]
        await taken(worker)
        waiting += [asyncio.create_task(worker.call(lambda: gate.wait(PATIENCE))) for _ in range(4)]
        await until(lambda: worker.waiting == 4)
        with pytest.raises(EngineBusy):
            await worker.call(lambda: None)
        gate.set()
        await asyncio.gather(*waiting)

    asyncio.run(scene())


def test_work_that_is_due_goes_before_urgent_work_asked_for_later(worker, monkeypatch):
    """Deadlines over all sessions: a stream of urgent work cannot starve a later clause for ever."""
    monkeypatch.setitem(pool.ALLOWANCE, Urgency.SOON, 0.05)
    done: list[str] = []

    async def scene():
        gate = threading.Event()
        blocking = asyncio.create_task(worker.call(lambda: gate.wait(PATIENCE)))
        await taken(worker)
        later = asyncio.create_task(worker.call(lambda: done.append("soon"), Urgency.SOON))
        await asyncio.sleep(0.1)
        now = asyncio.create_task(worker.call(lambda: done.append("now"), Urgency.NOW))
        await asyncio.sleep(0)
        gate.set()
        await asyncio.gather(blocking, later, now)

    asyncio.run(scene())
    assert done == ["soon", "now"]


def test_waits_are_told(worker):
    told: list[tuple[str, Urgency, float]] = []
    forget = pool.watch(lambda *wait: told.append(wait))

    async def scene():
        gate = threading.Event()
        blocking = asyncio.create_task(worker.call(lambda: gate.wait(PATIENCE)))
        await taken(worker)
        later = asyncio.create_task(worker.call(lambda: None, Urgency.SOON))
        await until(lambda: worker.waiting == 1)
        await asyncio.sleep(0.05)
        gate.set()
        await asyncio.gather(blocking, later)

    asyncio.run(scene())
    forget()
    asyncio.run(worker.call(lambda: None))
    assert [(name, urgency) for name, urgency, _ in told] == [("model", Urgency.NOW), ("model", Urgency.SOON)]
    assert 0 <= told[0][2] and 0.05 <= told[1][2]


class Doubler:
    """Runs batches, remembers their sizes, and holds the first until it is let go."""

    def __init__(self):
        self.sizes: list[int] = []
        self.gate = threading.Event()

    def run(self, items: list[int]) -> list[int]:
        self.sizes.append(len(items))
        self.gate.wait(PATIENCE)
        if -1 in items:
            raise ValueError("not a number")
        return [2 * item for item in items]


def test_a_lone_call_waits_for_no_company_and_what_waits_is_run_together(worker):
    doubler = Doubler()
    batcher = Batcher(worker, doubler.run, most=3)

    async def scene():
        first = asyncio.create_task(batcher.call(0, deadline=PATIENCE))
        while not doubler.sizes:
            await asyncio.sleep(0.001)
        others = [asyncio.create_task(batcher.call(n, deadline=PATIENCE)) for n in range(1, 6)]
        await asyncio.sleep(0.02)
        others[1].cancel()
        doubler.gate.set()
        return await first, await asyncio.gather(*others, return_exceptions=True)

    first, others = asyncio.run(scene())
    assert first == 0
    assert [one for one in others if isinstance(one, int)] == [2, 6, 8, 10]
    assert doubler.sizes == [1, 2, 2]  # one of the first three had left


def test_batches_that_are_to_be_apart_fill_meanwhile(worker, monkeypatch):
    """A call that comes soon after a batch waits for others, and no longer than was said."""
    doubler = Doubler()
    doubler.gate.set()
    batcher = Batcher(worker, doubler.run, most=8, apart=60)
    slept: list[float] = []
    company = threading.Event()

    def sleep(seconds: float) -> None:
        slept.append(seconds)
        company.wait(PATIENCE)

    monkeypatch.setattr(pool, "sleep", sleep)

    async def scene():
        first = await batcher.call(1, deadline=PATIENCE)
        second = asyncio.create_task(batcher.call(2, deadline=PATIENCE))
        while not slept:
            await asyncio.sleep(0.001)
        third = asyncio.create_task(batcher.call(3, deadline=PATIENCE))
        await asyncio.sleep(0)
        company.set()
        return first, await second, await third

    assert asyncio.run(scene()) == (2, 4, 6)
    assert doubler.sizes == [1, 2]
    assert len(slept) == 1 and 0 < slept[0] <= 60


def test_a_batch_that_breaks_or_stands_still_is_told_to_all_and_the_next_one_runs(worker):
    doubler = Doubler()
    batcher = Batcher(worker, doubler.run, most=8)

    async def scene():
        with pytest.raises(EngineTooSlow):
            await batcher.call(1, deadline=0.05)
        doubler.gate.set()
        told = await asyncio.gather(*(batcher.call(n, deadline=PATIENCE) for n in (-1, -1)), return_exceptions=True)
        assert all(isinstance(error, EngineFailed) and "not a number" in str(error) for error in told)
        assert await batcher.call(4, deadline=PATIENCE) == 8
        worker.close()
        for _ in range(2):
            with pytest.raises(EngineFailed, match="closed"):
                await batcher.call(4, deadline=PATIENCE)

    asyncio.run(scene())


def test_a_batch_that_the_worker_has_no_room_for_is_told_to_all_and_later_ones_run(worker):
    """A full queue must leave no call that nobody runs, or all that come after it wait for their deadlines."""
    gate = threading.Event()

    def run(items: list[int]) -> list[int]:
        with suppress(EngineBusy):
            while not gate.is_set():
                worker.submit(lambda: gate.wait(PATIENCE))
        return [2 * item for item in items]

    batcher = Batcher(worker, run, most=1)

    async def scene():
        blocking = asyncio.create_task(worker.call(lambda: gate.wait(0.05)))
        await taken(worker)
        asked = [asyncio.create_task(batcher.call(n, deadline=PATIENCE)) for n in range(3)]
        told = await asyncio.gather(*asked, return_exceptions=True)
        assert told[0] == 0 and all(isinstance(error, EngineBusy) for error in told[1:])
        gate.set()
        await until(lambda: worker.waiting == 0)
        assert await batcher.call(4, deadline=PATIENCE) == 8
        await blocking

    asyncio.run(scene())
