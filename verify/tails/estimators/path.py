"""What an estimator says at each number of largest rewards that it may rest on."""

from __future__ import annotations

from dataclasses import dataclass
from statistics import NormalDist

from verify.tails.upper_tail import Array, UpperTail
from verify.tails.verdict import Interval

#: What is said of every estimator that takes logarithms of the rewards as they are.
NOT_INVARIANT = (
    "takes logarithms of the rewards as they are: another zero point gives another answer; "
    "call it on `above(tail)`"
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
    standard_error : array of shape (p,), float64
        The asymptotic one, at the estimated shape, for independent rewards; it knows nothing of
        bias. NaN where there is no normal limit.
    name : str
        The estimator.
    warning : str or None
        What the reader must know before relying on it.
    """

    k: Array
    shape: Array
    standard_error: Array
    name: str
    warning: str | None = None

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
