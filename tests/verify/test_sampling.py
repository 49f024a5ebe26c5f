"""Draws from parts of laws: their tail masses agree with the law, however far out they lie."""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np
import pytest
from flint import arb, fmpq
from numpy.typing import NDArray

from tests.verify.law_cases import rational
from verify.enclosure import ball, working_precision
from verify.errors import InputError
from verify.inversion import Inverter
from verify.law import Law
from verify.laws import parse
from verify.laws.empirical_law import Empirical
from verify.sampling import SamplingError, sample_between, sample_tilted, sample_top
from verify.tilted_sampling import Window
from verify.window import LARGEST, float_beyond

SIZE = 20_000
#: Standard errors that a tail mass may be off: one false alarm in 30,000 checks, on fixed seeds.
ERRORS = 4.2

Draws = NDArray[np.float64]


def check_masses(law: Law, low: fmpq | None, high: fmpq | None, draws: Draws) -> None:
    """The share of draws above each of several points is the law's, within standard errors."""
    assert draws.dtype == np.float64 and draws.shape == (SIZE,)
    with working_precision(512):
        whole = law.log_between(low, high)
        for share in (0.02, 0.1, 0.3, 0.5, 0.7, 0.9, 0.99):
            # Between two neighbouring draws, so that the point is no draw itself.
            at = float(np.quantile(draws, share))
            t = fmpq(*at.as_integer_ratio())
            truth = float((law.log_between(t, high) - whole).exp())
            found = float((draws > at).mean())
            # The point is a draw: between n and n + 1 draws lie above, so one more counts.
            error = math.sqrt(truth * (1 - truth) / SIZE) + 1 / SIZE
            assert abs(found - truth) <= ERRORS * error, f"{law} beyond {at}: {found} for {truth}"
    least, largest = Window(low, high).floats()
    assert draws.min() >= least and draws.max() <= largest


PARTS = [
    ("pareto(alpha=2)", "10", None),
    ("pareto(alpha=2)", "5", None),
    ("pareto(alpha=2)", "1e50", None),
    ("pareto(alpha=2)", "1e300", None),
    ("pareto(alpha=2)", "1e10", "1e11"),
    ("normal()", "5", None),
    ("normal()", "1e6", None),
    ("normal()", None, "-5"),
    ("normal()", "-10", "-5"),
    ("normal()", "5", "5.1"),
    ("normal()", "-1", "1/3"),
    ("2 + 3*lognormal()", "1e5", None),
    ("-lognormal()", None, "-1e5"),
    ("weibull(shape=0.9)", "1e4", None),
    ("gamma(shape=0.5)", "50", None),
    ("gamma(shape=0.5)", None, "1e-9"),
    ("beta(a=2, b=3)", "0.999", None),
    ("student_t(df=3)", None, "-100"),
    ("cauchy()", "1e100", None),
    ("gumbel()", "50", None),
    ("mixture(0.99*normal(), 0.01*pareto(alpha=1.5))", "6", None),
    ("mixture(0.5*normal(), 0.5*(-exponential()))", "-3", "-2"),
    ("truncate(pareto(alpha=2), high=1e6)", "1e3", None),
    ("truncate(normal(), low=4, high=6)", "4.5", None),
    ('tail(log_sf="-x/log(x)", lower="exp(1)")', "100", None),
    ('tail(log_sf="-10 - x", lower=0)', "0", None),
    ("poisson(mu=3)", "10", None),
    ("poisson(mu=3)", "2", "6"),
    ("poisson(mu=1e6)", None, "990000"),
    ("binomial(n=100, p=0.5)", None, "30"),
    ("zeta(s=2.5)", "1e9", None),
    ("geometric(p=1e-9)", "1e11", None),
    ("3 - 2/3*geometric(p=0.5)", None, "-5"),
]


@pytest.mark.parametrize(("text", "low", "high"), PARTS)
def test_tail_masses_agree(
    text: str, low: str | None, high: str | None, rng: np.random.Generator
) -> None:
    law = parse(text)
    ends = [None if end is None else rational(end) for end in (low, high)]
    check_masses(law, *ends, sample_between(law, *ends, SIZE, rng))


def test_the_check_catches_draws_that_are_off(rng: np.random.Generator) -> None:
    law, low = parse("pareto(alpha=2)"), fmpq(10)
    draws = sample_between(law, low, None, SIZE, rng)
    check_masses(law, low, None, draws)
    for wrong in (10 + (draws - 10) * 1.05, np.concatenate([draws[:-900], draws[:900] * 2])):
        with pytest.raises(AssertionError):
            check_masses(law, low, None, wrong)


def test_ends_are_strict_at_atoms(rng: np.random.Generator) -> None:
    law = parse("1/3 + 2/3*bernoulli(p=0.5)")
    third = fmpq(1, 3)
    assert set(sample_between(law, third, None, 100, rng)) == {1.0}
    assert set(sample_between(law, None, third, 100, rng)) == {1 / 3}
    turned = parse("-(1/3 + 2/3*bernoulli(p=0.5))")
    assert set(sample_between(turned, fmpq(-1), None, 100, rng)) == {-1 / 3}
    assert set(sample_between(turned, None, fmpq(-1), 100, rng)) == {-1.0}
    # 3 is above 3 - 1e-30, though not as a float64.
    near = fmpq(3) - fmpq(1, 10**30)
    assert sample_between(parse("poisson(mu=2)"), near, fmpq(4), 500, rng).min() == 3
    assert sample_between(parse("poisson(mu=2)"), fmpq(3), fmpq(4), 500, rng).min() == 4
    rare = parse("poisson(mu=0.001)")
    assert sample_between(rare, near, None, 500, rng).min() == 3
    assert sample_between(rare, fmpq(3), None, 500, rng).min() == 4


def test_windows_turn_round() -> None:
    window = Window(fmpq(1), fmpq(3))
    turned = window.mapped(fmpq(0), fmpq(-1))
    assert (turned.low, turned.high, turned.low_in, turned.high_out) == (-3, -1, True, True)
    assert turned.mapped(fmpq(0), fmpq(-1)) == window
    assert window.within(fmpq(2), fmpq(9)) == Window(fmpq(2), fmpq(3))
    assert window.keeps(np.array([1.0, 1.5, 3.0, 3.5])).tolist() == [False, True, True, False]
    tenth = fmpq(1, 10)  # 0.1 is above 1/10
    assert float_beyond(tenth, +1, False) == 0.1
    assert float_beyond(tenth, -1, False) == math.nextafter(0.1, 0)
    assert float_beyond(fmpq(2), +1, True) == 2 and float_beyond(fmpq(2), +1, False) > 2
    assert float_beyond(fmpq(10) ** 400, +1, False) == math.inf
    assert float_beyond(fmpq(10) ** 400, -1, False) == LARGEST


@pytest.mark.parametrize(
    ("text", "low", "high", "says"),
    [
        ("pareto(alpha=2)", None, "1", "no mass"),
        ("uniform()", "1", None, "no mass"),
        ("mixture(0.5*uniform(), 0.5*bernoulli(p=0.5))", "1", None, "no mass"),
        ("poisson(mu=3)", "1/4", "3/4", "no mass"),
        ("normal()", "2", "1", "no mass"),
        ("pareto(alpha=0.01)", "1e5", None, "exceed the largest float64"),
        ("pareto(alpha=0.01)", None, None, "exceed the largest float64"),
        ("pareto(alpha=2)", "1e400", None, "exceed the largest float64"),
        ("1e300*pareto(alpha=1)", "1e307", None, "exceed the largest float64"),
        ("zeta(s=1.01)", "1e10", None, "exceed the largest float64"),
        ('tail(log_sf="-log(log(x))", lower="exp(1)")', None, None, "exceed the largest float64"),
    ],
)
def test_refusals(
    text: str, low: str | None, high: str | None, says: str, rng: np.random.Generator
) -> None:
    ends = [None if end is None else rational(end) for end in (low, high)]
    with pytest.raises(SamplingError, match=says) as caught:
        sample_between(parse(text), *ends, SIZE, rng)
    assert isinstance(caught.value, InputError) and "\n" not in str(caught.value)


def test_few_draws_and_none(rng: np.random.Generator) -> None:
    law = parse("normal()")
    assert sample_between(law, fmpq(9), None, 0, rng).shape == (0,)
    assert sample_between(law, fmpq(9), None, 1, rng)[0] > 9


def test_draws_are_those_of_the_seed() -> None:
    law = parse("mixture(0.5*normal(), 0.5*(-pareto(alpha=2)))")
    one, other = (
        sample_between(law, fmpq(5), None, 50, np.random.default_rng(7)) for _ in range(2)
    )
    assert (one == other).all()


def test_atoms_and_flat_stretches_of_a_tail_are_inverted(rng: np.random.Generator) -> None:
    """A law given by its log-survival alone: atoms at 1, 2, 4, ... with half of what is left."""

    def log_tail(x: arb) -> arb:
        k = 0
        while x >= 2**k:
            k += 1
        return -k * arb(2).log()

    inverter = Inverter(log_tail, lambda: arb(0), lambda: arb(0), "the law")
    goals = np.sort(np.log(rng.standard_exponential(300)))
    places = np.exp(inverter.solve_all(goals))
    expected = 2.0 ** np.floor(np.exp(goals) / math.log(2) - 1e-12)
    assert np.allclose(places, expected, rtol=1e-9)


def test_interpolation_is_used_and_right(monkeypatch: pytest.MonkeyPatch) -> None:
    calls = 0
    height = Inverter.height

    def counted(self: Inverter, s: float) -> float:
        nonlocal calls
        calls += 1
        return height(self, s)

    monkeypatch.setattr(Inverter, "height", counted)
    law = parse("pareto(alpha=2)")
    inverter = Inverter(
        law.log_survival, lambda: arb(10), lambda: law.log_survival(fmpq(10)), "the law"
    )
    goals = np.linspace(-20, 3, 5000)
    places = 10 + np.exp(inverter.solve_all(goals))
    # Q(X > x)/Q(X > 10) = (10/x)^2
    assert np.allclose(2 * np.log(places / 10), np.exp(goals), rtol=1e-8)
    assert calls < 5000


# ------------------------------------------------------------------ reweighted laws

TILTS = [
    ("normal()", "2"),
    ("exponential()", "0.9"),
    ("gamma(shape=0.5)", "-5"),
    ("gamma(shape=1e5)", "1/2"),
    ("beta(a=0.5, b=0.5)", "3"),
    ("uniform()", "500"),
    ("laplace()", "1/2"),
    ("gumbel()", "1/2"),
    ("pareto(alpha=2)", "-3"),
    ("2 - 3*gamma(shape=2)", "-1/4"),
    ("poisson(mu=3)", "2"),
    ("binomial(n=50, p=1/3)", "-1"),
    ("negative_binomial(r=2.5, p=0.2)", "1/10"),
    ("mixture(0.5*normal(), 0.5*(5 + 2*normal()))", "1"),
    ("truncate(normal(), low=-1, high=1)", "3"),
    ("truncate(poisson(mu=3), low=1)", "1"),
    ('tail(log_sf="-1 - x", lower=0)', "1/2"),
]


@pytest.mark.parametrize(("text", "tilt"), TILTS)
def test_tilted_draws_have_the_cumulants(text: str, tilt: str, rng: np.random.Generator) -> None:
    from verify.reweighted import Tilted
    from verify.weight import Tilt

    law = Tilted(parse(text), Tilt(rational(tilt)))
    draws = sample_tilted(law, SIZE, rng)
    with working_precision(128):
        _, mean, variance = (float(x) for x in parse(text).cumulants(rational(tilt)))
    check_mean(draws, mean, variance)
    with pytest.raises(AssertionError):
        check_mean(draws + 0.1 * variance**0.5, mean, variance)


def check_mean(draws: Draws, mean: float, variance: float) -> None:
    assert abs(draws.mean() - mean) <= ERRORS * (variance / SIZE) ** 0.5
    # The laws here have kurtosis at most 40 or so: the variance is off by about sqrt(40/n).
    assert abs(draws.var() / variance - 1) < ERRORS * (40 / SIZE) ** 0.5


def test_tilted_rewards_of_a_file(rng: np.random.Generator) -> None:
    from verify.reweighted import Tilted
    from verify.weight import Tilt

    base = Empirical.from_values(rng.normal(size=500).round(2))
    draws = sample_tilted(Tilted(base, Tilt(fmpq(2))), SIZE, rng)
    _, gained, variance = base.central_cumulants_float(2.0)
    check_mean(draws, float(base.mean()) + gained, variance)  # type: ignore[arg-type]
    assert set(draws) <= set(base.values)


TOPS: list[tuple[str, str, Callable[[Draws], bool]]] = [
    ("normal()", "1/1000", lambda draws: bool(draws.min() > 3.09)),
    ("pareto(alpha=2)", "1/4", lambda draws: bool(draws.min() > 2)),
    ("bernoulli(p=0.25)", "1/2", lambda draws: abs(draws.mean() - 0.5) < 0.015),
    ("poisson(mu=1)", "1", lambda draws: abs(draws.mean() - 1) < 0.03),
    ("-bernoulli(p=0.25)", "7/8", lambda draws: abs(draws.mean() + 1 / 7) < 0.011),
]


@pytest.mark.parametrize(("text", "fraction", "right"), TOPS)
def test_top_fractions_split_atoms(
    text: str, fraction: str, right: Callable[[Draws], bool], rng: np.random.Generator
) -> None:
    # The bounds on means are four standard errors of 20,000 draws.
    draws = sample_top(parse(text), rational(fraction), SIZE, rng)
    assert len(draws) == SIZE and right(draws)


def test_threshold_reweighting_draws_its_mass(rng: np.random.Generator) -> None:
    from verify.reweighted import reweight
    from verify.weight import Threshold

    law = reweight(parse("pareto(alpha=2)"), Threshold.at("1e30", "0.25"))
    draws = law.sample(SIZE, rng)
    assert abs((draws > 1e30).mean() - 0.25) < ERRORS * (0.25 * 0.75 / SIZE) ** 0.5
    with working_precision(128):
        median = float(ball(1) * arb(2).sqrt() * fmpq(10) ** 30)  # (t/x)^2 = 1/2
    far = draws[draws > 1e30]
    assert abs((far > median).mean() - 0.5) < ERRORS * (0.25 / len(far)) ** 0.5
