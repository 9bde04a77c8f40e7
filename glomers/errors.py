"""What can go wrong, each with the sentence that a person gets, and the commands' exit statuses."""

from __future__ import annotations

from typing import ClassVar

EXIT_OK = 0
EXIT_FAILED = 1
EXIT_UNKNOWN = 2
EXIT_INTERRUPTED = 130
EXIT_UNREAD = 141
EXIT_BAD_INPUT = 254
EXIT_BROKEN = 255
"""Maelstrom's exit statuses, which all commands have: of a test that is valid, invalid, undecided,
interrupted, refused or broken; and that of shells for what nobody reads to its end."""

EXIT_STATUSES = {True: EXIT_OK, False: EXIT_FAILED, None: EXIT_UNKNOWN}
"""The exit status of a test by its verdict; None: unknown."""


class GlomersError(Exception):
    """Something went wrong that a sentence explains; a command then ends with `exit_status`."""

    exit_status: ClassVar[int] = EXIT_FAILED


class BadInput(GlomersError):
    """The command line asks for something that does not exist or cannot be done."""

    exit_status = EXIT_BAD_INPUT


class BrokenTest(GlomersError):
    """A test cannot go on, as when a node crashed.

    `node_id` names the node at fault, if it is one node's, `stdout_tail` holds the last lines that
    it wrote on stdout, and `place` is the file and the line of its program, if they are known: all
    for the report.
    """

    exit_status = EXIT_BROKEN

    def __init__(
        self,
        sentence: str,
        node_id: str | None = None,
        stdout_tail: str = "",
        place: tuple[str, int] | None = None,
    ) -> None:
        super().__init__(sentence)
        self.node_id = node_id
        self.stdout_tail = stdout_tail
        self.place = place


class ExploreError(GlomersError):
    """An exploration or a replay cannot be done as asked for."""

    exit_status = EXIT_BAD_INPUT


class WorkshopError(GlomersError):
    """Something that was asked of the workshop cannot be done, and no node is to blame."""

    exit_status = EXIT_BAD_INPUT


class MaelstromError(GlomersError):
    """The real Maelstrom cannot be found, installed or started; the text says what to do."""


class SeriesError(GlomersError):
    """A batch, a challenge or a page of the series came to nothing."""


class LabError(GlomersError):
    """Something that the reader of a notebook can mend; the text says how."""

    def _render_traceback_(self) -> list[str]:
        """What IPython shows instead of a traceback through the lab's own code."""
        return [f"{type(self).__name__}: {self}"]


class StoreError(LabError):
    """A store folder does not hold what was asked for."""


class LabWarning(UserWarning):
    """A store folder is damaged; what can still be read of it is used."""
