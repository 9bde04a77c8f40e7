"""The examples in docstrings are true."""

import doctest
from importlib import import_module

import pytest

from tests.helpers.places import ROOT

MODULES = [
    ".".join(path.relative_to(ROOT).with_suffix("").parts)
    for path in sorted((ROOT / "glomers").rglob("*.py"))
    if ">>> " in path.read_text(encoding="utf-8")
]


@pytest.mark.parametrize("name", MODULES)
def test_an_example_in_a_docstring_gives_what_stands_there(name):
    failed, tried = doctest.testmod(import_module(name))
    assert tried
    assert not failed


def test_examples_are_found_where_readers_look_for_them_first():
    assert {"glomers.ring", "glomers.link", "glomers.protocol"} <= set(MODULES)
