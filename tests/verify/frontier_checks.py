"""What every point of a frontier is held to."""

from __future__ import annotations

from flint import arb, fmpq

from tests.verify.balls import number
from verify.decimals import rational as exact_decimal
from verify.enclosure import Diverges, working_precision
from verify.frontier import FrontierPoint
from verify.law import Law
from verify.reweighted import ThresholdReweighted, Tilted

BUDGETS = ("1e-6", "0.01", "0.5", "3", "50")
#: What the issue asks for, relative to max(|S|, S - mean).
GAP = 1e-12


def size(law: Law, best: arb) -> arb:
    mean = law.mean()
    if isinstance(mean, Diverges):
        return abs(best)
    return max(abs(best), best - mean, key=float)


def between(point: FrontierPoint, best: arb) -> None:
    """That S may be ``best``, as far as the balls can tell (they are narrower than 1e-20)."""
    lower, upper = number(point.lower), number(point.upper)
    assert max(lower.rad(), upper.rad(), best.rad(), key=float) < 1e-20 * (1 + abs(best))
    assert not lower > best and not upper < best, f"{best} against {point}"


def check_witnesses(law: Law, point: FrontierPoint) -> None:
    """Re-proves both sides of a point from its witnesses, at another precision."""
    budget = arb(exact_decimal(point.budget))
    with working_precision(200):
        achieving = point.achieving
        assert achieving is not None
        mean = number(achieving.mean())
        assert number(point.lower).overlaps(mean)
        if isinstance(achieving, Tilted):
            assert achieving.base == law and number(achieving.kl()) <= budget
        elif isinstance(achieving, ThresholdReweighted):
            tilted = achieving.base
            assert isinstance(tilted, Tilted) and tilted.base == law
            log_mgf = law.cumulants(tilted.tilt)[0]
            chain = achieving.kl() + tilted.tilt * mean - log_mgf
            assert chain <= budget
        else:  # all mass on one value
            top = law.support[1]
            assert achieving.support == (top, top) and not isinstance(top, Diverges)
            assert -law.mass_at(fmpq(top)).log() <= budget  # type: ignore[arg-type]
        if point.tilt is not None:
            assert point.tilt > 0
            log_mgf = law.cumulants(point.tilt)[0]
            assert number(point.upper).overlaps((budget + log_mgf) / point.tilt)
        else:
            assert point.upper == arb(fmpq(law.support[1]))  # type: ignore[arg-type]
