"""What a copula is: the law of a pair of ranks, each uniform by itself.

Every pair of random variables with continuous laws is its two laws and one copula (Sklar). A copula
here is known by its conditional distribution ``h(u | v) = Pr(U <= u | V = v)``, a map from ranks to
ranks; by that map's inverse, which draws samples; and by numbers that say how strong the
dependence is.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import TYPE_CHECKING, Any

from flint import arb

from verify.ranks import Rank, RankArithmetic, uniform_ranks

if TYPE_CHECKING:
    import numpy as np

#: Ranks in float64 arrays.
Floats = Rank[Any]


class Copula(ABC):
    """The joint law of two ranks (U, V). Immutable; ``str(copula)`` is text that parses back."""

    #: Whether there is a density; without one V determines U.
    has_density = True

    @abstractmethod
    def conditional(self, u: Rank[Any], v: Rank[Any], arithmetic: RankArithmetic[Any]) -> Rank[Any]:
        """The rank of U under its law given V: ``h(u | v)`` and ``1 - h(u | v)``."""

    @abstractmethod
    def inverse(self, level: Floats, v: Floats) -> Floats:
        """The u with ``h(u | v)`` at the level given, in float64."""

    @abstractmethod
    def log_density(self, u: Rank[Any], v: Rank[Any], arithmetic: RankArithmetic[Any]) -> Any:
        """The logarithm of the density at (u, v)."""

    @abstractmethod
    def tau(self) -> arb:
        """Kendall's rank correlation, ``4 E C(U, V) - 1``."""

    @abstractmethod
    def tail_dependence(self) -> tuple[arb, arb]:
        """The limits of ``Pr(U < q | V < q)`` and ``Pr(U > 1 - q | V > 1 - q)`` as q falls to 0."""

    def swapped(self) -> Copula:
        """The copula of (V, U); all but the one-sided negations are their own."""
        return self

    def sample(self, size: int, rng: np.random.Generator) -> tuple[Floats, Floats]:
        """Independent draws of (U, V)."""
        v = uniform_ranks(size, rng)
        return self.inverse(uniform_ranks(size, rng), v), v
