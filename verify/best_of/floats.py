"""Best-of-n in float64, for many n at once: for pictures and for searches. Nothing is certified.

The law of U comes from the certified expansions, rounded; what is left is one pass over the n.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from verify.best_of.pair import BestOfPair
from verify.best_of.ranks import Part
from verify.enclosure import Undecided, working_precision

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    Floats = NDArray[np.float64]

#: Points of a rule on each interval, and parts that each is cut into: the weight of the best of n
#: falls from its height to nothing within a few e-folds of ``Pr(U > t)``.
POINTS, PARTS = 8, 4


def best_of_floats(pair: BestOfPair, draws: Sequence[int]) -> tuple[Floats, Floats]:
    """About ``E V`` and ``E X`` under the best of n, for each n of 2 or more.

    Parameters
    ----------
    pair : BestOfPair
        The pair, whose law is expanded if it is not yet.
    draws : sequence of int
        The n.

    Returns
    -------
    tuple of numpy.ndarray
        The two means, in the order of the n; about 8 digits of the larger of them and 1.
    """
    import numpy as np

    survival, rows = _table(pair)
    n = np.asarray(draws, dtype=np.float64)[:, None]
    with np.errstate(divide="ignore"):
        weight = n * np.exp((n - 1) * np.log1p(-np.minimum(survival, 1.0)))
    return weight @ rows[0], weight @ rows[1]


def _table(pair: BestOfPair) -> tuple[Floats, Floats]:
    """``Pr(U > t)`` at points, and the parts of ``E V`` and of ``E X`` that they stand for."""
    import numpy as np
    from numpy.polynomial import polynomial

    nodes, weights = np.polynomial.legendre.leggauss(POINTS)
    edges = np.linspace(-1, 1, PARTS + 1)
    half = 1 / PARTS
    y = np.concatenate([edges[k] + half * (1 + nodes) for k in range(PARTS)])
    shares = np.tile(weights * half, PARTS)
    survival, of_v, of_x = [], [], []
    with working_precision(96):
        ranks = pair.ranks
        for step in ranks.steps:
            if not isinstance(step.piece, Part):
                raise Undecided("U has atoms, or the cells of a lattice: use BestOfPair.at")
            panel = step.piece.panel
            above, v, x = (
                np.array([float(c) for c in p.coeffs()] or [0.0])
                for p in (panel.above, panel.of_v, panel.of_x)
            )
            survival.append(float(step.above) + polynomial.polyval(y, above))
            of_v.append(polynomial.polyval(y, v) * shares)
            of_x.append(polynomial.polyval(y, x) * shares)
        last = ranks.steps[0]
        survival.append(np.array([float(last.above)]))
        of_v.append(np.array([float(last.of_v)]))
        of_x.append(np.array([float(last.of_x)]))
    parts = np.array([np.concatenate(of_v), np.concatenate(of_x)])
    return np.concatenate(survival), parts
