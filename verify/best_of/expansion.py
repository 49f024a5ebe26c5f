"""The law of ``U = X + V`` expanded, with what lies beyond the pieces on either side."""

from __future__ import annotations

from time import process_time

from flint import arb, fmpq

from verify.best_of.bottom import Bottom
from verify.best_of.heavy_left import heavy_left
from verify.best_of.lattices.beside_atoms import lattice_pair
from verify.best_of.lattices.beside_density import beside_lattice, expand
from verify.best_of.lattices.beside_left_tail import beside_left_tail
from verify.best_of.lattices.beside_long_tail import beside_long_tail
from verify.best_of.lattices.left_tail import LeftTail, left_tail
from verify.best_of.lattices.light import beside_light, light_sum
from verify.best_of.lattices.two_tails import two_tails
from verify.best_of.log_cauchy.beside_atoms import SlowBesideAtoms
from verify.best_of.log_cauchy.beside_densities import Alone, alone, gathered, moved, spread_out
from verify.best_of.panel import Panel
from verify.best_of.panels import SumLaw
from verify.best_of.parts.density import take_apart
from verify.best_of.parts.far import Beyond, Side
from verify.best_of.parts.jumps import Jump
from verify.best_of.parts.sizes import v_and_x
from verify.best_of.ranks import RankIntegral
from verify.conditioning import condition
from verify.enclosure import Diverges, Undecided
from verify.law import Law
from verify.progress import Progress


def rank_integral(
    error: Law,
    utility: Law,
    cut: fmpq | None = None,
    progress: Progress | None = None,
    seconds: float | None = None,
) -> RankIntegral:
    """The law of U taken apart and expanded, at the precision in force.

    Parameters
    ----------
    error, utility : Law
        The laws of X and V.
    cut : fmpq or None
        A point that pieces are to end at.
    progress : callable or None
        Told how far it is.
    seconds : float or None
        Processor time after which it is given up; None: never.

    Raises
    ------
    Undecided
        If the effort does not suffice.
    """
    # A point is known best as a distance from 0: that is where a law is to end.
    shifts = _starts(utility, error)
    utility, error = utility - shifts[0], error - shifts[1]
    cut = None if cut is None else cut - shifts[0] - shifts[1]
    ranks = _ranks(error, utility, shifts, cut, progress, seconds)
    far, place = ranks.far_left, ranks.steps[-1].piece.place
    sides = (utility, error), (error, utility)
    of_v, of_x = (heavy_left(one, other, far, place) for one, other in sides)
    ranks.know_left((of_v, of_x))
    return ranks


def _ranks(
    error: Law,
    utility: Law,
    shifts: tuple[fmpq, fmpq],
    cut: fmpq | None,
    progress: Progress | None,
    seconds: float | None,
) -> RankIntegral:
    """The law of U, for laws that are shifted; without bounds for means that are infinite."""
    if cut is None:
        for one, other in ((error, utility), (utility, error)):
            slow = alone(one, other)
            if slow is not None:
                beside = _beside_slow if slow.parts.densities else _slow_beside_atoms
                return beside(slow, slow.law is utility, shifts, progress, seconds)
            lattice = beside_lattice(one, other)
            if lattice is not None:
                return expand(lattice, one is utility, progress, seconds).ranks(shifts)
            left = left_tail(one, other)
            if left is not None:
                return _beside_left_tail(left, one is utility, shifts, progress, seconds)
            wide = beside_long_tail(one, other)
            if wide is not None:
                return wide.expand(one is utility, progress, seconds).ranks(shifts)
            long_left = beside_left_tail(one, other)
            if long_left is not None:
                return long_left.ranks(one is utility, shifts, progress, seconds)
            pair = two_tails(one, other) or lattice_pair(one, other)
            if pair is not None:
                deadline = None if seconds is None else process_time() + seconds
                line = pair.line(progress, deadline)
                return line.turned(pair.is_left, one is utility).ranks(shifts)
    law: SumLaw | None = None
    if cut is None:
        law = beside_light(error, utility, False, progress, seconds)
        law = law or beside_light(utility, error, True, progress, seconds)
    law = law or SumLaw(take_apart(error), take_apart(utility), cut, progress, seconds)
    if not law.pairs:
        nothing = Beyond(arb(0), arb(0), arb(0))
        right = (arb(0), arb(0), arb(0))
        return RankIntegral(law.pieces, right, nothing, nothing, law.lost, shifts)
    start, end = law.ends
    far_right, far_left = law.beyond(end, +1), law.beyond(start, -1)
    right = _right(error, utility, end.mid(), far_right)
    top = _top(law, end)
    return RankIntegral(law.pieces, right, far_right, far_left, law.lost, shifts, top)


def _beside_left_tail(
    left: LeftTail,
    is_v: bool,
    shifts: tuple[fmpq, fmpq],
    progress: Progress | None,
    seconds: float | None,
) -> RankIntegral:
    """The same where V, if so said, or X has a power tail on a lattice on the left."""
    blocks, far_left = left.blocks(is_v, progress, seconds)
    law, near = _right_of_tail(left, is_v, progress, seconds)
    end = law.ends[1]
    far_right = law.beyond(end, +1)
    utility, error = v_and_x(left.law, left.light, is_v)
    right = _right(error, utility, end.mid(), far_right)
    lost = law.lost + left.lost(is_v)
    return RankIntegral([*blocks, *near], right, far_right, far_left, lost, shifts, _top(law, end))


def _right_of_tail(
    left: LeftTail, is_v: bool, progress: Progress | None, seconds: float | None
) -> tuple[SumLaw, list[Panel | Jump]]:
    """The law of U with the first atoms alone, and its pieces to the right of the blocks."""
    lattice = light_sum(left.atoms, left.light, is_v, progress, seconds)
    if lattice is not None and lattice.start <= left.cut:
        return lattice, lattice.pieces_from(left.cut)
    utility, error = v_and_x(left.atoms, take_apart(left.light), is_v)
    law = SumLaw(error, utility, left.cut, progress, seconds)
    return law, [piece for piece in law.pieces if _inside(piece) > left.cut]


def _inside(piece: Panel | Jump) -> arb:
    """A point inside a piece."""
    return arb(piece.at) if isinstance(piece, Jump) else piece.place.t(piece.place.middle)


def _starts(utility: Law, error: Law) -> tuple[fmpq, fmpq]:
    """Where V and X are to begin; to end, where both do: the best of many is close to that."""
    tops = [law.support[1] for law in (utility, error) if not law.has_atoms]
    found = [fmpq(top) for top in tops if isinstance(top, int | fmpq)]
    return (found[0], found[1]) if len(found) == 2 else (_start(utility), _start(error))


def _start(law: Law) -> fmpq:
    """A finite end of a support, the lower one if there are two; 0 where none is rational."""
    for end in law.support:
        if isinstance(end, int | fmpq):
            return fmpq(end)
    return fmpq(0)


def _right(error: Law, utility: Law, end: arb, far: Beyond) -> tuple[arb, arb, arb]:
    """What lies beyond the last piece, by conditioning; by its bounds if that fails."""
    if far.mass == 0:
        return arb(0), arb(0), arb(0)
    try:
        found = condition(error, utility, end.fmpq())
    except Undecided:
        return arb(0).union(far.mass), arb(0, far.of_v.upper()), arb(0, far.of_x.upper())
    parts = [
        arb.nan() if isinstance(mean, Diverges) else found.mass * mean
        for mean in (found.mean_v, found.mean_x)
        if mean is not None
    ]
    return found.mass, parts[0], parts[1]


def _top(law: SumLaw, end: arb) -> tuple[arb, arb] | None:
    """What V and X may be beyond the last piece, where both have a largest value."""
    x, v = Side(law.error, +1).last, Side(law.utility, +1).last
    return None if x is None or v is None else ((end - x).union(v), (end - v).union(x))


# ---- a log-Cauchy law ---------------------------------------------------------------------------


def _beside_slow(
    slow: Alone,
    is_v: bool,
    shifts: tuple[fmpq, fmpq],
    progress: Progress | None,
    seconds: float | None,
) -> RankIntegral:
    """The same, where one of X and V decides alone far out; ``is_v``: it is V."""
    utility, error = v_and_x(gathered(slow), slow.parts, is_v)
    law = SumLaw(error, utility, None, progress, seconds, slow)
    start, end = law.ends
    far_right, far_left = law.beyond(end, +1), law.beyond(start, -1)
    shift = moved(slow.parts)
    change = Beyond(shift.mass, *v_and_x(arb.nan(), shift.of_v, is_v))
    if slow.side > 0:
        right, off, top = _slow_right(slow, is_v, end.mid())
        lost = law.lost + off
        return RankIntegral(law.pieces, right, far_right, far_left, lost, shifts, top, change)
    laws = v_and_x(slow.law, slow.other, is_v)
    known = _right(laws[1], laws[0], end.mid(), far_right)
    # What was moved beyond the end, or back: V is next to the end there.
    miss = spread_out(slow.parts)
    miss_other = v_and_x(arb.nan(), arb(0, miss * (abs(end).upper() + 1)), is_v)
    right = known[0] + arb(0, miss), known[1] + miss_other[0], known[2] + miss_other[1]
    bottom = _slow_left(slow, is_v, start.mid())
    return RankIntegral(
        law.pieces,
        right,
        far_right,
        far_left,
        law.lost,
        shifts,
        _top(law, end),
        change,
        bottom,
    )


def _slow_right(
    slow: Alone, is_v: bool, t: arb
) -> tuple[tuple[arb, arb, arb], Beyond, tuple[arb, arb]]:
    """What lies beyond t on the right, what is lost for each draw, and the means there."""
    mass, mean, off = slow.mass(t), slow.mean(t), slow.lost(t)
    right = mass, *v_and_x(arb.nan(), mass * mean, is_v)
    return right, Beyond(arb(0), *v_and_x(arb.nan(), off, is_v)), v_and_x(arb.nan(), mean, is_v)


def _slow_left(slow: Alone, is_v: bool, t: arb) -> Bottom:
    """What lies below t."""
    own = slow.other.mean()
    assert isinstance(own, arb)
    return Bottom(
        slow.mass(t),
        v_and_x(arb.nan(), own, is_v),
        v_and_x(arb.nan(), slow.spread(t), is_v),
        v_and_x(arb.nan(), slow.lost(t), is_v),
    )


def _slow_beside_atoms(
    slow: Alone,
    is_v: bool,
    shifts: tuple[fmpq, fmpq],
    progress: Progress | None,
    seconds: float | None,
) -> RankIntegral:
    """The same beside atoms."""
    law = SlowBesideAtoms(slow, is_v, progress, seconds)
    nothing, none = Beyond(arb(0), arb(0), arb(0)), (arb(0), arb(0), arb(0))
    everything = Beyond(arb(1), *v_and_x(arb.nan(), slow.size, is_v))
    if slow.side > 0:
        right, off, top = _slow_right(slow, is_v, law.end)
        lost = law.lost + off
        return RankIntegral(law.pieces, right, everything, nothing, lost, shifts, top)
    bottom = _slow_left(slow, is_v, law.end)
    return RankIntegral(law.pieces, none, nothing, everything, law.lost, shifts, bottom=bottom)
