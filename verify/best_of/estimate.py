"""The mean of the best of n, from N scored samples and without bias.

Of N draws each has a proxy and a gold score. Average the gold score of the one with the largest
proxy over all subsets of n: that is ``sum_i C(i - 1, n - 1)/C(N, n) gold_(i)``, with the draws in
the order of their proxies, smallest first. Where proxies tie, each of those that tie for the best
is taken as often as the others, so their gold scores are averaged.

float64, with a derived bound on its error; nothing here is called certified. The weights come from
their ratios, ``w_(i-1)/w_i = (i - n)/(i - 1)``, each a quotient of integers. Differences of
log-gamma functions would lose what the logarithms of factorials of N have before the point: at
``N = 10**6`` that is seven digits, and leaves errors of up to 5e-9 in a weight (measured).
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from verify.errors import InputError

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    Floats = NDArray[np.float64]

#: Ranks whose weights together are below this are left out.
NEGLIGIBLE = 1e-18
#: Ranks whose weights are computed at a time: they stay in a processor's cache, and their sums are
#: too short to be spread over several threads, which would cost more than it saves.
BLOCK = 2**13
#: The rounding of one operation.
ROUNDING = 2.0**-53


@dataclass(frozen=True)
class BestOfEstimate:
    """The mean gold score of the best of n.

    Attributes
    ----------
    n : int
        How many the best is chosen from.
    mean : float
        The unbiased estimate.
    standard_error : float or None
        By the jackknife, whose square on average is not too small; None where it was not asked
        for, or n is all of the sample.
    effective : float
        How many draws the estimate rests on: one over the sum of the squared weights.
    """

    n: int
    mean: float
    standard_error: float | None
    effective: float


class ScoredSample:
    """Scored draws, sorted once and asked for any n.

    Parameters
    ----------
    proxy, gold : array of float
        The two scores of each draw.

    Raises
    ------
    InputError
        If there are no draws, not as many of one score as of the other, or some are not finite.
    """

    def __init__(self, proxy: Any, gold: Any) -> None:
        import numpy as np

        proxies, golds = (np.asarray(scores, dtype=np.float64) for scores in (proxy, gold))
        _check(proxies, golds)
        order = np.argsort(proxies)[::-1]
        self.size = len(order)
        #: Gold scores, that of the largest proxy first.
        self.golds = golds[order]
        self.groups = _Groups.of(proxies[order])
        #: The same, averaged where proxies tie.
        self.averaged = self.golds if self.groups is None else self.groups.averages(self.golds)

    def best_of(self, n: int, error: bool = True) -> BestOfEstimate:
        """The estimate for one n, with its standard error if that is wanted.

        Raises
        ------
        InputError
            If n is not between 1 and the number of draws.
        """
        if not 1 <= n <= self.size:
            raise InputError(f"best of {n}: expected n from 1 to the {self.size} draws")
        mean = squares = 0.0
        for start, weights in blocks_of_weights(self.size, n):
            mean += float(weights @ self.averaged[start : start + len(weights)])
            squares += float(weights @ weights)
        spread = self._jackknife(n, mean) if error and n < self.size else None
        return BestOfEstimate(n, mean, spread, 1 / squares)

    def error_of_difference(self, n: int, other: int) -> float:
        """The standard error of the estimate for n less that for ``other``, by the jackknife.

        Both rest on the same draws, so it is less than the two errors make apart.

        Raises
        ------
        InputError
            If one of them is not from 1 to one less than the number of draws.
        """
        import numpy as np

        for each in (n, other):
            if not 1 <= each < self.size:
                raise InputError(f"best of {each}: expected n from 1 to {self.size - 1}")
        (one, one_rest), (two, two_rest) = (self._without_each(each) for each in (n, other))
        reach = max(len(one), len(two))
        one = np.append(one, np.full(reach - len(one), one_rest))
        two = np.append(two, np.full(reach - len(two), two_rest))
        away = self.best_of(n, False).mean - self.best_of(other, False).mean
        squares = float(((one - two - away) ** 2).sum())
        squares += (self.size - reach) * (one_rest - two_rest - away) ** 2
        return float(((self.size - 1) / self.size * squares) ** 0.5)

    def _jackknife(self, n: int, mean: float) -> float:
        """The standard error from the estimates that leave one draw out, whose mean is ``mean``."""
        without, rest = self._without_each(n)
        squares = float(((without - mean) ** 2).sum())
        squares += (self.size - len(without)) * (rest - mean) ** 2
        return float(((self.size - 1) / self.size * squares) ** 0.5)

    def _without_each(self, n: int) -> tuple[Floats, float]:
        """The estimates without one of the largest draws, and without any that has no weight."""
        import numpy as np

        weights = np.concatenate([part for _, part in blocks_of_weights(self.size - 1, n)])
        reach = len(weights) + 1
        if self.groups is not None:
            reach = int(self.groups.end[min(reach, self.size) - 1])
        weights = np.concatenate([weights, np.zeros(max(0, reach - len(weights)))])[:reach]
        golds, averaged = self.golds[:reach], self.averaged[:reach]
        # What is above the draw left out keeps its place, and what is below moves up by one.
        above = np.concatenate([[0.0], np.cumsum(weights * averaged)])
        moved = np.concatenate([[0.0], weights[:-1] * averaged[1:]])
        below = float(moved.sum()) - np.cumsum(moved)
        if self.groups is None:
            without = above[:-1] + below
        else:
            without = self.groups.without_each(weights, golds, averaged, above, below)
        # Draws so low that they have no weight: without one of them, the others are as they are.
        return without, float(above[-1])


@dataclass(frozen=True, eq=False)
class _Groups:
    """Draws of one proxy, by their places from the top: of each draw, where its group lies."""

    start: NDArray[np.int64]
    end: NDArray[np.int64]

    @classmethod
    def of(cls, proxies: Floats) -> _Groups | None:
        """The groups of sorted proxies; None where no two of them tie."""
        import numpy as np

        new = np.concatenate([[True], proxies[1:] != proxies[:-1]])
        if new.all():
            return None
        starts = np.flatnonzero(new)
        sizes = np.diff(np.append(starts, len(proxies)))
        return cls(np.repeat(starts, sizes), np.repeat(starts + sizes, sizes))

    def averages(self, golds: Floats) -> Floats:
        """Each gold score replaced by the mean of its group."""
        import numpy as np

        starts = np.unique(self.start)
        sums = np.add.reduceat(golds, starts)
        sizes = np.diff(np.append(starts, len(golds)))
        return np.repeat(sums / sizes, sizes)

    def without_each(
        self, weights: Floats, golds: Floats, averaged: Floats, above: Floats, below: Floats
    ) -> Floats:
        """The estimates without one draw; the others of its group share the group's places."""
        import numpy as np

        start, end = self.start[: len(golds)], self.end[: len(golds)]
        shares = np.concatenate([[0.0], np.cumsum(weights)])
        others = end - start - 1
        rest = averaged * (others + 1) - golds
        places = shares[end - 1] - shares[start]
        without: Floats = above[start] + places * rest / np.maximum(others, 1) + below[end - 1]
        return without


def best_of_estimates(
    proxy: Any, gold: Any, ns: Iterable[int], errors: bool = True
) -> tuple[BestOfEstimate, ...]:
    """The mean gold score of the best of n by proxy, for each n.

    Parameters
    ----------
    proxy, gold : array of float
        The two scores of each draw, independent draws of the base policy.
    ns : iterable of int
        From 1 to the number of draws.
    errors : bool
        Whether standard errors are wanted; they take several times as long as the means.

    Returns
    -------
    tuple of BestOfEstimate
        In the order of ``ns``. Over draws of the sample each mean is right on average, whatever
        ties. Its rounding error is at most ``error_bound(N)`` times the mean of ``|gold|`` under
        the same weights, beside ``NEGLIGIBLE`` times the largest ``|gold|``.

    Raises
    ------
    InputError
        One line: the scores do not fit together, or some n is not from 1 to their number.
    """
    sample = ScoredSample(proxy, gold)
    return tuple(sample.best_of(n, errors) for n in ns)


def blocks_of_weights(size: int, n: int) -> Iterator[tuple[int, Floats]]:
    """The chance of each draw to be the best of n, the largest first, block by block.

    Among the i smallest are all n with chance ``C(i, n)/C(N, n) <= (i/N)^n``: where that is
    negligible the weights end.

    Yields
    ------
    start : int
        How many draws are above the block.
    weights : array
        Those of its draws.
    """
    import numpy as np

    last = max(n, int(size * NEGLIGIBLE ** (1 / n)))  # the smallest rank that keeps its weight
    weight = n / size
    for start in range(0, size - last + 1, BLOCK):
        ranks = np.arange(size - start, max(size - start - BLOCK, last - 1), -1, dtype=np.float64)
        weights = ranks - (n - 1)
        weights /= ranks
        # The first ratio leads here from the block above; from the largest draw nothing leads.
        weights[0] = weight if start == 0 else weight * weights[0]
        np.cumprod(weights, out=weights)
        weight = float(weights[-1])
        yield start, weights


def rank_weights(size: int, n: int) -> Floats:
    """``C(i - 1, n - 1)/C(size, n)`` for ranks i = 1 to size: the chance to be the best of n."""
    import numpy as np

    weights = np.zeros(size)
    for start, part in blocks_of_weights(size, n):
        weights[size - start - len(part) : size - start] = part[::-1]
    return weights


def error_bound(size: int) -> float:
    """What rounding adds to an estimate, relative to the mean of ``|gold|`` under its weights.

    A weight is a product of at most ``size`` quotients: two roundings each. The sum of the terms
    has one a product and at most ``size`` more; averages over ties have at most ``size``.
    """
    steps = 4 * size + 8
    return steps * ROUNDING / (1 - steps * ROUNDING)


def _check(proxy: Floats, gold: Floats) -> None:
    import numpy as np

    if proxy.ndim != 1 or proxy.shape != gold.shape:
        raise InputError(
            f"expected a proxy and a gold score for each draw, got {proxy.shape} proxies and "
            f"{gold.shape} gold scores"
        )
    if not len(proxy):
        raise InputError("expected scored draws, got none")
    for name, scores in (("proxy", proxy), ("gold score", gold)):
        finite = np.isfinite(scores)
        if not finite.all():
            raise InputError(f"the {name} of draw {int(np.argmin(finite)) + 1} is not finite")
