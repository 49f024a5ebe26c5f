"""Copulas: each against its distribution function, its text, its inverse, tau and the corners."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import pytest
from flint import arb, fmpq
from hypothesis import assume, given
from hypothesis import strategies as st
from mpmath import mp

from tests.verify.copula_cases import (
    FAMILIES,
    base_copulas,
    cdf,
    copulas,
    elliptical_density,
    float_rank,
    h,
    levels,
    margin_error,
    series_rank,
    tau_by_integral,
)
from tests.verify.law_cases import some
from tests.verify.mpmath_route import mp_number
from verify.copulas import (
    Copula,
    clayton,
    comonotone,
    countermonotone,
    frank,
    gaussian,
    gumbel,
    independent,
    negated,
    parse_copula,
    student_t,
    survival,
)
from verify.copulas.tau import copula_with_tau
from verify.enclosure import working_precision
from verify.errors import InputError
from verify.ranks import FLOAT_RANKS, SERIES_RANKS, Rank
from verify.taylor_series import series_length

archimedean = st.one_of(*(FAMILIES[name] for name in ("clayton", "gumbel", "frank")))
turned_archimedean = st.builds(
    lambda turn, c: turn(c), st.sampled_from([lambda c: c, survival, negated]), archimedean
)

# ---------------------------------------------------------------- text


@given(copulas)
def test_text_parses_back(copula: Copula) -> None:
    assert parse_copula(str(copula)) == copula


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("gauss(1)", "unknown copula gauss (did you mean gaussian?)"),
        ("gaussian", "gaussian needs parentheses: write gaussian(rho=NUMBER)"),
        ("survival", "survival needs parentheses: write survival(COPULA)"),
        (
            "gaussian(rho=-1)",
            "position 1: gaussian: rho must be a number strictly between -1, which is "
            "countermonotone(), and 1, which is comonotone(), got -1",
        ),
        ("gaussian()", "position 1: gaussian needs rho: write gaussian(rho=NUMBER)"),
        ("gaussian(sigma=1)", "position 1: gaussian has no parameter sigma; it takes rho"),
        ("gaussian(rho=normal())", "position 14: gaussian: rho must be a number, got a law"),
        ("clayton(theta=-1)", "position 1: clayton: theta must be a number from 0.001 to 500"),
        ("gumbel(theta=0.5)", "position 1: gumbel: theta must be a number from 1 to 500"),
        ("frank(theta=0)", "position 1: frank: theta must be a number from -500 to 500"),
        ("survival(3)", "expected a copula, such as gaussian(rho=NUMBER)"),
        ("survival()", "survival is written survival(COPULA)"),
        ("gaussian(rho=0.5", "position 17: the text ends; expected"),
        ("1 + independent()", "expected a copula, such as"),
        ('"x"', "expected a copula, such as"),
        ("", "position 1: the text ends"),
    ],
)
def test_bad_text_gets_one_line(text: str, said: str) -> None:
    with pytest.raises(InputError) as refused:
        parse_copula(text)
    message = str(refused.value)
    assert message.startswith(f"copula: {said}") and "\n" not in message


def test_turning_twice_is_not_turning() -> None:
    base = clayton(theta=2)
    assert survival(survival(base)) == negated(negated(base)) == base
    assert survival(negated(base)) == negated(survival(base))
    assert negated(base).swapped() == survival(negated(base))


# ---------------------------------------------------------------- against the definition


@given(turned_archimedean, levels, levels)
def test_conditional_is_the_slope_of_the_distribution_function(
    copula: Copula, u: fmpq, v: fmpq
) -> None:
    with mp.workdps(40):
        x, y = mp_number(u), mp_number(v)
        expected = float(mp.diff(lambda s: cdf(copula, x, s), y))
    # float64 and some twenty operations; mp.diff carries 40 digits.
    assert math.isclose(
        float(h(copula, float(u), float(v))), expected, rel_tol=1e-11, abs_tol=1e-13
    )


def test_a_survival_copula_not_turned_is_caught() -> None:
    copula, u, v = clayton(theta=2), 0.3, 0.6
    with mp.workdps(40):
        expected = float(mp.diff(lambda s: cdf(survival(copula), mp.mpf(u), s), mp.mpf(v)))
    assert not math.isclose(float(h(copula, u, v)), expected, rel_tol=1e-2)


@some
@given(copulas, st.floats(0.02, 0.98))
def test_margins_are_uniform(copula: Copula, u: float) -> None:
    # 400 nodes over |s| < 18: the integrand beyond has mass e^-36; features of width 1/theta in v
    # are resolved to 1e-6.
    assert margin_error(copula, u) < 1e-6


@dataclass(frozen=True)
class _Swapped:
    """A mistake: ``Pr(V <= u | U = v)`` for ``Pr(U <= u | V = v)``, roles confused."""

    copula: Copula

    def conditional(self, u: Any, v: Any, arithmetic: Any) -> Any:
        return self.copula.conditional(v, u, arithmetic)


def test_swapped_roles_are_caught_by_the_margins() -> None:
    for copula in (clayton(theta=2), negated(gumbel(theta=2)), gaussian(rho="0.7")):
        assert margin_error(_Swapped(copula), 0.3) > 1e-2  # type: ignore[arg-type]


@given(copulas, levels, levels)
def test_density_is_the_slope_of_the_conditional(copula: Copula, u: fmpq, v: fmpq) -> None:
    with working_precision(128), series_length(2):
        rank_u, at = series_rank(arb(u)), Rank(arb(v), 1 - arb(v))
        rank_v = Rank(0 * rank_u.below + at.below, 0 * rank_u.below + at.above)
        given_v = copula.conditional(rank_u, rank_v, SERIES_RANKS)
        log_density = copula.log_density(rank_u, rank_v, SERIES_RANKS)[0]
        slopes = given_v.below[1], -given_v.above[1]
        assert abs(slopes[0] / log_density.exp() - 1) < 1e-25
        assert abs(slopes[1] / log_density.exp() - 1) < 1e-25
    floats = copula.log_density(float_rank(float(u)), float_rank(float(v)), FLOAT_RANKS)
    # Student t quantiles of scipy are good to about 1e-10.
    assert math.isclose(float(floats), float(log_density), rel_tol=1e-7, abs_tol=1e-8)


@given(st.one_of(FAMILIES["gaussian"], FAMILIES["student_t"]), levels, levels)
def test_elliptical_density_is_that_of_the_bivariate_law(
    copula: gaussian | student_t, u: fmpq, v: fmpq
) -> None:
    ours = copula.log_density(float_rank(float(u)), float_rank(float(v)), FLOAT_RANKS)
    expected = elliptical_density(copula, float(u), float(v))
    assert math.isclose(math.exp(float(ours)), expected, rel_tol=1e-7)


@given(copulas, levels, levels)
def test_conditional_increases_from_0_to_1(copula: Copula, u: fmpq, v: fmpq) -> None:
    grid = np.array([1e-12, float(u) / 2, float(u), (1 + float(u)) / 2, 1 - 1e-12])
    values = h(copula, grid, np.full_like(grid, float(v)))
    assert (np.diff(values) >= -1e-15).all() and values[0] < 0.2 and values[-1] > 0.8


@given(copulas, levels, levels)
def test_series_and_floats_agree(copula: Copula, u: fmpq, v: fmpq) -> None:
    with working_precision(96), series_length(1):
        ranks = [Rank(r.below, r.above) for r in (series_rank(arb(p), 1) for p in (u, v))]
        certified = copula.conditional(*ranks, SERIES_RANKS)
    floats = copula.conditional(float_rank(float(u)), float_rank(float(v)), FLOAT_RANKS)
    for ball, number in ((certified.below[0], floats.below), (certified.above[0], floats.above)):
        assert ball.is_finite() and math.isclose(float(ball), float(number), rel_tol=1e-8)


@pytest.mark.parametrize("depth", [30, 100])
@pytest.mark.parametrize("corner", ["u near 1", "u near 0", "both near 1", "both near 0"])
@given(archimedean)
def test_corners_keep_their_digits(depth: int, corner: str, copula: Copula) -> None:
    """Against the distribution function differentiated at many more digits than the depth."""
    tiny = fmpq(1, 10**depth)
    near = {"1": (1 - tiny, tiny), "0": (tiny, 1 - tiny)}
    pair_u = near[corner[-1]]
    pair_v = near[corner[-1]] if corner.startswith("both") else (fmpq(2, 5), fmpq(3, 5))
    with working_precision(128), series_length(1):
        ranks = []
        for below, above in (pair_u, pair_v):
            ranks.append(
                Rank(*(0 * series_rank(arb(0.5), 1).below + arb(x) for x in (below, above)))
            )
        given_v = copula.conditional(*ranks, SERIES_RANKS)
        smaller = min(given_v.below[0], given_v.above[0], key=lambda x: float(x.log()))
        assert smaller > 0 and smaller.rel_accuracy_bits() > 80
    with mp.workdps(80 + 13 * depth):
        u, v = (mp_number(p[0]) for p in (pair_u, pair_v))
        # h = dC/dv by a central difference whose step is far below everything here.
        step = mp.mpf(10) ** (-3 * depth - 20)
        slope = (cdf(copula, u, v + step) - cdf(copula, u, v - step)) / (2 * step)
        expected = min(slope, 1 - slope)
        middle = mp.mpf(smaller.mid().str(40, radius=False))
        assume(expected > 0)
        assert abs(middle / expected - 1) < mp.mpf(10) ** -15


# ---------------------------------------------------------------- the inverse, and samples


@given(copulas, st.floats(1e-6, 1 - 1e-6), levels)
def test_inverse_undoes_the_conditional(copula: Copula, level: float, v: fmpq) -> None:
    at = float_rank(float(v))
    u = copula.inverse(float_rank(level), at)
    back = copula.conditional(u, at, FLOAT_RANKS)
    # scipy's Student t quantiles have 10 digits; the rest of the way is float64 rounding.
    assert math.isclose(float(back.below), level, rel_tol=1e-7)
    assert math.isclose(float(back.above), 1 - level, rel_tol=1e-7)
    assert math.isclose(float(u.below + u.above), 1.0, rel_tol=1e-8)


DRAWS = 200_000
#: Hoeffding: the mean of so many numbers in [-1, 1] is off by more with probability 1e-9.
TOLERANCE = 2 * math.sqrt(math.log(2 / 1e-9) / (2 * DRAWS))


@pytest.mark.parametrize(
    "copula",
    [
        gaussian(rho="-0.6"),
        student_t(rho="0.3", df=3),
        clayton(theta=2),
        survival(clayton(theta=2)),
        negated(clayton(theta=1)),
        gumbel(theta="1.7"),
        frank(theta=5),
        frank(theta=-40),
        independent(),
        comonotone(),
        countermonotone(),
    ],
    ids=str,
)
def test_samples_have_the_tau_and_the_margins(copula: Copula, rng: np.random.Generator) -> None:
    u, v = copula.sample(2 * DRAWS, rng)
    x, y = u.below.reshape(2, -1), v.below.reshape(2, -1)
    concordance = np.sign((x[0] - x[1]) * (y[0] - y[1]))
    assert abs(float(concordance.mean()) - float(copula.tau())) < TOLERANCE
    for rank in (u, v):
        assert ((rank.below > 0) & (rank.below <= 1)).all()
        for level in (0.1, 0.5, 0.9):
            assert abs(float((rank.below <= level).mean()) - level) < TOLERANCE


def test_a_wrong_sign_is_caught_by_the_sample(rng: np.random.Generator) -> None:
    u, v = gaussian(rho="0.2").sample(2 * DRAWS, rng)
    x, y = u.below.reshape(2, -1), v.below.reshape(2, -1)
    concordance = float(np.sign((x[0] - x[1]) * (y[0] - y[1])).mean())
    assert abs(concordance - float(gaussian(rho="-0.2").tau())) > TOLERANCE


# ---------------------------------------------------------------- tau and tails


@some
@given(copulas)
def test_tau_is_its_integral(copula: Copula) -> None:
    fine, coarse = tau_by_integral(copula, 240), tau_by_integral(copula, 120)
    # The rule's own error is about the change from half the nodes; e^-15 is cut off at each end.
    assert abs(fine - float(copula.tau())) < 10 * abs(fine - coarse) + 1e-5


@given(st.sampled_from(["gaussian", "clayton", "gumbel", "frank"]), st.integers(-19, 19))
def test_tau_gives_the_copula(family: str, twentieths: int) -> None:
    tau = fmpq(twentieths, 20)
    copula = copula_with_tau(family, tau)
    # Parameters have 12 digits, and tau moves by at most about as much.
    assert abs(copula.tau() - arb(tau)) < 1e-9


def test_tau_gives_the_extremes() -> None:
    assert copula_with_tau("gaussian", fmpq(1)) == comonotone()
    assert copula_with_tau("frank", fmpq(-1)) == countermonotone()
    assert copula_with_tau("clayton", fmpq(0)) == independent()
    with pytest.raises(InputError, match="tau: expected a number from -1 to 1, got 2"):
        copula_with_tau("gaussian", fmpq(2))
    with pytest.raises(InputError, match="family: expected one of gaussian"):
        copula_with_tau("joe", fmpq(0))


@given(base_copulas)
def test_tail_dependence_is_approached(copula: Copula) -> None:
    lower, upper = (float(x) for x in copula.tail_dependence())
    turned = survival(copula).tail_dependence()
    assert (float(turned[0]), float(turned[1])) == (upper, lower)
    assert 0 <= lower <= 1 and 0 <= upper <= 1


@pytest.mark.parametrize(
    ("copula", "side"),
    [
        (clayton(theta=2), 0),
        (gumbel(theta=2), 1),
        (student_t(rho="0.5", df=4), 0),
        (frank(theta=4), 1),
    ],
    ids=str,
)
def test_tail_dependence_by_integral(copula: Copula, side: int) -> None:
    """``Pr(U < q | V < q)``, the mean of h over the corner, falls to the coefficient as q does."""
    x, w = np.polynomial.legendre.leggauss(200)
    gaps = []
    for q in (1e-2, 1e-3, 1e-4):
        v = q * (1 + x) / 2
        corner = Rank(v, 1 - v) if side == 0 else Rank(1 - v, v)
        edge = Rank(np.full_like(v, q), np.full_like(v, 1 - q))
        u = edge if side == 0 else edge.turned()
        given_v = copula.conditional(u, corner, FLOAT_RANKS)
        share = float((w / 2) @ (given_v.below if side == 0 else given_v.above))
        gaps.append(abs(share - float(copula.tail_dependence()[side])))
    assert gaps[0] > gaps[1] > gaps[2] and gaps[2] < 0.03


@given(levels, levels)
def test_weak_dependence_is_nearly_none(u: fmpq, v: fmpq) -> None:
    for copula in (
        clayton(theta="0.001"),
        frank(theta="0.001"),
        frank(theta="-0.001"),
        gumbel(theta="1.001"),
        gaussian(rho="0.001"),
    ):
        assert abs(float(h(copula, float(u), float(v))) - float(u)) < 0.004
    for none in (gumbel(theta=1), gaussian(rho=0)):
        assert math.isclose(float(h(none, float(u), float(v))), float(u), rel_tol=1e-12)


def test_the_extremes_have_no_density() -> None:
    for copula in (comonotone(), countermonotone(), survival(comonotone())):
        assert not copula.has_density
        with pytest.raises(InputError, match="has no density"):
            copula.conditional(float_rank(0.5), float_rank(0.5), FLOAT_RANKS)


def test_parameters_are_exact() -> None:
    assert replace(gaussian(rho="0.1")).rho == fmpq(1, 10)
