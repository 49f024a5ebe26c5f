"""What an estimator says at each number of largest rewards that it may rest on."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from statistics import NormalDist

from array_api_compat import array_namespace

from verify.tails.upper_tail import Array, UpperTail
from verify.tails.verdict import Interval

#: What is said of every estimator that takes logarithms of the rewards as they are.
NOT_INVARIANT = (
    "takes logarithms of the rewards as they are: another zero point gives another answer; "
    "over a random threshold it does not"
)


@dataclass(frozen=True, eq=False)
class Path:
    """Estimates of the extreme-value index along k.

    Attributes
    ----------
    k : array of shape (p,), int64
        How many of the largest rewards each estimate rests on, ascending.
    shape : array of shape (p,), float64
        The extreme-value index (GPD shape). NaN where the estimator has no value.
    name : str
        The estimator.
    variance : callable
        The asymptotic variance at each shape, times ``size``; NaN where there is no normal limit.
    warning : str or None
        What the reader must know before relying on it.
    size : array of shape (p,), optional
        What the variance falls with; k if None.
    """

    k: Array
    shape: Array
    name: str
    variance: Callable[[Array], Array]
    warning: str | None = None
    size: Array | None = None

    @cached_property
    def standard_error(self) -> Array:
        """The asymptotic one at the estimated shape, for independent rewards: of shape (p,).

        It knows nothing of bias.
        """
        xp = array_namespace(self.shape)
        size = self.k if self.size is None else self.size
        return xp.sqrt(self.variance(self.shape) / xp.astype(size, xp.float64))

    def at(self, k: int, level: float = 0.95) -> Interval:
        """The estimate at the largest k of the path that is at most ``k``, and its interval.

        Raises
        ------
        ValueError
            If the path begins above ``k``.
        """
        place = int((self.k <= k).sum()) - 1
        if place < 0:
            raise ValueError(f"the {self.name} path begins above k = {k}")
        value, error = float(self.shape[place]), float(self.standard_error[place])
        margin = NormalDist().inv_cdf((1 + level) / 2) * error
        return Interval(value, value - margin, value + margin, level)


def above(tail: UpperTail, base: int | None = None) -> UpperTail:
    """The ``base`` largest rewards less the next one: a tail that no shift of the rewards changes.

    An estimator of this tail is a PORT estimator, for peaks over a random threshold (Araújo
    Santos, Fraga Alves and Gomes, REVSTAT 4, 2006): the zero point is an order statistic.

    Parameters
    ----------
    base : int, optional
        How many rewards stay; all that are kept but the last if None. It should be far more than
        the k that is read off.
    """
    base = tail.kept - 1 if base is None else base
    return UpperTail(tail.excesses(base), tail.count)


def half(tail: UpperTail) -> int:
    """The base that makes the median the zero point, or the least reward kept if that is larger.

    The smallest reward of all would not do: it says more of the lower tail than of the upper one,
    and as a zero point far away it makes every power law look light.
    """
    return min(tail.count // 2, tail.kept - 1)
