"""Beyond the last tilt: a threshold on a tilt, for light laws on which no tilt spends the budget.

With ``D* = lim D(l)`` finite at the rate r, budgets above D* are not attained: the best mean is
``(eps + K(r))/r``, approached by tilting nearly to r and moving a little mass far out (Theorem 2).
Under a tilt by ``l < r`` close to r the tail is so nearly heavy that this costs little.
"""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal

from flint import arb, fmpq

from verify.assertion import ByTiltedThreshold, Target
from verify.decimals import rational, round_decimal
from verify.divergence import binary_kl
from verify.enclosure import (
    Diverges,
    Exact,
    Undecided,
    ball,
    ball_of_decimal,
    working_precision,
)
from verify.law import Law
from verify.reweighted import ThresholdReweighted, reweight
from verify.tail_rates import Rate
from verify.tilt_frontier import AIM, LEAST_RETREAT, Bounds, size_of
from verify.weight import Location, Threshold, Tilt

#: How close to the rate the tilt is: l = r (1 - 2^-20).
CLOSENESS = fmpq(1, 2**20)
TILT_DIGITS = 20
MASS_DIGITS = 24
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


# ---- the frontier -------------------------------------------------------------------------------

#: Where nothing can be had at the rate itself the tilt is next to it: l = r (1 - 2^-60).
FRONTIER_CLOSENESS = fmpq(1, 2**60)
#: Thresholds that are tried: powers of 2, far out.
FIRST_POWER, LAST_POWER, STRIDE = 16, 400, 4
#: Share of the gap that may go into moving mass to the threshold.
MOVING_SHARE = fmpq(1, 4)
FRONTIER_BITS = 128
#: Bits of a first look: an integral of so few takes a tenth of the time.
PROBE_BITS = 24
NEWTON_STEPS = 8


def by_tilted_threshold(law: Law, rate: Rate, budget: fmpq, at_rate: bool) -> Bounds | None:
    """The frontier past D*: a threshold on the tilt by the rate, or on one next to it.

    Parameters
    ----------
    law : Law
        The law.
    rate : fmpq, Formula, Diverges or None
        Where its tilts end, or a guess at it.
    budget : fmpq
        d.
    at_rate : bool
        Whether the tilt is by the rate itself, where only some laws have cumulants; there D* is
        known, and with it that no tilt attains S, if the rate is the MGF abscissa.

    Returns
    -------
    Bounds or None
        None where there is no such tilt, or it spends the budget.
    """
    if rate is None or isinstance(rate, Diverges):
        return None
    tilt = last_tilt(rate, at_rate)
    if _clearly_spends(law, tilt, budget):
        return None
    with working_precision(FRONTIER_BITS):
        try:
            log_mgf, mean, _ = law.cumulants(tilt)
        except Undecided:
            return None
        total = budget + log_mgf
        if not (mean.is_finite() and tilt * mean < total):
            return None
        bounds = _on_tilt(law, tilt, mean, total)
        if bounds is None:
            return None
        # The rate may be a guess. Were the MGF finite beyond it, a tilt might spend it all.
        known = at_rate and tilt == law.mgf_abscissa
        return replace(bounds, attained=False if known else None)


def last_tilt(rate: Exact, at_rate: bool) -> fmpq:
    """The rate, or a tilt next to it."""
    with working_precision(FRONTIER_BITS):
        return (ball(rate) * (1 - (fmpq(0) if at_rate else FRONTIER_CLOSENESS))).mid().fmpq()


def _clearly_spends(law: Law, tilt: fmpq, budget: fmpq) -> bool:
    """Whether few bits do to see that the tilt spends more than the budget."""
    with working_precision(PROBE_BITS):
        try:
            log_mgf, mean, _ = law.cumulants(tilt)
        except Undecided:
            return False
        return bool(tilt * mean - log_mgf > budget)


def _on_tilt(law: Law, tilt: fmpq, mean: arb, total: arb) -> Bounds | None:
    """Both sides from one tilt, where ``total = d + K(l)`` and ``mean = K'(l)``."""
    upper = total / tilt
    size = size_of(law, upper)
    tilted = reweight(law, Tilt(tilt))
    for power in range(FIRST_POWER, LAST_POWER, STRIDE):
        t = fmpq(2) ** power
        # Mass (S - m)/t out at t costs about -log Q_l(X > t) times that.
        log_tail = law.log_survival(t) + tilt * arb(t)
        if not (upper - mean) / arb(t) * (1 + abs(log_tail)) < MOVING_SHARE * AIM * size * tilt:
            continue
        achieving = _spending(tilted, t, tilt, total, mean)
        lower = None if achieving is None else achieving.mean()
        if achieving is None or not isinstance(lower, arb):
            return None
        # The chain rule: KL(P||Q) = KL(P||Q_l) + l E_P X - K(l).
        within = achieving.kl() + tilt * lower <= total
        if within and upper - lower < AIM * size:
            return Bounds(lower, upper, tilt, tilt, achieving, None, True)
    return None


def _spending(law: Law, t: fmpq, tilt: fmpq, total: arb, mean: arb) -> ThresholdReweighted | None:
    """The threshold at t on a tilted law whose ``kl(p, q) + l E_P X`` is just below ``total``."""
    log_q, log_not_q, above = law.log_survival(t), law.log_cdf(t), law.tail_mean(t)
    if isinstance(above, Diverges):
        raise Undecided(f"the tail mean of {law}")
    q = log_q.exp()
    rise = tilt * (above - mean) / (1 - q)  # d(l E_P X)/dp
    p = q + (total - tilt * mean) / rise
    for _ in range(NEWTON_STEPS):
        if not (p > q and p < 1):
            return None
        spent = binary_kl(p, log_q, log_not_q) + tilt * mean + (p - q) * rise
        slope = (p.log() - log_q) - ((-p).log1p() - log_not_q) + rise
        p = (p + (total - spent) / slope).mid()
    mass = round_decimal((p * (1 - LEAST_RETREAT)).mid(), MASS_DIGITS, up=False)
    return ThresholdReweighted(law, Threshold(Location(t=Decimal(int(t.p))), mass))
