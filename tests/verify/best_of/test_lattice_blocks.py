"""A power tail on a lattice beside a density: cells in blocks, against sums cell by cell."""

from __future__ import annotations

from copy import copy
from dataclasses import replace
from functools import cache

import pytest
from flint import arb, fmpq

from tests.verify.balls import assert_close
from verify.affine import affine
from verify.best_of.convolution.interval_sums import Place
from verify.best_of.lattices.beside_density import (
    FAR,
    BesideLattice,
    Expanded,
    beside_lattice,
    expand,
)
from verify.best_of.lattices.blocks import Block, Cells, block_terms
from verify.best_of.lattices.cell import Cell, Window, window
from verify.best_of.lattices.power_sums import dot, power_sums
from verify.best_of.lattices.power_tail import PowerTail
from verify.best_of.lattices.single_cell import SingleCell
from verify.best_of.lattices.stretches import CLOSEST_BITS, PARAMETERS, Stretch
from verify.best_of.parts.density import take_apart
from verify.best_of.parts.far import Side
from verify.conditioning import condition
from verify.enclosure import working_precision
from verify.laws import normal, parse, zeta

NO_SHIFTS = fmpq(0), fmpq(0)


@pytest.fixture(autouse=True)
def _precision() -> object:
    with working_precision(96):
        yield


@cache
def _expanded(utility: str) -> tuple[BesideLattice, Expanded]:
    with working_precision(96):
        beside = beside_lattice(zeta(3), parse(utility))
        assert beside is not None
        return beside, expand(beside, False, None, None)


def _blocks(utility: str) -> list[Block]:
    return [piece for piece in _expanded(utility)[1].pieces if piece.count > 1]


# ---- the tail ---------------------------------------------------------------------------------


def test_the_tail_is_that_of_the_law() -> None:
    law = affine(zeta(fmpq(5, 2)), fmpq(3), fmpq(1, 2))
    tail = PowerTail.of(law)
    assert tail is not None
    points = [arb(k) for k in range(7, 12)]
    rows = zip(range(7, 12), tail.masses(points), tail.above(points), strict=True)
    for k, mass, above in rows:
        assert mass.overlaps(law.mass_at(tail.place(k)))
        assert above.overlaps(law.survival(tail.place(k)))
    mean = tail.above([arb(9)], 1)[0] / 2 + 3 * tail.above([arb(9)])[0]
    assert mean.overlaps(law.upper_mean(tail.place(9)))


def test_a_bound_on_a_disc_is_no_mass_of_an_atom() -> None:
    """Atoms have 0 before the first; the continuation is largest there, and bounded by nothing."""
    tail = PowerTail.of(zeta(3))
    assert tail is not None
    assert [bool(mass == 0) for mass in tail.masses([-1, 0, 1])] == [True, True, False]
    at_half, below = tail.masses([arb(0.5)])[0], tail.masses([arb(0)])[0]
    assert at_half.overlaps(8 / arb(3).zeta()) and not below.is_finite()
    assert not tail.above([arb(-2.5), arb(-1.5)])[1].is_finite()
    law = parse("uniform()")
    seen = window(take_apart(law), arb(1), arb(2) ** -60)
    assert seen is not None
    cell = Cell(take_apart(law), fmpq(1), seen, *FAR)
    assert not Block(tail, cell, seen, 10, 20).rank_missed.is_finite()  # its disc reaches below 0
    assert Block(tail, cell, seen, 40, 16).rank_missed < 2.0**-60


def test_what_is_no_such_tail() -> None:
    assert PowerTail.of(normal()) is None
    assert PowerTail.of(-zeta(3)) is None


def test_its_series_are_its_values_beside() -> None:
    tail = PowerTail.of(zeta(3))
    assert tail is not None
    points, half = [arb(k) for k in range(40, 44)], arb(4)
    mass = tail.mass_series(points, half, 40)
    above = tail.above_series(mass, points[-1], half)
    for column, k in enumerate(range(40, 44)):
        for series, values in ((mass, tail.masses), (above, tail.above)):
            found = sum((series[i, column] * arb(0.5) ** i for i in range(40)), arb(0))
            assert_close(found, values([arb(k + 2)])[0], 2.0**-80)


@pytest.mark.parametrize("count", [1, 2, 7, 64, 65, 1000])
def test_sums_of_powers(count: int) -> None:
    found = power_sums(count, block_terms())
    for k in (0, 1, 2, 9, 16):
        want = sum((fmpq(2 * i - count + 1, count) ** k for i in range(count)), fmpq(0))
        assert found[k].overlaps(arb(want)) and found[k].rad() < arb(2) ** -60


def test_no_coefficient_is_lost() -> None:
    assert dot([arb(1), arb(2)], [arb(3), arb(4), arb(5)]) == 11
    with pytest.raises(ValueError, match="shorter"):
        dot([arb(1), arb(2), arb(3)], [arb(3), arb(4)])


def test_what_is_asked_at_few_bits_first_is_whole_at_more() -> None:
    """A series has more terms then: what is kept of the cells is not to have been cut."""
    block = _blocks("normal()")[-1]
    kept = Cells(block, block.first, block.count)
    assert block.all_sizes[0] > 0  # as where the ranks are summed up, at the block's own precision
    with working_precision(53):
        kept.integrals(50, arb(0))
    fresh = Cells(block, block.first, block.count)
    pairs = zip(kept.integrals(50, arb(0)), fresh.integrals(50, arb(0)), strict=True)
    assert all(one.overlaps(other) for one, other in pairs)


@pytest.mark.parametrize("utility", ["normal()", "gumbel()", "uniform(-1, 2)"])
def test_a_window_is_the_least_beyond_which_there_is_little(utility: str) -> None:
    """Of E|V| too, which far on the left of a Gumbel law is a difference of larger numbers."""
    goal, parts = arb(2) ** -128, take_apart(parse(utility))
    seen = window(parts, arb(1), goal)
    assert seen is not None
    assert seen.mass < 2 * goal and seen.of_v < 2**8 * goal
    for side, cells in ((1, -seen.first), (-1, seen.last)):
        assert Side(parts, side).mass(arb(side * cells)) < goal
        assert not Side(parts, side).mass(arb(side * (cells - 1))) < goal


def test_no_window_for_a_long_tail() -> None:
    assert window(take_apart(parse("pareto(3)")), arb(1), arb(2) ** -60) is None


# ---- the blocks -------------------------------------------------------------------------------


@pytest.mark.parametrize("utility", ["uniform(0, 5/2)", "uniform()"])
@pytest.mark.parametrize("index", [0, 1, 30, -1])
def test_a_block_holds_what_conditioning_says(utility: str, index: int) -> None:
    block = _blocks(utility)[index]
    law = parse(utility)
    ends = [
        condition(zeta(3), law, block.tail.place(k))
        for k in (block.first, block.first + block.count)
    ]
    want = [
        ends[0].mass - ends[1].mass,
        *(
            ends[0].mass * getattr(ends[0], name) - ends[1].mass * getattr(ends[1], name)
            for name in ("mean_v", "mean_x")
        ),
    ]
    scale = want[0]  # E V is small next to E |V| far out
    for found, miss, value in zip(block.totals, block.missed, want, strict=True):
        assert (found + arb(0, miss)).overlaps(value)
        assert miss < scale * arb(2) ** -50 * max(1, block.first + block.count)
    assert block.whole.above_end(arb(0)).overlaps(ends[1].mass)


@pytest.mark.parametrize("n", [2, 10**4])
def test_a_block_is_its_cells_one_by_one(n: int) -> None:
    """A single cell has no series in K: its values are sums over V at the nodes."""
    block = _blocks("uniform()")[2]
    together = Cells(block, block.first, block.count).integrals(n, arb(0))
    apart = [arb(0)] * 3
    for k in range(block.count):
        own = Cells(block, block.first + k, 1).integrals(n, arb(0))
        apart = [a + b for a, b in zip(apart, own, strict=True)]
    for one, other in zip(together, apart, strict=True):
        assert one.overlaps(other) and one.rad() < abs(other) * 2.0**-36


def test_its_mass_under_best_of_n_is_that_of_its_ranks() -> None:
    n, block = 10**4, _blocks("uniform(0, 5/2)")[5]
    found = sum((half.integrals(n, arb(0))[0] for half in block.whole.halves), arb(0))
    before, after = (
        condition(zeta(3), parse("uniform(0, 5/2)"), block.tail.place(k)).mass
        for k in (block.first, block.first + block.count)
    )
    assert_close(found, (1 - after) ** n - (1 - before) ** n, 2.0**-44)


def test_a_window_that_is_too_small_is_in_the_bounds() -> None:
    """Nine tenths of V are left out, all of them beyond T: there is about ``0.9 E k`` of X."""
    law, error, seen = parse("uniform(0, 100)"), zeta(4), Window(-10, 0, arb("0.9"), arb("49.5"))
    error = affine(error, fmpq(-1), fmpq(1))  # it begins at 0
    beside = beside_lattice(error, law)
    assert beside is not None and beside.tail.mean.overlaps(arb(3).zeta() / arb(4).zeta())
    block = Block(beside.tail, Cell(beside.other, fmpq(1), seen, *FAR), seen, 20, 3)
    found, bounds = beside.right(block)
    want = condition(error, law, beside.tail.place(23))
    assert isinstance(want.mean_x, arb) and isinstance(want.mean_v, arb)
    assert found[1].overlaps(want.mass * want.mean_v)
    assert found[2].overlaps(want.mass * want.mean_x) and want.mass * want.mean_x < bounds.of_x


def test_ranks_with_what_is_left_out_moved_are_as_close_as_is_said() -> None:
    """The S~ of the module's docstring, with a third of V left out."""
    law, error = normal(), zeta(3)
    out = 2 * law.survival(1)
    tail, parts, seen = PowerTail.of(error), take_apart(law), Window(-1, 1, out, arb(1))
    assert tail is not None
    block = Block(tail, Cell(parts, fmpq(1), seen, *FAR), seen, 40, 16)
    start, centre = condition(error, law, 50).mass, (50 - block.centre) / block.half
    for j in (0, len(block.cell.nodes) // 2, len(block.cell.nodes) - 1):
        s = block.cell.nodes[j][0].mid()
        true = condition(error, law, 50 + s.fmpq()).mass
        shares = (error.mass_at(50 + m) * law.between(arb(-m), s - m) for m in (-1, 0, 1))
        moved = start - sum(shares, arb(0))
        assert 0 < moved - true < out and abs(moved - block.above[j](centre)) < block.rank_missed


def test_ranks_that_are_off_by_all_they_may_be_are_in_the_bounds() -> None:
    """Those at the nodes by a bound below the true ones, that of the end by as much above."""
    block = copy(_blocks("uniform()")[6])
    first = block.first
    true = Cells(block, first, 1).integrals(n := int(10 / float(block.above_at(first))), arb(0))
    block.rank_missed = off = block.above_at(first + 1).mid() / 2
    block.above = [*(row - off for row in block.above[:-1]), block.above[-1] + off]
    found = Cells(block, first, 1).integrals(n, arb(0))
    assert all(one.contains(other.mid()) for one, other in zip(found, true, strict=True))


# ---- a density that is not smooth at its ends --------------------------------------------------


@pytest.mark.parametrize("text", ["weibull(11/7)", "gamma(1/2)", "beta(1/2, 3/2)"])
def test_a_rule_beside_an_end_and_what_is_left_out_are_all_of_it(text: str) -> None:
    """On a cell where V begins, and on the next one.

    A root of 7 is too large, so that something is left out there, and it is needed too.
    """
    law = parse(text)
    with working_precision(96 + CLOSEST_BITS):
        parts = take_apart(law)
    cell = Cell(parts, fmpq(3, 4), Window(-1, 0, arb(0), arb(0)), *FAR)
    for m in (0, -1):
        row = cell.row(m)
        own = sum((w * f for (_, w), f in zip(cell.nodes, row.density, strict=True)), arb(0))
        missed = arb(0)
        for j, stretch in enumerate(cell.stretches):
            bounds = [stretch.missed(s, p) for s, p in zip(row.sizes[j], PARAMETERS, strict=True)]
            missed += min((b for b in bounds if b.is_finite()), key=float)
        want = law.between(arb(-0.75 * m), arb(0.75 * (1 - m)))
        assert (own + arb(0, (missed + row.left).upper())).overlaps(want)
        assert missed + row.left < arb(2) ** -56
        is_seen = bool(row.left > 2 * missed)
        assert is_seen == (text == "weibull(11/7)" and m == -1)
        assert not is_seen or not (own + arb(0, missed.upper())).overlaps(want)


def test_on_each_stretch_of_a_cell_the_ranks_are_at_least_what_is_said() -> None:
    """They fall along the cell: what is said lies between those of the stretch and of the end."""
    seen, tail = Window(-1, 0, arb(0), arb(0)), PowerTail.of(zeta(3))
    assert tail is not None
    cell = Cell(take_apart(parse("uniform()")), fmpq(1), seen, *FAR)
    cell.stretches = [Stretch(Place(arb(k) / 4, arb(k + 1) / 4), 4) for k in (2, 0, 3, 1)]
    cell.nodes = [node for stretch in cell.stretches for node in stretch.nodes()]
    block = SingleCell(tail, cell, seen, 1)
    end = block.whole.above_end(arb(0))
    *found, last = block.least_above(end)
    assert last is end and len(found) == len(block.rules) - 1
    for j, stretch in enumerate(cell.stretches):
        own = [block.above[4 * j + i][0] for i in range(4)]
        assert all(found[j] < above for above in own)
        is_last = bool(stretch.place.high == 1)
        assert found[j].overlaps(end) if is_last else found[j] > end


# ---- planted violations -----------------------------------------------------------------------


def test_a_block_that_is_missing_is_seen() -> None:
    expanded = _expanded("uniform()")[1]
    assert expanded.ranks(NO_SHIFTS).means(10**4)[0].contains(1)
    index = expanded.pieces.index(_blocks("uniform()")[6])
    pieces = [*expanded.pieces[:index], *expanded.pieces[index + 1 :]]
    wrong = replace(expanded, pieces=pieces).ranks(NO_SHIFTS)
    assert not wrong.means(10**4)[0].contains(1)


def test_a_cell_that_is_missing_is_seen() -> None:
    """A rule with one node less has another mass than the ranks say."""
    block = _blocks("uniform()")[6]
    (s, weight), nodes = block.cell.nodes[3], list(block.cell.nodes)
    nodes[3] = (s, weight * (1 + arb(2) ** -30))
    right = sum((half.integrals(10**4, arb(0))[0] for half in block.whole.halves), arb(0))
    block.cell.nodes, kept = nodes, block.cell.nodes
    try:
        wrong = sum((half.integrals(10**4, arb(0))[0] for half in block.whole.halves), arb(0))
    finally:
        block.cell.nodes = kept
    assert not wrong.overlaps(right)


def test_a_rule_for_a_weight_that_grows_is_bounded_with_its_growth() -> None:
    """Four points do not do for ``n (p s)^(n-1)``, and no bound that forgets the growth says so."""
    n, law, parts = 100, zeta(3), take_apart(parse("uniform()"))
    tail, seen = PowerTail.of(law), window(parts, arb(1), arb(2) ** -96)
    assert tail is not None and seen is not None
    cell = Cell(parts, fmpq(1), seen, *FAR)
    cell.stretches = [Stretch(Place(arb(0), arb(1)), 4)]
    cell.nodes = cell.stretches[0].nodes()
    block, want = SingleCell(tail, cell, seen, 1), law.mass_at(1) ** n
    assert block.whole.integrals(n, arb(0))[0].overlaps(want)
    block.rules = [[replace(rule, growth=arb(0)) for rule in rules] for rules in block.rules]
    assert not block.whole.integrals(n, arb(0))[0].overlaps(want)
