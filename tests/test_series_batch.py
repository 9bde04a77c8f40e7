"""The batch: what runs, what is kept, and what a person is told, however a notebook ends."""

import json
import os
import signal
import sys
import time
from concurrent.futures import ProcessPoolExecutor, ThreadPoolExecutor

import pytest

from glomers.cli import main
from glomers.series.batch import execute, new_batch_folder, prepare
from glomers.series.record import load_results, point_latest
from glomers.series.task import Task
from tests.series import Series, code, prose

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


def test_a_failing_notebook_stops_no_other_and_its_partial_output_is_kept_and_named(series):
    series.write(
        "01-bad", "print('before')", "raise ValueError('no such\\nthing')", "print('after')"
    )
    series.write("02-good", prose("# Good"), "print('good')")
    status, said = series.run("run")
    assert status == 1
    assert series.states() == {"01-bad": "failed", "02-good": "ok"}
    assert "before" in series.printed("01-bad")
    assert "after" not in series.printed("01-bad")
    assert "good" in series.printed("02-good")
    assert "cell In [2] (raise ValueError" in said
    assert "ValueError: no such" in said
    assert f"runs/{series.batch.name}/01-bad.ipynb" in said
    assert f"runs/{series.batch.name}/logs/01-bad.log" in said
    assert "Traceback" not in said
    assert "before" in (series.batch / "logs" / "01-bad.log").read_text()
    assert (series.root / "runs/latest/html/01-bad.html").is_file()
    assert (series.root / "runs/latest/html/index.html").is_file()


def test_each_notebook_has_a_line_of_progress_and_the_sources_stay_as_they_were(series):
    path = series.write("01-a", "print(1)")
    series.write("02-b", "print(2)")
    before = path.read_bytes()
    status, said = series.run("run", "--jobs", 1)
    assert status == 0
    assert "[1/2] 01-a  ok" in said
    assert "[2/2] 02-b  ok" in said
    assert path.read_bytes() == before
    assert sorted(each.name for each in series.notebooks.iterdir()) == ["01-a.ipynb", "02-b.ipynb"]


def test_a_kernel_that_is_killed_is_tried_once_more_and_then_reported(series):
    series.write("01-dies", "print('alive')", DIE)
    status, said = series.run("run")
    assert status == 1
    assert "the kernel died in cell In [2] (import os, signal), and again when tried anew" in said
    assert "Traceback" not in said
    assert "alive" in series.printed("01-dies")


def test_a_kernel_that_died_once_only_counts_once(series):
    write_result = (
        "import os\nfrom pathlib import Path\n"
        "with open(os.environ['GLOMERS_RESULTS'], 'a') as file:\n"
        '    file.write(\'{"challenge": "1"}\\n\')'
    )
    die_first = "first = not Path('died').exists()\nPath('died').touch()\nif first: os.abort()"
    series.write("01-shaky", write_result, die_first)
    status, said = series.run("run")
    assert status == 0
    assert "(its kernel died once)" in said
    assert load_results(series.batch, ["01-shaky"]) == [{"challenge": "1"}]


def test_a_notebook_that_is_no_notebook_fails_alone(series):
    (series.notebooks / "01-broken.ipynb").write_text('{"cells": [')
    series.write("02-good", "print('good')")
    status, said = series.run("run")
    assert status == 1
    assert series.states() == {"01-broken": "failed", "02-good": "ok"}
    assert "Traceback" not in said


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


@pytest.mark.parametrize("whole_group", [False, True])
def test_ctrl_c_stops_everything_and_keeps_what_is_finished(series, whole_group):
    series.write("01-quick", "print('quick')")
    series.write(
        "02-slow",
        "print('began')\nfrom pathlib import Path\nPath('began').touch()",
        "import subprocess\nsubprocess.run(['sleep', '300'])",
    )
    series.write("03-later", "print('later')")
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
        "01-quick": "ok",
        "02-slow": "stopped",
        "03-later": "not run",
    }
    assert "quick" in series.printed("01-quick", series.root / "out")
    assert "began" in series.printed("02-slow", series.root / "out")
    assert "Interrupted. What is finished is in out" in said
    assert "Traceback" not in said
    assert series.processes() == []


def _start_in_group(series, words):
    """Start the command as a terminal does: with a process group of its own."""
    import subprocess

    from tests.series import COMMAND

    return subprocess.Popen(
        [*COMMAND, *words],
        cwd=series.root,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        start_new_session=True,
    )


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


def test_kernels_run_this_python_in_an_environment_of_their_own(tmp_path):
    # Braces, blanks and quotes in the path, and a kernel of the user's that must not be chosen.
    series = Series(tmp_path / "a {b} 'c' d")
    kernel = tmp_path / "jupyter/kernels/python3"
    kernel.mkdir(parents=True)
    fields = {"argv": ["/bin/false"], "display_name": "Other", "language": "python"}
    (kernel / "kernel.json").write_text(json.dumps(fields))
    names = ["GLOMERS_ENGINE", "GLOMERS_WORK", "GLOMERS_RESULTS", "PYTHONHASHSEED", "TZ", "COLUMNS"]
    series.write(
        "01-a",
        "import json, os, sys\n"
        f"print(json.dumps([sys.prefix, os.getcwd(), *(os.environ[n] for n in {names})]))",
    )
    environment = {"JUPYTER_PATH": str(tmp_path / "jupyter"), "TZ": "Asia/Tokyo"}
    status, said = series.run("run", "--engine", "maelstrom", **environment)
    assert status == 0, said
    work = str(series.batch / "work/01-a")
    results = str(series.batch / "results/01-a.jsonl")
    assert json.loads(series.printed("01-a")) == [
        sys.prefix,
        work,
        *("maelstrom", work, results, "0", "UTC", "100"),
    ]


def test_an_unknown_engine_in_the_environment_is_refused(here, capsys, monkeypatch):
    here.write("01-a", "print(1)")
    monkeypatch.setenv("GLOMERS_ENGINE", "steam")
    assert main(["run"]) == 254
    assert capsys.readouterr().err == "GLOMERS_ENGINE is steam: it can be bench or maelstrom.\n"


def test_what_a_notebook_leaves_in_the_background_ends_with_it(series):
    series.write("01-a", "import subprocess\nchild = subprocess.Popen(['sleep', '300'])")
    status, said = series.run("run")
    assert status == 0, said
    assert series.processes() == []


def test_batches_have_names_of_their_own_that_sort_by_time(tmp_path):
    folders = [new_batch_folder(tmp_path / "runs") for _ in range(12)]
    assert len(set(folders)) == 12
    assert folders == sorted(folders)


def test_the_link_to_the_latest_batch_moves_on(tmp_path):
    for name in ("1", "2"):
        (tmp_path / name).mkdir()
        point_latest(tmp_path / name)
        assert (tmp_path / "latest").resolve().name == name


def test_the_notebook_that_took_longest_last_time_starts_first(series):
    series.write("01-short", "print(1)")
    series.write("02-long", "import time\ntime.sleep(1)")
    _, first = series.run("run", "--jobs", 1)
    assert first.index("01-short") < first.index("02-long")
    series.write("03-new", "print(3)")
    _, second = series.run("run", "--jobs", 1)
    lines = [line.split()[1] for line in second.splitlines() if line.startswith("[")]
    assert lines == ["03-new", "02-long", "01-short"]


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
