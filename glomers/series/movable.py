"""`python -m glomers.series.movable`: let the virtual environment it runs in be moved and copied.

Installers write the place of the environment into its scripts, and the place of the project into
the file that makes the package importable from there.  A copy would then run the original's Python,
and its package.  Here both are made relative.
"""

from __future__ import annotations

import os
import re
import sys
from pathlib import Path

from glomers.files import write_whole

_RELATIVE = b"""#!/bin/sh
'''exec' "$(dirname -- "$(realpath -- "$0")")/%b" "$0" "$@"
' '''
"""
"""First lines for Python that a shell reads as: run the Python beside me with this file."""
_DIRECT = re.compile(rb"#!(?P<python>[^\n]+)\n")
_BY_A_SHELL = re.compile(rb"#!/bin/sh\n'''exec' \"(?P<python>[^\"]+)\"[^\n]*\n' '''\n")
"""How pip begins a script where the path is long or has a space in it."""


def make_movable(environment: Path, project: Path) -> list[Path]:
    """Make an environment relative; returns the files that were changed.

    Args:
        environment: the folder of the virtual environment, inside the project.
        project: the folder that its package is imported from.

    Raises:
        OSError: when a file cannot be read or written.
    """
    return [*_scripts(environment / "bin"), *_paths(environment, project)]


def _scripts(folder: Path) -> list[Path]:
    """Let scripts run the Python that lies beside them."""
    changed = []
    for script in sorted(folder.iterdir()):
        if script.is_symlink() or not script.is_file():
            continue
        text = script.read_bytes()
        begin = _BY_A_SHELL.match(text) or _DIRECT.match(text)
        if begin and os.path.dirname(begin["python"].strip()) == os.fsencode(folder):
            python = os.path.basename(begin["python"].strip())
            mode = script.stat().st_mode
            script.write_bytes(_RELATIVE % python + text[begin.end() :])
            script.chmod(mode)
            changed.append(script)
    return changed


def _paths(environment: Path, project: Path) -> list[Path]:
    """Let the package be found from where the environment is."""
    changed = []
    for file in sorted(environment.glob("lib/python*/site-packages/*.pth")):
        if file.read_text(encoding="utf-8").strip() == str(project):
            write_whole(file, os.path.relpath(project, file.parent) + "\n")
            changed.append(file)
    return changed


if __name__ == "__main__":
    make_movable(Path(sys.prefix), Path(__file__).resolve().parents[2])
