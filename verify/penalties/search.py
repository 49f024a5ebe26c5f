"""Where a family of reweightings has spent its budget: a bracket, then chords that keep it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from flint import arb, ctx

from verify.enclosure import Undecided
from verify.work import OutOfWork

#: Steps of the bracket, and the farthest that it looks, in the coordinate of the family.
BRACKETS, FARTHEST = 60, 9_000.0
#: Where a share has less than this to rise on a step of 1, it has all but reached its limit.
RISES = arb(2) ** -40
#: Chords.
STEPS = 60
#: A search aims at spending ``2^-UNSPENT_BITS`` less than everything, or less with more bits.
UNSPENT_BITS = 43
#: A share below this is far from the budget, whatever it is.
NEXT_TO_NOTHING = arb(2) ** -20


def least_unspent() -> arb:
    """The share that a search leaves unspent, to stop within half of it: half of the bits."""
    return arb(2) ** -max(UNSPENT_BITS, ctx.prec // 2)


@dataclass(frozen=True)
class Found:
    """What a search found.

    Attributes
    ----------
    y : arb
        The coordinate, an exact ball: what is spent there is within the budget, as far as the
        search can tell.
    reached : bool
        Whether some coordinate certainly spends more than the budget; else y is the last one that
        was looked at.
    """

    y: arb
    reached: bool


class Spending:
    """What a family spends, as a share of the budget.

    Parameters
    ----------
    share : callable
        Takes a coordinate; rises, about like ``exp(2 y)`` as y falls to minus infinity.
    unspent : arb, optional
        The share that is left over, by default :func:`least_unspent`.
    """

    def __init__(self, share: Callable[[arb], arb], unspent: arb | None = None) -> None:
        self.share = share
        self.unspent = least_unspent() if unspent is None else unspent
        self.exceeded = False

    def spend(
        self,
        start: arb | None = None,
        step: float = 2.0,
        farthest: float = FARTHEST,
        onwards: bool = False,
    ) -> Found:
        """The coordinate at which just less than the budget is spent.

        Parameters
        ----------
        start : arb, optional
            Where to look first, by default 0.
        step : float, optional
            The longest first step from there.
        farthest : float, optional
            The largest coordinate to look at.
        onwards : bool, optional
            Whether to go on from there, as far as :data:`FARTHEST`, if the share still rises. It
            is of use for laws without a mean: best means next to the top may then have any scale.

        Raises
        ------
        Undecided
            Where the share cannot be computed, or is never small.
        """
        y, longest = (arb(0) if start is None else start), arb(step)
        here = self._height(y)
        low = high = None
        at_farthest = False
        for _ in range(BRACKETS):
            if here <= 0:
                low = (y, here)
            else:
                high = (y, here)
            # A share that stays below 1 may still pass the aim: it is followed to the farthest.
            turned = self.exceeded or at_farthest
            if low is not None and high is not None and turned:
                return Found(self._narrowed(low, high), self.exceeded)
            guess = (-here / 2).mid()  # where the share goes like exp(2 y)
            size = min(max(abs(guess) * arb(1.5), longest / 8), longest)
            y = (y - size if here > 0 and turned else y + size).mid()
            longest = longest * 2
            if y > farthest:
                y, at_farthest = arb(farthest), True
                here = self._height(y)
                if here <= 0:
                    goes_on = onwards and self._rises(y, here)
                    return self._from_farthest(y) if goes_on else Found(y, False)
                continue
            here = self._height(y)
        raise Undecided("no reweighting was found that spends the budget")

    def _from_farthest(self, y: arb) -> Found:
        """What lies farther on, as far as it can be computed."""
        try:
            return self.spend(y, float(y))
        except OutOfWork:
            raise
        except Undecided:
            return Found(y, False)

    def _rises(self, y: arb, here: arb) -> bool:
        """Whether the share at a coordinate is not yet near its limit."""
        return bool(here < NEXT_TO_NOTHING.log() / 2 or self._height(y - 1) < here - RISES)

    def _height(self, y: arb) -> arb:
        """``log`` of the share, 0 at the aim."""
        value = self.share(y)
        if not value > 0 and value.abs_upper() < NEXT_TO_NOTHING:
            value = NEXT_TO_NOTHING
        if not value > 0:
            raise Undecided("what a reweighting spends: the working precision is too low")
        self.exceeded = self.exceeded or bool(value > 1)
        return (value.log() + self.unspent).mid()

    def _narrowed(self, low: tuple[arb, arb], high: tuple[arb, arb]) -> arb:
        """Regula falsi; an end that stays twice has its height halved (Illinois)."""
        (a, at_a), (b, at_b) = low, high
        last = 0
        for _ in range(STEPS):
            middle = (a - at_a * (b - a) / (at_b - at_a)).mid()
            if not (middle > a and middle < b):
                break
            value = self._height(middle)
            if abs(value) < self.unspent / 2:
                return middle
            side = -1 if value < 0 else 1
            if side < 0:
                a, at_a = middle, value
                at_b = at_b / 2 if last == side else at_b
            else:
                b, at_b = middle, value
                at_a = at_a / 2 if last == side else at_a
            last = side
        return a
