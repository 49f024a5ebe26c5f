"""How fast the tails of a law decay: exactly, or not known and why."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache, lru_cache

from verify.enclosure import INFINITE, Diverges, Exact

#: An exact rate in [0, oo], or None where it is not known or does not exist.
Rate = Exact | Diverges | None


@dataclass(frozen=True)
class TailRates:
    """How fast one tail decays.

    Attributes
    ----------
    abscissa : exact number, Diverges or None
        ``sup{l >= 0 : E exp(l X) < oo}`` (for the left tail: of ``-X``). 0 means heavy.
    decay : exact number, Diverges or None
        The ``g`` in [0, oo] with ``Q(X > t + s)/Q(X > t) -> exp(-g s)`` for every s.
    abscissa_because, decay_because : str
        Why; in particular why a value is None.
    """

    abscissa: Rate
    decay: Rate
    abscissa_because: str
    decay_because: str

    @classmethod
    def heavy(cls, because: str) -> TailRates:
        """A long tail that is heavier than every exponential."""
        return cls(0, 0, because, because)

    @classmethod
    @lru_cache
    def exponential(cls, rate: Exact, because: str) -> TailRates:
        """A tail like ``exp(-rate t)`` up to slower factors."""
        return cls(rate, rate, because, because)

    @classmethod
    @cache
    def superexponential(cls, because: str) -> TailRates:
        """A tail lighter than every exponential."""
        return cls(INFINITE, INFINITE, because, because)

    @classmethod
    @cache
    def bounded(cls) -> TailRates:
        """No tail at all beyond a point."""
        because = "the support ends there, so Q(X > t + s)/Q(X > t) is 0/0"
        return cls(INFINITE, None, "bounded on this side", because)

    @classmethod
    def lattice(cls, abscissa: Rate, because: str) -> TailRates:
        """Atoms on a lattice: the ratio of tails oscillates inside each cell, so no decay rate."""
        return cls(abscissa, None, because, "lattice law: the ratio of tails oscillates")
