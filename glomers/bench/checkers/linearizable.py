"""Linearizability (lin-kv): every key behaves like one register that is read, written, swapped.

An operation takes effect at one moment between its invocation and its end.  After Wing and Gong
(*Testing and Verifying Concurrent Objects*, 1993) and Lowe (*Testing for Linearizability*, 2017),
the history of a key is gone through once, keeping every *configuration* that it allows: the
register's value, and which of the operations that are going on have taken effect already.  They
take effect as late as possible, when one ends that has not yet.  If no configuration is left
then, the history is not linearizable.

Configurations are kept once (they are hashable), and fewer by three rules that lose nothing:

* a read takes effect as soon as the value fits, as it changes nothing;
* an operation with an open outcome may take effect at any time after it began, or never; of
  several alike, only their number counts;
* a configuration that spent more of those than another one, else the same, is dropped.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

from glomers.bench.checkers.clojure_order import ordered
from glomers.bench.checkers.judgement import (
    UNKNOWN,
    VALID,
    CheckOptions,
    Result,
    merge_valid,
)
from glomers.formats.edn import Keyword, Tagged, dumps, equality_key, freeze, keywordize, kw
from glomers.formats.history import Op, pairs

MAX_CONFIGURATIONS = 200_000
MAX_SHOWN = 10


def check(history: Sequence[Op], options: CheckOptions) -> Result:
    """Judge each key by itself; values are `[key value]`, for a swap `[key [from to]]`.

    Raises:
        CheckError: when keys have no common order.
    """
    calls: dict[Any, list[Access]] = {}
    keys: dict[Any, Any] = {}
    for invoked, done in pairs(history):
        key, _ = invoked.value
        keys[equality_key(key)] = key
        of_key = calls.setdefault(equality_key(key), [])
        if done is None or done.type != "fail":
            of_key.append(_call(invoked, done))
    results = {}
    for key in ordered(keys.values()):
        linearizable = _check_key(calls[equality_key(key)])
        results[freeze(key)] = keywordize(
            {
                "linearizable": linearizable,
                "timeline": {VALID: True},
                "valid?": linearizable[VALID],
            }
        )
    return keywordize(
        {
            "valid?": merge_valid(result[VALID] for result in results.values()),
            "results": results,
            "failures": [key for key, result in results.items() if result[VALID] is False],
        }
    )


@dataclass(frozen=True, slots=True)
class Access:
    """An operation on the register: `value` is what was read or written, or `[from to]`.

    `done` is its successful end, None if its outcome is open.
    """

    f: str
    value: Any
    invoked: Op
    done: Op | None

    def apply(self, state: Any) -> tuple[bool, Any]:
        """Whether it can take effect on `state` (a stand-in for a value), and what is then."""
        if self.f == "write":
            return True, equality_key(self.value)
        if self.f == "cas":
            expected, new = self.value
            return equality_key(expected) == state, equality_key(new)
        return self.value is None or equality_key(self.value) == state, state

    @property
    def shape(self) -> Any:
        """The same for operations that do the same."""
        return self.f, equality_key(self.value)


def _call(invoked: Op, done: Op | None) -> Access:
    is_ok = done is not None and done.type == "ok"
    shown = done if done is not None and is_ok else invoked
    return Access(shown.f, shown.value[1], invoked, done if is_ok else None)


Configuration = tuple[Any, int, tuple[int, ...]]
"""The value, which calls under way have taken effect (bits), and how many open ones of a shape."""


class _TooMany(Exception):
    """There are too many configurations to keep."""


@dataclass
class _Search:
    """The calls under way, by slot, and the configurations that the history so far allows.

    `last` has, for each configuration, the call that took effect last on the way there.
    """

    configurations: dict[Configuration, Access | None] = field(
        default_factory=lambda: {(None, 0, ()): None}
    )
    under_way: dict[int, Access] = field(default_factory=dict)
    values: dict[Any, Any] = field(default_factory=dict)
    open_calls: list[Access] = field(default_factory=list)
    open_counts: list[int] = field(default_factory=list)
    shapes: dict[Any, int] = field(default_factory=dict)

    def begin(self, call: Access) -> None:
        """Take a call into account that has begun."""
        if call.f != "read":
            new = call.value[1] if call.f == "cas" else call.value
            self.values[equality_key(new)] = new
        if call.done is None:
            self._begin_open(call)
            return
        slot = next(n for n in range(len(self.under_way) + 1) if n not in self.under_way)
        self.under_way[slot] = call
        if call.f == "read":
            self.configurations = {
                self._with_reads(configuration, [(slot, call)]): last
                for configuration, last in self.configurations.items()
            }

    def _begin_open(self, call: Access) -> None:
        """Take a call into account that may take effect at any time, or never."""
        if call.f == "read":
            return
        number = self.shapes.setdefault(call.shape, len(self.shapes))
        if number < len(self.open_counts):
            self.open_counts[number] += 1
            return
        self.open_calls.append(call)
        self.open_counts.append(1)
        self.configurations = {
            (state, mask, (*used, 0)): last
            for (state, mask, used), last in self.configurations.items()
        }

    def end(self, call: Access) -> dict[Configuration, Access | None]:
        """Keep the configurations in which `call` has taken effect by now.

        Returns those that there were before, for the case that none is left.

        Raises:
            _TooMany: when there are more than MAX_CONFIGURATIONS on the way.
        """
        slot = next(n for n, other in self.under_way.items() if other is call)
        bit = 1 << slot
        before = self.configurations
        after: dict[Configuration, Access | None] = {}
        seen = dict(before)
        queue = [*before]
        while queue:
            configuration = queue.pop()
            state, mask, used = configuration
            if mask & bit:
                # A read that fits may as well have been the last to take effect.
                is_last = call.f == "read" and call.apply(state)[0]
                last = call if is_last else seen[configuration]
                after.setdefault((state, mask & ~bit, used), last)
                continue
            for following, cause in self.following(configuration):
                if following not in seen:
                    seen[following] = cause
                    queue.append(following)
            if len(seen) > MAX_CONFIGURATIONS:
                raise _TooMany
        if after:
            del self.under_way[slot]
        self.configurations = _without_spendthrifts(after)
        return before

    def following(self, configuration: Configuration) -> Iterator[tuple[Configuration, Access]]:
        """The configurations after one more call has taken effect."""
        state, mask, used = configuration
        reads = [(slot, call) for slot, call in self.under_way.items() if call.f == "read"]
        for slot, call in self.under_way.items():
            if mask >> slot & 1 or call.f == "read":
                continue
            fits, new = call.apply(state)
            if fits:
                yield self._with_reads((new, mask | 1 << slot, used), reads), call
        for number, call in enumerate(self.open_calls):
            if used[number] == self.open_counts[number]:
                continue
            fits, new = call.apply(state)
            if fits and new != state:
                spent = (*used[:number], used[number] + 1, *used[number + 1 :])
                yield self._with_reads((new, mask, spent), reads), call

    def register(self, configuration: Configuration) -> Tagged:
        """The register as Knossos shows it."""
        value = self.values.get(configuration[0])
        return Tagged("knossos.model.CASRegister", {kw("value"): value})

    def misfit(self, configuration: Configuration, call: Access) -> Tagged:
        """Why `call` cannot take effect next, as Knossos shows it."""
        value = dumps(self.values.get(configuration[0]))
        message = f"can't read {dumps(call.value)} from register {value}"
        if call.f == "cas":
            expected, new = call.value
            message = f"can't CAS {value} from {dumps(expected)} to {dumps(new)}"
        return Tagged("knossos.model.Inconsistent", {kw("msg"): message})

    @staticmethod
    def _with_reads(
        configuration: Configuration, reads: Iterable[tuple[int, Access]]
    ) -> Configuration:
        """`configuration` after all of `reads` that fit have taken effect."""
        state, mask, used = configuration
        for slot, call in reads:
            if call.apply(state)[0]:
                mask |= 1 << slot
        return state, mask, used


def _without_spendthrifts(
    configurations: dict[Configuration, Access | None],
) -> dict[Configuration, Access | None]:
    """Drop configurations that spent more open calls than one that is else the same."""
    groups: dict[tuple[Any, int], list[tuple[int, ...]]] = {}
    kept = {}
    for configuration in sorted(configurations, key=lambda c: sum(c[2])):
        state, mask, used = configuration
        thrifty = groups.setdefault((state, mask), [])
        if any(all(map(int.__le__, other, used)) for other in thrifty):
            continue
        thrifty.append(used)
        kept[configuration] = configurations[configuration]
    return kept


def _events(calls: Sequence[Access]) -> Iterator[tuple[Access, bool]]:
    """The calls' beginnings and successful ends in order, and which of both."""
    begins = [(call.invoked.index, call, False) for call in calls]
    ends = [(call.done.index, call, True) for call in calls if call.done is not None]
    for _, call, is_end in sorted(begins + ends, key=lambda event: event[0]):
        yield call, is_end


def _check_key(calls: Sequence[Access]) -> Result:
    """Judge the calls of a key, in the shape of Knossos' answers."""
    search = _Search()
    previous: Op | None = None
    for call, is_end in _events(calls):
        if not is_end:
            search.begin(call)
            continue
        try:
            before = search.end(call)
        except _TooMany:
            return _gave_up(call)
        if not search.configurations:
            return _refuted(search, call, before, previous)
        previous = call.done
    shown = [_shown(search, *item) for item in [*search.configurations.items()][:MAX_SHOWN]]
    return keywordize({"valid?": True, "configs": tuple(shown), "final-paths": ()})


def _gave_up(call: Access) -> Result:
    cause = f"more than {MAX_CONFIGURATIONS} configurations at index {call.invoked.index}"
    return keywordize({"valid?": UNKNOWN, "cause": cause})


def _refuted(
    search: _Search,
    call: Access,
    before: dict[Configuration, Access | None],
    previous: Op | None,
) -> Result:
    """The result for a `call` that cannot have taken effect, whatever was before.

    `:final-paths` tell what is possible before it, step by step, and why it then is not.
    """
    assert call.done is not None
    shown = [*before.items()][:MAX_SHOWN]
    paths = [path for item in shown for path in _paths(search, call, *item)]
    lasts = [_op_of(last) for last in before.values() if last is not None]
    reasons = sorted({path[-1][kw("model")].value[kw("msg")] for path in paths})
    return keywordize(
        {
            "valid?": False,
            "configs": tuple(_shown(search, *item) for item in shown),
            "final-paths": tuple(paths[:MAX_SHOWN]),
            "previous-ok": previous and _op_map(previous),
            "last-op": _op_map(min(lasts, key=lambda op: op.index)) if lasts else None,
            "op": _op_map(call.done),
            "words": f"no order explains index {call.done.index}: {'; '.join(reasons)}",
        }
    )


def _paths(
    search: _Search, call: Access, configuration: Configuration, last: Access | None
) -> Iterator[list[dict[Keyword, Any]]]:
    """Ways on from `configuration`, each with `call` as the step that does not fit."""
    steps = [] if last is None else [_step(_op_of(last), search.register(configuration))]
    seen = {configuration}
    queue = [(configuration, steps)]
    for reached, path in queue:
        yield [*path, _step(_op_of(call), search.misfit(reached, call))]
        for following, cause in search.following(reached):
            if following not in seen and len(seen) < MAX_SHOWN:
                seen.add(following)
                step = _step(_op_of(cause), search.register(following))
                queue.append((following, [*path, step]))


def _step(op: Op, model: Tagged) -> dict[Keyword, Any]:
    return keywordize({"op": _op_map(op), "model": model})


def _op_of(call: Access) -> Op:
    return call.done or call.invoked


def _op_map(op: Op) -> dict[Keyword, Any]:
    """`op` as Knossos shows it: on one key, so without the key."""
    return keywordize(
        {
            "process": op.process,
            "type": kw(op.type),
            "f": kw(op.f),
            "value": op.value[1],
            "index": op.index,
            "time": op.time_ns,
        }
    )


def _shown(
    search: _Search, configuration: Configuration, last: Access | None
) -> dict[Keyword, Any]:
    """A configuration as Knossos shows it; `:pending` has not taken effect yet."""
    mask = configuration[1]
    pending = [
        _op_map(call.invoked) | {kw("value"): call.value}
        for slot, call in search.under_way.items()
        if not mask >> slot & 1
    ]
    return keywordize(
        {
            "model": search.register(configuration),
            "last-op": last and _op_map(_op_of(last)),
            "pending": pending,
        }
    )
