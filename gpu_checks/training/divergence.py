"""The KL divergence of a policy from its base, estimated from its own answers.

With ``r = q/p`` the ratio of base to policy on a token that the policy p has drawn, and sums over
the tokens of an answer (Schulman, "Approximating KL divergence", 2020):

* k1 = ``sum -log r``, without bias for the KL of answers, but it can be negative;
* k3 = ``sum (r - 1 - log r)``, never negative, and without bias too: given what was said before,
  ``E r = 1``. Its variance is smaller near the base, and large where r can be large.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Floats = NDArray[np.float64]


@dataclass(frozen=True)
class Estimated:
    """A mean over answers with its standard error."""

    mean: float
    error: float

    @classmethod
    def of(cls, values: Floats) -> Estimated:
        """From one value for each of two or more independent answers."""
        return cls(float(values.mean()), float(values.std(ddof=1)) / len(values) ** 0.5)


def estimate_kl(policy: Sequence[Floats], base: Sequence[Floats]) -> tuple[Estimated, Estimated]:
    """Both estimates of the KL of answers, in nats.

    Parameters
    ----------
    policy, base : sequence of arrays
        For each answer, which the policy drew, the log-probability of each of its tokens under the
        policy and under the base.

    Returns
    -------
    k1, k3 : Estimated
    """
    logs = [theirs - own for own, theirs in zip(policy, base, strict=True)]
    first = np.array([-float(log.sum()) for log in logs])
    third = np.array([float((np.expm1(log) - log).sum()) for log in logs])
    return Estimated.of(first), Estimated.of(third)
