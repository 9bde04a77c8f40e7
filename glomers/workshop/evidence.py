"""Why a run broke a promise: the findings of `bench test`, and its smallest counterexample."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from pathlib import Path

from glomers.bench.flags import words_of
from glomers.bench.options import Options
from glomers.bench.workloads import on_command_line
from glomers.explore.playback import NAME
from glomers.explore.seed import Row, run_seed
from glomers.formats.last_words import STUCK
from glomers.reading.answers import SAME_TEXT
from glomers.reading.finding import Finding, Kind, read_findings
from glomers.reading.findings import misdeeds
from glomers.reading.refusals import malformed_findings
from glomers.reading.source import Source
from glomers.reading.tracebacks import error_findings
from glomers.workshop.bench_aside import deeds_dossier, run_bench, smallest_aside, stores_in
from glomers.workshop.open_gaps import OPEN_GAP
from glomers.workshop.stages import WELL_FORMED, Stage
from glomers.workshop.trials import Trials
from glomers.workshop.watch import HANDLERS, TOO_MUCH, UNANSWERED

SHOWN = 3
"""How many findings are shown: the others are of less help."""
REPETITIONS = 3
"""With so many seeds a run has to pass, and another one to fail, before they are compared."""
SEEDS_TRIED = 10
"""With so many seeds a run of a check is tried as a command line can ask for it."""
SEARCH_S = 8.0
"""How long the smallest counterexample may be looked for, in seconds."""
_WRONG_FORM = "with a reply of the wrong form"
_NEVER = "was never answered"
_CAUSES_OF_MUCH = (
    "Does each message cause more of them, or is a request asked again that has been answered?"
)


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
    stage: Stage, options: Options, official: Options, folder: Path, *, is_searched: bool
) -> Exhibit:
    """Look into a trial that broke the promise of a stage.

    Args:
        stage: the stage.
        options: the trial.
        official: the challenge's own command.
        folder: an empty one, for the stores of the run and of the counterexample.
        is_searched: whether the smallest counterexample is looked for.
    """
    options, relies_on = _familiar(stage, _commanded(stage, options), official)
    words = words_of(options)
    if not is_searched:
        run_bench(words, folder)
    else:
        with smallest_aside(words, folder, SEARCH_S):
            run_bench(words, folder)
    stores = stores_in(folder)
    smallest = next((store for store in stores if (store / NAME).exists()), None)
    run = next((store for store in stores if store != smallest), None)
    findings = read_findings(run) or _deeds_in(run, options) if run else []
    findings.sort(key=_rank)
    command = ("test", *words)
    if gaps := tuple(str(finding) for finding in findings if _is_of_gap(finding)):
        return Exhibit(gaps[:1], None, command, None, None)  # all else comes from that
    if any(SAME_TEXT in finding.sentence for finding in findings):
        relies_on = None  # it takes names as they come, and only joins them badly
    if deeds := _deeds(findings, stage):
        return Exhibit(tuple(map(str, deeds[:SHOWN])), relies_on, command, None, smallest)
    sentence = _sentence_in(smallest) if smallest else None
    told = [str(finding) for finding in findings]
    if sentence and not any(finding.kind <= Kind.PROMISE for finding in findings):
        told = [sentence, *told]
    return Exhibit(tuple(told[:SHOWN]), relies_on, command, sentence, smallest)


def _deeds_in(run: Path, options: Options) -> list[Finding]:
    """What explains a failure that only a check minds, in the run of its command."""
    dossier = deeds_dossier(run, options)
    return [*malformed_findings(dossier), *error_findings(dossier)]


def _rank(finding: Finding) -> int:
    """Where a finding stands: what others come from is told before them.

    That is a reply of the wrong form, why a test could not go on, and what made a node fail.
    """
    if _WRONG_FORM in finding.sentence:
        return 0
    if finding.kind is Kind.BROKEN:
        return 1
    return 2 if finding.is_cause else 3


def told_by(row: Row, options: Options, folder: Path, *, has_causes: bool = True) -> Exhibit | None:
    """What the messages of a trial tell by themselves; None: a run has to be looked into.

    Of these promises no other part of the bench knows, so that a run's findings would be others.
    What made the node fail, such as an exception, is looked for in a run if it `has_causes`.
    """
    command = ("test", *words_of(options))
    if row["broken"] and TOO_MUCH in row["broken"]:
        return Exhibit((f"{row['broken']}. {_CAUSES_OF_MUCH}",), None, command, None, None)
    if row["broken"] and STUCK in row["broken"]:  # another run would get stuck as well
        return Exhibit((row["broken"],), None, command, None, None)
    is_whole = len(row["told"]) == len(row["anomalies"])
    if not row["told"] or not (is_whole or _is_of_checks(options)):
        return None
    found = tuple(_placed(row, options))
    is_unanswered = UNANSWERED in row["anomalies"]
    if not (is_unanswered or has_causes):
        return Exhibit(found[:SHOWN], None, command, None, None)
    run_bench(words_of(replace(options, workload=on_command_line(options.workload))), folder)
    deeds = [deed for store in stores_in(folder) for deed in misdeeds_in(store, options)]
    if is_unanswered:
        found = tuple(str(deed) for deed in deeds if _NEVER in deed.sentence) or found
    causes = [str(deed) for deed in deeds if deed.is_cause]
    return Exhibit((*causes, *found)[:SHOWN], None, command, None, None)


def _placed(row: Row, options: Options) -> Iterator[str]:
    """What is told of a trial, with the line where the handler begins that it is about."""
    source = Source(options.bin)
    names = row["anomalies"][-len(row["told"]) :]
    for name, sentence in zip(names, row["told"], strict=True):
        place, _ = source.handler(HANDLERS.get(name, "")) or (None, "")
        yield str(Finding(Kind.PROMISE, sentence, place))


def with_gaps(exhibit: Exhibit, gaps: Sequence[str]) -> Exhibit:
    """The exhibit with the first open gap in it, unless it tells of one that a run came to."""
    findings = exhibit.findings
    if not gaps or any(OPEN_GAP in finding for finding in findings):
        return exhibit
    return replace(exhibit, findings=(*findings[: SHOWN - 1], gaps[0]))


def misdeeds_in(store: Path, options: Options) -> list[Finding]:
    """What nodes did in a run that they should not do."""
    return misdeeds(deeds_dossier(store, options))


def _is_of_checks(options: Options) -> bool:
    """Whether no command line can ask for a run: it has a workload that only checks have."""
    return on_command_line(options.workload) != options.workload


def _commanded(stage: Stage, options: Options) -> Options:
    """The trial as a command line can ask for it, with the first seed with which that fails too.

    It stays as it is if there is none.
    """
    if not _is_of_checks(options):
        return options
    plain = replace(options, workload=on_command_line(options.workload))
    tried = (replace(plain, seed=plain.seed + number) for number in range(SEEDS_TRIED))
    return next((trial for trial in tried if _breaks(stage, trial)), options)


def _familiar(stage: Stage, options: Options, official: Options) -> tuple[Options, str | None]:
    """The trial with names that a person knows, if it still fails; else what the node relies on."""
    plain = replace(options, node_ids=tuple(f"n{i}" for i in range(len(options.node_ids))))
    if plain != options and not _breaks(stage, plain):
        if _is_luck(stage, options, plain):
            return options, None
        shown, usual = ", ".join(options.node_ids), ", ".join(plain.node_ids)
        return options, (
            f"With the names {usual} the same run passes; here they are {shown}. Take names "
            "from `node.node_id` and `node.node_ids` as they come."
        )
    count = len(official.node_ids)
    usual_count = replace(plain, node_ids=official.node_ids, concurrency=count)
    if len(plain.node_ids) in (1, count) or _is_luck(stage, plain, usual_count):
        return plain, None
    return plain, (
        f"With {count} nodes a run like this passes; here there are {len(plain.node_ids)}. "
        "If yours counts on a number of nodes: `node.node_ids` tells it."
    )


def _is_luck(stage: Stage, failing: Options, passing: Options) -> bool:
    """Whether a run that passes where another fails says nothing about how they differ.

    Which messages a cut takes is chance.  Without one, it counts if it is so with other seeds too.
    """
    if failing.nemesis:
        return True
    seeds = [passing.seed, *(passing.seed + number for number in range(1, REPETITIONS))]
    return any(_breaks(stage, replace(passing, seed=seed)) for seed in seeds) or not all(
        _breaks(stage, replace(failing, seed=seed)) for seed in seeds
    )


def _breaks(stage: Stage, options: Options) -> bool:
    trials = Trials(options, commands=(options,), all_answered=stage.trials.all_answered)
    return stage.is_broken_by(run_seed(trials, 0))


def _is_of_gap(finding: Finding) -> bool:
    """Whether a finding tells of a gap of a skeleton that a node came to."""
    return OPEN_GAP in finding.sentence and finding.place is not None


def _deeds(findings: list[Finding], stage: Stage) -> list[Finding]:
    """What the node did, where a reply has the wrong form: all else only says that it has."""
    if stage.name != WELL_FORMED:
        return []
    return [finding for finding in findings if finding.kind is Kind.DEED]


def _sentence_in(store: Path) -> str | None:
    with suppress(OSError, ValueError, KeyError, TypeError):
        return str(json.loads((store / NAME).read_text(encoding="utf-8"))["sentence"]) or None
    return None
