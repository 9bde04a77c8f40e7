"""Faults of links between nodes; clients and services are never affected."""

from __future__ import annotations

import random
from collections.abc import Mapping, Sequence
from typing import Any, ClassVar

from glomers.bench.faults.cuts import CUTS
from glomers.bench.faults.fault import Fault, System, Target
from glomers.bench.transit import NS_PER_MS, Fate
from glomers.formats.edn import kw

SHARE = 0.3
"""The share of messages between nodes that is lost, duplicated or delayed."""
LATE_MS_MAX = 500
SLOW_MS_MIN, SLOW_MS_MAX = 200, 2_000
_LATE = {"share": SHARE, "late-ms": LATE_MS_MAX}
_SHARE = f"{100 * SHARE:g} % of the messages between nodes"


class _Cutting(Fault):
    """A fault in which nodes drop what others send them; the history calls it `begun`, `ended`."""

    begun: ClassVar[str]
    ended: ClassVar[str]

    @classmethod
    def nodes_hit(cls, target: Target) -> frozenset[str]:
        return frozenset(target).union(*target.values())

    def start(self, system: System, target: Target) -> Any:
        grudge = {node: frozenset(dropped) for node, dropped in target.items()}
        system.cut(self.name, grudge)
        return [kw(self.begun), grudge]

    def stop(self, system: System, target: Target) -> Any:
        system.cut(self.name, {})
        return kw(self.ended)


class Partition(_Cutting):
    """Maelstrom's own: cuts between groups of nodes."""

    name = "partition"
    summary = "cuts between groups of nodes, as in Maelstrom"
    meanwhile = "nodes drop what those on the other side of a cut send them"
    extra = False
    begun, ended = "isolated", "network-healed"

    def draw(self, nodes: Sequence[str], rng: random.Random) -> tuple[Any, Target]:
        kind = rng.choice(list(CUTS))
        grudge = CUTS[kind](nodes, rng)
        return kw(kind), {node: sorted(dropped) for node, dropped in grudge.items()}


class OneWay(_Cutting):
    """A cut in one direction."""

    name = "one-way"
    summary = "partitions in one direction: some nodes are heard but hear nothing"
    meanwhile = "some nodes hear nothing from the rest, who hear them"
    begun, ended = "deaf", "healed"

    def draw(self, nodes: Sequence[str], rng: random.Random) -> tuple[Any, Target]:
        deaf = sorted(rng.sample(nodes, rng.randint(1, max(1, len(nodes) // 2))))
        others = [node for node in nodes if node not in deaf]
        return kw("deaf"), dict.fromkeys(deaf, others)


class _Disturbing(Fault):
    """A fault that changes the fates of messages; `change` says how, by what is in the target."""

    fixed: ClassVar[Mapping[str, Any]] = {"share": SHARE}

    def draw(self, nodes: Sequence[str], rng: random.Random) -> tuple[Any, Target]:
        return None, dict(self.fixed)

    def start(self, system: System, target: Target) -> Any:
        system.disturb(self.name, lambda src, dest, fate: self.change(target, src, dest, fate))
        return [kw(self.name), {kw(key): value for key, value in target.items()}]

    def stop(self, system: System, target: Target) -> Any:
        system.disturb(self.name, None)
        return kw("calm")

    def change(self, target: Target, src: str, dest: str, fate: Fate) -> Fate:
        """The fate of a message from `src` to `dest` while the fault lasts."""
        raise NotImplementedError

    def hits(self, target: Target) -> bool:
        """Whether the dice are against the next message."""
        return self.rng.random() < float(target["share"])


class Loss(_Disturbing):
    """Messages that never arrive."""

    name = "loss"
    summary = "some messages between nodes are lost"
    meanwhile = f"{_SHARE} are lost"

    def change(self, target: Target, src: str, dest: str, fate: Fate) -> Fate:
        return () if self.hits(target) else fate


class Duplicate(_Disturbing):
    """Some messages between nodes arrive twice, the copy later."""

    name = "duplicate"
    summary = "some messages between nodes arrive twice"
    meanwhile = f"{_SHARE} arrive twice, the copy up to {LATE_MS_MAX} ms later"
    fixed = _LATE

    def change(self, target: Target, src: str, dest: str, fate: Fate) -> Fate:
        if not fate or not self.hits(target):
            return fate
        return (*fate, fate[-1] + self.rng.randrange(target["late-ms"] * NS_PER_MS))


class Reorder(_Disturbing):
    """Some messages between nodes are held back, so that later ones overtake them."""

    name = "reorder"
    summary = "some messages between nodes are overtaken by later ones"
    meanwhile = f"{_SHARE} are held back for up to {LATE_MS_MAX} ms"
    fixed = _LATE

    def change(self, target: Target, src: str, dest: str, fate: Fate) -> Fate:
        if not self.hits(target):
            return fate
        late_ns = self.rng.randrange(target["late-ms"] * NS_PER_MS)
        return tuple(due_ns + late_ns for due_ns in fate)


class Slow(_Disturbing):
    """All links of some node are slow, often slower than time-outs allow."""

    name = "slow"
    summary = "the links of one node are slow"
    meanwhile = f"all links of one node take {SLOW_MS_MIN:,} to {SLOW_MS_MAX:,} ms more"

    def draw(self, nodes: Sequence[str], rng: random.Random) -> tuple[Any, Target]:
        return None, {"node": rng.choice(nodes), "late-ms": rng.randint(SLOW_MS_MIN, SLOW_MS_MAX)}

    def change(self, target: Target, src: str, dest: str, fate: Fate) -> Fate:
        if target["node"] not in (src, dest):
            return fate
        return tuple(due_ns + target["late-ms"] * NS_PER_MS for due_ns in fate)
