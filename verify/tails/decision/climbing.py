"""The maximum of a likelihood in two parameters, by Newton steps that only go up."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    Floats = NDArray[np.float64]

#: A step that promises less than this in the log-likelihood ends the climb: twice that is a
#: thousandth of what moves a likelihood-ratio statistic of 2 in its third digit.
ENOUGH = 1e-6
#: No parameter moves further than this in one step; both are logarithms or shapes.
LONGEST = 2.0
MOST_STEPS = 80


def climb(
    value: Callable[[Floats], float],
    slopes: Callable[[Floats], tuple[Floats, Floats]],
    start: tuple[float, float],
    free: tuple[bool, bool] = (True, True),
) -> tuple[Floats, float]:
    """The parameters at the top, and the value there.

    Parameters
    ----------
    value : callable
        The log-likelihood; ``-inf`` where the parameters are not allowed.
    slopes : callable
        Its gradient, shape (2,), and its Hessian, shape (2, 2).
    start : pair of floats
        Where it is finite.
    free : pair of bools, optional
        Which parameters may move.
    """
    import numpy as np

    moving = np.array(free)
    at = np.array(start, dtype=np.float64)
    best = value(at)
    for _ in range(MOST_STEPS):
        gradient, hessian = slopes(at)
        step = np.zeros(2)
        step[moving] = _uphill(gradient[moving], hessian[np.ix_(moving, moving)])
        if not gradient @ step > ENOUGH:
            break
        step *= min(1.0, LONGEST / float(np.abs(step).max()))
        at, reached = _as_far_as_it_rises(value, at, step, best)
        if not reached > best:
            break
        best = reached
    return at, best


def _uphill(gradient: Floats, hessian: Floats) -> Floats:
    """Newton's step, with the curvature taken as downwards in every direction."""
    import numpy as np

    curvature, directions = np.linalg.eigh(-hessian)
    steep = np.maximum(np.abs(curvature), 1e-4 * np.abs(curvature).max(initial=1e-300))
    step: Floats = directions @ ((directions.T @ gradient) / steep)
    return step


def _as_far_as_it_rises(
    value: Callable[[Floats], float], at: Floats, step: Floats, best: float
) -> tuple[Floats, float]:
    """The step, halved until the value is higher; where it started if that never is so."""
    for _ in range(40):
        there = at + step
        reached = value(there)
        if reached > best:
            return there, reached
        step = step / 2
    return at, best
