"""Reading Fressian: what is written is read, and no bytes whatever do harm."""

from __future__ import annotations

import contextlib
import struct
import zlib
from fractions import Fraction
from uuid import UUID

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from glomers.formats.edn import Char, Symbol, Tagged, freeze, kw
from glomers.formats.fressian import MAX_DEPTH, CutOff, FressianError, Reader
from tests.helpers.fressian_writer import Writer
from tests.helpers.places import STORE_SAMPLES

JOURNAL = (STORE_SAMPLES / "broadcast" / "net-journal" / "14.fressian").read_bytes()


def written(*values, cache=False, **how):
    writer = Writer(**how)
    for value in values:
        writer.write(value, cache=cache)
    return bytes(writer.out)


def read(data):
    return list(Reader(bytes(data)))


names = st.text("abcxyz-?", min_size=1, max_size=5)
atoms = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(-(2**70), 2**70),
    st.floats(allow_nan=False),
    st.text(max_size=20),
    st.binary(max_size=20),
    st.builds(kw, names),
    st.builds(lambda a, b: kw(f"{a}/{b}"), names, names),
    st.builds(Symbol, names),
    st.builds(Char, st.characters(exclude_categories=["Cs"], max_codepoint=0xFFFF)),
    st.builds(Fraction, st.integers(), st.integers(2, 99)).filter(lambda f: f.denominator > 1),
)
values = st.recursive(
    atoms,
    lambda inner: st.one_of(
        st.lists(inner, max_size=10),
        st.dictionaries(atoms, inner, max_size=5),
        st.frozensets(atoms, max_size=5),
        st.builds(Tagged, st.just("unheard-of"), inner.filter(lambda x: not isinstance(x, list))),
    ),
    max_leaves=20,
)


@pytest.mark.slow
@settings(max_examples=150, deadline=None)
@given(st.lists(values, max_size=4))
def test_what_is_written_is_read(given_values):
    assert read(written(*given_values)) == given_values


@settings(max_examples=60, deadline=None)
@given(st.lists(atoms.map(freeze), max_size=60))
def test_what_is_cached_is_read_as_often_as_it_is_repeated(given_values):
    repeated = given_values * 2
    assert read(written(*repeated, cache=True)) == repeated


@pytest.mark.parametrize("bits", range(64))
def test_integers_of_every_width(bits):
    numbers = [sign * (1 << bits) + step for sign in (1, -1) for step in (-1, 0, 1)]
    assert read(written(*numbers)) == numbers


@pytest.mark.parametrize("text", ["é" * 9, "𝄞clef", "\x00\x7f\x80\u07ff\u0800\uffff", "漢字" * 99])
@pytest.mark.parametrize("chunk_bytes", [4, 9, 65_535])
def test_strings_are_whole_wherever_they_were_cut_into_chunks(text, chunk_bytes):
    assert read(written(text, string_chunk_bytes=chunk_bytes)) == [text]


def test_a_lone_half_of_a_character_is_replaced():
    assert read(b"\xdd\xed\xa0\x80") == ["\ufffd"]


def test_long_bytes_are_joined():
    raw = bytes(range(256)) * 600
    assert read(written(raw)) == [raw]


@pytest.mark.parametrize(
    ("data", "value"),
    [
        (b"\xed\x01\xee\x02\xfd\xfd", [1, [2]]),
        (b"\xee\x01\x02", [1, 2]),  # an open list ends with the data
        (b"\xb0\x02\x05\x50\x70", [5, 0x70]),  # long[]
        (b"\xb1\x02\xfb\xfc", [0.0, 1.0]),  # double[]
        (b"\xb2\x02\xf5\xf6", [True, False]),  # boolean[]
        (b"\xb5\x01\xf7", [None]),  # Object[]
        (b"\xf9" + struct.pack(">f", 1.5), 1.5),
        (b"\xc3\xd9\x10" + bytes(range(16)), Tagged("uuid", str(UUID(bytes=bytes(range(16)))))),
        (b"\xc4\xdba", Tagged("regex", "a")),
        (b"\xc5\xdba", Tagged("uri", "a")),
        (b"\xc7\xd1\x0f\x01", 1.5),  # bigdec: 15 with the scale 1
        (b"\xc8\x7b\x00\x00\x00\x00\x00", Tagged("inst", 1 << 40)),
        (b"\xc9\xdba\xdbb", Symbol("a/b")),
        (b"\xef\xdbp\x02\x01\x02", Tagged("p", [1, 2])),
    ],
)
def test_the_rarer_types(data, value):
    assert read(data) == [value]


def test_structures_are_known_by_number_after_the_first_of_a_kind():
    heads = b"".join(b"\xef\xdb%c\x01%c" % (97 + i, i) for i in range(18))
    assert read(heads + b"\xa1\x2a" + b"\xf0\x11\x2b")[-2:] == [Tagged("b", 42), Tagged("r", 43)]


def test_a_reset_forgets_the_caches():
    assert read(b"\xcd\xdba\x80\xfe\xcd\xdbb\x80") == ["a", "a", "b", "b"]
    with pytest.raises(FressianError, match="no cached object 0"):
        read(b"\xcd\xdba\xfe\x80")


def footer(body):
    return b"\xcf\xcf\xcf\xcf" + struct.pack(">II", len(body), zlib.adler32(body))


def test_footers_are_checked_and_reset_the_caches():
    body = b"\xcd\xdba"
    assert read(body + footer(body) + body + footer(body) + b"\x07") == ["a", "a", 7]
    with pytest.raises(FressianError, match="checksum"):
        read(body + footer(b"other"))
    with pytest.raises(FressianError, match="damaged footer"):
        read(body + b"\xcf\xcf\x00\xcf" + bytes(8))
    with pytest.raises(FressianError, match="no cached object"):
        read(body + footer(body) + b"\x80")


def test_handlers_come_before_the_standard_ones():
    reader = Reader(b"\xca\xf7\xdba\xef\xdbp\x01\x07", {"key": lambda c: c[1]}, lambda t, c: (t, c))
    assert list(reader) == ["a", ("p", [7])]


# Damage


@pytest.mark.slow
def test_data_that_is_cut_off_gives_what_stands_before():
    for length in range(0, len(JOURNAL), 37):
        whole = []
        reader = Reader(JOURNAL[:length])
        try:
            whole.extend(reader)
        except CutOff:
            assert reader.position <= length
        assert whole == read(JOURNAL)[: len(whole)]


@pytest.mark.parametrize(
    "data",
    [
        b"\xf1",  # no such code
        b"\xfd",  # the end of a list that was never begun
        b"\x80",  # nothing is cached
        b"\xa0",  # no structure is known
        b"\xcd\x80",  # a value that is a part of itself
        b"\xec\xff",  # a list of -1 objects
        b"\xec\xdba",  # a list whose length is a string
        b"\xc0\xe5\x01",  # a map of a key
        b"\xc0\x01",  # a map that is no list
        b"\xdd\xff\xff\xff",  # no UTF-8
        b"\xef\x01\x01\x01",  # a structure called 1
        b"\xef\xdfratio\x02\xdd1e9\x01",
        b"\xca\x01\x01",  # a keyword called 1
        b"\xc3\xd1\x01",  # a short UUID
        b"\xe2\x01a\x01",  # a string continued by a number
        b"\xd8\x01a\x01",
        b"\xef\xdechar\x01\xf8\x7f\xff\xff\xff\xff\xff\xff\xff",
    ],
    ids=bytes.hex,
)
def test_what_is_no_fressian_is_an_error(data):
    with pytest.raises(FressianError):
        read(data)


@pytest.mark.parametrize("code", [b"\xe5", b"\xed", b"\xcd", b"\xef", b"\xcc", b"\xf0", b"\xc1"])
def test_deep_nesting_is_an_error_and_no_crash(code):
    with pytest.raises(FressianError, match=f"more than {MAX_DEPTH} deep"):
        read(code * 100_000)


def test_any_number_of_resets_is_read():
    assert read(b"\xfe" * 100_000 + b"\x07") == [7]


@pytest.mark.parametrize("code", [b"\xec", b"\xe3", b"\xd9", b"\xb0", b"\xef\xdba"])
def test_a_length_beyond_the_data_takes_no_memory(code):
    with pytest.raises(CutOff):
        read(code + b"\xf8" + (2**62).to_bytes(8))


@pytest.mark.parametrize("leaf", [b"\xe5\x01", b"\xe3\x51\x00" + b"a" * 256, b"\xc1\xe5\x01"])
def test_a_few_bytes_cannot_stand_for_very_many(leaf):
    """Each list holds the one before it eight times: 8 ** 30 leaves in all."""
    doubling = b"".join(
        b"\xcd\xec\x08" + (b"\x80" if i == 0 else bytes([0x80 + i])) * 8 for i in range(30)
    )
    with pytest.raises(FressianError, match="repeats too much"):
        read(b"\xe4" + b"\xcd" + leaf + b"\xec\x1e" + doubling)


def test_numbers_that_python_would_not_write_stay_bytes():
    assert read(written(1 << 100_000)) == [Tagged("bigint", (1 << 100_000).to_bytes(12501).hex())]


def read_somehow(data):
    with contextlib.suppress(FressianError):
        for value in Reader(data):
            repr(value)


@settings(max_examples=300, deadline=None)
@given(st.binary(max_size=200))
def test_any_bytes_are_read_or_refused(data):
    read_somehow(data)


changes = st.lists(
    st.tuples(st.integers(0, len(JOURNAL) - 1), st.integers(0, 255)), min_size=1, max_size=8
)


@settings(max_examples=150, deadline=None)
@given(changes, st.integers(0, len(JOURNAL)))
def test_a_damaged_journal_is_read_or_refused(damage, length):
    data = bytearray(JOURNAL)
    for position, byte in damage:
        data[position] = byte
    read_somehow(bytes(data[:length]))
