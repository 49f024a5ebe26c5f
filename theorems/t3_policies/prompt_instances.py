"""Instances of the quenched criterion: MDPs with prompts, noise and chance, and policies."""

from __future__ import annotations

from collections.abc import Callable

from flint import arb, fmpq

from verify.law import Law
from verify.mdp import MDP, Drawn, Policy
from verify.mdp.model import Noise

THIRD, HALF = fmpq(1, 3), fmpq(1, 2)


def two_stages() -> MDP:
    """Two prompts; a first action with chance in it, a second, and returns of every kind."""
    return MDP.build(
        {"ask": "0.6", "tell": "0.4"},
        {
            "ask": {
                "a": ("0.5", {"mid": "0.7", "low": "0.3"}),
                "b": ("0.5", {"mid": "0.2", "end": "0.8"}),
            },
            "tell": {"a": ("0.25", "mid"), "b": ("0.75", {"end": "0.5", "noisy": "0.5"})},
            "mid": {"x": (THIRD, "high"), "y": (2 * THIRD, {"low": "0.9", "noisy": "0.1"})},
        },
        {
            "low": -1,
            "end": 1,
            "high": 3,
            "noisy": Noise(Law.parse("2 + 5*normal()")),
        },
    )


def one_shot() -> MDP:
    """Three prompts whose answers have normal, gamma and bounded rewards."""
    laws = ("normal(sigma=2)", "gamma(shape=2)", "binomial(n=3, p=0.5)")
    return MDP.build(
        {0: "0.5", 1: "0.2", 2: "0.3"}, {}, {k: Drawn(Law.parse(law)) for k, law in enumerate(laws)}
    )


def noisy_arms() -> MDP:
    """One prompt, two actions of probability 1/2, return 0 or 1 and the environment's noise."""
    noise = "normal(sigma=2)"
    return MDP.build(
        "ask",
        {"ask": {0: (HALF, "zero"), 1: (HALF, "one")}},
        {"zero": Noise(Law.parse(noise)), "one": Noise(Law.parse(f"1 + {noise}"))},
    )


def heavy_noise() -> MDP:
    """One prompt, two actions of probability 1/2: return 0, or Pareto noise of mean 1."""
    return MDP.build(
        "ask",
        {"ask": {0: (HALF, "zero"), 1: (HALF, "one")}},
        {"zero": 0, "one": Noise(Law.parse("pareto(alpha=2) - 1"))},
    )


def chancy() -> MDP:
    """One action, and a coin of the environment: no policy has a say in anything."""
    return MDP.build(
        "ask", {"ask": {"go": (1, {"zero": HALF, "one": HALF})}}, {"zero": 0, "one": 1}
    )


MDPS: dict[str, Callable[[], MDP]] = {
    "two stages": two_stages,
    "one shot": one_shot,
    "noisy arms": noisy_arms,
    "chancy": chancy,
}


def skewed(mdp: MDP, power: int) -> Policy:
    """A policy with probabilities in proportion to ``pi0(a|s)`` times 1, power, power^2, ..."""
    policy: dict[object, dict[object, fmpq]] = {}
    for state, moves in mdp.moves.items():
        sizes = {a: move.probability * power**k for k, (a, move) in enumerate(moves.items())}
        total = sum(sizes.values(), fmpq(0))
        policy[state] = {action: size / total for action, size in sizes.items()}
    return policy


def normal_prompts() -> MDP:
    """Prompts with probabilities 1/2, 3/10, 1/5 and returns N(0, s^2), s = 1, 2, 5."""
    laws = {s: Drawn(Law.parse(f"normal(sigma={s})")) for s in (1, 2, 5)}
    return MDP.build({1: "0.5", 2: "0.3", 5: "0.2"}, {}, laws)


def finite(value: object) -> arb:
    """A ball that is not infinite."""
    assert isinstance(value, arb)
    return value
