"""What a node in virtual time sees instead of the machine: its clock, its dice, its way out.

A run is to be a function of the node files, the flags and the seed alone.  While a test runs in
virtual time, the standard library's clocks tell virtual time, its random sources are seeded, and
what would break out of the single thread (threads, blocking sleeps, `os._exit`) explains itself.
"""

from __future__ import annotations

import _thread
import datetime
import faulthandler
import os
import signal
import subprocess
import sys
import threading
import time
import warnings
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path
from types import FrameType
from typing import Any, NoReturn, TextIO

from glomers.bench import blame, node_dice
from glomers.bench.clock import NS_PER_S, VirtualClock
from glomers.environment import HAS_PROCESSES
from glomers.errors import EXIT_BROKEN, BrokenTest
from glomers.formats.text import clean
from glomers.node import PRINT_EXPLANATION, host

EPOCH_NS = 1_767_225_600 * NS_PER_S
"""Virtual runs begin at 2026-01-01T00:00:00Z."""
HANG_S = 3.0
"""How long one callback may go on in an instant of virtual time before it counts as a hang."""
HANG_CPU_S = 1.0
"""How much of that it must have worked, lest a busy machine look like a hang; or not at all."""
BLOCKED_CPU_S = 0.05
SPIN_S = 3.5
"""The same for callbacks that go on and on without letting time pass: so long, and so much work."""
SPIN_CPU_S = 1.2
IMPORT_PATIENCE = 4
"""So many times as long may an import take: some libraries work for seconds."""
TICK_S = 0.25
STUCK_CPU_S = 5
"""How much a single call may work without a line of Python: it can only be ended, with all else."""
MAX_INTERRUPTIONS = 4
last_words: TextIO | None = None
"""Where to tell on which line such a call stands, for whoever waits for this process; or stderr."""
_PROCESS_STARTERS = ("fork", "forkpty", "posix_spawn", "posix_spawnp", "system")


class NodeExit(SystemExit):
    """A node asked for the end of its process, or was found to hang."""


@contextmanager
def sandbox(
    clock: VirtualClock,
    argv: Sequence[str],
    fail: Callable[[BrokenTest], None],
    give_up: Callable[[BrokenTest], None],
) -> Iterator[None]:
    """Let nodes see virtual time, their own dice and their own `argv` until the block ends.

    A node that hangs is reported to `fail` and its code interrupted; should it catch even that,
    `give_up` must save what there is, and the process ends.
    """
    with surroundings(clock, argv), _watchdog(clock, fail, give_up):
        yield


@contextmanager
def surroundings(clock: VirtualClock, argv: Sequence[str]) -> Iterator[None]:
    """The same without the watch over nodes that hang."""
    with ExitStack() as stack:
        for target, name, replacement in _replacements(clock):
            if not hasattr(target, name):  # not every system has all of them
                continue
            stack.callback(setattr, target, name, getattr(target, name))
            setattr(target, name, replacement)
        stack.callback(setattr, sys, "argv", sys.argv)
        sys.argv = list(argv)
        depth = sys.get_coroutine_origin_tracking_depth()
        stack.callback(sys.set_coroutine_origin_tracking_depth, depth)
        stack.enter_context(warnings.catch_warnings())
        warnings.filterwarnings("always", "coroutine .* was never awaited", RuntimeWarning)
        warnings.showwarning = _once_for_each_node(warnings.showwarning)
        yield


def _replacements(clock: VirtualClock) -> Iterator[tuple[Any, str, Any]]:
    """Module, attribute and what stands there during a virtual run."""
    yield from _clock_replacements(clock)
    yield from node_dice.replacements()
    yield os, "getpid", lambda: 1
    yield os, "_exit", _leave
    yield (
        threading.Thread,
        "start",
        _refuse("threads do not exist in virtual time: spawn() a coroutine"),
    )
    # A copy of this process would go on with the test, and write into the same store.
    for name in _PROCESS_STARTERS:
        yield os, name, _refuse("processes do not exist in virtual time: do without")
    yield (
        subprocess.Popen,
        "__init__",
        _refuse("processes do not exist in virtual time: do without"),
    )
    yield sys, "stdin", None
    yield sys, "stdout", _NodeStream(sys.stdout, PRINT_EXPLANATION)
    yield sys, "stderr", _NodeStream(sys.stderr, None)


def _clock_replacements(clock: VirtualClock) -> Iterator[tuple[Any, str, Any]]:
    loop = clock.loop

    def wall_ns() -> int:
        node_host: Any = host.get(None)
        skew_ns = node_host.skew_ns(loop.time_ns) if node_host else 0
        return EPOCH_NS + loop.time_ns + int(skew_ns)

    def wall_s() -> float:
        return wall_ns() / NS_PER_S

    for name in ("monotonic", "perf_counter", "process_time", "thread_time"):
        yield time, name, loop.time
        yield time, f"{name}_ns", lambda: loop.time_ns
    yield time, "time", wall_s
    yield time, "time_ns", wall_ns
    for name in ("gmtime", "localtime", "ctime"):
        yield time, name, _defaulting(getattr(time, name), wall_s)
    real_strftime, real_gmtime = time.strftime, time.gmtime
    real_asctime = time.asctime
    yield time, "asctime", lambda t=None: real_asctime(t or real_gmtime(wall_s()))
    yield time, "clock_gettime", lambda id: wall_s() if id == time.CLOCK_REALTIME else loop.time()
    yield (
        time,
        "clock_gettime_ns",
        lambda id: wall_ns() if id == time.CLOCK_REALTIME else loop.time_ns,
    )
    yield time, "strftime", lambda fmt, t=None: real_strftime(fmt, t or real_gmtime(wall_s()))
    yield time, "sleep", _refuse("time.sleep() stops the whole node: await asyncio.sleep() instead")
    yield datetime, "datetime", _virtual_datetime(wall_s)
    yield datetime, "date", _virtual_date(wall_s)


def _defaulting(function: Callable[..., Any], now_s: Callable[[], float]) -> Callable[..., Any]:
    """`function` of a time in seconds that means now when none is given."""
    return lambda seconds=None: function(now_s() if seconds is None else seconds)


def _virtual_datetime(now_s: Callable[[], float]) -> type[datetime.datetime]:
    class VirtualDatetime(datetime.datetime):
        @classmethod
        def now(cls, tz: datetime.tzinfo | None = None) -> Any:
            return cls.fromtimestamp(now_s(), tz)

        @classmethod
        def today(cls) -> Any:
            return cls.fromtimestamp(now_s())

        @classmethod
        def utcnow(cls) -> Any:
            return cls.fromtimestamp(now_s(), datetime.UTC).replace(tzinfo=None)

    VirtualDatetime.__name__ = VirtualDatetime.__qualname__ = "datetime"
    return VirtualDatetime


def _virtual_date(now_s: Callable[[], float]) -> type[datetime.date]:
    class VirtualDate(datetime.date):
        @classmethod
        def today(cls) -> Any:
            return cls.fromtimestamp(now_s())

    VirtualDate.__name__ = VirtualDate.__qualname__ = "date"
    return VirtualDate


def _refuse(reason: str) -> Callable[..., NoReturn]:
    sentence = f"{reason}, or run the node with --clock real"
    noted: set[tuple[str, blame.Place]] = set()

    def refuse(*args: Any, **kwargs: Any) -> NoReturn:
        node_host: Any = host.get(None)
        place = blame.place_in(blame.frames_from(sys._getframe(1)))
        if node_host is not None and place and (node_host.node_id, place) not in noted:
            noted.add((node_host.node_id, place))  # the node may catch the exception
            node_host.log.write(f"{place[0]}:{place[1]}: {sentence}\n")
        raise RuntimeError(sentence)

    return refuse


def _once_for_each_node(show: Callable[..., None]) -> Callable[..., None]:
    """`warnings.showwarning` that says the same once to each node: Python says it once to all.

    After the first coroutine that nobody awaited, all say where they were made; that takes time.
    """
    said: set[tuple[str, str, str, int]] = set()

    def show_once(message: Any, category: Any, filename: str, lineno: int, *more: Any) -> None:
        node_host: Any = host.get(None)
        if node_host is None:
            show(message, category, filename, lineno, *more)
            return
        key = node_host.node_id, str(message), filename, lineno
        if key not in said:
            said.add(key)
            sys.set_coroutine_origin_tracking_depth(1)
            node_host.log.write(warnings.formatwarning(message, category, filename, lineno))

    return show_once


def _leave(status: int) -> NoReturn:
    raise NodeExit(f"it left with exit status {status}")


class _NodeStream:
    """A standard stream that sends what a node writes to the node's log."""

    def __init__(self, real: Any, explanation: str | None) -> None:
        self._real = real
        self._explanation = explanation
        self._explained: set[str] = set()

    def write(self, text: str) -> int:
        node_host: Any = host.get(None)
        if node_host is None:
            self._real.write(clean(text))
            return len(text)
        if self._explanation:
            if node_host.write(text):
                return len(text)
            if node_host.node_id not in self._explained:
                self._explained.add(node_host.node_id)
                node_host.log.write(f"({self._explanation})\n")
        node_host.log.write(text)
        return len(text)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._real, name)


@contextmanager
def private_modules(folder: Path) -> Iterator[None]:
    """Import modules and packages beside a node file afresh: nodes do not share their state.

    What lies beside it is found in the block only, and so not in a handler: what were imported
    there would be shared.
    """
    beside = os.path.abspath(folder)
    before = set(sys.modules)
    sys.path.insert(0, beside)
    try:
        yield
    finally:
        sys.path.remove(beside)
        new = [name for name in sys.modules if name not in before]
        private = [name for name in new if _home(name.partition(".")[0]) == beside]
        for name in private:
            del sys.modules[name]


def _home(name: str) -> str | None:
    """The folder in which the top-level module or package `name` lies."""
    module = sys.modules.get(name)
    folders = list(getattr(module, "__path__", ()))
    place = folders[0] if folders else getattr(module, "__file__", None)
    return os.path.dirname(os.path.abspath(place)) if place else None


@contextmanager
def _watchdog(
    clock: VirtualClock,
    fail: Callable[[BrokenTest], None],
    give_up: Callable[[BrokenTest], None],
) -> Iterator[None]:
    """End the run when virtual time stands still although the node of the moment keeps running."""
    is_main = threading.current_thread() is threading.main_thread()
    if not is_main or not (_has_timers() or HAS_PROCESSES):
        yield
        return
    leave = _real_functions[2]
    instant, callback = _Stopwatch(), _Stopwatch()
    interruptions = 0

    def look(signum: int, frame: FrameType | None) -> None:
        nonlocal interruptions
        _wind_up()
        now = clock.loop.time_ns
        patience = IMPORT_PATIENCE if is_importing(frame) else 1
        if not (
            callback.is_hanging((now, clock.loop.current), HANG_S * patience, HANG_CPU_S * patience)
            or instant.is_hanging(now, SPIN_S * patience, SPIN_CPU_S * patience)
        ):
            return
        error = hang(clock, frame)
        interruptions += 1
        if interruptions > MAX_INTERRUPTIONS:
            give_up(error)
            leave(EXIT_BROKEN)
        fail(error)
        raise NodeExit("it hangs")

    with _ended_when_stuck(), _at_every_tick(look):
        yield


def _has_timers() -> bool:
    """Whether something interrupts this process at times: all systems but Windows, or a page."""
    return hasattr(signal, "setitimer")


@contextmanager
def _at_every_tick(look: Callable[[int, FrameType | None], None]) -> Iterator[None]:
    """Call `look` every TICK_S, between two steps of whatever is at work."""
    number = signal.SIGALRM if _has_timers() else signal.SIGTERM  # which nobody sends on Windows
    previous = signal.signal(number, look)
    try:
        with _timer() if _has_timers() else _second_thread(number):
            yield
    finally:
        signal.signal(number, previous)


@contextmanager
def _timer() -> Iterator[None]:
    signal.setitimer(signal.ITIMER_REAL, TICK_S, TICK_S)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)


@contextmanager
def _second_thread(number: signal.Signals) -> Iterator[None]:
    """Let a thread interrupt this one, where the system has no timers."""
    at_work = _thread.allocate_lock()

    def tick() -> None:
        while not at_work.acquire(timeout=TICK_S):
            _thread.interrupt_main(number)

    with at_work:
        _thread.start_new_thread(tick, ())
        yield


@contextmanager
def _ended_when_stuck() -> Iterator[None]:
    """Let the system end a call that nobody can interrupt; where it stands can still be told."""
    if not _has_timers():
        yield
        return
    if (words := last_words or sys.__stderr__) is not None:
        faulthandler.register(signal.SIGPROF, file=words, chain=True)
    _wind_up()
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_PROF, 0)
        faulthandler.unregister(signal.SIGPROF)


def _wind_up() -> None:
    """Let the system end this process when it has worked for so long from now on.

    A limit (RLIMIT_CPU) would be for the sum of its work, which the kernel counts otherwise than
    `time.process_time` does: after minutes the two are seconds apart.
    """
    if _has_timers():
        signal.setitimer(signal.ITIMER_PROF, STUCK_CPU_S)


def is_importing(frame: FrameType | None) -> bool:
    """Whether what is at work there is an import."""
    return any(
        each.f_code.co_filename.startswith("<frozen importlib") for each in blame.frames_from(frame)
    )


class _Stopwatch:
    """Measures for how long, and with how much work, something stays the same."""

    def __init__(self) -> None:
        self._seen: object = None
        self._began_s = self._cpu_s = 0.0
        self._ticks = 0

    def is_hanging(self, seen: object, limit_s: float, limit_cpu_s: float) -> bool:
        """Whether `seen` has been the same for too long; to be asked every TICK_S.

        Time is what was seen of it: a machine that stood still proves nothing.
        """
        monotonic, process_time, _ = _real_functions
        if seen != self._seen:
            self._seen, self._ticks = seen, 0
            self._began_s, self._cpu_s = monotonic(), process_time()
            return False
        self._ticks += 1
        if self._ticks * TICK_S < limit_s / 2 or monotonic() - self._began_s < limit_s:
            return False
        worked_s = process_time() - self._cpu_s
        return worked_s >= limit_cpu_s or worked_s <= BLOCKED_CPU_S


def hang(clock: VirtualClock, frame: FrameType | None) -> BrokenTest:
    """The sentence about a node that keeps running, and where, as far as that can be seen."""
    culprit: Any = clock.loop.in_charge(host)
    frames = [*blame.frames_from(frame)]
    place = blame.place_in(frames)
    if place is None and (task := clock.loop.current_task()) is not None:
        frames = blame.frames_of(task)
        place = blame.place_in(frames)
    message = blame.message_in(frames)
    name = f"Node {culprit.node_id}" if culprit else "A node"
    where = f" in the handler of {message.type!r}" if message else ""
    return BrokenTest(
        f"{name} hangs: virtual time stands still at {clock.now_ns() / NS_PER_S:.3f} s while "
        f"it keeps running{where}. Does a loop never await?",
        culprit.node_id if culprit else None,
        place=place,
    )


_real_functions = (time.monotonic, time.process_time, os._exit)
