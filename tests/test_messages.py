"""docs/when-things-go-wrong.md quotes nothing that the code does not say."""

import ast
import re
from functools import cache
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
PAGE = ROOT / "docs" / "when-things-go-wrong.md"
LEAST_CHARACTERS = 8
"""Shorter pieces of text could come from anywhere."""
COVERED = 0.6
"""How much of a quotation must stand in the code; the rest are names and numbers of examples."""

QUOTED = re.findall(r"^\| `([^`]+)`(?: \|)", PAGE.read_text(encoding="utf-8"), re.MULTILINE)


@cache
def pieces():
    """All text in the code that is long enough, cut where values are put in."""
    return {
        node.value
        for path in sorted((ROOT / "glomers").rglob("*.py"))
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(node, ast.Constant) and isinstance(node.value, str)
        if len(node.value) >= LEAST_CHARACTERS and "\n\n" not in node.value
    }


def said_by_the_code(quoted):
    """The places in the quotation that stand in the code."""
    fragments = [part.strip() for part in quoted.split("…") if len(part) >= LEAST_CHARACTERS]
    found = {piece for piece in pieces() if piece in quoted}
    found |= {part for part in fragments if any(part in piece for piece in pieces())}
    return {
        i
        for text in found
        for match in re.finditer(re.escape(text), quoted)
        for i in range(*match.span())
    }


@pytest.mark.parametrize("quoted", QUOTED)
def test_every_quoted_message_is_one_that_the_code_says(quoted):
    said = said_by_the_code(quoted)
    characters = {i for i, character in enumerate(quoted) if character not in "… "}
    shown = "".join(character if i in said else "_" for i, character in enumerate(quoted))
    assert len(characters & said) >= COVERED * len(characters), shown


def test_the_page_quotes_many_and_the_readme_leads_to_it():
    assert len(QUOTED) > 50
    assert "docs/when-things-go-wrong.md" in (ROOT / "README.md").read_text(encoding="utf-8")
