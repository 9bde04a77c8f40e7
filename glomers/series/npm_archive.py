"""Packages of npm, pinned by version and checksum, and kept in the user's cache."""

from __future__ import annotations

import hashlib
import os
import shutil
import subprocess
import tarfile
from dataclasses import dataclass
from pathlib import Path

from glomers.errors import SeriesError

_NPM_S = 300


@dataclass(frozen=True)
class NpmArchive:
    """A package: its name, its version, and the SHA-512 of its archive in hexadecimal digits."""

    name: str
    version: str
    sha512: str

    def __str__(self) -> str:
        return f"{self.name} {self.version}"

    @property
    def path(self) -> Path:
        """Where the archive is kept."""
        base = os.environ.get("XDG_CACHE_HOME")
        root = Path(base) if base and os.path.isabs(base) else Path.home() / ".cache"
        return root / "glomers" / f"{self.name}-{self.version}.tgz"

    def is_there(self) -> bool:
        """Whether it has been fetched.

        Raises:
            SeriesError: when what is there is another file.
        """
        if not self.path.is_file():
            return False
        if hashlib.sha512(self.path.read_bytes()).hexdigest() != self.sha512:
            raise SeriesError(
                f"{self.path} is not the archive of {self} (its SHA-512 differs): delete it, so "
                "that it is fetched again."
            )
        return True

    def fetch(self) -> None:
        """Fetch it with npm, unless it is there already.

        Raises:
            SeriesError: when there is no npm, or it cannot fetch the package.
        """
        if self.is_there():
            return
        npm = shutil.which("npm")
        if npm is None:
            raise SeriesError(
                f"The npm package {self} is needed: install Node.js with npm, or put "
                f"{self.path.name} into {self.path.parent} yourself."
            )
        self.path.parent.mkdir(parents=True, exist_ok=True)
        words = [npm, "pack", f"{self.name}@{self.version}", "--silent"]
        words += ["--pack-destination", str(self.path.parent)]
        try:
            done = subprocess.run(
                words, capture_output=True, text=True, timeout=_NPM_S, check=False
            )
        except (OSError, subprocess.TimeoutExpired) as error:
            raise SeriesError(f"npm could not fetch {self}: {error}.") from None
        if not self.is_there():
            last = done.stderr.strip().rpartition("\n")[2]
            raise SeriesError(f"npm could not fetch {self}: {last}")

    def read(self, name: str) -> bytes:
        """A file of the package, which has been fetched."""
        with tarfile.open(self.path) as archive:
            return _content(archive, archive.getmember(f"package/{name}"))

    def unpack(self, folder: Path) -> Path:
        """Unpack it, once fetched, into a folder; returns the folder of the package."""
        with tarfile.open(self.path) as archive:
            for member in archive:  # not `extractall`, whose filter early 3.11 lacks
                if member.isfile():  # under a name that the digest vouches for
                    file = folder / member.name
                    file.parent.mkdir(parents=True, exist_ok=True)
                    file.write_bytes(_content(archive, member))
        return folder / "package"


def _content(archive: tarfile.TarFile, member: tarfile.TarInfo) -> bytes:
    file = archive.extractfile(member)
    assert file is not None
    return file.read()
