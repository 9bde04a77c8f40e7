"""Installing Maelstrom: fetched, checked, unpacked, and there as a whole or not at all."""

from __future__ import annotations

import fcntl
import io
import os
import signal
import stat
import subprocess
import sys
import tarfile
import tempfile
from contextlib import suppress
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from glomers.cli import main
from glomers.engine.maelstrom import download as downloading
from glomers.engine.maelstrom import find
from glomers.engine.maelstrom import release as release_module
from glomers.engine.maelstrom.archive import unpack
from glomers.engine.maelstrom.install import install
from glomers.engine.maelstrom.release import PINNED
from glomers.errors import MaelstromError
from tests.helpers.archives import GOOD, PROGRAM, FileServer, archive, entry, release, serve

DATA = archive(*GOOD)
RELEASE = release(DATA)


@pytest.fixture(autouse=True)
def cache(tmp_path, monkeypatch):
    folder = tmp_path / "cache"
    monkeypatch.setenv("XDG_CACHE_HOME", str(folder))
    monkeypatch.delenv("GLOMERS_MAELSTROM", raising=False)
    monkeypatch.setenv("PATH", "/usr/bin:/bin")
    monkeypatch.setattr(downloading, "PAUSE_S", 0.01)
    return folder / "glomers"


@pytest.fixture
def said():
    return []


def installed(cache):
    """What lies in the cache, but for the lock."""
    return sorted(path.name for path in cache.iterdir() if path.name != ".install.lock")


def is_installed(cache):
    folder = cache / "maelstrom-0.0.1"
    done = subprocess.run([folder / "maelstrom", "hi"], capture_output=True, text=True, check=True)
    return done.stdout == "maelstrom hi\n" and installed(cache) == ["maelstrom-0.0.1"]


def test_the_pinned_release_is_the_one_that_others_pin_too():
    assert PINNED.url.endswith("/jepsen-io/maelstrom/releases/download/v0.2.4/maelstrom.tar.bz2")
    assert PINNED.archive_sha256.startswith("301ec71d6b12af0d765edb413f5cf5aa")
    assert PINNED.jar_sha256.startswith("7d35db06546a737134a4dd4eb3b7dfb0")


# Fetching


def test_a_release_is_fetched_checked_and_unpacked(cache, said):
    server = FileServer(DATA)
    with serve(server) as url:
        assert install(said.append, url=url, release=RELEASE) == cache / "maelstrom-0.0.1"
    assert is_installed(cache)
    assert said[0] == f"Fetching {url}"
    folder = cache / "maelstrom-0.0.1"
    assert os.readlink(folder / "doc" / "read-me") == "../README"
    assert stat.S_IMODE((folder / "README").stat().st_mode) == 0o755


def test_the_second_time_there_is_nothing_to_do(said):
    with serve(FileServer(DATA)) as url:
        install(said.append, url=url, release=RELEASE)
        install(said.append, url="http://127.0.0.1:9/nobody", release=RELEASE)
    assert said[-1] == "Maelstrom 0.0.1 is installed already."


def test_a_damaged_installation_is_replaced(cache, said, tmp_path):
    file = tmp_path / "archive"
    file.write_bytes(DATA)
    install(said.append, file=file, release=RELEASE)
    (cache / "maelstrom-0.0.1" / "lib" / "maelstrom.jar").write_bytes(b"cut off")
    install(said.append, file=file, release=RELEASE)
    assert is_installed(cache)


def test_an_interrupted_download_goes_on_where_it_was(cache, said):
    server = FileServer(DATA, break_after=(100, 50))
    with serve(server) as url:
        install(said.append, url=url, release=RELEASE)
    assert server.asked == [None, "bytes=100-", "bytes=150-"]
    assert is_installed(cache)


def test_a_download_that_keeps_breaking_is_kept_for_the_next_time(cache, said):
    server = FileServer(DATA, break_after=(10,) * downloading.ATTEMPTS)
    with serve(server) as url:
        with pytest.raises(MaelstromError, match="run the command again to go on"):
            install(said.append, url=url, release=RELEASE)
        assert installed(cache) == ["maelstrom-0.0.1.tar.bz2.part"]
        install(said.append, url=url, release=RELEASE)
    assert server.asked[-1] == "bytes=40-"
    assert is_installed(cache)


def test_a_server_that_cannot_go_on_starts_anew(cache, said):
    server = FileServer(DATA, ranges=False, break_after=(100,))
    with serve(server) as url:
        install(said.append, url=url, release=RELEASE)
    assert server.asked == [None, "bytes=100-"]
    assert is_installed(cache)


@pytest.mark.parametrize("left_over", [b"garbage", DATA + b"more", DATA])
def test_what_an_earlier_download_left_is_used_or_thrown_away(cache, said, left_over):
    cache.mkdir(parents=True)
    (cache / "maelstrom-0.0.1.tar.bz2.part").write_bytes(left_over)
    server = FileServer(DATA)
    with serve(server) as url:
        install(said.append, url=url, release=RELEASE)
    assert is_installed(cache)
    assert len(server.asked) == (1 if left_over == DATA else 2)


def test_another_archive_is_refused_and_nothing_is_installed(cache, said):
    with serve(FileServer(DATA + b"x")) as url, pytest.raises(MaelstromError) as error:
        install(said.append, url=url, release=RELEASE)
    assert "is not the archive of Maelstrom 0.0.1: its SHA-256 is" in str(error.value)
    assert installed(cache) == []


def test_a_server_that_never_ends_is_left(cache, said, monkeypatch):
    monkeypatch.setattr(downloading, "MOST_BYTES", 1_000_000)

    def pour(request):
        request.send_response(200)
        request.end_headers()
        try:
            while True:
                request.wfile.write(bytes(100_000))
        except OSError:
            pass

    with serve(pour) as url, pytest.raises(MaelstromError, match="does not end"):
        install(said.append, url=url, release=RELEASE)


def test_progress_is_told_in_plain_lines(said, monkeypatch):
    monkeypatch.setattr(downloading, "_PROGRESS_S", 0.0)
    with serve(FileServer(DATA)) as url:
        install(said.append, url=url, release=RELEASE)
    assert f"{len(DATA) / 1e6:.1f} of {len(DATA) / 1e6:.1f} MB" in said


def test_a_refusing_server_is_quoted(said):
    with (
        serve(lambda request: request.send_error(404, "Not Found")) as url,
        pytest.raises(MaelstromError, match="the server answers 404 Not Found"),
    ):
        install(said.append, url=url, release=RELEASE)


@pytest.mark.parametrize(
    ("url", "sentence"),
    [
        ("http://127.0.0.1:9/x", "cannot be reached: Connection refused"),
        ("file:///etc/passwd", "use --file"),
        ("ftp://example.org/x", "no address that begins with https://"),
        ("maelstrom.tar.bz2", "no address that begins with https://"),
        ("http://", "no address"),
        ("http://[::1/x", "no address"),
        ("http://127.0.0.1:abc/x", "no address"),
        ("http://127.0.0.1:9/ü", "no address"),
    ],
)
def test_addresses_that_lead_nowhere_are_explained(capsys, url, sentence):
    assert main(["install-maelstrom", "--url", url]) == 1
    assert sentence in capsys.readouterr().err


# From a file


def test_a_file_on_this_machine_will_do(cache, capsys, tmp_path, monkeypatch):
    file = tmp_path / "archive"
    file.write_bytes(DATA)
    monkeypatch.setattr(release_module, "PINNED", RELEASE)
    assert main(["install-maelstrom", "--file", str(file)]) == 0
    assert f"Maelstrom 0.0.1 is in {cache / 'maelstrom-0.0.1'}" in capsys.readouterr().out
    assert is_installed(cache)


def test_a_missing_file_is_named(capsys):
    assert main(["install-maelstrom", "--file", "nowhere.tar.bz2"]) == 1
    assert capsys.readouterr().err == "There is no file nowhere.tar.bz2.\n"


def test_a_file_and_an_address_are_one_too_many(capsys):
    assert main(["install-maelstrom", "--file", "a", "--url", "b"]) == 254
    assert "not allowed with" in capsys.readouterr().err


def test_an_archive_of_something_else_is_refused(cache, tmp_path, said):
    data = archive(entry("maelstrom/maelstrom", PROGRAM, mode=0o755))
    file = tmp_path / "archive"
    file.write_bytes(data)
    with pytest.raises(MaelstromError, match="The archive does not hold Maelstrom"):
        install(said.append, file=file, release=release(data))
    assert installed(cache) == []


# As a whole or not at all


def test_a_killed_installation_leaves_what_was_there(cache, tmp_path, said):
    """Killed in the middle of unpacking, over a damaged installation that still starts."""
    (tmp_path / "archive").write_bytes(DATA)
    install(said.append, file=tmp_path / "archive", release=RELEASE)
    (cache / "maelstrom-0.0.1" / "lib" / "maelstrom.jar").write_bytes(b"old")
    script = f"""
import os, signal, tarfile
from pathlib import Path
from glomers.engine.maelstrom.install import install
from glomers.engine.maelstrom.release import Release
extract = tarfile.TarFile.extract
def killed(self, member, path):
    extract(self, member, path)
    if member.name.endswith("maelstrom.jar"):
        os.kill(os.getpid(), signal.SIGKILL)
tarfile.TarFile.extract = killed
install(print, file=Path("archive"), release={RELEASE!r})
"""
    done = subprocess.run([sys.executable, "-c", script], cwd=tmp_path, timeout=60)
    assert done.returncode == -signal.SIGKILL
    assert (cache / "maelstrom-0.0.1" / "lib" / "maelstrom.jar").read_bytes() == b"old"
    assert any(name.startswith(".unpacking-") for name in installed(cache))
    install(said.append, file=tmp_path / "archive", release=RELEASE)
    assert is_installed(cache), "what the killed one left is removed"


def test_two_installations_at_once_do_not_disturb_each_other(cache, said):
    cache.mkdir(parents=True)
    with (cache / ".install.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        with pytest.raises(MaelstromError, match="Another installation is at work"):
            install(said.append, release=RELEASE)


def test_a_cache_that_cannot_be_written_is_named(tmp_path, said, monkeypatch):
    (tmp_path / "file").touch()
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "file"))
    with pytest.raises(MaelstromError, match=r"file/glomers: Not a directory\. Nothing was"):
        install(said.append, release=RELEASE)


# Hostile archives


LINK, HARD = tarfile.SYMTYPE, tarfile.LNKTYPE


@pytest.mark.parametrize(
    ("members", "reason"),
    [
        ([entry("{above}/evil")], "absolute"),
        ([entry("../evil")], "leaves the folder"),
        ([entry("maelstrom/../../evil")], "leaves the folder"),
        ([entry("a\\..\\evil")], "strange name"),
        ([entry("out", type=LINK, linkname="{above}")], "link to an absolute path"),
        ([entry("out", type=LINK, linkname="..")], "leads out"),
        ([entry("a/out", type=LINK, linkname="../../x")], "leads out"),
        ([entry("evil", type=HARD, linkname="{above}/outside")], "not in the archive before it"),
        ([entry("evil", type=HARD, linkname="../outside")], "not in the archive before it"),
        ([entry("evil", type=HARD, linkname="evil")], "not in the archive before it"),
        ([entry("evil", type=HARD, linkname="nothing")], "not in the archive before it"),
        ([entry("null", type=tarfile.CHRTYPE, devmajor=1, devminor=3)], "neither a file"),
        ([entry("disk", type=tarfile.BLKTYPE)], "neither a file"),
        ([entry("pipe", type=tarfile.FIFOTYPE)], "neither a file"),
        ([entry("a"), entry("a")], "comes twice"),
        ([entry("a"), entry("a/b")], "in what is no folder"),
        ([entry("a"), entry("a", type=tarfile.DIRTYPE)], "comes twice"),
        ([entry("a/b"), entry("a", type=LINK, linkname=".")], "comes twice"),
        ([entry("a", type=LINK, linkname="b"), entry("a/evil")], "in what is no folder"),
        (
            # Each link is harmless when it comes, but the second changes where the first leads.
            [
                entry("d/e/x", type=LINK, linkname="a/../.."),
                entry("d/e/a", type=LINK, linkname="../.."),
            ],
            "leads out",
        ),
        (
            [
                entry("d/e/x", type=LINK, linkname="a/../.."),
                entry("d/e/a", type=LINK, linkname="../.."),
                entry("d/e/x/evil", b"written outside"),
            ],
            "leads out",
        ),
    ],
)
def test_hostile_archives_are_refused_and_write_nothing_outside(tmp_path, members, reason):
    folder = tmp_path / "deep" / "folder"
    folder.mkdir(parents=True)
    outside = folder.parent / "outside"
    outside.write_text("mine")
    for member, _ in members:  # an absolute path is one of this test: what fails does no harm
        member.name = member.name.format(above=folder.parent)
        member.linkname = member.linkname.format(above=folder.parent)
    with pytest.raises(MaelstromError, match=reason):
        unpack(io.BytesIO(archive(*members)), folder)
    assert [path for path in folder.parent.iterdir() if path != folder] == [outside]
    assert outside.stat().st_nlink == 1
    assert outside.read_text() == "mine"


NAMES = st.lists(st.sampled_from(["a", "b", "..", "."]), min_size=1, max_size=4).map("/".join)
KINDS = st.sampled_from([tarfile.REGTYPE, tarfile.DIRTYPE, LINK, HARD])
ENTRIES = st.builds(lambda name, type, to: entry(name, type=type, linkname=to), NAMES, KINDS, NAMES)


@given(st.lists(ENTRIES, max_size=6))
def test_whatever_an_archive_holds_all_of_it_stays_in_the_folder(members):
    with tempfile.TemporaryDirectory() as root:
        folder = Path(os.path.realpath(root), "1", "2", "3", "4", "5")  # no name leads above it all
        folder.mkdir(parents=True)
        with suppress(MaelstromError, OSError):
            unpack(io.BytesIO(archive(*members)), folder)
        outside = set(Path(os.path.realpath(root)).rglob("*")) - {folder, *folder.rglob("*")}
        assert outside == set(folder.parents[:4])
        for path in folder.rglob("*"):
            real = Path(os.path.realpath(path))
            assert folder in (real, *real.parents)


@pytest.mark.parametrize(
    "data", [b"", b"garbage", DATA[:200], DATA[:-20], DATA[:150] + bytes(9) + DATA[159:]]
)
def test_a_damaged_archive_is_explained(tmp_path, data):
    with pytest.raises(MaelstromError, match="The archive is damaged"):
        unpack(io.BytesIO(data), tmp_path)


def test_hard_links_inside_become_copies(tmp_path):
    members = entry("a", b"text"), entry("b", type=HARD, linkname="a")
    unpack(io.BytesIO(archive(*members)), tmp_path)
    assert (tmp_path / "b").read_bytes() == b"text"


# Finding it


def program(path):
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(PROGRAM)
    path.chmod(0o755)
    return path


def test_the_variable_comes_before_the_search_path_and_that_before_the_cache(
    cache, tmp_path, monkeypatch
):
    assert find.find_maelstrom() is None
    with pytest.raises(MaelstromError, match="run `glomers install-maelstrom`"):
        find.require_maelstrom()
    in_cache = program(cache / "maelstrom-0.2.4" / "maelstrom")
    assert find.find_maelstrom() == find.Installation(in_cache, "user cache")
    on_path = program(tmp_path / "bin" / "maelstrom")
    monkeypatch.setenv("PATH", f"{tmp_path / 'bin'}:/usr/bin:/bin")
    assert find.find_maelstrom() == find.Installation(on_path, "PATH")
    named = program(tmp_path / "own" / "maelstrom")
    for value in (named, named.parent):
        monkeypatch.setenv("GLOMERS_MAELSTROM", str(value))
        assert find.find_maelstrom() == find.Installation(named, "GLOMERS_MAELSTROM")


@pytest.mark.parametrize(
    ("name", "sentence"), [("nowhere", "there is no Maelstrom there"), ("text", "chmod")]
)
def test_a_variable_that_names_no_program_is_an_error(tmp_path, monkeypatch, name, sentence):
    (tmp_path / "text").touch()
    monkeypatch.setenv("GLOMERS_MAELSTROM", str(tmp_path / name))
    with pytest.raises(MaelstromError, match=sentence):
        find.find_maelstrom()
