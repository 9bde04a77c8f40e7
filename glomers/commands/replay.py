"""`glomers replay`: a trace of `glomers explore`, played back."""

from __future__ import annotations

import sys
from argparse import Namespace
from pathlib import Path

from glomers.bench.what_if import FORMS, parse_what_if
from glomers.commands.arguments import Parser
from glomers.environment import fix_hash_seed
from glomers.explore.playback import replay


def add_arguments(parser: Parser) -> None:
    """Add what the command takes."""
    parser.add_argument("trace", type=Path, metavar="TRACE", help="a trace.json")
    what = f"with one thing changed: {FORMS}"
    parser.add_argument("--what-if", type=parse_what_if, metavar="CHANGE", help=what)
    parser.add_argument("--bin", type=Path, metavar="NODE", help="in place of the trace's node")


def act(arguments: Namespace) -> int:
    """Play the trace back and say what it shows; returns the exit status."""
    fix_hash_seed(sys.argv[1:])
    return replay(arguments.trace, arguments.bin, what_if=arguments.what_if)
