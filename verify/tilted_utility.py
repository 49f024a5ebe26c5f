"""The tilt path in certified numbers: what the best policies for ``U = X + V`` do to V.

For X independent of V, the policy that maximises ``E U - b KL`` is the tilt of U by ``l = 1/b``, as
long as l is below the rate of U, and the best policy within a KL cap is the tilt that spends it.
Under it ``E V = K_V'(l)``.

Beyond the last tilt no policy is optimal. There a point shows where near-optimal ones go. Within a
cap d above ``D* = D(r)`` their ``E U`` tends to ``(d + K_U(r))/r``. The one of X and V that does
not set the rate r stays at its mean under the last tilt.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from decimal import Decimal
from functools import partial

from flint import arb, fmpq

from verify.cap_search import tilts_around
from verify.decimals import parse_decimal, plain, rational
from verify.enclosure import (
    INFINITE,
    Diverges,
    Exact,
    Undecided,
    ball,
    compare,
    hull,
    sign_of,
    working_precision,
)
from verify.errors import InputError
from verify.frontier import settled_mean
from verify.independent_sum import add
from verify.law import Law
from verify.limits import limit_of_utility
from verify.path_ends import largest_value
from verify.tilt_search import TiltPath
from verify.tilted_pair import FIRST_BITS, LastTilt, Numbers, TiltedPair
from verify.utility_curve import UtilityCurve, UtilityPoint, check_writable

#: Decimal exponents of what is asked for.
LARGEST_EXPONENT = 300
#: Bits that are spent on telling a cap from D*, or from the price of the top.
PRICE_BITS = 1024
#: Bits of the numbers at a tilt of 24 digits, so that its neighbours can be told apart.
CAP_BITS = 100

OPTIMUM = "the tilt by l maximises E U - KL/l"
SPENT = "the tilt that spends the cap has the largest E U"
TOP = "the cap buys the largest values of X and V for certain"
BEYOND = "no tilt spends the cap; E U of near-optimal policies tends to (cap + K_U(r))/r"


def tilted_utility(
    error: Law | str,
    utility: Law | str,
    tilts: Iterable[object] = (),
    betas: Iterable[object] = (),
    kl_caps: Iterable[object] = (),
) -> UtilityCurve:
    """The curve of ``E V`` along the tilt path, and its limit.

    Parameters
    ----------
    error, utility : Law or str
        The laws of X and V, or their texts; X and V are independent.
    tilts : iterable of numbers or decimal texts
        Tilts l, 0 or more; 0 is the base policy.
    betas : iterable of numbers or decimal texts
        Prices b of a unit of KL, above 0: the tilts ``l = 1/b``.
    kl_caps : iterable of numbers or decimal texts
        Budgets of KL in nats, 0 or more.

    Returns
    -------
    UtilityCurve
        Points in the order tilts, betas, caps. A point at which nothing is optimal, or nothing was
        found, says why.

    Raises
    ------
    InputError
        If something asked for is not a decimal number, or too small.
    """
    error, utility = (Law.parse(law) if isinstance(law, str) else law for law in (error, utility))
    pair = TiltedPair(error, utility)
    points = [at_tilt(pair, rational(exact_decimal(tilt, "tilt"))) for tilt in tilts]
    for value in betas:
        beta = exact_decimal(value, "beta", positive=True)
        points.append(replace(at_tilt(pair, 1 / rational(beta)), beta=beta))
    points += [at_cap(pair, exact_decimal(cap, "KL cap")) for cap in kl_caps]
    limit = limit_of_utility(error, utility, "tilt")
    return UtilityCurve("tilt", str(error), str(utility), tuple(points), limit)


def exact_decimal(value: object, what: str, positive: bool = False) -> Decimal:
    """A number that was asked for, 0 or more, exactly.

    Raises
    ------
    InputError
        One line: what was found where, and what would be accepted.
    """
    if isinstance(value, Decimal | int) and not isinstance(value, bool):
        value = str(value)
    if isinstance(value, float):
        value = repr(value)
    number = parse_decimal(value, what, exponent=LARGEST_EXPONENT)
    if number < 0 or (positive and number == 0):
        wanted = "a number above 0" if positive else "a number, 0 or more"
        raise InputError(f"{what}: expected {wanted}, got {plain(number)}")
    return number


# ---------------------------------------------------------------- at a tilt


def at_tilt(pair: TiltedPair, tilt: fmpq) -> UtilityPoint:
    """The point at one tilt, 0 or more."""
    slowest = pair.slowest
    if tilt > 0 and slowest.rate == 0:
        return _nothing(tilt, f"{slowest.because}; U is right-heavy too, so there is no tilt")
    try:
        if tilt == 0:
            return _base(pair)
        order = -1 if pair.finite_rate is None else compare(tilt, pair.finite_rate)
        if order < 0:
            return _point(tilt, pair.numbers(tilt), OPTIMUM)
        last = _last(pair) if order == 0 else None
    except Undecided as why:
        return _nothing(tilt, f"not settled: {why}", attained=None)
    if last is not None:
        return _point(tilt, last.numbers, OPTIMUM)
    where = f"the tilts end at l = {slowest.text}, the rate of {slowest.owner}"
    beyond = "beyond it E exp(l U) is infinite" if order > 0 else "there E U exp(l U) is infinite"
    return _nothing(tilt, f"no optimum: {where}; {beyond}")


def _base(pair: TiltedPair) -> UtilityPoint:
    """Without any optimisation: P = Q."""
    mean_x, mean_v = settled_mean(pair.error), settled_mean(pair.utility)
    check_writable(mean_x, mean_v)
    because = "the base policy"
    return UtilityPoint(fmpq(0), arb(0), add(mean_x, mean_v), mean_v, mean_x, because=because)


def _last(pair: TiltedPair) -> LastTilt | None:
    if isinstance(pair.last, Undecided):
        raise pair.last
    return pair.last


def _point(at: Exact | Diverges, numbers: Numbers, because: str) -> UtilityPoint:
    check_writable(*numbers)
    return UtilityPoint(at, *numbers, because=because)


def _nothing(at: Exact | None, because: str, attained: bool | None = False) -> UtilityPoint:
    return UtilityPoint(at, None, None, None, None, attained=attained, because=because)


# ---------------------------------------------------------------- within a KL cap


def at_cap(pair: TiltedPair, cap: Decimal) -> UtilityPoint:
    """The point that the best policies within a KL cap have, or tend to."""
    try:
        point = _at_cap(pair, rational(cap))
    except Undecided as why:
        point = _nothing(None, f"not settled: {why}", attained=None)
    return replace(point, kl_cap=cap)


def _at_cap(pair: TiltedPair, cap: fmpq) -> UtilityPoint:
    if cap == 0:
        return _base(pair)
    slowest = pair.slowest
    if slowest.rate == 0:
        return unbounded_proxy(pair.error, pair.utility, slowest.because)
    return _at_top(pair, cap) or _beyond(pair, cap) or _spending(pair, cap)


def unbounded_proxy(error: Law, utility: Law, because: str) -> UtilityPoint:
    """Within a cap where U is right-heavy: ``E U = oo`` can be had, however X and V depend.

    A finite KL keeps the upper part of a right-light law's mean finite. So where one of X and V is
    right-light, it is the other whose mean is infinite.
    """
    infinite = Diverges(+1, because)
    light = [law.right_tail.abscissa not in (0, None) for law in (error, utility)]
    match light:
        case [True, _]:
            reason = f"{because}; any KL buys any E U, and with it E V: X alone cannot make it oo"
            return UtilityPoint(None, None, infinite, infinite, None, because=reason)
        case [_, True]:
            reason = f"{because}; any KL buys any E U by X alone, which leaves E V open"
            return UtilityPoint(None, None, infinite, None, infinite, because=reason)
    reason = f"{because}; any KL buys any E U, which leaves E V open"
    return UtilityPoint(None, None, infinite, None, None, because=reason)


def _at_top(pair: TiltedPair, cap: fmpq) -> UtilityPoint | None:
    """All mass on the largest values, where both are atoms and the cap reaches them."""
    if not (pair.error.has_atoms and pair.utility.has_atoms):
        return None
    x, v = largest_value(pair.error), largest_value(pair.utility)
    if not (isinstance(x, int | fmpq) and isinstance(v, int | fmpq)):
        return None

    def price() -> arb:
        return -pair.error.mass_at(x).log() - pair.utility.mass_at(v).log()

    with working_precision(FIRST_BITS):
        if not price().is_finite():
            return None
        numbers = price(), ball(x) + ball(v), ball(v), ball(x)
    if sign_of(lambda: cap - price(), "whether the cap buys the largest values", PRICE_BITS) < 0:
        return None
    return _point(INFINITE, numbers, TOP)


def _beyond(pair: TiltedPair, cap: fmpq) -> UtilityPoint | None:
    """Past D*: what near-optimal policies tend to."""
    last = _last(pair)
    if last is None:
        return None

    def left() -> arb:
        found = pair.at_rate()
        assert found is not None
        return cap - found.numbers[0]

    if sign_of(left, "whether the cap is above D*", PRICE_BITS) < 0:
        return None
    assert pair.finite_rate is not None
    _, _, mean_v, mean_x = last.numbers
    with working_precision(FIRST_BITS):
        mean_u = (cap + last.log_mgf) / last.rate
        in_x, in_v = mean_u - mean_v, mean_u - mean_x
        beyond = partial(UtilityPoint, pair.finite_rate, ball(cap), mean_u, attained=False)
    match pair.slowest.set_by:
        case ("X",):
            return beyond(mean_v, in_x, because=f"{BEYOND}; X takes what is left, V stays")
        case ("V",):
            return beyond(in_v, mean_x, because=f"{BEYOND}; V takes what is left, X stays")
    low, high = (value.str(6, radius=False) for value in (mean_v, in_v))
    either = f"X or V may take what is left, so E V tends to anything from {low} to {high}"
    return beyond(None, None, because=f"{BEYOND}; {either}")


def _spending(pair: TiltedPair, cap: fmpq) -> UtilityPoint:
    """The tilt that spends the cap, between two decimals."""
    known: dict[fmpq, Numbers] = {}

    def numbers(tilt: fmpq) -> Numbers:
        if tilt not in known:
            known[tilt] = pair.numbers(tilt, CAP_BITS)
        return known[tilt]

    path = TiltPath.of(pair.proxy)
    low, middle, high = tilts_around(path, cap, lambda tilt: numbers(tilt)[0])
    with working_precision(FIRST_BITS):
        ends = zip(numbers(low), numbers(high), strict=True)
        kl, mean_u, mean_v, mean_x = (hull(*end) for end in ends)
    return _point(middle, (kl, mean_u, mean_v, mean_x), SPENT)
