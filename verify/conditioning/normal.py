"""Two normal laws: their sum is normal, and conditioning on it has a closed form."""

from __future__ import annotations

from flint import arb, fmpq

from verify.arithmetic import log_erfc
from verify.conditioning.result import Conditioned
from verify.law import Law
from verify.laws.gaussian import normal_parameters
from verify.laws.special import mills


def both_normal(error: Law, utility: Law, t: fmpq) -> Conditioned | None:
    """The answer in closed form; None where a law is not normal.

    With ``z = (t - E U)/s``, ``s^2 = Var U`` and R the Mills ratio,
    ``E[V | U > t] = E V + Var V/(s R(z))``.
    """
    one, other = normal_parameters(error), normal_parameters(utility)
    if one is None or other is None:
        return None
    spread = arb(one[1] ** 2 + other[1] ** 2).sqrt()
    z = (t - one[0] - other[0]) / spread
    mass = (log_erfc(z / arb(2).sqrt()) - arb(2).log()).exp()
    gain = 1 / (spread * mills(z))
    return Conditioned(mass, other[0] + other[1] ** 2 * gain, one[0] + one[1] ** 2 * gain)
