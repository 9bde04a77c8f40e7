"""Which commands the cells of a notebook run with which node, read off their text.

No cell is executed: texts, numbers, names of these, f-strings, sums and `replace` are worked out,
loops are followed through their literal values, and what else there is stays unknown.
"""

from __future__ import annotations

import ast
import re
import shlex
from collections.abc import Iterator
from dataclasses import dataclass, replace
from itertools import islice
from typing import Any

from glomers.engine.command import value_in, with_flag
from glomers.series.notebook import Cell, Notebook, text

_WRITES = re.compile(r"%%writefile (nodes/(\w+)\.py)\n")
_SHOWN = re.compile(r"^maelstrom (test .*)$", re.MULTILINE)
_BUILTINS: dict[str, Any] = {"__builtins__": {}, "range": range}
_PLAIN = (
    *(ast.Constant, ast.JoinedStr, ast.FormattedValue, ast.Name, ast.BinOp, ast.Add, ast.Load),
    *(ast.Tuple, ast.List, ast.Set, ast.Dict, ast.UnaryOp, ast.USub, ast.Call, ast.Attribute),
    ast.Subscript,
)
_CALLED = {"range", "replace"}
_MOST_TURNS = 60


@dataclass(frozen=True)
class Told:
    """A command as a notebook has it, with its seed; `is_shown`: its verdict and figures are shown.

    `words` begin with `test`; `faults` are those that the node is explored with, where they are
    others than the command's.
    """

    words: tuple[str, ...]
    seed: int
    is_shown: bool = False
    faults: str | None = None

    @property
    def node(self) -> str:
        """The file of the node, as the notebook calls it."""
        return value_in(self.words, "--bin") or ""


def node_file(cell: Cell) -> str | None:
    """The file that a cell writes a node to, if it does: `nodes/echo.py`."""
    found = _WRITES.match(cell.source) if cell.kind == "code" else None
    return found[1] if found else None


def commands_of(notebook: Notebook) -> dict[str, Told]:
    """What to run each node of a notebook with: a command whose result is shown, or the first.

    A node that no command names has none.
    """
    chosen: dict[str, Told] = {}
    faults: dict[str, str] = {}
    reader = _Reader([file for cell in notebook.cells if (file := node_file(cell))])
    outputs = [output for cell in notebook.code_cells for output in cell.outputs]
    shown = {match for output in outputs for match in _SHOWN.findall(_plain(output))}
    for cell in notebook.code_cells:
        for told in reader.read(cell.source):
            is_shown = shlex.join(told.words) in shown
            before = chosen.get(told.node)
            if before is None or (is_shown and not before.is_shown):
                chosen[told.node] = replace(told, is_shown=is_shown)
            if told.faults:
                faults.setdefault(told.node, told.faults)
    return {node: replace(told, faults=faults.get(node)) for node, told in chosen.items()}


def _plain(output: dict[str, Any]) -> str:
    return text(output.get("data", {}).get("text/plain", ""))


class _Reader:
    """Goes through cells in order, and keeps what names stand for."""

    def __init__(self, nodes: list[str]) -> None:
        self.names: dict[str, Any] = {}
        self._nodes = nodes

    def read(self, source: str) -> Iterator[Told]:
        """The commands of a cell."""
        try:
            tree = ast.parse(source)
        except SyntaxError:  # a magic, such as %%writefile
            return
        yield from self._block(tree.body)

    def _block(self, body: list[ast.stmt]) -> Iterator[Told]:
        for statement in body:
            match statement:
                case ast.Assign(targets=[ast.Name(id=name)], value=value):
                    yield from self._commands(value)
                    self._set(name, self._value(value))
                case ast.AugAssign(target=ast.Name(id=name), op=ast.Add(), value=value):
                    self._add(name, self._value(value))
                case ast.For(target=target, iter=values, body=inner):
                    for _ in self._turns(target, values):
                        yield from self._block(inner)
                case ast.FunctionDef():
                    pass  # what its arguments are is not known
                case _:
                    yield from self._commands(statement)

    def _turns(self, target: ast.expr, values: ast.expr) -> Iterator[None]:
        """Go through a loop: once for each value, or once without knowing any."""
        found = self._value(values)
        for value in islice(found, _MOST_TURNS) if isinstance(found, _ITERABLE) else (None,):
            self._bind(target, value)
            yield

    def _bind(self, target: ast.expr, value: Any) -> None:
        if isinstance(target, ast.Name):
            self._set(target.id, value)
        elif isinstance(target, ast.Tuple) and isinstance(value, tuple):
            for part, item in zip(target.elts, value, strict=False):
                self._bind(part, item)

    def _set(self, name: str, value: Any) -> None:
        self.names.pop(name, None)
        if value is not None:
            self.names[name] = value

    def _add(self, name: str, value: Any) -> None:
        if isinstance(self.names.get(name), str) and isinstance(value, str):
            self.names[name] += value

    def _commands(self, part: ast.AST) -> Iterator[Told]:
        """The commands among the arguments of calls, wherever in a statement."""
        if isinstance(part, ast.DictComp | ast.ListComp | ast.GeneratorExp):
            first = part.generators[0]
            for _ in self._turns(first.target, first.iter):
                for child in ast.iter_child_nodes(part):
                    yield from self._commands(child)
            return
        if isinstance(part, ast.Call):
            yield from self._of_call(part)
        for child in ast.iter_child_nodes(part):
            yield from self._commands(child)

    def _of_call(self, call: ast.Call) -> Iterator[Told]:
        values = [self._value(argument) for argument in call.args]
        texts = [value for value in values if isinstance(value, str)]
        keywords = {each.arg: self._value(each.value) for each in call.keywords}
        for command in texts:
            words = _words(command)
            if not words:
                continue
            if value_in(words, "--bin") is None:
                named = {f"nodes/{word}.py" for word in texts}.intersection(self._nodes)
                if not named:
                    continue
                words = with_flag(words, "--bin", named.pop())
            known = (keywords.get("seed"), self.names.get("SEED"), 0)
            seed = next(each for each in known if isinstance(each, int))
            faults = keywords.get("faults")
            yield Told(tuple(words), seed, faults=faults if isinstance(faults, str) else None)

    def _value(self, expression: ast.expr) -> Any:
        """What an expression stands for; None: nobody knows."""
        for part in ast.walk(expression):
            if not isinstance(part, _PLAIN):
                return None
            if isinstance(part, ast.Call) and _called(part) not in _CALLED:
                return None
            if isinstance(part, ast.Attribute) and part.attr not in _CALLED:
                return None
        try:
            tree = ast.fix_missing_locations(ast.Expression(expression))
            return eval(compile(tree, "<cell>", "eval"), {**self.names, **_BUILTINS})
        except (SyntaxError, ArithmeticError, LookupError, NameError, TypeError, ValueError):
            return None


_ITERABLE = (tuple, list, range, dict, set)


def _called(call: ast.Call) -> str:
    return call.func.attr if isinstance(call.func, ast.Attribute) else getattr(call.func, "id", "")


def _words(text: str) -> list[str]:
    """The words of a command that begins with `test -w`; none when it is something else."""
    if not text.startswith("test -"):
        return []
    try:
        return shlex.split(text)
    except ValueError:
        return []
