"""Who is who in a network, by name."""

from __future__ import annotations

from functools import lru_cache

SERVICES = frozenset({"lin-kv", "lin-tso", "lww-kv", "seq-kv"})
"""The services that every network has."""


def is_client(name: str) -> bool:
    """Whether `name` is taken for a client's: it begins with `c`, as in Maelstrom."""
    return name.startswith("c")


@lru_cache(maxsize=256)  # it is asked several times for each message
def is_node(name: str) -> bool:
    """Whether `name` is neither a client's nor a service's."""
    return not is_client(name) and name not in SERVICES
