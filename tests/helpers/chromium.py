"""Opening pages in a headless Chromium with the network off, and what it finds wrong with them.

It is driven over pipes (`--remote-debugging-pipe`): JSON messages that end in a zero byte, to the
browser on its descriptor 3 and from it on its descriptor 4.
"""

from __future__ import annotations

import base64
import json
import os
import select
import shutil
import subprocess
import tempfile
import time
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
    "--host-resolver-rules='MAP * ~NOTFOUND, EXCLUDE 127.0.0.1'",
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
        visit = self.visit(url)
        findings = visit.findings()
        visit.close()
        return findings

    def visit(self, url, *, width=1200, height=900, scheme="light", before=""):
        """Open a page and stay on it; `before` is a script that runs before those of the page."""
        target = self._call("Target.createTarget", url="about:blank")["targetId"]
        session = self._call("Target.attachToTarget", targetId=target, flatten=True)["sessionId"]
        for domain in ("Page", "Runtime", "Log", "Network"):
            self._call(f"{domain}.enable", session)
        visit = Visit(self, target, session, url)
        visit.look(width, height, scheme)
        if before:
            self._call("Page.addScriptToEvaluateOnNewDocument", session, source=before)
        self._events.clear()
        self._call("Page.navigate", session, url=url)
        while not any(event["method"] == "Page.loadEventFired" for event in self._events):
            self._events.append(self._receive())
        # What was loaded may have been the empty page that a new one begins with.
        visit.wait("document.readyState === 'complete' && location.href !== 'about:blank'")
        return visit

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


class Visit:
    """A page that is open."""

    def __init__(self, browser, target, session, url):
        self._browser = browser
        self._target = target
        self._session = session
        self._url = url

    def call(self, method, **parameters):
        """Ask something of the browser about this page."""
        return self._browser._call(method, self._session, **parameters)

    def look(self, width, height, scheme):
        """Take a window of this size, and a scheme of colours: light or dark."""
        size = {"width": width, "height": height, "deviceScaleFactor": 1, "mobile": width < 600}
        self.call("Emulation.setDeviceMetricsOverride", **size)
        features = [{"name": "prefers-color-scheme", "value": scheme}]
        self.call("Emulation.setEmulatedMedia", features=features)

    def run(self, expression):
        """The value of an expression in the page, awaited if it is a promise."""
        answer = self.call(
            "Runtime.evaluate",
            expression=expression,
            awaitPromise=True,
            returnByValue=True,
            userGesture=True,
        )
        assert "exceptionDetails" not in answer, answer["exceptionDetails"]
        return answer["result"].get("value")

    def wait(self, condition):
        """Wait until an expression is true in the page."""
        deadline = time.monotonic() + DEADLINE_S
        while not self.run(condition):
            assert time.monotonic() < deadline, f"It never holds that {condition}"
            time.sleep(0.05)

    def press(self, key, modifiers=0, text=""):
        """Press a key; of modifiers, 2 is Ctrl and 8 Shift."""
        for kind in ("keyDown", "keyUp"):
            down = {"text": text} if text and kind == "keyDown" else {}
            self.call("Input.dispatchKeyEvent", type=kind, key=key, modifiers=modifiers, **down)

    def type(self, text):
        """Write where the focus is."""
        self.call("Input.insertText", text=text)

    def picture(self, path, *, whole=False):
        """Keep a picture of what is seen."""
        data = self.call("Page.captureScreenshot", captureBeyondViewport=whole)["data"]
        path.write_bytes(base64.b64decode(data))

    def findings(self):
        """What is wrong with the page so far."""
        missing = self.run(_MISSING_IMAGES % SETTLE_MS)
        findings = Findings(missing_images=json.loads(missing))
        for event in self._browser._events:
            _judge(event, self._url, findings)
        return findings

    def close(self):
        """Leave the page."""
        self._browser._call("Target.closeTarget", targetId=self._target)


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
