"""Exponential moments of the log-Cauchy law, along ``log x``, where its density is rational."""

from __future__ import annotations

from typing import TYPE_CHECKING

from flint import acb, arb, ctx

from verify.enclosure import working_precision
from verify.quadrature import EVALUATIONS
from verify.series import Moments
from verify.work import affordable, check_work, count_evaluation

if TYPE_CHECKING:
    from verify.laws.student import LogCauchy

#: Bits below the answer at which the ends of the integral are cut off.
SPARE_BITS = 24


def moments_below_zero(law: LogCauchy, tilt: arb) -> Moments:
    """``E[X^k exp(l X)]`` for k = 0, 1, 2 and l < 0, with ``x = e^r/|l|``.

    Below the least r the exponential is 1 and that mass is known; beyond the largest
    ``x^k exp(l x)`` falls.
    """
    rate, goal = -tilt, arb(2).log() * (ctx.prec + SPARE_BITS)
    least, most = (-goal).mid(), (2 * goal).log().mid()
    lost = int(abs(rate.log()).upper().ceil().unique_fmpz() or 0).bit_length()
    bits = ctx.prec + SPARE_BITS + lost
    log_rate = rate.log()

    def integral(order: int) -> arb:
        def integrand(r: acb, analytic: bool) -> acb:
            with working_precision(bits):
                count_evaluation()
                s = r - log_rate
                return (order * r - r.exp()).exp() / (arb.pi() * (1 + s * s))

        scale = max(abs(integrand(acb(arb(n) / 4), False).real.mid()) for n in range(-16, 5))
        found = acb.integral(
            integrand,
            least,
            most,
            abs_tol=scale * arb(2) ** -ctx.prec,
            eval_limit=affordable(EVALUATIONS, bits),
            depth_limit=EVALUATIONS,
            use_heap=True,
        )
        check_work()
        near, far = least.exp(), most.exp()
        height = (-near).exp().union(arb(1)) if order == 0 else arb(0).union(near**order)
        below = law.cdf(near / rate) * height
        beyond = arb(0).union(law.survival(far / rate) * far**order * (-far).exp())
        return (found.real + below + beyond) / rate**order

    return integral(0), integral(1), integral(2)
