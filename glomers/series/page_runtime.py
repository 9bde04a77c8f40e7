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
from glomers.series.pyodide_package import NOTICE, VERSION, PyodidePackage, unpack

PACKAGE = Path(__file__).parents[1]
WEB = Path(__file__).with_name("web")
_LEFT_OUT = {"series", "commands", "web"}
"""Folders that no node in a page needs."""
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


def runtime_script(package: PyodidePackage) -> str:
    """The text of the file.

    Raises:
        SeriesError: when the package is not what its rewriting was made for.
    """
    parts = {
        "worker": worker_script(package).encode(),
        "wasm": package.wasm,
        "stdlib": package.stdlib,
        "lock": _empty_lock(package.lock).encode(),
        "lab": compiled_zip(),
    }
    packed = {name: _packed(content) for name, content in parts.items()}
    notice = "\n".join(f" * {line}" for line in NOTICE.splitlines())
    return f"/*\n{notice}\n */\nglomers.take({json.dumps(packed)});\n"


def worker_script(package: PyodidePackage) -> str:
    """What the worker runs: the loader as a script, and the page's own part around it."""
    text = (WEB / "worker.js").read_text(encoding="utf-8")
    for mark, part in (("LOADER", _loader(package.loader)), ("MODULE", _module(package.module))):
        text = text.replace(f"/*{mark}*/", part, 1)
    return text


def _loader(text: str) -> str:
    """The loader without its export; its value is the function `loadPyodide`."""
    found = _EXPORTS.findall(text)
    if len(found) != 1 or _ADDRESS in text:
        raise _unfit("pyodide.mjs")
    return _EXPORTS.sub(f"return {found[0]};", _SOURCE_MAP.sub("", text))


def _module(text: str) -> str:
    """The script of the WebAssembly module without its export, and without an address."""
    if text.count(_DEFAULT_EXPORT) != 1 or _ADDRESS not in text:
        raise _unfit("pyodide.asm.mjs")
    text = text.replace(_ADDRESS, _NOWHERE).replace(_DEFAULT_EXPORT, "")
    return f"{_SOURCE_MAP.sub('', text)}\nreturn _createPyodideModule;"


def _unfit(name: str) -> SeriesError:
    return SeriesError(
        f"{name} of pyodide {VERSION} is not the text that the pages were made for: "
        "glomers/series/page_runtime.py says how it is rewritten."
    )


def _empty_lock(text: str) -> str:
    """The list of packages that there are besides: none, since a page loads nothing."""
    return json.dumps({"info": json.loads(text)["info"], "packages": {}})


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
        words = [node, str(WEB / "compile.mjs"), str(unpack(folder)), str(given), str(made)]
        done = subprocess.run(words, capture_output=True, timeout=_COMPILE_S, check=False)
        return made.read_bytes() if done.returncode == 0 else sources


def _files() -> Iterator[Path]:
    for path in sorted(PACKAGE.rglob("*")):
        inner = path.relative_to(PACKAGE).parts
        if path.suffix in (".py", ".toml") and not _LEFT_OUT.intersection(inner):
            yield path


def _packed(content: bytes) -> str:
    return base64.b64encode(gzip.compress(content, 9, mtime=0)).decode("ascii")
