"""Conditioning in float64, for many thresholds at once: for pictures, not certified.

The integrals are those of :mod:`.integral`, by double-exponential quadrature between the points
where the densities and tails change: its points crowd so much towards both ends of an interval that
singularities there, and masses of width 1 beside intervals of length 1e12, do no harm. A threshold
that is as good as an atom of U may be taken to be on either side of it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from flint import arb, fmpq

from verify.affine import Affine
from verify.arithmetic import numpy_arithmetic
from verify.conditioning.parts import atoms_between, components, count_between, is_atomic
from verify.conditioning.routes import infinite_given
from verify.conditioning.smooth import Smooth
from verify.conditioning.sums import MOST_ATOMS
from verify.continuous import ContinuousLaw
from verify.enclosure import Diverges, ball, exact
from verify.errors import InputError
from verify.law import Law
from verify.laws.custom import Tail
from verify.laws.lattice import LatticeLaw
from verify.laws.power import LogGamma
from verify.laws.student import HalfStudentT, LogCauchy
from verify.truncation import Truncated

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Floats = NDArray[np.float64]

#: Step and range of the double-exponential rule, and thresholds that are worked on at once.
STEP, RANGE, AT_ONCE = 1 / 64, 6.0, 32
#: What is beyond the last point of the rule counts so often: a mass that is about ``c/sinh s``
#: beyond s has the derivative ``-c/sinh s`` of its density there, and the trapezoid rule up to s
#: falls short by ``STEP^2/12`` times that (Euler and Maclaurin).
BEYOND = 1 + STEP**2 / 12
#: What is next to an end or a centre, in units of the law: light tails have little beyond.
BESIDE = 16.0
#: Mass of an infinite list of atoms that is left out.
LEFT_OUT = 1e-60
#: A chance that is too small to matter.
UNLIKELY = 1e-13


def survival_and_parts(error: Law, utility: Law, thresholds: Any) -> tuple[Floats, Floats, Floats]:
    """``Pr(U > t)``, ``E[V; U > t]`` and ``E[U; U > t]`` on a grid, ``U = X + V`` independent.

    Parameters
    ----------
    error, utility : Law
        The laws of X and V.
    thresholds : array_like
        The t.

    Returns
    -------
    tuple of ndarray
        One number for each threshold; ``oo`` where a mean is infinite. To about 1e-10 of the mass,
        and of ``E|V|`` and ``E|X|`` times it, where laws have floats that good; 1e-9 beside a tail
        as slow as that of ``log_cauchy``.

    Raises
    ------
    InputError
        For laws of too many atoms that matter at these thresholds.
    Undecided
        Where it is not known whether a mean is infinite.
    """
    t = np.atleast_1d(np.asarray(thresholds, dtype=np.float64))
    mass, of_x = _over(error, utility, t)
    _, of_v = _over(utility, error, t)
    return mass, of_v, of_x + of_v


def _over(law: Law, other: Law, t: Floats) -> tuple[Floats, Floats]:
    """``Pr(B + A > t)`` and ``E[B; B + A > t]``."""
    mass, part = np.zeros_like(t), np.zeros_like(t)
    infinite = infinite_given(law, other, "a summand")
    for one in components(law):
        for two in components(other):
            weight = _float(one.share) * _float(two.share)
            view, beside = _View.of(one.law, two.law, t), _View.of(two.law, one.law, t)
            with np.errstate(all="ignore"):
                found = view.with_other(beside, t)
            mass, part = mass + weight * found[0], part + weight * found[1]
    return mass, part if infinite is None else np.full_like(t, infinite.sign * np.inf)


def _float(x: fmpq | arb | int) -> float:
    return float(ball(x))


@dataclass(frozen=True)
class _View:
    """A component in float64.

    Attributes
    ----------
    low, high : float
        The ends of its support.
    centre : float
        About where its mass is, where no end tells; else NaN.
    unit : float
        The length on which its density changes.
    density, survival, up_to : callable
        At ``x + d``, for arrays x and d of which d may be far below the rounding of x. The density
        is None where the law is a list of atoms.
    places, masses : ndarray
        Its atoms, in increasing order.
    """

    low: float
    high: float
    centre: float
    unit: float
    density: Callable[[Any, Any], Any] | None
    survival: Callable[[Any, Any], Any]
    up_to: Callable[[Any, Any], Any]
    places: Floats
    masses: Floats

    @property
    def marks(self) -> list[float]:
        """The ends and the centre, and points between which the mass next to them is."""
        beside = BESIDE * self.unit
        near = [x + d for x in (self.low, self.high, self.centre) for d in (-beside, 0.0, beside)]
        return [x for x in near if np.isfinite(x) and self.low <= x <= self.high]

    @classmethod
    def of(cls, law: Law, beside: Law, t: Floats) -> _View:
        """The component as floats, as far as it matters beside another one at some thresholds."""
        if is_atomic(law):
            places, masses = _atoms(law, beside, t)
            tails = np.append(np.cumsum(masses[::-1])[::-1], 0.0)

            def beyond(x: Any, d: Any) -> Any:
                return tails[np.searchsorted(places, x + d, side="right")]

            def up_to(x: Any, d: Any) -> Any:
                return tails[0] - beyond(x, d)

            return cls(places[0], places[-1], np.nan, 1.0, None, beyond, up_to, places, masses)
        smooth = Smooth(law)
        low = -np.inf if smooth.low is None else float(smooth.low)
        high = np.inf if smooth.high is None else float(smooth.high)
        centre = np.nan if smooth.centre is None else float(smooth.centre)
        atom = [] if smooth.atom is None else [(_float(smooth.atom[0]), float(smooth.atom[1]))]
        places, masses = (np.array([each[i] for each in atom]) for i in range(2))
        unit = float(smooth.unit)
        return cls(low, high, centre, unit, _density(smooth), *_tails(law), places, masses)

    def with_other(self, other: _View, t: Floats) -> tuple[Floats, Floats]:
        """``Pr(B + A > t)`` and ``E[B; B + A > t]``, this law being that of B."""
        mass, part = np.zeros_like(t), np.zeros_like(t)
        for x, p in zip(self.places, self.masses, strict=True):
            tail = p * other.survival(t, -x)
            mass, part = mass + tail, part + x * tail
        if self.density is None:
            return mass, part
        if other.density is None:
            beyond = self._integrals(_AT_ZERO, (t[:, None] - other.places).ravel())
            found = [each.reshape(len(t), -1) @ other.masses for each in beyond]
        else:
            found = self._integrals(other, t)
        return mass + found[0], part + found[1]

    def _integrals(self, other: _View, t: Floats) -> list[Floats]:
        """The same of what both have of densities, or A of an atom at 0."""
        starts = range(0, len(t), AT_ONCE)
        found = [self._some_integrals(other, t[start : start + AT_ONCE]) for start in starts]
        return [np.concatenate(each) for each in zip(*found, strict=True)]

    def _some_integrals(self, other: _View, t: Floats) -> tuple[Floats, Floats]:
        xs, ys, endless = self._anchors(other, t)
        totals = [np.zeros_like(t), np.zeros_like(t)]

        def add(x: Floats, y: Floats, side: int, distance: Floats, weight: Floats) -> None:
            d = side * distance
            assert self.density is not None
            height = self.density(x[:, None], d) * other.survival(y[:, None], -d) * weight
            height = np.where(np.isfinite(height), height, 0.0)
            totals[0] += height.sum(axis=1)
            totals[1] += (height * (x[:, None] + d)).sum(axis=1)

        for i in range(len(xs) - 1):
            length = np.maximum(xs[i + 1] - xs[i], 0.0)[:, None]
            add(xs[i], ys[i], +1, length * HALF[0], length * HALF[1])
            add(xs[i + 1], ys[i + 1], -1, length * HALF[0], length * HALF[1])
        if endless:
            add(xs[0], ys[0], -1, self.unit * RAY[0][None], self.unit * RAY[1][None])
        if self.high == np.inf:
            add(xs[-1], ys[-1], +1, self.unit * RAY[0][None], self.unit * RAY[1][None])
            # Beyond the rule's last point lies mass only of tails as slow as 1/log x.
            totals[0] += BEYOND * self.survival(xs[-1], self.unit * RAY[0][-1])
        for end, mass, tail in self._next_to_ends(other, xs, ys):
            totals[0] += mass * tail
            totals[1] += end * mass * tail
        return totals[0], totals[1]

    def _next_to_ends(
        self, other: _View, xs: Floats, ys: Floats
    ) -> Iterator[tuple[float, Floats, Floats]]:
        """What lies nearer to an end of the support than the rule's points, and A's tail there.

        At an end like that of ``log_cauchy``, 1/1000 of all mass is nearer than 1e-300.
        """
        lengths = np.diff(xs, axis=0)
        if not len(lengths):
            return
        for end, place, tails in ((self.low, 0, self.up_to), (self.high, -1, self.survival)):
            if not np.isfinite(end):
                continue
            side = 1 if place == 0 else -1
            first = np.argmax(lengths[::side] > 0, axis=0)  # anchors may coincide
            length = np.take_along_axis(lengths[::side], first[None], axis=0)[0]
            mass = tails(end, side * length * HALF[0][-1]) - self.masses[self.places == end].sum()
            counts = (xs[place] == end) & (mass > UNLIKELY)  # less is the rounding of the tails
            yield end, np.where(counts, BEYOND * mass, 0.0), other.survival(ys[place], 0.0)

    def _anchors(self, other: _View, t: Floats) -> tuple[Floats, Floats, bool]:
        """Points x where something changes, with ``t - x``, of which one is exact; in order.

        The last answer is whether there is a ray on their left.
        """
        known = [(np.full_like(t, x), t - x) for x in self.marks]
        known += [(t - y, np.full_like(t, y)) for y in other.marks]
        start = np.maximum(self.low, t - other.high)
        at_start = np.minimum(t - self.low, other.high)
        inside = [
            (np.clip(x, start, self.high), np.clip(y, t - self.high, at_start))
            for x, y in ((start, at_start), *known)
            if np.all(np.isfinite(x))
        ] or [(np.zeros_like(t), t)]
        xs, ys = (np.array([pair[i] for pair in inside]) for i in range(2))
        order = np.argsort(xs, axis=0, kind="stable")
        xs, ys = (np.take_along_axis(each, order, axis=0) for each in (xs, ys))
        return xs, ys, not np.all(np.isfinite(start))


def _is_negative(x: Any, d: Any) -> Any:
    return np.where(x + d < 0, 1.0, 0.0)


def _is_positive(x: Any, d: Any) -> Any:
    return 1.0 - _is_negative(x, d)


_AT_ZERO = _View(0.0, 0.0, np.nan, 1.0, None, _is_negative, _is_positive, np.zeros(1), np.ones(1))


def _half_rule() -> tuple[Floats, Floats]:
    """Distances from an end of the unit interval, and weights, up to its middle."""
    s = STEP * np.arange(int(RANGE / STEP) + 1)
    q = 1 / (1 + np.exp(np.pi * np.sinh(s)))
    weights = STEP * np.pi * np.cosh(s) * q * (1 - q)
    weights[[0, -1]] /= 2
    return q, weights


def _ray_rule() -> tuple[Floats, Floats]:
    """Distances from the end of a ray, and weights."""
    s = STEP * np.arange(-int(RANGE / STEP), int(RANGE / STEP) + 1)
    distance = np.exp(np.pi / 2 * np.sinh(s))
    weights = STEP * np.pi / 2 * np.cosh(s) * distance
    weights[-1] /= 2
    return distance, weights


HALF, RAY = _half_rule(), _ray_rule()


def _atoms(law: Law, beside: Law, t: Floats) -> tuple[Floats, Floats]:
    """Atoms in order; those so far to the right that U is above t for sure are put into one."""
    low, high = (None if isinstance(end, Diverges) else end for end in law.support)
    first = None if low is not None else -_reach(law, beside, t, -1)
    last = None if high is not None else _reach(law, beside, t, +1)
    if count_between(law, first, last) > MOST_ATOMS:
        raise InputError(
            f"{law}: expected a law of at most {MOST_ATOMS} atoms that matter for U > "
            f"{float(t.max()):g}"
        )
    found = sorted(atoms_between(law, first, last), key=lambda atom: atom[0])
    if last is not None and float(rest := law.survival(last)) > LEFT_OUT:
        mean = law.tail_mean(last)
        found.append((last if isinstance(mean, Diverges) else mean.mid().fmpq(), rest))
    places, masses = (np.array([float(ball(each[i])) for each in found]) for i in range(2))
    return places, masses


def _reach(law: Law, beside: Law, thresholds: Floats, side: int) -> fmpq:
    """How far out atoms are taken one by one.

    Beyond, they have next to no mass; or ``A + B > t`` is as good as impossible there (on the left)
    or as good as sure (on the right), beside ``Pr(A > t - m)/2`` for the median m of B, which is
    less than all of U > t.
    """
    middle = law.quantile(fmpq(1, 2)).mid().fmpq()
    likely = [(t, beside.survival(t - middle) / 2) for t in map(exact, thresholds.tolist())]

    def is_far(at: fmpq) -> bool:
        mass = law.survival(at) if side > 0 else law.cdf(-at)
        if mass <= LEFT_OUT:
            return True
        doubts = ((beside.cdf(t - at) if side > 0 else beside.survival(t + at)) for t, _ in likely)
        size = at * mass  # about the part of the mean of B
        return all(
            size * doubt <= UNLIKELY * known
            for doubt, (_, known) in zip(doubts, likely, strict=True)
        )

    at = fmpq(1)
    while not is_far(at):
        at *= 2
    return at


def _density(smooth: Smooth) -> Callable[[Any, Any], Any]:
    shift, scale, height = (float(x) for x in (smooth.shift, smooth.scale, smooth.height))
    floats, base = numpy_arithmetic(), smooth.base

    def density(x: Any, d: Any) -> Any:
        inner = (x - shift) / scale + d / scale
        if isinstance(base, Tail):
            steep = -smooth.slope.evaluate(inner, floats)
            return height * steep * np.exp(base.log_sf.evaluate(inner, floats))
        assert isinstance(base, ContinuousLaw)
        return height * np.exp(base.log_density(inner, floats))

    return density


def _tails(law: Law) -> tuple[Callable[[Any, Any], Any], Callable[[Any, Any], Any]]:
    """``Q(X > x + d)`` and ``Q(X <= x + d)``."""
    if isinstance(law, Affine):
        above, up_to = _tails(law.base)
        shift, scale = _float(law.shift), _float(law.scale)
        if scale < 0:
            above, up_to = up_to, above
        return (
            lambda x, d: above((x - shift) / scale, d / scale),
            lambda x, d: up_to((x - shift) / scale, d / scale),
        )
    if isinstance(law, Truncated):
        return _truncated_tails(law)
    if isinstance(law, Tail):
        lower, floats = float(law.lower.ball()), numpy_arithmetic()

        def tail(x: Any, d: Any) -> Any:
            place = x - lower + d
            value = np.exp(law.log_sf.evaluate(np.maximum(x + d, lower), floats))
            return np.where(place < 0, 1.0, value)

        return tail, lambda x, d: 1 - tail(x, d)
    if isinstance(law, LogGamma | LogCauchy | HalfStudentT):
        return _tails_without_scipy(law)
    assert isinstance(law, ContinuousLaw) and not isinstance(law, LatticeLaw)
    frozen = law.scipy()
    return lambda x, d: frozen.sf(x + d), lambda x, d: frozen.cdf(x + d)


def _truncated_tails(law: Truncated) -> tuple[Callable[[Any, Any], Any], Callable[[Any, Any], Any]]:
    above, up_to = _tails(law.base)
    mass = float(law.log_mass().exp())
    cut = 0.0 if law.high is None else float(law.base.survival(law.high))
    below = 0.0 if law.low is None else float(law.base.cdf(law.low))
    return (
        lambda x, d: np.clip((above(x, d) - cut) / mass, 0.0, 1.0),
        lambda x, d: np.clip((up_to(x, d) - below) / mass, 0.0, 1.0),
    )


def _tails_without_scipy(
    law: LogGamma | LogCauchy | HalfStudentT,
) -> tuple[Callable[[Any, Any], Any], Callable[[Any, Any], Any]]:
    from scipy import special, stats

    if isinstance(law, HalfStudentT):
        symmetric = stats.t(_float(law.df))
        return (
            lambda x, d: np.where(x + d < 0, 1.0, 2 * symmetric.sf(x + d)),
            lambda x, d: np.where(x + d < 0, 0.0, 1 - 2 * symmetric.sf(x + d)),
        )
    if isinstance(law, LogGamma):
        shape = _float(law.shape)
        return (
            lambda x, d: special.gammaincc(shape, np.log(np.maximum(x + d, 1.0))),
            lambda x, d: special.gammainc(shape, np.log(np.maximum(x + d, 1.0))),
        )
    cauchy = stats.cauchy()
    return (
        lambda x, d: cauchy.sf(np.log(np.maximum(x + d, 0.0))),
        lambda x, d: cauchy.cdf(np.log(np.maximum(x + d, 0.0))),
    )
