"""Why a node's program does not start, in a sentence."""

from __future__ import annotations

import codecs
import errno
import os
import re
import tempfile
from contextlib import suppress

_HEAD_BYTES = 4096
_FIRST_LINE = re.compile(rb"#![ \t]*([^ \t\n]+)")
"""What the kernel takes for the interpreter: it has no special word for Windows line ends."""
_EXAMPLE = "#!/usr/bin/env python3"


def why_not_started(path: str, error: OSError) -> str:
    """Name what keeps the program at `path` from being started.

    Args:
        path: the program, which is run in the folder for temporary files.
        error: what the system said.
    """
    interpreter = _interpreter(path)
    if interpreter is not None and (problem := _problem(interpreter)):
        shown = interpreter.replace("\r", "^M")
        hint = ": has the file Windows line ends?" if "\r" in interpreter else "."
        return f"the first line of {path} names {shown}, which {problem}{hint}"
    if error.errno == errno.ENOENT and os.path.exists(path):
        return f"{path} is there, but what is to load it is not: was it built for another system?"
    advice = (
        f"A node is an executable file: give it a first line such as {_EXAMPLE} and make it "
        "executable with chmod +x."
    )
    return f"{path}: {error.strerror}. {advice if error.errno == errno.EACCES else ''}".rstrip()


def why_a_shell(path: str) -> str:
    """Why a shell runs the program at `path`: the system sees no `#!` at its beginning."""
    with suppress(OSError), open(path, "rb") as file:
        if file.read(_HEAD_BYTES).startswith(codecs.BOM_UTF8 + b"#!"):
            return "a byte-order mark stands before its #! line"
    return "it has no #! line"


def _interpreter(path: str) -> str | None:
    """The program that the first line of a script names, if one does."""
    try:
        with open(path, "rb") as file:
            match = _FIRST_LINE.match(file.read(_HEAD_BYTES))
    except OSError:
        return None
    return os.fsdecode(match[1]) if match else None


def _problem(interpreter: str) -> str | None:
    place = os.path.join(tempfile.gettempdir(), interpreter)
    if not os.path.exists(place):
        return "does not exist"
    if os.path.isdir(place) or not os.access(place, os.X_OK):
        return "cannot be executed"
    return None
