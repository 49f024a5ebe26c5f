"""Penalties other than KL: what a budget under each divergence can buy.

* :mod:`.shapes`: the best reweighting under each divergence, as a function of the reward;
* :mod:`.expectation`: certified expectations of functions of the distance from a point;
* :mod:`.frontier`: the best mean within a budget, enclosed from both sides;
* :mod:`.holding`: which divergence bounds the mean for which tail, and why;
* :mod:`.steps`: policies that buy any mean where f'(oo) is finite.
"""

from __future__ import annotations

from verify.penalties.frontier import PenalisedPoint, penalised_frontier
from verify.penalties.holding import Holding, holds, least_power_order
from verify.penalties.shapes import Shape, shape_of

__all__ = [
    "Holding",
    "PenalisedPoint",
    "Shape",
    "holds",
    "least_power_order",
    "penalised_frontier",
    "shape_of",
]
