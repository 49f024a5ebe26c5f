"""A log-Cauchy law beside atoms: between two atoms of V, the law of U in logarithms.

Let ``X = Y`` or ``X = -Y``, with Y log-Cauchy, scaled: its density falls, as
``f(x) = 1/(pi x (1 + (log x - l)^2))``. Between an atom v and the next one on the side of the tail
of X, at a distance w, let s be the distance of U from v, and ``y = log s``. With c for the
distances of v from itself and from the atoms k on its other side, the density of y is the sum of
``p_k e^y f(e^y + c)``. For
c = 0 that is ``p_v/(pi (1 + (y - l)^2))``: from far below 0 on, few intervals do.

*Its size* on a disc of radius r about m is known without boxes where one of e^y and c is the larger
one all over it. With z at least the quotient, below 1, the logarithm of the sum is off that of the
larger one by at most ``-log(1 - z)``, and ``|1 + a^2| = |a + i| |a - i| >= (sqrt(b^2 + 1) - e)^2``
for ``|a - b| <= e``.

*Next to an atom*, where s is below d, all but what belongs to v itself has a mass of at most
``m = d sum p_k f(c)``. So what belongs to v has under best-of-n the mass ``F^n - (F - p)^n`` for an
F that is known to within m: all of it lies at one point, as far as best-of-n can tell.

*Atoms far away*, with c at least :data:`FAR_OFF` times w, are one polynomial in s.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from time import process_time
from typing import TypeVar

from flint import acb, arb, arb_poly, arb_series, ctx, fmpq

from verify.best_of.convolution.interval_sums import (
    RADIUS,
    SHORT_BITS,
    WIDER,
    Expansion,
    Place,
    largest,
    terms,
)
from verify.best_of.log_cauchy.beside_densities import Alone
from verify.best_of.panel import Panel
from verify.best_of.parts.density import Atom
from verify.best_of.parts.far import Beyond
from verify.best_of.parts.jumps import Jump, Lump
from verify.best_of.parts.leaves import goal_bits
from verify.best_of.parts.sizes import v_and_x
from verify.enclosure import Undecided
from verify.progress import Progress
from verify.taylor_series import series_length, variable

#: How close to an atom intervals begin, in bits of the distance of the nearest one.
START_BITS = 72
#: Distances from which atoms are far off, in distances of the next one, the radius on which their
#: polynomial is bounded, in halves of that distance, and the bits that a term gains with it.
FAR_OFF, FAR_RADIUS, FAR_TERM_BITS = 4, 5, 2.32
#: Intervals of y are tried so wide: a share of the distance from where it is not smooth, or this.
WIDEST_SHARE, WIDEST = 0.3, 0.9
#: Where neither is, y is to have a smaller imaginary part than pi: the logarithm has no cut there.
STRIP = 3
#: Halvings of an interval at most.
MOST_HALVINGS = 12

N = TypeVar("N", arb, arb_series)
P = TypeVar("P", arb, acb, arb_series)


@dataclass(frozen=True)
class _FarOff:
    """The atoms far off, as polynomials in ``s - w/2`` with bounds of what they miss.

    Attributes
    ----------
    middle : arb
        ``w/2``.
    densities : tuple of arb_poly
        Of the mass, and times V, in s.
    missed : tuple of arb
        For the two.
    """

    middle: arb
    densities: tuple[arb_poly, arb_poly]
    missed: tuple[arb, arb]


class SlowBesideAtoms:
    """The law of ``U = X + V``, where X is log-Cauchy and V has atoms only.

    Parameters
    ----------
    slow : Alone
        X and V.
    is_v : bool
        Whether the slow law is called V in what is found.
    progress : callable or None
        Told of each atom that is done.
    seconds : float or None
        Processor time after which it is given up; None: never.

    Attributes
    ----------
    pieces : list of Panel and Jump
        In increasing order.
    end : arb
        Where they end, on the side of the tail.

    Raises
    ------
    Undecided
        If it takes too much work.
    """

    def __init__(
        self, slow: Alone, is_v: bool, progress: Progress | None, seconds: float | None
    ) -> None:
        self.slow, self.is_v, self.side = slow, is_v, slow.side
        self.started, self.seconds = process_time(), seconds
        self.level = abs(arb(slow.scale)).log()
        # From the near end outward: behind an atom are those that X reaches it from.
        self.atoms = slow.parts.atoms[:: self.side]
        pieces: list[Panel | Jump] = []
        with series_length(terms()):
            for k in range(len(self.atoms)):
                pieces += _Interval(self, k).pieces()
                if progress is not None:
                    progress(k + 1, len(self.atoms), "atoms")
        self.pieces = pieces[:: self.side]

    @cached_property
    def end(self) -> arb:
        """A point beyond which X decides alone, as far out as need be."""
        last = arb(self.atoms[-1][0])
        distance = (abs(last) + abs(arb(self.slow.scale))).mid()
        while not self.slow.decides((last + self.side * distance).mid()):
            distance = 2 * distance
        return (last + self.side * distance).mid()

    @property
    def lost(self) -> Beyond:
        """Bounds of what the atoms that were left out take with them."""
        rests = self.slow.parts.left_out
        mean = sum((rest.mean for rest in rests), arb(0))
        return Beyond(
            sum((rest.mass for rest in rests), arb(0)), *v_and_x(arb.nan(), mean, self.is_v)
        )

    def check_time(self) -> None:
        """Give up where the time is over."""
        if self.seconds is not None and process_time() - self.started > self.seconds:
            raise Undecided(f"the law of U takes more than {self.seconds} seconds of work")

    # ---- the density of Y -------------------------------------------------------------------

    def density(self, x: P) -> P:
        """``f(x)``."""
        height = x.log() - self.level
        return 1 / (x * (1 + height * height) * arb.pi())

    def height_bound(self, place: arb, error: arb) -> arb:
        """A bound of ``1/(pi |1 + a^2|)`` for a within an error of ``place - l``; NaN: none."""
        height = place - self.level
        least = (height * height + 1).sqrt() - error
        return 1 / (arb.pi() * least * least) if least > 0 else arb.nan()


class _Interval:
    """From one atom outward to the next, or to where X decides alone."""

    def __init__(self, law: SlowBesideAtoms, index: int) -> None:
        self.law, self.index = law, index
        self.at, self.own = law.atoms[index]
        following = law.atoms[index + 1 : index + 2]
        end = following[0][0] if following else law.end.fmpq()
        self.width = arb(abs(end - self.at))
        others = law.atoms[:index]
        limit = FAR_OFF * self.width
        near = [atom for atom in others if not self._distance(atom) > limit]
        self.around = [law.atoms[index], *near]
        self.distances = [self._distance(atom) for atom in near]
        self.far_off = self._gather([atom for atom in others if self._distance(atom) > limit])

    def _distance(self, atom: Atom) -> arb:
        return arb(abs(self.at - atom[0]))

    # ---- atoms far off ----------------------------------------------------------------------

    def _gather(self, atoms: list[Atom]) -> _FarOff | None:
        if not atoms:
            return None
        half = self.width / 2
        count = int((goal_bits() + 16) / FAR_TERM_BITS)
        sums, bounds = [arb_poly([]), arb_poly([])], [arb(0), arb(0)]
        with series_length(count):
            for atom in atoms:
                x, mass = atom
                centre = self._distance(atom) + half
                series = arb_poly(self.law.density(arb_series([centre, 1], prec=count)).coeffs())
                quotient = FAR_RADIUS * half / centre
                size = self.law.height_bound(centre.log(), -(-quotient).log1p())
                size = mass * size / (centre * (1 - quotient))
                for k, factor in enumerate((mass, mass * x)):
                    sums[k] += series * factor
                for k, factor in enumerate((arb(1), abs(arb(x)))):
                    bounds[k] += size * factor
        share = WIDER * arb(FAR_RADIUS) ** -count / (1 - 1 / arb(FAR_RADIUS))
        missed = (bounds[0] * share).upper(), (bounds[1] * share).upper()
        return _FarOff(half, (sums[0], sums[1]), missed)

    # ---- the pieces -------------------------------------------------------------------------

    def pieces(self) -> list[Panel | Jump]:
        """From the atom outward; of the block next to it the point lies to the left."""
        nearest = min([self.width, *self.distances], key=float)
        low = (nearest.log() - START_BITS * arb.const_log2()).mid()
        block = self._block(low)
        return [*block[:: self.law.side], *self._panels(low, self.width.log().mid())]

    def _block(self, low: arb) -> list[Panel | Jump]:
        """What lies closer to the atom than ``e^low``: its own mass, and a bound of all other."""
        law, slow = self.law, self.law.slow
        length = low.exp()
        own = self.own * (slow.law.cdf(length) if law.side > 0 else slow.law.survival(-length))
        mean, size = own * self.at, own * abs(arb(self.at))
        zero = arb(0)
        lump = Lump(
            fmpq(self.at), own, *v_and_x(zero, mean, law.is_v), v_and_x(zero, size, law.is_v)
        )
        mass, of_v = zero, zero
        for atom in law.atoms[: self.index]:
            part = atom[1] * law.density(self._distance(atom)) * length
            mass, of_v = mass + part, of_v + part * abs(arb(atom[0]))
        bounds = Beyond(mass, *v_and_x(zero, of_v, law.is_v))
        place = Place((low - 1).mid(), low, arb(self.at), law.side)
        return [lump, Panel.unknown(place, bounds)]

    def _panels(self, low: arb, high: arb) -> Iterator[Panel]:
        # Near these the density of y is not smooth.
        corners = [self.law.level, *(distance.log() for distance in self.distances)]
        while low < high:
            self.law.check_time()
            nearest = min(abs(float(low - corner)) for corner in corners)
            step = max(WIDEST_SHARE * nearest, WIDEST)
            end = (low + step).mid()
            end = high if not end < high else end
            for _ in range(MOST_HALVINGS):
                panel = self._panel(Place(low, end, arb(self.at), self.law.side))
                if panel is not None:
                    break
                end = ((low + end) / 2).mid()
            else:
                raise Undecided(f"the density of U near {arb(self.at).str(10)}")
            yield panel
            low = end

    def _panel(self, place: Place) -> Panel | None:
        """An interval's expansions, if it is not too wide."""
        left = WIDER * arb(RADIUS) ** -int(ctx.cap) / (1 - 1 / arb(RADIUS)) * 2 * place.half
        miss, miss_v = ((left * size).upper() for size in self._sizes(place))
        if self.far_off is not None:
            rest, rest_v = self.far_off.missed
            miss, miss_v = miss + rest * place.high.exp(), miss_v + rest_v * place.high.exp()
        estimate, _ = self._densities(place.middle)
        if not miss < estimate * 2 * place.half * arb(2) ** (SHORT_BITS - goal_bits()):
            return None
        mass, of_v = self._densities(variable(place.middle, ctx.cap))
        is_v = self.law.is_v
        missed = (miss.upper(), *v_and_x(arb(0), miss_v.upper(), is_v))
        return Panel.of(place, Expansion((mass, *v_and_x(0 * mass, of_v, is_v)), missed))

    def _densities(self, y: N) -> tuple[N, N]:
        """The density of y, and times V."""
        mass, of_v = 0 * y, 0 * y
        for atom in self.around:
            term = self._density(atom, y) * atom[1]
            mass, of_v = mass + term, of_v + term * atom[0]
        if self.far_off is not None:
            s = y.exp()
            far, far_v = (_composed(p, s - self.far_off.middle) for p in self.far_off.densities)
            mass, of_v = mass + far * s, of_v + far_v * s
        return mass, of_v

    def _sizes(self, place: Place) -> tuple[arb, arb]:
        """Bounds of the two on the disc; NaN: none."""
        radius = place.half * RADIUS * WIDER
        size, of_v = arb(0), arb(0)
        for atom in self.around:
            part = atom[1] * self._bound(atom, place, radius)
            size, of_v = size + part, of_v + part * abs(arb(atom[0]))
        far = self.far_off
        if far is not None and size.is_finite():
            outer = (place.middle + radius).exp()
            reach = outer + far.middle
            if not reach < FAR_RADIUS * far.middle:
                return arb.nan(), arb.nan()
            parts = [
                outer * arb_poly([abs(c).upper() for c in p.coeffs()])(reach) for p in far.densities
            ]
            size, of_v = size + parts[0], of_v + parts[1]
        return size, of_v

    def _density(self, atom: Atom, y: N) -> N:
        """What an atom has of the density of y, for each unit of mass."""
        law, c = self.law, self._distance(atom)
        if not c > 0 or (y[0] if isinstance(y, arb_series) else y) > c.log():
            quotient = (-y).exp() * c
            height = y + (1 + quotient).log() - law.level
            return 1 / ((1 + height * height) * (1 + quotient) * arb.pi())
        s = y.exp()
        return law.density(s + c) * s

    def _bound(self, atom: Atom, place: Place, radius: arb) -> arb:
        """A bound of that on the disc; NaN: none."""
        law, c = self.law, self._distance(atom)
        if c > 0:
            quotient = (place.middle + radius).exp() / c
            if quotient < 0.5:
                height = law.height_bound(c.log(), -(-quotient).log1p())
                return quotient / (1 - quotient) * height
        quotient = c * (radius - place.middle).exp()
        if quotient < 0.5:
            return law.height_bound(place.middle, radius - (-quotient).log1p()) / (1 - quotient)
        if not radius < STRIP:
            return arb.nan()
        return largest((law.density(y.exp() + c) * y.exp()).abs_upper() for y in place.disc)


def _composed(polynomial: arb_poly, inner: N) -> N:
    """A polynomial of a number or of a power series."""
    if isinstance(inner, arb):
        return polynomial(inner)
    about = polynomial(arb_poly([inner[0], 1]))
    rest = arb_series([0, *inner.coeffs()[1:]], prec=ctx.cap)
    return arb_series(about.coeffs(), prec=ctx.cap)(rest)
