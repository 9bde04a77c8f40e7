"""Exported pages in which one can step through a run, and nothing else runs."""

import os

import pytest

from glomers.drawing.stepper.cargo import gzipped
from glomers.drawing.stepper.document import frame
from glomers.series.publish import export_batch
from tests.helpers.accounts import account
from tests.helpers.chromium import Chromium, find_chromium
from tests.helpers.series import Series, code, display, prose
from tests.helpers.stepping import Stepping


@pytest.fixture(scope="module")
def browser():
    path = find_chromium()
    if path is None:
        assert os.environ.get("CI") != "true", "there must be a Chromium in continuous integration"
        pytest.skip("there is no Chromium here")
    with Chromium(path) as browser:
        yield browser


@pytest.fixture
def exported(tmp_path):
    def export(*outputs):
        series = Series(tmp_path)
        shown = [display(text_html=output) for output in outputs]
        series.write("01-a", prose("# A"), code("1", outputs=shown, count=1))
        export_batch(series.notebooks)
        return (series.notebooks / "html" / "01-a.html").as_uri()

    return export


@pytest.mark.slow
def test_one_steps_through_a_run_in_an_exported_page(browser, exported):
    with browser.tab(exported(frame([account()], "A run"))) as tab:
        steps = Stepping(tab.frame())
        for event in (2, 3):
            steps.tab.run(f"{steps.named('Next event')}.click()")
            assert steps.event == event
        steps.tab.run(f"{steps.named('Jump to failure')}.click()")
        steps.tab.run(f"{steps.named('Back')}.click()")
        assert steps.event == 3
        assert tab.run("location.hash") == ""
        found = tab.findings()
        assert (found.errors, found.requests) == ([], [])


def another_start(frame):
    return frame.replace("use strict", "use nothing")


def another_script(frame):
    """A script that is unpacked by the right one, and is not what it is to be."""
    head, _, rest = frame.partition("id=&quot;script&quot;&gt;")
    forged = gzipped("document.getElementById('wait').textContent = 'forged';")
    return f"{head}id=&quot;script&quot;&gt;{forged}&lt;{rest.partition('&lt;')[2]}"


@pytest.mark.slow
@pytest.mark.parametrize("forge", [another_start, another_script])
def test_a_frame_that_somebody_has_forged_runs_nothing_of_its_own(browser, exported, forge):
    whole = frame([account()], "A run")
    forged = forge(whole)
    assert forged != whole
    with browser.tab(exported(forged.replace("sandbox=", "data-x="))) as tab:
        assert "step by step with a script, which does not run here" in tab.frame().run(
            "document.body.innerText"
        )
        assert any("Content Security Policy" in error for error in tab.findings().errors)
