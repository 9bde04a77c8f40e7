"""Runs as a page to step through is told of them, made by hand."""

from __future__ import annotations

from dataclasses import replace
from functools import partial

from glomers.drawing.messages import Band
from glomers.drawing.stepper.account import Account, Flaw, Knowledge, Listing, Operation
from glomers.formats.journal import Event
from glomers.formats.node_log import LogLine
from glomers.formats.node_state import CodePlace, NodeStep
from glomers.reading.node_states import states_after

MS = 1_000_000


def sent(ms, number, src, dest, **body):
    return Event("send", int(ms * MS), number, {"src": src, "dest": dest, "body": body})


def came(ms, number):
    return Event("recv", int(ms * MS), number)


def lost(ms, number):
    return Event("drop", int(ms * MS), number)


EVENTS = (
    sent(10, 0, "c1", "n0", type="broadcast", message=12, msg_id=1),
    came(11, 0),
    sent(11, 1, "n0", "n1", type="share", value=12),
    sent(11, 2, "n0", "c1", type="broadcast_ok", in_reply_to=1),
    lost(12, 1),
    came(12, 2),
    sent(900, 3, "c2", "n1", type="read", msg_id=1),
    came(901, 3),
    sent(901, 4, "n1", "c2", type="read_ok", messages=[], in_reply_to=1),
    came(902, 4),
)
_PLACE = CodePlace("node.py", 2, "broadcast")
TURNS = (
    NodeStep(0, "n0", "start", None, None, None, (), {"seen": {"is": "set", "+": [], "of": 0}}),
    NodeStep(0, "n1", "start", None, None, None, (), {"seen": {"is": "set", "+": [], "of": 0}}),
    NodeStep(11 * MS, "n0", "message", 0, None, _PLACE, (1, 2), {"seen": {"+": ["12"]}}),
    NodeStep(500 * MS, "n1", "timer", None, 1, None, (), {"rounds": {"=": "1"}}),
    NodeStep(901 * MS, "n1", "message", 3, None, None, (4,), {}),
)


def account(**changes):
    """A broadcast that is lost: 14 events, in the last of which a read does not show it."""
    made = Account(
        title="n0 never sent 12 again.",
        command="glomers bench test -w broadcast --seed 7",
        verdict="invalid (workload)",
        nodes=("n0", "n1"),
        events=EVENTS,
        seed=7,
        faults=[Band(0.0115, 0.013, "partition: n0 | n1")],
        flaws=[Flaw("n1 does not show 12.", (0, 1, 3, 4))],
        operations=[
            Operation(1, "n0", "broadcast 12", "ok", "", 12 * MS, (0, 2), "12"),
            Operation(2, "n1", "read", "ok", "[]", 902 * MS, (3, 4)),
            Operation(3, "n1", "read", "info", "timeout", 950 * MS),
        ],
        logs={"n0": [LogLine(0.011, "heard 12")]},
        program=Listing({"node.py": ["@node.on('broadcast')", "def broadcast(message):"]}),
        knowledge=Knowledge(TURNS, partial(states_after, TURNS), "seen"),
    )
    return replace(made, **changes)
