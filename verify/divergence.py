"""Divergences between a reweighted law P and its base Q."""

from __future__ import annotations

from flint import arb


def binary_kl(p: arb, log_q: arb, log_not_q: arb) -> arb:
    """``kl(p, q) = p log(p/q) + (1-p) log((1-p)/(1-q))`` with q given by its logarithms.

    Parameters
    ----------
    p : arb
        A probability in [0, 1].
    log_q, log_not_q : arb
        ``log q`` and ``log(1 - q)``. Both are asked for because q may be far below the smallest
        number that a ball of ``1 - q`` could tell from 1, or as close to 1.
    """
    total = arb(0)
    if not p == 0:
        total += p * (p.log() - log_q)
    if not p == 1:
        total += (1 - p) * ((-p).log1p() - log_not_q)
    return total
