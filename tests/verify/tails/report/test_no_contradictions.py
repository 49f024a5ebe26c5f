"""What an audit says fits together: headline, verdict, cap, penalties, frontier and best-of-n."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from math import inf, isfinite

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from verify.tails.audit import Audit, Options, audit_rewards
from verify.tails.consequences.answer import Answer
from verify.tails.report.sections import facts
from verify.tails.report.words import headline

OPTIONS = Options(budgets=(0.1, 1.0, 4.0))


def contradictions(audit: Audit) -> Iterator[str]:
    """Every way in which two parts of the answer cannot both be right."""
    yield from _words(audit)
    yield from _penalties(audit)
    yield from _frontier(audit)
    yield from _fits(audit)
    for answer in _answers(audit):
        value, low, high = answer.value, answer.low, answer.high
        if value is not None and low is not None and high is not None:
            slack = 1e-9 * abs(value) if isfinite(value) else 0.0
            if not low - slack <= value <= high + slack:
                yield f"a value outside its interval: {answer}"


def maybe_heavy(audit: Audit) -> bool:
    return audit.verdict.kind in ("heavy", "cannot tell")


def _words(audit: Audit) -> Iterator[str]:
    said, shown = headline(audit), dict(facts(audit))
    cap, safe = audit.consequences.cap.cap.value, audit.consequences.penalties.safe
    if maybe_heavy(audit) and cap is not None and not isfinite(cap):
        yield "a tail that may be heavy needs a finite cap"
    if maybe_heavy(audit) and "KL penalty holds" in said:
        yield "the headline and the verdict differ on KL"
    if maybe_heavy(audit) and ("ap the reward" in said) != (cap is not None):
        yield "a cap is advised and none is given, or the other way round"
    if maybe_heavy(audit) and ("enalties below" in said) != bool(safe):
        yield "a penalty is advised and none is given, or the other way round"
    (cap_shown,) = (value for name, value in shown.items() if name.startswith("set the cap"))
    if ("none is needed" in cap_shown) != (cap == inf):
        yield "the cap in words is not the cap"
    bound = any(point.fitted.high == inf for point in audit.consequences.frontier)
    if "no policy has a mean" in said and bound:
        yield "a bound in the headline that the table has not"


def _penalties(audit: Audit) -> Iterator[str]:
    found = audit.consequences.penalties
    if maybe_heavy(audit) == ("kl" in found.safe):
        yield "KL is safe where the tail may be heavy, or not safe where it is not"
    high = found.least_order.high
    for penalty in found.penalties:
        kind, _, order = penalty.token.partition(":")
        held = penalty.holds == "yes"
        if kind == "power" and high is not None and held != (float(order) > high):
            yield f"{penalty.token} and the least order differ"


def _frontier(audit: Audit) -> Iterator[str]:
    kind = audit.verdict.kind
    for point in audit.consequences.frontier:
        fitted = point.fitted
        if kind == "heavy" and fitted.value != inf:
            yield "a heavy tail and a finite frontier"
        if kind == "heavy" and point.band.high is not None:
            yield "a band for light tails under a heavy verdict"
        if kind == "cannot tell" and (fitted.value is not None or fitted.high != inf):
            yield "it cannot be told, and yet there is a bound"
        if kind == "bounded" and inf in (fitted.value, fitted.high):
            yield "a bounded tail and an infinite frontier"


def _fits(audit: Audit) -> Iterator[str]:
    found, kind = audit.consequences, audit.verdict.kind
    if found.fitted is not None:
        for tail in found.fitted.allowed[kind == "cannot tell" :]:
            if maybe_heavy(audit) and tail.shape < 0:
                yield "a consequence rests on a bounded tail"
            if kind == "bounded" and tail.heavy:
                yield "a bounded verdict and a heavy tail"
    curve = [each.fitted.value for each in found.best_of_n if each.fitted is not None]
    known = [value for value in curve if value is not None]
    if known != sorted(known):
        yield "the best of more is worse"


def _answers(audit: Audit) -> Iterator[Answer]:
    found = audit.consequences
    yield from (found.cap.cap, found.penalties.least_order)
    for point in found.frontier:
        yield from (point.plug_in, point.band, point.fitted)
    for each in found.best_of_n:
        yield from (answer for answer in (each.sampled, each.fitted) if answer is not None)


LAWS: dict[str, Callable[[np.random.Generator, int], np.ndarray]] = {
    "normal": lambda rng, n: rng.standard_normal(n),
    "exponential": lambda rng, n: rng.exponential(size=n),
    "laplace": lambda rng, n: rng.laplace(size=n),
    "uniform": lambda rng, n: rng.random(n),
    "beta": lambda rng, n: rng.beta(2, 5, n),
    "gamma": lambda rng, n: rng.gamma(0.5, size=n),
    "lognormal": lambda rng, n: rng.lognormal(size=n),
    "Weibull(1/2)": lambda rng, n: rng.weibull(0.5, n),
    "t(3)": lambda rng, n: rng.standard_t(3, n),
    "t(10)": lambda rng, n: rng.standard_t(10, n),
    "Cauchy": lambda rng, n: rng.standard_cauchy(n),
    "Pareto(1/2)": lambda rng, n: rng.pareto(0.5, n),
    "capped t(3)": lambda rng, n: np.minimum(rng.standard_t(3, n), 3.0),
    "cut-off t(2)": lambda rng, n: 8 * np.tanh(rng.standard_t(2, n) / 8),
    "a heavy part": lambda rng, n: np.where(
        rng.random(n) < 0.01, rng.standard_t(2, n) + 2, rng.standard_normal(n)
    ),
    "a raised part": lambda rng, n: np.where(
        rng.random(n) < 0.01, rng.uniform(2, 5, n), rng.standard_normal(n)
    ),
    "mostly zero": lambda rng, n: np.where(rng.random(n) < 0.95, 0.0, rng.standard_t(3, n) ** 2),
    "whole numbers": lambda rng, n: np.round(rng.standard_t(3, n)),
    "few digits": lambda rng, n: np.round(rng.standard_normal(n), 2),
    "copies": lambda rng, n: np.repeat(rng.standard_t(4, n // 4 + 1), 4)[:n],
}


@pytest.mark.parametrize("law", LAWS)
@settings(max_examples=2)
@given(
    size=st.sampled_from([1, 2, 30, 120, 600, 3000]),
    seed=st.integers(0, 2**32 - 1),
    shift=st.sampled_from([0.0, -5.0, 1e3]),
)
def test_nothing_contradicts(law: str, size: int, seed: int, shift: float) -> None:
    rewards = LAWS[law](np.random.default_rng(seed), size) + shift
    assert list(contradictions(audit_rewards(rewards, options=OPTIONS))) == []


def changed(audit: Audit, **parts: object) -> Audit:
    """The audit with other consequences."""
    return replace(audit, consequences=replace(audit.consequences, **parts))  # type: ignore[arg-type]


def test_planted_contradictions_are_caught() -> None:
    rng = np.random.default_rng(1)
    heavy, light = (
        audit_rewards(LAWS[law](rng, 3000), options=OPTIONS) for law in ("Cauchy", "normal")
    )
    assert (heavy.verdict.kind, light.verdict.kind) == ("heavy", "light")
    needless = replace(heavy.consequences.cap, cap=light.consequences.cap.cap)
    other = light.consequences
    assert heavy.consequences.fitted is not None
    bounded = replace(heavy.consequences.fitted.central, shape=-0.3)
    planted = {
        "a tail that may be heavy needs a finite cap": changed(heavy, cap=needless),
        "KL is safe where": changed(heavy, penalties=other.penalties),
        "a heavy tail and a finite frontier": changed(heavy, frontier=other.frontier),
        "a bound in the headline": changed(light, frontier=_without_end(light)),
        "a consequence rests on a bounded tail": changed(
            heavy, fitted=replace(heavy.consequences.fitted, central=bounded)
        ),
        "the best of more is worse": changed(light, best_of_n=other.best_of_n[::-1]),
    }
    for what, audit in planted.items():
        assert any(each.startswith(what) for each in contradictions(audit)), what


def _without_end(audit: Audit) -> tuple[object, ...]:
    """The frontier, with its bound at the largest budget lost; the headline takes another."""
    *points, last = audit.consequences.frontier
    return (*points, replace(last, fitted=replace(last.fitted, high=inf)))
