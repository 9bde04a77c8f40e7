"""Running the bench inside a test: a node's source in, exit status, output and store out."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from glomers.bench.flags import parse_options
from glomers.bench.once import run_once
from glomers.cli import main
from glomers.formats.edn import to_json
from glomers.formats.journal import Journal
from tests.helpers import programs


@dataclass(frozen=True)
class Outcome:
    """What a run left: the exit status, what was printed, and the store folder."""

    status: int
    out: str
    err: str
    store: Path

    def read(self, name: str) -> str:
        return (self.store / name).read_text(encoding="utf-8")


def bench(words: Sequence[str]) -> int:
    """Run `glomers bench` with these words; returns the exit status."""
    return main(["bench", *words])


class Bench:
    """Runs tests in `folder`, one store for all of them."""

    def __init__(
        self, folder: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
    ) -> None:
        self.folder = folder
        self._capsys = capsys
        monkeypatch.chdir(folder)
        monkeypatch.setenv("PYTHONHASHSEED", "0")

    def node(self, source: str, name: str = "node.py") -> Path:
        """Write a node file."""
        path = self.folder / name
        path.write_text(source, encoding="utf-8")
        return path

    def program(self, source: str) -> Path:
        """Write a program that the system starts by itself, with this Python."""
        path = self.node(f"{programs.PYTHON}{source}")
        path.chmod(0o755)
        return path

    def test(self, node: Path | str, *flags: str, workload: str = "echo") -> Outcome:
        """Run `test -w workload --bin node flags…`."""
        status = bench(["test", "-w", workload, "--bin", str(node), *flags])
        printed = self._capsys.readouterr()
        return Outcome(status, printed.out, printed.err, self.folder / "store" / "current")


def results_of(node: Path, *flags: str, workload: str) -> dict[str, Any]:
    """The results of a run that leaves no store, which saves a fifth of its time."""
    options = parse_options(["-w", workload, "--bin", str(node), *flags])
    outcome = run_once(options, Journal())
    assert outcome.results is not None, outcome.broken
    results: dict[str, Any] = to_json(outcome.results)
    return results


ECHO = """
from glomers.node import Node

node = Node()


@node.on("echo")
def echo(message):
    return {"type": "echo_ok", "echo": message.body["echo"]}


if __name__ == "__main__":
    node.run()
"""
SHORT = ("--node-count", "1", "--time-limit", "1")


HEADING = "What went wrong:\n"


def told(outcome: Outcome) -> str:
    """The findings that a test printed: the lines below their heading."""
    assert HEADING in outcome.out, outcome.out + outcome.err
    return outcome.out.partition(HEADING)[2].partition("\n\n")[0]
