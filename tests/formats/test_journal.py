"""The message journal: what is written is read, and damage is told from a cut-off end."""

from __future__ import annotations

from pathlib import Path

import pytest

from glomers.formats.journal import Event, JournalError, JournalWriter, read_journal

MESSAGE = {"src": "n0", "dest": "n1", "body": {"type": "é", "msg_id": 1}}
LINE = '{"src":"n0","dest":"n1","body":{"type":"é","msg_id":1}}'.encode()


@pytest.fixture
def journal(tmp_path: Path) -> Path:
    path = tmp_path / "messages.jsonl"
    with JournalWriter(path) as writer:
        writer.send(-5, 0, LINE)
        writer.recv(10, 0)
        writer.send(11, 1, LINE)
        writer.drop(2**62, 1)
    return path


EVENTS = [
    Event("send", -5, 0, MESSAGE),
    Event("recv", 10, 0),
    Event("send", 11, 1, MESSAGE),
    Event("drop", 2**62, 1),
]


def test_events_come_back_in_order(journal: Path) -> None:
    assert list(read_journal(journal)) == EVENTS


def test_messages_are_stored_byte_for_byte(journal: Path) -> None:
    assert journal.read_bytes().splitlines()[1] == b'["s",-5,0,' + LINE + b"]"


def test_integers_of_any_size_come_back(tmp_path: Path) -> None:
    with JournalWriter(tmp_path / "journal") as writer:
        writer.send(2**62, 0, b'{"src":"n0","dest":"n1","body":{"id":%d,"x":1.0}}' % 2**100)
    (event,) = read_journal(tmp_path / "journal")
    assert event.message is not None
    assert repr(event.message["body"]) == repr({"id": 2**100, "x": 1.0})


def test_a_cut_off_last_line_is_skipped_with_a_warning(journal: Path) -> None:
    journal.write_bytes(journal.read_bytes()[:-4])
    with pytest.warns(UserWarning, match="cut off in line 5"):
        assert list(read_journal(journal)) == EVENTS[:-1]


DAMAGED = [b"garbage", b'["x",1,2]', b"{}", b"[]", b'["r"]', b"7", b"\xff"]
DAMAGED += [b'["s","x",1,{}]', b'["s",1,[1],{}]', b'["s",1,1]', b'["r",1,{}]', b'["r",1,1,{}]']


@pytest.mark.parametrize("line", DAMAGED)
def test_a_damaged_line_before_the_last_is_an_error(journal: Path, line: bytes) -> None:
    lines = journal.read_bytes().splitlines()
    lines[2] = line
    journal.write_bytes(b"\n".join(lines) + b"\n")
    with pytest.raises(JournalError, match="line 3"):
        list(read_journal(journal))


@pytest.mark.parametrize("text", ["", "{}\n", '{"format":"glomers-journal","version":2}\n'])
def test_other_files_are_no_journals(tmp_path: Path, text: str) -> None:
    path = tmp_path / "other"
    path.write_text(text)
    with pytest.raises(JournalError, match="no message journal"):
        list(read_journal(path))
