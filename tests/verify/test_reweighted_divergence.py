"""Divergences of reweighted laws: closed forms against integrals and sums by another library."""

from __future__ import annotations

from collections.abc import Callable

import mpmath
import pytest
from flint import arb, fmpq
from hypothesis import given
from hypothesis import strategies as st

from verify.claim import mpf_of_ball
from verify.divergence import parse_divergence
from verify.enclosure import Diverges, Undecided, working_precision
from verify.laws import binomial, exponential, normal, uniform
from verify.reweighted import Reweighted, reweight
from verify.weight import BestOfN, Threshold, Tilt, TopFraction, Weight

Density = Callable[[mpmath.mpf], mpmath.mpf]

#: E f(w) by definition, for weights that integrate to 1.
GENERATORS: dict[str, Density] = {
    "chi2": lambda w: w**2 - 1,
    "power:3": lambda w: (w**3 - 1) / 6,
    "hellinger": lambda w: 1 - mpmath.sqrt(w),
    "tv": lambda w: abs(w - 1) / 2,
    "reverse_kl": lambda w: -mpmath.log(w),
    "js": lambda w: (w * mpmath.log(2 * w / (1 + w)) + mpmath.log(2 / (1 + w))) / 2,
}


def divergence(optimised: object, token: str) -> arb:
    assert isinstance(optimised, Reweighted)
    value = optimised.divergence(token)
    assert isinstance(value, arb)
    return value


def agrees(value: arb, other: mpmath.mpf) -> None:
    """mpmath's integrals of smooth functions at 20 digits: 1e-12 leaves eight for its error."""
    assert abs(mpf_of_ball(value) - other) < mpmath.mpf("1e-12"), (value, other)


@pytest.mark.parametrize("token", [token for token in GENERATORS if token != "js"])
def test_tilt_of_a_normal_law(token: str) -> None:
    tilt = mpmath.mpf("0.75")

    def integrand(x: mpmath.mpf) -> mpmath.mpf:
        weight = mpmath.exp(tilt * x - tilt**2 / 2)
        return GENERATORS[token](weight) * mpmath.npdf(x)

    with mpmath.workdps(20), working_precision(96):
        by_integral = mpmath.quad(integrand, [-12, 0, tilt / 2, 4, 14])
        agrees(divergence(reweight(normal(), Tilt(fmpq(3, 4))), token), by_integral)


@pytest.mark.parametrize("token", GENERATORS)
@pytest.mark.parametrize("n", [2, 7])
def test_best_of_n_without_atoms(token: str, n: int) -> None:
    def integrand(u: mpmath.mpf) -> mpmath.mpf:
        return GENERATORS[token](n * u ** (n - 1))

    with mpmath.workdps(20), working_precision(96):
        crossing = mpmath.mpf(n) ** (mpmath.mpf(-1) / (n - 1))
        by_integral = mpmath.quad(integrand, [0, crossing / 2, crossing, 1])
        agrees(divergence(reweight(normal(), BestOfN(n)), token), by_integral)


WEIGHTS: tuple[Weight, ...] = (
    Tilt(fmpq(1, 2)),
    Tilt(fmpq(-1)),
    BestOfN(3),
    TopFraction(fmpq(2, 5)),
    Threshold.at("1.5", "0.7"),
)


@pytest.mark.parametrize("weight", WEIGHTS, ids=str)
@pytest.mark.parametrize("token", [*GENERATORS, "renyi:2", "renyi:1/2", "odds", "kl"])
def test_on_a_list_of_atoms(weight: Weight, token: str) -> None:
    law = binomial(n=4, p="0.3")
    with working_precision(128):
        optimised = reweight(law, weight)
        groups = [(q, p / q) for (_, p), (_, q) in zip(optimised.atoms(), law.atoms(), strict=True)]
        by_sum = parse_divergence(token).of_groups(groups)
        assert isinstance(optimised, Reweighted)
        value = optimised.divergence(token)
        if isinstance(by_sum, Diverges):
            assert value == by_sum
        else:
            # Two orders of the same five terms; 1e-30 is far above the rounding of 128 bits.
            assert isinstance(value, arb) and abs(value - by_sum) < arb("1e-30")


def test_where_it_is_infinite() -> None:
    tilted = reweight(exponential(), Tilt(fmpq(1, 2)))
    top = reweight(uniform(), TopFraction(fmpq(1, 5)))
    assert isinstance(tilted, Reweighted) and isinstance(top, Reweighted)
    for optimised, token, words in (
        (tilted, "chi2", "E w^a is infinite"),
        (tilted, "odds", "unbounded"),
        (top, "reverse_kl", "leaves out"),
    ):
        value = optimised.divergence(token)
        assert isinstance(value, Diverges) and value.sign == 1
        assert words in value.because


def test_a_tilt_within_the_abscissa() -> None:
    # E w^a = M(a l)/M(l)^a with M(l) = 1/(1 - l): chi2 = (1 - l)^2/(1 - 2 l) - 1 at l = 1/4.
    value = divergence(reweight(exponential(), Tilt(fmpq(1, 4))), "chi2")
    assert (value - arb(fmpq(1, 8))).contains(0)


def test_what_is_not_done_is_said() -> None:
    tilted = reweight(normal(), Tilt(fmpq(1)))
    assert isinstance(tilted, Reweighted)
    with pytest.raises(Undecided, match="no finite list of atoms"):
        tilted.divergence("js")


@given(st.integers(1, 9), st.integers(1, 9))
def test_divergences_are_ordered(mass: int, numerator: int) -> None:
    """Pinsker, and Renyi's growth in the order, for any threshold reweighting."""
    law = binomial(n=3, p=fmpq(numerator, 10))
    optimised = reweight(law, Threshold.at("1", f"0.{mass}"))
    with working_precision(128):
        kl, tv = divergence(optimised, "kl"), divergence(optimised, "tv")
        orders = [divergence(optimised, f"renyi:{a}") for a in ("0.5", "2", "3")]
        slack = arb("1e-30")  # where the mass is that of the law, all are 0
        assert 2 * tv * tv < kl + slack
        assert orders[0] < kl + slack and kl < orders[1] + slack and orders[1] < orders[2] + slack
        assert orders[2] < divergence(optimised, "odds") + slack
        assert divergence(optimised, "js") < divergence(optimised, "hellinger") + slack
