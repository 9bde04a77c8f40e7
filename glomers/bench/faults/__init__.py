"""The faults that `--nemesis` knows: Maelstrom's partitions, and extra ones of this bench."""

from glomers.bench.faults.base import Fault, System, Target
from glomers.bench.faults.links import Duplicate, Loss, OneWay, Partition, Reorder, Slow
from glomers.bench.faults.nodes import Kill, Pause, Skew

FAULTS: dict[str, type[Fault]] = {
    fault.name: fault
    for fault in (Partition, OneWay, Kill, Pause, Loss, Duplicate, Reorder, Slow, Skew)
}
"""Every kind of fault by its name."""

__all__ = ["FAULTS", "Fault", "System", "Target"]
