"""Float64 draws from an exponentially tilted law, ``dP/dQ = exp(l X - K(l))``.

The tilt passes through shift, scale, mixture and truncation; lists of atoms are drawn by their
masses. A density is cut into panels on which it is a polynomial to float64 accuracy, found by
bisection from the tilted mean outwards, and its integral is inverted. Nothing here is certified.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from flint import arb, fmpq

from verify.affine import Affine
from verify.continuous import ContinuousLaw
from verify.enclosure import Diverges, Undecided, ball, to_accuracy, working_precision
from verify.inversion import SamplingError
from verify.law import Law
from verify.mixture import Mixture
from verify.sampling import BITS, draw
from verify.truncation import Truncated, truncate
from verify.window import LARGEST, Window, nearest

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

#: Atoms that are listed.
MOST_LISTED = 1_000_000
#: Densities this many e-folds below the largest are left out.
E_FOLDS = 50.0
#: Nodes of a panel, its tolerance relative to the whole, and how often panels are halved.
NODES = 10
TOLERANCE = 1e-11
HALVINGS = 24

LogDensity = Callable[[Any], Any]


def draw_tilted(
    law: Law, tilt: fmpq, window: Window, size: int, rng: np.random.Generator
) -> NDArray[np.float64]:
    """Draws of the tilted law inside the window.

    Raises
    ------
    SamplingError
        If the law is of a kind for which there is no way yet.
    """
    import numpy as np

    from verify.laws.custom import Tail
    from verify.laws.empirical_law import Empirical
    from verify.laws.lattice import LatticeLaw
    from verify.laws.point import PointMass

    if size == 0:
        return np.empty(0)
    if tilt == 0 or isinstance(law, PointMass):
        return draw(law, window, size, rng)
    if isinstance(law, Affine):
        inner = window.mapped(law.shift, law.scale)
        inside = draw_tilted(law.base, tilt * law.scale, inner, size, rng)
        moved: NDArray[np.float64] = nearest(law.shift) + nearest(law.scale) * inside
        return moved
    if isinstance(law, Truncated):
        return draw_tilted(law.base, tilt, window.within(law.low, law.high), size, rng)
    if isinstance(law, Mixture):
        return _draw_mixture(law, tilt, window, size, rng)
    if isinstance(law, Empirical):
        kept = window.keeps(law.values)
        values, exponents = law.values[kept], nearest(tilt) * law.values[kept]
        masses = law.counts[kept] * np.exp(exponents - exponents.max())
        return np.asarray(rng.choice(values, size, p=masses / masses.sum()))
    if isinstance(law, LatticeLaw):
        return _draw_lattice(law, tilt, window, size, rng)
    if isinstance(law, Tail):
        return _draw_tail(law, tilt, window, size, rng)
    if isinstance(law, ContinuousLaw):
        return _panels(law, _density(law), tilt, window).draw(size, rng)
    raise SamplingError(f"there is no way yet to draw from a tilt of {law}")


def _log_part(law: Law, tilt: fmpq, window: Window) -> float:
    """``log E[exp(l X); X in the window]``."""

    def compute() -> arb:
        if window.low is None and window.high is None:
            value = law.log_mgf(tilt)
            if isinstance(value, Diverges):
                raise Undecided(f"E exp(l X) of {law}")
            return value
        part = law.exponential_moments(arb(tilt), window.low, window.high)[0]
        return arb.neg_inf() if part == 0 else part.log()

    with working_precision(BITS):
        if compute() == arb.neg_inf():
            return -math.inf
    return float(to_accuracy(compute, 30, f"the mass of {law} tilted by {tilt}"))


def _draw_mixture(
    law: Mixture, tilt: fmpq, window: Window, size: int, rng: np.random.Generator
) -> NDArray[np.float64]:
    import numpy as np

    logs = [float(arb(w).log()) + _log_part(part, tilt, window) for w, part in law.components]
    chances = np.exp(np.array(logs) - max(logs))
    counts = rng.multinomial(size, chances / chances.sum())
    draws = [
        draw_tilted(part, tilt, window, int(n), rng)
        for part, n in zip(law.laws, counts, strict=True)
    ]
    together = np.concatenate(draws)
    rng.shuffle(together)
    return together


def _draw_lattice(
    law: Any, tilt: fmpq, window: Window, size: int, rng: np.random.Generator
) -> NDArray[np.float64]:
    """From the list of atoms around the tilted mean."""
    import numpy as np

    first, last = law.first, law.last
    low, high = window.floats()
    with working_precision(BITS):
        start = int(law.cumulants(tilt)[1].mid().floor().unique_fmpz() or 0)
        start = max(start, first, math.ceil(max(low, first)))
        start = start if last is None else min(start, last)
        start = min(start, math.floor(min(high, LARGEST)))
        step = arb(tilt).exp()
        up = _masses(lambda n: law.ratio(arb(n)) * step, start, 1, last, high)
        down = _masses(lambda n: 1 / (law.ratio(arb(n - 1)) * step), start, -1, first, low)
    masses = np.array(down[:0:-1] + up)
    masses /= masses.sum()
    places = rng.choice(len(masses), size, p=masses) - (len(down) - 1)
    return np.asarray(float(start) + places)


def _masses(
    ratio: Callable[[int], arb], start: int, step: int, end: int | None, limit: float
) -> list[float]:
    """Masses from ``start`` on, relative to it, until they are negligible."""
    masses, n, total = [1.0], start, 1.0
    while n != end and step * (n + step) <= step * limit:
        factor = float(ratio(n))
        masses.append(masses[-1] * factor)
        total += masses[-1]
        n += step
        if factor < 1 and masses[-1] < total * math.exp(-E_FOLDS) * (1 - factor):
            break
        if len(masses) > MOST_LISTED:
            raise SamplingError(f"the tilted law has more than {MOST_LISTED} atoms to list")
    return masses


def _draw_tail(
    law: Any, tilt: fmpq, window: Window, size: int, rng: np.random.Generator
) -> NDArray[np.float64]:
    """A law that is an atom at its lower end and a density beyond."""
    import numpy as np

    from verify.arithmetic import numpy_arithmetic

    a = numpy_arithmetic()
    slope, lower = law.log_sf.derivative(), float(law.lower.ball())

    def log_density(x: Any) -> Any:
        return np.log(-slope.evaluate(x, a) + 0.0 * x) + law.log_sf.evaluate(x, a)

    panels = _panels(law, log_density, tilt, window)
    atom = -math.expm1(float(law.log_sf.evaluate(lower, a)))
    at_atom = 0.0
    if atom > 0 and window.keeps(np.array([lower]))[0]:
        at_atom = 1 / (1 + math.exp(panels.log_total - math.log(atom) - nearest(tilt) * lower))
    count = int(rng.binomial(size, at_atom))
    draws = np.concatenate([np.full(count, lower), panels.draw(size - count, rng)])
    rng.shuffle(draws)
    return draws


# ------------------------------------------------------------------ densities


def _density(law: ContinuousLaw) -> LogDensity:
    from verify.arithmetic import numpy_arithmetic

    a = numpy_arithmetic()
    return lambda x: law.log_density(x, a)


@dataclass(frozen=True)
class Coordinate:
    """A variable y on the whole line in which densities are smooth, also near finite ends."""

    low: float
    high: float
    centre: float
    scale: float

    def x(self, y: Any) -> Any:
        """The point for y."""
        import numpy as np

        if math.isinf(self.low) and math.isinf(self.high):
            return self.centre + self.scale * np.sinh(y)
        if math.isinf(self.high):
            return self.low + np.exp(y)
        if math.isinf(self.low):
            return self.high - np.exp(-y)
        # Near either end the distance from it is what has the digits.
        width = self.high - self.low
        share = 1 / (1 + np.exp(np.abs(y)))
        return np.where(y < 0, self.low + width * share, self.high - width * share)

    def log_slope(self, y: Any) -> Any:
        """``log dx/dy``."""
        import numpy as np

        if math.isinf(self.low) and math.isinf(self.high):
            return np.log(self.scale * np.cosh(y))
        if math.isinf(self.high):
            return y
        if math.isinf(self.low):
            return -y
        return math.log(self.high - self.low) - np.abs(y) - 2 * np.log1p(np.exp(-np.abs(y)))

    def y(self, x: float) -> float:
        """The variable at a point."""
        if math.isinf(self.low) and math.isinf(self.high):
            return math.asinh((x - self.centre) / self.scale)
        if math.isinf(self.high):
            return math.log(x - self.low)
        if math.isinf(self.low):
            return -math.log(self.high - x)
        return math.log((x - self.low) / (self.high - x))


def _panels(law: Law, log_density: LogDensity, tilt: fmpq, window: Window) -> Panels:
    """The tilted density cut into panels."""
    part = law
    if window.low is not None or window.high is not None:
        part = truncate(law, low=window.low, high=window.high)
    with working_precision(BITS):
        low, high = (_end(bound) for bound in part.support)
        _, mean, variance = (float(value) for value in part.cumulants(tilt))
    spread = math.sqrt(max(variance, 1e-300))
    if not math.isinf(low) and not math.isinf(high):
        mean = min(max(mean, low + 1e-12 * (high - low)), high - 1e-12 * (high - low))
    coordinate = Coordinate(low, high, mean, spread)
    slope = nearest(tilt)

    def log_value(y: Any) -> Any:
        import numpy as np

        with np.errstate(all="ignore"):
            x = coordinate.x(y)
            value = log_density(x) + slope * (x - mean) + coordinate.log_slope(y)
        return np.where(np.isfinite(value), value, -np.inf)

    centre = coordinate.y(mean)
    near = abs(coordinate.y(mean + 1e-3 * spread) - centre) if mean + 1e-3 * spread < high else 1e-3
    edges, largest = _edges(log_value, centre, max(near, 1e-12))
    return Panels.cut(log_value, edges, largest, coordinate, slope * mean)


def _end(bound: Any) -> float:
    return bound.sign * math.inf if isinstance(bound, Diverges) else float(ball(bound))


def _edges(log_value: LogDensity, centre: float, step: float) -> tuple[list[float], float]:
    """Points outwards from the centre, in steps that double, until the density is negligible."""
    largest = float(log_value(centre))
    edges = [centre]
    for side in (-1, 1):
        y, stride = centre, step
        while abs(y) < 745:
            y += side * stride
            stride *= 1.5
            value = float(log_value(y))
            edges.append(y)
            largest = max(largest, value)
            if value < largest - E_FOLDS:
                break
    return sorted(edges), largest


@dataclass(frozen=True)
class Panels:
    """Polynomials for a density on panels; their integrals are inverted to draw."""

    starts: NDArray[np.float64]
    ends: NDArray[np.float64]
    antiderivatives: NDArray[np.float64]
    """Chebyshev coefficients on [-1, 1], one column a panel; 0 at the left end."""
    coordinate: Coordinate
    log_total: float
    """``log`` of the integral of the density times ``exp(l x)``."""

    @classmethod
    def cut(
        cls,
        log_value: LogDensity,
        edges: list[float],
        largest: float,
        coordinate: Coordinate,
        offset: float,
    ) -> Panels:
        """Halve the panels between the edges until each is a polynomial."""
        import numpy as np
        from numpy.polynomial import chebyshev

        nodes = chebyshev.chebpts1(NODES)
        fit = np.linalg.inv(chebyshev.chebvander(nodes, NODES - 1))
        starts, ends = np.array(edges[:-1]), np.array(edges[1:])
        done: list[tuple[Any, Any, Any, float]] = []
        for halving in range(HALVINGS):
            half, middle = (ends - starts) / 2, (ends + starts) / 2
            values = np.exp(log_value(middle[:, None] + half[:, None] * nodes) - largest)
            coefficients = fit @ values.T
            error = half * np.abs(coefficients[-2:]).sum(axis=0)
            sizes = half * values.mean(axis=1)
            fine = error <= TOLERANCE * max(float(sizes.sum()), *(d[3] for d in done), 1e-300)
            if halving == HALVINGS - 1:
                fine[:] = True
            done.append(
                (starts[fine], ends[fine], (half * coefficients)[:, fine], float(sizes.sum()))
            )
            starts, ends, middle = starts[~fine], ends[~fine], middle[~fine]
            if not len(starts):
                break
            starts, ends = np.concatenate([starts, middle]), np.concatenate([middle, ends])
        all_starts, all_ends = (np.concatenate([d[i] for d in done]) for i in (0, 1))
        coefficients = np.concatenate([d[2] for d in done], axis=1)
        antiderivatives = chebyshev.chebint(coefficients, lbnd=-1)
        total = float(chebyshev.chebval(1.0, antiderivatives).sum())
        log_total = math.log(total) + largest + offset
        return cls(all_starts, all_ends, antiderivatives, coordinate, log_total)

    def draw(self, size: int, rng: np.random.Generator) -> NDArray[np.float64]:
        """Independent draws."""
        import numpy as np
        from numpy.polynomial import chebyshev

        masses = np.maximum(chebyshev.chebval(1.0, self.antiderivatives), 0.0)
        chosen = rng.choice(len(masses), size, p=masses / masses.sum())
        goals = rng.random(size) * masses[chosen]
        columns = self.antiderivatives[:, chosen]
        low, high = np.full(size, -1.0), np.full(size, 1.0)
        for _ in range(52):
            middle = (low + high) / 2
            below = chebyshev.chebval(middle, columns, tensor=False) < goals
            low, high = np.where(below, middle, low), np.where(below, high, middle)
        half = (self.ends - self.starts)[chosen] / 2
        return np.asarray(self.coordinate.x(self.starts[chosen] + half * (1 + high)))
