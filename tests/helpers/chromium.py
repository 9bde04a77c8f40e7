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
    "--disable-features=IsolateSandboxedIframes",  # so that frames can be looked into
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
        with self.tab(url) as tab:
            return tab.settled()

    def evaluate(self, url, expression, **how):
        """The value of an expression in a page, which `tab` opens; the page's policy is lifted."""
        with self.tab(url, is_lifted=True, **how) as tab:
            return tab.run(expression)

    def tab(
        self,
        url,
        *,
        width=1200,
        height=900,
        scheme="light",
        media="",
        before="",
        is_lifted=False,
    ):
        """Open a page in a window of that size in pixels, to be used; a Tab.

        `scheme` is "light" or "dark", `media` "screen" or "print"; `before` is a script that runs
        before those of the page, and `is_lifted` lets any script run.
        """
        target = self._call("Target.createTarget", url="about:blank")["targetId"]
        session = self._call("Target.attachToTarget", targetId=target, flatten=True)["sessionId"]
        tab = Tab(self, target, session, url)
        for domain in ("Page", "Runtime", "Log", "Network"):
            tab.call(f"{domain}.enable")
        tab.look(width, height, scheme, media)
        tab.call("Page.setBypassCSP", enabled=is_lifted)
        if before:
            tab.call("Page.addScriptToEvaluateOnNewDocument", source=before)
        self._events.clear()
        tab.call("Page.navigate", url=url)
        while not any(event["method"] == "Page.loadEventFired" for event in self._events):
            self._events.append(self._receive())
        return tab

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


class Tab:
    """A page that is open: its buttons can be pressed, and its script asked.

    A context manager, which leaves the page.
    """

    def __init__(self, browser, target, session, url, **context):
        self._browser = browser
        self._target = target
        self._session = session
        self._url = url
        self._context = context

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()

    def frame(self):
        """The same of the newest frame in the page, when it has loaded."""
        created, deadline = "Runtime.executionContextCreated", time.monotonic() + DEADLINE_S
        while True:
            self.run("0")  # what has happened until now is then known
            told = [each for each in self._browser._events if each.get("method") == created]
            contexts = [each["params"]["context"] for each in told]
            inner = [each for each in contexts if each["auxData"]["frameId"] != self._target]
            if inner:
                break
            assert time.monotonic() < deadline, "There is no frame in the page"
        known = self._browser, self._target, self._session, self._url
        frame = Tab(*known, contextId=inner[-1]["id"])
        frame.wait("document.readyState === 'complete'")
        return frame

    def close(self):
        """Leave the page."""
        self._browser._call("Target.closeTarget", targetId=self._target)

    def call(self, method, **parameters):
        """Ask something of the browser about this page."""
        return self._browser._call(method, self._session, **parameters)

    def look(self, width, height, scheme, media=""):
        """Take a window of this size, a scheme of colours, light or dark, and a medium."""
        size = {"width": width, "height": height, "deviceScaleFactor": 1, "mobile": width < 600}
        self.call("Emulation.setDeviceMetricsOverride", **size)
        features = [{"name": "prefers-color-scheme", "value": scheme}]
        self.call("Emulation.setEmulatedMedia", features=features, media=media)

    def run(self, expression):
        """What an expression of JavaScript gives, as JSON; a promise is waited for."""
        found = self.call(
            "Runtime.evaluate",
            expression=expression,
            awaitPromise=True,
            returnByValue=True,
            userGesture=True,
            **self._context,
        )
        assert "exceptionDetails" not in found, found["exceptionDetails"]
        return found["result"].get("value")

    def wait(self, condition):
        """Wait until an expression holds."""
        deadline = time.monotonic() + DEADLINE_S
        while not self.run(f"Boolean({condition})"):
            assert time.monotonic() < deadline, f"It never holds that {condition}"
            time.sleep(0.02)

    def press(self, key, modifiers=0, text=None):
        """Press and release a key, such as "n" or "Home"; of modifiers, 2 is Ctrl and 8 Shift."""
        text = text if text is not None else key if len(key) == 1 and not modifiers else ""
        code = _CODES.get(key, ord(key.upper()) if len(key) == 1 else 0)
        what = {"key": key, "modifiers": modifiers, "windowsVirtualKeyCode": code}
        self.call("Input.dispatchKeyEvent", type="keyDown", text=text, **what)
        self.call("Input.dispatchKeyEvent", type="keyUp", **what)

    def click(self, element):
        """Click with the pointer into the middle of an element, given as an expression."""
        self.run(f"{element}.scrollIntoView({{block: 'center'}})")
        box = self.run(
            f"(({{x, y, width, height}}) => [x + width / 2, y + height / 2])"
            f"({element}.getBoundingClientRect())"
        )
        what = {"x": box[0], "y": box[1], "button": "left", "clickCount": 1}
        for kind in ("mousePressed", "mouseReleased"):
            self.call("Input.dispatchMouseEvent", type=kind, **what)

    def type(self, text):
        """Type a text into whatever has the focus."""
        self.call("Input.insertText", text=text)

    def picture(self, whole=False):
        """A picture of the page as PNG: of the window or of the whole."""
        return base64.b64decode(
            self.call("Page.captureScreenshot", captureBeyondViewport=whole)["data"]
        )

    def cpu_s(self):
        """How long the page's thread has been at work so far, in seconds of the processor."""
        self.call("Performance.enable", timeDomain="threadTicks")
        metrics = self.call("Performance.getMetrics")["metrics"]
        return next(each["value"] for each in metrics if each["name"] == "TaskDuration")

    def settled(self):
        """What is wrong with the page when it has settled; images count."""
        missing = json.loads(self.run(_MISSING_IMAGES % SETTLE_MS))
        found = self.findings()
        found.missing_images = missing
        return found

    def findings(self):
        """What has gone wrong so far."""
        found = Findings()
        for event in self._browser._events:
            _judge(event, self._url, found)
        return found


_CODES = {
    "Enter": 13,
    " ": 32,
    "ArrowLeft": 37,
    "ArrowUp": 38,
    "ArrowRight": 39,
    "ArrowDown": 40,
    "Tab": 9,
    "Home": 36,
    "End": 35,
}


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
