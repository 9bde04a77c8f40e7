"""Where Maelstrom is: one definition for the lab, the installation and `glomers doctor`."""

from __future__ import annotations

import os
import shutil
from dataclasses import dataclass
from pathlib import Path

from glomers.engine.maelstrom.release import PINNED, Release
from glomers.errors import MaelstromError

VARIABLE = "GLOMERS_MAELSTROM"
PROGRAM = "maelstrom"


@dataclass(frozen=True)
class Installation:
    """A Maelstrom: its program, and in words how it was found."""

    program: Path
    where: str


def cache_folder() -> Path:
    """The folder in the user's cache that is this project's."""
    base = os.environ.get("XDG_CACHE_HOME")
    root = Path(base) if base and os.path.isabs(base) else Path.home() / ".cache"
    return root / "glomers"


def install_folder(release: Release = PINNED) -> Path:
    """The folder that `glomers install-maelstrom` puts a release into."""
    return cache_folder() / f"maelstrom-{release.version}"


def find_maelstrom() -> Installation | None:
    """`$GLOMERS_MAELSTROM`, else one on the search path, else the installed one; None without any.

    Raises:
        MaelstromError: when the variable names no program.
    """
    given = os.environ.get(VARIABLE)
    if given:
        return Installation(_program(Path(given).expanduser()), VARIABLE)
    on_path = shutil.which(PROGRAM)
    if on_path:
        return Installation(_followed(Path(on_path)), "PATH")
    installed = install_folder() / PROGRAM
    return Installation(installed, "user cache") if _is_program(installed) else None


def require_maelstrom() -> Installation:
    """Like `find_maelstrom`, for those who cannot go on without.

    Raises:
        MaelstromError: when there is none, with what to do about it.
    """
    found = find_maelstrom()
    if found is None:
        raise MaelstromError(
            "Maelstrom is not installed: run `glomers install-maelstrom`, put `maelstrom` on the "
            f"search path, or set {VARIABLE} to where it is. The bench needs none of this: "
            "leave the engine out."
        )
    return found


def _program(given: Path) -> Path:
    """The program that the variable means: a file, or the folder that it lies in."""
    program = given / PROGRAM if given.is_dir() else given
    if not program.exists():
        raise MaelstromError(f"{VARIABLE} is {given}, but there is no Maelstrom there.")
    if not _is_program(program):
        raise MaelstromError(f"{VARIABLE} is {given}, but that cannot be executed: chmod +x.")
    return _followed(program)


def _followed(program: Path) -> Path:
    """The program itself: Maelstrom's script looks for its jar beside the name it is called by."""
    return Path(os.path.realpath(program))


def _is_program(path: Path) -> bool:
    return path.is_file() and os.access(path, os.X_OK)
