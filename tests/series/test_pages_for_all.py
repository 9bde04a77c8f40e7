"""The pages of the series for whoever reads them: on a phone, at night, on paper, by ear."""

import json
import os
import re

import pytest

from glomers.drawing import palette
from glomers.drawing.palette import LEGIBLE, PAPER, SHADE, SHADE_HEAD, contrast, ink
from glomers.series.publish import export_batch
from tests.helpers import axe
from tests.helpers.chromium import Chromium, find_chromium
from tests.helpers.places import ROOT

PHONE_PX = 400
DESK_PX = 1200
PAPER_PX = 680
HIGHEST_PX = 19 / 2.54 * 96
"""Of a picture on paper: 19 cm, so that there is room for what leads to it."""

UNFOLD = "document.querySelectorAll('details').forEach(each => { each.open = true; });"
TOO_WIDE = """
JSON.stringify([
  document.documentElement.scrollWidth > innerWidth ? 'the page' : '',
  ...[...document.querySelectorAll('body *')].filter(e =>
    /auto|scroll/.test(getComputedStyle(e).overflowX) && e.scrollWidth > e.clientWidth + 1
    && !e.querySelector('table, svg, img') && !e.matches('.drawing')
  ).map(e => e.outerHTML.slice(0, 200))
].filter(Boolean))
"""
TOO_HIGH = f"""
JSON.stringify([...document.querySelectorAll('.output :is(svg, img)')].filter(e =>
  e.getBoundingClientRect().height > {HIGHEST_PX} + 1
  || e.getBoundingClientRect().right > document.documentElement.clientWidth + 1
).map(e => e.getAttribute('aria-label') || e.alt))
"""
MOVED_PICTURES = """
JSON.stringify([...document.querySelectorAll('.output *')].filter(e =>
  /auto|scroll/.test(getComputedStyle(e).overflowX) && e.scrollWidth > e.clientWidth + 1
  && e.querySelector('svg, img')).map(e => e.outerHTML.slice(0, 200)))
"""
BROKEN_WORDS = """
JSON.stringify([...document.querySelectorAll('td > code')].flatMap(code =>
  [...code.textContent.matchAll(/\\w+/g)].filter(word => {
    const range = document.createRange();
    range.setStart(code.firstChild, word.index);
    range.setEnd(code.firstChild, word.index + word[0].length);
    return range.getClientRects().length > 1;
  }).map(word => word[0])))
"""
RUN_AXE = """
axe.run({resultTypes: ['violations']}).then(found => JSON.stringify(found.violations.map(each =>
  [each.id, each.nodes.map(node => node.html.slice(0, 200))])))
"""


@pytest.fixture(scope="module")
def pages(tmp_path_factory):
    """The addresses of all pages of the series."""
    index = export_batch(ROOT / "notebooks", tmp_path_factory.mktemp("series") / "html")
    return {path.stem: path.as_uri() for path in sorted(index.parent.glob("*.html"))}


@pytest.fixture(scope="module")
def browser():
    path = find_chromium()
    if path is None:
        assert os.environ.get("CI") != "true", "there must be a Chromium in continuous integration"
        pytest.skip("there is no Chromium here")
    with Chromium(path) as browser:
        yield browser


def found_on(pages, some, browser, expression, **how):
    """What an expression finds on some of the pages, without those on which it finds nothing."""
    chosen = dict(list(pages.items())[some])
    found = {
        name: json.loads(browser.evaluate(url, expression, **how)) for name, url in chosen.items()
    }
    return {name: what for name, what in found.items() if what}


def unfolded(*expressions):
    """An expression for what several find when all that is folded is open."""
    parsed = ", ".join(f"JSON.parse({each})" for each in expressions)
    return f"{UNFOLD} JSON.stringify([{parsed}].flat())"


half = pytest.mark.parametrize(
    "some",
    [slice(0, None, 2), pytest.param(slice(1, None, 2), marks=pytest.mark.whole_corpus)],
    ids=["even", "odd"],
)
"""Every second page; the others belong to the whole corpus."""


@pytest.mark.slow
@half
def test_on_a_phone_no_text_has_to_be_moved_sideways_and_no_word_of_code_in_a_table_is_broken(
    pages, browser, some
):
    look = unfolded(TOO_WIDE, BROKEN_WORDS)
    assert found_on(pages, some, browser, look, width=PHONE_PX) == {}


@pytest.mark.slow
@half
def test_on_paper_no_picture_is_larger_than_a_sheet_and_no_word_of_code_in_a_table_is_broken(
    pages, browser, some
):
    look = unfolded(TOO_HIGH, BROKEN_WORDS)
    assert found_on(pages, some, browser, look, width=PAPER_PX, media="print") == {}


@pytest.mark.slow
@half
def test_at_a_desk_no_picture_of_a_lesson_has_to_be_moved_sideways(pages, browser, some):
    assert found_on(pages, some, browser, unfolded(MOVED_PICTURES), width=DESK_PX) == {}


PHONE_BY_DAY = ("light", PHONE_PX)
DESK_AT_NIGHT = ("dark", DESK_PX)
FIRST, SECOND, *OTHERS = (slice(start, None, 4) for start in range(4))  # every fourth page


@pytest.mark.slow
@pytest.mark.parametrize(
    ("scheme", "width", "some"),
    [
        (*PHONE_BY_DAY, FIRST),
        (*DESK_AT_NIGHT, SECOND),
        *[
            pytest.param(*look, some, marks=pytest.mark.whole_corpus)
            for look, seen in ((PHONE_BY_DAY, FIRST), (DESK_AT_NIGHT, SECOND))
            for some in (FIRST, SECOND, *OTHERS)
            if some is not seen
        ],
    ],
)
def test_axe_finds_nothing_that_keeps_people_out(pages, browser, scheme, width, some):
    run = f"{axe.script()};{RUN_AXE}"
    assert found_on(pages, some, browser, run, width=width, scheme=scheme) == {}


# What a page does to pictures at night, `filter: invert(.92) hue-rotate(180deg)`, by the
# definitions of https://www.w3.org/TR/filter-effects-1/ (feColorMatrix, hueRotate).

INVERTED = 0.92
TURN = (
    (0.213 - 0.787, 0.715 + 0.715, 0.072 + 0.072),
    (0.213 + 0.213, 0.715 - 0.285, 0.072 + 0.072),
    (0.213 + 0.213, 0.715 + 0.715, 0.072 - 0.928),
)


def at_night(colour):
    channels = [int(colour[place : place + 2], 16) / 255 for place in (1, 3, 5)]
    channels = [INVERTED * (1 - each) + (1 - INVERTED) * each for each in channels]
    turned = [sum(map(float.__mul__, row, channels)) for row in TURN]
    return "#" + "".join(f"{round(255 * min(1, max(0, each))):02x}" for each in turned)


def test_the_style_sheet_turns_pictures_as_this_test_does():
    style = (ROOT / "glomers" / "series" / "page.css").read_text(encoding="utf-8")
    assert f"filter: invert({INVERTED:.2f}".replace("0.", ".") in style
    assert f"--paper: {at_night(PAPER)};" in style


def test_pages_with_live_nodes_have_the_colours_of_all_pages():
    style = (ROOT / "glomers" / "series" / "web" / "live.css").read_text(encoding="utf-8")
    own = set(re.findall(r"^:root { (--\w+).*?; (--\w+)", style, re.MULTILINE)[0])
    night = style.partition("prefers-color-scheme: dark")[2].partition("}")[0]
    assert set(re.findall(r"--\w+(?=:)", night)) == own
    assert not re.search(r"\bhtml\b", style)


@pytest.mark.parametrize("ground", [PAPER, SHADE, SHADE_HEAD])
def test_text_in_pictures_is_legible_at_night_as_by_day(ground):
    hues = (*palette.COLOURS, palette.ERROR_COLOUR, palette.REFUSED_COLOUR, palette.QUIET_COLOUR)
    for colour in (palette.INK, palette.FAINT_INK, *map(ink, hues)):
        assert contrast(colour, ground) >= LEGIBLE
        assert contrast(at_night(colour), at_night(ground)) >= LEGIBLE
