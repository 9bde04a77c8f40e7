"""Unpacking the archive of a release, whose checksum is known to be right.

All the same nothing of it lands outside the folder.  The filter of `tarfile` would see to that too,
but Python has it only from 3.11.4 on.
"""

from __future__ import annotations

import os
import tarfile
from pathlib import Path, PurePosixPath
from typing import IO, Literal

from glomers.errors import MaelstromError

Kind = Literal["folder", "file", "link"]


class _Refused(MaelstromError):
    def __init__(self, member: tarfile.TarInfo, reason: str) -> None:
        super().__init__(f"The archive is refused: its entry {member.name!r:.200} {reason}.")


def unpack(file: IO[bytes], folder: Path) -> None:
    """Unpack a tar archive, packed by bzip2, into `folder`, which must be new and empty.

    Folders, plain files, and links that stay inside are all that there may be.

    Raises:
        MaelstromError: when the archive is damaged, or holds anything else. What was unpacked
            until then stays in the folder.
    """
    kinds: dict[PurePosixPath, Kind] = {PurePosixPath(): "folder"}
    try:
        with tarfile.open(fileobj=file, mode="r:bz2") as archive:
            archive.extraction_filter = lambda member, _: member  # newer Pythons ask for one
            for member in archive:
                _admit(member, kinds)
                archive.extract(member, folder)
    except (tarfile.TarError, EOFError, ValueError) as error:
        raise MaelstromError(f"The archive is damaged: {error}.") from None
    except OSError as error:
        # bz2 reports damage so; an error of the file system has a number.
        if error.errno is not None:
            raise
        raise MaelstromError(f"The archive is damaged: {error}.") from None


def _admit(member: tarfile.TarInfo, kinds: dict[PurePosixPath, Kind]) -> None:
    """Note what an entry is, make it this user's, and refuse it if it may do harm."""
    path, kind = PurePosixPath(member.name), _kind(member)
    if path.is_absolute() or "\\" in member.name or "\0" in member.name:
        raise _Refused(member, "has an absolute or strange name")
    if ".." in path.parts:
        raise _Refused(member, "has a name that leaves the folder")
    if any(kinds.setdefault(parent, "folder") != "folder" for parent in path.parents):
        raise _Refused(member, "lies in what is no folder")
    if kinds.get(path, kind) != kind or (path in kinds and kind != "folder"):
        raise _Refused(member, "comes twice")
    if member.issym():
        _refuse_outside(member, path)
    if member.islnk():
        _refuse_unknown(member, kinds)
    kinds[path] = kind
    member.name = str(path)
    member.mode = 0o755 if kind == "folder" or member.mode & 0o100 else 0o644
    member.uid, member.gid, member.uname, member.gname = os.getuid(), os.getgid(), "", ""


def _kind(member: tarfile.TarInfo) -> Kind:
    if member.isdir():
        return "folder"
    if member.issym():
        return "link"
    if member.isreg() or member.islnk():
        return "file"
    raise _Refused(member, "is neither a file, nor a folder, nor a link")


def _refuse_outside(member: tarfile.TarInfo, path: PurePosixPath) -> None:
    """Refuse a symbolic link that may lead out: a way up is only sure from where it lies itself."""
    target = PurePosixPath(member.linkname)
    if target.is_absolute() or "\0" in member.linkname:
        raise _Refused(member, "is a link to an absolute path")
    ways_up = target.parts.count("..")
    if ways_up > len(path.parent.parts) or ".." in target.parts[ways_up:]:
        raise _Refused(member, "leads out of the folder")


def _refuse_unknown(member: tarfile.TarInfo, kinds: dict[PurePosixPath, Kind]) -> None:
    """Refuse a hard link, unless it is another name of a file that is there already."""
    target = PurePosixPath(member.linkname)
    if kinds.get(target) != "file":
        raise _Refused(member, "is a link to something that is not in the archive before it")
    member.linkname = str(target)
