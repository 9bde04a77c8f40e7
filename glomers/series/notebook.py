"""Notebook files as the series reads them: the few fields of the format that it looks at."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from glomers.errors import BadInput
from glomers.files import shown

_MARKUP = re.compile(r"\[([^]]*)\]\([^)]*\)|[*`]")


@dataclass(frozen=True)
class Cell:
    """A cell: its kind (`code`, `markdown`, `raw`), its text, and its fields as they stand."""

    kind: str
    source: str
    fields: dict[str, Any]

    @property
    def tags(self) -> list[str]:
        return list(self.fields.get("metadata", {}).get("tags", []))

    @property
    def outputs(self) -> list[dict[str, Any]]:
        return list(self.fields.get("outputs", []))


@dataclass(frozen=True)
class Notebook:
    """A notebook file: where it is, its cells in order, and its metadata."""

    path: Path
    cells: list[Cell]
    metadata: dict[str, Any]

    @property
    def code_cells(self) -> list[Cell]:
        return [cell for cell in self.cells if cell.kind == "code"]

    @property
    def title(self) -> str:
        """The first heading, or the file's name where there is none."""
        for cell in self.cells:
            for line in cell.source.splitlines() if cell.kind == "markdown" else ():
                if line.startswith("# "):
                    return plain(line[2:])
        return self.path.stem

    @property
    def home(self) -> Path:
        """The folder from which its links go out; an executed copy lies elsewhere."""
        source = self.metadata.get("papermill", {}).get("input_path")
        return Path(source).parent if source else self.path.parent


def plain(markdown: str) -> str:
    """A line of Markdown without its marks."""
    return _MARKUP.sub(r"\1", markdown).strip()


def read_notebook(path: Path) -> Notebook:
    """Read a notebook of format 4.

    Raises:
        BadInput: when the file cannot be read, or is no such notebook.
    """
    try:
        fields = json.loads(path.read_text(encoding="utf-8"))
        cells = [
            Cell(cell["cell_type"], text(cell["source"]), cell)
            for cell in fields["cells"]
            if cell["metadata"] is not None
        ]
        return Notebook(path, cells, dict(fields.get("metadata", {})))
    except OSError as error:
        raise BadInput(f"{shown(path)} cannot be read: {error.strerror}.") from error
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise BadInput(
            f"{shown(path)} is not a Jupyter notebook of format 4: save it again with Jupyter, "
            "or restore it."
        ) from error


def text(value: str | list[str]) -> str:
    """A text of the format, which may be stored as a list of lines."""
    return value if isinstance(value, str) else "".join(value)
