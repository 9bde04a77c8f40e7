"""Checkers: from a history to a verdict, with the names and the judgement of Maelstrom's."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from importlib import import_module

from glomers.bench.checkers import availability, exceptions, net, stats
from glomers.bench.checkers.judgement import (
    ERROR,
    UNKNOWN,
    VALID,
    Checker,
    CheckError,
    CheckOptions,
    Result,
    merge_valid,
)
from glomers.bench.checkers.net import NetStats
from glomers.bench.workloads import workload_class
from glomers.formats.edn import keywordize, kw
from glomers.formats.history import Op

__all__ = [
    "CheckError",
    "CheckOptions",
    "Checker",
    "NetStats",
    "Result",
    "check_run",
    "invalid_checkers",
    "workload_checker",
]

WORKLOAD = kw("workload")


def workload_checker(workload: str) -> Checker:
    """The function that checks histories of `workload`; its module is loaded when asked for."""
    checker: Checker = import_module(workload_class(workload).checker).check
    return checker


def check_run(
    history: Sequence[Op], options: CheckOptions, net_stats: NetStats | None = None
) -> Result:
    """Judge a run: the whole map of `results.edn`.

    Without `net_stats`, as for a recorded history, there is no `:net`.
    """
    results = keywordize(
        {
            "perf": keywordize(
                {"latency-graph": {VALID: True}, "rate-graph": {VALID: True}, "valid?": True}
            ),
            "timeline": {VALID: True},
            "exceptions": _check_safely(lambda: exceptions.check(history, options)),
            "stats": _check_safely(lambda: stats.check(history, options)),
            "availability": _check_safely(lambda: availability.check(history, options)),
        }
    )
    if net_stats is not None:
        results[kw("net")] = net.check(history, net_stats)
    checker = workload_checker(options.workload)
    results[WORKLOAD] = _check_safely(lambda: checker(history, options))
    results[VALID] = merge_valid(result[VALID] for result in results.values())
    return results


def _check_safely(check: Callable[[], Result]) -> Result:
    """Run a checker; what keeps it from judging makes the verdict unknown."""
    try:
        return check()
    except CheckError as error:
        return {VALID: UNKNOWN, ERROR: str(error)}
    except Exception as error:  # a history of any shape must not break the run
        return {VALID: UNKNOWN, ERROR: f"the checker failed: {type(error).__name__}: {error}"}


def invalid_checkers(results: Result) -> list[str]:
    """The checkers whose verdict is not true, of a whole run's results."""
    return [key.name for key, result in results.items() if key != VALID and not _is_valid(result)]


def _is_valid(result: Result) -> bool:
    return result[VALID] is True
