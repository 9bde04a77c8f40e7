"""How long an exercise takes: an estimate from what there is to read, to write and to check.

It stands until somebody has measured in a room: docs/teaching.md says what it is made of.
"""

from __future__ import annotations

import re

WORDS_A_MINUTE = 200
CODE_WORDS_A_MINUTE = 100
PREDICTION_MIN = 3.0
"""To think of an answer, and to write it down."""
LINE_MIN = 1.5
"""To find a line of one's own, and to write it."""
CHECK_MIN = 1.0
"""To run a check, and to read what it says: once for each gap, once more for each stage."""
_STEP_MIN = 5
_WORD = re.compile(r"\w+")


def minutes(prose: str, code: str, own_lines: int, checks: int) -> int:
    """About how many minutes it takes to read prose and code, predict, write, and check.

    They are rounded to five: an estimate is not known more exactly.
    """
    reading = _words(prose) / WORDS_A_MINUTE + _words(code) / CODE_WORDS_A_MINUTE
    work = own_lines * LINE_MIN + checks * CHECK_MIN
    return _STEP_MIN * round((reading + PREDICTION_MIN + work) / _STEP_MIN)


def _words(text: str) -> int:
    return len(_WORD.findall(text))
