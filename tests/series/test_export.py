"""The exported pages: what they hold, how they are linked, and that they need no network."""

import base64
import json
import os

import pytest
from bs4 import BeautifulSoup

from glomers.challenges import CHALLENGES
from glomers.cli import main
from glomers.errors import BadInput, SeriesError
from glomers.series.documents import document_body
from glomers.series.ledger import Ledger
from glomers.series.page import copy_script
from glomers.series.publish import export_batch
from glomers.series.task import NotebookOutcome
from tests.helpers.chromium import Chromium, find_chromium
from tests.helpers.dead_links import dead_links
from tests.helpers.places import ROOT
from tests.helpers.series import Series, code, display, prose, stream

pytestmark = pytest.mark.slow  # pages are made again and again

PIXEL = (
    "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJg"
    "gg=="
)
FIGURE = (
    f'<figure><img alt="latency over time" src="data:image/png;base64,{PIXEL}">'
    "<figcaption>Latency.</figcaption></figure>"
)
NOTEBOOKS = ROOT / "notebooks"


@pytest.fixture
def series(tmp_path):
    return Series(tmp_path / "project")


@pytest.fixture
def batch(series):
    """A batch of three notebooks: one good, one that failed, one that was never run."""
    folder = series.root / "batch"
    (folder / "results").mkdir(parents=True)
    (series.notebooks / "dot.png").write_bytes(base64.b64decode(PIXEL))
    path = series.write(
        "01-good",
        prose("# Good *news* & more\n\n[next](02-bad.ipynb#end), [code](../glomers/node.py)"),
        prose("![a dot](dot.png)\n\n[page](https://example.org/), [here](#good)"),
        code("print('<b>')", outputs=[stream("<b>bold</b>\n")]),
        code("figure", outputs=[display(text_html=FIGURE, text_plain="latency over time")]),
        code("js", outputs=[display(application_javascript="alert(1)", text_plain="no script")]),
        code(
            "svg",
            outputs=[
                display(
                    text_html='<svg role="img" aria-label="arrows" viewBox="0 0 9 9" width="9">'
                    '<path d="M0 0L9 9"/></svg>'
                )
            ],
        ),
        folder=folder,
    )
    fields = json.loads(path.read_text())
    fields["metadata"]["papermill"] = {"input_path": str(series.notebooks / "01-good.ipynb")}
    path.write_text(json.dumps(fields))
    error = {"output_type": "error", "ename": "ValueError", "evalue": "x", "traceback": ["x"]}
    marks = [prose("An Exception was encountered"), prose('<span id="papermill-error-cell">')]
    for mark in marks:
        mark["metadata"]["tags"] = ["papermill-error-cell-tag"]
    series.write(
        "02-bad", marks[0], prose("# Bad"), marks[1], code("1/0", outputs=[error]), folder=folder
    )
    outcomes = [
        NotebookOutcome("01-good", "ok", 1.25),
        NotebookOutcome("02-bad", "failed", 2.0, "cell 1 (1/0): ValueError: <x>"),
        NotebookOutcome("03-never", "not run", error="not run"),
    ]
    Ledger("bench", outcomes).save(folder)
    result = {
        "challenge": "3d",
        "notebook": "01-good",
        "node": "tree",
        "valid": True,
        "msgs_per_op": 22.514,
        "stable_median_ms": 180.4,
        "stable_max_ms": 210,
        "ok_fraction": 1.0,
        "limits_met": True,
    }
    other = result | {"challenge": "1", "node": "", "stable_median_ms": None, "stable_max_ms": None}
    lines = [json.dumps(result), json.dumps(other), '{"cut off']
    (folder / "results" / "01-good.jsonl").write_text("\n".join(lines))
    return folder


def read(batch, name):
    return BeautifulSoup((batch / "html" / f"{name}.html").read_text(), "html.parser")


def test_pages_are_linked_to_the_index_and_to_their_neighbours(batch):
    export_batch(batch)
    good, bad = read(batch, "01-good"), read(batch, "02-bad")
    for nav in good.find_all("nav", class_="series"):
        assert [link["href"] for link in nav.find_all("a")] == ["index.html", "02-bad.html"]
    for nav in bad.find_all("nav", class_="series"):
        assert [link["href"] for link in nav.find_all("a")] == ["01-good.html", "index.html"]
    assert good.find("a", rel="next").text == "Bad →"


def test_a_document_that_a_notebook_links_to_becomes_a_page_with_the_section_in_question(series):
    guide = (
        "# Guide\n\nBack to [01](../notebooks/01-first.ipynb).\n\n## What it's for: *all*\n\nX.\n"
    )
    (series.root / "docs").mkdir()
    (series.root / "docs" / "guide.md").write_text(guide, encoding="utf-8")
    series.write("01-first", prose("# First\n\n[guide](../docs/guide.md#what-its-for-all)"))
    html = export_batch(series.notebooks, series.root / "html").parent
    first = BeautifulSoup((html / "01-first.html").read_text(), features="html.parser")
    guide = BeautifulSoup((html / "guide.html").read_text(), features="html.parser")
    assert first.main.find("a", string="guide")["href"] == "guide.html#what-its-for-all"
    assert "What it's for" in guide.find(id="what-its-for-all").get_text()
    assert guide.main.find("a", string="01")["href"] == "01-first.html"
    assert guide.title.get_text() == "Guide"
    assert guide.nav.find("a", string="Index")


def test_of_a_document_that_is_not_there_a_page_says_the_name_and_the_section(series):
    series.write("01-first", prose("# First\n\nSee [docs/guide.md](../docs/guide.md#the-end)."))
    html = export_batch(series.notebooks, series.root / "html").parent
    first = BeautifulSoup((html / "01-first.html").read_text(), features="html.parser")
    assert "See docs/guide.md, “the end”." in first.main.get_text()
    assert not (html / "guide.html").exists()


def test_in_a_table_of_a_document_code_is_shown_without_what_keeps_columns_apart(tmp_path):
    document = tmp_path / "flags.md"
    document.write_text("| flag | does |\n|---|---|\n| `--clock a\\|b` | `x` |\n\n`c\\|d`\n")
    body = document_body(document)
    assert [code.get_text() for code in body.find_all("code")] == ["--clock a|b", "x", "c\\|d"]


def test_a_picture_made_of_signs_is_no_text_to_be_wrapped(series):
    (series.root / "house.md").write_text("# House\n\n```\n lab ──▶ bench\n```\n\n```\nls\n```\n")
    series.write("01-first", prose("# First\n\n[house](../house.md)"))
    index = export_batch(series.notebooks, series.root / "html")
    house = BeautifulSoup((index.parent / "house.html").read_text(), "html.parser")
    (box,) = house.select(".drawing")
    assert box.get_text().strip() == "lab ──▶ bench"
    assert (box["tabindex"], box["aria-label"]) == ("0", "Picture, may scroll")


def test_documents_lead_to_one_another_and_the_front_page_offers_what_the_readme_does(series):
    (series.root / "docs").mkdir()
    (series.root / "README.md").write_text("# All\n\n[g](docs/guide.md), [w](docs/more%20words.md)")
    (series.root / "docs" / "guide.md").write_text("# The *guide*\n\n[deep](deep.md)")
    (series.root / "docs" / "more words.md").write_text("No heading.")
    (series.root / "docs" / "deep.md").write_bytes(b"# Deep \xff\n\n[up](../README.md)")
    series.write("01-first", prose("# First\n\n[about](../README.md)"))
    index = export_batch(series.notebooks, series.root / "html")
    pages = {
        path.name: BeautifulSoup(path.read_text(), "html.parser")
        for path in index.parent.glob("*.html")
    }
    offered = pages["index.html"].find("h2", string="Look it up").find_next("ul").find_all("a")
    titles = [(link["href"], link.text) for link in offered]
    assert titles == [
        ("README.html", "All"),
        ("guide.html", "The guide"),
        ("more%20words.html", "more words"),
    ]
    assert pages["guide.html"].main.find("a", string="deep")["href"] == "deep.html"
    assert pages["deep.html"].main.find("a", string="up")["href"] == "README.html"


def test_in_a_document_a_badge_from_the_network_is_its_text(series):
    badge = "[![Try it](https://example.org/badge.svg)](https://example.org/try)"
    (series.root / "README.md").write_text(f"# All\n\n{badge}")
    series.write("01-first", prose("[about](../README.md)"))
    html = export_batch(series.notebooks).parent
    page = BeautifulSoup((html / "README.html").read_text(), "html.parser")
    assert page.find("a", href="https://example.org/try").text == "Try it"
    assert page.find("img") is None


@pytest.mark.parametrize("name", ["index", "Index", "build-report", "playground"])
def test_a_notebook_called_like_a_page_of_ours_leaves_that_page_alone(series, name):
    series.write("01-first", prose(f"# First\n\n[mine]({name}.ipynb)"))
    series.write(name, prose("# Mine"))
    html = export_batch(series.notebooks).parent
    mine = html / f"{name}.ipynb.html"
    assert BeautifulSoup(mine.read_text(), "html.parser").title.text == "Mine"
    first = BeautifulSoup((html / "01-first.html").read_text(), "html.parser")
    assert first.main.find("a", string="mine")["href"] == mine.name
    front = BeautifulSoup((html / "index.html").read_text(), "html.parser")
    assert front.main.find("a", string="Mine")["href"] == mine.name
    assert "Build report" in (html / "build-report.html").read_text()


def test_a_document_called_like_a_notebook_leaves_its_page_alone(series):
    (series.root / "01-first.md").write_text("# About the first")
    series.write("01-first", prose("# First\n\n[about](../01-first.md)"))
    html = export_batch(series.notebooks).parent
    first = BeautifulSoup((html / "01-first.html").read_text(), "html.parser")
    href = first.main.find("a", string="about")["href"]
    assert "About the first" in (html / href).read_text()


def test_every_link_between_the_pages_of_the_series_leads_to_a_place_that_is_there(tmp_path):
    index = export_batch(NOTEBOOKS, tmp_path)
    documents = {f"{path.stem}.html" for path in (ROOT / "docs").glob("*.md")}
    assert documents | {"README.html"} <= {path.name for path in index.parent.glob("*.html")}
    front = BeautifulSoup(index.read_text(encoding="utf-8"), features="html.parser")
    assert front.main.find("a", href="league.html")
    assert dead_links(index.parent) == []


def test_a_link_that_leads_nowhere_is_found(tmp_path):
    link = '<a href="{}">x</a>'.format
    good = ["", "#here", "b%20c.html", "b%20c.html#here", "x.ipynb", "https://example.org/#x"]
    bad = ["#there", "d.html", "b%20c.html#there", "y.ipynb", "x.ipynb#cell"]
    (tmp_path / "x.ipynb").write_text("")
    (tmp_path / "b c.html").write_text('<p id="here">')
    (tmp_path / "a.html").write_text("".join(map(link, good + bad)) + '<p id="here">')
    assert dead_links(tmp_path) == [f"a.html: {address}" for address in bad]


def test_links_between_notebooks_lead_to_pages_and_links_to_other_files_are_text(batch):
    export_batch(batch)
    page = read(batch, "01-good")
    assert page.find("a", string="next")["href"] == "02-bad.html#end"
    assert page.find("a", string="code") is None
    assert "code" in page.text
    assert page.find("a", string="page")["href"] == "https://example.org/"
    assert page.find("a", string="here")["href"] == "#good"


def test_a_page_has_a_language_a_title_and_an_icon_of_its_own(batch):
    export_batch(batch)
    page = read(batch, "01-good")
    assert page.html["lang"] == "en-GB"
    assert page.title.text == "Good news & more"
    assert page.find("link", rel="icon")["href"].startswith("data:")


def test_alternative_texts_and_captions_are_kept_and_images_are_inside_the_page(batch):
    export_batch(batch)
    page = read(batch, "01-good")
    assert [image["alt"] for image in page.find_all("img")] == ["a dot", "latency over time"]
    assert all(image["src"].startswith("data:image/png;base64,") for image in page.find_all("img"))
    assert page.figcaption.text == "Latency."
    assert page.find("svg")["aria-label"] == "arrows"


def test_what_a_cell_prints_is_text_and_scripts_are_left_out(batch):
    export_batch(batch)
    page = read(batch, "01-good")
    assert "<b>bold</b>" in page.text
    assert [script.text for script in page.find_all("script")] == [copy_script()]
    assert "no script" in page.text


def test_a_failed_notebook_is_marked_and_its_partial_page_leads_to_the_place(batch):
    export_batch(batch)
    page = read(batch, "02-bad")
    note = page.find("p", class_="note")
    assert "This notebook failed" in note.text
    assert "ValueError: <x>" in note.text
    assert page.find(id=note.a["href"].removeprefix("#")) is not None
    assert "An Exception was encountered" not in page.text


def cells_of(table):
    rows = table.find_all("tr")[1:]
    return [[cell.get_text(strip=True) for cell in row.find_all(["th", "td"])] for row in rows]


def test_the_front_page_shows_the_results_and_the_state_of_every_notebook(batch):
    index = export_batch(batch)
    assert index == batch / "html" / "index.html"
    notebooks, results = read(batch, "index").find_all("table")
    figures = ["180 / 210", "100.00 %", "met"]
    best = f"{CHALLENGES['3d'].best_published.msgs_per_op:.2f}"
    assert cells_of(results) == [
        ["3d", "tree", "valid", "22.51", best, *figures],
        ["1", "", "valid", "", "", "", "100.00 %", ""],
    ]
    assert {link["href"] for link in results.find_all("a")} == {"01-good.html"}
    assert cells_of(notebooks) == [
        ["Good news & more", "ok"],
        ["Bad", "failed"],
        ["03-never", "not run"],
    ]
    assert [link["href"] for link in notebooks.find_all("a")] == ["01-good.html", "02-bad.html"]


def test_the_build_report_has_times_and_first_errors_and_the_front_page_leads_to_it(batch):
    export_batch(batch)
    assert read(batch, "index").find("a", string="build report")["href"] == "build-report.html"
    report = read(batch, "build-report")
    assert cells_of(report.table) == [
        ["Good news & more", "ok", "1.2", ""],
        ["Bad", "failed", "2.0", "cell 1 (1/0): ValueError: <x>"],
        ["03-never", "not run", "", "not run"],
    ]
    assert ["engine", "bench"] in cells_of(report.find_all("table")[1])
    assert report.find("a", href="index.html")


def test_each_page_has_its_notebook_beside_it(batch):
    export_batch(batch)
    href = read(batch, "01-good").find("a", string="Download the notebook")["href"]
    beside, executed = batch / "html" / href, batch / "01-good.ipynb"
    assert beside.read_bytes() == executed.read_bytes()


def test_pages_beside_their_notebooks_leave_these_as_they_are(batch):
    before = (batch / "01-good.ipynb").read_bytes()
    for _ in range(2):
        export_batch(batch, batch)
    assert (batch / "01-good.ipynb").read_bytes() == before


def test_a_page_says_what_to_show_beside_a_link_to_it(batch):
    export_batch(batch, address="https://example.org/pages")
    page = read(batch, "01-good")
    shown = {meta.get("property"): meta["content"] for meta in page.find_all("meta", content=True)}
    assert shown["og:title"] == "Good news & more"
    assert page.find("meta", attrs={"name": "description"})["content"] == "next, code"
    picture = shown["og:image"].removeprefix("https://example.org/pages/")
    assert (batch / "html" / picture).read_bytes().startswith(b"\x89PNG")


def test_the_index_tells_what_was_not_measured_and_which_replicas_disagree(batch):
    path = batch / "results" / "01-good.jsonl"
    line = json.loads(path.read_text().splitlines()[0])
    apart = line | {"stable_median_ms": None, "stable_max_ms": "?", "replicas_converge": False}
    path.write_text("\n".join(map(json.dumps, [apart, line | {"msgs_per_op": 31}])))
    export_batch(batch)
    results = read(batch, "index").find("table", class_="league")
    (_, apart_row, costly_row) = results.find_all("tr")
    cells = [cell.text for cell in apart_row.find_all("td")]
    assert cells[1] == "valid, but replicas disagree after healing"
    assert cells[-1] == "unmeasured"
    assert costly_row.find_all("td")[-1].text == "missed"


def test_an_export_does_not_keep_the_pages_of_an_older_one(batch):
    index = export_batch(batch)
    (batch / "html" / "99-old.html").write_text(index.read_text())
    (batch / "html" / "by-hand.html").write_text("<p>Mine.</p>")
    export_batch(batch)
    assert not (batch / "html" / "99-old.html").exists()
    assert (batch / "html" / "by-hand.html").exists()


def test_copies_of_another_batch_in_the_same_folder_are_left_out(batch, series):
    series.write("00-old", prose("# Old"), folder=batch)
    export_batch(batch)
    assert not (batch / "html" / "00-old.html").exists()
    assert "Old" not in read(batch, "index").text


def test_pages_that_cannot_be_replaced_stay(batch, series):
    export_batch(batch)
    before = {path.name for path in (batch / "html").iterdir()}
    (batch / "batch.json").unlink()
    series.write("99-bad", prose("![x](nowhere.png)"), folder=batch)
    with pytest.raises(SeriesError, match=r"nowhere\.png"):
        export_batch(batch)
    assert {path.name for path in (batch / "html").iterdir()} == before


def test_an_image_from_elsewhere_is_not_taken_into_a_page(series):
    series.write("01-a", prose("![x](/etc/hostname)"))
    with pytest.raises(SeriesError, match="from elsewhere"):
        export_batch(series.notebooks)


def test_a_missing_image_is_named(series):
    series.write("01-a", prose("![x](nowhere.png)"))
    with pytest.raises(SeriesError, match=r"01-a\.ipynb shows the image .*nowhere\.png"):
        export_batch(series.notebooks, series.root / "html")


def test_an_image_from_the_network_is_refused(series):
    series.write("01-a", prose("![x](https://example.org/x.png)"))
    with pytest.raises(SeriesError, match="pages must work offline"):
        export_batch(series.notebooks, series.root / "html")


def test_pages_that_cannot_be_written_are_reported(batch):
    (batch / "html").write_text("")
    with pytest.raises(BadInput, match="Cannot write pages to"):
        export_batch(batch)


def test_a_folder_without_notebooks_is_refused(tmp_path, capsys):
    assert main(["export", str(tmp_path)]) == 254
    assert "There are no notebooks in" in capsys.readouterr().err


@pytest.fixture(scope="module")
def browser():
    path = find_chromium()
    if path is None:
        assert os.environ.get("CI") != "true", "there must be a Chromium in continuous integration"
        pytest.skip("there is no Chromium here")
    with Chromium(path) as browser:
        yield browser


def test_nothing_that_a_cell_shows_can_run_in_a_page(series, browser):
    run = "console.error('ow' + 'ned')"
    attack = f'<img alt="" src="data:image/png;base64,AAAA" onerror="{run}"><script>{run}</script>'
    series.write("01-a", prose("# A"), code("1", outputs=[display(text_html=attack)], count=1))
    export_batch(series.notebooks)
    found = browser.open((series.notebooks / "html" / "01-a.html").as_uri())
    assert found.errors  # that it was refused
    assert "owned" not in str(found.errors)


@pytest.mark.parametrize(
    ("body", "kind", "said"),
    [
        ("<script>console.error('alas')</script>", "errors", "alas"),
        ("<script>throw new Error('thrown')</script>", "errors", "thrown"),
        ("<img alt='' src='nowhere.png'>", "missing_images", "nowhere.png"),
        ("<img alt='' src='data:image/png;base64,AAAA'>", "missing_images", "AAAA"),
        ("<script src='https://example.org/x.js'></script>", "requests", "https://example.org"),
        ("<link rel=stylesheet href='http://127.0.0.1:9/x.css'>", "requests", "http://127.0.0.1:9"),
        (
            "<style>@font-face{font-family:x;src:url(x.woff)}*{font-family:x}</style>x",
            "requests",
            "x.w",
        ),
    ],
)
def test_the_browser_finds_what_is_wrong_with_a_page(browser, tmp_path, body, kind, said):
    path = tmp_path / "page.html"
    path.write_text(f"<!DOCTYPE html><title>x</title><body>{body}")
    findings = browser.open(path.as_uri())
    assert any(said in finding for finding in getattr(findings, kind)), findings


def assert_flawless(browser, html, some=slice(None)):
    pages = sorted(html.glob("*.html"))[some]
    found = {page.name: browser.open(page.as_uri()) for page in pages}
    wrong = {
        name: findings
        for name, findings in found.items()
        if findings.errors or findings.missing_images or findings.requests
    }
    assert wrong == {}
    assert len(pages) > 1


def test_exported_pages_need_no_network_in_a_browser(browser, batch):
    export_batch(batch)
    assert_flawless(browser, batch / "html")


@pytest.mark.parametrize(
    "some", [slice(0, None, 2), pytest.param(slice(1, None, 2), marks=pytest.mark.whole_corpus)]
)
def test_the_pages_of_the_series_need_no_network_in_a_browser(browser, tmp_path, some):
    export_batch(NOTEBOOKS, tmp_path / "html")
    assert_flawless(browser, tmp_path / "html", some)
