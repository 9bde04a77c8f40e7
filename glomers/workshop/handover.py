"""A verdict for a notebook: `lab.check` has this run in a process, and reads what it leaves.

    python -m glomers.workshop.handover FOLDER ID SEEDS NODE

On stdout a line says before each stage how far the check has come.  `verdict.json` and, of a stage
that is broken, stores are left in FOLDER; 0 seeds stand for as many as usual.  Exit status: 0 when
all stages passed, 1 when one is broken, 254 with the reason on stderr.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from glomers.errors import EXIT_BAD_INPUT, EXIT_FAILED, EXIT_OK, WorkshopError
from glomers.workshop.assessment import Manner, assess
from glomers.workshop.hunts import task
from glomers.workshop.snapshot import CHANGED
from glomers.workshop.telling import YET, lines, way
from glomers.workshop.verdict import Verdict

NAME = "verdict.json"


def told(verdict: Verdict) -> dict[str, Any]:
    """All that a notebook shows of a verdict, as plain data."""
    evidence = verdict.evidence
    store = evidence.store if evidence else None
    return {
        **verdict.as_json(),
        "findings": list(evidence.findings) if evidence else [],
        "relies_on": evidence.relies_on if evidence else None,
        "store": str(store) if store else None,
        "advice": verdict.advice,
        "yet": YET,
        "remarks": list(verdict.remarks),
        "proof": list(verdict.proof),
        "outdated": CHANGED.format(node=verdict.node) if verdict.is_outdated else None,
        "text": "\n".join(lines(_without_store(verdict))),
    }


def _without_store(verdict: Verdict) -> Verdict:
    """The verdict without the folder of its picture, which a notebook shows itself."""
    evidence = verdict.evidence
    return replace(verdict, evidence=evidence and replace(evidence, store=None))


def main(argv: Sequence[str]) -> int:
    """Leave a verdict in a folder; returns the exit status."""
    folder, id, seeds, node = argv
    try:
        manner = Manner(tell=lambda stages: print(way(stages), flush=True))
        count = int(seeds) or None
        verdict = assess(task(id), Path(node), Path(folder), seeds=count, manner=manner)
    except WorkshopError as error:
        print(error, file=sys.stderr)
        return EXIT_BAD_INPUT
    text = json.dumps(told(verdict), ensure_ascii=False)
    (Path(folder) / NAME).write_text(text, encoding="utf-8")
    return EXIT_OK if verdict.passed else EXIT_FAILED


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
