"""The batch: what runs, what is kept, and what a person is told, however a notebook ends."""

import json
import os
import re
import signal
import sys
import time
from concurrent.futures import ProcessPoolExecutor, ThreadPoolExecutor

import pytest

from glomers.cli import main
from glomers.files import point_link
from glomers.series.batch import execute, execute_one, new_batch_folder, prepare
from glomers.series.ledger import Ledger, load_results
from glomers.series.task import NotebookOutcome, Task
from tests.helpers.series import Series, code, prose

DIE = "import os, signal\nos.kill(os.getpid(), signal.SIGKILL)"


@pytest.fixture
def series(tmp_path):
    return Series(tmp_path / "project")


@pytest.fixture
def here(series, monkeypatch):
    """A series in the current folder, for commands that run in this process."""
    monkeypatch.chdir(series.root)
    return series


def wait_for(condition, seconds=60):
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, "it did not happen in time"
        time.sleep(0.1)


NAMES = ["GLOMERS_ENGINE", "GLOMERS_WORK", "GLOMERS_RESULTS", "PYTHONHASHSEED", "TZ", "COLUMNS"]
WRITE_RESULT = (
    "import os\nfrom pathlib import Path\n"
    "with open(os.environ['GLOMERS_RESULTS'], 'a') as file:\n"
    '    file.write(\'{"challenge": "1"}\\n\')'
)
DIE_FIRST = "first = not Path('died').exists()\nPath('died').touch()\nif first: os.abort()"
LEAVE_A_CHILD = "import subprocess\nchild = subprocess.Popen(['sleep', '300'])"
TELL_SURROUNDINGS = (
    "import json, os, sys\n"
    f"print(json.dumps([sys.prefix, os.getcwd(), *(os.environ[n] for n in {NAMES})]))"
)


class Ended:
    """A batch of notebooks that end in every way: one is enough for all that look at it."""

    def __init__(self, folder):
        # Braces, blanks and quotes in the path, and a kernel of the user's that must not be chosen.
        self.series = Series(folder / "a {b} 'c' d")
        kernel = folder / "jupyter/kernels/python3"
        kernel.mkdir(parents=True)
        fields = {"argv": ["/bin/false"], "display_name": "Other", "language": "python"}
        (kernel / "kernel.json").write_text(json.dumps(fields))
        write = self.series.write
        write("01-bad", "print('before')", "raise ValueError('no such\\nthing')", "print('after')")
        write("02-good", prose("# Good"), "print('good')")
        write("03-dies", "print('alive')", DIE)
        write("04-shaky", WRITE_RESULT, DIE_FIRST)
        write("05-leaves-a-child", LEAVE_A_CHILD)
        write("06-tells", TELL_SURROUNDINGS)
        (self.series.notebooks / "07-broken.ipynb").write_text('{"cells": [')
        self.sources = self.contents()
        environment = {"JUPYTER_PATH": str(folder / "jupyter"), "TZ": "Asia/Tokyo"}
        words = ("run", "--jobs", 2, "--engine", "maelstrom")
        self.status, self.said = self.series.run(*words, **environment)

    def contents(self):
        """What is in the notebooks' folder."""
        return {path.name: path.read_bytes() for path in self.series.notebooks.iterdir()}


@pytest.fixture(scope="module")
def ended(tmp_path_factory):
    return Ended(tmp_path_factory.mktemp("ended"))


@pytest.mark.slow
def test_notebooks_that_fail_stop_no_other(ended):
    assert ended.status == 1
    assert ended.series.states() == {
        "01-bad": "failed",
        "02-good": "ok",
        "03-dies": "failed",
        "04-shaky": "ok",
        "05-leaves-a-child": "ok",
        "06-tells": "ok",
        "07-broken": "failed",
    }
    assert "good" in ended.series.printed("02-good")
    assert "Traceback" not in ended.said


@pytest.mark.slow
def test_the_partial_output_of_a_notebook_that_fails_is_kept_and_named(ended):
    series, said = ended.series, ended.said
    assert "before" in series.printed("01-bad")
    assert "after" not in series.printed("01-bad")
    assert "cell In [2] (raise ValueError" in said
    assert "ValueError: no such" in said
    assert f"runs/{series.batch.name}/01-bad.ipynb" in said
    assert f"runs/{series.batch.name}/logs/01-bad.log" in said
    assert "before" in (series.batch / "logs" / "01-bad.log").read_text()
    assert (series.root / "runs/latest/html/01-bad.html").is_file()
    assert (series.root / "runs/latest/html/index.html").is_file()


@pytest.mark.slow
def test_each_notebook_has_a_line_of_progress_and_the_sources_stay_as_they_were(ended):
    lines = re.findall(r"^\[(\d)/7\] (\S+) +(\w+)", ended.said, re.MULTILINE)
    assert [int(number) for number, _, _ in lines] == [1, 2, 3, 4, 5, 6, 7]
    assert {name: state for _, name, state in lines} == ended.series.states()
    assert ended.contents() == ended.sources


@pytest.mark.slow
def test_a_kernel_that_is_killed_is_tried_once_more_and_then_reported(ended):
    told = "the kernel died in cell In [2] (import os, signal), and again when tried anew"
    assert told in ended.said
    assert "alive" in ended.series.printed("03-dies")


@pytest.mark.slow
def test_a_kernel_that_died_once_only_counts_once(ended):
    assert re.search(r"^\[\d/7\] 04-shaky +ok .*\(its kernel died once\)", ended.said, re.MULTILINE)
    assert load_results(ended.series.batch, ["04-shaky"]) == [{"challenge": "1"}]


def test_a_notebook_is_saved_after_each_code_cell_and_not_for_its_text(tmp_path):
    from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook, new_output

    from glomers.series.runner import SparingManager

    cells = [new_markdown_cell("text"), new_code_cell("print(1)")]
    path = tmp_path / "a.ipynb"
    manager = SparingManager(
        new_notebook(cells=cells, metadata={"papermill": {}}), str(path), progress_bar=False
    )
    manager.notebook_start()
    for index, cell in enumerate(cells):
        path.unlink(missing_ok=True)
        manager.cell_start(cell, index)
        if cell.cell_type == "code":
            cell.outputs = [new_output("stream", text="printed")]
        manager.cell_complete(cell, cell_index=index)
        assert path.exists() == (cell.cell_type == "code")
    assert "printed" in path.read_text()


@pytest.mark.slow
def test_what_a_notebook_leaves_in_the_background_ends_with_it(ended):
    assert ended.series.processes() == []


@pytest.mark.slow
def test_kernels_run_this_python_in_an_environment_of_their_own(ended):
    work = str(ended.series.batch / "work/06-tells")
    results = str(ended.series.batch / "results/06-tells.jsonl")
    assert json.loads(ended.series.printed("06-tells")) == [
        sys.prefix,
        work,
        *("maelstrom", work, results, "0", "UTC", "100"),
    ]


@pytest.mark.slow
@pytest.mark.parametrize("content", [b"", b"\xff\xfe", b"{}", b'{"cells": null}'])
def test_a_file_that_is_no_notebook_fails_with_a_sentence(series, content):
    path = series.write("01-a", "print(1)")
    path.write_bytes(content)
    outcome = execute_one(prepared(path, series.root / "out"))
    assert outcome.state == "failed"
    assert "01-a.ipynb is not a Jupyter notebook of format 4: save it again" in outcome.error


def prepared(notebook, out):
    task = Task(notebook, out)
    prepare([task])
    return task


@pytest.mark.slow
def test_two_batches_at_once_do_not_disturb_one_another(series):
    write = "from pathlib import Path\nPath('mine').write_text(f'{seed}')"
    read = "import time\ntime.sleep(1)\nprint('seed', Path('mine').read_text())"
    series.write("01-a", code("seed = 0", "parameters"), write, read)
    processes = [series.start("run", "-p", "seed", seed) for seed in (1, 2)]
    said = [process.communicate(timeout=120)[0] for process in processes]
    assert [process.returncode for process in processes] == [0, 0], said
    assert len(series.batches) == 2
    assert sorted(series.printed("01-a", batch) for batch in series.batches) == [
        "seed 1\n",
        "seed 2\n",
    ]
    assert (series.root / "runs/latest").resolve() in series.batches


@pytest.mark.slow
@pytest.mark.parametrize("whole_group", [False, True])
def test_ctrl_c_stops_everything_and_keeps_what_is_finished(series, whole_group):
    series.write("03-quick", "print('quick')")
    series.write(
        "02-slow",
        "print('began')\nfrom pathlib import Path\nPath('began').touch()",
        "import subprocess\nsubprocess.run(['sleep', '300'])",
    )
    series.write("01-later", "print('later')")
    words = ["run", "01", "02", "03", "--jobs", "1", "--out", "out"]
    process = series.start(*words) if not whole_group else _start_in_group(series, words)
    wait_for((series.root / "out/work/02-slow/began").exists)
    if whole_group:
        os.killpg(process.pid, signal.SIGINT)
    else:
        process.send_signal(signal.SIGINT)
    said, _ = process.communicate(timeout=60)
    assert process.returncode == 130, said
    assert series.states(series.root / "out") == {
        "03-quick": "ok",
        "02-slow": "stopped",
        "01-later": "not run",
    }
    assert "quick" in series.printed("03-quick", series.root / "out")
    assert "began" in series.printed("02-slow", series.root / "out")
    assert "Interrupted. What is finished is in out" in said
    assert "Traceback" not in said
    assert series.processes() == []


def _start_in_group(series, words):
    """Start the command as a terminal does: with a process group of its own."""
    import subprocess

    from tests.helpers.series import COMMAND

    return subprocess.Popen(
        [*COMMAND, *words],
        cwd=series.root,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        start_new_session=True,
    )


@pytest.mark.slow
def test_a_batch_that_is_killed_leaves_no_process_behind(series):
    series.write("01-slow", "from pathlib import Path\nPath('began').touch()\nwhile True: pass")
    process = series.start("run", "--out", "out")
    wait_for((series.root / "out/work/01-slow/began").exists)
    assert series.processes()
    process.kill()
    process.communicate(timeout=60)
    wait_for(lambda: not series.processes())


def test_an_interrupted_batch_can_still_be_exported(here, capsys):
    out = here.root / "out"
    tasks = [Task(here.write("01-a", prose("# A title"), "print(1)"), out)]
    tasks.append(Task(here.write("02-b", "print(2)"), out))
    prepare(tasks)
    (out / "01-a.ipynb").write_bytes(tasks[0].notebook.read_bytes())
    (out / "02-b.ipynb").write_text('{"cells": [')
    assert main(["export", str(out)]) == 0
    index = (out / "html/index.html").read_text()
    assert "A title" in index
    assert "02-b" in index


@pytest.mark.slow
@pytest.mark.parametrize("executor", [ThreadPoolExecutor, ProcessPoolExecutor])
def test_any_executor_can_carry_a_batch(series, executor):
    out = series.root / "out"
    tasks = [
        Task(series.write("01-a", "print('a')"), out),
        Task(series.write("02-b", "1 / 0"), out),
    ]
    prepare(tasks)
    heard = []
    with executor(2) as pool:
        outcomes = execute(tasks, pool, heard.append)
    assert [outcome.state for outcome in outcomes] == ["ok", "failed"]
    assert sorted(heard, key=lambda outcome: outcome.name) == outcomes
    assert series.printed("01-a", out) == "a\n"


def test_an_executor_that_breaks_is_reported_as_a_failure(series):
    class Broken(ThreadPoolExecutor):
        def submit(self, function, /, *words, **named):
            return super().submit(lambda: 1 // 0)

    tasks = [Task(series.write("01-a", "print('a')"), series.root / "out")]
    with Broken(1) as pool:
        (outcome,) = execute(tasks, pool, lambda outcome: None)
    assert outcome.state == "failed"
    assert outcome.error.startswith("ZeroDivisionError")


def test_an_unknown_engine_in_the_environment_is_refused(here, capsys, monkeypatch):
    here.write("01-a", "print(1)")
    monkeypatch.setenv("GLOMERS_ENGINE", "steam")
    assert main(["run"]) == 254
    assert capsys.readouterr().err == "GLOMERS_ENGINE is steam: it can be bench or maelstrom.\n"


def test_batches_have_names_of_their_own_that_sort_by_time(tmp_path):
    folders = [new_batch_folder(tmp_path / "runs") for _ in range(12)]
    assert len(set(folders)) == 12
    assert folders == sorted(folders)


def test_the_link_to_the_latest_batch_moves_on(tmp_path):
    for name in ("1", "2"):
        (tmp_path / name).mkdir()
        point_link(tmp_path / "latest", tmp_path / name)
        assert (tmp_path / "latest").resolve().name == name


@pytest.mark.slow
def test_new_notebooks_start_first_from_the_last_and_then_those_that_took_longest(series):
    last = series.root / "runs/1"
    last.mkdir(parents=True)
    outcomes = [NotebookOutcome("01-short", "ok", 0.5), NotebookOutcome("02-long", "ok", 9.0)]
    Ledger("bench", outcomes).save(last)
    point_link(last.parent / "latest", last)
    for name in ("01-short", "02-long", "03-new", "04-new"):
        (series.notebooks / f"{name}.ipynb").write_text("{")  # the order is all that is asked for
    _, said = series.run("run", "--jobs", 1)
    lines = [line.split()[1] for line in said.splitlines() if line.startswith("[")]
    assert lines == ["04-new", "03-new", "02-long", "01-short"]


@pytest.mark.slow
def test_a_folder_called_latest_is_not_lost(here, capsys):
    here.write("01-a", "print(1)")
    precious = here.root / "runs/latest/precious"
    precious.parent.mkdir(parents=True)
    precious.write_text("mine")
    assert main(["run"]) == 0
    assert "latest cannot be made" in capsys.readouterr().out
    assert precious.read_text() == "mine"


@pytest.mark.parametrize("below", ["", "deep/below"])
def test_an_output_folder_that_cannot_be_written_is_refused_before_anything_runs(
    here, capsys, below
):
    here.write("01-a", "print(1)")
    (here.root / "taken").write_text("")
    assert main(["run", "--out", f"taken/{below}"]) == 254
    error = capsys.readouterr().err
    assert error.startswith("Cannot write to taken")
    assert error.count("\n") == 1


def test_a_runs_folder_that_is_a_file_is_refused(here, capsys):
    here.write("01-a", "print(1)")
    (here.root / "runs").write_text("")
    assert main(["run"]) == 254
    assert "runs is not a folder" in capsys.readouterr().err


def test_a_batch_is_not_written_over_its_own_notebooks(series, capsys):
    notebook = series.write("01-a", code("1"))
    before = notebook.read_bytes()
    assert main(["run", str(notebook), "--out", str(notebook.parent)]) == 254
    assert "name another folder with --out" in capsys.readouterr().err
    assert notebook.read_bytes() == before
