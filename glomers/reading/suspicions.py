"""What in a node's program may be the reason, without proof: each begins with "Perhaps"."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from typing import NamedTuple

from glomers.reading.dossier import Dossier
from glomers.reading.finding import Finding, Kind
from glomers.reading.wording import in_order, listed

_AT_ONCE = frozenset({"sorted", "sort", "min", "max", "map", "filter", "any", "all", "sum", "next"})
"""Functions that call what they are given before they return."""
_BLOCKING = frozenset(
    {
        ("time", "sleep"),
        ("requests", "get"),
        ("requests", "post"),
        ("subprocess", "run"),
        ("os", "system"),
    }
)
_LEAST_SENT = 10

Loop = ast.For | ast.AsyncFor | ast.ListComp | ast.SetComp | ast.GeneratorExp | ast.DictComp


class _Suspect(NamedTuple):
    line: int
    sentence: str


def suspicions(dossier: Dossier) -> Iterator[Finding]:
    """What may be the reason, the likeliest first."""
    tree = dossier.source.tree
    if tree is not None:
        for suspect in [*_late_bound(tree), *_swallowed(tree), *_blocking(tree)]:
            file = str(dossier.program)
            place = dossier.source.place(file, suspect.line)
            text = dossier.source.text(file, suspect.line)
            yield Finding(Kind.SUSPICION, f"Perhaps: {suspect.sentence}.", place, (text,))
    yield from _narrow_talkers(dossier)


def _late_bound(tree: ast.AST) -> Iterator[_Suspect]:
    """Functions made in a loop that look at its variable only when they are called."""
    for loop in ast.walk(tree):
        if not isinstance(loop, Loop):
            continue
        names = _loop_names(loop)
        for function, path in _functions_in(loop, ()):
            free = names & _free_names(function)
            if not free or _is_called_at_once(path):
                continue
            kind = "lambda" if isinstance(function, ast.Lambda) else f"function {function.name!r}"
            name = sorted(free)[0]
            yield _Suspect(
                function.lineno,
                f"the {kind} looks up `{name}` when it is called, which may be after the loop has "
                f"gone on: then all of them see the last `{name}`; bind it with `{name}={name}`",
            )


def _loop_names(loop: Loop) -> set[str]:
    targets = (
        [loop.target]
        if isinstance(loop, ast.For | ast.AsyncFor)
        else [generator.target for generator in loop.generators]
    )
    return {
        node.id for target in targets for node in ast.walk(target) if isinstance(node, ast.Name)
    }


_Function = ast.Lambda | ast.FunctionDef | ast.AsyncFunctionDef


def _functions_in(
    node: ast.AST, path: tuple[ast.AST, ...]
) -> Iterator[tuple[_Function, tuple[ast.AST, ...]]]:
    """The functions made in a piece of the program, each with what stands around it."""
    for child in ast.iter_child_nodes(node):
        if isinstance(child, _Function):
            yield child, path
        else:
            yield from _functions_in(child, (*path, child))


def _free_names(function: _Function) -> set[str]:
    """The names that a function looks up outside when it is called."""
    arguments = function.args
    own = {each.arg for each in [*arguments.posonlyargs, *arguments.args, *arguments.kwonlyargs]}
    body = [function.body] if isinstance(function, ast.Lambda) else function.body
    used = [node for part in body for node in ast.walk(part) if isinstance(node, ast.Name)]
    stored = {node.id for node in used if isinstance(node.ctx, ast.Store)}
    return {node.id for node in used} - own - stored


def _is_called_at_once(path: tuple[ast.AST, ...]) -> bool:
    """Whether what is around a function calls it before the loop goes on."""
    if any(isinstance(node, ast.Await) for node in path):
        return True
    return any(
        isinstance(node, ast.Call)
        and getattr(node.func, "attr", getattr(node.func, "id", "")) in _AT_ONCE
        for node in path
    )


def _swallowed(tree: ast.AST) -> Iterator[_Suspect]:
    """Handlers of all exceptions that say nothing about them."""
    for node in ast.walk(tree):
        if not isinstance(node, ast.ExceptHandler):
            continue
        name = getattr(node.type, "id", "") if node.type else ""
        is_wide = node.type is None or name in ("Exception", "BaseException")
        if is_wide and all(isinstance(each, ast.Pass | ast.Continue) for each in node.body):
            yield _Suspect(node.lineno, "this `except` hides an error that would say more")


def _blocking(tree: ast.AST) -> Iterator[_Suspect]:
    """Calls that stop the whole node, where the clock is real."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute):
            module = getattr(node.func.value, "id", "")
            if (module, node.func.attr) in _BLOCKING:
                call = f"{module}.{node.func.attr}"
                yield _Suspect(node.lineno, f"`{call}` stops the whole node while it lasts")


def _narrow_talkers(dossier: Dossier) -> Iterator[Finding]:
    """Nodes that are heard by one other only, although there are more."""
    nodes = frozenset(dossier.nodes)
    if len(nodes) < 3:
        return
    heard_by: dict[str, set[str]] = {}
    count = 0
    for message in dossier.messages:
        if message.src in nodes and message.dest in nodes:
            heard_by.setdefault(message.src, set()).add(message.dest)
            count += 1
    everyone = set().union(*heard_by.values()) if heard_by else set()
    unheard = in_order(nodes - everyone)
    if count >= _LEAST_SENT and unheard:
        sentence = (
            f"Perhaps: nodes speak to too few others; nobody ever sent anything to "
            f"{listed(unheard)}, and all {count:,} messages between nodes went to "
            f"{listed(in_order(everyone))}."
        )
        yield Finding(Kind.SUSPICION, sentence)
