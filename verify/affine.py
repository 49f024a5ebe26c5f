"""Shift, scale and negation: the law of ``shift + scale X``."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import TYPE_CHECKING

from flint import arb, arb_series, fmpq

from verify.decimals import law_number
from verify.enclosure import Diverges, Exact, Number, ball
from verify.law import Bound, Law, LawError, Point
from verify.series import Moments
from verify.tail_rates import Rate, TailRates

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray


def affine(law: Law, shift: fmpq, scale: fmpq) -> Law:
    """The law of ``shift + scale X``, in its simplest form.

    Raises
    ------
    LawError
        If the scale is 0: that is ``point(shift)``.
    """
    if scale == 0:
        raise LawError(f"scale 0 collapses a law: write point({law_number(shift)})")
    if isinstance(law, Affine):
        return affine(law.base, shift + scale * law.shift, scale * law.scale)
    return law if shift == 0 and scale == 1 else Affine(law, shift, scale)


@dataclass(frozen=True)
class Affine(Law):
    """The law of ``shift + scale X``; a negative scale exchanges the tails."""

    base: Law
    shift: fmpq
    scale: fmpq

    def __str__(self) -> str:
        base = str(self.base)
        if self.scale == 1:
            return f"{law_number(self.shift)} + {base}"
        size = abs(self.scale)
        term = base if size == 1 else f"{law_number(size)}*{base}"
        if self.shift == 0:
            return term if self.scale > 0 else f"-{term}"
        return f"{law_number(self.shift)} {'+' if self.scale > 0 else '-'} {term}"

    def _inverse(self, t: Point) -> Point:
        return (t - self.shift) / self.scale

    @property
    def flips(self) -> bool:
        """Whether the scale is negative."""
        return bool(self.scale < 0)

    @property
    def support(self) -> tuple[Bound, Bound]:
        low, high = (self._image(bound) for bound in self.base.support)
        return (high, low) if self.flips else (low, high)

    def _image(self, bound: Bound) -> Bound:
        if isinstance(bound, Diverges):
            return Diverges(-bound.sign if self.flips else bound.sign, bound.because)
        image: Exact = bound * self.scale + self.shift  # type: ignore[operator]
        return image

    @cached_property
    def _tails(self) -> tuple[TailRates, TailRates]:
        size = abs(self.scale)
        scaled = [
            replace(tail, abscissa=_divide(tail.abscissa, size), decay=_divide(tail.decay, size))
            for tail in (self.base.left_tail, self.base.right_tail)
        ]
        return (scaled[1], scaled[0]) if self.flips else (scaled[0], scaled[1])

    @property
    def left_tail(self) -> TailRates:
        return self._tails[0]

    @property
    def right_tail(self) -> TailRates:
        return self._tails[1]

    def parts(self) -> Iterator[Law]:
        yield self
        yield from self.base.parts()

    @property
    def rates_need_search(self) -> bool:
        return self.base.rates_need_search

    @property
    def has_atoms(self) -> bool:
        return self.base.has_atoms

    def log_survival(self, t: Point, closed: bool = False) -> arb:
        x = self._inverse(t)
        if self.flips:
            return self.base.log_cdf(x, open=not closed)
        return self.base.log_survival(x, closed)

    def log_cdf(self, t: Point, open: bool = False) -> arb:
        x = self._inverse(t)
        if self.flips:
            return self.base.log_survival(x, closed=not open)
        return self.base.log_cdf(x, open)

    def log_between(
        self,
        low: Point | None,
        high: Point | None,
        low_in: bool = False,
        high_out: bool = False,
    ) -> arb:
        start, end = ((None if t is None else self._inverse(t)) for t in (low, high))
        if self.flips:  # (low, high] is turned round to [-high, -low)
            return self.base.log_between(end, start, not high_out, not low_in)
        return self.base.log_between(start, end, low_in, high_out)

    def survival(self, t: Point, closed: bool = False) -> arb:
        x = self._inverse(t)
        return self.base.cdf(x, open=not closed) if self.flips else self.base.survival(x, closed)

    def cdf(self, t: Point, open: bool = False) -> arb:
        x = self._inverse(t)
        return self.base.survival(x, closed=not open) if self.flips else self.base.cdf(x, open)

    def mass_at(self, t: Point) -> arb:
        return self.base.mass_at(self._inverse(t))

    def density(self, t: Point) -> arb:
        return self.base.density(self._inverse(t)) / abs(self.scale)

    def atoms(self) -> Iterator[tuple[fmpq, arb]]:
        atoms = ((x * self.scale + self.shift, mass) for x, mass in self.base.atoms())
        if not self.flips:
            return atoms
        if isinstance(self.base.support[1], Diverges):
            raise TypeError(f"{self} has no lowest atom")
        return iter(list(atoms)[::-1])

    def mean(self) -> Number:
        return self._transform(self.base.mean(), arb(1))

    def upper_mean(self, t: Point) -> Number:
        if not self.flips:
            return self._transform(self.base.upper_mean(self._inverse(t)), self.survival(t))
        return self.partial_mean(t, None)

    def partial_mean(self, low: Point | None, high: Point | None) -> Number:
        below = arb(1) if high is None else self.cdf(high)
        mass = below if low is None else below - self.cdf(low)
        if low is not None and high is None:
            mass = self.survival(low)
        ends = [None if end is None else self._inverse(end) for end in (low, high)]
        if not self.flips:
            return self._transform(self.base.partial_mean(ends[0], ends[1]), mass)
        part = self.base.partial_mean(ends[1], ends[0])
        if isinstance(part, arb) and self.has_atoms:  # from (x, y] to [x, y)
            for end, sign in zip(ends, (-1, +1), strict=True):
                if end is not None:
                    part += sign * ball(end) * self.base.mass_at(end)
        return self._transform(part, mass)

    def tail_mean(self, t: Point) -> Number:
        if self.flips:
            return super().tail_mean(t)
        return self._transform(self.base.tail_mean(self._inverse(t)), arb(1))

    def tail_mean_estimate(self, t: Point) -> Number:
        if self.flips:
            return super().tail_mean_estimate(t)
        return self._transform(self.base.tail_mean_estimate(self._inverse(t)), arb(1))

    def _transform(self, value: Number, mass: arb) -> Number:
        if isinstance(value, Diverges):
            return Diverges(-value.sign if self.flips else value.sign, value.because)
        return self.shift * mass + self.scale * value

    def rate_estimate(self) -> Rate:
        if self.flips:
            return super().rate_estimate()
        return _divide(self.base.rate_estimate(), self.scale)

    def cumulant_series(self, tilt: arb) -> arb_series:
        inner = self.base.cumulant_series(self.scale * tilt)
        zeroth = inner[0] + self.shift * tilt
        first = self.scale * inner[1] + self.shift
        return arb_series([zeroth, first, self.scale**2 * inner[2]], prec=3)

    def exponential_moments(
        self, tilt: arb, low: fmpq | None = None, high: fmpq | None = None
    ) -> Moments:
        if low is not None and high is not None and low >= high:
            return arb(0), arb(0), arb(0)
        ends = [None if end is None else (end - self.shift) / self.scale for end in (low, high)]
        if self.flips:
            ends.reverse()
        inner_tilt = self.scale * tilt
        m0, m1, m2 = self.base.exponential_moments(inner_tilt, ends[0], ends[1])
        if self.flips and self.has_atoms:  # (low, high] turned into [-high, -low)
            m0, m1, m2 = self._swap_end_atoms((m0, m1, m2), inner_tilt, ends)
        factor = (self.shift * tilt).exp()
        a, b = self.shift, self.scale
        return (
            factor * m0,
            factor * (a * m0 + b * m1),
            factor * (a * a * m0 + 2 * a * b * m1 + b * b * m2),
        )

    def _swap_end_atoms(
        self, moments: Moments, inner_tilt: arb, ends: Sequence[fmpq | None]
    ) -> Moments:
        """From ``(x, y]`` to ``[x, y)``: the atom at x comes in, the one at y goes out."""
        result = list(moments)
        for end, sign in zip(ends, (1, -1), strict=True):
            if end is not None:
                mass = sign * self.base.mass_at(end) * (inner_tilt * end).exp()
                for order in range(3):
                    result[order] += mass * arb(end) ** order
        return result[0], result[1], result[2]

    def quantile(self, level: Point) -> arb:
        if self.flips:
            return super().quantile(level)
        return self.scale * self.base.quantile(level) + self.shift

    def sample(self, size: int, rng: np.random.Generator) -> NDArray[np.float64]:
        shift, scale = (int(v.p) / int(v.q) for v in (self.shift, self.scale))
        return shift + scale * self.base.sample(size, rng)


def _divide(rate: Rate, by: fmpq) -> Rate:
    """A rate in new units; 0, oo and None have none."""
    if rate is None or rate == 0 or isinstance(rate, Diverges):
        return rate
    scaled: Exact = rate / by  # type: ignore[operator]
    return scaled
