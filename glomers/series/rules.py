"""What each notebook of the repository must be like: its outputs, its figures, its style."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from glomers.files import shown
from glomers.series.notebook import Cell, Notebook, text

CODE_LINES = 60
"""How long a code cell may be."""
SOLUTION_LINES = 100
"""How long a cell may be that writes a solution: it must hold the whole node."""

_WRITTEN_NODE = re.compile(r"%%writefile nodes/(?P<name>\w+)\.py\n")
_HIDDEN_NODE = re.compile(r"""["']nodes/.*\bwrite_text\(""")
_ABSOLUTE_PATH = re.compile(r"(?<![\w.:/<~])/(?:[\w.@+-]+/)+[\w.@+-]+|\b[A-Za-z]:\\\w|\bfile://")
_WALL_CLOCK = re.compile(r"\b20\d\d-?[01]\d-?[0-3]\d[T _-]\d\d:?\d\d")
_ADDRESS = re.compile(r"\bat 0x[0-9a-f]{6,}")
_DATA = re.compile(r"data:[\w/+.-]+;base64,[A-Za-z0-9+/=\s]*")
_IMAGE_WITHOUT_ALT = re.compile(r"""<img\b(?![^>]*\balt\s*=\s*(?:"[^"]|'[^']|[^\s"'>]))[^>]*>""")
_SVG_WITHOUT_LABEL = re.compile(r"<svg\b(?![^>]*\baria-label(?:ledby)?\s*=)[^>]*>")
_PICTURES = ("image/png", "image/jpeg", "image/svg+xml")


@dataclass(frozen=True)
class Problem:
    """Something that is not as it must be: where, what, and what to do about it."""

    path: Path
    what: str
    remedy: str
    cell: str = ""

    def __str__(self) -> str:
        where = f"{shown(self.path)}, {self.cell}" if self.cell else shown(self.path)
        return f"{where}: {self.what}: {self.remedy}"


def cell_name(notebook: Notebook, cell: Cell) -> str:
    """The cell as a person finds it: its place in the file, and its number in Jupyter."""
    position = next(i for i, each in enumerate(notebook.cells, 1) if each is cell)
    count = cell.fields.get("execution_count")
    return f"cell {position} (In [{count}])" if count else f"cell {position}"


def text_of(output: dict[str, object]) -> dict[str, str]:
    """The texts in an output, by format; images are left out, also those inside HTML."""
    if output.get("output_type") == "stream":
        return {str(output.get("name")): text(output["text"])}  # type: ignore[arg-type]
    data = output.get("data")
    formats = data if isinstance(data, dict) else {}
    return {
        name: _DATA.sub("", text(value)) for name, value in formats.items() if name[:5] == "text/"
    }


def check_notebook(notebook: Notebook) -> list[Problem]:
    """Everything that is wrong with one notebook as it stands in the repository."""
    rules = (_metadata, _counts, _outputs, _figures, _code, _parameters, _prose)
    return [problem for rule in rules for problem in rule(notebook)]


def _metadata(notebook: Notebook) -> Iterator[Problem]:
    kernel = notebook.metadata.get("kernelspec", {}).get("name")
    if kernel != "python3":
        yield Problem(
            notebook.path, f"the kernel is {kernel}, not python3", "choose Python 3 in Jupyter"
        )
    leftovers = {"papermill", "execution"}
    metadata = [notebook.metadata, *(each.fields.get("metadata", {}) for each in notebook.cells)]
    tags = {tag for cell in notebook.cells for tag in cell.tags}
    if any(leftovers & each.keys() for each in metadata) or "injected-parameters" in tags:
        yield Problem(
            notebook.path,
            "it holds what papermill or Jupyter noted when it was executed",
            "run `make outputs`",
        )


def _counts(notebook: Notebook) -> Iterator[Problem]:
    counts = [cell.fields.get("execution_count") for cell in notebook.code_cells]
    if counts != list(range(1, len(counts) + 1)):
        yield Problem(
            notebook.path,
            "it was not executed from top to bottom",
            "run `make outputs`, which does that",
        )


def _outputs(notebook: Notebook) -> Iterator[Problem]:
    for cell in notebook.code_cells:
        seen = set()
        for output in cell.outputs:
            if output.get("output_type") == "error":
                seen.add(("it ends in an error", "catch and show what is meant to fail"))
            for name, written in text_of(output).items():
                seen.update(_unclean(name, written))
        for what, remedy in sorted(seen):
            yield Problem(notebook.path, what, remedy, cell_name(notebook, cell))


def _unclean(name: str, written: str) -> Iterator[tuple[str, str]]:
    if name == "stderr":
        yield "it writes to stderr", "print what matters, and see to the cause of the rest"
    for pattern, what in (
        (_ABSOLUTE_PATH, "its output has a path of this machine"),
        (_WALL_CLOCK, "its output has the time of day"),
        (_ADDRESS, "its output has a memory address"),
    ):
        if found := pattern.search(written):
            yield f"{what} ({found[0][:60]})", "show something that is the same everywhere"
    if "<script" in written:
        yield "its output has a script", "show something static, which works offline"


def _figures(notebook: Notebook) -> Iterator[Problem]:
    for cell in notebook.code_cells:
        for output in cell.outputs:
            data = output.get("data", {})
            html = text(data.get("text/html", ""))
            picture = any(name in data for name in _PICTURES) and "text/html" not in data
            if picture or _IMAGE_WITHOUT_ALT.search(html) or _SVG_WITHOUT_LABEL.search(html):
                yield Problem(
                    notebook.path,
                    "a figure has no alternative text",
                    "show it as HTML with alt or aria-label",
                    cell_name(notebook, cell),
                )
    for cell in notebook.cells:
        if cell.kind == "markdown" and (
            "![](" in cell.source or _IMAGE_WITHOUT_ALT.search(cell.source)
        ):
            yield Problem(
                notebook.path,
                "an image has no alternative text",
                "say between the brackets what it shows",
                cell_name(notebook, cell),
            )


def _code(notebook: Notebook) -> Iterator[Problem]:
    for cell in notebook.code_cells:
        lines = cell.source.splitlines()
        most = SOLUTION_LINES if _writes_solution(notebook, cell) else CODE_LINES
        if len(lines) > most:
            yield Problem(
                notebook.path,
                f"it has {len(lines)} lines",
                f"split it: {most} are the most",
                cell_name(notebook, cell),
            )
        if any(line.startswith("!") for line in lines) and not cell.source.startswith("%%"):
            yield Problem(
                notebook.path,
                "it calls a program with `!`, whose failure would go unseen",
                "use the lab or subprocess.run(..., check=True)",
                cell_name(notebook, cell),
            )
        if _HIDDEN_NODE.search(cell.source):
            yield Problem(
                notebook.path,
                "it makes a node out of sight",
                "write it whole with %%writefile, or show what changes with lab.variant",
                cell_name(notebook, cell),
            )


def _writes_solution(notebook: Notebook, cell: Cell) -> bool:
    found = _WRITTEN_NODE.match(cell.source)
    solutions = notebook.path.parents[1] / "glomers" / "solutions"
    return found is not None and (solutions / f"{found['name']}.py").is_file()


def _parameters(notebook: Notebook) -> Iterator[Problem]:
    cells = [cell for cell in notebook.code_cells if "parameters" in cell.tags]
    if len(cells) != 1:
        how_many = "no cell is" if not cells else f"{len(cells)} cells are"
        yield Problem(notebook.path, f"{how_many} tagged `parameters`", "tag exactly one")
    for cell in cells:
        if not _plain(cell.source):
            yield Problem(
                notebook.path,
                "the parameters are not plain `name = literal` lines",
                "derive values in a later cell",
                cell_name(notebook, cell),
            )


def _plain(source: str) -> bool:
    """Whether the source only assigns literals to names."""
    try:
        statements = ast.parse(source).body
        for statement in statements:
            if not isinstance(statement, ast.Assign | ast.AnnAssign) or statement.value is None:
                return False
            ast.literal_eval(statement.value)
    except (SyntaxError, ValueError):
        return False
    return True


def _prose(notebook: Notebook) -> Iterator[Problem]:
    if not notebook.cells or not notebook.cells[0].source.startswith("# "):
        yield Problem(notebook.path, "it does not begin with a heading", "begin with `# Title`")
    prose = sum(cell.kind == "markdown" for cell in notebook.cells)
    code = len(notebook.code_cells)
    if prose < code:
        yield Problem(
            notebook.path,
            f"it has {prose} prose cells for {code} code cells",
            "explain each code cell, or join some",
        )
