"""How the time and memory of the transaction checkers grow with the history.

Checks serial histories of 5,000 to 40,000 transactions, each in a process of its own, from the
file to the verdict, and prints seconds, peak memory, and how many times those of half the size
they are.

    python benchmarks/checker_growth.py
"""

from __future__ import annotations

import json
import random
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

from glomers.bench.recorded import run_check
from glomers.formats.edn import kw
from glomers.formats.history import Op, write_history

SIZES = (5_000, 10_000, 20_000, 40_000)
WORKLOADS = {"txn-rw-register": "w", "txn-list-append": "append"}
KEYS = 10
WRITES_PER_KEY = 16
MAX_LENGTH = 4
CLIENTS = 10
READ = kw("r")


def serial_history(transactions: int, write: str, seed: int = 0) -> Iterator[Op]:
    """A history of transactions that take effect one by one while others are under way."""
    rng = random.Random(seed)
    state: dict[int, list[int]] = {}
    active = list(range(KEYS))
    under_way: list[tuple[int, list[list[object]]]] = []
    index = 0
    for number in range(transactions + CLIENTS):
        if number >= CLIENTS:
            process, value = under_way.pop(0)
            yield Op(index, index * 1000, "ok", process, "txn", _executed(value, state, write))
            index += 1
        if number < transactions:
            value = _transaction(rng, state, active, write)
            yield Op(index, index * 1000, "invoke", number % CLIENTS, "txn", value)
            under_way.append((number % CLIENTS, value))
            index += 1


def _transaction(
    rng: random.Random, state: dict[int, list[int]], active: list[int], write: str
) -> list[list[object]]:
    """Reads and writes of active keys; a key that was written often makes room for a new one."""
    micro_ops: list[list[object]] = []
    for _ in range(rng.randint(1, MAX_LENGTH)):
        at = rng.randrange(KEYS)
        if rng.random() < 0.5:
            micro_ops.append([READ, active[at], None])
            continue
        counter = state.setdefault(-1 - active[at], [0])
        if counter[0] >= WRITES_PER_KEY:
            active[at] = max(active) + 1
            counter = state.setdefault(-1 - active[at], [0])
        counter[0] += 1
        micro_ops.append([kw(write), active[at], counter[0]])
    return micro_ops


def _executed(
    micro_ops: list[list[object]], state: dict[int, list[int]], write: str
) -> list[list[object]]:
    """The transaction with what its reads show, and its writes put in place."""
    done = []
    for f, key, value in micro_ops:
        elements = state.setdefault(key, [])
        if f is READ:
            shown = list(elements) if write == "append" else elements[-1] if elements else None
            done.append([f, key, shown])
        else:
            elements.append(value)
            done.append([f, key, value])
    return done


def measure(path: Path, workload: str) -> tuple[float, float]:
    """Seconds and peak memory in MB of checking the history at `path` in a fresh process."""
    command = [sys.executable, __file__, "--check", str(path), workload]
    answer = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    result = json.loads(answer)
    assert result["valid"] is True, result
    return result["seconds"], result["peak_mb"]


def check(path: Path, workload: str) -> None:
    """Check a history and print what that took as JSON."""
    started = time.perf_counter()
    verdict = run_check(path, workload)
    seconds = time.perf_counter() - started
    peak_mb = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    print(json.dumps({"valid": verdict["valid"], "seconds": seconds, "peak_mb": peak_mb}))


def main() -> None:
    if sys.argv[1:2] == ["--check"]:
        check(Path(sys.argv[2]), sys.argv[3])
        return
    print(
        f"{'workload':<16} {'transactions':>12} {'seconds':>8} {'ratio':>6} {'MB':>7} {'ratio':>6}"
    )
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "history.edn"
        for workload, write in WORKLOADS.items():
            before: tuple[float, float] | None = None
            for size in SIZES:
                write_history(path, serial_history(size, write))
                seconds, peak_mb = measure(path, workload)
                ratios = (seconds / before[0], peak_mb / before[1]) if before else None
                shown = [f"{ratio:6.2f}" for ratio in ratios] if ratios else [" " * 6] * 2
                print(
                    f"{workload:<16} {size:>12,} {seconds:>8.2f} {shown[0]} "
                    f"{peak_mb:>7.1f} {shown[1]}"
                )
                before = (seconds, peak_mb)


if __name__ == "__main__":
    main()
