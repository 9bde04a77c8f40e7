"""The kinds of partition: who hears nothing from whom.

The four are Jepsen's (`jepsen.nemesis` documentation): one node alone, a minority of
a third, a majority against the rest, and a ring in which every node sees a different majority.
A *grudge* maps each node to the nodes whose messages it drops.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Sequence

Grudge = dict[str, frozenset[str]]
Cut = Callable[[Sequence[str], random.Random], Grudge]


def separate(groups: Sequence[Sequence[str]]) -> Grudge:
    """The grudge in which nobody hears from outside the own group."""
    everyone = {node for group in groups for node in group}
    return {node: frozenset(everyone.difference(group)) for group in groups for node in group}


def one(nodes: Sequence[str], rng: random.Random) -> Grudge:
    """One node alone."""
    loner = rng.choice(nodes)
    return separate([[loner], [node for node in nodes if node != loner]])


def minority_third(nodes: Sequence[str], rng: random.Random) -> Grudge:
    """As many nodes as are fewer than a third (none of three or less), against the rest."""
    shuffled = rng.sample(nodes, len(nodes))
    size = (len(nodes) - 1) // 3
    return separate([shuffled[:size], shuffled[size:]])


def majority(nodes: Sequence[str], rng: random.Random) -> Grudge:
    """The smaller half against the larger."""
    shuffled = rng.sample(nodes, len(nodes))
    half = len(nodes) // 2
    return separate([shuffled[:half], shuffled[half:]])


def majorities_ring(nodes: Sequence[str], rng: random.Random) -> Grudge:
    """Every node hears from a majority, each from another one.

    On a ring in random order a node hears from its nearest neighbours on both sides; with an
    even majority the odd one is drawn from the next on the ring.
    """
    ring = rng.sample(nodes, len(nodes))
    count = len(ring)
    majority_size = count // 2 + 1
    before, after = (majority_size - 1) // 2, majority_size // 2
    grudge = {}
    for i, node in enumerate(ring):
        heard = {ring[(i + step) % count] for step in range(-before, after + 1)}
        grudge[node] = frozenset(set(ring) - heard)
    return grudge


CUTS: dict[str, Cut] = {
    "one": one,
    "minority-third": minority_third,
    "majority": majority,
    "majorities-ring": majorities_ring,
}
