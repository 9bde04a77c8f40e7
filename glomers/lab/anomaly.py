"""A picture of a cycle among transactions: who must have come before whom, and why."""

from __future__ import annotations

from glomers.drawing.cycle import draw_cycle
from glomers.errors import LabError
from glomers.lab.figure import Figure
from glomers.lab.run import Run


def cycle_diagram(run: Run, anomaly: str) -> Figure:
    """Draw the shortest cycle of the kind `anomaly` that the checker found.

    Args:
        run: a run of a transactional workload.
        anomaly: the name of the kind, such as `G1c`.

    Raises:
        LabError: when the checker found no cycle of this kind.
    """
    anomalies = (run.results.get("workload") or {}).get("anomalies") or {}
    cycles = [found for found in anomalies.get(anomaly, ()) if "cycle" in found]
    if not cycles:
        kinds = ", ".join(sorted(anomalies)) or "no anomaly at all"
        sentence = f"The checker found no cycle of kind {anomaly} in this run, but {kinds}."
        raise LabError(run.lacking(sentence))
    shortest = min(cycles, key=lambda found: len(found["steps"]))
    operations, steps = shortest["cycle"][:-1], shortest["steps"]
    caption = f"{anomaly}: {'; '.join(str(step['words']) for step in steps)}."
    alt = f"Cycle of transactions. {caption}"
    return Figure(alt, caption, svg=draw_cycle(operations, steps, alt))
