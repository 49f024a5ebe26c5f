"""Witnesses of a best mean: a reweighting within the budget, and a dual bound; and scales.

Where ``f'(oo)`` is finite, a share of P may be moved to the very top of the law. There
``f(u + v) <= f(u) + f'(oo) v``, so what is added to a weight u is paid for by its mass alone.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

from flint import arb, fmpq

from verify.enclosure import Diverges, Undecided, ball, working_precision
from verify.formula import Formula
from verify.law import Law
from verify.penalties.shapes import Shape

#: Bits of the numbers that place a law, and of cuts and poles beyond the working precision.
PLACE_BITS = 64
#: How far below the top mass is moved to, in units of the law: ``2^-NEAR_TOP``. A top of 0 is no
#: end to precision: best means just below it may be as small as e^-9000.
NEAR_TOP, NEAR_ZERO = 70, 20_000


@dataclass(frozen=True)
class Primal:
    """A reweighting of Q.

    Attributes
    ----------
    shape : Shape
        The weight, up to a factor.
    mean : arb
        ``E_P X``; with a share at the top a lower bound of it.
    spent : arb
        What P spends, as a share of the budget (or of a function of it that rises with it); with a
        share at the top an upper bound.
    at_top : arb
        The share of P that lies beyond :attr:`top_from`, beside what the shape puts there.
    top_from : fmpq or None
        A point next to the top; the top itself where that is an atom.
    """

    shape: Shape
    mean: arb
    spent: arb
    at_top: arb = arb(0)  # noqa: RUF009 - a ball that is 0 does not change
    top_from: fmpq | None = None

    @property
    def within(self) -> bool:
        """Whether P is certainly within the budget."""
        return bool(self.spent <= 1)


@dataclass(frozen=True)
class Dual:
    """A bound on the mean of every P within the budget: ``(e + m + E f*(l X - m))/l``.

    Attributes
    ----------
    bound : arb
        The bound.
    slope, offset : arb
        l and m.
    linear : bool
        Whether the bound is that straight line in e. Renyi's is one in ``exp((a - 1) e)``.
    """

    bound: arb
    slope: arb
    offset: arb
    linear: bool = True


def with_top(primal: Primal, share: arb, law: Law, scale: Scale) -> Primal:
    """P with a share of it moved to the top of the law, which spends the rest of the budget.

    The share is taken from its ball's lower end, so that P stays within the budget; where that is
    not above 0, nothing is moved.
    """
    share = share.lower().mid()
    if not share > 0:
        return primal
    top = scale.next_to_top()
    mean = (1 - share) * primal.mean + share * ball(top)
    return replace(primal, mean=mean, spent=arb(1), at_top=share, top_from=top)


@dataclass(frozen=True)
class Scale:
    """Where a law lies: its middle, its width, and its top if there is one.

    Coordinates y run over all reals: cuts rise with y, poles fall to the top.
    """

    middle: fmpq
    width: fmpq
    top: fmpq | None
    top_is_atom: bool
    #: Whether the law has no finite mean, which would measure how close is close enough.
    is_endless: bool = False

    @classmethod
    def of(cls, law: Law) -> Scale:
        """From the quartiles, to a few bits.

        Raises
        ------
        Undecided
            If the top is not a fraction.
        """
        end = law.support[1]
        top = None
        if not isinstance(end, Diverges):
            rational = end.rational if isinstance(end, Formula) else end
            if not isinstance(rational, fmpq | int):
                raise Undecided(f"the top of {law} is no fraction")
            top = fmpq(rational)
        with working_precision(PLACE_BITS):
            low, half, high = (law.quantile(fmpq(k, 4)).mid() for k in (1, 2, 3))
            width = high - low
            if not width > arb(2) ** -40 * abs(half) or not width > 0:
                width = abs(ball(top) - half) if top is not None else abs(half)
            if not width > 0:
                width = arb(1)
            atom = top is not None and bool(law.has_atoms) and bool(law.mass_at(top) > 0)
            endless = isinstance(law.mean(), Diverges)
            return cls(_short(half), _short(width), top, atom, endless)

    def below(self, y: arb) -> fmpq:
        """The cut at a coordinate; below the top, if there is one."""
        if self.top is None:
            return (self.middle + self.width * y.sinh()).mid().fmpq()
        return self.top - (self.width * (-y).exp()).mid().fmpq()

    def above(self, y: arb) -> fmpq:
        """The pole at a coordinate, above the top."""
        if self.top is None:
            raise ValueError("a pole needs a top")
        return self.top + (self.width * (-y).exp()).mid().fmpq()

    def next_to_top(self) -> fmpq:
        """The top, or a point just below it where the top is no atom."""
        if self.top is None:
            raise ValueError("there is no top")
        if self.top_is_atom:
            return self.top
        bits = NEAR_ZERO if self.top == 0 else NEAR_TOP
        return self.top - self.width / fmpq(2) ** bits


def _short(value: arb) -> fmpq:
    with working_precision(24):
        return (+value).mid().fmpq()
