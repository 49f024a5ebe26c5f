"""Several proxies ``U_i = V + X_i`` of one utility, put together into a score; by draws.

The errors are alike, and given V independent of each other; or with some probability they are one
and the same for all, which is what members trained on the same data share. The reward that is
measured is that of the first proxy.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from verify.joint.sampling import quantiles
from verify.mitigations.model import Model
from verify.mitigations.profile import Profile, profile_of
from verify.ranks import uniform_ranks

#: How many answers are drawn, and the batches whose spread is the error.
SIZE, BATCHES, SEED = 200_000, 20, 12
#: The price of the variance in ``mean - price * variance``.
VARIANCE_PRICE = 0.5

Score = Callable[[Any], Any]


def lowest(proxies: Any) -> Any:
    """The lowest of the proxies; they are the rows."""
    return proxies.min(axis=0)


def mean_less_variance(proxies: Any) -> Any:
    """Their mean, less VARIANCE_PRICE times their variance."""
    return proxies.mean(axis=0) - VARIANCE_PRICE * proxies.var(axis=0)


@dataclass(frozen=True)
class Ensemble:
    """How a score is made.

    Attributes
    ----------
    members : int
        The number of proxies.
    score : callable
        What is optimised, from the array of proxies: one row each.
    shared : float
        The probability that all errors are the same one.
    """

    members: int
    score: Score
    shared: float = 0.0

    def profiles(self, model: Model, size: int = SIZE, seed: int = SEED) -> list[Profile]:
        """Profiles of BATCHES batches of draws that know nothing of each other."""
        import numpy as np

        errors, utility = _draws(model, self.members, size, seed)
        same = np.random.default_rng([seed, 1]).random(size) < self.shared
        proxies = np.where(same, errors[0], errors) + utility
        scores, rewards = self.score(proxies), proxies[0]
        batches = np.array_split(np.arange(size), BATCHES)
        return [
            profile_of(scores[batch], np.ones(len(batch)), rewards[batch], utility[batch])
            for batch in batches
        ]


@lru_cache(maxsize=8)
def _draws(model: Model, members: int, size: int, seed: int) -> tuple[Any, Any]:
    """Errors, one row for each member, and utilities."""
    import numpy as np

    rng = np.random.default_rng(seed)
    if model.is_independent:
        errors = model.error.sample(members * size, rng).reshape(members, size)
        return errors, model.utility.sample(size, rng)
    given = uniform_ranks(size, rng)
    errors = np.stack(
        [
            quantiles(model.error, model.copula.inverse(uniform_ranks(size, rng), given))
            for _ in range(members)
        ]
    )
    return errors, quantiles(model.utility, given)
