"""Laws on the integers: what they share, given the two tails and the mass at an integer."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Callable, Iterator
from typing import ClassVar

from flint import arb, arb_series, ctx, fmpq

from verify.enclosure import (
    INFINITE,
    Diverges,
    Number,
    Undecided,
    ball,
    between,
    working_precision,
)
from verify.law import Bound, Law, Point
from verify.series import Moments
from verify.tail_rates import TailRates

#: Terms of a sum over atoms beyond which we give up.
MOST_ATOMS = 10**6

#: A point given as a ball is rounded to integers exactly up to this many bits; beyond it, a ball
#: of width 1 stands for the integer, which is narrower than any precision can see.
WRITTEN_OUT_BITS = 4096

#: Up to this many atoms the mass of an interval is summed, so that none of its digits is lost.
FEW_ATOMS = 8

#: Bits spent beyond the working precision, against cancellation between the terms of a log-tail.
GUARD_BITS = 64

#: Doublings of the search interval of a quantile before the step itself is squared, and in all.
_DOUBLINGS, _STEPS = 64, 80

#: An integer, or a ball of width 1 or less around a huge one.
Index = int | arb


class LatticeLaw(Law):
    """Atoms at all integers from ``first`` to ``last``.

    Subclasses give the tails and the mass at an integer inside that range, as logs, for a ball
    that contains the integer; what happens outside, and for points that are no integers, is
    settled here.
    """

    first: ClassVar[int] = 0

    @property
    def last(self) -> int | None:
        """The largest atom, if there is one."""
        return None

    @abstractmethod
    def _log_tails(self, n: arb) -> tuple[arb, arb]:
        """``log Q(X > n)`` and ``log Q(X <= n)`` for ``first <= n < last``."""

    @abstractmethod
    def _log_mass(self, n: arb) -> arb:
        """``log Q(X = n)`` for ``first <= n <= last``."""

    @abstractmethod
    def _log_upper_mean(self, n: arb) -> arb:
        """``log E[X; X > n]`` for ``first <= n < last``, where the mean is finite."""

    @abstractmethod
    def _ratio(self, n: arb) -> arb:
        """``Q(X = n + 1)/Q(X = n)``."""

    @abstractmethod
    def _largest_ratio(self, n: arb) -> arb:
        """A bound on ``_ratio`` from n on."""

    def _exact_cdf(self, n: int) -> fmpq | None:
        """``Q(X <= n)`` for ``first <= n < last`` where it is a fraction of moderate size."""
        return None

    # ---- what it is -------------------------------------------------------------------------

    @property
    def support(self) -> tuple[Bound, Bound]:
        return fmpq(self.first), INFINITE if self.last is None else fmpq(self.last)

    @property
    def left_tail(self) -> TailRates:
        return TailRates.bounded()

    @property
    def has_atoms(self) -> bool:
        return True

    # ---- tails ------------------------------------------------------------------------------

    def log_survival(self, t: Point, closed: bool = False) -> arb:
        return self._over(t, closed, self._log_above)

    def log_cdf(self, t: Point, open: bool = False) -> arb:
        return self._over(t, open, self._log_up_to)

    def survival(self, t: Point, closed: bool = False) -> arb:
        return self._over(t, closed, self._above)

    def cdf(self, t: Point, open: bool = False) -> arb:
        return self._over(t, open, self._up_to)

    def log_between(
        self,
        low: Point | None,
        high: Point | None,
        low_in: bool = False,
        high_out: bool = False,
    ) -> arb:
        if isinstance(low, fmpq) and isinstance(high, fmpq):
            before = int(low.ceil()) - 1 if low_in else int(low.floor())
            last = int(high.ceil()) - 1 if high_out else int(high.floor())
            before = max(before, self.first - 1)
            last = last if self.last is None else min(last, self.last)
            if last <= before:
                return arb.neg_inf()
            if last - before <= FEW_ATOMS:
                return sum((self._mass(n) for n in range(before + 1, last + 1)), arb(0)).log()
        return super().log_between(low, high, low_in, high_out)

    def _over(self, t: Point, left: bool, value: Callable[[Index], arb]) -> arb:
        """A monotone function of ``floor(t)``, or of ``ceil(t) - 1``, over all points of ``t``."""
        if isinstance(t, int):
            return value(t - 1 if left else t)
        if isinstance(t, fmpq):
            return value(int(t.ceil()) - 1 if left else int(t.floor()))
        if not t.is_finite():
            return arb.nan()
        if t.is_exact():
            return value(_index(t, left))
        low, high = _index(t.lower(), left), _index(t.upper(), left)
        at_low = value(low)
        if isinstance(low, int) and isinstance(high, int) and low == high:
            return at_low
        at_high = value(high)
        if at_low == arb.neg_inf() and at_high == arb.neg_inf():
            return at_low
        # log 0 has no finite ball: the hull of it and a number is infinitely wide, "not yet".
        return at_low.union(at_high)

    def log_survival_between(self, x: arb) -> arb:
        """The smooth continuation of ``log Q(X > n)`` to real x above the mean."""
        return self._log_above(x)

    def ratio(self, n: arb) -> arb:
        """``Q(X = n + 1)/Q(X = n)`` for an atom n."""
        return self._ratio(n)

    def _inside(self, n: Index, below: arb, above: arb) -> arb | None:
        """The value where n is outside ``[first, last)``, else None."""
        if n < self.first:
            return below
        if self.last is not None and n >= self.last:
            return above
        return None

    def _log_above(self, n: Index) -> arb:
        """``log Q(X > n)`` for any integer n."""
        outside = self._inside(n, arb(0), arb.neg_inf())
        return self._tails(n)[0] if outside is None else outside

    def _log_up_to(self, n: Index) -> arb:
        """``log Q(X <= n)`` for any integer n."""
        outside = self._inside(n, arb.neg_inf(), arb(0))
        return self._tails(n)[1] if outside is None else outside

    def _above(self, n: Index) -> arb:
        part = self._fraction(n)
        return self._log_above(n).exp() if part is None else arb(1 - part)

    def _up_to(self, n: Index) -> arb:
        part = self._fraction(n)
        return self._log_up_to(n).exp() if part is None else arb(part)

    def _fraction(self, n: Index) -> fmpq | None:
        """``Q(X <= n)`` for any integer n, where it is a fraction of moderate size."""
        if n < self.first:
            return fmpq(0)
        if self.last is not None and n >= self.last:
            return fmpq(1)
        return self._exact_cdf(n) if isinstance(n, int) else None

    def _tails(self, n: Index) -> tuple[arb, arb]:
        with working_precision(ctx.prec + GUARD_BITS):
            above, up_to = self._log_tails(ball(n))
        return +above, +up_to

    def mass_at(self, t: Point) -> arb:
        if isinstance(t, int):
            t = fmpq(t)
        exact_point = isinstance(t, fmpq) or t.is_exact()
        if exact_point:
            n = _index(arb(t) if isinstance(t, fmpq) and t.q == 1 else t, left=False)
            integral = t.q == 1 if isinstance(t, fmpq) else t.is_integer()
            return self._mass(n) if integral else arb(0)
        assert isinstance(t, arb)
        if t.is_finite() and not t.contains_integer():
            return arb(0)
        if not t.is_finite():
            return between(arb(0), arb(1))
        beyond, up_to = self.survival(t.lower(), closed=True), self.cdf(t.upper())
        return between(arb(0), beyond if beyond < up_to else up_to)

    def _mass(self, n: Index) -> arb:
        if n < self.first or (self.last is not None and n > self.last):
            return arb(0)
        if isinstance(n, int):
            before, here = self._fraction(n - 1), self._fraction(n)
            if before is not None and here is not None:
                return arb(here - before)
        with working_precision(ctx.prec + GUARD_BITS):
            value = self._log_mass(ball(n)).exp()
        return +value

    def atoms(self) -> Iterator[tuple[fmpq, arb]]:
        n = self.first
        while self.last is None or n <= self.last:
            yield fmpq(n), self._mass(n)
            n += 1

    # ---- means ------------------------------------------------------------------------------

    def upper_mean(self, t: Point) -> Number:
        mean = self.mean()
        if isinstance(mean, Diverges):
            return mean

        def above(n: Index) -> arb:
            outside = self._inside(n, mean, arb(0))
            if outside is not None:
                return outside
            with working_precision(ctx.prec + GUARD_BITS):
                value = self._log_upper_mean(ball(n)).exp()
            return +value

        return self._over(t, False, above)

    def tail_mean(self, t: Point) -> Number:
        mean = self.mean()
        if isinstance(mean, Diverges):
            return mean
        return self._over(t, False, lambda n: self._mean_beyond(n, mean))

    def _mean_beyond(self, n: Index, mean: arb) -> arb:
        outside = self._inside(n, mean, arb.nan())
        if outside is not None:
            return outside
        if isinstance(n, arb):
            # Given X > n, X - n - 1 is at most geometric with the largest ratio from there on.
            largest = self._largest_ratio(n + 1)
            excess = arb(0).union(largest / (1 - largest)) if largest < 1 else arb.nan()
            return n + 1 + excess
        log_tail = self._log_above(n)
        if not log_tail.is_finite():
            return arb.nan()
        # exp(log A - log B) loses as many digits as the logs have before the point.
        lost = max(int(log_tail.mid().man_exp()[1]) + log_tail.mid().bits(), 0)
        with working_precision(ctx.prec + GUARD_BITS + lost):
            value = (self._log_upper_mean(arb(n)) - self._log_tails(arb(n))[0]).exp()
        return +value

    # ---- exponential moments ----------------------------------------------------------------

    def cumulant_series(self, tilt: arb) -> arb_series:
        zeroth, first, second = self._cumulants(tilt)
        return arb_series([zeroth, first, second / 2], prec=3)

    @abstractmethod
    def _cumulants(self, tilt: arb) -> tuple[arb, arb, arb]:
        """``K, K', K''`` at a tilt inside the domain."""

    def exponential_moments(
        self, tilt: arb, low: fmpq | None = None, high: fmpq | None = None
    ) -> Moments:
        start = self.first if low is None else max(self.first, int(low.floor()) + 1)
        end = self.last
        if high is not None:
            end = int(high.floor()) if end is None else min(end, int(high.floor()))
        if end is not None and end < start:
            return arb(0), arb(0), arb(0)
        if end is None:
            infinite = self._mgf_diverges(tilt)
            if infinite is not None:
                raise Undecided(f"E exp({tilt.str(6)} X) is infinite: {infinite.because}")
            if start == self.first:
                return self._all_moments(tilt)
            # Left of the mean the sum from `start` on is long, and the rest is what is small.
            if start - self.first <= MOST_ATOMS and start < self._cumulants(tilt)[1]:
                whole, rest = self._all_moments(tilt), self._sum(tilt, self.first, start - 1)
                return whole[0] - rest[0], whole[1] - rest[1], whole[2] - rest[2]
        return self._sum(tilt, start, end)

    def _all_moments(self, tilt: arb) -> Moments:
        k, mean, variance = self._cumulants(tilt)
        total = k.exp()
        return total, total * mean, total * (variance + mean * mean)

    def _sum(self, tilt: arb, start: int, end: int | None) -> Moments:
        """Over the atoms from ``start`` to ``end``, cut off where the rest is negligible."""
        step = tilt.exp()
        with working_precision(ctx.prec + GUARD_BITS):
            term = (self._log_mass(arb(start)) + tilt * start).exp()
        term = +term
        sums = [arb(0), arb(0), arb(0)]
        negligible = arb(2) ** (-ctx.prec - 8)
        n = start
        far = start + MOST_ATOMS
        ends = (end is not None and end <= far) or self._largest_ratio(arb(far)) * step < 1
        while ends and n < far:
            weighted = n * term
            sums[0] += term
            sums[1] += weighted
            sums[2] += n * weighted
            if n == end:
                return sums[0], sums[1], sums[2]
            if n % 16 == 0:
                rests = rest_bounds(term, n, self._largest_ratio(arb(n)) * step)
                if rests is not None and rests[2] <= sums[2] * negligible:
                    return (
                        sums[0] + arb(0).union(rests[0]),
                        sums[1] + arb(0).union(rests[1]),
                        sums[2] + arb(0).union(rests[2]),
                    )
            term = term * self._ratio(arb(n)) * step
            n += 1
        raise Undecided(
            f"exponential moments of {self} over ({start - 1}, {'oo' if end is None else end}]: "
            f"more than {MOST_ATOMS} atoms"
        )

    # ---- quantiles --------------------------------------------------------------------------

    def quantile(self, level: Point) -> arb:
        if not (level > 0 and level < 1):
            raise ValueError(f"a quantile's level lies strictly between 0 and 1, got {level}")
        low, high = self.first - 1, self._reaching(level)
        while high - low > 1:
            middle = (low + high) // 2
            reached = self._reaches(middle, level)
            if reached is None:
                return self._undecided_quantile(low, middle, high, level)
            low, high = (low, middle) if reached else (middle, high)
        return arb(high)

    def _reaching(self, level: Point) -> int:
        """An integer whose cdf reaches the level."""
        if self.last is not None:
            return self.last
        step = 1
        for count in range(_STEPS):
            if self._reaches(self.first + step, level):
                return self.first + step
            # Squaring the step after a while reaches quantiles as far as exp(1/(1 - level)).
            step = step * 2 if count < _DOUBLINGS else step * step
            if step.bit_length() > 8 * WRITTEN_OUT_BITS:
                break
        raise Undecided(f"the quantile of {self} at {fmpq(0) + level} is out of reach")

    def _undecided_quantile(self, low: int, middle: int, high: int, level: Point) -> arb:
        """The answer where the balls cannot tell whether ``middle`` reaches the level."""
        while middle - low > 1:
            lower = (low + middle) // 2
            low, middle = (lower, middle) if self._reaches(lower, level) is False else (low, lower)
        while high - middle > 1:
            upper = (middle + high) // 2
            middle, high = (middle, upper) if self._reaches(upper, level) else (upper, high)
        return between(arb(low + 1), arb(high))

    def _reaches(self, n: int, level: Point) -> bool | None:
        part = self._fraction(n)
        if part is not None and isinstance(level, fmpq):
            return bool(part >= level)
        p = ball(level)
        gap = self._up_to(n) - p if p < 0.5 else (1 - p) - self._above(n)
        if gap >= 0:
            return True
        return False if gap < 0 else None


def _index(t: Point, left: bool) -> Index:
    """``floor(t)`` (``ceil(t) - 1`` if ``left``) of an exact point."""
    if isinstance(t, arb):
        mantissa, exponent = t.man_exp()
        magnitude = int(exponent) + t.bits()
        if t != 0 and magnitude > WRITTEN_OUT_BITS:
            return between(t - 1, t)
        if t != 0 and magnitude <= 0:  # |t| < 1, and 2^exponent may be too tiny to write out
            return -1 if t < 0 else 0
        t = fmpq(mantissa) * fmpq(2) ** int(exponent)
    t = fmpq(0) + t
    return int(t.ceil()) - 1 if left else int(t.floor())


def rest_bounds(term: arb, n: int, ratio: arb) -> Moments | None:
    """Bounds on ``sum_{i>=1} (n + i)^k term ratio^i`` for k = 0, 1, 2, where the ratio is < 1."""
    if not ratio < 1:
        return None
    gap = 1 - ratio
    zeroth = term * ratio / gap
    first = zeroth / gap  # sum of i ratio^i = ratio/(1 - ratio)^2
    second = first * (1 + ratio) / gap  # sum of i^2 ratio^i = ratio (1 + ratio)/(1 - ratio)^3
    return zeroth, n * zeroth + first, n * n * zeroth + 2 * n * first + second
