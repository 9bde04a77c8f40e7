"""Echo: every reply carries what was sent."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from glomers.bench.checkers.judgement import CheckOptions, Result
from glomers.formats.edn import equality_key, keywordize, kw
from glomers.formats.history import Op, pairs

_ECHO = kw("echo")


def check(history: Sequence[Op], options: CheckOptions) -> Result:
    """List the operations whose reply is not what was sent.

    An operation that failed counts as an error, one with an open outcome does not.
    """
    errors = tuple(
        ["Expected a message with :echo", sent.value, "But received", done.value]
        for sent, done in pairs(history)
        if done is not None
        and done.type != "info"
        and equality_key(sent.value) != equality_key(_echoed(done.value))
    )
    return keywordize({"valid?": not errors, "errors": errors})


def _echoed(reply: Any) -> Any:
    return reply.get(_ECHO) if isinstance(reply, dict) else None
