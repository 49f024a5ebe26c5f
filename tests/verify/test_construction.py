"""The decision: right for every law, on either side of what is possible."""

from __future__ import annotations

import mpmath
import pytest
from flint import arb
from hypothesis import given, settings
from hypothesis import strategies as st

from verify.assertion import ByThreshold
from verify.certificate import Certificate
from verify.checker import assertion_of, check
from verify.construction import construct
from verify.enclosure import ball, working_precision
from verify.errors import InputError
from verify.laws import normal, parse, point

mp = mpmath.mp

HEAVY = [
    "lognormal()", "student_t(df=3)", "student_t(df=1.5)", "pareto(alpha=2.5)",
    "pareto(alpha=1.05)", "weibull(shape=0.3)", "weibull(shape=0.9)", "frechet(alpha=1.5)",
    "burr(c=2, k=1.2)", "log_logistic(shape=2)", "inverse_gamma(shape=3)", "f(d1=3, d2=5)",
    "genpareto(xi=0.3)", "gev(xi=0.3)", "half_student_t(df=3)", "zeta(s=3)",
    "2 + 3*lognormal(mu=0, sigma=1)", "-7 + 1/1000*pareto(alpha=3)",
    "mixture(0.99*normal(), 0.01*pareto(alpha=1.5))", 'tail(log_sf="-sqrt(x)", lower=0)',
    'tail(log_sf="-2*log(x)", lower=1)', "truncate(student_t(df=2), low=1)",
    "mixture(0.5*point(x=-3), 0.5*zeta(s=2.5))",
]  # fmt: skip

INFINITE = [
    "levy()", "log_cauchy()", "half_cauchy()", "log_gamma(shape=2)", "pareto(alpha=1)",
    "zeta(s=2)", "gev(xi=1)", 'tail(log_sf="-log(x)", lower=1)', "3 + 2*levy()",
]  # fmt: skip


@pytest.mark.parametrize("law", HEAVY)
@pytest.mark.parametrize(("mean", "kl"), [("50", "0.1"), ("1000", "0.001")])
def test_heavy_laws_have_counterexamples(law: str, mean: str, kl: str) -> None:
    made = construct(parse(law), mean, kl)
    assert made.verdict == "counterexample"
    assert made.reweighting is not None and made.reweighting["kind"] == "threshold"
    assert float(made.enclosures["mean"][0]) > float(mean)
    assert float(made.enclosures["kl"][1]) < float(kl)


@pytest.mark.parametrize("law", INFINITE)
def test_an_infinite_mean_needs_nothing(law: str) -> None:
    made = construct(parse(law), "1e6", "1e-6")
    assert made.verdict == "counterexample"
    assert made.reweighting == {"kind": "identity"}
    assert made.enclosures["mean"] == "oo"


@pytest.mark.parametrize("law", ["cauchy()", "student_t(df=1)", "student_t(df=0.5)", "-cauchy()"])
def test_no_mean_at_all_is_mended_by_conditioning(law: str) -> None:
    made = construct(parse(law), "1e6", "1e-3")
    assert made.reweighting is not None and made.reweighting["mass"] == "1"
    assert made.enclosures["mean"] == "oo"
    assert check(made).valid


def test_a_mean_of_minus_infinity_with_a_heavy_right_tail() -> None:
    made = construct(parse("mixture(0.5*-pareto(alpha=0.5), 0.5*pareto(alpha=2))"), "50", "0.05")
    assert made.verdict == "counterexample"
    assert made.reweighting is not None and "condition_above" in made.reweighting
    assert check(made).valid


def test_barely_heavy_tails() -> None:
    stretched = construct(parse("weibull(shape=0.9)"), "100", "0.001")
    assert stretched.verdict == "counterexample"
    barely = 'tail(log_sf="-x/log(x)", lower="exp(1)")'
    near = construct(parse(barely), "10", "0.01")
    assert near.reweighting is not None and near.reweighting["log_t"] is None
    far = construct(parse(barely), "100", "0.001")
    assert far.reweighting is not None and far.reweighting["t"] is None
    # t is about exp(c/eps) with c = M - mean: here exp(97/0.001).
    assert 9e4 < float(far.reweighting["log_t"]) < 1e5  # type: ignore[arg-type]
    assert all(check(made).valid for made in (stretched, near, far))


# ---- light laws: on either side of S(eps) --------------------------------------------------------


def lambert(k: int, x: mpmath.mpf) -> mpmath.mpf:
    return mp.lambertw(x, k).real


def bernoulli_frontier(p: mpmath.mpf, eps: mpmath.mpf) -> mpmath.mpf:
    def kl(x: mpmath.mpf) -> mpmath.mpf:
        return x * mp.log(x / p) + (1 - x) * mp.log((1 - x) / (1 - p)) - eps

    return mp.findroot(kl, (p + mp.mpf("0.001"), 1 - mp.mpf("1e-9")), solver="anderson")


def laplace_frontier(d: mpmath.mpf) -> mpmath.mpf:
    u = -lambert(-1, -2 * mp.exp(-2 - d)) / 2
    return 2 * mp.sqrt(u * u - u)


#: The frontier S(d) in closed form (THEORY section 2).
FRONTIERS = {
    "normal(mu=2, sigma=3)": lambda d: 2 + 3 * mp.sqrt(2 * d),
    "exponential()": lambda d: -lambert(-1, -mp.exp(-1 - d)),
    "gamma(shape=2.5)": lambda d: -mp.mpf("2.5") * lambert(-1, -mp.exp(-1 - d / mp.mpf("2.5"))),
    "laplace()": laplace_frontier,
    "poisson(mu=3)": lambda d: 3 * mp.exp(1 + lambert(0, (d / 3 - 1) / mp.e)),
    "bernoulli(p=0.3)": lambda d: bernoulli_frontier(mp.mpf("0.3"), d),
    "-5 + 2*exponential()": lambda d: -5 - 2 * lambert(-1, -mp.exp(-1 - d)),
}

#: How close to S the decision is asked for, relative to S - mean. The fine search finds the tilt to
#: 1e-12 in log l, so 1e-6 is far inside what it can tell, and far outside mpmath's error.
NEAR = mp.mpf("1e-6")


@pytest.mark.parametrize("law", FRONTIERS)
@pytest.mark.parametrize("kl", ["0.000001", "0.01", "0.5", "1.1"])
def test_light_laws_are_decided_on_either_side_of_the_frontier(law: str, kl: str) -> None:
    with mp.workdps(40):
        if law == "bernoulli(p=0.3)" and float(kl) > 1:
            pytest.skip("past -log q the frontier is the top itself: tested below")
        best = FRONTIERS[law](mp.mpf(kl))
        base = parse(law)
        with working_precision(128):
            mean = mp.mpf(base.mean().str(30, radius=False))  # type: ignore[union-attr]
        inside, outside = (mp.nstr(best + side * NEAR * (best - mean), 30) for side in (-1, 1))
    below, above = construct(base, inside, kl), construct(base, outside, kl)
    assert below.verdict == "counterexample"
    assert below.reweighting is not None and below.reweighting["kind"] == "tilt"
    assert above.verdict == "impossible"
    assert check(below).valid and check(above).valid


def test_known_frontier_values() -> None:
    """THEORY section 2's digits at d = 0.5, by the closed forms used above."""
    half = mp.mpf("0.5")
    with mp.workdps(30):
        assert abs(FRONTIERS["exponential()"](half) - mp.mpf("2.35767667394589906")) < 1e-17
        assert abs(FRONTIERS["laplace()"](half) - mp.mpf("1.56406717852819237")) < 1e-17
        assert abs(FRONTIERS["poisson(mu=3)"](half) - mp.mpf("4.89172627377569384")) < 1e-17
        assert abs(bernoulli_frontier(mp.mpf("0.3"), half) - mp.mpf("0.784393903270750273")) < 1e-17


OTHER_LIGHT = [
    ("logistic()", "5", "1"), ("uniform()", "0.9", "0.5"), ("beta(a=2, b=3)", "0.9", "0.5"),
    ("weibull(shape=2)", "3", "0.1"), ("gev(xi=-0.3)", "3", "0.01"), ("gumbel()", "3", "0.1"),
    ("genpareto(xi=-0.3)", "3", "0.01"), ("half_normal()", "3", "0.1"),
    ("skew_normal(alpha=-2)", "3", "0.1"), ("inverse_gaussian(mu=1)", "3", "0.1"),
    ("binomial(n=10, p=0.3)", "5", "0.1"), ("geometric(p=0.3)", "9", "0.1"),
    ("negative_binomial(r=2.5, p=0.3)", "20", "0.1"), ("-pareto(alpha=2)", "0", "0.1"),
    ("-lognormal()", "-0.1", "0.1"), ("truncate(pareto(alpha=1.5), high=100)", "40", "0.1"),
    ("-levy()", "0", "0.1"), ('tail(log_sf="-x-3*log(1+x)", lower=0)', "1", "0.1"),
    ('tail(log_sf="-x**2", lower=0)', "4", "1"), ("point(x=1)", "2", "3"),
    ("uniform()", "1", "3"), ("uniform()", "7", "0.1"),
]  # fmt: skip


@pytest.mark.parametrize(("law", "mean", "kl"), OTHER_LIGHT)
def test_light_laws_have_impossibilities(law: str, mean: str, kl: str) -> None:
    made = construct(parse(law), mean, kl)
    assert made.verdict == "impossible"
    assert check(made).valid


def test_the_top_of_a_bounded_law() -> None:
    law = parse("bernoulli(p=0.3)")  # -log 0.3 = 1.204 buys the top itself
    assert construct(law, "1", "1.1").verdict == "impossible"
    at_top = construct(law, "1", "5")
    assert at_top.verdict == "impossible" and at_top.witness == {"upper_end": ("1", "1")}
    below = construct(law, "0.999999", "1.3")
    assert below.verdict == "counterexample" and check(below).valid


def test_non_steep_laws_beyond_the_last_tilt() -> None:
    law = parse('tail(log_sf="-x-3*log(1+x)", lower=0)')
    with mp.workdps(30):
        best = 1 + mp.log(mp.mpf("1.5"))  # (d + K(1))/1 at d = 1, M(1) = 3/2
        inside, outside = mp.nstr(best - mp.mpf("0.001"), 12), mp.nstr(best + mp.mpf("0.001"), 12)
    within = construct(law, inside, "1")
    assert within.verdict == "counterexample"
    assert within.reweighting is not None and "tilt" in within.reweighting
    assert construct(law, outside, "1").verdict == "impossible"


# ---- what changes nothing ------------------------------------------------------------------------


@settings(max_examples=15)
@given(
    law=st.sampled_from(["exponential()", "burr(c=2, k=1.2)", "uniform()", "poisson(mu=3)"]),
    shift=st.integers(-50, 50),
    scale=st.sampled_from(["1/7", "1/2", "3", "1000"]),
    target=st.sampled_from([("1.2", "0.1"), ("5", "0.3"), ("0.7", "0.05"), ("3.9", "0.4")]),
)
def test_shift_and_scale_equivariance(
    law: str, shift: int, scale: str, target: tuple[str, str]
) -> None:
    from fractions import Fraction

    mean, kl = target
    moved = Fraction(shift) + Fraction(scale) * Fraction(mean)
    image = construct(shift + parse(f"{scale}*{law}"), _decimal(moved), kl)
    plain = construct(parse(law), mean, kl)
    assert image.verdict == plain.verdict
    if plain.reweighting is not None and image.reweighting is not None:
        assert image.reweighting["kind"] == plain.reweighting["kind"]


def _decimal(value: object) -> str:
    """A fraction to 30 digits: the targets above are nowhere near a frontier."""
    from fractions import Fraction

    assert isinstance(value, Fraction)
    with mp.workdps(30):
        return str(mp.nstr(mp.mpf(value.numerator) / value.denominator, 28))


@pytest.mark.parametrize("law", ["burr(c=2, k=1.2)", "student_t(df=3)", "zeta(s=3)"])
def test_the_mass_is_the_best_for_its_threshold(law: str) -> None:
    """One part in 10^6 more mass at the same t would break the budget."""
    base = parse(law)
    made = construct(base, "50", "0.02")
    assertion = assertion_of(made, base)
    assert isinstance(assertion, ByThreshold)
    from dataclasses import replace
    from decimal import Decimal

    more = replace(assertion.weight, mass=assertion.weight.mass * Decimal("1.000001"))
    with working_precision(128):
        assert not replace(assertion, weight=more).numbers()["kl"] < arb("0.02")  # type: ignore[operator]


def test_a_target_at_the_mean_needs_nothing() -> None:
    assert construct(normal(), "0", "0.1").reweighting == {"kind": "identity"}
    assert construct(point(1), "1", "0.1").reweighting == {"kind": "identity"}
    assert construct(normal(), "-3", "0.1").reweighting == {"kind": "identity"}
    # Above the mean of 1/3 by less than a double can tell: a tilt, however small.
    law = parse("uniform(low=0, high=2/3)")
    made = construct(law, "0.333333333333333333333334", "0.1")
    assert made.reweighting is not None and made.reweighting["kind"] == "tilt"


def test_construct_is_deterministic_and_leaves_the_precision_alone() -> None:
    law = parse("gumbel()")
    assert construct(law, "2", "0.5") == construct(law, "2", "0.5")
    assert ball(1) == 1


def test_undecided_says_why() -> None:
    made = construct(parse('tail(log_sf="-x/log(log(x))", lower=20)'), "1000", "0.1")
    assert made.verdict == "undecided"
    assert "log t" in made.because or "threshold" in made.because
    assert Certificate.from_json(made.to_json()) == made


def test_bad_budgets_are_refused() -> None:
    with pytest.raises(InputError, match="above 0"):
        construct(normal(), "1", "0")
