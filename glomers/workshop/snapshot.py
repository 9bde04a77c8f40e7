"""A node as it was when its check began: whoever goes on writing meanwhile changes nothing."""

from __future__ import annotations

import ast
import shutil
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

FOLDER = "node"
CHANGED = "{node} has changed since this check began: what stands here is about the text as it was."


def taken(program: Path, folder: Path) -> Path:
    """Copy a node, and what lies beside it and is imported, below a folder; returns the copy.

    What it opens by other names is not copied.
    """
    home = folder / FOLDER
    home.mkdir(parents=True, exist_ok=True)
    _copy(program, home)
    return home / program.name


def has_changed(program: Path, copy: Path) -> bool:
    """Whether the node, or what was copied with it, is another one now."""
    copies = (path for path in copy.parent.rglob("*.py"))
    return any(
        _text(program.parent / path.relative_to(copy.parent)) != _text(path) for path in copies
    )


def _copy(path: Path, home: Path) -> None:
    """Copy a file or a package, and what it imports from beside it."""
    target = home / path.name
    if target.exists():
        return
    if path.is_dir():
        shutil.copytree(path, target, ignore=shutil.ignore_patterns("__pycache__"))
        files = [*target.rglob("*.py")]
    else:
        shutil.copyfile(path, target)
        files = [target]
    for name in {name for file in files for name in _imported(file)}:
        for beside in (path.parent / f"{name}.py", path.parent / name):
            if beside.exists():
                _copy(beside, home)


def _imported(file: Path) -> Iterator[str]:
    """The first parts of the names of what a file imports; none when it is not Python."""
    with suppress(SyntaxError, ValueError):
        for node in ast.walk(ast.parse(file.read_bytes())):
            if isinstance(node, ast.Import):
                yield from (each.name.partition(".")[0] for each in node.names)
            elif isinstance(node, ast.ImportFrom) and node.module:
                yield node.module.partition(".")[0]


def _text(path: Path) -> bytes | None:
    with suppress(OSError):
        return path.read_bytes()
    return None
