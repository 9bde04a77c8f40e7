"""Whether replicas agree does not depend on who is read last."""

from hypothesis import given
from hypothesis import strategies as st

from glomers.formats.history import Op
from glomers.reading.agreement import agree


def set_history(*shown):
    """Two values that were acknowledged, and then a final read of each node."""
    steps = [("add", 1), ("add", 2), *(("read", value) for value in shown)]
    history = []
    for process, (f, value) in enumerate(steps):
        asked = None if f == "read" else value
        history.append(Op(len(history), 0, "invoke", process, f, asked))
        history.append(Op(len(history), 0, "ok", process, f, value))
    return history


@given(st.permutations([[1, 2], [1, 2], [2]]))
def test_who_is_read_last_does_not_matter_for_agreement(shown):
    nodes = ["n0", "n1", "n2", "n3", "n4"]
    assert not agree("g-set", set_history(*shown), nodes)
    assert agree("g-set", set_history([1, 2], [2, 1], [1, 2]), nodes)
    assert agree("echo", set_history([1]), nodes)


def test_counters_agree_when_all_show_the_same():
    def reads(*values):
        return set_history(*values)

    assert agree("g-counter", reads(3, 3), ["n0", "n1", "n2", "n3"])
    assert not agree("g-counter", reads(3, 4), ["n0", "n1", "n2", "n3"])
