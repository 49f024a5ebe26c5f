"""Long-tailed and subexponential laws: yes, no or unknown, each with the reason.

With ``f`` the density, ``d = -(log f)'`` and ``q = f/Xbar`` the hazard rate:

* ``d -> g`` implies ``q -> g`` (L'Hopital) and ``Xbar(t + s)/Xbar(t) -> exp(-g s)``; so X is
  long-tailed iff g = 0.
* ``x d(x) -> a < oo`` makes the tail vary regularly, with ``Xbar(t/2)/Xbar(t) -> 2^(a-1)``. A
  long-tailed X for which that ratio is bounded is subexponential: both copies above h, and their
  sum above t, has at most the probability ``2 Xbar(h) Xbar(t/2)``.
* Pitman: if ``Q = -log Xbar`` has a slope q that falls to 0 from some point on, and
  ``exp(x q(x) - Q(x)) q(x)`` is integrable, then X is subexponential. It is integrable where
  ``x q/Q`` has a limit below 1, and where ``(x q - Q + log q)/log x`` has one below -1.

Both classes belong to tails up to asymptotic equivalence: a tail of which Xbar is asymptotically a
multiple will do in its place.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from typing import Literal

from flint import fmpq

from verify.enclosure import Diverges, ball
from verify.expression import ExpressionError
from verify.formula import Formula, X, log
from verify.law import Law
from verify.laws.staircase import Staircase
from verify.limit import limit_at_infinity
from verify.ray import is_nonpositive
from verify.tail_classes.formulas import TailFormulas, on_log_scale, tail_formulas

Answer = Literal["yes", "no", "unknown"]

#: From where on the hazard rate is asked to fall.
FALLS_FROM = tuple(fmpq(10) ** k for k in (1, 2, 4, 12))


@dataclass(frozen=True)
class Membership:
    """Whether a law belongs to a class.

    Attributes
    ----------
    answer : str
        ``yes`` and ``no`` are proved; ``unknown`` is neither.
    because : str
        The reason, in one line.
    """

    answer: Answer
    because: str


@lru_cache(maxsize=256)
def long_tailed(law: Law) -> Membership:
    """Whether ``Pr(X > t + s)/Pr(X > t)`` tends to 1 for every s.

    Parameters
    ----------
    law : Law
        Any law.

    Returns
    -------
    Membership
        ``unknown`` only for laws without a formula whose moment generating function does not
        decide, and where a limit of formulas is not found.
    """
    if not isinstance(law.support[1], Diverges):
        return Membership("no", "bounded above: far out the ratio of tails is 0/0")
    formulas = tail_formulas(law)
    if formulas is not None:
        found = _from_slope(formulas)
        if found.answer != "unknown":
            return found
    if isinstance(law, Staircase):
        return _staircase(law)
    abscissa = law.mgf_abscissa
    if isinstance(abscissa, Diverges) or (abscissa is not None and ball(abscissa) > 0):
        return Membership(
            "no", f"E exp(l X) is finite for l below {abscissa}, and for no l > 0 if long-tailed"
        )
    return Membership("unknown", "no formula of the tail, or no limit of its slope, was found")


def _from_slope(formulas: TailFormulas) -> Membership:
    density = formulas.log_density
    try:
        limit = limit_at_infinity(-density.derivative())
    except ExpressionError as error:
        return Membership("unknown", str(error))
    if limit.value is None:
        return Membership("unknown", limit.because)
    reason = f"-(log f)' tends to {limit.value}: {limit.because}"
    if limit.value == 0:
        return Membership("yes", reason)
    ratio = "0" if isinstance(limit.value, Diverges) else f"exp(-s*({limit.value}))"
    return Membership("no", f"{reason}; so Pr(X > t + s)/Pr(X > t) tends to {ratio}")


def _staircase(law: Staircase) -> Membership:
    """At the corner that follows x the tail falls from exp(-r x^p) to exp(-r x^(2p))."""
    power = X ** Formula.number(law.power)
    limit = limit_at_infinity(Formula.number(law.rate) * power * (1 - power))
    if limit.value == Diverges(-1):
        return Membership("no", "across its corners Pr(X > t + s)/Pr(X > t) tends to 0")
    return Membership("unknown", limit.because)


@lru_cache(maxsize=256)
def subexponential(law: Law) -> Membership:
    """Whether X is long-tailed and ``Pr(X1 + X2 > t)/Pr(X > t)`` tends to 2.

    Parameters
    ----------
    law : Law
        Any law; one whose support reaches below 0 counts as whole-line subexponential.

    Returns
    -------
    Membership
        ``unknown`` where none of the criteria at the top of this module applies.
    """
    long = long_tailed(law)
    if long.answer != "yes":
        return Membership(long.answer, f"long-tailed: {long.answer}; {long.because}")
    formulas = tail_formulas(law)
    if formulas is None:
        return Membership("unknown", "long-tailed, but no formula of the tail was found")
    try:
        return _regularly_varying(formulas) or _pitman(formulas)
    except ExpressionError as error:
        return Membership("unknown", str(error))


def _regularly_varying(formulas: TailFormulas) -> Membership | None:
    # x (log f)' is the slope in s = log x.
    index = limit_at_infinity(-on_log_scale(formulas.log_density).derivative())
    if index.value is None or isinstance(index.value, Diverges):
        return None
    return Membership(
        "yes", f"it varies regularly: -x (log f)' tends to {index.value}: {index.because}"
    )


def _pitman(formulas: TailFormulas) -> Membership:
    if formulas.log_tail is None:
        return Membership(
            "unknown", "no formula was found that the tail is asymptotically equal to"
        )
    hazard_sum = -formulas.log_tail
    hazard = hazard_sum.derivative()
    start = next((x for x in FALLS_FROM if is_nonpositive(hazard.derivative(), x)), None)
    if start is None:
        return Membership("unknown", "that the hazard rate falls from some point on was not proved")
    falls = f"the hazard rate q falls for x >= {start}"
    # In s = log x: x q is the slope of Q, and log q is log(x q) - s.
    total = on_log_scale(hazard_sum)
    slope = total.derivative()
    share = limit_at_infinity(slope / total)
    if isinstance(share.value, fmpq) and share.value < 1:
        return Membership("yes", f"Pitman: {falls}, and x q/Q tends to {share.value} < 1")
    margin = limit_at_infinity((slope - total + log(slope) - X) / X)
    if margin.value == Diverges(-1) or (isinstance(margin.value, fmpq) and margin.value < -1):
        return Membership(
            "yes", f"Pitman: {falls}, and (x q - Q + log q)/log x tends to {margin.value} < -1"
        )
    return Membership("unknown", f"{falls}, but Pitman's integral was not shown to be finite")
