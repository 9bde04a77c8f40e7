"""What a page to step through holds: all events of the run, in few bytes, and nothing that runs."""

import re
from html.parser import HTMLParser

from hypothesis import given
from hypothesis import strategies as st

from glomers.drawing.palette import LEGIBLE, contrast
from glomers.drawing.stepper.account import Flaw, Knowledge
from glomers.drawing.stepper.cargo import pack
from glomers.drawing.stepper.document import frame, page, script_hashes
from glomers.drawing.stepper.steps import Deed, causes_of, steps_of
from tests.helpers.accounts import EVENTS, MS, account, came, sent
from tests.helpers.cargo import unpacked
from tests.helpers.lab_stores import HOSTILE

PLENTY = 10_000_000


def sums(differences):
    total, values = 0, []
    for difference in differences:
        values.append(total := total + difference)
    return values


def test_steps_are_the_journal_with_faults_failed_operations_and_turns_in_order_of_time():
    deeds = [(step.time_ns / MS, step.deed) for step in steps_of(account())]
    assert deeds == [
        (0, Deed.TURN),
        (0, Deed.TURN),
        (10, Deed.SEND),
        (11, Deed.RECV),
        (11, Deed.SEND),
        (11, Deed.SEND),
        (11.5, Deed.FAULT_BEGINS),
        (12, Deed.DROP),
        (12, Deed.RECV),
        (13, Deed.FAULT_ENDS),
        (500, Deed.TURN),
        (900, Deed.SEND),
        (901, Deed.RECV),
        (901, Deed.SEND),
        (902, Deed.RECV),
        (950, Deed.OPERATION_FAILS),
    ]


def told_causes(told):
    steps = steps_of(told)
    return {
        (step.deed.name, step.about): (steps[i - back].deed.name, steps[i - back].about)
        for i, (step, back) in enumerate(zip(steps, causes_of(told, steps), strict=True))
        if back
    }


def test_what_a_node_sends_comes_from_the_turn_in_which_it_does():
    causes = told_causes(account())
    assert causes["SEND", 1] == ("RECV", 0)
    assert causes["DROP", 1] == ("SEND", 1)
    assert causes["TURN", 3] == ("TURN", 1)
    assert ("SEND", 0) not in causes


def test_without_turns_it_comes_from_the_request_or_what_arrived_at_that_very_moment():
    events = (*EVENTS, sent(950, 5, "n1", "n0", type="share", value=1), came(951, 5))
    causes = told_causes(account(knowledge=Knowledge(), events=events))
    assert causes["SEND", 1] == causes["SEND", 2] == ("RECV", 0)
    assert causes["SEND", 4] == ("RECV", 3)
    assert ("SEND", 5) not in causes, "nothing arrived at that moment"


def test_a_page_holds_all_that_happened():
    data = unpacked(pack(account(), PLENTY))
    messages = data["messages"]
    assert sums(data["steps"]["us"]) == [step.time_ns // 1000 for step in steps_of(account())]
    assert [data["names"][i] for i in messages["src"]] == ["c1", "n0", "n0", "c2", "n1"]
    assert [messages["types"][i] for i in messages["type"]] == [
        "broadcast",
        "share",
        "broadcast_ok",
        "read",
        "read_ok",
    ]
    assert [messages["bodies"][i] for i in messages["body"]][:2] == [
        '{"message":12}',
        '{"value":12}',
    ]
    assert sums(messages["msg"])[0] == 1
    assert data["flaws"] == [["n1 does not show 12.", 14, [0, 1, 3, 4]]]
    assert data["logs"] == [[data["names"].index("n0"), [11_000], ["heard 12"], 0]]


def test_equal_runs_give_equal_pages():
    assert page([account()], "a") == page([account()], "a")


@st.composite
def conversations(draw):
    count = draw(st.integers(200, 400))
    return tuple(
        event
        for i in range(count)
        for event in (
            sent(i, i, "n0", "n1", type="share", value=draw(st.integers(0, 10**12))),
            came(i + 0.5, i),
        )
    )


@given(conversations(), st.integers(3_000, 9_000), st.floats(0, 1))
def test_a_run_that_is_too_long_is_cut_around_what_went_wrong(events, most_bytes, where):
    failure = int(where * (len(events) // 2 - 1))
    told = account(events=events, knowledge=Knowledge(), flaws=[Flaw("x.", (failure,))])
    packed = pack(told, most_bytes)
    data = unpacked(packed)
    count = len(data["steps"]["deed"])
    assert len(packed) <= most_bytes or count == 50
    assert data["total"] == len(steps_of(told))
    assert 0 <= data["flaws"][0][1] < count


def test_what_nodes_knew_before_a_window_is_in_it():
    events = tuple(
        event
        for i in range(3_000)
        for event in (
            sent(1000 + i, 9 + i, "n0", "n1", type="x", value=i**4),
            came(1001 + i, 9 + i),
        )
    )
    data = unpacked(pack(account(events=(*EVENTS, *events), flaws=[Flaw("x.", (2500,))]), 9_000))
    assert data["first"] > 20
    paths = data["turns"]["paths"]
    before = {
        data["names"][node]: {paths[path]: value for path, value in changes}
        for node, changes in data["turns"]["before"]
    }
    assert before["n0"] == {"seen": {"is": "set", "+": ["12"], "of": 1}}
    assert before["n1"]["rounds"] == "1"


class _Parts(HTMLParser):
    """The elements of a page, and the texts of its scripts."""

    def __init__(self):
        super().__init__()
        self.tags, self.scripts = [], []

    def handle_starttag(self, tag, attrs):
        self.tags.append((tag, dict(attrs)))

    def handle_data(self, data):
        if self.tags and self.tags[-1][0] == "script":
            self.scripts.append(data)


def hostile():
    events = (
        sent(1, 0, HOSTILE, "n0", type=HOSTILE, **{HOSTILE: HOSTILE}),
        came(2, 0),
        sent(3, 1, "n0", HOSTILE, type="x", deep=_nested(2_000), long="x" * 10_000_000),
        sent(4, 2, "n0", "n1", value=10**400),
        sent(5, 3, "n0", "n1", type=7, msg_id=HOSTILE),
    )
    return account(
        events=events,
        title=HOSTILE,
        command=HOSTILE,
        verdict=HOSTILE,
        flaws=[Flaw(HOSTILE, (0,))],
        logs={"n0": []},
    )


def _nested(depth):
    value = []
    for _ in range(depth):
        value = [value]
    return value


def test_nothing_that_a_node_says_becomes_part_of_the_page():
    text = page([hostile()], HOSTILE)
    parts = _Parts()
    parts.feed(text)
    usual = _Parts()
    usual.feed(page([account()], "usual"))
    assert [tag for tag, _ in parts.tags] == [tag for tag, _ in usual.tags]
    assert parts.scripts[-1] == usual.scripts[-1]
    assert "onerror" not in re.sub(r"&lt;.*?&gt;", "", text)
    assert len(text) < 80_000, "long bodies are cut"


def test_only_the_script_with_the_hash_may_run_and_nothing_may_be_loaded():
    policy = re.search(r'Content-Security-Policy" content="([^"]*)"', page([account()], "a"))[1]
    rules = dict(rule.strip().split(" ", 1) for rule in policy.split(";"))
    assert rules.pop("default-src") == "'none'"
    assert rules.pop("script-src") == script_hashes()
    assert rules.pop("style-src").startswith("'sha256-")
    assert rules == {"img-src": "data:"}


def test_a_frame_keeps_to_its_size_with_all_its_escapes():
    events = tuple(sent(i, i, "n0", "n1", type="x", value=f"{i**9}\"'<&") for i in range(4_000))
    text = frame([account(events=events)], "a", 70_000)
    assert 50_000 < len(text) <= 70_000
    assert text.startswith('<iframe sandbox="allow-scripts"')


def test_colours_are_legible_on_light_and_on_dark():
    style = re.search(r"<style>(.*?)</style>", page([account()], "a"), re.DOTALL)[1]
    schemes = re.findall(r":root \{(.*?)\}", style)
    assert len(schemes) == 2
    for scheme in schemes:
        colours = dict(re.findall(r"--([\w-]+): (#[0-9a-f]{6});", scheme))
        inks = {"ink", "error", "refused", "quiet", "c0", "c1", "c2", "c3", "c4"}
        for ink in sorted(inks):
            for ground in ("paper", "cursor", "stripe", "shade"):
                assert contrast(colours[ink], colours[ground]) >= LEGIBLE, (ink, ground)
        for ground in ("paper", "raised"):
            assert contrast(colours["faint"], colours[ground]) >= LEGIBLE
            assert contrast(colours["link"], colours[ground]) >= LEGIBLE
