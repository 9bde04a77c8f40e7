"""The suggested neighbours."""

from hypothesis import given
from hypothesis import strategies as st

from glomers.bench.options import TOPOLOGIES
from glomers.bench.topology import topology

node_lists = st.integers(1, 40).map(lambda n: [f"n{i}" for i in range(n)])


@given(node_lists, st.sampled_from(TOPOLOGIES))
def test_neighbours_are_mutual_and_everybody_is_reachable(nodes, name):
    neighbours = topology(name, nodes)
    assert set(neighbours) == set(nodes)
    assert all(a in neighbours[b] and a != b for a in nodes for b in neighbours[a])
    reached, frontier = {nodes[0]}, [nodes[0]]
    while frontier:
        new = [n for n in neighbours[frontier.pop()] if n not in reached]
        reached.update(new)
        frontier.extend(new)
    assert reached == set(nodes)


def test_a_grid_of_nine_has_four_neighbours_in_the_middle():
    assert sorted(topology("grid", [f"n{i}" for i in range(9)])["n4"]) == ["n1", "n3", "n5", "n7"]


def test_a_tree_of_branching_four_has_the_first_node_as_root():
    nodes = [f"n{i}" for i in range(25)]
    assert topology("tree4", nodes)["n0"] == ["n1", "n2", "n3", "n4"]
    assert topology("tree4", nodes)["n24"] == ["n5"]


def test_a_line_has_two_ends():
    assert topology("line", ["n0", "n1", "n2"]) == {
        "n0": ["n1"],
        "n1": ["n0", "n2"],
        "n2": ["n1"],
    }
