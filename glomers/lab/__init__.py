"""What a notebook imports: run a test, load its store folder, draw charts and diagrams.

from glomers import lab

lab.workspace()
run = lab.maelstrom("test -w echo --bin nodes/echo.py --node-count 1 --time-limit 10")
"""

from glomers.lab.charts import latency_chart, messages_by_type
from glomers.lab.diagram import spacetime
from glomers.lab.errors import LabError, LabWarning, RunFailed, StoreError
from glomers.lab.figure import Figure
from glomers.lab.run import Run
from glomers.lab.shell import maelstrom
from glomers.lab.stats import Stats
from glomers.lab.targets import Scoreboard, scoreboard, target_chart
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
    "latency_chart",
    "maelstrom",
    "messages_by_type",
    "scoreboard",
    "spacetime",
    "target_chart",
    "visibility_chart",
    "workspace",
]
