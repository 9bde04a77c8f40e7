"""Loading the message journal of a real Maelstrom run of 100,000 messages.

    python benchmarks/real_journal.py

Writes a store with a journal in 25 files, as of 25 nodes, and a history, then times
`Run.load(...).messages`, each time in a new process.
"""

from __future__ import annotations

import argparse
import random
import statistics
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parent.parent
sys.path.insert(0, str(ROOT))

from glomers.formats.history import Op, write_history  # noqa: E402
from tests.helpers.fressian_writer import write_maelstrom_journal  # noqa: E402

CLOCK_NS = 3_000_000_000_000
LOAD = """
import sys, time
from glomers import lab
import pandas
began_s = time.perf_counter()
messages = lab.Run.load(sys.argv[1]).messages
print(time.perf_counter() - began_s, len(messages))
"""


def events(count: int, history: list[Op]) -> Iterator[tuple[str, int, tuple[Any, ...]]]:
    """Sends and receipts; every tenth request comes from a client."""
    rng = random.Random(0)
    time_ns = 0
    for i in range(count):
        time_ns += rng.randrange(200_000)
        src, dest = (f"n{node}" for node in rng.sample(range(25), 2))
        body: dict[str, Any] = {"type": "broadcast_ok", "in_reply_to": i - 1}
        if i % 2 == 0:
            body = {"type": "broadcast", "message": rng.randrange(5000), "msg_id": i}
        if i % 20 == 0:
            src = f"c{i % 50}"
            index = len(history)
            history.append(Op(index, time_ns - 90_000, "invoke", i % 50, "broadcast", i))
        message = (i, src, dest, body)
        yield "send", CLOCK_NS + time_ns, message
        yield "recv", CLOCK_NS + time_ns + 50_000, message


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--count", type=int, default=100_000, help="messages")
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        store = Path(folder)
        history: list[Op] = []
        write_maelstrom_journal(store / "net-journal", events(arguments.count, history), stripes=25)
        write_history(store / "history.edn", history)
        took_s = []
        for number in range(1, arguments.rounds + 1):
            command = [sys.executable, "-c", LOAD, folder]
            done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True)
            seconds, count = done.stdout.split()
            took_s.append(float(seconds))
            print(f"round {number}: {int(count):,} messages in {took_s[-1]:.2f} s")
    print(f"median {statistics.median(took_s):.2f} s (most {max(took_s):.2f} s)")


if __name__ == "__main__":
    main()
