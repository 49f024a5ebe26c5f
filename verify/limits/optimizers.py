"""Where the true utility goes as an optimiser of the proxy is pushed to its end, and why.

The proxy is ``U = X + V`` with the error X independent of the utility V. What is not known is said
to be unknown, with the reason: no limit here is a guess.
"""

from __future__ import annotations

from collections.abc import Callable

from flint import fmpq

from verify.decimals import decimal_text
from verify.enclosure import Diverges, Exact, Undecided
from verify.errors import InputError
from verify.independent_sum import RateOfSum, rate_of_sum
from verify.law import Law
from verify.limits.numbers import mean_at, top
from verify.limits.threshold import under_best_of, under_conditioning
from verify.path_ends import up_to_rate
from verify.utility_curve import Limit, Optimizer


def limit_of_utility(error: Law, utility: Law, optimizer: Optimizer = "tilt") -> Limit:
    """The limit of ``E V`` under ever stronger optimisation of ``U = X + V``.

    Parameters
    ----------
    error, utility : Law
        The laws of X and of V, independent of each other.
    optimizer : str
        ``tilt``: the tilts by l, as l rises to the rate of U. ``condition``: U given ``U > t``, as
        t rises to the largest value of U. ``best-of-n``: the best of n by U, as n grows.

    Raises
    ------
    InputError
        For another optimiser.
    """
    if optimizer not in _LIMITS:
        raise InputError(f"optimizer: expected {', '.join(_LIMITS)}, got {optimizer!r:.40}")
    return _LIMITS[optimizer](error, utility)


# ---------------------------------------------------------------- tilting


def _under_tilt(error: Law, utility: Law) -> Limit:
    """``K_V'(rate U -)``: where the tilts of U take V."""
    slowest = rate_of_sum(error, utility)
    if slowest.rate is None:
        return Limit(None, slowest.because)
    if slowest.rate == 0:
        because = f"{slowest.because}; U is right-heavy too, so there is no tilt"
        return limit_without_tilts(error, utility, because)
    try:
        if isinstance(slowest.rate, Diverges):
            return _to_the_top(utility)
        return _to_the_rate(error, utility, slowest, slowest.rate)
    except Undecided as why:
        return Limit(None, f"not known: {why}")


def limit_without_tilts(error: Law, utility: Law, because: str) -> Limit:
    """The limit where U is right-heavy, however X and V depend on each other.

    A finite KL keeps the upper part of a right-light X finite: then it is V that makes E U
    infinite.
    """
    because = f"{because}, and any KL at all buys any E U"
    x, v = (law.right_tail.abscissa for law in (error, utility))
    if x == 0 or v != 0:
        return Limit(None, f"{because}, which leaves E V open", determined=False)
    if x is None:
        return Limit(None, f"{because}; whether by V is not known: the rate of X is not")
    because = f"{because}, and with it E V: X alone cannot make it oo"
    return Limit(Diverges(+1, because), because)


def _to_the_top(utility: Law) -> Limit:
    endless = "E exp(l U) is finite for every l, so the tilts have no end"
    largest = top(utility)
    if isinstance(largest, Diverges):
        return Limit(largest, f"{endless}, and V has no largest value")
    return Limit(largest, f"{endless}, and E V tends to the largest value of V")


def _to_the_rate(error: Law, utility: Law, slowest: RateOfSum, rate: Exact) -> Limit:
    ends = f"the tilts of U end at l = {slowest.text}, the rate of {slowest.owner}"
    last = mean_at(utility, rate)
    if isinstance(last, Diverges):
        return Limit(last, f"{ends}; there E V exp(l V) is infinite: {last.because}")
    because = f"{ends}; there E V exp(l V) is finite, and E V tends to K_V'(l)"
    past = _past_the_last_tilt(error, slowest, rate)
    if not past:
        return Limit(last, because)
    price = decimal_text(1 / fmpq(rate)) if isinstance(rate, int | fmpq) else f"1/({rate})"
    along = f"the optimal tilts, as the price b falls to {price}"
    return Limit(last, f"{because}; {past}", along)


def _past_the_last_tilt(error: Law, slowest: RateOfSum, rate: Exact) -> str:
    """What E V does within KL caps above D*, where that is not to stay at its last value.

    Where V sets the rate, and its mean is finite there, it can take on what a cap leaves over. D*
    is infinite, and no cap is above it, where the mean of X is infinite at the rate.
    """
    if "V" not in slowest.set_by:
        return ""
    if "X" not in slowest.set_by:
        return "within KL caps above D* V takes what is left, so E V grows with them without bound"
    try:
        if isinstance(up_to_rate(error, rate), Diverges):
            return ""
    except Undecided as why:
        return f"whether KL caps can leave more to V is not known: {why}"
    return "within KL caps above D* X or V may take what is left, so E V is not determined there"


_LIMITS: dict[Optimizer, Callable[[Law, Law], Limit]] = {
    "tilt": _under_tilt,
    "condition": under_conditioning,
    "best-of-n": under_best_of,
}
