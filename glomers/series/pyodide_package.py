"""Python for browsers: the npm package `pyodide`, pinned and checked.

It is not part of this project and never committed: its licence is the Mozilla Public License 2.0.

    python -m glomers.series.pyodide_package     fetches it, if it is not there yet
"""

from __future__ import annotations

import sys

from glomers.errors import GlomersError
from glomers.files import shown
from glomers.series.npm_archive import NpmArchive

PYODIDE = NpmArchive(
    "pyodide",
    "314.0.7",
    "d18bd7c4485f11da4b7dbfd790cd8114078c44eab488c517d9bcf31fda4eb6dc"
    "8c716930abe1db139bb2b860fcd8b37bcb6abe48dbe2ffa579244b0e943d91d4",
)
NOTICE = f"""\
Python in the browser is Pyodide {PYODIDE.version}, by the Pyodide contributors and Mozilla, under
the Mozilla Public License 2.0 (https://mozilla.org/MPL/2.0/). Its source is at
https://github.com/pyodide/pyodide/tree/{PYODIDE.version}, the package that was used at
https://registry.npmjs.org/pyodide/-/pyodide-{PYODIDE.version}.tgz. It contains CPython, under the
Python Software Foundation License, and Emscripten, under the MIT License. Of the package,
pyodide.mjs and pyodide.asm.mjs were changed in this only: `export` and `import.meta.url` were
replaced, so that they are scripts and no modules (glomers/series/page_runtime.py does it). The list
of packages that could be loaded besides was emptied, and the standard library packed anew. The rest
is as it was."""
"""What the licence asks for, to stand wherever the package goes."""


def main() -> int:
    """Fetch the package; returns the exit status."""
    try:
        PYODIDE.fetch()
    except GlomersError as error:
        print(error, file=sys.stderr)
        return error.exit_status
    print(f"{PYODIDE}: {shown(PYODIDE.path)}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
