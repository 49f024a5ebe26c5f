"""The staircase law: every number by summing its atoms, in balls and in mpmath."""

from __future__ import annotations

from itertools import islice
from typing import Any

import mpmath
import numpy as np
import pytest
from flint import arb, fmpq
from hypothesis import given
from hypothesis import strategies as st

from verify.enclosure import INFINITE, Undecided, working_precision
from verify.law import LawError
from verify.laws.staircase import Staircase, corner
from verify.reweighted import ThresholdReweighted
from verify.weight import Threshold

laws = st.builds(
    Staircase,
    st.fractions("0.125", 4, max_denominator=8),
    st.fractions(1, 3, max_denominator=8),
)
points = st.fractions(-3, 70_000, max_denominator=4).map(lambda f: fmpq(f.numerator, f.denominator))


def tail_by_definition(law: Staircase, t: fmpq, closed: bool = False) -> Any:
    """exp(-rate x^power) with x the last corner at (or, if closed, below) t; by mpmath."""
    corners = [2 ** (2**k) for k in range(8)]
    passed = [x for x in corners if (x < t if closed else x <= t)]
    if not passed:
        return mpmath.mpf(1)
    rate, power = (mpmath.mpf(int(v.p)) / int(v.q) for v in (law.rate, law.power))
    return mpmath.exp(-rate * mpmath.mpf(passed[-1]) ** power)


def close(value: arb, expected: Any) -> bool:
    return abs(value - arb(mpmath.nstr(expected, 40))) <= arb(10) ** -25 * abs(value).upper()


@given(laws, points, st.booleans())
def test_tails(law: Staircase, t: fmpq, closed: bool) -> None:
    with working_precision(200), mpmath.workdps(60):
        assert close(law.survival(t, closed), tail_by_definition(law, t, closed))
        assert abs(law.survival(t, closed) + law.cdf(t, open=closed) - 1) < arb(10) ** -50


@given(laws)
def test_atoms_add_up(law: Staircase) -> None:
    with working_precision(200):
        atoms = list(islice(law.atoms(), 6))
        total = sum((mass for _, mass in atoms), arb(0))
        assert abs(total + law.survival(atoms[-1][0]) - 1) < arb(10) ** -50
        for x, mass in atoms:
            assert abs(mass - law.mass_at(x)) < arb(10) ** -50
            assert law.mass_at(x + 1) == 0
            assert abs(law.survival(x, closed=True) - law.survival(x) - mass) < arb(10) ** -50


@given(laws, points)
def test_means_by_summing_atoms(law: Staircase, t: fmpq) -> None:
    with working_precision(200), mpmath.workdps(60):
        masses = []
        for k in range(8):
            above = tail_by_definition(law, corner(k), closed=True)
            masses.append(above - tail_by_definition(law, corner(k)))
        atoms = [(mpmath.mpf(int(corner(k).p)), masses[k]) for k in range(8)]
        cut = mpmath.mpf(int(t.p)) / int(t.q)
        assert close(law.mean(), mpmath.fsum(x * mass for x, mass in atoms))
        upper = mpmath.fsum(x * mass for x, mass in atoms if x > cut)
        assert close(law.upper_mean(t), upper) or upper < mpmath.mpf(10) ** -40
        if upper > mpmath.mpf(10) ** -40:
            assert close(law.tail_mean(t), upper / tail_by_definition(law, t))


def test_tail_mean_where_the_tail_is_out_of_reach() -> None:
    # Q(X > 2^32) = exp(-2^48): the mean above it is the next corner and hardly more.
    with working_precision(128):
        above = Staircase().tail_mean(fmpq(2) ** 32)
        assert isinstance(above, arb)
        assert abs(above - arb(2) ** 64) < 1


@given(laws, st.fractions(-2, 0, max_denominator=4))
def test_exponential_moments(law: Staircase, tilt: Any) -> None:
    with working_precision(200), mpmath.workdps(60):
        lam = mpmath.mpf(tilt.numerator) / tilt.denominator
        moments = law.exponential_moments(arb(fmpq(tilt.numerator, tilt.denominator)))
        for order in range(3):
            direct = mpmath.fsum(
                mpmath.mpf(int(corner(k).p)) ** order
                * mpmath.exp(lam * int(corner(k).p))
                * (
                    tail_by_definition(law, corner(k), closed=True)
                    - tail_by_definition(law, corner(k))
                )
                for k in range(8)
            )
            assert close(moments[order], direct)


def test_exponential_moments_between_limits() -> None:
    law = Staircase()
    between = law.exponential_moments(arb(1), fmpq(2), fmpq(16))
    both = law.mass_at(fmpq(4)) * arb(4).exp() + law.mass_at(fmpq(16)) * arb(16).exp()
    assert abs(between[0] - both) < arb(10) ** -9
    with pytest.raises(Undecided):
        law.exponential_moments(arb(1))


@pytest.mark.parametrize(("power", "abscissa"), [("1.5", 0), ("2", 3), ("2.5", INFINITE)])
def test_abscissa(power: str, abscissa: Any) -> None:
    law = Staircase(3, power)
    assert law.mgf_abscissa == abscissa
    assert law.decay_rate is None
    # -log Q(X > t)/t just below a far corner: falls to 0, is the rate, or grows.
    x = corner(6)
    rate = float((-law.log_survival(x) / arb(x) ** 2).mid())
    assert (
        (rate < 1e-3)
        if abscissa == 0
        else rate == pytest.approx(3)
        if abscissa == 3
        else rate > 1e6
    )


def test_a_ball_across_a_corner_covers_both_sides() -> None:
    law = Staircase()
    astride = law.log_survival(arb(16, 0.5))
    assert astride.contains(law.log_survival(fmpq(15)))
    assert astride.contains(law.log_survival(fmpq(17)))
    with pytest.raises(Undecided):
        law.mass_at(arb(16, 0.5))
    with pytest.raises(Undecided):
        law.upper_mean(arb(16, 0.5))


def test_samples(rng: np.random.Generator) -> None:
    law = Staircase("0.25", 1)
    draws = law.sample(20_000, rng)
    for k in range(3):
        share = float(law.survival(corner(k)).mid())
        # Five standard errors of a share.
        assert abs((draws > float(int(corner(k).p))).mean() - share) < 5 * np.sqrt(share / 20_000)
    assert set(draws) <= {float(2 ** (2**k)) for k in range(10)}


@pytest.mark.parametrize("bad", [{"power": "0.5"}, {"power": 11}, {"rate": 0}, {"rate": "x"}])
def test_parameters_are_checked(bad: dict[str, Any]) -> None:
    with pytest.raises(LawError, match="staircase: "):
        Staircase(**bad)


def test_it_can_be_reweighted() -> None:
    law = Staircase()
    optimised = ThresholdReweighted(law, Threshold.at(255, "0.004"))
    mean = optimised.mean()
    assert isinstance(mean, arb)
    # Mass 0.004 moved from about 2.12 to 256 and beyond.
    assert abs(mean - 3.138) < 0.001
