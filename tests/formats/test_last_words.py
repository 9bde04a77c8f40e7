"""Where a call stood that worked without end."""

from glomers.formats import last_words
from glomers.formats.last_words import STUCK, stuck

PACKAGE = last_words.__file__.removesuffix("formats/last_words.py")
FRAMES = f"""Thread 0x00007f (most recent call first):
  File "{PACKAGE}lifeline.py", line 18 in wait

Current thread 0x00007e (most recent call first):
  File "/usr/lib/python3.11/json/decoder.py", line 4 in decode
  File "/home/ann/my_1.py", line 9 in echo
  File "{PACKAGE}node.py", line 281 in _dispatch
"""


def test_the_line_is_the_latest_of_the_node_in_the_thread_that_worked():
    assert stuck(FRAMES) == f"{STUCK}: the one in line 9 of my_1.py, in `echo`."


def test_at_the_start_there_is_no_function_to_name():
    words = 'Current thread 0x1 (most recent call first):\n  File "/a/b.py", line 4 in <module>\n'
    assert stuck(words) == f"{STUCK}: the one in line 4 of b.py."


def test_where_no_line_of_a_node_is_named_nothing_is_said():
    assert stuck("") is None
    assert stuck(FRAMES.replace("/home/ann/my_1.py", f"{PACKAGE}kv.py")) is None
