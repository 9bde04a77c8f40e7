"""The faults of a run are read from its history, in words."""

from glomers.formats.edn import kw
from glomers.formats.history import Op
from glomers.reading.faults import extra_faults_of, faults_of, felt_faults_of, spans_of


def nemesis(*events):
    """A history of the nemesis: (seconds, f, value) each."""
    return [
        Op(index, int(at_s * 1e9), "info", "nemesis", f, value)
        for index, (at_s, f, value) in enumerate(events)
    ]


HISTORY = nemesis(
    (1, "start-kill", None),
    (1, "start-kill", [kw("killed"), "n2"]),
    (2, "start-partition", kw("one")),
    (2, "start-partition", [kw("isolated"), {"n0": frozenset({"n1"}), "n1": frozenset({"n0"})}]),
    (3, "stop-kill", None),
    (3, "stop-kill", [kw("restarted"), "n2"]),
    (4, "start-slow", None),
    (4, "start-slow", [kw("slow"), {kw("node"): "n1", kw("late-ms"): 700}]),
    (5, "stop-partition", kw("network-healed")),
    (6, "start-one-way", kw("deaf")),
    (6, "start-one-way", [kw("deaf"), {"n0": frozenset({"n1"})}]),
    (9, "stop-one-way", None),
)


def test_faults_last_from_their_start_to_their_stop_or_to_the_end():
    spans = {span.fault: (span.start_ns / 1e9, span.end_ns / 1e9) for span in spans_of(HISTORY)}
    assert spans == {"kill": (1, 3), "partition": (2, 5), "slow": (4, 9), "one-way": (6, 9)}


def test_faults_are_described_in_order():
    assert [fault.description for fault in faults_of(HISTORY)] == [
        "kill: n2",
        "partition: one node alone: n0 | n1",
        "slow: node n1, late-ms 700",
        "one-way: n0 heard, but deaf",
    ]
    assert len(extra_faults_of(HISTORY)) == 3


def test_a_history_without_faults_has_none():
    assert faults_of([]) == []


def test_a_partition_that_cuts_nobody_off_is_not_felt():
    nobody = {"n0": frozenset(), "n1": frozenset()}
    history = nemesis(
        (1, "start-partition", kw("minority-third")),
        (1, "start-partition", [kw("isolated"), nobody]),
        (2, "stop-partition", kw("network-healed")),
        *((op.time_ns / 1e9 + 3, op.f, op.value) for op in HISTORY),
    )
    assert len(faults_of(history)) == 5
    assert [fault.description for fault in felt_faults_of(history)] == [
        fault.description for fault in faults_of(HISTORY)
    ]
