"""`glomers explore`: many seeds of one command, and what they show."""

from __future__ import annotations

import json
import sys
from argparse import Namespace
from dataclasses import fields
from pathlib import Path

from glomers.challenges import CHALLENGES
from glomers.commands.arguments import Parser, at_least_one, refuse_args_without_node
from glomers.environment import processors
from glomers.errors import EXIT_FAILED, EXIT_OK, BadInput
from glomers.explore.campaign import explore, failed_rows, shrink
from glomers.explore.determinism import check
from glomers.explore.plan import Plan, base_of, named_faults, named_variables
from glomers.explore.summary import lines, summary
from glomers.files import shown
from glomers.formats.text import clean


def add_arguments(parser: Parser) -> None:
    """Add what the command takes; what a plan has is called as there."""
    add = parser.add_argument
    add("target", metavar="ID|COMMAND", help="a challenge such as 3c, or a quoted `test …` line")
    parser.add_node()
    add("--seeds", type=at_least_one, default=100, metavar="N", help="(100)")
    jobs = "processes (default: processors)"
    add("--jobs", type=at_least_one, default=processors(), metavar="N", help=jobs)
    faults = "in place of the command's, such as partition,kill"
    add("--faults", type=named_faults, metavar="FAULTS", help=faults)
    vary = "nodes,latency,interval,clients,faults (default), or none"
    add("--vary", type=named_variables, default=Plan.vary, metavar="WHAT", help=vary)
    add("--stop-at-first", action="store_true", help="stop at the first failure")
    add("--out", type=Path, metavar="DIR", help="where to (default: explore/…)")
    add("--resume", action="store_true", help="go on with what is in --out")
    add(
        "--check-determinism",
        action="store_true",
        help="instead: run each seed twice, and say where the runs differ",
    )
    small = "do not make the first failure small"
    add("--no-shrink", dest="shrink", action="store_false", help=small)
    stores = "keep no store folders of failing seeds"
    add("--no-stores", dest="stores", action="store_false", help=stores)
    add("--dask", metavar="ADDRESS", help="run on a Dask cluster")
    parser.add_argument("--json", action="store_true", help="print one JSON object")


def act(arguments: Namespace) -> int:
    """Explore, or run every seed twice; returns the exit status.

    Raises:
        BadInput: when that is neither a challenge nor a command.
        ExploreError: when it cannot be done as asked for.
    """
    challenge = CHALLENGES.get(arguments.target)
    if challenge is None and not arguments.target.startswith("test "):
        raise BadInput(
            f"{arguments.target!r} is neither a challenge ({', '.join(CHALLENGES)}) nor a command "
            "in quotes that begins with `test`."
        )
    program, args = arguments.bin, arguments.node_args
    if challenge and program is None:
        refuse_args_without_node(arguments)
        program, args = challenge.path, challenge.args
    flags = challenge.flags if challenge else None
    words = base_of(arguments.target, flags, program, args)
    given = vars(arguments) | {"words": words}
    plan = Plan(**{field.name: given[field.name] for field in fields(Plan)})
    return _run_twice(plan) if arguments.check_determinism else _explore(plan, arguments.json)


def _run_twice(plan: Plan) -> int:
    """Run every seed twice and say whether that gave the same."""
    difference = check(plan.space(), plan.seeds, _tell)
    print(difference or f"{plan.seeds:,} seeds, each run twice: no difference")
    return EXIT_FAILED if difference else EXIT_OK


def _explore(plan: Plan, as_json: bool) -> int:
    """Carry out the plan and print what it has shown."""
    folder, rows = explore(plan, _tell)
    failed = failed_rows(rows)
    smallest = shrink(failed[0], folder) if failed and plan.shrink else None
    if as_json:
        found = {
            "folder": str(folder),
            "trace": str(smallest.trace) if smallest and smallest.trace else None,
            "sentence": smallest.sentence if smallest else None,
        }
        print(json.dumps({**summary(rows), **found}, ensure_ascii=False))
    else:
        print(*lines(rows), sep="\n")
        if smallest:
            print(clean(str(smallest)))
        print(f"Results: {shown(folder)}")
    return EXIT_FAILED if failed else EXIT_OK


def _tell(line: str) -> None:
    print(line, file=sys.stderr, flush=True)
