"""What Maelstrom does not check: whether replicas agree in the end, and show a client its writes.

The checks of `glomers.reading.replicas` as tables, and those of `glomers.reading.restarts`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from glomers.errors import LabError
from glomers.reading import replicas as core
from glomers.reading import restarts

if TYPE_CHECKING:
    import pandas as pd

    from glomers.lab.run import Run


def convergence(run: Run) -> core.Convergence:
    """Whether the replicas have converged: what the final reads show is compared.

    Print it to see what is amiss; `is_reached` says whether all is well, and `missing` how many
    acknowledged values each node lacks.  `glomers.reading.replicas` has the definition.

    Raises:
        LabError: when the run left no history or no final reads, or nobody knows its nodes.
    """
    history = run.history
    if not run.nodes:
        raise LabError("The names of this run's nodes are not known: its store is damaged.")
    found = core.convergence(history, run.nodes)
    if found is None:
        sentence = (
            "This run has no final reads: sets and counters have them at the end of the test, "
            "transactions with --final-reads on the command line."
        )
        raise LabError(run.lacking(sentence))
    return found


def final_values(run: Run) -> pd.DataFrame:
    """What every node holds at the end: one row for each key, one column for each node.

    Of a set, the rows are elements, and the cells say whether the node shows them; a counter has
    one row, its sum.  Transactions have final reads with the bench's own flag `--final-reads`:
    clients then read all keys after the network has healed and rested.

    Raises:
        LabError: when the run has no final reads.
    """
    import pandas as pd

    rows = convergence(run).finals
    nodes = sorted({node for row in rows.values() for node in row})
    keys = sorted(rows, key=core.key_order)
    values = [[rows[key].get(node) for node in nodes] for key in keys]
    index = pd.Index(keys, tupleize_cols=False)
    return pd.DataFrame(values, index=index, columns=nodes, dtype=object)


def disagreements(run: Run) -> pd.DataFrame:
    """The rows of `final_values` on which nodes differ, or one of them was not seen.

    Raises:
        LabError: when the run has no final reads.
    """
    table = final_values(run)
    differ = set(convergence(run).disagreements)
    return table[[key in differ for key in table.index]]


def forgotten_writes(run: Run) -> pd.DataFrame:
    """Reads that show a client nothing, or a value that it had itself overwritten before.

    One row each: `process`, `key`, `read`, `written` (the client's latest write), `start_s`.
    An empty table means that every client saw its own writes, or later ones of others.
    """
    import pandas as pd

    found = core.forgotten_writes(run.transactions)
    return pd.DataFrame(found, columns=list(core.Forgotten._fields))


def replicated_share(run: Run) -> float:
    """The share of keys whose final value some node holds that was not asked to write it.

    0 means that no write ever reached another node; keys that nobody wrote do not count.

    Raises:
        LabError: when the run has no final reads, or nobody wrote anything.
    """
    share = core.replicated_share(run.transactions, convergence(run).finals)
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

    found = core.dirty_writes(run.transactions, convergence(run).finals)
    return pd.DataFrame(found, columns=["first", "second", "first_lost_key", "second_lost_key"])


def lost_after_restart(run: Run) -> list[str]:
    """What was asked for after the last restart, acknowledged, and is not there in the end.

    A sentence for each client and thing, of values that are broadcast, growing counters, logs and,
    with `--final-reads`, registers.

    Raises:
        LabError: when the run left no store, or nobody was asked in the end.
    """
    history = run.history
    if not restarts.final_views(history):
        sentence = "This run has no final reads: add --final-reads to its command line."
        raise LabError(run.lacking(sentence))
    return restarts.lost_after_restart(history, run.nodes)
