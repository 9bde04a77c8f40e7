"""Linearizability: the search agrees with the definition, and explains what it refuses."""

from itertools import permutations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from glomers.bench.checkers import CheckOptions, linearizable
from glomers.formats.edn import dumps, kw
from glomers.formats.history import Op

OPTIONS = CheckOptions("lin-kv")
VALUES = st.integers(0, 2)
VALID, RESULTS, LINEARIZABLE = kw("valid?"), kw("results"), kw("linearizable")

CALLS = st.one_of(
    st.tuples(st.just("read"), st.none()),
    st.tuples(st.just("write"), VALUES),
    st.tuples(st.just("cas"), st.tuples(VALUES, VALUES).map(list)),
)


def judge(history):
    return linearizable.check(history, OPTIONS)


def history_of(*lines):
    """Operations on key 0 from (process, type, f, value)."""
    return [
        Op(index, index * 1000, kind, process, f, [0, value])
        for index, (process, kind, f, value) in enumerate(lines)
    ]


def apply(f, value, state):
    """Whether a call fits, and the register afterwards."""
    if f == "write":
        return True, value
    if f == "cas":
        return value[0] == state, value[1]
    return value is None or value == state, state


@st.composite
def sequential_runs(draw):
    """Calls that took effect one after another, their beginnings and ends stretched at will."""
    calls = draw(st.lists(CALLS, min_size=1, max_size=12))
    state = None
    events = []
    for at, (f, value) in enumerate(calls):
        fits, after = apply(f, value, state)
        shown = state if f == "read" else value
        state = after if fits else state
        before, later = draw(st.floats(0, 3)), draw(st.floats(0, 3))
        outcome = draw(st.sampled_from(["ok", "ok", "ok", "info"])) if fits else "fail"
        events.append((at - before, at, "invoke", f, value))
        events.append((at + later, at, outcome, f, shown if outcome == "ok" else value))
    events.sort(key=lambda event: event[0])
    return history_of(*((process, kind, f, value) for _, process, kind, f, value in events))


@pytest.mark.slow
@given(sequential_runs())
@settings(max_examples=300, deadline=None)
def test_what_took_effect_in_some_order_is_linearizable(history):
    assert judge(history)[VALID] is True


@st.composite
def tiny_histories(draw):
    """Any few overlapping calls with any results."""
    count = draw(st.integers(1, 5))
    order = draw(st.permutations([n for n in range(count) for _ in range(2)]))
    calls = [draw(CALLS) for _ in range(count)]
    begun = set()
    lines = []
    for process in order:
        f, value = calls[process]
        if process not in begun:
            begun.add(process)
            lines.append((process, "invoke", f, value))
            continue
        outcome = draw(st.sampled_from(["ok", "ok", "info", "fail"]))
        shown = draw(st.one_of(st.none(), VALUES)) if f == "read" and outcome == "ok" else value
        lines.append((process, outcome, f, shown))
    return history_of(*lines)


def is_linearizable(history):
    """The definition: some order, in keeping with time, of all `ok` and some open calls fits."""
    begins = {op.process: op.index for op in history if op.type == "invoke"}
    ends = {op.process: op for op in history if op.type != "invoke"}
    oks = {process for process, op in ends.items() if op.type == "ok"}
    maybe = {process for process, op in ends.items() if op.type == "info"}
    for count in range(len(oks | maybe) + 1):
        for order in permutations(sorted(oks | maybe), count):
            if oks <= set(order) and keeps_time(order, begins, ends, oks) and fits(order, ends):
                return True
    return False


def keeps_time(order, begins, ends, oks):
    return all(
        not (later in oks and ends[later].index < begins[earlier])
        for at, earlier in enumerate(order)
        for later in order[at + 1 :]
    )


def fits(order, ends):
    state = None
    for process in order:
        op = ends[process]
        does_fit, state = apply(op.f, op.value[1], state)
        if not does_fit:
            return False
    return True


@pytest.mark.slow
@given(tiny_histories())
@settings(max_examples=500, deadline=None)
def test_the_search_agrees_with_trying_every_order(history):
    assert judge(history)[VALID] is is_linearizable(history)


def test_a_stale_read_is_refused_and_explained():
    result = judge(
        history_of(
            (0, "invoke", "write", 1),
            (0, "ok", "write", 1),
            (0, "invoke", "write", 2),
            (0, "ok", "write", 2),
            (1, "invoke", "read", None),
            (1, "ok", "read", 1),
        )
    )
    of_key = result[RESULTS][0][LINEARIZABLE]
    assert result[VALID] is False
    assert result[kw("failures")] == [0]
    assert of_key[kw("op")][kw("index")] == 5
    assert of_key[kw("previous-ok")][kw("index")] == 3
    assert "can't read 1 from register 2" in of_key[kw("words")]
    assert dumps(of_key[kw("configs")][0][kw("model")]) == "#knossos.model.CASRegister{:value 2}"
    path = of_key[kw("final-paths")][0]
    assert [step[kw("op")][kw("index")] for step in path] == [3, 5]


def test_a_swap_that_cannot_be_is_explained():
    result = judge(history_of((0, "invoke", "cas", [1, 2]), (0, "ok", "cas", [1, 2])))
    assert "can't CAS nil from 1 to 2" in result[RESULTS][0][LINEARIZABLE][kw("words")]


def test_an_open_write_may_take_effect_late_or_never():
    lines = [
        (0, "invoke", "write", 1),
        (0, "info", "write", 1),
        (1, "invoke", "write", 2),
        (1, "ok", "write", 2),
    ]
    for shown in (1, 2):
        read = [(2, "invoke", "read", None), (2, "ok", "read", shown)]
        assert judge(history_of(*lines, *read))[VALID] is True


def test_an_open_write_takes_effect_once_only():
    lines = [(0, "invoke", "write", 1), (0, "info", "write", 1)]
    for process, value in enumerate((1, 2, 1), start=1):
        if value == 2:
            lines += [(process, "invoke", "write", 2), (process, "ok", "write", 2)]
        lines += [(process, "invoke", "read", None), (process, "ok", "read", value)]
    assert judge(history_of(*lines))[VALID] is False


def test_keys_are_judged_by_themselves():
    history = history_of((0, "invoke", "write", 1), (0, "ok", "write", 1))
    history += [
        Op(2, 2000, "invoke", 0, "read", [1, None]),
        Op(3, 3000, "ok", 0, "read", [1, 7]),
    ]
    result = judge(history)
    assert [of_key[VALID] for of_key in result[RESULTS].values()] == [True, False]
    assert result[kw("failures")] == [1]


def test_a_key_of_failures_only_is_valid():
    result = judge(history_of((0, "invoke", "read", None), (0, "fail", "read", None)))
    assert result[RESULTS][0][VALID] is True


def test_too_many_configurations_leave_the_question_open(monkeypatch):
    monkeypatch.setattr(linearizable, "MAX_CONFIGURATIONS", 20)
    lines = [(process, "invoke", "write", process) for process in range(8)]
    lines += [(0, "ok", "write", 0)]
    result = judge(history_of(*lines, *((p, "ok", "write", p) for p in range(1, 8))))
    assert result[VALID] == kw("unknown")
    assert result[kw("failures")] == []


@pytest.mark.parametrize("clients", [5, 20])
def test_many_open_writes_stay_within_bounds(clients):
    lines = []
    for process in range(clients):
        lines += [
            (process, "invoke", "write", process % 3),
            (process, "info", "write", process % 3),
        ]
    for value in (0, 1, 2) * 3:
        lines += [(99, "invoke", "read", None), (99, "ok", "read", value)]
    assert judge(history_of(*lines))[VALID] is (clients == 20)
