"""Best-of-n: the best of n draws of ``U = X + V``, for independent X and V.

Exactly (:mod:`.pair`), by sampling (:mod:`.monte_carlo`), and, where the laws are not known, from
scored samples (:mod:`.estimate`).
"""

from verify.best_of.pair import BestOfNumbers, BestOfPair, best_of

__all__ = ["BestOfNumbers", "BestOfPair", "best_of"]
