"""The virtual loop: asyncio's own tools work on it, in one order, without waiting."""

import asyncio
import time

import pytest

from glomers.bench.clock import NS_PER_S, VirtualClock
from glomers.errors import BrokenTest


def run(main):
    clock = VirtualClock()
    task = clock.loop.create_task(main(clock))
    clock.run_until(task)
    return clock, task.result()


def test_an_hour_of_sleep_takes_no_real_time():
    async def main(clock):
        await asyncio.sleep(3600)
        return clock.now_ns()

    began = time.monotonic()
    _, now_ns = run(main)
    assert now_ns == 3600 * NS_PER_S
    assert time.monotonic() - began < 60


def test_timers_run_by_time_and_equal_times_in_order_of_scheduling():
    async def main(clock):
        seen = []
        for delay_ns, name in ((2, "c"), (1, "a"), (1, "b")):
            clock.at(delay_ns, seen.append, name)
        await clock.sleep_until(5)
        return seen

    assert run(main)[1] == ["a", "b", "c"]


def test_wait_for_timeout_gather_queue_and_lock_work_unchanged():
    async def main(clock):
        queue = asyncio.Queue()
        lock = asyncio.Lock()

        async def producer():
            async with lock:
                await asyncio.sleep(2)
                await queue.put("value")

        async def consumer():
            async with asyncio.timeout(5):
                return await queue.get()

        with pytest.raises(TimeoutError):
            await asyncio.wait_for(asyncio.Event().wait(), 1)
        results = await asyncio.gather(producer(), consumer())
        return results[1], clock.now_ns()

    assert run(main)[1] == ("value", 3 * NS_PER_S)


def test_a_cancelled_timer_never_runs():
    async def main(clock):
        seen = []
        asyncio.get_running_loop().call_later(1, seen.append, "cancelled").cancel()
        await asyncio.sleep(2)
        return seen

    assert run(main)[1] == []


def test_sets_of_tasks_iterate_in_the_same_order_in_every_run():
    async def order(clock):
        tasks = {asyncio.ensure_future(asyncio.sleep(0, i)) for i in range(50)}
        done, _ = await asyncio.wait(tasks)
        return [task.result() for task in done]

    first = run(order)[1]
    elsewhere = [object() for _ in range(1000)]  # moves later objects to other addresses
    assert [run(order)[1] for _ in elsewhere[:3]] == [first] * 3


def test_a_run_in_which_nothing_can_happen_any_more_ends_with_a_sentence():
    async def main(clock):
        await asyncio.Event().wait()

    with pytest.raises(BrokenTest, match="halt"):
        run(main)


def test_threads_are_refused_with_the_way_out():
    async def main(clock):
        await asyncio.to_thread(print)

    with pytest.raises(RuntimeError, match="--clock real"):
        run(main)


def test_a_sleep_that_is_cancelled_disturbs_nobody_when_its_time_comes():
    async def main(clock):
        sleeper = clock.loop.create_task(clock.sleep_until(5 * NS_PER_S))
        await clock.sleep_until(NS_PER_S)
        sleeper.cancel()
        await clock.sleep_until(9 * NS_PER_S)
        return sleeper.cancelled()

    clock, cancelled = run(main)
    assert cancelled
    assert clock.now_ns() == 9 * NS_PER_S
