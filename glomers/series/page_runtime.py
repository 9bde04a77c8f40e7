"""The one file that brings Python, this package and the worker's script to the pages.

It is a classic script, so that it loads in a folder that was opened by a double click as it does
from a server: it hands over parts that are gzipped and then written in base64.  The worker is made
of text from there, and loads nothing.
"""

from __future__ import annotations

import base64
import gzip
import hashlib
import io
import json
import re
import shutil
import subprocess
import zipfile
from collections.abc import Iterator
from pathlib import Path
from tempfile import TemporaryDirectory

from glomers.errors import SeriesError
from glomers.series.pyodide_package import NOTICE, PYODIDE

PACKAGE = Path(__file__).parents[1]
WEB = Path(__file__).with_name("web")
_SUFFIXES = frozenset({".py", ".toml", ".css", ".html", ".js"})
"""Modules, what is known of exercises, and the page to step through a run."""
_LEFT_OUT = {"series", "commands", "web", "grading.py", "class_page.py", "submission.py"}
"""Folders and modules that no node in a page needs."""
_COMPILE_S = 300
_EPOCH = (1980, 1, 1, 0, 0, 0)
_EXPORTS = re.compile(r"export\s*\{\s*(\w+) as loadPyodide,\s*\w+ as version\s*\};?")
_DEFAULT_EXPORT = "export default _createPyodideModule;"
_ADDRESS = "import.meta.url"
_NOWHERE = "'https://glomers.invalid/'"
_SOURCE_MAP = re.compile(r"^//# sourceMappingURL=.*$", re.MULTILINE)


def runtime_name(text: str) -> str:
    """The name of the file: another one when it has changed, so that no old copy is used."""
    return f"runtime-{hashlib.sha256(text.encode()).hexdigest()[:12]}.js"


def runtime_script() -> str:
    """The text of the file; the package `pyodide` has been fetched.

    Raises:
        SeriesError: when the package is not what its rewriting was made for.
    """
    parts = {
        "worker": worker_script().encode(),
        "wasm": PYODIDE.read("pyodide.asm.wasm"),
        "stdlib": _unpressed(PYODIDE.read("python_stdlib.zip")),
        "lock": _empty_lock(PYODIDE.read("pyodide-lock.json")).encode(),
        "lab": compiled_zip(),
    }
    packed = {name: _packed(content) for name, content in parts.items()}
    notice = "\n".join(f" * {line}" for line in NOTICE.splitlines())
    return f"/*\n{notice}\n */\nglomers.take({json.dumps(packed)});\n"


def worker_script() -> str:
    """What the worker runs: the loader as a script, and the page's own part around it."""
    text = (WEB / "worker.js").read_text(encoding="utf-8")
    loader, module = (PYODIDE.read(f"pyodide{part}.mjs").decode() for part in ("", ".asm"))
    return text.replace("/*LOADER*/", as_loader(loader)).replace("/*MODULE*/", as_module(module))


def as_loader(text: str) -> str:
    """The loader as the body of a function that returns `loadPyodide`.

    Raises:
        SeriesError: when it is not the text that this was made for.
    """
    found = _EXPORTS.findall(text)
    if len(found) != 1 or _ADDRESS in text:
        raise _unfit("pyodide.mjs")
    return _EXPORTS.sub(f"return {found[0]};", _SOURCE_MAP.sub("", text))


def as_module(text: str) -> str:
    """The script of the WebAssembly module as such a body, without an address of its own.

    Raises:
        SeriesError: when it is not the text that this was made for.
    """
    if text.count(_DEFAULT_EXPORT) != 1 or _ADDRESS not in text:
        raise _unfit("pyodide.asm.mjs")
    text = text.replace(_ADDRESS, _NOWHERE).replace(_DEFAULT_EXPORT, "")
    return f"{_SOURCE_MAP.sub('', text)}\nreturn _createPyodideModule;"


def _unfit(name: str) -> SeriesError:
    return SeriesError(
        f"{name} of {PYODIDE} is not the text that the pages were made for: "
        "glomers/series/page_runtime.py says how it is rewritten."
    )


def _empty_lock(text: bytes) -> str:
    """The list of packages that there are besides: none, since a page loads nothing."""
    return json.dumps({"info": json.loads(text)["info"], "packages": {}})


def _unpressed(content: bytes) -> bytes:
    """A zip file with the same files as they are: gzipped as a whole they are smaller."""
    file = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(content)) as given, zipfile.ZipFile(file, "w") as archive:
        for name in given.namelist():
            archive.writestr(zipfile.ZipInfo(name, _EPOCH), given.read(name))
    return file.getvalue()


def package_zip() -> bytes:
    """The part of the package that a page needs; the same bytes for the same files."""
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", zipfile.ZIP_STORED) as archive:  # it is gzipped as a whole
        for path in _files():
            name = (Path("glomers") / path.relative_to(PACKAGE)).as_posix()
            archive.writestr(zipfile.ZipInfo(name, _EPOCH), path.read_bytes())
    return file.getvalue()


def compiled_zip() -> bytes:
    """The same with compiled modules beside, where Node.js is there to make them."""
    sources, node = package_zip(), shutil.which("node")
    if node is None:
        return sources
    with TemporaryDirectory(prefix="glomers-") as place:
        folder = Path(place)
        given, made = folder / "sources.zip", folder / "compiled.zip"
        given.write_bytes(sources)
        words = [node, str(WEB / "compile.mjs"), str(PYODIDE.unpack(folder)), str(given), str(made)]
        done = subprocess.run(words, capture_output=True, timeout=_COMPILE_S, check=False)
        return made.read_bytes() if done.returncode == 0 else sources


def _files() -> Iterator[Path]:
    for path in sorted(PACKAGE.rglob("*")):
        inner = path.relative_to(PACKAGE).parts
        if path.suffix in _SUFFIXES and not _LEFT_OUT.intersection(inner):
            yield path


def _packed(content: bytes) -> str:
    return base64.b64encode(gzip.compress(content, 9, mtime=0)).decode("ascii")
