"""The report: whole, escaped, self-contained, and read in a real browser on two screens."""

from __future__ import annotations

import re
from collections.abc import Iterator
from html.parser import HTMLParser
from pathlib import Path

import numpy as np
import pytest

from tests.docs.browser import DESKTOP, PHONE, Browser, chromium, program_missing, required
from verify.tails.audit import Audit, audit_rewards
from verify.tails.report.html import Page, Section, Table
from verify.tails.report.sections import page_of
from verify.tails.report.words import between, headline, shown

MISSING = program_missing()


@pytest.fixture(scope="module")
def audited() -> Audit:
    """Rewards with prompts and a gold score: every part of the report is there."""
    rng = np.random.default_rng(3)
    gold = rng.normal(size=8000)
    rewards = gold + rng.standard_t(3, 8000)
    return audit_rewards(rewards, prompts=rng.integers(0, 40, 8000), utility=gold)


@pytest.fixture(scope="module")
def text(audited: Audit) -> str:
    return page_of(audited).html()


class Outline(HTMLParser):
    """The ids, links and open tags of a page."""

    def __init__(self) -> None:
        super().__init__()
        self.ids: list[str] = []
        self.links: list[str] = []
        self.loads: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        found = {name: value or "" for name, value in attrs}
        if "id" in found and tag in ("section", "figure"):
            self.ids.append(found["id"])
        if tag == "a":
            self.links.append(found.get("href", ""))
        self.loads += [found[name] for name in ("src", "xlink:href", "href") if name in found]


def test_every_part_is_there_and_linked(text: str) -> None:
    outline = Outline()
    outline.feed(text)
    assert len(set(outline.ids)) == len(outline.ids)
    assert {"verdict", "rewards", "budgets", "best-of-n", "penalties", "cap"} <= set(outline.ids)
    assert {"prompts", "gold", "estimators", "made"} <= set(outline.ids)
    assert outline.links and all(link.removeprefix("#") in outline.ids for link in outline.links)


def test_nothing_is_loaded_from_outside(text: str) -> None:
    outline = Outline()
    outline.feed(text)
    assert all(address.startswith(("#", "data:")) for address in outline.loads)
    assert not re.search(r"@import|url\(\s*['\"]?(?!#)", text)
    assert "<script" not in text


def test_the_verdict_comes_first(audited: Audit, text: str) -> None:
    assert headline(audited).startswith("The upper tail is heavy")
    assert text.index("headline") < text.index("<svg") < text.index("<table")


def test_text_from_files_is_escaped() -> None:
    planted = "<script>alert(1)</script>"
    page = Page(
        planted, "heavy", planted, ((planted, planted),),
        (Section("a", planted, (planted,), (), (Table((planted,), ((planted,),), planted),)),),
    ).html()  # fmt: skip
    assert "<script" not in page and page.count("&lt;script&gt;") == 11


@pytest.mark.parametrize(
    ("value", "said"),
    [
        (None, "–"), (float("nan"), "–"), (float("inf"), "∞"), (-float("inf"), "-∞"),
        (0.0, "0"), (1234.5, "1234"), (12345.6, "12,350"), (0.00012345, "0.0001234"),
    ],
)  # fmt: skip
def test_numbers_for_readers(value: float | None, said: str) -> None:
    assert shown(value) == said
    assert between(value, None) == "–"


# ---------------------------------------------------------------- in a browser


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    assert MISSING is None, MISSING
    with chromium() as opened:
        yield opened


@pytest.mark.skipif(MISSING is not None and not required(), reason=str(MISSING))
@pytest.mark.parametrize("size", [DESKTOP, PHONE])
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_it_reads_well(
    browser: Browser, text: str, tmp_path: Path, size: tuple[int, int], scheme: str
) -> None:
    page = tmp_path / "report.html"
    page.write_text(text, encoding="utf-8")
    browser.screen(size, scheme)
    seen = browser.open(page)
    assert not seen.errors and not seen.outside
    assert browser.run("return document.documentElement.scrollWidth <= window.innerWidth")
    drawn = browser.run(
        "return [...document.querySelectorAll('figure svg')].map("
        "(e) => [e.getBoundingClientRect().width, e.getBoundingClientRect().height])"
    )
    assert len(drawn) == 8 and all(width > 250 and height > 120 for width, height in drawn)
    ink = browser.run(
        "return getComputedStyle(document.querySelector('figure svg text, figure svg path')).fill"
    )
    assert ink
