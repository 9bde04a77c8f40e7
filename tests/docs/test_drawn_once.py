"""The pictures that are drawn once and kept are those that their script draws today."""

import pytest

from docs.picture import DOCS, SERIES, partition, smallest_failure

KEPT = {DOCS / "partition.svg": partition, SERIES / "smallest_failure.html": smallest_failure}


@pytest.mark.slow
@pytest.mark.parametrize("path", KEPT, ids=lambda path: path.name)
def test_a_kept_picture_is_what_its_script_draws(tmp_path, monkeypatch, path):
    monkeypatch.chdir(tmp_path)
    assert KEPT[path]() == path.read_text(encoding="utf-8")
