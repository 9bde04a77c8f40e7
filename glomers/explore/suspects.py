"""The lines of a node's file that ask for what the bench does not control.

Under a fixed hash seed the order of a set of strings is repeatable, but nobody promised it; what
`id` and the hash of plain objects give depends on where they lie in memory; some clocks of the
operating system are not replaced.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

_CALLS = {
    "hash": "a hash, which differs between processes",
    "id": "an address in memory",
    "times": "a clock of the machine",
    "getrusage": "a clock of the machine",
    "gethostname": "the name of the machine",
    "get_ident": "an address in memory",
    "open": "a file",
    "read_text": "a file",
    "getenv": "the environment",
}
_ORDER = "the order of a set"
_ORDERED_BY = frozenset({"list", "tuple", "iter", "enumerate", "map", "filter", "zip", "join"})


def suspects(program: Path) -> dict[int, str]:
    """Line numbers of the file, and what each asks for."""
    tree = ast.parse(program.read_bytes())
    sets = _names_of_sets(tree)
    return dict(_find(tree, sets))


def _names_of_sets(tree: ast.AST) -> set[str]:
    """Names and attributes that are assigned a set somewhere."""
    names: set[str] = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Assign | ast.AnnAssign) and _is_set(node.value, names):
            targets = node.targets if isinstance(node, ast.Assign) else [node.target]
            names |= {name for target in targets if (name := _name(target))}
    return names


def _name(node: ast.AST) -> str | None:
    if isinstance(node, ast.Name):
        return node.id
    return node.attr if isinstance(node, ast.Attribute) else None


def _is_set(node: ast.AST | None, names: set[str]) -> bool:
    if isinstance(node, ast.Set | ast.SetComp):
        return True
    if isinstance(node, ast.Call):
        return _name(node.func) in ("set", "frozenset", "union", "difference", "intersection")
    if isinstance(node, ast.BinOp):
        return _is_set(node.left, names)
    return node is not None and _name(node) in names


def _find(tree: ast.AST, sets: set[str]) -> Iterator[tuple[int, str]]:
    for node in ast.walk(tree):
        if isinstance(node, ast.For | ast.comprehension) and _is_set(node.iter, sets):
            yield node.iter.lineno, _ORDER
        if isinstance(node, ast.Starred) and _is_set(node.value, sets):
            yield node.value.lineno, _ORDER
        if not isinstance(node, ast.Call):
            continue
        name = _name(node.func)
        if name in _CALLS:
            yield node.lineno, _CALLS[name]
        elif any(_is_set(part, sets) for part in _ordered_parts(node, name)):
            yield node.lineno, _ORDER


def _ordered_parts(call: ast.Call, name: str | None) -> list[ast.expr]:
    """The parts of a call whose order decides what it gives."""
    if name in _ORDERED_BY:
        return call.args
    if name == "pop" and isinstance(call.func, ast.Attribute) and not call.args:
        return [call.func.value]
    return []
