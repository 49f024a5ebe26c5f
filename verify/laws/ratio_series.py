"""Sums of masses whose neighbours have a simple ratio: the tails of the lattice laws.

A tail ``Q(X > n)`` is its first mass times ``1 + r_0 + r_0 r_1 + ...`` with ``r_j`` the ratio of
neighbouring masses. All terms are positive, so no digit is lost, and the rest of the sum is bounded
by a geometric series. Arb's own hypergeometric functions lose all digits, or take long, in much of
the range that is needed here (a parameter of 1e1000, or 1e6 beside an argument of 1e6).
"""

from __future__ import annotations

from collections.abc import Callable

from flint import arb, ctx, fmpq

from verify.enclosure import accurate, working_precision

#: Terms after which a series is given up.
MOST_TERMS = 200_000
_TERMS_BETWEEN_CHECKS = 8

#: Where the ways to the tail of a negative binomial law change over.
_SMALL = fmpq(1, 8)
_LARGE = 1000
_COMPLEMENT_REACH = 1500

Ratio = Callable[[int], arb]


def ratio_sum(ratio: Ratio, largest_from: Ratio | None = None) -> arb:
    """``sum_j ratio(0) ... ratio(j - 1)``; NaN where it takes more than :data:`MOST_TERMS` terms.

    Parameters
    ----------
    ratio : callable
        The nonnegative ratio of term j + 1 to term j.
    largest_from : callable, optional
        A bound on ``ratio(i)`` for all i >= j. Left out, the ratio is nonincreasing.
    """
    bound = largest_from or ratio
    term, total = arb(1), arb(1)
    negligible = arb(2) ** (-ctx.prec - 2)
    for j in range(MOST_TERMS):
        term = term * ratio(j)
        total = total + term
        if j % _TERMS_BETWEEN_CHECKS == 0 or term == 0:
            largest = bound(j + 1)
            if largest < 1:
                rest = term * largest / (1 - largest)
                if rest <= total * negligible:
                    return total + arb(0).union(rest)
    return arb.nan()


def log_gamma_ratio(a: arb, c: arb, d: arb) -> arb:
    """``log(Gamma(a + c)/Gamma(a + d))``, accurate for a far larger than c and d."""
    bits = int(a.mid().man_exp()[1]) + a.mid().bits() if a.mid() != 0 else 0
    if bits > (ctx.prec + 64 if a.is_exact() else ctx.prec / 3):
        # Taylor's formula about the middle m: h psi(m) + h^3/24 psi''(somewhere in between),
        # where the last term is known to a factor only: for a so large that it is negligible.
        h, middle = c - d, a + (c + d) / 2
        curvature = -2 * arb(3).zeta((a + c).union(a + d))
        return h * middle.digamma() + h**3 / 24 * curvature
    with working_precision(ctx.prec + max(bits, 0) + 32):
        value = (a + c).lgamma() - (a + d).lgamma()
    return +value


def log_beta_power(a: arb, b: arb, x: fmpq) -> arb:
    """``log(x^a (1 - x)^b / B(a, b))``."""
    log_x = arb(x).log() if x < fmpq(1, 2) else arb(x - 1).log1p()
    log_y = arb(-x).log1p() if x < fmpq(1, 2) else arb(1 - x).log()
    small, large = (b, a) if a > b else (a, b)
    return a * log_x + b * log_y + log_gamma_ratio(large, small, arb(0)) - small.lgamma()


def log_beta_tails(a: arb, b: fmpq, x: fmpq) -> tuple[arb, arb]:
    """``log I_x(a, b)`` and ``log I_{1-x}(b, a)``, which add up to log 1, for any b > 0.

    ``I_x(a, b) = x^a (1-x)^b / (a B(a, b)) F(a + b, 1; a + 1; x)`` (DLMF 8.17.8): all terms of the
    series are positive.
    """
    y = 1 - x
    if a * y < b * x:
        lower = _log_beta_series(arb(b), a, y)
        return (-lower.exp()).log1p(), lower
    if b > _LARGE or (y < _SMALL and a * y > b + _COMPLEMENT_REACH):
        upper = _log_beta_far(a, b, x)
    elif y < _SMALL:
        upper = _log_complement(a, b, y)
    else:
        upper = _log_beta_series(a, arb(b), x)
    return upper, (-upper.exp()).log1p()


def _log_beta_series(a: arb, b: arb, x: fmpq) -> arb:
    """``log I_x(a, b)`` by its series with the ratio ``x (a + b + j)/(a + 1 + j)``."""
    top, bottom, limit = a + b, a + 1, arb(x)

    def ratio(j: int) -> arb:
        return limit * (top + j) / (bottom + j)

    def largest_from(j: int) -> arb:
        return limit.max(ratio(j))  # the ratio goes monotonically to x

    return log_beta_power(a, b, x) - a.log() + ratio_sum(ratio, largest_from).log()


def _log_complement(a: arb, b: fmpq, y: fmpq) -> arb:
    """``log I_x(a, b)`` as ``log(1 - I_y(b, a))``, with the bits that the subtraction costs."""
    extra = 0
    value = arb.nan()
    for _ in range(6):
        with working_precision(ctx.prec + extra):
            value = (-_log_beta_series(arb(b), a, y).expm1()).log()
        if accurate(value, ctx.prec - 8):
            break
        extra = 2 * extra + 64
    return +value


def _log_beta_far(a: arb, b: fmpq, x: fmpq) -> arb:
    """``log I_x(a, b)`` for ``a (1 - x)`` well above ``b``.

    ``F(a + b, 1; a + 1; x) = F(1 - b, 1; a + 1; -z)/(1 - x)`` with ``z = x/(1 - x)``
    (DLMF 15.8.1), which is the mean of ``(1 + z s)^(b-1)`` over the density ``a (1 - s)^(a-1)``.
    Taylor's formula in s gives the series below. Once the order is above b - 1 the rest is at most
    the first term left out (that derivative falls in s); before that the terms fall geometrically.
    """
    y = 1 - x
    power, z = arb(b - 1), arb(x / y)
    term, total = arb(1), arb(1)
    negligible = arb(2) ** (-ctx.prec - 2)
    bottom, rest = a + 1, arb.nan()
    for j in range(MOST_TERMS):
        ratio = (power - j) * z / (bottom + j)
        term = term * ratio
        if j % _TERMS_BETWEEN_CHECKS == 0 or j >= b:
            if not abs(ratio) < 1:
                break
            size = abs(term) if j >= b else abs(term) / (1 - abs(ratio))
            if size <= total * negligible:
                rest = size.union(-size)
                break
        total = total + term
    factor = (total + rest) / arb(y)
    return log_beta_power(a, arb(b), x) - a.log() + factor.log()
