"""Conditioning of independent pairs: known numbers, exact small laws, and laws that must hold."""

from __future__ import annotations

from fractions import Fraction
from typing import Any

import pytest
from flint import arb, fmpq
from hypothesis import assume, given
from hypothesis import strategies as st
from mpmath import mp

from tests.verify.balls import assert_close, assert_sharp, fraction, number
from tests.verify.law_cases import few, rationals, some
from verify.claim import rounds_to
from verify.conditioning import Conditioned, condition
from verify.enclosure import Diverges, Undecided, exact, working_precision
from verify.law import Law
from verify.laws import (
    bernoulli,
    beta,
    binomial,
    cauchy,
    exponential,
    gamma,
    geometric,
    gumbel,
    laplace,
    logistic,
    lognormal,
    mixture,
    normal,
    pareto,
    parse,
    point,
    poisson,
    student_t,
    tail,
    truncate,
    uniform,
    weibull,
    zeta,
)
from verify.laws.empirical_law import Empirical

BITS, FINE = 64, 96
#: What the command promises: the relative radius at BITS.
RELATIVE = 1e-12


def at(error: Law, utility: Law, t: fmpq | int, closed: bool = False) -> Conditioned:
    """The answer at the precision of the tests."""
    with working_precision(BITS):
        return condition(error, utility, fmpq(t), closed)


# ---------------------------------------------------------------- numbers that are known

X_LOG_SQUARED = 'tail(log_sf="-x-2*log(1+x)", lower=0)'
V_LOG_CUBED = 'tail(log_sf="-x-3*log(1+x)", lower=0)'

#: Error, utility, t, and E[V | U > t] as printed in the theory's notes.
KNOWN = [
    ("pareto(alpha=2)", "pareto(alpha=3)", "100000000", "3.00000000000002806"),
    ("exponential()", "normal()", "8", "0.99999999999887522"),
    ("exponential()", "0.5*laplace()", "200", "0.666666666666667"),
    (X_LOG_SQUARED, V_LOG_CUBED, "1000", "2.0110"),
    (X_LOG_SQUARED, V_LOG_CUBED, "10000", "2.0017"),
    (X_LOG_SQUARED, V_LOG_CUBED, "100000", "2.00023"),
    ("normal()", V_LOG_CUBED, "5", "3.84"),
    ("normal()", V_LOG_CUBED, "10", "9.46"),
    ("normal()", V_LOG_CUBED, "20", "19.7"),
    ("normal()", V_LOG_CUBED, "40", "39.9"),
    ("normal()", V_LOG_CUBED, "80", "79.9"),
]


@pytest.mark.parametrize(("error", "utility", "t", "printed"), KNOWN)
def test_known_numbers(error: str, utility: str, t: str, printed: str) -> None:
    with working_precision(FINE):
        found = condition(parse(error), parse(utility), fmpq(int(t)))
        assert rounds_to("E[V | U > t]", lambda: found.mean, printed).failure() is None
    assert_sharp(found.mean, RELATIVE)


def test_subexponential_on_the_line_with_a_light_tail() -> None:
    # X = Y - log 2 with tail e^-y (1 + y)^-2: the shift is no rational, so t is moved instead,
    # by log 2 rounded to 60 digits; the mean of V moves by far less than what is printed.
    log_two = fmpq(693147180559945309417232121458176568075500134360255254120680, 10**60)
    found = at(parse(X_LOG_SQUARED), normal(), 1000 + log_two)
    with working_precision(BITS):
        printed = rounds_to("E[V | U > 1000]", lambda: found.mean, "1.00199862065346")
        assert printed.failure() is None


def test_alternation_of_geometric_and_uniform() -> None:
    halves = mixture([(0.5, point(0)), (0.5, point(fmpq(1, 2)))])
    for n in (3, 10, 40):
        at_whole, at_half = (at(geometric(0.5), halves, t) for t in (n, fmpq(2 * n + 1, 2)))
        # Of U > n: X > n, whatever V; and X = n with V = 1/2.
        assert_close(at_whole.mean, arb(1) / 3, 1e-15)
        assert_close(at_half.mean, arb(1) / 4, 1e-15)


def test_far_out() -> None:
    """At t = 10^12 where the mean of V is 0, and where the mass is exp(-10^11)."""
    with working_precision(BITS):
        far = condition(student_t(3), normal(), fmpq(10**12))
        # By parts E[V; U > t] = E f_X(t - V), and E[V | U > t] = 3/t (1 + O(1/t^2)).
        assert_close(far.mean, arb(3) / 10**12, 1e-13)
        t = 447_214
        tiny = condition(normal(), exponential(), fmpq(t))
        # X + V > t: V is t - X + E given that, with X tilted by the rate 1 of V; both are exact
        # but for the mass of X > t, which is exp(-t^2/2).
        assert_close(tiny.mean_x, arb(1), 1e-12)
        assert_close(tiny.mean_v, arb(t), 1e-12)


@pytest.mark.parametrize(
    ("error", "utility", "t", "log_mass"),
    [
        ("normal()", "normal()", 10**6, "-2.5e11"),
        ("half_normal()", "half_normal()", 10**6, "-2.5e11"),
        ("normal()", "weibull(shape=2)", 5 * 10**5, "-8.3333333e10"),
        ("uniform(low=0, high=1)", "normal()", 447_214, "-1.0000e11"),
    ],
)
def test_masses_that_live_in_logarithms(error: str, utility: str, t: int, log_mass: str) -> None:
    found = at(parse(error), parse(utility), t)
    assert_close(found.log_mass, arb(log_mass), 1e-4)
    for value in (found.mean_v, found.mean_x):
        assert_sharp(number(value), RELATIVE)


@pytest.mark.parametrize("power", [9, 13, 40])
def test_next_to_the_largest_value(power: int) -> None:
    """Within d of the top U is 2 - d: the mass of two uniform laws is d^2/2, of a beta law d^4."""
    d = fmpq(1, 10**power)
    found = at(uniform(0, 1), uniform(0, 1), 2 - d)
    assert_close(found.mass, arb(d) ** 2 / 2, RELATIVE)
    assert_close(1 - found.mean, arb(d) / 3, 0, 1e-14)
    # The density 12 y (1 - y)^2 of y = 1 - X gives d^4 - (3/5) d^5 times 12/12.
    steep = at(beta(2, 3), uniform(0, 1), 2 - d)
    assert_close(steep.mass, arb(d) ** 4 - arb(d) ** 5 * 3 / 5, RELATIVE)


def test_little_room_between_two_tops() -> None:
    """Only X = 6 with V = 1/3 or -1/6 is above 11/2: 3^-6 times 3 exp(-2)."""
    found = at(binomial(6, fmpq(1, 3)), fmpq(1, 3) - poisson(2) / 2, fmpq(11, 2))
    assert_close(found.mass, 3 * arb(-2).exp() / 3**6, RELATIVE)
    # V = -1/6 has two thirds of it.
    assert_close(found.mean_v, arb(0), 0, 1e-15)
    assert_close(found.mean_x, arb(6), RELATIVE)


@pytest.mark.parametrize("t", [-5, -30, -(10**6)])
def test_the_divergence_of_a_weak_selection(t: int) -> None:
    """Where U > t is nearly sure, KL is about Pr(U <= t), with all its digits."""
    found = at(normal(), normal(), t)
    with working_precision(FINE):
        rest = normal().log_cdf(arb(t) / arb(2).sqrt())
        assert_close((-rest.exp()).log1p(), found.log_mass, RELATIVE)
    assert_sharp(found.kl, RELATIVE)
    assert at(uniform(0, 1), point(0), -1).kl == 0
    # At an atom: U > 0 leaves out two zeros, and U >= 0 nothing.
    zero = at(poisson(30), poisson(40), 0)
    assert_close(zero.kl, -(-arb(-70).exp()).log1p(), RELATIVE)
    assert at(poisson(30), poisson(40), 0, closed=True).kl == 0


@pytest.mark.parametrize("t", ["0.35", "0.306", "0.1"])
def test_the_start_of_a_density_that_is_flat_there(t: str) -> None:
    """U <= t takes a Frechet value of exp(-t^-3): no digit of a mean hangs on it, all of KL do."""
    found = at(parse("burr(c=2, k=2)"), parse("frechet(alpha=3)"), exact(t))
    assert_sharp(found.kl, RELATIVE)
    assert_sharp(found.mean, RELATIVE)
    with mp.workdps(20):
        # E V = Gamma(2/3), E X = pi/4; beside them Pr(U <= t) is below 1e-14.
        assert_close(found.mean, arb(str(mp.gamma(mp.mpf(2) / 3))), 1e-13)
        assert_close(number(found.mean_x), arb(str(mp.pi / 4)), 1e-13)
        edge = mp.mpf(t)

        def density(x: Any) -> Any:  # times exp(t^-3): mpmath's rule stops at an absolute error
            power = edge**-3 - (edge - x) ** -3 if x < edge else mp.ninf
            return 4 * x / (1 + x * x) ** 3 * mp.exp(power)

        cuts = [0, *(edge / 4**k for k in range(8, -1, -1))]
        rest = arb(str(mp.quad(density, cuts) * mp.exp(-(edge**-3))))
    assert_close((-(-found.kl).expm1()), rest, 1e-12)


def test_infinite_means() -> None:
    found = at(cauchy(), normal(), 100)
    assert isinstance(found.mean_x, Diverges) and isinstance(found.mean_u, Diverges)
    assert_sharp(found.mean, RELATIVE)
    heavy = at(normal(), cauchy(), 3)
    assert heavy.mean_v == Diverges(+1)
    with pytest.raises(Undecided, match="E\\[V"):
        _ = heavy.mean
    # E V is -oo, but what is left of V where U > t is not.
    finite = at(exponential(), -pareto(fmpq(1, 2)), 2)
    mirrored = at(-pareto(fmpq(1, 2)), exponential(), 2)
    assert_close(finite.mean, mirrored.mean_x, 1e-11)
    with pytest.raises(Undecided, match="not known"):
        at(cauchy(), -pareto(fmpq(1, 2)), 2)
    # Neither V nor the large X beside which it may be negative have a mean, but V^- X^(1/2) has
    # moments enough: what is below 0 is finite, what is above is not. Not so beside two log-Cauchy.
    assert at(pareto(fmpq(1, 2)), cauchy(), 3).mean_v == Diverges(+1)
    with pytest.raises(Undecided, match="not known"):
        at(parse("log_cauchy()"), cauchy(), 3)


# ---------------------------------------------------------------- small discrete laws, by hand

values = st.lists(st.integers(-4, 4).map(lambda k: fmpq(k, 2)), min_size=1, max_size=6)


def by_hand(xs: list[fmpq], vs: list[fmpq], t: fmpq, closed: bool) -> tuple[Fraction, Fraction]:
    """``Pr(U > t)`` and ``E[V; U > t]`` for draws from two lists."""
    inside = [fraction(v) for x in xs for v in vs if (x + v >= t if closed else x + v > t)]
    total = len(xs) * len(vs)
    return Fraction(len(inside), total), sum(inside, Fraction(0)) / total


@some
@given(values, values, st.integers(-8, 8).map(lambda k: fmpq(k, 2)), st.booleans())
def test_lists_of_values(xs: list[fmpq], vs: list[fmpq], t: fmpq, closed: bool) -> None:
    mass, part = by_hand(xs, vs, t, closed)
    laws = [Empirical.from_values([float(fraction(x)) for x in each]) for each in (xs, vs)]
    if mass == 0:
        with pytest.raises(Undecided):
            at(laws[0], laws[1], t, closed)
        return
    found = at(laws[0], laws[1], t, closed)
    assert_close(found.mass, arb(fmpq(mass.numerator, mass.denominator)), 1e-15)
    assert_close(found.part, arb(fmpq(part.numerator, part.denominator)), 1e-14, 1e-17)


@pytest.mark.parametrize("t", ["0.01", "1/3"])
def test_a_law_without_a_mean_beside_a_threshold_that_is_no_ball(t: str) -> None:
    """Partial means of such a law are asked for at t less the end of the other: a fraction."""
    found = at(parse("-log_cauchy()"), pareto(3), exact(t))
    turned = at(pareto(3), parse("-log_cauchy()"), exact(t))
    assert_sharp(found.mean, RELATIVE)
    assert_close(found.mean, number(turned.mean_x), RELATIVE)
    assert_close(number(found.mean_x), turned.mean, RELATIVE)


def test_ends_that_are_no_binary_fractions() -> None:
    """The end 1/7 of V is a ball, which the ends of what is integrated over X lie across."""
    found = at(parse("1/3-levy()"), parse("1/7+exponential()"), fmpq(1, 3))
    # U - 1/3 - 1/7 is the sum of the two laws themselves.
    moved = at(parse("-levy()"), exponential(), fmpq(-1, 7))
    assert_close(found.mass, moved.mass, RELATIVE)
    assert_close(found.mean, moved.mean + arb(1) / 7, RELATIVE)


def test_an_atom_at_the_threshold_tells_open_from_closed() -> None:
    """Planted: the sum with ``>`` for ``>=`` is not the answer."""
    xs, vs = [fmpq(0), fmpq(1)], [fmpq(0), fmpq(1)]
    wrong = by_hand(xs, vs, fmpq(1), closed=False)
    found = at(bernoulli(0.5), bernoulli(0.5), 1, closed=True)
    assert_close(found.mass, arb(3) / 4, 1e-15)
    assert not found.mass.overlaps(arb(fmpq(wrong[0].numerator, wrong[0].denominator)))
    # The atom of a tail that a user wrote, and of a list: t is the sum of the two.
    ours = tail(log_sf="-1 - x", lower=0)
    one, other = (at(ours, point(2), 2, closed) for closed in (True, False))
    assert_close(one.mass, arb(1), 1e-15)
    assert_close(other.mass, (-arb(1)).exp(), 1e-9)


# ---------------------------------------------------------------- what must hold for any pair

SMOOTH = (
    normal(),
    logistic(),
    gumbel(),
    student_t(3),
    exponential(),
    gamma(fmpq(5, 2)),
    lognormal(),
    pareto(3),
    weibull(fmpq(1, 2)),
    uniform(-1, 2),
    beta(fmpq(1, 2), 2),
    laplace(),
    truncate(normal(), low=-1, high=2),
    mixture([(0.25, 2 + normal()), (0.75, -exponential())]),
    tail(log_sf="-sqrt(x)", lower=1),
)
ATOMIC = (
    bernoulli(fmpq(1, 3)),
    binomial(5, fmpq(1, 3)),
    poisson(2),
    geometric(fmpq(1, 3)),
    -geometric(fmpq(1, 2)),
    zeta(5),
    point(fmpq(1, 2)),
    truncate(poisson(3), low=1, high=7),
    mixture([(0.5, poisson(1)), (0.5, normal())]),
)
laws = st.sampled_from(SMOOTH + ATOMIC)
thresholds = rationals("-2", "6")


def or_nothing(error: Law, utility: Law, t: fmpq) -> Conditioned | None:
    """The answer; None where the mass is 0."""
    try:
        return at(error, utility, t)
    except Undecided as why:
        assert "is 0" in str(why) or "told from 0" in str(why), why
        return None


@some
@given(laws, laws, thresholds)
def test_turned_round(error: Law, utility: Law, t: fmpq) -> None:
    """Over X and over V: the integrals differ, the answers do not."""
    one, other = or_nothing(error, utility, t), or_nothing(utility, error, t)
    assert (one is None) == (other is None)
    if one is not None and other is not None:
        assert_close(one.mass, other.mass, RELATIVE)
        assert_close(one.mean_v, other.mean_x, RELATIVE, RELATIVE)
        assert_close(one.mean_x, other.mean_v, RELATIVE, RELATIVE)


@some
@given(laws, laws, thresholds, rationals("1/12", "3"))
def test_mass_falls_and_the_mean_of_u_rises(error: Law, utility: Law, t: fmpq, step: fmpq) -> None:
    near, far = or_nothing(error, utility, t), or_nothing(error, utility, t + step)
    assume(near is not None and far is not None)
    assert near is not None and far is not None
    assert not far.mass > near.mass
    assert not number(far.mean_u) < number(near.mean_u)
    assert not number(near.mean_u) < arb(t)


@few
@given(laws, laws, st.sets(thresholds, min_size=2, max_size=4))
def test_tower_rule(error: Law, utility: Law, cuts: set[fmpq]) -> None:
    """``E[V; U <= t]`` from the pair turned over, and the sum over cells, give back ``E V``."""
    total_mass, total = arb(0), arb(0)
    ends = sorted(cuts)
    if or_nothing(-error, -utility, -ends[0] - fmpq(1, 10**9)) is not None:
        below = at(-error, -utility, -ends[0], closed=True)
        total_mass, total = below.mass, -below.part
    found = [or_nothing(error, utility, t) for t in ends]
    parts = [(arb(0), arb(0)) if each is None else (each.mass, each.part) for each in found]
    for one, other in zip(parts, [*parts[1:], (arb(0), arb(0))], strict=True):
        total_mass, total = total_mass + one[0] - other[0], total + one[1] - other[1]
    assert_close(total_mass, arb(1), RELATIVE)
    assert_close(total, utility.mean(), 8 * RELATIVE, 8 * RELATIVE)


@few
@given(laws, laws, thresholds, rationals("1/3", "4"), rationals("-3", "3"), rationals("-3", "3"))
def test_shift_and_scale(
    error: Law, utility: Law, t: fmpq, scale: fmpq, one: fmpq, other: fmpq
) -> None:
    plain = or_nothing(error, utility, t)
    assume(plain is not None)
    assert plain is not None
    moved = at(scale * error + one, scale * utility + other, scale * t + one + other)
    assert_close(moved.mass, plain.mass, RELATIVE)
    expected = scale * plain.mean + other
    assert_close(moved.mean_v, expected, RELATIVE, 8 * RELATIVE)
