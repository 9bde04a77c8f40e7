"""Opening pages in a headless Chromium with the network off, and what it finds wrong with them.

It is driven over pipes (`--remote-debugging-pipe`): JSON messages that end in a zero byte, to the
browser on its descriptor 3 and from it on its descriptor 4.
"""

from __future__ import annotations

import json
import os
import select
import shutil
import subprocess
import tempfile
import time
from contextlib import contextmanager
from dataclasses import dataclass, field

NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
DEADLINE_S = 60
SETTLE_MS = 100

_FLAGS = (
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-dev-shm-usage",
    "--no-first-run",
    "--disable-background-networking",
    "--host-resolver-rules='MAP * ~NOTFOUND'",
    "--remote-debugging-pipe",
)
_MISSING_IMAGES = """
new Promise(done => setTimeout(() => done(JSON.stringify(
  [...document.images].filter(i => !i.complete || i.naturalWidth === 0).map(i => i.outerHTML)
)), %d))
"""


def find_chromium():
    """The browser's path, or None."""
    return next((path for path in map(shutil.which, NAMES) if path), None)


@dataclass
class Findings:
    """What is wrong with a page: nothing, when all three are empty."""

    errors: list[str] = field(default_factory=list)
    missing_images: list[str] = field(default_factory=list)
    requests: list[str] = field(default_factory=list)


class Chromium:
    """A browser; a context manager, since it must be ended."""

    def __init__(self, path):
        self._profile = tempfile.TemporaryDirectory(prefix="chromium-", ignore_cleanup_errors=True)
        theirs_in, self._out = os.pipe()
        self._in, theirs_out = os.pipe()
        flags = " ".join([*_FLAGS, f"--user-data-dir='{self._profile.name}'"])
        command = f"exec '{path}' {flags} about:blank 3<&{theirs_in} 4>&{theirs_out}"
        self._process = subprocess.Popen(
            ["bash", "-c", command],
            pass_fds=(theirs_in, theirs_out),
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        os.close(theirs_in)
        os.close(theirs_out)
        self._rest = b""
        self._last_id = 0
        self._events = []

    def __enter__(self):
        return self

    def __exit__(self, *_):
        os.close(self._out)
        os.close(self._in)
        self._process.terminate()
        self._process.wait(DEADLINE_S)
        self._profile.cleanup()

    def open(self, url):
        """Open a page, wait until it has settled, and say what is wrong with it."""
        with self._tab(url) as session:
            missing = self._evaluated(session, _MISSING_IMAGES % SETTLE_MS)
            findings = Findings(missing_images=json.loads(missing))
            for event in self._events:
                _judge(event, url, findings)
        return findings

    def evaluate(self, url, expression, *, width=1200, scheme="light", media="screen"):
        """The value of an expression in a page that is so many pixels wide.

        `scheme` is "light" or "dark", `media` "screen" or "print".  The page's policy is lifted.
        """
        with self._tab(url, width=width, scheme=scheme, media=media) as session:
            return self._evaluated(session, expression)

    @contextmanager
    def _tab(self, url, *, width=1200, scheme="light", media=None):
        """A new tab with a page in it, and what happened there in `_events`."""
        target = self._call("Target.createTarget", url="about:blank")["targetId"]
        session = self._call("Target.attachToTarget", targetId=target, flatten=True)["sessionId"]
        for domain in ("Page", "Runtime", "Log", "Network"):
            self._call(f"{domain}.enable", session)
        size = {"width": width, "height": 900, "deviceScaleFactor": 1, "mobile": False}
        self._call("Emulation.setDeviceMetricsOverride", session, **size)
        features = [{"name": "prefers-color-scheme", "value": scheme}]
        self._call("Emulation.setEmulatedMedia", session, features=features, media=media or "")
        self._call("Page.setBypassCSP", session, enabled=media is not None)
        self._events.clear()
        self._call("Page.navigate", session, url=url)
        while not any(event["method"] == "Page.loadEventFired" for event in self._events):
            self._events.append(self._receive())
        yield session
        self._call("Target.closeTarget", targetId=target)

    def _evaluated(self, session, expression):
        how = {"expression": expression, "awaitPromise": True, "returnByValue": True}
        return self._call("Runtime.evaluate", session, **how)["result"].get("value")

    def _call(self, method, session=None, **parameters):
        self._last_id += 1
        message = {"id": self._last_id, "method": method, "params": parameters}
        if session:
            message["sessionId"] = session
        os.write(self._out, json.dumps(message).encode() + b"\0")
        while (answer := self._receive()).get("id") != self._last_id:
            self._events.append(answer)
        assert "result" in answer, answer
        return answer["result"]

    def _receive(self):
        deadline = time.monotonic() + DEADLINE_S
        while b"\0" not in self._rest:
            ready, _, _ = select.select([self._in], [], [], max(0, deadline - time.monotonic()))
            received = os.read(self._in, 1 << 16) if ready else b""
            assert received, "Chromium does not answer"
            self._rest += received
        message, self._rest = self._rest.split(b"\0", 1)
        return json.loads(message)


def _judge(event, page, findings):
    method, what = event.get("method"), event.get("params", {})
    if method == "Runtime.exceptionThrown":
        details = what["exceptionDetails"]
        findings.errors.append(details.get("exception", {}).get("description", details["text"]))
    elif method == "Runtime.consoleAPICalled" and what["type"] in ("error", "assert"):
        findings.errors.append(" ".join(str(each.get("value", "")) for each in what["args"]))
    elif method == "Log.entryAdded" and what["entry"]["level"] == "error":
        findings.errors.append(what["entry"]["text"])
    elif method == "Network.requestWillBeSent":
        address = what["request"]["url"]
        if address != page and not address.startswith(("data:", "blob:")):
            findings.requests.append(address)
