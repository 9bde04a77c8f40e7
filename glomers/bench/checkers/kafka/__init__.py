"""Logs (kafka): what is sent to a log gets an offset, and polls read it in order.

| error | what happened |
|---|---|
| lost-write | a message was never polled though later ones of its log were |
| unseen | a message was acknowledged and never polled |
| G1a | a message was polled whose send had failed for certain |
| inconsistent-offsets, duplicate | one offset with two messages, one message at two offsets |
| poll-skip, nonmonotonic-poll | a process's next poll left out messages, or went back |
| int-poll-skip, int-nonmonotonic-poll | the same within one poll |
| nonmonotonic-send, int-nonmonotonic-send | sends of a process, or of one operation, went back |
| precommitted-read | a transaction polled its own message |
| G1c, G1c-realtime and other cycles | see `elle.cycles` |

The types are those of Jepsen's kafka workload, as Maelstrom runs it: keys are assigned, not
subscribed to, and the order of messages makes no dependencies between operations.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from glomers.bench.checkers.elle.report import Anomalies
from glomers.bench.checkers.judgement import CheckOptions, Result
from glomers.bench.checkers.kafka.lag import worst_lag
from glomers.bench.checkers.kafka.ops import POLLING, SENDING, read_logs
from glomers.bench.checkers.kafka.poll_cycles import cycles
from glomers.bench.checkers.kafka.polls import between_polls, between_sends, within_operations
from glomers.bench.checkers.kafka.versions import duplicates, find_logs, inconsistent_offsets
from glomers.bench.checkers.kafka.writes import (
    aborted_reads,
    lost_writes,
    precommitted_reads,
    unseen,
)
from glomers.formats.edn import equality_key, keywordize, kw
from glomers.formats.history import Op

ALLOWED = frozenset(
    {
        "int-send-skip",
        "G0",
        "G0-process",
        "G0-realtime",
        "PL-1-cycle-exists",
        "strong-PL-1-cycle-exists",
    }
)
"""What is normal here, as the writes of several operations interleave."""

MAX_MESSAGES_SHOWN = 32
_SHOWN = {
    "duplicate": (32, lambda case: case[kw("count")]),
    "inconsistent-offsets": (32, lambda case: len(case[kw("values")])),
    "int-nonmonotonic-poll": (8, lambda case: case[kw("delta")]),
    "int-nonmonotonic-send": (8, lambda case: case[kw("delta")]),
    "nonmonotonic-poll": (8, lambda case: case[kw("delta")]),
    "nonmonotonic-send": (8, lambda case: case[kw("delta")]),
    "int-poll-skip": (-8, lambda case: case[kw("delta")]),
    "int-send-skip": (-8, lambda case: case[kw("delta")]),
    "poll-skip": (-8, lambda case: case[kw("delta")]),
} | {
    f"{kind}{suffix}": (8, lambda case: len(case[kw("steps")]))
    for kind in ("G0", "G1c")
    for suffix in ("", "-process", "-realtime")
}
"""How many cases are shown, and sorted by what: the first ones, or (negative) the last."""


def check(history: Sequence[Op], options: CheckOptions) -> Result:
    """Look for errors; one entry for each type, `{:count :errs}`, with some of the cases.

    Raises:
        CheckError: when a message was polled that nobody sent, or values have no common order.
    """
    logs = read_logs(history)
    by_key = find_logs(logs)
    found: Anomalies = {
        "duplicate": duplicates(by_key),
        "inconsistent-offsets": inconsistent_offsets(by_key),
        "precommitted-read": precommitted_reads(logs),
        "G1a": aborted_reads(logs),
        "lost-write": lost_writes(logs, by_key),
        "unseen": unseen(logs),
    }
    found |= within_operations(logs, by_key)
    found |= between_polls(history, by_key) | between_sends(history, by_key)
    found |= cycles(logs, options)
    errors = {name: found[name] for name in sorted(found) if found[name]}
    bad = tuple(kw(name) for name in errors if name not in ALLOWED)
    result = keywordize(
        {
            "valid?": not bad,
            "worst-realtime-lag": worst_lag(history),
            "bad-error-types": bad,
            "error-types": tuple(map(kw, errors)),
            "info-txn-causes": tuple(_info_causes(history)),
        }
    )
    return result | {kw(name): _condensed(name, cases) for name, cases in errors.items()}


def _info_causes(history: Iterable[Op]) -> list[Any]:
    """The different errors that left the outcome of a send or poll open."""
    causes = {
        equality_key(op.error): op.error
        for op in history
        if op.type == "info" and isinstance(op.process, int) and op.f in SENDING | POLLING
    }
    return [*causes.values()]


def _condensed(name: str, cases: Any) -> Result:
    """The entry of an error type: how many cases there are, and the most telling ones."""
    if name == "unseen":
        messages = cases[kw("messages")]
        shown = {key: values[:MAX_MESSAGES_SHOWN] for key, values in messages.items()}
        return {**cases, kw("messages"): shown}
    if not isinstance(cases, list):
        return keywordize({"count": 1, "errs": cases})
    errs = cases
    if name in _SHOWN:
        limit, key = _SHOWN[name]
        errs = sorted(cases, key=key)
        errs = errs[:limit] if limit > 0 else errs[limit:]
    return keywordize({"count": len(cases), "errs": tuple(errs)})
