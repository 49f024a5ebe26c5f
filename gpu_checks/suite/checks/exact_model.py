"""The exactly solvable language model: policies of Theorem 3 do what is predicted of them."""

from __future__ import annotations

from flint import fmpq

from gpu_checks.enumerable.enumeration import enumerated
from gpu_checks.enumerable.random_model import random_transformer
from gpu_checks.enumerable.realised import realise
from gpu_checks.finding import Finding, at_most
from gpu_checks.suite.workshop import Workshop
from gpu_checks.training.known_parts import Exponential, KnownParts
from verify.weight import BestOfN, Tilt, Weight


def findings(shop: Workshop) -> list[Finding]:
    """Tilts and best-of-n of a heavy-tailed reward on all trajectories of a small transformer."""
    size = shop.size
    device = shop.policy.device
    model = random_transformer(shop.seed, size.symbols, context=size.horizon + 1).to(device)
    tree = enumerated(model, range(size.symbols), size.horizon, [0], progress=shop.progress)
    rewards = KnownParts(1, Exponential(0.5), {2: 1.0, 3: -1.0})(tree.trajectories).u
    weights: tuple[Weight, ...] = (Tilt(fmpq(1, 10)), BestOfN(100))
    found = []
    for weight in weights:
        done = realise(tree, rewards, weight)
        text = f"{tree.size:,} trajectories, {weight}"
        off = abs(done.mean - done.predicted_mean)
        found.append(at_most(f"{text}: mean reward as predicted", [off], done.mean_bound, 0.0))
        chain = abs(done.kl - float(done.token_kl.sum()))
        found.append(at_most(f"{text}: KL of tokens adds up", [chain], done.chain_bound, 0.0))
    return found
