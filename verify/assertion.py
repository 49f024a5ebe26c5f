"""What a certificate asserts, and the ball arithmetic that proves it.

An assertion is a law, a target ``(M, eps)`` and a witness. Its :meth:`~Assertion.numbers` are
enclosures at the working precision; :meth:`~Assertion.holds` compares them with the target.
:mod:`verify.construction` proposes assertions and :mod:`verify.checker` re-proves them from the
text of a certificate, through the same classes at twice the precision.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass
from decimal import Decimal

from flint import arb

from verify.decimals import DIGITS, outward, rational
from verify.enclosure import (
    Diverges,
    Enclosure,
    Undecided,
    accurate,
    ball,
    ball_of_decimal,
    escalate,
)
from verify.law import Law
from verify.reweighted import reweight
from verify.truncation import truncate
from verify.weight import Threshold, Tilt

#: Bits that make DIGITS decimal digits come out within one unit of the last place.
ACCURACY = 76
FIRST_BITS = 128
LAST_BITS = 4096


@dataclass(frozen=True)
class AtLeast:
    """A number of which a lower bound is certified, and no upper one."""

    lower: Enclosure


#: An enclosure, a proved infinity, a lower bound, or nothing to say.
Value = arb | Diverges | AtLeast | None
Numbers = dict[str, Value]
#: The same as they are written: ``[lo, hi]``, ``"oo"``, or None.
Written = tuple[str, str] | str | None


@dataclass(frozen=True)
class Target:
    """A mean M to exceed and a KL budget eps to stay below, both exact."""

    mean: Decimal
    kl: Decimal


@dataclass(frozen=True)
class Assertion(ABC):
    """A statement about all, or one, of the laws P with ``KL(P || Q) < eps``."""

    law: Law
    target: Target

    #: "counterexample" (``E_P X > M`` for the P given) or "impossible" (``E_P X <= M`` for all P).
    verdict = "counterexample"

    @abstractmethod
    def numbers(self) -> Numbers:
        """The enclosures ``log_tail``, ``mean``, ``kl``, ... at the working precision."""

    @abstractmethod
    def holds(self, numbers: Numbers) -> bool:
        """Whether the numbers prove the assertion (False also where they leave it open)."""

    @property
    def laws(self) -> tuple[Law, ...]:
        """The laws that it speaks of."""
        return (self.law,)

    @property
    def goals(self) -> tuple[arb, arb]:
        """``M`` and ``eps`` as balls."""
        return ball_of_decimal(self.target.mean), ball_of_decimal(self.target.kl)


def exceeds(mean: Value, goal: arb) -> bool:
    """Whether a mean is certainly above ``goal``."""
    if isinstance(mean, Diverges):
        return mean.sign > 0
    if isinstance(mean, AtLeast):
        mean = mean.lower
    return mean is not None and bool(mean > goal)


@dataclass(frozen=True)
class ByThreshold(Assertion):
    """P puts mass p above t; where ``floor`` is given, Q is first conditioned on X > floor."""

    weight: Threshold
    floor: Decimal | None = None

    def reweighted(self) -> Law:
        """The law P."""
        base = self.law if self.floor is None else truncate(self.law, low=rational(self.floor))
        return reweight(base, self.weight)

    def numbers(self) -> Numbers:
        law = self.reweighted()
        cost = arb(0) if self.floor is None else -self.law.log_survival(rational(self.floor))
        return {
            "log_tail": self.law.log_survival(self.weight.location.point()),
            "mean": self._mean(law),
            "kl": law.divergence("kl") + cost,  # type: ignore[attr-defined]
        }

    def _mean(self, law: Law) -> Value:
        try:
            return law.mean()
        except Undecided:
            # No mean of the base is known, but X >= low, and X > t above the threshold.
            low = self.law.support[0]
            if isinstance(low, Diverges):
                raise
            p = ball_of_decimal(self.weight.mass)
            return AtLeast(p * ball(self.weight.location.point()) + (1 - p) * ball(low))

    def holds(self, numbers: Numbers) -> bool:
        goal, budget = self.goals
        kl = numbers["kl"]
        return exceeds(numbers["mean"], goal) and isinstance(kl, arb) and bool(kl < budget)


@dataclass(frozen=True)
class ByTilt(Assertion):
    """P is the exponential tilt by l."""

    tilt: Decimal

    def reweighted(self) -> Law:
        """The law P."""
        return reweight(self.law, Tilt(rational(self.tilt)))

    def numbers(self) -> Numbers:
        log_mgf, mean, _ = self.law.cumulants(rational(self.tilt))
        return {"log_tail": None, "mean": mean, "kl": ball_of_decimal(self.tilt) * mean - log_mgf}

    def holds(self, numbers: Numbers) -> bool:
        goal, budget = self.goals
        kl = numbers["kl"]
        return exceeds(numbers["mean"], goal) and isinstance(kl, arb) and bool(kl < budget)


@dataclass(frozen=True)
class ByTiltedThreshold(Assertion):
    """P is a threshold reweighting of the tilt by l: for light laws whose tilts stop too early.

    Where ``E[X exp(rate X)]`` is finite no tilt spends more than ``D*``; the rest of the budget
    buys a threshold on a tilt close to the last one, whose tail is all but heavy.
    """

    weight: Threshold
    tilt: Decimal

    def reweighted(self) -> Law:
        """The law P."""
        return reweight(reweight(self.law, Tilt(rational(self.tilt))), self.weight)

    def numbers(self) -> Numbers:
        law = self.reweighted()
        mean = law.mean()
        if isinstance(mean, Diverges):
            raise Undecided("the tilted law has an infinite mean")
        # log dP/dQ = log dP/dQ_l + l X - K(l), averaged under P.
        tilted = ball_of_decimal(self.tilt) * mean - self.law.cumulants(rational(self.tilt))[0]
        return {
            "log_tail": self.law.log_survival(self.weight.location.point()),
            "mean": mean,
            "kl": law.divergence("kl") + tilted,  # type: ignore[attr-defined]
        }

    def holds(self, numbers: Numbers) -> bool:
        goal, budget = self.goals
        kl = numbers["kl"]
        return exceeds(numbers["mean"], goal) and isinstance(kl, arb) and bool(kl < budget)


@dataclass(frozen=True)
class ByIdentity(Assertion):
    """P is Q itself: its mean is at or above the target, or infinite."""

    def reweighted(self) -> Law:
        """The law P."""
        return self.law

    def numbers(self) -> Numbers:
        return {"log_tail": None, "mean": self.law.mean(), "kl": arb(0)}

    def holds(self, numbers: Numbers) -> bool:
        mean = numbers["mean"]
        return exceeds(mean, self.goals[0]) or (
            isinstance(mean, arb) and bool(mean >= self.goals[0])
        )


@dataclass(frozen=True)
class BoundedByTilt(Assertion):
    """No P does it: ``E_P X <= (eps + K(l))/l <= M`` (Donsker and Varadhan)."""

    tilt: Decimal
    verdict = "impossible"

    def numbers(self) -> Numbers:
        log_mgf = self.law.log_mgf(rational(self.tilt))
        if isinstance(log_mgf, Diverges):
            raise Undecided(f"E exp(l X) is infinite at l = {self.tilt}")
        bound = (self.goals[1] + log_mgf) / ball_of_decimal(self.tilt)
        return {"log_mgf": log_mgf, "mean_bound": bound}

    def holds(self, numbers: Numbers) -> bool:
        bound = numbers["mean_bound"]
        return self.tilt > 0 and isinstance(bound, arb) and bool(bound <= self.goals[0])


@dataclass(frozen=True)
class BoundedByTop(Assertion):
    """No P does it: X never exceeds M."""

    verdict = "impossible"

    def numbers(self) -> Numbers:
        top = self.law.support[1]
        if isinstance(top, Diverges):
            raise Undecided("the law is not bounded above")
        return {"log_mgf": None, "mean_bound": ball(top)}

    def holds(self, numbers: Numbers) -> bool:
        bound = numbers["mean_bound"]
        return isinstance(bound, arb) and bool(bound <= self.goals[0])


@dataclass(frozen=True)
class Proved:
    """An assertion with enclosures of full printed accuracy that prove it."""

    assertion: Assertion
    numbers: dict[str, Written]
    bits: int
    kl: Value


def prove(assertion: Assertion) -> Proved:
    """Raise the precision until every number is known to 20 digits and the assertion is settled.

    Raises
    ------
    Undecided
        If no precision settles it; a false assertion is of this kind too.
    """

    from flint import ctx

    def attempt() -> tuple[Numbers, int]:
        return assertion.numbers(), ctx.prec

    def settled(attempted: tuple[Numbers, int]) -> bool:
        return _sharp(attempted[0]) and assertion.holds(attempted[0])

    def hopeless(attempted: tuple[Numbers, int]) -> bool:
        return _sharp(attempted[0]) and not assertion.holds(attempted[0]) and attempted[1] >= 512

    numbers, bits = escalate(
        attempt,
        lambda attempted: settled(attempted) or hopeless(attempted),
        "the certificate's numbers",
        first=FIRST_BITS,
        last=LAST_BITS,
    )
    if not assertion.holds(numbers):
        raise Undecided("the witness does not prove the claim")
    written = {name: write(value) for name, value in numbers.items()}
    return Proved(assertion, written, bits, numbers.get("kl"))


def _sharp(numbers: Numbers) -> bool:
    return all(_accurate(value) for value in numbers.values())


def _accurate(value: Value) -> bool:
    if value is None:
        return True
    return accurate(value.lower if isinstance(value, AtLeast) else value, ACCURACY)


def write(value: Value) -> Written:
    """As decimal text, rounded outward."""
    if value is None:
        return None
    if isinstance(value, AtLeast):
        return outward(value.lower, DIGITS)[0], "oo"
    return str(value) if isinstance(value, Diverges) else outward(value, DIGITS)
