"""Python for browsers: the npm package `pyodide`, pinned, checked, and kept in the user's cache.

It is not part of this project and never committed: its licence is the Mozilla Public License 2.0.

    python -m glomers.series.pyodide_package     fetches it, if it is not there yet
"""

from __future__ import annotations

import hashlib
import os
import shutil
import subprocess
import sys
import tarfile
from dataclasses import dataclass
from pathlib import Path

from glomers.errors import GlomersError, SeriesError
from glomers.files import shown

VERSION = "314.0.7"
SHA512 = (
    "d18bd7c4485f11da4b7dbfd790cd8114078c44eab488c517d9bcf31fda4eb6dc"
    "8c716930abe1db139bb2b860fcd8b37bcb6abe48dbe2ffa579244b0e943d91d4"
)
"""Of the package's archive, as the registry has it."""
NOTICE = f"""\
Python in the browser is Pyodide {VERSION}, (c) the Pyodide contributors and Mozilla, under the
Mozilla Public License 2.0 (https://mozilla.org/MPL/2.0/). Its source is
https://github.com/pyodide/pyodide/tree/{VERSION}, the package that was used
https://registry.npmjs.org/pyodide/-/pyodide-{VERSION}.tgz. It contains CPython, under the Python
Software Foundation License, and Emscripten, under the MIT License. The loader pyodide.mjs and
pyodide.asm.mjs were changed in this only: `export` and `import.meta.url` were replaced, so that
they are scripts and no modules; the rest of the package is as it was."""
"""What the licence asks for, to stand wherever the package goes."""
_NPM_S = 300


@dataclass(frozen=True)
class PyodidePackage:
    """The files of the package that a page needs."""

    loader: str
    module: str
    wasm: bytes
    stdlib: bytes
    lock: str


def archive_path() -> Path:
    """Where the archive is kept."""
    base = os.environ.get("XDG_CACHE_HOME")
    root = Path(base) if base and os.path.isabs(base) else Path.home() / ".cache"
    return root / "glomers" / f"pyodide-{VERSION}.tgz"


def find_package() -> PyodidePackage | None:
    """The package, if it has been fetched.

    Raises:
        SeriesError: when what is there is another file.
    """
    path = archive_path()
    if not path.is_file():
        return None
    if hashlib.sha512(path.read_bytes()).hexdigest() != SHA512:
        raise SeriesError(
            f"{path} is not the archive of pyodide {VERSION} (its SHA-512 differs): delete it, so "
            "that it is fetched again."
        )
    with tarfile.open(path) as archive:

        def read(name: str) -> bytes:
            file = archive.extractfile(f"package/{name}")
            assert file is not None
            return file.read()

        return PyodidePackage(
            loader=read("pyodide.mjs").decode(),
            module=read("pyodide.asm.mjs").decode(),
            wasm=read("pyodide.asm.wasm"),
            stdlib=read("python_stdlib.zip"),
            lock=read("pyodide-lock.json").decode(),
        )


def unpack(folder: Path) -> Path:
    """Unpack the archive, which has been fetched, into a folder; returns that of the package."""
    with tarfile.open(archive_path()) as archive:
        archive.extractall(folder, filter="data")
    return folder / "package"


def fetch_package() -> PyodidePackage:
    """The package, fetched with npm unless it is there already.

    Raises:
        SeriesError: when there is no npm, or it cannot fetch the package.
    """
    if (found := find_package()) is not None:
        return found
    path = archive_path()
    npm = shutil.which("npm")
    if npm is None:
        raise SeriesError(
            f"The pages need the npm package pyodide {VERSION}: install Node.js with npm, or put "
            f"pyodide-{VERSION}.tgz at {path} yourself."
        )
    path.parent.mkdir(parents=True, exist_ok=True)
    words = [npm, "pack", f"pyodide@{VERSION}", "--silent", "--pack-destination", str(path.parent)]
    try:
        done = subprocess.run(words, capture_output=True, text=True, timeout=_NPM_S, check=False)
    except (OSError, subprocess.TimeoutExpired) as error:
        raise SeriesError(f"npm could not fetch pyodide {VERSION}: {error}.") from None
    package = find_package()
    if package is None:
        last = done.stderr.strip().rpartition("\n")[2]
        raise SeriesError(f"npm could not fetch pyodide {VERSION}: {last}")
    return package


def main() -> int:
    """Fetch the package; returns the exit status."""
    try:
        fetch_package()
    except GlomersError as error:
        print(error, file=sys.stderr)
        return error.exit_status
    print(f"pyodide {VERSION}: {shown(archive_path())}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
