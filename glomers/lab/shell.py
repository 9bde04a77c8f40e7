"""Shelling out to a test bench: a Maelstrom command line in, a run out."""

from __future__ import annotations

import os
import re
import shlex
import shutil
import subprocess
import sys
from pathlib import Path

from glomers.lab.errors import LabError, RunFailed
from glomers.lab.run import Run
from glomers.lab.store import StoreFolder

DEADLINE_S = 1800.0
EXPECTATIONS = ("valid", "invalid", "broken", "any")
ENGINES = ("bench", "maelstrom")

_PACKAGE_ROOT = Path(__file__).resolve().parents[2]
_GUARD = Path(__file__).with_name("guard.py")
_STORE = re.compile(r"store/[\w-]+/\d{8}T\d{6}\.\d{3}(?:Z|[+-]\d{4})")
_BENCH_FLAGS = ("--seed", "--clock")
_MOST_LINES = 40


def maelstrom(
    command: str,
    *,
    seed: int = 0,
    engine: str | None = None,
    clock: str | None = None,
    bin: str | Path | None = None,
    expect: str = "valid",
) -> Run:
    """Run a Maelstrom command line and load what it leaves.

    Args:
        command: `test` and its flags, as one would type them; `./maelstrom` before it is fine.
        seed: decides everything random in the bench's virtual time.
        engine: "bench" or "maelstrom"; by default `$GLOMERS_ENGINE`, else the bench.
        clock: "virtual" or "real", for the bench; by default what suits the node.
        bin: the node's program, in place of the one that the command line names.
        expect: "valid", "invalid", "broken" (also: refused) or "any".

    Raises:
        RunFailed: when the outcome is another than expected, with the bench's explanation.
        LabError: when `command` is none, or an argument is not one of those above.
    """
    engine = engine or os.environ.get("GLOMERS_ENGINE") or "bench"
    _refuse_unless(expect, EXPECTATIONS, "expect")
    _refuse_unless(engine, ENGINES, "engine")
    words = _words(command)
    if bin is not None:
        words = _with_flag(words, "--bin", str(bin), replace=True)
    if engine == "bench":
        words = _with_flag(words, "--seed", str(seed))
        if clock is not None:
            words = _with_flag(words, "--clock", clock)
        argv = [sys.executable, "-m", "glomers.bench", *words]
    else:
        argv = [_find_maelstrom(), *_for_maelstrom(words)]
    status, out, err = _run(argv)
    run = _load(words, engine, status, out, err)
    _compare(run, expect)
    return run


def _refuse_unless(value: str, known: tuple[str, ...], name: str) -> None:
    if value not in known:
        choices = ", ".join(f'"{choice}"' for choice in known)
        raise LabError(f"{name} is one of {choices}, not {value!r}.")


def _words(command: str) -> list[str]:
    """The words from `test` on."""
    try:
        words = shlex.split(command.replace("\\\r\n", " ").replace("\\\n", " "))
    except ValueError as error:
        raise LabError(f"The command line cannot be read: {error}.") from None
    if words and os.path.basename(words[0]) == "maelstrom":
        words = words[1:]
    if words[:1] != ["test"]:
        raise LabError(
            "A command line begins with `test`, as in `test -w echo --bin nodes/echo.py`; "
            f"this one begins with {words[0] if words else 'nothing'!r}."
        )
    return words


def _with_flag(words: list[str], flag: str, value: str, replace: bool = False) -> list[str]:
    """`words` with the flag, before the node's own arguments; one that is there stays or goes."""
    cut = words.index("--") if "--" in words else len(words)
    own, rest = words[:cut], words[cut:]
    for i, word in enumerate(own):
        if word == flag or word.startswith(f"{flag}="):
            if not replace:
                return words
            end = i + 1 if "=" in word else i + 2
            return [*own[:i], flag, value, *own[end:], *rest]
    return [*own, flag, value, *rest]


def _run(argv: list[str]) -> tuple[int, str, str]:
    """Run `argv` under guard: it ends with this process, on an interrupt, or at the deadline."""
    paths = [str(_PACKAGE_ROOT), os.environ.get("PYTHONPATH", "")]
    environment = {
        **os.environ,
        "PYTHONPATH": os.pathsep.join(filter(None, paths)),
        "PYTHONHASHSEED": "0",
    }
    guards_end, our_end = os.pipe()
    with os.fdopen(our_end, "wb") as held, os.fdopen(guards_end, "rb") as stdin:
        with subprocess.Popen(
            [sys.executable, "-I", "-S", str(_GUARD), *argv],
            stdin=stdin,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            env=environment,
            start_new_session=True,
            encoding="utf-8",
            errors="replace",
        ) as guard:
            try:
                out, err = guard.communicate(timeout=DEADLINE_S)
            except subprocess.TimeoutExpired:
                raise RunFailed(
                    f"The test did not end within {DEADLINE_S / 60:.0f} minutes and was stopped."
                ) from None
            finally:
                held.close()  # the guard stops whatever still runs
        return guard.returncode, out, err


def _load(words: list[str], engine: str, status: int, out: str, err: str) -> Run:
    stores = _STORE.findall(out + err)
    path = Path(stores[-1]) if stores else None
    folder = StoreFolder(path.resolve()) if path and path.is_dir() else None
    if status in (0, 1, 2) and folder is not None:
        return Run(folder, tuple(words))
    explanation = _explanation(err) or _explanation(out) or f"It ended with status {status}."
    return Run(folder, tuple(words), explanation)


def _explanation(printed: str) -> str:
    """What a bench printed, without the marks of its log and without what differs each time."""
    for folder in (Path.cwd(), _PACKAGE_ROOT, Path(sys.prefix), Path(sys.base_prefix)):
        printed = printed.replace(f"{folder}{os.sep}", "")
    lines = [line.removeprefix("WARN ").rstrip() for line in printed.strip().splitlines()]
    lines = [line for line in lines if not _STORE.search(line)]
    if len(lines) > _MOST_LINES:
        lines = ["…", *lines[-_MOST_LINES:]]
    return "\n".join(lines)


def _compare(run: Run, expect: str) -> None:
    """Raise unless `run` came out as expected."""
    if run.valid is None:
        if expect not in ("broken", "any"):
            raise RunFailed(run.explanation or run.verdict, run)
        return
    outcome = "valid" if run.valid is True else "invalid" if run.valid is False else "unknown"
    if expect in ("any", outcome):
        return
    lines = [f"The run is {run.verdict}, but this cell expects it to be {expect}."]
    raise RunFailed("\n".join([*lines, *run.findings]), run)


# The real Maelstrom


def _find_maelstrom() -> str:
    """The launcher: `$GLOMERS_MAELSTROM`, the installed one, or one on the search path."""
    given = os.environ.get("GLOMERS_MAELSTROM")
    cache = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache")
    installed = cache / "glomers" / "maelstrom" / "maelstrom"
    found = given or (str(installed) if installed.is_file() else shutil.which("maelstrom"))
    if not found:
        raise LabError(
            "Maelstrom is not installed: run `glomers install-maelstrom`, put `maelstrom` on the "
            'search path, or use engine="bench".'
        )
    return found


def _for_maelstrom(words: list[str]) -> list[str]:
    """The command line for Maelstrom: without the bench's flags, and with a node it can start."""
    kept: list[str] = []
    skip = False
    for word in words:
        if skip or word in _BENCH_FLAGS:
            skip = not skip
        else:
            kept.append(word)
    if "--bin" in kept[:-1]:
        at = kept.index("--bin") + 1
        kept[at] = str(_launcher(Path(kept[at])))
    return kept


def _launcher(program: Path) -> Path:
    """An executable that runs a Python node with this Python; other programs run as they are.

    Maelstrom follows links and changes the folder, so a node's own first line would find another
    Python than the one that `glomers` is installed in.
    """
    if program.suffix != ".py" or not program.is_file():
        return program
    launcher = program.parent / ".launchers" / f"{program.stem}.sh"
    launcher.parent.mkdir(exist_ok=True)
    command = shlex.join([sys.executable, str(program.resolve())])
    path = shlex.quote(str(_PACKAGE_ROOT))
    launcher.write_text(
        f'#!/bin/sh\nPYTHONPATH={path}${{PYTHONPATH:+:$PYTHONPATH}} exec {command} "$@"\n',
        encoding="utf-8",
    )
    launcher.chmod(0o755)
    return launcher
