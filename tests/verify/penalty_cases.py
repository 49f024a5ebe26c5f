"""Points of penalised frontiers, for tests."""

from __future__ import annotations

from flint import arb

from verify.frontier import FrontierPoint
from verify.law import Law
from verify.penalties import PenalisedPoint, penalised_frontier


def at(law: Law | str, token: str, budget: str) -> PenalisedPoint:
    found = penalised_frontier(law, token, [budget]).points[0]
    assert isinstance(found, PenalisedPoint)
    return found


def ends(found: FrontierPoint) -> tuple[arb, arb]:
    assert isinstance(found.lower, arb) and isinstance(found.upper, arb), found.because
    return found.lower, found.upper
