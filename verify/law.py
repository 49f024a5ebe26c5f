"""Laws: the distribution of the reward, asked for tails, means and moment generating functions.

Every method that returns a number returns a ball computed at flint's working precision; callers who
need more digits raise the precision (:func:`verify.enclosure.escalate`). A number that is infinite
is a :class:`~verify.enclosure.Diverges` with its reason.

Points are exact rationals (``fmpq``) where they can be, so that ``Q(X > t)`` at an atom is right;
a ball stands for "some point in here", and the answer then covers every point of the ball.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from flint import arb, arb_series, fmpq

from verify.enclosure import (
    LOG_TWO,
    Diverges,
    Exact,
    Number,
    Undecided,
    ball,
    exact,
    log_one_less,
)
from verify.errors import InputError
from verify.series import Moments
from verify.tail_rates import Rate, TailRates

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

#: Where a law is asked: exactly, or somewhere in a ball.
Point = int | fmpq | arb
#: An end of a support: an exact number, or a signed infinity.
Bound = Exact | Diverges


class LawError(InputError):
    """A law that does not exist; the message is one line: what, where, what would be accepted."""


class Law(ABC):
    """A probability law ``Q`` on the line. Immutable; ``str(law)`` is text that parses back."""

    # ---- what it is -------------------------------------------------------------------------

    @property
    @abstractmethod
    def support(self) -> tuple[Bound, Bound]:
        """Essential infimum and supremum."""

    @property
    @abstractmethod
    def right_tail(self) -> TailRates:
        """Decay of ``Q(X > t)``."""

    @property
    @abstractmethod
    def left_tail(self) -> TailRates:
        """Decay of ``Q(X < -t)``."""

    @property
    def mgf_abscissa(self) -> Rate:
        """``sup{l >= 0 : E exp(l X) < oo}``, exact; 0 means right-heavy, None means not known."""
        return self.right_tail.abscissa

    @property
    def decay_rate(self) -> Rate:
        """The ``g`` of the class L(g) the right tail belongs to; None with a reason otherwise."""
        return self.right_tail.decay

    @property
    def rates_need_search(self) -> bool:
        """Whether the tail rates take a symbolic computation (for tails that users wrote)."""
        return False

    @property
    def has_atoms(self) -> bool:
        """Whether some single point may carry mass."""
        return False

    def parts(self) -> Iterator[Law]:
        """This law and the laws it is made of."""
        yield self

    # ---- tails ------------------------------------------------------------------------------

    @abstractmethod
    def log_survival(self, t: Point, closed: bool = False) -> arb:
        """``log Q(X > t)``, or ``log Q(X >= t)`` if ``closed``; ``-inf`` where that is 0."""

    @abstractmethod
    def log_cdf(self, t: Point, open: bool = False) -> arb:
        """``log Q(X <= t)``, or ``log Q(X < t)`` if ``open``; ``-inf`` where that is 0."""

    def survival(self, t: Point, closed: bool = False) -> arb:
        """``Q(X > t)``, or ``Q(X >= t)`` if ``closed``."""
        return self.log_survival(t, closed).exp()

    def cdf(self, t: Point, open: bool = False) -> arb:
        """``Q(X <= t)``, or ``Q(X < t)`` if ``open``."""
        return self.log_cdf(t, open).exp()

    def log_between(
        self,
        low: Point | None,
        high: Point | None,
        low_in: bool = False,
        high_out: bool = False,
    ) -> arb:
        """``log Q(low < X <= high)``; ``low_in`` takes low in, ``high_out`` leaves high out.

        Each difference is taken on the side where its terms are small. Laws that can tell an
        empty interval, and those made of other laws, override it.
        """
        if low is None:
            return arb(0) if high is None else self.log_cdf(high, open=high_out)
        above = self.log_survival(low, closed=low_in)
        if high is None or above == arb.neg_inf():
            return above
        if isinstance(low, fmpq) and isinstance(high, fmpq) and low >= high:
            single = low == high and low_in and not high_out
            return self.mass_at(low).log() if single else arb.neg_inf()
        if above < -LOG_TWO:
            beyond = self.log_survival(high, closed=high_out)
            return above if beyond == arb.neg_inf() else above + log_one_less(beyond - above)
        up_to = self.log_cdf(high, open=high_out)
        if up_to == arb.neg_inf():
            return up_to
        below = self.log_cdf(low, open=low_in)
        if below == arb.neg_inf():
            return up_to
        if up_to < -LOG_TWO:
            return up_to + log_one_less(below - up_to)
        beyond = self.log_survival(high, closed=high_out)
        if beyond == arb.neg_inf():
            return above
        return (-(below.exp() + beyond.exp())).log1p()

    def between(
        self,
        low: Point | None,
        high: Point | None,
        low_in: bool = False,
        high_out: bool = False,
    ) -> arb:
        """``Q(low < X <= high)``; see :meth:`log_between`."""
        log_mass = self.log_between(low, high, low_in, high_out)
        if not log_mass.is_nan():
            return log_mass.exp()
        # Balls that cannot tell the mass from 0: the difference of the tails is still a ball.
        above = arb(1) if low is None else self.survival(low, closed=low_in)
        return above - (arb(0) if high is None else self.survival(high, closed=high_out))

    def mass_at(self, t: Point) -> arb:
        """``Q(X = t)``."""
        return arb(0)

    def density(self, t: Point) -> arb:
        """The density at ``t``.

        Raises
        ------
        TypeError
            If the law has none.
        """
        raise TypeError(f"{self} has no density")

    def atoms(self) -> Iterator[tuple[fmpq, arb]]:
        """The atoms ``(x, Q{x})`` in increasing order, where the law is purely atomic.

        Raises
        ------
        TypeError
            If the law is not a list of atoms.
        """
        raise TypeError(f"{self} is not a list of atoms")

    # ---- means ------------------------------------------------------------------------------

    @abstractmethod
    def mean(self) -> Number:
        """``E X``."""

    @abstractmethod
    def upper_mean(self, t: Point) -> Number:
        """``E[X; X > t]``, the partial mean over the upper tail."""

    def lower_mean(self, t: Point) -> Number:
        """``E[X; X <= t]``."""
        return self.partial_mean(None, t)

    def partial_mean(self, low: Point | None, high: Point | None) -> Number:
        """``E[X; low < X <= high]`` (None: no limit on that side)."""
        mean = self.mean()
        if isinstance(mean, Diverges):
            endless = self._endless(mean, low is None, high is None)
            if endless is not None:
                return endless
            if high is None and low is not None:
                return self.upper_mean(low)
            return self.exponential_moments(arb(0), exact_point(low), exact_point(high))[1]
        above = mean if low is None else self.upper_mean(low)
        beyond = arb(0) if high is None else self.upper_mean(high)
        assert isinstance(above, arb) and isinstance(beyond, arb)
        return above - beyond

    @staticmethod
    def _endless(mean: Diverges, left: bool, right: bool) -> Diverges | None:
        """What a partial mean that reaches into an infinite part of the mean comes to."""
        right_part, left_part = right and mean.sign >= 0, left and mean.sign <= 0
        if not (right_part or left_part):
            return None
        return Diverges(right_part - left_part, mean.because)

    def tail_mean(self, t: Point) -> Number:
        """``E[X | X > t]``. Laws whose tail probability is out of reach override it."""
        upper = self.upper_mean(t)
        return upper if isinstance(upper, Diverges) else upper / self.survival(t)

    def tail_mean_estimate(self, t: Point) -> Number:
        """About ``E[X | X > t]``, for searches; laws whose tail mean is an integral override it."""
        return self.tail_mean(t)

    # ---- exponential moments ----------------------------------------------------------------

    def log_mgf(self, tilt: Point) -> Number:
        """``K(l) = log E exp(l X)``."""
        if tilt == 0:
            return arb(0)
        infinite = self._mgf_diverges(tilt)
        return infinite if infinite is not None else self.cumulant_series(ball(tilt))[0]

    def cumulants(self, tilt: Point) -> tuple[arb, arb, arb]:
        """``K(l), K'(l), K''(l)``: log-MGF, mean and variance under the tilt ``l``.

        Raises
        ------
        Undecided
            If ``E exp(l X)`` is infinite, or not known to be finite.
        """
        infinite = self._mgf_diverges(tilt)
        if infinite is not None:
            raise Undecided(f"E exp({tilt} X) is infinite: {infinite.because}")
        series = self.cumulant_series(ball(tilt))
        return series[0], series[1], 2 * series[2]

    def tilt_cost_estimate(self, tilt: arb) -> tuple[arb, arb] | None:
        """About ``D(l) = l K'(l) - K(l)`` and its derivative ``l K''(l)``, for searches.

        None for a law whose cumulants are quick enough; others override it.
        """
        return None

    @abstractmethod
    def cumulant_series(self, tilt: arb) -> arb_series:
        """``K(l + e)`` as a power series in e with three terms; l is inside the domain, not 0."""

    def _mgf_diverges(self, tilt: Point) -> Diverges | None:
        """The proof that ``E exp(l X)`` is infinite, where the abscissa gives one."""
        tail, size = (self.right_tail, tilt) if tilt > 0 else (self.left_tail, -tilt)
        if tail.abscissa is None or isinstance(tail.abscissa, Diverges):
            return None
        if ball(size) > ball(tail.abscissa):
            return Diverges(+1, f"beyond the abscissa: {tail.abscissa_because}")
        return None

    @abstractmethod
    def exponential_moments(
        self, tilt: arb, low: fmpq | None = None, high: fmpq | None = None
    ) -> Moments:
        """``E[X^k exp(l X); low < X <= high]`` for k = 0, 1, 2 (None: no limit on that side)."""

    def rate_estimate(self) -> Rate:
        """The MGF abscissa, or a guess at it for searches where it takes symbolic work."""
        return self.mgf_abscissa

    # ---- quantiles and samples --------------------------------------------------------------

    def quantile(self, level: Point) -> arb:
        """The smallest x with ``Q(X <= x) >= level``, enclosed; 0 < level < 1."""
        from verify.quantile import quantile

        return quantile(self, level)

    @abstractmethod
    def sample(self, size: int, rng: np.random.Generator) -> NDArray[np.float64]:
        """Independent float64 draws."""

    # ---- text and algebra -------------------------------------------------------------------

    @staticmethod
    def parse(text: str) -> Law:
        """The law written as in the catalogue, ``2 + 3*lognormal(mu=0, sigma=1)`` say."""
        from verify.laws import parse

        law: Law = parse(text)
        return law

    @staticmethod
    def from_scipy(frozen: Any) -> Law:
        """The catalogue law of a frozen scipy distribution; a float-only law if there is none."""
        from verify.laws.from_scipy import from_scipy

        law: Law = from_scipy(frozen)
        return law

    def __add__(self, shift: Any) -> Law:
        from verify.affine import affine

        return affine(self, exact(shift), fmpq(1))

    __radd__ = __add__

    def __sub__(self, shift: Any) -> Law:
        return self + (-exact(shift))

    def __rsub__(self, shift: Any) -> Law:
        return -self + exact(shift)

    def __mul__(self, scale: Any) -> Law:
        from verify.affine import affine

        return affine(self, fmpq(0), exact(scale))

    __rmul__ = __mul__

    def __truediv__(self, scale: Any) -> Law:
        return self * (1 / exact(scale))

    def __neg__(self) -> Law:
        return self * -1


def exact_point(t: Point | None) -> fmpq | None:
    """A limit of integration as a fraction.

    Raises
    ------
    Undecided
        For a ball that is not a single point.
    """
    if t is None or isinstance(t, fmpq):
        return t
    if isinstance(t, int):
        return fmpq(t)
    if not t.is_exact():
        raise Undecided("a partial moment is asked for at exact points only")
    return t.fmpq()
