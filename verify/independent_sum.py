"""The proxy ``U = X + V`` of an error and a utility that are independent: rate and cumulants.

Nothing else is known here of the law of the sum, and tilting needs nothing else:
``K_U = K_X + K_V``, and under the tilt of U by l both X and V are tilted by l, and independent.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

from flint import arb, arb_series, fmpq

from verify.decimals import decimal_text
from verify.enclosure import Diverges, Number, Undecided, ball, compare
from verify.law import Bound, Law, Point
from verify.tail_rates import Rate


@dataclass(frozen=True)
class RateOfSum:
    """The rate of ``U = X + V``.

    Attributes
    ----------
    rate : exact number, Diverges or None
        The smaller of the two rates, for ``E exp(l U)`` is a product; None where it is not known.
    set_by : tuple of str
        ``"X"``, ``"V"`` or both: whose rate it is.
    because : str
        The reason for a rate of 0 or None.
    """

    rate: Rate
    set_by: tuple[str, ...] = ()
    because: str = ""

    @property
    def text(self) -> str:
        """The rate as text: a decimal where it is one."""
        if isinstance(self.rate, int | fmpq):
            return decimal_text(fmpq(self.rate))
        return str(self.rate)

    @property
    def owner(self) -> str:
        """Whose rate it is, in words."""
        return " and of ".join(self.set_by)


def rate_of_sum(error: Law, utility: Law) -> RateOfSum:
    """The rate of the sum, and whose it is."""
    named = (("X", error.right_tail), ("V", utility.right_tail))
    for name, tail in named:
        if tail.abscissa == 0:
            return RateOfSum(0, (name,), f"{name} is right-heavy: {tail.abscissa_because}")
    for name, tail in named:
        if tail.abscissa is None:
            reason = f"the rate of {name} is not known: {tail.abscissa_because}"
            return RateOfSum(None, (), reason)
    x, v = (tail.abscissa for _, tail in named)
    if isinstance(x, Diverges):
        return RateOfSum(v, ("V",))
    if isinstance(v, Diverges):
        return RateOfSum(x, ("X",))
    assert x is not None and v is not None
    try:
        order = compare(x, v)
    except Undecided as why:
        return RateOfSum(None, (), f"the rates of X and of V could not be told apart: {why}")
    if order == 0:
        return RateOfSum(x, ("X", "V"))
    return RateOfSum(x, ("X",)) if order < 0 else RateOfSum(v, ("V",))


@dataclass(frozen=True)
class IndependentSum:
    """``U = X + V``, as a search for tilts asks for it (:class:`verify.tilt_search.Tiltable`)."""

    error: Law
    utility: Law

    @cached_property
    def slowest(self) -> RateOfSum:
        """The rate, and whose it is."""
        return rate_of_sum(self.error, self.utility)

    @property
    def support(self) -> tuple[Bound, Bound]:
        """The sums of the ends."""
        pairs = zip(self.error.support, self.utility.support, strict=True)
        low, high = (_sum_of_ends(x, v) for x, v in pairs)
        return low, high

    @property
    def mgf_abscissa(self) -> Rate:
        """The rate."""
        return self.slowest.rate

    @property
    def rates_need_search(self) -> bool:
        """Whether a rate takes a symbolic computation."""
        return self.error.rates_need_search or self.utility.rates_need_search

    def rate_estimate(self) -> Rate:
        """The rate, or the smaller of two guesses at it."""
        if self.mgf_abscissa is not None:
            return self.mgf_abscissa
        rates = [law.rate_estimate() for law in (self.error, self.utility)]
        finite = [rate for rate in rates if rate is not None and not isinstance(rate, Diverges)]
        return min(finite, key=lambda rate: float(ball(rate)), default=rates[0])

    def mean(self) -> Number:
        """``E U``."""
        return add(self.error.mean(), self.utility.mean())

    def cumulants(self, tilt: Point) -> tuple[arb, arb, arb]:
        """``K_U, K_U', K_U''`` at a tilt."""
        x, v = self.error.cumulants(tilt), self.utility.cumulants(tilt)
        return x[0] + v[0], x[1] + v[1], x[2] + v[2]

    def cumulant_series(self, tilt: arb) -> arb_series:
        """``K_U(l + e)`` as a power series in e with three terms."""
        return self.error.cumulant_series(tilt) + self.utility.cumulant_series(tilt)

    def tilt_cost_estimate(self, tilt: arb) -> tuple[arb, arb] | None:
        """About ``D(l)`` and its derivative, where both laws have a quick way."""
        x, v = (law.tilt_cost_estimate(tilt) for law in (self.error, self.utility))
        return None if x is None or v is None else (x[0] + v[0], x[1] + v[1])


def add(one: Number, other: Number) -> Number:
    """The sum of two means, either of which may be infinite."""
    if isinstance(one, arb) and isinstance(other, arb):
        return one + other
    infinite = [value for value in (one, other) if isinstance(value, Diverges)]
    signs = {value.sign for value in infinite}
    sign = signs.pop() if len(signs) == 1 else 0
    return Diverges(sign, "; ".join(value.because for value in infinite))


def _sum_of_ends(one: Bound, other: Bound) -> Bound:
    if isinstance(one, Diverges) or isinstance(other, Diverges):
        return one if isinstance(one, Diverges) else other
    total: Bound = one + other  # type: ignore[operator]
    return total
