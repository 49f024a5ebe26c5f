"""Expectations under the log-Cauchy law, whose rewards reach from ``e^-7000`` to ``e^700``.

For ``X = exp(C)`` with a Cauchy variable C the density of ``log x`` is ``1/(pi (1 + s^2))``, which
is far easier to integrate than that of x. With ``s = log |c| + r`` the distance from the cut c is
``|c| (1 + e^r)``, or ``|c| (1 - e^r)`` seen from above. Far down g hardly changes, and the mass
that lies there is known.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

from flint import acb, arb, ctx, fmpq

from verify.enclosure import Undecided, ball, working_precision
from verify.laws.student import LogCauchy
from verify.penalties.expectation import LOST_BITS, SPARE_BITS
from verify.penalties.kernels import Kernel, Pair
from verify.penalties.paired_integrals import Piece, over_pieces
from verify.penalties.region import Region
from verify.work import count_evaluation

#: r, ``z/|c|`` and dr/du at a variable of integration u.
Place = Callable[[acb], tuple[acb, acb, acb]]

#: Where the far end of an integral is looked for, in ``log(z/|c|)``, and the step of the search.
FARTHEST, STEP = 20_000, 1.25


def on_log_scale(law: LogCauchy, region: Region, kernel: Kernel) -> Pair:
    """``E[g(z)]`` and ``E[z g(z)]``, up from a cut below 0 or down from one above it.

    Raises
    ------
    Undecided
        Where what lies far out has no bound that is small.
    """
    return _Integral(law, region, kernel).pair()


class _Integral:
    """The integral along r, in pieces; what is cut off is bounded and added."""

    def __init__(self, law: LogCauchy, region: Region, kernel: Kernel) -> None:
        self.law, self.kernel, self.above = law, kernel, region.side > 0
        self.size = ball(abs(region.cut))
        #: Below this r, and as a distance, next to nothing is left.
        self.least = -(arb(2).log() * (ctx.prec + SPARE_BITS)).mid()
        # ``s = log |c| + r`` loses the bits of ``log |c|``.
        lost = int(abs(self.size.log()).upper().ceil().unique_fmpz() or 0).bit_length()
        self.bits = ctx.prec + LOST_BITS + lost
        self.value, self.product = arb(0), arb(0)

    def pair(self) -> Pair:
        """Both expectations."""
        tiny = self.least.exp()
        lowest = self.law.cdf(self.size * tiny)
        if self.above:
            self._add_end(lowest, self.size, self.size * (1 + tiny))
            far = self._far()
            self._add_beyond(far)
            pieces = [self._piece(_upwards, far)]
        else:
            # Next to the cut, where g may be singular, r = -e^u.
            next_to_cut = self.law.between(self.size * (-tiny).exp(), self.size)
            self._add_end(lowest, self.size * (1 - tiny), self.size)
            self._add_end(next_to_cut, arb(0), -self.size * (-tiny).expm1())
            pieces = [self._piece(_downwards, arb(-1)), self._piece(_next_to_cut, arb(0))]
        value, product = over_pieces(pieces, self.kernel.paired)
        return self.value + value, self.product + product

    def _piece(self, place: Place, high: arb) -> Piece:
        return Piece(partial(self._weight, place), self.least, high, self.bits)

    def _weight(self, place: Place, u: acb, analytic: bool) -> tuple[acb, acb]:
        """``g`` times the density of r times ``dr/du``, and z."""
        with working_precision(self.bits):
            count_evaluation()
            r, distance, speed = place(u)
            s, z = self.size.log() + r, self.size * distance
            return self.kernel.value(z, analytic) * speed / (arb.pi() * (1 + s * s)), z

    def _add_end(self, mass: arb, nearest: arb, farthest: arb) -> None:
        part = mass * self.kernel.over(nearest, farthest)
        self.value += part
        self.product += part * nearest.union(farthest)

    def _add_beyond(self, r: arb) -> None:
        value, product = self._beyond(r)
        self.value += value
        self.product += product

    def _beyond(self, r: arb) -> Pair:
        far = self.size * (1 + r.exp())
        return self.kernel.beyond(far, self.law.survival(self.size * r.exp()), _no_moment)

    def _far(self) -> arb:
        """An r beyond which next to nothing is left, seen beside what lies below ``2 |c|``."""
        goal = arb(2) ** -(ctx.prec + SPARE_BITS // 2)
        size = abs(self.kernel.real(2 * self.size) * self.law.cdf(self.size)).lower()
        r = arb(1)
        while r < FARTHEST:
            value, product = self._beyond(r)
            enough = value.abs_upper() < goal * size
            if enough and (not self.kernel.paired or product.abs_upper() < goal * size * self.size):
                return r
            r = (r * STEP).mid()
        raise Undecided("the log-Cauchy law decays too slowly to integrate this function of it")


def _upwards(r: acb) -> tuple[acb, acb, acb]:
    """r, ``z/|c|`` and dr/du, for a cut below all rewards."""
    return r, 1 + r.exp(), acb(1)


def _downwards(r: acb) -> tuple[acb, acb, acb]:
    """The same below a cut."""
    return r, -r.expm1(), acb(1)


def _next_to_cut(u: acb) -> tuple[acb, acb, acb]:
    """The same for ``r = -e^u``."""
    away = u.exp()
    return -away, -(-away).expm1(), away


def _no_moment(order: fmpq, far: arb) -> arb:
    raise Undecided(f"E X^{order} of a log-Cauchy law is infinite")
