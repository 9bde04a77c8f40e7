"""The notebook that this runs in, if it runs in one."""

from __future__ import annotations

import sys
from typing import Any


def shell() -> Any:
    """IPython, in a notebook or a terminal; None where nobody has begun it."""
    if "IPython" not in sys.modules:
        return None
    from IPython.core.getipython import get_ipython

    return get_ipython()


def in_notebook() -> bool:
    """Whether this runs in a notebook's kernel, which can show more than text."""
    return hasattr(shell(), "kernel")


def is_watched() -> bool:
    """Whether somebody sits before the notebook; papermill and its like answer no questions."""
    kernel: Any = getattr(shell(), "kernel", None)
    asked = kernel.get_parent() if hasattr(kernel, "get_parent") else {}
    return bool(asked.get("content", {}).get("allow_stdin"))


def show(mime_bundle: dict[str, str]) -> None:
    """Add an output to the cell that runs, in the forms that it has by their MIME types."""
    from IPython.display import display

    display(mime_bundle, raw=True)  # type: ignore[no-untyped-call]
