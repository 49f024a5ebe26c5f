"""Lattices: which laws sit on one, and how their tails fall from step to step."""

from __future__ import annotations

from fractions import Fraction
from math import gcd as whole_gcd
from math import lcm

import pytest
from flint import arb, fmpq
from hypothesis import given

from tests.verify.law_cases import rational, rationals
from verify.enclosure import Diverges, ball, working_precision
from verify.law import Law
from verify.limits.lattices import Lattice, gcd, lattice_of, step_rate
from verify.reweighted import reweight
from verify.weight import BestOfN, Tilt


def lattice(offset: str, span: str) -> Lattice:
    return Lattice(rational(offset), rational(span))


@given(rationals("-5", "5"), rationals("-5", "5"))
def test_greatest_common_divisor(one: fmpq, other: fmpq) -> None:
    """Of fractions over a common denominator it is that of the numerators."""
    a, b = (Fraction(int(x.p), int(x.q)) for x in (one, other))
    under = lcm(a.denominator, b.denominator)
    expected = Fraction(whole_gcd(int(a * under), int(b * under)), under)
    assert gcd(one, other) == rational(expected)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("geometric(0.5)", lattice("0", "1")),
        ("1.5 - 2*poisson(3)", lattice("3/2", "2")),
        ("point(0.25)", lattice("1/4", "0")),
        ("truncate(poisson(3), low=2)", lattice("0", "1")),
        ("mixture(0.5*(2*poisson(3)), 0.5*(1 + 4*geometric(0.5)))", lattice("0", "1")),
        ("mixture(0.5*(3*poisson(3)), 0.5*point(4.5))", lattice("0", "3/2")),
    ],
)
def test_the_lattice_of_a_law(text: str, expected: Lattice) -> None:
    assert lattice_of(Law.parse(text)) == expected


@pytest.mark.parametrize("text", ["normal()", "mixture(0.5*normal(), 0.5*poisson(3))", "gumbel()"])
def test_others_sit_on_none(text: str) -> None:
    assert lattice_of(Law.parse(text)) is None and step_rate(Law.parse(text)) is None


def test_one_within_another() -> None:
    two = lattice("1/2", "2")
    assert two.holds(lattice("0", "4")) and two.holds(lattice("7", "0")) and two.holds(two)
    assert not two.holds(lattice("1/2", "1")) and not two.holds(lattice("1/2", "3"))
    assert lattice("0", "0").holds(lattice("1", "0"))
    assert not lattice("0", "0").holds(two)


@pytest.mark.parametrize(
    "text",
    ["geometric(0.5)", "3*geometric(0.3) - 1", "2*negative_binomial(2.5, 0.4)",
     "truncate(geometric(0.3), low=4)", "zeta(3)"],
)  # fmt: skip
def test_the_tail_falls_so_from_step_to_step(text: str) -> None:
    law = Law.parse(text)
    found, rate = lattice_of(law), step_rate(law)
    assert found is not None and rate is not None and not isinstance(rate, Diverges)
    with working_precision(128):
        for far, close in ((10**3, "0.01"), (10**6, "0.00001")):
            t = found.offset + found.span * far
            log_ratio = law.log_survival(t + found.span) - law.log_survival(t)
            assert abs(log_ratio + ball(rate) * found.span) < arb(close)


def test_of_optimised_laws() -> None:
    law = Law.parse("geometric(0.5)")
    assert step_rate(reweight(law, BestOfN(5))) == step_rate(law)
    tilted = step_rate(reweight(law, Tilt(fmpq(1, 2))))
    assert tilted is not None and abs(ball(tilted) - (arb(2).log() - 0.5)) < 1e-14  # type: ignore[arg-type]
    assert step_rate(Law.parse("poisson(3)")) == Diverges(+1)
    assert step_rate(Law.parse("-poisson(3)")) is None
    assert step_rate(Law.parse("bernoulli(0.5)")) is None
    assert step_rate(Law.parse("truncate(poisson(3), high=9)")) is None
