"""Why a run broke a promise: the findings of `bench test`, and its smallest counterexample."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from contextlib import suppress
from dataclasses import dataclass, replace
from pathlib import Path
from subprocess import DEVNULL, TimeoutExpired

from glomers.bench.flags import words_of
from glomers.bench.options import Options
from glomers.explore.playback import NAME
from glomers.explore.seed import run_seed
from glomers.formats.node_log import read_beginnings
from glomers.reading.dossier import Dossier
from glomers.reading.finding import FINDINGS, Finding, Kind
from glomers.reading.tracebacks import error_findings
from glomers.workshop.stages import WELL_FORMED, Stage
from glomers.workshop.trials import Trials

SHOWN = 3
"""How many findings are shown: the others are of less help."""
SEARCH_S = 8.0
"""How long the smallest counterexample may be looked for, in seconds."""
LOG_BYTES = 2 << 20
"""So much of all logs of nodes together is looked at."""
_RUN_S = 120.0
_OPEN_GAP = "NotImplementedError"


@dataclass(frozen=True)
class Exhibit:
    """What shows that a promise was broken.

    Attributes:
        findings: what went wrong, the most decisive first.
        relies_on: a sentence when the run passes with other names or another number of nodes.
        command: the words of the run after `glomers bench`.
        smallest: the smallest counterexample in a sentence, if one was found.
        store: the store folder of that.
    """

    findings: tuple[str, ...]
    relies_on: str | None
    command: tuple[str, ...]
    smallest: str | None
    store: Path | None


def evidence_of(
    stage: Stage, options: Options, official: Options, folder: Path, *, is_broken: bool
) -> Exhibit:
    """Look into a trial that broke the promise of a stage.

    Args:
        stage: the stage.
        options: the trial.
        official: the challenge's own command.
        folder: an empty one, for the stores of the run and of the counterexample.
        is_broken: whether the trial could not be finished: a node crashed, hangs, or floods.
    """
    options, relies_on = _familiar(stage, options, official)
    words = words_of(options)
    if is_broken:  # what hangs or crashes is not clearer for being small
        _end(_begin("glomers", ["bench", "test", *words], folder), _RUN_S)
    else:
        search = _begin("glomers.explore.search", [str(folder), *words], folder)
        try:
            _end(_begin("glomers", ["bench", "test", *words], folder), _RUN_S)
            _end(search, SEARCH_S)
        finally:
            search.kill()
    stores = sorted((folder / "store").glob("*/2*"))
    smallest = next((store for store in stores if (store / NAME).exists()), None)
    run = next((store for store in stores if store != smallest), None)
    findings = _ordered(_findings_in(run) or _told_in_logs(run, options), stage) if run else []
    command = ("test", *words)
    if gaps := tuple(str(finding) for finding in findings if _is_of_gap(finding)):
        return Exhibit(gaps[:1], None, command, None, None)  # all else comes from that
    sentence = _sentence_in(smallest) if smallest else None
    told = [str(finding) for finding in findings]
    if sentence and not any(finding.kind <= Kind.PROMISE for finding in findings):
        told = [sentence, *told]
    return Exhibit(tuple(told[:SHOWN]), relies_on, command, sentence, smallest)


def _familiar(stage: Stage, options: Options, official: Options) -> tuple[Options, str | None]:
    """The trial with names that a person knows, if it still fails; else what the node relies on."""
    plain = replace(options, node_ids=tuple(f"n{i}" for i in range(len(options.node_ids))))
    if plain != options and not _breaks(stage, plain):
        shown, usual = ", ".join(options.node_ids), ", ".join(plain.node_ids)
        return options, (
            f"With the names {usual} the same run passes; here they are {shown}. Take names "
            "from `node.node_id` and `node.node_ids` as they come."
        )
    count = len(official.node_ids)
    usual_count = replace(plain, node_ids=official.node_ids, concurrency=count)
    if len(plain.node_ids) in (1, count) or _breaks(stage, usual_count):
        return plain, None
    return plain, (
        f"With {count} nodes a run like this passes; here there are {len(plain.node_ids)}. "
        "If yours counts on a number of nodes: `node.node_ids` tells it."
    )


def _breaks(stage: Stage, options: Options) -> bool:
    return stage.is_broken_by(run_seed(Trials(options, commands=(options,)), 0))


def _begin(module: str, words: list[str], folder: Path) -> subprocess.Popen[bytes]:
    """Start a module of this package, in a folder and with hashes as runs need them."""
    return subprocess.Popen(
        [sys.executable, "-P", "-m", module, *words],
        cwd=folder,
        env={**os.environ, "PYTHONHASHSEED": "0"},
        stdin=DEVNULL,
        stdout=DEVNULL,
        stderr=DEVNULL,
    )


def _end(process: subprocess.Popen[bytes], deadline_s: float) -> None:
    """Wait for the end of a process, which comes at the deadline if not before."""
    try:
        process.wait(deadline_s)
    except TimeoutExpired:
        process.kill()
        process.wait()


def _findings_in(store: Path) -> list[Finding]:
    with suppress(OSError, ValueError, KeyError, TypeError):
        found = json.loads((store / FINDINGS).read_text(encoding="utf-8"))
        return [Finding.from_json(each) for each in found]
    return []


def _told_in_logs(store: Path, options: Options) -> list[Finding]:
    """What nodes wrote about their own errors, where the verdict of the run has nothing to say."""
    logs, is_whole = read_beginnings(store / "node-logs", LOG_BYTES)
    dossier = Dossier(
        options.workload,
        options.node_ids,
        results=None,
        history=[],
        logs=logs,
        logs_are_whole=is_whole,
        program=options.bin,
    )
    return list(error_findings(dossier))


def _is_of_gap(finding: Finding) -> bool:
    """Whether a finding tells of a gap of a skeleton that a node came to."""
    return _OPEN_GAP in finding.sentence and finding.place is not None


def _ordered(findings: list[Finding], stage: Stage) -> list[Finding]:
    """The findings; where a reply has the wrong form, what the node did comes first."""
    if stage.name != WELL_FORMED:
        return findings
    return sorted(findings, key=lambda finding: finding.kind is not Kind.DEED)


def _sentence_in(store: Path) -> str | None:
    with suppress(OSError, ValueError, KeyError, TypeError):
        return str(json.loads((store / NAME).read_text(encoding="utf-8"))["sentence"]) or None
    return None
