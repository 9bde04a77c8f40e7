"""`glomers doctor`: what is installed, which engine is used, what is missing and how to get it."""

from __future__ import annotations

import json
import os
import platform
import re
import shutil
import subprocess
import sys
from argparse import Namespace
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from importlib import metadata
from pathlib import Path
from typing import Any

from glomers.bench.hosts.cage import why_no_bubblewrap
from glomers.commands import NEED_POSIX
from glomers.commands.arguments import Parser
from glomers.engine.maelstrom.find import find_maelstrom
from glomers.engine.maelstrom.install import has_jar
from glomers.engine.maelstrom.release import PINNED
from glomers.environment import ENGINE, ENGINES, IS_WINDOWS, engine_or_default
from glomers.errors import EXIT_FAILED, EXIT_OK, BadInput, MaelstromError
from glomers.series.project import project_root

WIDTH = 100
OLDEST_PYTHON = (3, 11)
OLDEST_JAVA = 11
LEAST_FREE_BYTES = 500_000_000
_PATIENCE_S = 20.0
_REQUIREMENT = re.compile(r"(?P<name>[\w.-]+)\s*>=\s*(?P<version>[\d.]+)\s*$")
_BOTH = ENGINES
_REAL = ("maelstrom",)
_GRADE = ("grade",)
"""No engine, but the command `glomers grade`."""
NOT_ON_WINDOWS = (
    "Programs on the real clock, the real Maelstrom and the commands "
    f"{', '.join(NEED_POSIX)} need Linux or macOS: on Windows run glomers in WSL."
)


@dataclass(frozen=True)
class Requirement:
    """One thing that was looked for.

    Attributes:
        name: what it is.
        found: what there is of it, in a few words; None when it is missing.
        problem: why what there is will not do; empty when it will.
        needed_by: the engines that cannot do without.
        where: the path, if it is a program.
        commands: by the name of an installer, what to type to get it.
    """

    name: str
    found: str | None
    needed_by: tuple[str, ...]
    problem: str = ""
    where: str | None = None
    commands: Mapping[str, str] = field(default_factory=dict)

    @property
    def ok(self) -> bool:
        return self.found is not None and not self.problem


@dataclass(frozen=True)
class Examination:
    """All that was found, and the engine that runs tests when nobody names one."""

    engine: str
    why: str
    findings: tuple[Requirement, ...]

    @property
    def lacking(self) -> list[Requirement]:
        """What the engine in use cannot do without."""
        return [each for each in self.findings if not each.ok and self.engine in each.needed_by]

    @property
    def ready(self) -> bool:
        return self.engine in ENGINES and not self.lacking

    def as_json(self) -> dict[str, Any]:
        """The same as plain data."""
        return {
            "ready": self.ready,
            "engine": self.engine,
            "why": self.why,
            "findings": [
                {
                    "name": each.name,
                    "ok": each.ok,
                    "found": each.found,
                    "problem": each.problem or None,
                    "where": each.where,
                    "needed_by": list(each.needed_by),
                    "commands": dict(each.commands) if not each.ok else {},
                }
                for each in self.findings
            ],
        }


def add_arguments(parser: Parser) -> None:
    """Add what the command takes."""
    parser.add_argument("--json", action="store_true", help="print one JSON object")


def act(arguments: Namespace) -> int:
    """Look around and print what there is; returns the exit status."""
    examination = examine()
    if arguments.json:
        print(json.dumps(examination.as_json(), indent=1))
    else:
        _show(examination)
    return EXIT_OK if examination.ready else EXIT_FAILED


def examine() -> Examination:
    """Look for everything that the series and the real Maelstrom need."""
    engine = engine_or_default()
    why = f"{ENGINE} says so" if os.environ.get(ENGINE) else f"the default: {ENGINE} is not set"
    if engine not in ENGINES:
        why = f"{ENGINE} says so, but it can only be {' or '.join(ENGINES)}"
    more = () if IS_WINDOWS else (*_of_maelstrom(), _bubblewrap())
    return Examination(engine, why, (_python(), *_packages(), *more, _disk()))


# What there is


def _python() -> Requirement:
    old = sys.version_info[:2] < OLDEST_PYTHON
    problem = f"older than {'.'.join(map(str, OLDEST_PYTHON))}" if old else ""
    commands = {"conda": "conda install python", "apt": "sudo apt-get install python3"}
    return Requirement(
        "Python", platform.python_version(), _BOTH, problem, sys.executable, commands=commands
    )


def _packages() -> Iterator[Requirement]:
    """The libraries that this package names as its dependencies."""
    commands = {"pip": f"{_shown_python()} -m pip install --editable ."}
    try:
        requirements = metadata.requires("glomers") or []
    except metadata.PackageNotFoundError:
        yield Requirement("glomers", None, _BOTH, commands=commands)
        return
    for requirement in requirements:
        match = _REQUIREMENT.match(requirement)
        if match:  # those of extras have a condition behind their version
            yield _package(match["name"], match["version"], commands)


def _package(name: str, oldest: str, commands: Mapping[str, str]) -> Requirement:
    try:
        version = metadata.version(name)
    except metadata.PackageNotFoundError:
        return Requirement(name, None, _BOTH, commands=commands)
    problem = f"older than {oldest}" if _numbers(version) < _numbers(oldest) else ""
    return Requirement(name, version, _BOTH, problem, commands=commands)


def _numbers(version: str) -> tuple[int, ...]:
    return tuple(int(number) for number in re.findall(r"\d+", version)[:3])


def _shown_python() -> str:
    return "python" if shutil.which("python") == sys.executable else sys.executable


def _of_maelstrom() -> Iterator[Requirement]:
    """What the real Maelstrom needs, and itself."""
    yield _java()
    yield _tool("gnuplot", ("gnuplot", "--version"), "gnuplot-nox")
    yield _tool("Graphviz", ("dot", "-V"), "graphviz")
    yield _maelstrom()


def _java() -> Requirement:
    where, said = _ask("java", "-version")
    match = re.search(r'version "(?:1\.)?(\d+)[^"]*"', said)
    problem = ""
    if match and int(match[1]) < OLDEST_JAVA:
        problem = f"older than {OLDEST_JAVA}"
    commands = {
        "conda": "conda install -c conda-forge openjdk",
        "apt": "sudo apt-get install default-jdk-headless",
        "brew": "brew install --cask temurin",
    }
    found = match[0].split('"')[1] if match else None
    return Requirement("JDK", found, _REAL, problem, where, commands)


def _tool(name: str, command: tuple[str, ...], apt_package: str) -> Requirement:
    where, said = _ask(*command)
    version = re.search(r"\d+(?:\.\d+)+(?: patchlevel \d+)?", said)
    commands = {
        "conda": f"conda install -c conda-forge {name.lower()}",
        "apt": f"sudo apt-get install {apt_package}",
        "brew": f"brew install {name.lower()}",
    }
    return Requirement(name, version[0] if version else None, _REAL, "", where, commands)


def _ask(program: str, *words: str) -> tuple[str | None, str]:
    """The path of a program and what it says about its version; nothing of one that fails."""
    path = shutil.which(program)
    if path is None:
        return None, ""
    try:
        done = subprocess.run(
            [path, *words],
            stdin=subprocess.DEVNULL,
            capture_output=True,
            timeout=_PATIENCE_S,
            check=True,
        )
    except (OSError, subprocess.SubprocessError):
        return path, ""
    return path, (done.stdout + done.stderr).decode("utf-8", "replace")


def _maelstrom() -> Requirement:
    commands = {"glomers": "glomers install-maelstrom"}
    try:
        found = find_maelstrom()
    except MaelstromError as error:
        return Requirement("Maelstrom", None, _REAL, str(error), commands=commands)
    if found is None:
        return Requirement("Maelstrom", None, _REAL, commands=commands)
    pinned = has_jar(Path(os.path.realpath(found.program)).parent, PINNED)
    version = PINNED.version if pinned else f"another one than {PINNED.version}"
    return Requirement("Maelstrom", f"{version} ({found.where})", _REAL, "", str(found.program))


def _bubblewrap() -> Requirement:
    """What keeps submissions in; where containers forbid it, the problem says so."""
    commands = {
        "conda": "conda install -c conda-forge bubblewrap",
        "apt": "sudo apt-get install bubblewrap",
    }
    where, said = _ask("bwrap", "--version")
    problem = why_no_bubblewrap() if where else None
    found = said.split()[-1] if said else None
    return Requirement("bubblewrap", found, _GRADE, problem or "", where, commands)


def _disk() -> Requirement:
    try:
        folder = project_root()
    except BadInput:
        folder = Path.cwd()
    free = shutil.disk_usage(folder).free
    problem = f"less than {_size(LEAST_FREE_BYTES)}" if free < LEAST_FREE_BYTES else ""
    return Requirement("disk space", f"{_size(free)} free", (), problem, str(folder))


def _size(count: int) -> str:
    return f"{count / 1e9:.1f} GB"


# How it is told


def _show(examination: Examination) -> None:
    try:
        _print_table(examination)
    except ImportError:  # the table's library is one of those that may be missing
        for each in examination.findings:
            print(f"{each.name}: {_state(each)}")
    for each in examination.findings:
        if not each.ok and each.commands:
            gets_it = "this gets it" if len(each.commands) == 1 else "any of these gets it"
            print(f"\n{each.name}: {_state(each).rstrip('.')}; {gets_it}:")
            for installer, command in each.commands.items():
                print(f"  {installer:<8} {command}")
    if IS_WINDOWS:
        print(f"\n{NOT_ON_WINDOWS}")
    print(f"\nEngine: {examination.engine} ({examination.why}).")
    print(_conclusion(examination))


def _print_table(examination: Examination) -> None:
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    table = Table("what", "found", "", "needed by")
    for each in examination.findings:
        style = "green" if each.ok else "bold red" if examination.engine in each.needed_by else ""
        table.add_row(
            each.name,
            Text(each.found or ""),
            Text("ok" if each.ok else _state(each), style),
            _needed_by(each),
        )
    Console(width=WIDTH).print(table)


def _needed_by(finding: Requirement) -> str:
    if finding.needed_by == _BOTH:
        return "everything"
    if finding.needed_by == _GRADE:
        return "glomers grade"
    return "the real Maelstrom" if finding.needed_by else ""


def _state(finding: Requirement) -> str:
    if finding.problem:
        return finding.problem
    return "missing" if finding.found is None else finding.found


def _conclusion(examination: Examination) -> str:
    if examination.ready:
        return "All that it needs is here."
    names = ", ".join(each.name for each in examination.lacking)
    return f"It cannot be used: {names or 'there is no such engine'}."
