"""After a call that failed, what a notebook's names still hold says that it is out of date."""

from pathlib import Path
from types import SimpleNamespace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from glomers import lab
from glomers.lab import front, stale
from glomers.lab.stale import Calls
from tests.helpers.bench import ECHO
from tests.helpers.notebook import execute, text_of
from tests.helpers.samples import mostly_slow

LINE = "test -w echo --bin nodes/echo.py --node-count 1 --time-limit 1"
LOUD = ECHO.replace('message.body["echo"]}', 'message.body["echo"] + "!"}')
OLDER = "This is an older run: the newest run of echo.py failed: "


class Cells:
    """Stands in for IPython: in which cell we are, and what it shows."""

    def __init__(self):
        self.shell = SimpleNamespace(execution_count=1)
        self.shown = []

    def next(self):
        self.shell.execution_count += 1
        self.shown.clear()


@pytest.fixture
def cells(tmp_path, monkeypatch):
    """The cells of a notebook in a work folder with an echo node."""
    monkeypatch.setenv("GLOMERS_WORK", str(tmp_path))
    monkeypatch.delenv("GLOMERS_ENGINE", raising=False)
    monkeypatch.chdir(tmp_path)
    lab.workspace()
    Path("nodes/echo.py").write_text(ECHO)
    cells = Cells()
    monkeypatch.setattr(front, "shell", lambda: cells.shell)
    monkeypatch.setattr(front, "show", cells.shown.append)
    monkeypatch.setattr(stale, "_told", [])
    return cells


def fail(line=LINE, **how):
    """A call that fails as it is; or, for a good line, because its node is wrong."""
    node = Path("nodes/echo.py")
    good = node.read_text()
    node.write_text(LOUD)
    with pytest.raises(lab.LabError):
        lab.maelstrom(line, **how)
    node.write_text(good)


READS = {
    "latency_chart": lab.latency_chart,
    "messages_by_type": lab.messages_by_type,
    "spacetime": lab.spacetime,
    "scoreboard": lambda run: lab.scoreboard("1", run),
    "target_chart": lambda run: lab.target_chart("3d", {"ours": run}),
    "ops": lambda run: run.ops,
    "messages": lambda run: run.messages,
    "history": lambda run: run.history,
    "faults": lambda run: run.faults,
    "stats": lambda run: run.stats.msgs_per_op,
    "results": lambda run: run.results["workload"],
    "verdict": lambda run: run.verdict,
    "valid": lambda run: run.valid,
    "html": lambda run: run._repr_html_(),
    "text": repr,
}


@pytest.mark.parametrize("read", mostly_slow(READS.values()), ids=list(READS))
def test_whatever_is_read_of_a_run_says_so_once_in_a_cell_when_a_newer_one_failed(cells, read):
    run = lab.maelstrom(LINE)
    read(run)  # so that everything has been read before
    assert not cells.shown
    fail()
    cells.next()
    read(run)
    read(run)
    (shown,) = cells.shown
    assert shown["text/plain"].startswith(f"{OLDER}The run is invalid (workload), but this cell")
    assert "This is an older run" in shown["text/html"]
    cells.next()
    read(run)
    assert len(cells.shown) == 1, "in every cell"


def test_the_next_run_that_succeeds_ends_it(cells):
    run = lab.maelstrom(LINE)
    fail()
    assert lab.maelstrom(LINE, seed=1).valid is True
    lab.latency_chart(run)
    assert not cells.shown


def test_a_failure_that_a_cell_expects_is_none(cells):
    run = lab.maelstrom(LINE)
    Path("nodes/echo.py").write_text(LOUD)
    lab.maelstrom(LINE, expect="invalid")
    lab.maelstrom(LINE, expect="any")
    lab.maelstrom(f"{LINE} --no-such-flag", expect="broken")
    lab.latency_chart(run)
    assert not cells.shown


@pytest.mark.slow
def test_runs_of_other_nodes_stores_that_are_loaded_and_the_failed_run_itself_are_not_old(cells):
    Path("nodes/other.py").write_text(ECHO)
    other = lab.maelstrom(LINE, bin="nodes/other.py")
    run = lab.maelstrom(LINE)
    fail()
    for each in (other, lab.Run.load(run.store), lab.failed_run()):
        lab.latency_chart(each)
        assert repr(each)
    assert not cells.shown


@pytest.mark.slow
@pytest.mark.parametrize(
    ("line", "sentence"),
    [
        (f"{LINE} –-nemesis partition", "'–-nemesis' begins with a dash"),
        (LINE.replace("test -w", "tset -w"), "A command line begins with `test`"),
        (f'{LINE} "', "The command line cannot be read"),
        (LINE.replace("-w echo", "-w ehco"), "argument -w/--workload"),
        (f"{LINE} --rate x", "argument --rate"),
    ],
)
def test_a_call_that_is_refused_is_a_failure_of_the_node_that_it_names(cells, line, sentence):
    run = lab.maelstrom(LINE)
    fail(line)
    lab.latency_chart(run)
    assert sentence in cells.shown[0]["text/plain"]


def test_a_call_that_names_no_node_may_have_been_meant_for_any(cells):
    run = lab.maelstrom(LINE)
    fail(LINE.replace("--bin nodes/echo.py", ""))
    lab.latency_chart(run)
    expected = "This is an older run: the newest run failed: "
    assert cells.shown[0]["text/plain"].startswith(expected)


def test_the_same_node_by_another_way_to_it_is_the_same(cells):
    run = lab.maelstrom(LINE)
    fail(bin=Path("nodes").resolve() / "echo.py")
    lab.latency_chart(run)
    assert cells.shown


def test_an_interrupted_run_leaves_an_old_one(cells, monkeypatch):
    def interrupt(*_):
        raise KeyboardInterrupt

    run = lab.maelstrom(LINE)
    monkeypatch.setattr("glomers.engine.seam.run_glomers", interrupt)
    with pytest.raises(KeyboardInterrupt):
        lab.maelstrom(LINE)
    lab.latency_chart(run)
    assert cells.shown[0]["text/plain"] == f"{OLDER}it was interrupted."


@pytest.mark.slow
def test_an_older_replay_says_that_the_newest_one_failed(cells):
    found = lab.explore(
        "test -w echo --node-count 1 --time-limit 1", bin=_loud(), seeds=1, jobs=1, vary="none"
    )
    smallest = lab.replay(found.attrs["trace"])
    with pytest.raises(lab.RunFailed):
        lab.replay(None)
    lab.counterexample(smallest)
    lab.latency_chart(smallest)
    assert cells.shown[0]["text/plain"] == (
        "This is an older run: the newest replay failed: No seed failed: there is nothing to "
        "replay."
    )


def _loud():
    Path("nodes/loud.py").write_text(LOUD)
    return "nodes/loud.py"


@pytest.mark.slow
def test_outside_of_a_notebook_nothing_is_said(cells, monkeypatch, capfd):
    run = lab.maelstrom(LINE)
    fail()
    monkeypatch.setattr(front, "shell", lambda: None)
    lab.latency_chart(run)
    assert not cells.shown
    assert capfd.readouterr() == ("", "")


@pytest.mark.slow
def test_what_a_node_says_of_itself_is_escaped_in_the_line(cells):
    Path("nodes/echo.py").write_text(ECHO)
    run = lab.maelstrom(LINE)
    Path("nodes/echo.py").write_text("raise SystemExit('<script>')")
    with pytest.raises(lab.RunFailed):
        lab.maelstrom(LINE)
    lab.latency_chart(run)
    assert "<script>" not in cells.shown[0]["text/html"]


def test_what_a_run_left_cannot_be_set(cells):
    run = lab.maelstrom(LINE)
    with pytest.raises(AttributeError, match="valid of a run cannot be set"):
        run.valid = False


# The run that failed


def test_the_failed_run_can_be_had(cells):
    fail()
    run = lab.failed_run()
    assert run.valid is False
    assert len(run.ops) > 0
    lab.maelstrom(LINE)
    assert lab.failed_run() is run, "a later success does not take it away"
    fail("tset")
    with pytest.raises(lab.LabError, match="the last one left no run"):
        lab.failed_run()


def test_without_a_failure_there_is_no_failed_run():
    with pytest.raises(lab.LabError, match="No call for a run has failed so far"):
        Calls().failed_run()


NODES = st.sampled_from(["a", "b", None])


@given(st.lists(st.tuples(NODES, st.booleans()), max_size=12))
def test_a_run_is_old_while_the_newest_calls_for_its_node_failed(history):
    calls, given_by = Calls(), {}
    for number, (about, fails) in enumerate(history):
        try:
            with calls.attempt(about, "run") as call:
                given_by[number] = call
                if fails:
                    raise lab.LabError(str(number))
        except lab.LabError:
            pass
    for number, call in given_by.items():
        about, later = history[number][0], history[number + 1 :]
        own = [fails for name, fails in later if name == about is not None]
        # A call that names no node is about any, until whatever succeeds.
        nameless = [fails for name, fails in later if name is None or not fails]
        is_old = own[-1:] == [True] or nameless[-1:] == [True]
        assert (calls.out_of_date(call) is not None) == is_old


@pytest.mark.slow
def test_in_a_kernel_the_line_stands_above_what_the_cell_shows(tmp_path, monkeypatch):
    monkeypatch.setenv("GLOMERS_WORK", str(tmp_path))
    (tmp_path / "nodes").mkdir()
    (tmp_path / "nodes" / "echo.py").write_text(ECHO)
    outputs = execute(
        [
            f"from glomers import lab\nlab.workspace()\nrun = lab.maelstrom('{LINE}')",
            "lab.latency_chart(run)",
            f"run = lab.maelstrom('{LINE} --no-such-flag')",
            "lab.latency_chart(run)",
            "run",
            f"run = lab.maelstrom('{LINE}')\nrun",
        ]
    )
    assert [len(each) for each in outputs] == [0, 1, 1, 2, 2, 1]
    assert "unrecognized arguments" in text_of(outputs[2][0])
    for line, shown in outputs[3:5]:
        assert text_of(line).startswith(OLDER)
        assert shown.output_type == "execute_result"
