"""What helps to read a page: contents, folded code, files, tables and boxes that all can use."""

import base64

import pytest
from bs4 import BeautifulSoup

from glomers.series.publish import export_batch
from glomers.series.reading_aids import LONG_LINES
from tests.helpers.series import Series, code, display, prose

TABLE = "<table><tr><th></th><th>one</th></tr><tr><th>a</th><td>1</td></tr></table>"
PICTURE = '<figure><div style="overflow-x:auto"><svg width="9" height="9"/></div></figure>'
NODE = "from glomers.node import Node\n\nnode = Node()\n"


@pytest.fixture
def page(tmp_path):
    """The page that cells become."""

    def made(*cells):
        series = Series(tmp_path / "project")
        series.write("01-lesson", prose("# A lesson"), *cells)
        html = export_batch(series.notebooks).parent
        return BeautifulSoup((html / "01-lesson.html").read_text(), "html.parser")

    return made


def test_a_page_lists_its_parts_and_each_link_leads_to_one(page):
    made = page(*(prose(f"## Part *{i}* & more\n\n### Not listed") for i in range(4)))
    links = made.select("nav.contents li a")
    assert [link.text for link in links] == [f"Part {i} & more" for i in range(4)]
    assert all(made.find("h2", id=link["href"].removeprefix("#")) for link in links)


def test_a_page_of_one_part_has_no_contents(page):
    assert page(prose("## Part")).select("nav.contents li") == []


@pytest.mark.parametrize("lines", [1, LONG_LINES, LONG_LINES + 1])
def test_code_is_folded_when_it_is_long_and_none_of_it_is_lost(page, lines):
    made = page(code("\n".join(f"x = {i}" for i in range(lines))))
    folded = made.select_one(".long > details")
    assert (folded is not None) == (lines > LONG_LINES)
    assert folded is None or f"Show all {lines} lines" in folded.text
    assert f"x = {lines - 1}" in made.select_one(".highlight").text


def test_a_cell_that_writes_a_file_has_a_link_to_exactly_that_file(page):
    link = page(code(f"%%writefile nodes/<x>.py\n{NODE}")).select_one(".input a[download]")
    assert link["download"] == "<x>.py"
    assert base64.b64decode(link["href"].partition("base64,")[2]).decode() == NODE


def test_a_cell_that_writes_no_file_has_no_link(page):
    assert page(code("print('%%writefile x')")).select(".input a") == []


def test_a_heading_of_a_table_without_words_is_none(page):
    made = page(prose("| | a |\n|-|-|\n| b | c |"), code("t", outputs=[display(text_html=TABLE)]))
    assert len(made.find_all("table")) == 2
    assert all(head.get_text(strip=True) for head in made.find_all("th"))


def test_whatever_may_be_wider_than_a_page_scrolls_in_a_box_that_keys_can_reach(page):
    made = page(
        prose("| a | b |\n|-|-|\n| b | c |"),
        code("t", outputs=[display(text_html=TABLE)]),
        code("p", outputs=[display(text_html=PICTURE)]),
    )
    for wide in made.select("table, figure svg"):
        box = wide.find_parent(tabindex="0")
        assert box["role"] == "group"
        assert box["aria-label"]
