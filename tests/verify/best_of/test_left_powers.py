"""The leading power of a law without a mean far out on the left, and ranks summed up from there."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from flint import arb, fmpq
from hypothesis import given, settings
from hypothesis import strategies as st
from mpmath import mp, quad

from tests.verify.best_of.lattice_pairs import pair_of
from verify.best_of.expansion import rank_integral
from verify.best_of.left_powers import LeftPower, PowerEnd, left_power, power_end
from verify.enclosure import working_precision
from verify.laws import parse

#: Next to where the mean is infinite it is large, and its last bits are those of a long integral.
CLOSE = 1e-13

TAILS = (
    ("pareto(3/5)", 1),
    ("-pareto(3/5)", -1),
    ("2 - 3 * frechet(1/2)", -1),
    ("1/2 * burr(1/2, 3/2) - 5", 1),
    ("-inverse_gamma(2/3)", -1),
    ("-f(3, 1)", -1),
    ("-levy()", -1),
    ("cauchy()", -1),
    ("cauchy()", 1),
    ("3 - student_t(1/2)", 1),
    ("-genpareto(3/2)", -1),
    ("-gev(2)", -1),
    ("-zeta(3/2)", -1),
    ("1 - 2 * zeta(7/5)", -1),
    ("mixture(1/2*(-levy()), 1/4*(-pareto(3/4)), 1/4*normal())", -1),
    ("truncate(cauchy(), high=1)", -1),
)


@settings(max_examples=40, deadline=None)
@given(
    tail=st.sampled_from(TAILS),
    bits=st.integers(min_value=6, max_value=90),
    more=st.integers(min_value=0, max_value=400),
)
def test_a_tail_is_so_much_of_its_power(tail: tuple[str, int], bits: int, more: int) -> None:
    """By the law's own tail, at the start and beyond it."""
    text, side = tail
    law = parse(text)
    with working_precision(128):
        start = arb(2) ** bits
        end = power_end(law, side, start)
        assert end is not None
        s = start * arb(2) ** (fmpq(more, 4))
        beyond = law.survival(s) if side > 0 else law.cdf(-s)
        assert (beyond * s**end.index).overlaps(end.size)
        if bits >= 40:  # a power that is a little off is told from it
            assert not (beyond * s ** (end.index - fmpq(1, 10))).overlaps(end.size)


def test_a_tail_that_begins_too_late_is_not_bounded() -> None:
    law = parse("frechet(1/2)")
    end = power_end(law, 1, arb(2) ** 40)
    assert end is not None
    assert not law.survival(arb(4)) * 2 > end.size.lower()  # 1 - exp(-1/2) is less than 1/2
    assert power_end(parse("log_gamma(2)"), 1, arb(8)) is None
    assert power_end(parse("pareto(1/2)"), -1, arb(8)) is None
    assert power_end(parse("truncate(cauchy(), high=1)"), 1, arb(8)) is None
    assert power_end(parse("cauchy()"), 1, arb(-1)) is None
    # Half a step before the start there is to be a power still, and no negative number.
    assert power_end(parse("zeta(2)"), 1, arb(1) / 4) is None


@pytest.mark.parametrize("k", [fmpq(3, 5), fmpq(501, 1000)])
def test_just_above_one_the_mean_is_known(k: fmpq) -> None:
    """Of two draws of -pareto(k) the largest one is -pareto(2k)."""
    found = pair_of(f"-pareto({k})", "point(2)").at(2).mean_x
    assert isinstance(found, arb)
    truth = -2 * k / (2 * k - 1)
    with working_precision(96):
        assert found.contains(truth)
        assert found.rad() < CLOSE * abs(arb(truth))


def mean_beside_uniform(k: float) -> float:
    """``E U`` for the best of two, -pareto(k) and a uniform law: minus the integral of F^2."""

    def chance(s: Any) -> Any:  # Pr(U < -s) = E (s + V)^-k, for s + V above 1
        low = max(s, mp.mpf(1))
        return ((s + 1) ** (1 - k) - low ** (1 - k)) / (1 - k) + (low - s)

    def far(y: Any) -> Any:
        return chance(mp.exp(y)) ** 2 * mp.exp(y)

    with mp.workdps(40):
        return float(
            -quad(lambda s: chance(s) ** 2, [0, 1]) - quad(far, [0, 2, 8, 30, 60]) - far_end(k)
        )


def far_end(k: float) -> Any:
    """What is left beyond ``e^60``, where ``F = s^-k`` up to ``e^-60``."""
    return mp.exp(60 * (1 - 2 * k)) / (2 * k - 1)


def test_beside_a_density_by_the_rank_of_the_proxy() -> None:
    found = pair_of("-pareto(3/5)", "uniform(0, 1)").at(2).mean_u
    assert isinstance(found, arb) and found.rad() < CLOSE
    assert abs(float(found) - mean_beside_uniform(0.6)) < 1e-12  # that of a rule in mpmath


def test_on_a_lattice_by_the_sum_of_chances() -> None:
    """``E max = -sum Pr(Z > k)^3``; ``Pr(Z > k)`` is next to ``2/sqrt(k + 1/2)`` over zeta."""
    terms, law = 400, parse("zeta(3/2)")
    total = sum((law.survival(k) ** 3 for k in range(terms)), arb(0))
    constant = (2 / arb(fmpq(3, 2)).zeta()) ** 3
    # The next term of Pr(Z > k) is less by (k + 1/2)^2 times 1/32: cubed, at most 1/10.
    rest = constant * arb(fmpq(3, 2)).zeta(arb(terms) + fmpq(1, 2))
    truth = -total - rest + arb(0, (rest / (10 * terms**2)).upper())
    found = pair_of("-zeta(3/2)", "point(1)").at(3).mean_x
    assert isinstance(found, arb) and found.rad() < CLOSE
    assert found.overlaps(truth) and truth.rad() < 1e-7


@pytest.mark.usefixtures("best_of_bits")
def test_a_power_that_is_off_misses_the_truth() -> None:
    """Of what lies beyond the pieces about 2^-12 is known by the power alone."""
    law, truth = parse("-pareto(11/20)"), fmpq(-11)
    ranks = rank_integral(law, parse("point(0)"))
    own = ranks.heavy_left[1]
    assert own is not None and own.power is not None
    assert ranks.means(2)[2].contains(truth)
    off = PowerEnd(own.power.end.index, own.power.end.size * arb("1.0001"))
    ranks.heavy_left = None, replace(own, power=replace(own.power, end=off))
    assert not ranks.means(2)[2].contains(truth)


@pytest.mark.usefixtures("best_of_bits")
def test_what_the_other_one_takes_is_allowed_for() -> None:
    """``E[A; U < -s]`` is between those of shifted laws, where B is between 0 and 1."""
    law, start = parse("-pareto(3/5)"), arb(2) ** 40

    def part(other: str) -> arb:
        found = left_power(law, parse(other), -start)
        assert isinstance(found, LeftPower)
        return found.part(2)

    least, most, known = part("point(0)"), part("point(1)"), part("uniform(0, 1)")
    assert known.overlaps(least.union(most)) and known.rad() < 2.0**-40
    assert left_power(law, parse("cauchy()"), -start) is None
    assert left_power(law, parse("normal()"), start) is None
    # Beside a tail that is nearly as heavy less is known, but not nothing.
    assert 2.0**-40 < part("-pareto(3/2)").rad() < 2.0**-10
