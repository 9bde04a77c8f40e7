"""The program that `--bin` names, and the clock it can run under."""

from __future__ import annotations

import ast
import os
import re
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

from glomers.errors import BrokenTest
from glomers.launcher import launched_by

_SNIFF_BYTES = 80


@dataclass(frozen=True)
class Program:
    """A node program: the file to run, under which clock, and why, in words.

    `uses_runtime` says whether it is a Python file that uses `glomers.node`.
    """

    path: Path
    clock: str
    reason: str
    uses_runtime: bool = True

    @property
    def virtual(self) -> bool:
        """Whether it runs in virtual time."""
        return self.clock != "real"


def find_program(bin: Path, clock: str | None) -> Program:
    """Look at `--bin` and choose the clock, unless `clock` names one.

    Raises:
        BrokenTest: when there is no such file, or it cannot run under the clock asked for.
    """
    path = Path(os.path.expanduser(bin))
    if os.path.islink(path):  # as Maelstrom does; beside the file itself lies what it imports
        path = Path(os.path.realpath(path))
    # Not the methods of Path: they raise when a name is too long.
    if not os.path.exists(path):
        raise BrokenTest(f"There is no file {bin}: --bin must name the program of a node.")
    if not os.path.isfile(path):
        what = "a folder" if os.path.isdir(path) else "no plain file"
        raise BrokenTest(f"{bin} is {what}: --bin must name the program of a node.")
    try:
        source = _node_file(path)
    except OSError as error:
        raise BrokenTest(f"{bin} cannot be read: {error.strerror}.") from None
    if clock == "real":
        return Program(path, clock, "asked for", source is not None)
    if clock == "lockstep":
        return Program(source or path, clock, "asked for", source is not None)
    if source is not None:
        return Program(source, "virtual", "the node uses glomers.node")
    if clock == "virtual":
        raise BrokenTest(
            f"{bin} cannot run in virtual time: only Python files that import glomers.node can. "
            "Leave --clock virtual out to run it on the real clock, or let it speak the protocol "
            "of lockstep and ask for --clock lockstep."
        )
    return Program(path, "real", "the program does not use glomers.node", uses_runtime=False)


def find_in_virtual_time(bin: Path, clock: str | None) -> Program:
    """The same for what is done in virtual time only: in lockstep if that is asked for.

    Raises:
        BrokenTest: when there is no such file, or it cannot run in virtual time.
    """
    program = find_program(bin, clock if clock == "lockstep" else None)
    if program.clock == "real":
        raise BrokenTest(
            f"{bin} cannot run in virtual time, as checks and explorations do: only Python files "
            "that import glomers.node can. A single test runs it on the real clock; one that "
            "speaks the protocol of lockstep can be explored with --clock lockstep."
        )
    return program


def _node_file(path: Path) -> Path | None:
    """The Python file that uses `glomers.node`: `path` itself, or what it launches; else None."""
    if launched := launched_by(path):
        return launched if launched.is_file() else None
    with path.open("rb") as file:
        head = file.read(_SNIFF_BYTES)
    if path.suffix != ".py" and not (head.startswith(b"#!") and b"python" in head):
        return None
    return path if _uses_runtime(path.read_text(encoding="utf-8", errors="replace")) else None


@lru_cache(maxsize=8)  # an exploration runs the same program again and again
def _uses_runtime(source: str) -> bool:
    """Whether Python source imports the node runtime; broken source counts if it seems to."""
    try:
        tree = ast.parse(source)
    except (SyntaxError, ValueError, RecursionError):
        return re.search(r"^\s*(from|import) glomers\b", source, re.MULTILINE) is not None
    for node in ast.walk(tree):
        if isinstance(node, ast.ImportFrom) and (node.module or "").split(".")[0] == "glomers":
            return True
        if isinstance(node, ast.Import) and any(
            a.name.split(".")[0] == "glomers" for a in node.names
        ):
            return True
    return False
