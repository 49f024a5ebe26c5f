"""What a policy does to the parts of a reward, by summing over all of its answers.

Beside it stands the best that any policy could do: with a KL penalty of coefficient b the objective
``E U - b KL`` is at most ``b log E_Q exp(U/b)``, and only the tilt ``exp(U/b)`` reaches it (the
Gibbs variational principle).
"""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from transformers import TrainerCallback

from gpu_checks.enumerable.enumeration import enumerated
from gpu_checks.enumerable.tree import PrefixTree, kl_of_trajectories
from gpu_checks.enumerable.weights import RewardLaw, log_weights
from gpu_checks.models.policy import BasePolicy
from gpu_checks.training.enumerable_policy import LENGTH, VOCABULARY
from gpu_checks.training.known_parts import KnownParts, Parts
from gpu_checks.training.settings import Settings
from verify.enclosure import exact
from verify.weight import TopFraction

#: So many updates are summed one by one: in them a heavy error takes over.
AT_FIRST = 12

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Floats = NDArray[np.float64]


@dataclass(frozen=True)
class PartMeans:
    """Means over answers, and the KL divergence from the base policy in nats; float64."""

    u: float
    v: float
    x: float
    kl: float

    def as_json(self) -> dict[str, Any]:
        """As JSON."""
        return asdict(self)


class Enumerated:
    """All answers of the base policy, with their rewards.

    Parameters
    ----------
    base : BasePolicy
        See :func:`gpu_checks.training.enumerable_policy.save_enumerable_policy`.
    reward : KnownParts
    """

    def __init__(self, base: BasePolicy, reward: KnownParts) -> None:
        self.base = tree_of(base)
        self.parts: Parts = reward(self.base.trajectories)

    def of(self, policy: BasePolicy) -> PartMeans:
        """What a policy does."""
        tree = tree_of(policy)
        return self._means(tree.probabilities, kl_of_trajectories(tree, self.base))

    def tilted(self, coefficient: float, clip: float | None = None) -> PartMeans:
        """What the best policy does under a KL penalty, for rewards clipped at ``clip``."""
        logs, total = self._tilt(coefficient, clip)
        log_weights = logs - total
        chosen = np.exp(self.base.log_probabilities + log_weights)
        return self._means(chosen, float(chosen @ np.where(chosen > 0, log_weights, 0.0)))

    def capped(self, odds_cap: float) -> PartMeans:
        """What the best policy does that gives no answer more than so many times as often.

        Parameters
        ----------
        odds_cap : float
            R: the policy is R times the base on the top 1/R of the rewards, and 0 below.
        """
        law = RewardLaw.of(self.base, self.parts.u)
        logs = law.at(log_weights(law, TopFraction(1 / exact(odds_cap))))
        chosen = self.base.probabilities * np.exp(logs)
        kept = chosen > 0
        total = float(chosen.sum())
        ratios = np.where(kept, logs, 0.0) - np.log(total)
        return self._means(chosen / total, float((chosen / total)[kept] @ ratios[kept]))

    def best(self, settings: Settings) -> PartMeans | None:
        """What the best policy for some settings does; None where there is none."""
        if settings.odds_cap is not None:
            return self.capped(settings.odds_cap)
        if settings.coefficient == 0 or settings.target_kl is not None:
            return None
        return self.tilted(settings.coefficient, settings.clip)

    def best_objective(self, coefficient: float, clip: float | None = None) -> float:
        """The largest ``E U - coefficient KL`` of any policy."""
        return coefficient * self._tilt(coefficient, clip)[1]

    def _tilt(self, coefficient: float, clip: float | None) -> tuple[Floats, float]:
        """``U/b`` of each answer, and ``log E_Q exp(U/b)``."""
        rewards = self.parts.u if clip is None else np.minimum(self.parts.u, clip)
        logs = rewards / coefficient
        exponents = self.base.log_probabilities + logs
        top = float(exponents.max())
        return logs, top + float(np.log(np.exp(exponents - top).sum()))

    def _means(self, chosen: Floats, kl: float) -> PartMeans:
        u, v, x = (float(chosen @ part) for part in self.parts)
        return PartMeans(u, v, x, kl)


def tree_of(policy: BasePolicy) -> PrefixTree:
    """All answers of the enumerable policy, or of one that was trained from it."""
    bos = policy.bos
    assert bos is not None
    return enumerated(policy.model, range(VOCABULARY), LENGTH, [bos])


class SumCallback(TrainerCallback):  # type: ignore[misc]
    """Sums over all answers of the policy in training: at its first updates, then now and then.

    Parameters
    ----------
    answers : Enumerated
    tokenizer : transformers.PreTrainedTokenizerBase
        Of the policy.
    every : int
        Updates from one sum to the next, after the first :data:`AT_FIRST`.
    """

    def __init__(self, answers: Enumerated, tokenizer: Any, every: int) -> None:
        self.answers = answers
        self.tokenizer = tokenizer
        self.every = every
        #: By how many updates the policy has had.
        self.found: dict[int, PartMeans] = {}
        self.trainer: Any = None

    def on_step_begin(self, args: Any, state: Any, control: Any, **_: Any) -> None:
        """Before an update, as what is logged then is of that policy too."""
        if state.global_step < AT_FIRST or state.global_step % self.every == 0:
            self._sum(state.global_step)

    def on_train_end(self, args: Any, state: Any, control: Any, **_: Any) -> None:
        """After the last update."""
        self._sum(state.global_step)

    def _sum(self, step: int) -> None:
        model = self.trainer.model
        self.found[step] = self.answers.of(BasePolicy(model, self.tokenizer, "in training"))
