"""Answers in one piece as a decision process of one step, and the occupancy measure there.

The prompt is the one state with actions, and each answer is an action. So the time is all spent at
the prompt, and the share of it that is spent there with an action is the probability of the answer:
the occupancy measure of (state, action) pairs is the policy. A penalty on a divergence of occupancy
measures is then the same penalty on the answers. This module comes to it from the other end: by
soft values of the process, and the occupancies that their policy has.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from math import inf
from typing import TYPE_CHECKING

from verify.mdp.arrays import ArrayMDP
from verify.mitigations.profile import Outcome, Profile
from verify.mitigations.weights import Path

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    Floats = NDArray[np.float64]

#: The number of the prompt; the answers follow it.
PROMPT = 0


def one_step(profile: Profile) -> ArrayMDP:
    """The process: the prompt, an answer by the base policy, and its score as the return."""
    import numpy as np
    from scipy import sparse

    answers = len(profile.score)
    leads = sparse.coo_array(
        (np.ones(answers), (np.arange(answers), np.arange(1, answers + 1))),
        shape=(answers, answers + 1),
    )
    start = np.zeros(answers + 1)
    start[PROMPT] = 1.0
    returns = np.concatenate([[np.nan], profile.score])
    return ArrayMDP(start, np.full(answers, PROMPT), profile.mass, leads, returns)


@dataclass(frozen=True)
class OneStep(Path):
    """The policies that are optimal for the score less a price times the occupancies' KL."""

    profile: Profile
    strongest: float = inf

    @cached_property
    def mdp(self) -> ArrayMDP:
        """The process."""
        return one_step(self.profile)

    def occupancy(self, strength: float) -> Floats:
        """The share of the time spent at the prompt with each answer, of the soft policy."""
        import numpy as np

        soft = self.mdp.soft_values(strength)
        chances = self.mdp.base * np.exp(soft[1:] - soft[PROMPT])
        at_prompt = self.mdp.start[PROMPT]  # a process of one step is nowhere else
        return np.asarray(at_prompt * chances)

    def outcome(self, strength: float) -> Outcome:
        return self.profile.outcome(self.occupancy(strength))

    def base(self) -> Outcome:
        return self.profile.base()

    def text(self, strength: float) -> str:
        return f"l = {strength:.4g}"
