"""The parameters of notebooks: what `-p NAME VALUE` may say, checked before anything runs."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

from glomers.errors import BadInput
from glomers.series.notebook import read_notebook

_AT_LEAST_ONE = re.compile(r"(^|_)(COUNT|SEEDS|TIME_LIMIT_S)$", re.IGNORECASE)
"""Names of what there must be one of, or one second."""
_KINDS: dict[type, str] = {
    bool: "True or False",
    int: "a whole number",
    float: "a number",
    list: "a list",
    tuple: "a tuple",
    dict: "a dictionary",
}


def parameters_of(notebook: Path) -> dict[str, Any]:
    """The defaults in the cell tagged `parameters`, by name; none where there is no such cell.

    A default that is no plain literal is left out of the checks: it stands as `...`.

    Raises:
        BadInput: when the file is no notebook.
    """
    cells = [cell for cell in read_notebook(notebook).cells if "parameters" in cell.tags]
    if not cells:
        return {}
    from papermill.translators import PythonTranslator  # type: ignore[import-untyped]

    found = PythonTranslator.inspect({"source": cells[0].source})
    return {parameter.name: _default(parameter.default) for parameter in found}


def _default(text: str) -> Any:
    try:
        return ast.literal_eval(text)
    except (ValueError, SyntaxError):
        return ...


def resolve_parameters(
    notebooks: Sequence[Path], given: Iterable[Sequence[str]]
) -> dict[Path, dict[str, Any]]:
    """For each notebook the values of those parameters that it has, of the type of its default.

    Raises:
        BadInput: when no notebook has a parameter of that name, or a value is of another type, or
            below 1 where that makes no sense.
    """
    values: dict[Path, dict[str, Any]] = {notebook: {} for notebook in notebooks}
    pairs = [(name, text) for name, text in given]
    if not pairs:
        return values
    defaults = {notebook: parameters_of(notebook) for notebook in notebooks}
    for name, text in pairs:
        owners = [notebook for notebook in notebooks if name in defaults[notebook]]
        if not owners:
            raise BadInput(_unknown(name, defaults))
        for notebook in owners:
            values[notebook][name] = _convert(name, text, defaults[notebook][name], notebook)
    return values


def _unknown(name: str, defaults: dict[Path, dict[str, Any]]) -> str:
    known = sorted({known for parameters in defaults.values() for known in parameters})
    there_are = f"The parameters are: {', '.join(known)}." if known else "They have none."
    return f"None of these notebooks has a parameter {name}. {there_are}"


def _convert(name: str, text: str, default: Any, notebook: Path) -> Any:
    """The value that `text` stands for, if it is of the kind of the default."""
    if isinstance(default, str):
        return text
    value = _value(text)
    kind = type(default)
    if kind is int is type(value) and value < 1 and _AT_LEAST_ONE.search(name):
        raise BadInput(
            f"-p {name} {text}: the parameter {name} of {notebook.stem} is at least 1, "
            f"such as {default!r}."
        )
    if default is None or default is ... or type(value) is kind:
        return value
    if kind is float and type(value) is int:
        return float(value)
    raise BadInput(
        f"-p {name} {text}: the parameter {name} of {notebook.stem} is "
        f"{_KINDS.get(kind, f'a {kind.__name__}')}, "
        f"such as {default!r}."
    )


def _value(text: str) -> Any:
    words = {"true": True, "false": False, "null": None}
    try:
        return words[text] if text in words else ast.literal_eval(text)
    except (ValueError, SyntaxError, TypeError, MemoryError, RecursionError):
        return text
