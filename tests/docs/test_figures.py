"""What figures and the animation show is computed right, by a second route, and takes the page's
colours."""

from __future__ import annotations

import json
import re
from decimal import Decimal
from functools import cache
from typing import Any

import mpmath as mp
import pytest
from flint import arb, fmpq

from docs import animation, figures
from docs.figures import canvas, theorem_1, theorem_2
from docs.generate import pages
from verify.enclosure import working_precision
from verify.law import Law
from verify.laws import student_t
from verify.plotting import BASE
from verify.reweighted import reweight
from verify.weight import Threshold

drawn = cache(figures.svg)

DIGITS = 25
"""Of mpmath's 40, 15 are left for what it loses in the quadrature of a rational function."""


def student_by_mpmath(t: mp.mpf, p: mp.mpf) -> tuple[mp.mpf, mp.mpf]:
    """Mean and cost of mass p above t for Student t(3), from integrals of its density."""

    def density(x: mp.mpf) -> mp.mpf:
        return 6 * mp.sqrt(3) / (mp.pi * (3 + x * x) ** 2)

    # x = t/y: rational functions of y on [0, 1].
    q = mp.quad(lambda y: density(t / y) * t / y**2, [0, 0.5, 1])
    upper = mp.quad(lambda y: density(t / y) * t * t / y**3, [0, 0.5, 1])
    mean = upper * (p / q - (1 - p) / (1 - q))
    return mean, p * mp.log(p / q) + (1 - p) * mp.log((1 - p) / (1 - q))


@pytest.mark.parametrize("rule", animation.RULES, ids=lambda rule: rule.key)
@pytest.mark.parametrize("t", ["3", "1e4", "1e8"])
def test_animation_numbers_by_a_second_route(rule: animation.Rule, t: str) -> None:
    with working_precision(canvas.BITS), mp.workdps(40):
        now = animation.moment(rule, Decimal(t))
        mass = mp.mpf(str(now.law.weight.mass))
        assert abs(mass / mp.mpf(t) ** mp.mpf(str(rule.exponent)) - 1) < 1e-10
        for ball, number in zip(
            (now.mean, now.kl), student_by_mpmath(mp.mpf(t), mass), strict=True
        ):
            assert abs(mp.mpf(ball.str(30, radius=False)) / number - 1) < mp.mpf(10) ** -DIGITS


@pytest.fixture(scope="module")
def shown() -> list[dict[str, Any]]:
    text = re.search(r'<script type="application/json">(.*)</script>', animation.html())
    assert text is not None
    frames: list[dict[str, Any]] = json.loads(text[1])
    return frames


def test_animation_goes_from_the_first_threshold_to_the_last(shown: list[dict[str, Any]]) -> None:
    assert len(shown) == animation.FRAMES
    assert [shown[0]["t"], float(shown[-1]["t"])] == ["3.00", animation.LAST_T]


def test_animation_moves_as_its_numbers_do(shown: list[dict[str, Any]]) -> None:
    """Higher up on the page is a smaller coordinate."""
    growing = [frame["growing"] for frame in shown]
    for kind, text, sign in (("mean", "meanText", 1), ("cost", "costText", -1)):
        heights = [-frame[kind][1] * sign for frame in growing]
        numbers = [float(frame[text]) * sign for frame in growing]
        assert heights == sorted(heights)
        assert numbers == sorted(numbers)
        assert numbers[-1] > numbers[0]


def test_place_in_a_panel_is_where_matplotlib_draws() -> None:
    """A curve that matplotlib drew itself goes through the places that the panel gives."""
    ends = [(1.0, 1e-3), (1e4, 1e-9)]

    def draw(axes: Any) -> None:
        axes.plot(*zip(*ends, strict=True), color=BASE, gid="curve")

    panel = animation.panel("y", "x", (0.1, 1e5), (1e-10, 1.0), draw)
    line = re.search(r'id="curve".*?d="M ([\d.]+) ([\d.]+) \s*L ([\d.]+) ([\d.]+)', panel.svg, re.S)
    assert line is not None
    given = [number for end in ends for number in panel.place(*end)]
    assert [float(number) for number in line.groups()] == pytest.approx(given, abs=0.06)


# ---------------------------------------------------------------- figures


@pytest.mark.parametrize("name", figures.FIGURES)
def test_figure_takes_the_colours_of_the_page(name: str) -> None:
    assert re.findall(r"(?:fill|stroke): #", drawn(name)) == []
    assert "var(--drawing-ink)" in drawn(name)
    head = drawn(name)[: drawn(name).index(">")]
    assert "viewBox" in head
    assert " width=" not in head


@pytest.mark.parametrize("name", figures.FIGURES)
def test_figure_is_on_a_page(name: str) -> None:
    assert any(f"{{drawing}} {name}\n:alt: " in page.read_text("utf-8") for page in pages())


def test_rise_by_a_second_route() -> None:
    law = student_t(df=3)
    with working_precision(canvas.BITS):
        optimised = reweight(law, Threshold.at("1000", "0.001")).mean()
        assert isinstance(optimised, arb)
        assert abs(theorem_1.rise(law, fmpq(1000)) - optimised) < arb(10) ** -DIGITS


def test_best_means_by_a_second_route() -> None:
    budgets, means = theorem_2.best_means(Law.parse("exponential()"), [fmpq(1, 2), fmpq(3)])
    closed = [float(-mp.lambertw(-mp.exp(-1 - mp.mpf(d)), -1).real) for d in budgets]
    assert means == pytest.approx(closed, rel=1e-12)
