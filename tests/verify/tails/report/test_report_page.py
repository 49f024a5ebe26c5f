"""The report: whole, escaped, self-contained, and read in a real browser on two screens."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace
from html.parser import HTMLParser
from math import inf, nan
from pathlib import Path

import numpy as np
import pytest

from tests.docs.browser import DESKTOP, PHONE, Browser, chromium, program_missing, required
from verify.tails.audit import Audit, audit_rewards
from verify.tails.consequences.answer import Answer
from verify.tails.report.html import Page, Section, Table
from verify.tails.report.sections import facts, page_of
from verify.tails.report.terminal import terminal_lines
from verify.tails.report.words import (
    between,
    cap_in_words,
    headline,
    in_symbols,
    nats,
    shown,
    turn_in_words,
    with_interval,
)
from verify.tails.verdict import Interval

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
        (0.0, "0"), (1234.5, "1,234"), (12345.6, "12,350"), (0.00012345, "0.0001234"),
    ],
)  # fmt: skip
def test_numbers_for_readers(value: float | None, said: str) -> None:
    assert shown(value) == said
    assert between(value, None) == "–"


def test_few_digits_do_not_hide_that_ends_differ() -> None:
    """Rewards around 100 in bf16: '101.5 to 101.5' says nothing."""
    assert between(101.484, 101.541) == "101.48 to 101.54"
    assert between(2.0, 2.0) == "2 to 2"
    assert with_interval(Interval(101.51, 101.484, 101.541), 4) == "101.51 (101.48 to 101.54)"
    assert with_interval(Answer(3730.0, None, None, "verdict", "")) == "3,730"
    assert with_interval(Answer(None, 101.0, inf, "fitted tail", "")) == "101 or more"
    assert with_interval(Interval(nan, -inf, inf)) == "–"
    assert (nats(1.0), nats(0.5)) == ("1 nat", "0.5 nats")


@pytest.fixture(scope="module")
def light() -> Audit:
    return audit_rewards(np.random.default_rng(4).weibull(0.9, 4000))


def test_a_light_verdict_says_what_it_rules_out(light: Audit) -> None:
    """And that what is heavy by less passes: the line is at 1."""
    highest = light.verdict.ruled_out
    assert light.verdict.kind == "light" and highest is not None and highest > 1
    said = headline(light)
    assert f"above {highest:.2f} are ruled out; heavy begins at 1" in said
    assert "heavy by a little passes as light. If it goes on like this, a KL penalty" in said
    first = next(iter(page_of(light).sections))
    assert first.title == "Before you rely on it" and f"up to {highest:.2f}" in first.paragraphs[-3]
    assert cap_in_words(light).startswith("none is needed if it goes on like this")
    strict = replace(light, verdict=replace(light.verdict, ruled_out=0.7))
    assert "above 0.70 are ruled out, and heavy begins at 1." in headline(strict)


def test_every_verdict_says_how_often_it_is_wrong(audited: Audit, light: Audit) -> None:
    """A heavy one without warnings too; "cannot tell" is never wrong."""
    plain = replace(audited, warnings=())
    for audit in (plain, light):
        said = dict(facts(audit))["wrong verdicts"]
        assert said.startswith("of 10,000 rewards, light laws are called heavy in up to 2.2 %")
        first = next(iter(page_of(audit).sections))
        assert first.name == "caveats" and said in first.paragraphs[-1]
        assert any(said[:40] in line for line in terminal_lines(audit))
        assert audit.to_dict()["verdict_error_rates"]["n"] == 10_000
    unknown = replace(plain, verdict=replace(plain.verdict, kind="cannot tell"))
    assert "wrong verdicts" not in dict(facts(unknown))


def test_the_terminal_answer_stays_short(audited: Audit) -> None:
    """Whatever there is to say: the picture shrinks, and the rest is counted."""
    long = tuple(f"{number} " + "word " * 60 for number in range(5))
    assert audited.prompts is not None and audited.consequences.gold is not None
    lines = terminal_lines(replace(audited, warnings=long))
    assert len(lines) < 40 and max(map(len, lines)) <= 88
    shown = sum(line.startswith("warning: ") for line in lines)
    assert 0 < shown < 5 and lines[-1].startswith(f"and {5 - shown} more to know")


def test_clipped_rewards_are_called_so() -> None:
    """The cap is told, and nothing is estimated from the rewards that equal it."""
    rewards = np.minimum(np.random.default_rng(5).standard_t(3, 4000), 3.0)
    capped, audit = int((rewards == 3.0).sum()), audit_rewards(rewards)
    assert audit.verdict.kind == "bounded" and audit.verdict.capped == capped > 50
    assert f"{capped} rewards equal the largest, 3, as if clipped there" in headline(audit)
    assert "audit them before clipping" in headline(audit)
    assert not audit.estimates.estimates and audit.estimates.fit is None
    assert not any("two kinds of answers" in warning for warning in audit.warnings)
    assert "wrong verdicts" not in dict(facts(audit))


def test_the_last_curve_is_named_in_a_sentence(light: Audit, audited: Audit) -> None:
    said = {
        audit.verdict.kind: section.paragraphs[0]
        for audit in (light, audited)
        for section in page_of(audit).sections
        if section.name == "budgets"
    }
    assert said["light"].startswith("The last curve rests on generalised Pareto tails")
    assert said["heavy"].startswith("The tail is heavy")


def test_negated_rewards_are_called_so(light: Audit) -> None:
    lower = replace(light, scores=replace(light.scores, side="lower"))
    assert headline(lower).startswith("The lower tail (that of the rewards negated")
    assert "set the cap on negated rewards to (KL budget 2)" in dict(facts(lower))


def test_a_cap_says_which_way_is_safe(audited: Audit) -> None:
    assert audited.consequences.cap.clipped > 0
    assert cap_in_words(audited).endswith("; lower is safer")
    (section,) = (each for each in page_of(audited).sections if each.name == "cap")
    assert "above the mean of the clipped rewards." in section.paragraphs[-1]
    found = audited.consequences.cap
    beyond = replace(found, cap=Answer(1e6, None, None, "fitted tail", ""))
    further = replace(audited, consequences=replace(audited.consequences, cap=beyond))
    assert cap_in_words(further).startswith("1,000,000; lower is safer, and this is beyond every")


def test_penalties_say_once_what_the_tail_is(audited: Audit) -> None:
    (section,) = (each for each in page_of(audited).sections if each.name == "penalties")
    (called,) = section.paragraphs
    for row in section.tables[0].rows:
        assert called.rstrip(".").lower() not in row[2].lower()
        assert "oo" not in row[2] and "X_+" not in row[2]
    assert in_symbols("E X_+^4/3 is finite, E exp(l X) = oo") == (
        "E X₊^(4/3) is finite, E exp(l X) = ∞"
    )


def test_numbers_stay_on_a_line_and_sentences_do_not() -> None:
    page = Section("a", "a", (), (), (Table(("n", "why"), (("1 → 2", "word " * 12),)),))
    text = Page("", "light", "", (), (page,)).html()
    assert "<td>1 → 2</td>" in text and '<td class="text">word' in text


def test_the_gold_score_is_told(audited: Audit) -> None:
    """In the facts, which the terminal prints too; its table has no points that rest on few."""
    gold = audited.consequences.gold
    assert gold is not None
    told = turn_in_words(gold)
    assert dict(facts(audited))["gold score"] == "; ".join(told)
    turned = replace(gold, turn=Answer(0.3, 0.25, 0.4, "estimated from these rewards", "why"))
    assert turn_in_words(turned)[0] == (
        "tilting: turns at KL 0.3 (looked at: KL 0.25 and 0.4): why"
    )
    (section,) = (each for each in page_of(audited).sections if each.name == "gold")
    assert len(section.tables[0].rows) == sum(each.reliable for each in gold.tilts) < 24
    assert section.paragraphs[0].startswith("Tilting: no turn seen up to KL ")
    assert section.paragraphs[1].startswith("Best of n: falls from ")
    best_of, forms = section.tables[1:]
    assert [row[0] for row in best_of.rows] == [f"{each.n:,}" for each in gold.best_of]
    assert all(" to " in row[2] for row in best_of.rows)
    assert forms.titles[0] == "form of Gao et al." and forms.rows


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
    assert len(drawn) == 9 and all(width > 250 and height > 120 for width, height in drawn)
    # A picture alone in its row takes the row, with its caption beside it or below.
    widths = browser.run(
        "const f = document.querySelector('#picture-best-of-n'); return [f, f.parentElement].map("
        "(e) => e.getBoundingClientRect().width)"
    )
    assert widths[0] == widths[1]
    ink = browser.run(
        "return getComputedStyle(document.querySelector('figure svg text, figure svg path')).fill"
    )
    assert ink
