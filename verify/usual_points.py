"""Where a curve is looked at when nobody says where: from the body of U to far out in its tail."""

from __future__ import annotations

from decimal import ROUND_HALF_EVEN, Context, Decimal
from math import isqrt

from flint import arb, fmpq

from verify.decimals import decimal_text, rational, round_decimal
from verify.enclosure import Diverges, Undecided, ball, working_precision
from verify.law import Law
from verify.limits.lattices import Lattice, lattice_of, step_rate

#: The n of best-of-n.
DRAWS = ("1", "10", "100", "10000", "1000000", "1" + 9 * "0", "1" + 12 * "0", "1" + 18 * "0")
#: About how often U passes the thresholds: once in so many.
ODDS = (2, 10, 100, 10**4, 10**6, 10**9, 10**12)
BITS = 60
#: Digits of a threshold, and places: what is left of a median of 0 is 0.
DIGITS, PLACES = 3, 9
#: Thresholds beyond it are not asked for: a decimal exponent.
LARGEST = 300


def thresholds(error: Law, utility: Law) -> list[str]:
    """Numbers that ``U = X + V`` exceeds with a probability of about 1/2, 1/10, ..., 1e-12.

    Returns
    -------
    list of str
        In increasing order, and below the largest value of U. Fewer than seven where some agree or
        are out of reach. Where X sits on a lattice and V does not, in turns on it and halfway
        between its points, for ``E[V | U > t]`` may differ there.
    """
    pair = error, utility
    with working_precision(BITS):
        places = [place for odds in ODDS if (place := exceeded_once_in(odds, pair)) is not None]
        ends = [law.support[1] for law in pair]
        finite = [ball(end) for end in ends if not isinstance(end, Diverges)]
        top = finite[0] + finite[1] if len(finite) == len(pair) else None
        found = {_rounded(place, top) for place in places}
        if top is not None:
            found = {t for t in found if arb(rational(t)) < top} or {_rounded(top - 1, None)}
    exact = [rational(threshold) for threshold in sorted(found)]
    lattice = lattice_of(error)
    if lattice is not None and step_rate(error) not in (None, 0):
        own = lattice_of(utility)
        if own is None or not lattice.holds(own):
            exact = _in_turns(exact, lattice)
    return [decimal_text(threshold) for threshold in exact]


def _in_turns(places: list[fmpq], lattice: Lattice) -> list[fmpq]:
    """The nearest points of a lattice, and every other one moved on by half of the span."""
    points = sorted({((t - lattice.offset) / lattice.span + fmpq(1, 2)).floor() for t in places})
    steps = (point + fmpq(turn % 2, 2) for turn, point in enumerate(points))
    return [lattice.offset + lattice.span * step for step in steps]


def exceeded_once_in(odds: int, pair: tuple[Law, Law]) -> arb | None:
    """A point that U exceeds once in the odds, within a factor that does not matter here.

    The largest of three: what X or V alone exceeds so often, with the other at its median; and the
    sum of what each exceeds once in the root of the odds. None where it is out of reach.
    """
    root = fmpq(isqrt(100 * odds), 10)
    try:
        x, v = ([law.quantile(1 - 1 / fmpq(n)) for n in (2, root, odds)] for law in pair)
    except Undecided:
        return None
    place = (x[2] + v[0]).max(v[2] + x[0]).max(x[1] + v[1]).mid()
    return place if abs(place) < fmpq(10) ** LARGEST else None


def _rounded(place: arb, top: arb | None) -> Decimal:
    """To three digits, or as many more as the way to the top takes; and to so many places."""
    digits = DIGITS
    if top is not None and place < top:
        digits += max(0, round_decimal((abs(top) / (top - place)).mid(), 1, up=True).adjusted())
    near = round_decimal(place.mid(), 20, up=False)
    if near.adjusted() < PLACES:  # a large one has no such places, and too many digits with them
        near = round(near, PLACES)
    return Context(digits, ROUND_HALF_EVEN).plus(near).normalize()
