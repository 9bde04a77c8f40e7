"""Scripts that start a node: what any Maelstrom can be given as `--bin`."""

from __future__ import annotations

import os
import shlex
import sys
from pathlib import Path

from glomers.files import write_whole

PACKAGE_ROOT = Path(__file__).resolve().parents[1]
"""What has to be on the search path of a process that imports `glomers`."""
_MARK = "# glomers node: "


def launched_by(launcher: Path) -> Path | None:
    """The node that a script written here starts; None for any other program.

    Raises:
        OSError: when it cannot be read.
    """
    with launcher.open("rb") as file:
        lines = file.read(4096).decode("utf-8", "replace").split("\n")
    marked = [line.removeprefix(_MARK) for line in lines if line.startswith(_MARK)]
    return launcher.parent / marked[0] if marked else None


def write_launcher(node: Path, launcher: Path) -> Path:
    """Write an executable script that runs the Python file `node` with this Python; returns it.

    Maelstrom follows links and starts nodes in a folder of its own, so that a node's first line
    would find another Python than the one that `glomers` is installed in. The script names all by
    absolute paths. Its second line tells the bench which file it starts.

    Raises:
        OSError: when it cannot be written.
    """
    node = node.absolute()
    mark = os.path.relpath(node, launcher.parent.absolute()).replace("\n", " ")
    # The interpreter's own name, not what it links to: that would leave the virtual environment.
    command = shlex.join([sys.executable, str(node)])
    text = (
        "#!/bin/sh\n"
        f"{_MARK}{mark}\n"
        f"PYTHONPATH={shlex.quote(str(PACKAGE_ROOT))}${{PYTHONPATH:+:$PYTHONPATH}}\n"
        "export PYTHONPATH\n"
        f'exec {command} "$@"\n'
    )
    # A new file each time: one that is being executed cannot be written to.
    write_whole(launcher, text, mode=0o755)
    return launcher
