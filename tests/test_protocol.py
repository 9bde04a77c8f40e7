"""JSON is the same with and without orjson; errors know whether they are definite."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from glomers import protocol
from glomers.protocol import ErrorCode, RPCError

TEXTS = st.text(st.characters(exclude_categories=["Cs"]))
SCALARS = st.none() | st.booleans() | st.integers(-(2**53), 2**53) | TEXTS
JSON = st.recursive(SCALARS, lambda inner: st.lists(inner) | st.dictionaries(TEXTS, inner))


@given(JSON)
def test_both_encoders_write_the_same_bytes_and_both_decoders_read_them(value):
    line = protocol.dumps(value)
    assert protocol._json_dumps(value) == line
    assert protocol._json_loads(line) == protocol.loads(line) == value
    assert b"\n" not in line


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
