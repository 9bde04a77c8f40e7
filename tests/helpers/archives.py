"""Archives for tests of the installation, good and hostile, and a server to fetch them from."""

from __future__ import annotations

import hashlib
import io
import tarfile
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from glomers.engine.maelstrom.release import Release

JAR = b"a program" * 20_000
PROGRAM = b'#!/bin/sh\necho "maelstrom $*"\n'


def entry(name: str, data: bytes = b"", **fields: object) -> tuple[tarfile.TarInfo, bytes]:
    """A member of an archive; further fields are those of `tarfile.TarInfo`."""
    member = tarfile.TarInfo(name)
    member.size = len(data)
    for field, value in fields.items():
        setattr(member, field, value)
    return member, data


def archive(*members: tuple[tarfile.TarInfo, bytes]) -> bytes:
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w:bz2") as tar:
        for member, data in members:
            tar.addfile(member, io.BytesIO(data))
    return out.getvalue()


GOOD = (
    entry("maelstrom", type=tarfile.DIRTYPE, mode=0o755),
    entry("maelstrom/maelstrom", PROGRAM, mode=0o755),
    entry("maelstrom/lib/maelstrom.jar", JAR, mode=0o644),
    entry("maelstrom/doc/read-me", type=tarfile.SYMTYPE, linkname="../README"),
    entry("maelstrom/README", b"hello", mode=0o4777),
)


def release(data: bytes, jar: bytes = JAR, url: str = "") -> Release:
    """The release that `data` is the archive of."""
    return Release("0.0.1", url, hashlib.sha256(data).hexdigest(), hashlib.sha256(jar).hexdigest())


@contextmanager
def serve(answer: Callable[[BaseHTTPRequestHandler], None]) -> Iterator[str]:
    """A server on this machine that answers with `answer`; gives its address."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            answer(self)

        def log_message(self, *_: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}/maelstrom.tar.bz2"
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


class FileServer:
    """Serves `data`; goes on from the middle when asked, unless told not to.

    `break_after` is how many bytes the first answers send before the connection ends.
    """

    def __init__(self, data: bytes, *, ranges: bool = True, break_after: tuple[int, ...] = ()):
        self.data = data
        self.ranges = ranges
        self.break_after = list(break_after)
        self.asked: list[str | None] = []

    def __call__(self, request: BaseHTTPRequestHandler) -> None:
        wanted = request.headers.get("Range")
        self.asked.append(wanted)
        start = int(wanted.removeprefix("bytes=").removesuffix("-")) if wanted else 0
        if wanted and self.ranges and start >= len(self.data):
            request.send_error(416)
            return
        start = start if self.ranges else 0
        body = self.data[start:]
        request.send_response(206 if start else 200)
        if start:
            last = len(self.data) - 1
            request.send_header("Content-Range", f"bytes {start}-{last}/{len(self.data)}")
        request.send_header("Content-Length", str(len(body)))
        request.end_headers()
        if self.break_after:
            body = body[: self.break_after.pop(0)]
        request.wfile.write(body)
