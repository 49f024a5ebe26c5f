"""Tails that users write: their numbers against mpmath, their atom, and what is refused."""

from __future__ import annotations

import math
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
import pytest
from flint import arb, fmpq
from hypothesis import given
from hypothesis import strategies as st
from mpmath import mp

from tests.verify.balls import assert_close, assert_contains, number, rational
from tests.verify.weighted_cases import few
from verify.enclosure import INFINITE, Diverges, working_precision
from verify.law import Law, LawError
from verify.laws import exponential, pareto, parse, weibull
from verify.laws import tail as tail_of
from verify.laws.custom import Tail

BITS = 128
#: mpmath.quad at 30 digits on a grid that grows geometrically from the start.
QUAD_ERROR = 1e-18


@dataclass(frozen=True)
class TailCase:
    """A formula as a user writes it, and as mpmath computes it."""

    log_sf: str
    lower: str
    h: Callable[[Any], Any]
    tilts: tuple[str, ...] = ("-1",)
    rate: object = 0
    mean: bool = True

    @property
    def law(self) -> Law:
        return tail_of(log_sf=self.log_sf, lower=self.lower)

    @property
    def start(self) -> Any:
        return mp.e if self.lower == "exp(1)" else mp.mpf(self.lower)


CASES = (
    TailCase("-x/log(x)", "exp(1)", lambda x: -x / mp.log(x)),
    TailCase("-sqrt(x)", "0", lambda x: -mp.sqrt(x)),
    TailCase("-2*log(x)", "1", lambda x: -2 * mp.log(x)),
    TailCase("-1.5*log(1+x)", "0", lambda x: -1.5 * mp.log1p(x)),
    TailCase("-log(x)", "1", lambda x: -mp.log(x), mean=False),
    TailCase("-log(1+x)/2", "0", lambda x: -mp.log1p(x) / 2, mean=False),
    TailCase("-x", "0.5", lambda x: -x, ("-1", "1/2", "9/10"), fmpq(1)),
    TailCase("-2*x - 3*log(1+x)", "0", lambda x: -2 * x - 3 * mp.log1p(x), ("-1", "1", "2"), 2),
    TailCase("-x**2", "0", lambda x: -x * x, ("-1", "1", "5"), INFINITE),
    TailCase("-x**2/2 - x", "0", lambda x: -x * x / 2 - x, ("-3", "2"), INFINITE),
    TailCase("-x**0.9", "0", lambda x: -mp.mpf(x) ** mp.mpf("0.9")),
    TailCase("-log(1+x)**2", "0", lambda x: -mp.log1p(x) ** 2),
    TailCase("1 - exp(x)", "0", lambda x: 1 - mp.exp(x), ("-1", "2"), INFINITE),
    TailCase(
        "1 - exp(exp(x) - 1)", "0", lambda x: 1 - mp.exp(mp.exp(x) - 1), ("1/2", "8"), INFINITE
    ),
    TailCase("-x/(1+1/(1+x)) - 0.25", "-1/2", lambda x: -x / (1 + 1 / (1 + x)) - 0.25, ("1/2",), 1),
    TailCase(
        "log(0.5*exp(-x) + 0.5*exp(-sqrt(x)))", "0",
        lambda x: mp.log((mp.exp(-x) + mp.exp(-mp.sqrt(x))) / 2),
    ),
)  # fmt: skip
by_case = pytest.mark.parametrize("case", CASES, ids=lambda case: case.log_sf)


def exp(x: Any) -> Any:
    """``exp``, but for what is 0 for every purpose here: mpmath would write it out."""
    return mp.exp(x) if x > -10_000 else mp.zero


def quad(function: Callable[[Any], Any], start: Any) -> Any:
    """An integral from ``start`` on, in pieces that grow, until nothing is left."""
    width = mp.mpf(2) ** -12
    # w^2 for the root that a formula may have at its start
    total = mp.quad(lambda w: 2 * w * function(start + w * w), [mp.zero, mp.sqrt(width)])
    for _ in range(400):
        part = mp.quad(lambda w: function(start + w), [width, 2 * width])
        total, width = total + part, 2 * width
        if abs(part) < mp.mpf(10) ** -26 * abs(total) and width > 8:
            break
    return total


def lower_of(case: TailCase) -> Any:
    if case.lower == "-1/2":
        return -mp.mpf("0.5")
    return case.start


@by_case
@few(10)
@given(offset=st.fractions(0, 6, max_denominator=16))
def test_the_tail_is_the_formula(case: TailCase, offset: Any) -> None:
    law = case.law
    with working_precision(BITS), mp.workdps(45):
        start = rational(offset) + fmpq(1, 3) + (3 if case.lower == "exp(1)" else 1)
        x = mp.mpf(int(start.p)) / int(start.q)
        h = case.h(x)
        assert_contains(law.log_survival(start), h, abs(h) * mp.mpf(10) ** -35)
        assert_close(law.survival(start) + law.cdf(start), arb(1), 2.0**-100)
        assert_close(law.log_survival(start, closed=True), law.log_survival(start), 2.0**-100)
        # Its density is minus the slope of exp(h), h' exp(h).
        if h < -10_000:
            return
        slope = mp.diff(case.h, x)
        density = law.density(start) / law.survival(start)
        assert_contains(density, -slope, abs(slope) * mp.mpf(10) ** -15)


@by_case
def test_the_mass_left_over_sits_at_lower(case: TailCase) -> None:
    law = case.law
    assert isinstance(law, Tail)
    with working_precision(BITS), mp.workdps(40):
        lower = lower_of(case)
        above = mp.exp(case.h(lower))
        place = law.lower.rational
        if place is None:
            assert law.cdf(fmpq(2)) == 0 and law.survival(fmpq(2)) == 1
            return
        assert_contains(law.survival(place), above, mp.mpf(10) ** -36)
        assert law.survival(place, closed=True) == 1 and law.cdf(place, open=True) == 0
        assert_contains(law.mass_at(place), 1 - above, mp.mpf(10) ** -36)
        assert law.mass_at(place + 1) == 0
        assert law.support == (law.lower, INFINITE)


@by_case
def test_mean_and_tail_mean(case: TailCase) -> None:
    law = case.law
    mean = law.mean()
    if not case.mean:
        assert mean == Diverges(+1) == law.tail_mean(fmpq(50))
        assert isinstance(mean, Diverges) and "no faster than 1/x" in mean.because
        return
    with working_precision(BITS), mp.workdps(30):
        lower = lower_of(case)
        # quad stops short of the others
        reaches_far = not case.log_sf.startswith(("-2*log", "-1.5*log"))
        if reaches_far:
            expected = lower + quad(lambda x: exp(case.h(x)), lower)
            assert_contains(number(law.mean()), expected, QUAD_ERROR * abs(expected))
        for t in (4, 30):
            if law.log_survival(fmpq(t)) < -(10**9):
                continue
            value = number(law.tail_mean(fmpq(t)))
            if reaches_far:
                above = case.h(mp.mpf(t))
                excess = quad(lambda x, above=above: exp(case.h(x) - above), mp.mpf(t))
                assert_contains(value, t + excess, QUAD_ERROR * (t + excess))
            assert_close(number(law.upper_mean(fmpq(t))), law.survival(fmpq(t)) * value, 2.0**-80)
            # The estimate is for searches only: within a factor.
            estimate = law.tail_mean_estimate(fmpq(t))
            assert 0.3 < float(number(estimate) / value) < 3


@by_case
def test_cumulants(case: TailCase) -> None:
    law = case.law
    with working_precision(BITS), mp.workdps(30):
        lower = lower_of(case)
        for text in case.tilts:
            tilt = rational(text)
            rate = mp.mpf(int(tilt.p)) / int(tilt.q)
            if tilt == case.rate:
                # int (1+x)^-3 = int x (1+x)^-3 = 1/2, so K = log(1 + 2/2), K' = (1/2 + 2/2)/2;
                # int x^2 (1+x)^-3 diverges.
                log_mgf, mean, variance = law.cumulants(tilt)
                assert_close(log_mgf, arb(2).log(), 1e-17)
                assert_close(mean, arb("0.75"), 1e-17)
                assert variance.is_nan()
                continue
            # By parts: E exp(lX) = exp(l a) + l int exp(lx + h), E X exp(lX) likewise.
            j0 = quad(lambda x, rate=rate: exp(rate * x + case.h(x)), lower)
            j1 = quad(lambda x, rate=rate: x * exp(rate * x + case.h(x)), lower)
            total = mp.exp(rate * lower) + rate * j0
            first = lower * mp.exp(rate * lower) + j0 + rate * j1
            log_mgf, mean, variance = law.cumulants(tilt)
            assert_contains(log_mgf, mp.log(total), 1e-17)
            assert_contains(mean, first / total, 1e-16 * (1 + abs(first / total)))
            assert variance > 0


def test_integrals_that_are_kept_answer_the_same_question_alone(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """At another precision, tilt or end they are other ones; the same ones are not made again."""
    case = CASES[7]
    questions = [
        (bits, tilt, low, high)
        for bits in (53, 128)
        for tilt in (arb(-1), arb("0.5"), arb("0.5", 2.0**-30))
        for low, high in ((None, None), (fmpq(1), fmpq(3)), (fmpq(1), None))
    ]

    def answers(laws: list[Law]) -> list[str]:
        found = []
        for law, (bits, tilt, low, high) in zip(laws, questions, strict=True):
            with working_precision(bits):
                parts = law.exponential_moments(tilt, low, high)
                found.append(" ".join(part.str(40, more=True) for part in parts))
        return found

    law = case.law
    afresh = answers([case.law for _ in questions])
    assert len(set(afresh)) == len(questions)
    assert answers([law] * len(questions)) == afresh
    monkeypatch.setattr("verify.laws.tail_integrals.integrate_moments", None)
    assert answers([law] * len(questions)) == afresh
    with pytest.raises(TypeError):
        law.exponential_moments(arb(-2))


@by_case
def test_rates(case: TailCase) -> None:
    law = case.law
    assert law.rates_need_search and law.left_tail.abscissa == INFINITE
    if case.log_sf.startswith("log(") or "exp(exp" in case.log_sf:  # a limit that may stay open
        assert law.mgf_abscissa in (case.rate, None)
    else:
        assert law.mgf_abscissa == case.rate
    assert law.right_tail.abscissa_because
    estimate = law.rate_estimate()
    if case.rate == 0:
        assert estimate is None or float(estimate.p) / float(estimate.q) < 0.1  # type: ignore[union-attr]


@pytest.mark.parametrize(
    ("log_sf", "rate"),
    [("-x*log(1+x)", INFINITE), ("-x**2", INFINITE), ("-2*x - sqrt(x)", 2)],
)
def test_a_slope_that_grows_slowly_is_no_rate(log_sf: str, rate: object) -> None:
    """A search that took log(10^60) for the rate began at tilts whose integrals cannot be had."""
    assert parse(f'tail(log_sf="{log_sf}", lower=0)').rate_estimate() == rate


@by_case
def test_text_reads_back(case: TailCase) -> None:
    law = case.law
    assert parse(str(law)) == law and hash(parse(str(law))) == hash(law)
    assert "nonincreasing" in "\n".join(law.proofs)  # type: ignore[attr-defined]


# ---- against laws of the catalogue --------------------------------------------------------------

TWINS = (
    ('tail(log_sf="-x", lower=0)', exponential()),
    ('tail(log_sf="-5/2*log(x)", lower=1)', pareto("5/2")),
    ('tail(log_sf="-sqrt(x)", lower=0)', weibull("1/2")),
    ('tail(log_sf="-x**2", lower=0)', weibull(2)),
)


@pytest.mark.parametrize(("text", "twin"), TWINS, ids=str)
def test_a_law_of_the_catalogue_written_as_a_tail(text: str, twin: Law) -> None:
    law = parse(text)
    with working_precision(BITS):
        assert_close(law.mean(), twin.mean(), 2.0**-80)
        for t in ("1.01", "3", "1000", "1e12"):
            x = rational(t)
            if twin.log_survival(x) > -1e30:
                assert_close(law.log_survival(x), twin.log_survival(x), 2.0**-100)
                assert_close(law.tail_mean(x), twin.tail_mean(x), 2.0**-60)
        assert law.mgf_abscissa == twin.mgf_abscissa
        for tilt in ("-1", "-1/7"):
            pairs = zip(law.cumulants(rational(tilt)), twin.cumulants(rational(tilt)), strict=True)
            for one, other in pairs:
                assert_close(one, other, 2.0**-60)


def test_far_out() -> None:
    """t = exp(10^5): the tail mean is t and a little, Q(X > t) needs no exponent."""
    law = parse('tail(log_sf="-x/log(x)", lower="exp(1)")')
    with working_precision(256):
        t = arb(10**5).exp()
        assert_close(law.log_survival(t), -t / 10**5, 2.0**-200)
        assert_close(law.tail_mean(t), t, 1e-60)  # the excess is about log t
        assert not law.tail_mean(t) < t


# ---- refusals -----------------------------------------------------------------------------------

REFUSED = [
    ("x", "0", "increas|rises|above 0"),
    ("-x/log(x)", "2", "increas|rises|above 0"),  # it rises up to e
    ("-sqrt(x) + 0.001*x", "0", "."),
    ("-1/x", "1", "."),  # does not go to -oo
    ("-1", "0", "."),
    ("1 - x", "0", "above 0 at lower"),
    ("-log(x)", "0.5", "above 0 at lower"),
    ("-log(x)", "0", "."),
    ("-log(log(x))", "2", "above 0 at lower|."),
    ("-x + 2*sqrt(x)", "0", "."),
    ("-sqrt(x - 5)", "0", "."),  # no value at 0
    ("-x/(x - 3)", "0", "."),
    ("-y", "0", "y"),
    ("-sin(x)", "0", "sin"),
    ("__import__('os')", "0", "."),
    ("-x; x", "0", "position|unexpected"),
    ("", "0", "."),
    ("-9**9**9*x", "0", "."),
    ("-" * 2000 + "x", "0", "."),
    ("-x", "x", "must not contain x"),
    ("-x", "1/0", "lower"),
    ("-x", "log(-1)", "lower|log"),
    ("-x", "nan", "lower"),
]


@pytest.mark.parametrize(("log_sf", "lower", "says"), REFUSED, ids=lambda text: text[:20])
def test_refusals_are_one_line_and_quick(log_sf: str, lower: str, says: str) -> None:
    begun = time.process_time()
    with pytest.raises(LawError, match=says) as refusal:
        tail_of(log_sf=log_sf, lower=lower)
    message = str(refusal.value)
    assert message.startswith("tail: ") and "\n" not in message and len(message) < 400
    assert time.process_time() - begun < 2


@pytest.mark.parametrize("lower", [None, [], float("nan"), float("inf"), True, object()])
def test_lower_must_be_a_number(lower: object) -> None:
    with pytest.raises(LawError, match="tail: lower must be a number"):
        tail_of(log_sf="-x", lower=lower)


@pytest.mark.parametrize("log_sf", [None, 5, b"-x"])
def test_log_sf_must_be_text(log_sf: Any) -> None:
    with pytest.raises(LawError, match="tail: log_sf must be text"):
        tail_of(log_sf=log_sf, lower=0)


def test_a_derivative_of_0_at_lower_is_decided() -> None:
    """-x/log(x) has slope 0 at e: a float of e a hair too small would refuse it, or accept 2.7."""
    tail_of(log_sf="-x/log(x)", lower="exp(1)")
    tail_of(log_sf="-x/log(x)", lower="2.71828182845904524")  # just above e
    with pytest.raises(LawError):
        tail_of(log_sf="-x/log(x)", lower="2.71828182845904523")  # just below


def test_draws(rng: np.random.Generator) -> None:
    law = parse('tail(log_sf="-x", lower=1)')
    draws = law.sample(20_000, rng)
    assert draws.min() == 1
    assert abs(np.mean(draws == 1) - (1 - math.exp(-1))) < 4 * math.sqrt(0.25 / 20_000)
    assert abs(np.mean(draws > 2) - math.exp(-2)) < 4 * math.sqrt(0.12 / 20_000)
