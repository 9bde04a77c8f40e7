"""Judging a recorded history: `glomers bench check`."""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from glomers.bench.checkers import (
    CheckOptions,
    check_run,
    invalid_checkers,
)
from glomers.bench.flags import FlagParser, add_judgement
from glomers.bench.shapes import validate
from glomers.bench.workloads import WORKLOAD_NAMES, workload_class
from glomers.errors import EXIT_STATUSES, EXIT_UNKNOWN, BadInput
from glomers.formats.edn import kw, to_json
from glomers.formats.history import HistoryError, read_history


def run_check(
    history_path: Path,
    workload: str,
    consistency_models: Sequence[str] = ("strict-serializable",),
    availability: float | None = None,
) -> dict[str, Any]:
    """Judge the history at `history_path` and return the verdict, ready for JSON.

    The map holds `valid` (of the whole run, as far as a history decides it), `workload_valid`,
    `invalid_checkers`, `anomalies` (names), `stats`, `availability` and the fields of the
    workload's checker under their own names; what that checker itself calls `anomalies`, examples
    of them, is `anomaly-examples`.

    Raises:
        HistoryError: in one sentence, when there is no sound history of the workload there.
    """
    history, about = read_history(history_path), workload_class(workload)
    try:
        validate(history, workload, about.shapes)
    except HistoryError as error:
        raise HistoryError(f"{history_path}: {error}") from None
    options = CheckOptions(workload, tuple(consistency_models), availability)
    results = check_run(history, options)
    result = results[kw("workload")]
    fields = to_json(result)
    workload_valid = fields.pop("valid?")
    if "anomalies" in fields:
        fields["anomaly-examples"] = fields.pop("anomalies")
    return {
        "valid": to_json(results[kw("valid?")]),
        "workload_valid": workload_valid,
        "invalid_checkers": invalid_checkers(results),
        "anomalies": about.anomalies(result),
        "stats": to_json(results[kw("stats")]),
        "availability": to_json(results[kw("availability")]),
        **fields,
    }


def _build_parser() -> FlagParser:
    parser = FlagParser(
        prog="glomers bench check",
        description="Judge a recorded history; prints one JSON object. "
        "Exit status: 0 valid, 1 invalid, 2 unknown, 254 no sound history.",
        allow_abbrev=False,
    )
    add = parser.add_argument
    add("-w", "--workload", choices=WORKLOAD_NAMES, required=True, help="whose history it is")
    add_judgement(parser)
    add("history", type=Path, metavar="HISTORY", help="a history.edn, gzipped or not")
    return parser


def print_verdict(words: Sequence[str]) -> int:
    """Do what the words after `glomers bench check` ask for; returns the exit status.

    Raises:
        BadInput: in one sentence, for bad arguments and for bad histories.
    """
    args = _build_parser().parse_args(words)
    try:
        verdict = run_check(args.history, args.workload, args.consistency_models, args.availability)
    except HistoryError as error:
        raise BadInput(str(error)) from None
    _print(json.dumps(verdict, indent=2))
    return EXIT_STATUSES.get(verdict["valid"], EXIT_UNKNOWN)


def _print(text: str) -> None:
    """Print `text`; it is no failure if nobody reads it to its end, as in `... | head`."""
    try:
        print(text, flush=True)
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())  # what is left goes there
