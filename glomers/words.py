"""Options as the words of a command line."""

from __future__ import annotations

from collections.abc import Mapping


def words_for(options: Mapping[str, object]) -> list[str]:
    """The flags that set these options, called as in Python.

    What is True is a flag without a value; what is None or False is left out.

    >>> words_for({"node_count": 5, "final_reads": True, "seed": None})
    ['--node-count', '5', '--final-reads']
    """
    words: list[str] = []
    for name, value in options.items():
        if value is not None and value is not False:
            words += [f"--{name.replace('_', '-')}", *([] if value is True else [str(value)])]
    return words
