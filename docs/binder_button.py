"""Print a Binder button for a clone, as Markdown: `python docs/binder_button.py`.

Binder has to know where the repository is published: that is read from the remote `origin`.
"""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path
from urllib.parse import quote

HOSTS = {"github.com": "gh", "gitlab.com": "gl"}
"""How Binder calls the hosts that it knows by a short name."""
FIRST = "lab/tree/notebooks/00-start-here.ipynb"
_REMOTE = re.compile(r"(?:[a-z+]+://)?(?:[^@/]+@)?([^/:@]+)(?::\d+)?[/:](.+?)/?")


def binder_button(remote: str) -> str:
    """The button for the repository at this remote, as `git remote get-url` has it.

    Raises:
        ValueError: when it is on none of the hosts.
    """
    found = _REMOTE.fullmatch(remote.strip())
    host, path = (found[1], found[2].removesuffix(".git")) if found else ("", "")
    if host not in HOSTS or "/" not in path:
        raise ValueError(
            f"Binder finds repositories on {' and '.join(HOSTS)}, and this clone has no remote "
            "`origin` on either: publish it there, then ask again."
        )
    # Groups of GitLab may hold groups, so that Binder takes the whole path for one word.
    name = quote(path, safe="/" if HOSTS[host] == "gh" else "")
    address = f"https://mybinder.org/v2/{HOSTS[host]}/{name}/HEAD?urlpath={FIRST}"
    return f"[![Open in Binder](https://mybinder.org/badge_logo.svg)]({address})"


def main() -> int:
    """Print the button; returns the exit status."""
    command = ["git", "remote", "get-url", "origin"]
    try:
        asked = subprocess.run(
            command, cwd=Path(__file__).parent, capture_output=True, text=True, check=False
        )
        print(binder_button(asked.stdout))
    except FileNotFoundError:
        print("git is needed to know where this clone comes from.", file=sys.stderr)
        return 1
    except ValueError as error:
        print(error, file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
