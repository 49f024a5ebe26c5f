"""Best-of-n for a log-Cauchy law beside atoms, on either side."""

from __future__ import annotations

import mpmath
import pytest
from flint import arb, arb_series, ctx, fmpq

from tests.verify.balls import assert_close
from verify.best_of import best_of
from verify.best_of.convolution.interval_sums import RADIUS, Place, terms
from verify.best_of.log_cauchy.beside_atoms import SlowBesideAtoms
from verify.best_of.log_cauchy.beside_densities import alone
from verify.best_of.pair import BestOfNumbers
from verify.best_of.panel import Panel
from verify.best_of.parts.jumps import Jump, Lump
from verify.enclosure import Diverges, working_precision
from verify.laws import parse
from verify.taylor_series import series_length

BITS = 96
HALF = "bernoulli(p=1/2)"


def _law(law: str, other: str) -> SlowBesideAtoms:
    found = alone(parse(law), parse(other))
    assert found is not None
    return SlowBesideAtoms(found, False, None, None)


def _mean_v(numbers: BestOfNumbers) -> arb:
    assert isinstance(numbers.mean_v, arb)
    return numbers.mean_v


def _gap(n: int) -> float:
    """``E[V | best of n]`` beside a fair coin V, by quadrature in the logarithm of X.

    ``E V w(U) = int w(F(1 + x)) dF(x)/2`` with ``F(1 + x) = (G(x) + G(1 + x))/2``, G the cdf of X.
    """

    def cdf(y: mpmath.mpf) -> mpmath.mpf:
        return mpmath.mpf(1) / 2 + mpmath.atan(y) / mpmath.pi

    def term(angle: mpmath.mpf) -> mpmath.mpf:
        y = mpmath.tan(angle)
        # log(1 + e^y) is y where e^y would overflow.
        above = y if y > 700 else mpmath.log1p(mpmath.exp(y)) if y > -700 else mpmath.mpf(0)
        return n * ((cdf(y) + cdf(above)) / 2) ** (n - 1) / (2 * mpmath.pi)

    end = mpmath.pi / 2
    cuts = [-end, -1.5, -1.2, -0.8, -0.3, 0.3, 0.8, 1.2, 1.5, end]
    return float(mpmath.quad(term, cuts))


@pytest.mark.parametrize("n", [2, 5, 40])
def test_beside_a_coin_against_quadrature(n: int) -> None:
    found = _mean_v(best_of("log_cauchy()", HALF).at(n))
    assert found.rad() < 1e-14
    # What the quadrature of 15 digits misses, next to where e^y is not analytic in the angle.
    assert abs(float(found.mid()) - _gap(n)) < 1e-9


@pytest.mark.parametrize("scale", ["1", "3", "1/50"])
@pytest.mark.parametrize("other", [HALF, "binomial(n=2, p=1/3)"])
def test_of_two_draws_the_sign_of_the_error_does_not_matter(scale: str, other: str) -> None:
    """``X - X'`` is symmetric; the two sides are computed from opposite ends."""
    right = _mean_v(best_of(f"{scale}*log_cauchy()", other).at(2))
    left = _mean_v(best_of(f"-{scale}*log_cauchy()", other).at(2))
    assert right.overlaps(left) and right.rad() < 1e-13 and left.rad() < 1e-13


def test_far_off_atoms_are_one_polynomial_and_the_two_sides_agree_still() -> None:
    other = "binomial(n=9, p=1/2)"
    right, left = (_mean_v(best_of(x, other).at(2)) for x in ("log_cauchy()", "-log_cauchy()"))
    assert right.overlaps(left) and right.rad() < 1e-13


def test_the_limits() -> None:
    """A tail on the right decides alone: the mean of V. On the left V takes its largest value."""
    for n in (10**6, 10**18):
        assert_close(_mean_v(best_of("log_cauchy()", HALF).at(n)), arb(0.5), 1e-10)
        assert_close(_mean_v(best_of("-log_cauchy()", HALF).at(n)), arb(1), 1e-10)


def test_the_price_is_that_of_ranks_without_ties() -> None:
    """U has no atoms: what lies next to one at a single point is no tie."""
    found = best_of("log_cauchy()", HALF).at(7)
    with working_precision(BITS):
        assert_close(found.kl, arb(7).log() - arb(6) / 7, 2.0**-80)
        tie = Jump(fmpq(0), arb(0.25), arb(0), arb(0), (arb(0), arb(0)))
        lump = Lump(fmpq(0), arb(0.25), arb(0), arb(0), (arb(0), arb(0)))
        assert tie.saves(7, arb(0.5)) > 0.003 and lump.saves(7, arb(0.5)) == 0


def test_scales_shifts_and_places() -> None:
    base, moved = (
        best_of("2*log_cauchy()", "2*bernoulli(1/3) - 5"),
        best_of("log_cauchy()", "bernoulli(1/3)"),
    )
    swapped = best_of("bernoulli(1/3)", "log_cauchy()").at(4)
    one, other = _mean_v(base.at(4)), _mean_v(moved.at(4))
    assert one.overlaps(2 * other - 5)
    assert isinstance(swapped.mean_x, arb) and swapped.mean_x.overlaps(other)
    assert swapped.mean_v == Diverges(1)


def test_the_pieces_have_the_masses_of_the_law() -> None:
    """Beside the upper atom, by distances from it: points of U would not show them."""
    with working_precision(BITS):
        law, x, checked = _law("-log_cauchy()", HALF), parse("log_cauchy()"), 0
        for piece in law.pieces:
            if isinstance(piece, Panel) and piece.totals[0] > 0 and piece.place.origin == 1:
                low, high = piece.place.low.exp(), piece.place.high.exp()
                exact = (x.cdf(high) - x.cdf(low)) / 2
                # Rounding alone is 2^-90 or so; the difference of two cdfs is less exact.
                assert abs(exact - piece.totals[0]) < piece.missed[0] + arb(2) ** -80
                checked += 1
        assert checked > 10


def test_what_a_series_misses_is_within_its_bound() -> None:
    """Also with a bound that counts: a disc that is too wide has none."""
    with working_precision(BITS), series_length(terms()):
        law = _law("log_cauchy()", HALF)
        y = arb(-20)
        place = Place(y - 2, y + 2, arb(0), 1)
        radius = place.half * RADIUS
        bound = law.height_bound(y, radius)
        for k in range(16):  # on the real part of the disc
            point = y + radius * (arb(2 * k) / 15 - 1)
            assert 1 / (arb.pi() * (1 + point * point)) < bound
        assert law.height_bound(y, arb(21)).is_nan()
        assert ctx.cap == terms()
        series = law.density(arb_series([arb(3), 1]))
        assert_close(series[0], parse("log_cauchy()").density(arb(3)), 2.0**-80)


@pytest.mark.heavy
@pytest.mark.parametrize("law", ["log_cauchy()", "-log_cauchy()"])
def test_beside_poisson_against_a_sample(law: str) -> None:
    import numpy as np

    rng = np.random.default_rng(5)
    x = np.exp(np.clip(rng.standard_cauchy((60, 10**5)), -700, 700)) * (-1 if law[0] == "-" else 1)
    v = rng.poisson(1.0, (60, 10**5))
    best = np.take_along_axis(v, np.argmax(x + v, axis=0)[None], axis=0)[0]
    found = _mean_v(best_of(law, "poisson(mu=1)").at(60))
    # Below 2^-1074 and above e^700 draws are rounded: in less than one in a hundred draws of X,
    # which ties of equal V share.
    assert abs(float(found.mid()) - best.mean()) < 5 * best.std() / 10**2.5
