"""A node in a process of its own, in any language, driven through virtual time over its pipes.

The bench says what time it is and what has arrived, and waits until the node has said what it
sends and when it wants to be woken.  See `docs/lockstep.md`.  Nothing that a node says is trusted:
what is no message silences it, and of places that it names only those in its own folder count.
"""

from __future__ import annotations

import codecs
import contextvars
import os
import re
import time
from contextlib import suppress
from functools import partial
from pathlib import Path
from typing import Any

from glomers.bench.blame import Place
from glomers.bench.clock import NS_PER_S, VirtualLoop
from glomers.bench.hosts.driven import ASKS
from glomers.bench.hosts.executable import why_not_started
from glomers.bench.hosts.host import Fail, NodeLog, Outgoing
from glomers.bench.hosts.offspring import Forked, Offspring, Spawned
from glomers.bench.hosts.process import MAX_LINE_BYTES, command_of, ending
from glomers.bench.sandbox import HANG_S
from glomers.environment import cage_kind
from glomers.errors import BrokenTest
from glomers.formats.text import clean
from glomers.node import host
from glomers.protocol import dumps, loads

SILENCE_S = 20.0
"""How long an answer may take, in real time: a busy machine is slow, a hostile node never ends."""
MAX_WAKES = 100_000
"""So often in one instant of virtual time no node needs to be woken."""
_MOST_TOLD = 500
_SENTENCE_CHARACTERS = 500
_IS_MESSAGE = b'{"src":'
_NOTHING_SAID = re.compile(rb'\{"wake":(\d{1,18})\}\n').fullmatch


class LockstepHost:
    """A node in a process of its own, in lockstep with virtual time.

    Args:
        node_id: its name.
        path: the node file, or a program that speaks the protocol by itself.
        args: what it is given.
        log: takes its stderr.
        outgoing: takes its messages.
        fail: ends the test.
        seed: decides its dice.
        loop: what it keeps step with.
        uses_runtime: whether it is a node file.
    """

    def __init__(
        self,
        node_id: str,
        path: Path,
        args: tuple[str, ...],
        log: NodeLog,
        outgoing: Outgoing,
        fail: Fail,
        seed: int,
        *,
        loop: VirtualLoop,
        uses_runtime: bool,
    ) -> None:
        self.node_id = node_id
        self.handlers: dict[str, Place] = {}
        self.waiting: dict[str, Place | None] = {}
        self._path = path
        self._args = args
        self._log = log
        self._decoder = codecs.getincrementaldecoder("utf-8")("replace")
        self._outgoing = outgoing
        self._fail = fail
        self._seed = seed
        self._loop = loop
        self._uses_runtime = uses_runtime
        self._context = contextvars.copy_context()
        self._context.run(host.set, self)  # type: ignore[arg-type]  # whose timers these are
        self._is_caged = bool(cage_kind())
        self._own_beginning = b'{"src":%b,' % dumps(node_id)
        self._process: Offspring | None = None
        self._wake_ns: int | None = None
        self._wakes = (0, 0)  # an instant, and how often it was woken in it

    async def start(self) -> None:
        self._process = self._new_process()
        start = {"at": self._loop.time_ns, "do": "start", "node": self.node_id, "seed": self._seed}
        self._ask(dumps(start))

    def _new_process(self) -> Offspring:
        if self._uses_runtime:
            return Forked(self._path, self._args)
        command = command_of(self._path, self._args)
        try:
            return Spawned(command)
        except OSError as error:
            why = why_not_started(command[0], error)
            raise BrokenTest(f"Node {self.node_id} cannot start: {why}", self.node_id) from None

    def deliver(self, src: str, body: dict[str, Any], line: bytes) -> None:
        self._tell(b'{"at":%d,"message":%b}' % (self._loop.time_ns, line))

    async def stop(self) -> None:
        if self._process is not None:
            self._tell(self._command("end"))
        self.kill()
        self._log.close()

    def kill(self) -> None:
        process, self._process = self._process, None
        self._wake_ns = None
        if process is not None:
            self._note_stderr(process)
            process.end()

    def pause(self) -> None:
        self._tell(self._command("pause"))

    def resume(self) -> None:
        # What it has kept is called after what is due already.
        self._loop.call_soon(self._tell, self._command("resume"))

    def skew(self, now_ns: int, offset_ms: int, drift_ppm: int) -> None:
        """Let the wall clock be wrong by an offset, and by ever more with a drift."""
        self._tell(self._command("skew", offset_ms=offset_ms, drift_ppm=drift_ppm))

    def _command(self, do: str, **more: int) -> bytes:
        return dumps({"at": self._loop.time_ns, "do": do, **more})

    def _wake(self, when_ns: int) -> None:
        """Wake the node if that is still when it wants to be woken."""
        if when_ns != self._wake_ns:
            return
        self._wake_ns = None
        instant, count = self._wakes
        self._wakes = when_ns, count + 1 if instant == when_ns else 1
        if self._wakes[1] > MAX_WAKES:
            self._break(self._hangs("it asks to be woken again and again"))
            return
        self._tell(self._command("wake"))

    def _tell(self, line: bytes) -> None:
        """Tell the node something, unless it has gone, and do what it answers."""
        if self._process is None:
            return
        try:
            self._ask(line)
        except BrokenTest as error:
            self._break(error)

    def _break(self, error: BrokenTest) -> None:
        self._fail(error)
        self.kill()

    # One line to the node, and its answer.

    def _ask(self, line: bytes) -> None:
        """Say a line to the node, and do what it answers.

        Raises:
            BrokenTest: when it does not answer as it must.
        """
        process = self._process
        assert process is not None
        began_s = time.monotonic()
        self._write(process, line + b"\n", began_s)
        said = self._read(process, began_s)
        nothing_said = _NOTHING_SAID(said)
        if nothing_said is not None:  # as it is with most
            answer = {"wake": int(nothing_said[1])}
        else:
            answer = self._listen(process, said, began_s)
        if not self._uses_runtime:
            self._note_stderr(process)
        self._heed(answer)

    def _listen(self, process: Offspring, said: bytes, began_s: float) -> dict[str, Any]:
        """Take an answer that begins like this; its end is returned."""
        rest, answer = said, None
        while answer is None:
            *lines, rest = rest.split(b"\n")
            for each in lines:
                if answer is not None:
                    raise self._bad("it goes on after the end of its answer")
                answer = self._take(each)
            if len(rest) > MAX_LINE_BYTES:
                raise self._bad(f"it wrote {MAX_LINE_BYTES >> 20} MB without ending the line")
            if answer is None:
                rest += self._read(process, began_s)
        if rest:
            raise self._bad("it goes on after the end of its answer")
        return answer

    def _write(self, process: Offspring, data: bytes, began_s: float) -> None:
        with suppress(ConnectionError):  # its last words may still be there
            while data := data[process.write(data) :]:
                if time.monotonic() - began_s > SILENCE_S:
                    raise self._hangs("it does not read its stdin")

    def _read(self, process: Offspring, began_s: float) -> bytes:
        """The next that the node writes on stdout."""
        while True:
            chunk = process.read()
            if chunk == b"":
                raise self._crashed(process)
            silent_s = time.monotonic() - began_s
            if silent_s > SILENCE_S:
                raise self._hangs("it does not answer")
            if chunk:
                return chunk
            self._note_stderr(process)
            if silent_s > HANG_S:
                process.signal(ASKS)

    def _note_stderr(self, process: Offspring) -> None:
        if written := process.read_stderr():
            self._log.write(self._decoder.decode(written))

    def _take(self, line: bytes) -> dict[str, Any] | None:
        """Send the message in a line; the answer's end is returned instead."""
        if not line.startswith(_IS_MESSAGE):
            try:
                told = loads(line)
            except ValueError:
                told = None
            if type(told) is dict and ("wake" in told or "broken" in told):
                return told
            if type(told) is dict and type(told.get("log")) is str:
                self._log.write(told["log"])
                return None
        if self._is_caged and not self._is_own(line):
            raise self._bad("it sends messages in the name of somebody else")
        self._outgoing.line(line)
        return None

    def _is_own(self, line: bytes) -> bool:
        """Whether a message says that this node sends it: those of clients are counted apart."""
        if line.startswith(self._own_beginning):
            return True
        try:
            message = loads(line)
        except ValueError:
            return True  # it is no message
        return type(message) is not dict or message.get("src") == self.node_id

    def _heed(self, answer: dict[str, Any]) -> None:
        """Do what the end of an answer asks for."""
        if "broken" in answer:
            sentence = clean(str(answer["broken"]))[:_SENTENCE_CHARACTERS]
            raise BrokenTest(sentence, self.node_id, place=self._place(answer.get("place")))
        wake_ns = answer["wake"]
        if wake_ns is not None and (type(wake_ns) is not int or wake_ns < 0):
            raise self._bad("its `wake` is neither a time in ns nor null")
        if wake_ns is not None and wake_ns != self._wake_ns:
            self._loop.at_rank(wake_ns, self._context, partial(self._wake, wake_ns))
        self._wake_ns = wake_ns
        if "handlers" in answer:
            self.handlers = {k: p for k, p in self._places(answer["handlers"]) if p}
            self.waiting = dict(self._places(answer.get("waiting")))

    def _places(self, told: Any) -> list[tuple[str, Place | None]]:
        """Places by type of message, as the node tells them."""
        if type(told) is not dict:
            return []
        return [(kind, self._place(place)) for kind, place in list(told.items())[:_MOST_TOLD]]

    def _place(self, told: Any) -> Place | None:
        """A place that a node tells, if it is in the folder of its program: any file is read."""
        match told:
            case [str(file), int(line)] if "\0" not in file:
                folder = os.path.realpath(self._path.parent)
                is_own = os.path.realpath(file).startswith(folder + os.sep)
                return (file, line) if is_own else None
        return None

    # Why it cannot go on.

    def _bad(self, why: str) -> BrokenTest:
        return BrokenTest(f"Node {self.node_id} does not keep to lockstep: {why}.", self.node_id)

    def _hangs(self, why: str) -> BrokenTest:
        now_s = self._loop.time_ns / NS_PER_S
        return BrokenTest(
            f"Node {self.node_id} hangs: virtual time stands still at {now_s:.3f} s, and {why}.",
            self.node_id,
        )

    def _crashed(self, process: Offspring) -> BrokenTest:
        self._note_stderr(process)
        self._process = None
        return BrokenTest(f"Node {self.node_id} crashed: {ending(process.end())}.", self.node_id)
