"""Who may import whom: the house has floors, and nobody reaches up."""

import ast
import subprocess
import sys
from collections import Counter, defaultdict

import pytest

from tests.helpers.places import ROOT

FILES = sorted((ROOT / "glomers").rglob("*.py"))
RUNTIME = {"node", "kv", "protocol", "ring", "link"}
PLAIN = {"errors", "environment", "files", "interrupts", "launcher", "lifeline", "words"}
READING = {"formats", "reading", "drawing", "challenges"}
ALLOWED = {
    "node": {"protocol"},
    "kv": {"node", "protocol"},
    "ring": set(),
    "link": set(),
    "protocol": set(),
    "challenges": set(),
    "errors": set(),
    "environment": set(),
    "files": {"environment"},
    "launcher": {"files"},
    "interrupts": set(),
    "lifeline": set(),
    "words": set(),
    "formats": set(),
    "reading": {"formats", "challenges", "files"},
    "drawing": {"formats", "challenges"},
    "solutions": RUNTIME,
    "bench": PLAIN | {"formats", "reading", "drawing", "node", "protocol"},
    "engine": PLAIN | {"formats", "reading", "challenges", "bench"},
    "lab": PLAIN | READING | {"engine"},
    "series": PLAIN | {"formats", "reading", "challenges", "engine", "lab", "workshop"},
    "explore": PLAIN | {"formats", "reading", "drawing", "bench", "node", "protocol"},
    "workshop": PLAIN | READING | RUNTIME | {"bench", "explore", "engine", "lab"},
    "commands": PLAIN | READING | {"workshop", "series", "explore", "lab", "bench", "engine"},
    "cli": PLAIN | {"commands", "bench", "formats"},
    "__main__": {"cli", "environment", "interrupts"},
}
LIGHT = RUNTIME | PLAIN | READING | {"solutions", "bench", "explore", "engine"}
NO_PARTS = {"abuse", "checkers", "data", "docs", "helpers", "mutants", "runtime"}
"""Folders of tests that are not named after a part of the package."""
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


def needed(node):
    """The nodes below one that count when a module is imported or used: not those for types."""
    for child in ast.iter_child_nodes(node):
        if isinstance(child, ast.If) and ast.unparse(child.test).endswith("TYPE_CHECKING"):
            continue
        yield child
        yield from needed(child)


def module_name(path):
    words = path.relative_to(ROOT).with_suffix("").parts
    return ".".join(words[:-1] if words[-1] == "__init__" else words)


MODULES = {module_name(path): path for path in FILES}


def imported_modules(path):
    """The modules of the package that a file imports, at its top or in a function."""
    for node in needed(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names if alias.name in MODULES)
        elif isinstance(node, ast.ImportFrom) and node.module.startswith("glomers"):
            for alias in node.names:
                whole = f"{node.module}.{alias.name}"
                yield whole if whole in MODULES else node.module


def circle_in(imports):
    """Modules each of which imports the next, and the last the first; None without a circle."""
    done = set()

    def visit(module, path):
        if module in path:
            return [*path[path.index(module) :], module]
        if module in done:
            return None
        circles = (visit(other, [*path, module]) for other in sorted(imports[module]))
        circle = next(filter(None, circles), None)
        done.add(module)
        return circle

    return next(filter(None, (visit(module, []) for module in sorted(imports))), None)


def test_no_modules_import_each_other_in_a_circle():
    imports = {name: set(imported_modules(path)) - {name} for name, path in MODULES.items()}
    assert circle_in(imports) is None


def test_a_circle_of_imports_would_be_noticed():
    assert circle_in({"a": {"b", "d"}, "b": {"c"}, "c": {"b"}, "d": set()}) == ["b", "c", "b"]


def test_every_part_of_the_package_is_known_here():
    assert {part_of(path) for path in FILES} - {"__init__"} == set(ALLOWED)


TESTS = ROOT / "tests"
PYTHON = [
    path
    for path in sorted([*TESTS.rglob("*.py"), *(ROOT / "benchmarks").glob("*.py")])
    if TESTS / "data" not in path.parents
]


@pytest.mark.parametrize("path", PYTHON, ids=lambda path: str(path.relative_to(ROOT)))
def test_what_tests_share_is_in_their_helpers_and_no_test_imports_another(path):
    ours = {name for name in imported(path) if name.split(".")[0] == "tests"}
    assert all(name.startswith("tests.helpers.") for name in ours), ours


def test_files_of_tests_and_helpers_lie_in_their_rooms_under_a_name_of_their_own():
    stems = [path.stem for path in PYTHON if path.stem.startswith("test_")]
    assert len(stems) == len(set(stems))
    assert not [path for path in (TESTS / "helpers").iterdir() if path.stem.startswith("test_")]
    rooms = {path.name for path in TESTS.iterdir() if path.is_dir()} - {"__pycache__"}
    assert rooms <= set(ALLOWED) | NO_PARTS


def test_a_file_has_a_name_of_its_own():
    """A solution may be called like its workload, and `run` are the subcommand and the lab's."""
    ours = [path for path in FILES if part_of(path) != "solutions" and path.stem[:2] != "__"]
    count = Counter(path.stem for path in ours)
    assert [stem for stem, files in count.items() if files > 1] == ["run"]


def test_a_class_has_a_name_of_its_own():
    """Solutions are left out: each is read by itself, whatever the others call their parts."""
    places = defaultdict(list)
    for path in FILES:
        for node in ast.parse(path.read_text(encoding="utf-8")).body:
            is_public = isinstance(node, ast.ClassDef) and not node.name.startswith("_")
            if is_public and part_of(path) != "solutions":
                places[node.name].append(module_name(path))
    assert {name: where for name, where in places.items() if len(where) > 1} == {}


MOST_LINES = 450
MOST_LINES_OF_A_FUNCTION = 60
LONG = {"glomers.node": "what a node file imports is to be read in one place"}
"""The modules that may be longer, and why."""
RUNNING = {"solutions", "__main__"}


def test_no_module_is_long_but_for_a_reason():
    long = {
        module_name(path)
        for path in FILES
        if len(path.read_text(encoding="utf-8").splitlines()) > MOST_LINES
    }
    assert long == set(LONG)


def test_every_function_is_short():
    long = [
        f"{module_name(path)}.{node.name}"
        for path in FILES
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
        and node.end_lineno - node.lineno >= MOST_LINES_OF_A_FUNCTION
    ]
    assert long == []


def test_every_module_is_imported_without_a_warning():
    """But for those that run when they are imported: solutions, and `python -m glomers`."""
    names = [name for name, path in MODULES.items() if part_of(path) not in RUNNING]
    script = "import importlib, sys\nfor name in sys.argv[1:]:\n    importlib.import_module(name)"
    command = [sys.executable, "-W", "error", "-c", script, *names]
    done = subprocess.run(command, capture_output=True, text=True)
    assert (done.returncode, done.stderr) == (0, "")
