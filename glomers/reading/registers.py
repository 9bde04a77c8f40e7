"""What a history of registers tells: sessions of transactions, and who wrote which version."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

from glomers.formats.edn import to_json
from glomers.reading.replicas import Transaction

Step = tuple[str, Any, Any]
"""A micro-operation: "r" or "w", the key, and the value read or written."""


class WrittenTwice(ValueError):
    """A value was written to a key twice, so that nobody knows whose was read."""


@dataclass
class SessionTxn:
    """A transaction that took effect, or of which nobody knows; of the latter, only the writes.

    `number` is its place in the history, `place` that in its session, and `begins` the number of
    steps of the session before it. `reads` are external, of what others wrote; `writes` has the
    last value of each key.
    """

    number: int
    session: int
    place: int
    begins: int
    steps: list[Step]
    acknowledged: bool
    final: bool
    reads: list[tuple[Any, Any]] = field(default_factory=list)
    writes: dict[Any, Any] = field(default_factory=dict)

    def __post_init__(self) -> None:
        for f, key, value in self.steps:
            if f == "w":
                self.writes[key] = value
            elif key not in self.writes:
                self.reads.append((key, value))


class Registers:
    """The transactions of a history, by session and by write.

    Raises:
        WrittenTwice: when a value was written to a key twice.
    """

    def __init__(self, txns: Iterable[Transaction]) -> None:
        self.txns: list[SessionTxn] = []
        self.sessions: dict[int, list[SessionTxn]] = defaultdict(list)
        self.writers: dict[tuple[Any, Any], SessionTxn] = {}
        self.positions: dict[tuple[Any, Any], int] = {}
        """Of the write of a value to a key, the number of steps of its session before it."""
        for txn in txns:
            if txn.outcome != "fail":
                self._add(txn)

    def _add(self, asked: Transaction) -> None:
        session = self.sessions[asked.process]
        begins = session[-1].begins + len(session[-1].steps) if session else 0
        is_ok = asked.outcome == "ok"
        shown = [step for step in asked.value if is_ok or step[0] == "w"]
        steps = [(f, _stand_in(key), _stand_in(value)) for f, key, value in shown]
        place = len(self.txns), asked.process, len(session), begins
        txn = SessionTxn(*place, steps, is_ok, asked.final)
        self.txns.append(txn)
        session.append(txn)
        for position, (f, key, value) in enumerate(steps, begins):
            if f != "w":
                continue
            if (key, value) in self.writers:
                raise WrittenTwice(
                    f"Key {key} was set to {value} twice in this run: whose write was read, "
                    "nobody can say."
                )
            self.writers[key, value] = txn
            self.positions[key, value] = position

    def final_values(self) -> dict[Any, Any]:
        """The values that all final reads of a key agree on, by key."""
        found: dict[Any, set[Any]] = defaultdict(set)
        for txn in self.txns:
            for key, value in txn.reads if txn.final else ():
                found[key].add(value)
        return {key: values.pop() for key, values in found.items() if len(values) == 1}


def _stand_in(value: Any) -> Any:
    """A hashable stand-in for a key or value; most are integers, which stand for themselves."""
    return value if value is None or isinstance(value, int | str) else repr(to_json(value))
