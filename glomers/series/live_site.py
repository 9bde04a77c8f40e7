"""The site: lessons and exercises with nodes that run in the reader's browser."""

from __future__ import annotations

import signal
from collections.abc import Iterable
from concurrent.futures import ProcessPoolExecutor
from itertools import repeat
from pathlib import Path
from shutil import copyfile
from urllib.parse import quote

from glomers.errors import BadInput, SeriesError
from glomers.files import reason, shown
from glomers.series import page, playground_page, publish, reading_aids
from glomers.series.documents import linked_documents
from glomers.series.found_state import found_state
from glomers.series.live_cells import enliven
from glomers.series.notebook import read_notebook
from glomers.series.page_runtime import WEB, runtime_name, runtime_script
from glomers.series.pyodide_package import NOTICE, PYODIDE
from glomers.workshop.pack import unexecuted

TITLE = "Distributed systems in notebooks"
_SCRIPTS = ("live.js", "code.js", "results.js", "playground.js")
_MADE = (
    "*.html",
    "*.ipynb",
    "runtime-*.js",
    "NOTICE.txt",
    ".nojekyll",
    page.SHARING.name,
    *_SCRIPTS,
)


def build_site(root: Path, folder: Path) -> list[Path]:
    """Make the site of a project in a folder; returns its files.

    Raises:
        SeriesError: when the folder holds something else, or the runtime cannot be had.
        BadInput: when a notebook cannot be read, or the folder not be written.
    """
    _clear(folder)
    PYODIDE.fetch()
    runtime = runtime_script()
    look = page.Live(runtime_name(runtime))
    texts = {look.runtime: runtime, "NOTICE.txt": f"{NOTICE}\n", ".nojekyll": ""}
    texts |= {name: (WEB / name).read_text(encoding="utf-8") for name in _SCRIPTS}
    texts |= _notebook_pages(root, look)
    body = playground_page.playground_body(root)
    links = page.links(None, None)
    texts[playground_page.NAME] = page.page(playground_page.TITLE, body, links, live=look)
    # To work with: what came out stands on the page, and may not be known before it is tried.
    texts |= {path.name: unexecuted(path) for part in _notebooks(root) for path in part}
    try:
        for name, text in texts.items():
            (folder / name).write_text(text, encoding="utf-8")
        copyfile(page.SHARING, folder / page.SHARING.name)
    except OSError as error:
        raise _unwritten(folder, error) from error
    return [folder / name for name in (*texts, page.SHARING.name)]


def _unwritten(folder: Path, error: OSError) -> BadInput:
    return BadInput(
        f"{shown(folder)} cannot be written: {reason(error)}. `glomers site DIR` makes it "
        "elsewhere."
    )


def _clear(folder: Path) -> None:
    """Make room for the site, in a new folder or in place of an earlier one."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
        ours = {path for pattern in _MADE for path in folder.glob(pattern)}
        others = sorted(path.name for path in folder.iterdir() if path not in ours)
        if others:
            raise SeriesError(
                f"{shown(folder)} holds {others[0]}, which is not of a site: name a new folder."
            )
        for path in ours:
            path.unlink()
    except OSError as error:
        raise _unwritten(folder, error) from None


def _notebook_pages(root: Path, look: page.Live) -> dict[str, str]:
    """The pages of all notebooks, and the first page, by their names."""
    lessons, exercises = map(_pages, _notebooks(root))
    every = (*lessons, *exercises)
    documents = linked_documents(each.notebook for each in every if each.notebook)
    targets = publish.targets_of(every, documents)
    made = {targets[path.name]: publish.document_page(path, targets) for path in documents}
    for part in (lessons, exercises):
        links = [publish.link(each) for each in part]
        work = (part, [None, *links[:-1]], [*links[1:], None], repeat(targets), repeat(look))
        ignore = (signal.SIGINT, signal.SIG_IGN)
        with ProcessPoolExecutor(initializer=signal.signal, initargs=ignore) as processes:
            made |= zip([each.file for each in part], processes.map(_page, *work), strict=True)
    lists = [[(each.href, each.title) for each in part] for part in (lessons, exercises)]
    lists.append(publish.reading_links(documents, targets))
    made["index.html"] = page.page(TITLE, playground_page.index_body(TITLE, *lists), live=look)
    return made


def _notebooks(root: Path) -> list[list[Path]]:
    """The lessons, and the exercises."""
    folders = (root / "notebooks", root / "notebooks" / "exercises")
    return [sorted(folder.glob("*.ipynb")) for folder in folders]


def _pages(notebooks: Iterable[Path]) -> list[publish.Page]:
    read = map(read_notebook, notebooks)
    return [publish.Page(found_state(each), each) for each in read]


def _page(
    this: publish.Page,
    before: dict[str, str] | None,
    after: dict[str, str] | None,
    targets: dict[str, str],
    look: page.Live,
) -> str:
    notebook = this.notebook
    assert notebook is not None
    body = publish.body_of(notebook, targets)
    enliven(body, notebook)  # first: what is live has its own ways to read and to download it
    reading_aids.mend(body)
    return page.page(
        this.title,
        str(body),
        page.links(before, after),
        contents=reading_aids.contents(body, quote(notebook.path.name)),
        description=this.abstract.promise,
        scripts=[page.copy_script()],
        live=look,
    )
