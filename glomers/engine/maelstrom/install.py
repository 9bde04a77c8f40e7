"""`glomers install-maelstrom`: the pinned release, checked, in the user's cache."""

from __future__ import annotations

import hashlib
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from io import BufferedReader
from pathlib import Path
from typing import IO

from glomers.engine.maelstrom.archive import unpack
from glomers.engine.maelstrom.download import Say, download
from glomers.engine.maelstrom.find import PROGRAM, cache_folder, install_folder
from glomers.engine.maelstrom.release import Release
from glomers.errors import MaelstromError
from glomers.files import take_lock

_UNPACKING = ".unpacking-"
_INSIDE = "maelstrom"
_JAR = Path("lib", "maelstrom.jar")


def install(
    say: Say, *, release: Release, url: str | None = None, file: Path | None = None
) -> Path:
    """Install a release unless it is there already; returns its folder.

    Until everything is checked, nothing is where Maelstrom is looked for; then it is put there in
    one step. Whoever kills this leaves what was installed before.

    Args:
        say: gets a line about each step, and about the progress at most once a second.
        release: what to install.
        url: where to fetch the archive, instead of from the project's releases.
        file: an archive on this machine, instead of fetching one.

    Raises:
        MaelstromError: when the archive cannot be had, is another one, or cannot be unpacked.
    """
    target = install_folder(release)
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        with _alone(target.parent):
            if _is_whole(target, release):
                say(f"Maelstrom {release.version} is installed already.")
                return target
            if file is not None:
                _install_file(file, target, release, say)
            else:
                _install_url(url or release.url, target, release, say)
    except OSError as error:
        place = error.filename or target.parent
        raise MaelstromError(
            f"{place}: {error.strerror or error}. Nothing was installed."
        ) from None
    return target


@contextmanager
def _alone(folder: Path) -> Iterator[None]:
    """Hold a lock while one installation is at work; its end, however it comes, frees it."""
    with (folder / ".install.lock").open("w") as lock:
        if not take_lock(lock):
            raise MaelstromError("Another installation is at work: wait until it is done.")
        for left_over in folder.glob(f"{_UNPACKING}*"):
            shutil.rmtree(left_over, ignore_errors=True)
        yield


def has_jar(folder: Path, release: Release) -> bool:
    """Whether the Maelstrom in `folder` is the one of the release."""
    try:
        with (folder / _JAR).open("rb") as jar:
            return hashlib.file_digest(jar, "sha256").hexdigest() == release.jar_sha256
    except OSError:
        return False


def _is_whole(folder: Path, release: Release) -> bool:
    return (folder / PROGRAM).is_file() and has_jar(folder, release)


def _install_file(file: Path, target: Path, release: Release, say: Say) -> None:
    if not file.is_file():
        raise MaelstromError(f"There is no file {file}.")
    with file.open("rb") as archive:
        _check(archive, str(file), release)
        _put(archive, target, release, say)


def _install_url(url: str, target: Path, release: Release, say: Say) -> None:
    part = cache_folder() / f"maelstrom-{release.version}.tar.bz2.part"
    went_on = part.exists()
    say(f"{'Going on with' if went_on else 'Fetching'} {url}")
    download(url, part, say)
    with part.open("rb") as archive:
        try:
            _check(archive, url, release)
        except MaelstromError:
            part.unlink()  # going on from wrong bytes would never end well
            if not went_on:
                raise
        else:
            _put(archive, target, release, say)
            part.unlink()
            return
    say("What was there of an earlier download is of no use: starting anew.")
    _install_url(url, target, release, say)


def _check(archive: BufferedReader, name: str, release: Release) -> None:
    found = hashlib.file_digest(archive, "sha256").hexdigest()
    if found != release.archive_sha256:
        raise MaelstromError(
            f"{name} is not the archive of Maelstrom {release.version}: its SHA-256 is {found}, "
            f"not {release.archive_sha256}. Nothing was installed."
        )
    archive.seek(0)


def _put(archive: IO[bytes], target: Path, release: Release, say: Say) -> None:
    """Unpack beside the target, check what came out, and give it the target's name."""
    say("The checksum is right; unpacking.")
    with tempfile.TemporaryDirectory(
        prefix=_UNPACKING, dir=target.parent, ignore_cleanup_errors=True
    ) as temporary:
        unpacked = Path(temporary, "new")
        unpacked.mkdir()
        unpack(archive, unpacked)
        if not _is_whole(unpacked / _INSIDE, release):
            raise MaelstromError(
                f"The archive does not hold Maelstrom {release.version}. Nothing was installed."
            )
        if target.exists():  # a damaged one, or it would have been kept
            target.rename(Path(temporary, "old"))
        (unpacked / _INSIDE).rename(target)
    say(f"Maelstrom {release.version} is in {target}")
