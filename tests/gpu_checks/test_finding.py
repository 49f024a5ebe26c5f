"""Verdicts on predictions: where an interval lies, and what is no number."""

from __future__ import annotations

from math import inf, nan

import pytest

from gpu_checks.finding import Finding, agrees, at_most, over_seeds


@pytest.mark.parametrize(
    ("low", "high", "verdict"),
    [
        (1.0, 2.0, "holds"),
        (-1.0, 2.0, "unknown"),
        (-2.0, -1.0, "fails"),
        (-2.0, 0.0, "fails"),
        (2.5, 3.5, "unknown"),
        (3.0, 4.0, "fails"),
        (-inf, inf, "unknown"),
        (nan, nan, "unknown"),
        (nan, 1.0, "unknown"),
        (1.0, nan, "unknown"),
    ],
)
def test_the_interval_decides(low: float, high: float, verdict: str) -> None:
    found = Finding("between 0 and 3", 1.0, low, high, below=3.0, above=0.0)
    assert found.verdict == verdict
    assert found.as_json()["verdict"] == verdict


def test_seeds_are_told_by_students_law() -> None:
    # t(2) at 97.5 % is 4.303, and 1, 2, 3 have the mean 2 and the error 1/sqrt(3).
    found = over_seeds("above 0", [1.0, 2.0, 3.0], above=0.0)
    assert found.low == pytest.approx(2 - 4.302653 / 3**0.5, abs=1e-6)
    assert found.verdict == "unknown" and found.how == "95 % over 3 seeds"
    assert over_seeds("above 0", [2.0, 2.1, 2.2], above=0.0).verdict == "holds"
    assert over_seeds("above 0", [2.0], above=0.0).verdict == "unknown"
    assert over_seeds("above 0", [nan, 2.0, 2.0], above=0.0).verdict == "unknown"


def test_exact_numbers_may_be_off_by_rounding_alone() -> None:
    assert at_most("none above 1", [0.5, 1.0], 1.0, 1e-9).verdict == "holds"
    assert at_most("none above 1", [1.1, 1.2], 1.0, 1e-9).verdict == "fails"
    assert at_most("none above 1", [0.5, 1.1], 1.0, 1e-9).verdict == "fails"
    assert at_most("none above 1", [nan], 1.0, 1e-9).verdict == "fails"


@pytest.mark.parametrize(
    ("foretold", "low", "high", "verdict"),
    [
        (1.5, 1.0, 2.0, "holds"),
        (1.0, 1.0, 1.9, "holds"),
        (2.5, 1.0, 2.0, "fails"),
        (0.5, 1.0, 2.0, "fails"),
        (0.5, -0.2, 1.2, "not contradicted"),  # it has the rival, 0, as well
        (1.0, 0.5, 1.5, "not contradicted"),  # as wide as the rival is far
        (0.0, -0.1, 0.1, "not contradicted"),  # no width tells a number from itself
        (-1.5, -2.0, -1.0, "holds"),
        (1.5, None, None, "unknown"),
        (1.5, nan, 2.0, "unknown"),
        (1.5, 1.0, nan, "unknown"),
        (2.5, nan, 2.0, "fails"),
        (1.5, -inf, inf, "not contradicted"),
        (nan, 1.0, 2.0, "unknown"),
    ],
)
def test_a_number_that_is_foretold_itself(
    foretold: float, low: float | None, high: float | None, verdict: str
) -> None:
    found = agrees("a gain", foretold, 0.0, 1.2, low, high, "")
    assert found.verdict == found.as_json()["verdict"] == verdict


def test_what_holds_could_not_have_held_the_rival() -> None:
    for low in range(-20, 20):
        for high in range(low, 20):
            one = agrees("a gain", 3.0, -4.0, 0.0, low, high, "").verdict
            other = agrees("a gain", -4.0, 3.0, 0.0, low, high, "").verdict
            assert (one, other) != ("holds", "holds")
            if one == "holds":
                assert other == "fails"
