"""The worker that shares one model: order, bounds, and a model that is free when we say it is."""

import asyncio
import threading
import time
from contextlib import aclosing

import pytest

from vivavoce.engines.pool import Worker
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
        leave.wait(5)
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
    async def scene():
        async def use():
            async with aclosing(worker.stream(lambda stop: counting([], stop))) as items:
                async for _ in items:
                    await asyncio.sleep(10)

        task = asyncio.create_task(use())
        await asyncio.sleep(0.05)
        task.cancel()
        await asyncio.wait([task])
        return await worker.call(lambda: 7, deadline=1)

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
        with pytest.raises(EngineTooSlow):
            await worker.call(lambda: time.sleep(0.2), deadline=0.05)

    asyncio.run(scene())


def test_urgent_work_goes_first_and_spare_work_is_shed(worker):
    done: list[str] = []

    async def scene():
        gate = threading.Event()
        blocking = asyncio.create_task(worker.call(lambda: gate.wait(5)))
        await asyncio.sleep(0.05)
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


def test_a_full_queue_refuses(worker):
    async def scene():
        gate = threading.Event()
        waiting = [asyncio.create_task(worker.call(lambda: gate.wait(5)))]
        await asyncio.sleep(0.05)
        waiting += [asyncio.create_task(worker.call(lambda: gate.wait(5))) for _ in range(4)]
        await asyncio.sleep(0.05)
        with pytest.raises(EngineBusy):
            await worker.call(lambda: None)
        gate.set()
        await asyncio.gather(*waiting)

    asyncio.run(scene())
