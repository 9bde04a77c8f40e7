"""The pages for whoever works on the project name what there is."""

import ast
import re
import tomllib
from functools import cache
from importlib import import_module

import pytest

import glomers
from tests.helpers.places import ROOT

PACKAGE = ROOT / "glomers"
ARCHITECTURE = (ROOT / "docs" / "architecture.md").read_text(encoding="utf-8")
CONTRIBUTING = (ROOT / "CONTRIBUTING.md").read_text(encoding="utf-8")
PLACES = sorted(
    {
        place
        for page in (ARCHITECTURE, CONTRIBUTING)
        for place in re.findall(r"`([\w/]+\.py(?:: [\w.]+)?)`", page)
    }
)
NEW = {
    "glomers/bench/workloads/max_register.py",
    "largest.py",
    "tests/checkers/test_max_register.py",
    "solutions/name.py",
}
"""Files that a recipe tells to write."""
PLAIN = {"errors", "environment", "files", "interrupts", "launcher", "lifeline", "words"}


def path_of(name):
    """The file that a page calls so; what it names begins in the package or in the project."""
    return PACKAGE / name if (PACKAGE / name).is_file() else ROOT / name


@cache
def names_in(path):
    """The functions, classes, methods and constants that a module defines."""
    return set(defined(ast.parse(path.read_text(encoding="utf-8")), ""))


def defined(node, prefix):
    for child in node.body:
        if isinstance(child, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
            yield prefix + child.name
            if isinstance(child, ast.ClassDef):
                yield from defined(child, f"{prefix}{child.name}.")
        elif isinstance(child, ast.Assign | ast.AnnAssign):
            targets = child.targets if isinstance(child, ast.Assign) else [child.target]
            yield from (prefix + target.id for target in targets if isinstance(target, ast.Name))


@pytest.mark.parametrize("place", [place for place in PLACES if place not in NEW])
def test_a_place_that_a_page_names_is_there(place):
    name, _, wanted = place.partition(": ")
    assert path_of(name).is_file()
    assert not wanted or wanted in names_in(path_of(name))


def test_the_walks_name_many_places():
    assert len([place for place in PLACES if ": " in place]) > 50


def rooms():
    """The table of rooms: of each part of the package, what it imports."""
    section = ARCHITECTURE.partition("\n## The rooms")[2].partition("\n## ")[0]
    for parts, _, imports in re.findall(r"^\| (`.+?) \| (.+) \| (.+) \|$", section, re.MULTILINE):
        words = set(re.findall(r"\w+", imports))
        allowed = words | (PLAIN if "plain" in words else set())
        yield from ((part, allowed) for part in re.findall(r"`(\w+)`", parts))


def imported_parts(part):
    """The other parts of the package that one imports, wherever in it."""
    files = [PACKAGE / f"{part}.py", *(PACKAGE / part).rglob("*.py")]
    for path in filter(lambda path: path.is_file(), files):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.ImportFrom) and node.module.startswith("glomers"):
                yield from (f"{node.module}.{alias.name}".split(".")[1] for alias in node.names)


def test_every_room_stands_in_the_table_with_all_that_it_imports():
    table = dict(rooms())
    parts = {path.relative_to(PACKAGE).parts[0].removesuffix(".py") for path in MODULES}
    assert set(table) == parts - PLAIN - {"__init__"}
    for part, allowed in table.items():
        assert set(imported_parts(part)) <= allowed | {part}, part


MODULES = sorted(PACKAGE.rglob("*.py"))


def test_words_are_explained_in_the_order_of_the_alphabet():
    section = ARCHITECTURE.partition("\n## Words\n")[2]
    words = re.findall(r"^\| ([a-z][a-z ]+) \|", section, re.MULTILINE)[1:]
    assert words == sorted(set(words))
    assert {"grudge", "fate", "ground", "nemesis", "vacuous"} <= set(words)


def test_the_readme_leads_to_the_pages_for_whoever_works_on_the_project():
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    section = readme.partition("\n## Working on the series\n")[2]
    for page in ("docs/architecture.md", "CONTRIBUTING.md", "CHANGELOG.md"):
        assert f"]({page})" in section


def test_the_changelog_has_what_is_not_released_yet_above_the_version_of_the_package():
    headings = re.findall(r"^## (.+)$", (ROOT / "CHANGELOG.md").read_text(), re.MULTILINE)
    assert headings[0] == "[Unreleased]"
    assert headings[1].startswith(f"[{glomers.__version__}]")


def test_the_package_names_what_others_may_import_and_is_typed():
    modules = set(glomers.__all__) - {"__version__"}
    for name in modules:
        assert import_module(f"glomers.{name}").__doc__
        assert f"glomers.{name}" in glomers.__doc__
    assert (PACKAGE / "py.typed").is_file()


def test_the_version_is_the_same_wherever_it_stands():
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    assert project["version"] == glomers.__version__


def test_the_readme_leads_to_each_document():
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    documents = [f"docs/{path.name}" for path in sorted((ROOT / "docs").glob("*.md"))]
    assert [each for each in documents if f"]({each}" not in readme] == []
