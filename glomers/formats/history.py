"""Histories: what clients and the nemesis asked for and what came of it, one operation a line."""

from __future__ import annotations

import gzip
import re
import zlib
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from glomers.formats.edn import Keyword, Tagged, dumps, kw
from glomers.formats.edn_reader import loads, loads_all

TYPES = ("invoke", "ok", "fail", "info")
_INDEX, _TIME, _TYPE, _PROCESS = kw("index"), kw("time"), kw("type"), kw("process")
_F, _VALUE, _ERROR, _FINAL = kw("f"), kw("value"), kw("error"), kw("final?")


class HistoryError(ValueError):
    """A history cannot be read, or is not one."""


@dataclass(slots=True)
class Op:
    """An operation's beginning (`invoke`) or end (`ok`, `fail`, `info`: nobody knows).

    `time_ns` counts from the start of the run; `process` is the client's number or "nemesis";
    `value` is EDN-shaped (see `glomers.formats.edn`); `final` marks a final read; `extra` holds
    further keys of the line, such as `:exception`.
    """

    index: int
    time_ns: int
    type: str
    process: int | str
    f: str
    value: Any
    error: Any = None
    final: bool = False
    extra: dict[Keyword, Any] | None = None


_LINE = re.compile(
    r"\{:index (\d+), :time (-?\d+), :type :(invoke|ok|fail|info), "
    r":process (\d+|:nemesis), :f :([^\s,\"(){}\[\];\\]+), :value (.*)\}\s*",
    re.DOTALL,
)
# Names come from a handful per run; sharing them keeps a million operations small.
_names: dict[str, str] = {name: name for name in (*TYPES, "nemesis")}


def _shared(name: str) -> str:
    return _names.setdefault(name, name)


def parse_op(line: str) -> Op:
    """Read one line of a history.

    Raises:
        EdnError: when the line is not EDN.
        HistoryError: when it is no operation.
    """
    match = _LINE.fullmatch(line)
    if match is None:
        return _parse_any_op(line)
    index, time_ns, kind, process, f, rest = match.groups()
    try:
        value, *others = loads_all(rest)
    except ValueError:
        return _parse_any_op(line)
    op = Op(
        int(index),
        int(time_ns),
        _names[kind],
        "nemesis" if process == ":nemesis" else int(process),
        _shared(f),
        value,
    )
    if others:
        if len(others) % 2:
            return _parse_any_op(line)
        _add_others(op, dict(zip(others[::2], others[1::2], strict=True)))
    return op


def _parse_any_op(line: str) -> Op:
    """Read a line whatever the order of its keys."""
    fields = loads(line)
    if not isinstance(fields, dict):
        raise HistoryError("there is no map of an operation")
    kind = fields.pop(_TYPE, None)
    if not isinstance(kind, Keyword) or kind.name not in TYPES:
        raise HistoryError(f"an operation's :type is {_text(kind)}, not :invoke, :ok, :fail, :info")
    f = fields.pop(_F, None)
    if not isinstance(f, Keyword):
        raise HistoryError(f"an operation's :f is {_text(f)}, not a keyword")
    op = Op(
        _take_int(fields, _INDEX),
        _take_int(fields, _TIME),
        _shared(kind.name),
        _take_process(fields),
        _shared(f.name),
        fields.pop(_VALUE, None),
    )
    _add_others(op, fields)
    return op


def _text(value: Any) -> str:
    text = dumps(value)
    return text if len(text) <= 40 else text[:37] + "..."


def _take_int(fields: dict[Keyword, Any], key: Keyword) -> int:
    value = fields.pop(key, None)
    if type(value) is not int:
        raise HistoryError(f"an operation's {key} is {_text(value)}, not an integer")
    return value


def _take_process(fields: dict[Keyword, Any]) -> int | str:
    process = fields.pop(_PROCESS, None)
    if isinstance(process, Keyword):
        return _shared(process.name)
    if type(process) is not int:
        raise HistoryError(f"an operation's :process is {_text(process)}, not an integer")
    return process


def _add_others(op: Op, others: dict[Keyword, Any]) -> None:
    op.error = others.pop(_ERROR, None)
    op.final = others.pop(_FINAL, None) is True
    op.extra = others or None


def format_op(op: Op, value: str | None = None) -> str:
    """The line of `op` as Maelstrom writes it, without the line's end.

    `value` is the operation's value as EDN, where that is known already.
    """
    value = dumps(op.value) if value is None else value
    others = [f", {key} {dumps(value)}" for key, value in _others(op).items()]
    return (
        f"{{:index {op.index}, :time {op.time_ns}, :type :{op.type}, "
        f":process {_process(op)}, :f :{op.f}, :value {value}{''.join(others)}}}"
    )


def format_text(op: Op, value: str) -> str:
    """The line of `op` in `history.txt`, without its end; `value` is its value as EDN."""
    error = "" if op.error is None else f"\t{dumps(op.error)}"
    return f"{_process(op)}\t:{op.type}\t:{op.f}\t{value}{error}"


def _process(op: Op) -> str:
    return str(op.process) if isinstance(op.process, int) else f":{op.process}"


def _others(op: Op) -> dict[Keyword, Any]:
    """The keys of `op` that not every line has."""
    others: dict[Keyword, Any] = {_FINAL: True} if op.final else {}
    if op.extra:
        others |= op.extra
    if op.error is not None:
        others[_ERROR] = op.error
    return others


def op_record(op: Op) -> Tagged:
    """`op` as it stands in results: `#jepsen.history.Op{:index 0, ...}`."""
    fields = {
        _INDEX: op.index,
        _TIME: op.time_ns,
        _TYPE: kw(op.type),
        _PROCESS: op.process if isinstance(op.process, int) else kw(op.process),
        _F: kw(op.f),
        _VALUE: op.value,
    }
    return Tagged("jepsen.history.Op", fields | _others(op))


def write_history(path: Path, history: Iterable[Op]) -> None:
    """Write `history` to `path`, one operation a line."""
    with path.open("w", encoding="utf-8", newline="\n") as file:
        file.writelines(f"{format_op(op)}\n" for op in history)


def read_history(path: Path) -> list[Op]:
    """Read a history from `path` (`.edn`, or gzipped as `.edn.gz`).

    An invocation without a completion is legal: the run ended first.

    Raises:
        HistoryError: in one sentence, when the file cannot be read, holds no operations or is
            damaged, when an index does not follow the one before it, or when completions do not
            match invocations.
    """
    history = []
    number = 0
    try:
        for line in _lines(path):
            number += 1
            if not line.isspace():
                history.append(parse_op(line))
    except ValueError as error:
        place = f", line {number}" if number else ""
        raise HistoryError(f"{path}{place}: {error}") from None
    if not history:
        raise HistoryError(f"{path} holds no operations")
    problem = _find_disorder(history)
    if problem:
        raise HistoryError(f"{path}: {problem}")
    return history


def _lines(path: Path) -> Iterator[str]:
    """The lines of a file, unpacked if it is gzipped (whatever it is called)."""
    try:
        with path.open("rb") as probe:
            is_gzip = probe.read(2) == b"\x1f\x8b"
        opener = gzip.open if is_gzip else open
        with opener(path, "rt", encoding="utf-8", newline="\n") as file:
            yield from file
    except UnicodeDecodeError:
        raise HistoryError("the text is not UTF-8") from None
    except EOFError:
        raise HistoryError("the gzipped file is cut off here; record or copy it again") from None
    except (gzip.BadGzipFile, zlib.error):
        raise HistoryError("the gzipped file is damaged; record or copy it again") from None
    except OSError as error:
        raise HistoryError(f"the file cannot be read: {error.strerror}") from None


def _find_disorder(history: Sequence[Op]) -> str | None:
    """Say what keeps `history` from being one, if anything does."""
    last_index = -1
    open_ops: dict[int | str, Op] = {}
    for op in history:
        if op.index <= last_index:
            return f"index {op.index} comes after index {last_index}"
        last_index = op.index
        process = op.process
        if not isinstance(process, int):
            continue
        if op.type == "invoke":
            if process in open_ops:
                return f"process {process} invokes index {op.index} before its last one is done"
            open_ops[process] = op
        elif process not in open_ops:
            return f"index {op.index} completes an operation that was never invoked"
        else:
            invoked = open_ops.pop(process)
            if invoked.f != op.f:
                return f"index {op.index} completes :{invoked.f} of {invoked.index} as :{op.f}"
    return None


def pairs(history: Iterable[Op]) -> list[tuple[Op, Op | None]]:
    """Clients' invocations in order, each with its completion (None: still open at the end)."""
    paired: list[tuple[Op, Op | None]] = []
    open_at: dict[int, int] = {}
    for op in history:
        if not isinstance(op.process, int):
            continue
        if op.type == "invoke":
            open_at[op.process] = len(paired)
            paired.append((op, None))
        elif op.process in open_at:
            at = open_at.pop(op.process)
            paired[at] = (paired[at][0], op)
    return paired
