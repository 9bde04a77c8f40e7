"""What a fault is: drawn, started and stopped on a system of nodes and links."""

from __future__ import annotations

import random
from collections.abc import Sequence
from typing import Any, ClassVar, Protocol

from glomers.bench.faults.cuts import Grudge
from glomers.bench.transit import Disturbance

Target = Any
"""Whom a fault hits, and how hard: plain data that JSON can hold."""


class System(Protocol):
    """What faults act on."""

    def cut(self, name: str, grudge: Grudge) -> None:
        """Let nodes drop messages for the fault `name`; an empty grudge ends that."""

    def disturb(self, name: str, disturbance: Disturbance | None) -> None:
        """Let the fault `name` change what becomes of messages between nodes; None ends that."""

    def kill(self, node_id: str) -> None:
        """End a node; its memory is lost."""

    def restart(self, node_id: str) -> None:
        """Start a node that was killed, with `init` and what else the set-up holds."""

    def pause(self, node_id: str) -> None:
        """Stop a node where it is; what it is sent waits."""

    def resume(self, node_id: str) -> None:
        """Let a paused node go on."""

    def skew(self, node_id: str, offset_ms: int, drift_ppm: int) -> None:
        """Let a node's wall clock be wrong; zeros set it right."""


class Fault:
    """One kind of fault; subclasses say what it does.

    `rng` decides what happens to single messages while the fault lasts; what is known when it
    starts is drawn by `draw`.
    """

    name: ClassVar[str]
    summary: ClassVar[str]
    """What it does, in a few words for `--help`."""
    meanwhile: ClassVar[str]
    """What is so while it lasts, for people who want to know exactly."""
    extra: ClassVar[bool] = True
    """Whether Maelstrom lacks it."""
    on_real_clock: ClassVar[str] = "yes"
    """Whether there is such a fault on the real clock, and how."""
    virtual_only: ClassVar[bool] = False

    def __init__(self, rng: random.Random) -> None:
        self.rng = rng

    @classmethod
    def nodes_hit(cls, target: Target) -> frozenset[str]:
        """The nodes that a target names, if it names any.

        Raises:
            TypeError, KeyError: when it is no target of this fault.
        """
        return frozenset([target["node"]] if "share" not in target else ())

    def draw(self, nodes: Sequence[str], rng: random.Random) -> tuple[Any, Target]:
        """The request as it stands in the history, and the target."""
        raise NotImplementedError

    def start(self, system: System, target: Target) -> Any:
        """Let the fault begin; returns the effect as it stands in the history."""
        raise NotImplementedError

    def stop(self, system: System, target: Target) -> Any:
        """Let the fault end; returns the effect as it stands in the history."""
        raise NotImplementedError
