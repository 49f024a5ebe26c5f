"""How much the suite does: a few minutes on two processors, or ten on one large GPU."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Size:
    """One size.

    Attributes
    ----------
    name : str
    prompts, answers, tokens : int
        Answers of the base policy: to how many prompts, to each, and how long at most.
    random_texts : int
        Texts of uniform random tokens.
    attack_steps, attack_runs : int
        Steps of an attack, and runs from different seeds.
    training_steps, seeds : int
        Updates of a policy in training, and runs of each arm.
    draws : int
        Of best-of-n by sampling in one kernel.
    symbols, horizon : int
        Tokens of the exactly solvable model, and of its answers.
    """

    name: str
    prompts: int
    answers: int
    tokens: int
    random_texts: int
    attack_steps: int
    attack_runs: int
    training_steps: int
    seeds: int
    draws: int
    symbols: int
    horizon: int


SIZES = {
    size.name: size
    for size in (
        Size("smoke", 8, 32, 16, 1000, 30, 2, 20, 3, 10**6, 6, 7),
        Size("small", 64, 64, 48, 10_000, 60, 3, 40, 3, 10**8, 8, 6),
        Size("full", 256, 400, 64, 200_000, 200, 5, 100, 5, 10**9, 10, 6),
    )
}
