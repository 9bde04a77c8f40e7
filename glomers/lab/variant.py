"""A node made from another by changing a few lines, with the change in sight."""

from __future__ import annotations

from collections.abc import Mapping
from difflib import unified_diff
from pathlib import Path

from glomers.errors import LabError
from glomers.files import shown
from glomers.lab import front, html

_CONTEXT_LINES = 1
_PRE_STYLE = "margin:4px 0;white-space:pre-wrap"
_LINE_STYLES = {"+": "color:#116329;background:#e6ffec", "-": "color:#a40e26;background:#ffebe9"}


def variant(source: str | Path, target: str | Path, changes: Mapping[str, str]) -> None:
    """Write the program of a node with some of its text changed; a notebook shows the difference.

    Args:
        source: the program that is changed; it stays as it is.
        target: where the other one is written.
        changes: new texts by the old ones, which are applied in this order. Each old text must
            stand in the program exactly once.

    Raises:
        LabError: when an old text is not there or there more than once, or a file cannot be read
            or written.
    """
    try:
        text = before = Path(source).read_text(encoding="utf-8")
        for old, new in changes.items():
            _look_for(old, text, source, target)
            text = text.replace(old, new)
        Path(target).write_text(text, encoding="utf-8")
    except OSError as error:
        raise LabError(
            f"{shown(target)} cannot be made from {shown(source)}: {error.strerror}."
        ) from None
    if front.shell():
        diff = difference(before, text, Path(source).name, Path(target).name)
        front.show({"text/plain": diff, "text/html": _html(diff)})


def _look_for(old: str, text: str, source: str | Path, target: str | Path) -> None:
    if (count := text.count(old)) == 1:
        return
    found = "is not" if count == 0 else f"stands {count} times"
    line = next(filter(None, map(str.strip, old.splitlines())), old)
    raise LabError(
        f"The text to be changed {found} in {shown(source)}, where it must stand once: `{line}`. "
        f"Run the cell again that writes this file, or make the change in {shown(target)} yourself."
    )


def difference(before: str, after: str, source: str, target: str) -> str:
    """What differs between two programs, as a unified diff with a line around each change."""
    lines = before.splitlines(), after.splitlines()
    return "\n".join(unified_diff(*lines, source, target, lineterm="", n=_CONTEXT_LINES))


def _html(diff: str) -> str:
    """A diff with its marks and, besides, in colours."""
    lines = "\n".join(map(_line, diff.splitlines()))
    return f'<pre style="{_PRE_STYLE}">{lines}</pre>'


def _line(line: str) -> str:
    is_name = line.startswith(("+++ ", "--- "))
    style = "" if is_name else _LINE_STYLES.get(line[:1], "")
    return f'<span style="{style}">{html.text(line)}</span>' if style else html.text(line)
