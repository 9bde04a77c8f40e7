"""Whatever a node holds, to record it calls nothing of the node's and stays small."""

import sys

from glomers.bench.shown import MAX_CHARACTERS, text_of
from glomers.bench.variables import Variables


class Called(BaseException):
    """Somebody called the program's own code."""


def refuse(*args, **kwargs):
    raise Called


HOOKS = """
    __repr__ __str__ __eq__ __ne__ __lt__ __hash__ __bool__ __len__ __iter__ __contains__ __int__
    __index__ __getattr__ __getattribute__ __dir__ __format__ __call__ __bytes__ __length_hint__
    __get__ __reversed__ __getitem__ __class_getitem__ __instancecheck__ __subclasscheck__ __copy__
    __deepcopy__ __reduce__ __reduce_ex__ __getstate__ __sizeof__ __buffer__ keys items values get
    __next__ __await__ __float__ __complex__ __fspath__
"""


def hostile(*bases):
    """A class whose every special method refuses, and whose class is hidden."""
    body = dict.fromkeys(HOOKS.split(), refuse)
    if bases != (type,):
        body["__class__"] = property(refuse)
        body["__hash__"] = lambda self: 5
    return type("Hostile", bases, body)


def made(kind, *args):
    return kind.__new__(kind, *args)


def test_nothing_of_the_programs_own_is_called():
    names = {
        base.__name__: made(hostile(base))
        for base in (object, int, str, float, bytes, list, dict, set, frozenset, tuple)
    }
    list.extend(names["list"], [1, made(hostile(object))])
    dict.__setitem__(names["dict"], "k", made(hostile(object)))
    set.add(names["set"], 7)
    names["meta"] = made(hostile(type), "Meta", (), {})
    names["of_meta"] = object.__new__(names["meta"])
    names["plain"] = [names["object"], (names["int"], [names["str"]])]
    names["keys"] = {names["tuple"]: 1}
    watch = Variables(names)
    first = watch.changes()
    assert first["int"] == {"=": "0"}
    assert first["list"] == {"is": "list", "+": ["1", "Hostile"]}
    assert first["dict['k']"] == {"=": "Hostile"}
    assert first["set"] == {"is": "set", "+": ["7"]}
    list.append(names["list"], 2)
    set.discard(names["set"], 7)
    set.add(names["set"], 8)
    assert watch.changes() == {
        "list": {"at": 2, "+": ["2"]},
        "set": {"+": ["8"], "-": ["7"]},
    }


def test_a_member_that_takes_the_place_of_a_number_is_not_compared_with_it():
    names = {"seen": {5, 6}, "log": [5, 6], "entries": {5: 1}}
    watch = Variables(names)
    watch.changes()
    names["seen"].discard(5)
    names["seen"].add(made(hostile(object)))  # with the hash of 5
    names["log"][0] = made(hostile(object))
    names["entries"][5] = made(hostile(object))
    assert watch.changes() == {
        "seen": {"+": ["Hostile"], "-": ["5"]},
        "log": {"at": 0, "+": ["Hostile"], "-": ["5"]},
        "entries[5]": {"=": "Hostile"},
    }


def test_a_property_in_place_of_the_attributes_is_left_alone():
    class Sly:
        __dict__ = property(refuse)

    names = {"sly": Sly()}
    assert Variables(names).changes() == {"sly": {"=": "Sly"}}


def test_cycles_and_deep_nesting_have_an_end():
    ring, deep = {}, []
    ring["self"] = ring
    ring["list"] = [ring]
    for _ in range(10 * sys.getrecursionlimit()):
        deep = [deep]
    changes = Variables({"ring": ring, "deep": deep}).changes()
    assert len(str(changes)) < 10_000


def test_much_state_is_told_in_few_words():
    names = {f"v{number}": number for number in range(10_000)}
    names |= {"text": "x" * 10_000_000, "number": 10**5_000, "blob": bytes(10_000_000)}
    names |= {"table": {number: [number] * 100 for number in range(500)}}
    names |= {f"big{number}": set(range(4_000)) for number in range(20)}
    watch = Variables(names)
    assert len(str(watch.changes())) < 400_000
    assert watch.changes() == {}


def test_a_text_is_short_whatever_it_is_of():
    for value in ("<script>" * 1_000, [["x" * 1_000] * 1_000] * 1_000, {1: {2: {3: {4: {}}}}}):
        assert len(text_of(value)) <= MAX_CHARACTERS
