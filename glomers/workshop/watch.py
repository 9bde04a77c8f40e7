"""What the messages of a run show that no checker looks at, though a node owes it all the same.

| name | what is owed |
|---|---|
| a request without a reply | whoever asks another node again and again is answered |
| a committed offset that went back | of two committed offsets of a key the larger one counts |
| a poll that passed over a message | what stands between polled messages is never written later |
| another write than the one asked for | the answer to a transaction names what was asked |
| a read of what nobody wrote | a key shows what a client has written, and before that nothing |
| an acknowledged value that is not shown | a node alone shows at once what it has acknowledged |
| a value that nobody broadcast | a read shows what clients have broadcast, and nothing else |
| an id that is unique by luck | nodes with other names and other dice give other ids |
| a message that is kept too late | what a service is to keep is there before it is acknowledged |
| a read that asks around | a node answers with what it has been told, and asks nobody first |
| another text than the one sent | what is sent back is what came, however long it is |

All of them pass on Maelstrom.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any

from glomers.bench.options import Options
from glomers.errors import BrokenTest
from glomers.explore.tally import Tally
from glomers.formats.names import is_client, is_node
from glomers.protocol import dumps
from glomers.reading.wording import a, at, counted, said, times
from glomers.workshop.keeping import FEW, Keeping
from glomers.workshop.passing import Passing, Poll

UNANSWERED = "a request without a reply"
WENT_BACK = "a committed offset that went back"
PASSED_OVER = "a poll that passed over a message"
MISREPORTED = "another write than the one asked for"
UNWRITTEN = "a read of what nobody wrote"
STALE = "an acknowledged value that is not shown"
INVENTED = "a value that nobody broadcast"
LUCKY = "an id that is unique by luck"
LATE = "a message that is kept too late"
ASKS_AROUND = "a read that asks around"
OTHER_TEXT = "another text than the one sent"
HANDLERS = {
    WENT_BACK: "commit_offsets",
    PASSED_OVER: "poll",
    MISREPORTED: "txn",
    UNWRITTEN: "txn",
    STALE: "broadcast",
    INVENTED: "read",
    LUCKY: "generate",
    LATE: "send",
    ASKS_AROUND: "read",
    OTHER_TEXT: "echo",
}
"""The request whose handler each is about, where it is about one."""
ASKED_AGAIN = 3
"""So often are requests of a type asked anew before no reply at all is taken for never."""
ALL_OF_READS = 10
"""When of so many reads each was answered after its node had asked others, it was no chance."""
BASE_MESSAGES = 200_000
MESSAGES_PER_REQUEST = 50
"""A run may have so many messages, and so many more for each request of a client.

That is four times what the series' nodes need where they need most, so that no right one is ended.
"""
TOO_MUCH = "are too many for a check"

Body = Mapping[str, Any]
MISSHAPEN = (AttributeError, IndexError, KeyError, TypeError, ValueError)
"""What comes of reading a message of the wrong form, of which clients and services tell."""


@dataclass
class _Requests:
    """The requests of one type between nodes."""

    answered: int = 0
    seen: set[bytes] = field(default_factory=set)
    again: int = 0
    first: str = ""


class Watch(Tally):
    """A tally that also looks at what is said, and ends a run that says too much.

    Args:
        options: the command line of the run.
        shows_at_once: whether a node has to show at once what it has acknowledged.
        most: how many messages it may have, if not as many as usual.
        lucky: what shows that ids of this node are unique by luck only, as a sentence.
    """

    def __init__(
        self,
        options: Options,
        *,
        shows_at_once: bool = False,
        most: int | None = None,
        lucky: str | None = None,
    ) -> None:
        super().__init__()
        requests = options.rate * options.time_limit_s
        self._most = most or BASE_MESSAGES + int(MESSAGES_PER_REQUEST * requests)
        self._requests_of_clients = int(requests)
        self._is_calm = not options.nemesis
        self._lucky = lucky
        self._shows_at_once = shows_at_once
        self._open: dict[tuple[str, int], Body] = {}
        self._known: dict[tuple[str, int], Any] = {}
        self._committed: dict[str, dict[str, int]] = defaultdict(dict)
        self._passing = Passing()
        self._keeping = Keeping()
        self._told_others: dict[str, int] = defaultdict(int)
        self._reads = 0
        self._own_reads = 0
        self._broadcast: set[Any] = set()
        self._written: set[bytes] = set()
        self._acknowledged: dict[Any, None] = {}
        self._asked: dict[tuple[str, int], str] = {}
        self._between: dict[str, _Requests] = defaultdict(_Requests)

    def heard(self, time_ns: int, message: Body) -> None:
        """Look at a message that is sent.

        Raises:
            BrokenTest: when the run has more messages than a check can go through.
        """
        src, dest, body = message["src"], message["dest"], message["body"]
        if self.messages > self._most:
            raise BrokenTest(self._too_much(time_ns, src, dest, body), src)
        if is_client(src):
            self._open[src, body["msg_id"]] = body
            self._known[src, body["msg_id"]] = self._known_to(dest, body)
        elif is_node(src):
            with suppress(*MISSHAPEN):
                self._said(time_ns, src, dest, body)

    def _said(self, time_ns: int, node: str, dest: str, body: Body) -> None:
        """Look at what a node says, which may be of any shape."""
        if is_client(dest):
            self._answer(time_ns, node, dest, body)
        elif is_node(dest):
            self._told_others[node] += 1
            if self._is_calm:
                self._talk(time_ns, node, dest, body)
        elif body.get("type") in ("write", "cas"):
            self._keeping.written(node, body)

    def _too_much(self, time_ns: int, src: str, dest: str, body: Body) -> str:
        return (
            f"{self._most:,} messages within {time_ns / 1e9:.1f} s, in a run of about "
            f"{self._requests_of_clients:,} requests, {TOO_MUCH}: the last is "
            f"{a(str(body.get('type')))} from {src} to {dest}"
        )

    # Clients and nodes

    def _known_to(self, node: str, body: Body) -> Any:
        """What the answer to a request must not fall behind."""
        if body["type"] == "list_committed_offsets":
            return dict(self._committed[node])
        if body["type"] == "broadcast":
            self._broadcast.add(body["message"])
        if body["type"] == "txn":
            self._written.update(dumps([key, value]) for f, key, value in body["txn"] if f == "w")
        if body["type"] == "send":
            self._keeping.asked(node, body["key"], body["msg"])
        if body["type"] == "read":
            return len(self._acknowledged), self._told_others[node]
        return None

    def _answer(self, time_ns: int, node: str, client: str, body: Body) -> None:
        number = body.get("in_reply_to")
        asked = self._open.pop((client, number), None) if type(number) is int else None
        if asked is None:
            return
        known = self._known.pop((client, number))  # type: ignore[arg-type]
        judge = _JUDGES.get(str(body.get("type")))
        if judge is not None:
            for name, sentence in judge(self, node, asked, body, known):
                self.wrong.setdefault(name, f"{sentence} ({at(time_ns)}).")

    def _send(self, node: str, asked: Body, body: Body, known: Any) -> Iterator[tuple[str, str]]:
        offset = body.get("offset")
        if type(offset) is not int:
            return  # which is a reply of the wrong form
        self._keeping.acknowledged(node, asked["key"], asked["msg"])
        if self._keeping.late >= FEW:
            yield (
                LATE,
                f"{self._keeping.late} messages were acknowledged before they were written to the "
                f"service, the last by {node}: should that fail they are lost",
            )
        if poll := self._passing.acknowledged(asked["key"], offset):
            yield _passed_over(asked["key"], offset, poll)

    def _poll(self, node: str, asked: Body, body: Body, known: Any) -> Iterator[tuple[str, str]]:
        for key, pairs in (body.get("msgs") or {}).items():
            shown = {offset for offset, _ in pairs or ()}
            if found := self._passing.polled(node, key, asked["offsets"].get(key, 0), shown):
                yield _passed_over(key, *found)

    def _commit(self, node: str, asked: Body, body: Body, known: Any) -> Iterator[tuple[str, str]]:
        _raise_to(self._committed[node], asked["offsets"])
        return iter(())

    def _list_committed(
        self, node: str, asked: Body, body: Body, known: dict[str, int]
    ) -> Iterator[tuple[str, str]]:
        shown = body.get("offsets") or {}
        for key in asked["keys"]:
            if key in known and shown.get(key, -1) < known[key]:
                has = f"the offset {shown[key]}" if key in shown else "none"
                yield (
                    WENT_BACK,
                    f"{node} had the offset {known[key]} of key {said(key)} committed, and shows "
                    f"{has} afterwards: of two committed offsets the larger one counts",
                )
        _raise_to(self._committed[node], shown)

    def _txn(self, node: str, asked: Body, body: Body, known: Any) -> Iterator[tuple[str, str]]:
        done = body.get("txn") or []
        if len(done) != len(asked["txn"]):
            yield (
                MISREPORTED,
                f"{node} answers a transaction of {len(asked['txn'])} operations with {len(done)}",
            )
        for wanted, got in zip(asked["txn"], done, strict=False):
            most = 2 if wanted[0] == "r" else 3
            if wanted[:most] != got[:most]:
                yield (
                    MISREPORTED,
                    f"{node} was asked for {said(wanted)} and answers {said(got)}: an answer names "
                    "the operation, the key and, of a write, the value that was written",
                )
            elif wanted[0] == "r" and got[2] is not None and dumps(got[1:]) not in self._written:
                yield (
                    UNWRITTEN,
                    f"{node} shows {said(got[2])} for a read of the key {said(got[1])}, and no "
                    "client has written that: what nobody has written reads as `null`",
                )

    def _acknowledge(
        self, node: str, asked: Body, body: Body, known: Any
    ) -> Iterator[tuple[str, str]]:
        if self._shows_at_once:
            self._acknowledged[asked["message"]] = None
        return iter(())

    def _read(
        self, node: str, asked: Body, body: Body, known: tuple[int, int]
    ) -> Iterator[tuple[str, str]]:
        shown = body.get("messages")
        if not isinstance(shown, list):
            return  # of another task
        acknowledged, told = known
        self._reads += 1
        self._own_reads += self._told_others[node] == told
        if self._own_reads:
            self.wrong.pop(ASKS_AROUND, None)
        elif self._reads >= ALL_OF_READS:
            yield (
                ASKS_AROUND,
                f"each of {self._reads} reads had its node ask others before it answered: a node "
                "is to show what it has been told, as others cannot be asked while the network is "
                "cut",
            )
        if invented := [value for value in shown if value not in self._broadcast]:
            yield INVENTED, f"{node} shows {said(invented[0])}, which no client has broadcast"
        due = [*self._acknowledged][:acknowledged]
        if left := set(due).difference(shown):
            yield (
                STALE,
                f"{node} had acknowledged {min(left)}, and a read that was asked afterwards does "
                "not show it: what is acknowledged has to be there already",
            )

    def _generate(
        self, node: str, asked: Body, body: Body, known: Any
    ) -> Iterator[tuple[str, str]]:
        if self._lucky:
            yield LUCKY, self._lucky

    def _echo(self, node: str, asked: Body, body: Body, known: Any) -> Iterator[tuple[str, str]]:
        if (sent := asked["echo"]) != (got := body.get("echo")):
            yield (
                OTHER_TEXT,
                f"{node} was sent {said(sent)}, a text of {counted(len(sent), 'character')}, and "
                f"answers {said(got)}",
            )

    # Nodes among each other

    def _talk(self, time_ns: int, src: str, dest: str, body: Body) -> None:
        kind, number = str(body.get("type")), body.get("msg_id")
        if type(reply_to := body.get("in_reply_to")) is int:
            if (asked := self._asked.pop((dest, reply_to), None)) is not None:
                self._between[asked].answered += 1
                self.wrong.pop(UNANSWERED, None)
            return
        if type(number) is not int:
            return
        self._asked[src, number] = kind
        requests = self._between[kind]
        if requests.answered:
            return
        requests.first = requests.first or f"the first from {src} to {dest} {at(time_ns)}"
        words = dumps({**body, "msg_id": [src, dest]})
        requests.again += words in requests.seen
        requests.seen.add(words)
        if requests.again >= ASKED_AGAIN:
            self.wrong[UNANSWERED] = (
                f"`{kind}` is never answered, and asked again and again ({requests.first}; "
                f"{times(requests.again)} anew): its handler has to return the body of a reply."
            )


_JUDGES = {
    "send_ok": Watch._send,
    "poll_ok": Watch._poll,
    "commit_offsets_ok": Watch._commit,
    "list_committed_offsets_ok": Watch._list_committed,
    "txn_ok": Watch._txn,
    "broadcast_ok": Watch._acknowledge,
    "read_ok": Watch._read,
    "generate_ok": Watch._generate,
    "echo_ok": Watch._echo,
}
"""What looks at an answer, by its type."""


class GivenIds(Tally):
    """Keeps the ids that nodes give: by whom each was given, and for which request.

    `twice` is the first id that two nodes gave, with both of them.
    """

    def __init__(self) -> None:
        super().__init__()
        self.ids: dict[bytes, str] = {}
        self.requests: dict[tuple[str, Any], bytes] = {}
        self.twice: tuple[bytes, str, str] | None = None

    def heard(self, time_ns: int, message: Body) -> None:
        """Keep the id, if it is one that is given."""
        body = message["body"]
        if body.get("type") == "generate_ok":
            id = dumps(body.get("id"))
            other = self.ids.get(id)
            if other and other != message["src"] and not self.twice:
                self.twice = id, other, message["src"]
            self.ids[id] = message["src"]
            self.requests[message["dest"], dumps(body.get("in_reply_to"))] = id


def _passed_over(key: str, offset: int, poll: Poll) -> tuple[str, str]:
    return (
        PASSED_OVER,
        f"a poll at {poll.node} showed the offset {poll.last} of key {said(key)} and not the "
        f"offset {offset} before it, where a message is acknowledged: whoever polled that goes on "
        "behind it and never sees it",
    )


def _raise_to(offsets: dict[str, int], news: Mapping[str, int]) -> None:
    for key, offset in news.items():
        offsets[key] = max(offset, offsets.get(key, offset))
