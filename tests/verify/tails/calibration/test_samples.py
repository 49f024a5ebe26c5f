"""The laws of the calibration and the samples of them."""

from __future__ import annotations

import math

import numpy as np
import pytest
from flint import fmpq

from tests.verify.tails import rounded
from verify.enclosure import working_precision
from verify.tails.calibration.cases import BY_TEXT, CASES, Case
from verify.tails.calibration.samples import FORMS, draw, to_bf16


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.text)
def test_the_index_is_that_of_the_tail(case: Case) -> None:
    """By the slope of the log-survival function in the logarithm, far out or near the end."""
    far = fmpq(10) ** 60
    with working_precision(400):
        if case.index < 0:
            near, nearer = (case.law.survival(1 - 1 / t).log() for t in (far, 2 * far))
        else:
            near, nearer = (case.law.log_survival(t) for t in (far, 2 * far))
        slope = float((near - nearer).mid()) / math.log(2)
    if case.index:
        assert slope == pytest.approx(1 / abs(case.index), rel=1e-9)
    else:  # lighter than every power law
        assert slope > 30


def test_rates_and_truths() -> None:
    assert (BY_TEXT["gamma(1/2)"].rate, BY_TEXT["gamma(1/2)"].truth) == (1, "light")
    assert (BY_TEXT["normal()"].rate, BY_TEXT["normal()"].truth) == (math.inf, "light")
    assert (BY_TEXT["lognormal(0, 1)"].rate, BY_TEXT["lognormal(0, 1)"].truth) == (0, "heavy")
    assert BY_TEXT["uniform()"].truth == "bounded"
    slow = BY_TEXT["mixture(0.9*exponential(), 0.1*(3*exponential()))"]
    assert slow.rate == pytest.approx(1 / 3, rel=1e-12)


def test_each_sample_can_be_drawn_alone() -> None:
    case = BY_TEXT["normal()"]
    for form in FORMS:
        one, other = draw(case, 100, form, 7), draw(case, 100, form, 7)
        np.testing.assert_array_equal(one[0], other[0])
        assert not np.array_equal(one[0], draw(case, 100, form, 8)[0])


def test_forms_share_their_draws() -> None:
    case = BY_TEXT["normal()"]
    moved, scale = draw(case, 100, "moved", 3)
    plain, _ = draw(case, 100, "bf16", 3)
    back = moved / scale
    # Differences undo the shift; bf16 is off by at most 2**-9 of a value, which is below 4.
    np.testing.assert_allclose(back - back[0], plain - plain[0], atol=2 * 4 * 2.0**-9)
    far, _ = draw(case, 100, "bf16 at 100", 3)
    assert set(np.unique(far * 2) % 1) == {0.0}


def test_bf16_by_its_bits() -> None:
    values = np.random.default_rng(0).standard_t(2, 10_000)
    np.testing.assert_array_equal(to_bf16(values), rounded.to_bf16(values))
