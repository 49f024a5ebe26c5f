"""The frontier where a guess could pass for a proof."""

from __future__ import annotations

import pytest
from flint import arb

from verify.enclosure import Diverges
from verify.frontier import frontier, frontier_point
from verify.law import Law

#: Its slope is -1 up to about x = 1e90, and tends to -2: the search takes 1 for the rate.
LATE_BEND = 'tail(log_sf="-x-3*log(1+x)-x**2/(x+1e90)", lower=0)'


@pytest.mark.parametrize("scale", ["1", "2"])
def test_beyond_a_guessed_rate_nothing_is_said_of_attainment(scale: str) -> None:
    """The true rate is 2 (over the scale), where D is astronomical: a tilt does spend d = 5."""
    law = Law.parse(f"{scale}*{LATE_BEND}")
    assert law.rate_estimate() * int(scale) == 1  # type: ignore[operator]
    assert law.mgf_abscissa is None
    point = frontier_point(law, 5)
    assert isinstance(point.lower, arb) and isinstance(point.upper, arb)
    # Both values hold all the same: each rests on one tilt, whatever lies beyond it.
    assert 0 < point.upper - point.lower < arb("1e-11")
    assert point.attained is None


def test_beyond_a_proved_rate_nothing_attains_it() -> None:
    """Without the bend the rate is 1, and D* is 0.26."""
    assert frontier_point('tail(log_sf="-x-3*log(1+x)", lower=0)', 5).attained is False


@pytest.mark.parametrize(
    ("law", "value", "attained"),
    [
        ("cauchy()", Diverges(0), False),  # Q is the only P, and has no mean
        ("pareto(alpha=1)", Diverges(+1), True),
        ("-pareto(alpha=1)", Diverges(-1), True),
    ],
)
def test_a_mean_that_does_not_exist_is_not_attained(
    law: str, value: Diverges, attained: bool
) -> None:
    point = frontier_point(law, 0)
    assert point.lower == value == point.upper
    assert point.attained is attained


def test_a_wide_gap_is_not_settled() -> None:
    """Past D*, on a scale at which no threshold within reach is far out."""
    law = '1e300*tail(log_sf="-x-3*log(1+x)", lower=0)'
    answer = frontier(law, ["0.1", "2"])
    near, beyond = answer.points
    assert near.settled and not beyond.settled and not answer.settled
    assert "wide gap" in beyond.because
    assert beyond.gap is not None and beyond.gap > arb("1e299")
