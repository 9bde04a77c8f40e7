import os
import signal
import time

import pytest

from glomers.bench.aside import aside


def test_the_work_is_done_by_another_process_before_the_block_is_left(tmp_path):
    file = tmp_path / "pid"
    with aside(lambda: file.write_text(str(os.getpid()))):
        pass
    assert int(file.read_text()) != os.getpid()


def test_what_the_other_process_cannot_do_is_raised_here():
    def work():
        raise OSError(28, "No space left on device")

    with pytest.raises(OSError, match="No space left"), aside(work):
        pass


def test_what_kills_the_other_process_leaves_the_work_to_this_one(tmp_path):
    ours = os.getpid()

    def work():
        if os.getpid() != ours:
            os.kill(os.getpid(), signal.SIGKILL)
        (tmp_path / "done").touch()

    with aside(work):
        pass
    assert (tmp_path / "done").exists()


def test_a_block_that_fails_ends_the_other_process(monkeypatch):
    pids = []
    fork = os.fork

    def recording_fork():
        pids.append(fork())
        return pids[-1]

    monkeypatch.setattr(os, "fork", recording_fork)
    with pytest.raises(KeyboardInterrupt), aside(lambda: time.sleep(60)):
        raise KeyboardInterrupt
    with pytest.raises(ProcessLookupError):
        os.kill(pids[0], 0)
