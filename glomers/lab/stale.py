"""Runs that are out of date: what a notebook's names still hold after a call that failed.

When `run = lab.maelstrom(…)` raises, `run` stays what it was, and the cells below would draw the
run before without a word.  So in a notebook whatever is read of an older run of that node says so
in a line, until a later call for the node succeeds.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import count
from typing import TYPE_CHECKING, Any, Generic, NoReturn, Self, TypeVar, overload

from glomers.errors import LabError
from glomers.formats.text import shortened
from glomers.lab import front, html
from glomers.lab.failed import RunFailed
from glomers.lab.style import ERROR_COLOUR

if TYPE_CHECKING:
    from glomers.lab.run import Run

T = TypeVar("T")

_SENTENCE_CHARACTERS = 240


@dataclass(frozen=True)
class RunCall:
    """A call for a run.

    Attributes:
        number: its place among all calls in this process.
        about: what it is about, such as the path of a node; None where it names nothing, and may
            have been meant for anything.
        what: what it gives, in words, such as "run of echo.py".
    """

    number: int
    about: str | None
    what: str


class Calls:
    """The calls for runs in this process, as far as somebody may have to be told of them."""

    def __init__(self) -> None:
        self._numbers = count()
        self._failures: dict[str | None, tuple[RunCall, str]] = {}
        self._failed_run: Run | None = None

    @contextmanager
    def attempt(self, about: str | None, what: str) -> Iterator[RunCall]:
        """A call: if it raises, what earlier ones about the same gave is out of date.

        If it does not, nothing about the same is out of date any more.
        """
        call = RunCall(next(self._numbers), about, what)
        try:
            yield call
        except (Exception, KeyboardInterrupt) as error:
            self._failures[about] = call, _sentence(error)
            self._failed_run = error.run if isinstance(error, RunFailed) else None
            raise
        for each in (about, None):
            self._failures.pop(each, None)

    def failed_run(self) -> Run:
        """See the function of this name."""
        if self._failed_run is None:
            raise LabError("No call for a run has failed so far, or the last one left no run.")
        return self._failed_run

    def out_of_date(self, call: RunCall) -> str | None:
        """The sentence that what a call gave is out of date; None when it is not."""
        later = [self._failures[each] for each in (call.about, None) if each in self._failures]
        later = [failure for failure in later if failure[0].number > call.number]
        if not later:
            return None
        newest, sentence = max(later, key=lambda failure: failure[0].number)
        return f"This is an older run: the newest {newest.what} failed: {sentence}"


def _sentence(error: BaseException) -> str:
    if isinstance(error, KeyboardInterrupt):
        return "it was interrupted."
    return shortened(str(error).strip().partition("\n")[0], _SENTENCE_CHARACTERS)


calls = Calls()


def failed_run() -> Run:
    """The run of the newest call of this notebook that failed.

    Raises:
        LabError: when no call has failed, or the newest that did left no run.
    """
    return calls.failed_run()


_told: list[tuple[int, str]] = []
"""What was said in the cell that runs, each with the number of the cell."""


def tell(call: RunCall) -> None:
    """Say in a notebook that what a call gave is out of date, if it is; once in each cell."""
    sentence = calls.out_of_date(call)
    shell = front.shell() if sentence else None
    if sentence is None or shell is None:
        return  # elsewhere no name outlives an exception that nobody caught
    said = (shell.execution_count, sentence)
    if said in _told:
        return
    _told[:] = [each for each in _told if each[0] == said[0]] + [said]
    front.show({"text/plain": sentence, "text/html": _html(sentence)})


def _html(sentence: str) -> str:
    style = f"border-left:4px solid {ERROR_COLOUR};padding:2px 0 2px 10px;margin:4px 0"
    return f'<div style="{style}"><b>⚠</b> {html.text(sentence)}</div>'


class kept(Generic[T]):  # noqa: N801
    """Something of a run, made when first asked for; whoever asks is told when it is out of date.

    The run's `call` is the one that gave it, or None.
    """

    def __init__(self, make: Callable[[Any], T]) -> None:
        self._make = make
        self._name = make.__name__
        self.__doc__ = make.__doc__

    @overload
    def __get__(self, run: None, owner: type) -> Self: ...

    @overload
    def __get__(self, run: Run, owner: type) -> T: ...

    def __get__(self, run: Run | None, owner: type) -> Self | T:
        if run is None:
            return self
        if run.call is not None:
            tell(run.call)
        values = vars(run)
        if self._name not in values:
            values[self._name] = self._make(run)
        value: T = values[self._name]
        return value

    def __set__(self, run: Run, value: object) -> NoReturn:
        """Refuse: what a run left does not change."""
        raise AttributeError(f"{self._name} of a run cannot be set.")
