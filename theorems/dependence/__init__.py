"""Dependence: what becomes of the utility where the error is not independent of it.

**In print.** A footnote: with ``V ~ N(0, 1)`` and, given V = v, ``X ~ N(0, 4)`` where ``|v| <= 1``
and X = 0 elsewhere, ``E[V | X + V >= t]`` tends to 0.

**Verdict.** False: it tends to 1. With variance ``(2 - |v|)^2`` on the block it tends to 0.

**The idea.** Far out, ``X + V >= t`` happens where the error needs the least of its standard
deviations: ``(t - v)/2`` is least at v = 1, and ``(t - v)/(2 - |v|)`` at v = 0. V ends up there.

**Beyond the footnote** (ours). The slope of ``E_l V`` along the tilts is the covariance of U and V
under the tilt, so optimisation does harm at once iff ``Cov(X, V) < -Var V``. And where X and V are
independent with two heavy tails, any pair of means is within reach at any KL.

From top to bottom: :mod:`.symbols`, :mod:`.footnote` (the numbers), :mod:`.limits_of_blocks` (the
limits), :mod:`.covariance`, :mod:`.two_tails`, :mod:`.sweep` (copulas, swept in strength).
"""

from __future__ import annotations

from theorems.dependence import covariance, footnote, sweep, two_tails
from verify.claim import Claim

CLAIMS: tuple[Claim, ...] = (
    *footnote.CLAIMS,
    *covariance.CLAIMS,
    *two_tails.CLAIMS,
    *sweep.CLAIMS,
)
