"""The store folder of one run, laid out as Maelstrom lays it out."""

from __future__ import annotations

import json
from collections.abc import Mapping
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from itertools import count
from pathlib import Path
from typing import Any

from glomers.errors import BrokenTest
from glomers.files import make_first, point_link, shown, write_whole


class Store:
    """The folder `store/<workload>/<timestamp>` below `base`, with links, if there can be any."""

    def __init__(self, base: Path, workload: str) -> None:
        """Create the folder and point `current` at it.

        Raises:
            BrokenTest: when it cannot be written.
        """
        self._root = base / "store"
        self._workload = workload
        try:
            self.path = self._create(self._root / workload)
            (self.path / "node-logs").mkdir()
            (self.path / "net-journal").mkdir()
        except OSError as error:
            raise BrokenTest(
                f"Cannot write the store folder {self._root}: {error.strerror}. "
                "Run the test in a folder that you may write to."
            ) from None
        self._link("current")

    def _link(self, name: str) -> None:
        link = self._root / name
        try:
            point_link(link, self.path)
        except OSError:  # there may be none on this disk: the folder has its own name
            with suppress(OSError):
                if link.is_symlink():  # to an older run: better none than that
                    link.unlink()

    @property
    def journal(self) -> Path:
        """The file with the run's messages."""
        return self.path / "net-journal" / "messages.jsonl"

    @staticmethod
    def _create(parent: Path) -> Path:
        """Make a folder named after the time; tests of the same instant get later names."""
        parent.mkdir(parents=True, exist_ok=True)
        now = datetime.now(UTC)
        moments = (now + timedelta(milliseconds=number) for number in count())
        names = (f"{each:%Y%m%dT%H%M%S}.{each.microsecond // 1000:03}Z" for each in moments)
        folder = make_first(parent / name for name in names)
        assert folder is not None  # time goes on without end
        return folder

    def failure(self, error: OSError) -> BrokenTest:
        """The sentence about a store that cannot be written any more."""
        what = f"Cannot write {shown(self.path)}: {error.strerror}."
        return BrokenTest(f"{what} What was written is kept.")

    def write(self, name: str, text: str) -> None:
        """Write a file of the run, as a whole or not at all.

        Raises:
            OSError: when it cannot be written, as on a full disk.
        """
        write_whole(self.path / name, text)

    def write_facts(self, facts: Mapping[str, Any]) -> None:
        """Write `bench.json`: what ran, and how, for whoever loads the folder later.

        Raises:
            OSError: when it cannot be written.
        """
        self.write("bench.json", json.dumps(facts, indent=1, ensure_ascii=False) + "\n")

    def finish(self) -> None:
        """Point the `latest` links at this run."""
        self._link("latest")
        self._link(f"{self._workload}/latest")
