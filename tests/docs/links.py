"""Where the links of a built site lead, and what its pages would load from elsewhere."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from functools import cache
from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import unquote, urlsplit

LOADED = {"script": "src", "img": "src", "source": "src", "video": "src", "iframe": "src"}
"""Attributes whose address a browser asks for at once; ``link`` is one more."""

_NEITHER_PLACE_NOR_ADDRESS = re.compile(
    r"</(?!script|style)[a-z0-9]+>|<(?!script|style)[a-z0-9]+(?: class=\"[^\"]*\")?>"
)
"""Three tags of four; the parser is spared them, since it takes microseconds over each."""


@dataclass
class _Page(HTMLParser):
    links: list[str] = field(default_factory=list)
    loaded: list[str] = field(default_factory=list)
    anchors: set[str] = field(default_factory=set)

    def __post_init__(self) -> None:
        super().__init__()

    def handle_starttag(self, tag: str, attributes: list[tuple[str, str | None]]) -> None:
        named = {name: value or "" for name, value in attributes}
        self.anchors |= {named[key] for key in ("id", "name") if key in named}
        if tag == "a" and "href" in named:
            self.links.append(named["href"])
        if LOADED.get(tag) in named:
            self.loaded.append(named[LOADED[tag]])
        if tag == "link" and named.get("rel") != "canonical":
            self.loaded.append(named.get("href", ""))


@cache
def _page(path: Path) -> _Page:
    page = _Page()
    page.feed(_NEITHER_PLACE_NOR_ADDRESS.sub("", path.read_text("utf-8")))
    return page


def dead_links(site: Path) -> list[str]:
    """Links within the site that lead to no file, or to no place in it.

    Those that leave the site are not followed: CI reaches package registries and nothing else.
    """
    dead = set()
    for path in sorted(site.rglob("*.html")):
        for link in _page(path).links:
            # A link to a place in its own page is looked up from there, any other from the folder.
            start = path.parent if link and link[0] not in "#?" else path
            if not _leads_somewhere(start, link):
                dead.add(f"{path.relative_to(site)}: {link}")
    return sorted(dead)


@cache  # the pages of a folder share their menu: most links are met hundreds of times
def _leads_somewhere(start: Path, link: str) -> bool:
    address = urlsplit(link)
    if address.scheme or address.netloc:
        return True
    target = (start / unquote(address.path)).resolve() if address.path else start
    place = unquote(address.fragment)
    there = target.is_file()
    if there and place and target.suffix == ".html":
        there = place in _page(target).anchors
    return there


def outside_addresses(site: Path) -> list[str]:
    """What the pages and style sheets of a site would load from elsewhere."""
    found = []
    for path in sorted(site.rglob("*.html")):
        found += [f"{path.name}: {a}" for a in _page(path).loaded if _is_outside(a)]
    for path in sorted(site.rglob("*.css")):
        text = path.read_text("utf-8")
        addresses = re.findall(r"""url\(\s*['"]?([^'")]+)""", text)
        addresses += re.findall(r"""@import\s+['"]([^'"]+)""", text)
        found += [f"{path.name}: {a}" for a in addresses if _is_outside(a)]
    return found


def _is_outside(address: str) -> bool:
    parts = urlsplit(address)
    return bool(parts.netloc) or parts.scheme in ("http", "https", "ftp")
