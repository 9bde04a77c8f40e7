"""What went wrong in a run: as the bench found it, or found out anew from what is in the store."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any

from glomers.engine.command import value_in
from glomers.engine.store_folder import StoreFolder
from glomers.errors import StoreError
from glomers.formats.edn import kw
from glomers.formats.node_log import read_beginnings
from glomers.launcher import launched_by
from glomers.reading.dossier import LOG_BYTES, Broken, Dossier
from glomers.reading.finding import Finding, read_findings
from glomers.reading.findings import findings


def why(
    folder: StoreFolder, command: Sequence[str], nodes: Sequence[str], results: Any, broken: str
) -> list[Finding]:
    """The findings about a run.

    Args:
        folder: its store.
        command: the words from `test` on.
        nodes: the names of the nodes.
        results: `results.edn`, or None.
        broken: why there is no verdict, in the words of the program that ran the test.
    """
    told = read_findings(folder.path)
    if told is not None:
        return told
    if results is not None and results.get(kw("valid?")) is True:
        return []  # the bench tells of what is amiss all the same
    return findings(_dossier(folder, command, nodes, results, broken))


def _dossier(
    folder: StoreFolder, command: Sequence[str], nodes: Sequence[str], results: Any, broken: str
) -> Dossier:
    logs, is_whole = read_beginnings(folder.path / "node-logs", LOG_BYTES)
    events: list[Any] = []
    history: list[Any] = []
    with suppress(StoreError):
        history = folder.history()
    with suppress(StoreError):
        events = folder.events()
    return Dossier(
        workload=value_in(command, "-w", "--workload") or folder.path.parent.name,
        nodes=nodes,
        results=results,
        history=history,
        events=lambda text: events,
        logs=logs,
        logs_are_whole=is_whole,
        program=program_of(folder.path, command),
        broken=Broken(broken.partition("\n")[0]) if results is None and broken else None,
    )


def program_of(path: Path, command: Sequence[str]) -> Path | None:
    """The node's program, if it is known, of the store at `path`.

    In the command a relative path counts from the folder that `store/` is in.
    """
    name = value_in(command, "--bin")
    if name is None:
        return None
    program = path.parents[2] / name
    with suppress(OSError, ValueError):  # of a name that can be none
        return launched_by(program) or program
    return None
