"""The frontier of a file of rewards: certified up to a number of rows, in float64 beyond it."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import pytest

from tests.verify.balls import assert_close, number, rational
from tests.verify.frontier_checks import BUDGETS, GAP, check_witnesses, size
from verify.enclosure import working_precision
from verify.frontier import CERTIFIED_ROWS, frontier
from verify.laws.empirical_law import Empirical
from verify.reweighted import Reweighted


@pytest.fixture(autouse=True)
def precise() -> Iterator[None]:
    """Comparisons at 53 bits would blur what the frontier knows to 80."""
    with working_precision(256):
        yield


def test_large_files_agree_with_balls(rng: np.random.Generator) -> None:
    rows = rng.standard_t(4, size=CERTIFIED_ROWS + 1)
    law = Empirical.from_values(rows)
    smaller = Empirical.from_values(rows[:-1])
    budgets = ["0", "1e-4", "1", "20"]
    many = frontier(law, budgets).points
    certified = frontier(smaller, budgets).points
    assert [point.means for point in many] == ["ball", *["float64"] * 3]
    assert {point.means for point in certified} == {"ball"}
    for point, other in zip(many[1:-1], certified[1:-1], strict=True):
        assert number(point.gap) < 1e-9 * abs(number(point.upper))
        # One row of 10^5 more or less: S moves by that row's share of it.
        assert_close(point.lower, other.lower, 1e-2)
        assert isinstance(point.achieving, Reweighted)
    assert many[-1].lower == rational(str(rows.max())) or number(many[-1].lower) == float(
        rows.max()
    )


def test_ten_thousand_rows_are_certified(rng: np.random.Generator) -> None:
    rows = rng.lognormal(size=10_000)
    law = Empirical.from_values(rows)
    for point in frontier(law, ["1e-6", "0.1", "3", "9.2103", "9.2104"]).points:
        assert point.means == "ball" and number(point.gap) <= GAP * size(law, number(point.lower))
        check_witnesses(law, point)


@pytest.mark.parametrize("offset", [0.0, 1e9, -1e12])
def test_files_with_an_offset(offset: float, rng: np.random.Generator) -> None:
    law = Empirical.from_values(offset + rng.normal(size=200).round(3))
    for point in frontier(law, BUDGETS).points:
        assert number(point.gap) <= GAP * size(law, number(point.lower))
        check_witnesses(law, point)
