"""Draw the picture of the README: `python docs/picture.py` writes `docs/partition.svg`."""

from __future__ import annotations

import os
import tempfile
from pathlib import Path

from glomers import lab

DOCS = Path(__file__).resolve().parent
NODE = DOCS.parent / "glomers" / "solutions" / "broadcast_retry.py"


def main() -> None:
    with tempfile.TemporaryDirectory() as folder:
        os.chdir(folder)
        run = lab.maelstrom(
            f"test -w broadcast --bin {NODE} --node-count 5 --time-limit 20 --rate 2 "
            "--latency 100 --nemesis partition --nemesis-interval 3",
            seed=7,
        )
        healed_s = run.partitions.iloc[2]["end_s"]
        diagram = lab.spacetime(
            run,
            healed_s - 0.8,
            healed_s + 1.1,
            columns=run.nodes,
            title="A broadcast while the network is cut: sent again until it arrives",
        )
    assert diagram.svg is not None
    (DOCS / "partition.svg").write_text(diagram.svg + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
