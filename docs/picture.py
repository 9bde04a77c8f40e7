"""Draw what is drawn once: `python docs/picture.py` writes three pictures.

`docs/partition.svg` is that of the README, `glomers/series/smallest_failure.html` that of the front
page of a batch, and `glomers/series/sharing.png` what others show beside a link to a page.
"""

from __future__ import annotations

import math
import os
import tempfile
from pathlib import Path

from glomers import lab
from glomers.drawing.palette import COLOURS, ERROR_COLOUR, FAINT_INK
from glomers.lab.figure import canvas, to_png
from glomers.lab.played import steps_of
from glomers.lab.style import WIDTH_IN

DOCS = Path(__file__).resolve().parent
SOLUTIONS = DOCS.parent / "glomers" / "solutions"


SERIES = DOCS.parent / "glomers" / "series"


def partition() -> str:
    """A value that is sent again until a cut has healed, as SVG."""
    run = lab.maelstrom(
        f"test -w broadcast --bin {SOLUTIONS / 'broadcast_retry.py'} --node-count 5 "
        "--time-limit 20 --rate 2 --latency 100 --nemesis partition --nemesis-interval 3",
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
    return diagram.svg + "\n"


def smallest_failure() -> str:
    """How a broadcast that is sent but once loses a value, as HTML to step through."""
    found = lab.explore(
        "test -w broadcast --node-count 5 --time-limit 20 --rate 10 --nemesis partition",
        bin=SOLUTIONS / "broadcast_all.py",
        seeds=1,
        stores=False,
    )
    run = lab.replay(found.attrs["trace"])
    assert run.store is not None
    return steps_of(run.store)


def sharing() -> bytes:
    """A hub that tells eight others, and what the series is called: a PNG of 1200 by 630 pixels."""
    with canvas(WIDTH_IN * 630 / 1200) as chart:
        chart.set_dpi(1200 / WIDTH_IN)
        chart.set_layout_engine("none")
        axes = chart.add_axes((0, 0, 1, 1), xlim=(0, 1200), ylim=(0, 630), frame_on=False)
        axes.set_axis_off()
        hub = (880, 315)
        for number in range(8):
            angle = math.tau * (number + 0.5) / 8
            leaf = (hub[0] + 210 * math.cos(angle), hub[1] + 210 * math.sin(angle))
            cut = number == 5
            colour, line = (ERROR_COLOUR, ":") if cut else (COLOURS[0], "-")
            axes.plot(*zip(hub, leaf, strict=True), color=colour, linestyle=line, linewidth=3)
            axes.plot(*leaf, "o", color=colour, markersize=20)
        axes.plot(*hub, "o", color=COLOURS[1], markersize=30)
        axes.text(
            70, 330, "Distributed\nsystems in\nnotebooks", size=34, weight="bold", va="center"
        )
        axes.text(70, 110, "build, break, see: the Gossip Glomers", size=14, color=FAINT_INK)
        return to_png(chart)


def main() -> None:
    with tempfile.TemporaryDirectory() as folder:
        os.chdir(folder)
        (DOCS / "partition.svg").write_text(partition(), encoding="utf-8")
        (SERIES / "smallest_failure.html").write_text(smallest_failure(), encoding="utf-8")
        (SERIES / "sharing.png").write_bytes(sharing())


if __name__ == "__main__":
    main()
