"""The second route: what it cannot settle, and its parts."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest
from flint import arb, fmpq
from mpmath import mp

from verify.assertion import (
    ByIdentity,
    ByThreshold,
    Target,
)
from verify.enclosure import Diverges, Undecided
from verify.law import Law
from verify.laws.gaussian import Normal
from verify.second_route import SecondRoute, disagreements, threshold_numbers, tilt_numbers
from verify.second_route.comparison import agrees
from verify.second_route.curve import Curve
from verify.second_route.lattice import gregory_coefficients
from verify.second_route.numbers import (
    OUTER_BITS,
    Estimate,
    Part,
    complement,
    exactly,
    together,
)
from verify.weight import Location, Threshold

TARGET = Target(Decimal(1), Decimal(1))


def threshold(law: Law, t: object, mass: str = "0.01", floor: str | None = None) -> ByThreshold:
    location = t if isinstance(t, Location) else Location(t=Decimal(str(t)))
    bottom = None if floor is None else Decimal(floor)
    return ByThreshold(law, TARGET, Threshold(location, Decimal(mass)), bottom)


# ------------------------------------------------------------------ what it cannot settle


class Kinked(Normal):
    """A density with a corner that the trapezoidal rule is not told of."""

    def log_density(self, x: Any, arithmetic: Any) -> Any:
        return -arithmetic.sqrt((x - arithmetic.number(fmpq(1, 3))) ** 2) - arithmetic.log(
            arithmetic.number(fmpq(2))
        )


@pytest.mark.parametrize(
    "ask",
    [
        lambda: SecondRoute(Law.parse("cauchy()")).mean(),
        lambda: SecondRoute(Law.parse("pareto(alpha=1)")).tail_mean(5),
        lambda: SecondRoute(Law.parse("zeta(s=2)")).mean(),
        lambda: SecondRoute(Law.parse("gamma(shape=2)")).log_mgf(1),
        lambda: SecondRoute(Law.parse("geometric(p=0.5)")).log_mgf("0.7"),
        lambda: SecondRoute(Kinked()).log_survival(-2),
        lambda: SecondRoute(Law.parse("uniform()")).tail_mean(2),
    ],
)
def test_the_unsettled_is_undecided(ask: Any) -> None:
    with pytest.raises(Undecided):
        ask()


def test_laws_and_assertions_it_does_not_know_are_undecided() -> None:
    from verify.laws.staircase import Staircase

    with pytest.raises(Undecided, match="none is known"):
        SecondRoute(Staircase())
    with pytest.raises(Undecided, match="infinite mean"):
        assertion = ByIdentity(Law.parse("cauchy() + 1"), TARGET)
        disagreements(assertion, {"log_tail": None, "mean": Diverges(1), "kl": arb(0)})
    many = Law.parse("mixture(" + ", ".join(["0.01*normal()"] * 100) + ")")
    with pytest.raises(Undecided, match="parts"):
        disagreements(threshold(many, "1"), {"mean": arb(0)})


# ------------------------------------------------------------------ its parts


def test_public_functions() -> None:
    numbers = threshold_numbers(Law.parse("pareto(alpha=2)"), 100, Decimal("0.1"))
    assert mp.almosteq(numbers["log_tail"].value, -4 * mp.log(10))
    below = mp.mpf(2) * mp.mpf("0.99") / mp.mpf("0.9999")  # E[X | X <= 100]
    assert mp.almosteq(numbers["mean"].value, 20 + mp.mpf("0.9") * below, 1e-13)
    tilted = tilt_numbers(Law.parse("exponential()"), "0.5")
    assert mp.almosteq(tilted["mean"].value, 2, 1e-13)
    assert mp.almosteq(tilted["log_mgf"].value, mp.log(2), 1e-13)
    assert mp.almosteq(tilted["kl"].value, 1 - mp.log(2), 1e-13)


def test_kl_of_a_threshold_is_the_binary_one() -> None:
    kl = threshold_numbers(Law.parse("uniform()"), "0.75", fmpq(1, 2))["kl"]
    assert kl is not None
    assert abs(kl.value - (mp.log(2) + mp.log(mp.mpf(2) / 3)) / 2) < 1e-13


def test_curves_of_known_area() -> None:
    bell = Curve(lambda x: -x * x / 2, None, None)
    with mp.workprec(OUTER_BITS):
        check_curves(bell)


def check_curves(bell: Curve) -> None:
    assert abs(bell.integral().log_mass.value - mp.log(2 * mp.pi) / 2) < 1e-13
    # Far out, and twice as far as any precision reaches.
    far = bell.over_height(fmpq(10) ** 5)
    assert abs(far.value * 10**5 - (1 - mp.mpf(10) ** -10)) < 1e-13
    sharp = bell.over_height(fmpq(10) ** 1000)
    assert abs(sharp.value * mp.mpf(10) ** 1000 - 1) < 1e-4
    # A power of the distance from an end, near to not being integrable.
    corner = Curve(lambda x: mp.mpf("-0.999") * mp.log(x), fmpq(0), fmpq(1))
    assert abs(corner.integral().log_mass.value - mp.log(1000)) < 1e-12
    empty = bell.integral(fmpq(2), fmpq(1))
    assert empty.empty


def test_estimates() -> None:
    with mp.workprec(OUTER_BITS):
        check_estimates()


def check_estimates() -> None:
    half = exactly(mp.log(mp.mpf(1) / 2))
    assert abs(complement(half).value - half.value) < 1e-14
    tiny = exactly(mp.mpf(-1000))
    assert mp.almosteq(complement(tiny).value, -mp.exp(-1000))
    one = Part(exactly(mp.mpf(-3000)), exactly(mp.mpf(1)))
    two = Part(exactly(mp.mpf(-3000)), exactly(mp.mpf(4)))
    both = together([(mp.log(2), one), (mp.zero, two)])
    assert both.mean is not None
    assert abs(both.mean.value - 2) < 1e-14
    assert abs(both.log_mass.value + 3000 - mp.log(3)) < 1e-14
    with pytest.raises(Undecided, match="a thing"):
        Estimate(mp.one, mp.one).settled(1e-12, "a thing")
    assert agrees(Estimate(mp.one, mp.zero), arb(1))
    assert not agrees(Estimate(mp.one, mp.zero), arb("1.000000000001"))


def test_gregorys_coefficients() -> None:
    # Abramowitz and Stegun 25.4 lists 1/2, 1/12, 1/24, 19/720, 3/160, 863/60480.
    known = [
        mp.mpf(a) / b for a, b in ((1, 2), (1, 12), (1, 24), (19, 720), (3, 160), (863, 60480))
    ]
    assert all(abs(a - b) < 1e-14 for a, b in zip(gregory_coefficients(), known, strict=False))
