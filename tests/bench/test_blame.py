"""Which line of a node's program is meant, wherever the program is interrupted."""

import sys
from pathlib import Path

from glomers.bench import blame
from glomers.bench.clock import VirtualClock


class When:
    """A moment that looks at who reckons with it: the loop, which a program has called."""

    frames = ()

    def __mul__(self, other):
        self.frames = list(blame.frames_from(sys._getframe(1)))
        return 0


def test_a_program_is_to_blame_while_the_loop_does_something_for_it():
    loop, when = VirtualClock().loop, When()

    async def program():
        loop.call_at(when, print)

    with loop.running():
        loop.create_task(program())
        loop.run_ready()
    file, _ = blame.place_in(when.frames)
    assert file == __file__
    assert [Path(frame.f_code.co_filename).name for frame in when.frames] == [
        "clock.py",
        "test_blame.py",
    ]
