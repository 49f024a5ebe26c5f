"""Continuous laws far out: digits, infinite means, and the exact rates of both tails."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from flint import arb, fmpq
from hypothesis import given
from hypothesis import strategies as st
from mpmath import mp

from tests.verify.balls import assert_contains
from tests.verify.law_cases import CONTINUOUS, LawCase, all_cases, draw_law, few, rational
from tests.verify.law_checks import BITS, inside
from verify.continuous import ContinuousLaw
from verify.enclosure import Diverges, Undecided, accurate, escalate, working_precision
from verify.law import Law
from verify.laws import parse
from verify.laws.light import Exponential

FAR: dict[str, Callable[[], arb]] = {
    "1e15": lambda: arb(10) ** 15,
    "1e50": lambda: arb(10) ** 50,
    "1e1000": lambda: arb(10) ** 1000,
    "exp(1e4)": lambda: arb(10**4).exp(),
}


def extremes() -> list[Any]:
    """The laws at the ends of what parameters are accepted."""
    return [
        pytest.param(
            case.build(**{k: rational(v) for k, v in values.items()}), id=f"{case.name}{i}"
        )
        for case in CONTINUOUS
        for i, values in enumerate(case.extreme)
    ]


# ---- digits --------------------------------------------------------------------------------


def check_far_tail(law: ContinuousLaw) -> None:
    """64 good bits of tail and mean above t within 4096 bits, far out; the tail falls."""
    if not isinstance(law.support[1], Diverges):
        return
    before = None
    for name, point in FAR.items():

        def good(value: Any) -> bool:
            return accurate(value, 64)

        tail = escalate(lambda p=point: law.log_survival(p()), good, f"{law} at {name}", last=4096)
        assert tail < 0 and (before is None or tail < before), f"{law}: no fall before {name}"
        before = tail.upper()
        above = escalate(lambda p=point: law.tail_mean(p()), good, f"{law} at {name}", last=4096)
        if isinstance(above, arb):
            # At the precision in force t itself is a ball, hence not `above > t`.
            assert not above < point(), f"{law}: E[X | X > t] < t at {name}"


@all_cases
@given(data=st.data())
@few
def test_far_tails_keep_their_digits(case: LawCase, data: st.DataObject) -> None:
    check_far_tail(draw_law(data, case))


@pytest.mark.parametrize("law", extremes())
def test_extreme_parameters(law: ContinuousLaw) -> None:
    check_far_tail(law)
    with working_precision(BITS):
        before = arb(1)
        for text in ("1e-9", "1/100", "1/3", "99/100", "1", "3/2", "20", "1e6"):
            t = rational(text)
            if inside(law, t):
                survival = law.survival(t)
                assert survival.is_finite() and survival < before + 1e-20, f"{law} at {t}"
                assert (survival + law.cdf(t)).contains(1)
                before = survival.upper()


@pytest.mark.parametrize("text", ["-1e15", "-1e50", "-1e1000"])
@all_cases
def test_far_left_tails_stay_finite(case: LawCase, text: str) -> None:
    law = case.build(**{name: _middle(name) for name in case.parameters})
    t = rational(text)
    with working_precision(512):
        if inside(law, t):
            assert law.log_cdf(t).is_finite() or case.name == "gumbel"  # -exp(1e1000)
            assert law.log_survival(t).is_finite()
        else:
            assert law.log_cdf(t) == arb.neg_inf() and law.log_survival(t) == 0


def _middle(name: str) -> fmpq:
    return fmpq(0) if name == "low" else fmpq(4, 3)


# ---- infinite means and exact rates ---------------------------------------------------------


@pytest.mark.parametrize(
    ("heavier", "lighter"),
    [
        ("pareto(alpha=1)", "pareto(alpha=1.0001)"),
        ("frechet(alpha=1)", "frechet(alpha=1.0001)"),
        ("burr(c=0.5, k=2)", "burr(c=0.5, k=2.0001)"),
        ("log_logistic(shape=1)", "log_logistic(shape=1.0001)"),
        ("inverse_gamma(shape=1)", "inverse_gamma(shape=1.0001)"),
        ("f(d1=3, d2=2)", "f(d1=3, d2=2.0001)"),
        ("student_t(df=1)", "student_t(df=1.0001)"),
        ("half_student_t(df=1)", "half_student_t(df=1.0001)"),
        ("genpareto(xi=1)", "genpareto(xi=0.9999)"),
        ("gev(xi=1)", "gev(xi=0.9999)"),
        ("cauchy()", "normal()"),
        ("half_cauchy()", "half_normal()"),
        ("levy()", "lognormal()"),
        ("log_cauchy()", "weibull(shape=1e-3)"),
        ("log_gamma(shape=1e-3)", "exponential()"),
    ],
)
def test_infinite_means_are_proved_infinities(heavier: str, lighter: str) -> None:
    mean = parse(heavier).mean()
    assert isinstance(mean, Diverges) and len(mean.because) > 10
    assert mean.sign == (0 if heavier.startswith(("student", "cauchy")) else 1)
    for t in (fmpq(-5), fmpq(2)):
        assert parse(heavier).upper_mean(t) == Diverges(+1)
        assert parse(heavier).tail_mean(t) == Diverges(+1)
    finite = parse(lighter).mean()
    assert isinstance(finite, arb) and finite.is_finite()


def test_symmetric_law_without_mean_has_infinite_lower_mean() -> None:
    assert parse("cauchy()").lower_mean(fmpq(1)) == Diverges(-1)
    assert parse("-1 * cauchy()").upper_mean(fmpq(1)) == Diverges(+1)


@pytest.mark.parametrize(
    ("text", "density"),
    [
        ("gumbel()", lambda x: mp.exp(-x - mp.exp(-x))),
        ("gev(xi=-1/2)", lambda x: (1 - x / 2) * mp.exp(-((1 - x / 2) ** 2))),
        ("gev(xi=1/4)", lambda x: (1 + x / 4) ** -5 * mp.exp(-((1 + x / 4) ** -4))),
        ("skew_normal(alpha=3)", lambda x: 2 * mp.npdf(x) * mp.ncdf(3 * x)),
        ("skew_normal(alpha=-2)", lambda x: 2 * mp.npdf(x) * mp.ncdf(-2 * x)),
        ("truncate(normal(), high=1)", lambda x: mp.npdf(x) / mp.ncdf(1)),
    ],
)
@pytest.mark.parametrize("t", [-3, 0])
def test_partial_means_of_lower_tails_keep_their_digits(
    text: str, density: Callable[[Any], Any], t: int
) -> None:
    """A difference of two means would leave none of a lower tail."""
    with mp.workdps(30), working_precision(BITS):
        law = parse(text)
        # Most lies next to t; below t - 20, or -4, less than 1e-40 is left.
        width = t - mp.mpf(-4 if text == "gev(xi=1/4)" else t - 20)
        cuts = [*(t - width * mp.mpf(2) ** -k for k in range(9)), t]
        # mpmath keeps 25 of its 30 digits of a smooth integrand that is not small.
        exact = mp.quad(lambda x: x * density(x) / density(t), cuts) * density(t)
        found = law.partial_mean(None, fmpq(t))
        assert isinstance(found, arb)
        assert_contains(found, exact, abs(exact) * mp.mpf(10) ** -22)
        assert accurate(found, BITS - 30)


@pytest.mark.parametrize("text", ["gumbel()", "gev(xi=-1/2)", "skew_normal(alpha=3)"])
def test_lower_tails_far_out_have_next_to_no_mean(text: str) -> None:
    with working_precision(BITS):
        mean = parse(text).lower_mean(-(arb(2) ** 300))
        assert isinstance(mean, arb) and abs(mean) < arb(2) ** -(10**6)


@all_cases
@given(data=st.data())
@few
def test_rates_agree_with_tails_and_mgf(case: LawCase, data: st.DataObject) -> None:
    law = draw_law(data, case)
    for tail, side in ((law.right_tail, 1), (law.left_tail, -1)):
        assert tail.abscissa_because and tail.decay_because
        if tail.decay is None:
            assert not isinstance(law.support[side > 0], Diverges)  # a bounded side
            assert tail.abscissa == Diverges(+1)
            continue
        assert tail.abscissa == tail.decay
        # Q(X > t + 1)/Q(X > t) tends to exp(-rate); the slowest, a stretched exponential of shape
        # 11/12, is there like t^(-1/12).
        t = fmpq(10) ** 400
        with working_precision(3000):  # t^(3/2) - (t + 1)^(3/2)
            function = law.log_survival if side > 0 else law.log_cdf
            fall = function(side * t) - function(side * (t + 1))
        if isinstance(tail.decay, Diverges):
            assert fall > 1e9
        else:
            assert abs(fall - fmpq(tail.decay)) < 1e-9, f"{law}: falls by {fall}"
        check_abscissa(law, side, tail.abscissa)


def check_abscissa(law: Law, side: int, abscissa: Any) -> None:
    """The MGF is infinite beyond the abscissa, with a reason; finite before it."""
    if isinstance(abscissa, Diverges):
        return  # test_cumulants_agree_with_mpmath has finite values
    beyond = law.log_mgf(side * (abscissa + fmpq(1, 10**9)))
    assert isinstance(beyond, Diverges) and beyond.sign == 1 and beyond.because
    with pytest.raises(Undecided, match="infinite"):
        law.cumulants(side * (abscissa + fmpq(1, 10**9)))
    at = law.log_mgf(side * abscissa)
    if abscissa == 0:
        assert at == 0
    elif "inverse_gaussian" in str(law):
        assert isinstance(at, arb) and at.is_finite()  # the one law finite at its abscissa
    else:
        assert at == Diverges(+1)


# ---- a planted violation -----------------------------------------------------------------------


class LosesDigits(Exponential):
    """The textbook form of log S, which a double would get away with at t = 3."""

    def _log_survival(self, x: arb) -> arb:
        return (1 - (1 - (-x).exp())).log()


def test_planted_loss_of_digits_is_caught_far_out() -> None:
    check_far_tail(Exponential())
    with pytest.raises((AssertionError, Undecided)):
        check_far_tail(LosesDigits())


@pytest.mark.parametrize(
    "text", ["weibull(shape=2)", 'tail(log_sf="-x", lower=0)', "exponential()"]
)
def test_a_sliver_of_mass_is_never_zero(text: str) -> None:
    """Two limits that a ball cannot tell apart still hold mass between them."""
    law = parse(text)
    low, high = fmpq(1), 1 + fmpq(1, 10**30)
    with working_precision(64):
        assert not law.exponential_moments(arb(fmpq(1, 2)), low, high)[0] == 0
    with working_precision(256):
        sliver = law.exponential_moments(arb(fmpq(1, 2)), low, high)[0]
        assert 0 < sliver < arb(10) ** -29
        assert law.exponential_moments(arb(fmpq(1, 2)), high, low)[0] == 0


@pytest.mark.parametrize(
    "text", ["exponential()", "gamma(shape=1/2)", "pareto(alpha=3)", "beta(a=2, b=3)"]
)
def test_a_partial_mean_across_an_end_holds_those_on_both_sides(text: str) -> None:
    law = parse(text)
    for end in law.support:
        if isinstance(end, Diverges):
            continue
        assert isinstance(end, int | fmpq)
        place, step = fmpq(end), fmpq(1, 512)
        across = law.upper_mean(arb(place) + arb(0, arb(2) ** -6))
        assert isinstance(across, arb) and across.is_finite()
        for k in range(-8, 9):
            value = law.upper_mean(place + k * step)
            assert isinstance(value, arb) and across.contains(value.mid())


def test_a_partial_mean_across_an_end_where_the_sign_changes_is_not_told() -> None:
    """E[X; X > x] rises and falls on the ball, so its ends bound nothing."""
    across = parse("uniform(low=-1/1000, high=1)").upper_mean(arb(0, arb(2) ** -6))
    assert isinstance(across, arb) and not across.is_finite()
