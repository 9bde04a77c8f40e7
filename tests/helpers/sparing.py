"""Cases of which the usual tests leave some out."""

import pytest


def every(step, values, name=str):
    """A case for each value; of so many in a row all but the first belong to the whole corpus."""
    values = list(values)
    return sparing(values, {name(each) for each in values} - set(map(name, values[::step])), name)


def sparing(values, left_out, name=str):
    """A case for each value; those whose name is left out belong to the whole corpus."""
    return [
        pytest.param(
            each,
            id=name(each),
            marks=[pytest.mark.whole_corpus] if name(each) in left_out else [],
        )
        for each in values
    ]
