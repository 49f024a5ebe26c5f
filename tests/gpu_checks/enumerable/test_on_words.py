"""A few words of a language model: tilts at given KL divergences, by a second route."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from docs.model_tables import results
from tests.gpu_checks.enumerable.trees import random_tree
from verify.errors import InputError

pytestmark = pytest.mark.gpu


def tokens_of(tree: Any) -> dict[str, int]:
    from gpu_checks.enumerable.on_words import ERROR, WORTHS

    return dict(zip((ERROR, *WORTHS), tree.symbols, strict=False))


@pytest.fixture
def tree() -> Any:
    return random_tree(0, arity=4, horizon=5)


@pytest.mark.parametrize("error", ["count", "exp(2 count) - 1"])
def test_utilities_are_those_of_the_tilts_by_minimising(tree: Any, error: str) -> None:
    from scipy.optimize import brentq
    from scipy.special import rel_entr

    from gpu_checks.enumerable.on_words import BUDGETS, GROWTHS, on_words

    tokens = tokens_of(tree)
    found = on_words(tree, tokens, error)
    assert all(found.agrees.values()) and len(found.agrees) == len(BUDGETS) + 2
    counts = np.array([(tree.trajectories == token).sum(axis=1) for token in tokens.values()])
    v = counts[1] - counts[2]
    u = v + GROWTHS[error].of(counts[0])
    for kl, utility in found.utility.items():

        def tilted(tilt: float) -> Any:
            weights = tree.probabilities * np.exp(tilt * (u - u.max()))
            return weights / weights.sum()

        def excess(tilt: float, kl: float = kl) -> float:
            return float(rel_entr(tilted(tilt), tree.probabilities).sum()) - kl

        tilt = brentq(excess, 1e-6, 5.0, xtol=1e-14)
        # The divergence is known to some 1e-15, the tilt to that over its slope: 1e-9 is plenty.
        assert utility == pytest.approx(float(tilted(tilt) @ v), abs=1e-9)
    assert found.base == pytest.approx(float(tree.probabilities @ v), abs=1e-12)


def test_a_policy_that_is_off_is_seen(tree: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    from gpu_checks.enumerable import on_words
    from gpu_checks.enumerable.realised import realise

    def off(*arguments: Any) -> Any:
        done = realise(*arguments)
        return replace(done, predicted_mean=done.predicted_mean + 3 * done.mean_bound)

    monkeypatch.setattr(on_words, "realise", off)
    assert not any(on_words.on_words(tree, tokens_of(tree), "count").agrees.values())


def test_what_is_kept_of_smollm2() -> None:
    answer = results("words-smollm2")
    assert answer["trajectories"] == len(answer["words"]) ** answer["horizon"] >= 10**5
    assert answer["provenance"]["changed"] is False and len(answer["fingerprint"]) == 64
    assert all(all(each["agrees"].values()) for each in answer["errors"])
    json.dumps(answer, allow_nan=False)


def test_no_tilt_has_more_than_the_largest_reward_costs(tree: Any) -> None:
    from gpu_checks.enumerable.on_words import _tilt
    from gpu_checks.enumerable.weights import RewardLaw

    law = RewardLaw.of(tree, (tree.trajectories == tree.symbols[0]).any(axis=1).astype(float))
    with pytest.raises(InputError, match="no tilt of these rewards"):
        _tilt(law, 50.0)
