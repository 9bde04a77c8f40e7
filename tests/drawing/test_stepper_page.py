"""The page to step through, used as people use it: in a browser, with the network off."""

import json
import os
from dataclasses import replace

import pytest

from glomers.drawing.stepper.account import Knowledge
from glomers.drawing.stepper.document import frame
from tests.helpers.accounts import EVENTS, account, came, sent
from tests.helpers.axe import serious
from tests.helpers.chromium import Chromium, find_chromium
from tests.helpers.stepping import KEYS, Stepping, stepping

pytestmark = pytest.mark.slow  # each opens a page

WIDTHS = (1200, 360)


@pytest.fixture(scope="module")
def browser():
    path = find_chromium()
    if path is None:
        assert os.environ.get("CI") != "true", "there must be a Chromium in continuous integration"
        pytest.skip("there is no Chromium here")
    with Chromium(path) as browser:
        yield browser


@pytest.fixture(params=WIDTHS)
def steps(browser, tmp_path, request):
    with stepping(browser, tmp_path / "page.html", [account()], width=request.param) as steps:
        yield steps


def by_pointer(steps, name):
    steps.click(name)


def by_keyboard(steps, name):
    """A key that does the same as the button, while something of the page has the focus."""
    steps.tab.run("document.querySelector('.picture').focus()")
    steps.tab.press(KEYS[name])


def by_enter(steps, name):
    steps.focus(name)
    steps.tab.press("Enter", text="\r")


WAYS = pytest.mark.parametrize("press", [by_pointer, by_keyboard, by_enter])


@WAYS
def test_every_control_that_moves_the_cursor_does_so(steps, press):
    assert steps.event == 1
    press(steps, "Next event")
    press(steps, "Next event")
    assert steps.now == "Event 3 of 16, 0.010000 s: c1 sends broadcast 12 to n0."
    press(steps, "To what it caused")
    assert "Event 4 of 16, 0.011000 s: n0 receives broadcast 12 from c1, 1 ms" in steps.now
    press(steps, "Next of this node")
    assert steps.event == 5
    press(steps, "To its cause")
    assert steps.event == 4
    press(steps, "Back")
    steps.reach(5)
    press(steps, "Previous of this node")
    press(steps, "Previous event")
    assert steps.event == 3
    press(steps, "Jump to failure")
    assert steps.now.endswith("c2 receives read_ok [] from n1, 1 ms after it was sent.")
    press(steps, "Back")
    steps.reach(3)


@WAYS
def test_it_plays_when_asked_to_and_pauses(steps, press):
    assert steps.event == 1, "it does not play by itself"
    press(steps, "Play")
    steps.reach(3)
    KEYS["Pause"] = " "
    press(steps, "Pause")
    assert steps.tab.run("document.getElementById('play').textContent") == "Play"


def test_arrow_keys_go_from_event_to_event(steps):
    steps.focus("Time", "input[type=range]")
    for key, event in (("ArrowRight", 2), ("ArrowRight", 3), ("ArrowLeft", 2)):
        steps.tab.press(key)
        assert steps.event == event
    slider = steps.named("Time", "input[type=range]")
    assert steps.tab.run(f"{slider}.getAttribute('aria-valuetext')") == "0.000000 s, event 2"
    steps.tab.press("End")
    assert steps.event == 16


def test_single_keys_work_only_while_the_page_has_the_focus(steps):
    steps.tab.run("document.activeElement.blur()")
    steps.tab.press("n")
    assert steps.event == 1
    steps.fill("text", "n")
    steps.tab.press("p")
    assert steps.tab.run("document.getElementById('text').value") == "np"


def test_a_question_mark_says_the_keys(steps):
    steps.focus("Next event")
    steps.tab.press("?")
    assert "plays and pauses" in steps.text("#help")


def test_a_time_can_be_gone_to(steps):
    steps.tab.run("document.getElementById('moment').focus()")
    steps.tab.type("0.5")
    steps.tab.press("Enter", text="\r")
    assert steps.now.startswith("Event 11 of 16, 0.500000 s: n1 is at work (timer)")
    steps.click("Go")
    assert steps.event == 11


def test_the_state_of_every_node_is_there_and_says_what_changed(steps):
    assert "set of 0" in steps.state("n0")
    steps.slide(3)
    assert steps.text("[aria-label='State of n0'] ins") == "12"
    assert "heard 12" in steps.state("n0")
    steps.slide(9)
    assert "Missing here, acknowledged by: 12 (n0)" in steps.state("n1")
    assert "Missing" not in steps.state("n0")
    steps.click("Go to event 4, which set seen")
    assert steps.event == 4
    steps.slide(1)
    assert "12" not in steps.state("n0"), "backwards as well"


def test_the_table_and_the_picture_show_the_same_events(steps):
    rows = steps.rows()
    assert [row[0] for row in rows] == [str(number) for number in range(1, 17)]
    assert [row[3] for row in rows][2:9] == [
        "→ n0: broadcast 12",
        "← c1: broadcast 12",
        "→ n1: share 12",
        "→ c1: broadcast_ok",
        "fault begins: partition: n0 | n1",
        "✗ lost, from n0: share 12",
        "← n0: broadcast_ok",
    ]
    picture = "document.querySelector('.picture svg')"
    assert steps.tab.run(f"{picture}.querySelectorAll('.arrow').length") == 5
    assert steps.tab.run(f"{picture}.querySelectorAll('.lost').length") == 1
    assert steps.tab.run(f"{picture}.querySelectorAll('.turn').length") == 3
    assert steps.tab.run(f"{picture}.querySelectorAll('rect.fault').length") == 1


def test_a_row_and_a_place_in_the_picture_can_be_gone_to(steps):
    steps.tab.click("document.querySelector('tr[data-step=\"7\"] td:last-child')")
    assert steps.event == 8
    row = "document.querySelector('tr[aria-current=step] button')"
    assert steps.tab.run(f"{row}.tabIndex") == 0
    steps.tab.run(f"{row}.focus()")
    steps.tab.press("n")
    assert steps.tab.run("document.activeElement.textContent") == "9", "the focus goes along"


@pytest.mark.parametrize(
    ("field", "text", "events"),
    [
        ("node", "n1", [2, 5, 7, 8, 10, 11, 12, 13, 14, 15, 16]),
        ("type", "share", [5, 8]),
        ("text", "PARTITION", [7, 10]),
        ("value", "12", [3, 4, 5, 8, 16]),
        ("value", "2", []),
    ],
)
def test_filters_leave_what_fits(steps, field, text, events):
    steps.fill(field, text)
    if field == "value" and text == "12":
        events = [3, 4, 5, 8]
    shown = [int(row[0]) for row in steps.rows() if row[0].isdigit()]
    assert [event for event in shown if event not in (1, 2)] == [e for e in events if e > 2]
    if not events:
        assert steps.rows() == [["No event fits the filters."]]
    steps.click("Show all")
    assert len(steps.rows()) == 16


def test_client_chatter_can_be_left_out(steps):
    steps.tab.run("document.getElementById('filters').open = true")
    steps.tab.click("document.getElementById('clients')")
    assert [row[3] for row in steps.rows() if "broadcast" in row[3] or "share" in row[3]] == [
        "→ n1: share 12",
        "✗ lost, from n0: share 12",
    ]
    steps.click("Next event")
    steps.click("Next event")
    assert steps.event == 5, "what is left out is stepped over"


def test_the_address_holds_the_moment_and_the_filters(browser, tmp_path):
    path = tmp_path / "page.html"
    with stepping(browser, path, [account()]) as steps:
        steps.slide(4)
        steps.fill("type", "share")
        steps.tab.wait("location.hash.includes('type=share')")
        address = steps.tab.run("location.hash")
    with browser.tab(path.as_uri() + address) as tab:
        steps = Stepping(tab)
        assert steps.event == 5
        assert [row[0] for row in steps.rows()] == ["5", "8"]


def test_the_browsers_back_undoes_a_jump(browser, tmp_path):
    with stepping(browser, tmp_path / "page.html", [account()]) as steps:
        steps.click("Next event")
        steps.click("Jump to failure")
        assert steps.event == 15
        steps.tab.run("history.back()")
        steps.reach(2)


def test_the_moment_can_be_copied(steps):
    steps.slide(4)
    steps.click("Copy this moment")
    command, moment, address = steps.tab.run("document.getElementById('copied').value").split("\n")
    assert command == "glomers bench test -w broadcast --seed 7"
    assert moment == "seed 7, Event 5 of 16, 0.011000 s: n0 sends share 12 to n1."
    assert address.endswith("page.html#event=5")


def test_nothing_is_wider_than_the_window(steps):
    steps.tab.run("document.querySelectorAll('details').forEach(d => { d.open = true })")
    assert steps.tab.run("document.documentElement.scrollWidth <= innerWidth")


def test_nothing_keeps_people_from_using_it(browser, tmp_path):
    long = account(changeable=f"glomers bench test {'-w broadcast ' * 40}")
    for width in WIDTHS:
        for scheme in ("light", "dark"):
            window = {"width": width, "scheme": scheme, "is_lifted": True}
            with stepping(browser, tmp_path / "page.html", [long], **window) as steps:
                steps.slide(4)
                steps.tab.run(
                    "document.querySelectorAll('details').forEach(d => { d.open = true })"
                )
                assert serious(steps.tab) == []


def test_without_turns_everything_else_is_there(browser, tmp_path):
    with stepping(browser, tmp_path / "page.html", [account(knowledge=Knowledge())]) as steps:
        assert "What the nodes' variables held was not recorded." in steps.text("#facts")
        steps.slide(1)
        steps.click("To what it caused")
        assert steps.event == 3
        assert "heard 12" in steps.state("n0")


VS_CODE = """default-src 'none'; script-src https://*.vscode-cdn.net 'unsafe-inline' 'unsafe-eval';
style-src https://*.vscode-cdn.net 'unsafe-inline'; img-src https: http: data:; font-src https:;
connect-src https:; child-src https: data:;"""
"""The policy of the page in which VS Code shows outputs, where `notebook.experimental.enableCsp`
asks for one (its source, `backLayerWebView.ts`); by default it has none."""


@pytest.mark.parametrize("policy", ["", VS_CODE], ids=["none", "policy"])
def test_an_output_is_stepped_through_in_a_page_that_is_made_as_vs_code_makes_it(
    browser, tmp_path, policy
):
    output = json.dumps(frame([account()], "A run")).replace("</", r"<\/")
    page = tmp_path / "outputs.html"
    page.write_text(
        f'<meta charset="UTF-8"><meta http-equiv="Content-Security-Policy" content="{policy}">'
        f"<div id='output'></div><script>document.getElementById('output').innerHTML = {output}"
        "</script>",
        encoding="utf-8",
    )
    with browser.tab(page.as_uri()) as tab:
        steps = Stepping(tab.frame())
        before = steps.event
        steps.tab.run(f"{steps.named('Next event')}.click()")
        assert steps.event == before + 1
        found = tab.findings()
        assert found.errors == []
        assert found.requests == []


def test_two_runs_are_stepped_through_together_and_their_first_difference_is_marked(
    browser, tmp_path
):
    other = account(events=(*EVENTS[:4], came(12, 1), *EVENTS[5:]), seed=8)
    for width in WIDTHS:
        with stepping(browser, tmp_path / "two.html", [account(), other], width=width) as steps:
            for press in (by_pointer, by_keyboard):
                press(steps, "Jump to first difference")
                assert steps.event == 8
                current = "[...document.querySelectorAll('[aria-current]')].map(r => r.innerText)"
                one, two = steps.tab.run(current)
                assert "lost" in one
                assert "← n0: share 12" in two
                press(steps, "Previous event")
                assert {row.split("\t")[0] for row in steps.tab.run(current)} == {"7"}
            assert "State of n0, run B" in steps.tab.run("document.body.innerHTML")


COVERED = """
[...document.querySelectorAll('.view > div')].flatMap(part => [...part.children]).filter(
  (each, index, all) => {
    const before = all[index - 1]?.getBoundingClientRect();
    const inner = [...(all[index - 1]?.children ?? [])].map(e => e.getBoundingClientRect().bottom);
    const box = each.getBoundingClientRect();
    return before && box.height && box.left === before.left
      && box.top + 1 < Math.max(before.bottom, ...inner);
  }).map(each => each.className)
"""


@pytest.mark.parametrize("width", WIDTHS)
def test_no_part_of_the_page_covers_another(browser, tmp_path, width):
    accounts = [account(), account(seed=8)]
    for shown in (accounts[:1], accounts):
        with stepping(browser, tmp_path / "page.html", shown, width=width) as steps:
            assert steps.tab.run(COVERED) == []


LONG = replace(
    account(),
    events=tuple(
        event
        for i in range(3_000)
        for event in (
            sent(i, i, f"n{i % 25}", f"n{(i * 7 + 1) % 25}", type="share", value=i),
            came(i + 40, i),
        )
    ),
    nodes=tuple(f"n{i}" for i in range(25)),
    knowledge=Knowledge(),
    operations=[],
    flaws=[],
)
LONG = replace(LONG, events=tuple(sorted(LONG.events, key=lambda event: event.time_ns)))


def test_of_a_long_run_a_window_around_the_cursor_is_drawn(browser, tmp_path):
    with stepping(browser, tmp_path / "long.html", [LONG]) as steps:
        for place in (0, 100, 3_000, 6_001):
            steps.slide(place)
            assert steps.event == place + 1
            assert steps.tab.run("document.querySelectorAll('.arrow').length") <= 300
            assert len(steps.rows()) == 48
            current = steps.tab.run("document.querySelector('[aria-current] button').textContent")
            assert int(current.replace(",", "")) == place + 1
            box = "document.querySelector('.board')"
            row = "document.querySelector('[aria-current]')"
            assert steps.tab.run(
                f"{row}.offsetTop >= {box}.scrollTop &&"
                f"{row}.offsetTop < {box}.scrollTop + {box}.clientHeight"
            )
        assert "before and" in steps.text(".left")
