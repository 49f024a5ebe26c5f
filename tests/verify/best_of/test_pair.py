"""Best-of-n for independent pairs: closed forms, enumeration, mpmath, draws, planted violations."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from fractions import Fraction
from itertools import pairwise
from math import comb, log, sqrt

import mpmath
import numpy as np
import pytest
from flint import arb, fmpq
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import special

from tests.verify.balls import assert_close, rational
from verify.best_of import BestOfPair, best_of
from verify.best_of.convolution.interval_sums import Place, Sums, TooWide, terms
from verify.best_of.convolution.two_densities import TwoDensities
from verify.best_of.curve import best_of_curve
from verify.best_of.expansion import rank_integral
from verify.best_of.floats import best_of_floats
from verify.best_of.panel import Panel
from verify.best_of.parts.density import take_apart
from verify.best_of.parts.leaves import Ray
from verify.best_of.ranks import Part
from verify.conditioning import condition
from verify.enclosure import Diverges, Undecided, working_precision
from verify.errors import InputError
from verify.joint.normal_maximum import mean_of_largest
from verify.law import Law
from verify.laws import (
    bernoulli,
    exponential,
    gamma,
    laplace,
    mixture,
    normal,
    pareto,
    parse,
    point,
    student_t,
    uniform,
    zeta,
)
from verify.taylor_series import series_length

#: What the numbers of a pair with densities are good to, with room: goal bits are 60.
CLOSE = 2.0**-44
EXPONENTIAL_NORMAL = best_of(exponential(), normal())
UNIFORM_TWICE = best_of(uniform(), uniform())
EXPONENTIAL_TWICE = best_of(exponential(), exponential())


def panels() -> list[Panel]:
    """The intervals of U for X exponential and V normal, at 96 bits."""
    pieces = [step.piece for step in EXPONENTIAL_NORMAL.ranks.steps]
    assert pieces
    found = [piece.panel for piece in pieces if isinstance(piece, Part)]
    assert len(found) == len(pieces)
    return found


few = settings(max_examples=max(2, settings().max_examples // 10))


def numbers(pair: BestOfPair, n: int) -> tuple[arb, arb, arb]:
    """The means of U, V and X, which are finite."""
    found = pair.at(n)
    means = found.mean_u, found.mean_v, found.mean_x
    assert all(isinstance(mean, arb) for mean in means)
    return means  # type: ignore[return-value]


# ---- known numbers ------------------------------------------------------------------------------


@pytest.mark.parametrize("n", [2, 50, 10**9])
def test_two_normal_laws(n: int) -> None:
    """``E V = (s_V^2/s_U) E max``: here 16/5 and 9/5 of the largest of n standard normals."""
    pair = best_of(1 + 3 * normal(), 4 * normal() - 2)
    _, of_v, of_x = numbers(pair, n)
    with working_precision(96):
        largest = mean_of_largest(n)
        assert_close(of_v, largest * 16 / 5 - 2, CLOSE, CLOSE)
        assert_close(of_x, largest * 9 / 5 + 1, CLOSE, CLOSE)


@pytest.mark.heavy
@pytest.mark.parametrize("n", [2, 100, 10**15])
def test_equal_laws_share(n: int) -> None:
    """X and V exponential: U is gamma(2), and E V is half of its largest of n."""
    mean_u, of_v, of_x = numbers(EXPONENTIAL_TWICE, n)
    with working_precision(96):
        from verify.ranked import BestOf
        from verify.weight import BestOfN

        largest = BestOf(gamma(2), BestOfN(n)).mean()
        assert isinstance(largest, arb)
        assert_close(mean_u, largest, CLOSE)
        assert_close(of_v, largest / 2, CLOSE)
        assert_close(of_x, largest / 2, CLOSE)


@pytest.mark.parametrize("n", [2, 3, 7, 40])
def test_few_draws_weigh_all_of_a_bounded_law(n: int) -> None:
    """X and V uniform: ``E U = 2 - int F^n``, F being u^2/2 up to 1 and 1 - (2 - u)^2/2 beyond."""
    mean_u, of_v, _ = numbers(UNIFORM_TWICE, n)
    with working_precision(96):
        # By the binomial theorem, in fractions.
        missing = fmpq(1, 2**n * (2 * n + 1))
        for k in range(n + 1):
            missing += fmpq(comb(n, k) * (-1) ** k, 2**k * (2 * k + 1))
        assert_close(mean_u, arb(2 - missing), 1e-14)
        assert_close(of_v, arb(2 - missing) / 2, 1e-14)


@pytest.mark.heavy
def test_peaks_of_the_paper() -> None:
    """V normal with deviation 2, X Student t(3) with deviation 1: E V is largest at n = 169."""
    # sqrt(1/3) to 30 digits, for laws are scaled by rationals.
    scale = rational("0.577350269189625764509148780502")
    pair = best_of(student_t(3) * scale, 2 * normal())
    means = {n: numbers(pair, n)[1] for n in (168, 169, 170)}
    assert means[169] > means[168] and means[169] > means[170]


def test_the_limit_of_a_tilt() -> None:
    assert_close(numbers(EXPONENTIAL_NORMAL, 10**18)[1], arb(1), 1e-12)


# ---- atoms --------------------------------------------------------------------------------------


def enumerated(
    xs: Sequence[tuple[int, int]], vs: Sequence[tuple[int, int]], n: int
) -> tuple[Fraction, Fraction, float]:
    """E V, E X and KL of the best of n, by fractions, from values and counts."""
    totals = [sum(count for _, count in rows) for rows in (xs, vs)]
    rewards: dict[int, list[Fraction]] = {}
    for x, p in xs:
        for v, q in vs:
            share = Fraction(p * q, totals[0] * totals[1])
            row = rewards.setdefault(x + v, [Fraction(0)] * 3)
            for k, part in enumerate((share, share * v, share * x)):
                row[k] += part
    below, of_v, of_x, kl = Fraction(0), Fraction(0), Fraction(0), 0.0
    for _, (mass, v_part, x_part) in sorted(rewards.items()):
        gain = (below + mass) ** n - below**n
        of_v, of_x = of_v + gain * v_part / mass, of_x + gain * x_part / mass
        kl += float(gain) * log(gain / mass)
        below += mass
    return of_v, of_x, kl


rows = st.dictionaries(st.integers(-4, 4), st.integers(1, 5), min_size=1, max_size=5).map(
    lambda counts: sorted(counts.items())
)


def law_of(counts: Sequence[tuple[int, int]]) -> Law:
    total = sum(count for _, count in counts)
    return mixture([(fmpq(count, total), point(x)) for x, count in counts])


@given(rows, rows, st.integers(2, 30))
def test_finite_laws_by_fractions(
    xs: list[tuple[int, int]], vs: list[tuple[int, int]], n: int
) -> None:
    found = best_of(law_of(xs), law_of(vs)).at(n)
    of_v, of_x, kl = enumerated(xs, vs, n)
    with working_precision(96):
        assert_close(found.mean_v, arb(rational(of_v)), 2.0**-70, 2.0**-70)
        assert_close(found.mean_x, arb(rational(of_x)), 2.0**-70, 2.0**-70)
    assert isinstance(found.kl, arb) and abs(float(found.kl) - kl) < 1e-12
    if len(xs) > 1 or len(vs) > 1:
        assert found.kl < log(n) - (n - 1) / n


def test_atoms_beside_densities() -> None:
    """X = 0 or exponential, V = 1 or normal: against the same by its four parts, in floats."""
    error = mixture([("1/2", point(0)), ("1/2", exponential())])
    utility = mixture([("1/4", point(1)), ("3/4", normal())])
    found = best_of(error, utility).at(2)
    # E max(U, U') over pairs of draws, by Pr(U <= t); the law of U has an atom of 1/8 at 1.
    t = np.linspace(-9, 45, 2_000_001)
    phi = special.ndtr
    below = (t >= 1) / 8 + 3 / 8 * phi(t) + np.where(t > 1, -np.expm1(1 - t), 0) / 8
    below += 3 / 8 * (phi(t) - np.exp(0.5 - t) * phi(t - 1))
    step = t[1] - t[0]
    largest = 45 - np.sum((below[1:] ** 2 + below[:-1] ** 2) / 2) * step
    # The trapezoid errs by at most a step times the jump of F^2 at 1, which is below 1.
    assert isinstance(found.mean_u, arb) and abs(float(found.mean_u) - largest) < step
    assert isinstance(found.kl, arb) and 0 < found.kl < log(2) - 0.5


def test_atoms_left_out_on_one_side() -> None:
    """X geometric, V uniform on (0, 1): U orders as X does first, so X is the largest of n."""
    pair, mirrored = (best_of(f"{sign}geometric(p=9/10)", "uniform()") for sign in ("", "-"))
    first = pair.error.support[0]
    assert isinstance(first, int | fmpq)
    for n in (2, 40):
        # Pr(X > first + k) is 10^-(k + 1); of -X the largest is the smallest X.
        largest = sum((1 - (1 - fmpq(1, 10 ** (k + 1))) ** n for k in range(60)), fmpq(first))
        smallest = sum((fmpq(1, 10 ** ((k + 1) * n)) for k in range(60)), fmpq(first))
        assert_close(numbers(pair, n)[2], arb(largest), CLOSE)
        assert_close(numbers(mirrored, n)[2], -arb(smallest), CLOSE)


# ---- a second route -----------------------------------------------------------------------------


def by_mpmath(n: int) -> mpmath.mpf:
    """E V of the best of n for X exponential and V normal, by quadrature of its definition."""
    with mpmath.workdps(20):

        def survival(t: mpmath.mpf) -> mpmath.mpf:
            return mpmath.ncdf(-t) + mpmath.exp(0.5 - t) * mpmath.ncdf(t - 1)

        def part(t: mpmath.mpf) -> mpmath.mpf:
            # E[V; U in dt] = int_0^oo (t - x) phi(t - x) exp(-x) dx.
            return mpmath.exp(0.5 - t) * (mpmath.ncdf(t - 1) - mpmath.npdf(t - 1))

        def integrand(t: mpmath.mpf) -> mpmath.mpf:
            return part(t) * n * (1 - survival(t)) ** (n - 1)

        return mpmath.quad(integrand, [-9, -3, 0, 3, 6, 10, 20, 40, 60])


@pytest.mark.parametrize("n", [2, 10, 1000])
def test_against_mpmath(n: int) -> None:
    # mpmath leaves out Pr(V < -9), about 1e-19, and what lies above 60.
    assert abs(float(numbers(EXPONENTIAL_NORMAL, n)[1]) - float(by_mpmath(n))) < 1e-14


def test_against_draws(rng: np.random.Generator) -> None:
    size, n = 20_000, 30
    x, v = rng.standard_exponential((size, n)), rng.standard_normal((size, n))
    best = np.take_along_axis(v, np.argmax(x + v, axis=1)[:, None], axis=1)
    error = best.std() / sqrt(size)
    assert abs(best.mean() - float(numbers(EXPONENTIAL_NORMAL, n)[1])) < 5 * error


# ---- properties ---------------------------------------------------------------------------------

LAWS: list[Law] = [
    uniform(0, 1),
    exponential(),
    normal(),
    bernoulli("1/3"),
    laplace(),
    parse("truncate(normal(), low=-1, high=2)"),
    mixture([("1/2", point(0)), ("1/2", exponential())]),
]


@pytest.mark.heavy
@few
@given(st.sampled_from(LAWS), st.sampled_from(LAWS), st.integers(2, 10**6))
def test_swapping_error_and_utility(error: Law, utility: Law, n: int) -> None:
    one, other = best_of(error, utility).at(n), best_of(utility, error).at(n)
    with working_precision(96):
        assert_close(one.mean_v, other.mean_x, CLOSE, CLOSE)
        assert_close(one.mean_u, other.mean_u, CLOSE, CLOSE)
        assert_close(one.kl, other.kl, CLOSE, CLOSE)


@pytest.mark.parametrize(("shift", "scale", "n"), [(-3, 5, 1000)])
def test_shift_and_scale(shift: int, scale: int, n: int) -> None:
    moved = best_of(scale * exponential() + shift, scale * normal() - 2 * shift).at(n)
    with working_precision(96):
        _, of_v, of_x = numbers(EXPONENTIAL_NORMAL, n)
        assert_close(moved.mean_v, scale * of_v - 2 * shift, CLOSE, CLOSE)
        assert_close(moved.mean_x, scale * of_x + shift, CLOSE, CLOSE)


def test_more_draws_raise_the_proxy() -> None:
    means = [numbers(EXPONENTIAL_NORMAL, n)[0] for n in (1, 2, 3, 5, 100, 10**5, 10**18)]
    assert all(a < b for a, b in pairwise(means))


def test_the_expansions_against_conditioning() -> None:
    """The mass and E[V; ...] of every ninth interval, by the certified conditioning."""
    with working_precision(96):
        error, utility = exponential(), normal()
        for panel in panels()[::9]:
            low, high = (condition(error, utility, end.mid().fmpq()) for end in panel.place.ends)
            # What conditioning is asked at is the middle of a ball, 2^-70 of it away at most.
            room = panel.missed[0] + panel.totals[0] * arb(2) ** -50
            assert abs(low.mass - high.mass - panel.totals[0]) < room
            assert abs(low.part - high.part - panel.totals[1]) < 9 * room


# ---- infinite, undecided, refused ---------------------------------------------------------------


def test_infinite_means() -> None:
    found = best_of(pareto("1/2"), uniform(0, 1)).at(7)
    assert found.mean_x == Diverges(1) and found.mean_u == Diverges(1)
    assert isinstance(found.mean_v, arb) and 0.5 < found.mean_v < 1
    found = best_of(-pareto("1/2"), uniform(0, 1)).at(2)
    assert found.mean_x == Diverges(-1) and found.mean_u == Diverges(-1)
    assert isinstance(found.mean_v, arb) and 0.5 < found.mean_v < 1


def test_two_power_tails_one_on_a_lattice_are_left_undecided() -> None:
    curve = best_of_curve(zeta(3), student_t(3), [1, 2])
    assert curve.points[0].known and not curve.points[1].known
    assert "atoms" in curve.points[1].because and curve.points[1].attained is None


def test_the_curve() -> None:
    curve = best_of_curve("exponential()", "bernoulli(p=1/2)", ["1", 10, "1e18"])
    assert [point.place for point in curve.points] == ["1", "10", "1000000000000000000"]
    assert curve.optimizer == "best-of-n" and curve.answered
    assert curve.limit.text.startswith("0.7310585786300048792")  # e/(1 + e)


@pytest.mark.parametrize("wrong", ["0", "1.5", "1e19", "many", "-3"])
def test_numbers_of_draws_that_are_refused(wrong: str) -> None:
    with pytest.raises(InputError, match="draws"):
        best_of_curve("point(x=0)", "point(x=1)", [wrong])


# ---- planted violations -------------------------------------------------------------------------


def test_a_missing_interval_is_noticed() -> None:
    """The mass under best-of-n is then not 1."""
    with working_precision(96):
        ranks = rank_integral(exponential(), bernoulli("1/3"))
        whole = ranks.means(10)[0]
        # The interval in which the best of ten is likely to be.
        likely = next(k for k, step in enumerate(ranks.steps) if step.above > 0.1)
        del ranks.steps[likely]
        assert abs(whole - 1) < 1e-15 and not abs(ranks.means(10)[0] - 1) < 1e-2
    pair = BestOfPair(exponential(), bernoulli("1/3"))
    pair.__dict__["_expanded"] = ranks
    with pytest.raises(Undecided, match="its mass is"):
        pair.at(10)


def test_a_wrong_polynomial_leaves_its_bounds() -> None:
    """A density off by 1e-9 is farther from conditioning than what the expansion says it misses."""
    with working_precision(96):
        panel = max(panels(), key=lambda panel: float(panel.totals[0]))
        wrong = replace(panel, mass=panel.mass * (1 + arb(10) ** -9))
        low, high = (
            condition(exponential(), normal(), end.mid().fmpq()) for end in panel.place.ends
        )
        assert not abs(low.mass - high.mass - wrong.totals[0]) < 1000 * wrong.missed[0]


def test_a_series_cut_short_is_noticed() -> None:
    """flint's cap on series is global, and cuts without a word."""
    with working_precision(96):
        pair = TwoDensities(
            take_apart(exponential()).densities[0], take_apart(normal()).densities[0]
        )
        place = Place(arb(1), arb(1.25))
        estimate = pair.estimate(place)
        for length, fits in ((terms(), True), (terms() - 8, False)):
            with series_length(length):
                sums = Sums(place, estimate)
                pair.add_to(sums)
                if fits:
                    sums.expansion()
                else:
                    with pytest.raises(AssertionError, match="shorter"):
                        sums.expansion()


def test_an_interval_that_is_too_wide_is_refused() -> None:
    with working_precision(96):
        pair = TwoDensities(
            take_apart(exponential()).densities[0], take_apart(normal()).densities[0]
        )
        place = Place(arb(1), arb(9))
        with series_length(terms()):
            sums = Sums(place, pair.estimate(place))
            with pytest.raises(TooWide):
                pair.add_to(sums)
                sums.expansion()


def test_rules_add_up_to_the_mass() -> None:
    """Each piece of a ray, halved twice, has the mass that the law says it has."""
    with working_precision(96):
        density = take_apart(gamma("1/2")).densities[0]
        ray = Ray(density, density.knots[0], 1, None)
        for k in range(-84, -24, 7):
            leaf = ray.leaf(k)
            quarters = [part for half in leaf.halves for part in half.halves]
            total = sum((part.total for part in quarters), arb(0))
            expected = density.mass(ray.start(k), ray.reach(k))
            assert abs(total - expected) < expected * arb(2) ** -60


def test_floats_agree() -> None:
    draws = [2, 10, 1000, 10**9, 10**18]
    of_v, of_x = best_of_floats(EXPONENTIAL_NORMAL, draws)
    for n, v, x in zip(draws, of_v, of_x, strict=True):
        _, mean_v, mean_x = numbers(EXPONENTIAL_NORMAL, n)
        assert abs(v - float(mean_v)) < 1e-8
        assert abs(x - float(mean_x)) < 1e-8 * float(mean_x)
    with pytest.raises(Undecided, match="atoms"):
        best_of_floats(best_of(bernoulli("1/3"), bernoulli("1/3")), draws)
