"""An error X and a utility V that are tilted together: the numbers at a tilt, and at the last one.

X and V are independent, so the tilt of ``U = X + V`` by l tilts each of them by l, on its own.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

from flint import arb, fmpq

from verify.enclosure import Diverges, Exact, Undecided, accurate, ball, escalate
from verify.independent_sum import IndependentSum, RateOfSum
from verify.law import Law
from verify.path_ends import up_to_rate

#: Bits of a number: more than the digits that are shown.
BITS = 72
#: Bits beyond those for the first attempt, and the precision of the last one.
SPARE_BITS, LAST_BITS = 24, 1536
FIRST_BITS = BITS + SPARE_BITS

#: KL, and the means of U, V and X.
Numbers = tuple[arb, arb, arb, arb]


@dataclass(frozen=True)
class LastTilt:
    """The tilt by the rate r itself, where ``E U exp(r U)`` is finite.

    Attributes
    ----------
    rate, log_mgf : arb
        r, and ``K_U(r)``.
    numbers : tuple of arb
        KL, which is ``D*``, and the means of U, V and X under it.
    """

    rate: arb
    log_mgf: arb
    numbers: Numbers


@dataclass(frozen=True)
class TiltedPair:
    """X and V, independent of each other."""

    error: Law
    utility: Law

    @cached_property
    def proxy(self) -> IndependentSum:
        """``U = X + V``."""
        return IndependentSum(self.error, self.utility)

    @property
    def slowest(self) -> RateOfSum:
        """The rate of U, and whose it is."""
        return self.proxy.slowest

    @property
    def finite_rate(self) -> Exact | None:
        """The rate of U where it is known, finite and not 0."""
        rate = self.slowest.rate
        return None if rate is None or isinstance(rate, Diverges) or rate == 0 else rate

    def numbers(self, tilt: fmpq, bits: int = BITS) -> Numbers:
        """KL and the means of U, V and X under the tilt by l, below the rate, to so many bits."""

        def compute() -> Numbers:
            log_mgf_x, mean_x, _ = self.error.cumulants(tilt)
            log_mgf_v, mean_v, _ = self.utility.cumulants(tilt)
            kl = (tilt * mean_x - log_mgf_x) + (tilt * mean_v - log_mgf_v)
            if _is_constant(self.error) and _is_constant(self.utility):
                kl = arb(0)  # in balls the two terms cancel, but for their radius
            return kl, mean_x + mean_v, mean_v, mean_x

        def enough(numbers: Numbers) -> bool:
            return all_settled(numbers, bits)

        return escalate(compute, enough, "the numbers at a tilt", bits + SPARE_BITS, LAST_BITS)

    def at_rate(self) -> LastTilt | None:
        """The last tilt, at the working precision; None where ``E U exp(r U)`` is infinite.

        Raises
        ------
        Undecided
            If it is not known.
        """
        rate = self.finite_rate
        assert rate is not None
        x, v = up_to_rate(self.error, rate), up_to_rate(self.utility, rate)
        if isinstance(x, Diverges) or isinstance(v, Diverges):
            return None
        (log_mgf_x, mean_x), (log_mgf_v, mean_v) = x, v
        end, log_mgf, mean_u = ball(rate), log_mgf_x + log_mgf_v, mean_x + mean_v
        return LastTilt(end, log_mgf, (end * mean_u - log_mgf, mean_u, mean_v, mean_x))

    @cached_property
    def last(self) -> LastTilt | Undecided | None:
        """The last tilt to many digits, worked out once; None where there is none."""
        if self.finite_rate is None:
            return None
        try:
            return escalate(self.at_rate, _is_settled, "the last tilt", FIRST_BITS, LAST_BITS)
        except Undecided as why:
            return why


def _is_constant(law: Law) -> bool:
    """Whether the support is one number, so that every tilt is the base."""
    low, high = law.support
    return isinstance(low, fmpq) and isinstance(high, fmpq) and low == high


def _is_settled(last: LastTilt | None) -> bool:
    return last is None or all_settled(last.numbers)


def all_settled(numbers: Numbers, bits: int = BITS) -> bool:
    """Whether each ball has enough correct bits; means, which may be 0, at least a small radius."""
    kl, *means = numbers
    small = arb(2) ** -(bits + SPARE_BITS)
    settled = all(accurate(mean, bits) or bool(mean.rad() < small) for mean in means)
    return settled and accurate(kl, bits)
