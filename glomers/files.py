"""Files and links that are there as a whole or not at all, locks, and how files are shown."""

from __future__ import annotations

import hashlib
import os
import threading
from collections.abc import Iterable
from contextlib import suppress
from pathlib import Path
from typing import IO

from glomers.environment import IS_WINDOWS

try:
    import fcntl
except ImportError:  # on Windows
    fcntl = None  # type: ignore[assignment]

STANDARD_LIBRARY = os.path.dirname(os.__file__)
"""Where the standard library of this Python is; in a browser that is a zip file."""


def digest(path: Path) -> str:
    """The SHA-256 of a file.

    Raises:
        OSError: when it cannot be read.
    """
    return hashlib.sha256(path.read_bytes()).hexdigest()


def write_whole(path: Path, text: str, mode: int | None = None) -> None:
    """Write a file as a whole or not at all; `mode` is that of a new file, unless Python's will do.

    Raises:
        OSError, UnicodeError: when it cannot be written, as on a full disk; what was there stays.
    """
    new = _beside(path)
    try:
        new.write_text(text, encoding="utf-8", newline="\n")
        if mode is not None:
            new.chmod(mode)
        new.replace(path)
    except BaseException:
        new.unlink(missing_ok=True)
        raise


def point_link(link: Path, folder: Path) -> None:
    """Let `link` point at a folder, in one step, so that others find the old one or the new one.

    Raises:
        OSError: when there is something else of that name, or links cannot be made: Windows wants a
            privilege for them, and on some disks there are none.
    """
    new = _beside(link)
    new.unlink(missing_ok=True)
    new.symlink_to(os.path.relpath(folder, link.parent), target_is_directory=True)
    try:
        if IS_WINDOWS and link.is_symlink():  # nothing can take the place of a folder there
            link.unlink()
        new.replace(link)
    except OSError:
        new.unlink(missing_ok=True)
        raise


def make_first(folders: Iterable[Path]) -> Path | None:
    """Make the first of these folders that is not there yet; None when all are.

    Of several processes that begin at the same time each gets another one.

    Raises:
        OSError: when there can be none.
    """
    for folder in folders:
        with suppress(FileExistsError):
            folder.mkdir()
            return folder
    return None


def _beside(path: Path) -> Path:
    """A name in the same folder that no other process or thread takes at the same time."""
    return path.with_name(f".{path.name}.{os.getpid()}.{threading.get_ident()}")


def below(path: Path | str, folder: Path | str = os.curdir) -> str | None:
    """The way to a path from a folder that it lies in; None when it lies elsewhere."""
    try:
        way = os.path.relpath(path, folder)
    except ValueError:  # on another drive of Windows
        return None
    return None if way.startswith(os.pardir) else way


def shown(path: Path | str) -> str:
    """The path as a person reads it best: relative to the current folder where it lies below."""
    return below(path) or str(path)


def take_lock(file: IO[str]) -> bool:
    """Lock an open file until it is closed, however that comes; False: another process has done so.

    On Windows everybody gets the lock: there one has to wait for another.
    """
    if fcntl is None:
        return True
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        return False
    return True


NOT_HERE = "The current folder is gone: change to one that exists."


def is_anywhere() -> bool:
    """Whether this process stands in a folder that nobody has removed."""
    try:
        os.getcwd()
    except FileNotFoundError:
        return False
    return True


def reason(error: OSError) -> str:
    """Why a folder cannot be made or written to, in words of a person."""
    if isinstance(error, FileExistsError | NotADirectoryError):
        return "it is not a folder"
    return error.strerror or str(error)


def name_another(folder: Path, error: OSError) -> str:
    """The sentence about a folder that cannot be made or written to, and that `--out` names."""
    return f"Cannot write to {shown(folder)}: {reason(error)}. Name another folder with --out."


def last_lines(path: Path, most_bytes: int, most_lines: int = 32) -> str:
    """The last lines of a text that may be very long; empty where there is none to read."""
    try:
        with path.open("rb") as file:
            file.seek(max(0, path.stat().st_size - most_bytes))
            text = file.read().decode("utf-8", "replace")
    except OSError:
        return ""
    return "\n".join(text.splitlines()[-most_lines:])


_PACKAGE = Path(__file__).resolve().parent


def shipped_notebooks() -> Path | None:
    """The lessons that came with the package, installed or in a clone; None: there are none."""
    places = (_PACKAGE / "notebooks", _PACKAGE.parent / "notebooks")
    return next((place for place in places if place.is_dir()), None)
