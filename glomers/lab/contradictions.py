"""Which guarantees a run of registers contradicts, as a table."""

from __future__ import annotations

from typing import TYPE_CHECKING

from glomers.errors import LabError
from glomers.reading.guarantees import Tried, try_guarantees
from glomers.reading.registers import WrittenTwice

if TYPE_CHECKING:
    import pandas as pd

    from glomers.lab.run import Run


def guarantees(run: Run) -> pd.DataFrame:
    """Try every guarantee on the history of `run`, a run of transactions over registers.

    One row each, in the order in which they are tried; `glomers.reading.guarantees.Tried` has the
    columns, and the module the definitions.

    Raises:
        LabError: when a value was written to a key twice.
    """
    import pandas as pd

    try:
        tried = try_guarantees(run.transactions)
    except WrittenTwice as error:
        raise LabError(str(error)) from None
    return pd.DataFrame(tried, columns=list(Tried._fields)).set_index("guarantee")
