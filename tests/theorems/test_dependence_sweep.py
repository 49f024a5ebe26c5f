"""The sweep of the dependence: false instances are rejected, and what the claims speak of."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from theorems.dependence import CLAIMS as ALL
from theorems.dependence import sweep
from verify.claim import Draws, Enclosed, Sampled


@pytest.mark.parametrize(
    ("check", "case"),
    [
        # The limit of another copula, of another decay rate, and too little room.
        (sweep.at_the_top, ("exponential()", "clayton(theta=1)", 0, "30", "0.00000001")),
        (sweep.at_the_top, ("student_t(df=3)", "clayton(theta=1)", 0, "1000", "0.002")),
        (sweep.at_the_top, ("student_t(df=3)", "clayton(theta=1)", 1, "1000", "0.003")),
        # Larger than the claimed share, and the wrong copula's side.
        (sweep.grows, ("0.5", "1000", "0.95")),
        (sweep.peaks, ("0.4", "0.19", "0.2")),
        (sweep.peaks, ("0.4", "-1", "0")),
        (sweep.below_the_base, "1"),
    ],
)
def test_false_instance_is_rejected(check: Any, case: Any) -> None:
    assert Enclosed(check, (case,)).run().outcome == "fails"


def test_a_wrong_line_is_rejected(monkeypatch: pytest.MonkeyPatch) -> None:
    case = ("2", "-0.4", "4")
    assert Enclosed(sweep.on_the_line, (case,)).run().outcome == "holds"
    right = sweep.given
    monkeypatch.setattr(
        sweep, "given", lambda error, copula, t: right(error, copula.replace("-0.4", "-0.5"), t)
    )
    assert Enclosed(sweep.on_the_line, (case,)).run().outcome == "fails"


def wrong_sign(case: tuple[str, str, str], rng: np.random.Generator) -> Draws:
    """The draws of one copula held against the integral of its negation."""
    error, copula, t = case
    draws = sweep.sampled_beyond(case, rng)
    other = sweep.sampled_beyond((error, f"negated({copula})", t), rng)
    return Draws(draws.values, -1.0, 1.0, other.expected)


def test_a_wrong_sign_is_caught_by_the_draws() -> None:
    case = ("lognormal()", "clayton(theta=2)", "1.5")
    assert Sampled(wrong_sign, (case,)).run().outcome == "fails"


def test_the_claims_are_among_those_on_dependence() -> None:
    assert set(sweep.CLAIMS) <= set(ALL)
    assert all(claim.id.startswith("dependence.sweep.") for claim in sweep.CLAIMS)
