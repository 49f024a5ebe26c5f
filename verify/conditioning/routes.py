"""``E[V | U > t]`` and its company for an error X and a utility V that are independent.

Both laws are taken apart into components that are no mixtures. Each pair of components contributes
a sum over atoms (:mod:`.sums`), or an integral over a density (:mod:`.integral`).
"""

from __future__ import annotations

from contextlib import suppress
from dataclasses import dataclass, replace

from flint import arb, ctx, fmpq

from verify.conditioning.cuts import Above, Summand, finite
from verify.conditioning.integral import PairIntegral
from verify.conditioning.normal import both_normal
from verify.conditioning.parts import base_of, components, is_atomic
from verify.conditioning.result import Conditioned
from verify.conditioning.smooth import AboveNear, Smooth
from verify.conditioning.sums import AtomSum
from verify.decimals import decimal_text
from verify.enclosure import (
    Diverges,
    Number,
    Undecided,
    accurate,
    ball,
    exact,
    working_precision,
)
from verify.errors import InputError
from verify.law import Law, Point, exact_point
from verify.laws.custom import Tail
from verify.laws.gaussian import InverseGaussian, SkewNormal
from verify.laws.light import Beta, Gamma
from verify.laws.power import F, InverseGamma, LogGamma
from verify.laws.student import HalfStudentT, StudentT

#: Bits of the working precision that are not asked of the answer.
SPARE_BITS = 20
#: Bits by which integrals are computed more precisely than that, and sums of panels lose.
GUARD_BITS, SUM_BITS = 24, 3
#: Bits of a bound, beyond those that a large threshold takes.
BOUND_BITS = 32
#: Bits of the smallest bound that is told.
LEAST_BITS = 10**6
#: A mass from which on its logarithm loses digits.
LIKELY = fmpq(3, 4)
#: Laws whose tails are hypergeometric functions.
SLOW = (Gamma, Beta, StudentT, HalfStudentT, F, InverseGamma, LogGamma, SkewNormal, InverseGaussian)
#: Attempts, each with the bits that the one before it fell short of; bits of a poor answer.
ATTEMPTS, FEWEST_BITS = 4, 10


def condition(
    error: Law, utility: Law, t: Point | float | str, closed: bool = False
) -> Conditioned:
    """What ``U > t`` says of V, X and ``U = X + V``, for independent X and V.

    Parameters
    ----------
    error, utility : Law
        The laws of X and V: any two of the catalogue, with densities or atoms.
    t : int, fmpq, exact arb, or what :func:`verify.enclosure.exact` takes
        The threshold.
    closed : bool
        Whether ``U >= t`` is meant.

    Returns
    -------
    Conditioned
        With about the working precision less :data:`SPARE_BITS` bits; a mean next to 0 has fewer.

    Raises
    ------
    InputError
        For a law that is not in the catalogue, or a threshold that is no finite number.
    Undecided
        If ``Pr(U > t)`` is 0, or the effort does not suffice.
    """
    threshold = _threshold(t)
    if is_never_above(error, utility, threshold, closed):
        raise Undecided(f"Pr(X + V > {decimal_text(threshold)}) is 0")
    goal = ctx.prec - SPARE_BITS
    try:
        found = _settled(error, utility, threshold, closed, goal)
    except Undecided:
        nearly = _nearly_sure(error, utility, threshold, goal)
        if nearly is None:
            raise
        return nearly
    if not found.mass > LIKELY or _bits(found.kl) >= goal - SUM_BITS:
        return found
    # Where U > t is nearly sure, the divergence is read off the rest, -U >= -t.
    flipped = -error, -utility, -threshold, not closed
    if is_never_above(*flipped):
        return replace(found, rest=arb(0))
    with suppress(Undecided):
        found = replace(found, rest=_settled(*flipped, goal, with_means=False).mass)
    return found


def _settled(
    error: Law, utility: Law, t: fmpq, closed: bool, goal: int, with_means: bool = True
) -> Conditioned:
    """The answer with as many bits as are sought; raises as :func:`condition` does."""
    extra, size = 0, int(abs(t).ceil()).bit_length()
    found = None
    for _ in range(ATTEMPTS):
        with working_precision(goal + GUARD_BITS + size + extra):
            pair = _Pair(error, utility, t, closed, goal + SUM_BITS + extra, size)
            found = pair.conditioned() if with_means else pair.mass()
        if found is None:
            extra += goal
            continue
        lacking = max(goal - _bits(value) for value in (found.mass, found.mean_v, found.mean_x))
        if lacking <= 0:
            break
        extra += lacking + SUM_BITS
    if found is None or not accurate(found.mass, FEWEST_BITS):
        raise Undecided(f"Pr(X + V > {decimal_text(t)}) cannot be told from 0")
    return found


def _threshold(t: Point | float | str) -> fmpq:
    if isinstance(t, arb):
        point = exact_point(t)
        assert point is not None
        return point
    try:
        return exact(t)
    except ValueError as why:
        raise InputError(f"threshold: {why}") from None


def _nearly_sure(error: Law, utility: Law, t: fmpq, goal: int) -> Conditioned | None:
    """The answer where ``U <= t`` is so rare that bounds of it are enough; None elsewhere.

    It takes ``X <= t/2`` or ``V <= t/2``.
    """
    if t >= 0:
        return None
    means = error.mean(), utility.mean()
    if any(isinstance(mean, Diverges) for mean in means):
        return None
    tiny = arb(2) ** -LEAST_BITS  # a bound that can be written, however small it is
    below = (error.cdf(t / 2) + utility.cdf(t / 2)).max(tiny)
    if not below < arb(2) ** -goal:
        return None
    mass = 1 - arb(0).union(below)
    lost = [_lost(error, utility, t / 2).max(tiny), _lost(utility, error, t / 2).max(tiny)]
    if not all(size < arb(2) ** -goal for size in lost):
        return None
    mean_x, mean_v = (
        (ball(mean) + arb(0, size.abs_upper())) / mass  # type: ignore[arg-type]
        for mean, size in zip(means, lost, strict=True)
    )
    return Conditioned(mass, mean_v, mean_x, rest=arb(0).union(below))


def _lost(law: Law, other: Law, half: fmpq) -> arb:
    """A bound of ``E[|A|; A + B <= 2 half]``: A is below half, or B is, for half below 0."""
    size = finite(law.upper_mean(fmpq(0))) - finite(law.lower_mean(fmpq(0)))
    return size * other.cdf(half) - finite(law.lower_mean(half))


def is_never_above(error: Law, utility: Law, t: fmpq, closed: bool = False) -> bool:
    """Whether the largest values of X and V are seen not to reach beyond t."""
    ends = error.support[1], utility.support[1]
    if any(isinstance(end, Diverges) for end in ends):
        return False
    x, v = (ball(end) for end in ends if not isinstance(end, Diverges))
    return bool(x + v < t if closed else x + v <= t)


def _bits(value: Number | None) -> int:
    """Correct bits of a number; many for an exact or an infinite one."""
    if not isinstance(value, arb) or value.is_exact():
        return 10**6
    return max(value.rel_accuracy_bits(), 0) if value.is_finite() else 0


@dataclass(frozen=True)
class _Pair:
    """A pair of laws and a threshold."""

    error: Law
    utility: Law
    t: fmpq
    closed: bool
    goal: int
    size: int

    def mass(self) -> Conditioned | None:
        """``Pr(U > t)`` alone; None where it cannot be told from 0."""
        found = self._totals(None, None)[0]
        return Conditioned(found, arb(0)) if found > 0 else None

    def conditioned(self) -> Conditioned | None:
        """The answer at the working precision; None where the mass cannot be told from 0."""
        infinite_x = infinite_given(self.error, self.utility, "X")
        infinite_v = infinite_given(self.utility, self.error, "V")
        centre_x = _centre(self.error) if infinite_x is None else None
        centre_v = _centre(self.utility) if infinite_v is None else None
        mass, of_x, of_v = self._totals(centre_x, centre_v)
        if not mass > 0:
            return None
        mean_x = infinite_x if centre_x is None else centre_x + of_x / mass
        mean_v = infinite_v if centre_v is None else centre_v + of_v / mass
        assert mean_x is not None and mean_v is not None
        return Conditioned(mass, mean_v, mean_x)

    def _totals(self, centre_x: arb | None, centre_v: arb | None) -> list[arb]:
        """``Pr(U > t)``, ``E[X - x; U > t]`` and ``E[V - v; U > t]``."""
        totals = [arb(0)] * 3
        for one in components(self.error):
            for other in components(self.utility):
                parts = self._parts(one.law, other.law, centre_x, centre_v)
                share = one.share * other.share
                totals = [a + share * b for a, b in zip(totals, parts, strict=True)]
        return totals

    def _parts(
        self, error: Law, utility: Law, centre_x: arb | None, centre_v: arb | None
    ) -> list[arb]:
        """``Pr(U > t)``, ``E[X - x; U > t]`` and ``E[V - v; U > t]`` of two components."""
        if is_never_above(error, utility, self.t, self.closed):
            return [arb(0)] * 3
        closed_form = both_normal(error, utility, self.t)
        if closed_form is not None:
            return closed_form.parts(centre_x, centre_v)
        if is_atomic(error):
            return self._summed(error, utility, centre_x, centre_v)
        if is_atomic(utility):
            return _swapped(self._summed(utility, error, centre_v, centre_x))
        # One integral will do where the partial means of the law that it is not over are closed
        # forms. Over V, if that saves the tails of V that take long.
        over_x = centre_v is None or _has_means(utility)
        over_v = centre_x is None or _has_means(error)
        if over_x and not (over_v and _is_slow(utility) and not _is_slow(error)):
            return self._integrated(error, utility, centre_x, centre_v)
        if over_v:
            return _swapped(self._integrated(utility, error, centre_v, centre_x))
        mass, of_x, _ = self._integrated(error, utility, centre_x, None)
        _, of_v, _ = self._integrated(utility, error, centre_v, None)
        return [mass, of_x, of_v]

    def _summed(
        self, over: Law, other: Law, centre: arb | None, centre_other: arb | None
    ) -> list[arb]:
        above = Above(other, centre_other, self.closed)
        found = AtomSum(Summand(over), above, self.t, centre).enclose(self.goal)
        return _padded(found, above, centre)

    def _integrated(
        self, over: Law, other: Law, centre: arb | None, centre_other: arb | None
    ) -> list[arb]:
        smooth, above = Smooth(over), AboveNear(Smooth(other), centre_other)
        bound_bits = BOUND_BITS + 2 * self.size
        integral = PairIntegral(smooth, above, self.t, centre, self.goal, bound_bits)
        found = _padded(integral.enclose(), above, centre)
        if smooth.atom is not None:
            place, mass = smooth.atom
            at_atom = Above(other, centre_other, self.closed)
            moment = arb(0) if centre is None else (place - centre) * mass
            parts = integral.parts(mass, at_atom.at(self.t - place), moment)
            found = [a + b for a, b in zip(found, _padded(parts, above, centre), strict=True)]
        return found


def _padded(found: list[arb], above: Above, centre: arb | None) -> list[arb]:
    """The mass, the quantity of the law that was gone over, and that of the other one."""
    of_other = arb(0) if above.centre is None else found[1]
    return [found[0], arb(0) if centre is None else found[-1], of_other]


def _swapped(found: list[arb]) -> list[arb]:
    return [found[0], found[2], found[1]]


def _has_means(law: Law) -> bool:
    """Whether partial means are closed forms, of a finite mean."""
    return not isinstance(base_of(law), Tail) and not isinstance(law.mean(), Diverges)


def _is_slow(law: Law) -> bool:
    """Whether tails are hypergeometric functions, which take longer than densities."""
    return isinstance(base_of(law), SLOW)


def _centre(law: Law) -> arb:
    """The mean; 0 where it is minus infinity."""
    mean = law.mean()
    return mean if isinstance(mean, arb) else arb(0)


def infinite_given(law: Law, other: Law, name: str) -> Diverges | None:
    """The proof that ``E[A; A + B > t]`` is infinite, for any t; None where it is finite.

    Raises
    ------
    Undecided
        Where it is not known whether it is.
    """
    mean, mean_other = law.mean(), other.mean()
    if not isinstance(mean, Diverges):
        return None
    # Where A + B > t, the negative part of A is at most B - t: it is integrable if that of B is.
    bounded_below = mean.sign > 0 or not isinstance(mean_other, Diverges) or mean_other.sign < 0
    if not bounded_below and not (mean.sign == 0 and _left_part_is_finite(law, other)):
        raise Undecided(f"whether the negative part of {name} has a mean on U > t is not known")
    if mean.sign < 0:
        return None
    return Diverges(+1, f"{name} above any level makes U > t likely: {mean.because}")


def _left_part_is_finite(law: Law, other: Law) -> bool:
    """Whether moments show that the negative part of A has a mean on ``A + B > t``.

    It is less than ``(B - t)_+`` there, so at most ``A_-^p (B - t)_+^(1-p)`` for p from 0 to 1: it
    will do if the orders up to which the two have finite moments add up to more than 1.
    """
    from verify.penalties.tail_moments import moment_index

    orders = moment_index(law, -1).index, moment_index(other, +1).index
    if any(order is None for order in orders):
        return False
    return any(isinstance(order, Diverges) for order in orders) or sum(orders) > 1  # type: ignore[arg-type]
