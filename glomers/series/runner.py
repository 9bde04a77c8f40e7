"""The process that executes one notebook with papermill: `python -m glomers.series.runner TASK`.

It is a process of its own so that a notebook can neither disturb another one nor the batch. Its
stdin is its lifeline (`glomers.lifeline`): when it is closed, the batch wants no more, or is gone.
The outcome goes to stdout as one JSON object; what papermill and the cells say goes to stderr.
"""

from __future__ import annotations

import contextlib
import json
import logging
import os
import signal
import sys
import tempfile
import traceback
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import papermill  # type: ignore[import-untyped]
from ipykernel.kernelspec import get_kernel_dict
from jupyter_client.kernelspec import KernelSpec
from jupyter_client.manager import AsyncKernelManager
from nbclient.exceptions import DeadKernelError
from papermill.engines import (  # type: ignore[import-untyped]
    NBClientEngine,
    NotebookExecutionManager,
    papermill_engines,
)
from papermill.exceptions import (  # type: ignore[import-untyped]
    PapermillExecutionError,
    strip_color,
)
from papermill.iorw import LocalHandler, papermill_io  # type: ignore[import-untyped]

from glomers.errors import BadInput
from glomers.files import write_whole
from glomers.lifeline import when_let_go
from glomers.series.notebook import read_notebook
from glomers.series.task import Task

_ERROR_CHARACTERS = 300
_ENGINE = "sparing"
_DIED_AT_START = "Kernel died before replying"


class KernelDied(Exception):
    """The kernel of a notebook went away, in the cell that the text names."""


class ThisPythonsKernel(AsyncKernelManager):
    """Starts kernels with this interpreter, whatever kernel specifications the user has.

    A `python3` kernel installed for the user hides the one of a virtual environment.
    """

    groups: list[int] = []  # noqa: RUF012 - shared on purpose: every kernel of this process

    @property
    def kernel_spec(self) -> KernelSpec:
        return KernelSpec(**get_kernel_dict())

    async def start_kernel(self, **kwargs: Any) -> None:  # type: ignore[override]
        await self._async_start_kernel(**kwargs)
        pid = getattr(self.provisioner, "pid", None)
        if pid:
            self.groups.append(pid)


class SparingManager(NotebookExecutionManager):  # type: ignore[misc]
    """Saves the notebook when a code cell has ended, the only cells that leave something behind.

    Papermill itself saves it before and after every cell, text included: four times as often, which
    took about a tenth of the time of the whole series.
    """

    output_path: str | None

    def cell_start(self, cell: Any, *args: Any, **kwargs: Any) -> None:
        """Note that a cell begins."""
        with self._not_saved():
            super().cell_start(cell, *args, **kwargs)

    def cell_complete(self, cell: Any, *args: Any, **kwargs: Any) -> None:
        """Note that a cell has ended; save what a code cell has left."""
        saved = contextlib.nullcontext() if cell.cell_type == "code" else self._not_saved()
        with saved:
            super().cell_complete(cell, *args, **kwargs)

    @contextlib.contextmanager
    def _not_saved(self) -> Iterator[None]:
        path, self.output_path = self.output_path, None
        try:
            yield
        finally:
            self.output_path = path


class SparingEngine(NBClientEngine):  # type: ignore[misc]
    """Executes a notebook as papermill does, and saves it as `SparingManager` does."""

    @classmethod
    def execute_notebook(
        cls,
        nb: Any,
        kernel_name: str,
        output_path: str,
        progress_bar: bool,
        log_output: bool,
        **kwargs: Any,
    ) -> Any:
        """Execute the notebook `nb`; whatever ends it, what it did is in `output_path`."""
        manager = SparingManager(nb, output_path, log_output, progress_bar)
        manager.notebook_start()
        try:
            cls.execute_managed_notebook(manager, kernel_name, log_output=log_output, **kwargs)
        finally:
            manager.notebook_complete()
        return manager.nb


class WholeFiles(LocalHandler):  # type: ignore[misc]
    """Writes a notebook as a whole or not at all: a full disk costs no output of an earlier cell.

    Papermill itself empties the file before it writes it, after each cell.
    """

    def write(self, buf: str, path: str) -> None:
        """Write `buf` to `path`.

        Raises:
            OSError: when there is no room; what was in the file stays.
        """
        write_whole(Path(path), buf)


def main(argv: list[str]) -> int:
    """Execute the task that `argv` holds as JSON."""
    task = _task(json.loads(argv[0]))
    # Whatever is printed goes to the log; the outcome has a descriptor that no child inherits.
    answer = os.fdopen(os.dup(1), "w")
    os.dup2(2, 1)
    logging.basicConfig(stream=sys.stderr, format="%(message)s", level=logging.INFO)
    papermill_io.register(os.sep, WholeFiles())  # for paths that begin so
    papermill_engines.register(_ENGINE, SparingEngine)
    signal.signal(signal.SIGTERM, _interrupt)
    when_let_go(lambda: os.kill(os.getpid(), signal.SIGTERM))
    outcome = _outcome(task)
    signal.signal(signal.SIGTERM, signal.SIG_IGN)  # whoever has heard the outcome lets go
    with answer:
        json.dump(outcome, answer)
    return 0


def _task(fields: dict[str, Any]) -> Task:
    fields["notebook"] = Path(fields["notebook"])
    fields["out"] = Path(fields["out"])
    return Task(**fields)


def _interrupt(signum: int, frame: Any) -> None:
    # Once is enough: a second one would cut the tidying short.
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    raise KeyboardInterrupt


def _outcome(task: Task) -> dict[str, Any]:
    retried = False
    try:
        try:
            _execute(task)
        except KernelDied:
            # A kernel can die of something that passes, such as a want of memory: one more try.
            retried = True
            logging.warning("The kernel died; trying once more.")
            _execute(task)
        return {"state": "ok", "retried": retried}
    except KeyboardInterrupt:
        return {"state": "stopped", "error": "stopped in the middle", "retried": retried}
    except KernelDied as error:
        return {"state": "failed", "error": f"{error}, and again when tried anew", "retried": True}
    except PapermillExecutionError as error:
        return {"state": "failed", "error": _cell_error(error), "retried": retried}
    except Exception as error:
        with contextlib.suppress(OSError):  # the log may lie on the full disk
            traceback.print_exc()
        reason = _unreadable(task.notebook) or _short(error, str(error))
        return {"state": "failed", "error": reason, "retried": retried}


def _unreadable(notebook: Path) -> str | None:
    """What is wrong with a file that is no notebook; papermill says it in words of its own."""
    try:
        read_notebook(notebook)
    except BadInput as error:
        return str(error)
    return None


def _execute(task: Task) -> None:
    task.results.unlink(missing_ok=True)
    with tempfile.TemporaryDirectory(prefix="glomers-kernel-") as private:
        # The user's IPython start-up files would make a run differ from machine to machine.
        os.environ["IPYTHONDIR"] = os.path.join(private, "ipython")
        os.environ["JUPYTER_RUNTIME_DIR"] = os.path.join(private, "runtime")
        try:
            papermill.execute_notebook(
                _literal(task.notebook),
                _literal(task.executed),
                parameters=task.parameters,
                kernel_name="python3",
                language="python",
                engine_name=_ENGINE,
                progress_bar=False,
                log_output=True,
                cwd=str(task.work),
                kernel_manager_class=ThisPythonsKernel,
                coalesce_streams=True,
            )
        except DeadKernelError as error:
            raise KernelDied(_where_it_died(task)) from error
        except RuntimeError as error:
            if _DIED_AT_START not in str(error):
                raise
            raise KernelDied("the kernel died while it was starting") from error
        finally:
            _end_groups()


def _literal(path: Path) -> str:
    """The path as papermill wants it: it takes braces for placeholders."""
    return str(path).replace("{", "{{").replace("}", "}}")


def _end_groups() -> None:
    """End what the kernels have left behind in the background."""
    for group in ThisPythonsKernel.groups:
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.killpg(group, signal.SIGKILL)
    ThisPythonsKernel.groups.clear()


def _where_it_died(task: Task) -> str:
    cells = json.loads(task.executed.read_text(encoding="utf-8"))["cells"]
    code = [cell for cell in cells if cell["cell_type"] == "code"]
    started = [cell for cell in code if cell["metadata"].get("papermill", {}).get("start_time")]
    where = (
        f" in cell In [{len(started)}] ({_first_line(started[-1]['source'])})" if started else ""
    )
    return f"the kernel died{where}"


def _cell_error(error: PapermillExecutionError) -> str:
    what = _short(error.ename, error.evalue)
    return f"cell In [{error.exec_count}] ({_first_line(error.source)}): {what}"


def _first_line(source: str | list[str]) -> str:
    text = source if isinstance(source, str) else "".join(source)
    line = next((line.strip() for line in text.splitlines() if line.strip()), "")
    return line if len(line) <= 40 else line[:37] + "..."


def _short(kind: str | Exception, text: str) -> str:
    """The kind of an error and the first line of its text."""
    name = kind if isinstance(kind, str) else type(kind).__name__
    lines = [line.strip() for line in strip_color(text).splitlines() if line.strip()]
    return f"{name}: {lines[0]}"[:_ERROR_CHARACTERS] if lines else name


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
