"""Corollary 1: what every P within a KL budget can do to the true utility V.

``E_P V <= (d + K_V(l))/l`` for every l > 0 and every P with ``KL(P || Q) <= d``: so where V is
right-light, the utility that a counterexample's KL can buy is bounded, while its proxy reward is
not. Where V is right-heavy there is no such bound (Theorem 1, applied to V).
"""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal

from flint import arb

from verify.assertion import ACCURACY, Written, write
from verify.decimals import rational, round_decimal
from verify.enclosure import (
    Diverges,
    Undecided,
    accurate,
    ball_of_decimal,
    escalate,
    working_precision,
)
from verify.law import Law
from verify.tilt_search import TiltPath, crossing

SEARCH_BITS = 96
TILT_DIGITS = 24


@dataclass(frozen=True)
class UtilityBound:
    """An upper bound on ``E V`` over all P within the KL of a certificate.

    Attributes
    ----------
    law : str
        The law of V, as text.
    tilt : Decimal or None
        The l of the bound; None where there is none to give.
    upper_bound : (str, str), "oo" or None
        The bound, enclosed; "oo" where it is proved that none exists; None where it is not known.
    because : str
        The reason, in one sentence.
    """

    law: str
    tilt: Decimal | None
    upper_bound: Written
    because: str


def utility_bound(law: Law, kl: arb) -> UtilityBound:
    """The least bound a tilt proves on ``E_P V`` where ``KL(P || Q) <= kl``.

    Parameters
    ----------
    law : Law
        The law of V under the base policy.
    kl : arb
        The divergence d, enclosed.
    """
    text = str(law)
    if law.mgf_abscissa == 0:
        why = law.right_tail.abscissa_because.replace("E exp(l X)", "E exp(l V)")
        return UtilityBound(text, None, "oo", f"V is right-heavy: {why}")
    if kl == 0:
        return UtilityBound(text, None, write(_mean(law)), "P = Q, so E V is the base's")
    try:
        with working_precision(SEARCH_BITS):
            spent, overspent = crossing(TiltPath.of(law).kl, kl.mid())
            best = overspent if overspent.is_finite() else spent
            tilt = round_decimal(TiltPath.of(law).tilt(best), TILT_DIGITS, up=False)
        bound = escalate(
            lambda: bound_at(law, kl, tilt), lambda x: accurate(x, ACCURACY), "the utility bound"
        )
    except Undecided as why:
        return UtilityBound(text, None, None, f"no bound was found: {why}")
    because = "(kl + K_V(l))/l bounds E V for every P within this kl"
    return UtilityBound(text, tilt, write(bound), because)


def bound_at(law: Law, kl: arb, tilt: Decimal) -> arb:
    """``(kl + K_V(l))/l`` at the working precision."""
    if tilt <= 0:
        raise Undecided(f"only a positive tilt bounds E V from above, not {tilt}")
    log_mgf = law.log_mgf(rational(tilt))
    if isinstance(log_mgf, Diverges):
        raise Undecided(f"E exp(l V) is infinite at l = {tilt}")
    return (kl + log_mgf) / ball_of_decimal(tilt)


def _mean(law: Law) -> arb | Diverges:
    return escalate(law.mean, lambda mean: accurate(mean, ACCURACY), "the mean of V")
