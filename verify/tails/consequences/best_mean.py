"""The best mean of a sample within a budget under any divergence, in float64, from both sides.

``sup{E_P X : D(P || Q) <= e}`` over reweightings P of the sample (THEORY section 9). The best
weights have one parameter, as in :mod:`verify.penalties`, which encloses the same for laws in
balls; it is found with the cells at their means, where the weight gives the lower value. The dual
bound of the same parameter, with the cells drawn apart, is the upper one: it holds whatever the
parameter. So the gap between the two is all that the cells and the search cost; sums round in the
13th digit.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from math import exp, expm1, inf, log, log1p
from typing import TYPE_CHECKING

from flint import arb

from verify.divergence import (
    KL,
    Divergence,
    JensenShannon,
    OddsCap,
    Power,
    Renyi,
    TotalVariation,
)
from verify.enclosure import Diverges
from verify.tails.consequences.cell_law import CellLaw, Points

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    Floats = NDArray[np.float64]

#: Where the logarithm of a parameter is looked for, in units of the sample's spread.
NEAREST, FARTHEST = -300.0, 60.0
#: How closely: the best mean has slope 0 in its parameter, so its error is far below this.
CLOSE = 1e-12


@dataclass(frozen=True)
class Bracket:
    """``lower <= S(e) <= upper``, up to rounding.

    Attributes
    ----------
    lower, upper : float
        The mean of a reweighting within the budget; a dual bound.
    at_top : bool
        Whether the budget buys the largest reward itself.
    """

    lower: float
    upper: float
    at_top: bool = False

    @property
    def middle(self) -> float:
        """The value that is shown."""
        return (self.lower + self.upper) / 2


def best_mean(cells: CellLaw, divergence: Divergence, budget: float) -> Bracket:
    """The best mean of a sample within a budget.

    Parameters
    ----------
    cells : CellLaw
        The sample.
    divergence : Divergence
        Any that :func:`verify.divergence.parse_divergence` gives.
    budget : float
        Positive; scaled as :data:`verify.divergence.NORMALISATIONS` says.
    """
    if cells.low[0] == cells.top or budget >= price_of_top(cells, divergence):
        return Bracket(cells.top, cells.top, at_top=True)
    found = _DUALS[type(divergence)](divergence, budget, cells).bracket()
    upper = min(found.upper, cells.top)
    return Bracket(min(found.lower, upper), upper)


def price_of_top(cells: CellLaw, divergence: Divergence) -> float:
    """What it costs to put all mass on the largest reward; infinite where nothing buys that."""
    mass = arb(cells.top_mass)
    price = divergence.of_groups([(mass, 1 / mass), (1 - mass, arb(0))])
    return inf if isinstance(price, Diverges) else float(price)


class _Dual(ABC):
    """Best weights with one parameter v, which spend less as it rises."""

    def __init__(self, divergence: Divergence, budget: float, cells: CellLaw) -> None:
        self.divergence, self.budget, self.cells = divergence, budget, cells

    @cached_property
    def unit(self) -> float:
        """A length of the size of the sample's spread."""
        together = self.cells.drawn_together
        away = abs(together.values - self.cells.average)
        return together.expect(away)

    @abstractmethod
    def unspent(self, v: float) -> float:
        """What the weight leaves of the budget, in some measure; below 0 where it overspends."""

    @abstractmethod
    def mean(self, v: float) -> float:
        """The mean under the weight, of the cells at their means."""

    @abstractmethod
    def bound(self, v: float) -> float:
        """The dual bound, of the cells drawn apart."""

    def bracket(self) -> Bracket:
        """Both values, where the weight spends the budget."""
        v = root(self.unspent)
        return Bracket(self.mean(v), self.bound(v))


class _Tilt(_Dual):
    """KL: ``w ~ exp(l X)`` and ``(e + K(l))/l``, with ``l = e^-v/unit``."""

    def _tilted(self, v: float) -> tuple[float, float, float]:
        """l, the mean under the tilt, and ``K(l) - l top``."""
        import numpy as np

        points, tilt = self.cells.drawn_together, exp(-v) / self.unit
        below = points.values - self.cells.top
        with np.errstate(under="ignore"):
            weights = points.masses * np.exp(tilt * below)
        total = float(weights.sum())
        return tilt, float((weights * below).sum()) / total, log(total)

    def unspent(self, v: float) -> float:
        tilt, mean, log_total = self._tilted(v)
        return self.budget - (tilt * mean - log_total)

    def mean(self, v: float) -> float:
        return self.cells.top + self._tilted(v)[1]

    def bound(self, v: float) -> float:
        import numpy as np

        points, tilt = self.cells.drawn_apart, exp(-v) / self.unit
        with np.errstate(under="ignore"):
            powers = np.exp(tilt * (points.values - self.cells.top))
        return self.cells.top + (self.budget + log(points.expect(powers))) / tilt


class _AboveCut(_Dual):
    """Order a > 1: ``w ~ (X - c)_+^(1/(a - 1))``, the cut ``unit e^v`` below the top."""

    @cached_property
    def _order(self) -> float:
        return _order_of(self.divergence)

    @cached_property
    def _log_moment(self) -> float:
        return _log_moment(self.divergence, self.budget)

    def _moments(self, points: Points, v: float) -> tuple[float, float]:
        """``E s^b`` and ``E s^(b + 1)`` of ``s = (1 - (top - X)/(top - c))_+``, b = 1/(a - 1)."""
        import numpy as np

        above = np.maximum(1 - (self.cells.top - points.values) / (self.unit * exp(v)), 0.0)
        with np.errstate(under="ignore"):
            power = above ** (1 / (self._order - 1))
        return points.expect(power), points.expect(power * above)

    def unspent(self, v: float) -> float:
        first, second = self._moments(self.cells.drawn_together, v)
        return self._log_moment - (log(second) - self._order * log(first))

    def mean(self, v: float) -> float:
        first, second = self._moments(self.cells.drawn_together, v)
        return self.cells.top - self.unit * exp(v) * (1 - second / first)

    def bound(self, v: float) -> float:
        a, length = self._order, self.unit * exp(v)
        _, second = self._moments(self.cells.drawn_apart, v)
        raised = exp(self._log_moment / a + log(second) * (a - 1) / a)
        return self.cells.top - length * (1 - raised)


class _BelowPole(_Dual):
    """Order a < 1: ``w ~ (c - X)^-(1/(1 - a))``, the pole ``unit e^v`` above the top."""

    @cached_property
    def _order(self) -> float:
        return _order_of(self.divergence)

    def _distances(self, points: Points, v: float) -> Floats:
        """``c - X`` in units; the top is at e^v."""
        distances: Floats = (self.cells.top - points.values) / self.unit + exp(v)
        return distances

    def _moments(self, points: Points, v: float) -> tuple[float, float, float]:
        """``E z^-b``, ``E z^(1 - b)`` and ``E log z``, with b = 1/(1 - a); z as far as the top's.

        The distances are over that of the top, so that no power overflows.
        """
        import numpy as np

        logs = np.log(self._distances(points, v)) - v
        steep = 1 / (1 - self._order)
        with np.errstate(under="ignore"):
            power = np.exp(-steep * logs)
            return (
                points.expect(power),
                points.expect(np.exp((1 - steep) * logs)),
                points.expect(logs),
            )

    def unspent(self, v: float) -> float:
        first, second, logs = self._moments(self.cells.drawn_together, v)
        if self._order == 0:
            return self.budget - (log(first) + logs)
        spent = self._order * log(first) - log(second)
        return -_log_moment(self.divergence, self.budget) - spent

    def mean(self, v: float) -> float:
        first, second, _ = self._moments(self.cells.drawn_together, v)
        return self.cells.top + self.unit * exp(v) * (1 - second / first)

    def bound(self, v: float) -> float:
        a = self._order
        _, second, logs = self._moments(self.cells.drawn_apart, v)
        if a == 0:
            nearer = exp(logs - self.budget)
        else:
            nearer = exp((_log_moment(self.divergence, self.budget) - (1 - a) * log(second)) / a)
        return self.cells.top + self.unit * exp(v) * (1 - nearer)


class _BoseEinstein(_Dual):
    """Jensen-Shannon: ``w = 1/(exp(l (c - X)) - 1)`` with ``l = e^-v/unit`` and the c of mass 1."""

    def _exponents(self, points: Points, v: float, near: float) -> Floats:
        """``l (c - X)``; e^near at the top."""
        exponents: Floats = exp(-v) * (self.cells.top - points.values) / self.unit + exp(near)
        return exponents

    def _near(self, v: float) -> float:
        """``log l (c - top)`` at the pole c of mass 1."""
        import numpy as np

        points = self.cells.drawn_together

        def lacking(near: float) -> float:
            with np.errstate(over="ignore"):
                return 1 - points.expect(1 / np.expm1(self._exponents(points, v, near)))

        return root(lacking)

    def _logs(self, points: Points, v: float, near: float) -> float:
        """``E log(1 - exp(-l (c - X)))``."""
        import numpy as np

        with np.errstate(under="ignore"):
            return points.expect(np.log(-np.expm1(-self._exponents(points, v, near))))

    def _distance(self, v: float, near: float) -> float:
        """``E l (c - X)`` under the weight."""
        import numpy as np

        points = self.cells.drawn_together
        exponents = self._exponents(points, v, near)
        with np.errstate(over="ignore"):
            return points.expect(exponents / np.expm1(exponents))

    def unspent(self, v: float) -> float:
        near = self._near(v)
        logs = self._logs(self.cells.drawn_together, v, near)
        return self.budget - (log(2) - (self._distance(v, near) - logs) / 2)

    def mean(self, v: float) -> float:
        near = self._near(v)
        length = self.unit * exp(v)
        return self.cells.top + length * (exp(near) - self._distance(v, near))

    def bound(self, v: float) -> float:
        near = self._near(v)
        logs = self._logs(self.cells.drawn_apart, v, near)
        paid = exp(near) + 2 * self.budget - 2 * log(2) - logs
        return self.cells.top + self.unit * exp(v) * paid


class _Step(_Dual):
    """Odds cap and total variation: all above a quantile is kept, and there is no search."""

    def _level(self) -> float:
        """The share of the lowest rewards that is left out."""
        return self.budget if isinstance(self.divergence, TotalVariation) else -expm1(-self.budget)

    def _kept(self, points: Points) -> float:
        """The mean: what is above the level, and what it frees."""
        import numpy as np

        level = self._level()
        ends = np.cumsum(points.masses)
        kept = np.clip(ends - level, 0.0, points.masses)
        above = float((kept * (points.values - self.cells.top)).sum())
        if isinstance(self.divergence, TotalVariation):
            return self.cells.top + above
        return self.cells.top + above / (1 - level)

    def unspent(self, v: float) -> float:
        raise NotImplementedError("the quantile is known")

    def mean(self, v: float) -> float:
        return self._kept(self.cells.drawn_together)

    def bound(self, v: float) -> float:
        return self._kept(self.cells.drawn_apart)

    def bracket(self) -> Bracket:
        return Bracket(self.mean(0.0), self.bound(0.0))


def _of_order(divergence: Divergence, budget: float, cells: CellLaw) -> _Dual:
    order = _order_of(divergence)
    kind = _Tilt if order == 1 else _AboveCut if order > 1 else _BelowPole
    return kind(divergence, budget, cells)


_DUALS: dict[type[Divergence], Callable[[Divergence, float, CellLaw], _Dual]] = {
    Power: _of_order,
    Renyi: _of_order,
    JensenShannon: _BoseEinstein,
    OddsCap: _Step,
    TotalVariation: _Step,
}


def _order_of(divergence: Divergence) -> float:
    assert isinstance(divergence, Power | Renyi)
    return float(divergence.order.p) / float(divergence.order.q)


def _log_moment(divergence: Divergence, budget: float) -> float:
    """The logarithm of the ``E w^a`` that spends a budget."""
    a = _order_of(divergence)
    if isinstance(divergence, Renyi):
        return (a - 1) * budget
    assert isinstance(divergence, Power)
    scale = float(divergence.scale.p) / float(divergence.scale.q)
    share = a * (a - 1) * budget / scale
    return log1p(share) if share > -1 else -inf


def root(rising: Callable[[float], float]) -> float:
    """Where a function that rises with a logarithm is 0; the end of the range if it never is."""
    from scipy.optimize import brentq

    here, value = 0.0, rising(0.0)
    # Towards 0, by doubling steps.
    step = 1.0 if value < 0 else -1.0
    while value != 0:
        there = min(max(here + step, NEAREST), FARTHEST)
        if there == here:
            return here
        beyond = rising(there)
        if (beyond > 0) != (value > 0):
            return float(brentq(rising, here, there, xtol=CLOSE, rtol=1e-14))
        here, value, step = there, beyond, 2 * step
    return here


def best_tilt(cells: CellLaw, budget: float) -> float | None:
    """The l, per unit of reward, whose tilt spends a KL budget; None where it buys the top."""
    if cells.low[0] == cells.top or budget >= price_of_top(cells, KL):
        return None
    dual = _Tilt(KL, budget, cells)
    return exp(-root(dual.unspent)) / dual.unit
