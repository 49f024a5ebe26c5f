"""The error rates beside a verdict are those of the committed table."""

from __future__ import annotations

import pytest

from verify.tails.calibration.cases import CASES
from verify.tails.calibration.error_rates import error_rates
from verify.tails.calibration.table import read_table


@pytest.mark.parametrize(
    ("count", "n"), [(1, 10_000), (31_622, 10_000), (31_623, 100_000), (10**9, 100_000)]
)
def test_the_nearest_size_is_taken(count: int, n: int) -> None:
    assert error_rates(count).n == n


def test_every_law_of_the_table_is_counted_on_its_side() -> None:
    """By the rows themselves: a heavy law errs when called light, a light one when called heavy."""
    found = error_rates(10_000)
    rows = {row.law: row for row in read_table() if (row.n, row.form) == (10_000, "moved")}
    alarms = {rate.law: rate.wrong for rate in found.light_called_heavy}
    missed = {rate.law: rate.wrong for rate in found.heavy_called_light}
    assert len(alarms) + len(missed) == len(CASES)
    for case in CASES:
        row = rows[case.text]
        if case.rate == 0:
            assert missed[case.text] == row.samples - row.heavy - row.cannot_tell
        else:
            assert alarms[case.text] == row.samples - row.light - row.bounded - row.cannot_tell


def test_mixtures_are_apart_from_ordinary_laws() -> None:
    """They are where false alarms are frequent; the worst of each is named."""
    found = error_rates(10_000)
    worst = max(found.light_called_heavy, key=lambda rate: rate.share)
    assert worst.is_mixture and found.false_alarms(mixtures=True) == worst.share > 0.5
    assert found.false_alarms(mixtures=False) < 0.05
    assert found.missed("student_t(3)") < 0.05
    assert found.missed("student_t(10)") > 0.5


def test_as_json() -> None:
    answer = error_rates(10_000).as_json()
    (entry,) = (each for each in answer["heavy_called_light"] if each["law"] == "student_t(3)")
    assert answer["n"] == 10_000
    assert float(entry["share"]) * entry["samples"] == pytest.approx(12)
