"""Peaks of the synthetic experiment: every one settled to the draw, sampled, and drawn."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from docs.figures.experiments import means_of_best
from theorems.experiments.peaks import PEAKS, at, mean_v, pair, peaks
from theorems.experiments.synthetic import ERRORS, PRINTED_DRAWS, UTILITIES
from verify.best_of import best_of
from verify.best_of.monte_carlo import monte_carlo_best_of
from verify.claim import Enclosed
from verify.enclosure import Diverges
from verify.law import Law
from verify.utility_curve import Estimate

PAGE = Path(__file__).resolve().parents[2] / "docs" / "theorems" / "experiments.md"
#: A normal error exceeds 6 standard errors with probability 2e-9. Of the largest n there are 76
#: blocks, whose V is nearly normal.
Z = 6.0
QUICKEST = ("normal", "lognormal")
NORMAL_LOGNORMAL = Law.parse(ERRORS["lognormal"]), Law.parse(UTILITIES["normal"])


@pytest.mark.parametrize(
    "case",
    [
        (97, "3.381622850902"),  # E V there; it is more at 98
        (99, "3.381603652150"),
        (98, "3.381628033763"),
    ],
)
def test_what_is_no_peak_is_rejected(case: tuple[int, str]) -> None:
    assert Enclosed(peaks, ((*QUICKEST, *case),)).run().outcome == "fails"


def test_neighbours_of_the_peak_are_what_they_are_said_to_be() -> None:
    """The cases above fail by the order of E V, not by its digits."""
    cases = ((*QUICKEST, 97, "3.381622850902"), (*QUICKEST, 99, "3.381603652150"))
    assert Enclosed(at, cases).run().outcome == "holds"


def test_sampling_agrees() -> None:
    points = monte_carlo_best_of(*NORMAL_LOGNORMAL, PRINTED_DRAWS, 5_000_000, seed=4)
    for n, point in zip(PRINTED_DRAWS, points, strict=True):
        assert isinstance(point.mean_v, Estimate)
        gap = abs(point.mean_v.value - float(mean_v(*QUICKEST, n)))
        assert gap < Z * point.mean_v.standard_error, n


def test_the_curve_that_is_drawn_is_the_exact_one() -> None:
    """A curve of the figure is 2 points wide, of which its axis of 10 has 270."""
    draws = [1, 4, 98, 65_536, 10**9, 10**13]
    drawn_v, drawn_x = means_of_best(*NORMAL_LOGNORMAL, np.array(draws, dtype=float))
    exact = [pair(*QUICKEST).at(n) for n in draws]
    for k, numbers in enumerate(exact):
        assert abs(drawn_v[k] - float(numbers.mean_v)) < 10 * 2 / 270  # type: ignore[arg-type]
        # E X grows to 250: to 1 % of it, and 0.02 where it is small.
        assert drawn_x[k] == pytest.approx(float(numbers.mean_x), rel=0.01, abs=0.02)  # type: ignore[arg-type]


def test_the_page_has_every_peak() -> None:
    page = PAGE.read_text("utf-8")
    for n, number in PEAKS.values():
        assert f"| {n:,} | {float(number):.6f} |" in page


@pytest.mark.heavy
@pytest.mark.parametrize("names", PEAKS, ids="-".join)
def test_sampling_agrees_at_the_peak(names: tuple[str, str]) -> None:
    n, number = PEAKS[names]
    laws = Law.parse(ERRORS[names[1]]), Law.parse(UTILITIES[names[0]])
    (point,) = monte_carlo_best_of(*laws, [n], 100 * n + 1_000_000, seed=5)
    assert isinstance(point.mean_v, Estimate)
    assert abs(point.mean_v.value - float(number)) < Z * point.mean_v.standard_error


@pytest.mark.heavy
def test_levy_errors_leave_a_little_at_first() -> None:
    pair = best_of("levy()", UTILITIES["normal"])
    found = {n: pair.at(n) for n in (2, 3, 4, 100)}
    assert all(isinstance(numbers.mean_x, Diverges) for numbers in found.values())
    means = {n: float(numbers.mean_v) for n, numbers in found.items()}  # type: ignore[arg-type]
    assert max(means, key=means.__getitem__) == 3
    assert [round(means[n], 4) for n in (3, 4, 100)] == [0.4903, 0.4343, 0.0018]
