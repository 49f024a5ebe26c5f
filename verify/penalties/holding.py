"""Which divergence keeps the mean of which reward bounded, and why (THEORY section 9).

A divergence *holds* a law if ``sup{E_P X : D(P || Q) <= e}`` is not oo for any budget e (or, what
is the same, for some e > 0). One moment of the upper tail decides:

* KL: ``E exp(l X)`` for some l > 0;
* order a > 1: ``E X_+^(a/(a - 1))``; chi-square is order 2, the odds cap order oo;
* order a < 1, Hellinger, total variation, Jensen-Shannon, reverse KL: whether X has a largest
  value.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from flint import fmpq

from verify.decimals import decimal_text
from verify.divergence import REVERSE_KL, Divergence, OddsCap, Power, Renyi, parse_divergence
from verify.enclosure import Diverges
from verify.law import Law
from verify.penalties.tail_moments import moment_index

Answer = Literal["yes", "no", "unknown"]

CHEAP_STEP = (
    "X has no largest value, and the divergence charges a bounded price per unit of mass, however "
    "far up it is moved"
)


@dataclass(frozen=True)
class Holding:
    """Whether a divergence holds a law.

    Attributes
    ----------
    answer : str
        ``yes``, ``no`` or ``unknown``.
    because : str
        Why, in one sentence.
    """

    answer: Answer
    because: str


def holds(law: Law | str, divergence: Divergence | str) -> Holding:
    """Whether the best mean within a budget is finite.

    Parameters
    ----------
    law : Law or str
        The base law, or its text.
    divergence : Divergence or str
        Or its token.
    """
    law = Law.parse(law) if isinstance(law, str) else law
    if isinstance(divergence, str):
        divergence = parse_divergence(divergence)
    sunk = every_mean_is_sunk(law, divergence)
    if sunk is not None:
        return Holding("yes", sunk.because)
    if not isinstance(law.support[1], Diverges):
        return Holding("yes", "X has a largest value, which no mean exceeds")
    order = order_of(divergence)
    if order is None:
        return _under_cheap_steps(law, divergence)
    if order == 1:
        return _under_kl(law)
    needed = fmpq(1) if isinstance(order, Diverges) else order / (order - 1)
    moment = f"E X_+^{decimal_text(needed)}" if needed != 1 else "E X_+"
    index = moment_index(law)
    finite = index.finite(needed)
    if finite is None:
        return Holding("unknown", f"whether {moment} is finite: {index.because}")
    if finite:
        return Holding("yes", f"{moment} is finite: {index.because}")
    return Holding("no", f"{moment} is infinite: {index.because}")


def order_of(divergence: Divergence) -> fmpq | Diverges | None:
    """The order a >= 1 that decides; oo for the odds cap, None where ``f'(oo)`` is finite."""
    if isinstance(divergence, OddsCap):
        return Diverges(+1, "the odds cap is the Renyi divergence of order oo")
    if isinstance(divergence, Power | Renyi) and divergence.order >= 1:
        return divergence.order
    return None


def _under_cheap_steps(law: Law, divergence: Divergence) -> Holding:
    """Steps help where some law within the budget has a mean to begin with.

    Where f(0) is finite the lowest rewards can be left out. Reverse KL has them all: see
    :func:`every_mean_is_sunk`.
    """
    lower = moment_index(law, -1)
    if divergence == REVERSE_KL and lower.log_is_finite is None:
        return Holding(
            "unknown",
            f"whether E log X_- is finite: else all means are -oo within a budget; {lower.because}",
        )
    return Holding("no", CHEAP_STEP)


def every_mean_is_sunk(law: Law, divergence: Divergence) -> Diverges | None:
    """``-oo``, with the reason, where every P within every budget has that mean or none.

    So it is under reverse KL where ``E log X_-`` is infinite. For ``Z = X_-`` the dual bound on
    ``-Z`` at l = 1, m = 0 is ``E_P Z >= E log(1 + Z) - e``: all its weights can do is fall like a
    power. Where it is finite, weights that fall so give a mean.
    """
    if divergence != REVERSE_KL:
        return None
    lower = moment_index(law, -1)
    if lower.log_is_finite is not False:
        return None
    return Diverges(
        -1,
        f"E log X_- is infinite ({lower.because}), and under reverse KL "
        "E_P X_- >= E log(1 + X_-) - d",
    )


def _under_kl(law: Law) -> Holding:
    abscissa = law.mgf_abscissa
    because = law.right_tail.abscissa_because
    if abscissa is None:
        return Holding("unknown", f"whether E exp(l X) is finite for some l > 0: {because}")
    if abscissa == 0:
        return Holding("no", f"E exp(l X) = oo for every l > 0: {because}")
    return Holding("yes", f"E exp(l X) is finite for some l > 0: {because}")


def least_power_order(index: fmpq) -> fmpq | None:
    """The order beyond which every power divergence holds a power tail of this index.

    ``a/(a - 1) < index`` iff ``a > index/(index - 1)``; at that very order a tail like Pareto's is
    not held. None for an index of at most 1: its mean is infinite, so that no order holds it, and
    not even the odds cap does.
    """
    return index / (index - 1) if index > 1 else None
