"""Certified integrals of ``x^k exp(l x)`` against a density: moments, MGFs and tilted tails.

The density is evaluated in complex balls by ``acb.integral``, which needs functions analytic near
the path. Near a finite end ``a`` of the support densities have powers of ``x - a``, so there the
variable is ``s = log|x - a|``, in which they are analytic. What is cut off at either end is bounded
through the law's own survival function or cdf, so the result encloses the whole integral.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from flint import acb, arb, ctx, fmpq

from verify.arithmetic import complex_balls
from verify.enclosure import Diverges, Undecided, ball, working_precision
from verify.work import Integrand, affordable, check_work, metered

if TYPE_CHECKING:
    from verify.continuous import ContinuousLaw
    from verify.law import Bound
    from verify.series import Moments

#: Evaluations of one integrand before we give up on it at this precision.
EVALUATIONS = 200_000

#: ``log`` of the smallest distance from an end of the support that is looked at.
FARTHEST_LOG = -10_000


def integrate(integrand: Integrand, low: arb, high: arb, scale: arb) -> arb:
    """Enclose the integral of a real-on-the-real-line function.

    Parameters
    ----------
    integrand : callable
        ``f(z, analytic)`` in complex balls, as for ``acb.integral``.
    low, high : arb
        Ends of the interval.
    scale : arb
        Size of the answer to within a few orders of magnitude. The absolute tolerance is
        ``2**-precision`` of it: flint's default tolerance of ``2**-precision`` alone ruins tiny
        integrals.
    """
    return _integrate(integrand, low, high, scale).real


def _integrate(integrand: Integrand, low: arb, high: arb, scale: arb) -> acb:
    tolerance = abs(scale.mid()) * arb(2) ** (-ctx.prec)
    value = acb.integral(
        metered(integrand),
        low,
        high,
        abs_tol=tolerance,
        eval_limit=affordable(EVALUATIONS, ctx.prec),
        depth_limit=EVALUATIONS,  # with a heap this counts pieces: the default stops at 2 * prec
        use_heap=True,
    )
    check_work()
    return value


def exponential_moments(
    law: ContinuousLaw, tilt: arb, low: fmpq | None, high: fmpq | None
) -> Moments:
    """``E[X^k exp(l X); low < X <= high]`` for k = 0, 1, 2.

    Raises
    ------
    Undecided
        Where the tail beyond what can be integrated has no bound (``l`` pushes mass that way).
    """
    if low is not None and high is not None and low >= high:
        return arb(0), arb(0), arb(0)
    start, end = law.support
    ends_early = high is not None and _beyond(high, start, -1)
    if ends_early or (low is not None and _beyond(low, end, +1)):
        return arb(0), arb(0), arb(0)
    left = start if low is None or _beyond(low, start, -1) else low
    right = end if high is None or _beyond(high, end, +1) else high
    if isinstance(right, Diverges) and not tilt < 0:
        return _complement(law, tilt, None, low)
    if isinstance(left, Diverges) and not tilt > 0:
        return _complement(law, tilt, high, None)
    return _Pieces(law, tilt, left, right).moments()


def _beyond(limit: fmpq, end: Bound, side: int) -> bool:
    """Whether a limit lies at or outside an end of the support."""
    return not isinstance(end, Diverges) and bool(side * (ball(limit) - ball(end)) >= 0)


def _complement(law: ContinuousLaw, tilt: arb, low: fmpq | None, high: fmpq | None) -> Moments:
    """All of the moments less those over ``(low, high]``: the side that ``l`` makes heavier."""
    from verify.continuous import ContinuousLaw

    infinite = law._mgf_diverges(tilt)
    if infinite is not None:
        raise Undecided(f"E exp(l X) of {law} is infinite: {infinite.because}")
    no_closed_form = type(law).cumulant_series is ContinuousLaw.cumulant_series
    if no_closed_form:
        raise Undecided(f"no bound for the tail of E exp(l X) of {law} at l = {tilt.str(6)}")
    log_mgf = law.cumulant_series(tilt)
    total = log_mgf[0].exp()
    first, variance = log_mgf[1], 2 * log_mgf[2]
    full = (total, total * first, total * (variance + first * first))
    if (low, high) == (None, None):
        return full
    part = exponential_moments(law, tilt, low, high)
    return full[0] - part[0], full[1] - part[1], full[2] - part[2]


def _log_mass_beyond(law: ContinuousLaw, point: arb, side: int) -> arb:
    """``log`` of the mass between the point and the end of the support that ``side`` leaves."""
    return law.log_cdf(point) if side > 0 else law.log_survival(point)


class _Pieces:
    """The interval cut where a change of variable, or a bound instead of an integral, is needed."""

    def __init__(self, law: ContinuousLaw, tilt: arb, left: Bound, right: Bound) -> None:
        self.law, self.tilt, self.left, self.right = law, tilt, left, right
        self.moments_so_far = [arb(0), arb(0), arb(0)]

    def moments(self) -> Moments:
        """Integrate piece by piece; see the module's docstring."""
        left, right = self.left, self.right
        start, end = self.law.support
        low = self._cut_left() if isinstance(left, Diverges) else ball(left)
        high = self._cut_right() if isinstance(right, Diverges) else ball(right)
        anchored_left = not isinstance(start, Diverges) and left == start
        anchored_right = not isinstance(end, Diverges) and right == end
        reach = 2 * (arb(ctx.prec) * arb(2).log() + 4) / abs(self.tilt)
        if self.tilt > 0 and not anchored_right and high - reach > low:
            self._add_far(low, (high - reach).mid(), +1)
            low, anchored_left = (high - reach).mid(), False
        elif self.tilt < 0 and not anchored_left and low + reach < high:
            self._add_far(high, (low + reach).mid(), -1)
            high, anchored_right = (low + reach).mid(), False
        middle = (low + high) / 2 if anchored_left and anchored_right else None
        if anchored_left:
            self._add_anchored(low, +1, (high if middle is None else middle) - low)
        if anchored_right:
            self._add_anchored(high, -1, high - (low if middle is None else middle))
        if not anchored_left and not anchored_right:
            self._add_plain(low, high)
        first, second, third = self.moments_so_far
        return first, second, third

    # ---- the parts cut off ------------------------------------------------------------------

    def _cut_right(self) -> arb:
        """A point B with a negligible part above it, which is added as a bound (here l < 0)."""
        # x^2 exp(l x) falls for x > 2/|l|, so its supremum beyond B is its value at B.
        far = (arb(ctx.prec) * arb(2).log() + 4) / -self.tilt
        low = arb(0) if isinstance(self.left, Diverges) else ball(self.left)
        cut = (far + abs(low)).mid()
        self._add_bounds(cut, self.law.log_survival(cut))
        return cut

    def _cut_left(self) -> arb:
        """The mirror image of :meth:`_cut_right` (here l > 0)."""
        far = (arb(ctx.prec) * arb(2).log() + 4) / self.tilt
        high = arb(0) if isinstance(self.right, Diverges) else ball(self.right)
        cut = -(far + abs(high)).mid()
        self._add_bounds(cut, self.law.log_cdf(cut))
        return cut

    def _add_bounds(self, cut: arb, log_mass: arb) -> None:
        mass = log_mass.exp() * (self.tilt * cut).exp()
        for order in range(3):
            largest = (mass * abs(cut) ** order).abs_upper()
            low = arb(0) if (order % 2 == 0 or cut > 0) else -largest
            high = arb(0) if (order % 2 == 1 and cut < 0) else largest
            self.moments_so_far[order] += low.union(high)

    def _add_far(self, limit: arb, cut: arb, side: int) -> None:
        """A bound for what lies far below (+1) or above (-1) the end that a strong tilt favours."""
        log_mass = _log_mass_beyond(self.law, cut, side)
        if log_mass == arb.neg_inf():
            return
        part = arb(0).union((log_mass + self.tilt * cut).exp())
        span = limit.union(cut)
        for order in range(3):
            self.moments_so_far[order] += part * span**order

    # ---- the integrals ----------------------------------------------------------------------

    def _add_plain(self, low: arb, high: arb) -> None:
        def weight(z: acb, analytic: bool) -> acb:
            return self.law.tilted_density(z, self.tilt, complex_balls(analytic))

        self._add_integrals(lambda z: z, weight, low, high)

    def _add_anchored(self, anchor: arb, side: int, length: arb) -> None:
        """Integrate over ``anchor + side * exp(s)``, up to ``length`` from the anchor."""
        law, tilt = self.law, self.tilt
        nearest = self._negligible_distance(anchor, side, length)
        # anchor + exp(s) keeps the digits of exp(s) only if it is added with this many bits.
        bits = ctx.prec + int(abs(nearest / arb(2).log()).upper().ceil().unique_fmpz() or 0) + 8
        with working_precision(bits):
            point = anchor + side * nearest.exp()
            self._add_end(anchor.union(point), _log_mass_beyond(law, point, side))

        def place(s: acb) -> acb:
            return anchor + side * s.exp()

        def weight(s: acb, analytic: bool) -> acb:
            with working_precision(bits):
                x = place(s)
                return (law.log_density(x, complex_balls(analytic)) + tilt * x + s).exp()

        self._add_integrals(place, weight, nearest, length.log())

    def _negligible_distance(self, anchor: arb, side: int, length: arb) -> arb:
        """``log`` of a distance from the anchor within which mass times distance is negligible.

        The mass is known; only where it lies in there is not.
        """
        goal = -arb(ctx.prec + 8) * arb(2).log()
        step = arb(4)
        nearest = (length.log() - step).mid()
        with working_precision(4 * ctx.prec):
            while nearest > FARTHEST_LOG:
                mass = _log_mass_beyond(self.law, anchor + side * nearest.exp(), side)
                spread = nearest + (1 + abs(self.tilt)).log()
                if mass + spread.min(arb(0)) < goal or mass.is_nan():
                    break
                step = step * 1.5
                nearest = (nearest - step).mid()
        return nearest

    def _add_end(self, span: arb, log_mass: arb) -> None:
        if log_mass == arb.neg_inf():
            return
        mass = log_mass.exp()
        factor = (self.tilt * span).exp()
        for order in range(3):
            self.moments_so_far[order] += mass * factor * span**order

    def _add_integrals(
        self,
        place: Callable[[acb], acb],
        weight: Integrand,
        low: arb,
        high: arb,
    ) -> None:
        parts = integrate_moments(place, weight, low, high)
        for order, part in enumerate(parts):
            self.moments_so_far[order] += part


def integrate_moments(
    place: Callable[[acb], acb],
    weight: Integrand,
    low: arb,
    high: arb,
    points: int = 33,
    second: bool = True,
) -> Moments:
    """Enclose the integrals of ``weight(s) place(s)^k`` over ``[low, high]`` for k = 0, 1, 2.

    The first two come out of one integral, as its real and its imaginary part.

    Parameters
    ----------
    place, weight : callable
        Real on the real line; the weight is positive there, and what takes the time.
    low, high : arb
        Ends of the interval.
    points : int
        Of the grid on which the sizes of the integrals are guessed.
    second : bool
        Whether the integral for k = 2 is wanted; else it is NaN.
    """
    sizes = _sizes(place, weight, low, high, points)
    unit = acb(0, (sizes[0] / sizes[1]).mid())  # makes the two parts of one size

    def first_two(s: acb, analytic: bool) -> acb:
        return weight(s, analytic) * (1 + unit * place(s))

    def third(s: acb, analytic: bool) -> acb:
        return weight(s, analytic) * place(s) ** 2

    both = _integrate(first_two, low, high, sizes[0])
    square = _integrate(third, low, high, sizes[2]).real if second else arb.nan()
    return both.real, both.imag / unit.imag, square


def size_of(weight: Integrand, low: arb, high: arb, points: int = 33) -> arb:
    """The largest value of a positive integrand on a grid: a guess of the integral's size."""
    return _sizes(lambda s: s, weight, low, high, points)[0]


def _sizes(
    place: Callable[[acb], acb], weight: Integrand, low: arb, high: arb, points: int
) -> tuple[arb, arb, arb]:
    """The largest ``weight |place|^k``, k = 0, 1, 2, on a grid: guesses of the integrals' sizes."""
    largest = [arb(0), arb(0), arb(0)]
    for index in range(1, points):
        s = acb((low + (high - low) * index / points).mid())
        value, x = weight(s, False).real.mid(), abs(place(s).real.mid())
        for order in range(3):
            largest[order] = max(largest[order], (value * x**order).mid())
    first, second, third = (size if size > 0 else arb(1) for size in largest)
    return first, second, third
