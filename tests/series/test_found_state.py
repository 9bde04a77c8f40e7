"""How far a notebook got that no batch has on record."""

import pytest
from nbformat import v4, write

from glomers.series.found_state import found_state
from glomers.series.notebook import read_notebook

BOOM = v4.new_output("error", ename="ValueError", evalue="boom", traceback=["boom"])


def code(source, count=None, outputs=(), **metadata):
    return v4.new_code_cell(source, execution_count=count, outputs=list(outputs), metadata=metadata)


RUNNING = {"papermill": {"status": "running"}}
ENDED = {"start_time": "2026-01-01", "end_time": "2026-01-01", "exception": None}
CASES = {
    "ok": ([code("1", 1), code(" "), code("2", 2)], {}),
    "never run": ([code("1"), code("2")], {}),
    "half run": ([code("1", 1), code("2")], {}),
    "failed": ([code("1/0", 1, [BOOM]), code("2", 2)], {}),
    "stopped": ([code("1", 1, **RUNNING), code("2")], {"papermill": {**ENDED, "end_time": None}}),
}


def state_of(tmp_path, cells, metadata):
    path = tmp_path / "book.ipynb"
    write(v4.new_notebook(cells=cells, metadata=metadata), path)
    return found_state(read_notebook(path))


@pytest.mark.parametrize("state", CASES)
def test_a_notebook_is_what_it_shows(tmp_path, state):
    assert state_of(tmp_path, *CASES[state]).state == state


def test_an_error_is_told_with_its_cell(tmp_path):
    assert state_of(tmp_path, *CASES["failed"]).error == "In[1]: ValueError: boom"


def test_an_error_of_a_cell_without_a_number_is_told_too(tmp_path):
    assert state_of(tmp_path, [code("1/0", None, [BOOM])], {}).error == "In[ ]: ValueError: boom"


def test_an_error_that_a_tag_allows_is_none(tmp_path):
    cells = [code("1/0", 1, [BOOM], tags=["raises-exception"])]
    assert state_of(tmp_path, cells, {}).state == "ok"


def test_papermill_s_own_word_counts(tmp_path):
    cells = [code("1", 1)]
    assert state_of(tmp_path, cells, {"papermill": ENDED}).state == "ok"
    assert state_of(tmp_path, cells, {"papermill": {**ENDED, "exception": True}}).state == "failed"
