"""The staircase: a law whose tail is heavy along some thresholds and light along others.

``Q(X > t) = exp(-rate x_k^power)`` for ``x_k <= t < x_{k+1}``, with ``x_0 = 2`` and
``x_{k+1} = x_k^2``. It is a list of atoms at the ``x_k``. It is not in the parsed catalogue:
theorems use it to tell a limit along all t from a limit along some of them.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

from flint import arb, arb_series, ctx, fmpq

from verify.enclosure import INFINITE, Number, Undecided, ball
from verify.law import Bound, Law, Point
from verify.laws.parameters import SHAPE, Domain, Parametric, parameter
from verify.series import Moments, log_series
from verify.tail_rates import TailRates

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

#: Steps on which a point is looked for; x_40 has 3e11 digits.
MOST_STEPS = 40
#: Atoms that sums go through; the sums below converge long before.
MOST_ATOMS = 12

#: With ``L_k = rate x_k^power`` this gives L_{k+1} = L_k x_k^power >= 4 L_k for k >= 1, by which
#: the rests of the sums below are bounded.
POWER = Domain("a number from 1 to 10", lambda value: 1 <= value <= 10)


def corner(k: int) -> fmpq:
    """``x_k = 2^(2^k)``."""
    return fmpq(2 ** (2**k))


@dataclass(frozen=True)
class Staircase(Parametric, Law):
    """``Q(X > t) = exp(-rate x_k^power)`` on ``[x_k, x_{k+1})``: heavy iff power < 2."""

    name: ClassVar[str] = "staircase"
    rate: fmpq = parameter(SHAPE, default=1)
    power: fmpq = parameter(POWER, default=fmpq(3, 2))

    @property
    def support(self) -> tuple[Bound, Bound]:
        return corner(0), INFINITE

    @property
    def right_tail(self) -> TailRates:
        # -log Q(X > t)/t is least just below x_{k+1} = x_k^2, where it is rate x_k^(power - 2).
        no_decay = "Q(X > t + s)/Q(X > t) is 1 inside a step and 0 in the limit across a corner"
        least = "-log Q(X > t)/t is least just below x_k^2, where it is rate x_k^(power - 2)"
        abscissa = 0 if self.power < 2 else self.rate if self.power == 2 else INFINITE
        return TailRates(abscissa, None, least, no_decay)

    @property
    def left_tail(self) -> TailRates:
        return TailRates.bounded()

    @property
    def has_atoms(self) -> bool:
        return True

    # ---- tails ------------------------------------------------------------------------------

    def _log_step(self, k: int) -> arb:
        """``log Q(X > t)`` on step k; step -1 lies below the support."""
        if k < 0:
            return arb(0)
        # x_k as a power of two with an exponent: exact, however large.
        return -self.rate * (arb(2).log() * (arb(2) ** k) * self.power).exp()

    def _steps(self, t: Point, closed: bool) -> tuple[int, int]:
        """The first and last step that a point may lie on; ``closed`` looks just below it."""
        x = ball(t)
        first = last = -1
        for k in range(MOST_STEPS):
            x_k = arb(2) ** (arb(2) ** k)
            passed = x > x_k if closed else x >= x_k
            maybe = passed or not (x <= x_k if closed else x < x_k)
            if not maybe:
                return first, last
            first, last = (k if passed else first), k
        raise Undecided(f"the staircase is known up to 2^(2^{MOST_STEPS})")

    def log_survival(self, t: Point, closed: bool = False) -> arb:
        first, last = self._steps(t, closed)
        return self._log_step(first).union(self._log_step(last))

    def log_cdf(self, t: Point, open: bool = False) -> arb:
        first, last = self._steps(t, closed=open)
        low, high = (_log_complement(self._log_step(k)) for k in (first, last))
        return low if first == last else low.union(high)

    def _mass_of(self, k: int) -> arb:
        """``Q(X = x_k)``."""
        return self._log_step(k - 1).exp() - self._log_step(k).exp()

    def mass_at(self, t: Point) -> arb:
        first, last = self._steps(t, closed=False)
        if isinstance(t, fmpq | int):
            return self._mass_of(last) if last >= 0 and t == corner(last) else arb(0)
        below = self._steps(t, closed=True)
        if below == (first, last) and first == last:
            return arb(0)
        raise Undecided(f"is {t.str(8)} a corner of the staircase?")

    def atoms(self) -> Iterator[tuple[fmpq, arb]]:
        k = 0
        while True:
            yield corner(k), self._mass_of(k)
            k += 1

    # ---- means ------------------------------------------------------------------------------

    def mean(self) -> Number:
        return corner(0) + self._integral(0)

    def upper_mean(self, t: Point) -> Number:
        first, last = self._steps(t, closed=False)
        if first != last:
            raise Undecided("a partial mean at a point that may be a corner")
        if first < 0:
            return self.mean()
        # The atoms above t begin at the next corner: E[X; X > t] = x_{k+1} Q(X > t) + the rest.
        return corner(first + 1) * self._log_step(first).exp() + self._integral(first + 1)

    def _integral(self, start: int, unit: int = -1) -> arb:
        """The integral of Q(X > .) above ``x_start``, in units of what it is on step ``unit``."""
        scale = self._log_step(unit)
        total = arb(0)
        for k in range(start, MOST_ATOMS):
            total += (corner(k + 1) - corner(k)) * (self._log_step(k) - scale).exp()
            rest = corner(k + 2) * (self._log_step(k + 1) - scale).exp()
            if -self._log_step(k + 1) > 4 * ctx.prec + arb(corner(k + 2)).log():
                # Each later term is less than half the one before: log x_{j+1} only doubles.
                return total + arb(0).union(2 * rest.upper())
        raise Undecided(f"the mean of {self} converges too late")

    def tail_mean(self, t: Point) -> Number:
        first, last = self._steps(t, closed=False)
        if first != last or first < 0:
            return super().tail_mean(t)
        return corner(first + 1) + self._integral(first + 1, unit=first)

    # ---- exponential moments ----------------------------------------------------------------

    def cumulant_series(self, tilt: arb) -> arb_series:
        return log_series(self.exponential_moments(tilt))

    def exponential_moments(
        self, tilt: arb, low: fmpq | None = None, high: fmpq | None = None
    ) -> Moments:
        """By summing atoms; without an upper limit only for ``l <= 0``."""
        if high is None and not tilt <= 0:
            raise Undecided(f"exponential moments of {self} above 0 by summing atoms")
        totals = [arb(0), arb(0), arb(0)]
        for k in range(MOST_ATOMS):
            x = corner(k)
            if high is not None and x > high:
                return totals[0], totals[1], totals[2]
            if low is None or x > low:
                weight = self._mass_of(k) * (tilt * x).exp()
                for order in range(3):
                    totals[order] += weight * arb(x) ** order
            if high is None and -self._log_step(k) > 4 * ctx.prec + 8 * arb(x).log():
                # Above x_k: x^2 exp(l x) <= x^2, and each term is less than half the one before.
                rest = 2 * arb(corner(k + 1)) ** 2 * self._log_step(k).exp()
                ends = arb(0).union(rest.upper())
                return totals[0] + ends, totals[1] + ends, totals[2] + ends
        raise Undecided(f"exponential moments of {self} need too many atoms")

    # ---- samples ----------------------------------------------------------------------------

    def sample(self, size: int, rng: np.random.Generator) -> NDArray[np.float64]:
        import numpy as np

        corners = np.array([float(int(corner(k).p)) for k in range(10)])  # x_10 exceeds float64
        levels = np.array([float((-self._log_step(k)).mid()) for k in range(9)])
        # X = x_k where the level of step k is the first above an exponential variable.
        draws: NDArray[np.float64] = corners[np.searchsorted(levels, rng.exponential(size=size))]
        return draws


def _log_complement(log_p: arb) -> arb:
    """``log(1 - p)``; -inf where p is exactly 1."""
    return arb.neg_inf() if log_p == 0 else (-log_p.exp()).log1p()
