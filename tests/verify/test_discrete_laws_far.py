"""Laws on lattices: far out, at huge points, their quantiles and draws."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from flint import arb, fmpq
from hypothesis import given
from hypothesis import strategies as st
from mpmath import mp

from tests.verify.discrete_cases import (
    BITS,
    BY_NAME,
    SAMPLES,
    DiscreteCase,
    assert_contains,
    drawn_from,
    every_case,
)
from tests.verify.law_cases import rational, rationals
from verify.enclosure import Diverges, ball, working_precision
from verify.law import LawError
from verify.laws import (
    bernoulli,
    binomial,
    geometric,
    negative_binomial,
    parse,
    point,
    poisson,
    zeta,
)
from verify.laws.lattice import LatticeLaw

# ------------------------------------------------------------------ far out


def mp_log_tail(law: str, n: Any) -> Any:
    """``log Q(X > n)`` in mpmath from the first masses beyond n, with many digits."""
    logs: dict[str, tuple[Any, Callable[[Any], Any]]] = {
        "poisson": (
            (n + 1) * mp.log(3) - 3 - mp.loggamma(n + 2),
            lambda j: mp.mpf(3) / (n + 2 + j),
        ),
        "geometric": (n * mp.log(mp.mpf(4) / 5), lambda j: mp.mpf(0)),
        "negative_binomial": (
            mp.loggamma(n + mp.mpf(7) / 2)
            - mp.loggamma(mp.mpf(5) / 2)
            - mp.loggamma(n + 2)
            + mp.mpf(5) / 2 * mp.log(mp.mpf(3) / 10)
            + (n + 1) * mp.log(mp.mpf(7) / 10),
            lambda j: mp.mpf(7) / 10 * (n + mp.mpf(7) / 2 + j) / (n + 2 + j),
        ),
    }
    start, ratio = logs[law]
    term = total = mp.mpf(1)
    for j in range(600):
        term *= ratio(j)
        total += term
    return start + mp.log(total)


@pytest.mark.parametrize("exponent", [3, 15, 50, 1000])
@pytest.mark.parametrize("name", ["poisson", "geometric", "negative_binomial"])
def test_far_tails_keep_relative_digits(name: str, exponent: int) -> None:
    law = {
        "poisson": poisson(3),
        "geometric": geometric(p=fmpq(1, 5)),
        "negative_binomial": negative_binomial(fmpq(5, 2), fmpq(3, 10)),
    }[name]
    with working_precision(BITS), mp.workdps(exponent + 60):
        n = 10**exponent
        truth = mp_log_tail(name, mp.mpf(n))
        for t in (fmpq(n), fmpq(n) + fmpq(1, 2), arb(n)):
            value = law.log_survival(t)
            assert value.rel_accuracy_bits() > 115
            assert_contains(value, truth, abs(truth) * mp.mpf(10) ** -50)
        mean = law.tail_mean(fmpq(n))
        assert isinstance(mean, arb) and mean.rel_accuracy_bits() > 110 and not mean < n


@pytest.mark.parametrize("mu", ["1/1000000", "1/3", "50", "1000000"])
def test_poisson_tails_meet_across_their_change_of_method(mu: str) -> None:
    law = poisson(mu=rational(mu))
    with working_precision(BITS):
        centre = int(rational(mu).floor())
        for n in {max(centre + d, 0) for d in (-3000, -2, -1, 0, 1, 2, 3000)}:
            above, before = law.survival(fmpq(n)), law.survival(fmpq(n - 1))
            assert (before - above).overlaps(law.mass_at(fmpq(n)))
            assert (law.cdf(fmpq(n)) + above).overlaps(arb(1)) and above.rel_accuracy_bits() > 90


@pytest.mark.parametrize(
    ("r", "p"),
    [("5/2", "1/1000000"), ("1/1000000", "1/2"), ("1000000", "1/9"), ("2000", "1/100000")],
)
def test_negative_binomial_tails_at_hard_parameters(r: str, p: str) -> None:
    law = negative_binomial(r=rational(r), p=rational(p))
    with working_precision(BITS):
        mean = law.mean()
        assert isinstance(mean, arb)
        centre = int(mean.floor().unique_fmpz())
        for factor in (0, fmpq(1, 7), 1, fmpq(9, 8), 2, 40, 5000):
            n = int((fmpq(centre) * factor + 3).floor())
            above, before = law.survival(fmpq(n)), law.survival(fmpq(n - 1))
            assert above.rel_accuracy_bits() > 90, (n, above)
            # The difference of neighbouring tails is the mass, to what is left of its digits.
            assert (before - above).overlaps(law.mass_at(fmpq(n)))
            assert (law.cdf(fmpq(n)) + above).overlaps(arb(1))


@every_case
def test_huge_points_given_as_balls_are_covered_and_quick(case: DiscreteCase) -> None:
    simple = {"n": 7, "p": fmpq(1, 5), "mu": 3, "r": fmpq(5, 2), "s": fmpq(5, 2)}
    law = case.build(**{name: simple[name] for name in case.parameters})
    started = time.perf_counter()
    with working_precision(BITS):
        for huge in (arb(10) ** 50, arb(10**4).exp(), arb(10**9).exp()):
            value = law.log_survival(huge)
            inside = law.log_survival(huge.mid())
            assert value.is_nan() or not value.is_finite() or value.contains(inside)
            if law.support[1] == Diverges(1):
                assert value.rel_accuracy_bits() > 100
                mean = law.tail_mean(huge)
                assert isinstance(mean, arb) and mean.rel_accuracy_bits() > 100
            assert law.log_survival(-huge) == 0
            assert huge.is_exact() or law.mass_at(huge).contains(0)
        assert not law.survival(arb("nan")).is_finite() and not law.survival(arb("inf")).is_finite()
    # Written out, exp(1e9) is an integer of 1.4e9 bits; a second is a thousand times what it takes.
    assert time.perf_counter() - started < 1


@every_case
@SAMPLES
@given(data=st.data())
def test_a_ball_covers_all_its_points(case: DiscreteCase, data: st.DataObject) -> None:
    _, law = drawn_from(data, case)
    low = data.draw(rationals("-1", "12"))
    high = low + data.draw(rationals("0", "3"))
    with working_precision(BITS):
        t = arb(low).union(arb(high))
        for part in range(4):
            at = low + (high - low) * fmpq(part, 3)
            for closed in (False, True):
                assert law.survival(t, closed).contains(law.survival(at, closed))
                assert law.cdf(t, closed).contains(law.cdf(at, closed))
                inner = law.log_survival(at, closed)
                outer = law.log_survival(t, closed)
                assert outer.contains(inner) or not outer.is_finite()
            assert law.mass_at(t).contains(law.mass_at(at))
            mean, wide = law.upper_mean(at), law.upper_mean(t)
            assert wide == mean if isinstance(mean, Diverges) else wide.contains(mean)  # type: ignore[union-attr]


# ------------------------------------------------------------------ quantiles, samples, the rest


@every_case
@SAMPLES
@given(data=st.data())
def test_quantiles_are_the_least_atoms_that_reach_the_level(
    case: DiscreteCase, data: st.DataObject
) -> None:
    _, law = drawn_from(data, case)
    level = data.draw(rationals("1/12", "11/12"))
    with working_precision(BITS):
        x = law.quantile(level)
        assert x.is_exact() and x.is_integer()
        at = x.fmpq()
        assert not law.cdf(at) < ball(level) and not law.cdf(at - 1) > ball(level)


def test_quantiles_at_levels_that_are_hit_exactly() -> None:
    assert bernoulli(p=fmpq(2, 3)).quantile(fmpq(1, 3)) == 0
    assert binomial(3, fmpq(1, 3)).quantile(fmpq(8, 27)) == 0
    assert binomial(3, fmpq(1, 3)).quantile(fmpq(8, 27) + fmpq(1, 10**40)) == 1
    assert geometric(p=fmpq(1, 3)).quantile(fmpq(5, 9)) == 2
    assert negative_binomial(2, fmpq(1, 3)).quantile(fmpq(1, 9)) == 0
    # Where balls cannot tell, the answer covers both candidates.
    either = negative_binomial(fmpq(1, 2), fmpq(1, 4)).quantile(fmpq(1, 2))  # cdf(0) = 1/2
    assert either.contains(0) and either.contains(1)
    for level in (fmpq(0), fmpq(1), fmpq(7, 5)):
        with pytest.raises(ValueError, match="between 0 and 1"):
            poisson(3).quantile(level)


def test_far_quantiles() -> None:
    level = 1 - fmpq(1, 10**12)
    tiny = geometric(p=fmpq(1, 10**300))
    with working_precision(2048):
        for law in (zeta(s=fmpq(3, 2)), tiny, poisson(100)):
            x = law.quantile(level).fmpq()
            assert law.survival(x) <= ball(1 - level) and law.survival(x - 1) > ball(1 - level)
    with working_precision(BITS):  # too few bits to single out an integer of 300 digits
        assert tiny.quantile(level).rel_accuracy_bits() > 80


@every_case
def test_draws_have_the_law(case: DiscreteCase, rng: np.random.Generator) -> None:
    simple = {"n": 7, "p": fmpq(1, 5), "mu": 3, "r": fmpq(5, 2), "s": fmpq(5, 2)}
    law = case.build(**{name: simple[name] for name in case.parameters})
    size = 20_000
    draws = law.sample(size, rng)
    assert draws.dtype == np.float64 and draws.shape == (size,)
    assert (draws == np.floor(draws)).all() and draws.min() >= case.first
    for k in range(case.first, case.first + 8):
        mass = float(law.mass_at(fmpq(k)))
        # Five standard errors: one false alarm in two million.
        assert abs((draws == k).mean() - mass) <= 5 * np.sqrt(mass * (1 - mass) / size) + 1e-12


def test_draws_beyond_64_bit_integers(rng: np.random.Generator) -> None:
    for law, level in ((zeta(s=fmpq(11, 10)), 1e19), (geometric(p=fmpq(1, 10**20)), 1e19)):
        draws, tail = law.sample(4000, rng), float(law.survival(fmpq(int(level))))
        assert abs((draws > level).mean() - tail) < 5 * np.sqrt(tail * (1 - tail) / 4000)


def test_point() -> None:
    law = point(fmpq(1, 3))
    assert str(law) == "point(x=1/3)" and law.support == (fmpq(1, 3), fmpq(1, 3))
    assert law.survival(fmpq(1, 3)) == 0 and law.survival(fmpq(1, 3), closed=True) == 1
    assert law.cdf(fmpq(1, 3)) == 1 and law.cdf(fmpq(1, 3), open=True) == 0
    assert law.log_survival(fmpq(1, 4)) == 0 and law.log_survival(fmpq(1)) == arb.neg_inf()
    unsure = arb(1) / 3
    assert law.survival(unsure).contains(0) and law.survival(unsure).contains(1)
    assert law.log_survival(unsure).is_nan() and law.survival(arb(0.25)) == 1
    assert law.mean().contains(fmpq(1, 3)) and law.upper_mean(fmpq(0)).contains(fmpq(1, 3))  # type: ignore[union-attr]
    assert law.upper_mean(fmpq(1)) == 0 and law.lower_mean(fmpq(1)).contains(fmpq(1, 3))  # type: ignore[union-attr]
    k, mean, variance = law.cumulants(fmpq(6))
    assert k.contains(2) and mean.contains(fmpq(1, 3)) and variance == 0
    assert list(law.atoms()) == [(fmpq(1, 3), arb(1))]
    assert law.quantile(fmpq(1, 2)).contains(fmpq(1, 3))
    assert law.exponential_moments(arb(3), fmpq(1, 3), None) == (0, 0, 0)
    assert law.exponential_moments(arb(3), None, fmpq(1, 3))[0].overlaps(arb(1).exp())
    assert (law.sample(3, np.random.default_rng(0)) == 1 / 3).all()


@pytest.mark.parametrize(
    "text",
    [
        "bernoulli(p=0)",
        "bernoulli(p=1)",
        "binomial(n=0, p=0.5)",
        "binomial(n=2.5, p=0.5)",
        "poisson(mu=0)",
        "geometric(p=2)",
        "negative_binomial(r=0, p=0.5)",
        "zeta(s=1)",
        "zeta(s=0.5)",
    ],
)
def test_parameters_outside_their_domain(text: str) -> None:
    with pytest.raises(LawError, match="must be"):
        parse(text)


def test_every_lattice_law_is_in_the_table() -> None:
    from verify.laws import CATALOGUE

    lattice = {name for name, law in CATALOGUE.items() if issubclass(law, LatticeLaw)}
    assert lattice == set(BY_NAME)
