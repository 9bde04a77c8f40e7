"""How large the pages to step through are, how soon they open, and how long a step takes.

Three runs are made: the smallest failure of lesson 03c, and the official ones of 3c and 3d (with
the tree), with what the nodes knew.  Their pages are opened in Chromium; a step is measured from
the press of a button until everything is laid out anew, in seconds of the processor, at five places
of the run, forwards and backwards.  It needs Chromium.
"""

from __future__ import annotations

import os
import re
import sys
import tempfile
import time
from collections.abc import Iterator
from html import unescape
from pathlib import Path
from statistics import median

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from glomers import lab
from glomers.challenges import SOLUTIONS
from glomers.drawing.stepper.document import page
from glomers.lab.accounts import account_of
from tests.helpers.chromium import Chromium, Tab, find_chromium

COMMON = "test -w broadcast --time-limit 20"
PARTITIONED = f"{COMMON} --node-count 5 --rate 10 --nemesis partition"
PARTS = (0.02, 0.25, 0.5, 0.75, 0.98)
STEPS_AT_EACH = 40
GO = """
(() => {
  const slider = document.getElementById("time");
  slider.value = Math.floor(%s * slider.max);
  slider.dispatchEvent(new Event("input"));
})()
"""
STEP = "document.getElementById('%s').click(); document.body.offsetHeight"
READY = "!document.getElementById('stepper').hidden"


def pages() -> dict[str, str]:
    """The pages by what they show."""
    lost = lab.maelstrom(PARTITIONED, bin=SOLUTIONS / "broadcast_all.py", expect="any")
    found = {"03c's counterexample": framed(lost.counterexample().frame)}
    recorded = f"{PARTITIONED} --record-state"
    found["3c with state"] = whole(lab.maelstrom(recorded, bin=SOLUTIONS / "broadcast_retry.py"))
    tree = f"{COMMON} --node-count 25 --rate 100 --latency 100 --record-state"
    found["3d with the tree"] = whole(lab.maelstrom(tree, bin=SOLUTIONS / "broadcast_tree.py"))
    return found


def framed(frame: str) -> str:
    """The page in a frame."""
    found = re.search('srcdoc="([^"]*)"', frame)
    assert found is not None
    return unescape(found[1])


def whole(run: lab.Run) -> str:
    """The page of a run as `glomers view` writes it."""
    return page([account_of(run)], "A run")


def measure(browser: Chromium, name: str, path: Path) -> None:
    """Print the figures of a page."""
    print(f"{name}: {path.stat().st_size / 1000:.0f} kB")
    opened = []
    for _ in range(5):
        with browser.tab(path.as_uri()) as tab:
            tab.wait(READY)
            opened.append(tab.run("performance.getEntriesByName('shown')[0].startTime"))
    print(f"  shown after {min(opened):.0f} ms at the least, {median(opened):.0f} ms in the middle")
    for width in (1200, 360):
        with browser.tab(path.as_uri(), width=width) as tab:
            tab.wait(READY)
            for button in ("next", "previous"):
                taken = sorted(steps_ms(tab, STEP % button))
                print(
                    f"  {button} at {width} px: {median(taken):.1f} ms in the middle, 95 % below "
                    f"{taken[int(len(taken) * 0.95)]:.1f} ms, at most {taken[-1]:.1f} ms"
                )


def steps_ms(tab: Tab, step: str) -> Iterator[float]:
    """What each step takes of the processor, in ms."""
    for part in PARTS:
        tab.run(GO % part)
        time.sleep(0.5)  # until that is painted
        for _ in range(STEPS_AT_EACH):
            before = tab.cpu_s()
            tab.run(step)
            yield (tab.cpu_s() - before) * 1e3


def main() -> None:
    """Make the runs and measure their pages."""
    with tempfile.TemporaryDirectory() as folder:
        os.chdir(folder)
        with Chromium(find_chromium()) as browser:
            for name, text in pages().items():
                path = Path(folder, "page.html")
                path.write_text(text, encoding="utf-8")
                measure(browser, name, path)


if __name__ == "__main__":
    main()
