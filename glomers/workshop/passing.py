"""Whether polls have passed over messages, by the offsets that they show and that are acknowledged.

Whoever polls goes on behind the last message that was shown.  So nothing may ever be written
between two that were shown together, nor between the first of them and where the poll began.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right, insort
from collections import defaultdict
from collections.abc import Collection
from dataclasses import dataclass, field
from typing import NamedTuple


class Poll(NamedTuple):
    """A poll of a log: the node that answered it, from which offset on, and the last one shown."""

    node: str
    first: int
    last: int


@dataclass
class _Log:
    """What is known of a log: offsets in order, and the polls that showed something of it."""

    offsets: list[int] = field(default_factory=list)
    polls: list[Poll] = field(default_factory=list)
    reach: int = -1
    acknowledged: set[int] = field(default_factory=set)
    passed: dict[int, Poll] = field(default_factory=dict)


class Passing:
    """Watches the logs of a run for offsets that a poll has passed over."""

    def __init__(self) -> None:
        self._logs: dict[str, _Log] = defaultdict(_Log)

    def acknowledged(self, key: str, offset: int) -> Poll | None:
        """A message has got an offset; returns a poll that passed over it, if one did."""
        log = self._logs[key]
        log.acknowledged.add(offset)
        _appear(log, offset)
        return log.passed.get(offset)

    def polled(
        self, node: str, key: str, first: int, shown: Collection[int]
    ) -> tuple[int, Poll] | None:
        """A poll showed these offsets; returns an acknowledged one that was passed over, if any."""
        if not shown:
            return None
        log = self._logs[key]
        before = len(log.passed)
        for offset in shown:
            _appear(log, offset)
        poll = Poll(node, first, max(shown))
        for offset in _left_out(log, poll, shown):
            log.passed.setdefault(offset, poll)
        log.polls.append(poll)
        log.reach = max(log.reach, poll.last)
        new = list(log.passed.items())[before:]
        return next((each for each in new if each[0] in log.acknowledged), None)


def _appear(log: _Log, offset: int) -> None:
    """An offset is heard of, perhaps for the first time: then polls around it passed over it."""
    at = bisect_left(log.offsets, offset)
    if at < len(log.offsets) and log.offsets[at] == offset:
        return
    insort(log.offsets, offset)
    if offset < log.reach:
        around = (poll for poll in log.polls if poll.first <= offset < poll.last)
        if poll := next(around, None):
            log.passed[offset] = poll


def _left_out(log: _Log, poll: Poll, shown: Collection[int]) -> list[int]:
    """The known offsets that a poll should have shown and did not."""
    begin = bisect_left(log.offsets, min(poll.first, *shown))
    end = bisect_right(log.offsets, poll.last)
    if end - begin == len(shown):  # as it mostly is, which makes it quick
        return []
    there = set(shown)
    known = log.offsets[begin:end]
    return [offset for offset in known if offset >= poll.first and offset not in there]
