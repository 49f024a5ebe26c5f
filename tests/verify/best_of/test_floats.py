"""Best-of-n in floats where the ends of the law of U have mass."""

from __future__ import annotations

from flint import arb, arb_poly, fmpq

from tests.verify.balls import assert_close
from verify.best_of import best_of
from verify.best_of.bottom import Bottom
from verify.best_of.convolution.interval_sums import Place
from verify.best_of.floats import best_of_floats
from verify.best_of.panel import Panel
from verify.best_of.parts.far import Beyond
from verify.best_of.ranks import RankIntegral
from verify.enclosure import working_precision
from verify.laws import exponential, normal


def test_floats_count_ends_that_have_mass() -> None:
    """As beside a log-Cauchy law: of n draws the right end has ``1 - (1 - S)^n``, not ``n S``."""
    pair = best_of(exponential(), normal())
    nothing, quarter = Beyond(arb(0), arb(0), arb(0)), arb(0.25)
    mass, of_v, of_x = (arb_poly([c]) for c in (0.25, 0.5, 0.125))
    panel = Panel(Place(arb(-1), arb(1)), mass, of_v, of_x, (arb(0), arb(0), arb(0)))
    right, top = (quarter, quarter * 3, quarter * 5), (arb(3), arb(5))
    bottom = Bottom(quarter, (arb(-2), arb(7)), (arb(0), arb(0)), (arb(0), arb(0)))
    shifts = fmpq(0), fmpq(0)
    far = Beyond(*right), nothing, nothing
    ranks = RankIntegral([panel], right, *far, shifts, top, bottom=bottom)
    vars(pair)["_expanded"] = ranks
    draws = [2, 3, 50]
    for n, v, x in zip(draws, *best_of_floats(pair, draws), strict=True):
        with working_precision(96):
            total, mean_v, mean_x = ranks.means(n)
            assert_close(total, arb(1), 1e-12)
        assert abs(v - float(mean_v)) < 1e-12 and abs(x - float(mean_x)) < 1e-12
