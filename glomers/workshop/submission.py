"""What learners have handed in: their node files, wherever they lie in a folder or a zip file.

Nothing is unpacked, no link is followed, and no more is read than a node or a notebook can be long.
"""

from __future__ import annotations

import hashlib
import json
import os
import re
import stat
import zipfile
from collections.abc import Callable, Iterable, Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath

from glomers.errors import WorkshopError
from glomers.workshop.exercise import exercises

NODE_BYTES = 1 << 20
NOTEBOOK_BYTES = 20 << 20
ZIP_BYTES = 50 << 20
MOST_FILES = 20_000
"""So many files of a submission are looked through."""
MOST_NOTEBOOKS = 50
_METHODS = (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED)
_NAME = re.compile(r"my_(\w+)\.py")
_CELL = re.compile(r"%%writefile\s+(?:\S*/)?(my_\w+\.py)\s*\n(.*)", re.DOTALL)
_HARMLESS = re.compile(r"[^A-Za-z0-9._-]")
_SLUG_CHARACTERS = 60


@dataclass(frozen=True)
class NodeFile:
    """A node's text, and where in the submission it was found."""

    source: bytes
    where: str


@dataclass(frozen=True)
class Submission:
    """What one learner has handed in.

    Attributes:
        name: the name of the folder or file.
        nodes: the node files by the ids of their challenges.
        notes: what is odd about it, in sentences.
    """

    name: str
    nodes: dict[str, NodeFile]
    notes: tuple[str, ...] = ()

    @property
    def slug(self) -> str:
        """A name for a folder of ours, which cannot lead anywhere else, and is nobody else's."""
        plain = _HARMLESS.sub("_", self.name)[:_SLUG_CHARACTERS]
        if plain == self.name and not plain.startswith("."):
            return plain
        digest = hashlib.sha256(self.name.encode("utf-8", "surrogateescape")).hexdigest()[:8]
        return f"{plain.lstrip('.')}-{digest}"


def submissions(folder: Path) -> list[Submission]:
    """The submissions of a folder, one for each folder or file in it, by their names.

    Raises:
        WorkshopError: when there is no such folder, or nothing in it.
    """
    try:
        entries = sorted(os.scandir(folder), key=lambda entry: entry.name)
    except OSError as error:
        raise WorkshopError(f"{folder} cannot be read: {error.strerror}.") from None
    found = [_submission(entry) for entry in entries if not entry.name.startswith(".")]
    if not found:
        raise WorkshopError(f"There is nothing in {folder}: a submission is a folder or a zip.")
    return found


def _submission(entry: os.DirEntry[str]) -> Submission:
    name = entry.name.encode("utf-8", "replace").decode()
    if entry.is_symlink():
        return Submission(name, {}, ("It is a link, and links are not followed.",))
    if entry.is_dir():
        return _gathered(name, _in_folder(entry.path))
    if not entry.is_file():
        return Submission(name, {}, ("It is neither a folder nor a file.",))
    if entry.name.endswith(".zip"):
        return _of_zip(name, Path(entry.path))
    return _gathered(name, [_File(entry.name, _reader(entry.path))])


@dataclass(frozen=True)
class _File:
    """A file of a submission: its path in there, and how to read at most so many bytes of it."""

    where: str
    read: Callable[[int], bytes] = field(compare=False)


def _in_folder(top: str) -> Iterator[_File]:
    for folder, folders, files in os.walk(top):
        folders.sort()
        for name in sorted(files):
            path = os.path.join(folder, name)
            yield _File(os.path.relpath(path, top), _reader(path))


def _reader(path: str) -> Callable[[int], bytes]:
    def read(most: int) -> bytes:
        """Of a plain file: a link may lead anywhere, and a pipe may never end."""
        number = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK)
        with open(number, "rb") as opened:
            if not stat.S_ISREG(os.fstat(number).st_mode):
                raise OSError("no plain file")
            return opened.read(most)

    return read


def _of_zip(name: str, path: Path) -> Submission:
    if path.stat().st_size > ZIP_BYTES:
        return Submission(name, {}, (f"The zip file has more than {ZIP_BYTES >> 20} MB.",))
    try:
        with zipfile.ZipFile(path) as archive:
            return _gathered(name, _in_zip(archive))
    except (zipfile.BadZipFile, OSError, ValueError, NotImplementedError) as error:
        return Submission(name, {}, (f"The zip file cannot be read: {error}.",))


def _in_zip(archive: zipfile.ZipFile) -> Iterator[_File]:
    for info in archive.infolist():
        is_link = stat.S_ISLNK(info.external_attr >> 16)
        if info.is_dir() or is_link or info.compress_type not in _METHODS:
            continue
        yield _File(info.filename, _member_reader(archive, info))


def _member_reader(archive: zipfile.ZipFile, info: zipfile.ZipInfo) -> Callable[[int], bytes]:
    def read(most: int) -> bytes:
        with archive.open(info) as opened:
            return opened.read(most)

    return read


def _gathered(name: str, files: Iterable[_File]) -> Submission:
    """Pick the node files: the one nearest to the top, of several, and files before notebooks."""
    notes: list[str] = []
    nodes: dict[str, list[NodeFile]] = {}
    notebooks: list[_File] = []
    for number, file in enumerate(files):
        if number == MOST_FILES:
            notes.append(f"It has more than {MOST_FILES:,} files, and only these were looked at.")
            break
        base = PurePosixPath(file.where).name
        if id := _challenge(base):
            if (source := _read(file, NODE_BYTES, notes)) is not None:
                nodes.setdefault(id, []).append(NodeFile(source, file.where))
        elif base.endswith(".ipynb") and len(notebooks) < MOST_NOTEBOOKS:
            notebooks.append(file)
    in_cells = [
        cell
        for file in notebooks
        for cell in _cells(_read(file, NOTEBOOK_BYTES, notes), file.where)
    ]
    for id in exercises():
        if id not in nodes and (cells := [node for each, node in in_cells if each == id]):
            nodes[id] = cells[-1:]  # who runs the notebook is left with the last one
    chosen = {id: _nearest(id, found, notes) for id, found in nodes.items()}
    return Submission(name, chosen, tuple(notes))


def _challenge(base: str) -> str | None:
    """The challenge that a node file is for, by its name."""
    match = _NAME.fullmatch(base)
    return match[1] if match and match[1] in exercises() else None


def _read(file: _File, most: int, notes: list[str]) -> bytes | None:
    try:
        source = file.read(most + 1)
    except Exception as error:  # whatever somebody's archive makes of it
        notes.append(f"{file.where} cannot be read ({type(error).__name__}).")
        return None
    if len(source) > most:
        notes.append(f"{file.where} is larger than {most >> 20} MB, and was left out.")
        return None
    return source


def _cells(notebook: bytes | None, where: str) -> Iterator[tuple[str, NodeFile]]:
    """The nodes that a notebook's cells write, with the ids of their challenges, in order."""
    cells: object = None
    with suppress(ValueError, RecursionError, AttributeError):
        cells = json.loads(notebook or b"{}").get("cells")
    for cell in cells if isinstance(cells, list) else []:
        text = cell.get("source") if isinstance(cell, dict) else None
        if isinstance(text, list):
            text = "".join(part for part in text if isinstance(part, str))
        match = _CELL.match(text.lstrip()) if isinstance(text, str) else None
        if match and (id := _challenge(match[1])):
            yield id, NodeFile(match[2].encode("utf-8", "replace"), where)


def _nearest(id: str, found: list[NodeFile], notes: list[str]) -> NodeFile:
    ordered = sorted(found, key=lambda node: (node.where.count("/"), node.where))
    if any(node.source != ordered[0].source for node in ordered):
        notes.append(f"There are {len(found)} files my_{id}.py: {ordered[0].where} counts.")
    return ordered[0]
