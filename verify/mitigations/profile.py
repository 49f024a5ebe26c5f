"""What optimising a score has to do with: its law under the base policy, and two means given it.

A weight that is a function of the score sees nothing else, whatever the answers are. A profile is
a finite list of scores; it comes from quadrature, from draws, or is a finite model in its own
right. float64 throughout.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cached_property
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    Floats = NDArray[np.float64]


@dataclass(frozen=True)
class Outcome:
    """What a policy does.

    Attributes
    ----------
    kl : float
        Its divergence from the base policy, in nats.
    mean_u, mean_v : float
        The means of the proxy reward and of the true utility.
    """

    kl: float
    mean_u: float
    mean_v: float

    def distance(self, other: Outcome) -> float:
        """The largest difference between numbers of the two."""
        pairs = ((self.kl, other.kl), (self.mean_u, other.mean_u), (self.mean_v, other.mean_v))
        return max(abs(one - two) for one, two in pairs)


@dataclass(frozen=True)
class Profile:
    """A law of scores.

    Attributes
    ----------
    score : array
        What is optimised, in increasing order.
    mass : array
        The base policy's probabilities; they sum to 1.
    reward, utility : array
        ``E[U | score]`` and ``E[V | score]``.
    divisible : bool
        Whether each score stands for a cell of many, which may be split; else it is an atom.
    """

    score: Floats
    mass: Floats
    reward: Floats
    utility: Floats
    divisible: bool = False

    def outcome(self, shares: Floats) -> Outcome:
        """What the policy with these probabilities of the scores does."""
        import numpy as np

        there = shares > 0
        kl = shares[there] @ (np.log(shares[there]) - np.log(self.mass[there]))
        return Outcome(float(kl), float(shares @ self.reward), float(shares @ self.utility))

    def base(self) -> Outcome:
        """What the base policy does."""
        return self.outcome(self.mass)

    def scored(self, score: Floats) -> Profile:
        """The same answers under another score, a nondecreasing function of this one."""
        return replace(self, score=score)

    @cached_property
    def ends(self) -> Floats:
        """The ends of the cells, halfway between scores."""
        import numpy as np

        inner = (self.score[1:] + self.score[:-1]) / 2
        first, last = 2 * self.score[0] - inner[0], 2 * self.score[-1] - inner[-1]
        return np.concatenate([[first], inner, [last]])

    def quantile(self, level: float) -> float:
        """The score that a share ``level`` of the base policy's answers does not exceed."""
        import numpy as np

        up_to = np.cumsum(self.mass)
        if self.divisible:
            return float(np.interp(level, np.append(0.0, up_to), self.ends))
        return float(self.score[min(int(np.searchsorted(up_to, level)), len(up_to) - 1)])


def profile_of(
    score: Floats, mass: Floats, reward: Floats, utility: Floats, most: int | None = None
) -> Profile:
    """A profile from answers in any order; equal scores become one.

    Parameters
    ----------
    most : int, optional
        About so many scores are kept: close ones become one at their mean, where there are more.
        They are close on a scale that is linear around the median, and logarithmic far from it.
    """
    import numpy as np

    present = mass > 0
    score, mass, reward, utility = (part[present] for part in (score, mass, reward, utility))
    order = np.argsort(score, kind="stable")
    score, mass, reward, utility = (part[order] for part in (score, mass, reward, utility))
    mass = mass / mass.sum()
    starts = np.flatnonzero(np.diff(score, prepend=-np.inf) > 0)
    if most is not None and len(starts) > most:
        quarter, median, three = np.searchsorted(np.cumsum(mass), (0.25, 0.5, 0.75))
        width = score[three] - score[quarter]
        place = np.arcsinh((score - score[median]) / width)
        cell = np.floor((place - place[0]) / (place[-1] - place[0]) * most)
        starts = np.flatnonzero(np.diff(cell, prepend=-1.0) > 0)
    total = np.add.reduceat(mass, starts)

    def average(values: Floats) -> Floats:
        means: Floats = np.add.reduceat(mass * values, starts) / total
        return means

    return Profile(average(score), total, average(reward), average(utility))
