"""Prompts whose answers are alike: fewer independent rewards than rows, and a warning."""

from __future__ import annotations

import numpy as np
import pytest

from verify.tails.audit import audit_rewards
from verify.tails.prompt_tails import design_effect


def clustered(prompts: int, rows: int, scale: float, seed: int) -> tuple[np.ndarray, np.ndarray]:
    """Exponential prompts and normal answers to them."""
    rng = np.random.default_rng(seed)
    rewards = scale * rng.exponential(size=(prompts, 1)) + rng.standard_normal((prompts, rows))
    return rewards.ravel(), np.repeat(np.arange(prompts), rows)


def test_copies_are_worth_one() -> None:
    """Every reward eight times: its design effect is 8 times that of the rewards themselves."""
    rewards, codes = np.random.default_rng(0).standard_normal(4000), np.arange(4000)
    alone = design_effect(rewards, codes)
    assert alone == pytest.approx(1.0, abs=1e-12)
    assert design_effect(np.repeat(rewards, 8), np.repeat(codes, 8)) == pytest.approx(8.0)


def test_it_is_the_variance_of_the_share_above() -> None:
    """Against samples drawn anew: the share above 4, over its variance if independent."""
    threshold = float(np.quantile(clustered(200000, 10, 1.0, 0)[0], 0.95))
    shares = [float((clustered(200, 10, 1.0, seed)[0] > threshold).mean()) for seed in range(400)]
    effects = [design_effect(*clustered(200, 10, 1.0, seed)) for seed in range(400)]
    drawn = float(np.var(shares)) / (0.05 * 0.95 / 2000)
    # The variance of 400 shares is known to 7 %; that the threshold moves along costs some.
    assert np.mean(effects) == pytest.approx(drawn, rel=0.25)


def test_answers_that_are_alike_are_warned_of() -> None:
    rewards, codes = clustered(300, 10, 3.0, 1)
    assert any("Answers to a prompt are alike" in each for each in said(rewards, codes))
    # The same rewards, dealt to prompts at random, are not.
    shuffled = np.random.default_rng(2).permutation(codes)
    assert not any("alike" in each for each in said(rewards, shuffled))


def said(rewards: np.ndarray, codes: np.ndarray) -> tuple[str, ...]:
    return audit_rewards(rewards, prompts=codes).warnings
