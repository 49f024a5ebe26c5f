"""Special functions of the catalogue laws, in forms that keep their digits far in the tail.

Each tail is split as ``exp(something exact) * (a slowly varying factor)``; the factors are here.
Shapes come in as exact rationals, so that an inner computation may use more bits.
"""

from __future__ import annotations

from functools import lru_cache

from flint import arb, ctx, fmpq

from verify.arithmetic import log_erfc
from verify.enclosure import between, working_precision
from verify.laws.ratio_series import MOST_TERMS, ratio_sum

#: Up to here ``erfc`` itself is used; it loses ``2 log2 x`` bits, 10 at this point.
_ERFC_UP_TO = 32

#: From this shape on Arb's ``1F1`` with a large lower parameter no longer converges.
_LARGE_SHAPE = 100


# ---- elementary -----------------------------------------------------------------------------


def log1m(x: arb) -> arb:
    """``log(1 - x)``."""
    return (-x).log1p()


def log1m_exp(x: arb) -> arb:
    """``log(1 - exp(x))`` for x < 0, with full relative accuracy at both ends."""
    return (-x.expm1()).log() if x > -0.7 else (-x.exp()).log1p()


def drop_ratio(y: arb) -> arb:
    """``(1 - exp(-y))/y`` for y >= 0; also where y is known only as ``[0, tiny]``."""
    size = y.abs_upper()
    if size < arb(2) ** -ctx.prec:
        return arb(1, size)  # 1 - y/2 <= (1 - exp(-y))/y <= 1
    return -(-y).expm1() / y


# ---- constants of a law, once a precision ----------------------------------------------------


# By numerator and denominator: to hash a fraction takes longer than all the rest.
@lru_cache(maxsize=4096)
def _log_gamma(top: int, bottom: int, bits: int) -> arb:
    return arb(fmpq(top, bottom)).lgamma()


def log_gamma(value: fmpq) -> arb:
    """``log Gamma(value)``."""
    return _log_gamma(int(value.p), int(value.q), ctx.prec)


def gamma(value: fmpq) -> arb:
    """``Gamma(value)`` for a positive value."""
    return arb(value).gamma() if value < 1000 else log_gamma(value).exp()


def log_beta(a: fmpq, b: fmpq) -> arb:
    """``log B(a, b)``."""
    return log_gamma(a) + log_gamma(b) - log_gamma(a + b)


# ---- normal tail ----------------------------------------------------------------------------


def log_normal_density(z: arb) -> arb:
    """``log phi(z)``."""
    return -(z * z + (2 * arb.pi()).log()) / 2


def normal_density(z: arb) -> arb:
    """``phi(z)``."""
    return (-z * z / 2).exp() / (2 * arb.pi()).sqrt()


def log_normal_tail(z: arb) -> arb:
    """``log Pr(N > z)``."""
    return log_erfc(z / arb(2).sqrt()) - arb.const_log2()


def normal_tail(z: arb) -> arb:
    """``Pr(N > z)``."""
    return (z / arb(2).sqrt()).erfc() / 2 if z < _ERFC_UP_TO else log_normal_tail(z).exp()


def mills(z: arb) -> arb:
    """Mills ratio ``Pr(N > z)/phi(z)``, decreasing from oo to 0."""
    square = z * z / 2
    if z > _ERFC_UP_TO:
        half = arb(0.5)
        return square.hypgeom_u(half, half) / arb(2).sqrt()  # DLMF 7.11.4 with x = z/sqrt(2)
    return (arb.pi() / 2).sqrt() * square.exp() * (z / arb(2).sqrt()).erfc()


def mills_slope(z: arb) -> arb:
    """``-R'(z) = 1 - z R(z)`` of the Mills ratio R, without cancellation for z > 0."""
    if z > _ERFC_UP_TO:
        # d/dz U(1/2, 1/2, z^2/2) = -(z/2) U(3/2, 3/2, z^2/2) (DLMF 13.3.22).
        three_halves = arb(1.5)
        return z * (z * z / 2).hypgeom_u(three_halves, three_halves) / arb(8).sqrt()
    return 1 - z * mills(z)


# ---- incomplete gamma -----------------------------------------------------------------------


def upper_factor(s: fmpq, z: arb) -> arb:
    """``exp(z) z^-s Gamma(s, z) = U(1, 1 + s, z)`` for z > 0 and any s (DLMF 13.6.6, 13.2.40)."""
    if z > ctx.prec + 4 * abs(s):  # the asymptotic series of U reaches full precision
        return z.hypgeom_u(arb(1), arb(1 + s))
    if not z > 0:
        return arb.nan()
    middle = z.mid()
    # Gamma(s, z) is found as a difference of numbers exp(z) times larger.
    lost = int((abs(middle) * 1.5).ceil().unique_fmpz() or 0)
    with working_precision(ctx.prec + min(lost, 2 * ctx.prec) + 16):
        value = middle.gamma_upper(arb(s)) * middle.exp() * middle**-s
    if z.is_exact():
        return +value
    # -d log U/d log z = z E[T] with T of density ~ exp(-z t)(1 + t)^(s - 1): the mean excess of a
    # gamma law over 1. Its hazard increases for s >= 1, so z E[T] <= s; for s < 1 it is <= 1.
    spread = (z.upper() / z.lower()).log().abs_upper() * arb(max(s, fmpq(1)))
    return value * arb(0, spread.abs_upper()).exp()


def lower_factor(s: fmpq, z: arb) -> arb:
    """``exp(z) z^-s gamma(s, z) = 1F1(1, 1 + s, z)/s`` for s > 0 (DLMF 8.5.1), best for z < s."""
    if s < _LARGE_SHAPE:
        return z.hypgeom_1f1(arb(1), arb(1 + s)) / s
    return ratio_sum(lambda j: z / (s + 1 + j)) / s


def kummer(a: fmpq, c: fmpq, z: arb) -> arb:
    """``1F1(a, c, z)`` for 0 < a <= c and z >= 0: a sum of positive terms."""
    if c < _LARGE_SHAPE or z > MOST_TERMS // 2:
        return z.hypgeom_1f1(arb(a), arb(c))

    def ratio(j: int) -> arb:
        return (a + j) * z / ((c + j) * (1 + j))

    # (a + j)/(1 + j) falls for a > 1, and stays below 1 for a <= 1; the other factor falls.
    return ratio_sum(ratio, None if a > 1 else lambda j: z / (c + j))


def log_gamma_p(s: fmpq, z: arb) -> arb:
    """``log P(s, z)``, the regularised lower incomplete gamma function."""
    if z < s:
        return s * z.log() - z - log_gamma(s) + lower_factor(s, z).log()
    return log1m(_log_q_from_above(s, z).exp())


def log_gamma_q(s: fmpq, z: arb) -> arb:
    """``log Q(s, z)``, the regularised upper incomplete gamma function."""
    if z < s:
        return log1m(log_gamma_p(s, z).exp())
    return _log_q_from_above(s, z)


def _log_q_from_above(s: fmpq, z: arb) -> arb:
    return s * z.log() - z - log_gamma(s) + upper_factor(s, z).log()


def gamma_lower(s: fmpq, z: arb) -> arb:
    """``gamma(s, z)`` for s > 0, z >= 0."""
    if z < s:
        return (s * z.log() - z).exp() * lower_factor(s, z)
    return gamma(s) - gamma_upper(s, z)


def gamma_upper(s: fmpq, z: arb) -> arb:
    """``Gamma(s, z)`` for s > 0, z >= 0."""
    if z < s:
        return gamma(s) - gamma_lower(s, z)
    return (s * z.log() - z).exp() * upper_factor(s, z)


# ---- incomplete beta ------------------------------------------------------------------------


def beta_factor(a: fmpq, b: fmpq, x: arb) -> arb:
    """``F`` in ``B_x(a, b) = x^a (1 - x)^b F/a``: ``2F1(a + b, 1; a + 1; x)`` (DLMF 8.17.8)."""
    return x.hypgeom_2f1(arb(a + b), arb(1), arb(a + 1))


def log_beta_i(a: fmpq, b: fmpq, x: arb, y: arb) -> arb:
    """``log I_x(a, b)`` where ``y = 1 - x`` is given separately, so that neither loses digits."""
    if b * x < a * y:  # below the mean a/(a + b)
        return _log_beta_i_from_below(a, b, x, y)
    return log1m(_log_beta_i_from_below(b, a, y, x).exp())


def _log_beta_i_from_below(a: fmpq, b: fmpq, x: arb, y: arb) -> arb:
    front = a * x.log() + b * y.log() - log_beta(a, b)
    return front + (beta_factor(a, b, x) / a).log()


# ---- others ---------------------------------------------------------------------------------


def entire_exponential_integral(y: arb) -> arb:
    """``Ein(y) = int_0^y (1 - exp(-s))/s ds`` for y >= 0."""
    size = y.abs_upper()
    if size < arb(2) ** -ctx.prec:
        return y * arb(1, size)  # y - y^2/4 <= Ein(y) <= y
    if y > 8:
        # Ein = E1 + log + Euler's constant (DLMF 6.2.3, 6.2.4); E1(y) = Gamma(0, y).
        return (-y).exp() * upper_factor(fmpq(0), y) + y.log() + arb.const_euler()
    one, two = arb(1), arb(2)
    return y * (-y).hypgeom([one, one], [two, two])


def union_of_ends(x: arb, monotone: object) -> arb:
    """The range of a monotone function over a ball, where its formula changes inside the ball."""
    assert callable(monotone)
    ends: tuple[arb, arb] = (monotone(x.lower()), monotone(x.upper()))
    return between(ends[0], ends[1]).union(between(ends[1], ends[0]))
