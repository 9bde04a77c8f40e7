"""Whatever a run holds, no page, picture or table made of it runs a script: asked of a browser."""

from __future__ import annotations

import html
import os

import pytest

from glomers import lab
from glomers.formats.edn import kw
from glomers.lab.tail import shown_tail
from glomers.series.ledger import Ledger
from glomers.series.publish import export_batch
from glomers.series.task import NotebookOutcome
from tests.helpers.bench import SHORT
from tests.helpers.chromium import Chromium, find_chromium
from tests.helpers.lab_stores import LATENCIES, history, results, write_store
from tests.helpers.series import Series, code, display, prose, stream

SCRIPT = (
    "</title></text></pre></script><script>console.error('it ran')</script>"
    "<img src=x onerror=console.error('it-ran-too')>\"' onload='console.error(3)"
)
CONTROLS = "\x00\x07\x1b\x9b\u202e"
HOSTILE = (
    f"{SCRIPT}\x00\x07\x1b[31m\x9b\u202e漢字 é 💥 $\\frac{{1}}{{0}}$ &lt; [a](javascript:alert(1))"
)


@pytest.fixture(scope="module")
def browser():
    path = find_chromium()
    if path is None:
        assert os.environ.get("CI") != "true", "there must be a Chromium in continuous integration"
        pytest.skip("there is no Chromium here")
    with Chromium(path) as browser:
        yield browser


def assert_harmless(browser, path, *, holds="it ran"):
    """The page shows the hostile text, and nothing of it runs or is fetched."""
    assert holds in path.read_text(encoding="utf-8"), "the hostile text is there"
    findings = browser.open(path.as_uri())
    assert (findings.errors, findings.missing_images, findings.requests) == ([], [], [])


@pytest.mark.slow
def test_the_browser_would_notice(browser, tmp_path):
    page = tmp_path / "page.html"
    page.write_text(f"<!DOCTYPE html><title>x</title><body><pre>{SCRIPT}</pre>")
    findings = browser.open(page.as_uri())
    assert any("it ran" in error for error in findings.errors)
    assert findings.requests


NODE = f"""
import sys
from glomers.node import Node, RPCError

node = Node()
HOSTILE = {HOSTILE!r}
asked = 0


@node.on("echo")
def echo(message):
    global asked
    asked += 1
    print(HOSTILE, file=sys.stderr)
    node.send("n0", {{"type": HOSTILE, HOSTILE: [HOSTILE, {{HOSTILE: HOSTILE}}]}})
    if asked % 3 == 0:
        raise RPCError(14, HOSTILE)
    if asked % 3 == 1:
        raise ValueError(HOSTILE)
    return {{"type": "echo_ok", "echo": HOSTILE}}


@node.on(HOSTILE)
def gossip(message):
    pass


node.run()
"""


@pytest.mark.slow
@pytest.mark.parametrize("clock", ["virtual", "real"])
def test_what_the_bench_leaves_is_harmless(bench, browser, tmp_path, clock):
    outcome = bench.test(bench.node(NODE), *SHORT, "--rate", "20", "--clock", clock)
    assert outcome.status == 1, outcome.err
    for printed in (outcome.out, outcome.err):
        assert not set(printed) & set(CONTROLS)
    assert_harmless(browser, outcome.store / "timeline.html")
    assert_harmless(browser, outcome.store / "messages.svg")
    run = lab.Run.load(outcome.store)
    assert run.problems == [], "the history and the results can be read"
    assert HOSTILE in set(run.messages["type"])
    assert HOSTILE in {value.get("echo") for value in run.ops["value"] if type(value) is dict}
    assert any(HOSTILE in error for error in run.ops["error"].dropna())
    page = tmp_path / "run.html"
    tables = [run.ops, run.messages, run.partitions]
    parts = [run._repr_html_(), *(table._repr_html_() for table in tables)]
    parts += [shown(figure) for figure in (lab.spacetime(run), lab.messages_by_type(run))]
    page.write_text("<!DOCTYPE html><meta charset=utf-8>" + "".join(parts), encoding="utf-8")
    assert_harmless(browser, page)


def shown(figure):
    return figure._repr_mimebundle_()["text/html"]


def hostile_run(tmp_path):
    """A run in which every name and every value is hostile."""
    grudge = {HOSTILE: frozenset({"n1"}), "n1": frozenset({HOSTILE})}
    ops = history(
        (1, "info", "nemesis", "start-partition", HOSTILE),
        (1, "info", "nemesis", "start-partition", [HOSTILE, grudge]),
        (2, "invoke", 0, "<img/src=x>", {HOSTILE: HOSTILE}),
        (3, "fail", 0, "<img/src=x>", HOSTILE),
        (4, "invoke", 1, "broadcast", 1),
        (5, "ok", 1, "broadcast", 1),
        (6, "invoke", 0, "read", None),
        (7, "ok", 0, "read", [1, HOSTILE]),
    )
    ops[3].error = [kw("abort"), HOSTILE]
    body = {"type": HOSTILE, "message": 1, HOSTILE: [HOSTILE]}
    messages = [
        (1, 2, HOSTILE, "n1", body),
        (2, 3, "n1", f"c{HOSTILE}", {**body, "in_reply_to": HOSTILE}),
        (3, -4, f"n{HOSTILE}", HOSTILE, body),
        (4, None, f"c{HOSTILE}", HOSTILE, body),
    ]
    steps = [{"type": kw("ww"), "words": HOSTILE, "key": HOSTILE}] * 2
    cycle = [{"process": HOSTILE, "value": [[kw("r"), HOSTILE, HOSTILE]]}] * 3
    anomalies = {HOSTILE: [{"cycle": cycle, "steps": steps}]}
    found = results(
        False, stable_latencies=LATENCIES, lost=[HOSTILE], anomalies=anomalies, error=HOSTILE
    )
    path = write_store(tmp_path / "store", found, ops, messages, nodes=(HOSTILE, "n1"))
    return lab.Run.load(path)


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore:constrained_layout not applied")  # labels are that long
def test_what_the_lab_shows_is_harmless(browser, tmp_path, monkeypatch):
    run = hostile_run(tmp_path)
    run.explanation = HOSTILE
    labelled = {HOSTILE: run, "n1": run}
    parts = [
        run._repr_html_(),
        run.ops._repr_html_(),
        run.messages._repr_html_(),
        run.partitions._repr_html_(),
        lab.scoreboard("3d", run)._repr_html_(),
        *map(
            shown,
            [
                lab.spacetime(run),
                lab.spacetime(run, title=HOSTILE),
                lab.messages_by_type(run),
                lab.latency_chart(run),
                lab.visibility_chart(labelled),
                lab.target_chart("3d", labelled),
                lab.cycle_diagram(run, HOSTILE),
                lab.bar_chart({HOSTILE: 1.0}, HOSTILE, HOSTILE),
                lab.stacked_bar_chart({HOSTILE: {HOSTILE: 1.0}}, HOSTILE, HOSTILE),
                lab.trade_off_chart({HOSTILE: [(HOSTILE, 1.0, 1.0)]}, "x", "y", HOSTILE),
            ],
        ),
    ]
    for number, part in enumerate(parts):
        page = tmp_path / f"{number}.html"
        page.write_text(f"<!DOCTYPE html><meta charset=utf-8>{part}", encoding="utf-8")
        assert_harmless(browser, page, holds="<")
        svg = part[part.find("<svg") : part.find("</svg>") + 6]
        if svg:
            (tmp_path / f"{number}.svg").write_text(svg, encoding="utf-8")
            assert_harmless(browser, tmp_path / f"{number}.svg")
    assert html.escape("<script>console.error('it ran')") in parts[0]


def test_exported_pages_are_harmless(browser, tmp_path):
    series = Series(tmp_path / "project")
    folder = series.root / "batch"
    folder.mkdir()
    run = hostile_run(tmp_path)
    run.explanation = HOSTILE
    failure = lab.RunFailed(HOSTILE, run)
    error = {
        "output_type": "error",
        "ename": "RunFailed",
        "evalue": HOSTILE,
        "traceback": failure._render_traceback_(),
    }
    cells = [
        prose("# A run"),
        code("print(log)", outputs=[stream(HOSTILE), stream(HOSTILE, "stderr")]),
        code("run", outputs=[display(text_html=run._repr_html_(), text_plain=repr(run))]),
        code("repr(run)", outputs=[display(text_plain=repr(run) + HOSTILE)]),
        code("run.ops", outputs=[display(text_html=run.ops._repr_html_())]),
        code("lab.spacetime(run)", outputs=[display(text_html=shown(lab.spacetime(run)))]),
        code(f"{HOSTILE!r}", outputs=[error]),
    ]
    series.write("01-hostile", *cells, folder=folder)
    Ledger("bench", [NotebookOutcome("01-hostile", "failed", 1.0, HOSTILE)]).save(folder)
    index = export_batch(folder)
    assert_harmless(browser, index, holds="A run")
    assert_harmless(browser, index.with_name("build-report.html"), holds="it ran")
    assert_harmless(browser, index.with_name("01-hostile.html"))


def test_the_live_tail_shows_no_control_characters(capsys):
    with shown_tail() as tail:
        tail(HOSTILE[-80:])
    said = capsys.readouterr().err
    assert "漢字" in said
    assert not set(said) & set(CONTROLS)
