"""Echo throughput over pipes: our node runtime beside the Python demo library of Maelstrom.

    python benchmarks/echo_throughput.py MAELSTROM/demo/python

The argument is the folder `demo/python` of a Maelstrom checkout; it is not part of this project.
Each round feeds both nodes the same requests and times from the first request to the last reply.
"""

from __future__ import annotations

import argparse
import json
import statistics
import subprocess
import sys
import threading
import time
from pathlib import Path
from typing import IO

OURS = Path(__file__).parent.parent / "glomers" / "solutions" / "echo.py"
INIT = {"type": "init", "msg_id": 0, "node_id": "n0", "node_ids": ["n0"]}


def encode(body: dict[str, object]) -> bytes:
    return json.dumps({"src": "c0", "dest": "n0", "body": body}).encode() + b"\n"


def write_all(stdin: IO[bytes], data: bytes) -> None:
    stdin.write(data)
    stdin.flush()


def replies_per_s(node: Path, count: int) -> float:
    """How many echo requests a second the node answers, of `count` at once."""
    requests = [
        encode({"type": "echo", "msg_id": i, "echo": f"Please echo {i}"})
        for i in range(1, count + 1)
    ]
    with subprocess.Popen(
        [sys.executable, node.name],
        cwd=node.parent,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
    ) as process:
        assert process.stdin is not None
        assert process.stdout is not None
        process.stdin.write(encode(INIT))
        process.stdin.flush()
        process.stdout.readline()
        writer = threading.Thread(target=write_all, args=(process.stdin, b"".join(requests)))
        began_s = time.perf_counter()
        writer.start()
        for _ in requests:
            process.stdout.readline()
        elapsed_s = time.perf_counter() - began_s
        writer.join()
        process.kill()
    return count / elapsed_s


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("demo", type=Path, help="the folder demo/python of a Maelstrom checkout")
    parser.add_argument("--rounds", type=int, default=7)
    parser.add_argument("--count", type=int, default=20_000, help="requests in a round")
    arguments = parser.parse_args()
    demo = arguments.demo.resolve() / "echo.py"
    ratios = []
    for round_number in range(1, arguments.rounds + 1):
        ours, theirs = (replies_per_s(node, arguments.count) for node in (OURS, demo))
        ratios.append(ours / theirs)
        print(f"round {round_number}: {ours:,.0f}/s and {theirs:,.0f}/s, ratio {ratios[-1]:.1f}")
    print(f"median ratio {statistics.median(ratios):.1f} (least {min(ratios):.1f})")


if __name__ == "__main__":
    main()
