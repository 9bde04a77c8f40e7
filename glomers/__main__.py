"""`glomers`, and `python -m glomers`."""

import sys

from glomers.interrupts import end_at_once


def main() -> int:
    """Run the command line; returns the exit status."""
    end_at_once()
    words = sys.argv[1:]
    if words[:2] == ["bench", "test"]:
        from glomers.environment import fix_hash_seed

        fix_hash_seed(words)  # before anything is imported that is to be imported again
    from glomers.cli import main as command

    return command(words)


if __name__ == "__main__":
    sys.exit(main())
