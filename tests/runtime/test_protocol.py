"""JSON is the same with and without orjson; errors know whether they are definite."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from glomers import protocol
from glomers.protocol import ErrorCode, RPCError

TEXTS = st.text(st.characters(exclude_categories=["Cs"]))
EDGES = [sign * 2**bits + more for sign in (1, -1) for bits in (63, 64, 80) for more in (-1, 0, 1)]
INTEGERS = st.integers() | st.sampled_from(EDGES)
SCALARS = st.none() | st.booleans() | INTEGERS | TEXTS
JSON = st.recursive(SCALARS, lambda inner: st.lists(inner) | st.dictionaries(TEXTS, inner))


@given(JSON)
def test_both_encoders_write_the_same_bytes_and_both_decoders_read_them(value):
    line = protocol.dumps(value)
    assert protocol._json_dumps(value) == line
    for loads in (protocol._json_loads, protocol.loads, protocol.reread):
        assert loads(line) == value
    assert b"\n" not in line


FLOATS = st.floats(allow_nan=False, allow_infinity=False)


@given(TEXTS, TEXTS, st.dictionaries(TEXTS, SCALARS | FLOATS) | st.dictionaries(TEXTS, JSON))
def test_a_message_is_packed_as_it_is_written_and_holds_what_would_be_read(src, dest, body):
    line, message = protocol._json_packed(src, dest, body)
    assert line == protocol._json_dumps({"src": src, "dest": dest, "body": body})
    assert repr(message or protocol._json_reread(line)) == repr(protocol._json_reread(line))
    assert message is None or message["body"] is not body


class Name(str):
    __slots__ = ()


@pytest.mark.parametrize("body", [{"a": [1]}, {Name("a"): 1}, {"a": Name("b")}, [1]])
def test_what_could_be_changed_or_is_read_as_something_else_is_not_passed_on(body):
    assert protocol._json_packed("n0", "n1", body)[1] is None


@given(INTEGERS, st.sampled_from(["{}", "[{}]", ' {{"a": [1.5, {}]}}', '[{}, "9"]']))
def test_integers_of_any_size_are_read_as_integers(number, around):
    text = around.format(number)
    for line in (text, text.encode()):
        value = protocol.loads(line)
        assert value == json.loads(text)
        assert f"{number}" in str(value)  # and not a float that is as large


def test_whole_floats_and_booleans_stay_what_they_are():
    line = b"[1,1.0,true,1e2,-0.0]"
    for loads in (protocol.loads, protocol._json_loads):
        assert list(map(repr, loads(line))) == ["1", "1.0", "True", "100.0", "-0.0"]
    assert protocol.dumps([1, 1.0, True]) == b"[1,1.0,true]"


@pytest.mark.parametrize("digits", [1000, 1001, 5000])
def test_integers_have_a_thousand_digits_at_most(digits):
    text = "-" + "9" * digits
    if digits <= 1000:
        assert protocol.loads(text) == int(text)
    else:
        with pytest.raises(ValueError, match="more than 1,000 digits"):
            protocol.loads(text)


def test_what_has_a_long_integer_and_cannot_be_written_is_refused_as_ever():
    with pytest.raises(TypeError, match="set"):
        protocol.dumps({"a": 2**80, "b": {1}})


@pytest.mark.parametrize("value", [{1: "a"}, [{None: 1}]])
def test_the_standard_encoder_refuses_what_orjson_refuses(value):
    for dumps in (protocol.dumps, protocol._json_dumps):
        with pytest.raises(TypeError):
            dumps(value)


@pytest.mark.parametrize("text", ["NaN", "[Infinity]", "{", ""])
def test_both_decoders_refuse_what_is_not_json(text):
    for loads in (protocol.loads, protocol._json_loads):
        with pytest.raises(ValueError, match=r".*"):
            loads(text)


def test_only_timeout_crash_and_unknown_codes_are_indefinite():
    indefinite = {code for code in ErrorCode if not RPCError(code).definite}
    assert indefinite == {ErrorCode.TIMEOUT, ErrorCode.CRASH}
    assert not RPCError(1234).definite


def test_an_error_is_told_with_code_name_and_text():
    error = RPCError(ErrorCode.TXN_CONFLICT, "too late")
    assert str(error) == "error 30 (txn conflict): too late"
    assert json.loads(protocol.dumps(error.body())) == {
        "type": "error",
        "code": 30,
        "text": "too late",
    }
