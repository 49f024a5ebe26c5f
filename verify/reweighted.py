"""Reweighted laws: a base law, a weight, and what comes of them. Again laws, so weights compose.

``reweight(law, weight)`` gives the optimised law P, with its mean, tails and divergence from the
base. The two that certificates are made of are here; the rank-based ones are in
:mod:`verify.ranked`.
"""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Iterator
from dataclasses import dataclass, replace
from functools import cached_property
from typing import TYPE_CHECKING

from flint import arb, arb_series, ctx, fmpq

from verify.affine import Affine
from verify.continuous import ContinuousLaw
from verify.divergence import binary_kl
from verify.enclosure import Diverges, Exact, Number, Undecided, ball, ball_of_decimal
from verify.law import Bound, Law, Point, exact_point
from verify.series import Moments, log_series
from verify.tail_rates import Rate, TailRates
from verify.truncation import Truncated
from verify.weight import BestOfN, Identity, Threshold, Tilt, TopFraction, Weight

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray


class Reweighted(Law):
    """The law P with ``dP/dQ`` proportional to a weight."""

    base: Law
    weight: Weight

    def __str__(self) -> str:
        return f"{self.weight} of {self.base}"

    @abstractmethod
    def kl(self) -> Number:
        """``KL(P || Q)``, in nats."""

    def divergence(self, kind: str = "kl") -> Number:
        """A divergence of P from the base, by its token: ``kl``, ``chi2``, ``renyi:2``, ...

        Raises
        ------
        InputError
            For a token that is not known.
        Undecided
            Where it takes an integral, or an infinite sum, that is not done.
        """
        if kind == "kl":
            return self.kl()
        from verify.divergence import parse_divergence
        from verify.reweighted_divergence import divergence_of

        return divergence_of(self, parse_divergence(kind))

    @property
    def support(self) -> tuple[Bound, Bound]:
        return self.base.support

    @property
    def right_tail(self) -> TailRates:
        return self.base.right_tail

    @property
    def left_tail(self) -> TailRates:
        return self.base.left_tail

    @property
    def has_atoms(self) -> bool:
        return self.base.has_atoms

    def cumulant_series(self, tilt: arb) -> arb_series:
        return log_series(self.exponential_moments(tilt))


def reweight(law: Law, weight: Weight) -> Law:
    """The law with density ``weight``, normalised, against ``law``."""
    from verify.ranked import BestOf, TopShare

    match weight:
        case Identity():
            return law
        case Threshold():
            return ThresholdReweighted(law, weight)
        case Tilt():
            return Tilted(law, weight)
        case BestOfN():
            return BestOf(law, weight)
        case TopFraction():
            return TopShare(law, weight)
    raise TypeError(f"no reweighting is known for {weight!r}")


@dataclass(frozen=True)
class ThresholdReweighted(Reweighted):
    """Mass p above t, ``1 - p`` at or below it, in the base's proportions on either side."""

    base: Law
    weight: Threshold

    @property
    def t(self) -> Point:
        """The threshold."""
        return self.weight.location.point()

    @property
    def p(self) -> arb:
        """The mass above the threshold."""
        return ball_of_decimal(self.weight.mass)

    def kl(self) -> arb:
        return binary_kl(self.p, self.base.log_survival(self.t), self.base.log_cdf(self.t))

    def log_weights(self) -> tuple[arb, arb]:
        """``log dP/dQ`` at or below, and above, the threshold."""
        below = arb.neg_inf() if self.weight.mass == 1 else (-self.p).log1p()
        return below - self.base.log_cdf(self.t), self.p.log() - self.base.log_survival(self.t)

    def _side(self, t: Point) -> int:
        """-1 below the threshold, 0 at it, +1 above; as far as the balls can tell."""
        if isinstance(t, fmpq) and isinstance(self.t, fmpq):
            return (t > self.t) - (t < self.t)
        x, cut = ball(t), ball(self.t)
        if x > cut:
            return 1
        if x < cut:
            return -1
        if self.base.has_atoms:
            raise Undecided(f"is {x.str(8)} above the threshold {cut.str(8)}?")
        return 0

    def log_survival(self, t: Point, closed: bool = False) -> arb:
        low, high = self.log_weights()
        side = self._side(t)
        if side > 0 or (side == 0 and not closed):
            return high + self.base.log_survival(t, closed)
        if self.weight.mass == 1:
            return arb(0)
        return (-(low + self.base.log_cdf(t, open=closed)).exp()).log1p()

    def log_cdf(self, t: Point, open: bool = False) -> arb:
        low, high = self.log_weights()
        side = self._side(t)
        if side > 0:
            return (-(high + self.base.log_survival(t, closed=open)).exp()).log1p()
        if self.weight.mass == 1:
            return arb.neg_inf()
        return low + self.base.log_cdf(t, open)

    def mass_at(self, t: Point) -> arb:
        low, high = self.log_weights()
        return self.base.mass_at(t) * (high if self._side(t) > 0 else low).exp()

    def density(self, t: Point) -> arb:
        low, high = self.log_weights()
        return self.base.density(t) * (high if self._side(t) > 0 else low).exp()

    def atoms(self) -> Iterator[tuple[fmpq, arb]]:
        low, high = (value.exp() for value in self.log_weights())
        for x, mass in self.base.atoms():
            yield x, mass * (high if self._side(x) > 0 else low)

    def mean(self) -> Number:
        above = self.base.tail_mean(self.t)
        if self.weight.mass == 1:
            return above
        below = self.base.lower_mean(self.t)
        if isinstance(above, Diverges) and isinstance(below, Diverges):
            return Diverges(0, f"above t: {above.because}; below it: {below.because}")
        if isinstance(above, Diverges) or isinstance(below, Diverges):
            return above if isinstance(above, Diverges) else below
        return self.p * above + (1 - self.p) * below / self.base.cdf(self.t)

    def upper_mean(self, t: Point) -> Number:
        low, high = self.log_weights()
        if self._side(t) >= 0:
            upper = self.base.upper_mean(t)
            return upper if isinstance(upper, Diverges) else high.exp() * upper
        above, from_t = self.base.upper_mean(self.t), self.base.upper_mean(t)
        if isinstance(above, Diverges) or isinstance(from_t, Diverges):
            return above if isinstance(above, Diverges) else from_t
        return high.exp() * above + low.exp() * (from_t - above)

    def exponential_moments(
        self, tilt: arb, low: fmpq | None = None, high: fmpq | None = None
    ) -> Moments:
        cut = self.t
        if not isinstance(cut, fmpq):
            raise Undecided(f"the threshold {self.weight.location} is too far out to integrate to")
        weights = [value.exp() for value in self.log_weights()]
        total = [arb(0), arb(0), arb(0)]
        below = (low, cut if high is None else min(cut, high))
        above = (cut if low is None else max(cut, low), high)
        for factor, (start, end) in zip(weights, (below, above), strict=True):
            if start is not None and end is not None and start >= end:
                continue
            for order, part in enumerate(self.base.exponential_moments(tilt, start, end)):
                total[order] += factor * part
        return total[0], total[1], total[2]

    def sample(self, size: int, rng: np.random.Generator) -> NDArray[np.float64]:
        import numpy as np

        from verify.inversion import SamplingError
        from verify.sampling import sample_between

        cut = self.t
        if not isinstance(cut, fmpq) or abs(cut) > fmpq(10) ** 308:
            raise SamplingError(f"no float64 lies beyond the threshold {self.weight.location}")
        above = int(rng.binomial(size, float(self.weight.mass)))
        draws = np.concatenate(
            [
                sample_between(self.base, None, cut, size - above, rng),
                sample_between(self.base, cut, None, above, rng),
            ]
        )
        rng.shuffle(draws)
        return draws


@dataclass(frozen=True)
class Tilted(Reweighted):
    """The exponential tilt: ``dP/dQ = exp(l X - K(l))``."""

    base: Law
    weight: Tilt

    @property
    def tilt(self) -> fmpq:
        """The tilt l."""
        return self.weight.tilt

    @property
    def right_tail(self) -> TailRates:
        return _tilted_tail(self.base, self.base.right_tail, self.tilt)

    @property
    def left_tail(self) -> TailRates:
        return _tilted_tail(self.base, self.base.left_tail, -self.tilt)

    def kl(self) -> arb:
        log_mgf, mean, _ = self.base.cumulants(self.tilt)
        return self.tilt * mean - log_mgf

    def mean(self) -> Number:
        return self.base.cumulants(self.tilt)[1] if self.tilt != 0 else self.base.mean()

    @cached_property
    def _log_mgf_by_precision(self) -> dict[int, arb]:
        return {}

    def _log_mgf(self) -> arb:
        """``K(l)``, which may take an integral: computed once at each precision."""
        known = self._log_mgf_by_precision
        if ctx.prec not in known:
            known[ctx.prec] = self.base.cumulants(self.tilt)[0] if self.tilt != 0 else arb(0)
        return known[ctx.prec]

    def _log_part(self, low: Point | None, high: Point | None) -> arb:
        """``log P(low < X <= high)``."""
        ends = [exact_point(end) for end in (low, high)]
        part = self.base.exponential_moments(ball(self.tilt), ends[0], ends[1])[0]
        return part.log() - self._log_mgf() if part > 0 else _log_of_nothing(part)

    def log_survival(self, t: Point, closed: bool = False) -> arb:
        if closed and self.has_atoms:
            if self.base.log_cdf(t, open=True) == arb.neg_inf():
                return arb(0)
            return (self._log_part(t, None).exp() + self.mass_at(t)).log()
        return self._log_part(t, None)

    def log_cdf(self, t: Point, open: bool = False) -> arb:
        if open and self.has_atoms:
            if self.base.log_cdf(t, open=True) == arb.neg_inf():
                return arb.neg_inf()  # the difference below could not be told from 0
            return (self._log_part(None, t).exp() - self.mass_at(t)).log()
        return self._log_part(None, t)

    def _weight_at(self, t: Point) -> arb:
        return (self.tilt * ball(t) - self._log_mgf()).exp()

    def mass_at(self, t: Point) -> arb:
        return self.base.mass_at(t) * self._weight_at(t)

    def density(self, t: Point) -> arb:
        return self.base.density(t) * self._weight_at(t)

    def atoms(self) -> Iterator[tuple[fmpq, arb]]:
        log_mgf = self._log_mgf()
        for x, mass in self.base.atoms():
            yield x, mass * (self.tilt * arb(x) - log_mgf).exp()

    def upper_mean(self, t: Point) -> Number:
        moments = self.base.exponential_moments(ball(self.tilt), exact_point(t), None)
        return moments[1] / self._log_mgf().exp()

    def tail_mean(self, t: Point) -> Number:
        moments = self.base.exponential_moments(ball(self.tilt), exact_point(t), None)
        return moments[1] / moments[0]

    def cumulant_series(self, tilt: arb) -> arb_series:
        return self.base.cumulant_series(self.tilt + tilt) - self._log_mgf()

    def exponential_moments(
        self, tilt: arb, low: fmpq | None = None, high: fmpq | None = None
    ) -> Moments:
        total = self._log_mgf().exp()
        m0, m1, m2 = self.base.exponential_moments(self.tilt + tilt, low, high)
        return m0 / total, m1 / total, m2 / total

    def sample(self, size: int, rng: np.random.Generator) -> NDArray[np.float64]:
        from verify.sampling import sample_tilted

        return sample_tilted(self, size, rng)


def _log_of_nothing(part: arb) -> arb:
    return arb.neg_inf() if part == 0 else part.log()


def _tilted_tail(base: Law, tail: TailRates, tilt: fmpq) -> TailRates:
    """The rates of ``exp(l X)`` times a tail: each falls by l.

    So does the decay rate g, except where it is 0 and l is negative. Then ``exp(l X)`` decides,
    and it takes a density that changes slowly to see how: a lattice law keeps its steps.
    """
    falls = replace(tail, abscissa=_less(tail.abscissa, tilt), decay=_less(tail.decay, tilt))
    if tilt >= 0 or tail.decay != 0 or all(_changes_slowly(part) for part in base.parts()):
        return falls
    because = "it takes a density that changes slowly, and the law before the tilt need not have it"
    return replace(falls, decay=None, decay_because=because)


def _changes_slowly(part: Law) -> bool:
    """Whether a heavy law has a density with ``f(x + s)/f(x) -> 1``, as the catalogue's have."""
    return isinstance(part, ContinuousLaw | Affine | Truncated)


def _less(rate: Rate, tilt: fmpq) -> Rate:
    if rate is None or isinstance(rate, Diverges):
        return rate
    less: Exact = rate - tilt  # type: ignore[operator]
    return less
