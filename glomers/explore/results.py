"""The results file of an exploration: a header, then a row for each seed, as JSON lines.

A row is written as soon as it is known, so that an exploration that was cut off can be resumed.
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from glomers.errors import ExploreError
from glomers.explore.seed import Row
from glomers.files import name_another

NAME = "results.jsonl"
_FORMAT = {"format": "glomers-exploration", "version": 1}
_NEEDED = {"seed", "outcome"}


class Results:
    """The rows known so far, by seed, and the file that they are written to."""

    def __init__(self, folder: Path, about: dict[str, Any], resume: bool) -> None:
        """Begin the file in `folder`, or go on with one that explores the same thing.

        Raises:
            ExploreError: when there can be no such folder, when there is a file already and
                `resume` is not set, or when it is of another exploration or none.
            OSError: when it cannot be read or written.
        """
        self.rows: dict[int, Row] = {}
        self._path = folder / NAME
        self._header = {**_FORMAT, **about}
        try:
            folder.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise ExploreError(name_another(folder, error)) from None
        if self._path.exists():
            if not resume:
                raise ExploreError(
                    f"{self._path} holds results already: add --resume to go on with them, or name "
                    "another folder with --out."
                )
            self._load()
        else:
            self._path.write_text(_line(self._header), encoding="utf-8")
        self._file = self._path.open("a", encoding="utf-8")

    def _load(self) -> None:
        """Take over what is complete, and cut off a last line that is not."""
        text = self._path.read_bytes()
        whole = text[: text.rfind(b"\n") + 1]
        try:
            header, *rows = [json.loads(line) for line in whole.splitlines()]
            if type(header) is not dict or not all(row.keys() >= _NEEDED for row in rows):
                raise ValueError("a row lacks something")
            self.rows = {row["seed"]: row for row in rows}
        except (ValueError, TypeError, AttributeError):
            raise ExploreError(
                f"{self._path} is damaged: remove it and explore anew, or name another --out."
            ) from None
        if different := [key for key, value in self._header.items() if header.get(key) != value]:
            raise ExploreError(
                f"{self._path} is of another exploration: its {different[0]} is "
                f"{header.get(different[0])!r}, not {self._header[different[0]]!r}. Give the same "
                "arguments to resume it, or name another --out."
            )
        with self._path.open("r+b") as file:
            file.truncate(len(whole))

    def add(self, rows: Iterable[Row]) -> None:
        """Write rows of seeds that are not known yet; others are left out."""
        for row in rows:
            if row["seed"] not in self.rows:
                self.rows[row["seed"]] = row
                self._file.write(_line(row))
        self._file.flush()

    def close(self) -> None:
        """Close the file."""
        self._file.close()


def _line(value: dict[str, Any]) -> str:
    return json.dumps(value, ensure_ascii=False) + "\n"
