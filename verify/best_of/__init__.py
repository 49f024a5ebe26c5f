"""Best-of-n exactly: the best of n draws of ``U = X + V``, for independent X and V."""

from verify.best_of.pair import BestOfNumbers, BestOfPair, best_of

__all__ = ["BestOfNumbers", "BestOfPair", "best_of"]
