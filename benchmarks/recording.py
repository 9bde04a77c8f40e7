"""How many times as long a run takes when what its nodes know is recorded.

Every version of some official challenges is run by turns with `--record-state` and without, each
time as a command of its own; what counts is the processor's seconds of the whole command.

    python benchmarks/recording.py [ROUNDS] [SOLUTION …]
"""

from __future__ import annotations

import resource
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from statistics import median

from glomers.challenges import CHALLENGES

NAMED = ("3c", "3d", "5b", "6c")


def cpu_s(command: Sequence[str], folder: str) -> float:
    """Seconds of the processor that a command takes."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    subprocess.run(command, cwd=folder, check=True, stdout=subprocess.DEVNULL)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return after.ru_utime - before.ru_utime + after.ru_stime - before.ru_stime


def main() -> None:
    """Run the pairs and print how they compare."""
    rounds = int(sys.argv[1]) if sys.argv[1:] else 5
    print("run                          plain  recorded  ratio: least, in the middle, most")
    for challenge in map(CHALLENGES.__getitem__, NAMED):
        for version in challenge.versions:
            if sys.argv[2:] and version.solution not in sys.argv[2:]:
                continue
            test = ["bench", "test", "--bin", str(version.path), *challenge.flags.split()]
            command = [sys.executable, "-m", "glomers", *test, "--seed", "1"]
            pairs = []
            for _ in range(rounds):
                with tempfile.TemporaryDirectory() as folder:
                    plain = cpu_s(command, folder)
                    pairs.append((plain, cpu_s([*command, "--record-state"], folder)))
            ratios = sorted(recorded / plain for plain, recorded in pairs)
            plain, recorded = (median(column) for column in zip(*pairs, strict=True))
            print(
                f"{challenge.id} {version.solution:<24} {plain:6.2f}s {recorded:7.2f}s  "
                f"{ratios[0]:.2f} {median(ratios):.2f} {ratios[-1]:.2f}",
                flush=True,
            )


if __name__ == "__main__":
    main()
