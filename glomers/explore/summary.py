"""What an exploration has shown, in words: violations, vacuous passes, coverage."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from glomers.explore.seed import Row

SHOWN_FAILURES = 10
SHOWN_PAIRS = 12


def summary(rows: Mapping[int, Row]) -> dict[str, Any]:
    """The figures of an exploration as plain data."""
    known = [rows[seed] for seed in sorted(rows)]
    failed = [row for row in known if row["outcome"] == "fail"]
    return {
        "seeds": len(known),
        "passed": sum(row["outcome"] == "pass" for row in known),
        "failed": len(failed),
        "unknown": sum(row["outcome"] == "unknown" for row in known),
        "vacuous": sum(bool(row["vacuous"]) for row in known),
        "first_failure": failed[0]["seed"] if failed else None,
        "anomalies": _ordered(Counter(name for row in failed for name in row["anomalies"])),
        "vacuous_reasons": _ordered(Counter(why for row in known for why in row["vacuous"])),
        "types": _ordered(_total(row["types"] for row in known)),
        "effects": _ordered(_total(row["effects"] for row in known)),
        "pairs": _ordered(_total(row["pairs"] for row in known)),
    }


def _total(counts: Iterable[Mapping[str, int]]) -> Counter[str]:
    total: Counter[str] = Counter()
    for part in counts:
        total.update(part)
    return total


def _ordered(counts: Counter[str]) -> dict[str, int]:
    return dict(sorted(counts.items(), key=lambda item: (-item[1], item[0])))


def lines(rows: Mapping[int, Row]) -> Iterator[str]:
    """The report for people."""
    figures = summary(rows)
    yield (
        f"{figures['seeds']:,} seeds: {figures['passed']:,} passed, {figures['failed']:,} failed, "
        f"{figures['unknown']:,} unknown"
    )
    yield f"Violations: {_listed(figures['anomalies'])}"
    failed = [row for _, row in sorted(rows.items()) if row["outcome"] == "fail"]
    for row in failed[:SHOWN_FAILURES]:
        why = f": {row['broken']}" if row["broken"] else ""
        yield f"  seed {row['seed']}: {', '.join(row['anomalies'])}{why}"
    if len(failed) > SHOWN_FAILURES:
        yield f"  and {len(failed) - SHOWN_FAILURES:,} more in the results file"
    reasons = f" ({_listed(figures['vacuous_reasons'])})" if figures["vacuous"] else ""
    yield f"Passes in which nothing worth checking happened: {figures['vacuous']:,}{reasons}"
    yield f"Messages between nodes: {_listed(figures['types'])}"
    yield f"Messages that faults touched: {_listed(figures['effects'])}"
    yield f"Messages sent during faults: {_listed(figures['pairs'], SHOWN_PAIRS)}"


def _listed(counts: Mapping[str, int], most: int = 10**9) -> str:
    shown = [f"{name} {count:,}" for name, count in list(counts.items())[:most]]
    more = len(counts) - most
    return ", ".join(shown + ([f"and {more} more kinds"] if more > 0 else [])) or "none"
