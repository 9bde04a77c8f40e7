"""Which anomalies imply others, and which anomalies each consistency model forbids.

Sources: Adya's thesis (levels PL-1 to PL-3, G0 to G2, G-SI, G-single); Bailis et al., *Highly
Available Transactions*; Cerone, Bernardi and Gotsman, *A Framework for Transactional Consistency
Models with Atomic Visibility*; Daudjee and Salem, *Lazy Database Replication* (session variants).
The names, and how the papers are brought together, are Elle's.

A model implies the weaker models it is listed with; what a weaker model forbids, a stronger one
forbids too.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from functools import cache

from glomers.bench.checkers.judgement import CheckError

Names = frozenset[str]

_CYCLES = (
    "G0",
    "G1c",
    "G-single-item",
    "G-single",
    "G-nonadjacent-item",
    "G-nonadjacent",
    "G2-item",
    "G2",
)

_DATA_IMPLICATIONS: dict[str, tuple[str, ...]] = {
    "G0": ("G1c",),
    "G1": (),
    "G1c": ("G1",),
    "G-single-item": ("G-single", "G-nonadjacent-item"),
    "G-single": ("G-nonadjacent",),
    "G-nonadjacent-item": ("G-nonadjacent", "G2-item"),
    "G-nonadjacent": ("G2",),
    "G2-item": ("G2",),
    "G2": (),
}
_OTHER_IMPLICATIONS: dict[str, tuple[str, ...]] = {
    "G1a": ("G1",),
    "G1b": ("G1",),
    "G-single": ("GSIb",),
    "GSIa": ("GSI",),
    "GSIb": ("GSI",),
    # Two reads that no single order explains: one of them showed what never was.
    "incompatible-order": ("G1a",),
    # A transaction that reads what it writes later is a cycle of one.
    "future-read": ("G1c",),
    "dirty-update": ("G1a",),
    "lost-update": ("write-skew", "G2-item"),
    "write-skew": ("G2",),
}

_SEVERER_THAN: dict[str, tuple[str, ...]] = {
    "G0": ("G1c",),
    "G0-process": ("G1c-process",),
    "G0-realtime": ("G1c-realtime",),
    "G1c": ("G-single", "G2-item"),
    "G1c-process": ("G-single-process", "G2-item-process"),
    "G1c-realtime": ("G-single-realtime", "G2-item-realtime"),
    "G2": ("G0-process",),
    "G2-process": ("G0-realtime",),
}
"""The worst are looked for first: data alone, then processes, then real time."""

_CANONICAL = {
    "consistent-view": "PL-2+",
    "conflict-serializable": "PL-3",
    "cursor-stability": "PL-CS",
    "forward-consistent-view": "PL-FCV",
    "monotonic-snapshot-read": "PL-MSR",
    "monotonic-view": "PL-2L",
    "read-committed": "PL-2",
    "read-uncommitted": "PL-1",
    "repeatable-read": "PL-2.99",
    "serializable": "PL-3",
    "snapshot-isolation": "PL-SI",
    "strict-serializable": "PL-SS",
    "strong-serializable": "PL-SS",
    "update-serializable": "PL-3U",
    "strong-session-read-uncommitted": "strong-session-PL-1",
    "strong-session-read-committed": "strong-session-PL-2",
    "strong-read-uncommitted": "strong-PL-1",
    "strong-read-committed": "strong-PL-2",
}
_FRIENDLY = {canonical: name for name, canonical in _CANONICAL.items()} | {"PL-3": "serializable"}

_IMPLIED_MODELS: dict[str, tuple[str, ...]] = {
    "causal-cerone": ("read-atomic",),
    "consistent-view": ("cursor-stability", "monotonic-view"),
    "conflict-serializable": ("view-serializable",),
    "cursor-stability": ("read-committed",),
    "forward-consistent-view": ("consistent-view",),
    "read-committed": ("read-uncommitted",),
    "serializable": (
        "repeatable-read",
        "update-serializable",
        "snapshot-isolation",
        "view-serializable",
    ),
    "update-serializable": ("forward-consistent-view",),
    "monotonic-atomic-view": ("read-committed",),
    "monotonic-view": ("read-committed",),
    "monotonic-snapshot-read": ("read-committed",),
    "parallel-snapshot-isolation": ("causal-cerone", "update-atomic"),
    "prefix": ("causal-cerone",),
    "read-atomic": ("monotonic-atomic-view",),
    "repeatable-read": ("cursor-stability", "monotonic-atomic-view"),
    "update-atomic": ("read-atomic",),
    "session-serializable": ("1SR",),
    "snapshot-isolation": (
        "forward-consistent-view",
        "monotonic-atomic-view",
        "monotonic-snapshot-read",
        "parallel-snapshot-isolation",
        "prefix",
    ),
    "strict-serializable": (
        "serializable",
        "linearizable",
        "snapshot-isolation",
        "strong-snapshot-isolation",
        "strong-session-serializable",
        "session-serializable",
    ),
    "strong-session-read-uncommitted": ("read-uncommitted",),
    "strong-session-read-committed": ("read-committed", "strong-session-read-uncommitted"),
    "strong-read-uncommitted": ("strong-session-read-uncommitted",),
    "strong-read-committed": ("strong-session-read-committed", "strong-read-uncommitted"),
    "strong-session-serializable": ("serializable", "strong-session-snapshot-isolation"),
    "strong-session-snapshot-isolation": (
        "snapshot-isolation",
        "strong-session-read-committed",
    ),
    "strong-snapshot-isolation": (
        "strong-session-snapshot-isolation",
        "strong-read-committed",
    ),
    "linearizable": ("sequential",),
    "sequential": ("causal",),
    "causal": ("writes-follow-reads", "PRAM"),
    "PRAM": ("monotonic-reads", "monotonic-writes", "read-your-writes"),
}

_FORBIDDEN: dict[str, tuple[str, ...]] = {
    "causal-cerone": ("internal", "G1a"),
    "cursor-stability": ("G1", "G-cursor", "lost-update"),
    "monotonic-view": ("G1", "G-monotonic"),
    "monotonic-snapshot-read": ("G1", "G-MSR"),
    "consistent-view": ("G1", "G-single"),
    "forward-consistent-view": ("G1", "G-SIb"),
    "parallel-snapshot-isolation": ("internal", "G1a"),
    "serializable": ("internal", "G1", "G2", "predicate-read-miss", "PL-3-cycle-exists"),
    "read-committed": ("G1", "PL-2-cycle-exists"),
    "read-uncommitted": ("G0", "duplicate-elements", "cyclic-versions", "PL-1-cycle-exists"),
    "prefix": ("internal", "G1a"),
    "snapshot-isolation": ("internal", "G1", "G-SI", "G-nonadjacent", "PL-SI-cycle-exists"),
    "read-atomic": ("internal", "G1a", "future-read"),
    "repeatable-read": ("G1", "G2-item", "PL-2.99-cycle-exists", "lost-update"),
    "update-atomic": ("lost-update",),
    "strict-serializable": ("G1", "G1c-realtime", "G2-realtime", "PL-SS-cycle-exists"),
    "strong-session-read-uncommitted": ("strong-session-PL-1-cycle-exists", "G0-process"),
    "strong-session-read-committed": ("strong-session-PL-2-cycle-exists", "G1c-process"),
    "strong-read-uncommitted": ("strong-PL-1-cycle-exists", "G0-realtime"),
    "strong-read-committed": ("strong-PL-2-cycle-exists", "G1c-realtime"),
    "strong-session-snapshot-isolation": (
        "internal",
        "G1-process",
        "G-nonadjacent-process",
        "strong-session-snapshot-isolation-cycle-exists",
    ),
    "strong-snapshot-isolation": (
        "internal",
        "G1-realtime",
        "G-nonadjacent-realtime",
        "strong-snapshot-isolation-cycle-exists",
    ),
    "strong-session-serializable": (
        "G1-process",
        "G2-process",
        "strong-session-serializable-cycle-exists",
    ),
    "update-serializable": ("G1", "G-update"),
}


def canonical(model: str) -> str:
    """The one name of `model` that the tables below go by."""
    return _CANONICAL.get(model, model)


def friendly(model: str) -> str:
    """The name of a canonical model that people know it by."""
    return _FRIENDLY.get(model, model)


Relation = Mapping[str, tuple[str, ...]]


def _with_variants() -> dict[str, tuple[str, ...]]:
    """Implications between anomalies, for data alone and with session or real-time edges."""
    implied: dict[str, list[str]] = {}
    for suffix, weaker_suffix in (("", "-process"), ("-process", "-realtime"), ("-realtime", None)):
        for name, others in _DATA_IMPLICATIONS.items():
            targets = implied.setdefault(name + suffix, [])
            targets += [other + suffix for other in others]
            # What shows without an order of sessions shows with it as well.
            if weaker_suffix is not None:
                targets.append(name + weaker_suffix)
    for name, others in _OTHER_IMPLICATIONS.items():
        implied.setdefault(name, []).extend(others)
    return {name: tuple(others) for name, others in implied.items()}


def _inverted(relation: Relation) -> dict[str, tuple[str, ...]]:
    inverse: dict[str, list[str]] = {}
    for name, others in relation.items():
        for other in others:
            inverse.setdefault(other, []).append(name)
    return {name: tuple(others) for name, others in inverse.items()}


def _reachable(relation: Relation, names: Iterable[str]) -> Names:
    """`names` and all that the relation leads to from them."""
    found = set(names)
    queue = list(found)
    while queue:
        for other in relation.get(queue.pop(), ()):
            if other not in found:
                found.add(other)
                queue.append(other)
    return frozenset(found)


_IMPLIED = _with_variants()
_IMPLYING = _inverted(_IMPLIED)
_WEAKER = {canonical(m): tuple(map(canonical, weaker)) for m, weaker in _IMPLIED_MODELS.items()}
_STRONGER = _inverted(_WEAKER)
_FORBIDS = {canonical(model): anomalies for model, anomalies in _FORBIDDEN.items()}
_FORBIDDEN_BY = _inverted(_FORBIDS)

KNOWN_MODELS: Names = frozenset(_WEAKER) | frozenset(_STRONGER) | frozenset(_CANONICAL)


def require_known(models: Iterable[str]) -> None:
    """Refuse models that have no definition here.

    Raises:
        CheckError: naming them and the known ones.
    """
    unknown = [model for model in models if model not in KNOWN_MODELS]
    if unknown:
        raise CheckError(
            f"unknown consistency model {', '.join(unknown)}; several models are separated by "
            f"' , ' (a comma between spaces); known are {', '.join(sorted(KNOWN_MODELS))}"
        )


def implied_anomalies(anomalies: Iterable[str]) -> Names:
    """`anomalies` and those that are present whenever one of them is."""
    return _reachable(_IMPLIED, anomalies)


@cache
def _forbidden_by(models: Names) -> Names:
    weaker = _reachable(_WEAKER, map(canonical, models))
    direct = {anomaly for model in weaker for anomaly in _FORBIDS.get(model, ())}
    return _reachable(_IMPLYING, direct)


def forbidden_anomalies(models: Iterable[str]) -> Names:
    """The anomalies that cannot be present if all of `models` hold.

    Raises:
        CheckError: for an unknown model.
    """
    models = frozenset(models)
    require_known(models)
    return _forbidden_by(models)


def impossible_models(models: Iterable[str]) -> Names:
    """Canonical names of `models` and of all stronger ones: none of them holds."""
    return _reachable(_STRONGER, map(canonical, models))


@cache
def _ruled_out_by(anomalies: Names) -> Names:
    implied = implied_anomalies(anomalies)
    return impossible_models(m for anomaly in implied for m in _FORBIDDEN_BY.get(anomaly, ()))


def models_ruled_out(anomalies: Iterable[str]) -> Names:
    """Canonical names of the models that `anomalies` rule out."""
    return _ruled_out_by(frozenset(anomalies))


def boundary(anomalies: Iterable[str]) -> tuple[Names, Names]:
    """The weakest models that `anomalies` rule out, and the stronger ones, by friendly names."""
    impossible = models_ruled_out(anomalies)
    weakest = {m for m in impossible if not (_reachable(_WEAKER, [m]) - {m}) & impossible}
    return frozenset(map(friendly, weakest)), frozenset(map(friendly, impossible - weakest))


def _depths() -> dict[str, int]:
    """For each anomaly, the length of the longest chain of severer ones above it."""
    above: dict[str, set[str]] = {}
    for relation in (_IMPLIED, _SEVERER_THAN):
        for name, others in relation.items():
            above.setdefault(name, set())
            for other in others:
                above.setdefault(other, set()).add(name)
    depths: dict[str, int] = {}
    depth = 0
    while len(depths) < len(above):
        top = [n for n, severer in above.items() if n not in depths and severer <= depths.keys()]
        depths |= dict.fromkeys(top, depth)
        depth += 1
    return depths


_DEPTHS = _depths()

CYCLE_ANOMALIES: tuple[str, ...] = tuple(
    sorted(
        (f"{name}{suffix}" for name in _CYCLES for suffix in ("", "-process", "-realtime")),
        key=lambda name: (_DEPTHS[name], name),
    )
)
"""The anomalies that are cycles, the severest first."""
