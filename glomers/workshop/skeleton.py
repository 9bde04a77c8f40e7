"""From a solution to what learners are given: where a manifest says so, lines become gaps.

    [[gaps]]
    task = "what is to be done"
    first = "seen.add("
    last = "return"

A gap goes from the line that begins with `first` to the next one that begins with `last`; without
`last` it is one line.  So the solution stays a program that can be read, run and tested as it is,
and a skeleton can hold nothing else: a gap whose lines are not there any more is refused.

In a skeleton an exception stands in the place of these lines, so that the file runs, and whoever
comes to the gap reads what to do.  Outside functions the comment alone stands there:
what is missing, such as a handler, is then told by the bench.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from glomers.errors import WorkshopError


@dataclass(frozen=True)
class GapMark:
    """A gap as a manifest marks it: what is to be done, and how its first and last line begin."""

    task: str
    first: str
    last: str = ""


@dataclass(frozen=True)
class Gap:
    """A gap: how deep it is indented, what is to be done, and the solution's lines."""

    indent: str
    task: str
    lines: tuple[str, ...]

    @property
    def size(self) -> int:
        """How many lines the solution has there; empty ones do not count."""
        return sum(bool(line.strip()) for line in self.lines)

    def as_given(self) -> Iterator[str]:
        """The lines that stand in its place."""
        about = "# YOUR CODE, " + (f"about {self.size} lines" if self.size > 1 else "one line")
        if not self.indent:
            yield f"{about}:"
            yield f"# {self.task}"
            return
        yield f"{self.indent}{about}, in the place of this error:"
        yield f"{self.indent}raise NotImplementedError("
        yield f'{self.indent}    "{self.task}"'
        yield f"{self.indent})"


def gaps_of(solution: str, marks: Sequence[GapMark]) -> list[Gap]:
    """The gaps that are marked in a solution.

    Raises:
        WorkshopError: when the solution does not have a line that a mark names, or has it twice.
    """
    lines = solution.splitlines()
    return [_gap(lines[_place(lines, mark)], mark) for mark in marks]


def skeleton(solution: str, marks: Sequence[GapMark]) -> str:
    """The solution with its gaps.

    Raises:
        WorkshopError: as `gaps_of`.
    """
    lines = solution.splitlines()
    places = [_place(lines, mark) for mark in marks]
    for place, mark in sorted(zip(places, marks, strict=True), key=_begin, reverse=True):
        lines[place] = _gap(lines[place], mark).as_given()
    return "\n".join(lines) + "\n"


def _begin(marked: tuple[slice, GapMark]) -> int:
    begin: int = marked[0].start
    return begin


def _gap(lines: list[str], mark: GapMark) -> Gap:
    indent = lines[0].removesuffix(lines[0].lstrip())
    return Gap(indent, mark.task, tuple(lines))


def _place(lines: list[str], mark: GapMark) -> slice:
    """Which lines a gap covers."""
    begins = [n for n, line in enumerate(lines) if line.lstrip().startswith(mark.first)]
    if len(begins) != 1:
        raise WorkshopError(
            f"The gap {mark.task!r} begins with {mark.first!r}, and the solution has "
            f"{len(begins)} such lines: name one that it has once."
        )
    following = enumerate(lines[begins[0] :], start=begins[0])
    end = next((n for n, line in following if line.lstrip().startswith(mark.last)), None)
    if end is None:
        raise WorkshopError(f"The gap {mark.task!r} has no line that begins with {mark.last!r}.")
    return slice(begins[0], end + 1)
