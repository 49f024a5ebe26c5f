"""Paths of policies over a profile: the optimal weights under each penalty, from weak to strong.

======================  =======================================  ===========================
Penalty                 Optimal weight of the score s            Strength
======================  =======================================  ===========================
KL                      ``exp(l s)``                             l
order a > 1             ``(s - m)+ ** (1/(a - 1))``              by its threshold m
(2: chi-square)
largest odds R          R on the top ``1/R`` of the answers      ``log R``
none: best of n         ``n F^(n-1)``, ties in proportion        ``log n``
======================  =======================================  ===========================

Every path begins at the base policy, and its KL divergence grows with the strength.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass, replace
from functools import cached_property
from math import exp, inf, log
from typing import TYPE_CHECKING, Any

from flint import arb, fmpq

from verify.mitigations.profile import Outcome, Profile
from verify.penalties.shapes import AboveCut, Exponential, Shape

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    Floats = NDArray[np.float64]


#: The order of chi-square.
SQUARE = fmpq(2)
#: Logarithms of odds and of numbers of draws stay below this: float64 holds their exponentials.
STRONGEST = 600.0
#: Top shares are not looked at below this one: slopes between such masses overflow.
NEXT_TO_NOTHING = 1e-100


class Path(ABC):
    """Policies of rising strength."""

    #: Strengths lie between 0 and this.
    strongest: float = inf

    @abstractmethod
    def outcome(self, strength: float) -> Outcome:
        """What the policy of a strength does."""

    @abstractmethod
    def base(self) -> Outcome:
        """What the base policy does."""

    @abstractmethod
    def text(self, strength: float) -> str:
        """The policy's parameter, in the letters of its family."""


@dataclass(frozen=True)
class ProfilePath(Path):
    """Weights that are functions of the score."""

    profile: Profile

    @abstractmethod
    def shares(self, strength: float) -> Floats:
        """The policy's probabilities of the scores."""

    def outcome(self, strength: float) -> Outcome:
        return self.profile.outcome(self.shares(strength))

    def base(self) -> Outcome:
        return self.profile.base()


def _shares(profile: Profile, shape: Shape) -> Floats:
    """The probabilities of a weight of the score, from logarithms: the largest may be huge."""
    import numpy as np

    logs = shape.log_floats(profile.score) + np.log(profile.mass)
    shares = np.exp(logs - logs.max())
    return np.asarray(shares / shares.sum())


@dataclass(frozen=True)
class Tilts(ProfilePath):
    """``exp(l s)``, optimal under a KL penalty; for l below ``strongest``."""

    strongest: float = inf

    def shares(self, strength: float) -> Floats:
        return _shares(self.profile, Exponential(arb(strength).fmpq()))

    def text(self, strength: float) -> str:
        return f"l = {strength:.4g}"


@dataclass(frozen=True)
class Powers(ProfilePath):
    """``(s - m)+ ** (1/(a - 1))``, optimal under the power divergence, and Renyi's, of order a.

    The strength z stands for ``m = median + width (z - 1/z)``, which goes over the whole line.
    """

    order: fmpq = SQUARE

    @cached_property
    def _scale(self) -> tuple[float, float]:
        quarter, median, three = (self.profile.quantile(level) for level in (0.25, 0.5, 0.75))
        return median, three - quarter

    def threshold(self, strength: float) -> float:
        """The score m up to which the weight is 0."""
        median, width = self._scale
        return median + width * (strength - 1 / strength)

    def shares(self, strength: float) -> Floats:
        import numpy as np

        cut = self._cut(strength)
        if not self.profile.divisible:
            return _shares(self.profile, AboveCut(self.order, arb(cut).fmpq()))
        shares = self.profile.mass * self._means(cut)[0]
        return np.asarray(shares / shares.sum())

    def outcome(self, strength: float) -> Outcome:
        found = super().outcome(strength)
        if not self.profile.divisible:
            return found
        # The weight varies within a cell, most of all in the one that the threshold cuts.
        weights, logs = (self.profile.mass @ part for part in self._means(self._cut(strength)))
        return replace(found, kl=float(logs / weights) - log(weights))

    def _cut(self, strength: float) -> float:
        """The threshold; below the last two scores, so that something is above it."""
        return min(self.threshold(strength), float(self.profile.score[-2:].mean()))

    def _means(self, cut: float) -> tuple[Floats, Floats]:
        """The means over each cell of the weight w, up to a factor, and of ``w log w``.

        The slope of w is infinite at the threshold for orders above 2, so cells are integrated.
        """
        import numpy as np
        from scipy.special import xlogy

        power = 1 / (float(arb(self.order)) - 1) + 1
        above = np.maximum(self.profile.ends - cut, 0.0)
        sums = above**power / power
        # The antiderivative of b z^b log z, with b = power - 1.
        logs = (power - 1) * (xlogy(sums, above) - sums / power)
        widths = np.diff(self.profile.ends)
        return np.diff(sums) / widths, np.diff(logs) / widths

    def text(self, strength: float) -> str:
        return f"m = {self.threshold(strength):.4g}"


@dataclass(frozen=True)
class TopShares(ProfilePath):
    """The top ``f = exp(-strength)`` of the answers, in the base policy's proportions.

    What is optimal under a cap ``R = 1/f`` on the odds; a quantilizer; the base given U > t.
    """

    @property
    def strongest(self) -> float:  # type: ignore[override]
        """All on the largest score, and no more to be done."""
        return min(-log(self.profile.mass[-1]), -log(NEXT_TO_NOTHING))

    @cached_property
    def _beyond(self) -> Floats:
        """The mass above each score."""
        import numpy as np

        from_top = np.cumsum(self.profile.mass[::-1])[::-1]
        return np.append(from_top[1:], 0.0)

    def shares(self, strength: float) -> Floats:
        import numpy as np

        fraction = exp(-strength)
        room = np.maximum(fraction - self._beyond, 0.0)
        shares = np.minimum(self.profile.mass, room)
        return np.asarray(shares / shares.sum())

    def outcome(self, strength: float) -> Outcome:
        if not self.profile.divisible:
            return super().outcome(strength)
        fraction = exp(-strength)
        reward, utility = (float(part(fraction)) / fraction for part in self._parts)
        return Outcome(strength, reward, utility)

    @cached_property
    def _parts(self) -> tuple[Any, Any]:
        """``E[U; top f]`` and ``E[V; top f]`` as functions of f, between the ends of cells."""
        import numpy as np
        from scipy.interpolate import PchipInterpolator

        up_to = np.append(0.0, np.cumsum(self.profile.mass[::-1]))
        up_to[up_to < NEXT_TO_NOTHING] = 0.0
        masses, distinct = np.unique(up_to, return_index=True)

        def from_top(values: Floats) -> Any:
            sums = np.append(0.0, np.cumsum((self.profile.mass * values)[::-1]))
            return PchipInterpolator(masses, sums[distinct])

        return from_top(self.profile.reward), from_top(self.profile.utility)

    def threshold(self, strength: float) -> float:
        """The score above which answers are kept."""
        import numpy as np

        at = int(np.searchsorted(-self._beyond, -exp(-strength)))
        if not self.profile.divisible:
            return float(self.profile.score[min(at, len(self.profile.score) - 1)])
        ends = (self.profile.score[1:] + self.profile.score[:-1]) / 2
        return float(np.interp(-exp(-strength), -self._beyond[:-1], ends))

    def text(self, strength: float) -> str:
        return f"R = {exp(strength):.4g}"


@dataclass(frozen=True)
class Draws(ProfilePath):
    """The best of n by the score, for any real n from 1 on, up to ``exp(most)``."""

    most: float = STRONGEST

    @property
    def strongest(self) -> float:  # type: ignore[override]
        """Nearly all on the largest score, or as far as is wanted."""
        return min(5 - log(self.profile.mass[-1]), self.most)

    @cached_property
    def _log_ranks(self) -> Floats:
        """``log F`` before the first score and at each."""
        import numpy as np

        up_to = np.cumsum(self.profile.mass)
        beyond = TopShares(self.profile)._beyond
        with np.errstate(divide="ignore"):
            near_one = beyond < 0.5
            logs = np.where(near_one, np.log1p(-np.where(near_one, beyond, 0.0)), np.log(up_to))
        return np.concatenate([[-inf], logs])

    def shares(self, strength: float) -> Floats:
        import numpy as np

        ranks = exp(strength) * self._log_ranks
        upper, lower = ranks[1:], ranks[:-1]
        # exp(upper) - exp(lower), which keeps its digits where the two are close.
        shares = np.exp(upper) * -np.expm1(lower - upper)
        return np.asarray(shares / shares.sum())

    def text(self, strength: float) -> str:
        return f"n = {exp(strength):.4g}"


# ---------------------------------------------------------------- the strength that is asked for

#: A strength is sought from 1e-6 to 1e6, or as close to the strongest, first on so many points.
LEAST, MOST, POINTS = 1e-6, 1e6, 61
#: Then between two of them to this share of it.
CLOSE = 1e-13


def strengths(path: Path, points: int = POINTS) -> list[float]:
    """Strengths over the whole path: evenly spaced in logarithms, towards either end."""
    steps = [LEAST * (MOST / LEAST) ** (k / (points - 1)) for k in range(points)]
    if path.strongest == inf:
        return steps
    return [path.strongest * step / (1 + step) for step in steps]


def strength_for(path: Path, quantity: str, target: float) -> float | None:
    """The least strength found at which the KL, or the gain of the proxy, is the target.

    Parameters
    ----------
    quantity : str
        ``kl``, or ``gain``: the mean of the proxy above that of the base policy.

    Returns
    -------
    float or None
        None where no policy of the path was found to get there.
    """
    from scipy.optimize import brentq

    base = path.base()

    def excess(strength: float) -> float:
        found = path.outcome(strength)
        return (found.kl if quantity == "kl" else found.mean_u - base.mean_u) - target

    low = None
    for high in strengths(path):
        here = excess(high)
        if here >= 0:
            if low is None:
                return None
            logs = brentq(lambda log_s: excess(exp(log_s)), log(low), log(high), xtol=CLOSE)
            return exp(logs)
        low = high
    return None
