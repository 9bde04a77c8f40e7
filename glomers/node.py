"""The runtime of a node: messages in, messages out, and whatever happens in between.

    from glomers.node import Node

    node = Node()


    @node.on("echo")
    def echo(message):
        return {"type": "echo_ok", "echo": message.body["echo"]}


    if __name__ == "__main__":
        node.run()

`on` declares who handles which type of message; `send` tells, `rpc` asks and awaits the answer,
`every` repeats, `spawn` runs aside.  What a handler may rely on, and what it may not do:

- **It answers by what it returns**: the body of the reply, a dict with a `type`; None is no reply.
  `reply` answers later, after the handler has ended.  `send` makes no replies.
- **An exception is an answer too.**  An `RPCError` goes out with its code; anything else is shown
  on stderr and goes out as error 13 (crash), which leaves open whether the request took effect.  A
  message without a `msg_id` gets no such answer.  What a timer or a spawned coroutine
  raises is shown; timers go on.
- **It is alone until it awaits.**  A plain function is carried out at once, in the order in which
  messages come.  Of handlers that are coroutines any number may be at work: at each `await`
  others go on, so that what was read before it may be out of date after it.
- **It does not block.**  `time.sleep`, `input` and loops that never await stop the whole node:
  `await asyncio.sleep(…)` instead.  In virtual time threads, processes and `time.sleep` are refused
  with an exception, and a node that lets no time pass ends the test as a hang.
- **It may print.**  While the node runs, `print` goes to stderr, the node's log; stdout is for
  messages.  Before `run` it does not, and one line that is no message silences a node for good.
- **It does not leave.**  `sys.exit` in a handler is a crash of the node, which ends the test.
- **It answers in time or not at all.**  Most clients wait for 5 s, and a reply to one that has gone
  silences the node: `on(…, answer_within_s=4)` gives up before that.
- **Its state is its own.**  Each node has its own module, with its own globals; one that is killed
  begins again with new ones.  The body of a message is the handler's to change, and what is sent is
  encoded at once: to change it afterwards changes nothing.
- **Clocks and dice are the host's.**  In virtual time `time`, `datetime`, `random`, `uuid` and
  `os.urandom` follow the seed; files and sockets remain the machine's.

Until `init` has been answered, after the hooks of `on_init`, requests wait; replies do not.
"""

from __future__ import annotations

import asyncio
import functools
import inspect
import os
import random
import select
import signal
import stat
import sys
import time
import traceback
from collections import defaultdict, deque
from collections.abc import Awaitable, Callable, Coroutine, Iterator
from contextlib import suppress
from contextvars import ContextVar
from typing import Any, NoReturn, Protocol, TextIO, TypeVar

from glomers.protocol import Body, ErrorCode, RPCError, loads, packed

__all__ = ["ErrorCode", "Message", "Node", "RPCError", "retry"]

T = TypeVar("T")
Handler = Callable[["Message"], Any]
Hook = Callable[[], Any]

READ_BYTES = 1 << 16
"""What a pipe holds; for more, memory would be mapped anew for every read."""
_NO_HANDLER: tuple[None, bool] = (None, False)
_CLOCK_STEP_S = 1e-6
_SHOWN_CHARACTERS = 60
_FINISH_S = 1.0
"""How long handlers may go on after the end of stdin."""


class InProcessHost(Protocol):
    """What runs a node instead of a process of its own: the bench, in virtual time."""

    def attach(self, node: Node) -> None:
        """Take `node` as the one to hand messages to."""

    def emit(self, line: bytes, message: Body | None = None) -> None:
        """Send the message in `line`; a flat one may be given as well, and is the host's own."""


host: ContextVar[InProcessHost | None] = ContextVar("host", default=None)


class Hosted(BaseException):
    """Ends the execution of a node's file at `node.run()`, where the host takes over."""


class Message:
    """A message that arrived."""

    __slots__ = ("body", "dest", "src")

    def __init__(self, src: str, dest: str, body: Body) -> None:
        self.src = src
        self.dest = dest
        self.body = body

    @property
    def type(self) -> str:
        """The kind of message."""
        kind: str = self.body["type"]
        return kind

    def __repr__(self) -> str:
        return f"Message({self.src} -> {self.dest}: {self.body})"


class Node:
    """A node of the system: its handlers, and the way to talk to others.

    `node_id` is its own name and `node_ids` those of all nodes, in the order that every node is
    told; both are known once `init` has come.
    """

    def __init__(self) -> None:
        self.node_id = ""
        self.node_ids: list[str] = []
        self._handlers: dict[str, tuple[Handler, bool]] = {}
        self._init_hooks: list[Hook] = []
        self._timers: list[tuple[float, Hook]] = []
        self._pending: dict[int, asyncio.Future[Body]] = {}
        # Requests with the same time-out expire in order: one timer for all of them will do.
        self._deadlines: defaultdict[float, deque[tuple[float, int, str]]] = defaultdict(deque)
        self._last_msg_id = 0
        self._tasks: set[asyncio.Task[Any]] = set()
        self._answering: set[asyncio.Task[Any]] = set()
        self._unhandled: set[str] = set()
        self._emit: Callable[[bytes, Body | None], None] = _not_running
        self._early: list[Message] | None = []  # what came before `init` was through; then None

    @property
    def peers(self) -> list[str]:
        """The names of all other nodes."""
        return [node_id for node_id in self.node_ids if node_id != self.node_id]

    # What a node's program declares.

    def on(self, kind: str, answer_within_s: float | None = None) -> Callable[[Handler], Handler]:
        """Let the decorated function handle messages of this type.

        Args:
            kind: the type.
            answer_within_s: when the time is up, the handler, a coroutine, is cancelled and nothing
                is answered. A client that has waited for 5 s is gone, and of a node that writes to
                somebody who is gone Maelstrom reads nothing more.
        """

        def register(handler: Handler) -> Handler:
            carried_out = handler
            if answer_within_s is not None:
                carried_out = _in_time(handler, answer_within_s)
            self._handlers[kind] = (carried_out, inspect.iscoroutinefunction(carried_out))
            return handler

        return register

    def on_init(self, hook: Hook) -> Hook:
        """Call the decorated function when `init` has come, before it is answered."""
        self._init_hooks.append(hook)
        return hook

    def every(self, interval_s: float) -> Callable[[Hook], Hook]:
        """Call the decorated function every `interval_s` seconds, from `init` on."""

        def register(hook: Hook) -> Hook:
            self._timers.append((interval_s, hook))
            return hook

        return register

    # What it does while it runs.

    @functools.cached_property
    def _loop(self) -> asyncio.AbstractEventLoop:
        """What it runs on: to ask for that is a call of the system in Python 3.11."""
        return asyncio.get_running_loop()

    def send(self, dest: str, body: Body) -> None:
        """Send a message and expect nothing.

        Raises:
            TypeError: when JSON cannot hold the body.
        """
        try:
            line, message = packed(self.node_id, dest, body)
        except TypeError as error:
            raise TypeError(_why_unfit(body, error)) from None
        self._emit(line, message)

    def reply(self, message: Message, body: Body) -> None:
        """Answer `message`; for answers later than the end of its handler.

        Raises:
            TypeError: when `body` is none, or JSON cannot hold it.
        """
        try:
            answer = {**body, "in_reply_to": message.body.get("msg_id")}
        except TypeError:
            raise TypeError(_why_no_body(body)) from None
        self.send(message.src, answer)

    async def rpc(self, dest: str, body: Body, timeout_s: float = 1.0) -> Body:
        """Send a request and return the body of its reply.

        Raises:
            RPCError: the error that `dest` replied with, or `ErrorCode.TIMEOUT` after `timeout_s`.
        """
        loop = self._loop
        self._last_msg_id = msg_id = self._last_msg_id + 1
        future: asyncio.Future[Body] = loop.create_future()
        self._pending[msg_id] = future
        try:
            self.send(dest, {**body, "msg_id": msg_id})
            deadlines = self._deadlines[timeout_s]
            if not deadlines:
                loop.call_later(timeout_s, self._expire, timeout_s)
            deadlines.append((loop.time() + timeout_s, msg_id, dest))
            return await future
        finally:
            self._pending.pop(msg_id, None)
            del future  # else an error and this frame, through which it went, keep each other alive

    def spawn(self, work: Coroutine[Any, Any, Any]) -> asyncio.Task[Any]:
        """Run a coroutine aside; what it raises is shown on stderr."""
        task = self._loop.create_task(work)
        self._tasks.add(task)  # the loop itself holds tasks only weakly
        task.add_done_callback(self._finished)
        return task

    def run(self) -> None:
        """Serve until stdin ends. The last line of a node's program."""
        node_host = host.get()
        if node_host is not None:
            self._emit = node_host.emit
            node_host.attach(self)
            raise Hosted
        _Process(self).run()

    def receive(self, line: bytes) -> None:
        """Handle one incoming line, on the running loop."""
        try:
            message = loads(line)
            src, dest, body = message["src"], message["dest"], message["body"]
        except (ValueError, TypeError, KeyError, RecursionError):
            src = dest = body = None
        self.take(src, dest, body, line)

    def take(self, src: Any, dest: Any, body: Any, line: bytes) -> None:
        """Handle an incoming message, whose parts were read from `line` and are the node's own."""
        kind = body.get("type") if type(body) is dict else None
        if type(kind) is not str:
            print(f"skipped a line that is not a message: {line[:200]!r}", file=sys.stderr)
            return
        answered = body.get("in_reply_to")
        if answered is not None:
            self._settle(answered, body)
            return
        received = Message(src, dest, body)
        if kind == "init":
            self._answer(received, self._init)
        elif self._early is not None:
            self._early.append(received)
        else:
            self._dispatch(received)

    def _dispatch(self, message: Message) -> None:
        kind = message.body["type"]
        handler, is_async = self._handlers.get(kind, _NO_HANDLER)
        if handler is None:
            self._note_missing_handler(message)
            self._refuse(message, RPCError(ErrorCode.NOT_SUPPORTED, f"no handler for {kind!r}"))
            return
        if is_async:
            self._answer(message, handler)
            return
        try:
            answer = handler(message)
            if answer is not None:
                self.reply(message, answer)
        except (Exception, asyncio.CancelledError) as error:  # nobody cancels what never waits
            self._refuse(message, error)

    def _note_missing_handler(self, message: Message) -> None:
        """Say once for each type that nobody handles it: where nobody waits, nobody is told."""
        kind = message.type
        if kind not in self._unhandled:
            self._unhandled.add(kind)
            known = ", ".join(map(repr, self._handlers)) or "nothing"
            text = f"no handler for {kind!r}, which {message.src} sent; there are handlers for"
            print(text, known, file=sys.stderr)

    def _answer(self, message: Message, handler: Handler) -> None:
        task = self._loop.create_task(self._respond(message, handler))
        self._answering.add(task)

    async def finish(self, timeout_s: float) -> None:
        """Wait for the handlers that are at work, `timeout_s` at most."""
        if self._answering:
            await asyncio.wait(self._answering, timeout=timeout_s)

    async def _respond(self, message: Message, handler: Handler) -> None:
        task = asyncio.current_task()
        try:
            answer = await handler(message)
            if answer is not None:
                self.reply(message, answer)
        except Exception as error:
            self._refuse(message, error)
        finally:  # here, for less than a callback would cost
            self._answering.discard(task)

    def _refuse(self, message: Message, error: BaseException) -> None:
        """Answer with the error that a handler raised; anything unforeseen is a crash."""
        if not isinstance(error, RPCError):
            _show(error, f"the handler of {message.type!r}")
            error = RPCError(ErrorCode.CRASH, f"{type(error).__name__}: {error}")
        if message.body.get("msg_id") is not None:
            self.reply(message, error.body())

    async def _init(self, message: Message) -> None:
        self.node_id = message.body["node_id"]
        self.node_ids = message.body["node_ids"]
        # A late reply to an earlier life of this node must not pass for one to this life.
        self._last_msg_id = time.time_ns() // 1000
        for hook in self._init_hooks:
            await _call(hook)
        for interval_s, hook in self._timers:
            self.spawn(self._repeat(interval_s, hook))
        self.reply(message, {"type": "init_ok"})
        early, self._early = self._early or [], None
        for early_message in early:  # peers whose own init was through may have begun to talk
            self._dispatch(early_message)

    async def _repeat(self, interval_s: float, hook: Hook) -> None:
        loop = self._loop
        due_s = loop.time() + interval_s
        while True:
            await asyncio.sleep(due_s - loop.time())
            try:
                await _call(hook)
            except Exception as error:
                _show(error, "a timer")
            due_s = max(due_s + interval_s, loop.time())

    def _settle(self, msg_id: int, body: Body) -> None:
        """Hand a reply to whoever waits for it; nobody does when it comes too late."""
        future = self._pending.pop(msg_id, None) if type(msg_id) is int else None
        if future is None or future.done():
            return
        if body.get("type") == "error":
            code, text = body.get("code"), body.get("text")
            future.set_exception(RPCError(code if type(code) is int else ErrorCode.CRASH, text))
        else:
            future.set_result(body)

    def _expire(self, timeout_s: float) -> None:
        """Fail the requests whose time is up; come back for the next one that is open."""
        loop = self._loop
        deadlines = self._deadlines[timeout_s]
        while deadlines:
            due_s, msg_id, dest = deadlines[0]
            future = self._pending.get(msg_id)
            if future is not None and due_s > loop.time() + _CLOCK_STEP_S:
                loop.call_at(due_s, self._expire, timeout_s)
                return
            deadlines.popleft()
            if future is not None and not future.done():
                error = RPCError(ErrorCode.TIMEOUT, f"no reply from {dest} in time")
                future.set_exception(error)
        del self._deadlines[timeout_s]

    def _finished(self, task: asyncio.Task[Any]) -> None:
        self._tasks.discard(task)
        if not task.cancelled() and (error := task.exception()) is not None:
            _show(error, "a task")


def _in_time(handler: Handler, limit_s: float) -> Handler:
    """The handler, but without a reply once the time is up."""

    @functools.wraps(handler)
    async def answer(message: Message) -> Any:
        with suppress(TimeoutError):
            async with asyncio.timeout(limit_s):
                return await handler(message)

    return answer


async def _call(hook: Hook) -> None:
    result = hook()
    if inspect.isawaitable(result):
        await result


def _show(error: BaseException, where: str) -> None:
    """Show an exception on stderr, under a line that says in what it was raised."""
    print(f"In {where}:", file=sys.stderr)
    traceback.print_exception(error, file=sys.stderr)


def _why_no_body(answer: Any) -> str:
    """The sentence about something that was to be the body of a reply and is none."""
    kind = type(answer).__name__
    if inspect.isawaitable(answer):
        with suppress(AttributeError, RuntimeError):
            answer.close()  # type: ignore[attr-defined]  # or Python says that nobody awaited it
        return f"a {kind} is no body of a reply: await it, in a handler that is `async def`"
    shown = repr(answer)
    shown = shown if len(shown) <= _SHOWN_CHARACTERS else shown[: _SHOWN_CHARACTERS - 1] + "…"
    return f"the {kind} {shown} is no body of a reply: that is a dict with a 'type'"


def _why_unfit(body: Any, error: TypeError) -> str:
    """The sentence about a body that JSON cannot hold."""
    wrong_key = "key" in str(error).lower()
    with suppress(RecursionError):  # of a body that holds itself
        for path, part in _unfit(body, ""):
            kind = type(part).__name__
            if wrong_key and isinstance(part, dict):
                key = next(key for key in part if type(key) is not str)
                return f"JSON cannot hold this body: {path} has the key {key!r}: keys are strings"
            if not wrong_key and kind in str(error):
                hint = ": a list would do" if isinstance(part, set | frozenset | deque) else ""
                return f"JSON cannot hold this body: {path} is a {kind}{hint}"
    return f"JSON cannot hold this body: {error}"


def _unfit(part: Any, path: str) -> Iterator[tuple[str, Any]]:
    """The parts that JSON does not know, each with the way to it."""
    if isinstance(part, dict):
        if not all(type(key) is str for key in part):
            yield path or "it", part
        for key, item in part.items():
            yield from _unfit(item, f"{path}[{key!r}]" if path else repr(key))
    elif isinstance(part, list | tuple):
        for number, item in enumerate(part):
            yield from _unfit(item, f"{path}[{number}]")
    elif not isinstance(part, str | int | float | None):
        yield path or "it", part


def _not_running(line: bytes, message: Body | None) -> NoReturn:
    raise RuntimeError("the node is not running yet: send from handlers, hooks and timers")


async def retry(
    attempt: Callable[[], Awaitable[T]], pause_s: float = 0.1, pause_s_max: float = 2.0
) -> T:
    """Repeat `attempt` until it succeeds or fails definitely; returns its result.

    Pauses grow twofold from `pause_s` to `pause_s_max`, each shortened at random by up to half so
    that nodes do not repeat in step.  A time-out does not tell whether the request took effect:
    retry only what may happen twice, such as adding a value to a set.

    Raises:
        RPCError: the first definite error.
    """
    while True:
        try:
            return await attempt()
        except RPCError as error:
            if error.definite:
                raise
        await asyncio.sleep(pause_s * (1 - random.random() / 2))
        pause_s = min(2 * pause_s, pause_s_max)


class _Process:
    """A node in a process of its own, between stdin and stdout."""

    def __init__(self, node: Node) -> None:
        self._node = node
        self._out: list[bytes] = []
        self._pending: list[bytes] = []  # of a line that has no end yet
        self._stdout_fd = -1

    def run(self) -> None:
        sys.stdout.flush()
        self._stdout_fd = os.dup(sys.stdout.fileno())
        sys.stdout = _Redirected(sys.stderr)
        self._node._emit = self._emit
        with suppress(KeyboardInterrupt):
            asyncio.run(self._main())

    async def _main(self) -> None:
        loop = asyncio.get_running_loop()
        ended: asyncio.Future[None] = loop.create_future()

        def end() -> None:
            if not ended.done():
                ended.set_result(None)

        for number in (signal.SIGTERM, signal.SIGINT):
            loop.add_signal_handler(number, end)
        fd = sys.stdin.fileno()
        if _can_be_awaited(fd):
            loop.add_reader(fd, self._read, fd, end)
            await ended
        else:
            while chunk := await asyncio.to_thread(os.read, fd, READ_BYTES):
                self._feed(chunk)
        self._feed(b"\n")  # the last line may lack its end
        await self._node.finish(_FINISH_S)
        self._flush()

    def _read(self, fd: int, end: Callable[[], None]) -> None:
        chunk = os.read(fd, READ_BYTES)
        if chunk:
            self._feed(chunk)
        else:
            asyncio.get_running_loop().remove_reader(fd)
            end()

    def _feed(self, chunk: bytes) -> None:
        self._pending.append(chunk)
        if b"\n" not in chunk:
            return
        *lines, rest = b"".join(self._pending).split(b"\n")
        self._pending = [rest]
        for line in lines:
            if line.strip():
                self._node.receive(line)

    def _emit(self, line: bytes, message: Body | None = None) -> None:
        if not self._out:
            asyncio.get_running_loop().call_soon(self._flush)
        self._out.append(line)

    def _flush(self) -> None:
        """Write everything that was sent since the last time, at once."""
        if not self._out:
            return
        data = memoryview(b"\n".join(self._out) + b"\n")
        self._out.clear()
        while data:
            try:
                data = data[os.write(self._stdout_fd, data) :]
            except BlockingIOError:
                select.select([], [self._stdout_fd], [])
            except BrokenPipeError:
                os._exit(0)  # nobody listens any more


def _can_be_awaited(fd: int) -> bool:
    """Whether a loop can tell when there is something to read, and when that ends.

    Of files and devices such as /dev/null Linux tells neither, and macOS not the end.
    """
    mode = os.fstat(fd).st_mode
    return stat.S_ISFIFO(mode) or stat.S_ISSOCK(mode) or os.isatty(fd)


class _Redirected:
    """A stdout for `print`: what a node prints goes to stderr, where it does no harm."""

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream
        self._explained = False

    def write(self, text: str) -> int:
        if not self._explained:
            self._explained = True
            self._stream.write(f"({PRINT_EXPLANATION})\n")
        return self._stream.write(text)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._stream, name)


PRINT_EXPLANATION = "print() goes to stderr: stdout is for messages"
