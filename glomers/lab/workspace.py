"""The work folder: where a notebook writes its nodes and finds its stores."""

from __future__ import annotations

import os
from collections.abc import Iterable
from errno import EACCES
from pathlib import Path

from glomers.errors import LabError


def workspace() -> None:
    """Go to the work folder, and make `nodes/` in it.

    The work folder is `$GLOMERS_WORK` if that is set (`~` is the home folder; a relative path
    counts from where the program began), else `runs/` in the project's folder, wherever below it a
    notebook is run.

    Raises:
        LabError: when there is no project folder above, or the work folder cannot be written.
    """
    given = os.environ.get("GLOMERS_WORK")
    folder = _given(given) if given else _project_root() / "runs"
    nodes = folder / "nodes"
    try:
        nodes.mkdir(parents=True, exist_ok=True)
        if not os.access(nodes, os.W_OK):
            raise PermissionError(EACCES, os.strerror(EACCES))
    except OSError as error:
        raise LabError(
            f"Nodes cannot be written to {nodes}: {error.strerror}. Set GLOMERS_WORK to a folder "
            "of yours to work in."
        ) from None
    os.chdir(folder)


_BEGAN = Path.cwd() if os.path.exists(os.curdir) else Path.home()
"""Where the program began: to go to the work folder must not change where that is."""


def _given(text: str) -> Path:
    """The folder that somebody named.

    Raises:
        LabError: when it begins with the home folder of nobody.
    """
    try:
        return _BEGAN / Path(text).expanduser()
    except RuntimeError:
        raise LabError(
            f"GLOMERS_WORK is {text}, and there is no such home folder: write the whole path."
        ) from None


def _project_root() -> Path:
    """The nearest folder above the current one, or above the package, that holds the notebooks.

    That is a clone of the project, or a pack for students (`glomers workshop`), which has no
    `pyproject.toml`.
    """
    for start in (Path.cwd(), Path(__file__).resolve().parent):
        for folder in _upwards(start):
            if (folder / "README.md").is_file() and (folder / "notebooks").is_dir():
                return folder
    raise LabError(
        "There is no project folder (one with README.md and notebooks/) above this one: "
        "open the notebook inside the project, or set GLOMERS_WORK to the folder to work in."
    )


def _upwards(start: Path) -> Iterable[Path]:
    return [start, *start.parents]
