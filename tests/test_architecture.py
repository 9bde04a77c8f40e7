"""Who may import whom: the house has floors, and nobody reaches up."""

import ast
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
FILES = sorted((ROOT / "glomers").rglob("*.py"))
RUNTIME = {"node", "kv", "protocol", "ring", "link"}
ALLOWED = {
    "node": {"protocol"},
    "kv": {"node", "protocol"},
    "ring": set(),
    "link": set(),
    "protocol": set(),
    "challenges": set(),
    "formats": set(),
    "reading": {"formats", "challenges"},
    "drawing": {"formats", "challenges"},
    "solutions": RUNTIME,
    "bench": {"formats", "reading", "drawing", "node", "protocol"},
    "maelstrom": set(),
    "lab": {"formats", "reading", "drawing", "challenges", "maelstrom"},
    "series": {"formats", "challenges", "lab", "bench", "maelstrom", "workshop"},
    "explore": {"formats", "reading", "drawing", "bench", "node", "protocol"},
    "workshop": {
        *("bench", "challenges", "explore", "formats", "lab", "node", "kv", "reading", "ring"),
    },
    "__main__": {"bench", "cli"},
    "cli": {"workshop", "series", "explore", "bench", "lab", "challenges", "maelstrom"},
}
LIGHT = RUNTIME | {
    *("solutions", "bench", "explore", "formats", "reading", "drawing", "challenges", "maelstrom")
}
HEAVY = {"pandas", "matplotlib", "papermill", "nbconvert", "rich", "numpy"}


def part_of(path):
    """The part of the package that a file belongs to: `bench`, `node`, …"""
    first = path.relative_to(ROOT / "glomers").parts[0]
    return first.removesuffix(".py")


def imported(path):
    """The dotted names that a file imports, wherever in it."""
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path} imports relatively"
            yield from (f"{node.module}.{alias.name}" for alias in node.names)


@pytest.mark.parametrize("path", FILES, ids=lambda path: str(path.relative_to(ROOT)))
def test_every_part_imports_only_what_stands_below_it(path):
    part = part_of(path)
    if part == "__init__":
        return
    for name in imported(path):
        words = name.split(".")
        if words[0] == "glomers" and len(words) > 1:
            assert words[1] == part or words[1] in ALLOWED[part], f"{part} imports {name}"
        if part in LIGHT:
            assert words[0] not in HEAVY, f"{part} imports {name}"


def test_every_part_of_the_package_is_known_here():
    assert {part_of(path) for path in FILES} - {"__init__"} == set(ALLOWED)
