"""Best-of-n beside a power tail on a lattice: answers, against closed forms and draws."""

from __future__ import annotations

from math import comb
from time import process_time

import pytest
from flint import arb, fmpq

from tests.verify.best_of.lattice_pairs import CLOSE, pair_of
from verify.best_of import best_of
from verify.best_of.lattices.beside_density import beside_lattice
from verify.best_of.monte_carlo import monte_carlo_best_of
from verify.enclosure import Diverges, Undecided, working_precision
from verify.law import Law
from verify.laws import parse, zeta
from verify.limits import limit_of_utility


@pytest.fixture(autouse=True)
def _precision() -> object:
    with working_precision(96):
        yield


@pytest.mark.parametrize("n", [2, 10, 100])
def test_a_uniform_utility_in_closed_form(n: int) -> None:
    """``U = k + V`` is sorted by k first: on cell k the rank is ``F(k - 1) + p(k) v``.

    With a = F(k - 1), b = F(k): ``int v n (a + p v)^(n-1) p dv = b^n - (b^(n+1) - a^(n+1))/(p
    (n + 1))``. Beyond atom K each cell adds its mass under best-of-n times a mean of v between
    1/2 and ``1/2 + n p(K)/2``: the weight is at most ``1 + n p/a`` times as large at the end of a
    cell as at its start.
    """
    law, total, before, last = zeta(3), arb(0), arb(0), 3000
    with working_precision(160):
        for k in range(1, last + 1):
            mass, here = law.mass_at(k), law.cdf(k)
            total += here**n - (here ** (n + 1) - before ** (n + 1)) / (mass * (n + 1))
            before = here
        rest = 1 - before**n
        total += rest * (arb(1) / 2 + arb(0).union(n * mass))
    found = pair_of("zeta(3)", "uniform()").at(n).mean_v
    assert isinstance(found, arb)
    assert found.overlaps(total) and found.rad() < CLOSE


@pytest.mark.parametrize("n", [2, 10, 100])
@pytest.mark.parametrize("a", ["2", "1/2"])
def test_a_power_of_a_uniform_utility_in_closed_form(a: str, n: int) -> None:
    """``V = Y^(1/a)`` for Y uniform has the law beta(a, 1), and on cell k the rank is linear in Y.

    So ``int y^(1/a) n (F + p y)^(n-1) p dy`` is a sum of ``binomial(n-1, j)`` terms. Beyond atom K
    the weight is at most ``1 + 2 n p`` times as large at the end of a cell as at its start, and
    V is between 0 and 1.
    """
    law, total, before, last = zeta(3), arb(0), arb(0), 3000
    with working_precision(192):
        power = arb(1) / arb(fmpq(1, 2) if a == "1/2" else 2)
        for k in range(1, last + 1):
            mass, here = law.mass_at(k), law.cdf(k)
            for j in range(n):
                scale = comb(n - 1, j) * n * before ** (n - 1 - j) * mass ** (j + 1)
                total += scale / (j + 1 + power)
                if k > 50 and scale < arb(2) ** -120:  # n p < 1/10: the rest is less than that
                    total += arb(0).union(scale)
                    break
            before = here
        total += (1 - before**n) * (1 / (1 + power) + arb(0).union(2 * n * mass))
    found = pair_of("zeta(3)", f"beta({a}, 1)").at(n).mean_v
    assert isinstance(found, arb)
    assert found.overlaps(total) and found.rad() < 1e-12  # 1e-10 is asked


@pytest.mark.heavy
def test_a_steep_tail_where_few_atoms_decide_against_a_sum_in_floats() -> None:
    """The trapezoidal rule over v is exact to rounding for a normal density; floats keep 1e-12."""
    import numpy as np
    from scipy.special import ndtr
    from scipy.special import zeta as zeta_function

    s, n = 12, 10**6
    k, v = np.arange(1, 300.0), np.linspace(-9, 12, 3001)
    p, total = k**-s / zeta_function(s), 0.0
    density = np.exp(-v * v / 2) / np.sqrt(2 * np.pi) * (v[1] - v[0])
    for atom, mass in zip(k, p, strict=True):
        above = (p[:, None] * ndtr(k[:, None] - atom - v)).sum(0)
        weight = n * np.exp((n - 1) * np.log1p(-np.minimum(above, 1 - 1e-16)))
        total += float((weight * density * v).sum() * mass)
    found = pair_of("zeta(12)", "normal()").at(n).mean_v
    assert isinstance(found, arb)
    assert abs(found - total) < 1e-11 and found.rad() < CLOSE


@pytest.mark.heavy
def test_beyond_the_blocks_of_a_steep_tail_the_utility_has_its_mean() -> None:
    """Blocks end where the ranks do not tell the utility's values apart, not where they are small.

    The best of 10^18 lies about atom 37, and the hazard rate there, 11/37, is not little.
    """
    found = pair_of("zeta(12)", "normal()").at(10**18).mean_v
    assert isinstance(found, arb) and found.rad() < CLOSE and found > 0.3


def test_the_two_laws_may_change_places() -> None:
    one, other = pair_of("zeta(3)", "uniform()").at(100), pair_of("uniform()", "zeta(3)").at(100)
    assert one.mean_v.overlaps(other.mean_x) and one.mean_x.overlaps(other.mean_v)
    assert one.kl.overlaps(other.kl)


def test_shifts_and_scales_go_along() -> None:
    one, other = (
        pair_of("zeta(3)", "uniform()").at(10),
        pair_of("2*zeta(3) + 1", "2*uniform()").at(10),
    )
    assert (2 * one.mean_v).overlaps(other.mean_v)
    assert (2 * one.mean_x + 1).overlaps(other.mean_x)


def test_far_out_the_utility_tends_to_its_mean() -> None:
    """By the theorem: under an error with a longer tail the limit is ``E V``."""
    limit = limit_of_utility(zeta(3), parse("uniform()"), "best-of-n").mean_v
    assert isinstance(limit, arb)
    near, far = (pair_of("zeta(3)", "uniform()").at(10**k).mean_v - limit for k in (12, 18))
    assert far.rad() < 2.0**-48
    # As the hazard rate of X falls, n^(-1/(s - 1)): three digits for each six of n.
    assert 0.9e-3 < far / near < 1.1e-3


def test_far_out_a_law_without_a_mean_decides_alone() -> None:
    """``E (V - 1/2) w = sum of n (n - 1) F^(n - 2) p^2/12``, up to a share of about ``n p``.

    With ``Pr(X > k) = c k^(-1/2)``, nearly, ``p = c k^(-3/2)/2``, and an integral for the sum, that
    is ``1/(4 n^2 c^2)``.
    """
    pair, c = pair_of("zeta(3/2)", "uniform()"), 2 / arb("1.5").zeta()
    with working_precision(96):
        steps = pair.ranks.steps
        assert pair.ranks.top is not None and steps[0].above > 1e-15
    n, near = 10**4, pair.at(10**4)
    assert abs((near.mean_v - arb(0.5)) * 4 * n**2 * c**2 - 1) < 5e-4
    assert isinstance(near.mean_x, Diverges)
    far = pair.at(10**18).mean_v  # the best of so many lies beyond the blocks
    assert isinstance(far, arb)
    assert far.contains(0.5) and far.rad() < CLOSE


@pytest.mark.parametrize("utility", ["student_t(3)", "-lognormal()"])
def test_what_is_not_settled_is_said_at_once(utility: str) -> None:
    start = process_time()
    with pytest.raises(Undecided, match="atoms matter"):
        best_of("zeta(3)", utility).at(100)
    assert process_time() - start < 2


def test_a_density_that_is_too_narrow_is_said_at_once() -> None:
    start = process_time()
    with pytest.raises(Undecided, match="too narrow"):
        best_of("zeta(3)", "normal(0, 1/1000000)").at(100)
    assert process_time() - start < 2


def test_a_short_tail_beside_a_density_that_is_not_smooth_is_answered_as_before() -> None:
    assert beside_lattice(zeta(60), parse("gamma(5/2)")) is None


def test_a_steeper_tail_is_answered_to_ten_digits() -> None:
    """Where the next atom has a much smaller mass, rules are to be the finer for it."""
    found = pair_of("zeta(5)", "uniform()").at(10**3).mean_v
    assert isinstance(found, arb) and found.rad() < 1e-10
    total, before, n = arb(0), arb(0), 10**3
    for k in range(1, 2001):
        mass, here = zeta(5).mass_at(k), zeta(5).cdf(k)
        total += here**n - (here ** (n + 1) - before ** (n + 1)) / (mass * (n + 1))
        before = here
    assert found.overlaps(total + arb(0, (n * zeta(5).survival(2000)).upper()))


@pytest.mark.heavy
def test_a_steeper_tail_beside_a_normal_law_is_answered() -> None:
    """With the rules of exponents below 5 the mass under best-of-n would not be known at all."""
    found = pair_of("zeta(5)", "normal()").at(10**4).mean_v
    assert isinstance(found, arb) and found.rad() < 1e-10


def test_a_tail_with_few_atoms_needs_no_lattice() -> None:
    """Blocks and single cells would do for few n; the sum over atoms does for all."""
    assert beside_lattice(zeta(20), parse("uniform()")) is None
    found = pair_of("zeta(20)", "uniform()").at(10**4).mean_v
    assert isinstance(found, arb) and found.rad() < CLOSE * 16


@pytest.mark.heavy
@pytest.mark.parametrize("utility", ["normal()", "exponential()", "laplace()", "gamma(2)"])
def test_draws_agree(utility: str) -> None:
    """Within six standard errors each: a chance below 1e-8 a number."""
    law: Law = parse(utility)
    points = monte_carlo_best_of(zeta(3), law, [2, 100, 10**4], 4 * 10**7, seed=5)
    for n, point in zip((2, 100, 10**4), points, strict=True):
        exact = pair_of("zeta(3)", utility).at(n).mean_v
        assert point.mean_v is not None
        assert abs(point.mean_v.value - float(exact.mid())) < 6 * point.mean_v.standard_error
