"""The largest of n independent standard normal draws: its mean and mean square."""

from __future__ import annotations

from flint import arb, arb_series, ctx

from verify.enclosure import working_precision
from verify.laws.gaussian import Normal
from verify.laws.special import normal_density
from verify.ranks import rank_of
from verify.taylor_integral import TaylorIntegral
from verify.taylor_series import density

STANDARD = Normal()
#: Bits by which the integral is computed more precisely than it is asked for, and bits lost.
EXTRA_BITS, SPARE_BITS = 40, 16


def mean_of_largest(n: int) -> arb:
    """``E max(Z_1, ..., Z_n)``."""
    return moments_of_largest(n)[0]


def moments_of_largest(n: int) -> tuple[arb, arb]:
    """Mean and mean square of ``max(Z_1, ..., Z_n)``, whose density is ``n phi Phi^(n - 1)``.

    What lies beyond ``|z| > b`` is at most ``n phi(b)`` on either side, and for the square
    ``n (b + 1/b) phi(b)``.
    """

    def expansion(z: arb_series) -> tuple[arb_series, ...]:
        weight = n * density(STANDARD, z) * rank_of(STANDARD, z).below ** (n - 1)
        return weight, weight * z, weight * z * z

    def bound(low: arb, high: arb) -> tuple[arb, ...]:
        weight, place = STANDARD.cdf(high) ** n - STANDARD.cdf(low) ** n, low.union(high)
        return weight, weight * place, weight * place**2

    bits = ctx.prec - SPARE_BITS
    with working_precision(ctx.prec + EXTRA_BITS):
        end = (2 * (bits * arb.const_log2() + arb(n).log())).sqrt().ceil().mid() + 1
        integral = TaylorIntegral(expansion, bound)
        steps = 2 * int(float(end))
        for k in range(-steps, steps):
            integral.add(arb(k) / 2, arb(k + 1) / 2)
        outside = 2 * n * normal_density(end)
        square = outside * (end + 1 / end)
        integral.add_bound(
            (arb(0, outside.abs_upper()), arb(0, outside.abs_upper()), arb(0, square.abs_upper()))
        )
        _, mean, mean_square = integral.refine(bits)
    return +mean, +mean_square
