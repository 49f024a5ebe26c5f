"""Float64 draws from a tail, by inverting the law's own log-survival function.

A draw beyond ``low`` is the point x at which ``H(x) = log Q(X > low) - log Q(X > x)`` first reaches
an exponential variable e. H is evaluated in balls, so far tails are no harder than near ones, and
the point is sought as ``log(x - low)``, in which it is smooth and of moderate size. Many draws
share their work: panels of the curve ``log e -> log(x - low)`` are interpolated by polynomials, and
an interpolation is used only where it is found right at points in between.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from functools import cache
from typing import TYPE_CHECKING, Any

from flint import arb

from verify.enclosure import Undecided, working_precision
from verify.errors import InputError

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

#: Correct bits asked of H, and the precision at which that is first tried and last given up.
ACCURATE_BITS = 44
FIRST_BITS, LAST_BITS = 128, 1 << 16

#: ``log(x - low)`` of float64 numbers lies in here.
LEAST_LOG, LARGEST_LOG = -745.0, math.log(1.7976931348623157e308)

#: Relative error of a tail probability that interpolation may make.
TOLERANCE = 1e-9
#: Fewer draws than this are solved for one by one; panels have this many nodes.
FEW_DRAWS = 24
NODES = 12


class SamplingError(InputError):
    """Draws that cannot be had; the message is one line."""


class Inverter:
    """Inverts ``H(x) = log_mass() - log_tail(x)`` for x > low, where log_tail falls.

    Parameters
    ----------
    log_tail : callable
        ``log Q(X > x)`` in balls at the working precision.
    low, log_mass : callable
        The point to start from, and the log of the mass beyond it, at the working precision.
    what : str
        The law, for messages.
    """

    def __init__(
        self,
        log_tail: Callable[[arb], arb],
        low: Callable[[], arb],
        log_mass: Callable[[], arb],
        what: str,
    ) -> None:
        self.log_tail, self.low, self.log_mass, self.what = log_tail, low, log_mass, what
        self.bits = FIRST_BITS

    def height(self, s: float) -> float:
        """``log H(low + exp(s))``; -inf where no mass lies in between, +inf where all does."""
        while True:
            with working_precision(self.bits):
                left = self.log_tail(self.low() + arb(s).exp())
                if left == arb.neg_inf():
                    return math.inf
                gone = self.log_mass() - left
                if gone == 0:
                    return -math.inf
                if gone.is_finite() and gone.rel_accuracy_bits() >= ACCURATE_BITS:
                    return float(gone.log()) if gone > 0 else -math.inf
            if self.bits >= LAST_BITS:
                # A ball about 0: no mass that any precision in reach can see.
                if abs(gone) < arb(2) ** -ACCURATE_BITS:
                    return -math.inf
                raise Undecided(f"the tail of {self.what} is not known well enough to draw from it")
            self.bits *= 2

    def solve(self, goal: float, guess: float) -> float:
        """The least s, nearly, with ``height(s) >= goal``."""
        low, high, at_low, at_high = self._bracket(goal, guess)
        side = 0
        for _ in range(200):
            width = high - low
            if width <= 1e-14 * max(1.0, abs(low), abs(high)) or at_high <= TOLERANCE * 1e-2:
                break
            # Regula falsi with halving (Illinois), kept off the ends; bisection where it is no use.
            middle = (low + high) / 2
            if math.isfinite(at_low) and math.isfinite(at_high):
                falsi = high - width * at_high / (at_high - at_low)
                middle = min(max(falsi, low + 0.001 * width), high - 0.001 * width)
            value = self.height(middle) - goal
            if value >= 0:
                high, at_high = middle, value
                at_low = at_low / 2 if side > 0 else at_low
                side = 1
            else:
                if value >= -TOLERANCE * 1e-2:
                    return middle
                low, at_low = middle, value
                at_high = at_high / 2 if side < 0 else at_high
                side = -1
        return high

    def _bracket(self, goal: float, guess: float) -> tuple[float, float, float, float]:
        guess = min(max(guess, LEAST_LOG), LARGEST_LOG)
        value, step = self.height(guess) - goal, 0.25
        low = high = guess
        at_low = at_high = value
        while at_high < 0:
            if high >= LARGEST_LOG:
                raise SamplingError(f"draws of {self.what} exceed the largest float64, 1.8e308")
            low, at_low = high, at_high
            high = min(high + step, LARGEST_LOG)
            at_high = self.height(high) - goal
            step *= 2
        step = 0.25
        while at_low >= 0 and low > LEAST_LOG:
            high, at_high = low, at_low
            low = max(low - step, LEAST_LOG)
            at_low = self.height(low) - goal
            step *= 2
        return low, high, at_low, at_high

    # ---- many at once -----------------------------------------------------------------------

    def solve_all(self, goals: NDArray[np.float64]) -> NDArray[np.float64]:
        """``solve`` for an increasing array of goals."""
        import numpy as np

        result = np.empty_like(goals)
        if len(goals):
            guess = self.solve(float(goals[0]), 0.0)
            self._fill(goals, result, 0, len(goals), guess)
        return result

    def _fill(
        self,
        goals: NDArray[np.float64],
        result: NDArray[np.float64],
        start: int,
        end: int,
        guess: float,
    ) -> float:
        """Solve for ``goals[start:end]``; returns the last solution, the next guess."""
        if end - start <= FEW_DRAWS:
            for k in range(start, end):
                guess = result[k] = self.solve(float(goals[k]), guess)
            return guess
        first, last = float(goals[start]), float(goals[end - 1])
        panel = self._panel(first, last, guess)
        if panel is not None:
            result[start:end] = panel(goals[start:end])
            return float(result[end - 1])
        import numpy as np

        middle = start + int(np.searchsorted(goals[start:end], (first + last) / 2))
        middle = min(max(middle, start + 1), end - 1)
        guess = self._fill(goals, result, start, middle, guess)
        return self._fill(goals, result, middle, end, guess)

    def _panel(self, first: float, last: float, guess: float) -> Callable[[Any], Any] | None:
        """The solution over ``[first, last]`` as a polynomial, if it is one well enough."""
        import numpy as np

        nodes, between = _chebyshev()
        half, middle = (last - first) / 2, (last + first) / 2
        values = np.empty(len(nodes))
        for k, node in enumerate(nodes):
            guess = values[k] = self.solve(middle + half * node, guess)
        if values[0] == values[-1]:  # an atom
            return lambda goals: np.full(len(goals), values[0])
        if values[-1] - values[0] > 40:  # too far for one polynomial
            return None
        coefficients = np.polynomial.chebyshev.chebfit(nodes, values, len(nodes) - 1)

        def panel(goals: Any) -> Any:
            place = (goals - middle) / half if half else goals * 0.0
            return np.polynomial.chebyshev.chebval(place, coefficients)

        for place in between:
            goal = middle + half * place
            # height is log H: its error is the relative error of H, and H <= 1 or so matters most.
            error = abs(self.height(float(panel(goal))) - goal) * max(1.0, math.exp(min(goal, 50)))
            if not error <= TOLERANCE:
                return None
        return panel


@cache
def _chebyshev() -> tuple[tuple[float, ...], tuple[float, ...]]:
    """Interpolation nodes on [-1, 1] with both ends, and points in between to check at."""
    angles = [math.pi * k / (NODES - 1) for k in range(NODES)]
    nodes = tuple(-math.cos(angle) for angle in angles)
    between = tuple(-math.cos((k + 0.5) * math.pi / (NODES - 1)) for k in range(0, NODES - 1, 2))
    return nodes, between
