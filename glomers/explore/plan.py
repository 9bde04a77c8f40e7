"""What is to be explored, and how."""

from __future__ import annotations

import shlex
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from glomers.bench.faults import FAULTS
from glomers.bench.flags import parse_options
from glomers.bench.program import find_in_virtual_time
from glomers.errors import BadInput, BrokenTest, ExploreError
from glomers.explore.scenario import VARIABLES, Space


@dataclass(frozen=True)
class Plan:
    """An exploration as asked for.

    `words` is a command line after `test`; `faults` replaces its --nemesis, unless None; `jobs` is
    the number of processes, `dask` the address of a scheduler to use in their place; `stores` says
    whether store folders of failing seeds are kept.
    """

    words: list[str]
    seeds: int
    faults: frozenset[str] | None = None
    vary: frozenset[str] = frozenset(VARIABLES)
    jobs: int = 1
    dask: str | None = None
    out: Path | None = None
    resume: bool = False
    shrink: bool = True
    stores: bool = True
    stop_at_first: bool = False

    def space(self) -> Space:
        """The scenarios.

        Raises:
            ExploreError: when the command line is wrong, or the node cannot run in virtual time.
        """
        try:
            base = parse_options(self.words)
            program = find_in_virtual_time(base.bin, base.clock)
        except (BadInput, BrokenTest) as error:
            raise ExploreError(str(error)) from None
        if base.clock == "real":
            raise ExploreError("Seeds are explored in virtual time: leave --clock real out.")
        if base.test_count > 1:
            raise ExploreError("Each seed is run once: leave --test-count out, and use --seeds.")
        # The node itself, where `--bin` names a script that starts it.
        base = replace(base, bin=program.path.resolve())
        if self.faults is not None:
            base = replace(base, nemesis=self.faults)
        return Space(base, self.vary)


def named_faults(text: str) -> frozenset[str]:
    """Read names of faults separated by commas.

    Raises:
        ExploreError: when one is unknown.
    """
    return _named(text, FAULTS, "fault")


def named_variables(text: str) -> frozenset[str]:
    """Read what varies, separated by commas, or `none`.

    Raises:
        ExploreError: when one is unknown.
    """
    return frozenset() if text == "none" else _named(text, VARIABLES, "variable")


def _named(text: str, known: object, what: str) -> frozenset[str]:
    names = frozenset(filter(None, (word.strip() for word in text.split(","))))
    choices = list(known)  # type: ignore[call-overload]
    if unknown := sorted(names.difference(choices)):
        raise ExploreError(f"There is no {what} {unknown[0]!r}: there are {', '.join(choices)}.")
    return names


def base_of(
    target: str, flags: str | None, program: Path | None, args: Sequence[str] = ()
) -> list[str]:
    """The words of a command line after `test`: of a challenge's flags, or as typed in `target`.

    `args` are further arguments for the node.

    Raises:
        ExploreError: when no program is named.
    """
    if flags is not None:
        words = shlex.split(flags)
        if "txn-rw-register" in words:
            words.append("--final-reads")  # for the checks of replicas
    else:
        try:
            words = shlex.split(target)
        except ValueError as error:
            raise ExploreError(f"{target!r} is no command line: {error}.") from None
        words = words[1:] if words[:1] == ["test"] else words
    cut = words.index("--") if "--" in words else len(words)
    own, rest = words[:cut], [*words[cut + 1 :], *args]
    if program is not None:
        own += ["--bin", str(program)]
    if not any(word == "--bin" or word.startswith("--bin=") for word in own):
        raise ExploreError("Name the program of a node with --bin.")
    return [*own, "--", *rest] if rest else own
