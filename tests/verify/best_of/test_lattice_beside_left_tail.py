"""Best-of-n of a power tail on a lattice beside a long tail on the left, against plain sums."""

from __future__ import annotations

from copy import copy
from functools import cache

import pytest
from flint import arb, fmpq

from verify.affine import affine
from verify.best_of import best_of
from verify.best_of.convolution.interval_sums import Place, Sums, terms
from verify.best_of.convolution.two_densities import TwoDensities
from verify.best_of.lattices.beside_density import FAR
from verify.best_of.lattices.beside_left_tail import BesideLeftTail, beside_left_tail
from verify.best_of.lattices.far_atoms import FarAtoms
from verify.best_of.lattices.far_left import FarLeft
from verify.best_of.lattices.left_long_tail import BEGIN
from verify.best_of.lattices.long_tail import REACH
from verify.best_of.lattices.wide_block import Seen, WideBlock
from verify.best_of.monte_carlo import monte_carlo_best_of
from verify.best_of.panel import Panel
from verify.best_of.parts.density import take_apart
from verify.enclosure import working_precision
from verify.laws import parse, zeta
from verify.taylor_series import series_length
from verify.utility_curve import Estimate

#: The cells of the block that is looked at, one of them, and atoms that are summed up.
COUNT, CELL, MANY = 13, BEGIN + 5, 2000


@pytest.fixture(autouse=True)
def _precision() -> object:
    with working_precision(96):
        yield


@cache
def _beside() -> BesideLeftTail:
    """A lattice of step 1/2 that begins at 0, beside a Pareto law turned round that ends there."""
    error = affine(zeta(3), fmpq(-1, 2), fmpq(1, 2))
    beside = beside_left_tail(error, affine(parse("pareto(5/2)"), fmpq(1), fmpq(-1)))
    assert beside is not None
    return beside


@cache
def _seen() -> Seen:
    with working_precision(96):
        return _beside()._seen(FAR[1])


@cache
def _block() -> WideBlock:
    with working_precision(96):
        return WideBlock(_seen(), BEGIN, COUNT, False)


def _beyond(k: int, s: arb | int = 0) -> tuple[arb, arb, arb]:
    """``Pr(U > t)``, ``E[V; U > t]`` and ``E[X; U > t]`` at ``x(k) + s``.

    Many atoms one by one; for all beyond V is anywhere but in a tail, where little of it is.
    """
    tail, law = _beside().long.tail, _beside().long.law
    mean = law.mean()
    assert isinstance(mean, arb)
    mass = of_v = lifted = arb(0)
    places = range(k + 1, MANY + 1)
    for i, own in zip(places, tail.masses(places), strict=True):
        v = arb(s) + tail.step * (k - i)
        chance, part = 1 - law.cdf(v), law.upper_mean(v)
        assert isinstance(part, arb)
        mass, of_v, lifted = mass + own * chance, of_v + own * part, lifted + own * chance * i
    last = arb(s) + tail.step * (k - MANY)
    (rest, more), part = (tail.above([arb(MANY)], i)[0] for i in (0, 1)), law.upper_mean(last)
    assert isinstance(part, arb)
    chance = (1 - law.cdf(last)).union(arb(1))
    mass, of_v, lifted = (
        mass + rest * chance,
        of_v + rest * part.union(mean),
        lifted + more * chance,
    )
    return mass, of_v, tail.shift * mass + tail.step * lifted


@cache
def _ends() -> tuple[tuple[arb, arb, arb], tuple[arb, arb, arb]]:
    """That where the block begins, and where it ends."""
    return _beyond(BEGIN), _beyond(BEGIN + COUNT)


def _density(t: arb, first: int) -> arb:
    """The density of U at a point, of the atoms from one on."""
    tail, (density,) = _beside().long.tail, _beside().long.parts.densities
    places = range(first, MANY + 1)
    pairs = zip(places, tail.masses(places), strict=True)
    found = sum((own * density.at(t - arb(tail.place(k))) for k, own in pairs), arb(0))
    rest = tail.above([arb(MANY)])[0] * density.at(t - arb(tail.place(MANY)))
    return found + arb(0).union(rest)


# ---- the blocks -------------------------------------------------------------------------------


def test_a_block_has_what_is_between_its_ends() -> None:
    block = _block()
    ends = zip(*_ends(), strict=True)
    for found, miss, (start, end) in zip(block.totals, block.missed, ends, strict=True):
        between = start - end
        assert between.rad() < abs(between) * 2.0**-22
        assert (found + arb(0, miss)).overlaps(between)
        assert miss < abs(found) * 2.0**-54


def test_its_densities_are_sums_over_all_atoms() -> None:
    block = _block()
    y, place = (arb(CELL) - block.centre) / block.half, arb(block.tail.place(CELL))
    for j in (0, len(block.cell.nodes) - 1):
        s = block.cell.nodes[j][0]
        want = _density(place + s, CELL + 1)
        assert want.rad() < want * 2.0**-32 and block.mass[j](y).overlaps(want)


def test_its_ranks_fall_by_what_is_between() -> None:
    block = copy(_block())
    block.add_above(arb(0), arb(0))
    y, (s, _) = (arb(CELL) - block.centre) / block.half, block.cell.nodes[-1]
    found = block.above[-2](y) - block.above_at(BEGIN + COUNT)
    want = _beyond(CELL, s)[0] - _ends()[1][0]
    assert found.overlaps(want) and found.rad() < found * 2.0**-54


@pytest.mark.parametrize("row", [0, 2])
def test_an_end_that_is_left_out_is_seen(row: int) -> None:
    """Of the densities, and of the ranks."""
    wrong = copy(_seen())
    edge = list(wrong.edge)
    edge[row] = 0 * edge[row]
    wrong.edge = edge[0], edge[1], edge[2]
    block = WideBlock(wrong, BEGIN, COUNT, False)
    block.add_above(arb(0), arb(0))
    want = _ends()[0][0] - _ends()[1][0]
    found = block.totals[0] + arb(0, block.missed[0])
    if row == 2:
        found = block.above_at(BEGIN) - block.above_at(BEGIN + COUNT)
    assert not found.overlaps(want)


# ---- left of the blocks -------------------------------------------------------------------------


def _far_atoms(has_end: bool) -> tuple[Panel, arb]:
    """What the atoms far out have on an interval, by the formula, and its middle."""
    long = _beside().long
    far, (density,) = FarAtoms(long, False), long.parts.densities
    place = Place(arb(2), arb(3))
    with series_length(terms()):
        sums = Sums(place, _density(place.middle, BEGIN))
        TwoDensities(long.smooth(far.start), density).add_to(sums)
        if has_end:
            far.add_to(sums)
        return Panel.of(place, sums.expansion()), place.middle


def test_atoms_far_out_are_an_integral_and_an_end() -> None:
    for has_end in (True, False):
        panel, middle = _far_atoms(has_end)
        want = _density(middle, BEGIN + REACH + 1)
        found = panel.mass(arb(0)) / panel.place.half + arb(0, panel.missed[0])
        assert want.rad() < want * 2.0**-16
        assert found.overlaps(want) == has_end


def test_a_bound_far_on_the_left_is_one() -> None:
    parts = take_apart(parse("-pareto(5/2)"))
    far, (density,) = FarLeft(parts, fmpq(20)), parts.densities
    for distance in (20, 50, 10**6):
        height, of_v = far.beyond(arb(distance))
        own = density.at(-arb(distance))
        assert own < height < 4 * own and own * distance < of_v < 4 * own * distance
    assert not far.beyond(arb(19))[0].is_finite()


# ---- what is taken, and the answers -------------------------------------------------------------


def test_what_is_no_such_pair() -> None:
    pareto = affine(parse("pareto(3)"), fmpq(1), fmpq(-1))
    assert all(beside_left_tail(zeta(s), pareto) is not None for s in (fmpq(3, 2), 3, 19))
    below = affine(zeta(3), fmpq(-2), fmpq(1))
    for error in (zeta(fmpq(4, 3)), zeta(20), -zeta(3), below, parse("poisson(3)")):
        assert beside_left_tail(error, pareto) is None
    for text in ("-pareto(3)", "pareto(3)", "-lognormal()", "uniform()-1", "cauchy()"):
        assert beside_left_tail(zeta(3), parse(text)) is None


@pytest.mark.heavy
@pytest.mark.parametrize(
    ("error", "utility"),
    [("zeta(3)", "-pareto(5/2)"), ("-genpareto(1/4)", "zeta(5/2)"), ("zeta(19)", "-pareto(3)")],
)
def test_answers_up_to_a_billion_billion(error: str, utility: str) -> None:
    x, v = parse(error), parse(utility)
    pair = best_of(x, v)
    for n in (2, 100, 10**6, 10**18):
        numbers = pair.at(n)
        for mean in (numbers.mean_v, numbers.mean_x):
            assert isinstance(mean, arb) and mean.rad() < abs(mean) * 1e-10
    for n, point in zip((2, 100), monte_carlo_best_of(x, v, [2, 100], 10**6, seed=5), strict=True):
        exact = pair.at(n).mean_v
        assert isinstance(exact, arb) and isinstance(point.mean_v, Estimate)
        assert abs(point.mean_v.value - float(exact.mid())) < 6 * point.mean_v.standard_error
