"""The flags of `maelstrom test`, with its defaults, as one value."""

from __future__ import annotations

import argparse
import difflib
import re
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NoReturn

from glomers.bench.faults import FAULTS
from glomers.bench.node_names import MAX_NODES, choose_nodes, words_for
from glomers.bench.workloads import WORKLOAD_NAMES
from glomers.errors import BadInput
from glomers.formats.typography import dash_slip

TOPOLOGIES = ("line", "grid", "tree", "tree2", "tree3", "tree4", "total")
LATENCY_DISTRIBUTIONS = ("constant", "uniform", "exponential")
MAX_CLIENTS = 10_000
MAX_WHOLE = 1_000_000_000
MAX_KEYS = 1_000
"""Each is half as likely as the next, and no float is smaller than 2^-1074."""
MIN_RATE = 1e-6
MIN_INTERVAL_S = 1e-3
_NO_SSH = "nothing goes over SSH"
NO_EFFECT = {
    "--no-ssh": (None, _NO_SSH),
    "--username": ("USER", _NO_SSH),
    "--password": ("PASS", _NO_SSH),
    "--ssh-private-key": ("FILE", _NO_SSH),
    "--strict-host-key-checking": (None, _NO_SSH),
    "--leave-db-running": (None, "nodes end with their test"),
    "--logging-json": (None, "the log is plain text"),
    "--log-net-send": (None, "all messages are in the journal"),
    "--log-net-recv": (None, "all messages are in the journal"),
}
"""Flags that Maelstrom takes and that change nothing here: what their value is, if any, and why."""


@dataclass(frozen=True)
class Options:
    """Tests, as asked for on the command line.

    `rate` is in requests a second over all clients, `latency_ms` the mean delay of a message
    between servers; `availability` is the fraction of requests that must succeed, if any.
    `test_count` is how often the test runs, and `without_effect` names the flags that were given
    and change nothing.
    """

    workload: str
    bin: Path
    args: tuple[str, ...]
    node_ids: tuple[str, ...]
    concurrency: int
    rate: float
    time_limit_s: int
    latency_ms: int
    latency_dist: str
    nemesis: frozenset[str]
    nemesis_interval_s: float
    topology: str
    availability: float | None
    consistency_models: tuple[str, ...]
    key_count: int | None
    max_txn_length: int
    max_writes_per_key: int
    log_stderr: bool
    seed: int
    clock: str | None
    final_reads: bool
    test_count: int
    without_effect: tuple[str, ...]


class Parser(argparse.ArgumentParser):
    """A parser that raises instead of leaving the process."""

    def error(self, message: str) -> NoReturn:
        raise BadInput(f"{message}. `{self.prog} --help` lists every flag.")


def _whole(minimum: int, maximum: int = MAX_WHOLE) -> type:
    """A parser of whole numbers from `minimum` to `maximum`, for argparse."""

    def parse(text: str) -> int:
        value = int(text)
        if value < minimum:
            raise argparse.ArgumentTypeError(f"must be at least {minimum}, not {text}")
        if value > maximum:
            raise argparse.ArgumentTypeError(f"must be at most {maximum:,}, not {text:.20}")
        return value

    parse.__name__ = "whole number"
    return parse  # type: ignore[return-value]


def _at_least_zero(text: str) -> float:
    try:
        value = float(text)
    except ValueError:
        value = -1.0
    if not 0 <= value < float("inf"):
        raise argparse.ArgumentTypeError(f"must be a number from 0 up, not {text}")
    return value


def _rate(text: str) -> float:
    value = _at_least_zero(text)
    if 0 < value < MIN_RATE:
        raise argparse.ArgumentTypeError(f"must be 0 or at least {MIN_RATE:g}, not {text}")
    return value


def _interval_s(text: str) -> float:
    value = _at_least_zero(text)
    if value < MIN_INTERVAL_S:
        raise argparse.ArgumentTypeError(f"must be at least {MIN_INTERVAL_S:g} s, not {text}")
    if value > MAX_WHOLE:
        raise argparse.ArgumentTypeError(f"must be at most {MAX_WHOLE:,} s, not {text}")
    return value


def parse_availability(text: str) -> float:
    """Read `total` or a fraction from 0 to 1.

    Raises:
        argparse.ArgumentTypeError: when it is neither.
    """
    if text == "total":
        return 1.0
    try:
        value = float(text)
    except ValueError:
        value = -1.0
    if not 0 <= value <= 1:
        raise argparse.ArgumentTypeError(
            f"must be 'total' or a number between 0 and 1, not {text!r}"
        )
    return value


def split_models(text: str) -> tuple[str, ...]:
    """Split at commas that have a space on both sides, as Maelstrom does."""
    return tuple(re.split(r"\s+,\s+", text))


def _faults(text: str) -> frozenset[str]:
    faults = frozenset(re.split(r"\s*,\s*", text))
    if unknown := sorted(faults - set(FAULTS)):
        raise argparse.ArgumentTypeError(
            f"unknown fault {unknown[0]!r}: there are {', '.join(FAULTS)}"
        )
    return faults


def refuse_virtual_faults(faults: frozenset[str], is_virtual: bool) -> None:
    """Raise when a fault is asked for that the clock of the run cannot have.

    Raises:
        BadInput: naming the fault.
    """
    for name in sorted(faults):
        if FAULTS[name].virtual_only and not is_virtual:
            raise BadInput(
                f"The fault {name!r} needs virtual time, and this node runs on the real clock: the "
                "bench cannot change the clock of another process. Leave the fault out."
            )


def _faults_in_words() -> str:
    extra = ", ".join(f"{name} ({f.summary})" for name, f in FAULTS.items() if f.extra)
    return f"partition; extra, not in Maelstrom: {extra}"


def _names(text: str) -> list[str]:
    return re.split(r",\s*", text)


def _concurrency(text: str) -> str:
    if not re.fullmatch(r"[1-9][0-9]{0,8}n?", text):
        raise argparse.ArgumentTypeError(
            f"must be a number of clients, or a multiple of the nodes like 2n, not {text!r}"
        )
    return text


def _clients(concurrency: str, node_count: int) -> int:
    count = int(concurrency.removesuffix("n"))
    if concurrency.endswith("n"):
        count *= node_count
    if count > MAX_CLIENTS:
        raise BadInput(
            f"--concurrency {concurrency} asks for {count:,} clients: at most "
            f"{MAX_CLIENTS:,} can be there."
        )
    return count


def build_parser() -> Parser:
    """The parser of `glomers bench test`: Maelstrom's flags, and our own."""
    parser = Parser(
        prog="glomers bench test",
        description="Run one Maelstrom test. Words that are no flags, and all that follows --, go "
        "to the node as arguments.",
        allow_abbrev=False,
    )
    add = parser.add_argument
    add("-w", "--workload", choices=WORKLOAD_NAMES, default="lin-kv", help="what to run (lin-kv)")
    add("--bin", type=Path, required=True, metavar="FILE", help="the program that runs a node")
    nodes = _whole(1, MAX_NODES)
    add("--node-count", type=nodes, metavar="N", help="nodes n0 to n(N-1), instead of n1 to n5")
    add("--nodes", type=_names, metavar="A,B", help="the same by their names")
    add("-n", "--node", action="append", metavar="NAME", help="one more node; can be repeated")
    add("--nodes-file", type=Path, metavar="FILE", help="a file with a name of a node a line")
    add("--concurrency", type=_concurrency, default="1n", metavar="N", help="clients (1n)")
    add("--rate", type=_rate, default=5.0, help="requests a second, 0 for none (5)")
    add("--time-limit", type=_whole(1), default=60, metavar="S", help="seconds (60)")
    add("--latency", type=_whole(0), default=0, metavar="MS", help="mean between servers (0)")
    add("--latency-dist", choices=LATENCY_DISTRIBUTIONS, default="constant", help="(constant)")
    add("--nemesis", type=_faults, default=frozenset(), metavar="FAULTS", help=_faults_in_words())
    add("--nemesis-interval", type=_interval_s, default=10.0, metavar="S", help="mean seconds (10)")
    add("--topology", choices=TOPOLOGIES, default="grid", help="offered to broadcast (grid)")
    add("--availability", type=parse_availability, metavar="A", help="'total', or 0 to 1")
    add(
        "--consistency-models",
        type=split_models,
        default=("strict-serializable",),
        metavar="MODELS",
        help="for transactions: models separated by ' , ' (strict-serializable)",
    )
    add("--key-count", type=_whole(1, MAX_KEYS), metavar="N", help="keys tested at once")
    add("--max-txn-length", type=_whole(1), default=4, metavar="N", help="operations at most (4)")
    add("--max-writes-per-key", type=_whole(1), default=16, metavar="N", help="(16)")
    add("--log-stderr", action="store_true", help="show what nodes write on stderr")
    add("--test-count", type=_whole(1), default=1, metavar="N", help="repeat, until not valid (1)")
    for flag, (value, reason) in NO_EFFECT.items():
        kind: dict[str, Any] = {"metavar": value} if value else {"action": "store_true"}
        add(flag, help=f"no effect: {reason}", **kind)
    add("--seed", type=int, default=0, help="decides everything random in virtual time (0)")
    add(
        "--clock",
        choices=("virtual", "real"),
        help="virtual for nodes that use glomers.node, else real; this overrules the choice",
    )
    add(
        "--final-reads",
        action="store_true",
        help="for transactions, not in Maelstrom: heal, rest, and read every key on every node",
    )
    return parser


def parse_options(argv: list[str]) -> Options:
    """Read the command line after `test`.

    Raises:
        BadInput: in one sentence, for whatever is not a valid command line.
        BrokenTest: when a file that it names cannot be read.
    """
    cut = argv.index("--") if "--" in argv else len(argv)
    own, rest = argv[:cut], argv[cut + 1 :]
    parser = build_parser()
    flags = [flag for action in parser._actions for flag in action.option_strings]
    _refuse_slips(own, flags)
    args, others = parser.parse_known_args(own)
    _refuse_unknown_flags(others, flags, parser)
    node_ids = choose_nodes(args.node_count, args.nodes, args.nodes_file, args.node)
    clients = _clients(args.concurrency, len(node_ids))
    given = vars(args)
    return Options(
        workload=args.workload,
        bin=args.bin,
        args=(*others, *rest),
        node_ids=node_ids,
        concurrency=clients,
        rate=args.rate,
        time_limit_s=args.time_limit,
        latency_ms=args.latency,
        latency_dist=args.latency_dist,
        nemesis=args.nemesis,
        nemesis_interval_s=args.nemesis_interval,
        topology=args.topology,
        availability=args.availability,
        consistency_models=args.consistency_models,
        key_count=args.key_count,
        max_txn_length=args.max_txn_length,
        max_writes_per_key=args.max_writes_per_key,
        log_stderr=args.log_stderr,
        seed=args.seed,
        clock=args.clock,
        final_reads=args.final_reads,
        test_count=args.test_count,
        without_effect=tuple(flag for flag in NO_EFFECT if given[_name(flag)]),
    )


def _name(flag: str) -> str:
    """What argparse calls the value of a flag."""
    return flag.lstrip("-").replace("-", "_")


def _refuse_slips(words: Sequence[str], flags: Collection[str]) -> None:
    """Refuse what a person has meant as a flag, and Maelstrom would take for something else."""
    for word in words:
        if sentence := dash_slip(word):
            raise BadInput(sentence)
        if f"-{word.partition('=')[0]}" in flags and not word.startswith("--"):
            raise BadInput(f"{word!r} begins with one hyphen, and this flag has two: -{word}")


def _refuse_unknown_flags(words: Sequence[str], flags: Collection[str], parser: Parser) -> None:
    """Refuse words that look like flags, among those that the parser does not know."""
    unknown = [word for word in words if len(word) > 1 and word[0] == "-"]
    if unknown:
        near = difflib.get_close_matches(unknown[0].partition("=")[0], flags, n=1)
        hint = f"did you mean {near[0]}?" if near else "what is for the node stands after --"
        parser.error(f"unrecognized arguments: {' '.join(unknown)} ({hint})")


def words_of(options: Options) -> list[str]:
    """The command line after `test` that asks for one test of `options`, defaults left out."""
    words = ["-w", options.workload, "--bin", str(options.bin), *words_for(options.node_ids)]
    given = vars(options) | {
        "nemesis": ",".join(sorted(options.nemesis)) or None,
        "consistency_models": " , ".join(options.consistency_models),
        "concurrency": str(options.concurrency),
    }
    defaults = vars(parse_options(["--bin", "x"])) | {
        "consistency_models": "strict-serializable",
        "concurrency": str(len(options.node_ids)),
        "nemesis": None,
    }
    for name in _WORDED:
        value = given[name]
        if value == defaults.get(name):
            continue
        flag = "--" + name.removesuffix("_ms").removesuffix("_s").replace("_", "-")
        words += [flag] if value is True else [flag, _word(value)]
    return [*words, *(["--", *options.args] if options.args else [])]


def _word(value: Any) -> str:
    return repr(value).removesuffix(".0") if isinstance(value, float) else str(value)


_WORDED = (
    "concurrency",
    "rate",
    "time_limit_s",
    "latency_ms",
    "latency_dist",
    "nemesis",
    "nemesis_interval_s",
    "topology",
    "availability",
    "consistency_models",
    "key_count",
    "max_txn_length",
    "max_writes_per_key",
    "log_stderr",
    "final_reads",
    "clock",
    "seed",
)
"""The options that `words_of` writes, in this order."""
