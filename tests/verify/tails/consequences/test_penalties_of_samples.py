"""Which penalties hold the tails that a verdict allows."""

from __future__ import annotations

from dataclasses import replace
from math import inf, nan

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from verify.errors import InputError
from verify.tails.consequences.cell_law import CellLaw
from verify.tails.consequences.penalties import PENALTIES, Penalties, penalties_of
from verify.tails.verdict import Interval, Verdict

CELLS = CellLaw.of(np.random.default_rng(0).standard_t(3, 500))
CHEAP = {"tv", "hellinger", "js", "reverse_kl"}


def verdict(kind: str, family: str | None, low: float, value: float, high: float) -> Verdict:
    return Verdict(kind, family, Interval(value, low, high), None, 50, "test")  # type: ignore[arg-type]


def held(found: Penalties) -> dict[str, str]:
    return {penalty.token: penalty.holds for penalty in found.penalties}


def test_a_light_tail() -> None:
    found = penalties_of(CELLS, verdict("light", None, -0.1, 0.0, 0.1), [0.5])
    assert found.safe == ("kl", "power:1.5", "chi2", "renyi:2", "power:4", "odds")
    assert {token for token, holds in held(found).items() if holds == "no"} == CHEAP
    assert found.least_order.value == 1.0


def test_a_bounded_tail_is_held_by_all() -> None:
    found = penalties_of(CELLS, verdict("bounded", None, -0.5, -0.4, -0.3), [0.5])
    assert len(found.safe) == len(PENALTIES)


def test_a_subexponential_tail_needs_more_than_kl() -> None:
    found = penalties_of(CELLS, verdict("heavy", "subexponential", -0.1, 0.1, 0.3), [0.5])
    assert held(found)["kl"] == "no" and "power:1.5" in found.safe and "odds" in found.safe


def test_a_power_tail_by_its_index() -> None:
    """Index between 2.5 and 4: order 3/2 needs 3, which is inside; order 2 needs 2."""
    found = penalties_of(CELLS, verdict("heavy", "power law", 0.25, 0.33, 0.4), [0.5])
    answers = held(found)
    assert answers["kl"] == "no" and answers["power:1.5"] == "cannot tell"
    assert found.safe == ("chi2", "renyi:2", "power:4", "odds")
    assert found.least_order.low == pytest.approx(4 / 3, rel=1e-5)
    assert found.least_order.high == pytest.approx(5 / 3, rel=1e-5)


def test_an_index_that_may_be_below_one() -> None:
    found = penalties_of(CELLS, verdict("heavy", "power law", 0.8, 0.9, 1.1), [0.5])
    assert not found.safe and held(found)["odds"] == "cannot tell"
    assert found.least_order.high == inf


def test_what_the_sample_does_not_tell() -> None:
    found = penalties_of(CELLS, verdict("cannot tell", None, -0.1, 0.1, 0.4), [0.5])
    answers = held(found)
    assert answers["kl"] == answers["tv"] == "cannot tell" and answers["chi2"] == "yes"


@pytest.mark.parametrize("kind", ["cannot tell", "heavy"])
def test_without_a_shape_the_odds_hold_every_tail_with_a_mean(kind: str) -> None:
    found = penalties_of(CELLS, verdict(kind, None, -inf, nan, inf), [0.5])
    assert found.safe == ("odds",)
    assert all("if the mean of the rewards is finite" in each.because for each in found.penalties)
    assert held(found)["kl"] == ("no" if kind == "heavy" else "cannot tell")


@given(low=st.floats(0.01, 0.95), width=st.floats(0, 0.5), order=st.sampled_from(["3/2", "2", "4"]))
def test_orders_agree_with_the_least_order(low: float, width: float, order: str) -> None:
    """An order holds all tails of the interval iff it is above the upper end of the least order."""
    high = low + width
    found = penalties_of(
        CELLS, verdict("heavy", "power law", low, low, high), [], (f"power:{order}",)
    )
    a = eval_fraction(order)
    least = [1 / (1 - shape) if shape < 1 else inf for shape in (low, high)]
    # Indices are rounded to 1e-6.
    if a > least[1] * (1 + 1e-5):
        assert found.penalties[0].holds == "yes"
    elif a < least[0] * (1 - 1e-5):
        assert found.penalties[0].holds == "no"
    elif least[0] * (1 + 1e-5) < a < least[1] * (1 - 1e-5):
        assert found.penalties[0].holds == "cannot tell"


def eval_fraction(text: str) -> float:
    whole, _, below = text.partition("/")
    return int(whole) / int(below or 1)


def test_a_wider_interval_is_never_surer() -> None:
    """A planted narrow interval changes an answer: the uncertainty is carried through."""
    narrow = verdict("heavy", "power law", 0.32, 0.33, 0.332)
    wide = replace(narrow, shape=Interval(0.33, 0.2, 0.45))
    assert held(penalties_of(CELLS, narrow, []))["power:1.5"] == "yes"
    assert held(penalties_of(CELLS, wide, []))["power:1.5"] == "cannot tell"


def test_budgets_that_a_penalty_cannot_reach_are_left_out() -> None:
    found = penalties_of(CELLS, verdict("light", None, -0.1, 0.0, 0.1), [0.5, 0.8, 2.0])
    reached = {
        penalty.token: [budget for budget, _ in penalty.points] for penalty in found.penalties
    }
    assert (
        reached["kl"] == [0.5, 0.8, 2.0] and reached["tv"] == [0.5, 0.8] and reached["js"] == [0.5]
    )


def test_an_unknown_penalty() -> None:
    with pytest.raises(InputError, match="divergence"):
        penalties_of(CELLS, verdict("light", None, -0.1, 0.0, 0.1), [0.5], ("wasserstein",))
