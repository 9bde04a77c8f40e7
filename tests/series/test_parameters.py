"""Parameters given on the command line: who gets them, and what is refused before anything runs."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from glomers.cli import main
from glomers.errors import BadInput
from glomers.series.parameters import parameters_of, resolve_parameters
from glomers.series.project import all_notebooks
from tests.helpers.places import ROOT
from tests.helpers.series import Series, code

DEFAULTS = {
    "seed": 3,
    "latency_ms": 2.5,
    "engine": "bench",
    "quick": True,
    "rates_hz": [1, 2],
    "limits": {"a": 1},
    "label": None,
}
CELL = "\n".join(f"{name} = {value!r}  # what it is for" for name, value in DEFAULTS.items())


@pytest.fixture(scope="module")
def notebook(tmp_path_factory):
    return Series(tmp_path_factory.mktemp("p") / "s").write("01-a", code(CELL, "parameters"))


def test_the_defaults_of_a_notebook_are_read_as_values(notebook):
    assert parameters_of(notebook) == DEFAULTS


@pytest.mark.parametrize(
    ("name", "text", "value"),
    [
        ("seed", "-7", -7),
        ("latency_ms", "10", 10.0),
        ("latency_ms", "1e-3", 0.001),
        ("engine", "12", "12"),
        ("engine", "two words", "two words"),
        ("quick", "false", False),
        ("quick", "True", True),
        ("rates_hz", "[5, 6.5]", [5, 6.5]),
        ("limits", "{'b': 2}", {"b": 2}),
        ("label", "text", "text"),
        ("label", "4", 4),
    ],
)
def test_a_value_takes_the_type_of_the_default(notebook, name, text, value):
    values = resolve_parameters([notebook], [(name, text)])[notebook]
    assert values == {name: value}
    assert type(values[name]) is type(value)


@pytest.mark.parametrize(
    ("name", "text", "kind"),
    [
        ("seed", "abc", "a whole number, such as 3"),
        ("seed", "1.5", "a whole number"),
        ("seed", "True", "a whole number"),
        ("seed", "", "a whole number"),
        ("latency_ms", "fast", "a number, such as 2.5"),
        ("latency_ms", "True", "a number"),
        ("quick", "1", "True or False"),
        ("rates_hz", "5", "a list, such as [1, 2]"),
        ("limits", "[1]", "a dictionary"),
        ("limits", "{[]: 1}", "a dictionary"),
    ],
)
def test_a_value_of_another_type_is_refused_with_an_example(notebook, name, text, kind):
    with pytest.raises(BadInput, match=f"the parameter {name} of 01-a is") as caught:
        resolve_parameters([notebook], [(name, text)])
    assert kind in str(caught.value)


@pytest.fixture(scope="module")
def counting(tmp_path_factory):
    cell = (
        "SEED = 0\nSEED_COUNT = 5\nSEEDS = 16\nEXPLORED_SEEDS = 9\nBUSY_TIME_LIMIT_S = 1\ncount = 2"
    )
    return Series(tmp_path_factory.mktemp("c") / "s").write("01-a", code(cell, "parameters"))


@pytest.mark.parametrize(
    "name", ["SEED_COUNT", "SEEDS", "EXPLORED_SEEDS", "BUSY_TIME_LIMIT_S", "count"]
)
def test_counts_are_at_least_one(counting, name):
    assert resolve_parameters([counting], [(name, "1")]) == {counting: {name: 1}}
    for text in ("0", "-3"):
        with pytest.raises(BadInput, match=f"-p {name} {text}: the parameter {name} of 01-a is at"):
            resolve_parameters([counting], [(name, text)])


def test_a_seed_is_no_count(counting):
    for text in ("0", "-3"):
        assert resolve_parameters([counting], [("SEED", text)]) == {counting: {"SEED": int(text)}}


def test_every_count_of_the_series_is_known_as_one():
    """Whole numbers other than seeds: a new parameter gets a name that says what it counts."""
    for notebook in all_notebooks(ROOT):
        for name, default in parameters_of(notebook).items():
            if type(default) is int and name != "SEED":
                with pytest.raises(BadInput, match="is at least 1"):
                    resolve_parameters([notebook], [(name, "0")])


@given(st.text())
def test_no_text_makes_a_whole_number_anything_else(notebook, text):
    try:
        values = resolve_parameters([notebook], [("seed", text)])
    except BadInput:
        return
    assert type(values[notebook]["seed"]) is int


def test_a_parameter_goes_only_to_the_notebooks_that_have_it(tmp_path):
    series = Series(tmp_path / "s")
    first = series.write("01-a", code("seed = 1", "parameters"))
    second = series.write("02-b", code("other = 1", "parameters"))
    third = series.write("03-c", "seed = 1")
    values = resolve_parameters([first, second, third], [("seed", "5")])
    assert values == {first: {"seed": 5}, second: {}, third: {}}


def test_a_default_that_is_no_literal_takes_any_value(tmp_path):
    notebook = Series(tmp_path / "s").write("01-a", code("seed = 2 ** 4", "parameters"))
    assert resolve_parameters([notebook], [("seed", "5")]) == {notebook: {"seed": 5}}


@pytest.fixture
def here(tmp_path, monkeypatch):
    series = Series(tmp_path / "s")
    monkeypatch.chdir(series.root)
    return series


def test_an_unknown_parameter_is_refused_and_the_known_ones_are_named(here, capsys):
    here.write("01-a", code("seed = 1\nrate_hz = 2", "parameters"))
    assert main(["run", "-p", "sed", "1"]) == 254
    error = capsys.readouterr().err
    assert error == (
        "None of these notebooks has a parameter sed. The parameters are: rate_hz, seed.\n"
    )
    assert not (here.root / "runs").exists()


def test_a_value_of_the_wrong_type_is_refused_before_anything_runs(here, capsys):
    here.write("01-a", code("seed = 1", "parameters"))
    assert main(["run", "-p", "seed", "one"]) == 254
    error = capsys.readouterr().err
    assert error == "-p seed one: the parameter seed of 01-a is a whole number, such as 1.\n"
    assert not (here.root / "runs").exists()


def test_a_count_below_one_is_refused_before_anything_runs(here, capsys):
    here.write("01-a", code("SEED_COUNT = 3", "parameters"))
    assert main(["run", "-p", "SEED_COUNT", "0"]) == 254
    assert capsys.readouterr().err == (
        "-p SEED_COUNT 0: the parameter SEED_COUNT of 01-a is at least 1, such as 3.\n"
    )
    assert not (here.root / "runs").exists()


def test_a_file_that_is_no_notebook_is_refused_with_its_name(here, capsys):
    (here.notebooks / "01-a.ipynb").write_text("[]")
    assert main(["run", "-p", "seed", "1"]) == 254
    assert "notebooks/01-a.ipynb is not a Jupyter notebook" in capsys.readouterr().err


@pytest.mark.slow
def test_a_parameter_reaches_the_notebook_and_its_page_says_so(here, capsys):
    here.write("01-a", code("seed = 1", "parameters"), "print('seed', seed)")
    assert main(["run", "-p", "seed", "7"]) == 0
    assert here.printed("01-a") == "seed 7\n"
    page = (here.batch / "html/01-a.html").read_text()
    assert "This page was made with <code>seed = 7</code>." in page
    assert "# Parameters" not in page
