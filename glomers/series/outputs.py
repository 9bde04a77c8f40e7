"""`python -m glomers.series.outputs`: execute the notebooks and write their outputs back, clean.

Only outputs and execution counts change; what papermill notes in its copies stays there.
"""

from __future__ import annotations

import json
import os
import re
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from glomers.environment import LANGUAGE
from glomers.errors import EXIT_FAILED, EXIT_OK, BadInput
from glomers.files import shown
from glomers.series.batch import prepare
from glomers.series.execution import run_tasks
from glomers.series.notebook import text
from glomers.series.project import select_notebooks
from glomers.series.task import Task

_NOTED = ("papermill", "execution")


def main(names: Sequence[str]) -> int:
    """Bring the outputs of the notebooks (default: all) up to date; returns the exit status."""
    try:
        return update_outputs(select_notebooks(names))
    except BadInput as error:
        print(error, file=sys.stderr)
        return error.exit_status


def update_outputs(notebooks: Sequence[Path]) -> int:
    """Execute notebooks and write the outputs of those that did not fail back into them.

    Raises:
        BadInput: before anything runs, when one of them cannot be written.
    """
    for notebook in notebooks:
        if not os.access(notebook, os.W_OK):
            raise BadInput(
                f"You may not write to {shown(notebook)}: copy the project to a folder of yours."
            )
    with tempfile.TemporaryDirectory(prefix="glomers-outputs-") as folder:
        out = Path(folder).resolve()
        tasks = [Task(notebook, out, engine="bench") for notebook in notebooks]
        prepare(tasks)
        outcomes = run_tasks(tasks)
        for task, outcome in zip(tasks, outcomes, strict=True):
            if outcome.state == "ok":
                _write(task.notebook, task.executed)
            else:
                print(f"{shown(task.notebook)} is left as it was: {outcome.error}.")
    return EXIT_OK if all(outcome.state == "ok" for outcome in outcomes) else EXIT_FAILED


def _write(notebook: Path, executed: Path) -> None:
    fields = json.loads(notebook.read_text(encoding="utf-8"))
    copy = json.loads(executed.read_text(encoding="utf-8"))
    fields["metadata"] = _cleaned(fields["metadata"])
    fields["metadata"]["language_info"] = LANGUAGE
    for cell, done in zip(fields["cells"], copy["cells"], strict=True):
        cell["metadata"] = _cleaned(cell["metadata"])
        if cell["cell_type"] == "code":
            left = [output for output in done["outputs"] if not _was_taken_back(output)]
            cell["outputs"] = [_as_if_first(output) for output in left]
            cell["execution_count"] = done["execution_count"]
    written = json.dumps(fields, indent=1, sort_keys=True, ensure_ascii=False)
    notebook.write_text(written + "\n", encoding="utf-8")


def _cleaned(metadata: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in metadata.items() if name not in _NOTED}


def _was_taken_back(output: dict[str, Any]) -> bool:
    """Whether nothing is left of an output: how a long test went was shown only meanwhile."""
    return output["output_type"] == "display_data" and not any(map(text, output["data"].values()))


def _as_if_first(output: dict[str, Any]) -> dict[str, Any]:
    """The output as of the first time that a node file was written."""
    if output["output_type"] == "stream":
        printed = re.sub(r"^Overwriting ", "Writing ", text(output["text"]), flags=re.MULTILINE)
        return output | {"text": printed.splitlines(keepends=True)}
    return output


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
