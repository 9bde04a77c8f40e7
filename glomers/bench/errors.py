"""Exit statuses, and what can end a test early: each with the sentence that a person gets."""

from __future__ import annotations

EXIT_VALID = 0
EXIT_INVALID = 1
EXIT_UNKNOWN = 2
EXIT_INTERRUPTED = 130
EXIT_BAD_ARGUMENTS = 254
EXIT_BROKEN = 255


class BadArguments(Exception):
    """The command line asks for something that does not exist (exit status 254)."""


class BrokenTest(Exception):
    """The test cannot go on, as when a node crashed (exit status 255).

    `node_id` names the node at fault, if it is one node's, `stdout_tail` holds the last lines that
    it wrote on stdout, and `place` is the file and the line of its program, if they are known: all
    for the report.
    """

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
