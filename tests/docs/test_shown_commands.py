"""Every command in README and docs/ does what the page shows, run as it stands there.

In a block of code a line that begins with `$ ` is a command, and what follows is what it prints
(`…` stands for anything).  The commands of a page run one after the other, in a folder that looks
like a fresh clone after `make setup`.
"""

import os
import re
import shlex
import shutil
import subprocess
import sys
from dataclasses import dataclass

import pytest

from glomers.bench.flags import parse_options
from glomers.cli import main as glomers
from glomers.cli import parser_for
from tests.helpers.bench import bench
from tests.helpers.places import ROOT
from tests.helpers.sparing import sparing

PAGES = [
    *sorted(ROOT.glob("*.md")),
    ROOT / "runs" / "README.md",
    *sorted((ROOT / "docs").rglob("*.md")),
]
BLOCK = re.compile(r"^```\w*\n(.*?)^```", re.MULTILINE | re.DOTALL)
LONGEST_S = 120
EXPLORES_LONG = {"08-explore.md"}
TEACHING = sorted(path.name for path in (ROOT / "docs" / "teaching").glob("*.md"))

NOT_RUN = {
    ".venv/bin/glomers bench test -w broadcast --bin examples/broadcast.js --node-count 5 "
    "--time-limit 20 --rate 10 --nemesis partition": "half a minute on the real clock, and Node.js",
    ".venv/bin/glomers grade class --out marks": "minutes, and bubblewrap",
    ".venv/bin/glomers install-maelstrom": "downloads",
    ".venv/bin/glomers site": "downloads, and a test of its own makes the site",
    ".venv/bin/glomers challenge 1 --engine maelstrom": "needs Maelstrom",
    ".venv/bin/glomers run --engine maelstrom --jobs 1": "needs Maelstrom, and hours",
    ".venv/bin/glomers explore 3c --bin runs/nodes/broadcast_retry.py --seeds 1000": "minutes",
}
"""Commands that are only read by the parser of the program, and why."""

OF_OTHERS = {
    ".venv/bin/python -m pip wheel --no-deps --wheel-dir dist .": "needs the tool that builds it",
    ".venv/bin/python -m pip install dist/glomers-0.1.0-py3-none-any.whl": "the same",
    "cd learning && ../.venv/bin/jupyter lab notebooks/00-start-here.ipynb": "does not end",
    ".venv/bin/python -m pip wheel --wheel-dir wheelhouse .": "downloads",
    "python3 -m venv .venv": "on a learner's machine",
    ".venv/bin/python -m pip install --no-index --find-links wheelhouse glomers": "the same",
    ".venv/bin/jupyter lab handout/notebooks/exercises/01-exercise.ipynb": "does not end",
}
"""Commands of other programs that are not run, and why."""

SHOWS_A_FAILURE = ("explore/cut",)
"""What stands in commands that are to end with status 1, as the page says."""


@dataclass(frozen=True)
class Command:
    """A command as typed, and the lines that the page shows below it."""

    text: str
    shown: tuple[str, ...]


def commands_of(page):
    """The commands in the blocks of a page, in order."""
    for block in BLOCK.findall(page.read_text(encoding="utf-8")):
        _, *parts = re.split(r"^\$ ", block, flags=re.MULTILINE)
        for part in parts:
            typed, *shown = part.rstrip("\n").split("\n")
            yield Command(re.sub(r"\s+#.*", "", typed), tuple(shown))


COMMANDS = {page: list(commands_of(page)) for page in PAGES}
TYPED = [command.text for commands in COMMANDS.values() for command in commands]


@pytest.fixture
def clone(tmp_path):
    """A folder that looks like a clone of the project in which `make setup` was run."""
    for name in ("glomers", "notebooks", "examples", "benchmarks", "docs", "pyproject.toml"):
        (tmp_path / name).symlink_to(ROOT / name)
    shutil.copy(ROOT / "README.md", tmp_path)
    (tmp_path / ".venv").symlink_to(sys.prefix)
    return tmp_path


def run(command, folder):
    environment = {k: v for k, v in os.environ.items() if not k.startswith("GLOMERS_")}
    done = subprocess.run(
        ["sh", "-c", command],
        cwd=folder,
        env=environment,
        capture_output=True,
        text=True,
        timeout=LONGEST_S,
        check=False,
    )
    return done.returncode, done.stdout, done.stderr


def pattern(shown):
    """What printed text must look like; `…` stands for anything."""
    return "\n".join(".*".join(map(re.escape, line.split("…"))) for line in shown)


@pytest.mark.slow
@pytest.mark.parametrize(
    "page",
    sparing(
        [page for page in PAGES if COMMANDS[page]],
        {*TEACHING[::2], *EXPLORES_LONG},  # the rest of which stand for them
        lambda page: page.name,
    ),
)
def test_every_command_of_a_page_runs_and_prints_what_the_page_shows(clone, page):
    for command in COMMANDS[page]:
        if command.text in NOT_RUN | OF_OTHERS:
            continue
        status, out, err = run(command.text, clone)
        expected = 1 if any(words in command.text for words in SHOWS_A_FAILURE) else 0
        assert status == expected, f"{command.text}\n{out}\n{err}"
        if command.shown:
            printed = "\n".join(line.rstrip() for line in out.rstrip().split("\n"))
            assert re.fullmatch(pattern(command.shown), printed, re.DOTALL), printed


@pytest.mark.parametrize("command", NOT_RUN)
def test_a_command_that_is_too_long_to_run_is_on_a_page_and_understood(command):
    assert command in TYPED
    program, *words = shlex.split(command)
    assert program == ".venv/bin/glomers"
    if words[:2] == ["bench", "test"]:
        assert parse_options(words[2:]).args == ()
    else:
        assert vars(parser_for(words).parse_args(words)).get("node_args", []) == []


def test_commands_of_other_programs_that_are_not_run_are_on_a_page():
    assert set(OF_OTHERS) <= set(TYPED)


def test_no_command_escapes_because_it_lacks_its_prompt():
    bare = re.compile(r"^(?:\.venv/bin/|\.\./)?(?:glomers|make|python3?|pip|git|cd|sh) [^\n]*\w")
    blocks = "".join(block for page in PAGES for block in BLOCK.findall(page.read_text()))
    assert [line for line in blocks.splitlines() if bare.match(line)] == []
    assert len(set(TYPED) - set(NOT_RUN)) >= 5


# Commands in the text

INLINE = sorted(
    {
        (page.name, " ".join(words))
        for page in PAGES
        for span in re.findall(r"`([^`\n]+)`", BLOCK.sub("", page.read_text(encoding="utf-8")))
        if (words := span.replace("\\|", "|").split())
        if words[0] in ("glomers", "make", "python", "pip", ".venv/bin/glomers", ".venv/bin/python")
    }
)


def has_flags(text, help_text):
    """Whether a help text knows every flag in a command, in synopses too."""
    flags = re.findall(r"(?<![\w-])--?[a-z][a-z-]*", text)
    return all(re.search(rf"(?<![\w-]){flag}(?![\w-])", help_text) for flag in flags)


@pytest.mark.parametrize(
    "text", sorted({text for _, text in INLINE if "glomers" in text.split()[0]})
)
def test_the_text_names_only_commands_and_flags_that_there_are(capsys, text):
    words = text.partition(" -- ")[0].split()[1:]
    ask, words = (bench, words[1:]) if words[:1] == ["bench"] else (glomers, words)
    assert ask([words[0], "--help"] if words else ["--help"]) == 0
    assert has_flags(" ".join(words[1:]), capsys.readouterr().out)


@pytest.mark.parametrize("text", sorted({text for _, text in INLINE if text.startswith("make")}))
def test_the_text_names_only_targets_that_make_has(text):
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
    for word in shlex.split(text)[1:]:
        name, is_variable, _ = word.partition("=")
        place = rf"\$\({name}\)" if is_variable else rf"^{name}:"
        assert re.search(place, makefile, re.MULTILINE), word


@pytest.mark.parametrize(
    "text", sorted({text for _, text in INLINE if text.split()[0].endswith("python")})
)
def test_the_text_names_only_scripts_and_flags_that_there_are(text):
    python, script, *flags = text.replace("-m ", "-m=").split()
    if script.startswith("-m="):
        script = script.removeprefix("-m=").replace(".", "/") + ".py"
    assert python == ".venv/bin/python", "another one may not have the package"
    source = (ROOT / script).read_text(encoding="utf-8")
    assert has_flags(" ".join(flags), source)


def test_nothing_is_to_be_installed_by_a_name_that_no_registry_has():
    assert [text for _, text in INLINE if text.startswith("pip")] == []


# Exit statuses

TROUBLE = (ROOT / "docs" / "when-things-go-wrong.md").read_text(encoding="utf-8")
SECTIONS = {
    254: "The command line is refused",
    255: "The test cannot begin",
}
REFUSED = {
    "--bin nowhere": 255,
    "--bin .": 255,
    "--bin text --node-count 1": 255,
    "--bin text --clock virtual": 255,
    "--bin node.py -w lin-kv --node-count 2 --concurrency 1n": 255,
    "--bin node.py --nodes-file nowhere": 255,
    "--bin node.py –rate 5": 254,
    "--bin node.py --rate many": 254,
    "--bin node.py --node-count 5000": 254,
    "--bin node.py --ratee 5": 254,
    "--bin node.py -node-count 5": 254,
    "--bin node.py -n a/b": 254,
    "--bin node.py -n lin-kv": 254,
    "serve": 254,
}


@pytest.mark.parametrize(("words", "status"), REFUSED.items(), ids=REFUSED)
def test_a_refusal_stands_in_the_section_of_its_status(
    tmp_path, monkeypatch, capsys, words, status
):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "text").write_text("no program")
    (tmp_path / "node.py").write_text("from glomers.node import Node\nnode = Node()\nnode.run()\n")
    monkeypatch.setenv("PYTHONHASHSEED", "0")
    assert bench(words.split() if words == "serve" else ["test", *words.split()]) == status
    said = capsys.readouterr().err
    section = TROUBLE.partition(f"## {SECTIONS[status]}\n")[2].partition("\n## ")[0]
    quoted = re.findall(r"^\| `([^`]+)` \|", section, re.MULTILINE)
    assert any(re.search(pattern([text]), said) for text in quoted), said
