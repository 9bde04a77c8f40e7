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


def test_a_block_that_fails_does_not_wait_for_the_other_process(tmp_path):
    def work():
        time.sleep(60)
        (tmp_path / "done").touch()

    with pytest.raises(KeyboardInterrupt), aside(work):
        raise KeyboardInterrupt
    with pytest.raises(ChildProcessError):  # nobody is left behind
        os.waitpid(-1, os.WNOHANG)
    assert not (tmp_path / "done").exists()
