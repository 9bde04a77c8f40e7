"""What `glomers check` finds, and that it finds nothing in a series as it should be."""

import json
import shutil

import pytest

from glomers.bench.faults import fault_table
from glomers.cli import main
from glomers.commands.check import find_problems
from glomers.series.outputs import main as update
from tests.helpers.series import Series, code, display, prose, stream

ECHO = "from glomers.node import Node\n\nnode = Node()\nnode.run()"


@pytest.fixture
def series(tmp_path, monkeypatch):
    """A series of two notebooks with nothing wrong in it, in the current folder."""
    series = flawless(tmp_path / "project")
    monkeypatch.chdir(series.root)
    return series


def flawless(root):
    """A series of two notebooks with nothing wrong in it."""
    series = Series(root)
    solutions = root / "glomers" / "solutions"
    solutions.mkdir(parents=True)
    (solutions / "__init__.py").write_text("")
    (solutions / "echo.py").write_text(ECHO + "\n")
    (root / "README.md").write_text("[start](notebooks/01-a.ipynb), `[x](y)`\n")
    first(series)
    series.write(
        "02-b",
        prose("# B\n\nPrevious: [A](01-a.ipynb). See [readme](../README.md#x)."),
        code("seed = 1", "parameters", count=1),
    )
    return series


def first(series, *more, writes=ECHO, parameters="seed = 1", last="Next: [B](02-b.ipynb)."):
    """The first notebook, with more cells or another text here and there."""
    number = 3 + sum(cell["cell_type"] == "code" for cell in more)
    series.write(
        "01-a",
        prose("# A"),
        code(parameters, "parameters", count=1),
        prose("Now the node."),
        code(
            f"%%writefile nodes/echo.py\n{writes}",
            count=2,
            outputs=[stream("Writing nodes/echo.py\n")],
        ),
        prose("A figure."),
        *more,
        code("print(seed)", count=number, outputs=[stream("1\n")]),
        prose(last),
    )


def problems(series):
    return [str(problem) for problem in find_problems(series.root)]


def assert_one(series, *parts):
    (problem,) = problems(series)
    for part in parts:
        assert part in problem
    assert "\n" not in problem


def test_nothing_is_wrong_with_a_series_as_it_should_be(series, capsys):
    assert problems(series) == []
    assert main(["check"]) == 0
    assert capsys.readouterr().out == "0 problems.\n"


def test_each_problem_is_a_line_with_file_and_cell_and_the_status_is_1(series, capsys):
    first(series, writes="changed")
    (series.root / "README.md").write_text("[gone](gone.md)")
    assert main(["check"]) == 1
    lines = capsys.readouterr().out.splitlines()
    assert lines[0].startswith("notebooks/01-a.ipynb, cell 4 (In [2]): its text is not that of")
    assert lines[1].startswith("README.md: the link gone.md leads nowhere")
    assert lines[2] == "2 problems."


def test_a_dead_link_is_found_in_every_page_from_the_folder_that_it_is_in(series):
    (series.root / "docs").mkdir()
    (series.root / "CONTRIBUTING.md").write_text("[page](docs/page.md)")
    (series.root / "docs" / "page.md").write_text("[up](../README.md), [gone](docs/page.md)")
    assert_one(series, "docs/page.md: the link docs/page.md leads nowhere")


@pytest.mark.parametrize(
    ("changed", "line"),
    [(ECHO + "\n# more", 5), (ECHO.replace("Node()", "None"), 3), ("", 1)],
)
def test_a_node_that_differs_from_its_solution_is_found_with_the_line(series, changed, line):
    first(series, writes=changed)
    assert_one(series, "glomers/solutions/echo.py", f"from line {line} on", "cell 4")


def test_written_into_step_a_solution_is_what_its_lesson_writes(series, capsys):
    first(series, writes=ECHO + "\n# more")
    assert main(["check", "--write"]) == 0
    assert capsys.readouterr().out == "Wrote glomers/solutions/echo.py.\n0 problems.\n"
    solution = series.root / "glomers/solutions/echo.py"
    assert solution.read_text() == ECHO + "\n# more\n"
    assert main(["check", "--write"]) == 0
    assert capsys.readouterr().out == "0 problems.\n"


def test_a_solution_that_two_cells_write_is_never_written(series, capsys):
    more = code("%%writefile nodes/echo.py\nother", count=3), prose("Again.")
    first(series, *more, writes="changed")
    assert main(["check", "--write"]) == 1
    assert capsys.readouterr().out.endswith("1 problem.\n")
    assert (series.root / "glomers/solutions/echo.py").read_text() == ECHO + "\n"


def test_a_table_of_faults_that_is_not_the_codes_is_found_and_written(series, capsys):
    page = series.root / "docs" / "exploration.md"
    page.parent.mkdir()
    right = f"# Faults\n\n{fault_table()}\nMore.\n"
    page.write_text(right.replace("30 %", "40 %"))
    assert_one(series, "docs/exploration.md: its table of faults is not the code's")
    assert main(["check", "--write"]) == 0
    assert "Wrote docs/exploration.md.\n" in capsys.readouterr().out
    assert page.read_text() == right


def test_a_solution_that_no_notebook_writes_is_found(series):
    (series.root / "glomers/solutions/other.py").write_text("")
    assert_one(series, "glomers/solutions/other.py: no notebook writes it")


def test_a_solution_that_is_written_twice_is_found(series):
    first(series, code(f"%%writefile nodes/echo.py\n{ECHO}", count=3), prose("Again."))
    assert_one(series, "written twice (01-a.ipynb, cell 4 (In [2]) and 01-a.ipynb, cell 6")


def test_a_node_that_is_no_solution_is_free(series):
    first(series, code("%%writefile nodes/echo_broken.py\npass", count=3), prose("Broken."))
    assert problems(series) == []


@pytest.mark.parametrize(
    ("output", "said"),
    [
        (stream("oops\n", name="stderr"), "writes to stderr"),
        (stream("in /home/someone/store\n"), "a path of this machine (/home/someone/store)"),
        (display(text_html="<td>/tmp/x</td>"), "a path of this machine (/tmp/x)"),
        (stream("C:\\Users\\x\n"), "a path of this machine"),
        (stream("store/echo/20261124T031415\n"), "the time of day"),
        (stream("at 2026-11-24 03:14\n"), "the time of day"),
        (display(text_plain="<Run at 0x7f3a5c0d1e80>"), "a memory address"),
        (display(text_html="<script>1</script>"), "a script"),
        (display(text_html='<img src="data:image/png;base64,AA==">'), "no alternative text"),
        (display(text_html='<img alt="" src="data:,">'), "no alternative text"),
        (display(text_html="<svg viewBox='0 0 1 1'></svg>"), "no alternative text"),
        (display(image_png="AA==", text_plain="<Figure>"), "no alternative text"),
        (
            {"output_type": "error", "ename": "E", "evalue": "x", "traceback": []},
            "ends in an error",
        ),
    ],
)
def test_an_output_that_is_not_clean_is_found(series, output, said):
    first(series, code("show()", count=3, outputs=[output]), prose("So."))
    assert_one(series, "notebooks/01-a.ipynb, cell 6 (In [3])", said)


@pytest.mark.parametrize(
    "output",
    [
        stream(
            "23.4 msgs/op, 24/7, and/or: 3 / 4, store/echo/latest, https://fly.io/dist-sys/3d\n"
        ),
        stream("Writing nodes/echo.py\n12.5 ms at 10:15, 2026 values\n"),
        display(text_html='<img alt="a chart" src="data:image/png;base64,/a/b/c/d=="><br/>'),
        display(text_html='<svg aria-label="x"><path d="M0 0L1/2/3 4"/><g></g></svg>'),
    ],
)
def test_a_clean_output_is_let_be(series, output):
    first(series, code("show()", count=3, outputs=[output]), prose("So."))
    assert problems(series) == []


def test_a_cell_that_writes_a_whole_solution_may_have_100_lines(series):
    for length, found in ((100, []), (101, ["it has 101 lines: split it: 100 are the most"])):
        source = ECHO + "\n# more" * (length - 5)  # with the line that writes it
        (series.root / "glomers/solutions/echo.py").write_text(source + "\n")
        first(series, writes=source)
        assert [problem.split(": ", 1)[1] for problem in problems(series)] == found


@pytest.mark.parametrize(
    ("cell", "said"),
    [
        (code("x = 1\n" * 61, count=3), "it has 61 lines"),
        (code("%%writefile nodes/echo_2.py\n" + "x = 1\n" * 60, count=3), "it has 61 lines"),
        (code("!ls", count=3), "calls a program with `!`"),
        (code("Path('nodes/x.py').write_text(text)", count=3), "makes a node out of sight"),
        (code("%%writefile -a nodes/x.py\npass", count=3), "doubles the text"),
    ],
)
def test_a_cell_against_the_style_is_found(series, cell, said):
    first(series, cell, prose("So."))
    assert_one(series, "cell 6 (In [3])", said)


@pytest.mark.parametrize("parameters", ["seed = 2 ** 4", "print(1)", "seed: int", "seed = ("])
def test_parameters_that_are_no_plain_literals_are_found(series, parameters):
    first(series, parameters=parameters)
    assert_one(series, "cell 2 (In [1])", "plain `name = literal` lines")


def test_plain_parameters_with_comments_and_types_are_let_be(series):
    first(series, parameters="seed = -1  # any\nrates_hz: list = [1, 2.5]\n\nname = 'x'")
    assert problems(series) == []


@pytest.mark.parametrize(
    ("cells", "said"),
    [
        ([prose("# C"), code("x = 1", count=1), prose("x")], "no cell is tagged `parameters`"),
        ([prose("C"), code("x = 1", "parameters", count=1)], "does not begin with a heading"),
        ([prose("# C"), code("x = 1", "parameters")], "not executed from top to bottom"),
        ([prose("# C"), code("x = 1", "parameters", count=2)], "not executed from top to bottom"),
        (
            [prose("# C"), code("x = 1", "parameters", count=1), code("x", count=2)],
            "1 prose cells for 2 code cells",
        ),
        (
            [prose("# C"), code("x = 1", "parameters", "injected-parameters", count=1)],
            "what papermill or Jupyter noted",
        ),
        ([prose("# C\n\n![](../README.md)"), code("x = 1", "parameters", count=1)], "alternative"),
        ([prose("# C\n\n[x](gone.py)"), code("x = 1", "parameters", count=1)], "gone.py leads"),
        (
            [prose('# C\n\n<a href="gone.py">'), code("x = 1", "parameters", count=1)],
            "gone.py leads",
        ),
        (
            [prose("# C\n\nPrevious: [x](01-a.ipynb)"), code("x = 1", "parameters", count=1)],
            "that is 02-b",
        ),
    ],
)
def test_a_notebook_against_the_rules_is_found(series, cells, said):
    series.write(
        "02-b", prose("# B\n\nNext: [C](03-c.ipynb)"), code("seed = 1", "parameters", count=1)
    )
    series.write("03-c", *cells)
    assert_one(series, "notebooks/03-c.ipynb", said)


@pytest.mark.parametrize(
    "metadata",
    [
        {"kernelspec": {"name": "python3"}, "papermill": {}},
        {"kernelspec": {"name": "my-env"}},
        {},
    ],
)
def test_metadata_of_a_machine_is_found(series, metadata):
    series.write("02-b", prose("# B"), code("x = 1", "parameters", count=1), metadata=metadata)
    assert_one(series, "notebooks/02-b.ipynb", "papermill" if "papermill" in metadata else "kernel")


def test_a_notebook_that_leads_nowhere_is_found(series):
    first(series, last="The end.")
    assert_one(series, "01-a.ipynb: it does not lead on to 02-b.ipynb")


def test_a_file_that_is_no_notebook_is_found(series):
    (series.notebooks / "03-c.ipynb").write_text("{}")
    said = problems(series)
    assert "03-c.ipynb is not a Jupyter notebook" in said[0]


@pytest.fixture(scope="module")
def up_to_date(tmp_path_factory):
    """A series whose first notebook can be executed, with the outputs that this gave."""
    series = flawless(tmp_path_factory.mktemp("executed") / "project")
    path = series.notebooks / "01-a.ipynb"
    fields = json.loads(path.read_text())
    cell = fields["cells"][3]
    cell["source"] = "import os\nos.makedirs('nodes', exist_ok=True)\nprint('made')"
    fields["cells"][5]["source"] = f"%%writefile nodes/echo.py\n{ECHO}"
    path.write_text(json.dumps(fields))
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(series.root)
        assert update([]) == 0
    return series.root


@pytest.fixture
def executed(up_to_date, tmp_path, monkeypatch):
    """The folder of notebooks of such a series, to be changed."""
    root = shutil.copytree(up_to_date, tmp_path / "project")
    monkeypatch.chdir(root)
    return root / "notebooks"


def change(path, cell, **changed):
    """Change a cell of a notebook."""
    fields = json.loads(path.read_text())
    fields["cells"][cell].update(changed)
    path.write_text(json.dumps(fields))


@pytest.mark.slow
def test_a_series_that_gives_the_same_texts_again_passes(executed, capsys):
    outputs = [stream("Overwriting "), stream("nodes/echo.py\n")]
    change(executed / "01-a.ipynb", 5, outputs=outputs)
    assert main(["check", "--execute"]) == 0
    assert "0 problems." in capsys.readouterr().out


@pytest.mark.slow
def test_what_is_another_or_fails_when_executed_again_is_found_with_its_cell(executed, capsys):
    change(executed / "01-a.ipynb", 3, outputs=[stream("not made\n")])
    change(executed / "02-b.ipynb", 1, source="import nowhere")
    assert main(["check", "--execute"]) == 1
    said = capsys.readouterr().out
    assert (
        "cell 4 (In [2]): executed again, its output has 'made' in the place of 'not made'"
    ) in said
    assert "02-b.ipynb: it fails: cell In [1] (import nowhere)" in said


@pytest.mark.slow
def test_outputs_are_brought_up_to_date_and_clean(series, capsys):
    messy = {"kernelspec": {"name": "python3"}, "papermill": {"duration": 1}}
    series.write(
        "02-b",
        prose("# B"),
        code("seed = 1", "parameters"),
        prose("x"),
        code("print('Overwriting x', seed)\nprint('é')", outputs=[stream("old\n", name="stderr")]),
        metadata=messy,
    )
    assert update(["02-b"]) == 0
    assert problems(series) == []
    fields = json.loads((series.notebooks / "02-b.ipynb").read_text())
    assert fields["cells"][3]["outputs"] == [
        {"name": "stdout", "output_type": "stream", "text": ["Writing x 1\n", "é\n"]}
    ]
    before = (series.notebooks / "02-b.ipynb").read_bytes()
    assert update(["02-b"]) == 0
    assert (series.notebooks / "02-b.ipynb").read_bytes() == before


@pytest.mark.slow
def test_a_notebook_that_fails_keeps_its_outputs(series, capsys):
    path = series.write("02-b", prose("# B"), "1 / 0")
    before = path.read_bytes()
    assert update(["02-b"]) == 1
    assert path.read_bytes() == before
    assert "02-b.ipynb is left as it was" in capsys.readouterr().out
