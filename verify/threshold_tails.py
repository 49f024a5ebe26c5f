"""The threshold search in ball arithmetic: a law's tails, and exact decimals for what is found."""

from __future__ import annotations

from decimal import Decimal

from flint import arb

from verify.decimals import plain, round_decimal
from verify.enclosure import ball_of_decimal
from verify.law import Law
from verify.threshold_search import best_mass
from verify.weight import LARGEST_EXPONENT, Location, Threshold

#: Significant digits of ``t - mean``, of ``log t`` where t is too large to write, and of the mass.
GAP_DIGITS = 4
LOG_DIGITS = 12
MASS_DIGITS = 8


class BallTails:
    """A law's tails as midpoints of balls: good enough to search with.

    Parameters
    ----------
    law : Law
        The law.
    mean : arb
        Its mean, or a lower bound of it.
    only_bounds : bool
        Use ``E[X | X > t] >= t`` instead of the mean above t.
    """

    def __init__(self, law: Law, mean: arb, only_bounds: bool) -> None:
        self.law, self._mean, self.only_bounds = law, mean.mid(), only_bounds

    def exp(self, x: arb) -> arb:
        return x.exp()

    def log(self, x: arb) -> arb:
        return x.log()

    def log1p(self, x: arb) -> arb:
        return x.log1p()

    def settle(self, x: arb) -> arb:
        return x.mid()

    def number(self, value: float) -> arb:
        return arb(value)

    def mean(self) -> arb:
        return self._mean

    def log_survival(self, t: arb) -> arb:
        return self.law.log_survival(t).mid()

    def tail_mean(self, t: arb) -> arb:
        if self.only_bounds:
            return t
        mean = self.law.tail_mean_estimate(t)
        # t itself is a lower bound, and the best there is where the mean cannot be had.
        return mean.mid() if isinstance(mean, arb) and mean.rad() < abs(mean.mid()) / 1000 else t


def rounded_threshold(tails: BallTails, gap: arb, t: arb, budget: arb) -> Threshold | None:
    """The weight at a short decimal near t, with the best mass there, rounded down."""
    location = _rounded_location(gap, t)
    point = location.point()
    exact_t = ball_of_decimal(location.t) if location.t is not None else point
    assert isinstance(exact_t, arb)
    p = best_mass(tails, tails.log_survival(exact_t), budget)
    if not (p > 0 and p <= 1):
        return None
    return Threshold(location, Decimal(plain(round_decimal(p, MASS_DIGITS, up=False))))


def _rounded_location(gap: arb, t: arb) -> Location:
    """A decimal within a thousandth of ``t - mean`` above t."""
    digits_of_t = int((abs(t).log() / arb(10).log()).upper().ceil().unique_fmpz() or 0)
    if digits_of_t > LARGEST_EXPONENT:
        return Location(log_t=round_decimal(t.log().mid(), LOG_DIGITS, up=True))
    digits_of_gap = int((gap.log() / arb(10).log()).lower().floor().unique_fmpz() or 0)
    digits = max(GAP_DIGITS + digits_of_t - digits_of_gap, GAP_DIGITS) - 1
    # Not Decimal.normalize, which would round to 28 digits.
    return Location(t=Decimal(plain(round_decimal(t.mid(), digits, up=True))))
