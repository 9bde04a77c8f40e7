"""The node's program: where the handler of a message stands, and where one is made.

Line numbers come from the program's text; where the handlers are, the bench may know better, as it
has seen them being registered.
"""

from __future__ import annotations

import ast
import os
from collections.abc import Iterator, Mapping
from pathlib import Path

from glomers.files import STANDARD_LIBRARY, below
from glomers.reading.finding import Place

_PACKAGE = Path(__file__).resolve().parents[1]
_LIBRARY_FOLDERS = ("site-packages", "dist-packages")
_MOST_BYTES = 1 << 20

Function = ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda


class Source:
    """A program in Python, its main file and what lies beside it.

    Args:
        program: the main file; None when nobody knows.
        handlers: where handlers begin, by type of message, as (file, line).
    """

    def __init__(
        self, program: Path | None, handlers: Mapping[str, tuple[str, int]] | None = None
    ) -> None:
        self._program = program
        self._folder = os.path.dirname(os.path.abspath(program)) if program else None
        self._handlers = handlers or {}
        self._lines: dict[str, list[str]] = {}
        self._trees: dict[str, ast.Module | None] = {}

    @property
    def tree(self) -> ast.Module | None:
        """The main file, parsed; None when it cannot be."""
        return self._parsed(str(self._program)) if self._program else None

    def _read(self, file: str) -> list[str]:
        """The lines of a file of the program; none of others, or when it cannot be read."""
        if file not in self._lines:
            try:
                if not self._is_beside(file):  # a log may name any file, whatever is in it
                    raise OSError
                with open(file, "rb") as opened:
                    text = opened.read(_MOST_BYTES).decode("utf-8", "replace")
            except (OSError, ValueError):  # of a name that can be none
                text = ""
            self._lines[file] = text.splitlines()
        return self._lines[file]

    def _is_beside(self, file: str) -> bool:
        """Whether a file lies in the program's folder, wherever links lead."""
        if self._folder is None:
            return False
        folder = os.path.realpath(self._folder)
        return os.path.realpath(file).startswith(os.path.join(folder, ""))

    def _parsed(self, file: str) -> ast.Module | None:
        if file not in self._trees:
            try:
                self._trees[file] = ast.parse("\n".join(self._read(file)))
            except (SyntaxError, ValueError, RecursionError):
                self._trees[file] = None
        return self._trees[file]

    def is_own(self, file: str) -> bool:
        """Whether a file that a log names is part of the program, and of no library."""
        path = Path(file)
        if file.startswith("<") or _LIBRARY_FOLDERS[0] in path.parts:
            return False
        if self._program and os.path.abspath(file) == os.path.abspath(self._program):
            return True
        if _LIBRARY_FOLDERS[1] in path.parts or _is_standard(path):
            return False
        return _PACKAGE not in path.parents or _PACKAGE / "solutions" in path.parents

    def place(self, file: str, line: int) -> Place:
        """A line as a person calls it: the file's name below the program's folder."""
        if self._folder and (name := below(file, self._folder)):
            return Place(name, line)
        return Place(os.path.basename(file), line)

    def text(self, file: str, line: int) -> str:
        """A line of a program as evidence, with its number; empty when it cannot be read."""
        lines = self._read(file)
        return f"{line} | {lines[line - 1].strip()}" if 0 < line <= len(lines) else ""

    # Places

    def handler(self, kind: str) -> tuple[Place, str] | None:
        """Where the function begins that handles messages of a type, and that line."""
        found = self._handler(kind)
        if found is None:
            return None
        file, function = found
        return self.place(file, function.lineno), self.text(file, function.lineno)

    def answers(self, kind: str) -> tuple[Place, str] | None:
        """Where the handler of a type returns something; else where it begins."""
        found = self._handler(kind)
        if found is None:
            return None
        file, function = found
        line = max(_returns(function), default=function.lineno)
        return self.place(file, line), self.text(file, line)

    def handler_returns(self, kind: str) -> bool | None:
        """Whether the handler of a type returns anything; None when nobody can tell."""
        found = self._handler(kind)
        return bool(_returns(found[1])) if found else None

    def sends(self, kind: str) -> tuple[Place, str] | None:
        """Where the handler of a type itself sends something; None when it does not."""
        found = self._handler(kind)
        line = next(_sendings(found[1]), None) if found else None
        if found is None or line is None:
            return None
        return self.place(found[0], line), self.text(found[0], line)

    def made(self, kind: str) -> tuple[Place, str] | None:
        """Where the body of a message of that type is written down."""
        if self.tree is None:
            return None
        file = str(self._program)
        expressions = (node for node in ast.walk(self.tree) if isinstance(node, ast.expr))
        line = next((node.lineno for node in expressions if _makes(node, kind)), None)
        return None if line is None else (self.place(file, line), self.text(file, line))

    def _handler(self, kind: str) -> tuple[str, Function] | None:
        if kind in self._handlers:
            file, line = self._handlers[kind]
            tree = self._parsed(file)
            function = _function_at(tree, line) if tree else None
            return (file, function) if function else None
        if self.tree is None:
            return None
        function = next(_handlers(self.tree, kind), None)
        return (str(self._program), function) if function else None


def _is_standard(path: Path) -> bool:
    """Whether a file belongs to the standard library of this Python, or of some other."""
    if path.is_relative_to(STANDARD_LIBRARY):
        return True
    parts = path.parts
    return any(
        part.startswith("python3.") and parts[i - 1] in ("lib", "lib64")
        for i, part in enumerate(parts)
        if i
    )


def _function_at(tree: ast.Module, line: int) -> Function | None:
    """The function that begins in a line, its decorators included; the innermost, if several."""
    found: Function | None = None
    for node in ast.walk(tree):
        if isinstance(node, Function):
            decorators = getattr(node, "decorator_list", [])
            first = min([node.lineno, *(each.lineno for each in decorators)])
            if first == line:
                found = node
    return found


def _handlers(tree: ast.Module, kind: str) -> Iterator[Function]:
    """The functions that are registered for a type: by a decorator, or by a call of one."""
    functions = {
        node.name: node
        for node in ast.walk(tree)
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
    }
    for function in functions.values():
        if any(_registers(decorator, kind) for decorator in function.decorator_list):
            yield function
    for node in ast.walk(tree):
        if isinstance(node, ast.Call) and _registers(node.func, kind) and node.args:
            handler = node.args[0]
            name = getattr(handler, "attr", getattr(handler, "id", None))
            if isinstance(handler, ast.Lambda):
                yield handler
            elif name in functions:
                yield functions[name]


def _registers(node: ast.expr, kind: str) -> bool:
    """Whether an expression is a call such as `node.on("echo")`."""
    return (
        isinstance(node, ast.Call)
        and any(isinstance(each, ast.Constant) and each.value == kind for each in node.args)
        and isinstance(node.func, ast.Attribute | ast.Name)
    )


def _returns(function: Function) -> list[int]:
    """The lines in which a function itself, and none in it, returns something."""
    if isinstance(function, ast.Lambda):
        is_nothing = isinstance(function.body, ast.Constant) and function.body.value is None
        return [] if is_nothing else [function.lineno]
    return [
        node.lineno
        for node in _own_statements(function)
        if isinstance(node, ast.Return) and node.value is not None
        if not (isinstance(node.value, ast.Constant) and node.value.value is None)
    ]


def _sendings(function: Function) -> Iterator[int]:
    """The lines in which a function itself calls `send` or `rpc`."""
    for node in _own_statements(function):
        if isinstance(node, ast.Call) and getattr(node.func, "attr", None) in ("send", "rpc"):
            yield node.lineno


def _own_statements(function: ast.AST) -> Iterator[ast.AST]:
    for child in ast.iter_child_nodes(function):
        yield child
        if not isinstance(child, Function):
            yield from _own_statements(child)


def _makes(node: ast.expr, kind: str) -> bool:
    """Whether a piece of the program is a dict with that type."""
    if isinstance(node, ast.Dict):
        pairs = zip(node.keys, node.values, strict=True)
        return any(_is(key, "type") and _is(value, kind) for key, value in pairs)
    if isinstance(node, ast.Call):
        return any(each.arg == "type" and _is(each.value, kind) for each in node.keywords)
    return False


def _is(node: ast.expr | None, value: str) -> bool:
    return isinstance(node, ast.Constant) and node.value == value
