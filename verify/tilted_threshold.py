"""Beyond the last tilt: a threshold on a tilt, for light laws on which no tilt spends the budget.

With ``D* = lim D(l)`` finite at the rate r, budgets above D* are not attained: the best mean is
``(eps + K(r))/r``, approached by tilting nearly to r and moving a little mass far out (Theorem 2).
Under a tilt by ``l < r`` close to r the tail is so nearly heavy that this costs little.
"""

from __future__ import annotations

from flint import arb, fmpq

from verify.assertion import ByTiltedThreshold, Target
from verify.decimals import rational, round_decimal
from verify.enclosure import Diverges, Undecided, ball, ball_of_decimal
from verify.law import Law
from verify.reweighted import reweight
from verify.tail_rates import Rate
from verify.weight import Location, Threshold, Tilt

#: How close to the rate the tilt is: l = r (1 - 2^-20).
CLOSENESS = fmpq(1, 2**20)
TILT_DIGITS = 20
MASS_DIGITS = 12
#: Thresholds that are tried: powers of 2 beyond the tilted mean.
DOUBLINGS = 24
#: Share of the budget left over that goes into overshooting the target.
OVERSHOOT = fmpq(1, 4)


def beyond_last_tilt(law: Law, target: Target, rate: Rate) -> list[ByTiltedThreshold]:
    """The threshold on a near-last tilt that reaches the target within the budget, if one does."""
    if rate is None or isinstance(rate, Diverges):
        return []
    tilt = round_decimal((ball(rate) * (1 - CLOSENESS)).mid(), TILT_DIGITS, up=False)
    exact_tilt = rational(tilt)
    tilted = reweight(law, Tilt(exact_tilt))
    log_mgf, mean, _ = law.cumulants(exact_tilt)
    goal, budget = ball_of_decimal(target.mean), ball_of_decimal(target.kl)
    # KL(P||Q) = KL(P||Q_l) + l E_P X - K(l): what is left once E_P X = M is paid for.
    left = budget - exact_tilt * goal + log_mgf
    if not left > 0:
        return []
    aim = goal + OVERSHOOT * left / exact_tilt
    for power in range(1, DOUBLINGS):
        t = fmpq(int((mean + 1).upper().ceil().unique_fmpz() or 1) * 2**power)
        weight = _mass_for(tilted, t, aim, mean)
        if weight is None:
            continue
        proposal = ByTiltedThreshold(law, target, weight, tilt)
        if proposal.holds(proposal.numbers()):
            return [proposal]
    return []


def _mass_for(law: Law, t: fmpq, aim: arb, mean: arb) -> Threshold | None:
    """The threshold at t whose mass gives the mean ``aim``."""
    q, above = law.survival(t), law.tail_mean(t)
    if isinstance(above, Diverges):
        raise Undecided(f"the tail mean of {law}")
    p = q + (aim - mean) * (1 - q) / (above - mean)
    if not (p > q and p < 1):
        return None
    location = Location(t=round_decimal(arb(t), 20, up=True))
    return Threshold(location, round_decimal(p.mid(), MASS_DIGITS, up=True))
