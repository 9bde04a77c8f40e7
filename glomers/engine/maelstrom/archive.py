"""Unpacking an archive that may be hostile: nothing of it lands outside the folder.

The filter of `tarfile` would do that too, but Python has it only from 3.11.4 on.
"""

from __future__ import annotations

import os
import shutil
import tarfile
from pathlib import Path
from typing import IO

from glomers.errors import MaelstromError

MOST_BYTES = 1 << 30
MOST_ENTRIES = 100_000


class _Refused(MaelstromError):
    def __init__(self, member: tarfile.TarInfo, reason: str) -> None:
        super().__init__(f"The archive is refused: its entry {member.name!r:.200} {reason}.")


def unpack(file: IO[bytes], folder: Path) -> None:
    """Unpack a tar archive, packed by bzip2, into `folder`, which must be new and empty.

    Directories, plain files, and links that stay inside are all that there may be.

    Raises:
        MaelstromError: when the archive is damaged, or holds anything else. What was unpacked
            until then stays in the folder.
    """
    try:
        with tarfile.open(fileobj=file, mode="r:bz2") as archive:
            _Unpacking(archive, Path(os.path.realpath(folder))).run()
    except (tarfile.TarError, EOFError, ValueError) as error:
        raise MaelstromError(f"The archive is damaged: {error}.") from None
    except OSError as error:
        # bz2 reports damage so; an error of the file system has a number.
        if error.errno is not None:
            raise
        raise MaelstromError(f"The archive is damaged: {error}.") from None


class _Unpacking:
    def __init__(self, archive: tarfile.TarFile, root: Path) -> None:
        self._archive = archive
        self._root = root
        self._bytes = 0
        self._links: list[tuple[tarfile.TarInfo, Path]] = []

    def run(self) -> None:
        for count, member in enumerate(self._archive, start=1):
            self._bytes += max(0, member.size)
            if count > MOST_ENTRIES or self._bytes > MOST_BYTES:
                raise _Refused(member, "is one too many: the archive unpacks to more than 1 GB")
            self._unpack(member)
        # A link was right when it was made, but where it leads may depend on what came later.
        for member, link in self._links:
            self._refuse_outside(member, link)

    def _unpack(self, member: tarfile.TarInfo) -> None:
        try:
            path = self._place(member)
            if member.isdir():
                path.mkdir(exist_ok=True)
                return
        except (FileExistsError, NotADirectoryError):
            raise _Refused(member, "is a folder in the place of a file") from None
        if os.path.lexists(path):
            raise _Refused(member, "comes twice")
        if member.isreg():
            self._write(member, path)
        elif member.issym():
            self._link(member, path)
        elif member.islnk():
            self._hard_link(member, path)
        else:
            raise _Refused(member, "is neither a file, nor a folder, nor a link")

    def _place(self, member: tarfile.TarInfo) -> Path:
        """Where an entry belongs; the folders above it are made."""
        name = member.name
        parts = name.split("/")
        if name.startswith("/") or os.path.isabs(name) or "\\" in name or "\0" in name:
            raise _Refused(member, "has an absolute or strange name")
        if ".." in parts:
            raise _Refused(member, "has a name that leaves the folder")
        path = self._root.joinpath(*[part for part in parts if part not in ("", ".")])
        parent = path if path == self._root else path.parent
        self._refuse_outside(member, parent)
        parent.mkdir(parents=True, exist_ok=True)
        return path

    def _refuse_outside(self, member: tarfile.TarInfo, path: Path) -> None:
        real = Path(os.path.realpath(path))
        if real != self._root and self._root not in real.parents:
            raise _Refused(member, "leads out of the folder")

    def _write(self, member: tarfile.TarInfo, path: Path) -> None:
        source = self._archive.extractfile(member)
        assert source is not None  # it is a plain file
        with source, path.open("xb") as target:
            shutil.copyfileobj(source, target)
        path.chmod(0o755 if member.mode & 0o100 else 0o644)

    def _link(self, member: tarfile.TarInfo, path: Path) -> None:
        if os.path.isabs(member.linkname) or "\0" in member.linkname:
            raise _Refused(member, "is a link to an absolute path")
        self._refuse_outside(member, path.parent / member.linkname)
        os.symlink(member.linkname, path)
        self._links.append((member, path))

    def _hard_link(self, member: tarfile.TarInfo, path: Path) -> None:
        target = self._root / member.linkname
        self._refuse_outside(member, target)
        if not target.is_file():
            raise _Refused(member, "is a link to something that is not in the archive before it")
        shutil.copyfile(target, path)
