"""The numbers that limits of ``E V`` are made of, settled to more digits than are shown."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

from flint import arb

from verify.enclosure import Diverges, Exact, Number, accurate, ball, escalate
from verify.law import Law
from verify.path_ends import largest_value, up_to_rate
from verify.utility_curve import check_writable

#: Bits of a limit: more than the digits that are shown.
BITS = 96
#: Precision at which a limit that is an integral is given up.
LAST_BITS = 384


def settled(compute: Callable[[], Number], what: str, last: int = LAST_BITS) -> Number:
    """A number that is accurate, or small where it may be 0, and that can be written.

    Raises
    ------
    Undecided
        If no precision settles it, or no decimal text can hold it.
    """
    value = escalate(compute, is_settled, what, first=BITS, last=last)
    check_writable(value)
    return value


def is_settled(value: Number) -> bool:
    """Whether a number is infinite, accurate, or small where it may be 0."""
    if isinstance(value, Diverges):
        return True
    return accurate(value, BITS - 24) or bool(value.rad() < arb(2) ** -BITS)


def mean_at(law: Law, tilt: Exact) -> Number:
    """``K'(l)``, or its limit where l is the rate; the mean where l is 0.

    Raises
    ------
    Undecided
        If l is beyond the rate, or it is not known what happens at the rate.
    """

    def compute() -> Number:
        if tilt == 0:
            return law.mean()
        found = up_to_rate(law, tilt)
        return found if isinstance(found, Diverges) else found[1]

    return settled(compute, f"K'({tilt})")


def top(law: Law) -> Number:
    """The essential supremum.

    Raises
    ------
    Undecided
        If it is not known.
    """
    found = largest_value(law)
    if isinstance(found, Diverges):
        return found
    return settled(partial(ball, found), "the largest value", last=8192)
