"""What the logarithm of a right tail comes to: ``log Q(X > x)`` up to o(1), term by term.

Exact coefficients (:mod:`verify.limits.growth`) for the laws of the catalogue whose tails are heavy
or exponential, and for tails that users wrote in such terms. Superexponential and bounded tails
have none here, and lattice laws have none unless neighbouring tails have ratio 1.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache, partial

from flint import arb, fmpq

from verify.affine import Affine
from verify.enclosure import Diverges, Undecided, ball, compare
from verify.formula import Formula
from verify.law import Law
from verify.laws.bases import Symmetric
from verify.laws.custom import Tail
from verify.laws.extreme import ExtremeValue, Genpareto, Gev
from verify.laws.gaussian import InverseGaussian
from verify.laws.light import Exponential, Gamma, Laplace, Logistic
from verify.laws.power import BurrFamily, F, Frechet, InverseGamma, Levy, LogGamma, Pareto
from verify.laws.special import log_beta, log_gamma
from verify.laws.stretched import Lognormal, Weibull
from verify.laws.student import Cauchy, HalfCauchy, HalfStudentT, LogCauchy, StudentT
from verify.laws.zeta import Zeta
from verify.limits.growth import (
    LINEAR,
    LOG,
    LOG_LOG,
    LOG_SQUARED,
    Expansion,
    expand,
    log_of,
    power_of_x,
)
from verify.mixture import Mixture
from verify.ranked import BestOf, TopShare
from verify.reweighted import ThresholdReweighted
from verify.truncation import Truncated

Constant = Callable[[], arb]
NOTHING: Constant = partial(arb, 0)


@lru_cache(maxsize=512)
def asymptote(law: Law) -> Expansion | None:
    """``log Q(X > x)`` as x grows, up to o(1); None where it is not known in this form.

    The tail is then of one of three kinds, by its fastest term: exponential (``-g x``), rapidly
    varying and heavy (``-c x^k`` with k < 1, ``-c (log x)^2``), or regularly varying.
    """
    try:
        found = _asymptote(law)
    except Undecided:
        return None
    if found is None or any(scale > LINEAR for scale, _ in found.terms) or found.grows() >= 0:
        return None
    return found


def _asymptote(law: Law) -> Expansion | None:
    match law:
        case Affine():
            return _affine(law)
        case Mixture():
            return _mixture(law)
        case Truncated(base, _, None):
            return _raised(base, lambda: -law.log_mass())
        case ThresholdReweighted():
            return _raised(law.base, lambda: law.log_weights()[1])
        case BestOf():
            return _raised(law.base, partial(log_of, law.n))
        case TopShare():
            return _raised(law.base, partial(log_of, 1 / law.weight.fraction))
        case Tail():
            return expand(law.log_sf)
    return _exponential(law) or _regularly_varying(law) or _between(law)


def _raised(base: Law, log_factor: Constant) -> Expansion | None:
    """Of a law whose tail is far out a multiple of that of another."""
    inner = asymptote(base)
    return None if inner is None else inner.plus(log_factor)


# ---------------------------------------------------------------- by family


def _exponential(law: Law) -> Expansion | None:
    match law:
        case Exponential() | Logistic():
            return Expansion.of(((LINEAR, -1),), NOTHING)
        case Laplace():
            return Expansion.of(((LINEAR, -1),), lambda: -arb.const_log2())
        case Genpareto(xi) if xi == 0:
            return Expansion.of(((LINEAR, -1),), NOTHING)
        case ExtremeValue() if law.mgf_abscissa == 1:
            return Expansion.of(((LINEAR, -1),), NOTHING)
        case Gamma(shape):
            return Expansion.of(((LINEAR, -1), (LOG, shape - 1)), lambda: -log_gamma(shape))
        case InverseGaussian(mu, lam):
            rate = lam / (2 * mu * mu)
            # The density is sqrt(lam/(2 pi x^3)) exp(-rate x + lam/mu - lam/(2 x)).
            return Expansion.of(
                ((LINEAR, -rate), (LOG, fmpq(-3, 2))),
                lambda: (arb(lam) / (2 * arb.pi())).log() / 2 + arb(lam) / mu - arb(rate).log(),
            )
    return None


def _power(index: fmpq, constant: Constant) -> Expansion:
    """``Q(X > x) ~ C x^-index``."""
    return Expansion.of(((LOG, -index),), constant)


def _regularly_varying(law: Law) -> Expansion | None:
    match law:
        case Pareto(alpha, scale):
            return _power(alpha, lambda: alpha * arb(scale).log())
        case Frechet(alpha):
            return _power(alpha, NOTHING)
        case BurrFamily():
            c, k = law.exponents
            return _power(c * k, NOTHING)
        case InverseGamma(shape):
            return _power(shape, lambda: -log_gamma(shape + 1))
        case F(d1, d2):
            # I_u(d2/2, d1/2) at u ~ d2/(d1 x).
            return _power(d2 / 2, lambda: _beta_tail(d2 / 2, d1 / 2) + d2 / 2 * arb(d2 / d1).log())
        case Levy():
            return _power(fmpq(1, 2), lambda: (2 / arb.pi()).log() / 2)
        case LogGamma(shape):
            terms = ((LOG, -1), (LOG_LOG, shape - 1))
            return Expansion.of(terms, lambda: -log_gamma(shape))
        case StudentT(df):
            return _power(df, lambda: _student(df) - arb.const_log2())
        case HalfStudentT(df):
            return _power(df, partial(_student, df))
        case Cauchy():
            return _power(fmpq(1), partial(_log_over_pi, 1))
        case HalfCauchy():
            return _power(fmpq(1), partial(_log_over_pi, 2))
        case LogCauchy():
            return Expansion.of(((LOG_LOG, -1),), partial(_log_over_pi, 1))
        case Zeta(s):
            return _power(s - 1, lambda: -(arb(s - 1) * arb(s).zeta()).log())
        case Genpareto(xi) | Gev(xi) if xi > 0:
            return _power(1 / xi, lambda: -arb(xi).log() / xi)
    return None


def _log_over_pi(value: int) -> arb:
    return (value / arb.pi()).log()


def _beta_tail(a: fmpq, b: fmpq) -> arb:
    """The log of ``lim I_u(a, b) u^-a`` at 0."""
    return -arb(a).log() - log_beta(a, b)


def _student(df: fmpq) -> arb:
    """``Pr(|T| > x) = I_u(df/2, 1/2)`` at ``u = df/(df + x^2)``, times ``x^df``."""
    return _beta_tail(df / 2, fmpq(1, 2)) + df / 2 * arb(df).log()


def _between(law: Law) -> Expansion | None:
    """Lighter than every power, heavier than every exponential."""
    match law:
        case Weibull(shape) if shape <= 1:
            return Expansion.of(((power_of_x(shape), -1),), NOTHING)
        case Lognormal(mu, sigma):
            variance = sigma * sigma
            terms = ((LOG_SQUARED, -1 / (2 * variance)), (LOG, mu / variance), (LOG_LOG, -1))
            return Expansion.of(
                terms,
                lambda: arb(sigma).log() - mu * mu / (2 * variance) - (2 * arb.pi()).log() / 2,
            )
    return None


# ---------------------------------------------------------------- laws made of laws


def _affine(law: Affine) -> Expansion | None:
    base = asymptote(law.base) if not law.flips else _left(law.base)
    return None if base is None else base.stretched(abs(law.scale)).shifted(law.shift)


def _left(law: Law) -> Expansion | None:
    """``log Q(X < -x)``."""
    match law:
        case Symmetric():
            return asymptote(law)
        case Gev(xi) if xi <= -1:
            # (1 - xi x)^(-1/xi): its power k = -1/xi is at most the first.
            k, constant = -1 / xi, arb(-1 if xi == -1 else 0)
            scale = Formula.number(-xi) ** k
            return Expansion.of(((power_of_x(k), -scale),), lambda: constant)
        case Mixture(components):
            return asymptote(Mixture(tuple((weight, -part) for weight, part in components)))
        case Truncated(base, None, high):
            assert high is not None
            return asymptote(Truncated(-base, -high, None))
    return None


def _mixture(law: Mixture) -> Expansion | None:
    slowest = law.mgf_abscissa
    if slowest is None or isinstance(slowest, Diverges):
        return None
    total: Expansion | None = None
    for weight, part in law.components:
        rate = part.mgf_abscissa
        if rate is None:
            return None
        if isinstance(rate, Diverges) or compare(rate, slowest) > 0:
            continue  # negligible beside exp(-(slowest + d) x)
        inner = asymptote(part)
        if inner is None:
            return None
        total = _sum_of_tails(total, inner.plus(partial(log_of, weight)))
    return total


def _sum_of_tails(one: Expansion | None, other: Expansion) -> Expansion:
    """The larger of two tails; where they are of one order, the constants add up."""
    if one is None:
        return other
    order = (one - other).grows()
    if order != 0:
        return one if order > 0 else other
    return Expansion(one.terms, partial(_log_sum, one.constant, other.constant))


def _log_sum(one: Constant, other: Constant) -> arb:
    return (one().exp() + other().exp()).log()


# ---------------------------------------------------------------- what it says of the tail


def rest_of(found: Expansion) -> Expansion:
    """What is left of the log-tail without its linear term: ``log`` of ``exp(g x) Q(X > x)``."""
    return found.without(LINEAR)


def index_of(rest: Expansion) -> Formula | Diverges:
    """The p of ``exp(rest(x))``, which varies regularly with index p; +-oo where it is faster."""
    if rest.terms and rest.terms[0][0] > LOG:
        return Diverges(rest.grows(), "faster than every power")
    return rest.coefficient(LOG)


def log_ratio(one: Expansion, other: Expansion) -> arb | Diverges:
    """The limit of ``one - other``.

    Raises
    ------
    Undecided
        If the leading terms cannot be told apart.
    """
    gap = one - other
    sign = gap.grows()
    return Diverges(sign, "one tail outgrows the other") if sign else ball(gap.constant())
