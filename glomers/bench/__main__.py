"""`python -m glomers.bench` is `glomers bench`."""

import sys

from glomers.bench.cli import main

if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
