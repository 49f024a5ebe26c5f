"""Error and utility at once: independent X and V, each with a mean to pass, and one KL budget.

Under Q the two are independent. A counterexample reweights each by itself, so the divergences add.
No other P does it at less: the KL of P is at least the sum of those of its margins. So what proves
that one of the means cannot be had proves it for the pair, and for both together
``l E_P X + r E_P V <= KL(P || Q) + K_X(l) + K_V(r)`` for all ``l, r >= 0``.

A mean of V below ``E V`` is asked for by turning V round: everything is then about ``-V``.
"""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import TypeVar

from flint import arb

from verify.assertion import Assertion, BoundedByTilt, Numbers, Target, Written
from verify.decimals import rational
from verify.enclosure import Diverges, Undecided, ball_of_decimal, escalate
from verify.law import Law

#: What the numbers of V are called beside those of X.
PREFIX = "utility."

#: Most bits that are spent on the side of E V on which a target lies.
SIDE_BITS = 256

T = TypeVar("T")


@dataclass(frozen=True)
class UtilityGoal:
    """The mean that V is to pass.

    Attributes
    ----------
    law : Law
        The law of V under Q.
    mean : Decimal
        The mean v to pass.
    above : bool
        Whether the mean is to be above v; else below.
    """

    law: Law
    mean: Decimal
    above: bool

    @classmethod
    def of(cls, law: Law, mean: Decimal) -> UtilityGoal:
        """Away from ``E V``: below v where ``E V`` is above it, else above (also without one)."""

        def side() -> int:
            base, goal = law.mean(), ball_of_decimal(mean)
            if isinstance(base, Diverges):
                return -1 if base.sign > 0 else 1
            return -1 if base > goal else 1 if base <= goal else 0

        try:
            return cls(law, mean, escalate(side, bool, "the side of E V", last=SIDE_BITS) > 0)
        except Undecided:
            return cls(law, mean, above=True)

    @property
    def outward(self) -> Law:
        """The law of V, or of ``-V``: its mean is to be above that of :meth:`target`."""
        return self.law if self.above else -self.law

    def target(self, kl: Decimal) -> Target:
        """What :attr:`outward` is to reach, within a budget."""
        return Target(self.mean if self.above else self.mean.copy_negate(), kl)


@dataclass(frozen=True)
class UtilityMean:
    """What a certificate says of the mean of V.

    Attributes
    ----------
    law : str
        The law of V, as text.
    mean_target : Decimal
        The mean v to pass.
    direction : str
        "above" or "below" v, away from ``E V``. With "below", all that follows is about ``-V``.
    reweighting : dict or None
        Of a counterexample, as in :class:`~verify.certificate.Certificate`.
    witness : dict or None
        Of an impossibility in which V has a part.
    enclosures : dict
        ``log_tail``, ``mean`` and ``kl`` of the reweighting; ``mean_bound`` where V alone forbids.
    total_kl : (str, str) or None
        ``KL(P || Q)``: that of X and that of V.
    """

    law: str
    mean_target: Decimal
    direction: str
    reweighting: dict[str, str | None] | None
    witness: dict[str, Written] | None
    enclosures: dict[str, Written]
    total_kl: Written


@dataclass(frozen=True)
class PairAssertion(Assertion):
    """A statement about P with ``E_P X > M``, ``E_P V`` beyond v and ``KL(P || Q) < eps``."""

    goal: UtilityGoal

    @property
    @abstractmethod
    def parts(self) -> tuple[Assertion | None, Assertion | None]:
        """The witnesses for X and for V, each as it would stand alone; None where it has none."""

    @property
    def laws(self) -> tuple[Law, ...]:
        return self.law, self.goal.law


@dataclass(frozen=True)
class ByPair(PairAssertion):
    """P reweights X and V, each by itself."""

    error: Assertion
    utility: Assertion

    @property
    def parts(self) -> tuple[Assertion | None, Assertion | None]:
        return self.error, self.utility

    def numbers(self) -> Numbers:
        error, utility = self.error.numbers(), self.utility.numbers()
        total = _kl(error) + _kl(utility)
        named = {PREFIX + name: value for name, value in utility.items()}
        return {**error, **named, "total_kl": total}

    def holds(self, numbers: Numbers) -> bool:
        error, utility = split(numbers)
        total = numbers["total_kl"]
        within = isinstance(total, arb) and bool(total < self.goals[1])
        return within and self.error.holds(error) and self.utility.holds(utility)


@dataclass(frozen=True)
class BoundedByPair(PairAssertion):
    """No P does it: ``E_P X <= (eps + K_X(l) + K_V(r) - r v)/l <= M`` where ``E_P V >= v``."""

    tilt: Decimal
    utility_tilt: Decimal
    verdict = "impossible"

    @property
    def parts(self) -> tuple[Assertion | None, Assertion | None]:
        outward, target = self.goal.outward, self.goal.target(self.target.kl)
        of_utility = BoundedByTilt(outward, target, self.utility_tilt)
        return BoundedByTilt(self.law, self.target, self.tilt), of_utility

    def numbers(self) -> Numbers:
        log_mgf = _log_mgf(self.law, self.tilt)
        of_utility = _log_mgf(self.goal.outward, self.utility_tilt)
        wanted = ball_of_decimal(self.goal.target(self.target.kl).mean)
        spent = ball_of_decimal(self.utility_tilt) * wanted
        total = self.goals[1] + log_mgf + of_utility
        bound = (total - spent) / ball_of_decimal(self.tilt)
        return {"log_mgf": log_mgf, PREFIX + "log_mgf": of_utility, "mean_bound": bound}

    def holds(self, numbers: Numbers) -> bool:
        bound = numbers["mean_bound"]
        positive = self.tilt > 0 and self.utility_tilt > 0
        return positive and isinstance(bound, arb) and bool(bound <= self.goals[0])


@dataclass(frozen=True)
class BoundedByOne(PairAssertion):
    """No P does it, because one of the two means cannot be had: the margin of P would forbid it."""

    bound: Assertion
    of_utility: bool
    verdict = "impossible"

    @property
    def parts(self) -> tuple[Assertion | None, Assertion | None]:
        return (None, self.bound) if self.of_utility else (self.bound, None)

    def numbers(self) -> Numbers:
        numbers = self.bound.numbers()
        if not self.of_utility:
            return numbers
        return {PREFIX + name: value for name, value in numbers.items()}

    def holds(self, numbers: Numbers) -> bool:
        error, utility = split(numbers)
        return self.bound.holds(utility if self.of_utility else error)


def split(numbers: Mapping[str, T]) -> tuple[dict[str, T], dict[str, T]]:
    """The numbers of X (and of both), and those of V."""
    error = {name: value for name, value in numbers.items() if not name.startswith(PREFIX)}
    utility = {
        name.removeprefix(PREFIX): value
        for name, value in numbers.items()
        if name.startswith(PREFIX)
    }
    return error, utility


def _kl(numbers: Numbers) -> arb:
    kl = numbers["kl"]
    assert isinstance(kl, arb)
    return kl


def _log_mgf(law: Law, tilt: Decimal) -> arb:
    log_mgf = law.log_mgf(rational(tilt))
    if isinstance(log_mgf, Diverges):
        raise Undecided(f"E exp(l X) of {law} is infinite at l = {tilt}")
    return log_mgf
