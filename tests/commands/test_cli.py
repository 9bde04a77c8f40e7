"""The `glomers` command: which subcommands there are, and how it refuses bad arguments."""

import os
import pkgutil
import re
import shlex
import subprocess
import sys
from pathlib import Path

import pytest

import glomers
from glomers import commands, lab
from glomers.challenges import SOLUTIONS
from glomers.cli import main, parser_for
from glomers.commands import COMMANDS, EXAMPLES, doctor
from glomers.errors import (
    BadInput,
    BrokenTest,
    ExploreError,
    LabError,
    MaelstromError,
    SeriesError,
)
from glomers.lab import exploration
from glomers.series.project import select_notebooks
from tests.helpers.places import ROOT
from tests.helpers.series import Series


@pytest.fixture
def series(tmp_path, monkeypatch):
    series = Series(tmp_path / "project")
    for name in ("00-start", "03a-one", "03d-tree", "04-counter"):
        series.write(name, "print(1)")
    (series.root / "README.md").write_text("# All")
    (series.root / "loop").symlink_to("loop")
    monkeypatch.chdir(series.root)
    return series


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        (["fly"], "There is no command 'fly'"),
        (["run", "--jobs", "0"], "0 is not a whole number of at least 1"),
        (["run", "--jobs", "many"], "many is not a whole number of at least 1"),
        (["run", "--jobs", "²"], "² is not a whole number of at least 1"),
        (["run", "--jobs", ""], "'' is not a whole number of at least 1"),
        (["grade", ".", "--jobs", "9" * 23], "is too much: at most 999,999"),
        (["explore", "1", "--seeds", "9" * 5000], "is too much: at most 999,999"),
        (["run", "--engine", "steam"], "invalid choice: 'steam'"),
        (["run", "--fast"], "glomers run: unrecognized arguments: --fast"),
        (["check", "all"], "glomers check: unrecognized arguments: all"),
        (["run", "-p", "seed"], "expected 2 arguments"),
        (["run", "nothing"], "There is no notebook nothing. The notebooks are: 00-start"),
        (["run", "other/03a-one.ipynb"], "There is no notebook other/03a-one.ipynb."),
        (["export", "nowhere"], "There are no notebooks in nowhere"),
        (["export"], "There are no notebooks in runs/latest"),
        (["export", ""], "argument DIR: the name is empty"),
        (["grade", ""], "argument FOLDER: the name is empty"),
        (["init", "README.md"], "README.md cannot be written: it is not a folder."),
        (["workshop", "README.md"], "README.md cannot be written: it is not a folder."),
        (["site", "README.md"], "README.md cannot be written: it is not a folder."),
        (["explore", "1", "--out", "README.md"], "Cannot write to README.md: it is not a folder."),
        (["explore", "9z"], "'9z' is neither a challenge (1, 2, 3a,"),
        (["challenge", "1", "--bin", "."], ". is no plain file: --bin must name"),
        (["bench", "tset"], "did you mean `glomers bench test`?"),
        (["bench", "check", "-w", "echo", "."], ".: the file cannot be read: Is a directory"),
        (["view", "loop"], "There is no store folder"),
    ],
)
def test_bad_arguments_end_in_one_sentence_and_status_254(series, capsys, words, sentence):
    assert main(words) == 254
    out, err = capsys.readouterr()
    assert sentence in err
    assert err.count("\n") == 1
    assert out == ""


ECHO = ["test", "-w", "echo", "--node-count", "1", "--time-limit", "1", "--bin"]
SAYS_MUCH = [[], ["--help"], ["check"], ["bench", *ECHO, str(SOLUTIONS / "echo.py")]]
NAMES = ["first steps", "help", "check", "bench"]


def say(words, project, to, **environment):
    """What is said on stderr, and the exit status, when the console is as the shell's `to` says."""
    command = shlex.join([sys.executable, "-m", "glomers", *words])
    done = subprocess.run(
        ["sh", "-c", f"{command} {to}"],
        capture_output=True,
        cwd=project,
        env=os.environ | {"PYTHONPATH": str(ROOT)} | environment,
        text=True,
    )
    return done.stderr, done.returncode


@pytest.mark.parametrize("unbuffered", ["", "1"])
@pytest.mark.parametrize("words", SAYS_MUCH, ids=NAMES)
def test_when_nobody_reads_on_nothing_is_said_about_it(series, words, unbuffered):
    said, _ = say(words, series.root, "| true", PYTHONUNBUFFERED=unbuffered)
    assert said == ""
    if words[:1] == ["bench"]:  # whose store is whole
        assert (series.root / "store" / "latest" / "results.edn").is_file()


def test_a_folder_that_is_gone_is_named(tmp_path, monkeypatch, capsys):
    gone = tmp_path / "gone"
    gone.mkdir()
    monkeypatch.chdir(gone)
    gone.rmdir()
    assert main(["run"]) == 1
    assert capsys.readouterr().err == "The current folder is gone: change to one that exists.\n"


@pytest.mark.parametrize("to", [">&-", "<&- >&- 2>&-", ">/dev/full"])
@pytest.mark.parametrize("words", SAYS_MUCH, ids=NAMES)
def test_a_console_that_is_closed_or_full_leaves_no_traceback(series, words, to):
    said, status = say(words, series.root, to)
    assert "Traceback" not in said
    assert status in ((0, 1) if to != ">/dev/full" else (0, 1, 255))


@pytest.mark.parametrize(
    ("names", "stems"),
    [
        ([], ["00-start", "03a-one", "03d-tree", "04-counter"]),
        (["3d"], ["03d-tree"]),
        (["03d"], ["03d-tree"]),
        (["03"], ["03a-one", "03d-tree"]),
        (["04-counter", "03a"], ["04-counter", "03a-one"]),
        (["notebooks/03a-one.ipynb", "03a"], ["03a-one"]),
        (["03a-one.ipynb"], ["03a-one"]),
    ],
)
def test_notebooks_are_chosen_by_path_name_or_number(series, names, stems):
    assert [path.stem for path in select_notebooks(names)] == stems


@pytest.mark.parametrize("name", ["", "3d-tre", "d", "."])
def test_a_name_that_fits_nothing_is_refused(series, name):
    with pytest.raises(BadInput, match="There is no notebook"):
        select_notebooks([name])


def test_two_notebooks_of_one_name_are_refused(series, tmp_path):
    other = tmp_path / "elsewhere"
    other.mkdir()
    path = series.write("03a-one", "print(1)", folder=other)
    with pytest.raises(BadInput, match="the same name"):
        select_notebooks(["03a", str(path)])


def test_everything_after_bench_is_the_benchs_own():
    command = [sys.executable, "-m", "glomers", "bench", "test", "-w", "no-such-workload"]
    done = subprocess.run([*command, "--bin", "x"], capture_output=True, text=True)
    assert done.returncode == 254
    assert "no-such-workload" in done.stderr


def test_the_bench_starts_without_what_only_notebooks_need():
    look = (
        "import sys; from glomers.__main__ import main; "
        "sys.argv[1:] = ['bench', '--help']; main(); "
        "print([m for m in ('pandas', 'papermill', 'matplotlib', 'rich', 'nbformat') "
        "if m in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", look], capture_output=True, text=True, check=True)
    assert done.stdout.splitlines()[-1] == "[]"


def test_every_subcommand_has_a_module_and_every_module_one():
    modules = {module.name for module in pkgutil.iter_modules(commands.__path__)}
    assert modules - {"arguments"} == {name.replace("-", "_") for name in COMMANDS}


def test_the_version_is_told_without_a_subcommand(capsys):
    assert main(["--version"]) == 0
    assert capsys.readouterr().out == f"glomers {glomers.__version__}\n"


@pytest.mark.parametrize("name", COMMANDS)
def test_every_subcommand_says_what_it_takes(name, capsys):
    assert main([name, "--help"]) == 0
    assert capsys.readouterr().out.startswith(f"usage: glomers {name} ")


def test_the_list_of_subcommands_imports_none_of_them():
    look = (
        "import sys; from glomers.cli import main; main(['--help']); "
        "print([m for m in sys.modules if m.startswith('glomers.commands.')])"
    )
    done = subprocess.run([sys.executable, "-c", look], capture_output=True, text=True, check=True)
    assert done.stdout.splitlines()[-1] == "['glomers.commands.arguments']"


@pytest.mark.parametrize(
    ("error", "status"),
    [
        (BadInput("It is wrong."), 254),
        (ExploreError("It is wrong."), 254),
        (BrokenTest("It is wrong."), 255),
        (LabError("It is wrong."), 1),
        (MaelstromError("It is wrong."), 1),
        (SeriesError("It is wrong."), 1),
    ],
)
def test_every_error_is_a_sentence_with_its_notes_and_a_status(error, status, monkeypatch, capsys):
    def fail(arguments):
        error.add_note("It may be\x07 a slip.")
        raise error

    monkeypatch.setattr(doctor, "act", fail)
    assert main(["doctor"]) == status
    assert capsys.readouterr().err == "It is wrong.\nIt may be a slip.\n"


@pytest.fixture
def asked(monkeypatch):
    """The words that the lab calls `glomers` with, which does nothing."""
    words = []

    def note(command, arguments, tail):
        words.extend([command, *arguments])
        raise LabError("That will do.")

    monkeypatch.setattr(exploration, "_glomers", note)
    return words


def test_what_the_lab_asks_an_exploration_for_is_what_the_command_understands(asked):
    options = {"bin": "x.py", "seeds": 3, "jobs": 2, "out": "here", "resume": True}
    switches = {"stop_at_first": True, "shrink": False, "stores": False}
    with pytest.raises(LabError):
        lab.explore("3c", **options, **switches, faults="kill,loss", vary="nodes")
    understood = vars(parser_for(asked).parse_args(asked))
    expected = {**options, **switches, "bin": Path("x.py"), "out": Path("here"), "json": True}
    expected |= {"faults": {"kill", "loss"}, "vary": {"nodes"}, "target": "3c"}
    assert {name: understood[name] for name in expected} == expected


def test_the_lab_and_the_command_explore_alike_unless_told_otherwise(asked):
    with pytest.raises(LabError):
        lab.explore("3c", stores=True)
    own = ["explore", "3c", "--json", "--out", "explore/latest"]
    assert vars(parser_for(asked).parse_args(asked)) == vars(parser_for(own).parse_args(own))


def test_without_words_it_shows_what_people_do(capsys):
    assert main([]) == 0
    shown = capsys.readouterr().out
    named = re.findall(r"^  glomers ([a-z-]+)", shown, re.MULTILINE)
    assert len(named) == 5
    assert set(named) <= set(COMMANDS)


@pytest.mark.parametrize(
    ("word", "hint"), [("chalenge", "`glomers challenge`"), ("qqq", "`glomers --help`")]
)
def test_an_unknown_command_is_refused_with_the_nearest(capsys, word, hint):
    assert main([word]) == 254
    assert hint in capsys.readouterr().err


@pytest.mark.parametrize(
    ("name", "example"), [(name, each) for name, lines in EXAMPLES.items() for each in lines]
)
def test_help_ends_with_examples_that_can_be_typed(capsys, name, example):
    program, *words = shlex.split(example)
    assert (program, words[0]) == ("glomers", name)
    assert parser_for(words).parse_args(words).act
    assert main([name, "--help"]) == 0
    assert example in capsys.readouterr().out


def test_every_command_has_an_example():
    assert EXAMPLES.keys() == COMMANDS.keys()


@pytest.mark.parametrize(
    ("line", "goes_on"),
    [
        ("glomers as", {"assess"}),
        ("glomers challenge --js", {"--json"}),
        ("glomers run --engine ", {"bench", "maelstrom"}),
    ],
)
def test_a_shell_can_complete_commands_flags_and_choices(tmp_path, line, goes_on):
    answer = tmp_path / "answer"
    asked = {
        "_ARGCOMPLETE": "1",
        "_ARGCOMPLETE_STDOUT_FILENAME": str(answer),
        "_ARGCOMPLETE_IFS": "\n",
    }
    asked |= {"COMP_LINE": line, "COMP_POINT": str(len(line))}
    subprocess.run([sys.executable, "-m", "glomers"], env=os.environ | asked, check=True)
    assert {each.strip() for each in answer.read_text().splitlines()} == goes_on


@pytest.mark.parametrize("name", commands.NEED_POSIX)
def test_what_windows_cannot_do_is_refused_there_in_a_sentence(name, monkeypatch, capsys):
    monkeypatch.setattr(commands, "IS_WINDOWS", True)
    assert main([name]) == 254
    assert capsys.readouterr().err == (
        f"`glomers {name}` needs Linux or macOS: on Windows run glomers in WSL.\n"
    )


def test_doctor_does_not_ask_for_what_windows_cannot_use(monkeypatch, capsys):
    monkeypatch.setattr(doctor, "IS_WINDOWS", True)
    assert main(["doctor"]) == 0
    told = capsys.readouterr().out
    assert doctor.NOT_ON_WINDOWS in told
    assert "JDK" not in told
    assert "bubblewrap" not in told
