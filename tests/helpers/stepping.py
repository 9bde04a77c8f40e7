"""A page to step through, open in a browser, and used by the names of its controls."""

from __future__ import annotations

import json
from contextlib import contextmanager

from glomers.drawing.stepper.document import page

KEYS = {
    "Next event": "n",
    "Previous event": "p",
    "Next of this node": "ArrowDown",
    "Previous of this node": "ArrowUp",
    "To its cause": "c",
    "To what it caused": "e",
    "Jump to failure": "f",
    "Jump to first difference": "d",
    "Back": "b",
    "Play": " ",
}
"""What stands on a button, and the key that does the same."""
_NAMED = (
    "[...document.querySelectorAll({selector})].find(e => (e.ariaLabel || e.textContent) == {name})"
)


class Stepping:
    """What a person does on such a page, and what is there to see."""

    def __init__(self, tab):
        self.tab = tab
        tab.wait("!document.getElementById('stepper').hidden")

    def named(self, name, selector="button"):
        """The element of that name, as an expression."""
        return _NAMED.format(selector=json.dumps(selector), name=json.dumps(name))

    def click(self, name, selector="button"):
        """Press a button with the pointer."""
        self.tab.click(self.named(name, selector))

    def focus(self, name, selector="button"):
        """Go to an element."""
        self.tab.run(f"{self.named(name, selector)}.focus()")

    def fill(self, name, text):
        """Type into a field, or choose in a list."""
        self.tab.run("document.getElementById('filters').open = true")
        field = f"document.getElementById({json.dumps(name)})"
        if self.tab.run(f"{field}.tagName") == "SELECT":
            self.tab.run(
                f"{field}.value = {json.dumps(text)};"
                f"{field}.dispatchEvent(new Event('input', {{bubbles: true}}))"
            )
            return
        self.tab.run(f"{field}.focus(); {field}.select()")
        self.tab.type(text)

    def slide(self, place):
        """Move the slider to a place."""
        slider = self.named("Time", "input[type=range]")
        self.tab.run(
            f"{slider}.value = {place};"
            f"{slider}.dispatchEvent(new Event('input', {{bubbles: true}}))"
        )

    @property
    def now(self):
        """What the page says of the event at the cursor."""
        return self.tab.run("document.querySelector('[aria-live=polite]').textContent")

    @property
    def event(self):
        """Its number."""
        return int(self.now.split()[1].replace(",", ""))

    def reach(self, event):
        """Wait until the cursor is at an event."""
        self.tab.wait(
            f"document.querySelector('[aria-live]').textContent.includes('Event {event} ')"
        )

    def text(self, selector):
        """The text of an element."""
        return self.tab.run(f"document.querySelector({json.dumps(selector)}).innerText")

    def state(self, node):
        """What is shown of a node."""
        return self.text(f"[role=region][aria-label='State of {node}']")

    def rows(self):
        """The table of events: a list of cells for each row."""
        rows = "document.querySelectorAll('.rows tbody tr')"
        return self.tab.run(f"[...{rows}].map(r => [...r.cells].map(c => c.textContent))")


@contextmanager
def stepping(browser, path, accounts, *, address="", **window):
    """The page of these accounts, written to a file and opened in a window."""
    path.write_text(page(accounts, accounts[0].title), encoding="utf-8")
    with browser.tab(path.as_uri() + address, **window) as tab:
        yield Stepping(tab)
        found = tab.findings()
        assert (found.errors, found.missing_images, found.requests) == ([], [], [])
