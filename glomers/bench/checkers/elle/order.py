"""Dependencies from time: one process does one thing after another, and so does the world.

*Real time*: a transaction that ended well (`ok`) comes before every one that was invoked later.
*Processes*: the successful transactions of a process follow one another.  Real time includes
processes, as these do one thing at a time.

All pairs in real time would be as many as the square of the transactions.  For finding components
the *moments* at which transactions ended well serve as helper vertices, each leading to the next
one and to the transactions invoked in between.  For showing cycles only those edges count that no
two others make up for.
"""

from __future__ import annotations

from array import array
from collections.abc import Iterator, Mapping, Sequence

from glomers.bench.checkers.elle.txn import Txn


def process_edges(txns: Sequence[Txn]) -> Iterator[tuple[int, int]]:
    """From each successful transaction to the next one of its process, by number."""
    last_of: dict[int | str, int] = {}
    for number, txn in enumerate(txns):
        if txn.type == "ok":
            process = txn.done.process
            if process in last_of:
                yield last_of[process], number
            last_of[process] = number


class RealTime:
    """What was over before what began, among `txns` (in the order of their invocations)."""

    def __init__(self, txns: Sequence[Txn]) -> None:
        self._txns = txns
        self._moment_of = array("q", [-1]) * len(txns)
        self._next_invoked = array("q")
        invoked = 0
        for number, is_end in self._events():
            if is_end:
                self._moment_of[number] = len(self._next_invoked)
                self._next_invoked.append(invoked)
            else:
                invoked = number + 1
        self.is_empty = not self._next_invoked or self._next_invoked[0] == len(txns)
        self._next_invoked.append(len(txns))

    def _events(self) -> Iterator[tuple[int, bool]]:
        """Invocations and successful ends in order: a transaction's number, and which of both."""
        txns = self._txns
        oks = (number for number, txn in enumerate(txns) if txn.type == "ok")
        ended = sorted(oks, key=lambda number: txns[number].done.index)
        next_invoked = 0
        for end in ended:
            end_index = txns[end].done.index
            while next_invoked < len(txns) and txns[next_invoked].invoked.index < end_index:
                yield next_invoked, False
                next_invoked += 1
            yield end, True
        for number in range(next_invoked, len(txns)):
            yield number, False

    def moment_of(self, number: int) -> int | None:
        """The moment at which a transaction ended well, or None."""
        moment = self._moment_of[number]
        return None if moment < 0 else moment

    def invoked_after(self, moment: int) -> range:
        """The transactions invoked after a moment and before the next one."""
        return range(self._next_invoked[moment], self._next_invoked[moment + 1])

    @property
    def moments(self) -> int:
        """How many moments there are."""
        return len(self._next_invoked) - 1

    def edges_within(self, group_of: Mapping[int, int]) -> Iterator[tuple[int, int]]:
        """The direct edges between transactions of the same group.

        An edge is direct if no successful transaction lies, from beginning to end, in between.
        """
        latest: dict[int, None] = {}
        before: dict[int, list[int]] = {}
        for number, is_end in self._events():
            if is_end:
                for earlier in before.pop(number):
                    latest.pop(earlier, None)
                latest[number] = None
                continue
            if self._txns[number].type == "ok":
                before[number] = list(latest)
            group = group_of.get(number)
            if group is not None:
                for earlier in latest:
                    if group_of.get(earlier) == group:
                        yield earlier, number
