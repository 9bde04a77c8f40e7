"""What a node runs in: a namespace of the bench's own process, or a process of its own."""

from __future__ import annotations

import asyncio
import contextvars
import os
import signal
import sys
import tempfile
import traceback
import types
from collections import deque
from collections.abc import Callable
from pathlib import Path
from typing import Any, Protocol, TextIO

from glomers.bench.errors import BrokenTest
from glomers.bench.sandbox import NodeExit, private_modules
from glomers.node import Host as NodeHost
from glomers.node import Hosted, Node, host
from glomers.protocol import loads

Send = Callable[[str, str, dict[str, Any], bytes], None]
"""Hands a message to the network: source, destination, body and the encoded line."""
Warn = Callable[[str], None]
"""Notes a sentence in the log of the run."""
Fail = Callable[[BrokenTest], None]
"""Ends the test."""

LAST_LINES = 32
MAX_LINE_BYTES = 64 * 1024 * 1024
MAX_UNREAD_BYTES = 256 * 1024 * 1024
MAX_WARNINGS = 20
STOP_TIMEOUT_S = 2.0


class Host(Protocol):
    """A running node, as the network sees it."""

    async def start(self) -> None:
        """Start the node's program.

        Raises:
            BrokenTest: when it cannot be started.
        """

    def deliver(self, src: str, body: dict[str, Any], line: bytes) -> None:
        """Hand a message to the node."""

    async def stop(self) -> None:
        """End the node, and every process it started."""


class Outgoing:
    """Judges each line that a node writes: sends messages, notes and skips everything else."""

    def __init__(self, node_id: str, send: Send, warn: Warn) -> None:
        self._node_id = node_id
        self._send = send
        self._warn = warn
        self._warnings = 0

    def line(self, line: bytes) -> None:
        """Send the message in `line`, or note why that is not possible."""
        try:
            message = loads(line)
        except ValueError:
            self._skip(
                line, "which is not JSON; stdout is for messages, stderr for everything else"
            )
            return
        if problem := _message_problem(message):
            self._skip(line, f"which is not a message: {problem}")
            return
        try:
            self._send(message["src"], message["dest"], message["body"], line)
        except LookupError as error:
            self._skip(line, f"which cannot be delivered: {error}")

    def _skip(self, line: bytes, reason: str) -> None:
        self._warnings += 1
        if self._warnings <= MAX_WARNINGS:
            self._warn(f"{self._node_id} wrote {_excerpt(line)}, {reason}")
        if self._warnings == MAX_WARNINGS:
            self._warn(f"{self._node_id}: further lines of this kind are skipped without a word")


def _message_problem(message: Any) -> str | None:
    """What keeps `message` from being one, or None."""
    if not isinstance(message, dict):
        return "it is not a JSON object"
    for field, kind in (("src", str), ("dest", str), ("body", dict)):
        if not isinstance(message.get(field), kind):
            return f"its {field!r} is missing or not {'a string' if kind is str else 'an object'}"
    return None


def _excerpt(line: bytes, limit: int = 200) -> str:
    text = line[:limit].decode("utf-8", "replace")
    return repr(text + "…" if len(line) > limit else text)


class NodeLog:
    """A node's stderr, in its log file."""

    def __init__(self, path: Path, echo: Callable[[str], None] | None) -> None:
        path.parent.mkdir(parents=True, exist_ok=True)
        self.path = path
        self._file = path.open("w", encoding="utf-8", errors="backslashreplace")
        self._echo = echo

    def write(self, text: str) -> None:
        """Append `text` as it is."""
        self._file.write(text)
        if self._echo:
            self._echo(text)

    def close(self) -> None:
        """Write what is still buffered."""
        self._file.close()


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
        self._args = args
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
        saved_main, saved_argv = sys.modules["__main__"], sys.argv
        sys.modules["__main__"], sys.argv = module, [str(self._path), *self._args]
        try:
            with private_modules(self._path.parent):
                self._context.run(exec, code, module.__dict__)
        except Hosted:
            pass
        except (Exception, NodeExit, SystemExit) as error:
            self.log.write("".join(traceback.format_exception(error)))
            raise self._broken(f"crashed while it started: {_why(error)}.") from None
        finally:
            sys.modules["__main__"], sys.argv = saved_main, saved_argv
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
        self._context.run(self._node.receive, line)

    async def stop(self) -> None:
        self.log.close()


def _why(error: BaseException) -> str:
    if isinstance(error, SystemExit):
        return f"it left with exit status {error.code}"
    return f"{type(error).__name__}: {error}" if str(error) else type(error).__name__


class ProcessHost:
    """A node in a process of its own, in any language, that talks over stdin and stdout."""

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
        self._command = _command(path, args)
        self._log = log
        self._outgoing = outgoing
        self._fail = fail
        self._process: asyncio.subprocess.Process | None = None
        self._readers: list[asyncio.Task[None]] = []
        self._stopping = False
        self._stdout_tail: deque[bytes] = deque(maxlen=LAST_LINES)

    async def start(self) -> None:
        try:
            self._process = await asyncio.create_subprocess_exec(
                *self._command,
                stdin=asyncio.subprocess.PIPE,
                stdout=asyncio.subprocess.PIPE,
                stderr=asyncio.subprocess.PIPE,
                cwd=tempfile.gettempdir(),
                start_new_session=True,
            )
        except OSError as error:
            raise BrokenTest(
                f"Node {self.node_id} cannot start: {self._command[0]}: {error.strerror}. "
                "A node is an executable file: give it a first line such as "
                "#!/usr/bin/env python3 and make it executable with chmod +x.",
                self.node_id,
            ) from None
        loop = asyncio.get_running_loop()
        self._readers = [
            loop.create_task(self._read_stdout()),
            loop.create_task(self._read_stderr()),
        ]

    def deliver(self, src: str, body: dict[str, Any], line: bytes) -> None:
        assert self._process is not None
        pipe = self._process.stdin
        if pipe is None or pipe.is_closing():
            return
        pipe.write(line + b"\n")
        if pipe.transport.get_write_buffer_size() > MAX_UNREAD_BYTES:
            self._broken("does not read its stdin: messages pile up.")

    async def stop(self) -> None:
        self._stopping = True
        if self._process is not None:
            _kill_group(self._process.pid)
            await asyncio.wait_for(self._process.wait(), STOP_TIMEOUT_S)
        for reader in self._readers:
            reader.cancel()
        await asyncio.gather(*self._readers, return_exceptions=True)
        self._log.close()

    def _broken(self, sentence: str) -> None:
        tail = "\n".join(_excerpt(line) for line in self._stdout_tail)
        self._fail(BrokenTest(f"Node {self.node_id} {sentence}", self.node_id, tail))

    async def _read_stdout(self) -> None:
        assert self._process is not None
        assert self._process.stdout is not None
        pending = b""
        while chunk := await self._process.stdout.read(1 << 16):
            *lines, pending = (pending + chunk).split(b"\n")
            self._stdout_tail.extend(lines[-LAST_LINES:])
            try:
                for line in lines:
                    self._outgoing.line(line)
            except BrokenTest as error:
                self._fail(error)
                return
            if len(pending) > MAX_LINE_BYTES:
                self._broken(f"wrote {MAX_LINE_BYTES >> 20} MB on stdout without ending the line.")
                return
        status = await self._process.wait()
        if not self._stopping:
            self._broken(f"crashed: {_ending(status)}.")

    async def _read_stderr(self) -> None:
        assert self._process is not None
        assert self._process.stderr is not None
        while chunk := await self._process.stderr.read(1 << 16):
            self._log.write(chunk.decode("utf-8", "replace"))


def _command(path: Path, args: tuple[str, ...]) -> list[str]:
    """A Python file without a `#!` line runs with this interpreter; all else must be executable."""
    path = path.resolve()
    if path.suffix == ".py" and not os.access(path, os.X_OK):
        return [sys.executable, str(path), *args]
    return [str(path), *args]


def _ending(status: int) -> str:
    if status < 0:
        return f"signal {signal.Signals(-status).name} ended it"
    return f"it exited with status {status} before the test was over"


def _kill_group(pid: int) -> None:
    """Kill the process and whatever it started; `start_new_session` made it the group's leader."""
    try:
        os.killpg(pid, signal.SIGKILL)
    except ProcessLookupError:
        pass


def console_echo(node_id: str, stream: TextIO) -> Callable[[str], None]:
    """A function that shows a node's stderr on `stream`, each line under the node's name."""

    def echo(text: str) -> None:
        for line in text.splitlines():
            print(f"{node_id}: {line}", file=stream)

    return echo
