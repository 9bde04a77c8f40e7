"""A run as a page to step through is told of it: all that its store holds, joined."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from glomers.drawing.messages import Band
from glomers.drawing.stepper.account import Account, Flaw, Knowledge, Listing, Operation
from glomers.engine.command import value_in
from glomers.engine.diagnosis import program_of
from glomers.errors import LabError, StoreError
from glomers.formats.history import Op
from glomers.formats.journal import Event
from glomers.formats.node_log import LogLine
from glomers.formats.node_state import NODE_STATE, NodeStateError, NodeStep, read_node_states
from glomers.lab.again import recorded_aside
from glomers.reading.dossier import Dossier
from glomers.reading.envelopes import messages_of
from glomers.reading.faults import felt_faults_of
from glomers.reading.node_states import Members, NodeState, states_after
from glomers.reading.source import Source
from glomers.reading.wording import said

if TYPE_CHECKING:
    from glomers.lab.run import Run

_ELEMENTS = {"broadcast": "broadcast", "g-set": "add"}
"""The workloads in which every node is to have what is acknowledged, and what adds it."""
_VALUE_CHARACTERS = 200
_FOLDERS = re.compile(r'File "[^"]*/([^"/]+)"')
_MOST_FILE_BYTES = 1 << 18


_RECORD, _WHAT_IF = "--record-state", "--what-if"
_SHRUNK = (
    "This is the smallest failure that was found of the command, played back from a trace: the "
    "command itself gives the whole run."
)


def account_of(
    run: Run,
    sentence: str = "",
    flaws: Sequence[Flaw] | None = None,
    states: Path | None = None,
) -> Account:
    """All that is known of a run.

    Args:
        run: of whichever engine.
        sentence: what a counterexample that was played back from a trace shows; it names the page.
        flaws: what went wrong; by default what the run's findings say.
        states: the store that has what the nodes knew; by default the run's.

    Raises:
        StoreError: when the run left no journal of messages.
    """
    events = run.events
    history: list[Op] = []
    with suppress(StoreError):
        history = run.history
    workload = value_in(run.words, "-w", "--workload") or ""
    dossier = Dossier(workload, run.nodes, None, history)
    dossier.messages = messages_of(events)  # all of them, not only the first
    operations = [*_operations(dossier)]
    turns, last, damage = _recorded(states or run.store)
    values = {each.acknowledged for each in operations if each.acknowledged is not None}
    knowledge = Knowledge(turns, partial(states_after, turns), _holder(last, values))
    program = program_of(run.store, run.words) if run.store else None
    return Account(
        title=sentence or f"{program.name if program else workload}: {run.verdict}",
        command=_typed(run),
        verdict=run.verdict,
        nodes=run.nodes,
        events=events,
        seed=run.seed,
        changeable=_changeable(run, sentence),
        faults=[Band(*fault) for fault in felt_faults_of(history)],
        flaws=[Flaw(str(f), f.messages, f.answer) for f in run.why] if flaws is None else flaws,
        operations=operations,
        logs={name: [*map(_without_folders, lines)] for name, lines in run.logs.items()},
        program=_program(program, events, knowledge.turns),
        knowledge=knowledge,
        notes=[*([_SHRUNK] if sentence else []), *damage, *_notes(run)],
    )


def _without_folders(line: LogLine) -> LogLine:
    """A line of a log without the folders of files: where these lie says nothing of the run."""
    return line._replace(text=_FOLDERS.sub(r'File "\1"', line.text))


def account_with_states(run: Run) -> Account:
    """The same with what the nodes knew: a run of which that was not recorded is played again.

    That runs the node's program, and leaves nothing.  Where it cannot be done, a note says why.

    Raises:
        StoreError: when the run left no journal of messages.
    """
    try:
        with recorded_aside(run, run.words) as again:
            return account_of(run, states=again.store)
    except LabError as error:
        account = account_of(run)
        if run.engine == "maelstrom" or run.clock == "real":  # which a note has said
            return account
        return replace(account, notes=[*account.notes, str(error)])


def _typed(run: Run) -> str:
    """What gives the same run again, as one types it."""
    if run.engine == "maelstrom" or run.seed is None:
        return run.command
    command = run.command.replace("maelstrom test", "glomers bench test", 1)
    return f"{command} --seed {run.seed}"


def _changeable(run: Run, sentence: str) -> str:
    """What is typed to have a run again with one thing changed; empty where it cannot be had."""
    if run.engine == "maelstrom" or run.clock == "real" or run.seed is None:
        return ""
    if _WHAT_IF in run.command:
        return ""
    if sentence:
        return "glomers replay trace.json"
    command = _typed(run)
    return command if _RECORD in command else f"{command} {_RECORD}"


def _notes(run: Run) -> list[str]:
    notes = list(run.problems)
    if run.engine == "maelstrom":
        notes.append("A run of the real Maelstrom: it cannot be repeated event by event.")
    elif run.clock == "real":
        notes.append("A run on the real clock: it cannot be repeated event by event.")
    if any(line.time_s is None for lines in run.logs.values() for line in lines):
        notes.append("When the nodes wrote their logs was not noted.")
    return notes


def _operations(dossier: Dossier) -> Iterator[Operation]:
    adds = _ELEMENTS.get(dossier.workload)
    for began, ended in dossier.operations:
        is_ok = ended is not None and ended.type == "ok"
        value = "" if began.value is None else f" {said(began.value, _VALUE_CHARACTERS)}"
        answer = None if ended is None else ended.value if is_ok else ended.error
        is_news = answer is not None and answer != began.value
        yield Operation(
            process=int(began.process),
            node=dossier.node_of(began),
            asked=f"{began.f}{value}",
            outcome="info" if ended is None else ended.type,
            answer=said(answer, _VALUE_CHARACTERS) if is_news else "",
            ended_ns=None if ended is None else ended.time_ns,
            messages=dossier.exchange(began),
            acknowledged=repr(began.value) if is_ok and began.f == adds else None,
        )


def _recorded(store: Path | None) -> tuple[list[NodeStep], dict[str, NodeState], list[str]]:
    """The nodes' turns, as far as they were recorded, and what they knew in the end.

    And a sentence if that is damaged.
    """
    if store is None or not (store / NODE_STATE).exists():
        return [], {}, []
    try:
        turns = [*read_node_states(store / NODE_STATE)]
        return turns, states_after(turns, len(turns)), []
    except (OSError, NodeStateError, KeyError, ValueError, TypeError):
        return [], {}, [f"What the nodes knew is left out: {NODE_STATE} in the store is damaged."]


def _holder(states: Mapping[str, Mapping[str, Any]], values: set[str]) -> str | None:
    """The variable that holds the most of what was acknowledged, over all nodes."""
    counts: dict[str, int] = {}
    for state in states.values():
        for path, held in state.items():
            if isinstance(held, Members):
                counts[path] = counts.get(path, 0) + len(values.intersection(held.items))
    best = max(counts, key=lambda path: counts[path], default=None)
    return best if best is not None and counts[best] else None


def _program(program: Path | None, events: Sequence[Event], turns: Sequence[NodeStep]) -> Listing:
    """The text of the program, and where it handles the messages of the run."""
    if program is None:
        return Listing()
    source = Source(program)
    types = dict.fromkeys(map(_type, events))
    found = {kind: source.handler(kind) for kind in types if kind}
    handlers = {kind: (at[0].file, at[0].line) for kind, at in found.items() if at}
    names = [name for name, _ in handlers.values()]
    names += [turn.place.file for turn in turns if turn.place]
    texts = {name: _lines(program.parent, name) for name in dict.fromkeys(names)}
    return Listing({name: lines for name, lines in texts.items() if lines}, handlers)


def _type(event: Event) -> str | None:
    body = event.message.get("body") if isinstance(event.message, dict) else None
    kind = body.get("type") if isinstance(body, dict) else None
    return kind if isinstance(kind, str) else None


def _lines(folder: Path, name: str) -> list[str]:
    """The lines of a file of the program; none when it is elsewhere, or cannot be read.

    A store names it, and may come from anybody: so that no other file of this machine's gets into
    a page, its name ends in `.py`.
    """
    if not name.endswith(".py"):
        return []
    try:
        path = (folder / name).resolve()
        if not path.is_relative_to(folder.resolve()):
            return []
        with path.open("rb") as file:
            return file.read(_MOST_FILE_BYTES).decode("utf-8", "replace").splitlines()
    except (OSError, ValueError):
        return []
