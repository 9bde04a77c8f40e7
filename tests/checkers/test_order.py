"""Clojure's order of values, and what is counted by equality."""

from glomers.bench.checkers import CheckOptions, duplicates
from glomers.bench.checkers.clojure_order import ordered
from glomers.formats.edn import kw
from glomers.formats.history import Op


def test_vectors_are_ordered_by_length_and_then_by_their_items():
    vectors = [["n1", 5], ["n1", 2, 0], ["n2", 1], ["n1", 9], ["n1", 2]]
    assert ordered(vectors) == [["n1", 2], ["n1", 5], ["n1", 9], ["n2", 1], ["n1", 2, 0]]


def test_ids_of_different_types_are_counted_apart():
    history = []
    for value in (1, 1, 1.0, 1.0):
        history.append(Op(len(history), len(history), "invoke", 0, "generate", None))
        history.append(Op(len(history), len(history), "ok", 0, "generate", value))
    result = duplicates.check(history, CheckOptions("unique-ids"))
    assert result[kw("duplicated-count")] == 2
