"""The `glomers` command. Each subcommand imports what it needs only when it is chosen."""

from __future__ import annotations

import argparse
import os
import signal
import sys
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any, NoReturn

from glomers.bench.hashseed import fix_hash_seed
from glomers.bench.log import endure_any_text
from glomers.explore.errors import ExploreError
from glomers.maelstrom.errors import MaelstromError
from glomers.series.errors import (
    EXIT_BAD_ARGUMENTS,
    EXIT_FAILED,
    EXIT_INTERRUPTED,
    BadInput,
    SeriesError,
)
from glomers.series.task import ENGINES
from glomers.workshop.errors import WorkshopError

CLOCKS = ("virtual", "real")
_NODE_ARGS = "What follows -- goes to the node of --bin as its arguments."


class _Parser(argparse.ArgumentParser):
    """Says what is wrong with the arguments in one sentence.

    With `takes_node_args`, words that are no flags, and all that follows `--`, go to the node: they
    are in the namespace as `node_args`.
    """

    def __init__(self, *args: Any, takes_node_args: bool = False, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._takes_node_args = takes_node_args

    def parse_known_args(  # type: ignore[override]
        self, args: Sequence[str], namespace: Any = None
    ) -> tuple[Any, list[str]]:
        if not self._takes_node_args:
            return super().parse_known_args(args, namespace)
        words = list(args)
        cut = words.index("--") if "--" in words else len(words)
        parsed, others = super().parse_known_args(words[:cut], namespace)
        parsed.node_args = [word for word in others if word[:1] != "-"] + words[cut + 1 :]
        return parsed, [word for word in others if word[:1] == "-"]

    def error(self, message: str) -> NoReturn:
        sentence = f"{self.prog}: {message}. `{self.prog} --help` lists what there is."
        print(sentence, file=sys.stderr)
        raise SystemExit(EXIT_BAD_ARGUMENTS)


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command with the words of `argv` (default: those it was called with)."""
    words = list(sys.argv[1:] if argv is None else argv)
    endure_any_text()
    try:
        arguments = _parser().parse_args(words)
        signal.signal(signal.SIGTERM, _interrupt)
        status: int = arguments.act(arguments)
    except SystemExit as error:
        return int(error.code or 0)
    except (BadInput, ExploreError, WorkshopError) as error:
        print(error, file=sys.stderr)
        return EXIT_BAD_ARGUMENTS
    except (SeriesError, MaelstromError) as error:
        print(error, file=sys.stderr)
        return EXIT_FAILED
    except OSError as error:
        place = f"{error.filename}: " if error.filename else ""
        print(f"{place}{error.strerror or error}.", file=sys.stderr)
        return EXIT_FAILED
    except KeyboardInterrupt:
        print("Interrupted.", file=sys.stderr)
        return EXIT_INTERRUPTED
    return status


def _interrupt(signum: int, frame: Any) -> None:
    raise KeyboardInterrupt


def _parser() -> argparse.ArgumentParser:
    parser = _Parser(prog="glomers", description="Distributed systems taught in notebooks.")
    commands = parser.add_subparsers(required=True, metavar="COMMAND", parser_class=_Parser)
    _add_run(commands)
    _add_export(commands)
    _add_check(commands)
    _add_nodes(commands)
    _add_challenge(commands)
    _add_assess(commands)
    _add_workshop(commands)
    _add_league(commands)
    _add_explore(commands)
    _add_replay(commands)
    _add_install(commands)
    _add_doctor(commands)
    commands.add_parser("bench", help="run or judge a test, with Maelstrom's flags")
    return parser


def _add_run(commands: Any) -> None:
    run = commands.add_parser("run", help="execute notebooks and export their pages")
    run.add_argument(
        "notebooks",
        nargs="*",
        metavar="NOTEBOOK",
        help="a path, a name, or a number such as 03d (default: every notebook)",
    )
    run.add_argument("--engine", choices=ENGINES, help="what runs the tests (default: the bench)")
    run.add_argument(
        "--jobs", type=_at_least_one, metavar="N", help="notebooks at a time (default: processors)"
    )
    run.add_argument("--out", type=Path, metavar="DIR", help="where to (default: runs/<time>)")
    run.add_argument(
        "-p",
        dest="parameters",
        nargs=2,
        action="append",
        default=[],
        metavar=("NAME", "VALUE"),
        help="a parameter for the notebooks that have it",
    )
    run.set_defaults(act=_run)


def _add_export(commands: Any) -> None:
    export = commands.add_parser("export", help="make HTML pages of a batch")
    export.add_argument(
        "folder", nargs="?", type=Path, metavar="DIR", help="the batch (default: runs/latest)"
    )
    export.set_defaults(act=_export)


def _add_check(commands: Any) -> None:
    check = commands.add_parser("check", help="check that notebooks and package agree")
    check.add_argument(
        "--execute", action="store_true", help="also execute the notebooks and compare their texts"
    )
    check.set_defaults(act=_check)


def _add_nodes(commands: Any) -> None:
    nodes = commands.add_parser("nodes", help="write every solution as a runnable node program")
    nodes.add_argument(
        "folder", nargs="?", type=Path, metavar="DIR", help="where to (default: runs/nodes)"
    )
    nodes.set_defaults(act=_nodes)


def _add_challenge(commands: Any) -> None:
    from glomers.challenges import CHALLENGES

    challenge = commands.add_parser(
        "challenge",
        help="run one challenge with its official flags",
        takes_node_args=True,
        epilog=_NODE_ARGS,
    )
    challenge.add_argument("id", metavar="ID", choices=list(CHALLENGES), help="such as 3d")
    challenge.add_argument(
        "--bin", type=Path, metavar="FILE", help="the node (default: the series' solution)"
    )
    challenge.add_argument("--engine", choices=ENGINES, help="what runs it (default: the bench)")
    challenge.add_argument("--seed", type=int, default=0, metavar="N", help="for the bench")
    challenge.add_argument("--clock", choices=CLOCKS, help="for the bench (default: what suits)")
    challenge.add_argument("--json", action="store_true", help="print one JSON object")
    challenge.set_defaults(act=_challenge)


def _add_assess(commands: Any) -> None:
    assess = commands.add_parser("assess", help="take a node through the stages of a challenge")
    assess.add_argument("id", metavar="ID", help="such as 3c, or hunt-1 of the bug hunt")
    assess.add_argument("--bin", type=Path, metavar="FILE", required=True, help="the node")
    assess.add_argument(
        "--seeds", type=_at_least_one, metavar="N", help="of the last stage with many (50 or 100)"
    )
    assess.add_argument("--json", action="store_true", help="print one JSON object")
    assess.add_argument("--watch", action="store_true", help="again whenever the file changes")
    assess.set_defaults(act=_assess)


def _add_workshop(commands: Any) -> None:
    workshop = commands.add_parser("workshop", help="write what students are handed out")
    workshop.add_argument("folder", type=Path, metavar="DIR", help="a new folder")
    workshop.set_defaults(act=_workshop)


def _add_league(commands: Any) -> None:
    league = commands.add_parser("league", help="rank the series' nodes with published results")
    league.add_argument("--engine", choices=ENGINES, help="what runs them (default: the bench)")
    league.add_argument("--seed", type=int, default=0, metavar="N", help="for the bench")
    league.add_argument("--write", action="store_true", help="put the table into README.md")
    league.set_defaults(act=_league)


def _add_explore(commands: Any) -> None:
    explore = commands.add_parser(
        "explore",
        help="run many seeds, and find what fails",
        takes_node_args=True,
        epilog=_NODE_ARGS,
    )
    explore.add_argument(
        "target", metavar="ID|COMMAND", help="a challenge such as 3c, or a quoted `test …` line"
    )
    explore.add_argument(
        "--bin", type=Path, metavar="NODE", help="the node (default: the series' solution)"
    )
    explore.add_argument("--seeds", type=_at_least_one, default=100, metavar="N", help="(100)")
    explore.add_argument(
        "--jobs", type=_at_least_one, metavar="N", help="processes (default: processors)"
    )
    explore.add_argument(
        "--faults", metavar="FAULTS", help="in place of the command's, such as partition,kill"
    )
    explore.add_argument(
        "--vary", metavar="WHAT", help="nodes,latency,interval,clients,faults (default), or none"
    )
    explore.add_argument("--stop-at-first", action="store_true", help="stop at the first failure")
    explore.add_argument("--out", type=Path, metavar="DIR", help="where to (default: explore/…)")
    explore.add_argument("--resume", action="store_true", help="go on with what is in --out")
    explore.add_argument(
        "--check-determinism",
        action="store_true",
        help="instead: run each seed twice, and say where the runs differ",
    )
    explore.add_argument(
        "--no-shrink", action="store_true", help="do not make the first failure small"
    )
    explore.add_argument(
        "--no-stores", action="store_true", help="keep no store folders of failing seeds"
    )
    explore.add_argument("--dask", metavar="ADDRESS", help="run on a Dask cluster")
    explore.add_argument("--json", action="store_true", help="print one JSON object")
    explore.set_defaults(act=_explore)


def _add_replay(commands: Any) -> None:
    replay = commands.add_parser("replay", help="play back a trace that explore has made")
    replay.add_argument("trace", type=Path, metavar="TRACE", help="a trace.json")
    replay.add_argument("--bin", type=Path, metavar="NODE", help="in place of the trace's node")
    replay.set_defaults(act=_replay)


def _add_install(commands: Any) -> None:
    install = commands.add_parser(
        "install-maelstrom", help="fetch the real Maelstrom, check it, and unpack it"
    )
    source = install.add_mutually_exclusive_group()
    source.add_argument("--url", help="where to fetch the archive (default: its releases)")
    source.add_argument("--file", type=Path, metavar="PATH", help="an archive that is here already")
    install.set_defaults(act=_install)


def _add_doctor(commands: Any) -> None:
    doctor = commands.add_parser("doctor", help="say what is installed and what is missing")
    doctor.add_argument("--json", action="store_true", help="print one JSON object")
    doctor.set_defaults(act=_doctor)


def _run(arguments: argparse.Namespace) -> int:
    from glomers.series.run import run_series

    return run_series(
        arguments.notebooks,
        engine=arguments.engine,
        jobs=arguments.jobs,
        out=arguments.out,
        parameters=arguments.parameters,
    )


def _export(arguments: argparse.Namespace) -> int:
    from glomers.series.export import export_batch
    from glomers.series.project import project_root, shown

    folder = arguments.folder or project_root() / "runs" / "latest"
    print(f"Pages: {shown(export_batch(folder))}")
    return 0


def _check(arguments: argparse.Namespace) -> int:
    from glomers.series.check import check_series

    return check_series(execute=arguments.execute)


def _nodes(arguments: argparse.Namespace) -> int:
    from glomers.series.nodes import write_nodes
    from glomers.series.project import project_root

    for line in write_nodes(arguments.folder or project_root() / "runs" / "nodes"):
        print(line)
    return 0


def _challenge(arguments: argparse.Namespace) -> int:
    from glomers.challenges import CHALLENGES
    from glomers.series.challenge import run_challenge

    _refuse_args_without_node(arguments)
    return run_challenge(
        CHALLENGES[arguments.id],
        bin=arguments.bin,
        args=arguments.node_args,
        engine=arguments.engine,
        seed=arguments.seed,
        clock=arguments.clock,
        as_json=arguments.json,
    )


def _refuse_args_without_node(arguments: argparse.Namespace) -> None:
    """The series' solutions take no arguments, so that these are a slip."""
    if arguments.node_args and arguments.bin is None:
        raise BadInput(
            f"{' '.join(arguments.node_args)!r} would be an argument of the node, and the series' "
            "own takes none: name yours with --bin, or leave it out."
        )


def _assess(arguments: argparse.Namespace) -> int:
    from glomers.workshop.command import run_assess

    fix_hash_seed(sys.argv[1:])
    return run_assess(
        arguments.id,
        arguments.bin,
        arguments.seeds,
        as_json=arguments.json,
        watch=arguments.watch,
    )


def _workshop(arguments: argparse.Namespace) -> int:
    from glomers.workshop.pack import write_pack

    count = write_pack(arguments.folder)
    print(f"{count} notebooks and README.md are in {arguments.folder}")
    return 0


def _league(arguments: argparse.Namespace) -> int:
    from glomers.series.league import run_league

    return run_league(engine=arguments.engine, seed=arguments.seed, write=arguments.write)


def _explore(arguments: argparse.Namespace) -> int:
    from glomers.challenges import CHALLENGES
    from glomers.explore.command import (
        Plan,
        base_of,
        check_determinism,
        named_faults,
        named_variables,
        run,
    )

    challenge = CHALLENGES.get(arguments.target)
    program = arguments.bin
    if challenge and program is None:
        _refuse_args_without_node(arguments)
        program = challenge.path
    flags = challenge.flags if challenge else None
    plan = Plan(
        words=base_of(arguments.target, flags, program, arguments.node_args),
        seeds=arguments.seeds,
        jobs=arguments.jobs or os.cpu_count() or 1,
        dask=arguments.dask,
        out=arguments.out,
        resume=arguments.resume,
        stop_at_first=arguments.stop_at_first,
        shrink=not arguments.no_shrink,
        stores=not arguments.no_stores,
    )
    if arguments.faults is not None:
        plan = replace(plan, faults=named_faults(arguments.faults))
    if arguments.vary is not None:
        plan = replace(plan, vary=named_variables(arguments.vary))
    return check_determinism(plan) if arguments.check_determinism else run(plan, arguments.json)


def _replay(arguments: argparse.Namespace) -> int:
    from glomers.explore.replay import replay

    fix_hash_seed(sys.argv[1:])
    return replay(arguments.trace, arguments.bin)


def _install(arguments: argparse.Namespace) -> int:
    from functools import partial

    from glomers.maelstrom import release
    from glomers.maelstrom.install import install

    say = partial(print, flush=True)
    install(say, release=release.PINNED, url=arguments.url, file=arguments.file)
    return 0


def _doctor(arguments: argparse.Namespace) -> int:
    from glomers.series.doctor import run_doctor

    return run_doctor(as_json=arguments.json)


def _at_least_one(text: str) -> int:
    if not text.isdigit() or int(text) < 1:
        raise argparse.ArgumentTypeError(f"{text} is not a whole number of at least 1")
    return int(text)
