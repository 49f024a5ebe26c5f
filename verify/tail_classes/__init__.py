"""To which class of heavy tails a law belongs: decided from formulas, shown by certified curves.

Write ``Xbar(t) = Pr(X > t)``. Three questions decide what a large proxy says about the utility:

* :func:`long_tailed`: does ``Xbar(t + s)/Xbar(t)`` tend to 1 for every s?
* :func:`subexponential`: is X long-tailed, and does ``Pr(X1 + X2 > t)/Xbar(t)`` tend to 2 for two
  independent copies? (On the whole line the second does not imply the first.)
* :func:`upper_mean_ratio`: to what does ``E[V; V > t]/Xbar(t)`` tend?

Nothing is answered from the name of a law. The logarithm of its density, or of its tail, is written
as a formula (:mod:`.formulas`), and :mod:`verify.limit` finds the limits of formulas. What they are
limits of can be looked at: :mod:`.curves` encloses each of the three at any t.
"""

from __future__ import annotations

from verify.tail_classes.comparison import RatioLimit, negligible_upper_mean, upper_mean_ratio
from verify.tail_classes.curves import convolution_ratio, step_ratio, upper_mean_ratio_at
from verify.tail_classes.membership import Answer, Membership, long_tailed, subexponential

__all__ = [
    "Answer",
    "Membership",
    "RatioLimit",
    "convolution_ratio",
    "long_tailed",
    "negligible_upper_mean",
    "step_ratio",
    "subexponential",
    "upper_mean_ratio",
    "upper_mean_ratio_at",
]
