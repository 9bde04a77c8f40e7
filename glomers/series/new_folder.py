"""`glomers init DIR`: lessons and exercises in a new folder, for those who have but the package."""

from __future__ import annotations

from pathlib import Path
from shutil import copyfile

from glomers.errors import BadInput
from glomers.files import reason, shipped_notebooks, shown

_README = """# Distributed systems in notebooks

Lessons and exercises around the Gossip Glomers challenges. Begin with
`jupyter lab notebooks/00-start-here.ipynb`, run the cells from top to bottom, then change something
and run them again: what you do here breaks nothing.

| in this folder | what happens |
|---|---|
| `glomers run` | executes all lessons and makes pages of them, below `runs/` |
| `glomers run 03d` | executes one |
| `glomers export` | makes the pages again |
| `glomers challenge 3c` | runs the best node of a challenge at its official flags |
| `glomers assess 3c --bin runs/nodes/my_3c.py` | takes your own node through its stages |

The exercises are in `notebooks/exercises/`, the nodes that notebooks write in `runs/nodes/`.
`glomers doctor` says what is installed and what is missing.
"""


def write_series(folder: Path) -> int:
    """Write the series to a folder that is empty or not there yet; returns how many notebooks.

    Raises:
        BadInput: when the folder cannot be used, or the package has no notebooks.
    """
    source = shipped_notebooks()
    if source is None:
        raise BadInput("The lessons are not installed with this package: install it anew.")
    try:
        if folder.exists() and any(folder.iterdir()):
            raise BadInput(f"{shown(folder)} is not empty: name a new folder for the series.")
        for path in _files(source):
            copy = folder / "notebooks" / path.relative_to(source)
            copy.parent.mkdir(parents=True, exist_ok=True)
            copyfile(path, copy)
        (folder / "README.md").write_text(_README, encoding="utf-8")
    except OSError as error:
        raise BadInput(
            f"{shown(folder)} cannot be written: {reason(error)}. Name another folder."
        ) from error
    return sum(1 for _ in (folder / "notebooks").rglob("*.ipynb"))


def _files(folder: Path) -> list[Path]:
    """What lies in a folder and below it, without what is hidden, as checkpoints are."""
    found = (path for path in folder.rglob("*") if path.is_file())
    return [path for path in found if "/." not in f"/{path.relative_to(folder).as_posix()}"]
