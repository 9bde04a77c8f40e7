"""Sets: what becomes of an element is what looking at every read in turn says."""

from collections import Counter
from dataclasses import dataclass

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from glomers.bench.checkers import CheckOptions, sets
from glomers.formats.edn import kw
from glomers.formats.history import Op

OPTIONS = CheckOptions("g-set")
GAPS_NS = st.sampled_from([0, 100, 400_000, 1_000_000, 3_000_000])
OUTCOMES = st.sampled_from(["ok", "ok", "ok", "info", "fail"])
VALID = kw("valid?")


@st.composite
def histories(draw):
    """Adds and reads of three clients; a read shows anything, also what nobody added."""
    history = []
    under_way = {}
    clients = [0, 1, 2]
    now_ns = added = 0
    for _ in range(draw(st.integers(1, 24))):
        now_ns += draw(GAPS_NS)
        slot = draw(st.integers(0, 2))
        process = clients[slot]
        if process not in under_way:
            kind, f = "invoke", draw(st.sampled_from(["add", "read"]))
            value = added if f == "add" else None
            added += f == "add"
            under_way[process] = (f, value)
        else:
            f, value = under_way.pop(process)
            kind = draw(OUTCOMES)
            if f == "read" and kind == "ok":
                value = draw(st.lists(st.integers(0, added), max_size=added + 1))
            if kind == "info":
                clients[slot] += 3
        history.append(Op(len(history), now_ns, kind, process, f, value))
    return history


@dataclass
class Element:
    """The definition, word for word: every read of a successful kind updates every element."""

    known: Op | None = None
    present: Op | None = None
    absent: Op | None = None

    def see(self, invoked, done, shown):
        name = "present" if shown else "absent"
        self.known = self.known or (done if shown else None)
        last = getattr(self, name)
        if last is None or last.index < invoked.index:
            setattr(self, name, invoked)

    @property
    def outcome(self):
        present = self.present.index if self.present else -1
        absent = self.absent.index if self.absent else -1
        if self.present and absent < present:
            return "stable"
        if self.known and self.absent and max(present, self.known.index) < absent:
            return "lost"
        return "never-read"

    @property
    def latency_ms(self):
        last = self.absent if self.outcome == "stable" else self.present
        return max(0, (last.time_ns + 1 if last else 0) - self.known.time_ns) // 1_000_000


def by_definition(history):
    elements = {}
    begun = {}
    for op in history:
        if op.type == "invoke":
            begun[op.process] = op
            if op.f == "add":
                elements[op.value] = Element()
        elif op.type == "ok" and op.f == "add":
            elements[op.value].known = elements[op.value].known or op
        elif op.type == "ok":
            for value, element in elements.items():
                element.see(begun[op.process], op, value in op.value)
    return elements


@pytest.mark.slow
@given(histories())
@settings(max_examples=400, deadline=None)
def test_elements_are_sorted_and_timed_by_the_definition(history):
    elements = by_definition(history)
    result = sets.check(history, OPTIONS)
    outcomes = {value: element.outcome for value, element in elements.items()}
    counts = Counter(outcomes.values())
    for outcome in ("stable", "lost", "never-read"):
        assert result[kw(f"{outcome}-count")] == counts[outcome]
    for outcome in ("lost", "never-read"):
        assert list(result[kw(outcome)]) == [v for v in outcomes if outcomes[v] == outcome]
    for outcome in ("stable", "lost"):
        latencies = [e.latency_ms for e in elements.values() if e.outcome == outcome]
        found = result.get(kw(f"{outcome}-latencies"), {})
        assert (found.get(0), found.get(1)) == (
            min(latencies, default=None),
            max(latencies, default=None),
        )
    assert result[kw("stale-count")] == sum(
        e.outcome == "stable" and e.latency_ms > 0 for e in elements.values()
    )
    assert result[VALID] == (
        False if counts["lost"] else True if counts["stable"] else kw("unknown")
    )
