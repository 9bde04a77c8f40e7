"""Downloading a file in a way that can be interrupted and gone on with."""

from __future__ import annotations

import http.client
import time
import urllib.error
import urllib.request
from collections.abc import Callable
from pathlib import Path
from urllib.parse import urlsplit

from glomers.errors import MaelstromError

Say = Callable[[str], None]

ATTEMPTS = 4
TIMEOUT_S = 30.0
PAUSE_S = 1.0
MOST_BYTES = 1 << 30
_CHUNK_BYTES = 1 << 16
_PROGRESS_S = 1.0
_MB = 1_000_000


class _Interrupted(Exception):
    """The connection ended early; `reason` says how. To try again makes sense."""


def download(url: str, part: Path, say: Say) -> None:
    """Download `url` to `part`, going on after what is there already, if the server can do that.

    What came is kept in `part` whatever happens, so that the next call goes on from there.

    Raises:
        MaelstromError: when it cannot be had: the address, the server or the connection is bad.
    """
    if not _is_address(url):
        raise MaelstromError(
            f"{url} is no address that begins with https:// or http://; for a file on this "
            "machine use --file."
        )
    for attempt in range(1, ATTEMPTS + 1):
        try:
            _attempt(url, part, say)
            return
        except _Interrupted as error:
            if attempt == ATTEMPTS:
                raise MaelstromError(
                    f"The download of {url} was interrupted ({error}). What came is kept: "
                    "run the command again to go on."
                ) from None
            say(f"Interrupted ({error}); going on in a moment.")
            time.sleep(PAUSE_S)


def _is_address(url: str) -> bool:
    try:
        parts = urlsplit(url)
        has_port = parts.port is None or parts.port > 0  # asking for it raises where it is none
    except ValueError:
        return False
    return parts.scheme in ("http", "https") and bool(parts.hostname) and has_port and url.isascii()


def _attempt(url: str, part: Path, say: Say) -> None:
    have = part.stat().st_size if part.exists() else 0
    headers = {"User-Agent": "glomers", "Accept-Encoding": "identity"}
    if have:
        headers["Range"] = f"bytes={have}-"
    try:
        with urllib.request.urlopen(
            urllib.request.Request(url, headers=headers), timeout=TIMEOUT_S
        ) as response:
            _receive(response, part, have, say)
    except urllib.error.HTTPError as error:
        if error.code == 416 and have:  # there is nothing after what we have: it is all, or wrong
            return
        raise MaelstromError(f"{url}: the server answers {error.code} {error.reason}.") from None
    except urllib.error.URLError as error:
        reason = getattr(error.reason, "strerror", None) or error.reason
        raise MaelstromError(
            f"{url} cannot be reached: {reason}. Without a network, fetch the archive elsewhere "
            "and use --file."
        ) from None
    except (TimeoutError, ConnectionError, http.client.HTTPException) as error:
        raise _Interrupted(str(error) or type(error).__name__) from None


def _receive(response: http.client.HTTPResponse, part: Path, have: int, say: Say) -> None:
    if response.status != 206 or not _goes_on(response.headers.get("Content-Range"), have):
        have = 0
    length = response.headers.get("Content-Length")
    total = have + int(length) if length and length.isdigit() else None
    said_s = time.monotonic()
    with part.open("ab" if have else "wb") as file:
        while chunk := response.read(_CHUNK_BYTES):
            file.write(chunk)
            have += len(chunk)
            if have > MOST_BYTES:
                raise MaelstromError(f"What the server sends does not end ({_mb(have)} MB so far).")
            if time.monotonic() - said_s >= _PROGRESS_S:
                said_s = time.monotonic()
                say(f"{_mb(have)} of {_mb(total)} MB" if total else f"{_mb(have)} MB")
    if total is not None and have < total:
        raise _Interrupted(f"the connection ended after {_mb(have)} of {_mb(total)} MB")


def _goes_on(content_range: str | None, have: int) -> bool:
    return bool(have) and (content_range or "").startswith(f"bytes {have}-")


def _mb(count: int) -> str:
    return f"{count / _MB:.1f}"
