"""Laws with a density: what happens at and outside the ends of the support, settled once."""

from __future__ import annotations

from abc import abstractmethod
from functools import lru_cache
from typing import TYPE_CHECKING, Any, TypeVar

from flint import acb, acb_series, arb, arb_series, fmpq

from verify.arithmetic import Arithmetic, ComplexBalls
from verify.enclosure import Diverges, Number, ball
from verify.law import Law, Point
from verify.series import Moments, log_series

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

N = TypeVar("N")


class ContinuousLaw(Law):
    """A law with a density on an interval and no atoms.

    Subclasses give ``_log_survival`` and ``_log_cdf`` for points inside the support; what happens
    at and outside its ends is settled here, once.
    """

    @abstractmethod
    def _log_survival(self, x: arb) -> arb:
        """``log Q(X > x)`` for x in the interior of the support."""

    @abstractmethod
    def _log_cdf(self, x: arb) -> arb:
        """``log Q(X <= x)`` for x in the interior of the support."""

    @abstractmethod
    def log_density(self, x: N, arithmetic: Arithmetic[N]) -> N:
        """Log-density at an interior point, in any arithmetic (one formula for all)."""

    def tilted_density(self, x: acb, tilt: arb, arithmetic: ComplexBalls) -> acb:
        """``f(x) exp(l x)`` near the support; laws whose logarithm is no help there override it."""
        return (self.log_density(x, arithmetic) + tilt * x).exp()

    def log_slope(self, x: acb) -> acb:
        """The derivative of the log-density on a box; NaN where it is not to be had.

        Only where :meth:`tilted_density` is finite is it that of a function analytic there.
        """
        from verify.taylor_series import COMPLEX_SERIES

        try:
            slope: acb = self.log_density(acb_series([x, 1], prec=2), COMPLEX_SERIES)[1]
        except (NotImplementedError, ZeroDivisionError):
            return acb("nan")
        return slope

    def density(self, t: Point) -> arb:
        """The density at ``t`` (0 outside the support)."""
        from verify.arithmetic import BALLS

        x = ball(t)
        place = self._place(x)
        if place == "inside":
            return self.log_density(x, BALLS).exp()
        return arb.nan() if place == "astride" else arb(0)

    def log_survival(self, t: Point, closed: bool = False) -> arb:
        return self._monotone(ball(t), "below", self._log_survival)

    def log_cdf(self, t: Point, open: bool = False) -> arb:
        return self._monotone(ball(t), "above", self._log_cdf)

    def _monotone(self, x: arb, certain: str, inside: Any) -> arb:
        """A log-probability that is 0 on the side ``certain`` of the support and -inf beyond."""
        place = self._place(x)
        if place == "inside":
            return inside(x)  # type: ignore[no-any-return]
        if place == "astride":
            if x.is_exact():  # an irrational end that the working precision cannot tell from x
                return arb.nan()
            ends = [self._monotone(end, certain, inside) for end in (x.lower(), x.upper())]
            # log 0 has no finite ball: the hull of -inf and a number is NaN, that is "not yet".
            return ends[0].union(ends[1])
        return arb(0) if place == certain else arb.neg_inf()

    def _place(self, x: arb) -> str:
        """Where ``x`` lies: below, inside, above the support, or astride an end of it."""
        low, high = self.support
        if not isinstance(low, Diverges):
            if x <= ball(low):
                return "below"
            if not x > ball(low):
                return "astride"
        if not isinstance(high, Diverges):
            if x >= ball(high):
                return "above"
            if not x < ball(high):
                return "astride"
        return "inside"

    @abstractmethod
    def _upper_mean(self, x: arb) -> arb:
        """``E[X; X > x]`` for x in the interior of the support, where ``E X`` is finite."""

    def upper_mean(self, t: Point) -> Number:
        mean = self.mean()
        if isinstance(mean, Diverges):
            # No catalogue law with a density has an infinite mean on its left side only.
            return Diverges(+1, mean.because) if self._place(ball(t)) != "above" else arb(0)
        x = ball(t)
        place = self._place(x)
        if place == "inside":
            return self._upper_mean(x)
        if place == "astride":
            return self._upper_mean_astride(x)
        return mean if place == "below" else arb(0)

    def _upper_mean_astride(self, x: arb) -> arb:
        """The same on a ball across an end, where X has one sign: ``E[X; X > x]`` is monotone."""
        low, high = self.support
        is_positive = x >= 0 or (not isinstance(low, Diverges) and ball(low) >= 0)
        is_negative = x <= 0 or (not isinstance(high, Diverges) and ball(high) <= 0)
        if x.is_exact() or not (is_positive or is_negative):
            return arb.nan()
        one, other = (self.upper_mean(end) for end in (x.lower(), x.upper()))
        assert isinstance(one, arb) and isinstance(other, arb)
        return one.union(other)

    def lower_mean(self, t: Point) -> Number:
        """Where it is a small difference of two means, laws override it."""
        return super().partial_mean(None, t)

    def partial_mean(self, low: Point | None, high: Point | None) -> Number:
        if low is None and high is not None:
            return self.lower_mean(high)
        return super().partial_mean(low, high)

    def tail_inside(self, x: arb, below: bool = False) -> arb:
        """``Q(X > x)``, or ``Q(X <= x)``, at a point that is known to be inside the support."""
        return (self._log_cdf(x) if below else self._log_survival(x)).exp()

    def upper_mean_inside(self, x: arb) -> arb:
        """``E[X; X > x]`` at a point that is known to be inside, where ``E X`` is finite."""
        return self._upper_mean(x)

    def cumulant_series(self, tilt: arb) -> arb_series:
        """By certified quadrature; laws with a closed form override it."""
        return log_series(self.exponential_moments(tilt))

    def exponential_moments(
        self, tilt: arb, low: fmpq | None = None, high: fmpq | None = None
    ) -> Moments:
        from verify.quadrature import exponential_moments

        return exponential_moments(self, tilt, low, high)

    def sample(self, size: int, rng: np.random.Generator) -> NDArray[np.float64]:
        import numpy as np

        with np.errstate(all="ignore"):  # draws beyond float64 are dealt with by whoever asks
            draws = _frozen(self).rvs(size=size, random_state=rng)
        return np.asarray(draws, dtype=np.float64)

    def scipy(self) -> Any:
        """The frozen scipy distribution with this law.

        Raises
        ------
        TypeError
            Where scipy has none; such a law samples in its own way.
        """
        raise TypeError(f"scipy has no distribution for {self}")


@lru_cache(maxsize=64)
def _frozen(law: ContinuousLaw) -> Any:
    """The law's scipy distribution, made once: that takes as long as 10,000 draws."""
    return law.scipy()
