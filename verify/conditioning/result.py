"""What ``U > t`` says of an error X, a utility V and their sum U."""

from __future__ import annotations

from dataclasses import dataclass

from flint import arb

from verify.enclosure import Diverges, Number, Undecided


@dataclass(frozen=True)
class Conditioned:
    """What ``U > t`` says, ``U = X + V``.

    Attributes
    ----------
    mass : arb
        ``Pr(U > t)``; it may be far below the smallest float64.
    mean_v : arb or Diverges
        ``E[V | U > t]``.
    mean_x : arb, Diverges or None
        ``E[X | U > t]``; None where it was not asked for.
    rest : arb or None
        ``Pr(U <= t)``, where it is small; None where it was not asked for.
    """

    mass: arb
    mean_v: Number
    mean_x: Number | None = None
    rest: arb | None = None

    @property
    def mean(self) -> arb:
        """``E[V | U > t]``, a ball.

        Raises
        ------
        Undecided
            If it is infinite.
        """
        if isinstance(self.mean_v, Diverges):
            raise Undecided(f"E[V | U > t] is {self.mean_v}: {self.mean_v.because}")
        return self.mean_v

    @property
    def part(self) -> arb:
        """``E[V; U > t]``, a ball; raises as :attr:`mean` does."""
        return self.mean * self.mass

    @property
    def log_mass(self) -> arb:
        """``log Pr(U > t)``."""
        return self.mass.log() if self.rest is None else (-self.rest).log1p()

    @property
    def kl(self) -> arb:
        """The divergence that conditioning costs, ``-log Pr(U > t)``."""
        return -self.log_mass

    @property
    def mean_u(self) -> Number | None:
        """``E[U | U > t]``; None where that of X was not asked for."""
        x, v = self.mean_x, self.mean_v
        if x is None:
            return None
        if isinstance(x, arb):
            return x + v if isinstance(v, arb) else v
        if isinstance(v, Diverges) and v.sign != x.sign:
            return Diverges(0, f"{x.because}; {v.because}")
        return x
