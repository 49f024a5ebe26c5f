"""The built site, in headless Chromium: mathematics, figures and animation are there; nothing is
asked for outside; phones, the dark and paper are served.

``make docs`` builds it. Where it is not built, or there is no browser, these tests are skipped with
the reason; with GOODHART_REQUIRE_BROWSER=1, as in CI, they fail instead.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from docs.generate import ROOT, pages
from tests.docs.browser import DESKTOP, PHONE, Browser, chromium, missing, required
from tests.docs.links import dead_links, outside_addresses

SITE = ROOT / "docs" / "_build" / "html"
SOURCES = [page for page in pages() if page.is_relative_to(ROOT / "docs")]
MISSING = missing(SITE, SOURCES)
BY_HAND = [page.relative_to(ROOT / "docs").with_suffix(".html").as_posix() for page in SOURCES]
"""The pages that are written by hand; those of the reference are made alike."""

REFERENCE = "reference/api/verify/verify.law.html"
THEOREMS = [name for name in BY_HAND if name.startswith("theorems/")]
FIRST = "theorems/theorem_1.html"

LEGIBLE, SEEN = 4.5, 3.0
"""Least contrast of text, and of lines in drawings: WCAG 2.2, 1.4.3 and 1.4.11."""

pytestmark = pytest.mark.skipif(MISSING is not None and not required(), reason=str(MISSING))


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    assert MISSING is None, MISSING
    with chromium() as opened:
        yield opened


# ---------------------------------------------------------------- what is asked of every page

BROKEN_FORMULAS = """
return [...document.querySelectorAll(".math")].filter(
  (e) => !e.querySelector("mjx-container svg") || e.querySelector("[data-mml-node=merror]")
    || e.querySelector("mjx-container svg").getBoundingClientRect().height < 2
).map((e) => e.textContent.slice(0, 80));
"""

EMPTY_DRAWINGS = """
return [...document.querySelectorAll("figure svg[role=img], main img, article img")].filter(
  (e) => !e.closest("mjx-container")).filter(
  (e) => e.getBoundingClientRect().width < 100 || e.getBoundingClientRect().height < 60
    || !(e.getAttribute("aria-label") || e.alt) || (e.tagName === "IMG" && !e.naturalWidth)
).map((e) => e.getAttribute("aria-label") || e.src || "?");
"""

# Whatever sticks out of the page; what scrolls by itself may be as wide as it likes.
STICKING_OUT = """
const width = document.documentElement.clientWidth;
const scrolls = (e) => e && e !== document.body && (
  ["auto", "scroll"].includes(getComputedStyle(e).overflowX) || scrolls(e.parentElement));
const out = [...document.querySelectorAll("article *")].filter(
  (e) => e.getBoundingClientRect().right > width + 1 && !scrolls(e.parentElement)
    && getComputedStyle(e).overflowX === "visible" && !e.closest("mjx-assistive-mml")
).map((e) => e.tagName + " " + e.textContent.slice(0, 60));
if (document.documentElement.scrollWidth > window.innerWidth) out.unshift("the page itself");
return out;
"""

# Contrast by WCAG, of each text and each stroke against the nearest background behind it.
CONTRASTS = """
const canvas = document.createElement("canvas").getContext("2d", { willReadFrequently: true });
function rgba(colour) {
  canvas.clearRect(0, 0, 1, 1);
  canvas.fillStyle = colour;
  canvas.fillRect(0, 0, 1, 1);
  return [...canvas.getImageData(0, 0, 1, 1).data];
}
function light(colour) {
  const parts = colour.slice(0, 3).map((c) => c / 255)
    .map((c) => (c <= 0.04045 ? c / 12.92 : ((c + 0.055) / 1.055) ** 2.4));
  return 0.2126 * parts[0] + 0.7152 * parts[1] + 0.0722 * parts[2];
}
function behind(e) {
  for (; e; e = e.parentElement) {
    const colour = rgba(getComputedStyle(e).backgroundColor);
    if (colour[3] > 250) return colour;
  }
  return [255, 255, 255, 255];
}
function contrast(colour, e) {
  const [a, b] = [light(rgba(colour)), light(behind(e))].sort((x, y) => y - x);
  return (a + 0.05) / (b + 0.05);
}
const text = {}, lines = {};
const walker = document.createTreeWalker(document.querySelector("article"), NodeFilter.SHOW_TEXT);
while (walker.nextNode()) {
  const e = walker.currentNode.parentElement;
  if (!walker.currentNode.data.trim() || e.closest("script, style, mjx-assistive-mml")) continue;
  const style = getComputedStyle(e);
  if (style.display === "none" || e.getClientRects().length === 0) continue;
  text[walker.currentNode.data.trim().slice(0, 40)] = contrast(style.color, e);
}
for (const e of document.querySelectorAll("mjx-container")) {
  text["formula"] = Math.min(text["formula"] || 99, contrast(getComputedStyle(e).color, e));
}
for (const e of document.querySelectorAll("figure svg path, figure svg use, figure svg circle")) {
  if (e.closest("defs, mjx-container")) continue;
  const style = getComputedStyle(e);
  for (const [colour, own] of
    [[style.stroke, style.strokeOpacity], [style.fill, style.fillOpacity]]) {
    if (colour === "none" || style.opacity * own < 0.5 || rgba(colour)[3] < 128) continue;
    lines[colour] = contrast(colour, e);
  }
}
return [text, lines];
"""


SCREENS = {
    "desktop": (DESKTOP, "light"),
    "in the dark": (DESKTOP, "dark"),
    "phone": (PHONE, "light"),
}


def faults(browser: Browser, page: Path) -> list[str]:
    """All that is wrong with a page, on any of the screens."""
    browser.screen(*SCREENS["desktop"])
    seen = browser.open(page)
    found = [f"console: {error}" for error in seen.errors]
    found += [f"asked for {address}" for address in seen.outside]
    found += [f"formula not set: {text}" for text in browser.run(BROKEN_FORMULAS)]
    for name, screen in SCREENS.items():
        browser.screen(*screen)
        found += [f"nothing drawn: {what} ({name})" for what in browser.run(EMPTY_DRAWINGS)]
        found += [f"sticks out: {what} ({name})" for what in browser.run(STICKING_OUT)]
        found += [f"{what} ({name})" for what in faint(browser)]
    return found


def faint(browser: Browser) -> list[str]:
    """Texts and lines of the open page that have too little contrast."""
    text, lines = browser.run(CONTRASTS)
    found = [f"faint text: {what} ({ratio:.2f})" for what, ratio in text.items() if ratio < LEGIBLE]
    return found + [f"faint line: {c} ({ratio:.2f})" for c, ratio in lines.items() if ratio < SEEN]


@pytest.mark.parametrize("name", [*BY_HAND, REFERENCE])
def test_page(browser: Browser, name: str) -> None:
    assert faults(browser, SITE / name) == []


@pytest.mark.parametrize("name", THEOREMS)
def test_theorem_page_has_formulas_and_figures(browser: Browser, name: str) -> None:
    browser.open(SITE / name)
    formulas, drawings = browser.run(
        "return [document.querySelectorAll('mjx-container[display=true]').length,"
        " document.querySelectorAll('figure > svg, figure .panels svg').length]"
    )
    assert formulas >= 10
    assert drawings >= 1


# ---------------------------------------------------------------- the animation

STATE = """
const figure = document.querySelector("figure.animation");
return {
  t: figure.querySelector("[data-t]").textContent,
  mean: figure.querySelector("tr.growing [data-mean]").textContent,
  bounded: figure.querySelector("tr.bounded [data-mean]").textContent,
  cost: figure.querySelector("tr.growing [data-cost]").textContent,
  tail: figure.querySelector("svg[data-kind=tail] .moving path.growing").getAttribute("d"),
  dot: figure.querySelector("svg[data-kind=mean] circle.growing").getAttribute("cy"),
  button: figure.querySelector("button").textContent,
};
"""
TO_FRAME = """
const slider = document.querySelector("figure.animation input");
slider.value = arguments[0];
slider.dispatchEvent(new Event("input"));
"""
FRAMES_SHOWN = """
const done = arguments[arguments.length - 1];
const figure = document.querySelector("figure.animation");
const seen = new Set();
figure.querySelector("button").click();
function look() {
  seen.add(figure.querySelector("[data-t]").textContent);
  if (seen.size >= 4) { figure.querySelector("button").click(); done(seen.size); }
  else requestAnimationFrame(look);
}
requestAnimationFrame(look);
"""


def open_still(browser: Browser) -> None:
    """Theorem 1's page, for a reader who wants no motion."""
    browser.open(SITE / FIRST)
    browser.media(prefers_reduced_motion="reduce")
    browser.driver.refresh()


def test_animation_shows_what_the_theorem_says(browser: Browser) -> None:
    open_still(browser)
    last = browser.run(STATE)
    browser.run(TO_FRAME, 0)
    first = browser.run(STATE)
    assert float(first["mean"]) < 2
    assert float(last["mean"]) > 50
    assert float(first["cost"]) > 0.1
    assert float(last["cost"]) < 1e-4
    assert last["bounded"] == "1.5000"
    assert float(last["dot"]) < float(first["dot"])
    assert last["tail"] != first["tail"]


def test_animation_plays(browser: Browser) -> None:
    open_still(browser)
    assert browser.driver.execute_async_script(FRAMES_SHOWN) == 4
    assert browser.run(STATE)["button"] == "Play"


# Until the animation plays; false if it does not within so many frames (none: as long as it takes).
BEGINS = """
const [frames, done] = arguments;
const button = document.querySelector("figure.animation button");
button.closest("figure").scrollIntoView({ block: "center", behavior: "instant" });
let seen = 0;
function look() {
  if (button.textContent === "Pause") done(true);
  else if (frames && ++seen > frames) done(false);
  else requestAnimationFrame(look);
}
requestAnimationFrame(look);
"""


def test_animation_begins_by_itself_if_motion_is_wanted(browser: Browser) -> None:
    browser.open(SITE / FIRST)
    browser.media(prefers_reduced_motion="no-preference")
    browser.driver.refresh()
    assert browser.driver.execute_async_script(BEGINS, 0)


def test_animation_does_not_begin_if_less_motion_is_wanted(browser: Browser) -> None:
    open_still(browser)
    assert not browser.driver.execute_async_script(BEGINS, 60)


# ---------------------------------------------------------------- paper

# What stays in one place on a screen is printed on every sheet, over the text.
ON_EVERY_SHEET = """
return [...document.querySelectorAll("body *")].filter(
  (e) => getComputedStyle(e).position === "fixed"
    && e.checkVisibility({ opacityProperty: true, visibilityProperty: true })
).filter((e) => {
  const box = e.getBoundingClientRect();
  return box.width > 0 && box.height > 0 && box.right > 0 && box.left < innerWidth;
}).map((e) => e.className + " " + e.textContent.slice(0, 40));
"""


@pytest.mark.parametrize("name", THEOREMS)
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_prints(browser: Browser, name: str, scheme: str) -> None:
    browser.open(SITE / name)
    browser.media("print", prefers_color_scheme=scheme)
    assert faint(browser) == []
    controls = browser.run("return document.querySelector('figure.animation .controls')")
    if controls is not None:
        assert not controls.is_displayed()
    assert browser.run(EMPTY_DRAWINGS) == []
    assert browser.run(ON_EVERY_SHEET) == []
    paper = browser.pdf()
    assert paper.startswith(b"%PDF")
    assert paper.count(b"/Type /Page\n") + paper.count(b"/Type /Page ") > 3


# ---------------------------------------------------------------- every file of the site


def test_links_lead_somewhere() -> None:
    assert MISSING is None, MISSING
    assert dead_links(SITE) == []


def test_nothing_outside_is_loaded() -> None:
    assert MISSING is None, MISSING
    assert outside_addresses(SITE) == []


# ---------------------------------------------------------------- planted

WHOLE = "<!doctype html><html lang=en><title>x</title><body><article>{}</article>"
PLANTED = {
    "an image from outside": ("<img alt=x src='http://192.0.2.1/x.png'>", "asked for"),
    "a script error": ("<script>undefined_name()</script>", "console"),
    "a complaint": ("<script>console.error('no')</script>", "console"),
    "a formula left as text": ("<span class=math>\\(x\\)</span>", "formula not set"),
    "an empty figure": ("<figure><svg role=img aria-label=x width=1 /></figure>", "nothing drawn"),
    "a figure without words": (
        "<figure><svg role=img width=300 height=300 /></figure>",
        "nothing drawn",
    ),
    "a wide block": ("<p style='width: 3000px'>wide</p>", "sticks out"),
    "faint text": ("<p style='color: #bbb'>faint</p>", "faint text"),
    "a faint line": (
        "<figure><svg role=img aria-label=x width=200 height=200>"
        "<path d='M0 0L9 9' stroke='#ddd' fill='none'/></svg></figure>",
        "faint line",
    ),
}


@pytest.mark.parametrize("planted", PLANTED)
def test_planted_fault_is_caught(browser: Browser, tmp_path: Path, planted: str) -> None:
    body, fault = PLANTED[planted]
    page = tmp_path / "page.html"
    page.write_text(WHOLE.format(body))
    found = faults(browser, page)
    assert any(what.startswith(fault) for what in found)


def test_right_page_has_no_fault(browser: Browser, tmp_path: Path) -> None:
    page = tmp_path / "page.html"
    page.write_text(WHOLE.format("<p>text</p>"))
    assert faults(browser, page) == []


def test_what_would_be_on_every_sheet_is_caught(browser: Browser, tmp_path: Path) -> None:
    page = tmp_path / "page.html"
    page.write_text(WHOLE.format("<p style='position: fixed; bottom: 0'>again</p>"))
    browser.open(page)
    browser.media("print")
    assert len(browser.run(ON_EVERY_SHEET)) == 1


def test_formula_with_an_unknown_command_is_caught(browser: Browser) -> None:
    browser.open(SITE / FIRST)
    browser.run(
        "const e = document.querySelector('.math');"
        r"e.replaceChildren(MathJax.tex2svg('\\nosuchcommand'));"
    )
    assert len(browser.run(BROKEN_FORMULAS)) == 1


def test_site_that_is_missing_or_old_is_noticed(tmp_path: Path) -> None:
    page = tmp_path / "page.md"
    page.touch()
    assert "not built" in str(missing(tmp_path, [page]))
    (tmp_path / "searchindex.js").touch()
    os.utime(page, (0, 0))
    assert missing(tmp_path, [page]) is None
    os.utime(tmp_path / "searchindex.js", (0, 0))
    page.touch()
    assert "older than its pages" in str(missing(tmp_path, [page]))


def test_dead_link_is_caught(tmp_path: Path) -> None:
    (tmp_path / "a.html").write_text(
        "<a href='b.html'>1</a><a href='a.html#no'>2</a><a href='#yes' id='yes'>3</a>"
        "<a href='https://example.org/'>4</a>"
    )
    assert dead_links(tmp_path) == ["a.html: a.html#no", "a.html: b.html"]


def test_outside_address_is_caught(tmp_path: Path) -> None:
    (tmp_path / "a.html").write_text(
        "<script src='https://example.org/x.js'></script>"
        "<link rel=stylesheet href='//example.org/x'>"
        "<a href='https://example.org/'>a link is no request</a>"
    )
    (tmp_path / "a.css").write_text("@import url(https://example.org/x.css);")
    assert len(outside_addresses(tmp_path)) == 3
