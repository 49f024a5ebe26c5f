"""How many samples it takes to see something rare, or to tell two laws apart; certified.

P and Q are two laws of one trajectory. They differ in how likely a rare event is, p under P and q
under Q, and given that it does not happen they are the same, as for a threshold reweighting.
"""

from __future__ import annotations

from flint import arb, fmpq

from verify.enclosure import Undecided, ball, escalate, exact, sign_of
from verify.errors import InputError

#: A power of a rational is written out up to this exponent.
LARGEST_POWER = 10**4


def samples_to_see(chance: object, miss: object) -> int:
    """The least n with ``(1 - chance)^n <= miss``: at least one is seen but for that.

    It is ``log(miss)/log(1 - chance)``, rounded up.

    Parameters
    ----------
    chance : number or decimal text
        The probability that one sample shows it.
    miss : number or decimal text
        The probability allowed for seeing none.

    Raises
    ------
    InputError
        If either is not strictly between 0 and 1.
    """
    p, beta = _probability(chance, "chance"), _probability(miss, "miss")

    def number() -> arb:
        return ball(beta).log() / (-ball(p)).log1p()

    guess = escalate(number, lambda n: bool(n.rad() < arb("0.01")), "a number of samples")
    nearest = int((guess + arb("0.5")).mid().floor().unique_fmpz() or 0)
    if 0 < nearest <= LARGEST_POWER and (1 - p) ** nearest == beta:
        return nearest
    whole = escalate(
        lambda: number().ceil(), lambda n: n.unique_fmpz() is not None, "a number of samples"
    )
    return int(whole.unique_fmpz() or 0)


def samples_any_test(chance: object, base_chance: object, false_alarm: object, miss: object) -> int:
    """A number of samples below which no test tells P from Q this well.

    Where none of n samples shows the event they have the same law under P and Q. So a test that
    gives a false alarm with probability ``alpha`` at most sees P with probability
    ``1 - (1-p)^n (1 - alpha/(1-q)^n)`` at most. Returned is the least n for which that is
    ``1 - miss`` or more.

    Parameters
    ----------
    chance, base_chance : number or decimal text
        p and q, with p > q.
    false_alarm, miss : number or decimal text
        The probabilities of error that are allowed under Q and under P; together below 1.

    Raises
    ------
    InputError
        If any is not strictly between 0 and 1, or out of order.
    """
    p, q = _probability(chance, "chance"), _probability(base_chance, "base_chance")
    alpha, beta = _probability(false_alarm, "false_alarm"), _probability(miss, "miss")
    if not p > q:
        raise InputError(f"chance: expected more than base_chance, {q}, got {p}")
    if not alpha + beta < 1:
        raise InputError(f"false_alarm and miss: expected less than 1 together, got {alpha + beta}")

    def enough(n: int) -> bool:
        def spare() -> arb:
            seen_none = (n * (-ball(p)).log1p()).exp()
            return beta - seen_none * (1 - alpha * (-n * (-ball(q)).log1p()).exp())

        try:
            return sign_of(spare, f"whether {n} samples are enough") > 0
        except Undecided:  # equal, which only powers that can be written out are
            if n > LARGEST_POWER:
                raise
            return bool((1 - p) ** n * (1 - alpha / (1 - q) ** n) <= beta)

    low, high = 0, samples_to_see(p, beta) + 1
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (low, middle) if enough(middle) else (middle, high)
    return high


def samples_any_pair(total_variation: object, false_alarm: object, miss: object) -> int:
    """The same for any two laws at this total variation distance: ``alpha + beta >= (1 - TV)^n``.

    Raises
    ------
    InputError
        If any is not strictly between 0 and 1, or the errors are 1 or more together.
    """
    alpha, beta = _probability(false_alarm, "false_alarm"), _probability(miss, "miss")
    if not alpha + beta < 1:
        raise InputError(f"false_alarm and miss: expected less than 1 together, got {alpha + beta}")
    return samples_to_see(total_variation, alpha + beta)


def _probability(value: object, what: str) -> fmpq:
    try:
        number = exact(value)  # type: ignore[arg-type]
    except ValueError:
        raise InputError(f"{what}: expected a number between 0 and 1, got {value!r}") from None
    if not 0 < number < 1:
        raise InputError(f"{what}: expected a number between 0 and 1, got {value}")
    return number
