"""Faults of single nodes: killed, paused, or with a clock that is wrong."""

from __future__ import annotations

import random
from collections.abc import Sequence
from typing import Any

from glomers.bench.faults.fault import Fault, System, Target
from glomers.formats.edn import kw

OFFSET_MS_MAX = 5_000
DRIFT_PPM_MAX = 100_000


class _OfOneNode(Fault):
    """A fault that hits one node drawn at random."""

    def draw(self, nodes: Sequence[str], rng: random.Random) -> tuple[Any, Target]:
        return None, {"node": rng.choice(nodes)}


class Kill(_OfOneNode):
    """A node ends without warning and starts afresh: what it had in memory is lost."""

    name = "kill"
    summary = "one node is killed, and started again without its memory"
    meanwhile = (
        "a node is gone; then it starts without its memory, and gets `init` and the topology "
        "again. What it is sent meanwhile is dropped; what it had sent arrives"
    )
    on_real_clock = "yes, by SIGKILL"

    def start(self, system: System, target: Target) -> Any:
        system.kill(target["node"])
        return [kw("killed"), target["node"]]

    def stop(self, system: System, target: Target) -> Any:
        system.restart(target["node"])
        return [kw("restarted"), target["node"]]


class Pause(_OfOneNode):
    """A node stands still, as in a long collection of garbage; what it is sent waits for it."""

    name = "pause"
    summary = "one node stands still for a while"
    meanwhile = "a node stands still; messages and timers wait for it"
    on_real_clock = "yes, by SIGSTOP"

    def start(self, system: System, target: Target) -> Any:
        system.pause(target["node"])
        return [kw("paused"), target["node"]]

    def stop(self, system: System, target: Target) -> Any:
        system.resume(target["node"])
        return [kw("resumed"), target["node"]]


class Skew(_OfOneNode):
    """The wall clock of a node is wrong and runs too fast or too slow; its timers are right."""

    name = "skew"
    summary = "the wall clock of one node is wrong (virtual time only)"
    meanwhile = (
        f"a node's wall clock is off by up to {OFFSET_MS_MAX / 1000:g} s and drifts by up to "
        f"{DRIFT_PPM_MAX / 10_000:g} %; its timers are right"
    )
    on_real_clock = "no: another process has its own clock"
    virtual_only = True

    def draw(self, nodes: Sequence[str], rng: random.Random) -> tuple[Any, Target]:
        request, target = super().draw(nodes, rng)
        offset_ms = rng.randint(-OFFSET_MS_MAX, OFFSET_MS_MAX)
        drift_ppm = rng.randint(-DRIFT_PPM_MAX, DRIFT_PPM_MAX)
        return request, {**target, "offset-ms": offset_ms, "drift-ppm": drift_ppm}

    def start(self, system: System, target: Target) -> Any:
        system.skew(target["node"], target["offset-ms"], target["drift-ppm"])
        return [kw("skewed"), {kw(key): value for key, value in target.items()}]

    def stop(self, system: System, target: Target) -> Any:
        system.skew(target["node"], 0, 0)
        return [kw("set-right"), target["node"]]
