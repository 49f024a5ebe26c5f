"""Laws without a mean on the left, which have one under best-of-n."""

from __future__ import annotations

from fractions import Fraction
from typing import Any

import pytest
from flint import arb, fmpq
from hypothesis import given, settings
from hypothesis import strategies as st
from mpmath import mp, quad

from tests.verify.best_of.lattice_pairs import pair_of
from verify.best_of.curve import best_of_curve
from verify.best_of.expansion import rank_integral
from verify.best_of.heavy_left import HeavyLeft, heavy_left, moment_size
from verify.best_of.pair import BITS
from verify.best_of.parts.far import Beyond
from verify.enclosure import Diverges, working_precision
from verify.laws import parse

#: How well means are known where the integral beyond the pieces falls faster than 1/t.
CLOSE = 2.0**-50


def pareto_mean(k: fmpq, n: int) -> fmpq:
    """Of n draws of -pareto(k) the largest one is -pareto(n k): its mean."""
    return -n * k / (n * k - 1)


@pytest.mark.parametrize("n", [3, 4, 30, 10**18])
def test_the_mean_in_closed_form(n: int) -> None:
    found = pair_of("-pareto(1/2)", "point(2)").at(n)
    truth = pareto_mean(fmpq(1, 2), n)
    assert isinstance(found.mean_x, arb) and isinstance(found.mean_u, arb)
    # What is beyond is about t^(1 - n/2), and intervals go on to t = 2^120.
    assert found.mean_x.rad() < (CLOSE if n > 3 else 2.0**-44)
    with working_precision(BITS):  # else truth is the wider ball
        assert found.mean_x.contains(truth) and found.mean_u.contains(truth + 2)


def proxy_mean(n: int) -> float:
    """``E U`` for X = -pareto(1/2) and V = 0 or 1: minus the integral of F^n below 0, and so on."""

    def rank(u: Any) -> Any:
        parts = (mp.mpf(1) if x >= -1 else mp.mpf(-x) ** -0.5 for x in (u, u - 1))
        return sum(parts) / 2

    def far(y: Any) -> Any:  # u = -exp(y)
        return rank(-mp.exp(y)) ** n * mp.exp(y)

    left = quad(far, [0, 4, 16, 64]) + quad(lambda u: rank(u) ** n, [-1, 0])
    return float(-left)


@pytest.mark.parametrize("n", [5, 30])
def test_beside_atoms_by_the_rank_of_the_proxy(n: int) -> None:
    """``E U`` by another integral: U ends at 0. Beyond ``e^64`` it has ``e^-96`` at most."""
    found = pair_of("-pareto(1/2)", "bernoulli(1/2)").at(n)
    assert isinstance(found.mean_u, arb) and found.mean_u.rad() < CLOSE
    assert abs(float(found.mean_u.mid()) - proxy_mean(n)) < 1e-12  # that of a rule in mpmath


def test_on_a_lattice_by_the_sum_of_chances() -> None:
    """``E max = -sum Pr(Z > k)^n`` for zeta; beyond N it is at most the integral of its bound."""
    n, terms = 6, 400
    law = parse("zeta(3/2)")
    total = sum((law.survival(k) ** n for k in range(terms)), arb(0))
    # Pr(Z > k) <= int_k^oo x^(-3/2) dx/zeta(3/2) = 2 k^(-1/2)/zeta(3/2).
    rest = (2 / arb(fmpq(3, 2)).zeta()) ** n * arb(terms - 1) ** (1 - n / 2) / (n / 2 - 1)
    truth = -total - arb(0).union(rest)
    found = pair_of("-zeta(3/2)", "point(1)").at(n)
    assert isinstance(found.mean_x, arb)
    assert found.mean_x.overlaps(truth) and found.mean_x.rad() < CLOSE and truth.rad() < 2e-5


@pytest.mark.heavy
@pytest.mark.parametrize("n", [4, 100])
def test_two_of_them_are_alike(n: int) -> None:
    """X and V with one law have one mean, below that of the best by one of them alone."""
    found = pair_of("-pareto(1/2)", "-pareto(1/2)").at(n)
    x, v = found.mean_x, found.mean_v
    assert isinstance(x, arb) and isinstance(v, arb) and x.overlaps(v)
    assert x.rad() < CLOSE and x < -1
    assert x < pareto_mean(fmpq(1, 2), n)


def beyond(mass: arb) -> Beyond:
    """A mass alone, at no point that is known."""
    return Beyond(mass, arb.nan(), arb.nan())


def exact_beyond(k: fmpq, n: int, t: arb) -> arb:
    """``E[A_- n F^(n-1); A < -t]`` for -pareto(k): n k t^(1 - n k)/(n k - 1)."""
    return n * k * t ** (1 - n * k) / (n * k - 1)


@settings(max_examples=25, deadline=None)
@given(
    k=st.fractions(min_value=Fraction(1, 4), max_value=Fraction(1), max_denominator=8),
    n=st.integers(min_value=2, max_value=40),
    bits=st.integers(min_value=4, max_value=90),
)
def test_the_bound_beyond_is_one(k: Fraction, n: int, bits: int) -> None:
    index, t = fmpq(k.numerator, k.denominator), arb(2) ** bits
    law = parse(f"-pareto({k})")
    bound = heavy_left(law, parse("point(0)"), beyond(t ** (-index)), -t)
    assert bound is not None
    if not n * k > 1:
        assert bound.beyond(n).is_nan()
        return
    found, truth = bound.beyond(n), exact_beyond(index, n, t)
    assert found >= truth
    if n * k >= 2:  # (8/7)^(n k), twice for the interval's length, and t F^n beside
        assert found < 8 * (arb(8) / 7) ** (n * index) * truth
    # With a mass that is too small it is no bound any more.
    cheat = HeavyLeft(law, parse("point(0)"), index, t ** (-index) / 64, -t)
    if n * k >= 2:
        assert cheat.beyond(n) < truth


@pytest.mark.usefixtures("best_of_bits")
def test_without_the_bound_the_truth_is_missed() -> None:
    """The guard is what makes the ball right: beyond the pieces is about 2^-25 here."""
    ranks = rank_integral(parse("-pareto(2/5)"), parse("point(0)"))
    truth = pareto_mean(fmpq(2, 5), 3)
    assert ranks.means(3)[2].contains(truth)

    class Nothing(HeavyLeft):
        def beyond(self, n: int) -> arb:
            return arb(0)

    own = ranks.heavy_left[1]
    assert own is not None and ranks.heavy_left[0] is None
    ranks.heavy_left = None, Nothing(own.law, own.other, own.index, own.mass, own.place)
    assert not ranks.means(3)[2].contains(truth)


@pytest.mark.parametrize("n", [3, 40])
def test_what_is_left_out_is_bounded(n: int) -> None:
    """Where B is so large that it has a mass q: A is independent, so its part is at most that.

    An event of A itself, ``A < -t``, is the worst one of its mass: there it is known.
    """
    law, t = parse("-pareto(1/2)"), arb(2) ** 60
    bound = heavy_left(law, parse("point(0)"), beyond(t ** fmpq(-1, 2)), -t)
    assert bound is not None
    q = law.cdf(-t)
    assert bound.lost(n, q, arb(0)) >= exact_beyond(fmpq(1, 2), n, t)
    assert bound.lost(n, arb(0), arb(0)) == 0
    assert bound.lost(2, q, arb(0)).is_nan()
    # It falls with q.
    assert bound.lost(n, q**4, arb(0)) < bound.lost(n, q, arb(0)) / 2**10


@pytest.mark.parametrize(
    ("law", "order"),
    [("pareto(1/2)", fmpq(1, 4)), ("levy()", fmpq(1, 3)), ("-2 * pareto(1/2) + 3", fmpq(1, 4))],
)
def test_moments_by_the_layers_of_the_law(law: str, order: fmpq) -> None:
    """``E|A|^p = int p t^(p-1) Pr(|A| > t) dt``, from below by rectangles."""
    one, total = parse(law), arb(0)
    for j in range(-40, 120):
        low, high = arb(2) ** fmpq(j, 2), arb(2) ** fmpq(j + 1, 2)
        tail = one.survival(high) + one.cdf(-high)
        total += tail * (high**order - low**order)
    assert total < moment_size(one, order) < 4 * total


def test_others_have_none() -> None:
    mass, place = beyond(arb(1) / 8), arb(-8)
    assert heavy_left(parse("normal()"), parse("normal()"), mass, place) is None
    assert heavy_left(parse("cauchy()"), parse("normal()"), mass, place) is None
    assert heavy_left(parse("-pareto(1/2)"), parse("pareto(3/4)"), mass, place) is None
    assert moment_size(parse("log_cauchy()"), fmpq(1, 2)).is_nan()


def test_a_mean_that_is_not_known_says_why() -> None:
    curve = best_of_curve("-pareto(1/3)", "pareto(3/4)", [4])
    (point,) = curve.points
    assert point.mean_x is None and point.mean_v == Diverges(1)
    assert "not settled: E U, E X; -pareto(alpha=1/3, scale=1) has a finite mean" in point.because
