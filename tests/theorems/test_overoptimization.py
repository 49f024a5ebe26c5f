"""Overoptimisation curves: false variants of each step, false instances, and second routes."""

from __future__ import annotations

from dataclasses import replace
from itertools import pairwise
from typing import Any

import numpy as np
import pytest
import sympy as sp
from flint import arb, fmpq
from hypothesis import given
from hypothesis import strategies as st

from tests.theorems.planted import by_points
from theorems.overoptimization import (
    CLAIMS,
    closed_proxy,
    downturn,
    early_stopping,
    estimate,
    fitted,
    forms,
    gaussian,
)
from theorems.overoptimization.symbols import symbols
from verify.best_of import best_of
from verify.best_of.estimate import best_of_estimates
from verify.claim import Enclosed, Exact
from verify.conditioning import condition
from verify.enclosure import working_precision
from verify.identity import Relation, prove
from verify.law import Law
from verify.overoptimization.data import CurveData
from verify.overoptimization.fit import fit_curve

N = symbols()
RARE = "mixture(0.99*0.1*normal(), 0.01*(10/3)*exponential())"

# ---------------------------------------------------------------- false variants


def false_variants() -> dict[str, Relation]:
    """Steps with a slip each, of the kind that one makes."""
    peak = sp.exp(N.a / N.b)  # without the -1
    level = sp.Subs(sp.Derivative(forms.rl_form(N.x), N.x), N.x, peak)
    return {
        "RL peaks at exp(a/b)": Relation(level, 0),
        "the peak is a^2/(2b)": replace(forms.below_best_of_n(), left=N.a**2 / (2 * N.b)),
        "KL is log n": replace(forms.inverse(), right=-sp.exp(-1 - sp.log(N.n))),
        "the KL of a tilt is l^2": replace(forms.cost_of_tilt(), right=N.l**2),
        "the tilt is not normalised": replace(
            forms.shifted(), left=sp.exp(-(N.u**2) / 2 + N.l * N.u)
        ),
        "the square is forgotten": replace(forms.gain(), right=N.a * N.l - N.b * N.l**2),
        "alpha is a": replace(forms.parabola(), right=N.x * (N.a - 2 * N.b * N.x)),
        "the gain is sd V": replace(gaussian.line(), right=N.sigma * N.m),
        "Mills without the square": replace(
            gaussian.mills(), right=-sp.exp(-(N.t**2) / 2) * (1 - 2 / (1 + N.t**2))
        ),
        "the price is 1/l": replace(
            downturn.price_at_most(), form=(N.h + N.k) / (N.l * (N.h + N.k))
        ),
        "Pascal, the next row": replace(estimate.pascal(), right=N.w * N.i / N.n),
        "the rest loses what one wins": replace(
            early_stopping.logit_of_none(), right=-early_stopping.weights()[1]
        ),
        "logits move alike": replace(
            early_stopping.logit_of_first(), right=early_stopping.weights()[2]
        ),
    }


VARIANTS = false_variants()


@pytest.mark.parametrize("name", VARIANTS)
def test_false_variant_is_rejected(name: str) -> None:
    assert prove(VARIANTS[name]) is not None
    if VARIANTS[name].op == "=":  # of these inequalities it is the form that is false
        assert by_points(VARIANTS[name])


@pytest.mark.parametrize(
    ("check", "case"),
    [
        (gaussian.ratios, (10, "0.918")),
        (gaussian.ratios, (1000, "0.944")),
        (gaussian.slopes_rise, (8, 4, 2)),
        (forms.on_the_parabola, ("1", "0.2", "-1")),  # d is a root, which has no sign
        (downturn.digits, (45, "1.794427")),
        (downturn.up_and_down, (10, 45, 44, 300)),
        (downturn.up_and_down, (45, 50)),  # not at its limit yet
        (fitted.comes_out, ("exponential-tilt", "best-of-n", "0.75337", "0.15602")),
        (fitted.peaks_that_are_not_there, ("normal-best", "rl", "100")),  # beta < 0
        (fitted.peaks_that_are_not_there, ("rare-best", "rl", "2")),  # E V falls at the end
        (early_stopping.at_equal_kl, ("8", "1.724", "1.7241", "0.069")),
        (early_stopping.at_equal_kl, ("8", "1.70", "1.71", "0.068")),
    ],
)
def test_false_instance_is_rejected(check: Any, case: Any) -> None:
    assert Enclosed(check, (case,)).run().outcome == "fails"


def test_a_biased_estimate_is_rejected(monkeypatch: pytest.MonkeyPatch) -> None:
    """Planted: ties broken by the order of the gold scores, which favours the larger."""

    def biased(scores: estimate.Scores, n: int) -> fmpq:
        from math import comb

        total = sum(comb(i, n - 1) * gold for i, (_, gold) in enumerate(sorted(scores)))
        return fmpq(total, comb(len(scores), n))

    monkeypatch.setattr(estimate, "estimate", biased)
    for check, cases in (
        (estimate.is_mean_over_subsets, ((estimate.TIED, 3),)),
        (estimate.is_unbiased, ((estimate.BASES[1], 3, 2),)),
    ):
        assert Exact(check, cases).run().outcome == "fails"


def test_a_small_error_is_rejected(monkeypatch: pytest.MonkeyPatch) -> None:
    """Planted: without the factor for leaving one out."""
    right = estimate.jackknife
    monkeypatch.setattr(
        estimate, "jackknife", lambda scores, n: right(scores, n) * fmpq(1, len(scores) - 1)
    )
    finding = Exact(estimate.error_is_not_small, estimate.SAMPLED[:4]).run()
    assert finding.outcome == "fails"


# ---------------------------------------------------------------- second routes


@pytest.mark.parametrize("t", ["-1", "0.5", "3", "9"])
def test_the_closed_proxy_given_a_threshold(t: str) -> None:
    """Its tail, and the utility beyond it, against the integral for any two laws."""
    with working_precision(64):
        point = arb(t)
        found = condition(Law.parse(RARE), Law.parse("normal()"), fmpq(int(10 * float(t)), 10))
        assert abs(downturn.RARE.survival(point) - found.mass) < arb(10) ** -12
        assert abs(downturn.RARE.utility_beyond(point) - found.part) < arb(10) ** -12


@pytest.mark.parametrize("n", [2, 7, 64, 5000])
def test_the_closed_proxy_is_the_gaussian_curve(n: int) -> None:
    normal = closed_proxy.ClosedProxy((closed_proxy.Part(fmpq(1), variance=fmpq(3)),))
    with working_precision(64):
        assert abs(normal.best_of(n) - gaussian.largest(n) / 2) < arb(10) ** -12


@pytest.mark.heavy
def test_the_closed_proxy_against_any_two_laws() -> None:
    pair = best_of(RARE, "normal()")
    with working_precision(96):
        for n in (45, 300, 10_000):
            value = pair.at(n).mean_v
            assert isinstance(value, arb)
            assert abs(value - downturn.RARE.best_of(n)) < arb(10) ** -13


@pytest.mark.parametrize("name", fitted.MODELS)
def test_fits_in_balls_are_those_of_float64(name: str) -> None:
    with working_precision(64):
        points = fitted.points_of(name)
        kl, gain = (np.array([float(point[k]) for point in points]) for k in (0, 1))
        answer = fit_curve(CurveData(name, {}, (), kl, gain), base=0.0)
        for fit in answer.fits:
            found = fitted.fitted(name, fit.form.name)
            # float64 through a least-squares problem of condition number below 100.
            assert fit.alpha.value == pytest.approx(float(found.alpha), abs=1e-11)
            assert fit.beta.value == pytest.approx(float(found.beta), abs=1e-11)
            rest = float(np.abs(fit.residuals).max())
            assert rest == pytest.approx(float(found.largest_rest), abs=1e-11)
            if fit.peak is not None and float(found.beta) > 0.01:
                peak = fitted.peak_kl(fit.form.name, found)
                assert fit.peak.kl == pytest.approx(float(peak), rel=1e-9)


@given(
    st.lists(st.tuples(st.integers(0, 4), st.integers(-9, 9)), min_size=2, max_size=8),
    st.data(),
)
def test_the_estimate_in_float64_is_that_in_fractions(
    scores: list[tuple[int, int]], data: st.DataObject
) -> None:
    n = data.draw(st.integers(1, len(scores)))
    (found,) = best_of_estimates(*zip(*scores, strict=True), [n])
    assert found.mean == pytest.approx(float(estimate.estimate(scores, n)), abs=1e-12)
    if found.standard_error is not None:
        variance = float(estimate.jackknife(scores, n))
        assert found.standard_error == pytest.approx(variance**0.5, abs=1e-7)


def flow(natural: bool, until: float) -> Any:
    """The policy by integrating the gradient flow on its logits."""
    from scipy.integrate import solve_ivp

    base = np.array([float(chance) for chance in early_stopping.BASE])
    proxy = np.array([0.0, 1.0, 1.0])

    def policy(logits: Any) -> Any:
        weights = np.exp(logits - logits.max())
        return weights / weights.sum()

    def move(_: float, logits: Any) -> Any:
        pi = policy(logits)
        advantage = proxy - pi @ proxy
        return advantage if natural else pi * advantage

    solved = solve_ivp(move, (0, until), np.log(base), rtol=1e-11, atol=1e-12)
    return policy(solved.y[:, -1])


@pytest.mark.parametrize("until", [0.5, 3.0, 12.0])
def test_flows_by_integration(until: float) -> None:
    with working_precision(64):
        natural = early_stopping.tilted(fmpq(int(2 * until), 2))
        assert flow(True, until) == pytest.approx([float(x) for x in natural], abs=1e-9)
        plain = flow(False, until)
        # The time of the formula: where the first two weights have the ratio that they have here.
        p, q = (float(chance) for chance in early_stopping.BASE[1:])
        ratio = plain[1] / plain[2] * q / p
        time = (ratio - 1) / (p * ratio - q)
        stopped = early_stopping.stopped(fmpq(*time.as_integer_ratio()))
        assert plain == pytest.approx([float(x) for x in stopped], abs=1e-8)


def test_best_of_n_never_has_less_proxy() -> None:
    """The step on one more draw, on the curve itself."""
    with working_precision(64):
        values = [gaussian.largest(n) for n in range(1, 12)]
        assert all(one < other for one, other in pairwise(values))


def test_module_holds_its_claims_together() -> None:
    ids = [claim.id for claim in CLAIMS]
    assert len(set(ids)) == len(ids)
    assert all(name.startswith("overoptimization.") for name in ids)
    named = {name for name, *_ in fitted.OUT}
    assert named == set(fitted.MODELS)
