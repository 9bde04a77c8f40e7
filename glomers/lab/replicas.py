"""What Maelstrom does not check: whether replicas agree in the end, and show a client its writes.

The checks of `glomers.formats.replicas`, as tables.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from glomers.formats import replicas as core
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

    rows = core.final_values(_transactions(run))
    if not rows:
        raise LabError("This run has no final reads: add --final-reads to its command line.")
    nodes = sorted({node for row in rows.values() for node in row})
    keys = sorted(rows, key=core.key_order)
    values = [[rows[key].get(node) for node in nodes] for key in keys]
    index = pd.Index(keys, tupleize_cols=False)
    return pd.DataFrame(values, index=index, columns=nodes, dtype=object)


def _transactions(run: Run) -> list[core.Txn]:
    ops = run.ops
    columns = ("process", "node", "outcome", "final", "start_s")
    facts = zip(*(ops[name] for name in columns), strict=True)
    values = map(core.steps_of, ops["value"])
    return [core.Txn._make([*fact, value]) for fact, value in zip(facts, values, strict=True)]


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

    found = core.forgotten_writes(_transactions(run))
    return pd.DataFrame(found, columns=list(core.Forgotten._fields))


def replicated_share(run: Run) -> float:
    """The share of keys whose final value some node holds that was not asked to write it.

    0 means that no write ever reached another node; keys that nobody wrote do not count.

    Raises:
        LabError: when the run has no final reads, or nobody wrote anything.
    """
    final_values(run)  # raises when there are none
    txns = _transactions(run)
    share = core.replicated_share(txns, core.final_values(txns))
    if share is None:
        raise LabError("Nobody wrote anything in this run.")
    return share


def dirty_writes(run: Run) -> pd.DataFrame:
    """Pairs of transactions of which each overwrote the other: `first`, `second`, two keys.

    When the final value of key x comes from one transaction and that of key y from another, and
    both wrote both keys, their writes are mixed: Adya's G0, which no order of the two explains.
    Histories of registers alone do not show it.

    Raises:
        LabError: when the run has no final reads.
    """
    import pandas as pd

    final_values(run)  # raises when there are none
    txns = _transactions(run)
    found = core.dirty_writes(txns, core.final_values(txns))
    return pd.DataFrame(found, columns=["first", "second", "first_lost_key", "second_lost_key"])
