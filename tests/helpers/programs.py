"""Programs of tests that lie in a folder of any name: how they begin, and how they are named."""

import shlex
import sys

PYTHON = f"""#!/bin/sh
'''exec' {shlex.quote(sys.executable)} "$0" "$@"
' '''
"""
"""For this Python, wherever it is: a first line can hold no space. A shell runs the second line; to
Python it is a text."""


def bin_of(program):
    """The flag that names a program, wherever it is, in a command line."""
    return f"--bin {shlex.quote(str(program))}"
