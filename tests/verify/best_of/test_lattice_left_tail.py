"""Best-of-n beside a power tail on a lattice on the left: closed forms, and the other side."""

from __future__ import annotations

from dataclasses import replace

import pytest
from flint import arb, fmpq

from tests.verify.best_of.lattice_pairs import CLOSE, numbers, pair_of
from verify.best_of.expansion import rank_integral
from verify.best_of.lattices.blocks import Cells
from verify.best_of.lattices.left_tail import MirroredBlock, left_tail
from verify.enclosure import Diverges, working_precision
from verify.laws import parse, zeta


@pytest.fixture(autouse=True)
def _precision() -> object:
    with working_precision(96):
        yield


@pytest.mark.parametrize("n", [2, 3, 50])
def test_a_uniform_utility_in_closed_form(n: int) -> None:
    """``U = V - k`` is sorted by k first: on cell k the rank is ``Pr(X > k) + p(k) v``.

    Beyond atom K there is at most ``Pr(X > K)^n``, and V is between 0 and 1.
    """
    law, total, after, last = zeta(3), arb(0), arb(1), 400
    with working_precision(160):
        for k in range(1, last + 1):
            mass, here = law.mass_at(k), law.survival(k)
            total += after**n - (after ** (n + 1) - here ** (n + 1)) / (mass * (n + 1))
            after = here
        total += arb(0).union(after**n)
        found = pair_of("-zeta(3)", "uniform()").at(n).mean_v
        assert isinstance(found, arb)
        assert found.overlaps(total) and found.rad() < CLOSE
        # Of the total less is known for n = 2, as 400 atoms are not many.
        assert total.rad() < 1e-10


HEAVY = [
    pytest.param(utility, marks=pytest.mark.heavy)
    for utility in ("exponential()", "normal(1, 2)", "beta(1/2, 3/2)")
]


@pytest.mark.parametrize("utility", ["uniform(-1/2, 1)", *HEAVY])
def test_the_better_and_the_worse_of_two_are_both(utility: str) -> None:
    """``E[V | best] + E[V | worst] = 2 E V``, and the worst by U is the best by -U.

    That is answered by the tail on the right, without a mirror.
    """
    of_v, of_x, _ = numbers("-zeta(3)", utility, 2)
    worst_v, worst_x, _ = numbers("zeta(3)", str(-parse(utility)), 2)
    mean_v, mean_x = parse(utility).mean(), zeta(3).mean()
    assert isinstance(mean_v, arb) and isinstance(mean_x, arb)
    assert (of_v - worst_v).overlaps(2 * mean_v) and (of_x - worst_x).overlaps(-2 * mean_x)
    assert of_v.rad() < CLOSE and of_x.rad() < CLOSE


def test_the_two_laws_may_change_places() -> None:
    one, other = numbers("-zeta(3)", "uniform()", 5), numbers("uniform()", "-zeta(3)", 5)
    assert one[0].overlaps(other[1]) and one[1].overlaps(other[0])


def test_far_out_the_error_is_its_largest_and_the_utility_too() -> None:
    of_v, of_x, _ = numbers("-zeta(3)", "uniform()", 10**18)
    assert abs(of_x + 1) < CLOSE
    assert abs(of_v - 1) < CLOSE  # the best of so many uniform numbers lies 1/n below 1


@pytest.mark.heavy
def test_without_a_mean_the_best_of_some_has_one() -> None:
    """The index of the left tail is 1/2: from three on the best of n has a mean."""
    pair = pair_of("-zeta(3/2)", "uniform()")
    assert isinstance(pair.at(2).mean_x, Diverges)
    of_x = pair.at(20).mean_x
    assert isinstance(of_x, arb) and of_x.rad() < CLOSE


def test_a_mirrored_block_has_the_ranks_of_the_other_side() -> None:
    """For n = 1 the weight is 1; the sum of both ranks is 1 wherever they are taken."""
    tail = left_tail(parse("-zeta(3)"), parse("uniform()"))
    assert tail is not None
    block = tail.mirrored.blocks(False, True, None, None)[3]
    mirrored = MirroredBlock(block)
    for k in range(block.first, block.first + block.count + 1):
        assert (mirrored.above_at(1 - k) + block.above_at(k)).overlaps(arb(1))
        assert mirrored.above_at(1 - k).rad() < 1e-20
    plain, turned = block.whole.integrals(1, arb(0)), mirrored.whole.integrals(1, arb(0))
    assert all((a - s * b).contains(0) for a, b, s in zip(plain, turned, (1, -1, -1), strict=True))
    # A weight that changes: on two halves as on all of it.
    halves = [half.integrals(4, arb(0)) for half in mirrored.whole.halves]
    whole = mirrored.whole.integrals(4, arb(0))
    assert all((a + b).overlaps(c) for a, b, c in zip(*halves, whole, strict=True))


def test_a_block_that_is_missing_or_not_mirrored_is_seen() -> None:
    """The planted violations: the mass under the best of two is 1 no more."""
    error, utility = parse("-zeta(3)"), parse("uniform()")
    ranks = rank_integral(error, utility)
    assert ranks.means(2)[0].contains(1)
    index = next(k for k, s in enumerate(ranks.steps) if isinstance(s.piece, Cells))
    piece = ranks.steps[index].piece
    assert isinstance(piece, Cells) and isinstance(piece.block, MirroredBlock)
    kept = ranks.steps.pop(index)
    assert not ranks.means(2)[0].contains(1)
    ranks.steps.insert(index, replace(kept, piece=piece.block.original.whole))
    assert not ranks.means(2)[0].contains(1)


def test_what_is_no_left_tail() -> None:
    assert left_tail(parse("zeta(3)"), parse("uniform()")) is None
    assert left_tail(parse("-zeta(3)"), parse("poisson(3)")) is None
    found = left_tail(parse("2 - 3*zeta(3)"), parse("uniform()"))
    assert found is not None
    assert found.cut == 2 - 3 * fmpq(found.mirrored.begin)
