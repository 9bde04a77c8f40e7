"""Fixtures that several test modules use."""

import gc
import signal

import pytest
from hypothesis import HealthCheck, settings

from tests.helpers.bench import Bench

# A machine with other work to do is slow, and no test says anything about that.
settings.register_profile(
    "any machine", deadline=None, suppress_health_check=[HealthCheck.too_slow]
)
settings.load_profile("any machine")
settings.register_profile("quick", settings.get_profile("any machine"), max_examples=10)

# A shell lets jobs in the background ignore Ctrl-C, and children inherit that: these are asked.
if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
    signal.signal(signal.SIGINT, signal.default_int_handler)


@pytest.fixture(scope="module", autouse=True)
def lasting_objects_are_no_garbage():
    """Keep what imports and earlier tests made out of every later search for garbage.

    A run of the bench ends with such a search, and it would mostly look at that.
    """
    gc.collect()
    gc.freeze()


@pytest.fixture
def bench(tmp_path, monkeypatch, capsys):
    """The bench, in a folder of its own."""
    return Bench(tmp_path, monkeypatch, capsys)
