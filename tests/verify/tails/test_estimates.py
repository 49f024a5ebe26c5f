"""What all estimators say side by side, and the warnings that an audit takes from them."""

from __future__ import annotations

import numpy as np
import pytest

from verify.tails.audit import audit_rewards
from verify.tails.decision import decide
from verify.tails.estimates import estimates_of
from verify.tails.upper_tail import UpperTail


def test_each_estimator_answers_with_its_warning(rng: np.random.Generator) -> None:
    rewards = rng.standard_t(3, 20_000) + 50
    tail = UpperTail.of(rewards)
    found = estimates_of(tail, decide(tail), rewards)
    names = [each.name for each in found.estimates]
    assert len(names) == len(set(names)) == 9 and len(found.choices) == 4
    hill = next(each for each in found.estimates if each.name == "Hill")
    assert hill.warning is not None and "zero point" in hill.warning
    # The one that a shift of 50 ruins, beside one that it does not touch.
    assert hill.shape.high < 1 / 3 < found.estimates[0].shape.high
    # Counted from the median: the smallest reward, some 25 below it, would make the tail light.
    assert all(each.shape.high > 0.25 for each in found.estimates if each.name != "Hill")
    assert found.families is not None
    parameters = [each for fit in found.families.fits for each in fit.parameters.values()]
    assert max(map(abs, parameters)) < 100 and min(map(abs, parameters)) > 1e-3
    warnings = [each.warning for each in found.estimates]
    warnings += [each.warning for each in found.choices]
    assert not any("`" in (warning or "") for warning in warnings)


@pytest.mark.parametrize("scale", [1.0, 1e200, 1e-200])
def test_the_largest_share_is_that_of_the_definition(
    rng: np.random.Generator, scale: float
) -> None:
    rewards = rng.pareto(1.5, 5001)
    tail = UpperTail.of(rewards * scale)
    found = estimates_of(tail, decide(tail), rewards * scale).largest_shares
    over = np.maximum(rewards - np.median(rewards), 0)
    for power, share in found:
        # Sums of 5001 positive numbers: relative errors below 5001 * 2^-53 each.
        assert share == pytest.approx(over.max() ** power / (over**power).sum(), rel=1e-11)


def test_a_tail_that_no_pareto_law_fits_is_warned_of(rng: np.random.Generator) -> None:
    alike = rng.exponential(size=20_000)
    mixed = np.where(rng.random(20_000) < 0.005, 12 + 0.1 * alike, alike)
    planted, plain = audit_rewards(mixed), audit_rewards(alike)
    (said,) = (each for each in planted.warnings if "no generalised Pareto law" in each)
    heavy = planted.verdict.kind == "heavy"
    assert "audit each kind alone" in said
    assert ("The verdict may be a false alarm." in said) == heavy
    assert not any("generalised Pareto" in warning for warning in plain.warnings)
