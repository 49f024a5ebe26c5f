"""Whether a mean that is infinite is still so under best-of-n, with a proof either way.

Let A be the one of X and V whose mean is asked for, B the other, ``T = A_-``, and n - 1 other draws
``U'``. The weight is above 0 where U is large, and at most n: so the right part of A has a finite
mean under best-of-n iff it has one at all. The left part is weighed by ``n F(U)^(n-1)``.

*Finite.* ``E[T F(U)^(n-1)]`` is that of T where no U' is above U. Then ``T <= B_+ + B'_- + T'`` for
each other draw, so T is at most three times ``B_+``, or three times each ``Z' = max(B'_-, T')``. As
``min(a, b, ...)`` is at most any product of powers of them whose exponents add up to 1, this is
finite if ``E T^p`` and ``E B_+^(1-p)`` are for some p, and ``E T^p`` and ``E Z^q`` for some p and q
with ``p + (n - 1) q = 1``.

*Infinite.* Where B lies in an interval that has mass, ``F(U)`` is at least a constant times
``G(T + c)``, with G the tail of ``B_-``, or of T. Let the tails have the indices k (of T) and m
(the smaller one of the two): infinitely many intervals ``(y, 2y]`` have a mass of T above
``y^(-k-e)``, and ``G(y) > y^(-m-e)`` for large y. So ``E[T G(T + c)^(n-1)] = oo`` if
``k + (n - 1) m < 1``. Where the tails are powers but for a constant factor, ``= 1`` will do. And
``F(U)`` is at least a constant where ``B_+ > T``: so it is infinite too if the index of ``B_+``
and k add up to less than 1.

*Where T has a power tail but for a constant factor*, ``E[T; T < b]`` is about ``b^(1-k)``, and
``log b`` for k = 1. So ``E[T; T < B_+]`` is infinite iff ``E B_+^(1-k)`` is, or ``E log B_+``. For
two draws the same holds of ``B_-``. For k = 1, more draws, and ``Pr(B_- > t)`` about ``1/log t``,
as for a log-Cauchy law, the left part is finite where ``E log B_+`` is: where ``B_+ < T/2`` all
other draws lie below -T/2, and the integral of ``1/(t (log t)^2)`` is finite.

*Their sum.* Where B is that large, so is U, and A and B may be infinite with opposite signs where
``E U`` is not. The left part of U has the index j, the smaller one of its terms' (there is a
constant mass of each where the other one is far out). All of n draws lie below -t with the chance
``Pr(U < -t)^n``, so it has a finite mean iff ``n j > 1``, or, of powers, not for ``n j = 1``.
"""

from __future__ import annotations

from bisect import bisect_left

from flint import fmpq

from verify.best_of.line import MOST_DRAWS_BITS
from verify.conditioning.parts import base_of
from verify.enclosure import Diverges
from verify.law import Law
from verify.laws.power import LogGamma
from verify.laws.student import LogCauchy
from verify.penalties.tail_moments import moment_index, power_index


def infinite_mean(law: Law, other: Law, n: int) -> Diverges | None:
    """The mean under the best of n, where it is infinite or does not exist.

    Parameters
    ----------
    law, other : Law
        The law whose mean is asked for, which has none that is finite; and the one beside it.
    n : int
        The draws, from 2 up.

    Returns
    -------
    Diverges or None
        None where it may be finite.
    """
    mean = law.mean()
    assert isinstance(mean, Diverges)
    if mean.sign > 0 or (mean.sign == 0 and left_part_is_finite(law, other, n)):
        return Diverges(+1, f"best-of-n has a weight above 0 where U is large: {mean.because}")
    if left_part_is_finite(law, other, n) is not False:
        return None
    because = f"the weight n F^(n-1) falls too slowly on the left: {mean.because}"
    return Diverges(mean.sign, because)


def infinite_sum(error: Law, utility: Law, n: int) -> Diverges | None:
    """``E U`` under the best of n where the means of X and V do not add up, as ``oo - oo``.

    One of the two right parts is infinite then, and that of U with it.

    Parameters
    ----------
    error, utility : Law
        The laws of X and V.
    n : int
        The draws, from 2 up.

    Returns
    -------
    Diverges or None
        None where it is not known.
    """
    is_finite = _left_part_of_sum_is_finite(error, utility, n)
    if is_finite is None:
        return None
    if is_finite:
        return Diverges(+1, "under best-of-n the left part of U has a finite mean, the right not")
    return Diverges(0, "under best-of-n both parts of U have an infinite mean")


def _left_part_of_sum_is_finite(error: Law, utility: Law, n: int) -> bool | None:
    """Whether the left part of U has a finite mean under the best of n; None: not known."""
    heaviest: list[Law] = []
    least = fmpq(1)
    for law in (error, utility):
        index = moment_index(law, -1).index
        if index is None:
            return None
        if isinstance(index, Diverges) or index > least:
            continue
        heaviest, least = [*heaviest, law] if index == least else [law], index
    if not heaviest or n * least > 1:
        return True
    return False if n * least < 1 or any(_is_power(law) for law in heaviest) else None


def left_part_is_finite(law: Law, other: Law, n: int) -> bool | None:
    """Whether the left part has a finite mean under the best of n; None where it is not known.

    Parameters
    ----------
    law, other : Law
        A and B.
    n : int
        The draws, from 2 up.
    """
    left, right = moment_index(law, -1), moment_index(other, +1)
    own, far, above = left.index, moment_index(other, -1).index, right.index
    if own is None or far is None or above is None:
        return None
    if isinstance(own, Diverges):
        return True
    if _is_power(law):
        sides = (right, moment_index(other, -1)) if n == 2 else (right,)
        shares = [side.log_is_finite if own == 1 else side.finite(1 - own) for side in sides]
        if False in shares:
            return False
        if own == 1 and isinstance(base_of(other), LogCauchy):
            return True
    slower = own if isinstance(far, Diverges) or own <= far else far
    total = own + (n - 1) * slower
    if total < 1 or (not isinstance(above, Diverges) and own + above < 1):
        return False
    if total > 1:
        is_shared = isinstance(above, Diverges) or own + above > 1 or right.finite(fmpq(1)) is True
        return True if is_shared else None
    laws = (law,) if slower == own else (law, other)
    return False if slower > 0 and all(_is_power(one) for one in laws) else None


def first_finite_left(law: Law, other: Law) -> int | None:
    """The least n from which on the left part has a finite mean; None where none is proved.

    Parameters
    ----------
    law, other : Law
        A and B. What proves it for one n does for all larger ones: ``p + (n - 1) q`` rises with n.
    """
    draws = range(2, 2**MOST_DRAWS_BITS + 1)
    place = bisect_left(draws, True, key=lambda n: left_part_is_finite(law, other, n) is True)
    return draws[place] if place < len(draws) else None


def _is_power(law: Law) -> bool:
    """Whether a tail is a power but for a factor that has a limit above 0."""
    base = base_of(law)
    return power_index(base) is not None and not isinstance(base, LogGamma)
