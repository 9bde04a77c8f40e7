"""`glomers`, and `python -m glomers`."""

import sys


def main() -> int:
    """Run the command line; returns the exit status."""
    words = sys.argv[1:]
    if words[:2] == ["bench", "test"]:
        from glomers.environment import fix_hash_seed

        fix_hash_seed(words)  # before anything is imported that is to be imported again
    from glomers.cli import main as command

    return command(words)


if __name__ == "__main__":
    sys.exit(main())
