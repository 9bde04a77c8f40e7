"""The package in WebAssembly, run by Node.js, and the same requests answered by this Python."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from glomers.series.page_runtime import package_zip
from glomers.series.pyodide_package import PYODIDE
from tests.helpers.places import ROOT

_SCRIPT = Path(__file__).with_name("in_webassembly.mjs")
_HERE = """
import json, sys
from pathlib import Path
from glomers.workshop.desk import Desk
folder, asked, answered = map(Path, sys.argv[1:])
desk = Desk(folder, lambda text: None)
requests = json.loads(asked.read_text())
answered.write_text(json.dumps([desk.answer(json.dumps(request)) for request in requests]))
"""
_DEADLINE_S = 600


def needed(what, found):
    """Skip a test that lacks something, or fail where it must be there."""
    if not found:
        assert os.environ.get("CI") != "true", f"there must be {what} in continuous integration"
        pytest.skip(f"there is no {what}")
    return found


def answers_in_webassembly(requests, folder):
    """What a desk in WebAssembly replies."""
    node = needed("Node.js", shutil.which("node"))
    needed("package pyodide (`make runtime` fetches it)", PYODIDE.is_there())
    package = PYODIDE.unpack(folder)
    (folder / "glomers.zip").write_bytes(package_zip())
    words = [node, str(_SCRIPT), str(package), str(folder / "glomers.zip")]
    return _answers(words, requests, folder / "webassembly.json")


def answers_here(requests, folder):
    """What a desk in a process of this Python replies."""
    words = [sys.executable, "-c", _HERE, str(folder / "desk")]
    return _answers(words, requests, folder / "here.json")


def _answers(words, requests, answered):
    asked = answered.with_suffix(".asked")
    asked.write_text(json.dumps(requests), encoding="utf-8")
    done = subprocess.run(
        [*words, str(asked), str(answered)],
        cwd=ROOT,
        env={**os.environ, "PYTHONHASHSEED": "0"},
        capture_output=True,
        text=True,
        timeout=_DEADLINE_S,
        check=False,
    )
    assert done.returncode == 0, done.stderr[-3000:]
    return [json.loads(reply) for reply in json.loads(answered.read_text(encoding="utf-8"))]
