"""Finite Markov decision processes with a base policy, exactly and in balls.

A trajectory starts at a state drawn from a law, takes actions by a policy, is led on by the
environment, and ends at a final state, which has a return.

* :mod:`.model`: the data, checked; :mod:`.graph`: which states come before which;
* :mod:`.linear`: averages and expected visits; :mod:`.policy`: trajectories, KL by two routes;
* :mod:`.doob`: the policy that realises a weight on trajectories;
* :mod:`.soft`, :mod:`.greedy`, :mod:`.frontier`: the best mean return within a KL budget;
* :mod:`.arrays`, :mod:`.array_frontier`: the same in float64 for large ones;
* :mod:`.sampling`: trajectories drawn at random.

=====================  ==============================================================
What                   Which MDPs
=====================  ==============================================================
all                    the base policy ends almost surely
h-transform, visits    cycles are fine: linear systems, solved exactly
lists of trajectories  no cycles, and not too many trajectories
soft values, frontier  no cycles
=====================  ==============================================================
"""

from verify.mdp.doob import Realised, h_transform, weights_at_end
from verify.mdp.frontier import PolicyFrontier, policy_frontier
from verify.mdp.linear import Policy, averages, base_policy, visits
from verify.mdp.model import MDP, Drawn, MDPError, Move, Noise
from verify.mdp.policy import (
    Trajectory,
    chain_rule_kl,
    mean_return,
    trajectories,
    trajectory_kl,
    trajectory_law,
)
from verify.mdp.soft import (
    Performance,
    at_start,
    performance,
    soft_policy,
    soft_values,
)

__all__ = [
    "MDP",
    "Drawn",
    "MDPError",
    "Move",
    "Noise",
    "Performance",
    "Policy",
    "PolicyFrontier",
    "Realised",
    "Trajectory",
    "at_start",
    "averages",
    "base_policy",
    "chain_rule_kl",
    "h_transform",
    "mean_return",
    "performance",
    "policy_frontier",
    "soft_policy",
    "soft_values",
    "trajectories",
    "trajectory_kl",
    "trajectory_law",
    "visits",
    "weights_at_end",
]
