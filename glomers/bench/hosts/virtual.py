"""A node in the bench's own process, for virtual time."""

from __future__ import annotations

import contextvars
import sys
import traceback
import types
from pathlib import Path
from typing import Any

from glomers.bench.errors import BrokenTest
from glomers.bench.hosts.base import Fail, NodeLog, Outgoing
from glomers.bench.sandbox import NodeExit, private_modules
from glomers.node import Host as NodeHost
from glomers.node import Hosted, Node, host


class VirtualHost(NodeHost):
    """A node in the bench's own process: the node file, executed in a namespace of its own."""

    def __init__(
        self,
        node_id: str,
        path: Path,
        args: tuple[str, ...],
        log: NodeLog,
        outgoing: Outgoing,
        fail: Fail,
    ) -> None:
        self.node_id = node_id
        self.log = log
        self._path = path
        self._outgoing = outgoing
        self._fail = fail
        self._context = contextvars.copy_context()
        self._context.run(host.set, self)
        self._node: Node | None = None

    async def start(self) -> None:
        """Execute the node file up to `node.run()`."""
        code = self._compile()
        module = types.ModuleType("__main__")
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
            raise self._broken(f"crashed while it started: {_why(error)}.") from None
        finally:
            sys.modules["__main__"] = saved_main
        if self._node is None:
            raise self._broken(
                f"ended without a call of node.run(): {self._path.name} must call it last."
            )

    def _compile(self) -> types.CodeType:
        try:
            return compile(self._path.read_bytes(), str(self._path), "exec")
        except (SyntaxError, ValueError) as error:
            line = getattr(error, "lineno", None)
            where = f"line {line} of " if line else ""
            message = getattr(error, "msg", str(error))
            raise self._broken(
                f"cannot start: {where}{self._path.name} is not Python: {message}."
            ) from None

    def _broken(self, sentence: str) -> BrokenTest:
        return BrokenTest(f"Node {self.node_id} {sentence}", self.node_id)

    def attach(self, node: Node) -> None:
        """Called by `Node.run()`: from now on messages go to `node`."""
        self._node = node

    def emit(self, line: bytes) -> None:
        """Called by the node for each message that it sends."""
        try:
            self._outgoing.line(line)
        except BrokenTest as error:
            self._fail(error)
            raise NodeExit(str(error)) from None

    def deliver(self, src: str, body: dict[str, Any], line: bytes) -> None:
        assert self._node is not None
        try:
            self._context.run(self._node.receive, line)
        except SystemExit as error:
            self._fail(self._broken(f"crashed: {_why(error)}."))

    async def stop(self) -> None:
        self.log.close()


def _why(error: BaseException) -> str:
    if isinstance(error, NodeExit):
        return str(error)
    if isinstance(error, SystemExit):
        return f"it left with exit status {error.code}"
    return f"{type(error).__name__}: {error}" if str(error) else type(error).__name__
