"""Joint laws of an error X and a utility V, and what a large proxy ``U = X + V`` says about V.

A :class:`JointLaw` is asked for ``Pr(X > x | V = v)``, expanded in v. With it conditioning on
``U > t`` is one integral over v, enclosed by :mod:`verify.taylor_integral`:

    Pr(U > t) = int f_V(v) Pr(X > t - v | V = v) dv,   E[V; U > t] likewise with a factor v.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass

from flint import arb, arb_series, ctx, fmpq

from verify.conditioning.result import Conditioned
from verify.copulas import Copula, independent
from verify.enclosure import Diverges, Undecided, ball, between, working_precision
from verify.errors import InputError
from verify.law import Law
from verify.ranks import SERIES_RANKS, rank_of
from verify.taylor_integral import TaylorIntegral
from verify.taylor_series import check_density, corners, density, side_of_support, variable

#: Bits by which integrals are computed more precisely than they are asked for, and bits of the
#: working precision that are not asked of them: the sum of many intervals loses some.
EXTRA_BITS, SPARE_BITS = 24, 24
#: Doublings of the range of integration.
MOST_DOUBLINGS = 400
ZERO, ONE = fmpq(0), fmpq(1)
#: What any probability lies in.
UNIT = between(arb(0), arb(1))


class JointLaw(ABC):
    """The law of a pair (X, V) where V has a density. Immutable.

    Attributes
    ----------
    utility : Law
        The law of V.
    """

    utility: Law

    @abstractmethod
    def tail_given(self, t: fmpq, v: arb_series) -> arb_series:
        """``Pr(X > t - v | V = v)`` at ``v(e)``, whose constant lies between two edges."""

    def tail_range(self, t: fmpq, low: arb, high: arb) -> arb:
        """A ball that contains ``Pr(X > t - v | V = v)`` for each v between two edges."""
        return UNIT

    @abstractmethod
    def edges(self, t: fmpq) -> list[arb]:
        """Where :meth:`tail_given` may not be smooth in v."""


@dataclass(frozen=True)
class CopulaLaw(JointLaw):
    """An error and a utility with laws of their own, joined by a copula.

    Attributes
    ----------
    error, utility : Law
        The laws of X and V; both need a density.
    copula : Copula
        The law of the ranks of X and of V, in this order.
    """

    error: Law
    utility: Law
    copula: Copula

    def __post_init__(self) -> None:
        for law in (self.error, self.utility):
            check_density(law)

    def swapped(self) -> CopulaLaw:
        """The law of (V, X)."""
        return CopulaLaw(self.utility, self.error, self.copula.swapped())

    @property
    def is_independent(self) -> bool:
        """Whether X and V know nothing of each other."""
        return isinstance(self.copula, independent)

    def edges(self, t: fmpq) -> list[arb]:
        return [t - corner for corner in corners(self.error)]

    def tail_range(self, t: fmpq, low: arb, high: arb) -> arb:
        # Monotone in x; over the interval of v that is left the rank of V is a ball.
        given = variable(low.union(high), 1)
        try:
            ends = [self._tail(variable(t - v, 1), given)[0] for v in (low, high)]
        except (ValueError, ZeroDivisionError):  # a series is divided by one that may be 0
            return UNIT
        spread = ends[0].union(ends[1])
        if not spread.is_finite():
            return UNIT
        return between(max(spread.lower(), arb(0)), min(spread.upper(), arb(1)))

    def tail_given(self, t: fmpq, v: arb_series) -> arb_series:
        return self._tail(t - v, v)

    def _tail(self, x: arb_series, v: arb_series) -> arb_series:
        """``Pr(X > x | V = v)``."""
        side = side_of_support(self.error, x[0].mid())
        if side:
            return 0 * x + (1 if side < 0 else 0)
        u = rank_of(self.error, x)
        tail: arb_series
        tail = self.copula.conditional(u, rank_of(self.utility, v), SERIES_RANKS).above
        return tail


@dataclass(frozen=True)
class Block:
    """For v between two ends: ``X = shift + slope v + (scale + scale_slope v) Z``, Z from a law.

    Attributes
    ----------
    low, high : fmpq or None
        The ends; None: no limit on that side.
    noise : Law
        The law of Z, which is independent of V.
    shift, slope, scale, scale_slope : fmpq
        The scale is positive inside the block, or both of its numbers are 0: then X is a function
        of V and the noise does not matter.

    Raises
    ------
    InputError
        For a scale that is negative somewhere.
    """

    low: fmpq | None
    high: fmpq | None
    noise: Law
    shift: fmpq = ZERO
    slope: fmpq = ZERO
    scale: fmpq = ONE
    scale_slope: fmpq = ZERO

    def __post_init__(self) -> None:
        fans_out = [
            side * self.scale_slope >= 0
            if end is None
            else self.scale + self.scale_slope * end >= 0
            for side, end in ((-1, self.low), (1, self.high))
        ]
        level = self.scale_slope != 0 or self.scale >= 0
        if not (all(fans_out) and level):
            raise InputError("block: expected a scale that is positive, or 0, all over the block")

    def holds(self, v: arb) -> bool:
        """Whether a point lies in the block."""
        return (self.low is None or v > self.low) and (self.high is None or v < self.high)

    @property
    def is_exact(self) -> bool:
        """Whether X is a function of V here."""
        return bool(self.scale == 0 and self.scale_slope == 0)

    def threshold(self, t: fmpq) -> list[arb]:
        """Where ``X + V = t``, or meets a corner of the noise's law, for some v."""
        if self.is_exact:
            places = [(arb(t - self.shift), arb(1 + self.slope))]
        else:
            places = [
                (t - self.shift - self.scale * z, 1 + self.slope + self.scale_slope * z)
                for z in corners(self.noise)
            ]
        return [top / bottom for top, bottom in places if not bottom.contains(0)]

    def tail(self, t: fmpq, v: arb_series) -> arb_series:
        """``Pr(X > t - v | V = v)``."""
        rest = (t - self.shift) - (1 + self.slope) * v
        if self.is_exact:
            return 0 * v + (1 if rest[0].mid() < 0 else 0)
        z = rest / (arb(self.scale) + arb(self.scale_slope) * v)
        side = side_of_support(self.noise, z[0].mid())
        if side:
            return 0 * v + (1 if side < 0 else 0)
        return rank_of(self.noise, z).above


@dataclass(frozen=True)
class ConditionalLaw(JointLaw):
    """A utility with a law of its own, and an error whose law given V changes from block to block.

    Attributes
    ----------
    utility : Law
        The law of V; it needs a density.
    blocks : tuple of Block
        They cover the line, in increasing order.
    """

    utility: Law
    blocks: tuple[Block, ...]

    def __post_init__(self) -> None:
        check_density(self.utility)
        for block in self.blocks:
            if not block.is_exact:
                check_density(block.noise)
        ends = [end for block in self.blocks for end in (block.low, block.high)]
        meet = all(left == right for left, right in zip(ends[1:-1:2], ends[2::2], strict=True))
        if not self.blocks or ends[0] is not None or ends[-1] is not None or not meet:
            raise InputError(
                "blocks: expected blocks that cover the line in increasing order, each beginning "
                "where the one before it ends"
            )

    def edges(self, t: fmpq) -> list[arb]:
        ends = [end for block in self.blocks for end in (block.low, block.high) if end is not None]
        inner = [place for block in self.blocks for place in block.threshold(t)]
        return [arb(end) for end in ends] + inner

    def tail_given(self, t: fmpq, v: arb_series) -> arb_series:
        middle = v[0].mid()
        return next(block for block in self.blocks if block.holds(middle)).tail(t, v)


# ---------------------------------------------------------------- conditioning


def conditioned(joint: JointLaw, t: fmpq) -> Conditioned:
    """``Pr(U > t)`` and ``E[V | U > t]``, to a few bits less than the working precision.

    Raises
    ------
    InputError
        If ``E|V|`` is infinite, or a law has no density.
    Undecided
        If the tail cannot be told from 0 within the effort cap.
    """
    if isinstance(joint.utility.mean(), Diverges):
        raise InputError(f"{joint.utility}: expected a utility law with a finite mean")
    bits = ctx.prec - SPARE_BITS
    with working_precision(ctx.prec + EXTRA_BITS):
        mass, part = _range(joint, t, bits)
    if not mass > 0:
        raise Undecided(f"Pr(X + V > {t}) cannot be told from 0")
    return Conditioned(+mass, part / mass)


def _range(joint: JointLaw, t: fmpq, bits: int) -> tuple[arb, arb]:
    """Both integrals, over a range that grows until what lies outside is negligible."""
    law = joint.utility

    def expansion(v: arb_series) -> tuple[arb_series, arb_series]:
        weight = density(law, v) * joint.tail_given(t, v)
        return weight, weight * v

    def bound(low: arb, high: arb) -> tuple[arb, arb]:
        tail = joint.tail_range(t, low, high)
        mass = law.between(low.fmpq(), high.fmpq())
        mean = law.partial_mean(low.fmpq(), high.fmpq())
        assert isinstance(mean, arb)
        one_sign = low >= 0 or high <= 0
        return mass * tail, tail * (mean if one_sign else mass * low.union(high))

    integral = TaylorIntegral(expansion, bound)
    edges = sorted((*joint.edges(t), *corners(law)), key=middle_of)
    low, high = first_range(law, t)
    add_range(integral, low, high, edges)
    for _ in range(MOST_DOUBLINGS):
        mass, part = integral.refine(4)
        goal = arb(2) ** -bits * mass.lower()
        width = high - low
        if not _negligible(law, None, low, goal, part):
            add_range(integral, (low - width).mid(), low, edges)
            low = (low - width).mid()
        elif not _negligible(law, high, None, goal, part):
            add_range(integral, high, (high + width).mid(), edges)
            high = (high + width).mid()
        else:
            break
    integral.add_bound(_bound(law, None, low))
    integral.add_bound(_bound(law, high, None))
    mass, part = integral.refine(bits)
    return mass, part


def middle_of(x: arb) -> fmpq:
    """The midpoint, by which edges are sorted."""
    return x.mid().fmpq()


def first_range(law: Law, t: fmpq) -> tuple[arb, arb]:
    """The support where it is bounded; else a part of it that holds 0, and t on the right."""
    start, end = law.support
    low = None if isinstance(start, Diverges) else ball(start).upper().mid()
    high = None if isinstance(end, Diverges) else ball(end).lower().mid()
    reach = abs(arb(t)).upper() + 1
    if low is None:
        low = -arb(1) if high is None else (high - 1).mid()
    return low, (low + reach).mid() if high is None else high


def add_range(integral: TaylorIntegral, low: arb, high: arb, edges: list[arb]) -> None:
    """Add an interval, cut at the edges; what an inexact edge covers gets a bound only."""
    at = low
    for edge in edges:
        below, above = edge.lower(), edge.upper()
        if above <= at or below >= high:
            continue
        if below > at:
            integral.add(at, below)
        above = above if above < high else high
        if above > below:
            integral.add_bound(integral.bound(max(at, below), above))
        at = above
    if at < high:
        integral.add(at, high)


def _negligible(law: Law, low: arb | None, high: arb | None, goal: arb, part: arb) -> bool:
    """Whether what lies beyond an end is below ``goal`` of both integrals."""
    mass, outside = _bound(law, low, high)
    size = abs(part) + goal
    return bool(mass.abs_upper() <= goal and outside.abs_upper() <= goal * (1 + size))


def _bound(law: Law, low: arb | None, high: arb | None) -> tuple[arb, arb]:
    """``Pr(V in there; A)`` and ``E[V; V in there, A]`` for any event A, beyond one end."""
    left, right = (None if end is None else end.fmpq() for end in (low, high))
    mass = arb(0).union(law.between(left, right))
    mean = law.partial_mean(left, right)
    end = low if high is None else high
    assert isinstance(mean, arb) and end is not None
    return mass, arb(0, (abs(mean) + 2 * abs(end) * mass).abs_upper())
