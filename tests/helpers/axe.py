"""axe-core, which finds what keeps people from using a page.

python -m tests.helpers.axe     fetches it, if it is not there yet
"""

from __future__ import annotations

import json

from glomers.series.npm_archive import NpmArchive
from tests.helpers.webassembly import needed

AXE = NpmArchive(
    "axe-core",
    "4.11.0",
    "8a561a9c453cbf1c417b1a4977c716338125490ab841cb422ca8a1d1349f8c87"
    "c24137b21ffeb356b98825f2cfaca4ca2516e21be71f9d96d02230252661758d",
)
_RUN = """
axe.run(document, {resultTypes: ["violations"]}).then((found) => JSON.stringify(
  found.violations.filter(({impact}) => impact === "serious" || impact === "critical").map(
    ({id, nodes}) => [id, nodes.slice(0, 3).map((node) => node.html.slice(0, 200))])))
"""


def script():
    """The script, which adds `axe` to a page."""
    needed(f"{AXE} (`python -m tests.helpers.axe` fetches it)", AXE.is_there())
    return AXE.read("axe.min.js").decode()


def serious(visit):
    """What axe-core finds on a page that is serious or critical: rules, each with elements."""
    visit.run(script() + "; 0")
    return json.loads(visit.run(_RUN))


if __name__ == "__main__":
    AXE.fetch()
    print(f"{AXE}: {AXE.path}")
