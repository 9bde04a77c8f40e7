"""A run as a notebook sees it: the verdict, the figures, and the tables of what happened."""

from __future__ import annotations

import os
import shlex
from collections.abc import Callable, Iterator, Sequence
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from glomers.drawing.palette import COLOURS, ERROR_COLOUR, FAINT_INK, REFUSED_COLOUR, ink
from glomers.engine.command import split, without_bench_flags
from glomers.engine.store_folder import Facts, StoreFolder, without_collection
from glomers.errors import StoreError
from glomers.files import below
from glomers.formats.edn import Keyword, kw, to_json
from glomers.formats.history import Op
from glomers.formats.journal import Event
from glomers.formats.text import shortened
from glomers.lab import front, html
from glomers.lab.logs import LogLines, logs_in, printing_nodes
from glomers.lab.measures import Stats, stats_of
from glomers.lab.stale import RunCall, kept
from glomers.reading.finding import HEADING, Finding
from glomers.reading.replicas import Transaction, transactions_of

if TYPE_CHECKING:
    import pandas as pd

    from glomers.lab.stepped import Stepped

Valid = bool | Literal["unknown"] | None

SEARCH_S = 600.0
"""How long a search for the smallest failure may take that somebody has asked for."""

_VALID = kw("valid?")
_EVIDENCE_CHARACTERS = 160
_EVIDENCE_STYLE = f"font-size:90%;color:{FAINT_INK}"
_COLOURS = {True: COLOURS[0], False: ERROR_COLOUR, "unknown": REFUSED_COLOUR, None: ERROR_COLOUR}
_MARKS = {True: "✓", False: "✗", "unknown": "?", None: "✗"}


class Run:
    """One test and what it left, which is read when it is first asked for.

    Attributes:
        explanation: why a test broke, in the words of the program that ran it; else empty.
        command: the command line, as Maelstrom takes it.
        engine: "bench" or "maelstrom".
        clock: "virtual", "lockstep" or "real", of the bench.
        seed: the bench's seed.
        nodes: the names of the nodes.
        store: the folder that the run left, if any.
        call: the call that gave it, for `glomers.lab.stale`; None of a store that was loaded.
    """

    def __init__(
        self,
        folder: StoreFolder | None,
        command: tuple[str, ...] = (),
        explanation: str = "",
        engine: str = "bench",
    ) -> None:
        self._folder = folder
        facts = folder.facts() if folder else Facts(engine, command)
        self._results = folder.results() if folder else None
        self.explanation = explanation
        self._words = command or facts.command
        self.command = _command_line(self._words)
        self.engine, self.clock, self.seed = facts.engine, facts.clock, facts.seed
        self.nodes = facts.nodes
        self.store: Path | None = folder.path if folder else None
        self.call: RunCall | None = None
        self._smallest: Stepped | None = None

    @classmethod
    def load(cls, path: Path | str) -> Run:
        """Load the store folder `path`, of whichever engine.

        A folder that is damaged, or of a test that was cut off, is loaded as far as it can be read,
        with a warning that says what is missing.

        Raises:
            StoreError: when there is no such folder, or it is none of a run.
        """
        return cls(StoreFolder(Path(os.path.realpath(path))))

    @property
    def invocation(self) -> str:
        """The command as it can be typed in this folder, with every path and the bench's seed."""
        if self.engine == "maelstrom":
            return shlex.join(["maelstrom", *without_bench_flags(self._words)])
        return shlex.join(["glomers", "bench", *self._words])

    @property
    def problems(self) -> list[str]:
        """What was found damaged in the store so far, a sentence each."""
        return self._folder.problems if self._folder else []

    @kept
    def history(self) -> list[Op]:
        """What clients and the nemesis asked for and what came of it (`glomers.formats.history`).

        Raises:
            StoreError: when the run left no history.
        """
        return self._opened().history()

    @kept
    def transactions(self) -> list[Transaction]:
        """The transactions of a run of such; see `glomers.reading.replicas`.

        Raises:
            StoreError: when the run left no history.
        """
        return transactions_of(self.history, self.nodes)

    @kept
    def ops(self) -> pd.DataFrame:
        """The clients' operations; see `glomers.lab.tables.ops_table` for the columns.

        Raises:
            StoreError: when the run left no history.
        """
        from glomers.lab.tables import ops_table

        with without_collection():
            return ops_table(self.history, self.nodes)

    @kept
    def messages(self) -> pd.DataFrame:
        """The messages; see `glomers.lab.tables.messages_table` for the columns.

        Raises:
            StoreError: when the run left no journal of messages.
        """
        from glomers.lab.tables import messages_table

        with without_collection():
            return messages_table(self.events)

    @kept
    def events(self) -> list[Event]:
        """What happened to messages, in order (`glomers.formats.journal`).

        Raises:
            StoreError: when the run left no journal of messages.
        """
        return self._opened().events()

    @property
    def words(self) -> tuple[str, ...]:
        """The words of the command from `test` on."""
        return self._words

    @kept
    def partitions(self) -> pd.DataFrame:
        """The partitions: `start_s`, `end_s`, `description`.

        Raises:
            StoreError: when the run left no history.
        """
        from glomers.lab.tables import partitions_table

        return partitions_table(self.history)

    @kept
    def faults(self) -> pd.DataFrame:
        """All faults, partitions among them: `start_s`, `end_s`, `description`.

        Raises:
            StoreError: when the run left no history.
        """
        from glomers.lab.tables import faults_table

        return faults_table(self.history)

    def counterexample(self, deadline_s: float = SEARCH_S) -> Stepped:
        """The smallest failure of this run's command and node: a picture with a sentence.

        In a notebook a page to step through it stands below the picture.

        The run's own seed is tried first, then nine more, and what is found is kept.  Nothing is
        left on the disk; `lab.explore` keeps a trace, which can be played back with another node.

        Args:
            deadline_s: how long the search may take, in seconds.

        Raises:
            LabError: when the run broke or cannot be repeated, or nothing was found.
        """
        from glomers.lab.smallest import smallest

        if self._smallest is None:
            self._smallest = smallest(self, self._words, deadline_s)
        return self._smallest

    def recorded(self) -> Run:
        """The run with what its nodes knew at every step, in the store's `node-state.jsonl`.

        That is this one where it was recorded (`--record-state`, or played back from a trace);
        else it is played again, in a store of its own, and shows the same.

        Raises:
            LabError: when it cannot be played again, or came out otherwise.
        """
        from glomers.lab.again import recorded

        return recorded(self, self._words)

    def what_if(self, change: str) -> Run:
        """The run, played again with one thing changed, with what its nodes knew.

        Up to that moment it is the same; what comes then is what would have come of it, with the
        same dice.

        Args:
            change: `drop:ID`, `delay:ID:MS` or `double:ID`, of a message by its id in `messages`;
                or `kill:NODE:S`, a node and when, in seconds since the run began.

        Raises:
            LabError: when it cannot be played again, or nothing is changed like that.
        """
        from glomers.lab.again import changed

        return changed(self, self._words, change)

    def _opened(self) -> StoreFolder:
        if self._folder is None:
            raise StoreError(self._missing("no store folder"))
        return self._folder

    def _missing(self, what: str) -> str:
        """The sentence about what a run did not leave, with the reason as far as it is known."""
        refused = "" if self._folder else "it was refused before it began. "
        return f"This run left {what}: {refused}{self.explanation or self.verdict}".strip()

    def lacking(self, sentence: str) -> str:
        """A sentence about what this run does not have, and why the test broke, if it did."""
        reason = (self.explanation or self.verdict) if self.valid is None else ""
        return f"{sentence} {reason}".rstrip()

    @kept
    def valid(self) -> Valid:
        """True, False or "unknown"; None when there is no verdict."""
        return _valid(self._results)

    @kept
    def stats(self) -> Stats:
        """Its figures."""
        return stats_of(self._results)

    @kept
    def results(self) -> dict[str, Any]:
        """`results.edn` as plain dictionaries, lists and strings.

        It is empty when there is none, and then asking for a key raises a StoreError with the
        reason.
        """
        if self._results:
            found: dict[str, Any] = to_json(self._results)
            return found
        return _NoResults(partial(self._missing, "no results"))

    @kept
    def verdict(self) -> str:
        """What `valid` says, in words, and which checkers are not content."""
        if self.valid is True:
            return "valid"
        if self.valid is None:
            return "broken" if self.explanation else "no verdict: the run broke or was cut off"
        parts = ", ".join(name for name, _ in self._invalid_parts())
        word = "invalid" if self.valid is False else "unknown"
        return f"{word} ({parts})" if parts else word

    def _invalid_parts(self) -> Iterator[tuple[str, dict[Keyword, Any]]]:
        for key, part in (self._results or {}).items():
            if isinstance(part, dict) and part.get(_VALID, True) is not True:
                yield str(getattr(key, "name", key)), part

    @kept
    def why(self) -> list[Finding]:
        """What went wrong, at most five findings, the most decisive first; empty when all is well.

        Each has a `sentence`, the `place` in the node's program where there is one, and what
        shows it: `evidence`, and the ids of `messages`.
        """
        from glomers.engine.diagnosis import why

        if self._folder is None:
            return []
        return why(self._folder, self._words, self.nodes, self._results, self.explanation)

    @property
    def findings(self) -> list[str]:
        """What went wrong, a sentence each with its place."""
        return [str(finding) for finding in self.why]

    @kept
    def logs(self) -> dict[str, LogLines]:
        """What each node wrote on stderr, `print` included: lines with `time_s` and `text`."""
        return logs_in(self.store / "node-logs") if self.store else {}

    def figures(self) -> list[str]:
        """Its figures in words, a line each."""
        return [*_figures(self.stats)]

    def _lines(self) -> list[str]:
        """The summary below the verdict and the command."""
        engine = [self.engine]
        engine += [f"{self.clock} clock"] if self.clock else []
        engine += [f"seed {self.seed}"] if self.seed is not None else []
        return [", ".join(engine), *self.figures(), *self._printed()]

    def _printed(self) -> list[str]:
        nodes = printing_nodes(self.store / "node-logs") if self.store else []
        more = f" and {len(nodes) - 3} more" if len(nodes) > 3 else ""
        return [f"printed by {', '.join(nodes[:3])}{more}: see run.logs"] if nodes else []

    def _untold(self) -> list[Finding]:
        """The findings that the explanation does not tell already."""
        return [each for each in self.why if each.sentence not in self.explanation]

    @property
    def explained(self) -> str:
        """The explanation, with the places in the node's program that the findings know."""
        text = self.explanation
        for finding in self.why if text else ():
            text = text.replace(finding.sentence, str(finding))
        return text

    def told(self) -> list[str]:
        """What went wrong beyond the explanation, as lines under a heading; none if nothing."""
        untold = enumerate(self._untold(), start=1)
        lines = [f"  {number}. {finding}" for number, finding in untold]
        return [HEADING, *lines] if lines else []

    def __repr__(self) -> str:
        lines = [f"{_MARKS[self.valid]} {self.verdict}", self.command, *self._lines()]
        lines += [self.explained] if self.explanation else []
        return "\n".join(filter(None, [*lines, *self.told(), *self.problems]))

    def _ipython_display_(self, **kwargs: Any) -> None:
        """Show a run that failed, and below it the page to step through it.

        Raises:
            NotImplementedError: of any other; IPython then shows it as it shows all objects.
        """
        from glomers.lab.debugger import folded_page
        from glomers.lab.stepped import show

        page = folded_page(self) if front.in_notebook() else None
        if page is None:
            raise NotImplementedError
        show({"text/html": self._repr_html_(), "text/plain": repr(self)}, page)

    def _repr_html_(self) -> str:
        colour = _COLOURS[self.valid]
        lines = "".join(f"<div>{html.text(line)}</div>" for line in self._lines())
        items = "".join(f"<li>{html.text(note)}</li>" for note in self.problems)
        notes_list = f'<ul style="margin:2px 0">{items}</ul>' if items else ""
        notes_list = _html_of(self._untold()) + notes_list
        explanation = html.preformatted(self.explained) if self.explanation else ""
        return (
            f'<div style="border-left:4px solid {colour};padding:2px 0 2px 10px;margin:4px 0">'
            f'<div><b style="color:{ink(colour)}">{_MARKS[self.valid]} '
            f"{html.text(self.verdict)}</b> <code>{html.text(self.command)}</code></div>"
            f"{lines}{explanation}{notes_list}</div>"
        )


class _NoResults(dict[str, Any]):
    """The results of a run without any: to ask for one is answered with the reason."""

    def __init__(self, reason: Callable[[], str]) -> None:
        super().__init__()
        self._reason = reason

    def __missing__(self, key: str) -> Any:
        raise StoreError(self._reason())


def _valid(results: dict[Keyword, Any] | None) -> Valid:
    if results is None:
        return None
    valid = results.get(_VALID)
    if isinstance(valid, bool):
        return valid
    return "unknown" if valid == kw("unknown") else None


def _command_line(words: tuple[str, ...]) -> str:
    """The words as Maelstrom takes them: without the bench's own flags and folders' full names."""
    if not words:
        return ""
    own, rest = split(without_bench_flags(words))
    return shlex.join(["maelstrom", *map(_relative, own), *rest])


def _relative(word: str) -> str:
    """A path below the current folder without what stands before; others by their name only."""
    if not os.path.isabs(word):
        return word
    return below(word) or os.path.basename(word)


def _figures(stats: Stats) -> Iterator[str]:
    if stats.op_count is not None:
        ok, failed, unknown = stats.ok_count or 0, stats.fail_count or 0, stats.info_count or 0
        counts = f"{ok:,} ok, {failed:,} failed, {unknown:,} of unknown outcome"
        yield f"{stats.op_count:,} operations: {counts}"
    if stats.msgs_per_op is not None:
        everyone = f" ({stats.msgs_per_op_all:.4g} in all)" if stats.msgs_per_op_all else ""
        yield f"{stats.msgs_per_op:.4g} messages per operation between servers{everyone}"
    if stats.stable_median_ms is not None and stats.stable_max_ms is not None:
        median, largest = stats.stable_median_ms, stats.stable_max_ms
        yield f"stable latency: median {median:,.0f} ms, maximum {largest:,.0f} ms"


def _html_of(findings: Sequence[Finding]) -> str:
    """Findings as a list under a heading, what shows them small below each."""
    items = "".join(f"<li>{_html_of_one(finding)}</li>" for finding in findings)
    return f'<div>{HEADING}</div><ol style="margin:2px 0">{items}</ol>' if items else ""


def _html_of_one(finding: Finding) -> str:
    sentence = html.prose(finding)
    if finding.place:
        place = html.text(finding.place)
        sentence = sentence.replace(f"({place})", f"(<code>{place}</code>)")
    shown = shortened(" ".join(finding.evidence[:1]), _EVIDENCE_CHARACTERS)
    return (
        f'{sentence}<br><code style="{_EVIDENCE_STYLE}">{html.text(shown)}</code>'
        if shown
        else sentence
    )
