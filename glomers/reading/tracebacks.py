"""What nodes wrote on stderr about their own mistakes: exceptions, coroutines, missing handlers.

Nodes that use `glomers.node` say above a traceback in what it happened; of others the traceback
alone is understood.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from itertools import zip_longest

from glomers.reading.dossier import Dossier
from glomers.reading.finding import Finding, Kind, Place
from glomers.reading.source import Source
from glomers.reading.wording import listed, nodes_in_words, shortened, times

_TRACEBACK = re.compile(
    r"(?:^In (?P<where>the handler of '(?P<kind>[^\n]*)'|a timer|a task):\n)?"
    r"^(?:Exception Group )?Traceback \(most recent call last\):\n"
    r"(?P<frames>(?:^ .*\n)*)"
    r"(?P<type>[A-Za-z_][\w.]*)(?:: (?P<text>.*))?$",
    re.MULTILINE,
)
_FRAME = re.compile(r'^  File "(?P<file>[^"\n]+)", line (?P<line>\d+)', re.MULTILINE)
_CHAINED = re.compile(r"^(?:During handling of|The above exception was)", re.MULTILINE)
_GROUP_MARKS = re.compile(r"^ *[|+] ?", re.MULTILINE)
_UNAWAITED = re.compile(
    r"^(?P<file>.+):(?P<line>\d+): RuntimeWarning: coroutine '(?P<name>[^'\n]+)' was never awaited"
    r"(?:\nCoroutine created at \(most recent call last\)\n"
    r'  File "(?P<origin>[^"\n]+)", line (?P<origin_line>\d+))?',
    re.MULTILINE,
)
_NO_HANDLER = re.compile(
    r"^no handler for '(?P<kind>[^'\n]*)', which (?P<src>\S+) sent; there are handlers for "
    r"(?P<known>.*)$",
    re.MULTILINE,
)
_REFUSED = re.compile(
    r"^(?P<file>[^\n:]+):(?P<line>\d+): (?P<text>[^\n]*or run the node with --clock real)$",
    re.MULTILINE,
)
_SHOWN_CHARACTERS = 200
_CLOSE = 0.6

_ENDS = ("KeyboardInterrupt", "SystemExit", "NodeExit")
_CALLED_WITH = {
    "a timer": "a timer's function is called without arguments",
    None: "a handler is called with one argument, the message",
}
_HINTS = {
    "UnboundLocalError": "a name that is assigned in a function is local: `global` it",
    "RecursionError": "a function calls itself without end",
}

_ADDRESS = re.compile(r" at 0x[0-9a-f]{4,}")
"""Where an object lies in memory, which says nothing and is another place in each run."""


@dataclass
class _Seen:
    """Something that nodes wrote, how often, and which nodes."""

    count: int = 0
    nodes: set[str] = field(default_factory=set)

    def add(self, node: str, count: int = 1) -> None:
        self.count += count
        self.nodes.add(node)

    def how_often(self, dossier: Dossier) -> str:
        """`440 times, at all 5 nodes`."""
        least = "" if dossier.logs_are_whole else "at least "
        return f"{least}{times(self.count)}, at {nodes_in_words(self.nodes, dossier.nodes)}"


@dataclass(frozen=True)
class Error:
    """An exception as a log shows it: its type and text, in what it happened, and which line."""

    type: str
    text: str
    where: str
    kind: str | None
    line: tuple[str, int] | None

    @property
    def said(self) -> str:
        """The exception as Python says it."""
        name = self.type.rpartition(".")[2]
        text = f"{name}: {self.text}" if self.text else name
        return shortened(text, _SHOWN_CHARACTERS)


def errors(logs: Mapping[str, str], source: Source) -> dict[Error, _Seen]:
    """The different exceptions in the logs of nodes, in the order in which they come."""
    found: dict[Error, _Seen] = {}
    known: dict[tuple[object, ...], Error] = {}
    for node, log in logs.items():
        for where, kind, frames, name, text in _raised(log):
            if (where, frames, name) not in known:
                line = _own_line(frames, source)
                told = _ADDRESS.sub("", text or "")
                error = Error(name, told, where or "", kind, line)
                # The same mistake says different things of different values.
                known[where, frames, name] = known.setdefault((where, line, name), error)
            found.setdefault(known[where, frames, name], _Seen()).add(node)
    return found


def _raised(log: str) -> Iterator[tuple[str | None, str | None, str, str, str | None]]:
    """The exceptions in a log: where, in the handler of what, through which lines, type and text.

    Of those that came from one another only the last counts, which has all their lines; a group
    counts as the exceptions in it.
    """
    if "Exception Group Traceback" in log:
        log = _GROUP_MARKS.sub("", log)
    found = list(_TRACEBACK.finditer(log))
    where = kind = None
    lines = ""
    for match, following in zip_longest(found, found[1:]):
        if not lines or match["where"]:
            where, kind = match["where"], match["kind"]
        lines += match["frames"]
        end = following.start() if following else len(log)
        if match["type"].endswith("ExceptionGroup") or (
            following and _CHAINED.search(log, match.end(), end)
        ):
            continue
        yield where, kind, lines, match["type"], match["text"]
        lines = ""


def _own_line(frames: str, source: Source) -> tuple[str, int] | None:
    """The innermost line of the program among those of a traceback."""
    own = [(m["file"], int(m["line"])) for m in _FRAME.finditer(frames) if source.is_own(m["file"])]
    return own[-1] if own else None


def error_findings(dossier: Dossier) -> Iterator[Finding]:
    """A finding for each different exception, those of handlers first."""
    found = errors(dossier.logs, dossier.source)
    for error, seen in sorted(found.items(), key=lambda item: item[0].kind is None):
        is_end = error.said.partition(":")[0] in _ENDS
        if is_end or (dossier.broken and error.said in dossier.broken.sentence):
            continue
        where = f"the handler of `{error.kind}`" if error.kind else error.where
        where = f"In {where}: " if where else ""
        hint = _hint(error)
        place, line = _place(error, dossier.source)
        sentence = f"{where}{_sentence(error)}{hint}, {seen.how_often(dossier)}."
        shown = tuple(filter(None, [line, error.said]))
        yield Finding(Kind.DEED, sentence, place, shown, is_cause=True)


def _hint(error: Error) -> str:
    """What explains an exception further, in brackets."""
    hint = _HINTS.get(error.type)
    if _takes_wrongly(error) and error.line is None:  # the runtime made the call
        hint = _CALLED_WITH.get(None if error.kind else error.where)
    return f" ({hint})" if hint else ""


def _takes_wrongly(error: Error) -> bool:
    """Whether a function was called with other arguments than it takes."""
    return "positional argument" in error.text


def place_told_in(sentence: str, dossier: Dossier) -> tuple[Place | None, str]:
    """The line of an exception that a sentence quotes, and its text."""
    for error in errors(dossier.logs, dossier.source):
        if error.said in sentence:
            return _place(error, dossier.source)
    return None, ""


def _sentence(error: Error) -> str:
    """What an exception says; ours are sentences already."""
    is_ours = error.type in ("RuntimeError", "TypeError") and (
        "--clock real" in error.text
        or "JSON cannot hold" in error.text
        or " no body " in error.text
    )
    return error.text.rstrip(".") if is_ours else error.said.rstrip(".")


def _place(error: Error, source: Source) -> tuple[Place | None, str]:
    """The line that raised an exception: its own, or else where its handler answers."""
    if error.line is not None:
        return source.place(*error.line), source.text(*error.line)
    at = error.kind and (
        source.handler(error.kind) if _takes_wrongly(error) else source.answers(error.kind)
    )
    return at or (None, "")


def unawaited_findings(dossier: Dossier) -> Iterator[Finding]:
    """Coroutines that nobody awaited: what they should do never began."""
    found: dict[tuple[str, str, int], _Seen] = {}
    for node, log in dossier.logs.items():
        for match in _UNAWAITED.finditer(log) if "was never awaited" in log else ():
            file = match["origin"] or match["file"]
            line = int(match["origin_line"] or match["line"])
            found.setdefault((match["name"], file, line), _Seen()).add(node)
    source = dossier.source
    # Of the first the bench does not know where it was made, if it was kept for a while.
    placed = {name for name, file, _ in found if source.is_own(file)}
    for (name, file, line), seen in found.items():
        is_own = source.is_own(file)
        if name in placed and not is_own:
            continue
        call = name.rpartition(".")[2]
        sentence = (
            f"`{call}` was called without `await`, so that it never began "
            f"(Python: coroutine '{name}' was never awaited), at "
            f"{nodes_in_words(seen.nodes, dossier.nodes)}."
        )
        place = source.place(file, line) if is_own else None
        shown = tuple(filter(None, [source.text(file, line)]))
        yield Finding(Kind.DEED, sentence, place, shown, is_cause=True)


def missing_handler_findings(dossier: Dossier) -> Iterator[Finding]:
    """Messages that a node has no handler for, with the one that may have been meant."""
    from difflib import get_close_matches

    found: dict[str, tuple[list[str], str, _Seen]] = {}
    for node, log in dossier.logs.items():
        for match in _NO_HANDLER.finditer(log) if "no handler for" in log else ():
            known = re.findall(r"'([^']*)'", match["known"])
            found.setdefault(match["kind"], (known, match["src"], _Seen()))[2].add(node)
    for kind, (known, src, seen) in found.items():
        close = get_close_matches(kind, [name for name in known if name != kind], 1, _CLOSE)
        others = f"there are handlers for {listed([f'`{name}`' for name in known], 6)}"
        hint = f"did you mean `{close[0]}`, which has one?" if close else f"{others}."
        at = dossier.source.handler(close[0]) if close else dossier.source.made(kind)
        asked = kind.removesuffix("_ok")
        if asked != kind and asked in known:
            hint = (
                f"nobody waits for this reply, as `{asked}` was only sent; of what is only sent "
                "the handler returns nothing."
            )
            at = dossier.source.made(kind) or dossier.source.handler(asked)
        place, line = at or (None, "")
        where = nodes_in_words(seen.nodes, dossier.nodes)
        sentence = (
            f"There is no handler for `{kind}`, which {src} and others sent to {where}: {hint}"
        )
        sentence = sentence.replace(" and others", "") if seen.count == 1 else sentence
        yield Finding(Kind.DEED, sentence, place, (line,) if line else (), is_cause=True)


def refused_findings(dossier: Dossier, known: Iterable[Place | None]) -> Iterator[Finding]:
    """Calls that virtual time refuses, and whose exception the node caught."""
    found: dict[tuple[str, int, str], _Seen] = {}
    for node, log in dossier.logs.items():
        for match in _REFUSED.finditer(log) if "with --clock real" in log else ():
            key = match["file"], int(match["line"]), match["text"]
            found.setdefault(key, _Seen()).add(node)
    places = set(known)
    for (file, line, text), seen in found.items():
        place = dossier.source.place(file, line)
        if place in places:
            continue
        evidence = dossier.source.text(file, line)
        sentence = f"{text}; at {nodes_in_words(seen.nodes, dossier.nodes)}."
        shown = (evidence,) if evidence else ()
        yield Finding(Kind.DEED, sentence, place, shown, is_cause=True)
