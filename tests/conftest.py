"""Fixtures that several test modules use."""

import pytest

from tests.bench import Bench


@pytest.fixture
def bench(tmp_path, monkeypatch, capsys):
    """The bench, in a folder of its own."""
    return Bench(tmp_path, monkeypatch, capsys)
