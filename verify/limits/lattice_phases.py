"""X on a lattice and V off it: what ``E[V | X + V > t]`` tends to along each phase of t.

Let X sit on a lattice of span h, along which its tail falls like ``exp(-g t)``, and let t be
``place + n h`` past a point of it. X exceeds ``t - v`` if it is past the ``floor((t - v)/h)``-th
point. So as n grows V is reweighted by ``exp(-g h floor((place - v)/h))``, which is level on cells
of length h.
"""

from __future__ import annotations

from itertools import islice

from flint import arb, fmpq

from verify.enclosure import Diverges, Exact, Number, Undecided, ball
from verify.law import Law

#: Atoms of V up to which each one's own phase is looked at; cells of V that are summed over.
MOST_PHASES, MOST_CELLS = 64, 20_000
#: The share of a span between the phases that are looked at where V is not such a list.
QUARTERS = tuple(fmpq(k, 4) for k in range(4))
#: Nats by which what is left out falls short of the rest.
NATS = 80


def phase_means(utility: Law, span: fmpq, rate: Exact) -> dict[fmpq, arb]:
    """The limits of ``E[V | U > t]`` along several phases of t, by their place from 0 to h.

    Parameters
    ----------
    utility : Law
        The law of V, of a rate above g.
    span : fmpq
        The span h of the lattice of X.
    rate : exact number
        The g of its tail, above 0.

    Returns
    -------
    dict of fmpq to arb
        At the working precision.

    Raises
    ------
    Undecided
        If the sums are too long.
    """
    atoms = _few_atoms(utility)
    if atoms is None:
        cells = _Cells(utility, span, rate)
        return {share * span: cells.mean(share * span) for share in QUARTERS}
    places = {x - span * fmpq((x / span).floor()) for x, _ in atoms}
    return {place: _mean_of_atoms(atoms, span, rate, place) for place in places}


def _few_atoms(utility: Law) -> list[tuple[fmpq, arb]] | None:
    try:
        atoms = list(islice(utility.atoms(), MOST_PHASES + 1))
    except TypeError:
        return None
    return atoms if len(atoms) <= MOST_PHASES else None


def _mean_of_atoms(atoms: list[tuple[fmpq, arb]], span: fmpq, rate: Exact, place: fmpq) -> arb:
    total = first = arb(0)
    for x, mass in atoms:
        steps = int(((place - x) / span).floor())
        weight = mass * (-steps * span * ball(rate)).exp()
        total, first = total + weight, first + x * weight
    return first / total


class _Cells:
    """Sums over the cells of V, with bounds for what lies beyond them.

    The weight is at most ``exp(g h + g (v - place))``. With d half of the way from g to the rate of
    V, or 1, what lies above R has at most ``exp(K(g + d) - d R)`` times that of ``exp(g V)``.
    """

    def __init__(self, utility: Law, span: fmpq, rate: Exact) -> None:
        self.utility, self.span, self.rate = utility, span, ball(rate)
        own = utility.mgf_abscissa
        if own is None:
            raise Undecided("the rate of V is not known")
        room = arb(1) if isinstance(own, Diverges) else (ball(own) - self.rate) / 2
        self.room = room.mid()
        log_mgf = utility.log_mgf((self.rate + self.room).mid())
        self.log_mgf = _number(log_mgf)
        below, above = NATS / self.rate, (abs(self.log_mgf) + NATS) / self.room
        if not (below + above) / span < MOST_CELLS:
            raise Undecided(f"V has more than {MOST_CELLS} cells of length {span} that matter")
        self.reach = [int(float((end / span).upper())) + 2 for end in (below, above)]

    def mean(self, place: fmpq) -> arb:
        """The mean of V under the weight of one phase."""
        below, above = self.reach
        total = first = arb(0)
        for steps in range(-above, below):  # V in (place - (steps + 1) h, place - steps h]
            low, high = place - (steps + 1) * self.span, place - steps * self.span
            weight = (-steps * self.span * self.rate).exp()
            total += weight * self.utility.between(low, high)
            first += weight * _number(self.utility.partial_mean(low, high))
        for size in self._left_out(place):
            total, first = total + arb(0, size[0]), first + arb(0, size[1])
        return first / total

    def _left_out(self, place: fmpq) -> list[tuple[arb, arb]]:
        """Bounds of the mass and of ``E|V|`` under the weight, below the cells and above them."""
        below, above = self.reach
        low, high = place - below * self.span, place + above * self.span
        factor = self.rate * (self.span - place)
        under = (factor + self.rate * low).exp()
        over = (factor + self.log_mgf - self.room * high).exp()
        # |v| exp(g v) falls below -1/g, and v exp(-d v) above 1/d: the ends are further out.
        return [
            (under.abs_upper(), (under * abs(low)).abs_upper()),
            (over.abs_upper(), (over * high).abs_upper()),
        ]


def _number(value: Number) -> arb:
    if isinstance(value, Diverges):
        raise Undecided(f"infinite: {value.because}")
    return value
