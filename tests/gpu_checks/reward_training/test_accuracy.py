"""Accuracy and its intervals: against exact binomial sums, known values, and a coin."""

from __future__ import annotations

from math import comb, log

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from gpu_checks.preferences import Preference
from gpu_checks.reward_training.accuracy import (
    Accuracy,
    accuracy,
    gain_interval,
    log_loss,
    prefer_shorter,
)
from verify.errors import InputError


def test_ties_count_half() -> None:
    found = accuracy(np.array([1.0, -1.0, 0.0, 2.0]))
    assert (found.right, found.count, found.share) == (2.5, 4, 0.625)


def test_what_is_not_a_number_prefers_nothing() -> None:
    for wrong in (np.array([]), np.array([1.0, np.nan]), np.array([np.inf])):
        with pytest.raises(InputError, match="accuracy"):
            accuracy(wrong)


@given(st.integers(1, 400).flatmap(lambda n: st.tuples(st.integers(0, n), st.just(n))))
def test_wilson_solves_its_equation(given_: tuple[int, int]) -> None:
    right, count = given_
    low, high = Accuracy(right, count).interval
    share, z = right / count, 1.959963984540054
    assert 0 <= low <= share <= high <= 1
    for end in (low, high):
        if 0 < end < 1:
            # At an end the share is z standard deviations away, those of the end itself.
            assert abs(abs(share - end) - z * (end * (1 - end) / count) ** 0.5) < 1e-9


def test_wilson_covers_about_as_often_as_it_says() -> None:
    # Summed over the binomial law: 95 % up to the steps of a law on whole numbers, which at 461
    # pairs have a chance of at most 0.037 each.
    n, p = 461, 0.62
    covered = sum(
        comb(n, k) * p**k * (1 - p) ** (n - k)
        for k in range(n + 1)
        if Accuracy(k, n).interval[0] <= p <= Accuracy(k, n).interval[1]
    )
    assert abs(covered - 0.95) < 0.037


def test_the_gain_of_a_score_over_itself_is_nothing(rng: np.random.Generator) -> None:
    margins = rng.standard_normal(50)
    assert gain_interval(margins, margins, [str(each) for each in range(50)]) == (0.0, 0.0)


def test_the_gain_has_the_width_of_the_normal_law(rng: np.random.Generator) -> None:
    n = 4000
    better, coin = rng.standard_normal(n) + 0.5, rng.standard_normal(n)
    low, high = gain_interval(better, coin, [str(each) for each in range(n)])
    each = (better > 0).astype(float) - (coin > 0)
    half = 1.959963984540054 * each.std() / n**0.5
    # Percentiles of 2000 drawings: their standard error is 0.05 of the half-width, here thrice.
    assert abs(low - (each.mean() - half)) < 0.15 * half
    assert abs(high - (each.mean() + half)) < 0.15 * half


def test_pairs_of_a_group_are_drawn_together(rng: np.random.Generator) -> None:
    once = rng.standard_normal(200)
    fourfold, coin = np.repeat(once, 4), np.repeat(rng.standard_normal(200), 4)
    apart = gain_interval(fourfold, coin, [str(each) for each in range(800)])
    together = gain_interval(fourfold, coin, [str(each // 4) for each in range(800)])
    # Copies say nothing new: the interval is about twice as wide, not the same.
    assert 1.6 < (together[1] - together[0]) / (apart[1] - apart[0]) < 2.4


def test_shorter_is_preferred_by_characters() -> None:
    pairs = [Preference("p", "ab", "abcd"), Preference("p", "ab", "a"), Preference("p", "a", "b")]
    assert prefer_shorter(pairs).tolist() == [2.0, -1.0, 0.0]


def test_a_coin_loses_log_two() -> None:
    assert log_loss(np.zeros(3)) == pytest.approx(log(2), abs=1e-15)
    assert log_loss(np.array([1000.0])) == 0 and log_loss(np.array([-1000.0])) == 1000
