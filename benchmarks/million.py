"""Checking histories of a million operations: how long it takes, and how much memory.

Writes for each workload a serial history of a million operations, two lines each, and checks it in
a process of its own, from the file to the verdict.

    python benchmarks/million.py [--operations 1000000] [WORKLOAD ...]
"""

from __future__ import annotations

import argparse
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from checker_growth import CLIENTS, KEYS, WRITES_PER_KEY, measure, serial_history

from glomers.formats.edn import kw
from glomers.formats.history import Op, write_history

SEND, POLL = kw("send"), kw("poll")
READS = 20
"""How often a history of broadcasts has a read, which shows all values so far."""

Call = tuple[int, str, Any, Any]
"""An operation: its process and function, and its value when it begins and when it is ok."""


def one_by_one(calls: Iterator[Call]) -> Iterator[Op]:
    """A history of operations of which each begins when the one before is over."""
    for number, (process, f, value, result) in enumerate(calls):
        yield Op(2 * number, 2000 * number, "invoke", process, f, value)
        yield Op(2 * number + 1, 2000 * number + 1000, "ok", process, f, result)


def broadcasts(operations: int) -> Iterator[Call]:
    """Values one after the other, and now and then a read of them all."""
    every = operations // READS
    count = 0
    for number in range(operations):
        if number % every == every - 1:
            yield number % CLIENTS, "read", None, list(range(count))
        else:
            yield number % CLIENTS, "broadcast", count, count
            count += 1


def logs(operations: int) -> Iterator[Call]:
    """Half sends, to a few logs that make room for new ones when full, half polls of the news.

    One process polls, and follows logs by assigning them.
    """
    followed: list[str] = []
    news: dict[str, list[list[int]]] = {}
    sent = 0
    for number in range(operations):
        begun = sent // (KEYS * WRITES_PER_KEY) * KEYS
        keys = [str(key) for key in range(begun, begun + KEYS)]
        if followed != keys and not news:
            followed = keys
            yield 0, "assign", keys, keys
        elif number % 2 or followed != keys:
            yield 0, "poll", [[POLL]], [[POLL, news]]
            news = {}
        else:
            key, offset = keys[sent % KEYS], sent // KEYS % WRITES_PER_KEY
            sent += 1
            yield number % CLIENTS + 1, "send", [[SEND, key, offset]], [[SEND, key, [offset] * 2]]
            news.setdefault(key, []).append([offset, offset])


HISTORIES: dict[str, Callable[[int], Iterator[Op]]] = {
    "broadcast": lambda operations: one_by_one(broadcasts(operations)),
    "kafka": lambda operations: one_by_one(logs(operations)),
    "txn-rw-register": lambda operations: serial_history(operations, "w"),
}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("workloads", nargs="*", default=list(HISTORIES), metavar="WORKLOAD")
    parser.add_argument("--operations", type=int, default=1_000_000)
    given = parser.parse_args()
    print(f"{'workload':<16} {'operations':>11} {'file (MB)':>10} {'seconds':>8} {'peak (MB)':>10}")
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "history.edn"
        for workload in given.workloads:
            write_history(path, HISTORIES[workload](given.operations))
            seconds, peak_mb = measure(path, workload)
            size_mb = path.stat().st_size / 1e6
            print(
                f"{workload:<16} {given.operations:>11,} {size_mb:>10.0f} {seconds:>8.1f} "
                f"{peak_mb:>10,.0f}",
                flush=True,
            )


if __name__ == "__main__":
    main()
