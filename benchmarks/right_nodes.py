"""Run nodes that are right over many seeds; print how often the bench blamed one.

    python benchmarks/right_nodes.py --seeds 200 --jobs 2

The nodes and their flags are those of `tests/helpers/mutants.py`.
"""

from __future__ import annotations

import argparse
import contextlib
import io
import os
import sys
import tempfile
import time
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from glomers.cli import main as glomers
from tests.helpers.mutants import RIGHT


def blamed(case: int, seeds: int) -> int:
    """In how many of the seeds the node of a case was not found valid."""
    node, workload, flags = RIGHT[case]
    count = 0
    with tempfile.TemporaryDirectory() as folder:
        os.chdir(folder)
        for seed in range(seeds):
            command = ["test", "-w", workload, "--bin", str(node), *flags, "--seed", str(seed)]
            with contextlib.redirect_stdout(io.StringIO()):
                count += glomers(["bench", *command, "--", workload]) != 0
    return count


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--seeds", type=int, default=200)
    parser.add_argument("--jobs", type=int, default=2)
    given = parser.parse_args()
    os.environ["PYTHONHASHSEED"] = "0"
    began_s = time.perf_counter()
    with ProcessPoolExecutor(given.jobs) as pool:
        counts = pool.map(blamed, range(len(RIGHT)), [given.seeds] * len(RIGHT))
        for (node, workload, _), count in zip(RIGHT, counts, strict=True):
            print(f"{node.stem} ({workload}): {given.seeds} runs, {count} blamed", flush=True)
    print(f"{time.perf_counter() - began_s:.0f} s")


if __name__ == "__main__":
    main()
