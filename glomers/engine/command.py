"""A Maelstrom command line: taken apart, completed, and made fit for the real Maelstrom."""

from __future__ import annotations

import hashlib
import os
import shlex
from collections.abc import Sequence
from pathlib import Path

from glomers.errors import LabError
from glomers.formats.typography import dash_slip, lookalike
from glomers.launcher import write_launcher

BENCH_FLAGS = ("--seed", "--clock")
"""The bench's own flags that the real Maelstrom does well without; each has a value."""
FINAL_READS = "--final-reads"
BENCH_ONLY_FLAGS = (FINAL_READS, "--record-state", "--what-if")
"""The bench's own flags that change what is tested or kept."""
_LAUNCHERS = Path(".launchers")


def parse_command(command: str) -> list[str]:
    """The words from `test` on.

    Raises:
        LabError: when there is no such word at the beginning.
    """
    try:
        words = _words(command)
    except ValueError as error:
        raise LabError(f"The command line cannot be read: {error}.") from None
    if words and os.path.basename(words[0]) == "maelstrom":
        words = words[1:]
    if words[:1] == ["serve"]:
        raise LabError(
            "There is no server to start: a run shows itself in the notebook, and its pages are "
            "files in `run.store`."
        )
    if words[:1] != ["test"]:
        hint = lookalike(words[:1])
        raise LabError(
            "A command line begins with `test`, as in `test -w echo --bin nodes/echo.py`; "
            f"this one begins with {words[0] if words else 'nothing'!r}. {hint or ''}".rstrip()
        )
    return words


def program_in(command: str) -> str | None:
    """The program of a node that a line names, even if it is none that `parse_command` takes."""
    try:
        words = _words(command)
    except ValueError:
        words = command.split()
    return value_in(words, "--bin")


def completed(command: str, bin: str | Path | None, args: Sequence[str]) -> list[str]:
    """The words of a command line, with this node if any, and these arguments more for it.

    Raises:
        LabError: when there is no `test` at the beginning.
    """
    words = parse_command(command)
    if bin is not None:
        words = with_flag(words, "--bin", str(bin), replace=True)
    if args:
        words = [*words, *([] if "--" in words else ["--"]), *args]
    return words


def _words(command: str) -> list[str]:
    """A line as a shell would split it; a ValueError says where it cannot."""
    return shlex.split(command.replace("\\\r\n", " ").replace("\\\n", " "))


def with_flag(words: list[str], flag: str, value: str, replace: bool = False) -> list[str]:
    """`words` with the flag, before the node's own arguments; one that is there stays or goes."""
    own, rest = split(words)
    for i, word in enumerate(own):
        if word == flag or word.startswith(f"{flag}="):
            if not replace:
                return words
            end = i + 1 if "=" in word else i + 2
            return [*own[:i], flag, value, *own[end:], *rest]
    return [*own, flag, value, *rest]


def without_flag(words: Sequence[str], flag: str) -> list[str]:
    """`words` without the flag and its value; the node's own arguments stay."""
    own, rest = split(words)
    kept: list[str] = []
    skip = False
    for word in own:
        if skip or word == flag:
            skip = not skip
        elif not word.startswith(f"{flag}="):
            kept.append(word)
    return [*kept, *rest]


def without_bench_flags(words: Sequence[str]) -> list[str]:
    """`words` as Maelstrom takes them."""
    for flag in BENCH_FLAGS:
        words = without_flag(words, flag)
    return [*words]


def value_in(words: Sequence[str], *flags: str) -> str | None:
    """The value of a flag, which may have several names, in a command line."""
    own, _ = split(words)
    for i, word in enumerate(own):
        if word in flags and i + 1 < len(own):
            return own[i + 1]
        if word.startswith(tuple(f"{flag}=" for flag in flags)):
            return word.partition("=")[2]
    return None


def split(words: Sequence[str]) -> tuple[list[str], list[str]]:
    """The words for Maelstrom, and those for the node: from `--` on."""
    cut = words.index("--") if "--" in words else len(words)
    return [*words[:cut]], [*words[cut:]]


def needs_bench(words: list[str]) -> bool:
    """Whether the command line asks for something that only the bench can do."""
    own, _ = split(words)
    faults = {name.strip() for name in (value_in(words, "--nemesis") or "").split(",")}
    given = {word.partition("=")[0] for word in own}
    return not given.isdisjoint(BENCH_ONLY_FLAGS) or not faults <= {"", "partition"}


# For the real Maelstrom


def refusal(words: list[str]) -> str | None:
    """Why the bench would refuse the command line although Maelstrom would run it; or None.

    Both engines are to end alike, and Maelstrom's own account of these is a trace of its insides.
    """
    own, _ = split(words)
    if sentence := next(filter(None, map(dash_slip, own)), None):
        return sentence
    program = value_in(words, "--bin")
    if program is None:
        return None
    path = _program(program)
    # Not the methods of Path: they raise when a name is too long.
    if os.path.isdir(path):
        return f"{program} is a folder: --bin must name the program of a node."
    if not os.path.exists(path):
        return f"There is no file {program}: --bin must name the program of a node."
    if path.suffix != ".py" and not os.access(path, os.X_OK):
        return (
            f"{program} cannot be executed: give it a first line such as #!/usr/bin/env python3 "
            "and make it executable with chmod +x."
        )
    return None


def for_maelstrom(words: list[str]) -> list[str]:
    """The command line for Maelstrom: without the bench's flags, and with a node it can start.

    Raises:
        LabError: when the script that starts the node cannot be written.
    """
    words = without_bench_flags(words)
    program = value_in(words, "--bin")
    if program is None:
        return words
    try:
        return with_flag(words, "--bin", str(_startable(_program(program))), replace=True)
    except OSError as error:
        raise LabError(
            f"The script that starts the node cannot be written to {_LAUNCHERS}/: {error.strerror}."
        ) from None


def node_name(words: list[str]) -> str:
    """What the node of a command line, for either engine, is called; empty where it has none."""
    program = Path(value_in(words, "--bin") or "")
    if program.parent.name == _LAUNCHERS.name:
        return program.stem.rpartition("-")[0]
    return program.stem


def full_path(name: str) -> str:
    """The absolute path that a command line means by the name of a program."""
    return os.path.abspath(_program(name))


def _program(name: str) -> Path:
    """The path that a command line means; a user whom nobody knows stays part of the name."""
    return Path(os.path.expanduser(name))


def _startable(program: Path) -> Path:
    """A launcher for a Python file that brings no interpreter; other programs start by themselves.

    Launchers lie in the work folder, which can be written to, where a node may be anywhere.
    """
    if program.suffix != ".py":
        return program
    _LAUNCHERS.mkdir(exist_ok=True)
    # Files of one name in different folders must not share a launcher.
    place = hashlib.sha256(os.fsencode(program.absolute())).hexdigest()[:8]
    return write_launcher(program, _LAUNCHERS / f"{program.stem}-{place}")
