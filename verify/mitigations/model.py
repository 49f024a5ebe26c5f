"""A pair (X, V) of an error and a utility, and what optimising ``U = X + V`` has to do with.

Profiles are had at two resolutions, so that what is computed on the finer one can say how far off
it is.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from math import inf

from flint import arb

from verify.copulas import Copula, independent, parse_copula
from verify.enclosure import Diverges, Undecided, ball
from verify.errors import InputError
from verify.independent_sum import rate_of_sum
from verify.joint.laws import CopulaLaw
from verify.joint.rate import has_mgf, why_no_mgf
from verify.law import Law
from verify.mitigations.cells import Resolution, cells_of_sum
from verify.mitigations.nodes import nodes_of
from verify.mitigations.profile import Profile, profile_of
from verify.ties import tied

#: What is computed, and what it is compared with to see how far off it is.
FINE, COARSE = Resolution(12, 4_000), Resolution(8, 2_000)


@dataclass(frozen=True)
class Model:
    """An error and a utility.

    Attributes
    ----------
    name : str
        What tables call it.
    error, utility : Law
        The laws of X and of V.
    copula : Copula
        What joins them.

    Raises
    ------
    InputError
        If the mean of either is infinite, both are constant, or a copula joins laws without
        densities.
    """

    name: str
    error: Law
    utility: Law
    copula: Copula

    @classmethod
    def parse(cls, name: str, error: str, utility: str, copula: str | None = None) -> Model:
        """From texts."""
        joined = parse_copula(copula or "independent()")
        return cls(name, Law.parse(error), Law.parse(utility), joined)

    def __post_init__(self) -> None:
        for law in (self.error, self.utility):
            mean = law.mean()
            if isinstance(mean, Diverges):
                raise InputError(
                    f"{law}: its mean is {mean} ({mean.because}); expected a law with a finite "
                    "mean, for gains are measured from it"
                )
        if all(_is_point(law) for law in (self.error, self.utility)):
            raise InputError(
                f"X = {self.error} and V = {self.utility}: the proxy is constant, and there is "
                "nothing to optimise; expected a law that is not a point"
            )
        if not self.is_independent:
            if not self.copula.has_density:
                raise InputError(f"{self.copula} has no density; expected a copula that has one")
            CopulaLaw(self.error, self.utility, self.copula)  # both laws need densities

    @property
    def is_independent(self) -> bool:
        """Whether X and V know nothing of each other."""
        return isinstance(self.copula, independent)

    @property
    def title(self) -> str:
        """The laws, in words."""
        joined = "independent" if self.is_independent else f"joined by {self.copula}"
        return f"X = {self.error}, V = {self.utility}, {joined}"

    def profile(self, resolution: Resolution) -> Profile:
        """The profile of the proxy ``U = X + V``."""
        known = self._profiles
        if resolution not in known:
            known[resolution] = _profile(self, resolution)
        return known[resolution]

    @cached_property
    def _profiles(self) -> dict[Resolution, Profile]:
        return {}

    @cached_property
    def largest_tilt(self) -> tuple[float, str]:
        """The rate of U as far as it is settled, and the reason where there is no tilt."""
        if self.is_independent:
            slowest = rate_of_sum(self.error, self.utility)
            if slowest.rate is None:
                return 0.0, f"not known: {slowest.because}"
            if isinstance(slowest.rate, Diverges):
                return inf, ""
            return float(ball(slowest.rate)), slowest.because
        joint = CopulaLaw(self.error, self.utility, self.copula)
        low = _largest(lambda tilt: has_mgf(joint, arb(tilt).fmpq()) is True)
        return low, "" if low > 0 else why_no_mgf(joint, arb(LEAST_TILT).fmpq())

    @property
    def base_means(self) -> tuple[arb, arb]:
        """``E U`` and ``E V`` of the base policy, enclosed."""
        x, v = self.error.mean(), self.utility.mean()
        if isinstance(x, Diverges) or isinstance(v, Diverges):
            raise Undecided("a mean that is infinite")  # refused when the model was built
        return x + v, v


def _is_point(law: Law) -> bool:
    low, high = law.support
    return not isinstance(low, Diverges) and low == high


def _profile(model: Model, resolution: Resolution) -> Profile:
    """By sums over the atoms, where both laws have some; else by integrals over one of the two."""
    import numpy as np

    error, utility = model.error, model.utility
    if error.has_atoms and utility.has_atoms:
        x, v = nodes_of(error, resolution.order), nodes_of(utility, resolution.order)
        rewards = x.points[:, None] + v.points
        utilities = np.broadcast_to(v.points, rewards.shape)
        masses = x.masses[:, None] * v.masses
        score = tied(rewards.ravel(), float(np.abs(x.points).max() + np.abs(v.points).max()))
        return profile_of(score, masses.ravel(), score, utilities.ravel(), most=resolution.scores)
    if error.has_atoms:
        cells = cells_of_sum(utility, nodes_of(error, resolution.order), resolution)
        return Profile(cells.score, cells.mass, cells.score, cells.score - cells.outer, True)
    nodes = nodes_of(utility, resolution.order)
    copula = None if model.is_independent else model.copula
    cells = cells_of_sum(error, nodes, resolution, copula)
    return Profile(cells.score, cells.mass, cells.score, cells.outer, True)


#: Tilts of dependent pairs are sought between these; a larger rate counts as infinite.
LEAST_TILT, LARGEST_TILT = 1e-12, 1e12
TILT_STEPS = 100


def _largest(holds: object) -> float:
    """The largest number up to which a property holds, by bisection; 0 if there is none."""
    assert callable(holds)
    if not holds(LEAST_TILT):
        return 0.0
    if holds(LARGEST_TILT):
        return inf
    low, high = LEAST_TILT, LARGEST_TILT
    for _ in range(TILT_STEPS):
        middle = (low * high) ** 0.5
        if holds(middle):
            low = middle
        else:
            high = middle
    return low


#: The pairs that are compared where none is asked for: a light error, a heavy one, and one that
#: rises where the utility falls.
def default_models() -> tuple[Model, ...]:
    """The fixed set."""
    return tuple(Model.parse(*case) for case in DEFAULT_MODELS)


DEFAULT_MODELS: tuple[tuple[str, str, str, str | None], ...] = (
    ("light", "laplace()", "normal()", None),
    ("heavy", "student_t(df=3)", "normal()", None),
    ("dependent", "laplace()", "normal()", "gaussian(rho=-0.6)"),
)
