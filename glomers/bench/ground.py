"""What everything in a run stands on: one value in place of half a dozen arguments."""

from __future__ import annotations

import random
from collections.abc import Callable
from dataclasses import dataclass

from glomers.bench.clock import Clock
from glomers.bench.history_writer import HistoryWriter
from glomers.bench.node_dice import SEED_BITS
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


def node_seed(options: Options, node_id: str, life: int) -> int:
    """What decides all that is chance for a node, from its start number `life`, from 0, on."""
    return dice_for(options, f"node/{node_id}/{life}").getrandbits(SEED_BITS)


def dice_for(options: Options, purpose: str) -> random.Random:
    """The same where there is no ground yet."""
    return random.Random(f"{options.seed}/{purpose}")
