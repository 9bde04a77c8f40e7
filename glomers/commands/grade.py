"""`glomers grade`: all submissions of a class, judged in a sandbox."""

from __future__ import annotations

import csv
import secrets
import sys
from argparse import Namespace
from collections.abc import Mapping, Sequence
from itertools import count
from pathlib import Path

from glomers.commands.arguments import Parser, at_least_one
from glomers.environment import fix_hash_seed, processors
from glomers.errors import EXIT_OK, WorkshopError
from glomers.files import name_another, shown, write_whole
from glomers.formats.text import clean
from glomers.workshop.class_page import write_pages
from glomers.workshop.grading import choose_cage, grade
from glomers.workshop.mark import COLUMNS, Mark
from glomers.workshop.submission import Submission, submissions

TABLE = "grades.csv"
_SECRET = "secret.txt"
_SECRET_BYTES = 16


def add_arguments(parser: Parser) -> None:
    """Add what the command takes."""
    add = parser.add_argument
    add("folder", type=Path, metavar="FOLDER", help="a folder or zip file a submission")
    add("--out", type=Path, default=Path("grades"), metavar="DIR", help="where to (grades)")
    kept = f"decides the seeds (default: drawn once, and kept in DIR/{_SECRET})"
    add("--secret", metavar="TEXT", help=kept)
    jobs = "nodes judged at a time (default: processors)"
    add("--jobs", type=at_least_one, default=processors(), metavar="N", help=jobs)
    alone = "go on where bubblewrap cannot be used: nodes can then read your files"
    add("--unsandboxed", action="store_true", help=alone)


def act(arguments: Namespace) -> int:
    """Judge what has been handed in, and write the table and the pages; returns the exit status.

    Raises:
        WorkshopError: when there is nothing to judge, no sandbox to do it in, or no room for marks.
    """
    fix_hash_seed(sys.argv[1:])
    out: Path = arguments.out.resolve()
    handed_in = submissions(arguments.folder)
    weaker = choose_cage(arguments.unsandboxed)
    try:
        out.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise WorkshopError(name_another(out, error)) from None
    secret = arguments.secret if arguments.secret is not None else _kept_secret(out / _SECRET)
    numbers, nodes = count(1), sum(len(each.nodes) for each in handed_in)

    def tell(submission: Submission, mark: Mark) -> None:
        what = f"{mark.status} at {mark.stage}" if mark.stage else mark.status
        line = f"{next(numbers)} of {nodes}: {submission.name} {mark.challenge}: {what}"
        print(clean(line), file=sys.stderr, flush=True)

    marks = grade(handed_in, out, secret, arguments.jobs, tell)
    _write_table(handed_in, marks, out / TABLE)
    write_pages(handed_in, marks, out, weaker)
    if weaker:
        print(weaker)
    print(f"{len(handed_in):,} submissions, {nodes:,} nodes: {shown(out / TABLE)}")
    print(f"Pages: {shown(out / 'index.html')}")
    return EXIT_OK


def _kept_secret(path: Path) -> str:
    """The secret of these results: a new one where there is none."""
    if not path.exists():
        write_whole(path, secrets.token_hex(_SECRET_BYTES) + "\n", mode=0o600)
    return path.read_text(encoding="utf-8").strip()


def _write_table(
    handed_in: Sequence[Submission], marks: Mapping[str, Sequence[Mark]], path: Path
) -> None:
    with path.open("w", encoding="utf-8", newline="") as file:
        table = csv.DictWriter(file, COLUMNS)
        table.writeheader()
        for each in handed_in:
            table.writerows(mark.row(each.name) for mark in marks[each.name])
