"""Certificates' numbers by the second route, and their comparison with the first."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from flint import arb, fmpq
from mpmath import mp

from verify.assertion import (
    Assertion,
    AtLeast,
    BoundedByTilt,
    BoundedByTop,
    ByIdentity,
    ByThreshold,
    ByTilt,
    Value,
)
from verify.enclosure import Diverges, Undecided, exact
from verify.formula import Formula
from verify.law import Law
from verify.pair import PREFIX, BoundedByOne, BoundedByPair, ByPair, split
from verify.second_route.arithmetic import arithmetic
from verify.second_route.numbers import (
    OUTER_BITS,
    Estimate,
    Interval,
    Part,
    Point,
    Real,
    complement,
    exactly,
    exponential,
    number,
    point_of,
)
from verify.second_route.routes import Route, route_of
from verify.second_route.trapezoid import FINE_GOAL, GOAL

#: Relative error at which a number is settled, and where it is a difference of such numbers.
ACCURACY, LEAST_ACCURACY = 1e-12, 1e-9
#: Laws in a law beyond which a comparison would take too long.
MOST_PARTS = 40
#: Probabilities with smaller logarithms do not show in their complements.
_LOG_OF_NOTHING = -100
#: A threshold is far out where the logarithm of the mass above is below this.
_FAR = -2


class SecondRoute:
    """The numbers of a law by the second route.

    Points are rationals (``fmpq``), decimals, or :class:`~verify.weight.Location`; each method
    raises :class:`~verify.enclosure.Undecided` where its number is not settled to
    :data:`ACCURACY`. ``goal`` is the relative error that each integral must reach.
    """

    def __init__(self, law: Law, goal: float = GOAL) -> None:
        self.law = law
        self._route: Route = route_of(law, goal)

    def part(self, interval: Interval, tilt: fmpq | None = None, mean: bool = True) -> Part:
        """The part of the law in an interval, under the weight ``exp(l X)``."""
        with mp.workprec(OUTER_BITS):
            return self._route.part(interval, fmpq(0) if tilt is None else tilt, mean)

    def log_survival(self, t: object) -> Estimate:
        """``log Q(X > t)``."""
        with mp.workprec(OUTER_BITS):
            above, _ = self._sides(point_of(t), None, mean=False, odds=mp.inf)
            return above.log_mass.settled(ACCURACY, "log Q(X > t)")

    def mean(self) -> Estimate:
        """``E X``, which must be finite."""
        return _mean_of(self.part(Interval()))

    def tail_mean(self, t: object) -> Estimate:
        """``E[X | X > t]``."""
        with mp.workprec(OUTER_BITS):
            return _mean_of(self.part(Interval(low=point_of(t))))

    def log_mgf(self, tilt: object) -> Estimate:
        """``log E exp(l X)``."""
        part = self.part(Interval(), _rational(tilt), mean=False)
        return part.log_mass

    def tilted_mean(self, tilt: object) -> Estimate:
        """``E[X exp(l X)] / E exp(l X)``."""
        return _mean_of(self.part(Interval(), _rational(tilt)))

    def _sides(self, t: Point, floor: Point | None, mean: bool, odds: Real) -> tuple[Part, Part]:
        """The parts ``X > t`` and ``floor < X <= t``, each logarithm from where it is sharp.

        With a mean, the first one counts ``odds`` times as much as the second (oo: that is not
        needed).
        """
        mean_below = mean and mp.isfinite(odds)
        above = self.part(Interval(low=t), mean=mean)
        opposite = complement(above.log_mass)
        nothing = above.log_mass.value < _LOG_OF_NOTHING
        if floor is None and _sharp(above.log_mass) and (nothing or _sharp(opposite)):
            if not mean_below:
                return above, Part(opposite, None)
            if above.log_mass.value < _FAR:
                # Far out the part below is the whole less the part above: easier integrals.
                try:
                    return above, Part(opposite, self._rest_of_mean(above, odds))
                except Undecided:
                    pass
        below = self.part(Interval(floor, t), mean=mean_below)
        if floor is None:
            if _sharp(above.log_mass):
                below = Part(opposite, below.mean) if _sharp(opposite) else below
            else:
                above = Part(complement(below.log_mass), above.mean)
        return above, below

    def _rest_of_mean(self, above: Part, odds: Real) -> Estimate:
        """The mean of what is not above, to be added to that of what is, ``odds`` times."""
        share = exponential(above.log_mass)
        rest = _mean_of(self.part(Interval())) - _product(share, _mean_of(above))
        size = odds * _mean_of(above).value
        return _quotient(rest, exactly(mp.one) - share).settled(ACCURACY / 10, "a mean", size)

    def threshold(
        self, t: object, p: Decimal | fmpq, floor: object = None, mean: bool = True
    ) -> dict[str, Estimate | None]:
        """``log_tail``, ``mean`` and ``kl`` of the threshold reweighting with mass p above t.

        Parameters
        ----------
        t : rational, decimal or Location
            The threshold.
        p : Decimal or fmpq
            The mass above it.
        floor : rational or decimal, optional
            Where given, the law is first conditioned on X > floor, at its cost.
        mean : bool
            Whether to compute the mean (None in the answer otherwise).
        """
        with mp.workprec(OUTER_BITS):
            cut = point_of(t)
            bottom = None if floor is None else point_of(floor)
            mass = number(_rational(p))
            kept = 1 - mass
            odds = mass / kept if kept > 0 else mp.inf
            above, below = self._sides(cut, bottom, mean, odds)
            # Both masses are of the law before it was conditioned on X > floor, so its cost is in.
            kl = (exactly(mp.log(mass)) - above.log_mass).times(mass)
            if kept > 0:
                kl = kl + (exactly(mp.log1p(-mass)) - below.log_mass).times(kept)
            average = None
            if mean:
                average = _mean_of(above).times(mass)
                size = abs(average.value)
                if kept > 0:
                    average = average + _mean_of(below).times(kept)
                average = average.settled(LEAST_ACCURACY, "the mean", size)
            return {
                "log_tail": above.log_mass.settled(ACCURACY, "log Q(X > t)"),
                "mean": average,
                "kl": kl.settled(LEAST_ACCURACY, "the KL divergence"),
            }

    def tilt(self, tilt: object) -> dict[str, Estimate]:
        """``mean``, ``kl`` and ``log_mgf`` of the exponential tilt by l."""
        rate = _rational(tilt)
        part = self.part(Interval(), rate)
        mean = _mean_of(part)
        with mp.workprec(OUTER_BITS):
            kl = mean.times(number(rate)) - part.log_mass
            # Where it is exactly 0, as for a point, nothing but rounding is left of it.
            nothing = (abs(number(rate) * mean.value) + abs(part.log_mass.value)) * 1e-40
            return {
                "mean": mean.settled(LEAST_ACCURACY, "the mean", 1 / number(rate)),
                "kl": kl.settled(LEAST_ACCURACY, "the KL divergence", nothing / LEAST_ACCURACY),
                "log_mgf": part.log_mass,
            }


def _sharp(log: Estimate) -> bool:
    return bool(log.error <= ACCURACY / 10 * abs(log.value))


def _product(a: Estimate, b: Estimate) -> Estimate:
    error = a.error * abs(b.value) + abs(a.value) * b.error + a.error * b.error
    return Estimate(a.value * b.value, error)


def _quotient(a: Estimate, b: Estimate) -> Estimate:
    value = a.value / b.value
    return Estimate(value, (a.error + abs(value) * b.error) / (abs(b.value) - b.error))


def _rational(value: object) -> fmpq:
    return value if isinstance(value, fmpq) else exact(value)  # type: ignore[arg-type]


def _mean_of(part: Part) -> Estimate:
    if part.mean is None:
        raise Undecided("second route: the mean over a set without mass")
    return part.mean


def threshold_numbers(
    law: Law, t: object, p: Decimal | fmpq, floor: object = None
) -> dict[str, Estimate | None]:
    """See :meth:`SecondRoute.threshold`."""
    return SecondRoute(law).threshold(t, p, floor)


def tilt_numbers(law: Law, tilt: object) -> dict[str, Estimate]:
    """See :meth:`SecondRoute.tilt`."""
    return SecondRoute(law).tilt(tilt)


# ---- comparison --------------------------------------------------------------------------------


def disagreements(assertion: Assertion, numbers: dict[str, Value]) -> list[str]:
    """The numbers of an assertion that the second route finds different, a phrase each.

    Parameters
    ----------
    assertion : Assertion
        What a certificate asserts.
    numbers : dict
        Its numbers by the ball route.

    Raises
    ------
    Undecided
        If the second route cannot settle one of them.
    """
    if sum(1 for law in assertion.laws for _ in law.parts()) > MOST_PARTS:
        raise Undecided(f"second route: the law has more than {MOST_PARTS} parts")
    try:
        try:
            second = _numbers(assertion, numbers, GOAL)
        except Undecided:  # often a small difference of large numbers
            second = _numbers(assertion, numbers, FINE_GOAL)
    except (ArithmeticError, ValueError) as error:
        # mpmath at its limits, say an exponential of an astronomical number.
        raise Undecided(f"second route: {type(error).__name__}: {error}") from error
    found = []
    with mp.workprec(OUTER_BITS):
        for name, estimate in second.items():
            first = numbers[name]
            if isinstance(first, AtLeast):
                # A lower bound: the mean itself may be anything above.
                low, _ = _ends(first.lower)
                if estimate.value + estimate.error < low * (1 - mp.sign(low) * ACCURACY):
                    found.append(f"{name} is {mp.nstr(estimate.value, 15)}, below its bound")
            elif isinstance(first, arb) and not agrees(estimate, first):
                found.append(
                    f"{name} is {mp.nstr(estimate.value, 15)}, not {first.str(15, radius=False)}"
                )
    return found


def agrees(estimate: Estimate, first: arb) -> bool:
    """Whether a number of this route lies in a ball, or within its error of it."""
    low, high = _ends(first)
    slack = 16 * estimate.error + abs(estimate.value) * ACCURACY / 10
    return bool(low - slack <= estimate.value <= high + slack)


def _ends(value: arb) -> tuple[Real, Real]:
    ends = []
    for end in (value.lower(), value.upper()):
        mantissa, exponent = end.man_exp()
        ends.append(mp.ldexp(mp.mpf(int(mantissa)), int(exponent)))
    return ends[0], ends[1]


def _numbers(assertion: Assertion, numbers: dict[str, Value], goal: float) -> dict[str, Estimate]:
    """The finite numbers of an assertion, computed again."""
    infinite = any(isinstance(value, Diverges) for value in numbers.values())
    answer: dict[str, Any]
    match assertion:
        case ByThreshold(law=law, weight=weight, floor=floor):
            bounded = isinstance(numbers["mean"], AtLeast)
            route = SecondRoute(law, goal)
            answer = route.threshold(
                weight.location, weight.mass, floor, mean=not infinite and not bounded
            )
            if bounded:
                answer["mean"] = _least_mean(law, weight.location, weight.mass)
        case ByTilt(law=law, tilt=tilt):
            answer = dict(SecondRoute(law, goal).tilt(tilt))
            answer.pop("log_mgf")
        case BoundedByTilt(law=law, tilt=tilt, target=target):
            log_mgf = SecondRoute(law, goal).log_mgf(tilt)
            with mp.workprec(OUTER_BITS):
                budget, rate = number(_rational(target.kl)), number(_rational(tilt))
                bound = (log_mgf + exactly(budget)).times(1 / rate)
            answer = {"log_mgf": log_mgf, "mean_bound": bound}
        case ByIdentity(law=law):
            if infinite:
                raise Undecided("second route: an infinite mean has no value to compare")
            answer = {"mean": SecondRoute(law, goal).mean()}
        case BoundedByTop(law=law):
            answer = {"mean_bound": _top(law)}
        case ByPair(error=error, utility=utility):
            answer = _numbers_of_pair(error, utility, numbers, goal)
        case BoundedByOne(bound=bound, of_utility=of_utility):
            answer = _numbers_of_one(bound, of_utility, numbers, goal)
        case BoundedByPair():
            answer = _numbers_of_tilts(assertion, goal)
        case _:
            raise Undecided(f"second route: none for {type(assertion).__name__}")
    return {name: value for name, value in answer.items() if value is not None}


def _numbers_of_pair(
    error: Assertion, utility: Assertion, numbers: dict[str, Value], goal: float
) -> dict[str, Estimate]:
    """The numbers of both laws, and the divergence of the two together."""
    of_error, of_utility = split(numbers)
    first, second = _numbers(error, of_error, goal), _numbers(utility, of_utility, goal)
    nothing = exactly(mp.zero)  # an identity has no divergence
    with mp.workprec(OUTER_BITS):
        total = first.get("kl", nothing) + second.get("kl", nothing)
    named = {PREFIX + name: value for name, value in second.items()}
    return {**first, **named, "total_kl": total}


def _numbers_of_one(
    bound: Assertion, of_utility: bool, numbers: dict[str, Value], goal: float
) -> dict[str, Estimate]:
    """The numbers of the one law that forbids it."""
    own = split(numbers)[1 if of_utility else 0]
    answer = _numbers(bound, own, goal)
    return {PREFIX + name: value for name, value in answer.items()} if of_utility else answer


def _numbers_of_tilts(pair: BoundedByPair, goal: float) -> dict[str, Estimate]:
    """Both MGFs, and the bound on the mean of X that they give."""
    log_mgf = SecondRoute(pair.law, goal).log_mgf(pair.tilt)
    of_utility = SecondRoute(pair.goal.outward, goal).log_mgf(pair.utility_tilt)
    wanted = pair.goal.target(pair.target.kl)
    with mp.workprec(OUTER_BITS):
        spent = number(_rational(pair.utility_tilt)) * number(_rational(wanted.mean))
        budget = exactly(number(_rational(wanted.kl)) - spent)
        bound = (log_mgf + of_utility + budget).times(1 / number(_rational(pair.tilt)))
    return {"log_mgf": log_mgf, PREFIX + "log_mgf": of_utility, "mean_bound": bound}


def _least_mean(law: Law, location: object, mass: Decimal) -> Estimate:
    """``p t + (1 - p) low``: X exceeds t above the threshold, and the lower end elsewhere."""
    low = law.support[0]
    if isinstance(low, Diverges):
        raise Undecided("second route: the law has no lower end")
    with mp.workprec(OUTER_BITS):
        p = number(_rational(mass))
        if isinstance(low, Formula):
            bottom = low.evaluate(None, arithmetic())
        else:
            bottom = number(point_of(low))
        return exactly(p * number(point_of(location)) + (1 - p) * bottom)


def _top(law: Law) -> Estimate:
    """The upper end of the support, if the law has mass next to it and none above."""
    end = law.support[1]
    top = None if isinstance(end, Diverges) else point_of(end)
    if not isinstance(top, fmpq):
        raise Undecided("second route: the upper end is no rational number")
    route = SecondRoute(law)
    step = fmpq(1, 1000) * (abs(top) + 1)
    if not route.part(Interval(low=top), mean=False).empty:
        raise Undecided(f"second route: {law} has mass above {top}")
    if route.part(Interval(low=top - step), mean=False).empty:
        raise Undecided(f"second route: {law} has no mass just below {top}")
    with mp.workprec(OUTER_BITS):
        return exactly(number(top))
