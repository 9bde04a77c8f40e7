"""Pictures answer "which value?", and every letter in them can be read."""

import re
import xml.etree.ElementTree as ET
from itertools import combinations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from glomers.drawing import palette
from glomers.drawing.cycle import draw_cycle
from glomers.drawing.decisive import draw_decisive
from glomers.drawing.lettering import width_px
from glomers.drawing.lines import Rect
from glomers.drawing.messages import Arrow, Band, column_order
from glomers.drawing.spacetime import Diagram, draw
from glomers.drawing.values import is_acknowledgement, value_of
from glomers.drawing.window import choose
from glomers.formats.journal import Event

SVG = "{http://www.w3.org/2000/svg}"
GROUNDS = (palette.PAPER, palette.SHADE, palette.SHADE_HEAD)


# Which value stands on an arrow


@pytest.mark.parametrize(
    ("body", "value"),
    [
        ({"type": "echo", "echo": "Please echo 35", "msg_id": 3}, "Please echo 35"),
        ({"type": "generate_ok", "id": "n0-176722560401-0"}, "n0-1767…0401-0"),
        ({"type": "broadcast", "message": 12, "msg_id": 1}, "12"),
        ({"type": "read_ok", "messages": []}, "[]"),
        ({"type": "read_ok", "messages": [*range(50)]}, "[0 1 2 3 4 …]"),
        ({"type": "add", "delta": 1}, "+1"),
        ({"type": "add", "delta": -3}, "-3"),
        ({"type": "read_ok", "value": 5}, "5"),
        ({"type": "send", "key": "7", "msg": 12}, "7: 12"),
        ({"type": "send_ok", "offset": 7}, "offset 7"),
        ({"type": "poll_ok", "msgs": {"7": [[0, 12], [1, 13]]}}, "7: 12@0 13@1"),
        ({"type": "poll_ok", "msgs": {}}, "{}"),
        ({"type": "commit_offsets", "offsets": {"7": 3, "8": 9}}, "7:3 8:9"),
        ({"type": "cas", "key": "total", "from": 0, "to": 2}, "total: 0→2"),
        ({"type": "write", "key": "k", "value": None}, "k: nil"),
        ({"type": "error", "code": 22, "text": "not what was expected"}, "22"),
        ({"type": "txn", "txn": [["r", 8, None], ["w", 7, 1], ["w", 7, 2]]}, "w7=2"),
        ({"type": "txn", "txn": [["r", 8, None], ["r", 9, None]]}, "r8 r9"),
        ({"type": "txn_ok", "txn": [["r", 8, None], ["w", 7, 2]], "in_reply_to": 1}, "r8=nil"),
        ({"type": "txn", "txn": [["append", 3, 5]]}, "a3=5"),
        ({"type": "init", "node_id": "n0", "node_ids": ["n0", "n1"]}, "n0"),
        ({"type": "grow", "amount": 4}, "4"),
        ({"type": "tell", "round": 9, "news": [1, 2]}, "[1 2]"),
        ({"type": "state", "round": 9, "counts": {"n0": 3, "n1": 5}}, "n0:3 n1:5"),
        ({"type": "replicate", "writes": [[8, [1, "n1", 16]]]}, "8:[1 n1 16]"),
        ({"type": "batch", "items": [[1767225600002908, [[8, 2]]]] * 3}, "3 items"),
        ({"type": "batch", "items": [[[4, [1767225600808632, "n1"], 1]]]}, "1 item"),
        ({"type": "replicate", "writes": [[13, [1767225600011934, "n1", 2]]]}, "13:[… 2]"),
        ({"type": "share", "items": [["mark", "n1", 0, None]]}, "mark n1 0 nil"),
        ({"type": "share", "items": [["message", "9", 2, 1]] * 2}, "message 9 2 …"),
        ({"type": "broadcast_ok", "in_reply_to": 1}, ""),
        ("no body", ""),
    ],
)
def test_an_arrow_carries_one_value(body, value):
    assert value_of(body) == value


def test_of_several_keys_the_one_in_question_is_told():
    body = {"type": "txn_ok", "txn": [["r", 13, None], ["r", 7, 4]], "in_reply_to": 1}
    assert value_of(body, key=7) == "r7=4"
    assert value_of({"writes": [[7, [1, "n1", 13]], [13, [1, "n1", 2]]]}, key=13) == "13:[1 n1 2]"
    assert value_of({"msgs": {"1": [[0, 5]], "2": [[0, 6]]}}, key="2") == "2: 6@0"
    assert value_of(body, key=99) == value_of(body)


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    max_leaves=12,
)
NAMES = ("delta", "key", "msg", "msgs", "offset", "from", "to", "value", "txn", "code", "x", "y")


@given(st.dictionaries(st.sampled_from(NAMES), JSON) | JSON, st.sampled_from([8, 14]))
def test_a_value_is_short_and_stands_in_one_line_whatever_a_node_sends(body, most):
    told = value_of(body, most)
    assert len(told) <= most
    assert told.splitlines() in ([], [told])


def test_a_long_number_does_not_break_a_picture():
    assert value_of({"x": 10**5000}) == "a long number"


def test_only_a_reply_that_says_nothing_is_an_acknowledgement():
    assert is_acknowledgement({"type": "add_ok", "in_reply_to": 1, "msg_id": 2})
    assert not is_acknowledgement({"type": "read_ok", "in_reply_to": 1, "value": 0})
    assert not is_acknowledgement({"type": "tick"})


# Where things stand


def arrow(send_s, recv_s, src, dest, body, **how):
    return Arrow(send_s, recv_s, src, dest, body.get("type", ""), body, **how)


def diagram(arrows, bands=(), **how):
    columns = column_order(arrows)
    chosen = choose(columns, arrows, 0.0, float("inf"), 999)
    return Diagram(columns, chosen, bands, title="t", **how)


def overlap(one, other):
    return (
        one.left < other.right
        and other.left < one.right
        and one.top < other.bottom
        and other.top < one.bottom
    )


def points(line):
    """Points on a straight line, close to each other."""
    steps = 400
    for i in range(steps + 1):
        yield (
            line.x1 + (line.x2 - line.x1) * i / steps,
            line.y1 + (line.y2 - line.y1) * i / steps,
        )


def columns_of(svg):
    paths = (path.get("d") for path in ET.fromstring(svg).findall(f"{SVG}path"))
    return [float(found[1]) for path in paths if (found := re.match(r"M([\d.]+) [\d.]+V", path))]


def strip_rect(strip):
    return Rect(strip.x, strip.top, strip.x + width_px(strip.text), strip.top + 16)


def assert_nothing_is_covered(picture):
    svg = picture.svg()
    for one, other in combinations(picture.layout.labels, 2):
        assert not overlap(one.rect, other.rect), (one.text, other.text)
    for strip in picture.layout.strips:
        assert not any(overlap(strip_rect(strip), label.rect) for label in picture.layout.labels)
    for label in picture.layout.labels:
        left, top, right, bottom = label.rect
        assert not any(left <= x <= right for x in columns_of(svg)), label
        for number, line in enumerate(picture.layout.lines):
            if line.x1 != line.x2:
                on_it = (left < x < right and top < y < bottom for x, y in points(line))
                assert not any(on_it), (label.text, number, label.number)


def fan(kind="share", value=7):
    """A client's request, which a node passes on to nine others that all acknowledge it."""
    body = {"type": kind, "value": value}
    arrows = [arrow(0.1, 0.101, "c1", "n0", {"type": "broadcast", "message": value})]
    arrows += [arrow(0.101, 0.2 + i / 1e5, "n0", f"n{i}", body) for i in range(1, 6)]
    told = {"type": "share_ok", "in_reply_to": 1}
    arrows += [arrow(0.2 + i / 1e5, 0.3 + i / 1e5, f"n{i}", "n0", told) for i in range(1, 6)]
    return arrows


def test_every_arrow_with_a_value_carries_it():
    picture = diagram(fan())
    carried = {label.number for label in picture.layout.labels if label.text.endswith("7")}
    assert carried == set(range(6))
    assert_nothing_is_covered(picture)


@pytest.mark.slow
@settings(max_examples=60, deadline=None)
@given(
    st.lists(
        st.tuples(
            st.floats(0, 2),
            st.none() | st.floats(0, 0.3),
            st.integers(0, 4),
            st.integers(0, 4),
            st.integers(0, 1000),
            st.booleans(),
        ),
        max_size=25,
    )
)
def test_labels_cover_neither_one_another_nor_lines(messages):
    arrows = [
        arrow(
            sent,
            None if took is None else sent + took,
            f"n{a}",
            f"n{b}",
            {"type": "gossip", "value": value},
            lost=lost and took is not None,
        )
        for sent, took, a, b, value, lost in messages
    ]
    assert_nothing_is_covered(diagram(arrows, [Band(0.5, 1.0, "kill: n0"), Band(0.7, 1.5, "b")]))


def test_the_name_of_a_band_has_a_strip_of_its_own():
    body = {"type": "a"}
    arrows = [arrow(0.5, 0.6, "n0", "n1", body), arrow(0.9, 1.0, "n1", "n0", body)]
    picture = diagram(arrows, [Band(0.5, 2.0, "a"), Band(0.95, 2.0, "b"), Band(0.0, 3.0, "c")])
    for top in picture.layout.heights.strips.values():
        for line in picture.layout.lines:
            if line.y1 < top:
                continue
            assert line.y1 > top + 16


def test_the_name_of_a_band_stands_where_no_arrow_goes_through_it():
    body = {"type": "a"}
    arrows = [arrow(0.2, 0.9, "n0", "n1", body), arrow(1.0, 1.1, "n2", "n3", body)]
    picture = diagram(arrows, [Band(0.5, 2.0, "kill: n3")])
    (strip,) = picture.layout.strips
    left, top, right, bottom = strip_rect(strip)
    line = picture.layout.lines[0]
    assert any(top < y < bottom for _, y in points(line))
    assert not any(left < x < right and top < y < bottom for x, y in points(line))


@pytest.mark.parametrize("end_s", [0.003, 0.0031])
def test_no_label_stands_on_the_edge_of_a_band(end_s):
    arrows = [
        arrow(0.001, 0.002, "c1", "n1", {"type": "write", "value": 1}),
        arrow(0.002, 0.003, "n1", "c1", {"type": "write_ok", "in_reply_to": 1}),
        arrow(9, 9.001, "n1", "n2", {"type": "share", "value": 1}),
    ]
    picture = diagram(arrows, [Band(0.0, end_s, "cut")])
    end_y = picture.layout.heights.at(end_s)
    for label in picture.layout.labels:
        assert not label.rect.top < end_y < label.rect.bottom


def test_the_first_arrow_has_its_whole_label():
    request = arrow(0.0, 0.001, "c1", "n0", {"type": "generate"})
    reply = {"type": "generate_ok", "id": "n0-176722560401-0", "in_reply_to": 1}
    later = arrow(9, 9.001, "c1", "n0", {"type": "generate"})
    picture = diagram([request, arrow(0.001, 0.002, "n0", "c1", reply), later])
    first, second, _ = picture.layout.labels
    assert [first.text, second.text] == ["generate", "generate_ok n0-1767…0401-0"]
    assert first.rect.bottom < picture.layout.lines[0].y2


def test_the_cross_of_a_lost_message_lies_on_no_other_arrow():
    body = {"type": "share", "value": 7}
    arrows = [
        arrow(0.1, 0.1 if i < 4 else 0.102, "n1", f"n{i}", body, lost=i < 4) for i in (0, 2, 3, 4)
    ]
    picture = diagram(arrows)
    for number, line in enumerate(picture.layout.lines):
        others = [other for i, other in enumerate(picture.layout.lines) if i != number]
        if not line.arrives:
            assert not any(other.crosses(line.tip()) for other in others)
    assert_nothing_is_covered(picture)


def test_arrows_that_begin_together_can_be_told_apart():
    reply = {"type": "txn_ok", "txn": [["w", 9, 3]], "in_reply_to": 1}
    copy = {"type": "copy", "writes": [[9, [2, 3]]]}
    arrows = [
        arrow(0.0, 0.1, "c1", "n0", {"type": "txn", "txn": [["w", 9, 4]]}),
        arrow(0.12, 0.1201, "n1", "c2", reply),
        arrow(0.12, 0.1202, "n1", "n0", copy),
    ]
    near, far = diagram(arrows).layout.lines[1:]
    assert abs(far.y_at(near.x2) - near.y2) >= 4


def test_arrows_that_end_together_can_be_told_apart():
    told = {"type": "share_ok", "in_reply_to": 1}
    arrows = [arrow(0.1 + i / 40, 0.2, f"n{i}", "n4", told) for i in range(4)]
    lines = diagram(arrows).layout.lines
    for one, other in combinations(lines, 2):
        assert abs(one.y_at(other.x1) - other.y1) >= 4


def test_the_axis_says_that_it_is_not_to_scale_unless_it_is():
    crowded = [arrow(i / 1e6, 1 + i / 1e6, "n0", "n1", {"type": "a"}) for i in range(9)]
    assert "not to scale" in diagram(crowded).svg()
    even = [arrow(i, i + 1, "n0", "n1", {"type": "a"}) for i in range(4)]
    assert "not to scale" not in diagram(even).svg()


def test_a_short_window_has_times_that_differ():
    arrows = [arrow(0.2001 + i / 1e4, 0.20015 + i / 1e4, "n0", "n1", {"type": "a"}) for i in (0, 5)]
    columns = column_order(arrows)
    picture = Diagram(columns, choose(columns, arrows, 0.2, 0.201, 9), title="t")
    assert ">0.20010<" in picture.svg()


def test_a_diagram_scrolls_instead_of_shrinking():
    svg = ET.fromstring(diagram(fan()).svg())
    assert svg.get("style") == f"min-width:{svg.get('width')}px"


# Colours


def contrast(one, other):
    """The formula of WCAG 2.1, written down once more."""

    def luminance(colour):
        shares = [int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5)]
        linear = [s / 12.92 if s <= 0.03928 else ((s + 0.055) / 1.055) ** 2.4 for s in shares]
        return sum(weight * s for weight, s in zip((0.2126, 0.7152, 0.0722), linear, strict=True))

    high, low = sorted((luminance(one), luminance(other)), reverse=True)
    return (high + 0.05) / (low + 0.05)


def inks(svg):
    """The colour of every text."""

    def walk(element, colour):
        colour = element.get("fill", colour)
        if element.tag == f"{SVG}text":
            yield colour
        for child in element:
            yield from walk(child, colour)

    return set(walk(ET.fromstring(svg), "#000000"))


KINDS = ("a", "b", "c", "d", "e", "f", "error")


def every_kind():
    arrows = [
        arrow(i, i + 0.5, "n0", "n1", {"type": kind, "value": i}) for i, kind in enumerate(KINDS)
    ]
    arrows.append(arrow(8, 9, "n1", "n0", {"type": "a_ok", "in_reply_to": 1}))
    arrows.append(
        arrow(9, 10, "n1", "c1", {"type": "b_ok", "in_reply_to": 1, "value": []}, wrong=True)
    )
    return arrows


def test_text_can_be_read_on_every_ground():
    picture = diagram(every_kind(), [Band(0, 9, "kill: n0")], heading=["t"], notes=["n"])
    cycle = draw_cycle(*CYCLE, "title")
    found = inks(picture.svg()) | inks(cycle)
    assert len(found) > 8
    for colour in found:
        for ground in GROUNDS:
            assert contrast(colour, ground) >= 4.5, (colour, ground)


@given(st.integers(0, 0xFFFFFF))
def test_any_colour_has_an_ink_that_can_be_read(number):
    ink = palette.ink(f"#{number:06x}")
    assert all(contrast(ink, ground) >= 4.5 for ground in GROUNDS)


def test_news_and_acknowledgements_have_different_colours():
    svg = draw(["n0", "n1"], every_kind())
    assert f'stroke="{palette.QUIET_COLOUR}"' in arrow_of(svg, "a_ok")
    assert f'stroke="{palette.QUIET_COLOUR}"' not in arrow_of(svg, "n0 → n1: a\n")


def arrow_of(svg, text):
    return next(part for part in re.findall(r"<g stroke=.*?</g>", svg, re.S) if text in part)


# What decides


def sent(number, time_s, src, dest, body):
    time_ns = int(time_s * 1e9)
    return [
        Event("send", time_ns, number, {"src": src, "dest": dest, "body": body}),
        Event("recv", time_ns + 100_000, number),
    ]


def lost_value():
    """A value that n0 acknowledged, another one, and reads of n1, which lacks the first."""
    return [
        *sent(1, 0.0, "c1", "n0", {"type": "add", "element": 7, "msg_id": 1}),
        *sent(2, 0.1, "n0", "c1", {"type": "add_ok", "in_reply_to": 1}),
        *sent(3, 0.2, "c1", "n0", {"type": "add", "element": 9, "msg_id": 2}),
        *sent(4, 0.3, "n0", "c1", {"type": "add_ok", "in_reply_to": 2}),
        *sent(5, 9.0, "c2", "n1", {"type": "read", "msg_id": 1}),
        *sent(6, 9.1, "n1", "c2", {"type": "read_ok", "value": [], "in_reply_to": 1}),
        *sent(7, 9.5, "n1", "n0", {"type": "afterwards"}),
    ]


def drawn(svg):
    """Every arrow as it is drawn, with what hovers over it."""
    return re.findall(r"<g stroke=.*?</g>", svg, re.S)


def test_exactly_the_decisive_messages_are_thick_and_the_others_pale():
    arrows = drawn(draw_decisive(lost_value(), [], "n0 acknowledged 7.", [1, 2, 5, 6]))
    assert ['stroke-width="3.2"' in part for part in arrows] == [
        *(True, True),
        *(False, False),
        *(True, True),
    ]
    assert ["opacity=" in part.split(">")[0] for part in arrows] == [
        *(False, False),
        *(True, True),
        *(False, False),
    ]


def test_the_dishonest_answer_ends_the_picture_in_the_colour_of_errors():
    svg = draw_decisive(lost_value(), [], "n0 acknowledged 7.", [1, 2, 5, 6])
    in_error = [f'stroke="{palette.ERROR_COLOUR}"' in part for part in drawn(svg)]
    assert in_error == [False] * 5 + [True]
    assert "afterwards" not in svg
    assert "read_ok []" in svg
    assert "the answer that breaks the promise" in svg


def test_another_answer_than_the_last_can_be_the_dishonest_one():
    svg = draw_decisive(lost_value(), [], "n0 lied.", [2, 6], 2)
    in_error = [part for part in drawn(svg) if f'stroke="{palette.ERROR_COLOUR}"' in part]
    assert ["add_ok" in part for part in in_error] == [True]


def test_without_an_answer_among_them_nothing_is_called_dishonest():
    svg = draw_decisive(lost_value(), [], "n1 was asked.", [5])
    assert palette.ERROR_COLOUR not in svg
    assert "afterwards" in svg


def test_of_many_messages_only_those_are_drawn_that_decide():
    events = [
        event
        for number in range(50)
        for event in sent(number, number / 10, "n0", "n1", {"type": "tick", "value": number})
    ]
    svg = draw_decisive(events, [], "tick 7 decides.", [7])
    assert len(drawn(svg)) == 1
    assert "49 other messages are not drawn." in svg


def test_the_sentence_stands_in_the_picture_only_where_no_caption_says_it():
    sentence = "n0 acknowledged 7, and never sent it again."
    alone = draw_decisive(lost_value(), [], sentence, [1, 2, 5, 6])
    captioned = draw_decisive(lost_value(), [], sentence, [1, 2, 5, 6], is_headed=False)
    assert f">{sentence}<" in alone
    assert f">{sentence}<" not in captioned
    assert f'aria-label="{sentence}' in captioned


# Cycles

CYCLE = (
    [
        {"process": 3, "value": [["w", 64, 11], ["r", 66, 1], ["r", 59, None]]},
        {"process": 7, "value": [["w", 66, 1], ["r", 64, 11]]},
    ],
    [{"type": "wr", "key": 64, "value": 11}, {"type": "rw", "key": 66, "value": None}],
)


def test_a_cycle_names_operations_and_reasons_on_ground_of_its_own():
    svg = draw_cycle(*CYCLE, "a cycle")
    root = ET.fromstring(svg)
    texts = [element.text for element in root.iter(f"{SVG}text")]
    assert "read by: key 64 = 11" in texts
    assert "reads 59: nil" in texts
    assert root.find(f"{SVG}rect").get("fill") == palette.PAPER
    assert root.get("style") == f"min-width:{root.get('width')}px"


def test_what_a_cycle_is_not_about_stands_back():
    faint = re.findall(rf'fill="{palette.FAINT_INK}">(.*?)<', draw_cycle(*CYCLE, "a cycle"))
    assert faint == ["reads 59: nil"]
