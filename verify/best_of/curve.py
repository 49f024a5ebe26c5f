"""The curve of ``E V`` under best-of-n for an error X and a utility V that are independent."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

from flint import fmpq

from verify.best_of.heavy_left import why_open
from verify.best_of.pair import BestOfPair, best_of
from verify.decimals import decimal_text, rational
from verify.enclosure import Undecided
from verify.errors import InputError
from verify.law import Law
from verify.limits import limit_of_utility
from verify.progress import Progress
from verify.tilted_utility import exact_decimal
from verify.utility_curve import UtilityCurve, UtilityPoint, check_writable, selected

#: The largest n.
MOST_DRAWS = 10**18
#: Seconds of processor time for the law of U: who waits at a command wants an answer, or none.
MOST_SECONDS = 30
BEST = "the best of n draws by U"


def best_of_curve(
    error: Law | str,
    utility: Law | str,
    draws: Iterable[object],
    progress: Progress | None = None,
) -> UtilityCurve:
    """What the policy "the best of n draws by U" does, ``U = X + V``.

    Parameters
    ----------
    error, utility : Law or str
        The laws of X and V, or their texts.
    draws : iterable of whole numbers or their texts
        The n, up to :data:`MOST_DRAWS`.
    progress : callable or None
        Told how far the law of U is expanded.

    Returns
    -------
    UtilityCurve
        Each point is certified; one that is not settled has no numbers, and says why.

    Raises
    ------
    InputError
        For an n that is none, and laws that are not in the catalogue.
    """
    pair = best_of(error, utility, progress, MOST_SECONDS)
    points = [_point(pair, number_of_draws(n)) for n in draws]
    limit = limit_of_utility(pair.error, pair.utility, "best-of-n")
    return UtilityCurve("best-of-n", str(pair.error), str(pair.utility), tuple(points), limit)


def number_of_draws(value: object) -> int:
    """An n that was asked for.

    Raises
    ------
    InputError
        One line: what was found, and what would be accepted.
    """
    number = rational(exact_decimal(value, "draws"))
    if number.q != 1 or not 1 <= number <= MOST_DRAWS:
        raise InputError(
            f"draws: expected a whole number from 1 to {MOST_DRAWS}, got {decimal_text(number)}"
        )
    return int(number.p)


def _point(pair: BestOfPair, n: int) -> UtilityPoint:
    at = fmpq(n)
    try:
        numbers = pair.at(n)
        check_writable(*numbers)
    except Undecided as why:
        because = f"not settled: {why}"
        return UtilityPoint(at, None, None, None, None, attained=None, because=because)
    point = selected(at, numbers, BEST)
    sides = (point.mean_x, pair.error, pair.utility), (point.mean_v, pair.utility, pair.error)
    reasons = [why_open(law, other, n) for mean, law, other in sides if mean is None]
    return replace(point, because="; ".join([point.because, *reasons]))
