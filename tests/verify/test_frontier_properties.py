"""What holds for every law, weight and budget: the properties of the frontier, by Hypothesis.

S is concave and increasing, ``S(0+) = E X``, ``S_{a + bX} = a + b S_X``; whatever a reweighting
reaches within its own KL is at or below the upper value there; Jensen.
"""

from __future__ import annotations

from decimal import Decimal
from fractions import Fraction
from itertools import pairwise

import pytest
from flint import arb, fmpq
from hypothesis import assume, given
from hypothesis import strategies as st

from tests.verify.balls import assert_close, number, rational
from tests.verify.weighted_cases import LAWS, few, levels, thresholds, usable_tilts, weights
from verify.divergence import binary_kl
from verify.enclosure import Undecided, working_precision
from verify.frontier import FrontierPoint, frontier, frontier_point
from verify.law import Law
from verify.laws import parse
from verify.laws.empirical_law import Empirical
from verify.reweighted import Reweighted, reweight
from verify.weight import Identity, Tilt, TopFraction, Weight

#: Budgets over eight orders of magnitude, exact decimals.
budgets = st.builds(
    lambda digits, exponent: Decimal(digits).scaleb(exponent),
    st.integers(1, 999),
    st.integers(-8, -1),
)
BITS = 128
#: A point's gap over max(|S|, S - mean), as :mod:`tests.verify.test_frontier` has it.
GAP = 1e-12
#: Right-heavy laws come in as their mirror images, with a finite variance.
MIRRORED = [
    "-lognormal(mu=0, sigma=1/2)", "-pareto(alpha=7/2)", "-frechet(alpha=3)", "-burr(c=2, k=3)",
    "-log_logistic(shape=4)", "-inverse_gamma(shape=7/2)", "-f(d1=3, d2=8)",
    "-half_student_t(df=5)", "-zeta(s=5)", "1/3 - weibull(shape=1/2)", "-gev(xi=1/4)",
    "-genpareto(xi=1/3)",
]  # fmt: skip
#: Names of the table that are right-heavy for all, or for many, of their parameters.
HEAVY = {
    "student_t", "cauchy", "lognormal", "pareto", "frechet", "burr", "log_logistic",
    "inverse_gamma", "f", "levy", "log_gamma", "half_student_t", "half_cauchy", "log_cauchy",
    "zeta", "weibull", "gev", "genpareto", "shifted", "heavy tail",
}  # fmt: skip
LIGHT: dict[str, st.SearchStrategy[Law]] = {
    **{name: laws for name, laws in LAWS.items() if name not in HEAVY},
    **{text: st.just(parse(text)) for text in MIRRORED},
    **{
        text: st.just(parse(text))
        for text in ("weibull(shape=2)", "gev(xi=-1/2)", "genpareto(xi=-1/2)", "genpareto(xi=0)")
    },
}
#: Laws whose K is an integral, for which one example takes as long as fifty of the others.
SLOW = {"truncated", "tail", "skew_normal", "weibull(shape=2)", "gev(xi=-1/2)"} | set(MIRRORED)


def share(name: str) -> int:
    """How much less often a test runs for one law of the table."""
    return 20 if name in SLOW else 10


def policies(name: str, law: Law) -> st.SearchStrategy[Weight]:
    """Weights; where means are integrals, those that need no integral of their own."""
    if name in SLOW:
        return st.one_of(thresholds(law), levels.map(TopFraction))
    return weights(law)


def size(law: Law, best: arb) -> arb:
    return max(abs(best), best - number(law.mean()), key=float)


def sides(point: FrontierPoint) -> tuple[arb, arb]:
    return number(point.lower), number(point.upper)


# ---- its shape ----------------------------------------------------------------------------------


@pytest.mark.parametrize("name", LIGHT)
def test_the_two_sides_meet_and_increase_and_bend_down(name: str) -> None:
    @few(share(name))
    @given(LIGHT[name], st.lists(budgets, min_size=3, max_size=3, unique=True).map(sorted))
    def check(law: Law, three: list[Decimal]) -> None:
        with working_precision(BITS):
            points = frontier(law, three).points
            mean, room = number(law.mean()), arb(0)
            for point in points:
                lower, upper = sides(point)
                room = max(room, GAP * size(law, lower), key=float)
                assert not upper < lower and not (upper - lower > GAP * size(law, lower)), point
                assert not upper < mean
            values = [sides(point) for point in points]
            for (below, _), (_, above) in pairwise(values):
                assert not above < below  # S does not fall
            # Between the outer two, S lies on or above the chord.
            low, middle, high = (arb(rational(str(d))) for d in three)
            part = (middle - low) / (high - low)
            chord = values[0][0] + part * (values[2][0] - values[0][0])
            assert not values[1][1] < chord - room

    check()


@pytest.mark.parametrize("name", LIGHT)
def test_a_vanishing_budget_buys_nothing(name: str) -> None:
    """``S(d) - E X <= 2 sqrt(2 d Var)`` for small d (it is ``sqrt(2 d Var)`` to first order)."""

    @few(share(name))
    @given(LIGHT[name])
    def check(law: Law) -> None:
        with working_precision(BITS):
            mean = number(law.mean())
            before = None
            for exponent in (4, 7, 10):
                point = frontier_point(law, Decimal(1).scaleb(-exponent))
                lower, upper = sides(point)
                gained = upper - mean
                assert not lower < mean and not gained < 0
                if before is not None and before > 0:
                    # A thousandth of the budget: 1/32 of the gain, to first order.
                    assert gained < before / 20
                before = gained

    check()


@pytest.mark.parametrize("name", LIGHT)
def test_it_moves_with_shift_and_scale(name: str) -> None:
    @few(share(name))
    @given(
        LIGHT[name],
        budgets,
        st.integers(-9, 9).map(fmpq),
        st.integers(1, 40).map(lambda k: fmpq(k, 8)),
    )
    def check(law: Law, budget: Decimal, shift: fmpq, scale: fmpq) -> None:
        with working_precision(BITS):
            moved = shift + scale * law
            here, there = frontier_point(law, budget), frontier_point(moved, budget)
            room = GAP * (scale * size(law, sides(here)[0]) + size(moved, sides(there)[0]))
            for one, other in zip(sides(here), sides(there), strict=True):
                assert_close(shift + scale * one, other, 0.0, float(room))

    check()


# ---- nothing beats it ---------------------------------------------------------------------------


@pytest.mark.parametrize("name", LIGHT)
def test_no_reweighting_within_its_kl_is_above_the_upper_value(name: str) -> None:
    @few(share(name))
    @given(st.data())
    def check(data: st.DataObject) -> None:
        law = data.draw(LIGHT[name])
        weight = data.draw(policies(name, law))
        assume(not isinstance(weight, Identity))
        policy = reweight(law, weight)
        with working_precision(BITS):
            try:
                kl, mean = spent(law, policy), policy.mean()
            except Undecided:
                assume(False)
            assume(isinstance(mean, arb) and mean.is_finite() and kl > 1e-30 and kl < 40)
            budget = Decimal(str(float(kl.upper()) * (1 + 1e-12)))
            point = frontier_point(law, budget)
            assert not number(mean) > sides(point)[1], f"{policy} beats {point}"

    check()


def spent(law: Law, policy: Law) -> arb:
    assert isinstance(policy, Reweighted)
    return number(policy.kl())


def test_a_planted_policy_beats_it() -> None:
    """The comparison can fail: a mean above the frontier at a KL that is understated."""
    law = Empirical.from_values([0.0, 0.0, 1.0, 5.0])
    policy = reweight(law, Tilt(fmpq(1, 2)))
    with working_precision(BITS):
        cost = float(spent(law, policy))
        honest = frontier_point(law, Decimal(str(cost * (1 + 1e-12))))
        understated = frontier_point(law, Decimal(str(cost * (1 - 1e-9))))
        assert not number(policy.mean()) > sides(honest)[1]
        assert number(policy.mean()) > sides(understated)[1]


@given(
    st.lists(st.integers(-40, 40).map(lambda n: n / 8), min_size=2, max_size=9),
    st.lists(st.integers(1, 30), min_size=9, max_size=9),
)
def test_no_policy_on_a_list_of_rewards_beats_it(rows: list[float], parts: list[int]) -> None:
    """Any masses at all, not only those that a weight of X can make."""
    assume(len(set(rows)) > 1)
    total = sum(parts[: len(rows)])
    masses = [Fraction(part, total) for part in parts[: len(rows)]]
    with working_precision(BITS):
        cost = sum((arb(rational(p)) * arb(rational(p * len(rows))).log() for p in masses), arb(0))
        assume(cost > 1e-9)
        mean = arb(rational(sum(p * Fraction(x) for p, x in zip(masses, rows, strict=True))))
        point = frontier_point(
            Empirical.from_values(rows), Decimal(str(float(cost.upper()) * (1 + 1e-12)))
        )
        assert not mean > sides(point)[1]


# ---- Jensen, and the inequality behind it all ---------------------------------------------------


@pytest.mark.parametrize("name", LIGHT)
def test_jensen(name: str) -> None:
    """``K(l) >= l E X``, so no dual value is below the mean, whatever the budget."""

    @few(share(name))
    @given(LIGHT[name])
    def check(law: Law) -> None:
        with working_precision(BITS):
            mean = number(law.mean())
            for tilt in usable_tilts(law):
                assert not law.cumulants(tilt)[0] < tilt * mean

    check()


@pytest.mark.parametrize("name", LIGHT)
def test_donsker_and_varadhan(name: str) -> None:
    """``KL(P||Q) - l E_P X + K(l) = KL(P||Q_l) >= 0``, for every P and l that can be had."""

    @few(share(name))
    @given(st.data())
    def check(data: st.DataObject) -> None:
        law = data.draw(LIGHT[name])
        policy = reweight(law, data.draw(policies(name, law)))
        assume(isinstance(policy, Reweighted))
        with working_precision(BITS):
            try:
                kl, mean = spent(law, policy), policy.mean()
            except Undecided:
                assume(False)
            assume(isinstance(mean, arb) and mean.is_finite() and kl.is_finite())
            assert isinstance(mean, arb)
            for tilt in usable_tilts(law):
                assert not kl - tilt * number(mean) + law.cumulants(tilt)[0] < 0

    check()


def test_donsker_and_varadhan_for_two_points() -> None:
    """Equality only at the tilt: for Bernoulli(q) and any p it is kl(p, q_l), to every bit."""
    with working_precision(BITS):
        q, tilt = fmpq(3, 10), fmpq(7, 5)
        tilted = q * arb(tilt).exp() / (1 - q + q * arb(tilt).exp())
        log_mgf = (1 - q + q * arb(tilt).exp()).log()
        for p in (fmpq(1, 10), fmpq(1, 2), fmpq(9, 10)):
            left = binary_kl(arb(p), arb(q).log(), arb(1 - q).log()) - tilt * p + log_mgf
            assert_close(left, binary_kl(arb(p), tilted.log(), (1 - tilted).log()), 1e-34)
