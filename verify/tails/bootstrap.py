"""The block bootstrap by prompt: answers to one prompt are alike, prompts are independent.

Prompts are drawn with replacement, each with all its rewards. A drawing is a count for each
prompt, so no reward is copied or sorted again: a reward above the threshold weighs as often as its
prompt was drawn. The threshold stays, so the number of rewards above it varies from drawing to
drawing, as it does from sample to sample.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from array_api_compat import array_namespace, device

from verify.errors import InputError
from verify.tails.estimators.gpd import fit_rows
from verify.tails.estimators.moment import moment_shape
from verify.tails.estimators.probability_weighted import probability_weighted_shape
from verify.tails.upper_tail import Array, UpperTail
from verify.tails.verdict import Interval

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

#: Numbers in one batch of drawings.
BATCH = 2**21
#: Fewer usable drawings than this give no interval.
FEWEST = 40

# The k largest rewards, the threshold, and weights of shape (drawings, k) to shapes (drawings,).
Weighted = Callable[[Array, float, Array], Array]


def gpd_shapes(values: Array, threshold: float, weights: Array) -> Array:
    """GPD maximum likelihood on weighted excesses."""
    return fit_rows((values - threshold)[None, :], weights)[0]


def hill_shapes(values: Array, threshold: float, weights: Array) -> Array:
    """Hill's estimate with weights; needs a threshold above 0."""
    xp = array_namespace(values)
    return (weights @ xp.log(values / threshold)) / xp.sum(weights, axis=-1)


def moment_shapes(values: Array, threshold: float, weights: Array) -> Array:
    """The moment estimate with weights; needs a threshold above 0."""
    xp = array_namespace(values)
    logs = xp.log(values / threshold)
    total = xp.sum(weights, axis=-1)
    squares = logs * logs
    largest = float(squares[0])
    return moment_shape((weights @ logs) / total, (weights @ squares) / total, largest)


def probability_weighted_shapes(values: Array, threshold: float, weights: Array) -> Array:
    """Probability-weighted moments with weights; values descend."""
    xp = array_namespace(values)
    excesses = values - threshold
    total = xp.sum(weights, axis=-1)
    # Of equal rewards, each has half of the other ones above it.
    above = xp.cumulative_sum(weights, axis=-1) - (weights + 1) / 2
    share = xp.sum(weights * above * excesses, axis=-1) / (total * (total - 1))
    return probability_weighted_shape((weights @ excesses) / total, share)


SHAPES: dict[str, Weighted] = {
    "GPD maximum likelihood": gpd_shapes,
    "Hill": hill_shapes,
    "moment": moment_shapes,
    "probability-weighted moments": probability_weighted_shapes,
}
"""The estimators that can be drawn again, by the names of their paths."""


def by_prompt(
    tail: UpperTail,
    prompts: NDArray[np.int64],
    prompt_count: int,
    k: int,
    estimator: str = "GPD maximum likelihood",
    *,
    level: float = 0.95,
    resamples: int = 400,
    seed: int = 0,
) -> Interval:
    """An estimate at k with the percentile interval of prompts drawn with replacement.

    Parameters
    ----------
    tail : UpperTail
        The largest rewards.
    prompts : integer array of shape (m,)
        Which prompt each of ``tail.values`` answers, in the same order.
    prompt_count : int
        How many prompts there are in all, those without a large reward counted.
    k : int
        How many of the largest rewards are used.
    estimator : str
        A name of ``SHAPES``.
    level, resamples, seed
        Of the interval; the number of drawings; the seed of the drawings.

    Raises
    ------
    InputError
        If the estimator is not known, k is out of range, there are fewer prompts than 2 or fewer
        than those among the k largest, or too few drawings leave an estimate.
    """
    import numpy as np

    if estimator not in SHAPES:
        raise InputError(f"estimator: expected one of {', '.join(SHAPES)}, got {estimator}")
    if not 2 <= k < tail.kept:
        raise InputError(f"k: expected from 2 to {tail.kept - 1}, got {k}")
    present, places = np.unique(np.asarray(prompts)[:k], return_inverse=True)
    if not 2 <= max(2, len(present)) <= prompt_count:
        raise InputError(
            f"prompts: expected at least 2 and at least the {len(present)} among the {k} largest "
            f"rewards, got {prompt_count}"
        )
    values, xp = tail.values[:k], array_namespace(tail.values)
    threshold, shapes = float(tail.values[k]), SHAPES[estimator]
    whole = xp.ones((1, k), dtype=xp.float64, device=device(values))
    value = float(shapes(values, threshold, whole)[0])
    rng = np.random.default_rng(seed)
    # Prompts without a large reward matter by how often they are drawn in all.
    chances = np.full(len(present) + 1, 1 / prompt_count)
    chances[-1] = max(0.0, 1 - len(present) / prompt_count)
    drawn: list[float] = []
    size = max(1, BATCH // k)
    for start in range(0, resamples, size):
        counts = rng.multinomial(prompt_count, chances, size=min(size, resamples - start))
        weights = counts[:, places].astype(np.float64)
        weights = weights[(weights > 0).sum(axis=1) >= 2]
        weights = xp.asarray(weights, dtype=xp.float64, device=device(values))
        if weights.shape[0]:
            drawn += [float(each) for each in shapes(values, threshold, weights)]
    found = np.array(drawn)
    found = found[np.isfinite(found)]
    if len(found) < min(FEWEST, resamples):
        raise InputError(
            f"bootstrap by prompt: expected {min(FEWEST, resamples)} drawings with an estimate, "
            f"got {len(found)}; use more rewards above the threshold"
        )
    low, high = np.quantile(found, [(1 - level) / 2, (1 + level) / 2])
    return Interval(value, float(low), float(high), level)
