"""The tilt of ``U = X + V`` in certified numbers, under a Gaussian copula with a normal margin.

One of the two, say P, is ``N(mu, sigma^2)``, the other one, Y, has any law with a density. With
``Z`` the standard normal variable of the same rank as Y, P given ``Z = z`` is normal with mean
``mu + sigma rho z`` and variance ``sigma^2 (1 - rho^2)``. So everything under the tilt is an
integral over z of

    phi(z) exp(l y(z) + l sigma rho z),    y(z) the quantile of Y at the rank of z,

enclosed by :mod:`verify.taylor_integral`. The partner is superexponential on both sides, so the
rate of U is that of Y (:mod:`verify.joint.rate`).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from flint import arb, arb_series, ctx, fmpq

from verify.copulas import gaussian
from verify.enclosure import Diverges, Number, Undecided, ball, between, working_precision
from verify.joint.laws import EXTRA_BITS, SPARE_BITS, CopulaLaw, add_range, middle_of
from verify.law import Bound, Law, Point
from verify.laws.gaussian import Normal, normal_parameters
from verify.ranks import SERIES_RANKS, quantile_at, rank_of
from verify.tail_rates import Rate
from verify.taylor_integral import TaylorIntegral
from verify.taylor_series import corners, log_density, side_of_support

#: KL, and the means of U, V and X.
Numbers = tuple[arb, arb, arb, arb]
#: Scores beyond which no integral goes.
FARTHEST_SCORE = 400
#: Scores that float64 looks at: beyond, a normal mass has no float64.
FLOAT_SCORES = 36
STANDARD = Normal()


def latent_sum(joint: CopulaLaw) -> LatentSum | None:
    """The sum under tilts, where the copula is Gaussian and a margin normal; None elsewhere."""
    if not isinstance(joint.copula, gaussian):
        return None
    for partner, other, normal_is_v in (
        (joint.utility, joint.error, True),
        (joint.error, joint.utility, False),
    ):
        parameters = normal_parameters(partner)
        if parameters is not None:
            return LatentSum(other, *parameters, joint.copula.rho, normal_is_v)
    return None


@dataclass(frozen=True)
class LatentSum:
    """``U = Y + P``; see the module's docstring. It is :class:`verify.tilt_search.Tiltable`.

    Attributes
    ----------
    other : Law
        The law of Y.
    mu, sigma : fmpq
        Mean and standard deviation of P.
    rho : fmpq
        The parameter of the copula.
    normal_is_v : bool
        Whether P is the utility.
    """

    other: Law
    mu: fmpq
    sigma: fmpq
    rho: fmpq
    normal_is_v: bool

    @property
    def support(self) -> tuple[Bound, Bound]:
        """The whole line."""
        return Diverges(-1), Diverges(+1)

    @property
    def mgf_abscissa(self) -> Rate:
        """The rate of Y."""
        return self.other.mgf_abscissa

    @property
    def rates_need_search(self) -> bool:
        """Whether the rate takes a symbolic computation."""
        return self.other.rates_need_search

    def rate_estimate(self) -> Rate:
        """The rate, or a guess at it."""
        return self.other.rate_estimate()

    def mean(self) -> Number:
        """``E U``."""
        mean = self.other.mean()
        return mean if isinstance(mean, Diverges) else mean + self.mu

    def tilt_cost_estimate(self, tilt: arb) -> tuple[arb, arb] | None:
        """No quicker way."""
        return None

    def cumulants(self, tilt: Point) -> tuple[arb, arb, arb]:
        """``K, K', K''`` of U at a tilt above 0 and below the rate."""
        series = self.cumulant_series(ball(tilt))
        return series[0], series[1], 2 * series[2]

    def cumulant_series(self, tilt: arb) -> arb_series:
        """``K_U(l + e)`` as a power series in e with three terms."""
        log_mgf, mean_y, mean_p, variance = self._moments(tilt)
        return arb_series([log_mgf, mean_y + mean_p, variance / 2], prec=3)

    def numbers(self, tilt: Point) -> Numbers:
        """KL and the means of U, V and X under the tilt."""
        log_mgf, mean_y, mean_p, _ = self._moments(ball(tilt))
        mean_u = mean_y + mean_p
        mean_v, mean_x = (mean_p, mean_y) if self.normal_is_v else (mean_y, mean_p)
        return ball(tilt) * mean_u - log_mgf, mean_u, mean_v, mean_x

    def kl_in_floats(self, tilt: float) -> float:
        """About the KL of a tilt, by the trapezoidal rule in float64: for searches."""
        import numpy as np

        z, y = self._grid
        push = float(self.sigma * self.rho)
        logs = tilt * (y + push * z) - z * z / 2
        weights = np.exp(logs - logs.max())
        total = float(weights.sum() * (z[1] - z[0]))
        left = float(self.sigma**2 * (1 - self.rho**2))
        mean = float((weights * (y + push * z)).sum() / weights.sum()) + left * tilt
        log_mgf = float(logs.max()) + np.log(total / (2 * np.pi) ** 0.5) + left * tilt**2 / 2
        return float(tilt * mean - log_mgf)  # the mean of P cancels

    @cached_property
    def _grid(self) -> tuple[Any, Any]:
        """Scores z, and the points of Y of the same ranks, in float64."""
        import numpy as np

        from verify.joint.sampling import quantiles
        from verify.ranks import FLOAT_RANKS

        z = np.linspace(-FLOAT_SCORES, FLOAT_SCORES, 1 + 64 * FLOAT_SCORES)
        return z, quantiles(self.other, FLOAT_RANKS.rank(STANDARD, z))

    # ---- moments ----------------------------------------------------------------------------

    def _moments(self, tilt: arb) -> tuple[arb, arb, arb, arb]:
        """``K(l)``, the means of Y and P, and the variance of U, under the tilt."""
        both = normal_parameters(self.other)
        if both is not None:
            return self._normal_moments(tilt, *both)
        bits = ctx.prec - SPARE_BITS
        with working_precision(ctx.prec + EXTRA_BITS):
            total, in_y, in_z, square = self._integrals(tilt, bits)
            if not total > 0:
                raise Undecided(f"E exp(l U) cannot be told from 0 at l = {tilt.str(6)}")
            left = arb(self.sigma**2 * (1 - self.rho**2))
            shift = self.mu * tilt + left * tilt * tilt / 2
            mean_y, slope = in_y / total, self.sigma * self.rho
            mean_z = in_z / total
            mean_p = self.mu + slope * mean_z + left * tilt
            variance = square / total - (mean_y + slope * mean_z) ** 2 + left
            values = total.log() + shift, mean_y, mean_p, variance
        log_mgf, mean_y, mean_p, variance = (+value for value in values)
        return log_mgf, mean_y, mean_p, variance

    def _normal_moments(self, tilt: arb, mu: fmpq, sigma: fmpq) -> tuple[arb, arb, arb, arb]:
        """The same where Y is normal too: the tilt moves each by its covariance with U."""
        shared = self.rho * sigma * self.sigma
        variance = arb(sigma**2 + self.sigma**2 + 2 * shared)
        mean_y = mu + arb(sigma**2 + shared) * tilt
        mean_p = self.mu + arb(self.sigma**2 + shared) * tilt
        return (mu + self.mu) * tilt + variance * tilt * tilt / 2, mean_y, mean_p, variance

    def _integrals(self, tilt: arb, bits: int) -> tuple[arb, ...]:
        """Integrals of the weight, and of the weight times y, z and ``(y + sigma rho z)^2``."""
        law, push = self.other, arb(self.sigma * self.rho)
        outside = _Outside(law, tilt, push)

        def expansion(z: arb_series) -> tuple[arb_series, ...]:
            y = SERIES_RANKS.quantile(law, rank_of(STANDARD, z))
            weight = (log_density(STANDARD, z) + tilt * y + tilt * push * z).exp()
            return weight, weight * y, weight * z, weight * (y + push * z) ** 2

        def bound(low: arb, high: arb) -> tuple[arb, ...]:
            z, y = low.union(high), between(point_at(law, low), point_at(law, high))
            mass = STANDARD.between(low.fmpq(), high.fmpq())
            mass = mass * (tilt * y + tilt * push * z).exp()
            return mass, mass * y, mass * z, mass * (y + push * z) ** 2

        integral = TaylorIntegral(expansion, bound)
        edges = sorted((score_of(law, corner) for corner in inner_corners(law)), key=middle_of)
        low, high = -arb(1), arb(1)
        add_range(integral, low, high, edges)
        for _ in range(FARTHEST_SCORE):
            total = integral.refine(4)[0]
            goal = arb(2) ** -bits * total.lower()
            if not _below(outside.left(low), goal):
                add_range(integral, (low - 1).mid(), low, edges)
                low = (low - 1).mid()
            elif not _below(outside.right(high), goal):
                add_range(integral, high, (high + 1).mid(), edges)
                high = (high + 1).mid()
            else:
                break
        integral.add_bound(_signed(outside.left(low)))
        integral.add_bound(_signed(outside.right(high)))
        return integral.refine(bits)


def point_at(law: Law, z: arb) -> arb:
    """The point of a law at the rank of z under the standard normal law."""
    upper = bool(z > 0)
    return quantile_at(law, STANDARD.survival(z) if upper else STANDARD.cdf(z), upper)


def score_of(law: Law, y: arb) -> arb:
    """The z at the rank of y."""
    above, below = law.survival(y), law.cdf(y)
    upper = bool(above.mid() < below.mid())
    return quantile_at(STANDARD, above if upper else below, upper)


def inner_corners(law: Law) -> list[arb]:
    """Corners inside the support."""
    return [corner for corner in corners(law) if side_of_support(law, corner) == 0]


def _signed(sizes: tuple[arb, ...]) -> tuple[arb, ...]:
    """Balls about 0 of the sizes given."""
    return tuple(arb(0, size.abs_upper()) for size in sizes)


def _below(sizes: tuple[arb, ...], goal: arb) -> bool:
    return all(bool(size.abs_upper() <= goal) for size in sizes)


class _Outside:
    """Bounds for the integrals over z beyond an end of the range.

    They are at most ``E[|y|^j |z|^k exp(l y + s z); Z > b]``, ``s = l sigma rho``. On the right
    ``|y|^j exp(l y)`` is at most ``(j/(h e))^j exp((l + h) y)`` for y > 0, and Hoelder's inequality
    with exponents p and q parts the rest: ``E[exp(p (l + h) Y)]`` is finite for ``p (l + h)`` below
    the rate, and ``E[|z|^(q k) exp(q s z); Z > b]`` is normal. On the left ``exp(l y)`` falls.
    """

    def __init__(self, law: Law, tilt: arb, push: arb) -> None:
        self.law, self.tilt, self.push = law, tilt, push
        self.s = tilt * push
        rate = law.mgf_abscissa
        far = 2 * tilt + 2 if rate is None or isinstance(rate, Diverges) else ball(rate)
        self.h = (far - tilt) / 4
        self.c = (tilt + 3 * self.h).mid().fmpq()
        self.p = self.c / (tilt + self.h)
        self.q = self.p / (self.p - 1)

    @cached_property
    def _norm(self) -> arb:
        """``(E exp(c Y))^(1/p)``."""
        log_mgf = self.law.log_mgf(self.c)
        if isinstance(log_mgf, Diverges):
            raise Undecided(f"E exp(l U) is infinite: {log_mgf.because}")
        return (log_mgf / self.p).exp()

    def right(self, b: arb) -> tuple[arb, ...]:
        """Sizes of the four integrals over z > b."""
        low, end = point_at(self.law, b), self.law.support[1]
        if not isinstance(end, Diverges):
            return self._bounded(low.union(ball(end)), self.s, b)
        if not low > 0:
            return (arb.pos_inf(),) * 4

        def part(j: int, k: int) -> arb:
            height = (j / (self.h * arb(1).exp())) ** j if j else arb(1)
            return height * self._norm * _score_norm(self.q, self.s, k, b)

        return self._sizes(part)

    def left(self, a: arb) -> tuple[arb, ...]:
        """Sizes of the four integrals over z < a."""
        high, start = point_at(self.law, a), self.law.support[0]
        if not isinstance(start, Diverges):
            return self._bounded(ball(start).union(high), -self.s, -a)
        if not high < 0:
            return (arb.pos_inf(),) * 4

        def part(j: int, k: int) -> arb:
            peak = -arb(j) / self.tilt
            top = high if j == 0 or high < peak else peak
            height = abs(top) ** j * (self.tilt * top).exp()
            return height * _score_norm(arb(1), -self.s, k, -a)

        return self._sizes(part)

    def _bounded(self, y: arb, s: arb, b: arb) -> tuple[arb, ...]:
        """The same where y has an end."""

        def part(j: int, k: int) -> arb:
            return abs(y) ** j * (self.tilt * y).exp() * _score_norm(arb(1), s, k, b)

        return self._sizes(part)

    def _sizes(self, part: Callable[[int, int], arb]) -> tuple[arb, ...]:
        square = 2 * part(2, 0) + 2 * self.push**2 * part(0, 2)
        return part(0, 0), part(1, 0), part(0, 1), square


def _score_norm(q: arb, s: arb, k: int, b: arb) -> arb:
    """A bound for ``(E[|Z|^(q k) exp(q s Z); Z > b])^(1/q)``.

    By Cauchy and Schwarz it is at most the product of the same with ``2 q`` in place of q, once
    without the power of Z and once without the exponential and the condition.
    """
    growth = 2 * q * s
    tail = (growth * growth / 2).exp() * STANDARD.survival(b - growth)
    moment = arb(1)
    if k:
        order = 2 * q * k
        moment = arb(2) ** (order / 2) * ((order + 1) / 2).gamma() / arb.pi().sqrt()
    return (tail * moment) ** (1 / (2 * q))
