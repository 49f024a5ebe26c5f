"""Float64 draws from laws given that they lie in an interval, however far in the tail.

The law is taken apart first: shift and scale move the interval, a mixture draws the component by
its mass in there. What is left is drawn by rejection where the interval has more than 1 % of the
mass; else atoms are drawn by their masses, and other laws by inverting the log-survival function
(:mod:`verify.inversion`). Nothing about draws is certified.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from flint import arb, fmpq

from verify.affine import Affine
from verify.enclosure import ball, working_precision
from verify.inversion import LARGEST_LOG, Inverter, SamplingError
from verify.law import Law
from verify.mixture import Mixture
from verify.truncation import Truncated
from verify.window import LARGEST, Window, nearest

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from verify.assertion import Assertion
    from verify.certificate import Certificate
    from verify.formula import Formula
    from verify.laws.empirical_law import Empirical
    from verify.laws.lattice import LatticeLaw
    from verify.reweighted import Tilted

__all__ = [
    "SamplingError",
    "sample_between",
    "sample_log_survival",
    "sample_tilted",
    "sample_top",
    "write_sample",
]

#: Mass above which an interval is drawn from by rejection, and draws tried at once.
REJECTION = 0.01
BATCH = 2_000_000
#: Atoms that are listed to draw from them; the list ends where this little mass is left.
MOST_LISTED = 20_000
NEGLIGIBLE = 1e-26
BITS = 128


def sample_between(
    law: Law, low: fmpq | None, high: fmpq | None, size: int, rng: np.random.Generator
) -> NDArray[np.float64]:
    """Independent float64 draws of X given ``low < X <= high`` (None: no limit on that side).

    Raises
    ------
    SamplingError
        If no mass lies there, or the draws exceed float64.
    """
    return finite(draw(law, Window(low, high), size, rng), law)


def finite(draws: NDArray[np.float64], law: Law) -> NDArray[np.float64]:
    """The draws, if none exceeds float64 (laws set those beyond it to the largest one)."""
    import numpy as np

    if len(draws) and not np.abs(draws).max() < LARGEST:
        raise SamplingError(f"draws of {law} exceed the largest float64, 1.8e308")
    return draws


def draw(law: Law, window: Window, size: int, rng: np.random.Generator) -> NDArray[np.float64]:
    """Draws of the law inside the window."""
    import numpy as np

    from verify.laws.empirical_law import Empirical
    from verify.laws.lattice import LatticeLaw
    from verify.laws.point import PointMass

    if size == 0:
        return np.empty(0)
    if isinstance(law, Affine):
        inside = draw(law.base, window.mapped(law.shift, law.scale), size, rng)
        with np.errstate(over="ignore"):
            moved: NDArray[np.float64] = nearest(law.shift) + nearest(law.scale) * inside
        return moved
    if isinstance(law, Mixture):
        return _draw_mixture(law, window, size, rng)
    if isinstance(law, Truncated):
        return draw(law.base, window.within(law.low, law.high), size, rng)
    log_mass = window.log_mass(law)
    if log_mass == -math.inf:
        raise SamplingError(f"no mass of {law} lies in {window}")
    if isinstance(law, PointMass):
        return law.sample(size, rng)
    if isinstance(law, Empirical):
        return _draw_listed(law, window, size, rng)
    if log_mass > math.log(REJECTION):
        return _reject(law, window, size, math.exp(log_mass), rng)
    if isinstance(law, LatticeLaw):
        return _draw_lattice(law, window, size, rng)
    return _draw_by_inversion(law, window, size, rng)


def _draw_mixture(
    law: Mixture, window: Window, size: int, rng: np.random.Generator
) -> NDArray[np.float64]:
    import numpy as np

    logs = [float(arb(w).log()) + window.log_mass(part) for w, part in law.components]
    largest = max(logs)
    if largest == -math.inf:
        raise SamplingError(f"no mass of {law} lies in {window}")
    chances = np.exp(np.array(logs) - largest)
    counts = rng.multinomial(size, chances / chances.sum())
    parts = [draw(part, window, int(n), rng) for part, n in zip(law.laws, counts, strict=True) if n]
    together = np.concatenate(parts)
    rng.shuffle(together)
    return together


def _reject(
    law: Law, window: Window, size: int, mass: float, rng: np.random.Generator
) -> NDArray[np.float64]:
    import numpy as np

    done: list[NDArray[np.float64]] = []
    missing = size
    while missing > 0:
        batch = law.sample(min(int(missing / mass * 1.1) + 16, BATCH), rng)
        kept = batch[window.keeps(batch)][:missing]
        done.append(kept)
        missing -= len(kept)
    return np.concatenate(done)


# ------------------------------------------------------------------ atoms


def _draw_listed(
    law: Empirical, window: Window, size: int, rng: np.random.Generator
) -> NDArray[np.float64]:
    kept = window.keeps(law.values)
    counts = law.counts[kept]
    rows = rng.integers(int(counts.sum()), size=size)
    draws: NDArray[np.float64] = law.values[kept][counts.cumsum().searchsorted(rows, side="right")]
    return draws


def _draw_lattice(
    law: LatticeLaw, window: Window, size: int, rng: np.random.Generator
) -> NDArray[np.float64]:
    """From a rare part of a law on the integers."""
    import numpy as np

    first, last = law.first, law.last
    if window.low is not None:
        low = int(window.low.ceil()) if window.low_in else int(window.low.floor()) + 1
        first = max(first, low)
    if window.high is not None:
        high = int(window.high.ceil()) - 1 if window.high_out else int(window.high.floor())
        last = high if last is None else min(last, high)
    with working_precision(BITS):
        upwards = last is None or bool(law.survival(fmpq(first - 1)) < law.cdf(fmpq(last)))
        start, end = (first, last) if upwards or last is None else (last, first)
        masses = _relative_masses(law, start, end, 1 if upwards else -1)
    if masses is not None:
        chances = np.array(masses)
        places = rng.choice(len(masses), size, p=chances / chances.sum())
        return np.asarray(nearest(fmpq(start)) + (places if upwards else -places))
    if not upwards:
        raise SamplingError(f"{law}: more than {MOST_LISTED} atoms in {window} to draw from")
    # Between the integers the survival function has a smooth continuation: invert it, round up.
    below = arb(first - 1)
    with working_precision(BITS):
        log_mass = law.log_survival_between(below)
        reach = math.inf if last is None else float(log_mass - law.log_survival_between(arb(last)))
    inverter = Inverter(
        law.log_survival_between, lambda: below, lambda: law.log_survival_between(below), str(law)
    )
    steps = np.ceil(_distances(inverter, reach, size, rng))
    return np.asarray(nearest(fmpq(first - 1)) + np.maximum(steps, 1.0))


def _relative_masses(law: LatticeLaw, start: int, end: int | None, step: int) -> list[float] | None:
    """Masses of atoms from ``start`` on, relative to the first; None if there are too many."""
    masses = [1.0]
    n, total = start, 1.0
    while n != end:
        if len(masses) > MOST_LISTED:
            return None
        ratio = float(law.ratio(arb(n)) if step > 0 else 1 / law.ratio(arb(n - 1)))
        masses.append(masses[-1] * ratio)
        total += masses[-1]
        n += step
        if masses[-1] < NEGLIGIBLE * total * (1 - ratio):
            break
    return masses


# ------------------------------------------------------------------ inversion


def _draw_by_inversion(
    law: Law, window: Window, size: int, rng: np.random.Generator
) -> NDArray[np.float64]:
    import numpy as np

    low, high = window.low, window.high
    with working_precision(BITS):
        above = arb(0) if low is None else law.log_survival(low, closed=window.low_in)
        up_to = arb(0) if high is None else law.log_cdf(high, open=window.high_out)
        beyond = arb.neg_inf()
        if high is not None:
            beyond = law.log_survival(high, closed=window.high_out)
    if up_to < above:  # the left tail: turn the law round
        turned = _draw_by_inversion(-law, window.mapped(fmpq(0), fmpq(-1)), size, rng)
        return -turned
    assert low is not None  # less than 1 % of the mass lies in the window
    inverter = Inverter(
        law.log_survival,
        lambda: arb(low),
        lambda: law.log_survival(low, closed=window.low_in),
        str(law),
    )
    reach = math.inf if beyond == arb.neg_inf() else float(above - beyond)
    distances = _distances(inverter, reach, size, rng)
    with np.errstate(over="ignore"):
        draws = nearest(low) + distances
    least, largest = window.floats()
    return np.clip(draws, least, largest)


def _distances(
    inverter: Inverter, reach: float, size: int, rng: np.random.Generator
) -> NDArray[np.float64]:
    """Distances from the point where the inverter starts; ``reach`` is the log-mass used up."""
    import numpy as np

    share = -math.expm1(-reach)
    exponentials = -np.log1p(-share * (1.0 - rng.random(size)))
    # 1 - u may be 1, and then the exponential is `reach` or infinite.
    exponentials = np.minimum(exponentials, 745.0)
    order = np.argsort(exponentials)
    distances = np.empty(size)
    distances[order] = np.exp(inverter.solve_all(np.log(exponentials[order])))
    return distances


def sample_log_survival(
    log_sf: Formula, lower: float, size: int, rng: np.random.Generator
) -> NDArray[np.float64]:
    """Draws of the law with ``log Q(X > x) = log_sf(x)`` from ``lower`` on, by bisection.

    Raises
    ------
    SamplingError
        If they exceed float64.
    """
    import numpy as np

    from verify.arithmetic import numpy_arithmetic

    goals = -rng.standard_exponential(size)
    arithmetic = numpy_arithmetic()

    def reached(distance: NDArray[np.float64]) -> NDArray[np.bool_]:
        with np.errstate(all="ignore"):
            return np.asarray(log_sf.evaluate(lower + distance, arithmetic) <= goals)

    largest = np.full(size, LARGEST_LOG)
    if not reached(np.exp(largest)).all():
        raise SamplingError(f"draws of exp({log_sf}) exceed the largest float64, 1.8e308")
    low, high = np.full(size, -745.0), largest
    for _ in range(64):
        middle = (low + high) / 2
        below = reached(np.exp(middle))
        low, high = np.where(below, low, middle), np.where(below, middle, high)
    # Mass that the tail leaves over sits at `lower`.
    return np.where(reached(np.zeros(size)), lower, lower + np.exp(high))


# ------------------------------------------------------------------ reweighted laws


def sample_top(
    law: Law, fraction: fmpq, size: int, rng: np.random.Generator
) -> NDArray[np.float64]:
    """Draws from the top ``fraction`` of the law; an atom at the cut is split."""
    import numpy as np

    if fraction == 1:
        return law.sample(size, rng)
    with working_precision(BITS):
        cut = law.quantile(1 - fraction)
        low, high = cut.lower().fmpq(), cut.upper().fmpq()
        above = min(float(law.survival(high) / fraction), 1.0)
        has_atom = law.has_atoms and bool(law.survival(low, closed=True) > ball(fraction))
    if not has_atom:
        return sample_between(law, cut.mid().fmpq(), None, size, rng)
    beyond = int(rng.binomial(size, above))
    draws = np.concatenate(
        [
            np.full(size - beyond, nearest(cut.mid().fmpq())),
            sample_between(law, high, None, beyond, rng),
        ]
    )
    rng.shuffle(draws)
    return draws


def sample_tilted(law: Tilted, size: int, rng: np.random.Generator) -> NDArray[np.float64]:
    """Draws from an exponentially tilted law."""
    from verify.tilted_sampling import draw_tilted

    return finite(draw_tilted(law.base, law.tilt, Window(), size, rng), law)


def write_sample(
    certificate: Certificate,
    law: Law,
    path: str,
    size: int,
    seed: int,
    utility: Law | None = None,
) -> None:
    """Write draws of the law that a counterexample reweights to, as a .npy file.

    Where the certificate gives V a mean, each row is a draw of X and of V.

    Raises
    ------
    SamplingError
        If the certificate is no counterexample, or the draws exceed float64.
    OutputError
        If the file cannot be written.
    """
    import numpy as np

    from verify.assertion import ByIdentity, ByThreshold, ByTilt, ByTiltedThreshold
    from verify.checker import assertion_of
    from verify.files import whole_file
    from verify.pair import ByPair

    rng = np.random.default_rng(seed)

    def draws(assertion: Assertion) -> NDArray[np.float64]:
        assert isinstance(assertion, ByIdentity | ByThreshold | ByTilt | ByTiltedThreshold)
        reweighted = assertion.reweighted()
        return finite(reweighted.sample(size, rng), reweighted)

    if certificate.verdict != "counterexample":
        raise SamplingError(
            f"--sample: the verdict is {certificate.verdict!r}, so there is no law to draw from"
        )
    assertion = assertion_of(certificate, law, utility)
    if isinstance(assertion, ByPair):
        sign = 1 if assertion.goal.above else -1
        drawn = np.column_stack([draws(assertion.error), sign * draws(assertion.utility)])
    else:
        drawn = draws(assertion)
    with whole_file(path) as file:
        np.lib.format.write_array(file, drawn, allow_pickle=False)
