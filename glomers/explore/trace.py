"""A run as a small JSON file: what a failure looks like when it is sent to somebody.

{"format": "glomers-trace", "version": 1,
 "command": ["-w", "broadcast", "--bin", "node.py", "--node-count", "2"],
 "node_sha256": "…", "anomaly": "lost", "sentence": "n0 acknowledged 7 …",
 "ops": [{"at_ns": 0, "client": 0, "f": "broadcast", "value": "7"},
         {"at_ns": 0, "client": 1, "f": "read", "value": "nil", "end": true, "final": true}],
 "faults": [{"at_ns": 0, "fault": "partition", "do": "start", "request": "majority",
             "target": {"n0": ["n1"], "n1": ["n0"]}}],
 "fates": {"n0>n1 share": [null, [], [100000, 250000]]}}

Values are EDN text.  `end` marks operations after healing and rest: they name the clients that take
part in the end, which goes on as nodes answer.  `fates` has the delays in ns of each message of a
kind, in order of sending: `null` is the usual one, `[]` a message that is lost, two delays make two
copies.
"""

from __future__ import annotations

import json
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from glomers.bench.faults import FAULTS
from glomers.bench.flags import parse_options, words_of
from glomers.bench.nemesis import FaultEvent
from glomers.bench.options import Options
from glomers.bench.script import Script, ScriptedOp
from glomers.bench.workloads import workload_class
from glomers.errors import BadInput, ExploreError
from glomers.formats.edn import Keyword, dumps, kw
from glomers.formats.edn_reader import loads

_FORMAT = {"format": "glomers-trace", "version": 1}
_LAST_NS = 10**18  # thirty years of virtual time


@dataclass(frozen=True)
class Trace:
    """A run to be played back, the anomaly that it shows, and what happens in a sentence."""

    options: Options
    script: Script
    anomaly: str
    sentence: str
    node_sha256: str

    def to_json(self) -> str:
        """The text of the file."""
        head = {
            **_FORMAT,
            "command": words_of(self.options),
            "node_sha256": self.node_sha256,
            "anomaly": self.anomaly,
            "sentence": self.sentence,
        }
        fields = [f'"{key}": {_json(value)}' for key, value in head.items()]
        fields.append(_list("ops", map(_op_to_json, self.script.ops)))
        fields.append(_list("faults", map(_fault_to_json, self.script.faults)))
        fields.append(f'"fates": {_json(self.script.fates)}')
        return "{" + ",\n ".join(fields) + "}\n"

    @classmethod
    def load(cls, path: Path) -> Trace:
        """Read a trace.

        Raises:
            ExploreError: when the file cannot be read, or is no trace.
        """
        try:
            fields = json.loads(path.read_text(encoding="utf-8"))
        except OSError as error:
            raise ExploreError(f"{path} cannot be read: {error.strerror}.") from None
        except ValueError:
            raise ExploreError(f"{path} is no trace: it is not JSON.") from None
        if not isinstance(fields, dict) or any(fields.get(k) != v for k, v in _FORMAT.items()):
            raise ExploreError(f"{path} is no trace of version {_FORMAT['version']}.")
        try:
            options = parse_options(fields["command"])
            ops = tuple(map(_op_from_json, fields["ops"]))
            faults = tuple(map(_fault_from_json, fields["faults"]))
            _refuse_the_impossible(options, Script(ops, faults, fields["fates"]))
            return cls(
                options,
                Script(ops, faults, fields["fates"]),
                fields["anomaly"],
                fields["sentence"],
                fields["node_sha256"],
            )
        except _Impossible as error:
            raise ExploreError(f"{path} is damaged, or its command is: {error}.") from None
        except (KeyError, TypeError, ValueError) as error:
            raise ExploreError(f"{path} is damaged: {type(error).__name__}: {error}.") from None
        except BadInput as error:
            raise ExploreError(f"{path} has a wrong command: {error}") from None

    def with_program(self, program: Path) -> Trace:
        """The same for the node at another path."""
        return replace(self, options=replace(self.options, bin=program))


class _Impossible(Exception):
    """A trace has what no run of its command could have left."""


def _refuse_the_impossible(options: Options, script: Script) -> None:
    """Raise `_Impossible` for what no run of the command could have left."""
    for number, op in enumerate(script.ops, start=1):
        if problem := _problem_of_op(options, op):
            raise _Impossible(f"operation {number} {problem}")
    for event in script.faults:
        hit = FAULTS[event.fault].nodes_hit(event.target) if event.starts else frozenset()
        if strangers := hit.difference(options.node_ids):
            nodes = ", ".join(options.node_ids)
            raise _Impossible(f"a {event.fault} hits {min(strangers)}, and the nodes are {nodes}")
    if type(script.fates) is not dict or not all(map(_are_fates, script.fates.values())):
        raise _Impossible("its fates are no lists of delays by kind of message")


def _problem_of_op(options: Options, op: ScriptedOp) -> str | None:
    shape = workload_class(options.workload).shapes.get(op.f)
    if shape is None:
        return f"is a {op.f!r}, which the workload {options.workload} does not have"
    if not shape.asked(op.value):
        return f"has the value {dumps(op.value)}, where {shape.wanted} belongs"
    if not 0 <= op.thread < options.concurrency:
        return f"is of client {op.thread}, and there are {options.concurrency}, from 0 on"
    if not 0 <= op.at_ns <= _LAST_NS:
        return "is at a time that no test reaches"
    if not isinstance(op.extra, dict | None):
        return "has further entries that are no map"
    return None


def _are_fates(fates: Any) -> bool:
    return type(fates) is list and all(delays is None or _are_delays(delays) for delays in fates)


def _are_delays(delays: Any) -> bool:
    return type(delays) is list and all(type(ns) is int and 0 <= ns <= _LAST_NS for ns in delays)


def _json(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False)


def _list(name: str, items: Any) -> str:
    """A list with an item a line."""
    lines = ",\n  ".join(map(_json, items))
    return f'"{name}": [{lines}]'


def _op_to_json(op: ScriptedOp) -> dict[str, Any]:
    fields: dict[str, Any] = {
        "at_ns": op.at_ns,
        "client": op.thread,
        "f": op.f,
        "value": dumps(op.value),
    }
    fields |= {"end": True} if op.in_end else {}
    fields |= {"final": True} if op.final else {}
    return fields | ({"extra": dumps(dict(op.extra))} if op.extra else {})


def _op_from_json(fields: dict[str, Any]) -> ScriptedOp:
    return ScriptedOp(
        int(fields["at_ns"]),
        int(fields["client"]),
        str(fields["f"]),
        loads(fields["value"]),
        fields.get("end", False),
        fields.get("final", False),
        loads(fields["extra"]) if "extra" in fields else None,
    )


def _fault_to_json(event: FaultEvent) -> dict[str, Any]:
    request = event.request.name if isinstance(event.request, Keyword) else None
    return {
        "at_ns": event.at_ns,
        "fault": event.fault,
        "do": "start" if event.starts else "stop",
        **({"request": request} if request else {}),
        **({"target": event.target} if event.starts else {}),
    }


def _fault_from_json(fields: dict[str, Any]) -> FaultEvent:
    if fields["fault"] not in FAULTS:
        raise ValueError(f"there is no fault {fields['fault']!r}")
    request = kw(fields["request"]) if "request" in fields else None
    starts = fields["do"] == "start"
    return FaultEvent(int(fields["at_ns"]), fields["fault"], starts, request, fields.get("target"))
