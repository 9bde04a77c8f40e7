"""A full disk, and one that cannot be written to: a sentence that says so, and what was kept."""

import json
import subprocess
import sys
import warnings

import pytest

from glomers import lab
from glomers.engine.maelstrom.install import install
from glomers.errors import MaelstromError
from tests.helpers.archives import GOOD, archive, release
from tests.helpers.bench import ECHO
from tests.helpers.series import Series
from tests.helpers.small_disk import disk, fill

MUCH = ("--rate", "5000", "--concurrency", "20n", "--time-limit", "4", "--node-count", "1")


def run_bench(folder, *flags):
    (folder.parent / "echo.py").write_text(ECHO)
    test = ["test", "-w", "echo", "--bin", "../echo.py"]
    command = [sys.executable, "-m", "glomers", "bench", *test]
    return subprocess.run(
        [*command, *flags], cwd=folder, capture_output=True, text=True, timeout=60, check=False
    )


@pytest.mark.slow
@pytest.mark.parametrize("clock", ["virtual", "real"])
def test_a_disk_that_fills_up_breaks_the_test_and_keeps_its_history(tmp_path, clock):
    with disk(tmp_path / "small", 500) as small:
        done = run_bench(small, *MUCH, "--clock", clock)
        assert done.returncode == 255, done.stderr
        (store,) = small.glob("store/echo/2*")
        where = store.relative_to(small)
        assert f"Cannot write {where}: No space left on device. What was written" in done.stderr
        assert "Traceback" not in done.stderr
        assert json.loads((store / "bench.json").read_text())["clock"] == clock
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", lab.LabWarning)  # its last line may be cut off
            assert len(lab.Run.load(store).ops) > 100
        assert not list(store.glob(".*")), "no half-written files"


def test_a_disk_that_is_full_from_the_start_is_named(tmp_path):
    with disk(tmp_path / "small", 100) as small:
        fill(small)
        done = run_bench(small, *MUCH)
    assert done.returncode == 255
    assert "No space left on device" in done.stderr
    assert "Traceback" not in done.stderr


def test_a_disk_that_cannot_be_written_to_is_named(tmp_path):
    with disk(tmp_path / "small", 100, read_only=True) as small:
        done = run_bench(small)
    assert done.returncode == 255
    assert done.stderr == (
        f"Cannot write the store folder {small}/store: Read-only file system. "
        "Run the test in a folder that you may write to.\n"
    )


@pytest.mark.parametrize("engine", ["bench", "maelstrom"])
def test_the_lab_says_so_too(tmp_path, monkeypatch, engine):
    program = tmp_path / "maelstrom"
    program.write_text("#!/bin/sh\n")
    program.chmod(0o755)
    monkeypatch.setenv("GLOMERS_MAELSTROM", str(program))
    (tmp_path / "echo.py").write_text(ECHO)
    with disk(tmp_path / "small", 100, read_only=True) as small:
        monkeypatch.chdir(small)
        with pytest.raises(lab.LabError, match=r"annot .*[Ww]rit.*Read-only file system"):
            lab.maelstrom("test -w echo --bin ../echo.py", engine=engine)
        monkeypatch.chdir(tmp_path)


@pytest.mark.slow
def test_a_batch_goes_on_and_keeps_what_it_has(tmp_path):
    series = Series(tmp_path / "project")
    series.write("02-small", "print('small')")
    series.write(
        "01-fills", "print('began')", "open('much', 'wb').write(bytes(10**6))", "print('beyond')"
    )
    with disk(tmp_path / "small", 400) as small:
        status, said = series.run("run", "--jobs", "1", "--out", str(small / "out"))
        assert status != 0
        assert f"Cannot write to {small}/out: No space left on device. What is there is" in said
        assert f"Cannot write pages to {small}/out/html: No space left on device" in said
        assert "Traceback" not in said
        assert series.printed("02-small", small / "out") == "small\n"
        assert "began" in series.printed("01-fills", small / "out")
        assert series.states(small / "out")["02-small"] == "ok"


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["challenge", "3b"], "Cannot write the store: No space left on device."),
        (["init", "learning"], "learning cannot be written: No space left on device."),
        (["workshop", "handout"], "handout cannot be written: No space left on device."),
    ],
)
def test_what_does_not_fit_on_the_disk_is_said_in_a_sentence(tmp_path, words, said):
    with disk(tmp_path / "small", 200) as small:
        done = subprocess.run(
            [sys.executable, "-m", "glomers", *words], cwd=small, capture_output=True, text=True
        )
    assert done.returncode in (1, 254)
    assert done.stderr.startswith(said)
    assert done.stderr.count("\n") == 1


def test_maelstrom_is_installed_whole_or_not_at_all(tmp_path, monkeypatch):
    data = archive(*GOOD)
    (tmp_path / "archive").write_bytes(data)
    with disk(tmp_path / "small", 100) as small:
        monkeypatch.setenv("XDG_CACHE_HOME", str(small))
        with pytest.raises(MaelstromError, match=r"No space left on device. Nothing was installed"):
            install(print, release=release(data), file=tmp_path / "archive")
        assert not list(small.glob("glomers/[!.]*"))
