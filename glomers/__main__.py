"""`glomers`, and `python -m glomers`: the bench alone, when it is asked for; else all commands."""

import sys


def main() -> int:
    """Run the command line; returns the exit status."""
    words = sys.argv[1:]
    if words[:2] == ["bench", "test"]:
        from glomers.bench.hashseed import fix_hash_seed

        fix_hash_seed(words)  # before anything is imported that is to be imported again
    if words[:1] == ["bench"]:  # a test is short: it is not to wait for the other commands' imports
        from glomers.bench.cli import main as bench

        return bench(words[1:])
    from glomers.cli import main as command

    return command(words)


if __name__ == "__main__":
    sys.exit(main())
