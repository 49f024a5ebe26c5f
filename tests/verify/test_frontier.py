"""The frontier: its two values over the catalogue, against other routes, and where nothing ends."""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal
from itertools import pairwise
from typing import Any

import pytest
from flint import arb, fmpq
from mpmath import mp

from tests.verify.balls import assert_close, assert_contains, number
from tests.verify.frontier_checks import BUDGETS, GAP, between, check_witnesses, size
from verify.assertion import BoundedByTilt, ByTilt, Target
from verify.enclosure import Diverges, working_precision
from verify.errors import InputError
from verify.frontier import frontier, frontier_point
from verify.law import Law
from verify.laws import CATALOGUE, normal, parse
from verify.reweighted import ThresholdReweighted, Tilted

#: Right-light laws; for those in the catalogue that are light, at least one of each.
LIGHT = [
    "normal(mu=1, sigma=2)", "-5*normal()", "1000 + normal()", "half_normal()", "-half_normal()",
    "skew_normal(alpha=2)", "skew_normal(alpha=-3)", "inverse_gaussian(mu=2, lam=1)",
    "exponential()", "-exponential()", "gamma(shape=5/2)", "gamma(shape=1/10)", "laplace()",
    "logistic()", "uniform()", "uniform(low=-1, high=1)", "beta(a=2, b=3)", "beta(a=1/2, b=1/2)",
    "gumbel()", "-gumbel()", "gev(xi=0)", "gev(xi=-1/2)", "genpareto(xi=0)", "genpareto(xi=-1/2)",
    "weibull(shape=1)", "weibull(shape=2)", "weibull(shape=3/2)", "weibull(shape=10)",
    "bernoulli(p=0.3)", "-bernoulli(p=0.3)", "binomial(n=5, p=0.2)", "poisson(mu=3)",
    "-poisson(mu=3)", "geometric(p=0.3)", "-geometric(p=0.3)", "negative_binomial(r=5/2, p=0.4)",
    "-zeta(s=3)", "point(x=1)", "-pareto(alpha=3)", "-lognormal()", "-student_t(df=3)",
    "mixture(0.5*normal(), 0.5*(3*exponential()))", "mixture(0.9*point(0), 0.1*point(7))",
    "truncate(pareto(alpha=1/2), high=50)", 'tail(log_sf="-x - log(1+x)", lower=0)',
    'tail(log_sf="-x**2", lower=0)',
]  # fmt: skip
#: ``-student_t`` is as heavy as student_t: it stands in for what is heavy on both sides.
HEAVY = {
    "student_t", "cauchy", "pareto", "frechet", "burr", "log_logistic", "inverse_gamma", "f",
    "levy", "log_cauchy", "log_gamma", "half_cauchy", "half_student_t", "lognormal", "zeta",
}  # fmt: skip


@pytest.fixture(autouse=True)
def precise() -> Iterator[None]:
    """Comparisons at 53 bits would blur what the frontier knows to 80."""
    with working_precision(256):
        yield


@pytest.mark.parametrize("budget", BUDGETS)
@pytest.mark.parametrize("text", [text for text in LIGHT if text != "-student_t(df=3)"])
def test_the_gap_is_small_and_both_witnesses_hold(text: str, budget: str) -> None:
    law = parse(text)
    point = frontier_point(law, budget)
    lower, upper = number(point.lower), number(point.upper)
    gap = number(point.gap)
    assert gap.upper() <= GAP * size(law, lower), point
    assert not upper < lower
    assert point.attained is True
    check_witnesses(law, point)


def test_the_whole_catalogue_is_looked_at() -> None:
    named = {text.split("(")[0].lstrip("-") for text in LIGHT} | HEAVY
    assert set(CATALOGUE) - {"tail", "empirical", "mixture", "truncate"} <= named


# ---- other routes -------------------------------------------------------------------------------

#: THEORY section 2: closed forms in Lambert's W and their 18 digits, at d = 1/2.
CLOSED_FORMS = {
    "normal()": "1",
    "exponential()": "2.35767667394589906",
    "gamma(shape=5/2)": "4.4306245740230757",
    "laplace()": "1.56406717852819237",
    "poisson(mu=3)": "4.89172627377569384",
    "bernoulli(p=0.3)": "0.784393903270750273",
    "uniform(low=-1, high=1)": "0.547460623756469556",
}


@pytest.mark.parametrize("text", CLOSED_FORMS)
def test_closed_forms(text: str) -> None:
    point = frontier_point(text, "0.5")
    digits = arb(CLOSED_FORMS[text])
    # The last printed digit may be off by one unit of 1e-17, and the gap is at most 1e-13.
    assert_close(number(point.lower), digits, 2e-13)
    assert_close(number(point.upper), digits, 2e-13)
    assert number(point.lower) < digits + 1e-16 and number(point.upper) > digits - 1e-16


def lambert_exponential(d: Any) -> Any:
    return -mp.lambertw(-mp.exp(-1 - d), -1).real


def lambert_poisson(d: Any) -> Any:
    return 3 * mp.exp(1 + mp.lambertw((d / 3 - 1) / mp.e).real)


@pytest.mark.parametrize("budget", BUDGETS)
@pytest.mark.parametrize(
    ("text", "closed"), [("exponential()", lambert_exponential), ("poisson(mu=3)", lambert_poisson)]
)
def test_lambert_w_at_every_budget(text: str, closed: Any, budget: str) -> None:
    point = frontier_point(text, budget)
    with mp.workdps(60):
        true = closed(mp.mpf(budget))
        between(point, arb(mp.nstr(true, 50)))


def by_minimising(moment: Any, d: Any, start: Any) -> Any:
    """``min_l (d + K(l))/l`` in mpmath, from ``E X^k exp(l X)``: the root of ``l K' - K = d``."""

    def excess(tilt: Any) -> Any:
        whole = moment(0, tilt)
        return tilt * moment(1, tilt) / whole - mp.log(whole) - d

    tilt = mp.findroot(excess, start)
    return (d + mp.log(moment(0, tilt))) / tilt


QUADRATURES = {
    "weibull(shape=2)": (lambda x: 2 * x * mp.exp(-x * x), (0, 2, 6, 30)),
    "gev(xi=-1/2)": (
        lambda x: (1 - x / 2) * mp.exp(-((1 - x / 2) ** 2)),
        (-30, -6, 0, 1, 2),
    ),
    'tail(log_sf="-x - 3*log(1+x)", lower=0)': (
        lambda x: (1 + 3 / (1 + x)) * mp.exp(-x) * (1 + x) ** -3,
        (0, 1, 10, 100, 1000),
    ),
}


@pytest.mark.parametrize("text", QUADRATURES)
def test_against_integrals_in_mpmath(text: str) -> None:
    density, pieces = QUADRATURES[text]
    budget = "0.2"
    point = frontier_point(text, budget)
    with mp.workdps(30):

        def moment(power: int, tilt: Any) -> Any:
            return mp.quad(lambda x: x**power * density(x) * mp.exp(tilt * x), pieces)

        assert point.tilt is not None
        start = mp.mpf(int(point.tilt.p)) / int(point.tilt.q) * mp.mpf("1.01")
        true = by_minimising(moment, mp.mpf(budget), start)
        # The root has half of the 30 digits or more; S is stationary in l, so S itself keeps 20.
        interval = number(point.lower).union(number(point.upper))
        assert_contains(interval, true, mp.mpf(10) ** -18)


def test_planted_errors_are_seen() -> None:
    """The comparisons above can fail: a value that is off by 1e-11 is out."""
    point = frontier_point("exponential()", "0.5")
    true = arb("2.35767667394589906")
    for planted in (number(point.lower) + 1e-11, number(point.upper) - 1e-11):
        with pytest.raises(AssertionError):
            assert_close(planted, true, 2e-13)


@pytest.mark.parametrize("factor", ["0.999999", "1.000001"])
def test_a_wrong_log_mgf_is_caught_by_its_witnesses(
    factor: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    law = parse("gamma(shape=2)")
    true = type(law).cumulant_series

    def wrong(self: Law, tilt: arb) -> Any:
        return true(self, tilt) * arb(factor)  # type: ignore[arg-type]

    with monkeypatch.context() as patch:
        patch.setattr(type(law), "cumulant_series", wrong)
        point = frontier_point(law, "0.5")
    with pytest.raises(AssertionError):
        check_witnesses(law, point)


# ---- where no tilt attains it -------------------------------------------------------------------

NON_STEEP = 'tail(log_sf="-x-3*log(1+x)", lower=0)'


@pytest.mark.parametrize("budget", ["0.2612016", "0.5", "3", "50"])
@pytest.mark.parametrize(("shift", "scale"), [("0", "1"), ("7", "2")])
def test_past_the_last_tilt(budget: str, shift: str, scale: str) -> None:
    """``S = d + K(1) = d + log(3/2)`` for d > D* = 2/3 - log(3/2) = 0.26120155855850228."""
    law = parse(f"{shift} + {scale}*{NON_STEEP}")
    point = frontier_point(law, budget)
    with working_precision(128):
        best = arb(shift) + arb(scale) * (arb(budget) + arb(fmpq(3, 2)).log())
        between(point, best)
        assert number(point.gap).upper() <= GAP * size(law, best)
        assert point.attained is False and "threshold" in point.because
    if scale == "1" and shift == "0":
        assert isinstance(point.achieving, ThresholdReweighted)
        check_witnesses(law, point)


def test_just_below_the_last_tilt() -> None:
    point = frontier_point(NON_STEEP, "0.2612015")
    assert point.attained is True and isinstance(point.achieving, Tilted)
    assert number(point.gap) < 1e-12


@pytest.mark.parametrize(
    ("text", "rate", "log_mgf"),
    [
        # E e^{rX} = 1 + r int_0^oo (1+x)^-k dx = 1 + r/(k - 1)
        ('tail(log_sf="-2*x - 5*log(1+x)", lower=0)', 2, "log(1 + 2/4)"),
        ('tail(log_sf="-x/3 - 4*log(1+x)", lower=0)', None, "log(1 + 1/9)"),
        # and 1 + int_0^oo exp(-sqrt x) dx = 3
        ('tail(log_sf="-x - sqrt(x)", lower=0)', 1, "log(3)"),
    ],
)
def test_other_last_tilts(text: str, rate: int | None, log_mgf: str) -> None:
    from verify.formula import Formula

    point = frontier_point(text, "50")
    with working_precision(128):
        best = (50 + Formula.parse(log_mgf).ball()) / (arb(rate) if rate else arb(1) / 3)
        between(point, best)
        assert number(point.gap) < GAP * best
    # A rate of 1/3 is no number that a ball holds exactly, so D* itself is not evaluated there.
    assert point.attained is (None if rate is None else False)


def test_a_rate_that_is_irrational() -> None:
    point = frontier_point('tail(log_sf="-sqrt(2)*x - 4*log(1+x)", lower=0)', "3")
    with working_precision(128):
        root = arb(2).sqrt()
        best = (3 + (1 + root / 3).log()) / root
        between(point, best)
        assert number(point.gap) < GAP * best


# ---- infinite, nothing to spend, undecided ------------------------------------------------------


@pytest.mark.parametrize(
    "text", ["pareto(alpha=3)", "lognormal()", "weibull(shape=1/2)", "cauchy()"]
)
def test_heavy_laws_have_no_best_mean(text: str) -> None:
    point = frontier_point(text, "1e-9")
    assert point.lower == point.upper == Diverges(+1)
    assert "right-heavy" in point.because and point.to_dict()["lower"] == "oo"


def test_a_heavy_tail_of_ones_own() -> None:
    point = frontier_point('tail(log_sf="-x/log(x)", lower="exp(1)")', "0.1")
    assert point.lower == point.upper == Diverges(+1)


def test_an_infinite_mean_below() -> None:
    """E X = -oo, and yet any budget buys a finite mean: S(0+) = -oo."""
    points = frontier("-pareto(alpha=1/2)", ["1e-3", "0.01", "1", "20"]).points
    values = [number(point.lower) for point in points]
    assert all(one < other for one, other in pairwise(values))
    assert values[0] < -100 and values[-1] < -1 and values[-1] > arb("-1.00001")
    assert frontier_point("-pareto(alpha=1/2)", 0).lower == Diverges(-1)


@pytest.mark.parametrize(
    "text", ["normal(mu=3)", "poisson(mu=3)", "bernoulli(p=0.3)", "pareto(alpha=3)"]
)
def test_without_a_budget_the_mean_is_the_base(text: str) -> None:
    law = parse(text)
    point = frontier_point(law, 0)
    assert_close(point.lower, law.mean(), 1e-15)
    assert point.lower is point.upper and point.attained and point.achieving == law


def test_the_top_is_bought_exactly_from_its_price_on() -> None:
    """-log Q{1} = log(10/3) = 1.20397280432...: below it a tilt, from there on the top."""
    below = frontier_point("bernoulli(p=0.3)", "1.2039728043259")
    above = frontier_point("bernoulli(p=0.3)", "1.2039728043260")
    assert isinstance(below.achieving, Tilted) and number(below.lower) < 1
    assert above.lower == 1 and above.upper == 1 and above.tilt is None
    assert number(below.gap) < 1e-12


@pytest.mark.parametrize(
    ("budget", "line"),
    [("x", "decimal number"), (-1, "0 or more"), ("1e999", "exponents"), (True, "decimal number")],
)
def test_budgets_that_are_refused(budget: object, line: str) -> None:
    with pytest.raises(InputError, match=line):
        frontier_point(normal(), budget)


def test_what_cannot_be_settled_is_said() -> None:
    """E X = -oo with a tail like 1/log: the tilt of 1e-6 nats is smaller than exp(-300000)."""
    point = frontier_point("-log_cauchy()", "1e-6")
    assert point.lower is None and point.upper is None and point.attained is None
    assert point.because.startswith("not settled") and not frontier(point_law(), ["1e-6"]).settled


def point_law() -> Law:
    return parse("-log_cauchy()")


# ---- both sides ---------------------------------------------------------------------------------


def test_the_least_mean_is_the_frontier_of_the_mirror_image() -> None:
    answer = frontier("gamma(shape=5/2)", ["0.1", "2"], two_sided=True)
    assert answer.least is not None
    for best, least in zip(answer.points, answer.least, strict=True):
        assert number(least.upper) < arb("2.5") < number(best.lower)
        assert number(least.lower) <= number(least.upper)
        assert least.tilt is not None and least.tilt < 0
        assert "for -X" in least.because
    symmetric = frontier("laplace()", ["0.5"], two_sided=True)
    assert symmetric.least is not None
    assert_close(symmetric.least[0].upper, -number(symmetric.points[0].lower), GAP)
    heavy = frontier("pareto(alpha=2)", ["0.5"], two_sided=True)
    assert heavy.least is not None and number(heavy.least[0].upper) > 1
    assert (
        frontier("-pareto(alpha=2)", ["0.5"], two_sided=True).to_dict()["least"][0]["lower"]
        == "-oo"
    )


# ---- it is the line between counterexamples and impossibility -----------------------------------


@pytest.mark.parametrize("text", ["gamma(shape=2)", "uniform()", "poisson(mu=3)"])
def test_the_frontier_parts_the_decisions(text: str) -> None:
    from verify.construction import construct

    point = frontier_point(text, "0.3")
    below = Decimal(str(float(number(point.lower)) - 1e-7))
    above = Decimal(str(float(number(point.upper)) + 1e-7))
    assert construct(text, below, "0.3").verdict == "counterexample"
    assert construct(text, above, "0.3").verdict == "impossible"


def test_its_witnesses_are_those_of_certificates() -> None:
    law, point = normal(), frontier_point(normal(), "0.5")
    assert point.tilt is not None
    tilt = Decimal(point.to_dict()["tilt"])
    target = Target(Decimal("0.999999"), Decimal("0.5000001"))
    with working_precision(128):
        reached = ByTilt(law, target, tilt)
        assert reached.holds(reached.numbers())
        bounded = BoundedByTilt(law, Target(Decimal("1.000001"), Decimal("0.5")), tilt)
        assert bounded.holds(bounded.numbers())
