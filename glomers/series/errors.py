"""What can go wrong with the series, each with the sentence that a person gets."""

from __future__ import annotations

EXIT_OK = 0
EXIT_FAILED = 1
EXIT_INTERRUPTED = 130
EXIT_BAD_ARGUMENTS = 254


class SeriesError(Exception):
    """Something went wrong that one sentence explains (exit status 1)."""


class BadInput(SeriesError):
    """The command line asks for something that cannot be done (exit status 254)."""
