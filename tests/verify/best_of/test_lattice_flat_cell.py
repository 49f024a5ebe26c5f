"""V on one cell of a lattice in few stretches, also where it is flat where it begins."""

from __future__ import annotations

from collections.abc import Callable
from copy import copy
from functools import cache
from math import cos, sin, tau
from typing import Any

import numpy as np
import pytest
from flint import acb, arb, fmpq
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import special

from verify.best_of import best_of
from verify.best_of.lattices import flat_cell
from verify.best_of.lattices.beside_density import NEAR
from verify.best_of.lattices.beside_long_tail import BesideLongTail, beside_long_tail
from verify.best_of.lattices.blocks import Rule
from verify.best_of.lattices.cell import Cell, Window
from verify.best_of.lattices.flat_cell import FlatCell
from verify.best_of.lattices.wide_block import FirstCell, SeenFirst, first_cells
from verify.enclosure import Diverges, working_precision
from verify.laws import parse, zeta

#: Laws that are flat where they begin (the last one on all of the first cell), and others.
FLAT = ("lognormal()", "inverse_gamma(3)", "4*frechet(3)")
LAWS = (*FLAT, "weibull(1/2)", "log_logistic(3)", "genpareto(1/4)")
#: The cells that V is seen on.
WINDOW = Window(-5, 0, arb(0), arb(0))


@pytest.fixture(autouse=True)
def _precision() -> object:
    with working_precision(96):
        yield


def _beside(text: str) -> BesideLongTail:
    found = beside_long_tail(zeta(3), parse(text))
    assert found is not None
    return found


@cache
def _cell(text: str) -> Cell:
    with working_precision(96):
        return _beside(text)._cell(WINDOW, NEAR[1])


@pytest.mark.parametrize("text", LAWS)
def test_its_rules_give_what_v_has_on_each_cell(text: str) -> None:
    """By the law's own distribution function, and its part of the mean."""
    cell, law = _cell(text), parse(text)
    assert isinstance(cell, FlatCell) == (text in FLAT)
    for m in range(WINDOW.first, 1):
        row, low = cell.row(m), fmpq(-m)
        weights = [weight for _, weight in cell.nodes]
        mass = sum((a * b for a, b in zip(row.density, weights, strict=True)), arb(0))
        mean = sum((a * b for a, b in zip(row.of_v, weights, strict=True)), arb(0))
        missed = sum(
            (
                stretch.missed(size, parameter)
                for stretch, sizes in zip(cell.stretches, row.sizes, strict=True)
                for size, parameter in zip(sizes, stretch.parameters, strict=True)
            ),
            arb(0),
        )
        assert row.left + missed < 2.0**-60
        assert (mass + arb(0, (row.left + missed).upper())).overlaps(law.between(low, low + 1))
        part = law.upper_mean(low) - law.upper_mean(low + 1)  # type: ignore[operator]
        assert abs(mean - part) < 8 * 2.0**-60  # v is below 8


@settings(deadline=None, max_examples=30)
@given(st.sampled_from(LAWS), st.integers(-5, 0), st.integers(0, 99), st.floats(0, tau))
def test_a_bound_holds_on_its_ellipse(text: str, m: int, pick: int, angle: float) -> None:
    cell = _cell(text)
    stretch = cell.stretches[pick % len(cell.stretches)]
    place, r = stretch.place, stretch.parameters[0]
    inside = cell._inside(place, m)
    off = acb((r + 1 / r) / 2 * cos(angle), (r - 1 / r) / 2 * sin(angle))
    y = acb(place.middle) + acb(place.half) * off * fmpq(99, 100)
    size = sum((d.over(acb(place.t(y)) - cell.exact * m) for d in inside), arb(0))
    found = size * acb(place.slope(y)).abs_upper()
    if found.is_finite():  # off the branch of the formula it is known by its root alone
        assert found.lower() <= cell.row(m).sizes[cell.stretches.index(stretch)][0]


# ---- what is left out ---------------------------------------------------------------------------


def _first_cell(beside: BesideLongTail, k: int) -> FirstCell:
    window = first_cells(k)
    return FirstCell(SeenFirst(beside.long, k, beside._cell(window, NEAR[1])), k, False)


def _weighted(cell: FirstCell, above: arb, n: int) -> arb:
    """What U has there under the best of n."""
    return cell.whole.integrals(n, above)[0]


@pytest.mark.parametrize("text", ["lognormal()", "inverse_gamma(3)"])
def test_what_is_left_out_is_counted(text: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """With a mass of 2^-11 left out, which is seen, and that is not said."""
    beside, k = _beside(text), 2
    exact, law = _first_cell(beside, k), parse(text)
    want = sum(
        (beside.long.tail.masses([i])[0] * law.between(k - i, k + 1 - i) for i in range(1, k + 1)),
        arb(0),
    )
    assert abs(exact.totals[0] - want) < 2.0**-60
    monkeypatch.setattr(flat_cell, "LEFT_BITS", 11 - 60)
    rough = _first_cell(beside, k)
    left = rough.cell.row(0).left
    assert 2.0**-14 < left < 2.0**-11
    assert abs(rough.totals[0] - want) > 2.0**-18
    assert (rough.totals[0] + arb(0, rough.missed[0])).overlaps(want)
    # Under the best of 3 as well: the part itself, and the ranks where it is left out.
    true = _weighted(exact, exact.above_at(k + 1), 3)
    found = _weighted(rough, rough.above_at(k + 1), 3)
    assert found.overlaps(true) and found.rad() < 2.0**-6

    wrong = copy(rough)
    wrong.rules = [*wrong.rules[:-1], [Rule(arb(0), (arb(0), arb(0), arb(0)))]]
    del wrong.__dict__["missed"]
    assert not (wrong.totals[0] + arb(0, wrong.missed[0])).overlaps(want)


def test_ranks_are_off_by_what_is_left_out(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(flat_cell, "LEFT_BITS", 11 - 60)
    beside, k = _beside("lognormal()"), 2
    rough = _first_cell(beside, k)
    assert rough.ranks_moved >= beside.long.tail.masses([k])[0] * rough.cell.row(0).left
    assert rough.ranks_moved == rough.rank_missed > 2.0**-17


# ---- the answers --------------------------------------------------------------------------------

Function = Callable[[Any], Any]


def _best_of_two(s: float, density: Function, survival: Function, above: Function) -> float:
    """``E[V | best of two]`` in float64, X of ``zeta(s)``; ``above``: ``E[V; V > t]``.

    With ``D = X - X'`` it is ``2 E[V; V' <= V + D]``. For ``D >= 0`` that is E V less
    ``E[V; V' > V + D]``, and below ``E above(V' - D)``; beyond ``|D| = 3000`` there is E V or 0,
    as V is beyond 3000 with 4e-11 at most, and D with 2e-4.
    """
    atoms, apart = np.arange(1.0, 10001), np.arange(3001.0)
    masses = atoms**-s / special.zeta(s)
    chance = np.array([masses @ ((atoms + d) ** -s / special.zeta(s)) for d in apart])
    # Atoms further on, by an integral: 2e-13 for s = 2, and d next to 0 is what matters.
    chance += 10000.5 ** (1 - 2 * s) / ((2 * s - 1) * special.zeta(s) ** 2)
    roots, weights = np.polynomial.legendre.leggauss(20)
    ends = np.linspace(-60, 40, 401)
    v = np.exp((ends[1:, None] + ends[:-1, None] + (ends[1] - ends[0]) * roots).ravel() / 2)
    mass = density(v) * v * np.tile(weights * (ends[1] - ends[0]) / 2, 400)
    v, mass = v[mass > 1e-40], mass[mass > 1e-40]
    mean = mass @ v
    total = ((1 - chance[0]) / 2 - chance[1:].sum()) * mean
    for d, share in zip(apart, chance, strict=True):
        total += share * (mean - (mass * v) @ survival(v + d))
        total += share * (mass @ above(v + d)) if d > 0 else 0
    return float(2 * total)


REFERENCES: dict[str, tuple[Function, Function, Function]] = {
    "lognormal()": (
        lambda v: np.exp(-(np.log(v) ** 2) / 2) / (v * np.sqrt(tau)),
        lambda v: special.ndtr(-np.log(v)),
        lambda v: np.exp(0.5) * special.ndtr(1 - np.log(v)),
    ),
    "weibull(shape=1/2)": (
        lambda v: np.exp(-np.sqrt(v)) / (2 * np.sqrt(v)),
        lambda v: np.exp(-np.sqrt(v)),
        lambda v: (v + 2 * np.sqrt(v) + 2) * np.exp(-np.sqrt(v)),
    ),
    "frechet(alpha=3)": (
        lambda v: 3 * v**-4 * np.exp(-(v**-3)),
        lambda v: -np.expm1(-(v**-3)),
        lambda v: special.gammainc(2 / 3, v**-3) * special.gamma(2 / 3),
    ),
}


@pytest.mark.heavy
@pytest.mark.parametrize(("s", "text"), [*((3, text) for text in REFERENCES), (2, "lognormal()")])
def test_the_best_of_two_by_sums_over_the_difference(s: int, text: str) -> None:
    pair = best_of(f"zeta(s={s})", text)
    found = pair.at(2).mean_v
    assert isinstance(found, arb) and found.rad() < 1e-14
    # Float64 sums of 3,000 terms of one sign, and e^-30 of the mass of the Weibull law is cut off.
    assert abs(found - _best_of_two(float(s), *REFERENCES[text])) < 1e-12
    for n in (100, 10**6, 10**18):
        numbers = pair.at(n)
        assert isinstance(numbers.mean_v, arb)
        assert numbers.mean_v.rad() < numbers.mean_v * 1e-12
        assert isinstance(numbers.mean_x, Diverges if s == 2 else arb)
