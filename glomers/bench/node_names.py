"""What the nodes of a test are called, by the flags that Maelstrom has for it.

`--node-count` overrules `--nodes`; names from `--nodes-file` come before these, and those of
`--node` after them (`maelstrom.core` and `jepsen.cli`).
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterable, Sequence
from pathlib import Path

from glomers.errors import BadInput, BrokenTest
from glomers.formats.names import SERVICES

MAX_NODES = 1_000
DEFAULT_NODES = tuple(f"n{i}" for i in range(1, 6))
_NAME = re.compile(r"\w[\w.-]{0,99}")
"""What can be the name of a log file, too."""
_TEST_CLIENT = re.compile(r"c\d+")


def choose_nodes(
    count: int | None, listed: Sequence[str] | None, file: Path | None, single: Sequence[str] | None
) -> tuple[str, ...]:
    """The names that `--node-count`, `--nodes`, `--nodes-file` and `--node` ask for together.

    Raises:
        BadInput: when a name cannot be used.
        BrokenTest: when the file cannot be read.
    """
    if count is None and listed is None and file is None and single is None:
        return DEFAULT_NODES
    names = [
        *(_names_in(file) if file else ()),
        *(_counted(count) if count else listed or ()),
        *(single or ()),
    ]
    _refuse_unusable(names)
    return tuple(names)


def words_for(node_ids: tuple[str, ...]) -> list[str]:
    """The flags that give these names."""
    if node_ids == DEFAULT_NODES:
        return []
    if node_ids == _counted(len(node_ids)):
        return ["--node-count", str(len(node_ids))]
    return ["--nodes", ",".join(node_ids)]


def _counted(count: int) -> tuple[str, ...]:
    return tuple(f"n{i}" for i in range(count))


def _names_in(file: Path) -> list[str]:
    """The names in a file, one a line."""
    try:
        lines = Path(os.path.expanduser(file)).read_text(encoding="utf-8").splitlines()
    except OSError as error:
        raise BrokenTest(f"--nodes-file {file} cannot be read: {error.strerror}.") from None
    except ValueError:  # bytes that are no text, in the file or in its name
        raise BrokenTest(f"--nodes-file {file} is no text in UTF-8.") from None
    names = [line.strip() for line in lines if line.strip()]
    if not names:
        raise BadInput(f"--nodes-file {file} names no node: write a name on each line.")
    return names


def _refuse_unusable(names: Iterable[str]) -> None:
    seen: set[str] = set()
    for name in names:
        if not _NAME.fullmatch(name):
            raise BadInput(
                f"{name!r} is no name for a node: use letters, digits and, within, `.`, `_` or `-`."
            )
        if name in SERVICES or _TEST_CLIENT.fullmatch(name):
            whose = "a service" if name in SERVICES else "a client"
            raise BadInput(f"{name!r} is what {whose} is called: give the node another name.")
        if name in seen:
            raise BadInput(f"Two nodes cannot both be called {name!r}.")
        seen.add(name)
    if len(seen) > MAX_NODES:
        raise BadInput(f"There can be at most {MAX_NODES:,} nodes, not {len(seen):,}.")
