"""Transactions over registers and lists: small histories that show one anomaly each."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from glomers.bench.checkers import CheckError, CheckOptions, list_append, rw_register
from glomers.formats.edn import dumps, kw
from glomers.formats.edn_reader import loads
from glomers.formats.history import Op

VALID, TYPES, ANOMALIES = kw("valid?"), kw("anomaly-types"), kw("anomalies")
UNKNOWN = kw("unknown")
CHECKERS = {"w": rw_register.check, "append": list_append.check}


def overlapping(*txns):
    """All transactions at once: (value, outcome) each, or a value that is `ok`; EDN text."""
    parsed = [(txn, "ok") if isinstance(txn, str) else txn for txn in txns]
    begin = [Op(n, n, "invoke", n, "txn", asked(loads(text))) for n, (text, _) in enumerate(parsed)]
    end = [
        Op(len(begin) + n, len(begin) + n, kind, n, "txn", shown(loads(text), kind))
        for n, (text, kind) in enumerate(parsed)
    ]
    return begin + end


def serial(*txns, process=None):
    """One transaction after another, each of its own process or all of one."""
    history = []
    for number, text in enumerate(txns):
        who = number if process is None else process
        index = len(history)
        history.append(Op(index, index, "invoke", who, "txn", asked(loads(text))))
        history.append(Op(index + 1, index + 1, "ok", who, "txn", loads(text)))
    return history


def asked(value):
    return [[f, key, None if f == kw("r") else item] for f, key, item in value]


def shown(value, kind):
    return value if kind == "ok" else asked(value)


def judge(check, history, models=("strict-serializable",)):
    return check(history, CheckOptions("txn", models))


def types(result):
    return {name.name for name in result.get(TYPES, ())}


def words(result, anomaly):
    return "\n".join(result[ANOMALIES][kw(anomaly)][0][kw("words")])


REGISTERS = {
    "G1a": [("[[:w 1 1]]", "fail"), "[[:r 1 1]]"],
    "G1b": ["[[:w 1 1] [:w 1 2]]", "[[:r 1 1]]"],
    "G1c": ["[[:w 1 1] [:r 2 1]]", "[[:w 2 1] [:r 1 1]]"],
    "internal": ["[[:w 1 1] [:r 1 2]]", "[[:w 1 2]]"],
    "lost-update": ["[[:r 1 nil] [:w 1 1]]", "[[:r 1 nil] [:w 1 2]]"],
    "G-single-item": ["[[:w 1 1] [:w 2 1]]", "[[:r 1 1] [:r 2 nil]]"],
    "G2-item": ["[[:r 1 nil] [:w 2 1]]", "[[:r 2 nil] [:w 1 1]]"],
    "cyclic-versions": ["[[:r 1 1] [:w 1 2]]", "[[:r 1 2] [:w 1 1]]"],
}
LISTS = {
    "G0": [
        "[[:append 1 1] [:append 2 1]]",
        "[[:append 1 2] [:append 2 2]]",
        "[[:r 1 [1 2]] [:r 2 [2 1]]]",
    ],
    "G1a": [("[[:append 1 1]]", "fail"), "[[:r 1 [1]]]"],
    "G1b": ["[[:append 1 1] [:append 1 2]]", "[[:r 1 [1]]]"],
    "G1c": ["[[:append 1 1] [:r 2 [1]]]", "[[:append 2 1] [:r 1 [1]]]"],
    "internal": ["[[:append 1 1] [:r 1 [1 2]]]", "[[:append 1 2]]"],
    "future-read": ["[[:r 1 [1]] [:append 1 1]]"],
    "dirty-update": [
        ("[[:append 1 1]]", "fail"),
        "[[:append 1 2]]",
        "[[:r 1 [1 2]]]",
    ],
    "duplicate-elements": ["[[:append 1 1]]", "[[:r 1 [1 1]]]"],
    "incompatible-order": [
        "[[:append 1 1]]",
        "[[:append 1 2]]",
        "[[:r 1 [1 2]]]",
        "[[:r 1 [2 1]]]",
    ],
    "lost-update": [
        "[[:r 1 nil] [:append 1 1]]",
        "[[:r 1 nil] [:append 1 2]]",
        "[[:r 1 [1 2]]]",
    ],
    "G-single-item": ["[[:append 1 1] [:append 2 1]]", "[[:r 1 [1]] [:r 2 nil]]"],
    "G2-item": ["[[:r 1 nil] [:append 2 1]]", "[[:r 2 nil] [:append 1 1]]"],
}
CASES = [("w", name, txns) for name, txns in REGISTERS.items()] + [
    ("append", name, txns) for name, txns in LISTS.items()
]


@pytest.mark.parametrize(("write", "anomaly", "txns"), CASES)
def test_each_anomaly_is_found_where_it_is_shown(write, anomaly, txns):
    # Overlapping, so that time plays no part.
    result = judge(CHECKERS[write], overlapping(*txns))
    assert result[VALID] is False
    assert anomaly in types(result)


@pytest.mark.parametrize("write", CHECKERS)
def test_a_long_fork_breaks_snapshot_isolation(write):
    one = 1 if write == "w" else [1]
    history = overlapping(
        f"[[:r 1 nil] [:r 4 {dumps(one)}]]",
        f"[[:{write} 1 1] [:{write} 2 1]]",
        f"[[:r 2 {dumps(one)}] [:r 3 nil]]",
        f"[[:{write} 3 1] [:{write} 4 1]]",
    )
    result = judge(CHECKERS[write], history, ("snapshot-isolation",))
    assert types(result) == {"G-nonadjacent-item"}
    assert judge(CHECKERS[write], history, ("read-committed",))[VALID] is True


@pytest.mark.parametrize("write", CHECKERS)
def test_write_skew_is_legal_under_snapshot_isolation_alone(write):
    history = overlapping(f"[[:r 1 nil] [:{write} 2 1]]", f"[[:r 2 nil] [:{write} 1 1]]")
    assert judge(CHECKERS[write], history, ("snapshot-isolation",))[VALID] is True
    assert judge(CHECKERS[write], history, ("repeatable-read",))[VALID] is False


@pytest.mark.parametrize("write", CHECKERS)
def test_a_stale_read_is_serializable_but_not_strictly(write):
    history = serial(f"[[:{write} 1 1]]", "[[:r 1 nil]]")
    assert judge(CHECKERS[write], history, ("serializable",))[VALID] is True
    result = judge(CHECKERS[write], history)
    assert types(result) == {"G-single-item-realtime"}
    assert "because T2 was over" in words(result, "G-single-item-realtime")


@pytest.mark.parametrize("write", CHECKERS)
def test_missing_ones_own_write_breaks_sessions(write):
    history = serial(f"[[:{write} 1 1]]", "[[:r 1 nil]]", process=3)
    models = ("strong-session-serializable",)
    result = judge(CHECKERS[write], history, models)
    assert types(result) == {"G-single-item-process"}
    assert "process 3 executed T2 before T1" in words(result, "G-single-item-process")
    others = serial(f"[[:{write} 1 1]]", "[[:r 1 nil]]")
    assert judge(CHECKERS[write], others, models)[VALID] is True


def test_a_cycle_tells_the_reason_of_each_edge():
    result = judge(rw_register.check, overlapping(*REGISTERS["G-single-item"]))
    case = result[ANOMALIES][kw("G-single-item")][0]
    assert [step[kw("type")].name for step in case[kw("steps")]] == ["rw", "wr"]
    assert case[kw("words")][2:] == [
        "T1 < T2, because T1 read key 2 = nil, and T2 set it to 1, which came later in the order "
        "of versions",
        "T2 < T1, because T2 set key 1 to 1, which T1 read",
    ]


def test_the_reasons_for_lists_name_the_elements():
    result = judge(list_append.check, overlapping(*LISTS["G0"]), ("read-uncommitted",))
    assert types(result) == {"G0"}
    text = words(result, "G0")
    assert "appended 2 to key 1 after" in text
    assert "appended 1 to key 2 after" in text


def test_read_uncommitted_allows_internal_anomalies_and_dirty_reads():
    history = overlapping("[[:w 1 1] [:r 1 2]]", ("[[:w 1 2]]", "fail"), "[[:r 1 1]]")
    assert judge(rw_register.check, history, ("read-uncommitted",))[VALID] is True


def test_open_transactions_may_have_taken_effect():
    history = overlapping(("[[:append 1 1]]", "info"), "[[:r 1 [1]]]", "[[:r 1 nil]]")
    assert judge(list_append.check, history)[VALID] is True


def test_an_empty_graph_is_false_for_registers_and_unknown_for_lists():
    for write, verdict in (("w", False), ("append", UNKNOWN)):
        result = judge(CHECKERS[write], overlapping((f"[[:{write} 1 1]]", "fail")))
        assert result[VALID] is verdict
        assert types(result) == {"empty-transaction-graph"}


def test_a_value_with_two_writers_leaves_the_question_open():
    with pytest.raises(CheckError, match="several transactions"):
        judge(rw_register.check, overlapping("[[:w 1 1]]", "[[:w 1 1]]", "[[:r 1 1]]"))


def test_keys_of_several_types_leave_the_question_open():
    with pytest.raises(CheckError, match="several types"):
        judge(rw_register.check, overlapping("[[:w 1 1]]", '[[:w "1" 1]]'))


def test_an_element_appended_twice_leaves_the_question_open():
    with pytest.raises(CheckError, match="must be unique"):
        judge(list_append.check, overlapping("[[:append 1 1]]", "[[:append 1 1]]"))


def test_an_element_nobody_appended_leaves_the_question_open():
    with pytest.raises(CheckError, match="no transaction appended"):
        judge(list_append.check, overlapping("[[:r 1 [9]]]"))


def test_equal_numbers_of_different_types_are_different_values():
    history = overlapping("[[:w 1 1]]", "[[:r 1 1.0] [:w 1 2]]", "[[:r 1 true]]")
    assert judge(rw_register.check, history)[VALID] is True


@st.composite
def serial_runs(draw, write):
    """Transactions that took effect one after another, while others were under way."""
    state = {}
    counters = {}
    events = []
    for at in range(draw(st.integers(1, 15))):
        shape = st.tuples(st.booleans(), st.integers(0, 3))
        value, done = [], []
        for is_write, key in draw(st.lists(shape, min_size=1, max_size=4)):
            if is_write:
                counters[key] = counters.get(key, 0) + 1
                element = counters[key]
                state[key] = [*state.get(key, []), element]
                value.append([kw(write), key, element])
                done.append([kw(write), key, element])
            else:
                elements = state.get(key)
                last = elements[-1] if elements else None
                value.append([kw("r"), key, None])
                done.append([kw("r"), key, elements if write == "append" else last])
        before, later = draw(st.floats(0, 4)), draw(st.floats(0.1, 4))
        outcome = draw(st.sampled_from(["ok", "ok", "ok", "info"]))
        events.append((at - before, at, "invoke", value))
        events.append((at + later, at, outcome, done if outcome == "ok" else value))
    events.sort(key=lambda event: event[0])
    return [
        Op(index, index, kind, process, "txn", value)
        for index, (_, process, kind, value) in enumerate(events)
    ]


@pytest.mark.slow
@pytest.mark.parametrize("write", CHECKERS)
@given(data=st.data())
@settings(max_examples=150, deadline=None)
def test_what_took_effect_one_by_one_has_no_anomaly(write, data):
    history = data.draw(serial_runs(write))
    result = judge(CHECKERS[write], history)
    assert types(result) <= {"empty-transaction-graph"}, dumps(result)


@pytest.mark.slow
@pytest.mark.parametrize("write", CHECKERS)
@given(data=st.data())
@settings(max_examples=50, deadline=None)
def test_what_a_strong_model_accepts_a_weaker_one_accepts_too(write, data):
    history = data.draw(serial_runs(write))
    shuffled = data.draw(st.permutations([op.value for op in history if op.type == "ok"]))
    values = iter(shuffled)
    for op in history:
        if op.type == "ok":
            op.value = next(values)
    try:
        strong = judge(CHECKERS[write], history)
        weak = judge(CHECKERS[write], history, ("read-committed",))
    except CheckError:
        return
    if strong[VALID] is True and "empty-transaction-graph" not in types(weak):
        assert weak[VALID] is True
    if weak[VALID] is False and "empty-transaction-graph" not in types(weak):
        assert strong[VALID] is False


FLOATS = ["[[:w 1.5 1] [:r 2.5 2]]", "[[:w 2.5 2] [:r 1.5 1]]"]
VECTORS = ["[[:w [1 2] 1] [:r [3] 2]]", "[[:w [3] 2] [:r [1 2] 1]]"]


@pytest.mark.parametrize(("txns", "shown"), [(FLOATS, "key 1.5"), (VECTORS, "key [1 2]")])
def test_keys_of_any_kind_are_shown_as_they_are(txns, shown):
    result = judge(rw_register.check, overlapping(*txns), ("read-committed",))
    assert types(result) == {"G1c"}
    assert shown in words(result, "G1c")


def test_values_of_any_kind_are_shown_in_circles_of_versions():
    history = overlapping("[[:r 1 1.5] [:w 1 [2]]]", "[[:r 1 [2]] [:w 1 1.5]]")
    (case,) = judge(rw_register.check, history)[ANOMALIES][kw("cyclic-versions")]
    assert sorted(map(dumps, case[kw("scc")])) == ["(2)", "1.5"]


def test_values_with_two_writers_are_named_as_they_are():
    with pytest.raises(CheckError, match=r"key 1 was set to \[2\] by several"):
        judge(rw_register.check, overlapping("[[:w 1 [2]]]", "[[:w 1 [2]]]", "[[:r 1 [2]]]"))
