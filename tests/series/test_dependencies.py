"""The lessons run after a plain installation of the package, without any of its extras."""

import ast
import re
import sys
import tomllib
from importlib.metadata import packages_distributions

import pytest

from glomers.series.notebook import read_notebook
from glomers.series.project import all_notebooks
from tests.helpers.places import ROOT

PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
DECLARED = {re.match(r"[\w.-]+", wanted)[0].lower() for wanted in PROJECT["dependencies"]}
OWNERS = packages_distributions()


def imported(notebook):
    """The first words of the names that the notebook, or a node that it writes, imports."""
    for cell in read_notebook(notebook).code_cells:
        source = re.sub(r"^%.*\n", "", cell.source)
        for node in ast.walk(ast.parse(source)):
            if isinstance(node, ast.Import):
                yield from (alias.name.split(".")[0] for alias in node.names)
            elif isinstance(node, ast.ImportFrom):
                yield node.module.split(".")[0]


@pytest.mark.parametrize("notebook", all_notebooks(ROOT), ids=lambda path: path.stem)
def test_what_a_lesson_imports_is_a_dependency_of_the_package(notebook):
    others = set(imported(notebook)) - sys.stdlib_module_names - {"glomers"}
    undeclared = {
        name
        for name in others
        if not DECLARED & {owner.lower() for owner in OWNERS.get(name, [name])}
    }
    assert not undeclared


def test_the_imports_of_lessons_are_found():
    names = {name for notebook in all_notebooks(ROOT) for name in imported(notebook)}
    assert {"glomers", "hypothesis", "numpy", "pandas", "asyncio"} <= names
