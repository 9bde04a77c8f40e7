"""Which files are a node's own: those of the standard library are not, wherever it lies."""

import pytest

from glomers.reading import source
from glomers.reading.source import Source


@pytest.mark.parametrize(
    ("library", "file"),
    [
        ("/lib/python314.zip", "/lib/python314.zip/random.py"),
        ("/opt/Python311/Lib", "/opt/Python311/Lib/json/decoder.py"),
    ],
)
def test_the_library_of_this_python_is_not_the_nodes(monkeypatch, tmp_path, library, file):
    monkeypatch.setattr(source, "STANDARD_LIBRARY", library)
    own = Source(tmp_path / "node.py")
    assert not own.is_own(file)
    assert own.is_own(str(tmp_path / "helper.py"))
