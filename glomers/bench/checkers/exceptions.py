"""Exceptions that ended clients' operations, the most frequent first; they are always valid."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from glomers.bench.checkers.judgement import CheckOptions, Result
from glomers.formats.edn import keywordize, kw
from glomers.formats.history import Op, op_record

_EXCEPTION, _VIA, _TYPE = kw("exception"), kw("via"), kw("type")


def check(history: Sequence[Op], options: CheckOptions) -> Result:
    """Count the exceptions of each class and show the first operation it ended."""
    by_class: dict[Any, list[Op]] = {}
    for op in history:
        if op.type == "info" and op.extra and op.extra.get(_EXCEPTION):
            by_class.setdefault(_class(op.extra[_EXCEPTION]), []).append(op)
    if not by_class:
        return keywordize({"valid?": True})
    frequent_first = sorted(by_class.items(), key=lambda item: -len(item[1]))
    exceptions = tuple(
        keywordize({"count": len(ops), "class": name, "example": op_record(ops[0])})
        for name, ops in frequent_first
    )
    return keywordize({"valid?": True, "exceptions": exceptions})


def _class(exception: Any) -> Any:
    """The class of the outermost exception, as far as `exception` names one."""
    try:
        return exception[_VIA][0][_TYPE]
    except (KeyError, IndexError, TypeError):
        return None
