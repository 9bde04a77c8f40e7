"""Write the notebooks of all exercises: `python -m glomers.workshop.write`, in the project."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from glomers.workshop.exercise import exercises
from glomers.workshop.hunt_sheet import hunt_notebook
from glomers.workshop.sheet import FOLDER, HUNT_FILE, file_name, notebook


def texts() -> dict[str, str]:
    """The text of each exercise's notebook, by the name of its file."""
    made = {file_name(exercise): notebook(exercise) for exercise in exercises().values()}
    return {**made, HUNT_FILE: hunt_notebook()}


def out_of_step(root: Path) -> Iterator[tuple[Path, str]]:
    """The notebooks of a project that are not what their manifests and solutions give, and why."""
    folder, made = root / FOLDER, texts()
    for name, text in made.items():
        path = folder / name
        if not path.is_file():
            yield path, "it is missing"
        elif path.read_text(encoding="utf-8") != text:
            yield path, "it is not what its manifest and its solution give"
    for path in sorted(folder.glob("*.ipynb")):
        if path.name not in made:
            yield path, "no exercise has this name"


def write(root: Path) -> None:
    """Write the notebooks of a project."""
    folder = root / FOLDER
    folder.mkdir(exist_ok=True)
    for name, text in texts().items():
        (folder / name).write_text(text, encoding="utf-8")


if __name__ == "__main__":
    write(Path.cwd())
