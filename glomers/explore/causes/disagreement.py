"""Why replicas of registers are not what they should be after healing and rest."""

from __future__ import annotations

from typing import Any

from glomers.explore.causes.cause import Explanation, explained, fate
from glomers.explore.causes.elements import missing
from glomers.explore.story import Operation, Story, shown
from glomers.formats import replicas
from glomers.formats.acknowledged import final_reads
from glomers.formats.edn import equality_key, freeze
from glomers.formats.history import pairs
from glomers.reading.wording import at


def diverged(story: Story) -> Explanation | None:
    """What keeps the replicas from having converged, and how the first difference came about."""
    found = replicas.convergence(story.history, story.nodes)
    if found is None or found.is_reached:
        return None
    reads = story.exchange(*final_reads(story.history))
    return _first_difference(story, found) or explained(f"In the end {found}.", reads)


def _first_difference(story: Story, found: replicas.Convergence) -> Explanation | None:
    """Why a node does not know the first key or element on which nodes differ."""
    if found.silent or replicas.SUM in found.finals:
        return None
    if any(op.f == "txn" for op in story.history):
        keys = found.disagreements
        return _holders(story, keys[0], found.finals[keys[0]]) if keys else None
    lacked = (element for element, row in found.finals.items() if not all(row.values()))
    return missing(story, next(lacked, None))


def alone(story: Story) -> Explanation | None:
    """A value that only the node holds that was asked to write it."""
    found = replicas.convergence(story.history, story.nodes)
    keys = [*found.disagreements, *found.finals] if found else []
    return _holders(story, keys[0], found.finals[keys[0]]) if found and keys else None


def _holders(story: Story, key: Any, row: dict[str, Any]) -> Explanation:
    """What each node holds of a key, and how the values went, or did not, to the others."""
    held = ", ".join(f"{node} holds {shown(value)}" for node, value in row.items())
    text, decisive = f"For key {key} in the end {held}", []
    for node, value in row.items():
        write = _writer(story, key, value)
        if write is None:
            continue
        decisive += story.exchange(write)
        writer, wrote_ns = story.node_of(write[0]), write[0].time_ns
        if writer != node:
            text += f"; {writer} wrote {shown(value)} {at(wrote_ns)}"
            last = story.last_told(value, key, node)
            if last:
                text += f", and {node} was told it last {at(last.arrived_ns)}"
                decisive.append(last.id)
            continue
        others = (other for other in row if equality_key(row[other]) != equality_key(value))
        for other in others:
            begin = f"{node} wrote {shown(value)}"
            why, told = fate(story, begin, value, node, other, wrote_ns, key)
            text += f"; {why.removesuffix('.')}"
            decisive += told
    reads = [each for each in story.operations if each[0].final and _touches(each, key)]
    empty = [node for node, value in row.items() if value is None]
    lacking = [read for read in reads if story.node_of(read[0]) in empty]
    answer = story.exchange(lacking[-1])[-1] if lacking and len(empty) < len(row) else None
    return explained(f"{text}.", [*decisive, *story.exchange(*reads)], key, answer)


def forgotten(story: Story) -> Explanation | None:
    """A client that does not see what it wrote itself."""
    found = replicas.forgotten_writes(replicas.transactions_of(story.history, story.nodes))
    if not found:
        return None
    case = found[0]
    reads = [
        each
        for each in story.operations
        if each[0].process == case.process and round(each[0].time_ns / 1e9 - case.start_s, 9) == 0
    ]
    write = _writer(story, case.key, case.written)
    node = story.node_of(reads[0][0])
    wrote = f"A client of {node} wrote {shown(case.written)} to key {case.key}"
    text = f"{wrote}, and its read {at(reads[0][0].time_ns)} showed {shown(case.read)}."
    return explained(text, story.exchange(write, *reads), case.key)


def mixed(story: Story) -> Explanation | None:
    """Two transactions of which each overwrote a part of the other."""
    txns = replicas.transactions_of(story.history, story.nodes)
    finals = replicas.convergence(story.history, story.nodes)
    found = replicas.dirty_writes(txns, finals.finals) if finals else []
    if not found:
        return None
    first, second, key, other_key = found[0]
    possible = [each for each in pairs(story.history) if each[1] is None or each[1].type != "fail"]
    one, other = possible[first], possible[second]
    text = (
        f"The transactions that {story.node_of(one[0])} carried out {at(one[0].time_ns)} and "
        f"{story.node_of(other[0])} {at(other[0].time_ns)} both wrote keys {key} and {other_key}, "
        "and in the end each of them holds one of the two"
    )
    return explained(f"{text}.", story.exchange(one, other))


def _writer(story: Story, key: Any, value: Any) -> Operation | None:
    """The transaction that wrote a value to a key."""
    for operation in story.operations:
        for f, k, written in operation[0].value or ():
            if f.name == "w" and freeze(k) == key and equality_key(written) == equality_key(value):
                return operation
    return None


def _touches(operation: Operation, key: Any) -> bool:
    return any(freeze(micro_op[1]) == key for micro_op in operation[0].value or ())
