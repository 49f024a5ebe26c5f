"""The entropy bonus: ``E U`` plus b times the entropy, in place of a divergence from the base.

What it is optimal to do is the tilt of *uniform* answers. Over all pairs (x, v) there are no such
answers: the line is infinite, and the bonus with it. So the pairs are those of a box, the central
ranges of X and of V under the base policy. The path begins at the uniform policy, not at the base
policy, and its KL divergence from the base is what that costs.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any

from flint import arb, fmpq

from verify.enclosure import working_precision
from verify.law import Law
from verify.mitigations.model import Model
from verify.mitigations.nodes import BITS, rank_function
from verify.mitigations.profile import Outcome
from verify.mitigations.weights import Path
from verify.ranks import FLOAT_RANKS, Rank

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    Floats = NDArray[np.float64]

#: The box leaves out this much on either side of X, and of V.
LEFT_OUT = fmpq(1, 1000)
#: Panels of a side of the box, cut at the middle too, where a density may have a corner.
PANELS = 16


@dataclass(frozen=True)
class _Side:
    """Points of one side of the box, their lengths, and the log-density of the base there."""

    points: Floats
    lengths: Floats
    log_density: Floats

    def tilted(self, tilt: float) -> Floats:
        """The probabilities of the points under the tilted uniform law."""
        import numpy as np

        weights = np.exp(tilt * (self.points - self.points[-1])) * self.lengths
        return np.asarray(weights / weights.sum())


@dataclass(frozen=True)
class EntropyBonus(Path):
    """Tilts by ``l = 1/b`` of the uniform law on the box; for laws with densities."""

    model: Model
    order: int

    @cached_property
    def _sides(self) -> tuple[_Side, _Side]:
        return _side(self.model.error, self.order), _side(self.model.utility, self.order)

    def outcome(self, strength: float) -> Outcome:
        from scipy.special import xlogy

        x, v = self._sides
        p, q = x.tilted(strength), v.tilted(strength)
        kl = sum(
            float(xlogy(mass, mass / side.lengths).sum() - mass @ side.log_density)
            for mass, side in ((p, x), (q, v))
        )
        if not self.model.is_independent:
            kl -= float(p @ self._log_copula @ q)
        mean_v = float(q @ v.points)
        return Outcome(kl, float(p @ x.points) + mean_v, mean_v)

    @cached_property
    def _log_copula(self) -> Any:
        """The log-density of the copula over the box."""
        x, v = self._sides
        one = rank_function(self.model.error, self.order)(x.points[:, None])
        two = rank_function(self.model.utility, self.order)(v.points[None, :])
        return self.model.copula.log_density(
            Rank(one.below, one.above), Rank(two.below, two.above), FLOAT_RANKS
        )

    def base(self) -> Outcome:
        mean_u, mean_v = (float(mean) for mean in self.model.base_means)
        return Outcome(0.0, mean_u, mean_v)

    def text(self, strength: float) -> str:
        return f"l = {strength:.4g}"


def _side(law: Law, order: int) -> _Side:
    import numpy as np

    with working_precision(BITS):
        low, middle, high = (
            float(law.quantile(level)) for level in (LEFT_OUT, fmpq(1, 2), 1 - LEFT_OUT)
        )
        breaks = np.concatenate(
            [np.linspace(low, middle, PANELS + 1), np.linspace(middle, high, PANELS + 1)[1:]]
        )
        inner, weights = np.polynomial.legendre.leggauss(order)
        half = np.diff(breaks)[:, None] / 2
        points = ((breaks[1:] + breaks[:-1])[:, None] / 2 + half * inner).ravel()
        logs = np.array([float(law.density(arb(float(x))).log()) for x in points])
    return _Side(points, (half * weights).ravel(), logs)
