"""Exponential sums over prompts: the true sums lie within their bounds, broken ones are caught."""

from __future__ import annotations

import numpy as np
import pytest
from flint import arb
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from tests.verify.test_binned_moments import BITS, exact_sums, samples
from verify.binned_moments import LARGEST_EXPONENT
from verify.enclosure import working_precision
from verify.prompts import sums as prompt_sums
from verify.prompts.sums import PromptSums

Floats = NDArray[np.float64]

TILTS = (0.0, 1e-6, 0.1, 3.0, 500.0, 1e5)


def check_sums(groups: list[Floats], tilt: float, place: float) -> None:
    """That the true sums of each prompt are where the computed ones and their errors say."""
    sums = PromptSums.of(np.concatenate(groups), np.array([len(group) for group in groups]))
    references = np.array([usable_reference(group, tilt, place) for group in groups])
    found = sums.sums(tilt, references)
    for k, group in enumerate(groups):
        truth = exact_sums(group, tilt, float(references[k]))
        for name, true in zip(("total", "excess", "first"), truth, strict=True):
            value = float(getattr(found, name)[k])
            error = float(getattr(found, f"{name}_error")[k])
            with working_precision(BITS):
                assert abs(true - arb(value)) <= arb(error), f"{name} of prompt {k} at l = {tilt}"


def usable_reference(group: Floats, tilt: float, place: float) -> float:
    """A place between the ends, at least so high that no exponent is too large."""
    low, high = float(group.min()), float(group.max())
    wanted = low + place * (high - low)
    return wanted if tilt * (high - wanted) <= LARGEST_EXPONENT else high


@given(st.lists(samples, min_size=1, max_size=5), st.sampled_from(TILTS), st.floats(0, 1))
def test_the_sums_are_within_their_errors(groups: list[Floats], tilt: float, place: float) -> None:
    check_sums(groups, tilt, place)


def test_many_rows_and_few(rng: np.random.Generator) -> None:
    """Several blocks for some prompts, one row for others, and heavy tails."""
    groups = []
    for size in (3000, 1, prompt_sums.BLOCK, prompt_sums.BLOCK + 1, 2):
        sample = rng.standard_t(2, size)
        groups.append(sample / np.abs(sample).max() / 2)
    for tilt in (0.3, 40.0):
        check_sums(groups, tilt, 0.6)


def test_the_error_is_small(rng: np.random.Generator) -> None:
    """A bound that is right and useless would be wide: here at most 400 roundings."""
    sums = PromptSums.of(rng.uniform(-1, 1, 5000), np.full(50, 100))
    found = sums.sums(2.0, np.zeros(50))
    assert (found.total_error < 400 * 2.0**-53 * found.total).all()


@pytest.mark.parametrize("name", ["ROUNDING", "BLOCK"])
def test_planted_errors_are_caught(
    name: str, monkeypatch: pytest.MonkeyPatch, rng: np.random.Generator
) -> None:
    """Without roundings, or with blocks that overlap, a true sum lies outside."""
    if name == "ROUNDING":
        monkeypatch.setattr(prompt_sums, "ROUNDING", 1e-40)
    else:
        real = PromptSums.of.__func__  # type: ignore[attr-defined]

        def shifted(cls: type[PromptSums], rewards: Floats, rows: NDArray[np.int64]) -> PromptSums:
            right: PromptSums = real(cls, rewards, rows)
            wrong = right.blocks.copy()
            wrong[1:] -= 1
            return PromptSums(right.rewards, rows, wrong, right.first, right.depth)

        monkeypatch.setattr(PromptSums, "of", classmethod(shifted))
    groups = [rng.uniform(-1, 1, 40) for _ in range(10)]
    with pytest.raises(AssertionError, match="of prompt"):
        check_sums(groups, 3.0, 0.5)
