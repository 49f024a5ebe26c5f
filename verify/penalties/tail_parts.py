"""Certified expectations for tails that users wrote, by parts: ``int g'(z) Q(X > x) dx``."""

from __future__ import annotations

from collections.abc import Callable

from flint import acb, arb, ctx, fmpq

from verify.arithmetic import complex_balls
from verify.enclosure import Undecided, working_precision
from verify.laws.custom import Tail
from verify.penalties.expectation import FARTHEST_LOG, SPARE_BITS
from verify.penalties.kernels import Kernel, Pair, PowerKernel
from verify.penalties.region import Region
from verify.quadrature import integrate
from verify.ray import power_bound

#: Points from which a power that bounds the tail is looked for, as powers of ten.
BEGINNINGS = (12, 6, 3, 1, 0)
#: Points of the grid on which the size of an integral is guessed.
GRID = 65

#: A derivative near the half-line, and the function itself on it.
Slope = Callable[[acb, bool], acb]
Real = Callable[[arb], arb]


def by_parts(law: Tail, region: Region, kernel: Kernel) -> Pair:
    """``E[g(z); z > 0]`` and ``E[z g(z); z > 0]``.

    On the upper side ``g(z0) + int g'(x - c) Q(X > x) dx`` from where the law or z begins; on the
    lower one ``g(c - lower) - int g'(c - x) Q(X > x) dx`` up to the cut.
    """
    if region.low is not None or region.high is not None:
        raise Undecided(f"a part of {law}")
    parts = _Parts(law, region, kernel)
    value = parts.of(kernel, product=False)
    return value, parts.of(kernel, product=True) if kernel.paired else arb.nan()


def _begin(law: Tail) -> tuple[fmpq, arb]:
    """Where a law begins, or a fraction just above if that is none; and how far above, a ball.

    What the integral lacks in between is ``S (g(z1) - g(z0))``, by the second mean value theorem:
    Q(X > x) falls, S in [0, 1] is its value at the beginning, and z0 and z1 belong to points from
    there up to the fraction. With ``g(z0)`` that lies between two values of g, so that g of a ball
    of all these z encloses both.
    """
    exact = law.lower.rational
    if exact is not None:
        return exact, arb(0)
    away = arb(2) ** -(2 * ctx.prec)  # balls of the precision below can tell the two apart
    with working_precision(2 * ctx.prec + 2 * SPARE_BITS):
        low = law.lower.ball()
        above = (low.upper() + away).upper().fmpq()
        return above, arb(0).union((above - low).upper())


class _Parts:
    """The integrals of ``g'`` and of ``(z g)'`` against the survival function."""

    def __init__(self, law: Tail, region: Region, kernel: Kernel) -> None:
        self.law, self.region = law, region
        self.lower, self.gap = _begin(law)

    def of(self, kernel: Kernel, product: bool) -> arb:
        """One of the two expectations."""
        cut, side = self.region.cut, self.region.side

        def slope(z: acb, analytic: bool) -> acb:
            plain = kernel.slope(z, analytic)
            return kernel.value(z, analytic) + z * plain if product else plain

        def real(z: arb) -> arb:
            if z.is_zero() and product:
                return arb(0)
            return z * kernel.real(z) if product else kernel.real(z)

        if side < 0:
            if arb(cut - self.lower) + self.gap <= 0:
                return arb(0)
            if cut <= self.lower:
                raise Undecided(f"whether {self.law} begins below {cut}")
            half = (self.lower + cut) / 2
            below = self._from(self.lower, half, +1, slope, real)
            below += self._from(cut, half, -1, slope, real)
            return real(arb(cut - self.lower) + self.gap) - below
        start = max(self.lower, cut)
        first = arb(0) if start == cut else real(arb(start - cut) - self.gap)
        return first + self._to_infinity(start, slope, real, kernel, product)

    def _survival(self, x: acb, analytic: bool) -> acb:
        return acb(self.law.log_sf.evaluate(x, complex_balls(analytic))).exp()

    def _from(self, anchor: fmpq, inner: fmpq, direction: int, slope: Slope, real: Real) -> arb:
        return self._span(anchor, arb(abs(inner - anchor)).log(), direction, slope, real)

    def _span(self, anchor: fmpq, top: arb, direction: int, slope: Slope, real: Real) -> arb:
        """From an anchor outwards, in ``x = anchor +- e^s`` up to s = top; next to it, a bound."""
        cut, side = self.region.cut, self.region.side
        reference = top.min(arb(0))
        nearest = (reference - 2 * (ctx.prec + SPARE_BITS) * arb(2).log()).mid()
        if nearest < FARTHEST_LOG:
            raise Undecided(f"an integral of {self.law}")
        bits = 4 * ctx.prec + 2 * SPARE_BITS + 64
        with working_precision(bits):
            near = arb(anchor) + direction * nearest.exp()
            z0 = arb(side * (anchor - cut))  # exactly 0 at the cut itself
            z1 = z0 + side * direction * nearest.exp()
            heights = self.law.survival(anchor).union(self.law.survival(near))
            part = abs(real(z1) - real(z0)) * heights
            if real(arb(1)) > real(arb(2)):
                part = -part  # g falls

        def integrand(s: acb, analytic: bool) -> acb:
            with working_precision(bits):
                away = direction * s.exp()
                z, x = arb(side * (anchor - cut)) + side * away, arb(anchor) + away
                return slope(z, analytic) * self._survival(x, analytic) * s.exp()

        sizes = (
            integrand(acb((nearest + (top - nearest) * k / GRID).mid()), False).real
            for k in range(1, GRID)
        )
        scale = max((abs(size.mid()) for size in sizes if size.is_finite()), default=arb(1))
        return part + integrate(integrand, nearest, top.mid(), scale)

    def _to_infinity(
        self, start: fmpq, slope: Slope, real: Real, kernel: Kernel, product: bool
    ) -> arb:
        growth = (kernel.exponent if isinstance(kernel, PowerKernel) else fmpq(0)) + product
        begin, k = self._power(max(growth, fmpq(0)))
        # h' <= -k/x beyond: the rest is at most sup |g'| z^(1 - p) times int x^(p - 1) Q(X > x).
        far = arb(max(begin, 4 * abs(self.region.cut), 4 * abs(start), fmpq(4)))
        p = max(growth, fmpq(0))
        for _ in range(400):
            bound = self._rest(far, k, p, slope)
            if bound < arb(2) ** -(ctx.prec + 8):
                break
            far = (far * far.root(4)).mid()
        else:
            raise Undecided("the tail decays too slowly to integrate")
        top = (far - start).log().mid()
        rest = self._rest((start + top.exp()).lower(), k, p, slope)
        whole = self._span(start, top, +1, slope, real)
        return whole + rest.union(-rest)

    def _rest(self, far: arb, k: fmpq, p: fmpq, slope: Slope) -> arb:
        """Beyond ``far >= 4 |cut|``: ``|g'(z)| <= C x^(p - 1)`` with C from the far point.

        For the kernels at hand ``|g'(z)| z^(1 - p)`` never grows, or is constant; and z lies
        between x/2 and 2x, which a factor of 4 to the power |p - 1| makes up for.
        """
        z = (far - self.region.cut).mid()
        size = abs(slope(acb(z), False)).upper() * z ** (1 - p)
        spread = arb(4) ** abs(arb(p) - 1)
        return (size * spread * far**p * self.law.survival(far) / (k - p)).upper()

    def _power(self, growth: fmpq) -> tuple[fmpq, fmpq]:
        """``(T, k)`` with ``h' <= -k/x`` beyond T and k above the growth of g."""
        for places in BEGINNINGS:
            at = max(fmpq(10) ** places, 2 * abs(self.lower) + 2)
            k = power_bound(self.law.log_sf, at)
            if k is not None and k > growth:
                return at, k
        raise Undecided(f"no power of x proves the moment of order {growth} of {self.law} finite")
