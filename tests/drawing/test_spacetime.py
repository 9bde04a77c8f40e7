"""Space-time diagrams: what is in the picture, and that no message can break it."""

import re
import xml.etree.ElementTree as ET
from html.parser import HTMLParser
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from glomers.drawing.messages import Arrow, Band, arrows_of, column_order
from glomers.drawing.spacetime import draw
from glomers.formats.journal import Event
from glomers.formats.text import clean

SVG = "{http://www.w3.org/2000/svg}"
HOSTILE = "</script><img src=x onerror=alert(1)>\"'&\x00\x08\x1b\ud800\ufffe\u202e‮]]>"


def arrow(send_s=0.1, recv_s=0.2, src="n0", dest="n1", kind="echo", body=None, lost=False):
    return Arrow(send_s, recv_s, src, dest, kind, {"type": kind} if body is None else body, lost)


def texts(svg):
    return ["".join(element.itertext()) for element in ET.fromstring(svg).iter(f"{SVG}text")]


def titles(svg):
    return [element.text for element in ET.fromstring(svg).iter(f"{SVG}title")]


def test_every_message_has_an_arrow_with_its_type_and_body_to_hover_over():
    svg = draw(["n0", "n1"], [arrow(body={"type": "echo", "echo": "héllo", "msg_id": 3})])
    assert "echo" in texts(svg)
    (title,) = titles(svg)
    assert title.startswith("n0 → n1: echo\nsent 0.100000 s, received 0.200000 s (100.000 ms)")
    assert '{"type": "echo", "echo": "héllo", "msg_id": 3}' in title


def test_each_column_is_named_and_long_pictures_name_them_again():
    svg = draw(["c1", "n0", "lin-kv"], [arrow(dest="lin-kv")])
    assert [texts(svg).count(name) for name in ("c1", "n0", "lin-kv")] == [1, 1, 1]
    many = [arrow(i / 10, i / 10 + 0.05) for i in range(200)]
    assert texts(draw(["n0", "n1"], many)).count("n0") >= 3


def test_a_title_that_is_too_long_for_the_picture_goes_on_in_the_next_line():
    title = "n0 wrote 16, was cut off from n1, and never sent it again; n1 wrote 17, and so on"
    short, long = (draw(["n0", "n1"], [arrow()], title=text) for text in ("Messages", title))
    lines = texts(long)[: len(texts(long)) - len(texts(short)) + 1]
    assert len(lines) > 1
    assert " ".join(lines) == title
    width_px = float(ET.fromstring(long).get("width"))
    assert all(len(line) * 7 < width_px for line in lines)


def test_lost_messages_are_dashed_end_in_a_cross_and_stand_in_the_legend():
    lost = draw(["n0", "n1"], [arrow(lost=True)])
    assert "stroke-dasharray" in lost
    assert "l8 8m0 -8l-8 8" in lost
    assert "lost (ends in a cross)" in texts(lost)
    assert "dropped 0.200000 s" in titles(lost)[0]
    kept = draw(["n0", "n1"], [arrow()])
    assert "stroke-dasharray" not in kept
    assert "lost (ends in a cross)" not in texts(kept)


def test_messages_still_under_way_are_stubs_without_an_arrowhead():
    svg = draw(["n0", "n1"], [arrow(recv_s=None)])
    assert "still under way at the end" in texts(svg)
    assert 'stroke="none"/></g>' not in svg


def test_bands_are_shaded_and_labelled_where_they_touch_the_window():
    bands = [Band(0.0, 0.15, "n0 alone"), Band(8.0, 9.0, "far away")]
    svg = draw(["n0", "n1"], [arrow()], bands)
    assert "n0 alone" in texts(svg)
    assert "n0 alone, 0.000 s to 0.150 s" in titles(svg)
    assert "far away" not in svg


def test_only_messages_under_way_within_the_window_are_drawn():
    arrows = [arrow(i, i + 0.5, kind=f"m{i}") for i in range(6)]
    svg = draw(["n0", "n1"], arrows, start_s=2.4, end_s=4.2)
    assert [title.split("\n")[0] for title in titles(svg)] == [
        "n0 → n1: m2",
        "n0 → n1: m3",
        "n0 → n1: m4",
    ]
    assert "3 messages from 2.400 s to 4.200 s." in texts(svg)


def test_the_picture_says_how_many_messages_are_beyond_the_limit():
    svg = draw(["n0", "n1"], [arrow(i, i + 0.5) for i in range(30)], limit=10)
    assert len(titles(svg)) == 10
    assert "The first 10 of 30 messages from 0.000 s to 9.500 s." in texts(svg)


def test_the_picture_says_how_many_messages_have_no_column():
    svg = draw(["n0", "n1"], [arrow(), arrow(dest="n7"), arrow(src="c3")])
    assert "Left out: 2 messages to or from others than these." in texts(svg)


def test_an_empty_window_is_a_picture_too():
    assert "0 messages from 3.000 s to 4.000 s." in texts(draw(["n0"], [], start_s=3, end_s=4))
    assert "0 messages from 0.000 s to 0.000 s." in texts(draw([], []))


def test_types_share_a_colour_with_their_replies_and_errors_have_their_own():
    kinds = ["a", "a_ok", "b", "c", "d", "e", "f", "g", "h", "error"]
    svg = draw(["n0", "n1"], [arrow(i, i + 0.5, kind=kind) for i, kind in enumerate(kinds)])
    entries = [text for text in texts(svg) if ", " in text]
    assert "a, a_ok" in entries
    assert "f, g, h" in entries, "types beyond the palette share one colour"
    assert texts(svg).count("error") == 2


def test_crowded_events_keep_their_order_and_stay_apart():
    arrows = [arrow(0.5 + i / 1e6, 0.6 + i / 1e6) for i in range(20)]
    svg = draw(["n0", "n1"], arrows, end_s=5.0)
    starts = [float(y) for y in re.findall(r'stroke-opacity="0".*?<path d="M[\d.]+ ([\d.]+)L', svg)]
    assert len(starts) == 20
    assert all(later - earlier >= 15 for earlier, later in pairwise(starts))


def test_a_long_silence_is_cut_and_its_length_is_told():
    svg = draw(["n0", "n1"], [arrow(0.0, 0.1), arrow(60.0, 60.1)])
    assert "59.900 s" in texts(svg)
    assert float(ET.fromstring(svg).get("height")) < 500


def test_equal_input_gives_equal_text_whatever_the_order():
    arrows = [arrow(i / 7, i / 7 + 0.3, kind=f"k{i % 3}") for i in range(20)]
    assert draw(["n0", "n1"], arrows) == draw(["n0", "n1"], list(reversed(arrows)))


def test_columns_are_nodes_after_their_clients_and_then_services():
    names = ["n10", "n2", "lin-kv"]
    arrows = [arrow(src="c12", dest="n2"), arrow(src="c3", dest="n10"), arrow(src="c4", dest="n2")]
    arrows += [arrow(src=a, dest=b) for a in names for b in names]
    assert column_order(arrows) == ["c4", "c12", "n2", "c3", "n10", "lin-kv"]


def test_journal_events_become_arrows():
    message = {"src": "n0", "dest": "n1", "body": {"type": "t"}}
    events = [
        Event("send", 1_000_000_000, 7, message),
        Event("send", 1_500_000_000, 8, message),
        Event("send", 1_600_000_000, 9, {"src": "n0"}),
        Event("recv", 2_000_000_000, 7),
        Event("drop", 2_500_000_000, 8),
        Event("recv", 2_500_000_000, 99),
    ]
    assert arrows_of(events) == [
        Arrow(1.0, 2.0, "n0", "n1", "t", {"type": "t"}),
        Arrow(1.5, 2.5, "n0", "n1", "t", {"type": "t"}, lost=True),
        Arrow(1.6, None, "n0", "None", "", None),
    ]


class Tags(HTMLParser):
    """Collects the elements that a browser would see."""

    def __init__(self):
        super().__init__()
        self.seen = set()

    def handle_starttag(self, tag, attrs):
        self.seen.add(tag)
        assert not any(name.startswith("on") for name, _ in attrs)


def assert_harmless(svg):
    ET.fromstring(svg)
    tags = Tags()
    tags.feed(svg)
    assert tags.seen <= {"svg", "rect", "text", "path", "g", "title"}


def test_hostile_strings_are_escaped_everywhere():
    name = f"n{HOSTILE}"
    arrows = [
        arrow(src=name, dest="n1", kind=HOSTILE, body={"type": HOSTILE, HOSTILE: [HOSTILE]}),
        arrow(0.3, 0.4, "n1", name, kind=HOSTILE, lost=True),
    ]
    svg = draw([name, "n1"], arrows, [Band(0.1, 0.2, HOSTILE)], title=HOSTILE)
    assert_harmless(svg)
    assert "<img" not in svg
    assert "</script" not in svg
    assert "\u202e" not in svg


def test_bodies_that_json_cannot_hold_do_not_break_the_picture():
    nested = []
    for _ in range(100_000):
        nested = [nested]
    looped = {}
    looped["self"] = looped
    svg = draw(["n0", "n1"], [arrow(body=nested), arrow(body=looped)])
    assert svg.count("(a body that cannot be shown)") == 2


@given(st.text(), st.text(), st.recursive(st.text(), lambda inner: st.lists(inner, max_size=3)))
def test_any_text_makes_well_formed_xml(name, kind, body):
    arrows = [arrow(src=name, kind=kind, body=body)]
    assert_harmless(draw([name, "n1"], arrows, [Band(0, 1, kind)], title=name))


@given(
    st.lists(
        st.tuples(
            st.floats(0, 100), st.none() | st.floats(0, 5), st.integers(0, 3), st.integers(0, 3)
        ),
        max_size=12,
    ),
    st.floats(0, 50),
    st.floats(0, 60),
)
def test_any_times_make_a_picture_with_finite_numbers(messages, start_s, length_s):
    arrows = [
        arrow(sent, None if took is None else sent + took, f"n{a}", f"n{b}")
        for sent, took, a, b in messages
    ]
    svg = draw(["n0", "n1", "n2"], arrows, start_s=start_s, end_s=start_s + length_s)
    assert_harmless(svg)
    assert "nan" not in svg
    assert "inf" not in svg


@pytest.mark.parametrize(
    "forbidden", ["\x00", "\x1f", "\ud800", "\ufffe", "\u202e", "\x7f", "\x9b"]
)
def test_characters_that_could_break_the_picture_are_left_out(forbidden):
    assert clean(f"a{forbidden}b") == "ab"


def test_tabs_newlines_and_rare_letters_are_kept():
    assert clean("a\t\né漢😀") == "a\t\né漢😀"
