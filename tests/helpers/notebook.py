"""A notebook in a kernel of its own: cells in, outputs out."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import nbformat
from nbclient import NotebookClient


def execute(cells: Sequence[str]) -> list[list[Any]]:
    """Run cells one after the other, whatever they raise; the outputs of each."""
    notebook = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(cell) for cell in cells])
    NotebookClient(notebook, timeout=120, kernel_name="python3", allow_errors=True).execute()
    return [list(cell.outputs) for cell in notebook.cells]


def text_of(output: Any) -> str:
    """An output as text, and an error as a notebook shows it."""
    if output.output_type == "error":
        return "\n".join(output.traceback)
    return str(output.text if output.output_type == "stream" else output.data["text/plain"])
