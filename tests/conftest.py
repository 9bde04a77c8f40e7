"""Fixtures that several test modules use."""

import signal

import pytest
from hypothesis import HealthCheck, settings

from tests.bench import Bench

# A machine with other work to do is slow, and no test says anything about that.
settings.register_profile(
    "any machine", deadline=None, suppress_health_check=[HealthCheck.too_slow]
)
settings.load_profile("any machine")

# A shell lets jobs in the background ignore Ctrl-C, and children inherit that: these are asked.
if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
    signal.signal(signal.SIGINT, signal.default_int_handler)


@pytest.fixture
def bench(tmp_path, monkeypatch, capsys):
    """The bench, in a folder of its own."""
    return Bench(tmp_path, monkeypatch, capsys)
