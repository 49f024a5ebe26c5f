"""The mean of the largest of n independent standard normal draws."""

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
    """``E max(Z_1, ..., Z_n)``, the integral of ``z n phi(z) Phi(z)^(n - 1)``.

    What lies beyond ``|z| > b`` is at most ``n phi(b)`` on either side.
    """

    def expansion(z: arb_series) -> tuple[arb_series, ...]:
        weight = n * density(STANDARD, z) * rank_of(STANDARD, z).below ** (n - 1)
        return weight, weight * z

    def bound(low: arb, high: arb) -> tuple[arb, ...]:
        weight = STANDARD.cdf(high) ** n - STANDARD.cdf(low) ** n
        return weight, weight * low.union(high)

    bits = ctx.prec - SPARE_BITS
    with working_precision(ctx.prec + EXTRA_BITS):
        end = (2 * (bits * arb.const_log2() + arb(n).log())).sqrt().ceil().mid() + 1
        integral = TaylorIntegral(expansion, bound)
        steps = 2 * int(float(end))
        for k in range(-steps, steps):
            integral.add(arb(k) / 2, arb(k + 1) / 2)
        outside = arb(0, (2 * n * normal_density(end)).abs_upper())
        integral.add_bound((outside, outside))
        mean = integral.refine(bits)[1]
    return +mean
