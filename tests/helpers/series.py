"""Small series of notebooks to try the batch, the export and the checks on."""

import json
import os
import subprocess
import sys
from pathlib import Path

import psutil

COMMAND = [sys.executable, "-m", "glomers"]


def code(source, *tags, outputs=(), count=None):
    """A code cell."""
    return {
        "cell_type": "code",
        "metadata": {"tags": list(tags)} if tags else {},
        "source": source,
        "outputs": list(outputs),
        "execution_count": count,
    }


def prose(source):
    """A markdown cell."""
    return {"cell_type": "markdown", "metadata": {}, "source": source}


def stream(text, name="stdout"):
    """What a cell printed."""
    return {"output_type": "stream", "name": name, "text": text}


def display(**data):
    """What a cell displayed, by format: `text_html="..."`."""
    formats = {name.replace("_", "/"): value for name, value in data.items()}
    return {"output_type": "display_data", "metadata": {}, "data": formats}


class Series:
    """A project of its own with the notebooks that a test writes into it."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self.notebooks = root / "notebooks"
        self.notebooks.mkdir(parents=True)
        (root / "pyproject.toml").write_text("")

    def write(self, name, *cells, metadata=None, folder=None):
        """Write a notebook; text stands for a code cell."""
        cells = [code(cell) if isinstance(cell, str) else cell for cell in cells]
        for number, cell in enumerate(cells):
            cell["id"] = f"cell-{number}"
        kernel = {"name": "python3", "display_name": "Python 3 (ipykernel)", "language": "python"}
        fields = {
            "cells": cells,
            "metadata": {"kernelspec": kernel} if metadata is None else metadata,
            "nbformat": 4,
            "nbformat_minor": 5,
        }
        path = (folder or self.notebooks) / f"{name}.ipynb"
        path.write_text(json.dumps(fields, indent=1) + "\n")
        return path

    def start(self, *words, **environment):
        """Start the command in the project's folder."""
        return subprocess.Popen(
            [*COMMAND, *map(str, words)],
            cwd=self.root,
            env=os.environ | environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )

    def run(self, *words, **environment):
        """Run the command to its end; returns its exit status and what it said."""
        process = self.start(*words, **environment)
        said, _ = process.communicate(timeout=120)
        return process.returncode, said

    @property
    def batch(self):
        """The folder of the one batch that there is."""
        (folder,) = self.batches
        return folder

    @property
    def batches(self):
        runs = self.root / "runs"
        return sorted(path for path in runs.iterdir() if not path.is_symlink())

    def states(self, batch=None):
        """How each notebook of a batch ended."""
        record = json.loads(((batch or self.batch) / "batch.json").read_text())
        return {each["name"]: each["state"] for each in record["notebooks"]}

    def printed(self, name, batch=None):
        """What an executed notebook printed."""
        fields = json.loads(((batch or self.batch) / f"{name}.ipynb").read_text())
        outputs = [out for cell in fields["cells"] for out in cell.get("outputs", [])]
        return "".join("".join(out.get("text", "")) for out in outputs)

    def processes(self):
        """The processes that work on a notebook of this series."""
        return [each for each in psutil.process_iter() if self._is_ours(each)]

    def _is_ours(self, process):
        try:
            work = process.environ().get("GLOMERS_WORK", "")
        except psutil.Error:
            return False
        return work.startswith(str(self.root)) and process.status() != psutil.STATUS_ZOMBIE
