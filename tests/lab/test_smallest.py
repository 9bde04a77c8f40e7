"""A run that failed shows the smallest failure of its node: at once, or when it is asked."""

import os
import tempfile
from pathlib import Path

import pytest

from glomers import lab
from glomers.errors import ExploreError
from glomers.explore import search
from glomers.explore.search import smallest
from tests.helpers.bench import ECHO
from tests.helpers.notebook import execute, text_of
from tests.helpers.places import STORE_SAMPLES
from tests.helpers.processes import pids_below

ONCE = """
from glomers.node import Node

node = Node()
seen = set()


@node.on("broadcast")
def broadcast(message):
    seen.add(message.body["message"])
    for peer in node.peers:
        node.send(peer, {"type": "share", "value": message.body["message"]})
    return {"type": "broadcast_ok"}


@node.on("share")
def share(message):
    seen.add(message.body["value"])


@node.on("read")
def read(message):
    return {"type": "read_ok", "messages": sorted(seen)}


@node.on("topology")
def topology(message):
    return {"type": "topology_ok"}


node.run()
"""
ALONE = """
from glomers.node import Node

node = Node()
store = {}


@node.on("txn")
def txn(message):
    done = []
    for f, key, value in message.body["txn"]:
        if f == "w":
            store[key] = value
        done.append([f, key, store.get(key)])
    return {"type": "txn_ok", "txn": done}


node.run()
"""
LINE = "test -w broadcast --bin nodes/once.py --node-count 3 --time-limit 10 --rate 10"
CUT = f"{LINE} --nemesis partition --nemesis-interval 3"
ECHO_LINE = "test -w echo --bin nodes/echo.py --node-count 1 --time-limit 1"
LOUD = ECHO.replace('message.body["echo"]}', 'message.body["echo"] + "!"}')
LOST = "was cut off from n1, and never sent it again."


@pytest.fixture
def work(tmp_path, monkeypatch):
    """A work folder with a node that loses values, and an empty folder for what is temporary."""
    monkeypatch.setenv("GLOMERS_WORK", str(tmp_path / "work"))
    monkeypatch.delenv("GLOMERS_ENGINE", raising=False)
    monkeypatch.chdir(tmp_path)
    lab.workspace()
    (tmp_path / "tmp").mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path / "tmp"))
    Path("nodes/once.py").write_text(ONCE)
    Path("nodes/echo.py").write_text(ECHO)
    return tmp_path


def files_below(folder):
    return sorted(str(path.relative_to(folder)) for path in folder.rglob("*"))


def test_the_smallest_failure_is_a_picture_with_its_sentence_and_leaves_nothing_behind(work):
    run = lab.maelstrom(CUT, expect="invalid")
    before = files_below(work)
    found = run.counterexample()
    assert found.caption.startswith("n0 acknowledged ")
    assert found.caption.endswith(LOST)
    assert found.svg.count("<svg") == 1
    assert files_below(work) == before
    assert run.counterexample() is found, "it is kept"


@pytest.mark.slow
def test_it_is_what_an_exploration_of_this_seed_and_a_replay_give(work):
    run = lab.maelstrom(CUT, expect="invalid")
    explored = lab.explore(CUT, seeds=1, vary="none", jobs=1, tail=lambda line: None)
    replayed = lab.counterexample(lab.replay(explored.attrs["trace"]))
    found = run.counterexample()
    assert (found.caption, found.svg) == (replayed.caption, replayed.svg)


def test_the_seed_of_the_run_comes_first(work):
    run = lab.maelstrom(CUT, seed=7, expect="invalid")
    trace = smallest([*CUT.split()[1:], "--seed", "7"])
    assert trace.options.seed == 7
    assert run.counterexample().caption == trace.sentence


def test_a_seed_that_cannot_be_made_small_gives_way_to_the_next(work, monkeypatch):
    find = search.find

    def find_except_of_4(options):
        if options.seed == 4:
            raise ExploreError("Seed 4 stays as it is.")
        return find(options)

    monkeypatch.setattr(search, "find", find_except_of_4)
    assert smallest([*CUT.split()[1:], "--seed", "4"]).options.seed > 4


def test_when_no_seed_can_be_made_small_the_reason_is_that_of_the_first(work, monkeypatch):
    def find_nothing(options):
        raise ExploreError(f"Seed {options.seed} stays as it is.")

    monkeypatch.setattr(search, "find", find_nothing)
    with pytest.raises(ExploreError, match="Seed 4 stays as it is"):
        smallest([*CUT.split()[1:], "--seed", "4"])


def test_a_run_of_many_tests_is_told_by_the_one_that_failed(work):
    run = lab.maelstrom(f"{CUT} --test-count 3", expect="invalid")
    assert run.counterexample().caption.endswith(LOST)


@pytest.mark.parametrize(
    ("expect", "line", "sentence"),
    [
        ("valid", ECHO_LINE, "No failure could be made small. Seed 0 does not fail."),
        ("broken", f"{ECHO_LINE} --rate x", "has no failure to make small. argument --rate"),
        ("valid", f"{ECHO_LINE} --clock real", "a run on the real clock cannot be repeated."),
    ],
)
def test_other_runs_say_why_they_have_none(work, expect, line, sentence):
    run = lab.maelstrom(line, expect=expect)
    with pytest.raises(lab.LabError) as refusal:
        run.counterexample()
    assert sentence in str(refusal.value)


def test_a_valid_run_whose_replicas_disagree_has_one(work):
    line = "test -w txn-rw-register --node-count 2 --time-limit 3 --rate 20 --final-reads"
    Path("nodes/alone.py").write_text(ALONE)
    run = lab.maelstrom(f"{line} --consistency-models read-uncommitted", bin="nodes/alone.py")
    assert run.valid is True
    assert "nobody ever sent it to" in run.counterexample().caption


def test_a_run_of_the_real_maelstrom_has_none():
    run = lab.Run.load(STORE_SAMPLES / "txn-rw-register")
    with pytest.raises(lab.LabError, match="a run on the real Maelstrom cannot be repeated"):
        run.counterexample()


def test_a_node_that_was_mended_or_removed_since_has_none(work):
    node = Path("nodes/echo.py")
    node.write_text(LOUD)
    run = lab.maelstrom(ECHO_LINE, expect="invalid")
    node.write_text(ECHO)
    with pytest.raises(
        lab.LabError, match=r"No failure could be made small\. Seed 0 does not fail"
    ):
        run.counterexample()
    node.unlink()
    with pytest.raises(lab.LabError, match=r"No failure could be made small\. There is no file"):
        run.counterexample()


def test_a_search_that_takes_too_long_is_stopped_and_leaves_nothing(work):
    run = lab.maelstrom(CUT.replace("--rate 10", "--rate 50"), expect="invalid")
    before, processes = files_below(work), pids_below(os.getpid())
    with pytest.raises(lab.LabError, match="was stopped: it took too long"):
        run.counterexample(deadline_s=0.1)
    assert files_below(work) == before
    assert pids_below(os.getpid()) <= processes
    assert run.counterexample().caption.endswith(LOST), "with time it is found all the same"


# In a notebook

HELD = "lab.failed_run() is this run, with its ops, messages and logs."


def in_a_kernel(*cells, at_once_s=60):
    """The outputs of cells, where a failed run may look for so long."""
    first = "from glomers import lab\nfrom glomers.lab import failed\nlab.workspace()"
    return execute([f"{first}\nfailed.AT_ONCE_S = {at_once_s}", *cells])[1:]


@pytest.mark.slow
def test_a_run_that_fails_in_a_notebook_shows_it_without_being_asked(work):
    failed, again, asked = in_a_kernel(
        f"lab.maelstrom({CUT!r})", "%tb", "lab.failed_run().counterexample()"
    )
    picture, steps, error = failed
    assert text_of(picture).endswith(LOST)
    assert "<svg" in picture.data["text/html"]
    assert text_of(error).startswith("RunFailed: The run is invalid (workload), but this cell")
    assert text_of(error).splitlines()[-2:] == [
        "The picture is the smallest failure that was found for this command and node.",
        HELD,
    ]
    assert [text_of(output) for output in again] == [text_of(error)], "without the picture"
    assert [output.data for output in asked] == [picture.data, steps.data]
    assert "<iframe sandbox" in steps.data["text/html"]


@pytest.mark.slow
def test_a_run_that_fails_in_a_notebook_offers_what_cannot_be_found_at_once(work):
    failed, asked = in_a_kernel(
        f"lab.maelstrom({CUT!r})", "lab.failed_run().counterexample()", at_once_s=0.05
    )
    (error,) = failed
    assert text_of(error).splitlines()[-2:] == [
        HELD,
        "Its smallest failure takes over 2 s to find: lab.failed_run().counterexample().",
    ]
    assert text_of(asked[0]).endswith(LOST)


@pytest.mark.slow
@pytest.mark.parametrize(
    ("node", "line", "last"),
    [
        (LOUD, f"{ECHO_LINE} --clock real", "a run on the real clock cannot be repeated."),
        ("1 / 0", ECHO_LINE, HELD),
        (ECHO, f"{ECHO_LINE} --no-such-flag", HELD),
    ],
)
def test_a_run_that_cannot_have_one_is_not_searched(work, node, line, last):
    Path("nodes/echo.py").write_text(f"from glomers.node import Node\n{node}")
    ((error,),) = in_a_kernel(f"lab.maelstrom({line!r})")
    assert text_of(error).endswith(last)


@pytest.mark.slow
def test_a_failure_that_a_cell_handles_itself_is_not_searched(work):
    handled = "try:\n    lab.maelstrom({!r})\nexcept lab.RunFailed:\n    print('handled')"
    ((printed,),) = in_a_kernel(handled.format(CUT))
    assert text_of(printed) == "handled\n"


def test_outside_of_a_notebook_an_error_is_its_text_and_nothing_is_searched(work):
    with pytest.raises(lab.RunFailed) as failed:
        lab.maelstrom(CUT)
    assert failed.value._render_traceback_() == [f"RunFailed: {failed.value}", HELD]
