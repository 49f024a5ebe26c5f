"""The search for tilts: crossings, weak duality, and what lies beyond the last tilt."""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal
from itertools import pairwise

import pytest
from flint import arb, fmpq
from hypothesis import given
from hypothesis import strategies as st

from tests.verify.balls import assert_close, number
from verify.assertion import Target
from verify.enclosure import Diverges, Undecided, working_precision
from verify.laws import exponential, parse, uniform
from verify.tilt_search import COARSE, ESTIMATE_BITS, FINE, TiltPath, crossing
from verify.tilted_threshold import beyond_last_tilt

BITS = 96

Function = Callable[[arb], arb]
#: A function, its derivative, its inverse.
FUNCTIONS: dict[str, tuple[Function, Function, Function]] = {
    "exp": (lambda y: y.exp(), lambda y: y.exp(), lambda goal: goal.log()),
    "cubic": (lambda y: y * y * y, lambda y: 3 * y * y, lambda goal: goal.root(3)),
    "steep": (
        lambda y: y.exp().exp() - 1,
        lambda y: y.exp() * y.exp().exp(),
        lambda goal: goal.log1p().log(),
    ),
    "flat": (
        lambda y: (1 + y.exp()).log(),
        lambda y: 1 / (1 + (-y).exp()),
        lambda goal: goal.expm1().log(),
    ),
}
#: Slopes that mislead: none, the wrong way, nothing at all. The bracket must survive them.
MISLEADING: dict[str, Function] = {
    "zero": lambda slope: arb(0),
    "backwards": lambda slope: -slope,
    "thousandfold": lambda slope: 1000 * slope,
    "a thousandth": lambda slope: slope / 1000,
    "nan": lambda slope: arb.nan(),
}


@pytest.mark.parametrize("name", FUNCTIONS)
@given(goal=st.floats(1e-6, 300), closeness=st.sampled_from([COARSE, FINE]))
def test_a_crossing_is_bracketed(name: str, goal: float, closeness: float) -> None:
    function, slope, inverse = FUNCTIONS[name]
    with working_precision(BITS):
        below, above = crossing(lambda y: (function(y).mid(), slope(y)), arb(goal), closeness)
        root = inverse(arb(goal))
        assert below <= root <= above or root.contains(below) or root.contains(above)
        assert above - below < closeness


@pytest.mark.parametrize("how", MISLEADING)
@pytest.mark.parametrize("name", FUNCTIONS)
@given(goal=st.floats(1e-6, 300))
def test_a_wrong_slope_only_costs_time(name: str, how: str, goal: float) -> None:
    function, slope, _ = FUNCTIONS[name]
    with working_precision(BITS):
        below, above = crossing(
            lambda y: (function(y).mid(), MISLEADING[how](slope(y))), arb(goal), COARSE
        )
        assert function(below).mid() < goal <= function(above).mid() and above - below < COARSE


@pytest.mark.parametrize("name", ["exp", "steep", "flat"])
@given(goal=st.floats(1e-6, 300))
def test_newton_takes_few_steps(name: str, goal: float) -> None:
    function, slope, _ = FUNCTIONS[name]
    seen = []

    def value(y: arb) -> tuple[arb, arb]:
        seen.append(y)
        return function(y).mid(), slope(y)

    with working_precision(BITS):
        crossing(value, arb(goal), FINE)
    assert len(seen) < 25  # bisection alone would take log2(10/FINE) = 43 after the bracket


@given(goal=st.floats(0.5, 1e6), end=st.floats(-30, 30))
def test_a_value_that_cannot_be_had_beyond_a_point(goal: float, end: float) -> None:
    def value(y: arb) -> tuple[arb, arb] | None:
        return (y.exp().mid(), y.exp()) if y < end else None

    with working_precision(BITS):
        below, above = crossing(value, arb(goal))
        if above.is_finite():
            assert not below.exp() > goal and not above.exp() < goal
        else:
            assert below < end and below > end - 1e-2  # as far as the value can be had
            assert not below.exp() > goal


def test_a_value_that_stays_below_the_goal() -> None:
    def bounded(y: arb) -> tuple[arb, arb]:
        return (1 - (-y).exp()).mid() if y > 0 else arb(0), (-y).exp()

    with working_precision(BITS):
        below, above = crossing(bounded, arb(2))
        assert below > 300 and above == arb.pos_inf()


def test_a_value_that_cannot_be_had_at_all() -> None:
    with pytest.raises(Undecided, match="no tilt was found with a certified"):
        crossing(lambda y: None, arb(1))
    with pytest.raises(Undecided, match="overshoot"):
        crossing(lambda y: (arb(5), arb(0)), arb(1))


def sloped(value: tuple[arb, arb] | None) -> arb:
    assert value is not None
    return value[0]


LIGHT = [
    "normal(mu=1, sigma=2)", "exponential()", "gamma(shape=5/2)", "laplace()", "uniform()",
    "poisson(mu=3)", "bernoulli(p=0.3)", "-pareto(alpha=3)", "gumbel()",
    "mixture(0.5*exponential(), 0.5*(-2*exponential()))",
]  # fmt: skip


@pytest.mark.parametrize("text", LIGHT)
def test_along_the_path_kl_mean_and_tilt_increase(text: str) -> None:
    with working_precision(BITS):
        path = TiltPath.of(parse(text))
        ys = [arb(n) / 2 for n in range(-6, 7)]
        for value in (path.tilt, lambda y: path.kl(y)[0], lambda y: path.mean(y)[0]):  # type: ignore[index]
            values = [value(y) for y in ys]
            assert all(later > earlier for earlier, later in pairwise(values))
        rate = path.rate
        if not (rate is None or isinstance(rate, Diverges)):
            assert all(path.tilt(y) < rate for y in ys)


@pytest.mark.parametrize("text", LIGHT)
def test_slopes_are_derivatives(text: str) -> None:
    with working_precision(256):
        path, step = TiltPath.of(parse(text)), arb(2) ** -60
        for y in (arb(-3), arb(0), arb(2)):
            assert_close(path.coordinate(path.tilt(y)), y, 1e-60)
            for value in (path.kl, path.mean):
                here, there = value(y), value(y + step)
                assert here is not None and there is not None
                # The second derivative leaves an error of the order of the step.
                assert_close((there[0] - here[0]) / step, here[1], 1e-15)


@pytest.mark.parametrize("text", LIGHT)
@pytest.mark.parametrize("budget", ["0.001", "0.2"])
def test_every_tilt_bounds_the_best_mean_and_the_crossing_meets_it(text: str, budget: str) -> None:
    """Weak duality: ``K'(l) <= (d + K(m))/m`` where D(l) <= d; equality at the crossing."""
    with working_precision(BITS):
        path, eps = TiltPath.of(parse(text)), arb(budget)
        below, above = crossing(path.kl, eps)
        best = sloped(path.mean(below))
        for n in range(-6, 7):
            bound = path.dual_bound(arb(n) / 2, eps)
            assert bound is not None and not bound < best
        gap = number(path.dual_bound(above, eps)) - best
        # Second order in the width 1e-12 of the crossing, but for the primal side's first order.
        assert gap < 1e-10 * (1 + abs(best))


def test_coordinates_where_the_cumulants_cannot_be_had() -> None:
    path = TiltPath(exponential(), None)  # as if the rate 1 were not known
    with working_precision(BITS):
        assert path.cumulants(arb(1)) is None
        assert path.kl(arb(1)) is None and path.mean(arb(1)) is None
        assert path.dual_bound(arb(1), arb(1)) is None
        below, above = crossing(path.kl, arb("0.5"))
        # D(l) = l/(1-l) + log(1-l) is 1/2 at l = 1 + 1/W_{-1}(-exp(-3/2))
        assert_close(path.tilt(below), arb("0.575854"), 1e-5)
        assert above.is_finite()


# ---- beyond the last tilt -----------------------------------------------------------------------

NON_STEEP = 'tail(log_sf="-x - 3*log(1+x)", lower=0)'


def test_a_threshold_on_the_last_tilt() -> None:
    """D* = 2/3 - log(3/2) = 0.2612: at d = 1 the best mean is d + K(1) = 1 + log(3/2) = 1.4055."""
    law = parse(NON_STEEP)
    with working_precision(BITS):
        (proposal,) = beyond_last_tilt(law, Target(Decimal("1.40"), Decimal(1)), fmpq(1))
        assert proposal.tilt < 1
        numbers = proposal.numbers()
        assert proposal.holds(numbers)
        # By the chain rule: KL(P||Q) = KL(P||Q_l) + l E_P X - K(l)
        assert_close(numbers["kl"], number(numbers["kl"]), 1e-20)
        assert beyond_last_tilt(law, Target(Decimal("1.406"), Decimal(1)), fmpq(1)) == []


@pytest.mark.parametrize("rate", [None, Diverges(1)])
def test_without_a_last_tilt_there_is_nothing_beyond(rate: Diverges | None) -> None:
    target = Target(Decimal("0.9"), Decimal("0.1"))
    assert beyond_last_tilt(uniform(0, 1), target, rate) == []


def test_a_rate_that_is_searched_for() -> None:
    with working_precision(BITS):
        path = TiltPath.of(parse(NON_STEEP))
        assert path.rate is not None and not isinstance(path.rate, Diverges)
        assert abs(float(fmpq(path.rate).p) / float(fmpq(path.rate).q) - 1) < 1e-15  # type: ignore[arg-type]
        below, above = crossing(path.kl, arb("0.2"))
        assert above.is_finite() and sloped(path.kl(below)) < arb("0.2")
        _, unreachable = crossing(path.kl, arb("0.3"))
        assert unreachable == arb.pos_inf()


FAR_OFF = "1000000 + normal()"


@pytest.mark.parametrize("text", [*LIGHT, FAR_OFF])
def test_estimates_with_few_bits_do_for_a_search(text: str) -> None:
    """Balls with a radius of a thousandth are taken for their midpoints; with more they are not."""
    with working_precision(64):
        path = TiltPath.of(parse(text))
        for y in (arb(-10), arb(-3), arb(0), arb(2)):
            estimate, exact = path.kl_estimate(y), path.kl(y)
            assert estimate is not None and exact is not None
            assert abs(estimate[0] / exact[0] - 1) < 0.003


def test_an_estimate_that_blurs_is_taken_again() -> None:
    with working_precision(64):
        path = TiltPath.of(parse(FAR_OFF))
        with working_precision(ESTIMATE_BITS):
            assert path.kl(arb(-10)) is None
        assert path.kl_estimate(arb(-10)) == path.kl(arb(-10))
