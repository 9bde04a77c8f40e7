"""What if one thing had gone otherwise: a message dropped, delayed or doubled, or a node killed.

A run is a function of program, flags and seed.  So it is the same again up to the moment at which
the one thing is changed, and what comes after is what would have come of it, with the same dice.

    drop:17        message 17, by its id in the journal, never arrives
    delay:17:500   it arrives 500 ms later than it would have
    double:17      it arrives twice, the second time a little later
    kill:n1:1.5    n1 is killed 1.5 s after the beginning; it starts again when faults end
"""

from __future__ import annotations

import argparse
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from glomers.bench.clock import NS_PER_S
from glomers.bench.transit import NS_PER_MS, SCRIPTED_HOP_NS, Fate, Transit

FORMS = "drop:ID, delay:ID:MS, double:ID or kill:NODE:S"
_LAST_S = 1_000_000_000
_OF_MESSAGE = re.compile(r"(drop|double):([0-9]{1,12})|(delay):([0-9]{1,12}):([0-9]{1,9})")
_OF_NODE = re.compile(r"kill:([^:]+):([0-9]{1,9}(?:\.[0-9]{1,9})?)")


@dataclass(frozen=True)
class WhatIf:
    """The one thing that is changed.

    `what` is `drop`, `delay`, `double` or `kill`; `message` is the id of a message, `delay_ms` how
    much later it arrives; `node` is the node to be killed, `at_s` when.
    """

    what: str
    message: int = -1
    delay_ms: int = 0
    node: str = ""
    at_s: str = "0"

    def __str__(self) -> str:
        if self.what == "kill":
            return f"kill:{self.node}:{self.at_s}"
        return f"{self.what}:{self.message}{f':{self.delay_ms}' if self.what == 'delay' else ''}"

    @property
    def at_ns(self) -> int:
        """When the node is killed, in ns since the test began."""
        return round(float(self.at_s) * NS_PER_S)


def parse_what_if(text: str) -> WhatIf:
    """Read one of the forms above.

    Raises:
        argparse.ArgumentTypeError: when it is none.
    """
    if match := _OF_MESSAGE.fullmatch(text):
        what, message = match[1] or match[3], match[2] or match[4]
        return WhatIf(what, message=int(message), delay_ms=int(match[5] or 0))
    if match := _OF_NODE.fullmatch(text):
        return WhatIf("kill", node=match[1], at_s=match[2])
    raise argparse.ArgumentTypeError(f"must be {FORMS}, not {text!r:.60}")


class Altered:
    """The fates that another transit decides, but for one message.

    Messages are told apart by their ids, which the network gives in the order of sending, a copy
    one of its own.
    """

    def __init__(self, transit: Transit, what_if: WhatIf) -> None:
        self.longest_ns = transit.longest_ns
        self.disturb = transit.disturb
        self.is_done = False
        """Whether the message was sent."""
        self._decide = transit.fate
        self._what_if = what_if
        self._next_id = 0

    def fate(
        self, src: str, dest: str, body: Mapping[str, Any], now_ns: int, to_client: bool
    ) -> Fate:
        fate = self._decide(src, dest, body, now_ns, to_client)
        if self._next_id == self._what_if.message:
            fate, self.is_done = self._altered(fate, now_ns), True
        self._next_id += max(1, len(fate))
        return fate

    def _altered(self, fate: Fate, now_ns: int) -> Fate:
        if self._what_if.what == "drop":
            return ()
        due_ns = fate or (now_ns + SCRIPTED_HOP_NS,)  # a fault may have dropped it
        if self._what_if.what == "double":
            return (*due_ns, due_ns[-1] + SCRIPTED_HOP_NS)
        return tuple(each + self._what_if.delay_ms * NS_PER_MS for each in due_ns)
