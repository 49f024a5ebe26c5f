"""Two normal laws: their sum is normal, and conditioning on it has a closed form."""

from __future__ import annotations

from dataclasses import dataclass

from flint import arb, fmpq

from verify.arithmetic import log_erfc
from verify.law import Law
from verify.laws.gaussian import normal_parameters
from verify.laws.special import mills


@dataclass(frozen=True)
class BothNormal:
    """``Pr(U > t)``, ``E[X | U > t]`` and ``E[V | U > t]``."""

    mass: arb
    mean_x: arb
    mean_v: arb

    def parts(self, centre_x: arb | None, centre_v: arb | None) -> list[arb]:
        """The mass, and ``E[X - x; U > t]`` and ``E[V - v; U > t]`` for the centres given."""
        pairs = (self.mean_x, centre_x), (self.mean_v, centre_v)
        means = [arb(0) if centre is None else mean - centre for mean, centre in pairs]
        return [self.mass, *(self.mass * mean for mean in means)]


def both_normal(error: Law, utility: Law, t: fmpq) -> BothNormal | None:
    """The answer in closed form; None where a law is not normal.

    With ``z = (t - E U)/s``, ``s^2 = Var U`` and R the Mills ratio,
    ``E[V | U > t] = E V + Var V/(s R(z))``.
    """
    one, other = normal_parameters(error), normal_parameters(utility)
    if one is None or other is None:
        return None
    spread = arb(one[1] ** 2 + other[1] ** 2).sqrt()
    z = (t - one[0] - other[0]) / spread
    mass = (log_erfc(z / arb(2).sqrt()) - arb.const_log2()).exp()
    gain = 1 / (spread * mills(z))
    return BothNormal(mass, one[0] + one[1] ** 2 * gain, other[0] + other[1] ** 2 * gain)
