"""The services keep the promises of their names, and no more."""

import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from glomers.bench.services import (
    REMEMBERED_STATES,
    LastWriteWinsKV,
    LinearizableKV,
    SequentialKV,
    TimestampOracle,
    make_services,
)

WRITE = {"type": "write", "key": "k"}
READ = {"type": "read", "key": "k"}
CAS = {"type": "cas", "key": "k"}


@pytest.mark.parametrize("name", ["lin-kv", "seq-kv", "lww-kv"])
def test_missing_keys_and_mismatches_have_their_codes(name):
    service = make_services(random.Random(0))[name]
    assert service.handle("n0", READ)["code"] == 20
    assert service.handle("n0", {**CAS, "from": 1, "to": 2})["code"] == 20
    replies = [
        service.handle("n0", {**WRITE, "value": 3}),
        *[service.handle("n0", {**CAS, "from": 1, "to": 2}) for _ in range(50)],
    ]
    assert {"type": "write_ok"} in replies
    assert 22 in [reply.get("code") for reply in replies]


@pytest.mark.parametrize("name", ["lin-kv", "seq-kv", "lww-kv", "lin-tso"])
@pytest.mark.parametrize(
    "kind", ["error", "delete", "read_ok", "READ", "", None, 1, True, ["read"]]
)
def test_types_that_a_service_does_not_know_get_no_answer_and_change_nothing(name, kind):
    service, untouched = (make_services(random.Random(0))[name] for _ in range(2))
    body = {"type": kind, "key": "k", "value": 1, "code": 10, "in_reply_to": 3, "msg_id": 4}
    assert service.handle("n0", body) is None
    assert service.handle("n0", {"key": "k"}) is None
    asks = [{"type": "ts"}, READ, {**WRITE, "value": 2}, READ]
    answers = [[each.handle("n1", ask) for ask in asks] for each in (service, untouched)]
    assert answers[0] == answers[1]


@pytest.mark.parametrize("name", ["lin-kv", "seq-kv"])
def test_a_field_that_is_missing_is_null(name):
    service = make_services(random.Random(0))[name]
    assert service.handle("n0", {"type": "read"})["code"] == 20  # there is no key null
    assert service.handle("n0", {"type": "write"}) == {"type": "write_ok"}
    assert service.handle("n0", {"type": "read", "key": None})["value"] is None
    assert service.handle("n0", {"type": "cas", "to": 1}) == {"type": "cas_ok"}
    assert service.handle("n0", {"type": "cas", "to": 2})["code"] == 22  # it is 1 now
    assert service.handle("n0", {"type": "cas", "from": 1}) == {"type": "cas_ok"}
    assert service.handle("n0", {"type": "read"}) == {"type": "read_ok", "value": None}
    create = {**CAS, "to": 1, "create_if_not_exists": True}
    assert service.handle("n0", create) == {"type": "cas_ok"}


@pytest.mark.parametrize("flag", [True, 0, "", [], {}])
def test_whatever_is_neither_false_nor_null_lets_cas_create(flag):
    create = {**CAS, "from": 0, "to": 1, "create_if_not_exists": flag}
    assert LinearizableKV().handle("n0", create) == {"type": "cas_ok"}
    for refused in (False, None):
        create["create_if_not_exists"] = refused
        assert LinearizableKV().handle("n0", create)["code"] == 20


@pytest.mark.parametrize("name", ["lin-kv", "seq-kv"])
def test_cas_can_create_and_refuses_a_wrong_value(name):
    service = make_services(random.Random(0))[name]
    create = {**CAS, "from": 0, "to": 1, "create_if_not_exists": True}
    assert service.handle("n0", create) == {"type": "cas_ok"}
    assert service.handle("n0", create)["code"] == 22
    assert service.handle("n0", {**CAS, "from": 1, "to": 2}) == {"type": "cas_ok"}
    assert service.handle("n0", READ) == {"type": "read_ok", "value": 2}


DIFFERENT = [1, 1.0, True, "1", [1], [1.0], {"a": 1}, {"a": True}, None, 2**80, 2**80 + 1, 2.0**80]
PAIRS = [(old, new) for old in DIFFERENT for new in DIFFERENT if old is not new]


@pytest.mark.parametrize(("old", "new"), PAIRS)
def test_cas_tells_json_values_apart(old, new):
    service = LinearizableKV()
    service.handle("n0", {**WRITE, "value": old})
    assert service.handle("n0", {**CAS, "from": new, "to": 0})["code"] == 22


def test_keys_of_different_kinds_are_different_keys():
    service = LinearizableKV()
    for number, key in enumerate(DIFFERENT):
        service.handle("n0", {"type": "write", "key": key, "value": number})
    read = [service.handle("n0", {"type": "read", "key": key})["value"] for key in DIFFERENT]
    assert read == list(range(len(DIFFERENT)))


@given(st.integers())
def test_values_of_any_size_come_back(number):
    service = LinearizableKV()
    service.handle("n0", {**WRITE, "value": number})
    assert service.handle("n0", READ)["value"] == number
    assert service.handle("n0", {**CAS, "from": number, "to": 0}) == {"type": "cas_ok"}


def test_objects_are_equal_whatever_the_order_of_their_fields():
    service = LinearizableKV()
    service.handle("n0", {**WRITE, "value": {"a": 1, "b": 2}})
    assert service.handle("n0", {**CAS, "from": {"b": 2, "a": 1}, "to": 0})["type"] == "cas_ok"


def test_lin_kv_reads_the_latest_write_of_anybody():
    service = LinearizableKV()
    for value in range(100):
        service.handle("n0", {**WRITE, "value": value})
        assert service.handle("n1", READ)["value"] == value


def test_lin_tso_counts_from_zero():
    oracle = TimestampOracle()
    assert [oracle.handle("n0", {"type": "ts"})["ts"] for _ in range(3)] == [0, 1, 2]


@given(st.integers(0, 1000), st.lists(st.sampled_from("wr"), min_size=1, max_size=200))
def test_seq_kv_moves_every_reader_forward_within_the_remembered_states(seed, steps):
    service = SequentialKV(random.Random(seed))
    newest, last_read = 0, 0
    service.handle("writer", {**WRITE, "value": 0})
    for step in steps:
        if step == "w":
            newest += 1
            service.handle("writer", {**WRITE, "value": newest})
            continue
        reply = service.handle("reader", READ)
        if reply["type"] == "error":
            assert reply["code"] == 20
            assert newest < REMEMBERED_STATES
            continue
        assert last_read <= reply["value"] <= newest
        assert reply["value"] >= newest - REMEMBERED_STATES + 1
        last_read = reply["value"]


def test_seq_kv_shows_stale_values_to_others_but_not_to_the_writer():
    service = SequentialKV(random.Random(1))
    stale = 0
    for value in range(200):
        service.handle("writer", {**WRITE, "value": value})
        assert service.handle("writer", READ)["value"] == value
        stale += service.handle(f"reader {value}", READ).get("value") != value
    assert stale > 100


@given(st.integers(0, 1000))
def test_seq_kv_never_swaps_an_outdated_value_and_swaps_the_newest_in_the_end(seed):
    service = SequentialKV(random.Random(seed))
    for value in range(50):
        service.handle("a", {**WRITE, "value": value})
    assert service.handle("b", {**CAS, "from": 48, "to": -1})["code"] == 22
    attempts = (service.handle("b", {**CAS, "from": 49, "to": 50}) for _ in range(1000))
    assert {"type": "cas_ok"} in attempts
    assert service.handle("b", READ)["value"] == 50


def test_lww_kv_may_forget_the_latest_write_for_a_while():
    service = LastWriteWinsKV(random.Random(1))
    replies = []
    for value in range(100):
        service.handle("n0", {**WRITE, "value": value})
        replies.append(service.handle("n0", READ).get("value") == value)
    assert True in replies
    assert False in replies
