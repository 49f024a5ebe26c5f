"""Best-of-n of a power tail on a lattice beside a density with a long tail, against plain sums."""

from __future__ import annotations

from copy import copy
from functools import cache

import pytest
from flint import arb, arb_mat, fmpq

from verify.affine import affine
from verify.best_of import best_of
from verify.best_of.lattices import long_tail, long_tail_error, wide_block
from verify.best_of.lattices.beside_density import FAR, NEAR
from verify.best_of.lattices.beside_long_tail import beside_long_tail
from verify.best_of.lattices.cell import Cell
from verify.best_of.lattices.long_tail import BEGIN, REACH, LongTail, midpoint_factors
from verify.best_of.lattices.long_tail_error import FormulaError
from verify.best_of.lattices.power_tail import PowerTail
from verify.best_of.lattices.wide_block import (
    FirstCell,
    Seen,
    SeenFirst,
    WideBlock,
    first_cells,
)
from verify.best_of.monte_carlo import monte_carlo_best_of
from verify.enclosure import Diverges, working_precision
from verify.laws import parse, zeta
from verify.utility_curve import Estimate

#: The cells of the block that is looked at, and one of them.
COUNT, CELL = 58, BEGIN + 20


@pytest.fixture(autouse=True)
def _precision() -> object:
    with working_precision(96):
        yield


def _long() -> LongTail:
    """A lattice of step 1/2 that begins at 0, beside a Pareto law that does."""
    error = affine(zeta(3), fmpq(-1, 2), fmpq(1, 2))
    beside = beside_long_tail(error, affine(parse("pareto(5/2)"), fmpq(-1), fmpq(1)))
    assert beside is not None
    return beside.long


@cache
def _seen() -> Seen:
    with working_precision(96):
        long = _long()
        cell = Cell(long.parts, long.step, long.window, *FAR)
        return Seen(long, cell, FormulaError(long))


@cache
def _block() -> WideBlock:
    with working_precision(96):
        return WideBlock(_seen(), BEGIN, COUNT, False)


def _beyond(k: int, s: arb | int = 0) -> tuple[arb, arb, arb]:
    """``Pr(U > t)``, ``E[V; U > t]`` and ``E[X; U > t]`` at ``x(k) + s``, atom by atom."""
    long = _seen().long
    tail, law = long.tail, long.law
    mean = law.mean()
    assert isinstance(mean, arb)
    mass = tail.above([arb(k)])[0]
    lifted = tail.above([arb(k)], 1)[0]
    of_v = mass * mean
    for i in range(1, k + 1):
        v, own = arb(s) + tail.step * (k - i), tail.masses([i])[0]
        chance, part = law.survival(v), law.upper_mean(v)
        assert isinstance(part, arb)
        mass, lifted, of_v = mass + own * chance, lifted + own * chance * i, of_v + own * part
    return mass, of_v, tail.shift * mass + tail.step * lifted


def _density(k: int, s: arb) -> arb:
    """The density of U there, atom by atom."""
    long = _seen().long
    return sum(
        (
            long.tail.masses([i])[0] * density.at(s + long.step * (k - i))
            for i in range(1, k + 1)
            for density in long.parts.densities
        ),
        arb(0),
    )


# ---- the blocks -------------------------------------------------------------------------------


def test_beyond_a_block_is_what_a_sum_over_all_atoms_says() -> None:
    for found, want in zip(_block().right(), _beyond(BEGIN + COUNT), strict=True):
        assert found.overlaps(want) and found.rad() < abs(want) * 2.0**-72


def test_a_block_has_what_is_between_its_ends() -> None:
    block = _block()
    ends = zip(_beyond(BEGIN), _beyond(BEGIN + COUNT), strict=True)
    rows = zip(block.totals, block.missed, ends, strict=True)
    for found, miss, (start, end) in rows:
        assert (found + arb(0, miss)).overlaps(start - end)
        assert miss < (start - end) * 2.0**-54


def test_its_ranks_and_densities_are_sums_over_all_atoms() -> None:
    block = copy(_block())
    block.add_above(block.seen.long.beyond(BEGIN + COUNT)[0], arb(0))
    y = (arb(CELL) - block.centre) / block.half
    for j in (0, len(block.cell.nodes) - 1):
        s = block.cell.nodes[j][0]
        mass, found = _beyond(CELL, s)[0], block.above[j](y)
        assert (found + arb(0, block.rank_missed)).overlaps(mass)
        assert block.rank_missed < mass * 2.0**-54
        want = _density(CELL, s)
        assert abs(block.mass[j](y) - want) < want * 2.0**-54
    assert block.above_at(BEGIN + COUNT).overlaps(_beyond(BEGIN + COUNT)[0])


def test_a_cell_before_the_blocks_has_what_is_between_its_ends() -> None:
    long = _seen().long
    last = 15
    seen = SeenFirst(long, last, Cell(long.parts, long.step, first_cells(last), *NEAR))
    for k in (2, last):  # X is 0 on the first one
        cell = FirstCell(seen, k, False)
        ends = zip(_beyond(k), _beyond(k + 1), strict=True)
        for found, miss, (start, end) in zip(cell.totals, cell.missed, ends, strict=True):
            assert (found + arb(0, miss)).overlaps(start - end)
            assert miss < (start - end) * 2.0**-50
        assert cell.above_at(k).overlaps(_beyond(k)[0])
        assert cell.above_at(k + 1).overlaps(_beyond(k + 1)[0])


# ---- the formula ------------------------------------------------------------------------------


def _off(long: LongTail, k: int, s: arb) -> arb:
    """What the formula gives of the density, less the sum over all atoms."""
    far = long.far(BEGIN, COUNT)
    middle = arb(long.tail.place(BEGIN) + long.tail.place(BEGIN + COUNT)) / 2
    y = (arb(long.tail.place(k)) + s - middle) / far.half
    powers = arb_mat([long.powers(arb(k) - long.upper_place)])
    found = far.panel.mass(y) / far.half + (powers * long.edge([s])[0])[0, 0]
    for i in range(k - REACH, k + 1):
        own = sum((d.at(s + long.step * (k - i)) for d in long.parts.densities), arb(0))
        found += long.tail.masses([i])[0] * own
    return found - _density(k, s)


def test_a_formula_of_few_terms_misses_no_more_than_is_said(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """With 4 terms for 28 its error is seen."""
    s = arb("0.4")
    assert abs(_off(_seen().long, CELL, s)) < _density(CELL, s) * 2.0**-60
    midpoint_factors.cache_clear()
    for module in (long_tail, long_tail_error, wide_block):
        monkeypatch.setattr(module, "ORDER", 4)
    few = _long()
    off, bound = _off(few, CELL, s), FormulaError(few).missed(BEGIN, COUNT).mass
    midpoint_factors.cache_clear()
    assert abs(off) > _density(CELL, s) * 2.0**-50 and abs(off) < bound


# ---- planted violations -----------------------------------------------------------------------


@pytest.mark.parametrize("row", [0, 2])
def test_an_upper_end_that_is_left_out_is_seen(row: int) -> None:
    """Of the densities, and of the ranks."""
    wrong = copy(_seen())
    edge = list(wrong.edge)
    edge[row] = 0 * edge[row]
    wrong.edge = edge[0], edge[1], edge[2]
    block = WideBlock(wrong, BEGIN, COUNT, False)
    start, end = _beyond(BEGIN)[0], _beyond(BEGIN + COUNT)[0]
    if row == 0:
        assert not (block.totals[0] + arb(0, block.missed[0])).overlaps(start - end)
    else:
        assert not block.right()[0].overlaps(end)


def test_ranks_without_what_is_far_beyond_are_seen() -> None:
    block = copy(_block())
    assert not block.above_at(BEGIN + COUNT).overlaps(_beyond(BEGIN + COUNT)[0])


# ---- what is taken, and the answers -------------------------------------------------------------


def test_what_is_no_such_pair() -> None:
    pareto = affine(parse("pareto(3)"), fmpq(-1), fmpq(1))
    assert all(beside_long_tail(zeta(s), pareto) is not None for s in (fmpq(3, 2), 3, 19))
    below = affine(zeta(3), fmpq(-2), fmpq(1))
    for error in (zeta(fmpq(4, 3)), zeta(20), -zeta(3), below, parse("poisson(3)")):
        assert beside_long_tail(error, pareto) is None
    for text in ("pareto(3)", "weibull(shape=1/7)", "uniform()", "poisson(3)"):
        assert beside_long_tail(zeta(3), parse(text)) is None


def test_an_infinite_mean_beyond_an_atom_is_not_known() -> None:
    tail = PowerTail.of(zeta(2))
    assert tail is not None
    assert tail.above([arb(5)])[0].is_finite() and not tail.above([arb(5)], 1)[0].is_finite()


@pytest.mark.heavy
@pytest.mark.parametrize(
    ("error", "utility"), [("zeta(3)", "pareto(5/2)"), ("genpareto(1/4)", "zeta(5/2)")]
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


@pytest.mark.heavy
def test_beside_a_law_without_a_mean() -> None:
    """Far out ``E[X; X > t]`` is ``1/(zeta(3) t)``, and ``Pr(V > t)`` is ``2/(pi t)``.

    So U beyond t is nearly always of a large V, and X has its mean then; but the few that are of a
    large X have ``pi/(2 zeta(3))`` of it beside, whatever t is.
    """
    pair = best_of("zeta(3)", "half_cauchy()")
    limit = arb(2).zeta() / arb(3).zeta() + arb.pi() / (2 * arb(3).zeta())
    for n, close in ((10**6, 1e-3), (10**18, 1e-8)):
        found = pair.at(n)
        assert isinstance(found.mean_v, Diverges)
        assert isinstance(found.mean_x, arb) and found.mean_x.rad() < 1e-10
        assert abs(found.mean_x - limit) < close
