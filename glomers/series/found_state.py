"""How far a notebook got that somebody else executed, as far as the file itself tells."""

from __future__ import annotations

from glomers.series.notebook import Cell, Notebook
from glomers.series.task import NotebookOutcome

_MAY_FAIL = "raises-exception"


def found_state(notebook: Notebook) -> NotebookOutcome:
    """How a notebook ended that is in no record of a batch.

    Error outputs, execution counts and what papermill notes are looked at; cells without code, and
    errors of cells whose tag allows them, do not count.
    """
    name, noted = notebook.path.stem, notebook.metadata.get("papermill") or {}
    cells = [cell for cell in notebook.code_cells if cell.source.strip()]
    errors = [(cell, output) for cell in cells for output in _errors(cell)]
    if errors:
        cell, output = errors[0]
        what = f"{output.get('ename', 'error')}: {output.get('evalue', '')}".rstrip(": ")
        place = f"In[{cell.fields.get('execution_count') or ' '}]"
        return NotebookOutcome(name, "failed", error=f"{place}: {what}")
    if noted.get("exception"):
        return NotebookOutcome(name, "failed", error="Papermill noted an error.")
    run = [cell for cell in cells if cell.fields.get("execution_count") is not None]
    was_begun = "start_time" in noted or any(_is_running(cell) for cell in cells)
    if was_begun and not noted.get("end_time"):
        return NotebookOutcome(name, "stopped", error=_told(run, cells))
    if cells and not run:
        return NotebookOutcome(name, "never run")
    if len(run) < len(cells):
        return NotebookOutcome(name, "half run", error=_told(run, cells))
    return NotebookOutcome(name, "ok")


def _told(run: list[Cell], cells: list[Cell]) -> str:
    return f"{len(run)} of {len(cells)} cells were executed."


def _errors(cell: Cell) -> list[dict[str, object]]:
    if _MAY_FAIL in cell.tags:
        return []
    return [output for output in cell.outputs if output.get("output_type") == "error"]


def _is_running(cell: Cell) -> bool:
    return (cell.fields["metadata"].get("papermill") or {}).get("status") == "running"
