"""What Maelstrom does not check: whether replicas agree in the end, and show a client its writes.

These checks look at transactions over registers (`txn-rw-register`) and need no knowledge of how
a node works.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from glomers.lab.errors import LabError

if TYPE_CHECKING:
    import pandas as pd

    from glomers.lab.run import Run


def final_values(run: Run) -> pd.DataFrame:
    """What every node holds at the end: one row for each key, one column for each node.

    The bench's own flag `--final-reads` makes clients read all keys after the network has healed
    and rested.

    Raises:
        LabError: when the run has no final reads.
    """
    import pandas as pd

    rows: dict[Any, dict[str, Any]] = {}
    reads = run.ops[run.ops["final"] & (run.ops["outcome"] == "ok")]
    for node, txn in zip(reads["node"], reads["value"], strict=True):
        for _, key, value in txn:
            rows.setdefault(key, {})[node] = value
    if not rows:
        raise LabError("This run has no final reads: add --final-reads to its command line.")
    nodes = sorted({node for row in rows.values() for node in row})
    values = [[row.get(node) for node in nodes] for row in rows.values()]
    return pd.DataFrame(values, index=list(rows), columns=nodes, dtype=object).sort_index()


def disagreements(run: Run) -> pd.DataFrame:
    """The rows of `final_values` on which nodes differ; empty when the replicas have converged.

    Raises:
        LabError: when the run has no final reads.
    """
    values = final_values(run).map(str)
    return values[values.nunique(axis="columns", dropna=False) > 1]


def forgotten_writes(run: Run) -> pd.DataFrame:
    """Reads that show a client nothing, or a value that it had itself overwritten before.

    One row each: `process`, `key`, `read`, `written` (the client's latest write), `start_s`.
    An empty table means that every client saw its own writes, or later ones of others.
    """
    import pandas as pd

    found = []
    written: dict[tuple[Any, Any], list[Any]] = {}
    ops = run.ops[run.ops["outcome"] == "ok"].sort_values("start_s")
    for process, start_s, txn in zip(ops["process"], ops["start_s"], ops["value"], strict=True):
        for f, key, value in txn:
            own = written.setdefault((process, key), [])
            if f == "w":
                own.append(value)
            elif own and (value is None or value in own[:-1]):
                found.append((process, key, value, own[-1], start_s))
    return pd.DataFrame(found, columns=["process", "key", "read", "written", "start_s"])


def replicated_share(run: Run) -> float:
    """The share of keys whose final value some node holds that was not asked to write it.

    0 means that no write ever reached another node; keys that nobody wrote do not count.

    Raises:
        LabError: when the run has no final reads, or nobody wrote anything.
    """
    writers: dict[tuple[Any, Any], str] = {}
    for node, txn in zip(run.ops["node"], run.ops["value"], strict=True):
        writers.update({(key, value): node for f, key, value in txn or () if f == "w"})
    spread = [
        any(writers.get((key, value), node) != node for node, value in row.items())
        for key, row in final_values(run).iterrows()
        if row.notna().any()
    ]
    if not spread:
        raise LabError("Nobody wrote anything in this run.")
    return sum(spread) / len(spread)


def dirty_writes(run: Run) -> pd.DataFrame:
    """Pairs of transactions of which each overwrote the other: `first`, `second`, two keys.

    When the final value of key x comes from one transaction and that of key y from another, and
    both wrote both keys, their writes are mixed: Adya's G0, which no order of the two explains.
    Histories of registers alone do not show it.

    Raises:
        LabError: when the run has no final reads.
    """
    import pandas as pd

    writers: dict[Any, dict[Any, int]] = {}
    ops = run.ops[run.ops["outcome"] != "fail"]
    for index, txn in enumerate(ops["value"]):
        last = {key: value for f, key, value in txn if f == "w"}
        for key, value in last.items():
            writers.setdefault(key, {})[value] = index
    finals = final_values(run)
    lost_to: dict[int, dict[int, Any]] = {}
    for key, row in finals.iterrows():
        winner = writers.get(key, {}).get(row.dropna().iloc[0]) if row.notna().any() else None
        for loser in writers.get(key, {}).values():
            if winner is not None and loser != winner:
                lost_to.setdefault(loser, {})[winner] = key
    found = [
        (first, second, key, lost_to[second][first])
        for first, winners in lost_to.items()
        for second, key in winners.items()
        if first < second and first in lost_to.get(second, {})
    ]
    return pd.DataFrame(found, columns=["first", "second", "first_lost_key", "second_lost_key"])
