"""The tilt that spends a budget: one evaluation of K and K' encloses the frontier on both sides.

At a tilt l with ``D(l) = l K'(l) - K(l) <= d`` the mean ``K'(l)`` is within the budget, and
``(d + K(l))/l = K'(l) + (d - D(l))/l`` bounds every mean within it. So the search wants D(l) just
below d, and the distance from d over l is the gap.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from math import floor, log

from flint import arb, fmpq

from verify.enclosure import Diverges, Undecided, ball, working_precision
from verify.law import Law
from verify.tilt_search import COARSE, Tiltable, TiltPath, approach, crossing
from verify.work import OutOfWork

#: Precision of the coarse search, and those that are tried for the two values.
SEARCH_BITS = 64
PRECISIONS = (80, 160, 320, 640)
#: From this precision on the search brackets the tilt, this closely in the coordinate.
BRACKET_BITS, FINEST = 320, 1e-16
#: Newton steps at one precision; three double 1e-4 to below the gap that is asked for.
STEPS = 6
#: The gap that a search stops at, relative to max(|S|, S - mean).
AIM = arb("1e-13")
#: A step up the path that spends a little more, to show that some tilt spends it all.
BEYOND = 1e-3
#: Newton steps beyond this, in the coordinate, lead nowhere.
FARTHEST_STEP = 20
#: The search aims at less than the budget, between these shares, to end on the side within it.
LEAST_RETREAT, MOST_RETREAT = arb(2) ** -46, arb(2) ** -10
#: Decimal digits of a tilt, and of its distance from a finite rate.
TILT_DIGITS = 24
LOG_TEN = log(10)


@dataclass(frozen=True)
class Bounds:
    """What a search has found.

    Attributes
    ----------
    lower, upper : arb
        Enclosures of the mean that is achieved and of the dual bound.
    tilt : fmpq or None
        The l of the dual bound; None where the bound is the top of the support.
    spending : fmpq
        The l whose tilt, or a threshold on it, achieves the lower value.
    threshold : Law or None
        That threshold on the tilt; None where the tilt alone does.
    attained : bool or None
        Whether S is attained, as far as it is proved.
    closed : bool
        Whether the gap is small enough.
    """

    lower: arb
    upper: arb
    tilt: fmpq | None
    spending: fmpq
    threshold: Law | None
    attained: bool | None
    closed: bool


def by_tilt(path: TiltPath, budget: fmpq) -> Bounds:
    """The tilt that spends the budget, or the last one that comes near.

    Raises
    ------
    Undecided
        If no tilt at all can be evaluated.
    """
    with working_precision(SEARCH_BITS):
        start, spent = approach(path.kl_estimate, ball(budget).mid(), COARSE, path.farthest)
    found = None
    for bits in PRECISIONS:
        with working_precision(bits):
            if bits >= BRACKET_BITS:
                # Newton's steps are no good where D is nearly flat: next to -log Q{top}.
                try:
                    start, _ = crossing(path.kl, ball(budget).mid(), FINEST, path.farthest)
                except OutOfWork:
                    break
            found = _polished(path, ball(budget), start) or found
            if found is not None and found.closed:
                return _with_attainment(found, path, ball(budget))
        if path.ends and not spent and found is not None:
            break  # past D*
    if found is None:
        raise Undecided("no tilt within the budget has a certified mean")
    return found


def _polished(path: TiltPath, budget: arb, y: arb) -> Bounds | None:
    """Newton steps from y; None where none of the tilts is certainly within the budget."""
    best: Bounds | None = None
    attained = None
    for _ in range(STEPS):
        tilt = rounded_tilt(path, y)
        try:
            log_mgf, mean, variance = path.law.cumulants(tilt)
        except Undecided:
            return best
        kl = tilt * mean - log_mgf
        allowed = AIM * size_of(path.law, mean)
        if kl > budget:
            attained = True
        if kl <= budget:
            upper, dual = _least_bound(path.law, (budget + log_mgf) / tilt, tilt)
            closed = bool(upper - mean < allowed)
            best = Bounds(mean, upper, dual, tilt, None, attained, closed)
            if closed:
                return best
        goal = budget * (1 - _retreat(allowed * tilt / budget))
        step = (goal / kl).log() * kl / (tilt * variance * path.speed(y))
        if not abs(step) < FARTHEST_STEP:  # also where it is not a number
            return best
        y = (y + step).mid()
    return best


def _least_bound(law: Tiltable, bound: arb, tilt: fmpq) -> tuple[arb, fmpq | None]:
    """The tilt's bound and the tilt, or the top of the support where that is less."""
    top = law.support[1]
    if not isinstance(top, Diverges) and ball(top) < bound:
        return ball(top), None
    return bound, tilt


def _retreat(allowed: arb) -> arb:
    """How far below the budget to aim, relatively: a quarter of what the gap allows."""
    share = allowed.mid() / 4
    return min(max(share, LEAST_RETREAT), MOST_RETREAT) if share.is_finite() else LEAST_RETREAT


def size_of(law: Tiltable, best: arb) -> arb:
    """``max(|S|, S - mean)``, from below: what gaps are measured against."""
    size, mean = best.abs_lower(), law.mean()
    if isinstance(mean, Diverges):
        return size
    gained = (best - mean).lower()
    return gained if gained > size else size


def rounded_tilt(path: TiltPath, y: arb) -> fmpq:
    """The tilt at y as a decimal with enough digits for its distance from the rate."""
    tilt, digits = path.tilt(y), TILT_DIGITS
    if path.ends and y > 0:
        digits += int(float(y) / 2.3) + 1
    # In fractions throughout: round_decimal would write the digits out and rational read them.
    places = fmpq(10) ** (digits - 1 - floor(float(tilt.log()) / LOG_TEN))
    return fmpq((tilt.fmpq() * places).floor()) / places


def _with_attainment(found: Bounds, path: TiltPath, budget: arb) -> Bounds:
    """Adds whether a tilt spends all of the budget.

    D is continuous, so one that exceeds it will do. For bounded and superexponential laws there is
    one (below ``-log Q{top}``, if the top is an atom): D tends to ``-log Q{top}``.
    """
    if found.attained or found.tilt is None or _spends_everything(path.law):
        return replace(found, attained=True)
    y = path.coordinate(ball(found.tilt)) + BEYOND
    tilt, values = path.tilt(y), path.cumulants(y)
    enough = values is not None and tilt * values[1] - values[0] >= budget
    return replace(found, attained=True if enough else None)


def _spends_everything(law: Tiltable) -> bool:
    bounded = not isinstance(law.support[1], Diverges)
    return bounded or (not law.rates_need_search and isinstance(law.mgf_abscissa, Diverges))
