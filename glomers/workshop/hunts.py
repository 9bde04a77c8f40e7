"""Tasks beyond the challenges: nodes with a bug that is to be found and mended."""

from __future__ import annotations

from glomers.challenges import CHALLENGES, Challenge
from glomers.errors import WorkshopError

_THREE = "--node-count 3 --time-limit 20 --rate 20"


def _hunt(number: int, name: str, flags: str) -> Challenge:
    return Challenge(f"hunt-{number}", name, flags, versions=(), notebook="08-explore")


HUNTS = {
    hunt.id: hunt
    for hunt in (
        _hunt(1, "Ids from a clock", f"-w unique-ids {_THREE} --availability total --nemesis skew"),
        _hunt(2, "A set that waits for confirmations", f"-w g-set {_THREE} --nemesis partition"),
        _hunt(
            3, "A counter that tells its additions", f"-w g-counter {_THREE} --nemesis partition"
        ),
        _hunt(4, "A set that gossips everything", f"-w g-set {_THREE} --nemesis kill"),
        _hunt(5, "The latest write wins", CHALLENGES["6b"].flags),
    )
}
"""The bug hunts by their ids, each as a challenge with a command of its own."""

TASKS = {**CHALLENGES, **HUNTS}
"""All that a node can be checked for, by its id."""


def task(id: str) -> Challenge:
    """The challenge or hunt with this id.

    Raises:
        WorkshopError: when there is none.
    """
    if id not in TASKS:
        raise WorkshopError(f"There is no challenge {id!r}: there are {', '.join(TASKS)}.")
    return TASKS[id]
