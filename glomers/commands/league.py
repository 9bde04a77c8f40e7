"""`glomers league`: the versions of the series, measured and ranked with published results."""

from __future__ import annotations

from argparse import Namespace

from glomers.commands.arguments import Parser
from glomers.errors import EXIT_OK
from glomers.series.project import project_root
from glomers.series.standings import LEAGUE_PAGE, league_table, write_table


def add_arguments(parser: Parser) -> None:
    """Add what the command takes."""
    parser.add_engine()
    parser.add_seed()
    parser.add_argument("--write", action="store_true", help="put the table into docs/league.md")


def act(arguments: Namespace) -> int:
    """Measure, and print the table; returns the exit status.

    Raises:
        BadInput: when that page has no place for the table.
        LabError: when the engine cannot be used, or a version is not valid.
    """
    table = league_table(engine=arguments.engine, seed=arguments.seed)
    print(table, end="")
    if arguments.write:
        write_table(project_root() / LEAGUE_PAGE, table)
    return EXIT_OK
