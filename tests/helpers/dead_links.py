"""Links of a folder of pages that lead nowhere."""

from __future__ import annotations

from urllib.parse import unquote

from bs4 import BeautifulSoup

ELSEWHERE = ("data:", "http:", "https:", "mailto:")


def dead_links(folder):
    """The links of all pages of a folder to files or places that are not there, with their page."""
    pages = {
        path.name: BeautifulSoup(path.read_text(encoding="utf-8"), features="html.parser")
        for path in folder.glob("*.html")
    }
    dead = []
    for name, body in pages.items():
        for link in body.find_all("a", href=True):
            file, _, place = link["href"].partition("#")
            if file.startswith(ELSEWHERE):
                continue
            file = unquote(file) or name
            has_place = not place or place_in(pages.get(file), place)
            if not (folder / file).is_file() or not has_place:
                dead.append(f"{name}: {link['href']}")
    return dead


def place_in(page, place):
    """Whether a page has a place of that name, which a browser takes as it stands or unquoted."""
    return page is not None and page.find(id=[place, unquote(place)]) is not None
