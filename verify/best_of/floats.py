"""Best-of-n in float64, for many n at once: for pictures and for searches. Nothing is certified.

The law of U comes from the certified expansions, rounded; what is left is one pass over the n.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, NamedTuple

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

    table = _table(pair)
    n = np.asarray(draws, dtype=np.float64)
    with np.errstate(divide="ignore"):
        log_rank = np.log1p(-np.minimum(table.survival, 1.0))
        weight = n[:, None] * np.exp((n[:, None] - 1) * log_rank)
    # The mass of the ends under the best of n; there V and X are alike for any weight.
    right, left = -np.expm1(n * np.log1p(-table.above)), table.below**n
    of_v, of_x = (
        weight @ table.rows[k] + right * table.right[k] + left * table.left[k] for k in range(2)
    )
    return of_v, of_x


class _Table(NamedTuple):
    """``Pr(U > t)`` at points, and the parts of ``E V`` and of ``E X`` that they stand for.

    And for either end ``Pr(U > t)`` or ``Pr(U <= t)``, and the means of V and X there.
    """

    survival: Floats
    rows: Floats
    above: float
    right: list[float]
    below: float
    left: list[float]


def _table(pair: BestOfPair) -> _Table:
    """All that a mean is made of."""
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
        last, bottom = ranks.steps[0], ranks.bottom
        beyond = float(last.above)
        ends = [float(part) / beyond if beyond > 0 else 0.0 for part in (last.of_v, last.of_x)]
        below = 0.0 if bottom is None else float(bottom.mass)
        means = [0.0, 0.0] if bottom is None else [float(mean) for mean in bottom.means]
    parts = np.array([np.concatenate(of_v), np.concatenate(of_x)])
    return _Table(np.concatenate(survival), parts, beyond, ends, below, means)
