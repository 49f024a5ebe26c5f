"""Shift, scale, negation, mixture and truncation: every number by two methods.

Laws on finitely many points are composed at random, beside a model of the same law: a dictionary of
exact fractions. Laws with a density are compared with another law of the catalogue that is the same
law, by a textbook identity.
"""

from __future__ import annotations

from fractions import Fraction

import numpy as np
import pytest
from flint import arb, fmpq
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.verify.law_strategies import catalogued, images, mixtures, truncations
from verify.enclosure import Diverges, Number, ball, working_precision
from verify.law import Law, LawError
from verify.laws import (
    bernoulli,
    exponential,
    geometric,
    laplace,
    lognormal,
    mixture,
    normal,
    pareto,
    parse,
    poisson,
    student_t,
    truncate,
    uniform,
    zeta,
)

#: As many as the profile says: ten times as many under HEAVY=1.
EXAMPLES = settings().max_examples

BITS = 128


def q(value: Fraction) -> fmpq:
    return fmpq(value.numerator, value.denominator)


# ------------------------------------------------------------------ two names for one law

THIRD = fmpq(1, 3)

SAME: dict[str, tuple[Law, Law]] = {
    "a + b normal": (2 - 3 * normal(1, THIRD), normal(-1, 1)),
    "b pareto": (7 * pareto(fmpq(5, 2), THIRD), pareto(fmpq(5, 2), fmpq(7, 3))),
    "a + b uniform": (1 - 2 * uniform(), uniform(-1, 1)),
    "-laplace": (-laplace(), laplace()),
    "-student": (-student_t(3), student_t(3)),
    "pareto beyond": (truncate(pareto(fmpq(5, 2)), low=3), pareto(fmpq(5, 2), 3)),
    "exponential beyond": (truncate(exponential(), low=2), 2 + exponential()),
    "uniform inside": (truncate(uniform(), low=THIRD, high=fmpq(1, 2)), uniform(THIRD, fmpq(1, 2))),
    "geometric beyond": (truncate(geometric(THIRD), low=4), 4 + geometric(THIRD)),
    "laplace above 0": (truncate(laplace(), low=0), exponential()),
    "one law mixed with itself": (
        mixture([(THIRD, lognormal()), (1 - THIRD, lognormal())]),
        lognormal(),
    ),
    "mixture of halves": (
        mixture([(fmpq(1, 2), exponential()), (fmpq(1, 2), -exponential())]),
        laplace(),
    ),
    "nested mixture": (
        mixture(
            [
                (THIRD, mixture([(THIRD, normal()), (1 - THIRD, 5 + normal())])),
                (1 - THIRD, 5 + normal()),
            ]
        ),
        mixture([(THIRD**2, normal()), (1 - THIRD**2, 5 + normal())]),
    ),
    "nested truncation": (
        truncate(truncate(normal(), low=-1, high=2), low=0, high=3),
        truncate(normal(), low=0, high=2),
    ),
    "truncation of an image": (
        truncate(1 - 2 * exponential(), low=-7, high=0),
        1 - 2 * truncate(exponential(), low=fmpq(1, 2), high=4),
    ),
    "truncation of a mixture": (
        truncate(mixture([(THIRD, uniform(0, 2)), (1 - THIRD, uniform(1, 2))]), high=1),
        uniform(0, 1),
    ),
    "split and put together": (
        mixture(
            [
                (fmpq(1, 4), truncate(uniform(), high=fmpq(1, 4))),
                (fmpq(3, 4), truncate(uniform(), low=fmpq(1, 4))),
            ]
        ),
        uniform(),
    ),
    "poisson part": (
        truncate(-poisson(3), low=fmpq(-5, 2), high=fmpq(-1, 2)),
        -1 - bernoulli(p=fmpq(3, 5)),  # masses 3 and 9/2 at 1 and 2, but for exp(-3)
    ),
    "zeta without its first atom, twice": (
        truncate(truncate(zeta(3), low=1), low=2),
        truncate(zeta(3), low=2),
    ),
}


@pytest.mark.parametrize("name", SAME)
def test_two_names_for_one_law(name: str) -> None:
    one, other = SAME[name]
    with working_precision(BITS):
        assert_same(one, other)


def assert_same(one: Law, other: Law) -> None:
    """All numbers of the two agree."""
    agree(one.mean(), other.mean())
    places = [fmpq(k, 7) for k in (-40, -15, -11, -7, -3, 1, 3, 7, 8, 13, 20, 36, 90)]
    for t in places:
        for closed in (False, True):
            agree(one.survival(t, closed), other.survival(t, closed))
            agree(one.cdf(t, closed), other.cdf(t, closed))
        agree_logs(one.log_survival(t), other.log_survival(t), f"log-survival at {t}")
        agree_logs(one.log_cdf(t), other.log_cdf(t), f"log-cdf at {t}")
        agree(one.mass_at(t), other.mass_at(t))
        agree(one.upper_mean(t), other.upper_mean(t), f"upper mean at {t}")
        agree(one.lower_mean(t), other.lower_mean(t), f"lower mean at {t}")
        if one.survival(t) > 1e-9:  # beyond, a law that is turned round has few digits left
            agree(one.tail_mean(t), other.tail_mean(t), f"tail mean at {t}")
        if not one.has_atoms and t not in one.support:
            agree(one.density(t), other.density(t), f"density at {t}")
    for tilt in (fmpq(-1, 3), fmpq(1, 3)):
        agree(one.log_mgf(tilt), other.log_mgf(tilt))
        if isinstance(one.log_mgf(tilt), arb):
            for left, right in zip(one.cumulants(tilt), other.cumulants(tilt), strict=True):
                agree(left, right)
            for left, right in zip(
                one.exponential_moments(arb(tilt), fmpq(-1), fmpq(2)),
                other.exponential_moments(arb(tilt), fmpq(-1), fmpq(2)),
                strict=True,
            ):
                agree(left, right)
    for level in (fmpq(1, 10), fmpq(4, 7), fmpq(99, 100)):
        agree(
            one.quantile(level) + arb("0 +/- 1e-25"), other.quantile(level), f"quantile at {level}"
        )
    if not one.has_atoms:
        assert one.support == other.support
    for rate, same_rate in (
        (one.mgf_abscissa, other.mgf_abscissa),
        (one.decay_rate, other.decay_rate),
    ):
        assert rate == same_rate


def agree(one: Number, other: Number, what: str = "") -> None:
    if isinstance(one, Diverges) or isinstance(other, Diverges):
        assert one == other
        return
    assert one.is_finite() and other.is_finite() and one.overlaps(other), (
        f"{what}: {one} and {other}"
    )
    for value in (one, other):
        assert value.rad() < 1e-15 * max(1.0, abs(float(value))), f"{what}: {value} is wide"


def agree_logs(one: arb, other: arb, what: str) -> None:
    if one == arb.neg_inf() or other == arb.neg_inf():
        assert one == other, what
    else:
        agree(one, other, what)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        (normal(), normal(fmpq(1, 10**12))),
        (truncate(pareto(2), low=3), pareto(2, fmpq(3) + fmpq(1, 10**12))),
        (truncate(geometric(THIRD), low=4), 3 + geometric(THIRD)),
    ],
)
def test_laws_that_differ_a_little_are_told_apart(one: Law, other: Law) -> None:
    with working_precision(BITS), pytest.raises(AssertionError):
        assert_same(one, other)


# ------------------------------------------------------------------ laws of the algebra

some_numbers = st.fractions(-4, 4, max_denominator=7).map(q)
compound = st.one_of(catalogued, mixtures(catalogued), truncations(catalogued))


@settings(max_examples=EXAMPLES * 3 // 2)
@given(compound, some_numbers, some_numbers.filter(bool), some_numbers)
def test_equivariance(law: Law, shift: fmpq, scale: fmpq, t: fmpq) -> None:
    moved = shift + scale * law
    at = shift + scale * t
    turned = -law
    assert -turned == law and (law + 1) - 1 == law and 2 * law / 2 == law
    assert (moved - shift) / scale == law and 1 - (1 - law) == law
    with working_precision(BITS):
        if scale > 0:
            pairs = [(moved.survival(at), law.survival(t)), (moved.cdf(at), law.cdf(t))]
        else:
            pairs = [
                (moved.survival(at), law.cdf(t, open=True)),
                (moved.cdf(at, open=True), law.survival(t)),
            ]
        for one, other in pairs:
            assert one.overlaps(other) and one.is_finite()
        assert moved.mass_at(at).overlaps(law.mass_at(t))
        assert (moved.survival(at) + moved.cdf(at)).overlaps(arb(1))
        mean, moved_mean = law.mean(), moved.mean()
        if isinstance(mean, Diverges):
            assert moved_mean == Diverges(mean.sign if scale > 0 else -mean.sign)
        else:
            assert isinstance(moved_mean, arb) and moved_mean.overlaps(shift + scale * mean)
        sides = (law.right_tail, law.left_tail)
        moved_sides = (moved.right_tail, moved.left_tail)
        for before, after in zip(
            sides, moved_sides if scale > 0 else moved_sides[::-1], strict=True
        ):
            for one_rate, other_rate in (
                (before.abscissa, after.abscissa),
                (before.decay, after.decay),
            ):
                if one_rate is None or isinstance(one_rate, Diverges):
                    assert one_rate == other_rate
                else:
                    assert (ball(one_rate) / abs(scale)).overlaps(ball(other_rate))  # type: ignore[arg-type]


@settings(max_examples=EXAMPLES)
@given(st.lists(catalogued, min_size=2, max_size=3), some_numbers)
def test_mixtures_are_averages(parts: list[Law], t: fmpq) -> None:
    weights = [fmpq(2 * i + 1, len(parts) ** 2) for i in range(len(parts))]
    law = mixture(list(zip(weights, parts, strict=True)))
    with working_precision(BITS):

        def average(numbers: list[arb]) -> arb:
            return sum((w * x for w, x in zip(weights, numbers, strict=True)), arb(0))

        assert law.survival(t).overlaps(average([part.survival(t) for part in parts]))
        assert law.cdf(t, open=True).overlaps(average([part.cdf(t, open=True) for part in parts]))
        assert law.mass_at(t).overlaps(average([part.mass_at(t) for part in parts]))
        means = [part.mean() for part in parts]
        if all(isinstance(mean, arb) for mean in means):
            mean = law.mean()
            assert isinstance(mean, arb) and mean.overlaps(average(means))  # type: ignore[arg-type]
        else:
            assert isinstance(law.mean(), Diverges)
        assert law.has_atoms == any(part.has_atoms for part in parts)


def test_a_common_offset_costs_a_mixture_few_digits() -> None:
    """Laws at 1e9: the variance keeps what 64 bits leave of numbers of that size."""
    near = parse("mixture(0.5*normal(), 0.5*(3 + 2*normal()))")
    far = parse("mixture(0.5*(1e9 + normal()), 0.5*(1e9 + 3 + 2*normal()))")
    with working_precision(64):
        for tilt in (fmpq(1, 10), fmpq(2)):
            _, mean, variance = far.cumulants(tilt)
            assert abs(variance - near.cumulants(tilt)[2]) < 1e-6 and variance.rad() < 1e-6
            assert abs(mean - near.cumulants(tilt)[1] - 10**9) < 1e-6


def test_a_mixture_with_an_atom_is_strict_there() -> None:
    law = parse("mixture(0.25*normal(), 0.5*(1/3 + 2/3*bernoulli(p=0.5)), 0.25*point(1/3))")
    third = fmpq(1, 3)
    with working_precision(BITS):
        assert law.mass_at(third).overlaps(arb(0.5)) and law.mass_at(fmpq(1)).overlaps(arb(0.25))
        step = law.survival(third, closed=True) - law.survival(third)
        assert step.overlaps(arb(0.5)) and step.rel_accuracy_bits() > 100
        beside = law.survival(third + fmpq(1, 10**40))
        assert (law.survival(third) - beside).rad() < 1e-30 and beside < law.survival(
            third, True
        ) - fmpq(1, 3)


def test_what_the_algebra_refuses() -> None:
    for build, says in (
        (lambda: 0 * normal(), "collapses"),
        (lambda: mixture([]), "positive"),
        (lambda: mixture([(fmpq(1, 2), normal())]), "add up to exactly 1, got 0.5"),
        (lambda: mixture([(2, normal()), (-1, normal())]), "positive"),
        (lambda: truncate(normal()), "low=, high="),
        (lambda: truncate(pareto(2), high=1), "no mass"),
        (lambda: truncate(poisson(3), low=fmpq(1, 4), high=fmpq(3, 4)), "no mass"),
        (lambda: truncate(normal(), low=2, high=1), "no mass"),
    ):
        with pytest.raises(LawError, match=says):
            build()


def test_draws_of_composed_laws(rng: np.random.Generator) -> None:
    law = parse("mixture(0.5*(2 - 3*truncate(exponential(), high=2)), 0.5*(1 + poisson(2)))")
    draws, size = law.sample(20_000, rng), 20_000
    for t in ("-3", "-1", "1", "3/2", "2", "4"):
        at = q(Fraction(t))
        tail = float(law.survival(at))
        assert (
            abs((draws > float(Fraction(t))).mean() - tail) < 5 * (tail * (1 - tail) / size) ** 0.5
        )


@settings(max_examples=EXAMPLES * 3 // 4)
@given(images(mixtures(truncations(catalogued)), some_numbers))
def test_deep_compositions_hold_together(law: Law) -> None:
    with working_precision(BITS):
        previous = arb(1)
        for t in (fmpq(-50), fmpq(-2), fmpq(0), fmpq(1, 3), fmpq(2), fmpq(50)):
            above, up_to = law.survival(t), law.cdf(t)
            assert above.is_finite() and (above + up_to).overlaps(arb(1))
            assert not above > previous
            previous = above
            assert (law.cdf(t) - law.cdf(t, open=True)).overlaps(law.mass_at(t))
