"""The flags of `maelstrom test`, with its defaults: from words to options, and back."""

from __future__ import annotations

import argparse
import difflib
import re
from collections.abc import Collection, Sequence
from dataclasses import fields
from pathlib import Path
from typing import Any, NoReturn

from glomers.bench.faults import FAULTS
from glomers.bench.node_names import MAX_NODES, choose_nodes, words_for
from glomers.bench.options import CLOCKS, LATENCY_DISTRIBUTIONS, TOPOLOGIES, Options
from glomers.bench.what_if import FORMS, parse_what_if
from glomers.bench.workloads import WORKLOAD_NAMES
from glomers.errors import BadInput
from glomers.formats.typography import dash_slip

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


class FlagParser(argparse.ArgumentParser):
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


def _number(text: str) -> float:
    """A number; -1, which no flag takes, where it is none."""
    try:
        return float(text)
    except ValueError:
        return -1.0


def _at_least_zero(text: str) -> float:
    value = _number(text)
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
    """Read `total` or a fraction from 0 to 1."""
    value = 1.0 if text == "total" else _number(text)
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


def add_judgement(parser: FlagParser) -> None:
    """Let a parser take the flags that say how a history is judged."""
    parser.add_argument(
        "--availability", type=parse_availability, metavar="A", help="'total', or 0 to 1"
    )
    parser.add_argument(
        "--consistency-models",
        type=split_models,
        default=("strict-serializable",),
        metavar="MODELS",
        help="for transactions: models separated by ' , ' (strict-serializable)",
    )


def build_parser() -> FlagParser:
    """The parser of `glomers bench test`: Maelstrom's flags, and our own."""
    parser = FlagParser(
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
    limit = "seconds (60)"
    add("--time-limit", dest="time_limit_s", type=_whole(1), default=60, metavar="S", help=limit)
    mean = "mean between servers (0)"
    add("--latency", dest="latency_ms", type=_whole(0), default=0, metavar="MS", help=mean)
    add("--latency-dist", choices=LATENCY_DISTRIBUTIONS, default="constant", help="(constant)")
    add("--nemesis", type=_faults, default=frozenset(), metavar="FAULTS", help=_faults_in_words())
    interval: dict[str, Any] = {"dest": "nemesis_interval_s", "type": _interval_s, "default": 10.0}
    add("--nemesis-interval", **interval, metavar="S", help="mean seconds (10)")
    add("--topology", choices=TOPOLOGIES, default="grid", help="offered to broadcast (grid)")
    add_judgement(parser)
    add("--key-count", type=_whole(1, MAX_KEYS), metavar="N", help="keys tested at once")
    add("--max-txn-length", type=_whole(1), default=4, metavar="N", help="operations at most (4)")
    add("--max-writes-per-key", type=_whole(1), default=16, metavar="N", help="(16)")
    add("--log-stderr", action="store_true", help="show what nodes write on stderr")
    add(
        "--final-reads",
        action="store_true",
        help="for transactions, not in Maelstrom: heal, rest, and read every key on every node",
    )
    add(
        "--record-state",
        action="store_true",
        help="not in Maelstrom: keep what every node knew at every step, in node-state.jsonl",
    )
    add(
        "--what-if",
        type=parse_what_if,
        metavar="CHANGE",
        help=f"not in Maelstrom: the same run with one thing changed: {FORMS}",
    )
    add(
        "--clock",
        choices=CLOCKS,
        help="virtual for nodes that use glomers.node, else real; this overrules the choice",
    )
    add("--seed", type=int, default=0, help="decides everything random in virtual time (0)")
    add("--test-count", type=_whole(1), default=1, metavar="N", help="repeat, until not valid (1)")
    for flag, (value, reason) in NO_EFFECT.items():
        kind: dict[str, Any] = {"metavar": value} if value else {"action": "store_true"}
        add(flag, help=f"no effect: {reason}", **kind)
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
    if args.what_if and args.what_if.node and args.what_if.node not in node_ids:
        raise BadInput(
            f"--what-if names {args.what_if.node}, and the nodes are {', '.join(node_ids[:5])}"
            f"{', …' if len(node_ids) > 5 else ''}."
        )
    given = vars(args) | {
        "args": (*others, *rest),
        "node_ids": node_ids,
        "concurrency": _clients(args.concurrency, len(node_ids)),
        "without_effect": tuple(flag for flag in NO_EFFECT if vars(args)[_name(flag)]),
    }
    return Options(**{field.name: given[field.name] for field in fields(Options)})


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


def _refuse_unknown_flags(words: Sequence[str], flags: Collection[str], parser: FlagParser) -> None:
    """Refuse words that look like flags, among those that the parser does not know."""
    unknown = [word for word in words if len(word) > 1 and word[0] == "-"]
    if unknown:
        near = difflib.get_close_matches(unknown[0].partition("=")[0], flags, n=1)
        hint = f"did you mean {near[0]}?" if near else "what is for the node stands after --"
        parser.error(f"unrecognized arguments: {' '.join(unknown)} ({hint})")


def words_of(options: Options) -> list[str]:
    """The command line after `test` that asks for `options`, defaults left out."""
    words = ["-w", options.workload, "--bin", str(options.bin), *words_for(options.node_ids)]
    given = vars(options)
    for action in build_parser()._actions:
        name = action.dest
        if name in ("workload", "bin") or name not in given:
            continue
        default = len(options.node_ids) if name == "concurrency" else action.default
        if given[name] != default:
            words.append(action.option_strings[-1])
            words += [] if action.nargs == 0 else [_word(given[name])]
    return [*words, *(["--", *options.args] if options.args else [])]


def _word(value: Any) -> str:
    """A value as the flags above read it."""
    match value:
        case float():
            return repr(value).removesuffix(".0")
        case frozenset():
            return ",".join(sorted(value))
        case tuple():
            return " , ".join(value)
    return str(value)
