"""Clocks: virtual time, which jumps to the next event, and real time, which waits for it.

Both offer the same three things to the rest of the bench: an event loop, `now_ns()` counted from
the start of the test, and `at(when_ns, callback)`.  All that happens is a callback on the loop,
so a virtual run is one single-threaded sequence of events in a total order: time, then who is
preferred when several are due in the same instant, then order of scheduling.
"""

from __future__ import annotations

import asyncio
import heapq
import sys
import time
import traceback
from asyncio import events
from collections import deque
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import Context, ContextVar, copy_context
from itertools import count
from typing import Any, Protocol, TypeVar

from glomers.errors import BrokenTest

V = TypeVar("V")
NS_PER_S = 1_000_000_000
RANK_SHIFT = 48
"""More than any run schedules, as a power of two."""

serials: ContextVar[Iterator[int]] = ContextVar("serials")
"""Numbers the futures and tasks of a node: what it sees does not depend on what others make."""


class _Future(asyncio.Future[Any]):
    """A future whose hash is its serial number, so that sets of futures iterate in one order."""

    __slots__ = ("serial",)
    serial: int

    def __hash__(self) -> int:
        return self.serial


class _Task(asyncio.Task[Any]):
    """A task whose hash is its serial number, so that sets of tasks iterate in one order."""

    __slots__ = ("context", "serial")
    context: Context
    serial: int

    def __hash__(self) -> int:
        return self.serial


class Handle:
    """A callback to come: asyncio's handles without what a virtual loop has no use for."""

    __slots__ = ("args", "callback", "context", "origin", "when_s")

    def __init__(
        self,
        callback: Callable[..., object],
        args: tuple[Any, ...],
        context: Context | None,
        when_s: float = 0.0,
    ) -> None:
        self.callback: Callable[..., object] | None = callback
        self.args = args
        self.context = copy_context() if context is None else context
        self.when_s = when_s
        self.origin: Any = None
        """What a recorder of steps knows of where it comes from."""

    def cancel(self) -> None:
        self.callback = None

    def cancelled(self) -> bool:
        return self.callback is None

    def when(self) -> float:
        return self.when_s


class VirtualLoop(asyncio.AbstractEventLoop):
    """An event loop without sockets or threads whose time jumps from event to event."""

    def __init__(self) -> None:
        self.time_ns = 0
        self._current: Handle | None = None
        self._ready: deque[Handle] = deque()
        self._timers: list[tuple[int, int, Any, Any]] = []
        self._order = count()
        self._own_serials = count()
        self._running = False
        self.rank: Callable[[Context, int], int] | None = None
        """Whose callback is preferred of those that are due at a moment (ns): the lowest rank's."""
        self.withhold: Callable[[Handle], bool] | None = None
        """Takes a callback of somebody who stands still, to give it back later; or never."""
        self.carry_out: Callable[[Handle, Callable[..., object]], object] | None = None
        """Calls what a handle is there to call, for somebody who looks on."""

    # What asyncio's tasks, futures, locks, sleeps and time-outs ask of a loop.

    def time(self) -> float:
        """Virtual seconds since the loop was made."""
        return self.time_ns / NS_PER_S

    get_debug = staticmethod(bool)  # False, told to every future that is made

    def is_running(self) -> bool:
        return self._running

    def is_closed(self) -> bool:
        return False

    def create_future(self) -> asyncio.Future[Any]:
        future = _Future(loop=self)
        future.serial = next(serials.get(self._own_serials))
        return future

    def create_task(
        self, coro: Any, *, name: object = None, context: Context | None = None
    ) -> asyncio.Task[Any]:
        task: Any = _Task.__new__(_Task)
        task.serial = serial = next(
            serials.get(self._own_serials)
        )  # asyncio puts a task into a set as it is made
        task.context = context = copy_context() if context is None else context
        # A name from here, because asyncio counts over all runs of a process.
        task.__init__(coro, loop=self, name=name or f"Task-{serial}", context=context)
        return task  # type: ignore[no-any-return]

    def call_soon(  # type: ignore[override]
        self, callback: Callable[..., object], *args: Any, context: Context | None = None
    ) -> Handle:
        handle = Handle(callback, args, context)
        self._ready.append(handle)
        return handle

    call_soon_threadsafe = call_soon  # type: ignore[assignment]

    def call_later(  # type: ignore[override]
        self,
        delay: float,
        callback: Callable[..., object],
        *args: Any,
        context: Context | None = None,
    ) -> Handle:
        return self.call_at(self.time() + delay, callback, *args, context=context)

    def call_at(  # type: ignore[override]
        self,
        when: float,
        callback: Callable[..., object],
        *args: Any,
        context: Context | None = None,
    ) -> Handle:
        handle = Handle(callback, args, context, when)
        when_ns = max(round(when * NS_PER_S), self.time_ns)
        order = next(self._order)
        if self.rank:
            order += self.rank(handle.context, when_ns) << RANK_SHIFT
        heapq.heappush(self._timers, (when_ns, order, handle, None))
        return handle

    def call_exception_handler(self, context: dict[str, Any]) -> None:
        """Show an exception that nobody awaits, on the stderr of the node it came from."""
        if not self._running:
            return  # the run is over: tasks that still wait are not worth a word
        task = context.get("task", context.get("future"))
        if isinstance(task, _Task):  # it may be thrown away while others are at work
            task.context.run(self._show_exception, context)
        else:
            self._show_exception(context)

    @staticmethod
    def _show_exception(context: dict[str, Any]) -> None:
        print(context.get("message"), file=sys.stderr)
        if error := context.get("exception"):
            traceback.print_exception(error, file=sys.stderr)

    def run_in_executor(self, executor: Any, func: Any, *args: Any) -> Any:  # type: ignore[override]
        raise RuntimeError(
            "threads do not exist in virtual time: do the work in the handler itself, "
            "or run the node with --clock real"
        )

    # What the bench asks of it.

    @property
    def current(self) -> Handle | None:
        """The callback that is at work, or was the last one."""
        return self._current

    def current_task(self) -> asyncio.Task[Any] | None:
        """The task that the current callback makes go on, if it does."""
        task = getattr(self._current and self._current.callback, "__self__", None)
        return task if isinstance(task, asyncio.Task) else None

    def in_charge(self, variable: ContextVar[V | None]) -> V | None:
        """What `variable` holds where the loop is at work, in a callback or just after it."""
        value = variable.get(None)
        if value is None and self._current is not None:
            value = self._current.context.get(variable)
        return value

    def give_back(self, handle: Handle) -> None:
        """Call a callback that was withheld, after those that are due already."""
        self._ready.append(handle)

    def at(self, when_ns: int, callback: Callable[..., object], *args: Any) -> None:
        """Call `callback(*args)` at `when_ns`, without the cost of a handle."""
        if when_ns < self.time_ns:
            when_ns = self.time_ns
        heapq.heappush(self._timers, (when_ns, next(self._order), callback, args))

    def at_rank(self, when_ns: int, context: Context, callback: Callable[..., object]) -> None:
        """Call `callback()` when a timer would go off that is set in this context."""
        when_ns = max(when_ns, self.time_ns)
        order = next(self._order)
        if self.rank:
            order += self.rank(context, when_ns) << RANK_SHIFT
        heapq.heappush(self._timers, (when_ns, order, callback, ()))

    def run_until(self, task: asyncio.Task[Any]) -> None:
        """Run until `task` is done, or an exception escapes from a callback.

        Raises:
            BrokenTest: when nothing is left to happen before `task` is done.
        """
        with self.running():
            while not task.done():
                self.run_ready()
                if not task.done():
                    self._advance()

    # What somebody asks of it who says himself how time goes on, in place of `run_until`.

    @contextmanager
    def running(self) -> Iterator[None]:
        """Be the loop that runs until the block ends."""
        events._set_running_loop(self)
        self._running = True
        try:
            yield
        finally:
            self._running = False
            events._set_running_loop(None)

    def next_ns(self) -> int | None:
        """When the next timer goes off; None when there is none."""
        timers = self._timers
        while timers:
            when_ns, _, handle, _ = timers[0]
            if handle.callback is not None:
                return int(when_ns)
            heapq.heappop(timers)  # it has been cancelled
        return None

    def make_due(self) -> None:
        """Make what the next timer calls due now: one timer's, of those of the same instant."""
        if self.next_ns() is not None:
            self._ready.append(heapq.heappop(self._timers)[2])

    def run_ready(self) -> None:
        """Call everything that is due now, and what that makes due."""
        ready = self._ready
        while ready:
            handle = ready.popleft()
            callback = handle.callback
            if callback is None or (self.withhold and self.withhold(handle)):
                continue
            self._current = handle
            try:
                if self.carry_out:
                    self.carry_out(handle, callback)
                else:
                    handle.context.run(callback, *handle.args)
            except (SystemExit, KeyboardInterrupt):
                raise
            except BaseException as error:
                found = {"message": f"exception in {callback}", "exception": error}
                handle.context.run(self.call_exception_handler, found)

    def _advance(self) -> None:
        """Jump from event to event, until one of them makes a callback due or ends the run."""
        timers, ready = self._timers, self._ready
        while timers:
            when_ns, _, callback, args = heapq.heappop(timers)
            if args is None:  # a handle, which may have been cancelled
                if callback.callback is not None:
                    self.time_ns = when_ns
                    ready.append(callback)
                    return
            else:
                self.time_ns = when_ns
                callback(*args)
                if ready:
                    return
        raise BrokenTest("the run came to a halt: nobody waits for a timer or a message")


def _wake(sleeper: asyncio.Future[None]) -> None:
    if not sleeper.done():  # whoever slept may have been cancelled
        sleeper.set_result(None)


class Clock(Protocol):
    """Time as the bench sees it: nanoseconds since the test began."""

    @property
    def name(self) -> str:
        """`virtual` or `real`."""

    @property
    def loop(self) -> asyncio.AbstractEventLoop:
        """What everything runs on."""

    def now_ns(self) -> int:
        """Nanoseconds since the test began."""

    def at(self, when_ns: int, callback: Callable[..., object], *args: Any) -> None:
        """Call `callback(*args)` at `when_ns`, or soon when that is past."""

    async def sleep_until(self, when_ns: int) -> None:
        """Return at `when_ns`, or at once when that is past."""

    def run_until(self, main: asyncio.Task[Any]) -> None:
        """Run the loop until `main` is done, however it ends.

        In virtual time an exception that escapes from a callback ends the call, not the loop: call
        again.  The loop of real time reports it and goes on.
        """

    def close(self) -> None:
        """Give up what still waits on the loop."""


class VirtualClock:
    """Virtual time: a pause of ten seconds takes as long as what happens in it."""

    name = "virtual"

    def __init__(self, loop: type[VirtualLoop] = VirtualLoop) -> None:
        self.loop = loop()  # no sockets, no signals
        self.at = self.loop.at

    def now_ns(self) -> int:
        return self.loop.time_ns

    async def sleep_until(self, when_ns: int) -> None:
        delay_ns = when_ns - self.now_ns()
        if delay_ns <= 0:
            return
        future = self.loop.create_future()
        self.at(when_ns, _wake, future)
        await future

    def run_until(self, main: asyncio.Task[Any]) -> None:
        self.loop.run_until(main)

    def close(self) -> None:
        pass


class RealClock:
    """Real time, for nodes that are processes of their own."""

    name = "real"

    def __init__(self) -> None:
        self.loop: asyncio.AbstractEventLoop = asyncio.new_event_loop()
        self._began_ns = time.monotonic_ns()

    def now_ns(self) -> int:
        return time.monotonic_ns() - self._began_ns

    def at(self, when_ns: int, callback: Callable[..., object], *args: Any) -> None:
        delay_ns = when_ns - self.now_ns()
        if delay_ns <= 0:
            self.loop.call_soon(callback, *args)
        else:
            self.loop.call_later(delay_ns / NS_PER_S, callback, *args)

    async def sleep_until(self, when_ns: int) -> None:
        await asyncio.sleep(max(0, when_ns - self.now_ns()) / NS_PER_S)

    def run_until(self, main: asyncio.Task[Any]) -> None:
        self.loop.run_until_complete(asyncio.wait({main}))

    def close(self) -> None:
        tasks = asyncio.all_tasks(self.loop)
        for task in tasks:
            task.cancel()
        if tasks:
            self.loop.run_until_complete(asyncio.wait(tasks))
        self.loop.close()
