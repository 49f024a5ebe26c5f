"""How often a reward prefers what people preferred, with intervals, beside a baseline."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import sqrt
from statistics import NormalDist
from typing import TYPE_CHECKING

from verify.errors import InputError

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from gpu_checks.preferences import Preference

LEVEL = 0.95
RESAMPLES = 2000


@dataclass(frozen=True)
class Accuracy:
    """A share of pairs in which the preferred answer has the higher score; a tie counts half.

    Parameters
    ----------
    right : float
        The number of such pairs.
    count : int
        The number of pairs.
    """

    right: float
    count: int

    @property
    def share(self) -> float:
        """The accuracy, from 0 to 1."""
        return self.right / self.count

    @property
    def interval(self) -> tuple[float, float]:
        """Wilson's interval at 95 % (E. B. Wilson, JASA 22, 1927)."""
        z = NormalDist().inv_cdf((1 + LEVEL) / 2)
        n, p = self.count, self.share
        centre = (p + z * z / (2 * n)) / (1 + z * z / n)
        half = z / (1 + z * z / n) * sqrt(p * (1 - p) / n + z * z / (4 * n * n))
        # At a share of 0 or 1 rounding would leave the share itself outside.
        return max(0.0, min(p, centre - half)), min(1.0, max(p, centre + half))

    def to_dict(self) -> dict[str, object]:
        """For JSON."""
        return {"accuracy": self.share, "interval": list(self.interval), "pairs": self.count}


def accuracy(margins: NDArray[np.float64]) -> Accuracy:
    """The accuracy of a score.

    Parameters
    ----------
    margins : array, shape (n,)
        The score of the preferred answer minus that of the other.

    Raises
    ------
    InputError
        If there is none, or one is not finite: it is not known what the score prefers.
    """
    return Accuracy(float(_right(margins).sum()), len(margins))


def gain_interval(
    margins: NDArray[np.float64],
    baseline: NDArray[np.float64],
    groups: Sequence[str],
    seed: int = 0,
) -> tuple[float, float]:
    """By how much a score is more accurate than another on the same pairs: an interval at 95 %.

    By the bootstrap (percentiles), in which pairs of a group are drawn together.

    Parameters
    ----------
    margins, baseline : array, shape (n,)
        Of the two scores.
    groups : sequence of str, length n
        Pairs of the same group, such as those with one opening, may depend on each other.
    seed : int
        Of the drawings.
    """
    import numpy as np

    difference = _right(margins) - _right(baseline)
    names, group = np.unique(np.asarray(groups), return_inverse=True)
    sums = np.bincount(group, weights=difference, minlength=len(names))
    sizes = np.bincount(group, minlength=len(names))
    rng = np.random.default_rng(seed)
    drawn = rng.integers(0, len(names), (RESAMPLES, len(names)))
    gains = sums[drawn].sum(axis=1) / sizes[drawn].sum(axis=1)
    low, high = np.quantile(gains, [(1 - LEVEL) / 2, (1 + LEVEL) / 2])
    return float(low), float(high)


def prefer_shorter(pairs: Sequence[Preference]) -> NDArray[np.float64]:
    """The margins of the baseline that reads nothing: the shorter answer, in characters, wins."""
    import numpy as np

    return np.array([float(len(pair.rejected) - len(pair.chosen)) for pair in pairs])


def log_loss(margins: NDArray[np.float64]) -> float:
    """Minus the mean log-likelihood of Bradley and Terry, in nats; log 2 is that of a coin."""
    import numpy as np

    return float(np.logaddexp(0.0, -margins).mean())


def _right(margins: NDArray[np.float64]) -> NDArray[np.float64]:
    """1 where the preferred answer scores higher, 1/2 at a tie, else 0."""
    import numpy as np

    if len(margins) == 0:
        raise InputError("accuracy: no pairs to measure it on; hold out a larger share")
    if not np.isfinite(margins).all():
        bad = int((~np.isfinite(margins)).sum())
        raise InputError(f"accuracy: {bad} of {len(margins)} margins are not finite numbers")
    return np.asarray((np.sign(margins) + 1) / 2)
