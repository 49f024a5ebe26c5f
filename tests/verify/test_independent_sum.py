"""The sum of an error and a utility: its rate, its ends, its cumulants."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from flint import arb, fmpq

from verify.enclosure import INFINITE, Diverges, Number, ball
from verify.independent_sum import IndependentSum, add, rate_of_sum
from verify.law import Law
from verify.laws.empirical_law import Empirical
from verify.laws.gaussian import Normal
from verify.tail_rates import TailRates


def proxy(error: str, utility: str) -> IndependentSum:
    return IndependentSum(Law.parse(error), Law.parse(utility))


@pytest.mark.parametrize(
    ("error", "utility", "rate", "set_by"),
    [
        ("normal()", "normal()", INFINITE, ("V",)),
        ("exponential()", "normal()", 1, ("X",)),
        ("normal()", "2*laplace()", fmpq(1, 2), ("V",)),
        ("exponential()", "laplace()", 1, ("X", "V")),
        ("inverse_gaussian(2, 1)", "gumbel()", fmpq(1, 8), ("X",)),
        ("pareto(2)", "normal()", 0, ("X",)),
        ("exponential()", "lognormal()", 0, ("V",)),
        ("pareto(2)", "cauchy()", 0, ("X",)),
    ],
)
def test_the_smaller_rate_is_that_of_the_sum(
    error: str, utility: str, rate: Any, set_by: tuple[str, ...]
) -> None:
    found = proxy(error, utility).slowest
    assert found.rate == rate and found.set_by == set_by
    assert (found.because == "") == (rate != 0)


def test_a_rate_that_is_no_fraction() -> None:
    found = proxy("geometric(0.3)", "negative_binomial(2, 0.2)").slowest
    assert found.set_by == ("V",) and found.text == "-log(0.8)"
    same = proxy("geometric(0.3)", "3 + geometric(0.3)").slowest
    assert same.set_by == ("X", "V") and same.owner == "X and of V"


def test_rates_that_cannot_be_told_apart() -> None:
    """``-log(1/4)`` against twice ``-log(1/2)``: equal, and no precision says so."""
    pair = Law.parse("0.5*geometric(0.5)"), Law.parse("geometric(0.75)")
    found = rate_of_sum(*pair)
    assert found.rate is None and "could not be told apart" in found.because
    estimate = IndependentSum(*pair).rate_estimate()
    assert estimate is not None and not isinstance(estimate, Diverges)
    assert abs(ball(estimate) - arb(4).log()) < 1e-12


class Unknown(Normal):
    """A law of whose right tail nothing is known."""

    @property
    def right_tail(self) -> TailRates:
        return TailRates(None, None, "nobody knows", "nobody knows")


def test_a_rate_that_is_not_known() -> None:
    found = rate_of_sum(Law.parse("normal()"), Unknown())
    assert found.rate is None and found.because == "the rate of V is not known: nobody knows"
    # Except where the other is right-heavy: then so is the sum.
    assert rate_of_sum(Unknown(), Law.parse("pareto(2)")).rate == 0


def test_the_ends_add_up() -> None:
    low, high = proxy("uniform(-1, 2)", "bernoulli(0.3)").support
    assert low == -1 and high == 3
    low, high = proxy("exponential()", "-pareto(2)").support
    assert isinstance(low, Diverges) and low.sign < 0
    assert high == INFINITE


def test_cumulants_are_sums() -> None:
    pair = proxy("exponential()", "normal()")
    tilt = fmpq(1, 2)
    values = pair.cumulants(tilt)
    assert abs(values[0] - arb(2).log() - arb(1) / 8) < 1e-14
    assert abs(values[1] - 2.5) < 1e-14 and abs(values[2] - 5) < 1e-13
    series = pair.cumulant_series(arb(tilt))
    assert abs(series[0] - values[0]) < 1e-14 and abs(2 * series[2] - values[2]) < 1e-13


def test_an_estimate_needs_one_from_both() -> None:
    rewards = Empirical.from_values(np.arange(8.0), "rewards")
    tilt = arb(1) / 2
    found = IndependentSum(rewards, rewards).tilt_cost_estimate(tilt)
    log_mgf, mean, variance = rewards.cumulants(tilt)
    assert found is not None
    # float64 on one side, balls on the other: 1e-9 is far from both.
    assert abs(found[0] - 2 * (tilt * mean - log_mgf)) < 1e-9
    assert abs(found[1] - 2 * tilt * variance) < 1e-9
    assert IndependentSum(rewards, Law.parse("normal()")).tilt_cost_estimate(tilt) is None


@pytest.mark.parametrize(
    ("one", "other", "sign"),
    [
        (INFINITE, arb(1), 1),
        (arb(1), Diverges(-1, "no"), -1),
        (INFINITE, INFINITE, 1),
        (INFINITE, Diverges(-1, "no"), 0),
        (Diverges(0, "no"), arb(1), 0),
    ],
)
def test_infinite_means_add_up(one: Number, other: Number, sign: int) -> None:
    assert add(one, other) == Diverges(sign)
    assert add(arb(1), arb(2)) == 3
