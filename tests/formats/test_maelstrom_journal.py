"""The real Maelstrom's journal: its events, on the history's clock, and what partitions took."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import warnings
from fractions import Fraction

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from glomers import lab
from glomers.engine.real_journal import as_the_bench_tells_it
from glomers.formats import maelstrom_journal
from glomers.formats.edn import Char, Symbol, kw
from glomers.formats.edn_reader import loads
from glomers.formats.journal import Event
from glomers.formats.maelstrom_journal import read_maelstrom_journal
from glomers.reading.partitions import Cut
from tests.helpers.fressian_writer import Writer, write_maelstrom_journal
from tests.helpers.lab_stores import MS, history
from tests.helpers.places import STORE_SAMPLES

WORKLOADS = ("echo", "broadcast", "txn-rw-register")
CLOCK_NS = 3_000_000_000_000


def message(number, src="c0", dest="n0", **body):
    return number, src, dest, {"type": "echo", **body}


def sent(time_ms, number, src="c0", dest="n0", **body):
    fields = {"src": src, "dest": dest, "body": {"type": "echo", **body}}
    return Event("send", CLOCK_NS + time_ms * MS, number, fields)


def received(time_ms, number):
    return Event("recv", CLOCK_NS + time_ms * MS, number)


# The files


def test_events_are_merged_from_all_files_in_order_of_time(tmp_path):
    body = {"value": {"k1": [1, 2.5, None, "é𝄞"], "k2": {}}, "msg_id": 1}
    written = []
    for i in range(40):
        written.append(("send", 1000 + 10 * i, message(i, **body)))
        written.append(("recv", 1005 + 10 * i, message(i, **body)))
    write_maelstrom_journal(tmp_path, written, stripes=7)
    events = list(read_maelstrom_journal(tmp_path))
    assert [(e.kind, e.time_ns, e.id) for e in events] == [(k, t, m[0]) for k, t, m in written]
    assert events[0].message == {"src": "c0", "dest": "n0", "body": {"type": "echo", **body}}
    assert events[1].message is None


def test_bodies_hold_nothing_but_json(tmp_path):
    value = {kw("k"): kw("x/y"), 2: [Symbol("s"), Char("c")], "s": frozenset([Fraction(1, 2)])}
    writer = Writer()
    writer.event(0, 1, "send", message(0, value=value, big=2**80))
    (tmp_path / "0.fressian").write_bytes(writer.out)
    (event,) = read_maelstrom_journal(tmp_path)
    plain = {"k": "x/y", "2": ["s", "c"], "s": [0.5]}
    assert event.message["body"] == {"type": "echo", "value": plain, "big": 2**80}


def test_a_cut_off_file_gives_what_stands_before_and_one_warning(tmp_path):
    write_maelstrom_journal(tmp_path, [("send", i, message(i)) for i in range(100)], stripes=5)
    for name in ("0.fressian", "3.fressian"):
        whole = (tmp_path / name).read_bytes()
        (tmp_path / name).write_bytes(whole[: len(whole) // 2])
    with pytest.warns(UserWarning, match="the middle of an object.* 2 of 5 files") as caught:
        events = list(read_maelstrom_journal(tmp_path))
    assert len(caught) == 1
    assert 60 < len(events) < 100
    assert [event.time_ns for event in events] == sorted(event.time_ns for event in events)


@pytest.mark.parametrize("value", [7, {}, None, [1, 2, 3, 4]])
def test_another_object_than_an_event_ends_a_file(tmp_path, value):
    writer = Writer()
    writer.event(0, 1, "send", message(0))
    writer.write(value)
    (tmp_path / "0.fressian").write_bytes(writer.out)
    with pytest.warns(UserWarning, match="there is no event"):
        assert len(list(read_maelstrom_journal(tmp_path))) == 1


def test_a_file_that_cannot_be_read_is_left_out(tmp_path):
    write_maelstrom_journal(tmp_path, [("send", 1, message(0))], stripes=1)
    (tmp_path / "1.fressian").mkdir()
    with pytest.warns(UserWarning, match="directory"):
        assert len(list(read_maelstrom_journal(tmp_path))) == 1


PIECES = [path.read_bytes() for path in sorted((STORE_SAMPLES / "echo" / "net-journal").iterdir())]


@pytest.mark.slow
@settings(max_examples=60, deadline=None)
@given(st.data())
def test_damaged_files_never_end_the_reading(tmp_path_factory, data):
    folder = tmp_path_factory.mktemp("journal")
    for number, piece in enumerate(PIECES[:3]):
        damaged = bytearray(piece)
        for _ in range(data.draw(st.integers(0, 3))):
            damaged[data.draw(st.integers(0, len(piece) - 1))] = data.draw(st.integers(0, 255))
        (folder / f"{number}.fressian").write_bytes(damaged)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        events = list(read_maelstrom_journal(folder))
        as_the_bench_tells_it(events, [])
    shutil.rmtree(folder)
    assert len(events) <= sum(map(len, PIECES))


@pytest.fixture
def damaged_journal(tmp_path):
    """A journal in seven files of which one is cut off."""
    body = {"value": {"k1": [1, 2.5, None, "é𝄞"], "k2": {}}, "msg_id": 1}
    written = [("send", 1000 + i, message(i, **body)) for i in range(70)]
    write_maelstrom_journal(tmp_path, written, stripes=7)
    (tmp_path / "3.fressian").write_bytes((tmp_path / "3.fressian").read_bytes()[:-5])
    return tmp_path


def read_with_warnings(folder):
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        return list(read_maelstrom_journal(folder)), [str(warning.message) for warning in caught]


@pytest.fixture
def helpers(monkeypatch):
    """The helpers that are begun; with three processors, and files worth a process each."""
    monkeypatch.setattr(maelstrom_journal, "_SHARE_BYTES", 1)
    monkeypatch.setattr(os, "cpu_count", lambda: 3)
    begun = []

    def popen(*args, **kwargs):
        begun.append(subprocess.Popen(*args, **kwargs))
        return begun[-1]

    monkeypatch.setattr(maelstrom_journal, "Popen", popen)
    return begun


def test_several_processes_read_what_one_reads(damaged_journal, helpers, monkeypatch):
    together = read_with_warnings(damaged_journal)
    assert [helper.returncode for helper in helpers] == [0, 0]
    monkeypatch.setattr(os, "cpu_count", lambda: None)
    alone = read_with_warnings(damaged_journal)
    assert together == alone
    assert len(helpers) == 2
    assert len(alone[1]) == 1


def test_what_a_helper_cannot_read_is_read_without_it(damaged_journal, helpers, monkeypatch):
    together = read_with_warnings(damaged_journal)
    monkeypatch.setattr(sys, "executable", shutil.which("false"))
    assert read_with_warnings(damaged_journal) == together
    assert [helper.returncode for helper in helpers] == [0, 0, 1, 1]


# The clock


def test_the_start_is_where_the_quickest_request_meets_its_operation():
    ops = history(
        (100, "invoke", 0, "echo", "a"),
        (130, "ok", 0, "echo", "a"),
        (200, "invoke", 0, "echo", "b"),
        (300, "invoke", 1, "echo", "c"),
    )
    events = [
        sent(20, 0, type="init"),
        sent(105, 1),
        received(107, 1),
        sent(201, 2),
        sent(340, 3),
    ]
    told = as_the_bench_tells_it(events, ops)
    assert [event.time_ns // MS for event in told] == [19, 104, 106, 200, 339]


def test_an_operation_that_sent_nothing_does_not_shift_the_others():
    times = [0, 310, 520, 790, 1300, 1310, 1900]
    ops = history(*[(time, "invoke", 0, "echo", None) for time in times])
    events = [sent(50 + time, i) for i, time in enumerate(times[:-1])]
    # One early request too many, as of a client that asked twice.
    events = sorted([*events, sent(2050 + 1900, 9)], key=lambda event: event.time_ns)
    told = as_the_bench_tells_it(events, ops)
    assert [event.time_ns // MS for event in told][:6] == times[:-1]


@pytest.mark.parametrize("ops", [[], history((5, "invoke", 0, "other", None))])
def test_without_operations_time_starts_with_the_first_request(ops):
    told = as_the_bench_tells_it([sent(1, 0, type="init"), sent(9, 1)], ops)
    assert [event.time_ns // MS for event in told] == [-8, 0]
    assert as_the_bench_tells_it([], ops) == []


# Losses


def nemesis(start_ms, end_ms, grudges):
    return [
        (start_ms, "info", "nemesis", "start-partition", kw("one")),
        (start_ms, "info", "nemesis", "start-partition", [kw("isolated"), grudges]),
        (end_ms, "info", "nemesis", "stop-partition", kw("network-healed")),
    ]


def test_a_message_into_a_partition_is_lost_and_any_other_is_under_way():
    ops = history(
        (0, "invoke", 0, "echo", None),
        *nemesis(100, 200, {"n0": frozenset({"n1"})}),
        (500, "invoke", 0, "echo", None),
    )
    events = [
        sent(0, 0),
        sent(90, 1, "n1", "n0"),  # arrives after the cut began
        sent(120, 2, "n1", "n0"),
        sent(120, 3, "n0", "n1"),  # n1 hears n0, but did not read
        sent(120, 4, "n2", "n0"),
        sent(130, 5, "n1", "n0"),
        received(210, 5),  # took until the cut was healed
        sent(300, 6, "n1", "n0"),
    ]
    drops = [event for event in as_the_bench_tells_it(events, ops) if event.kind == "drop"]
    assert [(event.id, event.time_ns // MS) for event in drops] == [(1, 100), (2, 120)]


@pytest.mark.parametrize("grudges", [None, 7, [], {"n0": 7}, {"n1": frozenset()}])
def test_a_cut_that_names_nobody_separates_nobody(grudges):
    assert not Cut(0, 1, "one", grudges).separates("n1", "n0")


# Whole stores


@pytest.mark.parametrize("workload", WORKLOADS)
def test_the_counts_are_those_of_maelstrom(workload):
    run = lab.Run.load(STORE_SAMPLES / workload)
    messages = run.messages
    to_client = messages["src"].str.startswith("c") | messages["dest"].str.startswith("c")
    net = run.results["net"]
    for part, chosen in (
        ("all", messages),
        ("clients", messages[to_client]),
        ("servers", messages[~to_client]),
    ):
        assert net[part]["send-count"] == len(chosen)
        assert net[part]["recv-count"] == chosen["recv_s"].notna().sum()
    assert run.problems == []


@pytest.mark.parametrize("workload", WORKLOADS)
def test_requests_and_replies_lie_within_their_operations(workload):
    run = lab.Run.load(STORE_SAMPLES / workload)
    messages, ops = run.messages, run.ops.sort_values("start_s", ignore_index=True)
    requests = messages[messages["src"].str.startswith("c") & messages["type"].isin(set(ops["f"]))]
    lag_s = requests["send_s"].to_numpy() - ops["start_s"].to_numpy()
    assert lag_s.min() == pytest.approx(0)
    assert lag_s.max() < 0.05
    replies = messages[messages["type"].isin({f"{f}_ok" for f in ops["f"]})]
    replies = replies[replies["dest"].str.startswith("c")].sort_values("recv_s")
    assert len(replies) == len(ops)
    left_s = ops["end_s"].sort_values().to_numpy() - replies["recv_s"].to_numpy()
    assert left_s.min() >= 0
    assert left_s.max() < 0.05


def test_every_message_that_never_arrived_was_lost_in_a_partition():
    run = lab.Run.load(STORE_SAMPLES / "broadcast")
    unreceived = run.messages[run.messages["recv_s"].isna()]
    assert len(unreceived) == 181
    assert unreceived["lost"].all()
    cuts = list(zip(run.partitions["start_s"], run.partitions["end_s"], strict=True))
    for at in unreceived["lost_s"]:
        assert any(start <= at <= end for start, end in cuts)


def test_charts_and_diagrams_are_drawn_of_a_real_run():
    run = lab.Run.load(STORE_SAMPLES / "broadcast")
    diagram = lab.spacetime(run, 0.0, 0.5, types=["gossip", "gossip_ok"])
    assert "lost" in diagram.caption
    assert "partition: one node alone: n1" in diagram.svg
    assert "gossip" in lab.messages_by_type(run).alt


def test_a_damaged_real_journal_is_reported_without_folders_of_this_machine(tmp_path):
    path = tmp_path / "store"
    shutil.copytree(STORE_SAMPLES / "echo", path)
    damaged = path / "net-journal" / "1.fressian"
    damaged.write_bytes(damaged.read_bytes()[:-10])
    run = lab.Run.load(path)
    with pytest.warns(lab.LabWarning, match=r"net-journal/1\.fressian: the data ends"):
        assert len(run.messages) == 162
    assert run.problems[0].endswith("323 events before that can be read.")
    assert str(tmp_path) not in run.problems[0]


def test_a_real_journal_without_a_history_is_readable(tmp_path):
    path = tmp_path / "store"
    shutil.copytree(STORE_SAMPLES / "echo", path)
    (path / "history.edn").unlink()
    run = lab.Run.load(path)
    first = run.messages[run.messages["type"] == "echo"].iloc[0]
    assert first["send_s"] == 0
    assert loads((path / "results.edn").read_text())[kw("valid?")] is True
