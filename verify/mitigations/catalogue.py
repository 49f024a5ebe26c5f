"""The mitigations that are compared."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable
from dataclasses import dataclass
from math import log
from typing import Any

from flint import fmpq

from verify.joint.sampling import FEWEST_PER_N
from verify.mitigations.cells import Resolution
from verify.mitigations.certified import Numbers, above, tilted
from verify.mitigations.ensembles import BATCHES, SIZE, Ensemble, lowest, mean_less_variance
from verify.mitigations.entropy import EntropyBonus
from verify.mitigations.existence import why_no_errors, why_no_power, why_no_tilt
from verify.mitigations.model import Model
from verify.mitigations.one_step import OneStep
from verify.mitigations.profile import Profile
from verify.mitigations.weights import Draws, Path, Powers, Tilts, TopShares

#: The share of answers below the score at which proxies are clipped.
CLIPPED = 0.99
#: Members of the ensembles: of the lowest, and of the mean less the variance.
MEMBERS, PAIR = 4, 2


class Mitigation(ABC):
    """A way to optimise that is to spare the utility."""

    name: str
    #: What is to be known of its row; empty where the name says it all.
    note: str = ""

    def why_not(self, model: Model) -> str:
        """Why a pair has no optimal policy under it; empty where it has."""
        return ""


class ByIntegrals(Mitigation):
    """A mitigation whose policies are integrated over the pair."""

    @abstractmethod
    def path(self, model: Model, resolution: Resolution) -> Path:
        """Its policies, from weak to strong."""

    def enclosed(self, model: Model, path: Path, strength: float) -> Numbers | None:
        """KL, ``E U`` and ``E V`` of a policy in balls; None where there is no certified route."""
        return None


@dataclass(frozen=True)
class KLPenalty(ByIntegrals):
    """The proxy itself under a KL penalty: tilts."""

    name: str = "KL penalty"

    def why_not(self, model: Model) -> str:
        return why_no_tilt(model)

    def path(self, model: Model, resolution: Resolution) -> Path:
        return Tilts(model.profile(resolution), model.largest_tilt[0])

    def enclosed(self, model: Model, path: Path, strength: float) -> Numbers | None:
        return tilted(model, strength)


@dataclass(frozen=True)
class OccupancyPenalty(ByIntegrals):
    """The proxy under a penalty on the KL divergence of the occupancy measure."""

    name: str = "KL of the occupancy measure"
    note: str = (
        "an answer in one piece is one step: the occupancy of (prompt, answer) is the policy, and "
        "this is the KL penalty, here by soft values of that decision process"
    )

    def why_not(self, model: Model) -> str:
        return why_no_tilt(model)

    def path(self, model: Model, resolution: Resolution) -> Path:
        return OneStep(model.profile(resolution), model.largest_tilt[0])


@dataclass(frozen=True)
class Squashed(ByIntegrals):
    """A bounded score under a KL penalty: a tilt by any amount exists."""

    name: str
    score: Callable[[Profile], Any]

    def path(self, model: Model, resolution: Resolution) -> Path:
        profile = model.profile(resolution)
        return Tilts(profile.scored(self.score(profile)))


def clipped(profile: Profile) -> Any:
    """``min(U, c)``, c at the rank CLIPPED."""
    import numpy as np

    return np.minimum(profile.score, profile.quantile(CLIPPED))


def squeezed(profile: Profile) -> Any:
    """``1/(1 + exp(-(U - median)/s))``, s half the distance of the quartiles."""
    import numpy as np

    quarter, median, three = (profile.quantile(level) for level in (0.25, 0.5, 0.75))
    with np.errstate(over="ignore"):
        return 1 / (1 + np.exp(-2 * (profile.score - median) / (three - quarter)))


@dataclass(frozen=True)
class Entropy(ByIntegrals):
    """An entropy bonus in place of a penalty."""

    name: str = "entropy bonus"

    def why_not(self, model: Model) -> str:
        if model.error.has_atoms or model.utility.has_atoms:
            return "not worked out for laws with atoms: which answers would be equally likely?"
        return ""

    def path(self, model: Model, resolution: Resolution) -> Path:
        return EntropyBonus(model, resolution.order)


@dataclass(frozen=True)
class PowerPenalty(ByIntegrals):
    """The power divergence, and Renyi's, of an order above 1; chi-square is order 2."""

    name: str
    order: fmpq

    def why_not(self, model: Model) -> str:
        return why_no_power(model, self.order)

    def path(self, model: Model, resolution: Resolution) -> Path:
        return Powers(model.profile(resolution), order=self.order)


@dataclass(frozen=True)
class OddsCap(ByIntegrals):
    """The top share of the answers: an odds cap, a quantilizer, conditioning."""

    name: str = "odds cap, quantilizer"

    def path(self, model: Model, resolution: Resolution) -> Path:
        return TopShares(model.profile(resolution))

    def enclosed(self, model: Model, path: Path, strength: float) -> Numbers | None:
        assert isinstance(path, TopShares)
        return above(model, path.threshold(strength)) if path.profile.divisible else None


@dataclass(frozen=True)
class BestOf(ByIntegrals):
    """The best of n draws."""

    name: str = "best of n"

    def path(self, model: Model, resolution: Resolution) -> Path:
        return Draws(model.profile(resolution))


@dataclass(frozen=True)
class BestByEnsemble(Mitigation):
    """The best of n draws by a score of several proxies, sampled."""

    name: str
    ensemble: Ensemble

    def why_not(self, model: Model) -> str:
        return why_no_errors(model)

    def paths(self, model: Model, size: int = SIZE) -> list[Path]:
        """The policies, once for each batch of so many draws in all."""
        most = log(size / BATCHES / FEWEST_PER_N)
        return [Draws(profile, most) for profile in self.ensemble.profiles(model, size)]


MITIGATIONS: tuple[Mitigation, ...] = (
    KLPenalty(),
    OccupancyPenalty(),
    Squashed("KL, proxy clipped at its 99 % rank", clipped),
    Squashed("KL, sigmoid of the proxy", squeezed),
    Entropy(),
    PowerPenalty("Renyi or power penalty, order 1.5", fmpq(3, 2)),
    PowerPenalty("chi-square penalty", fmpq(2)),
    PowerPenalty("Renyi or power penalty, order 4", fmpq(4)),
    OddsCap(),
    BestOf(),
    BestByEnsemble(f"best of n, lowest of {MEMBERS} proxies", Ensemble(MEMBERS, lowest)),
    BestByEnsemble("the same, errors shared half the time", Ensemble(MEMBERS, lowest, shared=0.5)),
    BestByEnsemble(
        f"best of n, mean - variance/2 of {PAIR} proxies", Ensemble(PAIR, mean_less_variance)
    ),
)
