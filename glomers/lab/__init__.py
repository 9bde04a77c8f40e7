"""What a notebook imports: run a test, load its store folder, draw charts and diagrams.

from glomers import lab

lab.workspace()
run = lab.maelstrom("test -w echo --bin nodes/echo.py --node-count 1 --time-limit 10")
"""

from glomers.lab.errors import LabError, LabWarning, RunFailed, StoreError
from glomers.lab.run import Run
from glomers.lab.shell import maelstrom
from glomers.lab.stats import Stats
from glomers.lab.workspace import workspace

__all__ = [
    "LabError",
    "LabWarning",
    "Run",
    "RunFailed",
    "Stats",
    "StoreError",
    "maelstrom",
    "workspace",
]
