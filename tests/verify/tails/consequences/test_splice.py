"""Which tails a verdict allows, and that they take over from the sample without a jump."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from math import inf, isfinite, nan

import numpy as np
import pytest

from verify.tails.consequences.best_of_n import spliced_mean, unbiased
from verify.tails.consequences.cap import recommended_cap
from verify.tails.consequences.cell_law import CellLaw
from verify.tails.consequences.fitted_tail import Excesses
from verify.tails.consequences.splice import fitted_tail
from verify.tails.verdict import Interval, Kind, Verdict

#: As it was found on real rewards: a small raised part, far out lighter than any power law.
BENT = Verdict("heavy", None, Interval(-0.44, -0.99, 0.23), None, 216, "test")


def raised(seed: int) -> CellLaw:
    """Normal rewards, and a few that reach further but not without end."""
    rng = np.random.default_rng(seed)
    rewards = rng.standard_normal(30000)
    rewards[:40] = 3 + 5 * rng.beta(1.0, 2.0, 40)
    return CellLaw.of(rewards)


@pytest.mark.parametrize("kind", ["heavy", "cannot tell", "light", "bounded"])
def test_shapes_are_those_that_the_verdict_allows(kind: Kind) -> None:
    cells = raised(0)
    for shape in (BENT.shape, Interval(-0.5, -0.8, -0.2), Interval(0.2, -0.1, 0.5)):
        fitted = fitted_tail(cells, replace(BENT, kind=kind, shape=shape))
        assert fitted is not None
        low, central, high = (tail.shape for tail in fitted.allowed)
        if kind in ("light", "bounded"):
            assert low <= central <= high <= 0
        else:
            assert 0 <= central <= high
            assert low >= 0 or kind == "cannot tell"


SAMPLES: dict[str, tuple[Verdict, Callable[[np.random.Generator], np.ndarray]]] = {
    "t(3)": (
        Verdict("heavy", "power law", Interval(0.33, 0.2, 0.45), None, 3000, "test"),
        lambda rng: rng.standard_t(3, 30000),
    ),
    "lognormal": (
        Verdict("heavy", None, Interval(0.2, 0.05, 0.35), None, 3000, "test"),
        lambda rng: rng.lognormal(size=30000),
    ),
    "Weibull(1/2)": (
        Verdict("heavy", "subexponential", Interval(0.1, -0.05, 0.2), None, 3000, "test"),
        lambda rng: rng.weibull(0.5, 30000),
    ),
    "normal": (
        Verdict("light", None, Interval(-0.05, -0.2, 0.1), Interval(inf, 3, inf), 3000, "test"),
        lambda rng: rng.standard_normal(30000),
    ),
}


@pytest.mark.parametrize("law", SAMPLES)
@pytest.mark.parametrize("seed", range(4))
def test_the_fitted_curve_joins_the_measured_one(law: str, seed: int) -> None:
    verdict, draw = SAMPLES[law]
    cells = CellLaw.of(draw(np.random.default_rng(seed)))
    fitted = fitted_tail(cells, verdict)
    assert fitted is not None
    measured, error = unbiased(cells, 3000)
    assert abs(spliced_mean(fitted.central, 3000) - measured) <= error


@pytest.mark.parametrize("seed", range(4))
def test_a_small_raised_part_is_joined_further_out(seed: int) -> None:
    cells = raised(seed)
    fitted = fitted_tail(cells, BENT)
    assert fitted is not None and fitted.rows < BENT.k
    measured, error = unbiased(cells, 3000)
    assert abs(spliced_mean(fitted.central, 3000) - measured) <= error
    # Planted: the tail that begins where the verdict looks misses the curve.
    wide = Excesses(cells, cells.cell_of_largest(BENT.k)).tail(0.0)
    assert abs(spliced_mean(wide, 3000) - measured) > 2 * error


@pytest.mark.parametrize("budget", [0.01, 0.5])
def test_a_tail_that_may_be_heavy_has_a_finite_cap(budget: float) -> None:
    """Also where even the heaviest shape is 0, and where none could be estimated."""
    cells = raised(1)
    for shape in (BENT.shape, Interval(-0.6, -0.9, -0.1), Interval(nan, -inf, inf)):
        for kind in ("heavy", "cannot tell"):
            verdict = replace(BENT, kind=kind, shape=shape)
            cap = recommended_cap(cells, verdict, fitted_tail(cells, verdict), budget).cap
            assert cap.value is not None and isfinite(cap.value)
            assert cap.value <= cells.top or cap.evidence == "fitted tail"
    # Where the tail is light the same attack is harmless.
    light = replace(BENT, kind="light", shape=Interval(-0.4, -0.9, -0.1))
    assert recommended_cap(cells, light, fitted_tail(cells, light), 0.01).cap.value == inf
