"""From a solution with markers to what learners are given, and to the solution that they are shown.

    # GAP what is to be done
    …the solution's lines…
    # END

In a skeleton an exception stands in the place of these lines, so that the file runs, and whoever
comes to the gap reads what to do.  Outside functions the comment alone stands there:
what is missing, such as a handler, is then told by the bench.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from glomers.errors import WorkshopError

_GAP = re.compile(r"^(?P<indent> *)# GAP (?P<task>.+)$")
_END = re.compile(r"^ *# END$")


@dataclass(frozen=True)
class Gap:
    """A gap: how deep it is indented, what is to be done, and the solution's lines."""

    indent: str
    task: str
    lines: tuple[str, ...]

    def as_given(self) -> Iterator[str]:
        """The lines that stand in its place."""
        count = sum(bool(line.strip()) for line in self.lines)
        if not self.indent:
            yield f"# YOUR CODE, about {count} lines:"
            yield f"# {self.task}"
            return
        yield f"{self.indent}# YOUR CODE, about {count} lines, in the place of this error:"
        yield f"{self.indent}raise NotImplementedError("
        yield f'{self.indent}    "{self.task}"'
        yield f"{self.indent})"


Part = str | Gap


def parts_of(source: str) -> list[Part]:
    """A solution as lines and gaps.

    Raises:
        WorkshopError: when a marker has no partner.
    """
    parts: list[Part] = []
    gap: tuple[str, str] | None = None
    inside: list[str] = []
    for line in source.splitlines():
        if begin := _GAP.match(line):
            if gap:
                raise WorkshopError(f"The gap {gap[1]!r} has no `# END` before the next begins.")
            gap, inside = (begin["indent"], begin["task"]), []
        elif _END.match(line):
            if not gap:
                raise WorkshopError("There is an `# END` without a `# GAP` before it.")
            while inside and not inside[-1]:  # a formatter puts them after a function
                inside.pop()
            parts.append(Gap(*gap, tuple(inside)))
            gap = None
        elif gap:
            inside.append(line)
        else:
            parts.append(line)
    if gap:
        raise WorkshopError(f"The gap {gap[1]!r} has no `# END`.")
    return parts


def gaps_of(source: str) -> list[Gap]:
    """The gaps of a solution."""
    return [part for part in parts_of(source) if isinstance(part, Gap)]


def solution(source: str) -> str:
    """The solution without its markers."""
    return _joined(
        line
        for part in parts_of(source)
        for line in (part.lines if isinstance(part, Gap) else [part])
    )


def skeleton(source: str) -> str:
    """The solution with gaps in it."""
    return _joined(
        line
        for part in parts_of(source)
        for line in (part.as_given() if isinstance(part, Gap) else [part])
    )


def own_lines(source: str) -> int:
    """How many lines of the solution stand in gaps; empty ones do not count."""
    return sum(bool(line.strip()) for gap in gaps_of(source) for line in gap.lines)


def _joined(lines: Iterator[str]) -> str:
    return "\n".join(lines) + "\n"
