"""EDN: what Maelstrom writes is read, and what is written is read back the same."""

from fractions import Fraction
from sys import getsizeof

import pytest
from hypothesis import given
from hypothesis import strategies as st

from glomers.formats.edn import (
    Char,
    EdnError,
    Keyword,
    Symbol,
    Tagged,
    dumps,
    keywordize,
    kw,
    pretty,
    to_json,
)
from glomers.formats.edn_reader import loads, loads_all

NAMES = st.from_regex(r"[a-z][a-z0-9?!-]{0,8}", fullmatch=True)
TEXTS = st.text(st.characters(exclude_categories=["Cs"]))
ATOMS = (
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats(allow_nan=False)
    | TEXTS
    | NAMES.map(kw)
    | st.fractions().filter(lambda f: f.denominator != 1)
)
HASHABLE = st.integers() | TEXTS | NAMES.map(kw)
VALUES = st.recursive(
    ATOMS,
    lambda inner: (
        st.lists(inner)
        | st.lists(inner).map(tuple)
        | st.dictionaries(HASHABLE, inner)
        | st.frozensets(HASHABLE)
    ),
    max_leaves=25,
)


@given(VALUES)
def test_what_is_written_is_read_back(value):
    assert loads(dumps(value)) == value
    assert loads(pretty(value)) == value


@given(st.lists(st.lists(st.integers(), min_size=2, max_size=2)))
def test_lists_of_pairs_of_integers_are_written_as_any_others(pairs):
    assert dumps(pairs) == "[" + " ".join(f"[{dumps(a)} {dumps(b)}]" for a, b in pairs) + "]"


@pytest.mark.parametrize("edge", [2**63, -(2**63) - 1, 2**64, 2**100])
def test_integers_of_more_than_64_bits_have_an_n_wherever_they_stand(edge):
    inner = edge - 1 if edge > 0 else edge + 1
    assert dumps(edge) == f"{edge}N"
    assert dumps([edge]) == f"[{edge}N]"
    assert dumps([[0, edge]]) == f"[[0 {edge}N]]"
    assert dumps([2**63 - 1, -(2**63)]) == "[9223372036854775807 -9223372036854775808]"
    assert loads(dumps({"a": [inner, edge]})) == {"a": [inner, edge]}


@pytest.mark.parametrize("text", ["{1 2, 1.0 3}", "#{1 1.0}", "{[1] 2, [1.0] 3}"])
def test_a_float_is_another_key_than_the_integer(text):
    value = loads(text)
    assert len(value) == 2
    assert loads(dumps(value)) == value


def refusal(text):
    """The sentence with which a text is refused; nothing when it is read."""
    try:
        loads_all(text)
    except EdnError as error:
        return str(error)
    return ""


@given(st.text(max_size=60))
def test_any_text_is_read_or_refused_in_a_sentence(text):
    assert "\n" not in refusal(text).strip()


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("nil", None),
        ("-12", -12),
        ("1/3", Fraction(1, 3)),
        ("3.5E-4", 3.5e-4),
        ("12N", 12),
        (":a/b", kw("a/b")),
        ("foo", Symbol("foo")),
        ("\\a", Char("a")),
        ("\\newline", Char("\n")),
        ('"a\\tb\\u0041"', "a\tbA"),
        ("#{1 2}", frozenset({1, 2})),
        ("(1 2)", (1, 2)),
        ("{:a 1, :b [2]}", {kw("a"): 1, kw("b"): [2]}),
        ('#inst "2020"', Tagged("inst", "2020")),
        ("; a remark\n [1 #_ 2 3]", [1, 3]),
    ],
)
def test_every_notation_is_read(text, value):
    assert loads(text) == value


def test_records_of_jepsen_are_tagged_maps():
    record = loads("#jepsen.history.Op{:index 3, :type :ok}")
    assert record == Tagged("jepsen.history.Op", {kw("index"): 3, kw("type"): kw("ok")})
    assert dumps(record) == "#jepsen.history.Op{:index 3, :type :ok}"


def test_a_vector_of_atoms_takes_no_more_memory_than_it_needs():
    pair = loads("[[17 18]]")[0]
    assert getsizeof(pair) == getsizeof([17, 18][:])


@pytest.mark.parametrize("text", ["[1", "{:a}", '"open', "#", ")", "{1 2 1 3}", "1 2", ""])
def test_broken_text_is_refused(text):
    with pytest.raises(EdnError):
        loads(text)


def test_nesting_without_end_is_refused_rather_than_crashing():
    with pytest.raises(EdnError):
        loads("[" * 100_000 + "]" * 100_000)


def test_keywords_are_kept_apart_from_strings_and_become_text_in_json():
    assert kw("a") != "a"
    assert isinstance(loads(":a"), Keyword)
    assert keywordize({"a": {"b-c": 1}}) == {kw("a"): {"b-c": 1}}
    assert to_json({kw("valid?"): True, 0.5: [kw("ok")]}) == {"valid?": True, "0.5": ["ok"]}


def test_a_ratio_beyond_all_floats_is_none_in_json():
    assert to_json(Fraction(10**400, 3)) is None
