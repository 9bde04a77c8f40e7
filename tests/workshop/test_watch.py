"""What a check sees in the messages of a run, and no checker does."""

import pytest

from glomers.bench.flags import parse_options
from glomers.errors import BrokenTest
from glomers.protocol import dumps
from glomers.workshop.keeping import FEW
from glomers.workshop.watch import (
    ALL_OF_READS,
    ASKS_AROUND,
    INVENTED,
    LATE,
    LUCKY,
    MISREPORTED,
    OTHER_TEXT,
    PASSED_OVER,
    STALE,
    UNANSWERED,
    UNWRITTEN,
    WENT_BACK,
    Watch,
)

QUIET = "-w echo --bin x --time-limit 10 --rate 10"


def watch(flags=QUIET, **more):
    return Watch(parse_options(flags.split()), **more)


def hear(looking, *messages):
    """Let it hear messages, each given as source, destination and body."""
    for number, (src, dest, body) in enumerate(messages):
        line = dumps({"src": src, "dest": dest, "body": body})
        looking.send(number * 1_000_000, number, line)
    return looking.wrong


def exchange(client, number, asked, answer):
    """A request of a client to n0, and what n0 answers."""
    return (
        (client, "n0", {**asked, "msg_id": number}),
        ("n0", client, {**answer, "in_reply_to": number}),
    )


def commit(number, offset):
    asked = {"type": "commit_offsets", "offsets": {"k": offset}}
    return exchange("c1", number, asked, {"type": "commit_offsets_ok"})


def listed(number, offsets):
    asked = {"type": "list_committed_offsets", "keys": ["k"]}
    return exchange("c1", number, asked, {"type": "list_committed_offsets_ok", "offsets": offsets})


@pytest.mark.parametrize(("shown", "words"), [({"k": 5}, "shows the offset 5"), ({}, "shows none")])
def test_a_committed_offset_goes_back_when_a_smaller_one_or_none_is_shown(shown, words):
    wrong = hear(watch(), *commit(1, 7), *commit(2, 5), *listed(3, shown))
    assert set(wrong) == {WENT_BACK}
    assert words in wrong[WENT_BACK]


def test_a_larger_committed_offset_is_no_step_back():
    assert hear(watch(), *commit(1, 7), *commit(2, 5), *listed(3, {"k": 7})) == {}


def test_what_is_committed_while_a_list_is_asked_for_need_not_be_in_it():
    asked, answered = listed(2, {})
    assert hear(watch(), asked, *commit(1, 7), answered) == {}


@pytest.mark.parametrize(
    "done", [[["w", 1, None], ["r", 2, None]], [["w", 1, 4]], [["w", 1, 4], ["r", 1, None]], []]
)
def test_an_answer_that_names_other_operations_than_were_asked_for_is_noticed(done):
    asked = {"type": "txn", "txn": [["w", 1, 4], ["r", 2, None]]}
    wrong = hear(watch(), *exchange("c1", 1, asked, {"type": "txn_ok", "txn": done}))
    assert set(wrong) == {MISREPORTED}


def txn(number, *operations):
    """A transaction, and an answer that says of its operations what is given here."""
    asked = [[f, key, value if f == "w" else None] for f, key, value in operations]
    answer = {"type": "txn_ok", "txn": [list(each) for each in operations]}
    return exchange("c1", number, {"type": "txn", "txn": asked}, answer)


@pytest.mark.parametrize("value", [0, 7, False, "", [], [7], 4.0])
def test_a_read_must_not_show_what_nobody_wrote(value):
    wrong = hear(watch(), *txn(1, ("w", 1, 4)), *txn(2, ("r", 1, value)))
    assert set(wrong) == {UNWRITTEN}
    assert set(hear(watch(), *txn(1, ("w", 1, 4)), *txn(2, ("r", 2, 4)))) == {UNWRITTEN}


def test_a_read_may_show_nothing_or_whatever_was_ever_written():
    written = txn(1, ("w", 1, 4), ("w", 1, 5), ("w", 2, 0))
    assert hear(watch(), *written, *txn(2, ("r", 1, 4), ("r", 2, 0), ("r", 3, None))) == {}
    asked, answered = txn(3, ("w", 3, 6))
    assert hear(watch(), asked, *txn(2, ("r", 3, 6)), answered) == {}


def sent(number, offset):
    asked = {"type": "send", "key": "k", "msg": offset}
    return exchange("c1", number, asked, {"type": "send_ok", "offset": offset})


def polled(number, first, *offsets):
    asked = {"type": "poll", "offsets": {"k": first}}
    pairs = [[offset, offset] for offset in offsets]
    return exchange("c2", number, asked, {"type": "poll_ok", "msgs": {"k": pairs}})


@pytest.mark.parametrize("first", [0, 6])
def test_a_poll_must_not_pass_over_an_offset_that_is_written_before_it_or_later(first):
    poll = polled(1, first, *range(first, 7), 8)
    assert PASSED_OVER in hear(watch(), *poll, *sent(2, 7))
    assert PASSED_OVER in hear(watch(), *sent(2, 7), *poll)


def test_offsets_may_be_left_free_for_ever_and_polls_may_end_early():
    assert hear(watch(), *polled(1, 0, 0, 2), *sent(2, 4), *sent(3, 3), *polled(4, 3)) == {}


def broadcast(number, value):
    return exchange("c1", number, {"type": "broadcast", "message": value}, {"type": "broadcast_ok"})


def read(number, values):
    return exchange("c2", number, {"type": "read"}, {"type": "read_ok", "messages": values})


def test_only_a_node_alone_has_to_show_at_once_what_it_acknowledged():
    messages = (*broadcast(1, 3), *read(1, []))
    assert hear(watch(), *messages) == {}
    assert STALE in hear(watch(shows_at_once=True), *messages)


def test_a_read_need_not_show_what_is_acknowledged_after_it_was_asked_for():
    asked, answered = read(1, [3])
    messages = (*broadcast(1, 3), asked, *broadcast(2, 4), answered)
    assert hear(watch(shows_at_once=True), *messages) == {}


def test_a_read_shows_nothing_that_nobody_broadcast():
    assert hear(watch(), *broadcast(1, 3), *read(1, [3])) == {}
    assert "shows 4" in hear(watch(), *broadcast(1, 3), *read(1, [3, 4]))[INVENTED]


def read_after_asking(number):
    asked, answered = read(number, [])
    return asked, ("n0", "n1", {"type": "all", "msg_id": number}), answered


def reads_after_asking(count):
    return [message for number in range(count) for message in read_after_asking(number)]


def test_a_node_that_asks_others_before_it_answers_any_read_has_not_been_told():
    asks = reads_after_asking(ALL_OF_READS)
    assert "ask others before it answered" in hear(watch(), *asks)[ASKS_AROUND]
    assert ASKS_AROUND not in hear(watch(), *reads_after_asking(ALL_OF_READS - 1))


def test_a_single_read_without_asking_shows_that_others_are_told_and_not_asked():
    asks = reads_after_asking(ALL_OF_READS)
    assert ASKS_AROUND not in hear(watch(), *asks, *read(99, []), *read_after_asking(100))


def kept(offset, service_key="message k"):
    body = {"type": "write", "key": service_key, "value": offset, "msg_id": offset}
    return [("n0", "lin-kv", body)]


def test_messages_that_are_written_to_a_service_after_they_are_acknowledged_are_kept_too_late():
    late = [part for n in range(FEW + 1) for part in (*sent(n, n), *kept(n))]
    assert LATE in hear(watch(), *late)
    asked = [(*sent(n, n)[:1], *kept(n), *sent(n, n)[1:]) for n in range(FEW + 1)]
    assert hear(watch(), *[part for parts in asked for part in parts]) == {}


def test_what_is_written_of_other_logs_or_by_services_alone_is_no_message():
    other = [part for n in range(FEW + 1) for part in (*sent(n, n), *kept(n, "mark k2"))]
    assert hear(watch(), *other) == {}


def test_a_text_that_comes_back_shorter_is_another_text():
    asked = {"type": "echo", "echo": "twenty and more letters"}
    answer = {"type": "echo_ok", "echo": "twenty"}
    assert hear(watch(), *exchange("c1", 1, asked, {**asked, "type": "echo_ok"})) == {}
    assert "of 23 characters" in hear(watch(), *exchange("c1", 1, asked, answer))[OTHER_TEXT]


def shares(count, first=1):
    return [
        ("n0", "n1", {"type": "share", "value": 3, "msg_id": number})
        for number in range(first, first + count)
    ]


def test_a_request_between_nodes_that_is_asked_again_and_again_needs_a_reply():
    assert hear(watch(), *shares(3)) == {}
    assert "`share` is never answered" in hear(watch(), *shares(4))[UNANSWERED]


def test_a_single_reply_shows_that_requests_are_answered():
    late = ("n1", "n0", {"type": "share_ok", "in_reply_to": 2})
    assert hear(watch(), *shares(4), late, *shares(4, first=5)) == {}


def test_while_faults_are_at_work_replies_may_be_missing():
    assert hear(watch(f"{QUIET} --nemesis partition"), *shares(9)) == {}


def test_new_requests_without_a_number_or_with_other_contents_are_no_repetitions():
    gossip = [("n0", "n1", {"type": "gossip", "counts": {}}) for _ in range(9)]
    new = [("n0", "n1", {"type": "share", "value": i, "msg_id": i}) for i in range(9)]
    assert hear(watch(), *gossip, *new) == {}


def test_an_id_that_other_nodes_give_at_the_same_moments_is_unique_by_luck():
    given = exchange("c1", 1, {"type": "generate"}, {"type": "generate_ok", "id": "7-1"})
    assert hear(watch(), *given) == {}
    assert "n9 gives it as well" in hear(watch(lucky="n9 gives it as well"), *given)[LUCKY]


def test_a_run_with_too_many_messages_is_ended_with_a_sentence():
    with pytest.raises(BrokenTest, match="are too many for a check: the last is a `gossip` from"):
        hear(watch(most=8), *[("n0", "n1", {"type": "gossip"})] * 12)
