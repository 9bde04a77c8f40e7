"""What a page with live nodes asks for: a run, a check, an exploration, all in this process.

A page and a desk exchange JSON. A request has a `kind` and `files` (text by path), and

| kind | also | reply |
|---|---|---|
| `run` | `command`, `seed`, `challenge` (an id or null) | see `_run` |
| `step` | the same | `page`: the run, played again, as a page to step through |
| `check` | `challenge`, `node` (its path), `seeds` (null: as many as usual) | see `_check` |
| `explore` | `command`, `seeds` (a number), `faults` (or null) | see `_explore` |
| `store` | – | `zip`: the store of the last run, in base64 |

What cannot be done is `{"refused": sentence}`, and the flags are `{"help": text}`.  The picture of
a smallest failure comes with its `page`, for which nothing need be played again.
"""

from __future__ import annotations

import base64
import io
import json
import shutil
import zipfile
from collections.abc import Callable
from contextlib import chdir, suppress
from dataclasses import asdict, dataclass
from math import isfinite
from pathlib import Path
from typing import Any

from glomers.bench.flags import build_parser
from glomers.challenges import CHALLENGES
from glomers.drawing.stepper.document import page
from glomers.engine.command import completed, split, value_in, with_flag
from glomers.engine.in_process import run_in_process
from glomers.errors import GlomersError, LabError
from glomers.explore.plan import Plan, base_of, named_faults
from glomers.explore.playback import NAME as COUNTEREXAMPLE
from glomers.explore.seed import run_seed
from glomers.lab.accounts import account_of
from glomers.lab.played import picture_of, played_account
from glomers.lab.run import Run
from glomers.lab.targets import HEADS, scoreboard
from glomers.workshop.assessment import assess
from glomers.workshop.bench_aside import smallest_aside, stores_in
from glomers.workshop.evidence import SEARCH_S
from glomers.workshop.first_picture import Picture, picture_of_run
from glomers.workshop.handover import told
from glomers.workshop.hunts import task

OPERATIONS = 6000
"""How many requests a run on a page makes at most: it ends sooner in virtual time."""
_RECORD = "--record-state"
_USUAL_RATE = 5.0
_USUAL_S = 10
_LOG_CHARACTERS = 20_000
_TOLD_OF_SEEDS = ("seed", "outcome", "anomalies", "broken", "vacuous")
_WORKLOAD = frozenset({"-w", "--workload"})
_HELP = frozenset({"-h", "--help"})
_ELSEWHERE = {
    "`glomers bench test --help` lists every flag": "`--help` as the command lists every flag",
    " A single test runs it on the real clock; one that speaks the protocol of lockstep can be "
    "explored with --clock lockstep.": "",
    "or run the node with --clock real": "or download the node, and run it with --clock real",
}

Tell = Callable[[str], object]
"""Hears, as JSON, of each seed of an exploration: `of` how many, and its `row`; and of a run, as
soon as its verdict is known: `run`, the reply without its picture, which takes longer to draw."""


@dataclass
class Desk:
    """Answers one request after the other, in a folder of its own.

    Attributes:
        folder: where the files of requests and the stores of runs are.
        tell: hears how it goes.
    """

    folder: Path
    tell: Tell
    _store: Path | None = None

    def answer(self, request: str) -> str:
        """The reply to a request, both as JSON."""
        asked = json.loads(request)
        kinds = {"run": _run, "step": _step, "check": _check, "explore": _explore, "store": _zipped}
        try:
            if asked["kind"] != "store":
                self._lay_out(asked["files"])
            self.folder.mkdir(parents=True, exist_ok=True)
            with chdir(self.folder):
                if _HELP.intersection(split(completed(asked.get("command", "test"), None, []))[0]):
                    reply = {"help": build_parser().format_help()}
                else:
                    reply = kinds[asked["kind"]](self, asked)
        except GlomersError as error:
            reply = {"refused": str(error)}
        return _for_a_page(json.dumps(reply, ensure_ascii=False))

    def _lay_out(self, files: dict[str, str]) -> None:
        """Leave in the folder what a request brings, and nothing else."""
        shutil.rmtree(self.folder, ignore_errors=True)
        self._store = None
        for name, text in files.items():
            path = self.folder / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text, encoding="utf-8", errors="replace")


def _for_a_page(text: str) -> str:
    """What is told where there is neither a shell nor any time but the virtual one."""
    for there, here in _ELSEWHERE.items():
        text = text.replace(there, here)
    return text


def _run(desk: Desk, asked: dict[str, Any]) -> dict[str, Any]:
    """One test: verdict, figures, findings, a picture, and what there is in logs."""
    words, note = _words(asked)
    run, printed = _ran(desk, words)
    logs = (run.store / "node-logs").glob("*.log") if run.store else ()
    reply = {
        "valid": run.valid,
        "verdict": run.verdict,
        "command": run.command,
        "note": note,
        "summary": repr(run),
        "lines": run.figures(),
        "table": _table(asked, run),
        "explanation": run.explained,
        "findings": [each.as_json() for each in run.why],
        "picture": None,
        "printed": printed[-_LOG_CHARACTERS:],
        "logs": {path.stem: path.read_text("utf-8", "replace")[-_LOG_CHARACTERS:] for path in logs},
    }
    desk.tell(_for_a_page(json.dumps({"run": reply}, ensure_ascii=False)))
    return reply | {"picture": _shown(picture_of_run(run))}


def _step(desk: Desk, asked: dict[str, Any]) -> dict[str, Any]:
    """The page to step through the same test, played with a record of what its nodes know."""
    words, _ = _words(asked)
    own, rest = split(words)
    if _RECORD not in own:
        words = [*own, _RECORD, *rest]
    run, _ = _ran(desk, words)
    account = account_of(run)
    return {"page": page([account], account.title)}


def _words(asked: dict[str, Any]) -> tuple[list[str], str]:
    """The command of a request, and a note if it is shortened."""
    words = completed(asked["command"], None, [])
    if not any(word.split("=")[0] in _WORKLOAD for word in words):
        raise LabError("Which workload is it? Say so with -w, as in: -w broadcast --node-count 5")
    return _shortened(with_flag(words, "--seed", str(asked["seed"] or 0)))


def _ran(desk: Desk, words: list[str]) -> tuple[Run, str]:
    """A run of a command, and what it printed."""
    left, printed = run_in_process(words, desk.folder)
    desk._store = left.folder.path if left.folder else None
    return Run(left.folder, tuple(words), left.explanation), printed


def _shortened(words: list[str]) -> tuple[list[str], str]:
    """The command with fewer seconds, if it would make too many requests, and a note of that."""
    rate = _number(value_in(words, "--rate"), _USUAL_RATE)
    asked_s = int(_number(value_in(words, "--time-limit"), _USUAL_S))
    limit_s = max(1, int(min(OPERATIONS / rate, asked_s))) if rate > 0 else asked_s
    if asked_s <= limit_s:
        return words, ""
    note = f"On a page this command runs for {limit_s} s of virtual time, in place of {asked_s} s."
    return with_flag(words, "--time-limit", str(limit_s), replace=True), note


def _number(text: str | None, usual: float) -> float:
    with suppress(ValueError):  # which the bench refuses in a sentence
        number = float(text or usual)
        return number if isfinite(number) else usual
    return usual


def _table(asked: dict[str, Any], run: Run) -> dict[str, Any] | None:
    """The figures beside the limits of a challenge, if it is the challenge that was run."""
    challenge = asked["challenge"]
    if challenge not in CHALLENGES or run.valid is None:
        return None
    if not CHALLENGES[challenge].is_asked_by(completed(asked["command"], None, [])):
        return None
    board = scoreboard(challenge, run)
    return {"title": board.title, "heads": HEADS, "rows": board.rows, "note": board.note}


def _shown(picture: Picture | None) -> dict[str, str] | None:
    return asdict(picture) if picture else None


def _check(desk: Desk, asked: dict[str, Any]) -> dict[str, Any]:
    """The stages of a challenge: `told` as `handover.told` has it, and the smallest failure."""
    stores = desk.folder / "check"
    stores.mkdir()
    node = Path(asked["node"])
    verdict = assess(task(asked["challenge"]), node, stores, seeds=asked["seeds"])
    store = verdict.evidence.store if verdict.evidence else None
    return {"told": told(verdict), "picture": _smallest(store)}


def _smallest(store: Path | None) -> dict[str, str] | None:
    """The picture of the smallest failure, whose store this is, and the page to step through it."""
    if store is None:
        return None
    figure, account = picture_of(store), played_account(Run.load(store))
    drawn = asdict(Picture(figure.svg or "", figure.alt, figure.caption))
    return {**drawn, "page": page([account], account.title)}


def _explore(desk: Desk, asked: dict[str, Any]) -> dict[str, Any]:
    """Seeds of a command, up to one whose test a node breaks, and the smallest failure.

    `rows` has for each seed its `seed`, `outcome`, `anomalies`, `broken`, `vacuous` (reasons why a
    pass shows little) and `command`; `note` says what is other than in the command. Where no
    failure is found to be shown, there are the `findings` of the first.
    """
    words, note = _words(asked | {"seed": 0})
    faults = named_faults(asked["faults"]) if asked.get("faults") else None
    space = Plan(words[1:], asked["seeds"], faults).space()
    rows: list[dict[str, Any]] = []
    for seed in range(asked["seeds"]):
        row = run_seed(space, seed)
        told = {name: row[name] for name in _TOLD_OF_SEEDS}
        rows.append({**told, "command": row["command"].replace(f"{desk.folder.resolve()}/", "")})
        desk.tell(_for_a_page(json.dumps({"of": asked["seeds"], "row": rows[-1]})))
        if row["broken"]:
            break
    note = " ".join(filter(None, [f"Faults: {asked['faults']}." if faults else "", note]))
    reply: dict[str, Any] = {"rows": rows, "note": note, "picture": None, "findings": []}
    failed = next((row for row in rows if row["outcome"] == "fail"), None)
    if failed and not rows[-1]["broken"]:
        reply["picture"] = _made_small(desk, failed["command"])
    if failed and not reply["picture"]:
        run, _ = _ran(desk, completed(failed["command"], None, []))
        reply["findings"] = [each.as_json() for each in run.why]
    return reply


def _made_small(desk: Desk, command: str) -> dict[str, str] | None:
    """The picture of the smallest failure of a command, if one is found."""
    with smallest_aside(base_of(command, None, None), desk.folder, SEARCH_S):
        pass
    found = [store for store in stores_in(desk.folder) if (store / COUNTEREXAMPLE).exists()]
    return _smallest(found[-1]) if found else None


def _zipped(desk: Desk, asked: dict[str, Any]) -> dict[str, Any]:
    """The store of the last run, as a file to keep."""
    if desk._store is None:
        return {"refused": "There is no store: run a test first."}
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive:
        for path in sorted(desk._store.rglob("*")):
            if path.is_file():
                archive.writestr(str(path.relative_to(desk._store.parent)), path.read_bytes())
    return {"zip": base64.b64encode(file.getvalue()).decode("ascii"), "name": desk._store.name}
