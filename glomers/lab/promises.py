"""What a design gives for what it costs, measured by two runs with faults.

Each promise is a share from 0 to 1, and a design that keeps it has 1.  How much of a history keeps
it, `glomers.reading.acknowledged` says for each kind of workload.
"""

from __future__ import annotations

from typing import Any

from glomers.challenges import Challenge, Version
from glomers.engine.command import FINAL_READS, parse_command, with_flag
from glomers.lab.run import Run
from glomers.lab.shell import maelstrom
from glomers.reading.acknowledged import available_share, durable_share, fresh_share

TIME_LIMIT_S = 60
RATE = 50
INTERVALS_S = {"partition": 10, "kill": 5}
"""How often a fault begins or ends, in the mean. A cut has to outlast the 5 s that clients wait."""

PROMISES = {
    "fresh": "of the reads answered in a run in which the network is cut now and then, the share "
    "that showed all that had been acknowledged, by whichever node, before they began",
    "durable": "of what was acknowledged in a run in which nodes are killed, and start again "
    "without their memory, the share that the final reads show, in the mean over the nodes",
    "available": "of the requests made while a node was cut off, the share that succeeded",
}
"""What a design can give, in the order in which it is shown, with the definition in words."""
MEASURED = (
    f"Each is measured in the bench's virtual time, in a run of {TIME_LIMIT_S} s with {RATE} "
    f"requests a second in which a cut begins or ends every {INTERVALS_S['partition']} s, or a "
    f"kill every {INTERVALS_S['kill']} s, in the mean. Services such as lin-kv are neither cut off "
    "nor killed. A register shows a write unless what it shows is older for sure; of a sum, it "
    "counts by how much it is off."
)


def promises(challenge: Challenge, version: Version, *, seed: int = 0) -> dict[str, float | None]:
    """How much of each of `PROMISES` a node keeps; None where its runs give nothing to tell from.

    Raises:
        RunFailed: when a run breaks.
    """
    cut, killed = (_run_with(fault, challenge, version, seed) for fault in INTERVALS_S)
    return {
        "fresh": fresh_share(cut.history, cut.nodes),
        "durable": durable_share(killed.history, killed.nodes),
        "available": available_share(cut.history),
    }


def _run_with(fault: str, challenge: Challenge, version: Version, seed: int) -> Run:
    words = parse_command(f"test {challenge.flags}")
    flags = {"time-limit": TIME_LIMIT_S, "rate": RATE}
    for name, value in {**flags, "nemesis": fault, "nemesis-interval": INTERVALS_S[fault]}.items():
        words = with_flag(words, f"--{name}", str(value), replace=True)
    if challenge.workload == "txn-rw-register":
        words.append(FINAL_READS)
    # Any verdict will do: no challenge asks for kills, and what they take is what is measured.
    how: dict[str, Any] = {"engine": "bench", "seed": seed, "expect": "any"}
    return maelstrom(" ".join(words), bin=version.path, args=version.args, **how)
