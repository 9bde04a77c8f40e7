"""What `faulthandler` writes when the system ends a process that works in a single call.

Of its frames, most recent first, each is a line like `  File "node.py", line 7 in echo`.
"""

from __future__ import annotations

import re
from pathlib import Path

_FRAME = re.compile(r'^  File "(.+)", line (\d+) in (.+)$', re.MULTILINE)
_LIBRARY = re.compile(r"^<|/(site-packages|dist-packages|lib/python3\.\d+)/")
_PACKAGE = f"{Path(__file__).resolve().parents[1]}/"
_CURRENT = "Current thread"
STUCK = "A single call works without end, and nothing can interrupt it"


def stuck(words: str) -> str | None:
    """The sentence about the call, with its line; None when there is no such line."""
    frames = (match.groups() for match in _FRAME.finditer(words.partition(_CURRENT)[2]))
    own = (f for f in frames if not (_LIBRARY.search(f[0]) or f[0].startswith(_PACKAGE)))
    frame = next(own, None)
    if frame is None:
        return None
    file, line, function = frame
    where = "" if function == "<module>" else f", in `{function}`"
    return f"{STUCK}: the one in line {line} of {Path(file).name}{where}."
