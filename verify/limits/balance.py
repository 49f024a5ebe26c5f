"""Where ``E[V | X + V > t]`` goes when V is about as heavy as X: the boundary of the one law.

With ``c = lim E[V; V > t]/Pr(X > t)``, from exact asymptotes (:mod:`verify.limits.asymptote`), or
from limits of formulas (:mod:`verify.tail_classes`) where a law has none:

* X subexponential: ``E V + c``; c = oo needs only a long tail (Theorem 5's sharp form);
* X of rate g with ``E exp(g X) < oo``, and V of the same rate: ``K_V'(g) + c M_X(g)/M_V(g)``;
* X of rate g with ``E exp(g X) = oo``, and ``E exp(g V) < oo``: ``K_V'(g)``, as inside.
"""

from __future__ import annotations

from functools import partial

from flint import arb, fmpq

from verify.affine import Affine
from verify.enclosure import Diverges, Exact, Number, Undecided, ball
from verify.formula import Formula
from verify.law import Law
from verify.laws.discrete import Geometric, NegativeBinomial
from verify.limits.asymptote import asymptote, index_of, log_ratio, rest_of
from verify.limits.growth import LOG, LOG_LOG, Expansion
from verify.limits.numbers import mean_at, settled
from verify.mixture import Mixture
from verify.path_ends import up_to_rate
from verify.truncation import Truncated
from verify.utility_curve import Limit

#: V may be lighter than X, and what it adds to the mean still outweighs how rare it is.
HEAVY_ENOUGH = "V is not lighter by about a factor t, and that is enough"
TIMES_T = Expansion.of(((LOG, 1),), partial(arb, 0))


def both_heavy(error: Law, utility: Law, mean: Number, tends: str) -> Limit:
    """X long-tailed and V right-heavy, with a mean that is finite or -oo."""
    ratio, subexponential = _ratio_of_heavy(error, utility)
    compared = "c = lim E[V; V > t]/Pr(X > t)"
    if isinstance(ratio, Diverges):
        if isinstance(mean, Diverges):
            raise Undecided(f"{compared} is infinite, and E V = -oo")
        because = f"{tends}, and {compared} is infinite: {HEAVY_ENOUGH}"
        return Limit(Diverges(+1, because), because)
    if not subexponential:
        raise Undecided(f"{compared} is finite, but X was not shown to be subexponential")
    if isinstance(mean, Diverges):
        return Limit(mean, f"{tends}, and E V is -oo")
    if ratio == 0:
        return Limit(mean, "X is subexponential, and E[V; V > t] = o(Pr(X > t)): E V stays")

    def total() -> arb:
        return _as_ball(mean_at(utility, 0)) + _as_ball(_ratio_of_heavy(error, utility)[0])

    return Limit(
        settled(total, "E V + c"), f"X is subexponential, and {compared} is finite: E V + c"
    )


def _as_ball(value: Number) -> arb:
    if isinstance(value, Diverges):
        raise Undecided(f"a number is infinite: {value.because}")
    return value


def _ratio_of_heavy(error: Law, utility: Law) -> tuple[Number, bool]:
    """c, and whether X is known to be subexponential."""
    if asymptote(error) is not None and asymptote(utility) is not None:
        return _heavy_ratio(error, utility), True
    from verify.tail_classes import subexponential, upper_mean_ratio

    found = upper_mean_ratio(error, utility)
    if found.value is None:
        raise Undecided(f"how E[V; V > t] compares with Pr(X > t): {found.because}")
    return found.value, subexponential(error).answer == "yes"


def _heavy_ratio(error: Law, utility: Law) -> Number:
    """``lim E[V; V > t]/Pr(X > t)`` of two heavy tails with asymptotes."""
    x, v = _both(error, utility)
    limit = log_ratio(v + TIMES_T, x)
    if limit == Diverges(+1):
        return limit
    # t Pr(V > t), of which E[V; V > t] is a/(a - 1) times as much for an index a (Karamata): of
    # another order where a is 1.
    index = index_of(v)
    share = arb(1)
    if not isinstance(index, Diverges):
        a = -index.ball()
        if not a > 1:
            raise Undecided(f"V has the index {-index}, and a mean that slower factors decide")
        share = a / (a - 1)
    return arb(0) if isinstance(limit, Diverges) else limit.exp() * share


def _both(error: Law, utility: Law) -> tuple[Expansion, Expansion]:
    x, v = asymptote(error), asymptote(utility)
    if x is None or v is None:
        name = "X" if x is None else "V"
        raise Undecided(f"X and V have the same rate, and the tail of {name} is not known closely")
    return x, v


# ---------------------------------------------------------------- light, of one rate


def mgf_is_infinite(law: Law) -> bool:
    """Whether ``E exp(r V) = oo`` at the rate r of V, which is finite and above 0.

    Raises
    ------
    Undecided
        If it is not known.
    """
    found = asymptote(law)
    if found is not None:
        rest = rest_of(found)
        index = index_of(rest)
        # E exp(r V) is finite iff the integral of exp(r x) Pr(V > x) is.
        above = index.sign if isinstance(index, Diverges) else _order(index, -1)
        if above == 0:
            above = _order(rest.coefficient(LOG_LOG), -1) or 1
        return above > 0
    match law:
        case Geometric() | NegativeBinomial():
            return True
        case Truncated(base, _, None):
            return mgf_is_infinite(base)
        case Affine() if not law.flips:
            return mgf_is_infinite(law.base)
        case Mixture():
            slowest = [part for part in law.laws if part.mgf_abscissa == law.mgf_abscissa]
            return any(mgf_is_infinite(part) for part in slowest)
    raise Undecided(f"whether E exp(l V) of {law} is finite at its rate")


def _order(value: Formula, bound: int) -> int:
    """-1, 0, +1 as an exact constant is below, at or above an integer."""
    gap = value - bound
    if gap.rational is not None:
        return (gap.rational > 0) - (gap.rational < 0)
    return 1 if gap.ball() > 0 else -1 if gap.ball() < 0 else 0


def at_the_rate(error: Law, utility: Law, rate: Exact, tends: str) -> Limit:
    """X in L(g) and V of the rate g, ``E exp(g V)`` finite.

    Write ``Pr(X > t) = exp(-g t) t^p`` and ``Pr(V > t) = exp(-g t) t^q`` up to slower factors;
    q is at most -1.
    """
    x, v = _both(error, utility)
    p, q = index_of(rest_of(x)), index_of(rest_of(v))
    log_c = log_ratio(v + TIMES_T, x)
    compared = "c = lim E[V; V > t]/Pr(X > t)"
    if log_c == Diverges(+1):
        because = f"{tends}, and {compared} is infinite: {HEAVY_ENOUGH}"
        return Limit(Diverges(+1, because), because)
    summable = p.sign < 0 if isinstance(p, Diverges) else _order(p, -1) < 0
    if not summable:
        return _heavier_error(utility, rate, p, q, tends)
    if isinstance(log_c, Diverges):
        because = f"{tends}, and E[V; V > t] = o(Pr(X > t)): E V -> K_V'(g)"
        return Limit(mean_at(utility, rate), because)

    def total() -> arb:
        # c M_X(g)/M_V(g) is what a large X adds, with the odds of it.
        log_gain = _as_ball(log_ratio(v + TIMES_T, x))
        log_gain += _log_mgf(error, rate) - _log_mgf(utility, rate)
        return _as_ball(mean_at(utility, rate)) + log_gain.exp()

    because = f"{tends}, and {compared} is finite: E V -> K_V'(g) + c M_X(g)/M_V(g)"
    return Limit(settled(total, "K_V'(g) + c M_X(g)/M_V(g)"), because)


def _heavier_error(
    utility: Law, rate: Exact, p: Formula | Diverges, q: Formula | Diverges, tends: str
) -> Limit:
    """p at least -1, so that ``E exp(g X) = oo``: V is tilted by g, as where its rate is larger.

    For q < -2 the mean of the tilt is finite, and the part of V near t is too small to count; for q
    > -2 it is infinite. In between slower factors decide, unless p is above -1.
    """
    because = f"{tends}, and X has the heavier tail: E V -> K_V'(g)"
    endless = isinstance(p, Diverges)
    settles = isinstance(q, Diverges) or _order(q, -2) < 0
    if endless or settles:
        return Limit(mean_at(utility, rate), because)
    assert not isinstance(q, Diverges) and not isinstance(p, Diverges)
    if _order(q, -2) > 0:
        infinite = f"{tends}, and E V exp(g V) = oo"
        return Limit(Diverges(+1, infinite), infinite)
    mean = mean_at(utility, rate)
    if isinstance(mean, Diverges) and _order(p, -1) > 0:
        return Limit(mean, f"{tends}, and E V exp(g V) = oo")
    raise Undecided("X and V have the same rate, and slower factors of their tails decide")


def _log_mgf(law: Law, rate: Exact) -> arb:
    """``K(g)`` where it is finite, whether or not the mean of the last tilt is."""
    found = up_to_rate(law, rate)
    if not isinstance(found, Diverges):
        return found[0]
    return _as_ball(law.log_mgf(rate if isinstance(rate, int | fmpq) else ball(rate)))
