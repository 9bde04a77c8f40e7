"""Where things are: the project's root and its notebooks."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from glomers.errors import BadInput
from glomers.files import shown

_SIGNS = ("pyproject.toml", "README.md")
_PACKAGE = Path(__file__).resolve().parents[1]


def project_root(start: Path | None = None) -> Path:
    """The nearest folder with the series, above `start` (default: here) or above the package.

    That is a clone of the project, or a folder that `glomers init` or `glomers workshop` wrote.

    Raises:
        BadInput: when no such folder holds `notebooks/` beside `pyproject.toml` or `README.md`.
    """
    start = (start or Path.cwd()).resolve()
    for folder in (start, *start.parents, *_PACKAGE.parents):
        has_sign = any((folder / name).is_file() for name in _SIGNS)
        if has_sign and (folder / "notebooks").is_dir():
            return folder
    raise BadInput(
        f"There are no notebooks in {start} or above it: go to a clone of the project, write the "
        "series into a folder with `glomers init DIR`, or name the notebooks by their paths."
    )


def all_notebooks(root: Path) -> list[Path]:
    """Every notebook of the series, in its order."""
    return sorted((root / "notebooks").glob("*.ipynb"))


def select_notebooks(names: Iterable[str]) -> list[Path]:
    """The notebooks that `names` ask for: paths, names, or numbers such as `03d` or `3d`.

    A number stands for every notebook whose number starts with it: `03` for all of 03a to 03e.
    Without names, all notebooks of the series.

    Raises:
        BadInput: when a name fits no notebook, or two notebooks have the same file name.
    """
    names = list(names)
    selected = [path for name in names for path in _matches(name)]
    if not names:
        root = project_root()
        selected = all_notebooks(root)
        if not selected:
            raise BadInput(f"There is no notebook in {shown(root / 'notebooks')}.")
    unique = list(dict.fromkeys(selected))
    _refuse_same_names(unique)
    return unique


def _matches(name: str) -> list[Path]:
    path = Path(name)
    if path.suffix == ".ipynb" and path.is_file():
        return [path.resolve()]
    if path.suffix == ".ipynb" and path.parent != Path():
        raise BadInput(f"There is no notebook {name}.")
    notebooks = all_notebooks(project_root())
    wanted = path.stem if path.suffix == ".ipynb" else name
    found = [notebook for notebook in notebooks if _fits(notebook.stem, wanted)]
    if not found:
        known = ", ".join(notebook.stem for notebook in notebooks) or "none"
        raise BadInput(f"There is no notebook {name}. The notebooks are: {known}.")
    return found


def _fits(stem: str, wanted: str) -> bool:
    if stem == wanted:
        return True
    number = stem.split("-")[0]
    return bool(wanted) and (number.startswith(wanted) or number.lstrip("0").startswith(wanted))


def _refuse_same_names(notebooks: list[Path]) -> None:
    by_stem: dict[str, Path] = {}
    for notebook in notebooks:
        other = by_stem.setdefault(notebook.stem, notebook)
        if other != notebook:
            raise BadInput(
                f"{shown(other)} and {shown(notebook)} have the same name, so that one would "
                "overwrite the other: run them one after the other."
            )
