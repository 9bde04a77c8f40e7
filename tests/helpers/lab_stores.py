"""Store folders for tests of the lab, written by hand."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

import orjson

from glomers import lab
from glomers.formats.edn import Keyword, keywordize, kw, pretty
from glomers.formats.history import Op, write_history
from glomers.formats.journal import JournalWriter

HOSTILE = "</script><img src=x onerror=alert(1)>\"'&\x00\x1b\ud800漢"
MS = 1_000_000
Message = tuple[float, float | None, str, str, dict[str, Any]]


def results(
    valid: bool | str = True, *, msgs_per_op: float = 8.5, **workload: Any
) -> dict[Keyword, Any]:
    """Results with 10 operations, 9 of them ok; `workload` holds further keys of that part."""
    verdict = kw(valid) if isinstance(valid, str) else valid
    counts = {"count": 10, "ok-count": 9, "fail-count": 1, "info-count": 0}
    servers = {"msg-count": int(msgs_per_op * 10), "msgs-per-op": msgs_per_op}
    everyone = {"msg-count": int(msgs_per_op * 10) + 20, "msgs-per-op": msgs_per_op + 2}
    return keywordize(
        {
            "stats": keywordize({"valid?": True, **counts}),
            "availability": keywordize({"valid?": True, "ok-fraction": 0.9}),
            "net": keywordize({"all": keywordize(everyone), "servers": keywordize(servers)}),
            "workload": keywordize(
                {"valid?": verdict, **{key.replace("_", "-"): v for key, v in workload.items()}}
            ),
            "valid?": verdict,
        }
    )


LATENCIES = {0: 0, 0.5: 350, 0.95: 450, 0.99: 500, 1: 550}


def history(*ops: tuple[float, str, int | str, str, Any]) -> list[Op]:
    """A history from (time in ms, type, process, f, value)."""
    return [
        Op(index, int(time_ms * MS), kind, process, f, value)
        for index, (time_ms, kind, process, f, value) in enumerate(ops)
    ]


def write_store(
    path: Path,
    found: dict[Keyword, Any] | None = None,
    ops: Sequence[Op] | None = None,
    messages: Iterable[Message] | None = None,
    nodes: Sequence[str] = ("n0", "n1"),
) -> Path:
    """Write a store of the bench; messages are (sent ms, received ms or None, src, dest, body).

    A message whose receipt is negative was dropped at that time.
    """
    path.mkdir(parents=True)
    (path / "net-journal").mkdir()
    facts = {"engine": "bench", "clock": "virtual", "seed": 3, "nodes": list(nodes)}
    facts["command"] = ["test", "-w", "broadcast", "--bin", "nodes/x.py", "--seed", "3"]
    (path / "bench.json").write_text(json.dumps(facts), encoding="utf-8")
    if found is not None:
        (path / "results.edn").write_text(pretty(found) + "\n", encoding="utf-8")
    if ops is not None:
        write_history(path / "history.edn", ops)
    if messages is not None:
        with JournalWriter(path / "net-journal" / "messages.jsonl") as journal:
            _write_messages(journal, messages)
    return path


def _write_messages(journal: JournalWriter, messages: Iterable[Message]) -> None:
    for number, (sent_ms, received_ms, src, dest, body) in enumerate(messages):
        line = orjson.dumps({"src": src, "dest": dest, "body": body})
        journal.send(int(sent_ms * MS), number, line)
        if received_ms is None:
            continue
        end = journal.recv if received_ms >= 0 else journal.drop
        end(int(abs(received_ms) * MS), number)


def w(key: Any, value: Any) -> list[Any]:
    return [kw("w"), key, value]


def r(key: Any, value: Any) -> list[Any]:
    return [kw("r"), key, value]


def run_of(tmp_path: Path, *txns: tuple[int, list[Any], bool]) -> lab.Run:
    """A run of transactions (process, micro-operations, final) that all succeeded."""
    ops: list[Op] = []
    for number, (process, txn, final) in enumerate(txns):
        asked = [[f, key, None if f == kw("r") else value] for f, key, value in txn]
        for kind, value in (("invoke", asked), ("ok", txn)):
            time_ns = (2 * number + (kind == "ok")) * MS
            ops.append(Op(len(ops), time_ns, kind, process, "txn", value, None, final))
    return lab.Run.load(write_store(tmp_path / "run", results(), ops))
