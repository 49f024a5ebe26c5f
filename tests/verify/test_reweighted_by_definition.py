"""Total mass, mean and KL of reweighted laws from their definition: sums and integrals of dP/dQ.

``E_Q w = 1``, ``E_P X = E_Q[w X]`` and ``KL = E_Q[w log w]``: over atoms by exact sums, over a
density by the trapezoidal rule in mpmath. Neither knows anything of :mod:`verify.reweighted`.
"""

from __future__ import annotations

from collections.abc import Callable
from itertools import takewhile
from typing import Any

import pytest
from flint import arb, fmpq
from hypothesis import assume, given
from hypothesis import strategies as st
from mpmath import mp

from tests.verify.balls import assert_close, assert_contains, mp_of
from tests.verify.mpmath_route import integrals, pieces
from tests.verify.weighted_cases import DISCRETE, decimal_place, few, levels, thresholds, weights
from verify.continuous import ContinuousLaw
from verify.enclosure import Undecided, ball_of_decimal, working_precision
from verify.law import Law
from verify.laws import parse
from verify.reweighted import reweight
from verify.weight import BestOfN, Threshold, Tilt, TopFraction, Weight

BITS = 160
#: What Q has beyond the last atom that is summed. P has at most about its root there, as tilts are
#: at most half the abscissa, so sums come this close. Differences of ranks need more bits.
TAIL, CLOSE, SUM_BITS = 2.0**-110, 2.0**-45, 320

Density = Callable[[fmpq, arb, arb], arb]


def density_over(law: Law, weight: Weight) -> Density:
    """``dP/dQ`` at an atom, unnormalised, from the textbook."""
    match weight:
        case Threshold():
            t, p = weight.location.point(), ball_of_decimal(weight.mass)
            q = law.survival(t)
            return lambda x, below, up_to: p / q if x > t else (1 - p) / (1 - q)
        case Tilt(tilt=tilt):
            return lambda x, below, up_to: (arb(tilt) * x).exp()
        case BestOfN(n=n):
            return lambda x, below, up_to: (up_to**n - below**n) / (up_to - below)
        case TopFraction(fraction=f):

            def kept(x: fmpq, below: arb, up_to: arb) -> arb:
                part = (up_to - (1 - f)).max(arb(0)) - (below - (1 - f)).max(arb(0))
                return part / (up_to - below) / f

            return kept
    return lambda x, below, up_to: arb(1)


def summed(law: Law, weight: Weight) -> tuple[arb, arb, arb]:
    """``E_Q w``, ``E_Q[w X]/E_Q w`` and ``E_Q[v log v]``, v = w/E_Q w, over the atoms."""
    density = density_over(law, weight)
    rows: list[tuple[fmpq, arb, arb]] = []
    up_to = arb(0)
    for x, mass in takewhile(lambda _: 1 - up_to > TAIL, law.atoms()):  # noqa: B023
        below, up_to = up_to, up_to + mass
        rows.append((x, mass, density(x, below, up_to)))
    total = sum((mass * w for _, mass, w in rows), arb(0))
    mean = sum((mass * w * x for x, mass, w in rows), arb(0)) / total
    kl = sum((mass * w / total * (w / total).log() for _, mass, w in rows if not w == 0), arb(0))
    return total, mean, kl


def pairs(data: st.DataObject, name: str) -> tuple[Law, Weight]:
    law = data.draw(DISCRETE[name], label="law")
    return law, data.draw(weights(law), label="weight")


@pytest.mark.parametrize("name", [name for name in DISCRETE if name != "zeta"])
@few(5)
@given(data=st.data())
def test_sums_over_atoms(name: str, data: st.DataObject) -> None:
    law, weight = pairs(data, name)
    with working_precision(SUM_BITS):
        optimised = reweight(law, weight)
        total, mean, kl = summed(law, weight)
        if not isinstance(weight, Tilt):
            assert_close(total, arb(1), CLOSE)
        assume(kl.is_finite())  # 0 log 0 at the edge of a top fraction
        try:
            assert_close(optimised.mean(), mean, CLOSE, CLOSE)
            if optimised is not law:
                assert_close(optimised.divergence("kl"), kl, CLOSE, CLOSE)  # type: ignore[attr-defined]
        except Undecided:  # best-of-n, where the atoms do not end
            assert isinstance(weight, BestOfN) and name not in (
                "bernoulli",
                "binomial",
                "empirical",
            )


@pytest.mark.parametrize("name", [name for name in DISCRETE if name != "zeta"])
@few(10)
@given(data=st.data())
def test_atoms_of_a_reweighted_law_have_mass_1(name: str, data: st.DataObject) -> None:
    law, weight = pairs(data, name)
    with working_precision(SUM_BITS):
        total = arb(0)
        for _, mass in takewhile(  # the total so far, as it grows
            lambda _: 1 - total > TAIL,  # noqa: B023
            reweight(law, weight).atoms(),
        ):
            assert not mass < 0
            total += mass
        assert_close(total, arb(1), CLOSE)


# ---- densities ----------------------------------------------------------------------------------

FIXED = (
    "normal(mu=1, sigma=2)", "lognormal(mu=0, sigma=1/2)", "exponential()", "gamma(shape=5/2)",
    "laplace()", "logistic()", "uniform(low=-1, high=2)", "beta(a=2, b=7/2)", "student_t(df=4)",
    "pareto(alpha=3)", "weibull(shape=3/4)", "frechet(alpha=3)", "burr(c=2, k=3)",
    "log_logistic(shape=4)", "inverse_gamma(shape=3)", "f(d1=3, d2=9)", "genpareto(xi=1/4)",
    "gev(xi=1/4)", "gumbel()", "log_gamma(shape=3/2)/1", "half_normal()", "half_student_t(df=4)",
    "skew_normal(alpha=2)", "inverse_gaussian(mu=1, lam=2)", "levy()", "half_cauchy()",
)  # fmt: skip
BREAKS = {"laplace()": (fmpq(0),)}


def continuous(text: str) -> ContinuousLaw:
    law = parse(text)
    assert isinstance(law, ContinuousLaw)
    return law


@pytest.mark.parametrize("text", FIXED)
@few(40)
@given(data=st.data())
def test_integrals_for_a_threshold(text: str, data: st.DataObject) -> None:
    law = continuous(text)
    weight = data.draw(thresholds(law), label="weight")
    t, breaks = weight.location.point(), BREAKS.get(text, ())
    assert isinstance(t, fmpq)
    finite = isinstance(law.mean(), arb)
    functions = [lambda x: 1, *([lambda x: x] if finite else [])]
    with mp.workdps(50), working_precision(BITS):
        below = integrals(law, pieces(law, None, t, breaks), functions)
        above = integrals(law, pieces(law, t, None, breaks), functions)
        p = mp.mpf(str(weight.mass))
        (q0, e0), (q1, e1) = below[0], above[0]
        optimised = reweight(law, weight)
        logs = [mp.log((1 - p) / q0) if p < 1 else mp.mpf(0), mp.log(p / q1)]
        error = 10 * (e0 / q0 + e1 / q1)
        kl = (1 - p) * logs[0] + p * logs[1]
        assert_contains(optimised.divergence("kl"), kl, error)  # type: ignore[attr-defined]
        if finite:
            mean = (1 - p) * below[1][0] / q0 + p * above[1][0] / q1
            sizes = abs(below[1][0]) / q0 + abs(above[1][0]) / q1
            spread = 10 * (below[1][1] / q0 + above[1][1] / q1) + error * sizes
            value = optimised.mean()
            assert isinstance(value, arb)
            assert_contains(value, mean, spread)


TILTS = {
    "normal(mu=1, sigma=2)": "3/4", "exponential()": "2/3", "gamma(shape=5/2)": "-2",
    "laplace()": "1/2", "logistic()": "-1/3", "uniform(low=-1, high=2)": "5",
    "beta(a=2, b=7/2)": "3", "gumbel()": "1/2", "half_normal()": "1",
    "skew_normal(alpha=2)": "-1/3", "inverse_gaussian(mu=1, lam=2)": "1/2",
    "weibull(shape=3/4)": "-1", "pareto(alpha=3)": "-1/2", "levy()": "-1",
}  # fmt: skip


@pytest.mark.parametrize("text", TILTS)
def test_integrals_for_a_tilt(text: str) -> None:
    law, tilt = continuous(text), arb(fmpq(*map(int, (TILTS[text] + "/1").split("/")[:2])))
    rate = mp_of(tilt.mid())
    with mp.workdps(50), working_precision(BITS):
        exact = tilt.mid().fmpq()
        sums = integrals(
            law,
            pieces(law, None, None, BREAKS.get(text, ())),
            [lambda x: mp.exp(rate * x), lambda x: x * mp.exp(rate * x)],
        )
        (total, error), (first, error1) = sums
        mean, relative = first / total, error / total
        spread = 10 * (error1 / total + relative * abs(mean))
        optimised = reweight(law, Tilt(exact))
        value = optimised.mean()
        assert isinstance(value, arb)
        assert_contains(value, mean, spread)
        kl = rate * mean - mp.log(total)
        assert_contains(
            optimised.divergence("kl"),  # type: ignore[attr-defined]
            kl,
            abs(rate) * spread + 10 * relative,
        )


RANKED: tuple[tuple[str, Weight], ...] = (
    ("normal(mu=1, sigma=2)", BestOfN(4)),
    ("pareto(alpha=3)", BestOfN(10)),
    ("exponential()", BestOfN(3)),
    ("normal(mu=1, sigma=2)", TopFraction(fmpq(1, 10))),
    ("uniform(low=-1, high=2)", TopFraction(fmpq(1, 3))),
    ("student_t(df=4)", TopFraction(fmpq(9, 10))),
    ("weibull(shape=3/4)", TopFraction(fmpq(1, 100))),
)


@pytest.mark.parametrize(("text", "weight"), RANKED, ids=str)
def test_integrals_for_weights_by_rank(text: str, weight: Weight) -> None:
    law = continuous(text)

    def density(x: Any) -> Any:
        with working_precision(BITS):
            rank = law.cdf(arb(mp.nstr(x, 50)))
            if isinstance(weight, BestOfN):
                return weight.n * mp_of(rank.mid()) ** (weight.n - 1)
            assert isinstance(weight, TopFraction)
            return mp.mpf(int(weight.fraction.q)) / int(weight.fraction.p)

    def weighed(x: Any) -> Any:
        w = density(x)
        return w * mp.log(w) if w > 0 else mp.zero

    with working_precision(BITS):
        start = None
        if isinstance(weight, TopFraction):
            start = law.quantile(1 - weight.fraction).mid().fmpq()
        with mp.workdps(50):
            functions = [density, lambda x: x * density(x), weighed]
            (mass, _), (mean, _), (kl, _) = integrals(law, pieces(law, start, None, ()), functions)
        optimised = reweight(law, weight)
        # 15 digits are what the trapezoidal rule aims at.
        assert abs(mass - 1) < 1e-13
        assert_contains(optimised.divergence("kl"), kl, 1e-12)  # type: ignore[attr-defined]
        value = optimised.mean()
        assert isinstance(value, arb)
        assert_contains(value, mean, 1e-12 * (1 + abs(mean)))


@given(levels)
def test_a_planted_wrong_mean_is_seen(level: fmpq) -> None:
    """The mean of the base instead of P's does not pass the sums above."""
    law = parse("binomial(n=5, p=1/3)")
    weight = Threshold.at(decimal_place(law, level), "0.9")
    with working_precision(BITS):
        assume(abs(law.survival(weight.location.point()) - arb(0.9)) > 0.01)
        _, mean, _ = summed(law, weight)
        with pytest.raises(AssertionError):
            assert_close(law.mean(), mean, CLOSE, CLOSE)
