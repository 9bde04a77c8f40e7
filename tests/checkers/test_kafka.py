"""Logs: small histories that show one error each, and correct logs that show none."""

import re

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from glomers.bench.checkers import CheckError, CheckOptions, kafka
from glomers.formats.edn import dumps, kw
from glomers.formats.history import Op

OPTIONS = CheckOptions("kafka")
SEND, POLL = kw("send"), kw("poll")
VALID = kw("valid?")


def sent(key, value, offset=None, kind="ok", process=0):
    """A send; with an offset once it is acknowledged."""
    acknowledged = [SEND, key, [offset, value] if kind == "ok" else value]
    return process, kind, "send", [[SEND, key, value]], [acknowledged]


def polled(process=1, kind="ok", **messages):
    """A poll that shows, of each key, `[offset value]` pairs."""
    shown = [[POLL, messages]] if kind == "ok" else [[POLL]]
    return process, kind, "poll", [[POLL]], shown


def assigned(*keys, process=1):
    return process, "ok", "assign", list(keys), list(keys)


def history_of(*steps):
    """The steps one after another, a millisecond for each beginning and each end."""
    history = []
    for process, kind, f, asked, shown in steps:
        for type_, value in (("invoke", asked), (kind, shown)):
            index = len(history)
            history.append(Op(index, index * 1_000_000, type_, process, f, value))
    return history


def judge(*steps):
    return kafka.check(history_of(*steps), OPTIONS)


def errors(result):
    return {name.name for name in result[kw("error-types")]}


LOG = [sent("k", 10, 0), sent("k", 11, 1), sent("k", 12, 2)]
WHOLE = [[0, 10], [1, 11], [2, 12]]

CASES = {
    "unseen": [*LOG, polled(k=WHOLE[:2])],
    "lost-write": [*LOG, polled(k=[[0, 10], [2, 12]])],
    "int-poll-skip": [*LOG, polled(k=[[0, 10], [2, 12]]), polled(process=2, k=WHOLE)],
    "int-nonmonotonic-poll": [*LOG, polled(k=[[1, 11], [0, 10]]), polled(process=2, k=WHOLE)],
    "poll-skip": [*LOG, polled(k=[[0, 10]]), polled(k=[[2, 12]]), polled(process=2, k=WHOLE)],
    "nonmonotonic-poll": [*LOG, polled(k=WHOLE), polled(k=[[1, 11]])],
    "nonmonotonic-send": [sent("k", 10, 1), sent("k", 11, 0), polled(k=[[0, 11], [1, 10]])],
    "inconsistent-offsets": [*LOG, polled(k=WHOLE), polled(process=2, k=[[1, 12]])],
    "duplicate": [*LOG, polled(k=[*WHOLE, [3, 12]])],
    "G1a": [sent("k", 10, kind="fail"), polled(k=[[0, 10]])],
    "G1c-realtime": [polled(k=[[0, 10]]), sent("k", 10, 0)],
}


@pytest.mark.parametrize("error", CASES)
def test_each_error_is_found_where_it_is_shown(error):
    result = judge(*CASES[error])
    assert result[VALID] is False
    assert error in errors(result)
    assert kw(error) in result[kw("bad-error-types")]
    assert kw(error) in result


def transaction(*micro_ops, process=0, kind="ok"):
    return process, kind, "txn", [], list(micro_ops)


def test_a_transaction_that_polls_its_own_message_is_found():
    result = judge(transaction([SEND, "k", [0, 10]], [POLL, {"k": [[0, 10]]}]))
    assert "precommitted-read" in errors(result)


def test_sends_of_a_transaction_that_go_back_are_found_and_skips_are_allowed():
    others = transaction([SEND, "k", [1, 11]], process=2)
    everything = polled(k=[[0, 10], [1, 11], [2, 12]])
    skips = transaction([SEND, "k", [0, 10]], [SEND, "k", [2, 12]])
    assert errors(judge(skips, others, everything)) == {"int-send-skip"}
    assert judge(skips, others, everything)[VALID] is True
    back = transaction([SEND, "k", [2, 12]], [SEND, "k", [0, 10]])
    assert errors(judge(back, others, everything)) == {"int-nonmonotonic-send"}


def test_an_assign_of_other_keys_starts_polling_anew():
    steps = [*LOG, polled(k=WHOLE), assigned("other"), assigned("k"), polled(k=WHOLE)]
    assert judge(*steps)[VALID] is True
    kept = [*LOG, polled(k=WHOLE), assigned("k", "other"), polled(k=WHOLE)]
    assert errors(judge(*kept)) == {"nonmonotonic-poll"}


def test_an_open_send_that_somebody_polled_took_effect():
    steps = [sent("k", 10, kind="info"), sent("k", 11, 1), polled(k=[[0, 10], [1, 11]])]
    assert judge(*steps)[VALID] is True


def test_an_open_send_that_nobody_polled_is_not_lost():
    assert judge(sent("k", 10, kind="info"), sent("k", 11, 1), polled(k=[[1, 11]]))[VALID] is True


def test_gaps_between_offsets_are_no_gaps_in_the_log():
    steps = [sent("k", 10, 5), sent("k", 11, 9), polled(k=[[5, 10], [9, 11]])]
    assert judge(*steps)[VALID] is True


def test_what_the_last_poll_alone_shows_of_a_log_is_unseen_as_in_jepsen():
    steps = [sent("k", 10, kind="info"), sent("j", 1, 0, process=1), polled(process=2, j=[[0, 1]])]
    first = polled(process=2, k=[[0, 10]])
    last = judge(*steps, first)
    assert last[kw("unseen")][kw("messages")] == {"k": (10,)}
    assert last[VALID] is False
    assert judge(*steps, first, polled(process=2, j=[]))[VALID] is True
    assert judge(*steps, polled(process=2, k=[]), first)[VALID] is True


def test_unseen_messages_are_counted_and_named():
    unseen = judge(*CASES["unseen"])[kw("unseen")]
    assert unseen[kw("unseen")] == {"k": 1}
    assert unseen[kw("messages")] == {"k": (12,)}


def test_the_lag_is_the_age_of_the_first_message_that_a_poll_misses():
    # The second message is acknowledged at 3 ms; polls begin at 6 and at 8 ms.
    result = judge(
        sent("k", 10, 0), sent("k", 11, 1), assigned("k"), polled(k=[[0, 10]]), polled(k=[[1, 11]])
    )
    lag = result[kw("worst-realtime-lag")]
    assert lag == {kw("time"): 0.006, kw("process"): 1, kw("key"): "k", kw("lag"): 0.003}


def test_without_polls_there_is_no_lag():
    lag = judge(sent("k", 10, kind="info"))[kw("worst-realtime-lag")]
    assert lag == {kw("time"): 0.0, kw("lag"): 0.0}


def test_the_causes_of_open_outcomes_are_listed_once():
    history = history_of(
        *LOG, polled(k=WHOLE), sent("k", 13, kind="info", process=3), sent("k", 14, kind="info")
    )
    for op in history:
        op.error = kw("net-timeout") if op.type == "info" else None
    result = kafka.check(history, OPTIONS)
    assert result[kw("info-txn-causes")] == (kw("net-timeout"),)


@pytest.mark.parametrize("message", [999, 10.0, 2**80])
def test_a_polled_message_that_nobody_sent_leaves_the_question_open(message):
    shown = re.escape(dumps(message))
    with pytest.raises(CheckError, match=f"the message {shown} of key .*, which nobody sent"):
        judge(*LOG, polled(k=[*WHOLE, [3, message]]))


def test_messages_of_several_types_at_one_offset_leave_the_question_open():
    with pytest.raises(CheckError, match="no order"):
        judge(sent("k", 10, 0), polled(k=[[0, "10"]]))


def test_offsets_that_are_no_integers_leave_the_question_open():
    with pytest.raises(CheckError, match="no integer"):
        judge(sent("k", 10, "first"), polled(k=[["first", 10]]))


def test_counts_are_whole_where_cases_are_cut():
    pairs = [[n, n] for n in range(40)]
    sends = [sent("k", n, n) for n in range(40)]
    back = [polled(process=n, k=[[1, 1], [0, 0]]) for n in range(2, 14)]
    entry = judge(*sends, polled(k=pairs), *back)[kw("int-nonmonotonic-poll")]
    assert entry[kw("count")] == 12
    assert len(entry[kw("errs")]) == 8


@st.composite
def correct_runs(draw):
    """Clients that send to logs and poll them from where they left off, to the end."""
    logs = {"a": [], "b": []}
    positions = {}
    steps = []
    for _ in range(draw(st.integers(1, 25))):
        process = draw(st.integers(0, 3))
        key = draw(st.sampled_from("ab"))
        if draw(st.booleans()):
            kind = draw(st.sampled_from(["ok", "ok", "info", "fail"]))
            value = len(steps)
            if kind != "fail":
                logs[key].append(value)
            steps.append(sent(key, value, len(logs[key]) - 1, kind, process))
        else:
            steps.append(draw_poll(draw, logs, positions, process))
    whole = {key: [[n, v] for n, v in enumerate(log)] for key, log in logs.items() if log}
    steps += [polled(process=9, **{key: messages}) for key, messages in whole.items()]
    # Once more: what the very last poll is the first to show may count as unseen.
    return [*steps, polled(process=8, **whole)]


def draw_poll(draw, logs, positions, process):
    """A poll of every log, of as many messages as it happens to get."""
    messages = {}
    for key, log in logs.items():
        start = positions.get((process, key), 0)
        end = draw(st.integers(start, len(log)))
        if end > start:
            messages[key] = [[n, log[n]] for n in range(start, end)]
            positions[process, key] = end
    return polled(process=process, **messages)


@pytest.mark.slow
@given(correct_runs())
@settings(max_examples=200, deadline=None)
def test_correct_logs_show_no_errors(steps):
    assert errors(judge(*steps)) <= {"empty-transaction-graph"}
