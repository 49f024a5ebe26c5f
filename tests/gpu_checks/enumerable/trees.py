"""Trees for tests: of random policies, some symbols never taken, and of random transformers."""

from __future__ import annotations

from typing import Any

import numpy as np
from hypothesis import strategies as st

from gpu_checks.enumerable.tree import PrefixTree
from verify.weight import BestOfN, Identity, Threshold, Tilt, TopFraction


def random_tree(
    seed: int, arity: int = 3, horizon: int = 4, spread: float = 2.0, never: float = 0.0
) -> PrefixTree:
    """Logits are normal; a share of the symbols, but not all after a prefix, is never taken."""
    rng = np.random.default_rng(seed)
    levels = []
    for length in range(horizon):
        logits = spread * rng.standard_normal((arity**length, arity))
        left_out = rng.random(logits.shape) < never
        left_out[:, int(rng.integers(arity))] = False
        logits[left_out] = -np.inf
        top = logits.max(axis=1, keepdims=True)
        levels.append(logits - top - np.log(np.exp(logits - top).sum(axis=1, keepdims=True)))
    return PrefixTree(tuple(levels), tuple(range(arity)), (0,))


def rewards_with_ties(tree: PrefixTree, seed: int) -> Any:
    """Quarters between -3 and 3: few values, so that most of them are shared."""
    return np.random.default_rng(seed).integers(-12, 13, tree.size) / 4


#: Each kind of optimiser, at strengths that fit rewards between -3 and 3.
WEIGHTS = (
    Identity(),
    Tilt("1/2"),
    Tilt(-3),
    Tilt(40),
    Threshold.at("0.25", "0.3"),
    Threshold.at(0, 1),
    BestOfN(2),
    BestOfN(37),
    BestOfN(10**5),
    TopFraction("1/3"),
    TopFraction("1/1000"),
)

trees = st.builds(
    random_tree,
    st.integers(0, 10**6),
    st.integers(2, 4),
    st.integers(1, 4),
    st.sampled_from((0.1, 2.0, 10.0)),
    st.sampled_from((0.0, 0.3)),
)
