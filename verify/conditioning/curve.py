"""The curve of ``E[V | U > t]`` for an error X and a utility V that are independent."""

from __future__ import annotations

from collections.abc import Iterable

from flint import fmpq

from verify.conditioning.routes import condition, is_never_above
from verify.decimals import decimal_text
from verify.enclosure import Undecided, working_precision
from verify.joint.utility import BITS, GIVEN, signed_rational
from verify.law import Law
from verify.limits import limit_of_utility
from verify.utility_curve import UtilityCurve, UtilityPoint, check_writable, selected


def conditioning_curve(
    error: Law | str, utility: Law | str, thresholds: Iterable[object]
) -> UtilityCurve:
    """What the policy "the base given U > t" does, ``U = X + V``.

    Parameters
    ----------
    error, utility : Law or str
        The laws of X and V, or their texts: any two of the catalogue.
    thresholds : iterable of numbers, or texts of decimals or fractions
        The t.

    Returns
    -------
    UtilityCurve
        Each point is certified; one that is not settled has no numbers, and says why. So has one
        that U never exceeds, and there ``attained`` is False.

    Raises
    ------
    InputError
        For numbers that are none, and laws that are not in the catalogue.
    """
    error, utility = (Law.parse(law) if isinstance(law, str) else law for law in (error, utility))
    points = [_point(error, utility, signed_rational(t, "threshold")) for t in thresholds]
    limit = limit_of_utility(error, utility, "condition")
    return UtilityCurve("condition", str(error), str(utility), tuple(points), limit)


def _point(error: Law, utility: Law, t: fmpq) -> UtilityPoint:
    if is_never_above(error, utility, t):
        never = f"U never exceeds {decimal_text(t)}"
        return UtilityPoint(t, None, None, None, None, attained=False, because=never)
    try:
        with working_precision(BITS):
            found = condition(error, utility, t)
            numbers = found.kl, found.mean_u, found.mean_v, found.mean_x
        check_writable(*(number for number in numbers if number is not None))
    except Undecided as why:
        because = f"not settled: {why}"
        return UtilityPoint(t, None, None, None, None, attained=None, because=because)
    return selected(t, numbers, GIVEN)
