"""docs/when-things-go-wrong.md quotes what the code says, and all that a lesson can bring about."""

import ast
import re
from functools import cache

import pytest

from tests.helpers.places import ROOT

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
        node.value.replace("`", "")
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


@pytest.mark.slow
@pytest.mark.parametrize("quoted", QUOTED)
def test_every_quoted_message_is_one_that_the_code_says(quoted):
    said = said_by_the_code(quoted)
    characters = {i for i, character in enumerate(quoted) if character not in "… "}
    shown = "".join(character if i in said else "_" for i, character in enumerate(quoted))
    assert len(characters & said) >= COVERED * len(characters), shown


def test_the_page_quotes_many_and_the_readme_leads_to_it():
    assert len(QUOTED) > 50
    assert "docs/when-things-go-wrong.md" in (ROOT / "README.md").read_text(encoding="utf-8")


# And the other way round

ERRORS = {
    *("LabError", "RunFailed", "StoreError", "LabWarning"),
    *("ExploreError", "BadInput", "BrokenTest", "MaelstromError"),
}
"""What is raised with a sentence for a person, all of which can reach a notebook."""
SPEAKING = ("lab", "engine", "explore", "bench")
IN_RETURNS = ("lab", "engine")
"""Parts in which a sentence is also returned."""
FIRST_WORDS = 4
"""So many words, at the beginning of a sentence or after a value in it, are looked for."""


def template(node):
    """A text of the code with `…` for each value in it; None: it is none."""
    if isinstance(node, ast.Constant) and isinstance(node.value, str):
        return node.value
    if isinstance(node, ast.JoinedStr):
        return "".join(
            part.value if isinstance(part, ast.Constant) else "…" for part in node.values
        )
    return None


def texts_in(node, assigned):
    """The texts that an expression is made of, names that were assigned some included."""
    text = template(node)
    if text is not None:
        return [text]
    if isinstance(node, ast.Name):
        return assigned.get(node.id, [])
    return [each for child in ast.iter_child_nodes(node) for each in texts_in(child, assigned)]


def said_in(path):
    """The sentences that a module gives to errors for people, or returns, each as a template."""
    for function in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if not isinstance(function, ast.FunctionDef | ast.AsyncFunctionDef):
            continue
        assigned = {}
        for node in ast.walk(function):
            if isinstance(node, ast.Assign) and isinstance(node.targets[0], ast.Name):
                assigned[node.targets[0].id] = texts_in(node.value, {})
        for node in ast.walk(function):
            if isinstance(node, ast.Call) and getattr(node.func, "id", "") in ERRORS and node.args:
                yield from texts_in(node.args[0], assigned)
            elif (
                isinstance(node, ast.Return)
                and node.value
                and path.parent.name in ("lab", "engine")
            ):
                returned = (text.rstrip() for text in texts_in(node.value, {}))
                yield from (text for text in returned if is_sentence(text))


def is_sentence(text):
    is_markup = text.startswith("<")
    ends = text.endswith((".", ":", "…"))
    return ends and not is_markup and len(first_words(text).split()) == FIRST_WORDS


def first_words(text):
    """The first words of a sentence that stand together, without values."""
    parts = [part.split() for part in re.sub(r"[`*]", "", text).split("…")]
    longest = next((part for part in parts if len(part) >= FIRST_WORDS), max(parts, key=len))
    return " ".join(longest[:FIRST_WORDS])


SAID = {
    f"{path.relative_to(ROOT / 'glomers')}: {text[:50]}": text
    for part in SPEAKING
    for path in sorted((ROOT / "glomers" / part).rglob("*.py"))
    for text in said_in(path)
    if " " in first_words(text)
}
PLAIN = re.sub(r"[`*]", "", PAGE.read_text(encoding="utf-8"))


@pytest.mark.parametrize("text", SAID.values(), ids=list(SAID))
def test_every_sentence_that_a_lesson_can_bring_about_is_explained(text):
    assert first_words(text) in PLAIN, f"docs/{PAGE.name} does not tell what to do about: {text}"


# What a check says

_NO_FINDINGS = {
    *("acknowledged", "dossier", "envelopes", "faults", "finding", "guarantees", "node_states"),
    *("notes", "partitions", "registers", "restarts", "source", "wording"),
}
"""Parts of the reading of a run that make no sentences, or those of other sections."""
FINDING_SOURCES = [
    *(
        path
        for path in sorted((ROOT / "glomers" / "reading").glob("*.py"))
        if path.stem not in _NO_FINDINGS
    ),
    *(
        ROOT / "glomers" / "workshop" / f"{name}.py"
        for name in ("assessment", "evidence", "limits", "telling", "trials", "verdict", "watch")
    ),
]
_SELF_EXPLANATORY = {"_checked", "_unchecked"}
"""Functions that list what a pass has checked and what not."""
_PATTERN = re.compile(r"\(\?|\\[dS]|^\^")


def findings_in(path):
    """The texts of findings in a module, each as a template.

    Names of anomalies, which stand alone as constants, are none.
    """
    tree = ast.parse(path.read_text(encoding="utf-8"))
    left = {id(each) for node in ast.walk(tree) for each in not_said(node)}
    for node in ast.walk(tree):
        text = template(node)
        if text and id(node) not in left and not _PATTERN.search(text):
            yield re.sub(r"\{\w+\}", "…", text)


def not_said(node):
    """The texts in a node that nobody is told as they are, docstrings among them."""
    if isinstance(node, ast.Expr):
        yield node.value
    elif isinstance(node, ast.JoinedStr):
        yield from (each for each in ast.walk(node) if each is not node)
    elif isinstance(node, ast.FunctionDef) and node.name in _SELF_EXPLANATORY:
        yield from ast.walk(node)
    elif isinstance(node, ast.Assign) and isinstance(node.targets[0], ast.Name):
        text = template(node.value) or ""
        is_constant = node.targets[0].id.isupper()
        if is_constant and not text.rstrip().endswith((".", "?", ":")):
            yield node.value


def in_a_row(text):
    """Words of a text that stand together, in small letters; a text of few words is no finding."""
    words = first_words(text).lower()
    is_long = len(text.replace("…", " ").split()) >= FIRST_WORDS
    return words if is_long and " " in words else ""


FINDINGS = {
    f"{path.stem}: {text[:50]}": text
    for path in FINDING_SOURCES
    for text in findings_in(path)
    if in_a_row(text)
}
CHECKS = PLAIN.partition("## What a check says")[2].lower()
"""From there on: a finding may also be one that has a section of its own."""


@pytest.mark.parametrize("text", FINDINGS.values(), ids=list(FINDINGS))
def test_every_finding_of_a_check_is_explained(text):
    assert in_a_row(text) in CHECKS, f"docs/{PAGE.name} does not tell what to do about: {text}"


def test_findings_are_found_wherever_they_are_made():
    texts = set(FINDINGS.values())
    assert "Offset … of … holds several messages: …" in texts, "returned with operations"
    assert "never sent it again" in texts, "a part of a sentence"
    assert "transactions read from one another in a circle (circular information flow)" in texts
    assert any("was asked for … and answers …" in text for text in texts), "of messages alone"
    assert len(texts) > 100


def test_sentences_are_found_wherever_an_error_is_made():
    texts = set(SAID.values())
    assert "The run is …, but this cell expects it to be …." in texts, "of a variable"
    assert "It ended with status …." in texts, "one of two"
    assert "Node … cannot start: …" in texts, "of the bench"
    assert "There is no file …: --bin must name the program of a node." in texts, "returned"
    assert len(texts) > 80
