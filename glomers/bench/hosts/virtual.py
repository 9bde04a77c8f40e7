"""A node in the bench's own process, for virtual time."""

from __future__ import annotations

import asyncio
import contextvars
import functools
import sys
import traceback
import types
from itertools import count
from pathlib import Path
from typing import Any

from glomers.bench import blame
from glomers.bench.clock import Handle, serials
from glomers.bench.hosts.host import Fail, NodeLog, Outgoing
from glomers.bench.node_dice import NodeDice
from glomers.bench.sandbox import NodeExit, private_modules
from glomers.bench.transit import NS_PER_MS
from glomers.errors import BrokenTest
from glomers.formats.typography import lookalike
from glomers.node import Hosted, InProcessHost, Node, host
from glomers.protocol import Body, reread


class VirtualHost(InProcessHost):
    """A node in the bench's own process: the node file, executed in a namespace of its own."""

    def __init__(
        self,
        node_id: str,
        path: Path,
        args: tuple[str, ...],
        log: NodeLog,
        outgoing: Outgoing,
        fail: Fail,
        seed: int,
    ) -> None:
        self.node_id = node_id
        self.dice = NodeDice(seed)
        self.log = log
        self.waiting: dict[str, blame.Place | None] = {}
        """What is still being handled when the test is over, and where it waits."""
        self._path = path
        self._outgoing = outgoing
        self._fail = fail
        self._context = contextvars.copy_context()
        self._context.run(host.set, self)
        self._context.run(serials.set, count())
        self._module = types.ModuleType("__main__")
        self._node: Node | None = None
        self._unended = b""  # what it printed before `node.run()` without ending the line
        self._killed = False
        self._withheld: list[Handle] | None = None  # a list while it stands still
        self._wrong_clock = (0, 0, 0)

    async def start(self) -> None:
        self.load()

    def load(self) -> None:
        """Execute the node file up to `node.run()`.

        Raises:
            BrokenTest: when it ends otherwise.
        """
        code = self._compile()
        module = self._module
        module.__file__ = str(self._path)
        saved_main = sys.modules["__main__"]
        sys.modules["__main__"] = module
        try:
            with private_modules(self._path.parent):
                self._context.run(exec, code, module.__dict__)
        except Hosted:
            pass
        except (Exception, SystemExit) as error:
            self.log.write("".join(traceback.format_exception(error)))
            place = blame.place_of_error(error)
            raise self._broken(f"crashed while it started: {_why(error)}.", place) from None
        finally:
            sys.modules["__main__"] = saved_main
        if self._node is None:
            raise self._broken(
                f"ended without a call of node.run(): {self._path.name} must call it last."
            )

    def _compile(self) -> types.CodeType:
        try:
            return _compiled(self._path.read_bytes(), str(self._path))
        except (SyntaxError, ValueError) as error:
            line = getattr(error, "lineno", None)
            where = f"line {line} of " if line else ""
            message = getattr(error, "msg", str(error))
            hint = lookalike([getattr(error, "text", None) or ""])
            what = f"{where}{self._path.name} is not Python: {message}."
            raise self._broken(
                f"cannot start: {what} {hint or ''}".rstrip(),
                (str(self._path), line) if line else None,
            ) from None

    def _broken(self, sentence: str, place: blame.Place | None = None) -> BrokenTest:
        return BrokenTest(f"Node {self.node_id} {sentence}", self.node_id, place=place)

    def attach(self, node: Node) -> None:
        """Called by `Node.run()`: from now on messages go to `node`."""
        self._node = node

    def emit(self, line: bytes, message: Body | None = None) -> None:
        """Called by the node for each message that it sends; a flat one may be given as well."""
        if self._killed:  # what is left of it is being thrown away
            return
        if self._unended:
            line, message, self._unended = self._unended + line, None, b""
        try:
            if message is None:
                self._outgoing.line(line, reread)
            else:
                self._outgoing.flat(message, line)
        except BrokenTest as error:
            error.place = error.place or blame.place_in(blame.frames_from(sys._getframe()))
            self._fail(error)
            raise NodeExit(str(error)) from None

    def write(self, text: str) -> bool:
        """Take what the program prints; says whether it went to stdout, where messages belong.

        It does as long as nobody redirects it, which in a process of its own is `node.run()`.
        """
        if self._node is not None:
            return False
        *lines, self._unended = (self._unended + text.encode("utf-8", "replace")).split(b"\n")
        for line in lines:
            self._outgoing.line(line)
        return True

    def deliver(self, src: str, body: dict[str, Any], line: bytes) -> None:
        if self._withheld is not None:
            self._withheld.append(Handle(self.deliver, (src, body, line), None))
            return
        assert self._node is not None
        try:
            self._context.run(self._node.take, src, self.node_id, body, line)
        except SystemExit as error:
            self._fail(self.crashed(error))

    def crashed(self, error: SystemExit) -> BrokenTest:
        """The sentence about a node that leaves."""
        return self._broken(f"crashed: {_why(error)}.", blame.place_of_error(error))

    async def stop(self) -> None:
        self.end()

    def end(self) -> None:
        """Note what is still being handled, and write what is still buffered."""
        if self._node is not None:
            self.waiting = blame.waiting_places(self._node)
        self.log.close()

    @property
    def handlers(self) -> dict[str, blame.Place]:
        """Where the handlers of the node's program begin, by type of message."""
        return blame.handler_places(self._node) if self._node is not None else {}

    def kill(self) -> None:
        # Its tasks are kept, not cancelled: a program that is killed does not tidy up.
        self._killed = True
        self.pause()

    def pause(self) -> None:
        if self._withheld is None:
            self._withheld = []

    def resume(self) -> None:
        if self._killed or self._withheld is None:
            return
        loop: Any = asyncio.get_running_loop()
        withheld, self._withheld = self._withheld, None
        for handle in withheld:
            loop.give_back(handle)

    def withhold(self, handle: Handle) -> bool:
        """Keep a callback of this node if it stands still; says whether it does."""
        if self._withheld is None:
            return False
        self._withheld.append(handle)
        return True

    def skew(self, now_ns: int, offset_ms: int, drift_ppm: int) -> None:
        """Let the wall clock be wrong by an offset, and by ever more with a drift."""
        self._wrong_clock = now_ns, offset_ms, drift_ppm

    def skew_ns(self, now_ns: int) -> int:
        """By how much the node's wall clock is ahead."""
        since_ns, offset_ms, drift_ppm = self._wrong_clock
        return offset_ms * NS_PER_MS + (now_ns - since_ns) * drift_ppm // 1_000_000


@functools.lru_cache(maxsize=8)
def _compiled(source: bytes, name: str) -> types.CodeType:
    return compile(source, name, "exec")


def _why(error: BaseException) -> str:
    if isinstance(error, NodeExit):
        return str(error)
    if isinstance(error, SystemExit):
        return f"it left with exit status {0 if error.code is None else error.code}"
    return f"{type(error).__name__}: {error}" if str(error) else type(error).__name__
