"""What everything in a run stands on: one value in place of half a dozen arguments."""

from __future__ import annotations

import random
from collections.abc import Callable
from dataclasses import dataclass

from glomers.bench.clock import Clock
from glomers.bench.history_writer import HistoryWriter
from glomers.bench.options import Options
from glomers.errors import BrokenTest
from glomers.formats.journal import Journal


@dataclass(frozen=True)
class Ground:
    """The ground of one run.

    `options` is the command line, `clock` what everything runs on; `history` gets operations and
    faults, `journal` messages and faults; `fail` ends the test.
    """

    options: Options
    clock: Clock
    history: HistoryWriter
    journal: Journal
    fail: Callable[[BrokenTest], None]

    def dice(self, purpose: str) -> random.Random:
        """The dice for one purpose: a change in one part leaves the others' throws alone."""
        return dice_for(self.options, purpose)


def dice_for(options: Options, purpose: str) -> random.Random:
    """The same where there is no ground yet."""
    return random.Random(f"{options.seed}/{purpose}")
