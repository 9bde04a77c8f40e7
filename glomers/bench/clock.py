"""Clocks: virtual time, which jumps to the next event, and real time, which waits for it.

Both offer the same three things to the rest of the bench: an event loop, `now_ns()` counted from
the start of the test, and `at(when_ns, callback)`.  All that happens is a callback on the loop,
so a virtual run is one single-threaded sequence of events in a total order (time, then order of
scheduling): the order itself holds no randomness.
"""

from __future__ import annotations

import asyncio
import heapq
import sys
import time
from asyncio import events
from collections import deque
from collections.abc import Callable, Coroutine
from contextvars import Context, ContextVar
from itertools import count
from typing import Any, Protocol, TypeVar

from glomers.bench.errors import BrokenTest

V = TypeVar("V")
NS_PER_S = 1_000_000_000


class _Future(asyncio.Future[Any]):
    """A future whose hash is its serial number, so that sets of futures iterate in one order."""

    def __init__(self, serial: int, loop: asyncio.AbstractEventLoop) -> None:
        self._serial = serial
        super().__init__(loop=loop)

    def __hash__(self) -> int:
        return self._serial


class _Task(asyncio.Task[Any]):
    """A task whose hash is its serial number, so that sets of tasks iterate in one order."""

    def __init__(self, serial: int, coro: Coroutine[Any, Any, Any], **kwargs: Any) -> None:
        self._serial = serial
        super().__init__(coro, **kwargs)

    def __hash__(self) -> int:
        return self._serial


class VirtualLoop(asyncio.AbstractEventLoop):
    """An event loop without sockets or threads whose time jumps from event to event."""

    def __init__(self) -> None:
        self.time_ns = 0
        self._current: asyncio.Handle | None = None
        self._ready: deque[asyncio.Handle] = deque()
        self._timers: list[tuple[int, int, Any, Any]] = []
        self._order = count()
        self._serials = count()
        self._running = False

    # What asyncio's tasks, futures, locks, sleeps and time-outs ask of a loop.

    def time(self) -> float:
        """Virtual seconds since the loop was made."""
        return self.time_ns / NS_PER_S

    def get_debug(self) -> bool:
        return False

    def is_running(self) -> bool:
        return self._running

    def is_closed(self) -> bool:
        return False

    def create_future(self) -> asyncio.Future[Any]:
        return _Future(next(self._serials), self)

    def create_task(self, coro: Any, **kwargs: Any) -> asyncio.Task[Any]:
        return _Task(next(self._serials), coro, loop=self, **kwargs)

    def call_soon(  # type: ignore[override]
        self, callback: Callable[..., object], *args: Any, context: Context | None = None
    ) -> asyncio.Handle:
        handle = asyncio.Handle(callback, args, self, context)
        self._ready.append(handle)
        return handle

    call_soon_threadsafe = call_soon  # type: ignore[assignment]

    def call_later(  # type: ignore[override]
        self,
        delay: float,
        callback: Callable[..., object],
        *args: Any,
        context: Context | None = None,
    ) -> asyncio.TimerHandle:
        return self.call_at(self.time() + delay, callback, *args, context=context)

    def call_at(  # type: ignore[override]
        self,
        when: float,
        callback: Callable[..., object],
        *args: Any,
        context: Context | None = None,
    ) -> asyncio.TimerHandle:
        handle = asyncio.TimerHandle(when, callback, args, self, context)
        when_ns = max(round(when * NS_PER_S), self.time_ns)
        heapq.heappush(self._timers, (when_ns, next(self._order), handle, None))
        return handle

    def _timer_handle_cancelled(self, handle: asyncio.TimerHandle) -> None:
        """Ask nothing: cancelled timers are skipped when their time comes."""

    def call_exception_handler(self, context: dict[str, Any]) -> None:
        """Show an exception that nobody awaits, on the stderr of the node it came from."""
        if not self._running:
            return  # the run is over: tasks that still wait are not worth a word
        print(context.get("message"), context.get("exception") or "", file=sys.stderr)

    def run_in_executor(self, executor: Any, func: Any, *args: Any) -> Any:  # type: ignore[override]
        raise RuntimeError(
            "threads do not exist in virtual time: do the work in the handler itself, "
            "or run the node with --clock real"
        )

    async def shutdown_asyncgens(self) -> None:
        """Nothing to do: there are no asynchronous generators of our own."""

    # What the bench asks of it.

    def in_charge(self, variable: ContextVar[V | None]) -> V | None:
        """What `variable` holds where the loop is at work, in a callback or just after it."""
        value = variable.get(None)
        if value is None and self._current is not None:
            value = self._current._context.get(variable)  # type: ignore[attr-defined]
        return value

    def schedule(
        self, when_ns: int, callback: Callable[..., object], args: tuple[Any, ...]
    ) -> None:
        """Call `callback(*args)` at `when_ns` without the cost of a handle."""
        when_ns = max(when_ns, self.time_ns)
        heapq.heappush(self._timers, (when_ns, next(self._order), callback, args))

    def run_until(self, task: asyncio.Task[Any]) -> None:
        """Run until `task` is done, or an exception escapes from a callback.

        Raises:
            BrokenTest: when nothing is left to happen before `task` is done.
        """
        events._set_running_loop(self)
        self._running = True
        try:
            while not task.done():
                if not self._ready:
                    self._advance()
                for _ in range(len(self._ready)):
                    self._current = handle = self._ready.popleft()
                    if not handle.cancelled():
                        handle._run()
        finally:
            self._running = False
            events._set_running_loop(None)

    def _advance(self) -> None:
        """Jump to the next event and run it, or make its handle ready."""
        if not self._timers:
            raise BrokenTest("the run came to a halt: nobody waits for a timer or a message")
        when_ns, _, callback, args = heapq.heappop(self._timers)
        if args is None:
            if not callback.cancelled():
                self.time_ns = when_ns
                self._ready.append(callback)
            return
        self.time_ns = when_ns
        callback(*args)


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

        An exception that escapes from a callback ends the call, not the loop: call again.
        """


class VirtualClock:
    """Virtual time: a pause of ten seconds takes as long as what happens in it."""

    name = "virtual"

    def __init__(self) -> None:
        self.loop = VirtualLoop()  # type: ignore[abstract]  # no sockets, no signals

    def now_ns(self) -> int:
        return self.loop.time_ns

    def at(self, when_ns: int, callback: Callable[..., object], *args: Any) -> None:
        self.loop.schedule(when_ns, callback, args)

    async def sleep_until(self, when_ns: int) -> None:
        delay_ns = when_ns - self.now_ns()
        if delay_ns <= 0:
            return
        future = self.loop.create_future()
        self.at(when_ns, _wake, future)
        await future

    def run_until(self, main: asyncio.Task[Any]) -> None:
        self.loop.run_until(main)


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
