"""Divergences: tokens, generators against their definition, conjugates, normalisations, Fenchel."""

from __future__ import annotations

from collections.abc import Callable
from fractions import Fraction

import mpmath
import pytest
from flint import arb, fmpq
from hypothesis import given
from hypothesis import strategies as st

from verify.claim import mpf_of_ball
from verify.divergence import (
    NORMALISATIONS,
    TOKENS,
    Generated,
    JensenShannon,
    OddsCap,
    Power,
    Renyi,
    TotalVariation,
    parse_divergence,
)
from verify.enclosure import Diverges, Undecided, working_precision
from verify.errors import InputError

GENERATED = (
    "kl",
    "chi2",
    "power:3",
    "power:3/2",
    "power:1/4",
    "hellinger",
    "reverse_kl",
    "tv",
    "js",
)

BY_DEFINITION: dict[str, Callable[[mpmath.mpf], mpmath.mpf]] = {
    "kl": lambda w: w * mpmath.log(w) - w + 1,
    "chi2": lambda w: (w - 1) ** 2,
    "power:3": lambda w: (w**3 - 1 - 3 * (w - 1)) / 6,
    "hellinger": lambda w: (mpmath.sqrt(w) - 1) ** 2 / 2,
    "reverse_kl": lambda w: w - 1 - mpmath.log(w),
    "tv": lambda w: abs(w - 1) / 2,
    "js": lambda w: (w * mpmath.log(2 * w / (1 + w)) + mpmath.log(2 / (1 + w))) / 2,
}

weights = st.fractions(Fraction(1, 40), Fraction(50), max_denominator=40)
slopes = st.fractions(Fraction(-4), Fraction(4), max_denominator=30)


def exact(value: Fraction) -> arb:
    return arb(fmpq(value.numerator, value.denominator))


def generated(token: str) -> Generated:
    divergence = parse_divergence(token)
    assert isinstance(divergence, Generated)
    return divergence


# ---------------------------------------------------------------- tokens


@pytest.mark.parametrize("token", [*GENERATED, "odds", "renyi:2", "renyi:1/3", "renyi:1000"])
def test_a_token_reads_back(token: str) -> None:
    divergence = parse_divergence(token)
    assert parse_divergence(divergence.token) == divergence
    assert divergence.normalisation in NORMALISATIONS.values()


def test_capitals_count_as_small_letters() -> None:
    for token in ("kl", "chi2", "renyi:3/2", "reverse_kl"):
        assert parse_divergence(token.upper()) == parse_divergence(token)


def test_every_token_has_its_scale() -> None:
    assert [token.partition(":")[0] for token in TOKENS] == list(NORMALISATIONS)


@pytest.mark.parametrize(
    ("token", "words"),
    [
        ("l2", "expected one of kl, chi2, renyi:A"),
        ("renyi", "expected one of"),
        ("KLD", "expected one of"),
        ("renyi:", "renyi:A: expected an order A"),
        ("power:1", "power:A: expected an order A"),
        ("power:0", "expected an order"),
        ("power:-2", "expected an order"),
        ("renyi:1.0001", "at least 1/1000 away from 1"),
        ("renyi:1001", "at most 1000"),
        ("power:1/0", "expected an order"),
        ("power:1e9", "expected an order"),
        ("power:nan", "expected an order"),
        ("power:" + "9" * 5000, "expected an order"),
    ],
)
def test_other_tokens_get_one_line(token: str, words: str) -> None:
    with pytest.raises(InputError, match=words) as refused:
        parse_divergence(token)
    assert len(str(refused.value)) < 200 and "\n" not in str(refused.value)


# ---------------------------------------------------------------- generators


@pytest.mark.parametrize("token", BY_DEFINITION)
@given(w=weights)
def test_a_generator_is_its_definition(token: str, w: Fraction) -> None:
    with working_precision(128):
        value = generated(token).generator(exact(w))
        assert isinstance(value, arb)
        with mpmath.workdps(45):
            by_definition = BY_DEFINITION[token](mpmath.mpf(w.numerator) / w.denominator)
            # 45 digits, and terms of at most 50^3: 1e-35 is far above the rounding of either.
            assert abs(mpf_of_ball(value) - by_definition) < mpmath.mpf("1e-35") + 2 * mpf_of_ball(
                arb(value.rad())
            )


@pytest.mark.parametrize("token", GENERATED)
def test_a_generator_is_0_at_1_and_curves_up(token: str) -> None:
    f = generated(token)
    assert f.generator(arb(1)) == 0 or f.generator(arb(1)).contains(0)  # type: ignore[union-attr]
    with working_precision(200):
        low, middle, high = (f.generator(w) for w in (arb("0.3"), arb("1.1"), arb("1.9")))
        assert low + high - 2 * middle > 0  # type: ignore[operator]


@pytest.mark.parametrize("token", GENERATED)
def test_the_slope_at_infinity_is_a_limit(token: str) -> None:
    f = generated(token)
    with working_precision(256):
        far = f.generator(arb(10) ** 40) / arb(10) ** 40  # type: ignore[operator]
        if isinstance(f.slope_at_infinity, Diverges):
            assert far > 40  # f(w)/w is at least like log w
        else:
            # What is left falls like w^-1/2 or faster, or w^-3/4 for order 1/4.
            assert abs(far - f.slope_at_infinity) < arb("1e-9")


@pytest.mark.parametrize("token", GENERATED)
def test_at_zero(token: str) -> None:
    f = generated(token)
    if isinstance(f.at_zero, Diverges):
        assert f.generator(arb(0)) == f.at_zero
        return
    near = f.generator(arb(10) ** -60)
    assert isinstance(near, arb)
    assert abs(near - f.at_zero) < arb("1e-12")  # order 1/4 leaves 1e-15
    around = f.generator(arb("[0 +/- 0.25]"))
    assert isinstance(around, arb) and around.contains(near)
    assert f.generator(arb("[0 +/- 2]")).is_nan()  # type: ignore[union-attr]


def test_scales() -> None:
    w = arb("2.7")
    chi2, power2, hellinger, half = (
        generated(token).generator(w) for token in ("chi2", "power:2", "hellinger", "power:1/2")
    )
    assert abs(chi2 - 2 * power2) < arb("1e-12")  # type: ignore[operator]
    assert abs(4 * hellinger - half) < arb("1e-12")  # type: ignore[operator]
    with working_precision(128):
        for token, near in (("kl", "power:1.001"), ("reverse_kl", "power:0.0001")):
            gap = generated(token).generator(w) - generated(near).generator(w)  # type: ignore[operator]
            assert abs(gap) < arb("0.01")


# ---------------------------------------------------------------- Fenchel


@pytest.mark.parametrize("token", GENERATED)
@given(w=weights, y=slopes)
def test_a_tangent_lies_below(token: str, w: Fraction, y: Fraction) -> None:
    f = generated(token)
    with working_precision(128):
        value, conjugate = f.generator(exact(w)), f.conjugate(exact(y))
        if isinstance(conjugate, Diverges):
            assert exact(y) >= f.slope_at_infinity  # type: ignore[operator]
            return
        assert isinstance(value, arb)
        assert not value + conjugate < exact(w) * exact(y)


@pytest.mark.parametrize("token", GENERATED)
@given(y=slopes)
def test_the_best_weight_attains_the_conjugate(token: str, y: Fraction) -> None:
    f = generated(token)
    with working_precision(128):
        slope = exact(y)
        conjugate = f.conjugate(slope)
        touched = f.best_weight(slope)
        if isinstance(conjugate, Diverges) or touched.is_nan():
            return
        value = f.generator(touched)
        assert isinstance(value, arb)
        assert abs(touched * slope - value - conjugate) < arb("1e-30") * (1 + abs(touched) ** 3)


def test_a_conjugate_of_another_scale_is_caught() -> None:
    wrong, y, w = generated("power:2").conjugate(arb("0.5")), arb("0.5"), arb("1.25")
    right = generated("chi2").generator(w)
    assert isinstance(wrong, arb) and isinstance(right, arb)
    with pytest.raises(AssertionError):
        # 2 f* (y/2) is the conjugate of 2 f; the unscaled one is too large here.
        assert (w * y - right - wrong).contains(0)


# ---------------------------------------------------------------- groups


def test_groups() -> None:
    groups = [(arb("0.25"), arb(4)), (arb("0.75"), arb(0))]  # all mass on a quarter
    for token, expected in {
        "kl": arb(4).log(),
        "chi2": arb(3),
        "renyi:3": arb(4).log(),
        "odds": arb(4).log(),
        "tv": arb("0.75"),
        "hellinger": arb("0.5"),
        # KL(P||M) = log(8/5) and KL(Q||M) = log(2/5)/4 + 3/4 log 2, with M = (P + Q)/2.
        "js": ((arb(8) / 5).log() + (arb(2) / 5).log() / 4 + 3 * arb(2).log() / 4) / 2,
    }.items():
        value = parse_divergence(token).of_groups(groups)
        assert isinstance(value, arb) and (value - expected).contains(0), token
    left_out = parse_divergence("reverse_kl").of_groups(groups)
    assert isinstance(left_out, Diverges) and "leaves out a part" in left_out.because


@pytest.mark.parametrize("token", [*GENERATED, "renyi:2", "odds"])
def test_the_largest_value_is_that_of_laws_without_common_mass(token: str) -> None:
    """P lies where Q has next to no mass."""
    divergence = parse_divergence(token)
    with working_precision(500):
        tiny = arb(2) ** -200
        found = divergence.of_groups([(1 - tiny, arb(0)), (tiny, 1 / tiny)])
        largest = divergence.largest
        if largest is None:
            assert isinstance(found, Diverges) or found > 100
        else:
            # At w = 2^200, f(w)/w is f'(oo) less about w^(-1/2) (hellinger), or still less.
            assert isinstance(found, arb) and largest >= found and largest - found < arb(2) ** -98


def test_an_empty_group_does_not_count() -> None:
    groups = [(arb(1), arb(1)), (arb(0), arb(9))]
    assert OddsCap().of_groups(groups) == 0
    assert TotalVariation().of_groups(groups) == 0
    with pytest.raises(Undecided, match="has any mass"):
        OddsCap().of_groups([(arb(1), arb(1)), (arb("[0 +/- 1e-9]"), arb(9))])


def test_jensen_shannon_of_huge_weights_keeps_its_digits() -> None:
    with working_precision(128):
        log_mass = -(arb(10) ** 15)
        groups = [(log_mass.exp(), (-log_mass).exp() / 4), (arb(1), arb("0.75"))]
        value = JensenShannon().of_groups(groups)
        assert isinstance(value, arb) and value.rad() < arb("1e-20")


def test_renyi_is_a_function_of_power() -> None:
    with working_precision(128):
        groups = [(arb("0.2"), arb(3)), (arb("0.8"), arb("0.5"))]
        for order in (fmpq(2), fmpq(1, 3), fmpq(7, 2)):
            power, renyi = Power("p", order), Renyi(order)
            spent = power.of_groups(groups)
            assert isinstance(spent, arb)
            mapped = renyi.of_moment(power.moment_at(spent))
            assert abs(mapped - renyi.of_groups(groups)) < arb("1e-30")  # type: ignore[operator]
