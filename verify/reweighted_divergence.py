"""Divergences of a reweighted law from its base, other than KL.

A weight with finitely many values, or a law that is a finite list of atoms, needs a finite sum.
Tilts have ``E w^a = M(a l)/M(l)^a``; the best of n without atoms has ``w = n u^(n - 1)`` with u
uniform. An infinite divergence is a :class:`~verify.enclosure.Diverges` with its reason.
"""

from __future__ import annotations

from flint import acb, arb, ctx, fmpq

from verify.arithmetic import complex_balls
from verify.divergence import (
    Divergence,
    JensenShannon,
    OddsCap,
    Power,
    Renyi,
    TotalVariation,
)
from verify.enclosure import Diverges, Number, Undecided, ball
from verify.quadrature import integrate
from verify.ranked import BestOf, TopShare
from verify.reweighted import Reweighted, ThresholdReweighted, Tilted

Groups = list[tuple[arb, arb]]


def divergence_of(optimised: Reweighted, divergence: Divergence) -> Number:
    """The divergence of P from its base.

    Raises
    ------
    Undecided
        Where it takes an integral, or an infinite sum, that is not done here.
    """
    if isinstance(divergence, Power) and divergence.order == 1:
        return optimised.kl()
    match optimised:
        case ThresholdReweighted():
            return divergence.of_groups(_of_threshold(optimised))
        case TopShare():
            return divergence.of_groups(_of_top(optimised))
        case Tilted():
            return _of_tilt(optimised, divergence)
        case BestOf() if not optimised.base.has_atoms:
            return _of_best(optimised.n, divergence)
    return divergence.of_groups(_of_atoms(optimised))


def _of_threshold(optimised: ThresholdReweighted) -> Groups:
    """The masses below and above the threshold, and the weights there."""
    below, above = (value.exp() for value in optimised.log_weights())
    base, t = optimised.base, optimised.t
    if optimised.weight.mass == 1:
        below = arb(0)
    return [(base.cdf(t), below), (base.survival(t), above)]


def _of_top(optimised: TopShare) -> Groups:
    """The masses above, on and below the cut: an atom there is split."""
    fraction, base = optimised.fraction, optimised.base
    if fraction == 1:
        return [(arb(1), arb(1))]
    largest = 1 / ball(fraction)
    if not base.has_atoms:
        return [(ball(fraction), largest), (ball(1 - fraction), arb(0))]
    cut = optimised.cut()
    above, atom = base.survival(cut), base.mass_at(cut)
    if not atom > 0:
        return [(ball(fraction), largest), (ball(1 - fraction), arb(0))]
    share = ((1 - above * largest) / atom).max(arb(0))
    below = (1 - above - atom).max(arb(0))
    return [(above, largest), (atom, share), (below, arb(0))]


def _of_atoms(optimised: Reweighted) -> Groups:
    """One group an atom, where there are finitely many and nothing else."""
    low, high = optimised.base.support
    if isinstance(low, Diverges) or isinstance(high, Diverges):
        raise Undecided(f"a divergence of {optimised}: its base has no finite list of atoms")
    try:
        pairs = zip(optimised.atoms(), optimised.base.atoms(), strict=True)
        return [(q, p / q) for (_, p), (_, q) in pairs]
    except TypeError:
        raise Undecided(f"a divergence of {optimised}: its base is no list of atoms") from None


# ---------------------------------------------------------------- tilts


def _of_tilt(optimised: Tilted, divergence: Divergence) -> Number:
    base, tilt = optimised.base, optimised.tilt
    if tilt == 0:
        return arb(0)
    match divergence:
        case Power(order=order) if order == 0:
            log_mgf, mean = base.log_mgf(tilt), base.mean()
            if isinstance(mean, Diverges):
                return Diverges(+1, f"E log w is infinite: {mean.because}")
            assert isinstance(log_mgf, arb)
            return log_mgf - tilt * mean
        case Power() | Renyi():
            log_mgf, far = base.log_mgf(tilt), base.log_mgf(divergence.order * tilt)
            if isinstance(far, Diverges):
                return Diverges(+1, f"E w^a is infinite: {far.because}")
            assert isinstance(log_mgf, arb)
            return divergence.of_moment((far - divergence.order * log_mgf).exp())
        case OddsCap():
            end = base.support[1 if tilt > 0 else 0]
            if isinstance(end, Diverges):
                return Diverges(+1, "exp(l X) is unbounded, for X is")
            log_mgf = base.log_mgf(tilt)
            assert isinstance(log_mgf, arb)
            return tilt * ball(end) - log_mgf
        case TotalVariation():
            return _variation_of_tilt(optimised)
    return divergence.of_groups(_of_atoms(optimised))


def _variation_of_tilt(optimised: Tilted) -> arb:
    """``P(B) - Q(B)`` for the set B where w > 1: the rewards on one side of ``K(l)/l``."""
    base, tilt = optimised.base, optimised.tilt
    log_mgf = base.log_mgf(tilt)
    assert isinstance(log_mgf, arb)
    crossing = log_mgf / tilt
    cut = crossing.mid().fmpq()
    found = abs(optimised.survival(cut) - base.survival(cut))
    # Any cut gives a lower bound; between it and the crossing |w - 1| is at most this.
    return found + arb(0).union((abs(tilt) * abs(crossing - cut)).upper().expm1())


# ---------------------------------------------------------------- the best of n, without atoms


def _of_best(n: int, divergence: Divergence) -> Number:
    if n == 1:
        return arb(0)
    size = arb(n)
    match divergence:
        case Power(order=order) if order == 0:
            return n - 1 - size.log()
        case Power() | Renyi():
            order = divergence.order
            return divergence.of_moment(size**order / (order * (n - 1) + 1))
        case OddsCap():
            return size.log()
        case TotalVariation():
            crossing = size ** fmpq(-1, n - 1)
            return crossing - crossing**n
        case JensenShannon():
            return _shannon_of_best(n)
    raise TypeError(f"no divergence of the best of n is known for {divergence!r}")


def _shannon_of_best(n: int) -> arb:
    """``int_0^1 f(n u^(n - 1)) du``, with ``u = exp(-s)`` so that f is analytic up to the end."""
    last = (arb(ctx.prec + 8) * arb(2).log()).mid()

    def integrand(s: acb, analytic: bool) -> acb:
        log = complex_balls(analytic).log
        w = n * (-(n - 1) * s).exp()
        log_w = arb(n).log() - (n - 1) * s
        return (w * log_w - (1 + w) * log((1 + w) / 2)) / 2 * (-s).exp()

    rest = arb(0).union((-last).exp() * arb.const_log2())  # 0 <= f <= log 2 there
    return integrate(integrand, arb(0), last, arb(1)) + rest
