"""What is told of a node's variables is what one sees when one looks at them."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from glomers.bench import pointers, variables, watched
from glomers.bench.variables import Variables
from glomers.formats.node_state import NodeStep
from glomers.reading.node_states import Members, changed


@pytest.fixture(autouse=True, scope="module")
def much_room():
    """Which containers are watched is a matter of who was first, once there are too many."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(variables, "MAX_CONTAINERS", 10_000)
        patch.setattr(variables, "MAX_SOURCES", 10_000)
        yield


def step(changes):
    return NodeStep(0, "n0", "task", None, None, None, (), changes)


def plain(state):
    """A state without the order in which members of sets and dicts are told."""
    return {
        path: (value.kind, sorted(value.items), value.count)
        if isinstance(value, Members) and value.kind != "list"
        else value
        for path, value in state.items()
    }


def looked_at(names):
    """What one sees who looks for the first time."""
    return plain(changed({}, step(Variables(names).changes())))


class Thing:
    def __init__(self, value):
        self.value = value


class Slotted:
    __slots__ = ("one", "other")


ATOMS = st.one_of(
    st.integers(-3, 3),
    st.integers(),
    st.sampled_from(["a", "b", "", "ü" * 80]),
    st.none(),
    st.booleans(),
    st.floats(allow_nan=True),
    st.binary(max_size=2),
)
KEYS = st.one_of(
    st.integers(-3, 3), st.sampled_from(["a", "b", "x" * 100]), st.tuples(st.integers(0, 2))
)


def slotted(value):
    made = Slotted()
    made.one = value
    return made


VALUES = st.recursive(
    ATOMS,
    lambda inner: st.one_of(
        st.lists(inner, max_size=4),
        st.sets(KEYS, max_size=6),
        st.frozensets(KEYS, max_size=3),
        st.dictionaries(KEYS, inner, max_size=4),
        st.tuples(inner, inner),
        inner.map(Thing),
        inner.map(slotted),
    ),
    max_leaves=12,
)
PATHS = st.lists(st.integers(0, 5), max_size=4)
EDITS = st.lists(
    st.tuples(PATHS, st.integers(0, 7), st.integers(0, 5), VALUES, KEYS), min_size=1, max_size=6
)


def reach(names, path):
    """Something that can be changed, some steps below the names."""
    here = names
    for number in path:
        below = [item for item in held_by(here) if isinstance(item, list | set | dict | Thing)]
        if not below:
            break
        here = below[number % len(below)]
    return here


def held_by(value):
    if isinstance(value, dict):
        return [*value.values()]
    if isinstance(value, Thing):
        return [value.value]
    return [*value]


def edit(names, path, what, at, value, key):
    """Change something somewhere, in place or by something new."""
    place = reach(names, path)
    if isinstance(place, Thing):
        if what < 6:
            place.value = value
        elif what == 6:
            place.__dict__ = {"value": value}
        else:
            place.more = value
    elif isinstance(place, set):
        (place.add if what < 5 else place.discard)(key)
    elif isinstance(place, list):
        if what < 3:
            place.append(value)
        elif what < 5:
            place.insert(at, value)
        elif what == 5:
            place[at:] = []
        elif place:
            place[at % len(place)] = value
    elif place is names:
        name = f"v{at}"
        if what < 6:
            names[name] = value
        elif what == 6:
            names.pop(name, None)
        elif isinstance(names.get(name), dict | list | set | tuple):
            names[name] = type(names[name])(names[name])  # the same in another container
    elif what < 5:
        place[key] = value
    elif what == 5:
        place.clear()
    else:
        place.pop(key, None)


@given(
    st.dictionaries(st.sampled_from(["v0", "v1", "v2", "v3"]), VALUES, max_size=4),
    st.lists(EDITS, max_size=6),
)
def test_changes_folded_are_what_one_sees_who_looks(names, rounds):
    folded_is_looked_at(names, rounds)


@settings(max_examples=30)
@given(
    st.dictionaries(st.sampled_from(["v0", "v1", "v2", "v3"]), VALUES, max_size=4),
    st.lists(EDITS, max_size=6),
)
def test_so_they_are_where_memory_cannot_be_read(names, rounds):
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(variables, "SetCopy", pointers.SetById)
        patch.setattr(watched, "tag_of", lambda names: pointers.NO_TAG)
        folded_is_looked_at(names, rounds)


def folded_is_looked_at(names, rounds):
    watch = Variables(names)
    state = changed({}, step(watch.changes()))
    assert plain(state) == looked_at(names)
    for edits in rounds:
        for one in edits:
            edit(names, *one)
        state = changed(state, step(watch.changes()))
        assert plain(state) == looked_at(names)
        assert watch.changes() == {}


@given(st.sets(st.integers()), st.lists(st.tuples(st.booleans(), st.integers(0, 40)), max_size=60))
def test_a_copy_of_a_set_knows_what_has_come_and_gone(members, edits):
    seen, told = pointers.SetCopy(members), set(members)
    for is_added, number in edits:
        (members.add if is_added else members.discard)(number)
        if number % 3:  # several at once
            continue
        assert seen.has_changed() or members == told  # what came and went leaves a trace
        gone, come = seen.changes()
        told = told.difference(gone).union(come)
        assert told == members


def test_a_set_that_was_emptied_and_filled_with_as_many_others_has_changed():
    members = {1, 2, 3}
    seen = pointers.SetCopy(members)
    members.clear()
    members.update({4, 5, 6})
    assert seen.has_changed()
    gone, come = seen.changes()
    assert (sorted(gone), sorted(come)) == ([1, 2, 3], [4, 5, 6])


def test_a_large_set_that_was_emptied_and_filled_with_as_many_others_is_seen_to_have_changed_soon():
    members = set(range(1000))
    seen = pointers.SetCopy(members)
    members.clear()
    members.update(range(5000, 6000))
    table = 16 * len(members)
    assert any(seen.has_changed() for _ in range(table))
    gone, come = seen.changes()
    assert (sorted(gone), sorted(come)) == ([*range(1000)], [*range(5000, 6000)])


def test_attributes_that_moved_to_another_dict_are_seen():
    class Holder:
        pass

    Holder.__module__ = "__main__"
    holder = Holder()
    holder.count = 1
    watch = Variables({"holder": holder})
    watch.changes()
    holder.__dict__ = {"count": 2}
    assert watch.changes() == {"holder": {"=": "Holder"}, "holder.count": {"=": "2"}}
    assert watch.changes() == {}
    holder.count = 3
    assert watch.changes() == {"holder.count": {"=": "3"}}


def test_what_is_too_much_is_told_by_its_number():
    names = {"seen": set(range(100)), "log": [*range(10)], "big": set(range(10_000))}
    watch = Variables(names)
    state = changed({}, step(watch.changes()))
    assert state["big"] == Members("set", (), 10_000)
    assert len(state["seen"].items) == 100
    names["seen"].update(range(5_000))
    names["big"].add("one more")
    assert watch.changes() == {
        "seen": {"is": "set", "of": 5_000},
        "big": {"is": "set", "of": 10_001},
    }
    names["big"].clear()
    assert watch.changes() == {"big": {"is": "set"}}


def test_a_list_tells_where_something_came_or_went():
    names = {"log": [10, 20, 30]}
    watch = Variables(names)
    assert watch.changes() == {"log": {"is": "list", "+": ["10", "20", "30"]}}
    names["log"].insert(1, 15)
    assert watch.changes() == {"log": {"at": 1, "+": ["15"]}}
    names["log"].pop(0)
    assert watch.changes() == {"log": {"at": 0, "-": ["10"]}}


def test_a_new_container_with_almost_the_same_is_told_as_little():
    names = {"entries": {"k": {"messages": [*range(1000)], "committed": 1}}}
    watch = Variables(names)
    watch.changes()
    old = names["entries"]["k"]
    names["entries"]["k"] = {**old, "messages": [*old["messages"], 5]}
    assert watch.changes() == {"entries['k']['messages']": {"at": 1000, "+": ["5"]}}
