"""Certified integrals of a user's survival function ``exp(h)``: mean excess and MGF.

The integrals run in ``s = log(x - start)``, in which the formula is analytic even where it has a
root or a logarithm at its start; where it has none, from the start itself. What lies beyond the
last point is bounded by a slope of h that holds on the whole ray (:mod:`verify.ray`).
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cached_property

from flint import acb, arb, ctx, fmpq

from verify.arithmetic import BALLS, complex_balls
from verify.enclosure import Undecided, working_precision
from verify.expression import Binary, Name, Negation, Node
from verify.formula import Formula
from verify.quadrature import integrate, integrate_moments, size_of
from verify.ray import Refuted, exponential_bound, power_bound, prove_nonincreasing
from verify.series import Moments
from verify.work import Integrand

#: Points, as powers of 4 beyond the start, from which a slope is tried.
_LADDER = 40
#: Slopes that could not be proved, after which no more are tried: each costs up to a second.
_MOST_FAILURES = 6
#: Share of an integral's scale within which h must be analytic around the start.
_AROUND = arb("0.125")
#: Points of the grid on which the size of an integral is guessed.
GRID = 65
#: Integrals that are kept.
KEPT = 256


class TailIntegrals:
    """Integrals over ``[start, oo)`` of ``exp(h)`` times simple factors.

    Parameters
    ----------
    log_sf : Formula
        h, nonincreasing.
    lower : Formula
        Where it begins.
    decay : callable
        Gives ``(T, k)`` with ``h' <= -k/x`` beyond T, k > 1; raises Undecided where none is known.
    """

    def __init__(
        self, log_sf: Formula, lower: Formula, decay: Callable[[], tuple[fmpq, fmpq]]
    ) -> None:
        self.log_sf, self.lower, self.decay = log_sf, lower, decay
        self.linear, self.rest = linear_part(log_sf)
        self._slopes: list[tuple[fmpq, fmpq]] = []
        self._failures = 0
        self._known: dict[object, Moments] = {}

    @property
    def rate(self) -> Formula:
        """Minus the slope of the linear part of h: the MGF abscissa, where the rest is smaller."""
        return -self.linear

    def at(self, x: arb) -> arb:
        """``h(x)``."""
        return arb(self.log_sf.evaluate(x, BALLS))

    # ---- the mean ---------------------------------------------------------------------------

    def excess(self, t: arb) -> arb:
        """``E[X - t | X > t]``, the integral of ``exp(h(x) - h(t))`` beyond t."""
        start, k = self.decay()
        if t > start:
            here = self._power_at(t)
            if here is not None and here > arb(2) ** (ctx.prec + 8):
                return arb(0).union(t / (here - 1))
        far = self._far_enough(t, start, k)
        beyond = (self.at(far) - self.at(t)).exp() * far / (k - 1)
        return self._piece(t, far, arb(0), -self.at(t)).integral() + arb(0).union(beyond)

    def _power_at(self, t: arb) -> arb | None:
        """A k for which ``h' <= -k/x`` beyond t, where that is worth having: t is far out."""
        k = -arb(self._index.evaluate(t, BALLS))
        if not k > arb(2) ** (ctx.prec + 8):
            return None
        if self._index_grows_from is not None and t > self._index_grows_from:
            return k
        if t < arb(2) ** 1000:
            proved = power_bound(self.log_sf, t.lower().fmpq())
            return None if proved is None else arb(proved)
        return None

    @cached_property
    def _index(self) -> Formula:
        """``x h'(x)``: minus the local index of the tail."""
        return Formula.parse("x") * self.log_sf.derivative()

    @cached_property
    def _index_grows_from(self) -> fmpq | None:
        """A point beyond which the local index never falls, so that its value at t bounds it."""
        start, _ = self.decay()
        for beginning in (start, start + fmpq(10) ** 6, start + fmpq(10) ** 30):
            try:
                prove_nonincreasing(self._index, beginning)
            except (Undecided, Refuted):
                continue
            return beginning
        return None

    def _far_enough(self, t: arb, start: fmpq, k: fmpq) -> arb:
        """A point beyond which less than ``2^-precision`` of the integral lies."""
        far = arb(start) if not t > start else t
        factor = arb(2)
        here = self.at(t)
        goal = self._log_size(t) - (ctx.prec + 4) * arb(2).log()
        for _ in range(200):
            far = (far * factor).mid()
            if self.at(far) - here + (far / (k - 1)).log() < goal:
                return far
            factor = factor * factor if factor < 1e30 else factor * 1e30
        raise Undecided("the tail decays too slowly to integrate")

    def _log_size(self, t: arb) -> arb:
        """``log`` of a lower bound of the excess: the best rectangle under the curve."""
        here = self.at(t)
        speed = -arb(self.log_sf.derivative().evaluate(t, BALLS))
        scale = 1 / speed if speed > 0 and speed.is_finite() else arb(1)
        best = arb(-(10**9))
        for index in range(-40, 60, 2):
            width = (scale * arb(2) ** index).mid()
            area = (width.log() + self.at(t + width) - here).lower()  # of a useless ball, -oo
            best = max(best, area)
        return best

    # ---- exponential moments ----------------------------------------------------------------

    def exponential(self, tilt: arb, start: arb, end: arb | None) -> Moments:
        """The integrals of ``x^j exp(l x + h(x))``, j = 0, 1, 2, over ``[start, end]``.

        A tilt's mean, variance and KL ask for the same ones: they are kept, at each precision.
        """
        given = (tilt, start) if end is None else (tilt, start, end)
        if not all(ball.is_finite() for ball in given):
            return self._exponential(tilt, start, end)
        key = ctx.prec, *((ball.mid().man_exp(), ball.rad().man_exp()) for ball in given)
        if key not in self._known:
            if len(self._known) >= KEPT:
                self._known.clear()
            self._known[key] = self._exponential(tilt, start, end)
        return self._known[key]

    def _exponential(self, tilt: arb, start: arb, end: arb | None) -> Moments:
        rest: Moments = (arb(0), arb(0), arb(0))
        if end is None:
            at_rate = tilt.is_exact() and tilt.fmpq() == self.rate
            end, rest = self._cut_at_rate(start) if at_rate else self._cut(tilt, start)
        j0, j1, j2 = self._piece(start, end, tilt, arb(0)).moments(second=not rest[2].is_nan())
        return j0 + rest[0], j1 + rest[1], j2 + rest[2]

    def _cut(self, tilt: arb, start: arb) -> tuple[arb, Moments]:
        """An end, and bounds for the three integrals beyond it."""
        if tilt < 0:
            begin, speed = arb(0), -tilt
        else:
            at, slope = self._slope_above(tilt, start)
            begin, speed = arb(at), slope - tilt
        goal = self._largest(tilt, start) - (ctx.prec + 8) * arb(2).log()
        end = begin if begin > start else start
        step = 1 / speed
        for _ in range(200):
            end = (end + step).mid()
            if tilt * end + self.at(end) + (end * end + 1 / speed).log() < goal:
                break
            step = step * 1.5
        height = (tilt * end + self.at(end)).exp()
        r = 1 / speed
        x = abs(end)
        sizes = (r, x * r + r * r, x * x * r + 2 * x * r * r + 2 * r**3)
        bounds = [(-(height * size)).union(height * size) for size in sizes]
        bounds[0] = arb(0).union(height * r)
        return end, (bounds[0], bounds[1], bounds[2])

    def _cut_at_rate(self, start: arb) -> tuple[arb, Moments]:
        """The same where l cancels the linear part of h: what is left falls like a power or faster.

        The integral of order j is finite where it falls faster than ``x^-(j+1)``, and NaN where
        that is not proved.
        """
        begin, k = self._power_at_rate
        end = arb(begin) if arb(begin) > start else start
        # Until nothing is left in order 1, or in order 0 where that is all there is.
        orders = 2 if k > 2 else 1
        goal = self._largest(-self.linear.ball(), start) - (ctx.prec + 8) * arb(2).log()
        factor = arb(4)
        for _ in range(200):
            end = (end * factor).mid()
            if self._at_rate(end) + orders * end.log() - arb(k - orders).log() < goal:
                break
            factor = factor * 2
        height = self._at_rate(end).exp()
        bounds = [
            arb(0).union(height * end ** (order + 1) / (k - order - 1))
            if k > order + 1
            else arb.nan()
            for order in range(3)
        ]
        return end, (bounds[0], bounds[1], bounds[2])

    def _at_rate(self, x: arb) -> arb:
        """``h`` without its linear part."""
        return arb(self.rest.evaluate(x, BALLS))

    @cached_property
    def _power_at_rate(self) -> tuple[fmpq, fmpq]:
        """``(T, k)`` with ``(h - linear part)' <= -k/x`` beyond T."""
        start = self.lower.ball()
        origin = max(0, int(start.upper().ceil().unique_fmpz() or 0))
        # Far out first: there the bound is nearly the power itself.
        for exponent in (12, 6, 3, 0):
            at = fmpq(origin + 10**exponent)
            k = power_bound(self.rest, at)
            if k is not None and k > 1:
                return at, k
        raise Undecided("no power of x proves E exp(l X) finite at the rate")

    def _largest(self, tilt: arb, start: arb) -> arb:
        """``log`` of about the largest value of the integrand near the start."""
        best = (tilt * start + self.at(start)).mid()
        for index in range(-20, 40):
            x = start + arb(2) ** index
            value = (tilt * x + self.at(x)).lower()
            best = max(best, value)
        return best

    def _slope_above(self, tilt: arb, start: arb) -> tuple[fmpq, fmpq]:
        """``(T, s)`` with ``h' <= -s`` beyond T proved and s clearly above the tilt."""
        for at, slope in self._slopes:
            if slope > tilt:
                return at, slope
        origin = int(start.upper().ceil().unique_fmpz() or 0)
        derivative = self.log_sf.derivative()
        far = -arb(derivative.evaluate(arb(10) ** 60, BALLS))
        for power in range(_LADDER):
            at = fmpq(origin + 4**power)
            near = -arb(derivative.evaluate(arb(at), BALLS))
            least = far if far < near else near  # a slope like exp(10^60) has no useful ball
            if not least > tilt:
                if near < tilt and power > _LADDER // 2:
                    break
                continue
            for share in ("1", "0.999", "0.5"):
                # Few bits, but of the distance: a tilt may be next to the rate.
                slope = tilt.upper().fmpq() + _short((least - tilt) * arb(share))
                if slope > tilt and self._proves(at, slope):
                    self._slopes.append((at, slope))
                    return at, slope
        raise Undecided(f"no slope proves E exp(l X) finite at l = {tilt.str(6, radius=False)}")

    def _proves(self, at: fmpq, slope: fmpq) -> bool:
        if self._failures >= _MOST_FAILURES:
            return False
        proved = exponential_bound(self.log_sf, at, slope)
        self._failures += not proved
        return proved

    # ---- the integrals ----------------------------------------------------------------------

    def _piece(self, start: arb, end: arb, tilt: arb, shift: arb) -> _Piece:
        """``exp(tilt x + h(x) + shift) dx`` over ``[start, end]``.

        In ``s = log(x - start)``; where h is analytic around its start too, in
        ``s = log(1 + (x - start)/scale)``, which has no long way from minus infinity to go.
        """
        # l x and the linear part of h all but cancel near the rate; as one term they stay sharp.
        speed, rest = tilt + self.linear.ball(), self.rest
        length = end - start
        size = self._log_size(start)
        bits = 2 * ctx.prec + 32

        def height(x: acb, analytic: bool) -> acb:
            h = acb(rest.evaluate(x, complex_balls(analytic)))
            return speed * x + h + shift

        scale = size.exp().mid()
        if self._is_analytic_around(start, scale * _AROUND):

            def place(s: acb) -> acb:
                return start + scale * s.expm1()

            def from_start(s: acb, analytic: bool) -> acb:
                with working_precision(bits):
                    return scale * (height(place(s), analytic) + s).exp()

            return _Piece(place, from_start, arb(0), (length / scale).log1p(), start, arb(0))
        # The piece next to the start is bounded: exp(h) lies between its values at the ends.
        nearest = length.log() if length.log() < size else size
        nearest = (nearest - (ctx.prec + 16) * arb(2).log()).mid()

        def weight(s: acb, analytic: bool) -> acb:
            with working_precision(bits):
                return (height(start + s.exp(), analytic) + s).exp()

        with working_precision(bits):
            first = start + nearest.exp()
            span = start.union(first)
            heights = self.at(first).union(self._limit_at(start))
            near = (tilt * span + heights + shift).exp() * nearest.exp()
        return _Piece(lambda s: start + s.exp(), weight, nearest, length.log(), span, near)

    def _is_analytic_around(self, start: arb, radius: arb) -> bool:
        """Whether the formula is analytic on a disc; a guess would do, as integrals check it."""
        box = arb(0, radius.abs_upper())
        value = self.rest.evaluate(acb(start + box, box), complex_balls(True))
        return bool(acb(value).is_finite())

    def _limit_at(self, start: arb) -> arb:
        value = self.at(start)
        if value.is_finite():
            return value
        return arb(0)  # h <= 0 everywhere, and h(first) bounds it from below


@dataclass(frozen=True)
class _Piece:
    """A piece of a ray: an integrand from ``low`` to ``high``, and a bound next to the start."""

    place: Callable[[acb], acb]
    weight: Integrand
    low: arb
    high: arb
    span: arb
    near: arb

    def integral(self) -> arb:
        """The integral of order 0."""
        scale = size_of(self.weight, self.low, self.high, GRID)
        return self.near + integrate(self.weight, self.low, self.high, scale)

    def moments(self, second: bool) -> Moments:
        """The integrals with the factors 1, x and, if wanted, x^2."""
        j0, j1, j2 = integrate_moments(self.place, self.weight, self.low, self.high, GRID, second)
        return j0 + self.near, j1 + self.near * self.span, j2 + self.near * self.span**2


def _short(value: arb) -> fmpq:
    """A fraction of about 40 bits below a number."""
    with working_precision(40):
        return value.lower().fmpq()


def linear_part(formula: Formula) -> tuple[Formula, Formula]:
    """``(a, g)`` with ``formula = a x + g``, a being what stands before x in its outermost sum."""
    slope, others = Formula.number(0), Formula.number(0)
    for sign, term in _terms(formula.node, 1):
        coefficient = _coefficient(term)
        if coefficient is None:
            others = others + sign * Formula(term)
        else:
            slope = slope + sign * coefficient
    return slope, others


def _terms(node: Node, sign: int) -> Iterator[tuple[int, Node]]:
    match node:
        case Binary("+" | "-" as op, left, right):
            yield from _terms(left, sign)
            yield from _terms(right, sign if op == "+" else -sign)
        case Negation(operand):
            yield from _terms(operand, -sign)
        case _:
            yield sign, node


def _coefficient(term: Node) -> Formula | None:
    """a, for a term ``a x`` with a constant a."""
    match term:
        case Name("x"):
            return Formula.number(1)
        case Negation(operand):
            inner = _coefficient(operand)
            return None if inner is None else -inner
        case Binary("*", left, right):
            for constant, factor in ((Formula(left), right), (Formula(right), left)):
                inner = _coefficient(factor) if constant.is_constant else None
                if inner is not None:
                    return constant * inner
        case Binary("/", numerator, denominator) if Formula(denominator).is_constant:
            inner = _coefficient(numerator)
            return None if inner is None else inner / Formula(denominator)
    return None
