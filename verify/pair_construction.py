"""The decision for a pair: means of X and of V to pass, both, within one KL budget.

How the budget is split: a light tail needs a certain least divergence for its mean, that of the
tilt which reaches it; a heavy one makes do with any. So the lighter of the two goes first, takes
the least it can do with, and leaves the rest to the other. Two heavy ones share evenly.

It is impossible where one of the means is, or where the two least divergences exceed the budget.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from decimal import Decimal
from functools import partial

from flint import arb, fmpq

from verify.assertion import (
    Assertion,
    ByIdentity,
    ByThreshold,
    ByTilt,
    ByTiltedThreshold,
    Proved,
    Target,
    prove,
)
from verify.certificate import Certificate, certificate_of, data_stamp, undecided
from verify.construction import (
    SEARCH_BITS,
    TILT_DIGITS,
    because,
    decide,
    read_target,
)
from verify.decimals import rational, round_decimal
from verify.enclosure import Diverges, Undecided, ball, ball_of_decimal, working_precision
from verify.errors import InputError
from verify.law import Law, Point
from verify.pair import BoundedByOne, BoundedByPair, ByPair, UtilityGoal
from verify.reweighted import reweight
from verify.tail_kind import tail_kind
from verify.tilt_search import FINE, TiltPath, crossing
from verify.truncation import truncate
from verify.weight import Threshold, Tilt

#: How far beyond its target a mean is aimed, as a share of its way there.
OVERSHOOT, NOTHING = fmpq(1, 10**9), fmpq(0)
MASS_DIGITS = 16
#: Digits of what is left of a budget.
LEFT_DIGITS = 20
#: Shares of the budget that the first of the two is tried with.
EVEN_SHARES = (fmpq(1, 2), fmpq(9, 10), fmpq(1, 10))
LIGHT_SHARES = (fmpq(1), fmpq(1, 2), fmpq(3, 4), fmpq(1, 4))


def construct_pair(
    law: Law | str, mean: object, kl: object, utility: Law | str, utility_mean: object
) -> Certificate:
    """Decide whether some P has ``E_P X > M``, ``E_P V`` beyond v and ``KL(P || Q) < kl``.

    X and V are independent under Q. Beyond is above where v is at or above ``E V``, or V has no
    mean, and below where v is below it.

    Parameters
    ----------
    law : Law or str
        The law of the error X under Q, or its text.
    mean : number or decimal text
        The target M for the mean of X.
    kl : number or decimal text
        The budget eps in nats, positive.
    utility : Law or str
        The law of the utility V under Q.
    utility_mean : number or decimal text
        The target v for the mean of V.

    Returns
    -------
    Certificate
        With verdict "counterexample" (then the means are just beyond their targets, where they are
        known), "impossible" or, at the effort cap, "undecided".

    Raises
    ------
    InputError
        If a target is not a decimal number, the budget is not positive, or both laws are made of
        files of rewards.
    """
    law = Law.parse(law) if isinstance(law, str) else law
    utility = Law.parse(utility) if isinstance(utility, str) else utility
    target = read_target(mean, kl)
    goal = UtilityGoal.of(utility, read_target(utility_mean, kl, "utility mean").mean)
    _one_file(law, utility)
    reasons: list[str] = []
    for proposal in _proposals(law, target, goal, reasons):
        try:
            return certificate_of(prove(proposal))
        except Undecided as why:
            reasons.append(str(why))
    return undecided(law, target, because(reasons), goal)


def _one_file(law: Law, utility: Law) -> None:
    if None not in (data_stamp(law), data_stamp(utility)):
        raise InputError(
            "--utility: a certificate is about one file of rewards, and LAW has one already; "
            "write one of the two as a law of the catalogue"
        )


def _proposals(
    law: Law, target: Target, goal: UtilityGoal, reasons: list[str]
) -> Iterator[Assertion]:
    """Assertions about the pair, one of which is worth proving."""
    sides = (_Side(law, target, reasons), _Side(goal.outward, goal.target(target.kl), reasons))
    alone = []
    for of_utility, side in enumerate(sides):
        found = side.within(target.kl)
        if found is not None and found.assertion.verdict == "impossible":
            yield BoundedByOne(law, target, goal, found.assertion, bool(of_utility))
            return
        alone.append(found)
    places = sorted((0, 1), key=lambda place: sides[place].heavy)  # light ones first
    first, second = (sides[place] for place in places)
    with_all = alone[places[0]]
    # What the whole budget does not settle, a part of it does not.
    if with_all is not None and alone[places[1]] is not None:
        for one, two in _splits(first, second, with_all, target.kl):
            error, utility = (one, two) if places == [0, 1] else (two, one)
            yield ByPair(law, target, goal, *map(_with_target, sides, (error, utility)))
    tilts = [side.least_tilt() for side in sides if not side.heavy]
    if len(tilts) == 2 and tilts[0] is not None and tilts[1] is not None:
        yield BoundedByPair(law, target, goal, tilts[0], tilts[1])


def _with_target(side: _Side, assertion: Assertion) -> Assertion:
    """The same with the whole budget, as the certificate states it."""
    return replace(assertion, target=side.target)


def _splits(
    first: _Side, second: _Side, alone: Proved, budget: Decimal
) -> Iterator[tuple[Assertion, Assertion]]:
    """Counterexamples for either that fit into the budget together."""
    for share in EVEN_SHARES if first.heavy else LIGHT_SHARES:
        one = alone if share == 1 else first.within(_down(share * rational(budget)))
        if one is None or one.assertion.verdict == "impossible":
            continue
        left = _left(budget, one)
        two = None if left is None else second.within(left)
        if two is not None and two.assertion.verdict == "counterexample":
            yield one.assertion, two.assertion
        if isinstance(one.assertion, ByTilt | ByIdentity):
            return  # it took the least it can do with: no other share leaves more


def _left(budget: Decimal, spent: Proved) -> Decimal | None:
    """What is left of a budget, rounded down; None if nothing is."""
    assert isinstance(spent.kl, arb)
    with working_precision(2 * SEARCH_BITS):
        left = (ball_of_decimal(budget) - spent.kl).lower()
        return round_decimal(left, LEFT_DIGITS, up=False) if left > 0 else None


def _down(value: fmpq) -> Decimal:
    with working_precision(SEARCH_BITS):
        return round_decimal(arb(value).lower(), LEFT_DIGITS, up=False)


@dataclass
class _Side:
    """X, or V turned so that its mean is to grow; ``target.kl`` is the whole budget."""

    law: Law
    target: Target
    reasons: list[str]

    @property
    def heavy(self) -> bool:
        """Whether any divergence will do for it, as far as is known."""
        return tail_kind(self.law).startswith("heavy")

    def within(self, budget: Decimal) -> Proved | None:
        """What can be proved within a budget; a counterexample with as little KL as is easy."""
        proved = decide(self.law, Target(self.target.mean, budget), self.reasons)
        if proved is None or proved.assertion.verdict == "impossible":
            return proved
        try:
            with working_precision(SEARCH_BITS):
                less = just_beyond(proved.assertion)
            return prove(less)
        except Undecided:
            return proved

    def least_tilt(self) -> Decimal | None:
        """The tilt whose mean is the target: the one that proves most against it."""
        try:
            with working_precision(SEARCH_BITS):
                return _rounded(_reaching(self.law, ball_of_decimal(self.target.mean), NOTHING))
        except Undecided as why:
            self.reasons.append(str(why))
            return None


# ---- as little as will do ------------------------------------------------------------------------


def just_beyond(assertion: Assertion) -> Assertion:
    """The same witness with no more than its target needs, up to :data:`OVERSHOOT`."""
    goal = assertion.goals[0]
    match assertion:
        case ByTilt(law=law):
            return replace(assertion, tilt=_rounded(_reaching(law, goal, OVERSHOOT)))
        case ByThreshold(law=law, floor=floor, weight=weight):
            kept = law if floor is None else truncate(law, low=rational(floor))
            return replace(assertion, weight=_lowered(kept, weight, goal))
        case ByTiltedThreshold(law=law, tilt=tilt, weight=weight):
            tilted = reweight(law, Tilt(rational(tilt)))
            return replace(assertion, weight=_lowered(tilted, weight, goal))
    return assertion


def _reaching(law: Law, goal: arb, overshoot: fmpq) -> arb:
    """The tilt with a mean just above the goal, or the last one if none has."""
    path = TiltPath.of(law)
    mean = law.mean()
    offset = mean.mid() if isinstance(mean, arb) else arb(0)
    below, enough = crossing(partial(path.gain, offset), goal - offset, FINE)
    return path.tilt(enough + overshoot if enough.is_finite() else below)


def _rounded(tilt: arb) -> Decimal:
    return round_decimal(tilt, TILT_DIGITS, up=True)


def _lowered(law: Law, weight: Threshold, goal: arb) -> Threshold:
    """The weight with the mass for which the mean is just above the goal."""
    t = weight.location.point()
    above, under = _means_beside(law, t)
    mass = (goal - under) / (above - under) * (1 + OVERSHOOT)
    if not (mass > 0 and mass < ball_of_decimal(weight.mass)):
        return weight
    return Threshold(weight.location, round_decimal(mass.mid(), MASS_DIGITS, up=True))


def _means_beside(law: Law, t: Point) -> tuple[arb, arb]:
    """The means above and at or below t; where they are not known, lower bounds of them."""
    try:
        above, under = law.tail_mean(t), law.lower_mean(t)
    except Undecided:
        low = law.support[0]
        if isinstance(low, Diverges):
            raise
        return ball(t), ball(low)
    if isinstance(above, Diverges) or isinstance(under, Diverges):
        raise Undecided(f"a mean of {law} beside the threshold is infinite")
    return above, under / law.cdf(t)
