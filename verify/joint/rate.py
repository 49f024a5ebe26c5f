"""When ``E exp(l U)`` is finite for ``U = X + V``, whatever joins X and V.

By Young's inequality ``exp(l (x + v)) <= a exp(l x/a) + (1 - a) exp(l v/(1 - a))``. With a chosen
to suit, ``1/rate(U) <= 1/rate(X) + 1/rate(V)`` for any joint law. The same for ``X = U + (-V)`` and
``V = U + (-X)`` gives bounds from the other side: ``1/rate(U) >= 1/rate(X) - 1/rate(-V)``. So a
right-heavy X makes U right-heavy unless V is left-heavy, and a V that is superexponential on both
sides leaves the rate of X as it is.
"""

from __future__ import annotations

from flint import arb, fmpq

from verify.enclosure import Diverges, ball
from verify.independent_sum import rate_of_sum
from verify.joint.laws import CopulaLaw
from verify.law import Law
from verify.tail_rates import Rate

#: A tilt so small that it is below any rate that is not 0.
LEAST_TILT = fmpq(1, 10**30)


def has_mgf(joint: CopulaLaw, tilt: fmpq) -> bool | None:
    """Whether ``E exp(l U)`` is finite for a tilt above 0; None where that is not known."""
    if joint.is_independent:
        rate = rate_of_sum(joint.error, joint.utility).rate
        return None if rate is None else _order(tilt, _inverse(rate))
    x, v = (_inverse(law.right_tail.abscissa) for law in (joint.error, joint.utility))
    if x is not None and v is not None and tilt * (x + v) < 1:
        return True
    for slower, other in ((x, joint.utility), (v, joint.error)):
        lighter = _inverse(other.left_tail.abscissa)
        if slower is None or lighter is None or not lighter.is_finite():
            continue
        if not slower.is_finite() or tilt * (slower - lighter) > 1:
            return False
    return None


def why_no_mgf(joint: CopulaLaw, tilt: fmpq) -> str:
    """In one sentence: why there is no tilt by l, or why that is not known."""
    if has_mgf(joint, tilt) is None:
        return "not known: the tails of X and V do not settle whether E exp(l U) is finite"
    for name, law in (("X", joint.error), ("V", joint.utility)):
        if law.right_tail.abscissa == 0:
            because = law.right_tail.abscissa_because
            return f"{name} is right-heavy: {because}; U is right-heavy too, so there is no tilt"
    return "no optimum: E exp(l U) is infinite beyond the rate of U"


def is_heavy(joint: CopulaLaw) -> bool:
    """Whether U is settled to be right-heavy, as X or V is: a rate of 0, not just a tiny one."""
    tails = (joint.error.right_tail, joint.utility.right_tail)
    return 0 in [tail.abscissa for tail in tails] and has_mgf(joint, LEAST_TILT) is False


def all_moments(law: Law) -> bool:
    """Whether both tails are light, so that every moment is finite."""
    tails = (law.left_tail.abscissa, law.right_tail.abscissa)
    return all(rate is not None and not rate == 0 for rate in tails)


def _inverse(rate: Rate) -> arb | None:
    """``1/rate``, infinite for a heavy tail; None where the rate is not known."""
    if rate is None:
        return None
    if isinstance(rate, Diverges):
        return arb(0)
    return arb.pos_inf() if rate == 0 else 1 / ball(rate)


def _order(tilt: fmpq, inverse: arb | None) -> bool | None:
    """Whether ``l < 1/inverse``; None where l is the rate, or the balls cannot tell."""
    assert inverse is not None
    if not inverse.is_finite() or tilt * inverse > 1:
        return False
    return True if tilt * inverse < 1 else None
