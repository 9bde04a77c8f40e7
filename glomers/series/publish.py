"""The notebooks of a batch as self-contained HTML pages with an index."""

from __future__ import annotations

import base64
import mimetypes
import posixpath
import signal
from collections.abc import Collection, Iterable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from functools import cache
from html import escape
from itertools import repeat
from pathlib import Path, PurePath
from shutil import copyfile
from typing import Any
from urllib.parse import quote, unquote, urlsplit

from bs4 import BeautifulSoup, Tag
from markupsafe import Markup

from glomers.errors import BadInput, SeriesError
from glomers.files import shown
from glomers.series import build_report, page, predictions, reading_aids
from glomers.series import front_page as front
from glomers.series.abstract import Abstract, abstract
from glomers.series.documents import (
    document_body,
    document_title,
    linked_documents,
    reading_list,
)
from glomers.series.found_state import found_state
from glomers.series.front_page import Lesson, front_page
from glomers.series.ledger import load_record, load_results
from glomers.series.notebook import Notebook, read_notebook
from glomers.series.task import NotebookOutcome

_INJECTED = "injected-parameters"
_ERROR_MARK = "papermill-error-cell-tag"
_FAILED_ID = "failed-cell"
_HOW = {
    "failed": "failed",
    "stopped": "was stopped",
    "not run": "was not executed",
    "half run": "was executed in part",
    "never run": "was never executed",
}
_LEFT_ALONE = ("data", "http", "https", "mailto")
_OWN = frozenset({"index", "build-report", "playground"})
"""What pages are called that are made of no notebook."""
# Scripts and widgets need a library from the network; their plain forms do not.
_DISPLAY = ["text/html", "text/markdown", "image/svg+xml", "image/png", "image/jpeg", "text/plain"]


@dataclass(frozen=True)
class Page:
    """A page to be: its notebook, if there is an executed copy, and how that ended."""

    outcome: NotebookOutcome
    notebook: Notebook | None

    @property
    def title(self) -> str:
        return self.notebook.title if self.notebook else self.outcome.name

    @property
    def abstract(self) -> Abstract:
        return abstract(self.notebook) if self.notebook else Abstract("", "", "")

    @property
    def href(self) -> str:
        return quote(self.file) if self.notebook else ""

    @property
    def file(self) -> str:
        """The name of the page's file; a link to it has to be quoted."""
        return page_file(f"{self.outcome.name}.ipynb", _OWN)


def page_file(name: str, taken: Collection[str]) -> str:
    """The name of the page of a notebook or document with this file name.

    Where a page that is not its own has that name already, `taken` in small letters as some disks
    have it, the ending stays: `index.ipynb.html`.
    """
    stem = PurePath(name).stem
    return f"{name if stem.casefold() in taken else stem}.html"


def export_batch(folder: Path, html: Path | None = None, address: str = "") -> Path:
    """Write a page for each notebook in `folder`, and the index; returns the path of the index.

    The pages go to `html` (default: `folder/html`), in place of earlier ones, each with its
    notebook beside it; other files there stay. A folder that holds notebooks but is no batch will
    do as well: its notebooks count as they are. `address` is where the pages will be found.

    Raises:
        BadInput: when the folder holds no notebooks, or the pages cannot be written.
        SeriesError: when a notebook shows an image that is missing.
    """
    pages = _pages(folder)
    html = html or folder / "html"
    address = f"{address.rstrip('/')}/" if address else ""
    readable = [each for each in pages if each.notebook]
    documents = linked_documents(each.notebook for each in readable if each.notebook)
    targets = targets_of(readable, documents)
    made = _notebook_pages(readable, targets, address)
    texts = {targets[path.name]: document_page(path, targets) for path in documents}
    texts |= zip([each.file for each in readable], made, strict=True)
    index = html / "index.html"
    texts[index.name] = _front_page(folder, pages, reading_links(documents, targets), address)
    texts[build_report.FILE] = _report_page(folder, pages)
    try:
        _replace_pages(html, texts)
        for each in readable:
            assert each.notebook is not None
            if not html.samefile(each.notebook.path.parent):
                copyfile(each.notebook.path, html / each.notebook.path.name)
        copyfile(page.SHARING, html / page.SHARING.name)
    except OSError as error:
        raise BadInput(f"Cannot write pages to {shown(html)}: {error.strerror}.") from error
    return index


def _replace_pages(html: Path, texts: dict[str, str]) -> None:
    """Write pages in place of those that are there."""
    html.mkdir(parents=True, exist_ok=True)
    for old in html.glob("*.html"):
        if page.is_ours(old):
            old.unlink()
    for name, text in texts.items():
        (html / name).write_text(text, encoding="utf-8")


def _pages(folder: Path) -> list[Page]:
    record = load_record(folder)
    found = {path.stem: path for path in sorted(folder.glob("*.ipynb"))}
    if not found and not record:
        raise BadInput(f"There are no notebooks in {shown(folder)}: `glomers run` makes a batch.")
    # Copies that another batch left in the same folder are none of this one's.
    if record:
        outcomes = sorted(record.outcomes, key=lambda outcome: outcome.name)
        return [Page(outcome, _readable(found.get(outcome.name))) for outcome in outcomes]
    return [_found_page(path) for path in found.values()]


def _found_page(path: Path) -> Page:
    """The page of a notebook that no batch has on record."""
    notebook = _readable(path)
    outcome = found_state(notebook) if notebook else NotebookOutcome(path.stem, "failed")
    return Page(outcome, notebook)


def _readable(path: Path | None) -> Notebook | None:
    """The notebook, unless it is missing or was cut off in the middle of being written."""
    try:
        return read_notebook(path) if path else None
    except BadInput:
        return None


def _notebook_pages(pages: list[Page], targets: dict[str, str], address: str) -> Iterator[str]:
    """The pages' texts, made by as many processes as there are cores."""
    links = [link(each) for each in pages]
    work = (pages, [None, *links[:-1]], [*links[1:], None], repeat(targets), repeat(address))
    if len(pages) < 2:
        yield from map(_notebook_page, *work)
        return
    _exporter()  # its imports are then done for all
    # An interrupt is this process's to answer: the others would each print a traceback.
    ignore = (signal.SIGINT, signal.SIG_IGN)
    with ProcessPoolExecutor(initializer=signal.signal, initargs=ignore) as processes:
        yield from processes.map(_notebook_page, *work)


def _notebook_page(
    this: Page,
    before: dict[str, str] | None,
    after: dict[str, str] | None,
    targets: dict[str, str],
    address: str,
) -> str:
    notebook = this.notebook
    assert notebook is not None
    body = body_of(notebook, targets)
    reading_aids.mend(body)
    failure = _failure(this.outcome, marked=body.find(id=_FAILED_ID) is not None)
    return page.page(
        this.title,
        failure + str(body),
        page.links(before, after),
        contents=reading_aids.contents(body, quote(notebook.path.name)),
        description=this.abstract.promise,
        address=address,
        scripts=[page.copy_script()],
    )


def targets_of(pages: Iterable[Page], documents: Iterable[Path]) -> dict[str, str]:
    """The names of the pages' files, by the names of the files that links name."""
    names = [each.outcome.name for each in pages]
    taken = _OWN.union(name.casefold() for name in names)
    targets = {f"{each.outcome.name}.ipynb": each.file for each in pages}
    return targets | {path.name: page_file(path.name, taken) for path in documents}


def reading_links(documents: Sequence[Path], targets: dict[str, str]) -> list[tuple[str, str]]:
    """The addresses and titles of the documents that a front page offers."""
    offered = reading_list(documents)
    return [(quote(targets[path.name]), document_title(path)) for path in offered]


def body_of(notebook: Notebook, targets: dict[str, str]) -> BeautifulSoup:
    """What stands in the page of a notebook; `targets` are the pages of other files, by name.

    Raises:
        SeriesError: when it shows an image that is missing.
    """
    body = BeautifulSoup(_converted(notebook), features="html.parser")
    _embed_images(body, notebook.path, notebook.home)
    _point_links(body, targets)
    predictions.fold(body)
    return body


def document_page(path: Path, targets: dict[str, str]) -> str:
    """The page of a document that readers are led to."""
    body = document_body(path)
    _name_images_of_the_network(body)
    _embed_images(body, path, path.parent)
    _point_links(body, targets)
    reading_aids.mend(body)
    return page.page(document_title(path), str(body), page.links(None, None))


def link(to: Page) -> dict[str, str]:
    """The address and the title of a page, for `page.links`."""
    return {"href": to.href, "title": to.title}


def _failure(outcome: NotebookOutcome, *, marked: bool) -> str:
    if outcome.state == "ok":
        return ""
    how = _HOW[outcome.state]
    where = f' <a href="#{_FAILED_ID}">Go to where it stopped.</a>' if marked else ""
    return page.note(
        f"This notebook {how}: the page shows what it did until then. "
        f"{escape(outcome.error or '')}{where}",
        bad=True,
    )


def _converted(notebook: Notebook) -> str:
    """The cells of a notebook as HTML, without what papermill adds to them."""
    import nbformat

    # Read anew: the exporter changes what it is given.
    book: Any = nbformat.read(notebook.path, as_version=4)  # type: ignore[no-untyped-call]
    book.cells = [_shown_cell(cell) for cell in book.cells]
    book.metadata.setdefault("language_info", {"name": "python", "pygments_lexer": "ipython3"})
    html, _ = _exporter().from_notebook_node(book)
    return str(html)


@cache
def _exporter() -> Any:
    from nbconvert import HTMLExporter
    from traitlets.config import Config

    config = Config({"NbConvertBase": {"display_data_priority": _DISPLAY}})
    return HTMLExporter(  # type: ignore[no-untyped-call]
        config=config,
        template_name="basic",
        exclude_input_prompt=True,
        exclude_output_prompt=True,
        filters={"highlight_code": _highlighted, "clean_html": _cleaned},
    )


def _highlighted(source: str, metadata: Any = None) -> Markup:
    """Code in colours; pygments has escaped it."""
    return Markup(_highlight()(source, metadata=metadata))


@cache
def _highlight() -> Any:
    from nbconvert.filters import Highlight2HTML

    return Highlight2HTML(pygments_lexer="ipython3")  # type: ignore[no-untyped-call]


def _cleaned(html: str) -> str:
    """HTML of nbconvert's own, cleaned; to parse what is clean already takes a third of the time.

    What cells show passes as it is: the policy in the head of the page lets nothing of it run.
    """
    from nbconvert.filters import clean_html

    return html if isinstance(html, Markup) else str(clean_html(html))  # type: ignore[no-untyped-call]


def _shown_cell(cell: Any) -> Any:
    """The cell as the page shows it: what papermill injected and marked becomes a note."""
    tags = cell.metadata.get("tags", [])
    if _INJECTED in tags:
        lines = [line for line in cell.source.splitlines() if line and not line.startswith("#")]
        values = ", ".join(f"<code>{escape(line)}</code>" for line in lines)
        return _markdown(page.note(f"This page was made with {values}."), cell)
    if _ERROR_MARK in tags:
        anchor = f'<span id="{_FAILED_ID}"></span>' if "id=" in cell.source else ""
        return _markdown(anchor, cell)
    return cell


def _markdown(html: str, cell: Any) -> Any:
    from nbformat.v4 import new_markdown_cell

    return new_markdown_cell(html, id=cell.get("id", "note"))  # type: ignore[no-untyped-call]


def _name_images_of_the_network(body: BeautifulSoup) -> None:
    """A page loads nothing: in place of a badge, or whatever else a document loads, its name."""
    for image in body.find_all("img"):
        parts = urlsplit(str(image.get("src", "")))
        if parts.scheme != "data" and parts.netloc:
            image.replace_with(str(image.get("alt", "")))


def _embed_images(body: BeautifulSoup, shown_by: Path, folder: Path) -> None:
    """Put the images that a file shows, by addresses from this folder, into the page itself."""
    for image in body.find_all("img"):
        address = str(image.get("src", ""))
        parts = urlsplit(address)
        if parts.scheme == "data":
            continue
        if parts.scheme or parts.netloc:
            raise SeriesError(
                f"{shown_by.name} shows the image {address} from the network: pages must "
                "work offline, so keep a copy beside the notebook."
            )
        path = folder / unquote(parts.path)
        if not path.resolve().is_relative_to(folder.resolve().parent):
            raise SeriesError(
                f"{shown_by.name} shows the image {address} from elsewhere: keep a copy "
                "beside the notebook."
            )
        image["src"] = _data_address(path, shown_by)


def _data_address(path: Path, shown_by: Path) -> str:
    try:
        content = base64.b64encode(path.read_bytes()).decode("ascii")
    except OSError as error:
        raise SeriesError(
            f"{shown_by.name} shows the image {shown(path)}, which cannot be read: "
            f"{error.strerror}."
        ) from error
    kind = mimetypes.guess_type(path.name)[0] or "application/octet-stream"
    return f"data:{kind};base64,{content}"


def _point_links(body: BeautifulSoup, targets: dict[str, str]) -> None:
    """Point links to notebooks and documents to their pages.

    Other files are not there, so no link; of a document that is not, the section is named.
    """
    for link in body.find_all("a", href=True):
        parts = urlsplit(str(link["href"]))
        if parts.scheme in _LEFT_ALONE or parts.netloc or not parts.path:
            continue
        name = posixpath.basename(unquote(parts.path))
        if name in targets:
            link["href"] = quote(targets[name]) + (f"#{parts.fragment}" if parts.fragment else "")
            continue
        if name.endswith(".md") and parts.fragment:
            link.insert_after(f", “{parts.fragment.replace('-', ' ')}”")
        if isinstance(link, Tag):
            link.unwrap()


def _counts(pages: list[Page]) -> str:
    good = sum(each.outcome.state == "ok" for each in pages)
    return f"{good} of {len(pages)} notebooks ran to their end."


def _front_page(
    folder: Path, pages: list[Page], documents: Sequence[tuple[str, str]], address: str
) -> str:
    """What is there to learn, and how it went."""
    lessons = [
        Lesson(each.outcome.name, each.title, each.href, each.outcome.state, each.abstract)
        for each in pages
    ]
    results = load_results(folder, [each.outcome.name for each in pages])
    body = front_page(lessons, results, _counts(pages), build_report.FILE, documents)
    return page.page(front.TITLE, body, description=front.DESCRIPTION, address=address)


def _report_page(folder: Path, pages: list[Page]) -> str:
    record = load_record(folder)
    body = build_report.build_report(
        folder.resolve().name,
        record.engine if record else "",
        _counts(pages),
        [(each.title, each.href, each.outcome) for each in pages],
        [each.notebook for each in pages if each.notebook],
    )
    return page.page(build_report.TITLE, body, page.links(None, None))
