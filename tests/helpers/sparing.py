"""Cases of which the usual tests leave some out."""

import pytest


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
