"""`glomers nodes`: every solution as a node program that any Maelstrom can start by hand."""

from __future__ import annotations

from argparse import Namespace
from pathlib import Path

from glomers.challenges import SOLUTIONS
from glomers.commands.arguments import Parser
from glomers.errors import EXIT_OK, BadInput
from glomers.files import reason, shown
from glomers.launcher import launched_by, write_launcher
from glomers.series.project import project_root


def add_arguments(parser: Parser) -> None:
    """Add what the command takes."""
    what = "where to (default: runs/nodes)"
    parser.add_argument("folder", nargs="?", type=Path, metavar="DIR", help=what)


def act(arguments: Namespace) -> int:
    """Write the nodes and say what was written; returns the exit status."""
    for line in write_nodes(arguments.folder or project_root() / "runs" / "nodes"):
        print(line)
    return EXIT_OK


def solution_files() -> list[Path]:
    """The files of all solutions, in the order of their names."""
    return sorted(path for path in SOLUTIONS.glob("*.py") if not path.name.startswith("_"))


def write_nodes(folder: Path) -> list[str]:
    """Write every solution and its launcher to `folder`; returns what to tell, a line each.

    A node file there that says something else, as when a learner has edited it, is kept beside it
    under another name.

    Raises:
        BadInput: when the folder cannot be written.
    """
    told = []
    try:
        folder.mkdir(parents=True, exist_ok=True)
        for solution in solution_files():
            kept = _keep(folder / solution.name, solution.read_bytes())
            if kept:
                told.append(f"{shown(folder / solution.name)} was edited: kept as {shown(kept)}")
            other = folder / solution.stem
            if other.is_file() and launched_by(other) is None:
                told.append(f"{shown(other)} is no launcher: kept as {shown(_set_aside(other))}")
            launcher = write_node(solution, folder)
            told.append(f"{shown(launcher)} starts {launcher.name}.py")
    except OSError as error:
        raise BadInput(
            f"Cannot write nodes to {shown(folder)}: {reason(error)}. `glomers nodes DIR` writes "
            "them elsewhere."
        ) from error
    return told


def write_node(source: Path, folder: Path) -> Path:
    """Write a node file and its launcher to `folder`; returns the launcher."""
    node = folder.resolve() / source.name
    node.write_bytes(source.read_bytes())
    return write_launcher(node, node.with_suffix(""))


def _keep(node: Path, new: bytes) -> Path | None:
    """Move a node file with another text out of the way; returns its new name, if it was moved."""
    if not node.is_file() or node.read_bytes() == new:
        return None
    return _set_aside(node)


def _set_aside(file: Path) -> Path:
    number = 1
    while (kept := file.with_name(f"{file.stem}.edited-{number}{file.suffix}")).exists():
        number += 1
    return file.rename(kept)
