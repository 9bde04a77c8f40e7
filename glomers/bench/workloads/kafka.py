"""kafka: logs by key, to which clients append and from which they poll what they are assigned."""

from __future__ import annotations

import asyncio
import random
from typing import Any, ClassVar

from glomers.bench.clients import Client
from glomers.bench.clock import NS_PER_S
from glomers.bench.options import Options
from glomers.bench.schema import INTEGER, LIST, OFFSETS, Check, Reply
from glomers.bench.shapes import (
    ANY_VALUE,
    Holds,
    Shape,
    Shapes,
    is_anything,
    is_pair,
    is_vector,
    micro_ops,
)
from glomers.bench.workloads.keys import KeyPool
from glomers.bench.workloads.workload import (
    Indeterminate,
    Invocation,
    Result,
    Runner,
    Session,
    Workload,
)
from glomers.formats.edn import kw
from glomers.formats.history import Op

SEND, POLL = kw("send"), kw("poll")
ASSIGN_SHARE = 1 / 64
UNSEEN_SHARE = 1 / 3
CRASH_INTERVAL_S = 30
FINAL_S = 10
DIGESTION_S = 1.0
FINAL_POLL_INTERVAL_S = 0.2
FROM_THE_BEGINNING = {kw("seek-to-beginning?"): True}
FINAL_POLL = {kw("poll-ms"): 1000}

Offsets = dict[str, int]


def _is_pair(value: Any) -> bool:
    return isinstance(value, list) and len(value) == 2 and type(value[0]) is int


def _are_messages(value: Any) -> bool:
    _, is_list = LIST
    return isinstance(value, dict) and all(
        is_list(pairs) and all(map(_is_pair, pairs or ())) for pairs in value.values()
    )


MESSAGES: Check = ("a map from keys to lists of [offset, message]", _are_messages)
SEND_OK = Reply("send_ok", {"offset": INTEGER})
POLL_OK = Reply("poll_ok", {"msgs": MESSAGES})
COMMIT_OK = Reply("commit_offsets_ok")
COMMITTED_OK = Reply("list_committed_offsets_ok", {"offsets": OFFSETS})


def _are_offset_pairs(value: Any) -> bool:
    """Whether `value` is `{key [[offset message] ...]}`, as it stands in a history."""
    return isinstance(value, dict) and all(
        isinstance(messages, list) and all(map(is_pair, messages)) for messages in value.values()
    )


def _is_log_txn(send: Holds) -> Holds:
    """A test for `[[:send key value]]`, with `send` for the value, and `[[:poll {...}]]`."""
    is_send = micro_ops(send=send)

    def fits(micro_op: Any) -> bool:
        if not isinstance(micro_op, list) or micro_op[:1] != [POLL]:
            return is_send([micro_op])
        return len(micro_op) <= 2 and all(map(_are_offset_pairs, micro_op[1:]))

    return lambda value: isinstance(value, list) and all(map(fits, value))


LOG = Shape(
    "a vector of [:send key [offset message]] or [:poll {key [[offset message] ...]}]",
    _is_log_txn(is_pair),
    _is_log_txn(is_anything),
)
KEYS = Shape("a vector of keys", is_vector, is_vector)


class KafkaSession(Session):
    """Sends and polls; remembers the offsets to poll from for the keys it is assigned."""

    def __init__(self, client: Client, node: str, workload: Workload) -> None:
        super().__init__(client, node, workload)
        self._offsets: Offsets = {}

    async def invoke(self, process: int, f: str, value: Any) -> Any:
        if f == "crash":
            raise Indeterminate
        if f == "assign":
            return await self._assign(value)
        if f == "send":
            return await self._send(*value[0])
        return await self._poll()

    async def _ask(self, request: dict[str, Any], reply: Reply) -> dict[str, Any]:
        return await self.client.rpc(self.node, request, reply, self.workload.timeout_s)

    async def _assign(self, keys: list[str]) -> list[str]:
        """Ask for committed offsets and, as Maelstrom does, start new keys at 0 all the same."""
        await self._ask({"type": "list_committed_offsets", "keys": keys}, COMMITTED_OK)
        self._offsets = {key: self._offsets.get(key, 0) for key in keys}
        return keys

    async def _send(self, f: Any, key: str, message: int) -> Any:
        body = await self._ask({"type": "send", "key": key, "msg": message}, SEND_OK)
        return [[SEND, key, [body["offset"], message]]]

    async def _poll(self) -> Any:
        """Poll, go on to the next offsets, and commit what was polled."""
        body = await self._ask({"type": "poll", "offsets": self._offsets}, POLL_OK)
        messages = {key: pairs or [] for key, pairs in body["msgs"].items()}
        for key, pairs in messages.items():
            next_offset = max((offset for offset, _ in pairs), default=-1) + 1
            self._offsets[key] = max(self._offsets.get(key, next_offset), next_offset)
        polled = _highest(messages)
        if polled:
            await self._digest()
            await self._ask({"type": "commit_offsets", "offsets": polled}, COMMIT_OK)
        return [[POLL, messages]]

    async def _digest(self) -> None:
        """Do with messages what there is to do before they are committed: nothing."""


class SlowReader(KafkaSession):
    """Takes its time between a poll and the commit, so that others commit larger offsets first."""

    async def _digest(self) -> None:
        await asyncio.sleep(self.workload.rng.random() * DIGESTION_S)


def _highest(messages: dict[str, list[Any]]) -> Offsets:
    """The highest offset of each key that has any message."""
    return {key: max(pair[0] for pair in pairs) for key, pairs in messages.items() if pairs}


class Kafka(Workload):
    """Half of the operations sends, half polls; now and then keys are assigned, or clients crash.

    A third of the assignments adds the keys that have messages nobody has polled yet.  In the
    end every client starts afresh and polls all keys from the beginning until it has seen the
    highest offset of each, for ten seconds at most.
    """

    shapes: ClassVar[Shapes] = {
        **dict.fromkeys(("send", "poll", "txn"), LOG),
        **dict.fromkeys(("assign", "subscribe"), KEYS),
        **dict.fromkeys(("crash", "debug-topic-partitions"), ANY_VALUE),
    }
    checker = "glomers.bench.checkers.kafka"
    idempotent = frozenset({"assign"})
    has_final_phase = True
    session = KafkaSession

    def __init__(self, options: Options, rng: random.Random) -> None:
        super().__init__(options, rng)
        self._keys = KeyPool(options.key_count, options.max_writes_per_key, rng)
        self._pending: tuple[Invocation, str] | None = None
        self._next_crash_ns = 0
        self._highest: Offsets = {}
        self._sent: Offsets = {}
        self._polled: Offsets = {}

    def next_op(self, process: int, now_ns: int) -> Invocation:
        if now_ns >= self._next_crash_ns:
            mean_ns = CRASH_INTERVAL_S * NS_PER_S / self.options.concurrency
            self._next_crash_ns = now_ns + int(self.rng.random() * 2 * mean_ns)
            return "crash", None
        invocation, key = self._pending or self._draw()
        if self.rng.random() < ASSIGN_SHARE:
            self._pending = invocation, key
            return "assign", self._with_unseen([key])
        self._pending = None
        return invocation

    def _draw(self) -> tuple[Invocation, str]:
        """A send or a poll, and the key that it, or an assignment in its place, is about."""
        while True:
            if self.rng.random() < 0.5:
                return ("poll", [[POLL]]), str(self._keys.draw())
            if written := self._keys.draw_write():
                key, message = written
                return ("send", [[SEND, str(key), message]]), str(key)

    def _with_unseen(self, keys: list[str]) -> list[str]:
        if self._sent and self.rng.random() < UNSEEN_SHARE:
            return list(dict.fromkeys([*self._sent, *keys]))
        return keys

    def observe(self, completion: Op) -> None:
        """Keep track of what was sent and what has been polled."""
        if completion.type != "ok" or completion.f not in ("send", "poll"):
            return
        sent, polled = _offsets_of(completion)
        for offsets, news in ((self._sent, sent), (self._polled, polled)):
            _raise_to(offsets, news)
            _raise_to(self._highest, news)
        for key in [*sent, *polled]:
            if self._polled.get(key, -1) >= self._sent.get(key, -1):
                self._sent.pop(key, None)
                self._polled.pop(key, None)

    async def final_phase(self, runner: Runner) -> None:
        """Let every client poll everything from the beginning."""
        if self._highest:
            deadline_ns = runner.now_ns() + FINAL_S * NS_PER_S
            threads = runner.threads_in_any_order()
            await asyncio.gather(*[self._catch_up(runner, t, deadline_ns) for t in threads])

    async def _catch_up(self, runner: Runner, thread: int, deadline_ns: int) -> None:
        dice = random.Random(f"{self.options.seed}/final polls of {thread}")
        waiting_for = dict(self._highest)
        keys = sorted(waiting_for, key=lambda key: (len(key), key))  # a node may invent some
        await runner.perform(thread, ("crash", None))
        await runner.perform(thread, ("assign", keys), extra=FROM_THE_BEGINNING)
        while waiting_for and runner.now_ns() < deadline_ns:
            polled = await runner.perform(thread, ("poll", [[POLL]]), extra=FINAL_POLL)
            if polled.type == "ok":
                for key, offset in _offsets_of(polled)[1].items():
                    if offset >= waiting_for.get(key, offset + 1):
                        del waiting_for[key]
            if waiting_for:
                await asyncio.sleep(dice.random() * 2 * FINAL_POLL_INTERVAL_S)

    @classmethod
    def anomalies(cls, result: Result) -> list[str]:
        return sorted(name.name for name in result.get(kw("error-types"), ()))

    @classmethod
    def convicting(cls, result: Result) -> list[str]:
        return sorted(name.name for name in result.get(kw("bad-error-types"), ()))


def _offsets_of(completion: Op) -> tuple[Offsets, Offsets]:
    """The highest offsets by key that an operation sent to, and those that it polled."""
    sent: Offsets = {}
    polled: Offsets = {}
    for f, *arguments in completion.value:
        if f == SEND:
            key, (offset, _) = arguments
            sent[key] = offset
        else:
            polled |= _highest(arguments[0])
    return sent, polled


def _raise_to(offsets: Offsets, news: Offsets) -> None:
    for key, offset in news.items():
        offsets[key] = max(offsets.get(key, offset), offset)


class SlowReaders(Kafka):
    """The same with clients that take their time, as those who work with messages do."""

    session = SlowReader


WORKLOADS = {"kafka": Kafka, "kafka-slow-readers": SlowReaders}
