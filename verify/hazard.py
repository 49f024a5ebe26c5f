"""The Mills ratio of a law as a power series: the mass beyond a point over the density there.

A quantile y of the rank of x solves ``f(y) y' = g(x)``. Over an interval of x both densities
range widely, and they range together: their quotient, taken in balls, ranges twice as widely. But
the masses beyond are the same, so that the quotient is that of two Mills ratios, each of which
hardly changes: an exponential law's is constant, a normal law's is about 1/x.

With M the ratio of the upper tail and f the density, ``M' = -(log f)' M - 1``. This is linear,
and over an interval the coefficients of M follow from those of the log-density.
"""

from __future__ import annotations

from operator import mul

from flint import arb, arb_poly, arb_series

from verify.law import Law
from verify.taylor_series import density, log_density, variable

#: A mass known to more bits than this is that of a point, up to rounding.
POINT_BITS = 40
#: Times that the coefficients over an interval are narrowed by those at its middle.
ROUNDS = 2


def mills_ratio(law: Law, x: arb, mass: arb, upper: bool, length: int) -> list[arb]:
    """The coefficients of the Mills ratio at ``x + e``.

    Parameters
    ----------
    law : Law
        A law with a density.
    x : arb
        A point inside the support, or an interval of them: then each coefficient holds for all.
    mass : arb
        The mass beyond x.
    upper : bool
        Whether "beyond" is above.
    length : int
        How many coefficients: at least one, and fewer than flint's cap on the length of series.
    """
    side = 1 if upper else -1
    if mass.rel_accuracy_bits() > POINT_BITS:
        decay = _decay(law, x, side, length)
        return _solution(decay.coeffs(), mass / density(law, variable(x, 1))[0], side, length)
    outer, middle = x.upper() if upper else x.lower(), x.mid()
    interval = x.union(outer)  # the end of a ball is rounded outward
    offset, over = interval - middle, _decay(law, interval, side, length).coeffs()
    fall = _decay(law, middle, side, length)
    at_middle = [fall[k] for k in range(len(over))]
    if over:  # else the density is flat
        over = narrowed(over, at_middle, offset)
    rate = over[0] if over else arb(0)
    ratio = _solution(over, _range(law, x, rate, upper), side, length)
    reference = _solution(at_middle, _at(law, middle, upper), side, length)
    for _ in range(ROUNDS):
        ratio = narrowed(ratio, reference, offset)
        if length > 1:
            ratio[-1] = _following(over, ratio[:-1], side)
    return ratio


def narrowed(over: list[arb], at_middle: list[arb], offset: arb) -> list[arb]:
    """A function's coefficients over an interval, by those at its middle.

    Up to a binomial coefficient the k-th one is a derivative, whose own Taylor series about the
    middle has the coefficients of order k and more. Lagrange's remainder is enclosed by the last
    coefficient over the interval. So all of them together are a polynomial, the middle's with
    that last coefficient, moved by the offset.
    """
    moved = arb_poly([*at_middle[:-1], over[-1]])(arb_poly([offset, 1]))
    pairs = zip(over, (moved[k] for k in range(len(over))), strict=True)
    return [new if new.rad() < old.rad() else old for old, new in pairs]


def _at(law: Law, x: arb, upper: bool) -> arb:
    """The ratio at a point."""
    tail = law.survival(x) if upper else law.cdf(x)
    return tail / density(law, variable(x, 1))[0]


def _range(law: Law, x: arb, decay: arb, upper: bool) -> arb:
    """The ratio over an interval, from its outer end b.

    The ratio at ``b - s`` is ``M(b) f(b)/f(b - s)`` plus the integral of the density from there to
    b over ``f(b - s)``. If the logarithm of f falls outward at rates between a and a', that lies
    between the values of ``M(b) exp(-a s) + (1 - exp(-a s))/a`` at a and a'. Each is monotone in
    s, and is M(b) at s = 0.
    """
    outer = x.upper() if upper else x.lower()
    width, at_outer = x.upper() - x.lower(), _at(law, outer, upper)
    ratio = at_outer
    for rate in (decay.lower(), decay.upper()):
        exponent = -rate * width
        # 1F1(1; 2; z) is (exp(z) - 1)/z, at z = 0 too.
        ratio = ratio.union(at_outer * exponent.exp() + width * exponent.hypgeom_1f1(1, 2))
    return ratio


def _decay(law: Law, x: arb, side: int, length: int) -> arb_series:
    """How fast the logarithm of the density falls outward, at ``x + e``."""
    fall = -side * log_density(law, variable(x, length + 1)).derivative()
    if fall.prec < length:  # what was cut off would pass for 0
        raise AssertionError("flint's cap on the length of series is too low for a Mills ratio")
    return fall


def _solution(decay: list[arb], start: arb, side: int, length: int) -> list[arb]:
    """The ratio by its constant coefficient."""
    ratio = [start]
    while len(ratio) < length:
        ratio.append(_following(decay, ratio, side))
    return ratio


def _following(decay: list[arb], ratio: list[arb], side: int) -> arb:
    """The coefficient after those given: ``M' = side (decay M - 1)``."""
    k = len(ratio)
    product = sum(map(mul, decay, reversed(ratio)), arb(0))
    return side * (product - (1 if k == 1 else 0)) / k
