"""Means under best-of-n: integrals of ``n F(t)^(n-1)`` against the expansions of a law.

With ``S = Pr(U > t)`` the weight is ``n (1 - S)^(n-1)``. On an interval S is a polynomial up to
what is missed, so the weight is the exponential of a power series. On a part of half-width h its
Taylor polynomial of degree below K misses at most ``M (h/R)^K/(1 - h/R)`` times the length, where M
bounds the integrand on the disc of radius R (Cauchy).
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from math import log
from typing import TYPE_CHECKING, Any

from flint import arb, arb_poly, arb_series, fmpq

from verify.best_of.bottom import Bottom
from verify.best_of.panel import Panel
from verify.best_of.parts.far import Beyond
from verify.best_of.parts.jumps import Jump
from verify.best_of.parts.leaves import goal_bits
from verify.taylor_series import series_length

if TYPE_CHECKING:  # they are made of what is here
    from verify.best_of.heavy_left import HeavyLeft
    from verify.best_of.lattices.atom_blocks import AtomBlock, AtomCells
    from verify.best_of.lattices.blocks import Block, Cells

#: The radius of the disc over the half-width, and the bits that a term gains with it.
RADIUS, TERM_BITS = 3.2, 1.678
#: Draws up to which the weight is a product, not the exponential of a logarithm.
FEW_DRAWS = 32
#: Ranks below this are summed up from the left, where that is possible.
LEFT_RANK = 2.0**-8
#: The weight may change by so much, as a power of e, on a part.
CHANGE = 3.0


def terms() -> int:
    """Terms of a series of the weight, at the precision in force."""
    return int((goal_bits() + 8) / TERM_BITS)


def heavy(n: int) -> float:
    """Where ``n S`` exceeds this, the weight ``n exp(-n S)`` is nothing."""
    return log(n) + 0.7 * (goal_bits() + 4)


def light() -> arb:
    """Where ``n S`` is below this, ``n (n - 1) S^2`` is nothing, and the weight is n, nearly."""
    return arb(2) ** (-goal_bits() // 2 - 2)


@dataclass
class Part:
    """A part of a panel: the polynomials about its middle, in the panel's variable.

    Attributes
    ----------
    panel : Panel
        The panel.
    low, high : arb
        Its ends.
    below : arb or None
        ``Pr(U <= t)`` at the panel's left end, where it is known better than by what lies above.
    """

    panel: Panel
    low: arb
    high: arb
    below: arb | None = None

    @property
    def half(self) -> arb:
        """Half its width."""
        return (self.high - self.low) / 2

    @property
    def place(self) -> arb:
        """A point inside its panel."""
        return self.panel.place.t(self.panel.place.middle).mid()  # type: ignore[no-any-return]

    @property
    def missed(self) -> tuple[arb, arb, arb]:
        """What its panel misses."""
        return self.panel.missed

    @cached_property
    def series(self) -> tuple[arb_poly, ...]:
        """``int_y^1 mass``, and the three densities, shifted."""
        shift = arb_poly([(self.low + self.high) / 2, 1])
        panel = self.panel
        return tuple(p(shift) for p in (panel.above, panel.mass, panel.of_v, panel.of_x))

    @cached_property
    def sizes(self) -> tuple[arb, ...]:
        """Bounds on the disc: of how far S is from its middle value, and of the densities."""
        radius = self.half * RADIUS
        above = polynomial_size(self.series[0] - self.series[0][0], radius)
        return above, *(polynomial_size(p, radius) for p in self.series[1:])

    @cached_property
    def _own_above(self) -> arb:
        return self.panel.above(self.high)

    def above_end(self, above: arb) -> arb:
        """``Pr(U > t)`` at its right end; ``above``: at its panel's."""
        return above + self._own_above + arb(0, self.missed[0])

    @property
    def largest(self) -> tuple[Part, Part]:
        """The largest parts on which integrals are to be taken: its halves."""
        return self.halves

    @cached_property
    def halves(self) -> tuple[Part, Part]:
        """Its halves, the left one first."""
        middle = (self.low + self.high) / 2
        ends = (self.low, middle), (middle, self.high)
        left, right = (Part(self.panel, *end, self.below) for end in ends)
        return left, right

    def integrals(self, n: int, above: arb) -> list[arb]:
        """The integrals of the weight times the densities; ``above``: S at the panel's end."""
        half, count = self.half, terms()
        with series_length(count):
            weight = self._weight(n, above, count)
            products = [arb_series(p.coeffs(), prec=count) * weight for p in self.series[1:]]
        most, steepest = self._largest_weights(n, above)
        left = 2 * half * arb(RADIUS) ** -count / (1 - 1 / arb(RADIUS)) * most
        # The true S is off by no more than the panel misses: by the mean value theorem, so much
        # is the weight.
        left += 2 * half * steepest * self.missed[0]
        found = []
        for product, size in zip(products, self.sizes[1:], strict=True):
            total, power = arb(0), 2 * half
            for k in range(0, count, 2):
                total += product[k] * power / (k + 1)
                power = power * half * half
            found.append(total + arb(0, (left * size).upper()))
        return found

    def _rank(self, below: arb) -> tuple[arb, arb]:
        """``Pr(U <= t)`` at its middle and at its right end, from what it is left of its panel."""
        total = self.panel.totals[0]
        ends = total - self.series[0][0], total - self._own_above + arb(0, self.missed[0])
        return below + ends[0], below + ends[1]

    def _weight(self, n: int, above: arb, count: int) -> arb_series:
        """The weight as a series; flint's cap on series is to be in force."""
        falls = self.series[0].coeffs()[1:]
        if self.below is None:
            return weight_series(n, [above + self.series[0][0], *falls], count)
        rank = self._rank(self.below)[0]
        shares = arb_series([arb(1), *(-c / rank for c in falls)], prec=count)
        return n * rank ** (n - 1) * shares ** (n - 1)

    def _largest_weights(self, n: int, above: arb) -> tuple[arb, arb]:
        """Bounds of the weight on the disc, and of its slope in S at the right end."""
        # On the disc |1 - S| <= 1 - S(middle) + change.
        if self.below is None:
            most = weight_at(n, above + self.series[0][0] - self.sizes[0])
            return most, n * weight_at(n - 1, self.above_end(above))
        middle, end = self._rank(self.below)
        return n * (middle + self.sizes[0]) ** (n - 1), n * (n - 1) * end ** (n - 2)


def weight_series(n: int, survival: list[arb], count: int) -> arb_series:
    """``n (1 - S)^(n-1)`` for S by its coefficients; flint's cap on series is to be in force."""
    rank = 1 + arb_series([-survival[0], *(-c for c in survival[1:])], prec=count)
    if rank[0] > 0 and n > FEW_DRAWS:
        slope = [c * (n - 1) for c in rank.log().coeffs()[1:]]
        log_weight = arb_series([(-survival[0]).log1p() * (n - 1), *slope], prec=count)
        return log_weight.exp() * n
    # Where S comes near 1 the series of the logarithm loses digits, or has no terms.
    return rank ** (n - 1) * n


def polynomial_size(polynomial: arb_poly, radius: arb) -> arb:
    """A bound of a polynomial's size on a disc about 0."""
    return arb_poly([abs(c).upper() for c in polynomial.coeffs()])(radius).upper()


@dataclass(frozen=True)
class Step:
    """A panel or an atom, and what lies to the right of it.

    Attributes
    ----------
    piece : Part, Jump, Cells or AtomCells
        The whole panel, the atom, or the whole block.
    above, of_v, of_x : arb
        ``Pr(U > t)``, ``E[V; U > t]`` and ``E[X; U > t]`` at its right end.
    sizes : tuple of arb
        Bounds of ``E[|V|; U > t]`` and ``E[|X|; U > t]``.
    own : tuple of arb
        Bounds of ``E|V|`` and ``E|X|`` where U is in the piece.
    """

    piece: Part | Jump | Cells | AtomCells
    above: arb
    of_v: arb
    of_x: arb
    sizes: tuple[arb, arb]
    own: tuple[arb, arb]


class RankIntegral:
    """Means under best-of-n, for any n from 2 up.

    Parameters
    ----------
    pieces : sequence of Panel, Jump, Block and AtomBlock
        In increasing order, without gaps.
    right : tuple of arb
        ``Pr(U > T)``, ``E[V; U > T]`` and ``E[X; U > T]`` beyond the last piece.
    far_right, far_left, lost : Beyond
        Bounds of what lies beyond the pieces, and of what is in none of them, wherever it is.
    shifts : tuple of fmpq
        What V and X were shifted by, and are to be shifted back by.
    top : tuple of arb or None
        What V and X may be beyond the last piece on the average, whatever the weight.
    moved : Beyond or None
        What two draws may change by as the law of U was changed, for each of ``n (n - 1)``.
    bottom : Bottom or None
        What lies left of the pieces, where more than bounds is known of it.

    Attributes
    ----------
    heavy_left : tuple of HeavyLeft or None
        For V and X: bounds on the left under best-of-n, for a law whose mean is minus infinity.
    """

    def __init__(
        self,
        pieces: Sequence[Panel | Jump | Block | AtomBlock],
        right: tuple[arb, arb, arb],
        far_right: Beyond,
        far_left: Beyond,
        lost: Beyond,
        shifts: tuple[fmpq, fmpq],
        top: tuple[arb, arb] | None = None,
        moved: Beyond | None = None,
        bottom: Bottom | None = None,
    ) -> None:
        self.far_left, self.lost, self.shifts, self.top = far_left, lost, shifts, top
        self.moved, self.bottom = moved, bottom
        totals = [right[0] + arb(0).union(lost.mass), right[1], right[2]]
        sizes = (far_right.of_v, far_right.of_x)
        self.steps: list[Step] = []
        for piece in reversed(pieces):
            part = Part(piece, arb(-1), arb(1)) if isinstance(piece, Panel) else piece.whole
            self.steps.append(Step(part, totals[0], totals[1], totals[2], sizes, piece.sizes))
            rows = zip(totals, piece.totals, piece.missed, strict=True)
            totals = [total + own + arb(0, miss) for total, own, miss in rows]
            sizes = (sizes[0] + piece.sizes[0], sizes[1] + piece.sizes[1])
        self.sizes = sizes[0] + far_left.of_v, sizes[1] + far_left.of_x
        self.heavy_left: tuple[HeavyLeft | None, HeavyLeft | None] = (None, None)

    def know_left(self, heavy_left: tuple[HeavyLeft | None, HeavyLeft | None]) -> None:
        """Take in what is known far out on the left: there ``1 - S`` does not tell ranks from 0."""
        self.heavy_left = heavy_left
        known = [one.power for one in heavy_left if one is not None and one.power is not None]
        if not known:
            return
        below = known[0].mass + arb(0).union(self.lost.mass)
        for step in reversed(self.steps):
            if not isinstance(step.piece, Part) or not 0 < below < LEFT_RANK:
                break
            panel = step.piece.panel
            step.piece.below = below
            below = below + panel.totals[0] + arb(0, panel.missed[0])

    def means(self, n: int, cut: fmpq | None = None) -> tuple[arb, arb, arb]:
        """The mass (about 1), ``E V`` and ``E X`` under the best of n.

        With a cut, which pieces end at, those of ``U > cut`` alone.
        """
        cut = None if cut is None else cut - self.shifts[0] - self.shifts[1]
        start = self._first(n, cut)
        totals = self._beyond(n, start)
        for k in range(start, len(self.steps)):
            step = self.steps[k]
            if cut is not None and not step.piece.place > cut:
                break
            ended = False
            for part in self._parts(step, n):
                if n * part.above_end(step.above) > heavy(n):
                    self._add_bounds(totals, self._rest(n, k, part.above_end(step.above)))
                    ended = True
                    break
                found = part.integrals(n, step.above)
                totals = [a + b for a, b in zip(totals, found, strict=True)]
            self._leave(totals, weight_at(n, step.above), step.piece.missed)
            if ended:
                break
        else:
            far = self._beyond_left(n) if self.bottom is None else self.bottom.part(n)
            totals = [a + b for a, b in zip(totals, far, strict=True)]
        self._add_bounds(totals, self._left_out(n))
        if self.moved is not None:
            moved = self.moved
            self._leave(totals, arb(n * (n - 1)), (moved.mass, moved.of_v, moved.of_x))
        mass = totals[0] if cut is not None else arb(1)
        v, x = (shift * mass for shift in self.shifts)
        return totals[0], totals[1] + v, totals[2] + x

    @classmethod
    def _leave(cls, totals: list[arb], weight: arb, sizes: tuple[arb, arb, arb]) -> None:
        """Leave out measures of such sizes, whose weight is at most so large."""
        cls._add_bounds(totals, [weight * size for size in sizes])

    @staticmethod
    def _add_bounds(totals: list[arb], bounds: Sequence[arb]) -> None:
        """Leave out what is at most so large."""
        for k, bound in enumerate(bounds):
            size = bound.upper()
            totals[k] = totals[k] + arb(0, size) if size.is_finite() else arb.nan()

    def _rest(self, n: int, first: int, above: arb) -> list[arb]:
        """Bounds of what all from a step on has, to the left of where S is so large."""
        weight = weight_at(n, above)
        bounds = [weight * size for size in (arb(1), *self.sizes)]
        for k, one in enumerate(self.heavy_left):
            if one is not None:
                steps = ((step.above.max(above), step.own[k]) for step in self.steps[first:])
                bounds[k + 1] = sum((weight_at(n, s) * size for s, size in steps), one.beyond(n))
        return bounds

    def _beyond_left(self, n: int) -> list[arb]:
        """What lies beyond the pieces on the left: of the mass, of ``E V`` and of ``E X``."""
        far, weight = self.far_left, n * self.far_left.mass ** (n - 1)
        parts = [arb(0)] * 3
        self._leave(parts, weight, (far.mass, far.of_v, far.of_x))
        for k, one in enumerate(self.heavy_left):
            if one is not None:
                parts[k + 1] = one.part(n)
        return parts

    def _left_out(self, n: int) -> list[arb]:
        """Bounds of what is in no piece."""
        sizes = self.lost.mass, self.lost.of_v, self.lost.of_x
        bounds = [n * size for size in sizes]
        for k, one in enumerate(self.heavy_left):
            if one is not None and not bounds[k + 1].is_finite():
                bounds[k + 1] = one.lost(n, sizes[0], sizes[2 - k])
        return bounds

    def _first(self, n: int, cut: fmpq | None) -> int:
        """The first piece, from the right, where ``n S`` matters, or that is left of the cut."""
        limit = light()
        for k in range(len(self.steps) - 1):
            is_left = cut is not None and not self.steps[k].piece.place > cut
            if is_left or not self.steps[k + 1].above * n < limit:
                return k
        return 0

    def _beyond(self, n: int, start: int) -> list[arb]:
        """What lies to the right of a piece: the weight is n there, less ``n (n - 1) S``."""
        step = self.steps[start]
        parts, sizes = (step.above, step.of_v, step.of_x), (step.above, *step.sizes)
        spread = n * (n - 1) * step.above
        totals = [weight_at(n, step.above) * part for part in parts]
        self._leave(totals, spread, (sizes[0], sizes[1], sizes[2]))
        if start == 0 and self.top is not None and step.above < 1:
            gain = -((-step.above).log1p() * n).expm1()
            near = [gain, gain * self.top[0], gain * self.top[1]]
            pairs = zip(totals, near, strict=True)
            totals = [a if a.rad() < b.rad() else b for a, b in pairs]
        return totals

    @staticmethod
    def _parts(step: Step, n: int) -> Iterator[Part | Jump | Cells | AtomCells]:
        """Parts on which the weight does not change much, from the right; an atom is one.

        Where the weight is next to nothing at the right end, they are not small.
        """
        if isinstance(step.piece, Jump):
            yield step.piece
            return
        waiting: list[Any] = list(step.piece.largest)
        while waiting:
            part = waiting.pop()
            light = not n * part.above_end(step.above) > heavy(n)
            if light and n * part.sizes[0] > CHANGE:
                waiting += part.halves
            else:
                yield part

    def kl(self, n: int) -> arb:
        """The KL of best-of-n: ``log n - (n - 1)/n`` less what each atom saves."""
        atoms = [(step.piece, step.above) for step in self.steps if isinstance(step.piece, Jump)]
        # Of atoms that are left out |w log w| is at most n log n, or 1/e, and so it is of ranks.
        lost = arb(0, (2 * (n * arb(n).log() + 1) * self.lost.mass).upper())
        if len(atoms) == len(self.steps):
            return sum((jump.costs(n, above) for jump, above in atoms), lost)
        ranks = arb(n).log() - arb(n - 1) / n
        return ranks - sum((jump.saves(n, above) for jump, above in atoms), lost)


def weight_at(n: int, above: arb) -> arb:
    """``n (1 - S)^(n-1)``, also where S is a ball that leaves [0, 1]."""
    if above < 0.9:
        return n * ((-above).log1p() * (n - 1)).exp()
    return n * (1 - above).max(arb(0)) ** (n - 1)
