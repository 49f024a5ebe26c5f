"""Policies that buy any mean at a fixed budget, where ``f'(oo)`` is finite and X has no top.

Move a share s of P beyond a threshold t, in Q's proportions there. However far out t lies, that
costs at most ``f(1 - s) + s f'(oo)``, because ``f(u + v) <= f(u) + f'(oo) v``; and the mean is at
least ``(1 - s) E X + s t``, which grows without bound.
"""

from __future__ import annotations

from decimal import Decimal

from flint import arb, fmpq

from verify.decimals import parse_decimal, rational, round_decimal
from verify.divergence import Divergence, Generated, Renyi, parse_divergence
from verify.enclosure import Diverges, Undecided, ball, working_precision
from verify.errors import InputError
from verify.frontier import parse_budget
from verify.law import Law
from verify.reweighted import ThresholdReweighted
from verify.weight import Location, Threshold

#: Precision of the search; and digits of the share and of the threshold, which are exact decimals.
BITS, DIGITS = 128, 12
#: Halvings that find the share.
HALVINGS = 60


def price_of_share(divergence: Divergence, share: fmpq) -> arb | Diverges:
    """What it costs at most to move a share of P as far as one likes."""
    rest = ball(1 - share)
    if isinstance(divergence, Renyi) and divergence.order < 1:
        return divergence.of_moment(rest**divergence.order)
    if not isinstance(divergence, Generated):
        return Diverges(+1, f"{divergence.token} has no bound on what a far step costs")
    slope = divergence.slope_at_infinity
    if isinstance(slope, Diverges):
        return slope
    kept = divergence.generator(rest)
    return kept if isinstance(kept, Diverges) else kept + share * slope


def share_within(divergence: Divergence, budget: fmpq) -> fmpq:
    """About the largest share, certainly within the budget, that may be moved at will.

    Raises
    ------
    InputError
        If no share may: ``f'(oo)`` is infinite, or the budget is 0.
    """
    with working_precision(BITS):
        price = price_of_share(divergence, fmpq(1, 2))
        if isinstance(price, Diverges):
            raise InputError(f"steps: expected a divergence with finite f'(oo): {price.because}")
        low, high = fmpq(0), fmpq(1)
        for _ in range(HALVINGS):
            middle = (low + high) / 2
            price = price_of_share(divergence, middle)
            if isinstance(price, arb) and price <= ball(budget):
                low = middle
            else:
                high = middle
        if low == 0:
            raise InputError(f"steps: expected a budget above 0, got {budget}")
        return low


def step_policy(
    law: Law | str, divergence: Divergence | str, budget: object, mean: object
) -> ThresholdReweighted:
    """A threshold step within the budget whose mean is above a target.

    Parameters
    ----------
    law : Law or str
        A law of finite mean without a largest value.
    divergence : Divergence or str
        One whose ``f'(oo)`` is finite, or its token: ``tv``, ``hellinger``, ``js``, ...
    budget, mean : number or decimal text
        What P may spend, and the mean it shall exceed.

    Raises
    ------
    InputError
        Where the divergence, the law or the budget allows no such step.
    Undecided
        If the step found cannot be certified.
    """
    law = Law.parse(law) if isinstance(law, str) else law
    if isinstance(divergence, str):
        divergence = parse_divergence(divergence)
    if not isinstance(law.support[1], Diverges):
        raise InputError(f"steps: expected a law without a largest value, got {law}")
    exact = rational(parse_budget(budget))
    target = parse_decimal(str(mean), "mean")
    with working_precision(BITS):
        share = round_decimal(arb(share_within(divergence, exact)).lower(), DIGITS, up=False)
        threshold = _threshold(law, rational(share), rational(target))
        step = ThresholdReweighted(law, Threshold(Location(t=threshold), share))
        reached, spent = step.mean(), step.divergence(divergence.token)
        above = isinstance(reached, Diverges) or bool(reached > ball(rational(target)))
        if not (above and isinstance(spent, arb) and spent <= ball(exact)):
            raise Undecided(f"a step of {share} beyond {threshold}")
        return step


def _threshold(law: Law, share: fmpq, target: fmpq) -> Decimal:
    """A t with ``(1 - s) E X + s t`` above the target, and with mass s or less beyond it."""
    mean = law.mean()
    if isinstance(mean, Diverges):
        raise InputError(f"steps: expected a law of finite mean, got {law}: {mean.because}")
    t = round_decimal(((target - (1 - share) * mean) / share + 1).upper(), DIGITS, up=True)
    while not law.survival(rational(t)) < share:
        t = 2 * abs(t) + 1
    return t
