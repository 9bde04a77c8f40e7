"""The gaps of a skeleton that are still open in a node, whether or not a run came to them."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

from glomers.reading.finding import Finding, Kind
from glomers.reading.source import Source

OPEN_GAP = "NotImplementedError"
"""What stands in the place of a gap: see `glomers.workshop.skeleton`."""


def open_gaps(program: Path) -> Iterator[Finding]:
    """What is still to be done, in the order of the file; nothing of a file that is not Python."""
    source = Source(program)
    for node in ast.walk(source.tree) if source.tree else ():
        if not isinstance(node, ast.Raise) or node.exc is None:
            continue
        name = node.exc.func if isinstance(node.exc, ast.Call) else node.exc
        if isinstance(name, ast.Name) and name.id == OPEN_GAP:
            sentence = f"A gap is still open: {OPEN_GAP}{_task(node.exc)}."
            place = source.place(str(program), node.lineno)
            yield Finding(Kind.DEED, sentence, place, is_cause=True)


def _task(error: ast.expr) -> str:
    """What a gap asks for, after a colon."""
    told = error.args[:1] if isinstance(error, ast.Call) else []
    texts = [str(each.value) for each in told if isinstance(each, ast.Constant)]
    return f": {texts[0]}" if texts else ""
