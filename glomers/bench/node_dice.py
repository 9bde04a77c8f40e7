"""What is chance for a node in virtual time: its own, so that nodes may run in one process or many.

One number decides all that a life of a node draws, by whatever module: see `NodeDice`.  It is drawn
from the seed, the node's name and how often it was started before, in `glomers.bench.ground`.
"""

from __future__ import annotations

import os
import random
import uuid
from collections.abc import Callable, Iterator
from typing import Any

from glomers.node import host

SEED_BITS = 53
"""So that any language's numbers hold it."""

_SHARED = tuple(
    name
    for name, value in vars(random).items()
    if getattr(value, "__self__", None) is getattr(random, "_inst", None)
)
"""The functions of `random`, which are methods of one source that a whole process shares."""


class NodeDice:
    """The dice of one life of a node: `entropy` in the system's place, `shared` in `random`'s."""

    def __init__(self, seed: int) -> None:
        self.entropy = random.Random(seed)
        self.shared = random.Random(self.entropy.getrandbits(64))
        self.last_uuid1: int | None = None


def replacements() -> Iterator[tuple[Any, str, Any]]:
    """Module, attribute and what stands there while nodes run in this process."""
    urandom = _bytes_of_node(os.urandom)
    yield os, "urandom", urandom
    if hasattr(os, "getrandom"):  # on Linux only
        yield os, "getrandom", lambda size, flags=0: urandom(size)
    yield random, "_urandom", urandom
    yield random, "Random", _seeded_random()
    for name in _SHARED:
        yield random, name, _of_node(name, getattr(random, name))
    yield uuid, "_generate_time_safe", None
    yield uuid, "_node", 0x0242AC110002
    yield uuid, "uuid1", _uuid1_of_node(uuid.uuid1)


def _dice() -> NodeDice | None:
    """The dice of the node that is at work."""
    node_host: Any = host.get(None)
    return node_host.dice if node_host is not None else None


def _bytes_of_node(of_system: Callable[[int], bytes]) -> Callable[[int], bytes]:
    def urandom(size: int, /) -> bytes:
        dice = _dice()
        return dice.entropy.randbytes(size) if dice else of_system(size)

    return urandom


def _of_node(name: str, of_process: Callable[..., Any]) -> Callable[..., Any]:
    def draw(*args: Any, **kwargs: Any) -> Any:
        dice = _dice()
        return (getattr(dice.shared, name) if dice else of_process)(*args, **kwargs)

    draw.__name__ = draw.__qualname__ = name
    return draw


def _uuid1_of_node(of_process: Callable[..., uuid.UUID]) -> Callable[..., uuid.UUID]:
    """`uuid1`, which sees to it that a timestamp comes once: here, in the life of one node."""

    def uuid1(*args: Any, **kwargs: Any) -> uuid.UUID:
        dice = _dice()
        if dice is None:
            return of_process(*args, **kwargs)
        vars(uuid)["_last_timestamp"] = dice.last_uuid1
        made = of_process(*args, **kwargs)
        dice.last_uuid1 = vars(uuid)["_last_timestamp"]
        return made

    return uuid1


def _seeded_random() -> type[random.Random]:
    """`random.Random` whose instances, made without a seed, are seeded by the node's dice."""

    class SeededRandom(random.Random):
        def seed(self, a: Any = None, version: int = 2) -> None:
            dice = _dice() if a is None else None
            super().seed(dice.entropy.getrandbits(64) if dice else a, version)

    return SeededRandom
