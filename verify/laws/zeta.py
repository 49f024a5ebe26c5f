"""The zeta law: the lattice law with a power tail."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

from flint import arb, ctx, fmpq

from verify.enclosure import Diverges, Number, Undecided, ball, working_precision
from verify.law import Point
from verify.laws.bases import bounded_draws, float_of
from verify.laws.lattice import MOST_ATOMS, LatticeLaw, rest_bounds
from verify.laws.parameters import Domain, Parametric, parameter
from verify.series import Moments
from verify.tail_rates import TailRates

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

ABOVE_ONE = Domain(
    "a number from 1 + 1e-6 to 1e6", lambda value: 1 + fmpq(1, 10**6) <= value <= 10**6
)

#: From this s on n^-s falls so fast that a sum is quicker than Arb's polylogarithm.
DIRECT_FROM = 30


@dataclass(frozen=True)
class Zeta(Parametric, LatticeLaw):
    """``Q(X = n) = n^-s / zeta(s)`` for n = 1, 2, ..."""

    name: ClassVar[str] = "zeta"
    first: ClassVar[int] = 1
    s: fmpq = parameter(ABOVE_ONE)

    @property
    def right_tail(self) -> TailRates:
        because = (
            f"power tail of index {self.s - 1}: E exp(l X) = oo for every l > 0, "
            "and neighbouring tails have ratio -> 1"
        )
        return TailRates.heavy(because)

    def _log_tails(self, n: arb) -> tuple[arb, arb]:
        s = arb(self.s)
        above = (s.zeta(n + 1) / s.zeta()).log()
        if above < -1:
            return above, (-above.exp()).log1p()
        # The tail is close to 1 where s is close to 1; its complement is a short sum for small n.
        up_to = ((s.zeta() - s.zeta(n + 1)) / s.zeta()).log()
        return above, up_to

    def _log_mass(self, n: arb) -> arb:
        return -self.s * n.log() - arb(self.s).zeta().log()

    def mean(self) -> Number:
        if self.s <= 2:
            return Diverges(+1, f"the sum of n^(1 - s) diverges for s = {self.s} <= 2")
        return arb(self.s - 1).zeta() / arb(self.s).zeta()

    def _log_upper_mean(self, n: arb) -> arb:
        return (arb(self.s - 1).zeta(n + 1) / arb(self.s).zeta()).log()

    def _mean_beyond(self, n: int | arb, mean: arb) -> arb:
        if n < 1:
            return mean
        return arb(self.s - 1).zeta(ball(n) + 1) / arb(self.s).zeta(ball(n) + 1)

    def partial_mean(self, low: Point | None, high: Point | None) -> Number:
        """By the Hurwitz zeta function, which continues to every exponent but 1 (DLMF 25.11)."""
        if high is None:
            return self.mean() if low is None else self.upper_mean(low)
        start = arb(0) if low is None else self._sum_up_to(low)
        return (self._sum_up_to(high) - start) / arb(self.s).zeta()

    def _sum_up_to(self, t: Point) -> arb:
        """``sum of n^(1 - s)`` over 1 <= n <= t."""
        s = arb(self.s - 1)

        def total(n: int | arb) -> arb:
            if n < 1:
                return arb(0)
            if s == 1:  # harmonic numbers
                return (ball(n) + 1).digamma() - arb(1).digamma()
            return s.zeta() - s.zeta(ball(n) + 1)

        return self._over(t, False, total)

    def _ratio(self, n: arb) -> arb:
        return (-self.s * (1 / n).log1p()).exp()

    def _largest_ratio(self, n: arb) -> arb:
        return arb(1)

    def exponential_moments(
        self, tilt: arb, low: fmpq | None = None, high: fmpq | None = None
    ) -> Moments:
        if high is None and not tilt < 0:
            raise Undecided(f"moments of {self} at l = {tilt.str(6)}: infinite, or too close to 0")
        return super().exponential_moments(tilt, low, high)

    def _cumulants(self, tilt: arb) -> tuple[arb, arb, arb]:
        """``E exp(l X)`` is the polylogarithm ``Li_s(exp(l))/zeta(s)`` (DLMF 25.12.10)."""
        if not tilt < 0:
            raise Undecided(f"E exp(l X) of {self} at l = {tilt.str(6)}: infinite for l > 0")
        # exp(l) must show its distance from 1, and K is small there.
        lost = max(-int(tilt.mid().man_exp()[1]) - tilt.mid().bits(), 0)
        with working_precision(ctx.prec + 2 * lost + 8):
            z, size = tilt.exp(), arb(self.s).zeta()
            if z > 0.5 and self.s < DIRECT_FROM:
                m0, m1, m2 = (z.polylog(arb(self.s - k)) for k in range(3))
                log_mgf, mean = (m0 / size).log(), m1 / m0
                variance = m2 / m0 - mean * mean
            else:
                # With Y = X - 1 nothing cancels: Y = 0 is by far the likeliest.
                above, m1, m2 = self._shifted_sums(z)
                log_mgf = tilt + above.log1p() - size.log()
                shifted = m1 / (1 + above)
                mean, variance = 1 + shifted, m2 / (1 + above) - shifted * shifted
        return +log_mgf, +mean, +variance

    def _shifted_sums(self, z: arb) -> Moments:
        """``sum of (n - 1)^k n^-s z^(n - 1)`` over n >= 2 for k = 0, 1, 2."""
        sums = [arb(0), arb(0), arb(0)]
        negligible = arb(2) ** (-ctx.prec - 8)
        power = arb(1)
        for n in range(2, MOST_ATOMS):
            power = power * z
            term = power * (-self.s * arb(n).log()).exp()
            for k in range(3):
                sums[k] += term * (n - 1) ** k
            rests = rest_bounds(term, n, z) if z <= 0.5 else self._power_rests(power, n)
            if rests is not None and rests[2] <= sums[2] * negligible:
                return _triple(a + arb(0).union(b) for a, b in zip(sums, rests, strict=True))
        raise Undecided("unreachable")

    def _power_rests(self, power: arb, n: int) -> Moments:
        """``sum_{i > n} i^(k - s)`` is at most the integral from n on; for large s."""
        return _triple(
            power * (arb(n).log() * (k + 1 - self.s)).exp() / (self.s - k - 1) for k in range(3)
        )

    def sample(self, size: int, rng: np.random.Generator) -> NDArray[np.float64]:
        draws: NDArray[np.float64] = bounded_draws(sample_zeta(float_of(self.s), size, rng))
        return draws


def _triple(values: Iterable[arb]) -> Moments:
    first, second, third = values
    return first, second, third


def sample_zeta(s: float, size: int, rng: np.random.Generator) -> NDArray[np.float64]:
    """Draws by rejection from the rounded Pareto law (Devroye 1986, X.6.1), in float64.

    numpy's own returns 64-bit integers, which the tail passes for s near 1. A draw beyond float64
    is infinite.
    """
    import numpy as np

    done: list[NDArray[np.float64]] = []
    missing = size
    top = 2.0 ** (s - 1)
    while missing > 0:
        u = 1.0 - rng.random(missing)
        v = rng.random(missing)
        with np.errstate(over="ignore"):
            x = np.floor(u ** (-1 / (s - 1)))
        growth = np.expm1((s - 1) * np.log1p(1 / x))  # (1 + 1/x)^(s - 1) - 1
        with np.errstate(invalid="ignore"):
            times_x = np.where(np.isinf(x), s - 1, x * growth)
        keep = v * times_x / (top - 1) <= (1 + growth) / top
        done.append(x[keep])
        missing -= int(keep.sum())
    return np.concatenate(done) if done else np.empty(0)
