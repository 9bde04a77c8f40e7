"""What a notebook imports: run a test, load its store folder, draw charts and diagrams.

from glomers import lab

lab.workspace()
run = lab.maelstrom("test -w echo --bin nodes/echo.py --node-count 1 --time-limit 10")
"""

from glomers.errors import LabError, LabWarning, StoreError
from glomers.lab.anomaly import cycle_diagram
from glomers.lab.charts import latency_chart, messages_by_type
from glomers.lab.comparisons import bar_chart, stacked_bar_chart
from glomers.lab.contradictions import guarantees
from glomers.lab.debugger import debugger
from glomers.lab.diagram import spacetime
from glomers.lab.exploration import explore, replay
from glomers.lab.failed import RunFailed
from glomers.lab.figure import Figure
from glomers.lab.final_reads import (
    convergence,
    dirty_writes,
    disagreements,
    final_values,
    forgotten_writes,
    lost_after_restart,
    replicated_share,
)
from glomers.lab.measures import Stats
from glomers.lab.played import counterexample
from glomers.lab.ranking import league
from glomers.lab.run import Run
from glomers.lab.seeds import seeds
from glomers.lab.shell import maelstrom
from glomers.lab.stale import failed_run
from glomers.lab.stepped import Stepped
from glomers.lab.targets import Scoreboard, scoreboard, target_chart
from glomers.lab.ticks import Ticks, check
from glomers.lab.trade_off import trade_off_chart
from glomers.lab.variant import variant
from glomers.lab.visibility import visibility_chart
from glomers.lab.workspace import workspace

__all__ = [
    "Figure",
    "LabError",
    "LabWarning",
    "Run",
    "RunFailed",
    "Scoreboard",
    "Stats",
    "Stepped",
    "StoreError",
    "Ticks",
    "bar_chart",
    "check",
    "convergence",
    "counterexample",
    "cycle_diagram",
    "debugger",
    "dirty_writes",
    "disagreements",
    "explore",
    "failed_run",
    "final_values",
    "forgotten_writes",
    "guarantees",
    "latency_chart",
    "league",
    "lost_after_restart",
    "maelstrom",
    "messages_by_type",
    "replay",
    "replicated_share",
    "scoreboard",
    "seeds",
    "spacetime",
    "stacked_bar_chart",
    "target_chart",
    "trade_off_chart",
    "variant",
    "visibility_chart",
    "workspace",
]
