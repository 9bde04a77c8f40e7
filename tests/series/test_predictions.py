"""What follows a prediction on a page is folded, and nothing else is."""

import pytest
from bs4 import BeautifulSoup

from glomers.series.predictions import SUMMARY
from glomers.series.publish import export_batch
from tests.helpers.series import Series, code, prose, stream

ASKED = prose("How many? **Predict** the number.")


@pytest.fixture
def page(tmp_path):
    """The body of the page that cells become."""

    def made(*cells):
        series = Series(tmp_path / "project")
        folder = series.root / "batch"
        folder.mkdir()
        series.write("01-lesson", prose("# A lesson"), *cells, folder=folder)
        text = (export_batch(folder).parent / "01-lesson.html").read_text()
        return BeautifulSoup(text, "html.parser").main

    return made


def printed(text, source="run"):
    return code(source, outputs=[stream(f"{text}\n")])


def parted(main):
    """The texts of what is folded, and of what is in sight."""
    folds = [fold.extract().get_text(" ", strip=True) for fold in main.select("details.answer")]
    return folds, main.get_text(" ", strip=True)


def test_outputs_and_the_prose_that_explains_them_are_folded_and_the_code_is_in_sight(page):
    folds, sight = parted(page(ASKED, printed("seven", "count()"), prose("Seven, for a reason.")))
    assert folds == [f"{SUMMARY} seven Seven, for a reason."]
    assert "Predict" in sight
    assert "count" in sight


def test_a_page_without_a_prediction_has_no_folds(page):
    assert page(printed("seven"), prose("Seven.")).find("details") is None


def test_a_cell_that_writes_a_file_answers_nothing(page):
    wrote = printed("Writing nodes/x.py", "%%writefile nodes/x.py\npass")
    folds, sight = parted(page(ASKED, wrote, prose("The command:"), printed("seven")))
    assert folds == [f"{SUMMARY} seven"]
    assert "Writing nodes/x.py" in sight
    assert "The command:" in sight


def test_a_cell_without_outputs_answers_nothing(page):
    folds, _ = parted(page(ASKED, code("import json"), prose("Now:"), printed("seven")))
    assert folds == [f"{SUMMARY} seven"]


@pytest.mark.parametrize("further", ["## The next part", "**Predict** the next.", "Next comes:"])
def test_the_fold_ends_at_a_heading_a_prediction_or_what_leads_to_the_next_cell(page, further):
    after = prose(f"Because of this.\n\nAnd of that.\n\n{further}")
    folds, sight = parted(page(ASKED, printed("seven"), after, code("more()")))
    assert folds == [f"{SUMMARY} seven Because of this. And of that."]
    assert further.strip("# *").partition("*")[0] in sight


def test_the_fold_ends_at_a_line_across_the_page(page):
    main = page(ASKED, printed("seven"), prose("So.\n\n---\n\n## Going further"))
    assert main.find("details").find("hr") is None
    assert parted(main)[0] == [f"{SUMMARY} seven So."]


def test_a_line_that_leads_on_takes_the_next_outputs_into_the_fold(page):
    main = page(ASKED, printed("seven"), prose("In full:"), printed("1 2 4"), prose("So."), "end()")
    folds, sight = parted(main)
    assert [" ".join(fold.split()) for fold in folds] == [f"{SUMMARY} seven In full: run 1 2 4 So."]
    assert "end" in sight


def test_each_prediction_has_a_fold_of_its_own(page):
    main = page(ASKED, printed("seven"), prose("So.\n\n**Predict** again."), printed("eight"))
    assert parted(main)[0] == [f"{SUMMARY} seven So.", f"{SUMMARY} eight"]


def test_a_failure_is_never_folded(page):
    error = {"output_type": "error", "ename": "ValueError", "evalue": "x", "traceback": ["x"]}
    assert page(ASKED, code("1/0", outputs=[error])).find("details") is None


def test_a_fold_opens_without_a_script_by_a_summary_that_comes_first(page):
    main = page(ASKED, printed("seven"))
    assert main.find("details").find(True).name == "summary"
    assert main.find("script") is None


def test_on_paper_all_folds_are_open(page):
    style = page(ASKED).find_parent("html").style.string
    assert "details::details-content" in style.partition("@media print")[2]
