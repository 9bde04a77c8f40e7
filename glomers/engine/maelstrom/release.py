"""The release of Maelstrom that this project is made for."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Release:
    """A release: where its archive is, and the SHA-256 of the archive and of the program in it."""

    version: str
    url: str
    archive_sha256: str
    jar_sha256: str


PINNED = Release(
    version="0.2.4",
    url="https://github.com/jepsen-io/maelstrom/releases/download/v0.2.4/maelstrom.tar.bz2",
    archive_sha256="301ec71d6b12af0d765edb413f5cf5aa1046b5609bd4e31376a0b549548e5799",
    jar_sha256="7d35db06546a737134a4dd4eb3b7dfb0955537df992d922d18cc716080853f67",
)
