"""`glomers bench check` refuses what is no sound history of the workload, in one sentence."""

import gzip
import json
import subprocess
import sys

import pytest

from glomers.formats.history import format_op, read_history
from tests.helpers.bench import bench as main
from tests.helpers.places import MAELSTROM_RUNS

SAMPLES = {
    "echo": "echo--ok",
    "unique-ids": "unique-ids--ok",
    "broadcast": "broadcast--ok-5-grid",
    "g-set": "g-set--ok",
    "g-counter": "g-counter--ok-lin-kv",
    "pn-counter": "pn-counter--ok",
    "kafka": "kafka--ok-2-proxy",
    "lin-kv": "lin-kv--ok-single",
    "txn-rw-register": "txn-rw-register--ok-serial",
    "txn-list-append": "txn-list-append--ok-serial",
}
"""Of each of Maelstrom's workloads a run that was recorded there."""
ALIKE = {frozenset({"g-counter", "pn-counter"})}
"""Workloads whose histories nobody can tell apart."""

ANY_VALUE = {"unique-ids"}
"""Workloads whose operations may have any value."""

BAD_ARGUMENTS = 254

every_workload = pytest.mark.parametrize("workload", SAMPLES)


def sample(workload):
    """The lines of a recorded history that is valid."""
    history = read_history(MAELSTROM_RUNS / SAMPLES[workload] / "history.edn.gz")
    return [format_op(op) for op in history]


@pytest.fixture
def check(tmp_path, capsys):
    """Check lines, or the bytes of a file; returns exit status, stdout and stderr."""

    def run(workload, content):
        path = tmp_path / "history.edn"
        if isinstance(content, bytes):
            path.write_bytes(content)
        else:
            path.write_text("".join(f"{line}\n" for line in content), encoding="utf-8")
        status = main(["check", "-w", workload, str(path)])
        printed = capsys.readouterr()
        return status, printed.out, printed.err

    return run


def assert_refused(outcome, *words):
    status, out, err = outcome
    assert status == BAD_ARGUMENTS
    assert out == ""
    assert len(err.splitlines()) == 1
    assert "Traceback" not in err
    for word in words:
        assert word in err


@every_workload
def test_a_sound_history_is_judged(check, workload):
    status, out, err = check(workload, sample(workload))
    assert (status, err) == (0, "")
    assert json.loads(out)["valid"] is True


@every_workload
def test_an_empty_history_is_refused(check, workload):
    assert_refused(check(workload, []), "no operations")


@every_workload
def test_a_truncated_gzip_is_refused(check, workload):
    packed = gzip.compress("\n".join(sample(workload)).encode())
    assert_refused(check(workload, packed[: len(packed) // 2]), "gzip")


@every_workload
def test_text_that_is_no_edn_is_refused(check, workload):
    assert_refused(check(workload, [*sample(workload)[:10], "{:index 10, :time"]), "line 11")


@every_workload
def test_bytes_that_are_no_text_are_refused(check, workload):
    assert_refused(check(workload, b"\xff\xfe\x00\x01"), "UTF-8")


@every_workload
def test_a_duplicate_index_is_refused(check, workload):
    lines = sample(workload)
    assert_refused(check(workload, [*lines[:5], lines[4], *lines[5:]]), "index 4")


@every_workload
def test_a_completion_without_invocation_is_refused(check, workload):
    lines = sample(workload)
    first = next(n for n, line in enumerate(lines) if ":type :invoke" in line)
    assert_refused(check(workload, lines[:first] + lines[first + 1 :]), "never invoked")


@every_workload
def test_an_invocation_without_completion_is_judged(check, workload):
    lines = sample(workload)
    last = max(n for n, line in enumerate(lines[: len(lines) // 2]) if ":type :invoke" in line)
    status, out, err = check(workload, lines[: last + 1])
    assert status in (0, 1, 2)
    assert err == ""
    assert json.loads(out)["valid"] in (True, False, "unknown")


@every_workload
def test_a_history_of_invocations_alone_is_judged(check, workload):
    processes = set()
    lines = []
    for op in read_history(MAELSTROM_RUNS / SAMPLES[workload] / "history.edn.gz"):
        if op.type == "invoke" and op.process not in processes:
            processes.add(op.process)
            lines.append(format_op(op))
    status, out, err = check(workload, lines)
    assert status in (0, 1, 2)
    assert err == ""
    assert "the checker failed" not in out


@pytest.mark.parametrize("value", ["17", '"text"', "[[:r]]", "{:a 1}", "nil", ":keyword"])
@pytest.mark.parametrize("workload", sorted(set(SAMPLES) - ANY_VALUE))
def test_values_of_unexpected_types_never_break_the_checker(check, workload, value):
    refused = 0
    for f in functions(workload):
        status, out, err = check(workload, with_ok_value(workload, f, value))
        assert status in (0, 1, 2, BAD_ARGUMENTS)
        assert "Traceback" not in err
        assert "the checker failed" not in out
        refused += status == BAD_ARGUMENTS
        assert len(err.splitlines()) == (1 if status == BAD_ARGUMENTS else 0)
    # Every type is wrong for some function, but for those that fit all of a workload's.
    assert refused or (workload, value) in FITTING


FITTING = {
    ("echo", "{:a 1}"),
    ("broadcast", "[[:r]]"),
    ("broadcast", "nil"),
    ("g-set", "[[:r]]"),
    ("g-set", "nil"),
    ("g-counter", "17"),
    ("pn-counter", "17"),
}


def functions(workload):
    history = read_history(MAELSTROM_RUNS / SAMPLES[workload] / "history.edn.gz")
    return sorted({op.f for op in history if op.type == "ok"})


def with_ok_value(workload, f, value):
    """The sample, but the first `ok` of a function has another value."""
    lines = sample(workload)
    at = next(
        n for n, line in enumerate(lines) if ":type :ok, :process" in line and f":f :{f}," in line
    )
    head, _, _ = lines[at].partition(":value ")
    lines[at] = f"{head}:value {value}}}"
    return lines


@pytest.mark.parametrize("claimed", SAMPLES)
@every_workload
def test_the_history_of_another_workload_is_refused(check, workload, claimed):
    if workload == claimed or frozenset({workload, claimed}) in ALIKE:
        return
    assert_refused(check(claimed, sample(workload)), "is this its history")


def test_a_file_that_is_not_there_is_refused(tmp_path, capsys):
    status = main(["check", "-w", "echo", str(tmp_path / "nothing.edn")])
    printed = capsys.readouterr()
    assert_refused((status, printed.out, printed.err), "nothing.edn")


def test_a_reader_that_leaves_early_changes_neither_status_nor_stderr():
    history = MAELSTROM_RUNS / SAMPLES["echo"] / "history.edn.gz"
    command = [sys.executable, "-m", "glomers", "bench", "check", "-w", "echo", str(history)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as process:
        process.stdout.close()
        assert process.stderr.read() == b""
    assert process.returncode == 0


def test_what_a_terminal_would_obey_is_not_printed(check):
    head = ":process 0, :f :echo, :value"
    lines = [
        f'{{:index 0, :time 0, :type :invoke, {head} "hello"}}',
        f'{{:index 1, :time 1, :type :ok, {head} "\x1b]0;owned\x07"}}',
    ]
    status, out, err = check("echo", lines)
    assert status == BAD_ARGUMENTS
    assert "owned" in err
    assert "\x1b" not in out + err
    assert "\x07" not in out + err
