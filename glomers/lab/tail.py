"""The newest line of a long test, shown while it runs."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from glomers.engine.guarded import Tail
from glomers.formats.text import clean, shortened
from glomers.lab.front import in_notebook

_LINE_CHARACTERS = 120


@contextmanager
def shown_tail(tail: Tail | None = None) -> Iterator[Tail]:
    """A place for the newest line: `tail`, else stderr, or a notebook's output that goes away.

    A notebook is to hold what came of a test, not how long it took.
    """
    if tail is not None:
        yield tail
        return
    if not in_notebook():
        yield lambda line: print(_short(line), file=sys.stderr, flush=True)
        return
    from IPython.display import DisplayHandle

    handle: Any = DisplayHandle()  # type: ignore[no-untyped-call]
    tell = [handle.display]  # the first time; then the same output is changed

    def show(line: str) -> None:
        tell[0](_plain(_short(line)), raw=True)
        tell[0] = handle.update

    try:
        yield show
    finally:
        if tell[0] != handle.display:
            handle.update(_plain(""), raw=True)


def _short(line: str) -> str:
    return shortened(clean(line).replace("\t", " "), _LINE_CHARACTERS)


def _plain(text: str) -> dict[str, Any]:
    return {"text/plain": text}
