"""The workloads: what clients ask of nodes, and what they make of the answers."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from glomers.bench.workloads.workload import Workload

_MODULES = {
    "broadcast": "broadcast",
    "echo": "echo",
    "g-counter": "counters",
    "g-set": "g_set",
    "kafka": "kafka",
    "lin-kv": "lin_kv",
    "pn-counter": "counters",
    "txn-list-append": "transactions",
    "txn-rw-register": "transactions",
    "unique-ids": "unique_ids",
}
WORKLOAD_NAMES = tuple(_MODULES)
_VARIANTS = {"kafka-slow-readers": "kafka", "echo-any-text": "echo"}
"""Workloads that no command line names: those of a check that asks for more than Maelstrom does."""


def on_command_line(name: str) -> str:
    """The workload that a command line names, where one of a check is a variant of it."""
    return _VARIANTS.get(name, name)


def workload_class(name: str) -> type[Workload]:
    """The class of the workload `name`, imported on demand to keep the start-up short."""
    module = import_module(f"{__name__}.{(_MODULES | _VARIANTS)[name]}")
    classes: dict[str, type[Workload]] = module.WORKLOADS
    return classes[name]
