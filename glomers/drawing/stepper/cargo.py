"""What a page holds of a run: columns of small numbers and tables of texts, packed.

Times are in microseconds, and columns that rise are kept as differences.  The page unpacks it with
`DecompressionStream`.  Equal runs give equal text, byte for byte.
"""

from __future__ import annotations

import json
import zlib
from base64 import urlsafe_b64encode
from collections.abc import Iterable, Mapping, Sequence
from itertools import pairwise
from typing import Any

from glomers.drawing.messages import arrows_of, column_order
from glomers.drawing.stepper.account import Account
from glomers.drawing.stepper.steps import Deed, Step, causes_of, step_of_flaw, steps_of
from glomers.drawing.values import is_acknowledgement, value_of
from glomers.formats.text import clean, shortened

_GZIP = 31
"""What zlib calls a gzip file, with the largest window; it notes no time in it."""
_BODY_CHARACTERS = 2_000
_NAME_CHARACTERS = 60
_TEXT_CHARACTERS = 400
_LOG_LINES = 2_000
_LINE_CHARACTERS = 240
_MOST_FILES, _MOST_FILE_LINES = 4, 800
_BEFORE = 0.7
"""Of a run that is cut: the share of the steps that come before the failure."""
_LEAST_STEPS = 50


def pack(account: Account, most_bytes: int) -> str:
    """The run as base64, in at most so many bytes; else a window around what went wrong.

    It is the base64 of addresses, without slashes: in the other one, paths seem to stand.  The
    window is never shorter than 50 steps, even where these take more.
    """
    packer = _Packer(account)
    total = len(packer.steps)
    count = total
    packed = packer.window(0, total)
    while len(packed) > most_bytes and count > _LEAST_STEPS:
        count = max(_LEAST_STEPS, int(count * min(0.9, 0.95 * most_bytes / len(packed))))
        first = int(min(max(0, packer.middle - count * _BEFORE), total - count))
        packed = packer.window(first, first + count)
    return packed


class _Table:
    """Texts, each once, by number."""

    def __init__(self) -> None:
        self.texts: list[Any] = []
        self._numbers: dict[Any, int] = {}

    def number(self, text: Any) -> int:
        known = self._numbers.setdefault(text, len(self.texts))
        if known == len(self.texts):
            self.texts.append(text)
        return known


class _Packer:
    """Packs stretches of the steps of an account."""

    def __init__(self, account: Account) -> None:
        self._account = account
        self.steps = steps_of(account)
        self._causes = causes_of(account, self.steps)
        self._sent = {event.id: event.message for event in account.events if event.kind == "send"}
        flaws = ((step_of_flaw(self.steps, f.messages, f.answer), f) for f in account.flaws)
        self._flaws = [(place, flaw) for place, flaw in flaws]
        self.middle = next((place for place, _ in self._flaws if place is not None), 0)
        names = column_order(arrows_of(account.events))
        self._names = list(dict.fromkeys([*names, *account.nodes]))
        self._places = {name: number for number, name in enumerate(self._names)}

    def window(self, first: int, end: int) -> str:
        """The steps from `first` until before `end`."""
        steps = self.steps[first:end]
        messages = dict.fromkeys(step.about for step in steps if step.is_of_message)
        numbers = {message: number for number, message in enumerate(messages)}
        account = self._account
        data = {
            "title": _text(account.title),
            "command": _text(account.command),
            "seed": account.seed,
            "changeable": _text(account.changeable),
            "verdict": _text(account.verdict),
            "notes": list(map(_text, account.notes)),
            "names": [_text(name, _NAME_CHARACTERS) for name in self._names],
            "nodes": [self._places[name] for name in account.nodes],
            "first": first,
            "total": len(self.steps),
            "steps": self._steps(first, end, numbers),
            "messages": self._messages(messages),
            "turns": self._turns(first, end),
            "holder": account.knowledge.holder,
            "faults": [_text(band.label) for band in account.faults],
            "operations": self._operations(steps, numbers),
            "flaws": [
                [
                    _text(flaw.text),
                    place - first if place is not None and first <= place < end else -1,
                    [numbers[message] for message in flaw.messages if message in numbers],
                ]
                for place, flaw in self._flaws
            ],
            "logs": self._logs(steps),
            "files": {
                _text(name): [_text(line, _LINE_CHARACTERS) for line in lines[:_MOST_FILE_LINES]]
                for name, lines in [*account.program.files.items()][:_MOST_FILES]
            },
            "handlers": {_text(k): [_text(f), n] for k, (f, n) in account.program.handlers.items()},
        }
        return _packed(data)

    def _steps(self, first: int, end: int, numbers: dict[int, int]) -> dict[str, list[int]]:
        steps = self.steps[first:end]
        return {
            "deed": [int(step.deed) for step in steps],
            "us": _differences(step.time_ns // 1000 for step in steps),
            "about": [numbers[s.about] if s.is_of_message else s.about for s in steps],
            "by": self._causes[first:end],
        }

    def _turns(self, first: int, end: int) -> dict[str, list[Any]]:
        """Of the nodes' turns: the steps that they are, whose, their places, and what changed."""
        turns = self._account.knowledge.turns
        kinds, places, paths = _Table(), _Table(), _Table()
        columns: dict[str, list[Any]] = {
            name: [] for name in ("step", "node", "kind", "place", "changes")
        }
        for number, step in enumerate(self.steps[first:end]):
            if step.turn is None:
                continue
            turn = turns[step.turn]
            columns["step"].append(number)
            columns["node"].append(self._places.get(turn.node, -1))
            columns["kind"].append(kinds.number(turn.kind))
            columns["place"].append(places.number(turn.place) if turn.place else -1)
            columns["changes"].append([_change(paths, *item) for item in turn.changes.items()])
        columns["step"] = _differences(columns["step"])
        before = self._known_before(first, paths)
        tables = {
            "kinds": kinds.texts,
            "places": [[_text(p.file), p.line, _text(p.function)] for p in places.texts],
            "paths": [_text(path) for path in paths.texts],
        }
        return {**columns, **tables, "before": before}

    def _known_before(self, first: int, paths: _Table) -> list[Any]:
        """What each node knew before the first step, as changes."""
        passed = [step.turn for step in self.steps[:first] if step.turn is not None]
        if not passed:
            return []
        states = self._account.knowledge.after(max(passed))
        return [
            [self._places.get(node, -1), [_whole(paths.number(p), v) for p, v in state.items()]]
            for node, state in states.items()
        ]

    def _messages(self, messages: Iterable[int]) -> dict[str, list[Any]]:
        types, bodies = _Table(), _Table()
        columns: dict[str, list[Any]] = {
            name: [] for name in ("id", "src", "dest", "type", "body", "msg", "re")
        }
        for number in messages:
            message = self._sent.get(number)
            message = message if isinstance(message, dict) else {}
            body = message.get("body")
            kind, rest, msg_id, reply_to = _parts(body)
            columns["id"].append(number)
            columns["src"].append(self._places[str(message.get("src"))])
            columns["dest"].append(self._places[str(message.get("dest"))])
            columns["type"].append(types.number(kind))
            says = _text(value_of(body))
            columns["body"].append(bodies.number((rest, says, is_acknowledgement(body))))
            columns["msg"].append(msg_id)
            columns["re"].append(reply_to)
        for name in ("id", "msg", "re"):
            columns[name] = _differences(columns[name])
        names = ("bodies", "says")
        tables = {name: [row[i] for row in bodies.texts] for i, name in enumerate(names)}
        quiet = [number for number, row in enumerate(bodies.texts) if row[2]]
        return {**columns, "types": types.texts, **tables, "quiet": quiet}

    def _operations(self, steps: Sequence[Step], numbers: dict[int, int]) -> list[Any]:
        """Of the operations those that have to do with a step, each with its place."""
        failed = {step.about for step in steps if step.deed is Deed.OPERATION_FAILS}
        return [
            [
                place,
                operation.process,
                self._places.get(operation.node, -1),
                _text(operation.asked),
                operation.outcome,
                _text(operation.answer),
                [numbers[message] for message in operation.messages if message in numbers],
                operation.acknowledged,
            ]
            for place, operation in enumerate(self._account.operations)
            if place in failed or any(message in numbers for message in operation.messages)
        ]

    def _logs(self, steps: Sequence[Step]) -> list[Any]:
        """The lines of each node: its place, their times, their texts, how many are left out."""
        if not steps:
            return []
        start_s, end_s = steps[0].time_ns / 1e9, steps[-1].time_ns / 1e9
        start_s = 0.0 if steps[0] is self.steps[0] else start_s
        share = max(20, _LOG_LINES // max(1, len(self._account.logs)))
        found = []
        for node, lines in self._account.logs.items():
            timed = [line for line in lines if line.time_s is not None]
            kept = [line for line in timed if start_s <= (line.time_s or 0.0) <= end_s][:share]
            if lines:
                times = _differences(int((line.time_s or 0.0) * 1e6) for line in kept)
                texts = [_text(line.text, _LINE_CHARACTERS) for line in kept]
                found.append([self._places.get(node, -1), times, texts, len(lines) - len(kept)])
        return found


def _parts(body: Any) -> tuple[str, str, int, int]:
    """A body's type, its other fields as JSON, and its two numbers (-1: none)."""
    if not isinstance(body, dict):
        return "", _json(body), -1, -1
    rest = dict(body)
    kind = rest.pop("type") if isinstance(rest.get("type"), str) else ""
    numbers = [rest.pop(name) if _is_small(rest.get(name)) else -1 for name in _NUMBERS]
    return _text(kind, _NAME_CHARACTERS), _json(rest) if rest else "", numbers[0], numbers[1]


_NUMBERS = ("msg_id", "in_reply_to")


def _change(paths: _Table, path: str, change: Mapping[str, Any]) -> list[Any]:
    """What became of a variable: a text, 0 when it is no more, or what its container gets."""
    number = paths.number(path)
    if "gone" in change:
        return [number, 0]
    return [number, _text(change["="]) if "=" in change else dict(change)]


def _whole(number: int, value: Any) -> list[Any]:
    """A variable as a change from nothing."""
    if isinstance(value, str):
        return [number, _text(value)]
    return [number, {"is": value.kind, "+": list(value.items), "of": value.count}]


def _is_small(value: Any) -> bool:
    return type(value) is int and 0 <= value < 2**53


def _json(value: Any) -> str:
    try:
        text = json.dumps(value, ensure_ascii=False, separators=(",", ":"), default=str)
    except (ValueError, RecursionError):
        return '"(a body that cannot be shown)"'
    return _text(text, _BODY_CHARACTERS)


def _text(text: str, most: int = _TEXT_CHARACTERS) -> str:
    return clean(shortened(text, most))


def _differences(numbers: Iterable[int]) -> list[int]:
    values = [0, *numbers]
    return [after - before for before, after in pairwise(values)]


def _packed(data: dict[str, Any]) -> str:
    return gzipped(json.dumps(data, ensure_ascii=False, separators=(",", ":")))


def gzipped(text: str) -> str:
    """A text as it stands in a page: gzipped, as base64 of addresses."""
    packer = zlib.compressobj(9, zlib.DEFLATED, _GZIP)
    return urlsafe_b64encode(packer.compress(text.encode()) + packer.flush()).decode("ascii")
