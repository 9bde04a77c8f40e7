"""What a notebook imports: run a test, load its store folder, draw charts and diagrams.

from glomers import lab

lab.workspace()
run = lab.maelstrom("test -w echo --bin nodes/echo.py --node-count 1 --time-limit 10")
"""

from glomers.lab.charts import latency_chart, messages_by_type
from glomers.lab.comparisons import bar_chart, stacked_bar_chart
from glomers.lab.cycle import cycle_diagram
from glomers.lab.diagram import spacetime
from glomers.lab.errors import LabError, LabWarning, RunFailed, StoreError
from glomers.lab.exploration import counterexample, explore, replay
from glomers.lab.figure import Figure
from glomers.lab.guarantees import guarantees
from glomers.lab.league import league
from glomers.lab.replicas import (
    convergence,
    dirty_writes,
    disagreements,
    final_values,
    forgotten_writes,
    replicated_share,
)
from glomers.lab.restarts import lost_after_restart
from glomers.lab.run import Run
from glomers.lab.seeds import seeds
from glomers.lab.shell import maelstrom
from glomers.lab.stale import failed_run
from glomers.lab.stats import Stats
from glomers.lab.targets import Scoreboard, scoreboard, target_chart
from glomers.lab.ticks import Ticks, check
from glomers.lab.trade_off import trade_off_chart
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
    "StoreError",
    "Ticks",
    "bar_chart",
    "check",
    "convergence",
    "counterexample",
    "cycle_diagram",
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
    "visibility_chart",
    "workspace",
]
