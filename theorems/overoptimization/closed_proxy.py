"""The best of n in one integral, where the law of ``U = X + V`` is a formula.

V is standard normal, and X, independent of V, is a mixture of centred normal laws and exponential
ones. A normal part with variance ``s - 1`` gives U the law N(0, s), with ``E[V | U = u] = u/s``. An
exponential part of rate g gives, with ``B(u) = exp(g^2/2 - g u)``,

    f(u) = g B(u) Phi(u - g),    F(u) = Phi(u) - B(u) Phi(u - g),
    f(u) E[V | U = u] = g B(u) (g Phi(u - g) - phi(u - g)).

Then ``E[V | best of n] = int f(u) E[V | U = u] n F(u)^(n - 1) du``.
"""

from __future__ import annotations

from dataclasses import dataclass

from flint import arb, arb_series, ctx, fmpq

from verify.enclosure import between, working_precision
from verify.laws.gaussian import Normal
from verify.laws.special import normal_density, normal_tail
from verify.ranks import rank_of
from verify.taylor_integral import TaylorIntegral
from verify.taylor_series import density, over_interval

STANDARD = Normal()
#: Bits by which the integral is computed more precisely than it is asked for, and bits lost.
EXTRA_BITS, SPARE_BITS = 40, 16
#: The body of U lies between -BODY and BODY, in pieces of 1/2; beyond, pieces are wider.
BODY, WIDE_PIECE = 16, 4


@dataclass(frozen=True)
class Part:
    """A part of the mixture X.

    Attributes
    ----------
    weight : fmpq
        Its share.
    variance : fmpq, optional
        Of a normal part.
    rate : fmpq, optional
        Of an exponential part.
    """

    weight: fmpq
    variance: fmpq | None = None
    rate: fmpq | None = None

    def series(self, u: arb_series) -> tuple[arb_series, arb_series]:
        """``f`` and ``f E[V | U]`` of the part, expanded at ``u(e)``."""
        if self.rate is None:
            assert self.variance is not None
            total = 1 + self.variance
            root = arb(total).sqrt()
            z = u / root
            height = density(STANDARD, z) / root
            return height, height * u / arb(total)
        rate = arb(self.rate)
        factor = (rate * rate / 2 - rate * u).exp()
        share = rank_of(STANDARD, u - rate).below
        with_v = rate * factor * (rate * share - density(STANDARD, u - rate))
        return rate * factor * share, with_v

    def survival(self, u: arb) -> arb:
        """``Pr(U > u)`` of the part."""
        if self.rate is None:
            assert self.variance is not None
            return normal_tail(u / arb(1 + self.variance).sqrt())
        return normal_tail(u) + self._factor(u) * normal_tail(arb(self.rate) - u)

    def utility_beyond(self, u: arb) -> arb:
        """``E[V; U > u]`` of the part."""
        if self.rate is None:
            assert self.variance is not None
            root = arb(1 + self.variance).sqrt()
            return normal_density(u / root) / root
        rate = arb(self.rate)
        shifted = rate * normal_tail(rate - u) - normal_density(u - rate)
        return normal_density(u) + self._factor(u) * shifted

    def _factor(self, u: arb) -> arb:
        rate = arb(self.rate)
        return (rate * rate / 2 - rate * u).exp()


@dataclass(frozen=True)
class ClosedProxy:
    """A standard normal V and a mixture X, independent.

    Attributes
    ----------
    parts : tuple of Part
        Their weights add up to 1.
    """

    parts: tuple[Part, ...]

    def survival(self, u: arb) -> arb:
        """``Pr(U > u)``."""
        return sum((part.weight * part.survival(u) for part in self.parts), arb(0))

    def utility_beyond(self, u: arb) -> arb:
        """``E[V; U > u]``."""
        return sum((part.weight * part.utility_beyond(u) for part in self.parts), arb(0))

    def best_of(self, n: int) -> arb:
        """``E[V | best of n]``, n at least 2."""

        def expansion(u: arb_series) -> tuple[arb_series, ...]:
            columns = [part.series(u) for part in self.parts]
            f, with_v = (
                sum((each[k] * part.weight for part, each in zip(self.parts, columns, strict=True)),
                    0 * u)
                for k in range(2)
            )  # fmt: skip
            # The constant from both ends of an interval, for F rises: a sum of its parts would
            # reach beyond 1, and its power far beyond.
            above = over_interval(self.survival, u[0])
            below = 1 - above + (f * u.derivative()).integral()
            weight = n * below ** (n - 1)
            return weight * f, weight * with_v

        def bound(low: arb, high: arb) -> tuple[arb, ...]:
            ends = [1 - self.survival(end) for end in (low, high)]
            weight = ends[1] ** n - ends[0] ** n
            # |V| adds at most the root of the chance of the interval, and F rises.
            mass = arb((ends[1] - ends[0]).abs_upper()).sqrt()
            return weight, arb(0, (n * ends[1] ** (n - 1) * mass).abs_upper())

        bits = ctx.prec - SPARE_BITS
        with working_precision(ctx.prec + EXTRA_BITS):
            integral = TaylorIntegral(expansion, bound)
            for k in range(-2 * BODY, 2 * BODY):
                integral.add(arb(k) / 2, arb(k + 1) / 2)
            end = arb(BODY)
            # f E[V | U = u] > 0 from BODY on, so that what is left is below n E[V; U > end].
            while not n * self.utility_beyond(end) < arb(2) ** -bits:
                integral.add(end, end + WIDE_PIECE)
                end = end + WIDE_PIECE
            rest = (n * self.utility_beyond(end)).abs_upper()
            # Below -BODY: |E[V; U < u]| <= sqrt(Pr(U < u)), and F^(n - 1) <= Pr(U < u).
            low = 1 - self.survival(arb(-BODY))
            lower = n * (low.abs_upper() ** fmpq(3, 2))
            integral.add_bound((between(arb(0), n * self.survival(end)), arb(0, rest + lower)))
            mean = integral.refine(bits)[1]
        return +mean
