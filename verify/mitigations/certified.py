"""Balls for the policies that have a certified route: tilts, and the top share of the answers.

A strength found in float64 is rounded to a short decimal, which is then the policy exactly; what it
does is enclosed.
"""

from __future__ import annotations

from flint import arb

from verify.conditioning.routes import condition
from verify.enclosure import Undecided, accurate, exact, working_precision
from verify.mitigations.model import Model
from verify.tilted_utility import tilted_utility
from verify.utility_curve import Quantity

#: Digits of a strength: KL and means then answer to what was asked to about so many.
DIGITS = 12
#: Precision of the enclosures, and bits that they have at least.
BITS, FEWEST_BITS = 64, 20

#: KL, ``E U`` and ``E V``.
Numbers = tuple[arb, arb, arb]


def tilted(model: Model, tilt: float) -> Numbers | None:
    """The tilt of the proxy by about ``tilt``, enclosed; None where that is not to be had."""
    if not model.is_independent:
        return None
    point = tilted_utility(model.error, model.utility, tilts=[_short(tilt)]).points[0]
    return _finite(point.kl, point.mean_u, point.mean_v)


def above(model: Model, threshold: float) -> Numbers | None:
    """The base policy given U above about ``threshold``, enclosed; None likewise."""
    if not model.is_independent:
        return None
    try:
        with working_precision(BITS):
            found = condition(model.error, model.utility, exact(_short(threshold)))
            return _finite(found.kl, found.mean_u, found.mean_v)
    except Undecided:
        return None


def _short(value: float) -> str:
    return f"{value:.{DIGITS}g}"


def _finite(*values: Quantity) -> Numbers | None:
    """The numbers, where all are balls with digits to show."""
    balls = [value for value in values if isinstance(value, arb) and accurate(value, FEWEST_BITS)]
    return (balls[0], balls[1], balls[2]) if len(balls) == len(values) else None
