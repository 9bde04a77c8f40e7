"""The faults that `--nemesis` knows: Maelstrom's partitions, and extra ones of this bench."""

from collections.abc import Iterable

from glomers.bench.faults.fault import Fault, System, Target
from glomers.bench.faults.links import Duplicate, Loss, OneWay, Partition, Reorder, Slow
from glomers.bench.faults.single_nodes import Kill, Pause, Skew
from glomers.errors import BadInput

FAULTS: dict[str, type[Fault]] = {
    fault.name: fault
    for fault in (Partition, OneWay, Kill, Pause, Loss, Duplicate, Reorder, Slow, Skew)
}
"""Every kind of fault by its name."""


def fault_table() -> str:
    """All faults as a table in Markdown."""
    rows = [f"| `{f.name}` | {f.meanwhile} | {f.on_real_clock} |\n" for f in FAULTS.values()]
    return "| fault | while it lasts | real clock |\n|---|---|---|\n" + "".join(rows)


def refuse_on_real_clock(faults: Iterable[str]) -> None:
    """Refuse faults that there are in virtual time only.

    Raises:
        BadInput: naming the first.
    """
    for name in sorted(faults):
        if FAULTS[name].virtual_only:
            raise BadInput(
                f"The fault {name!r} needs virtual time, and this node runs on the real clock: the "
                "bench cannot change the clock of another process. Leave the fault out."
            )


__all__ = ["FAULTS", "Fault", "System", "Target", "fault_table", "refuse_on_real_clock"]
