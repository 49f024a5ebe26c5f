"""How a policy is trained."""

from __future__ import annotations

from dataclasses import dataclass

from verify.errors import InputError


@dataclass(frozen=True)
class Settings:
    """What a run of training may be told.

    Attributes
    ----------
    steps : int
        Updates of the policy.
    answers : int
        Answers drawn for each update; ``group`` of them to the same prompt.
    group : int
        Answers whose rewards are each other's baseline (leave-one-out).
    length : int
        Tokens of an answer at most.
    learning_rate : float
        Of AdamW, without decay.
    coefficient : float
        Of the KL penalty, in units of reward per nat; 0 trains without one.
    target_kl : float, optional
        In nats per answer: the coefficient is moved until the KL is there.
    clip : float, optional
        Rewards above it count as it.
    odds_cap : float, optional
        Above 1. An answer that the policy gives more than so many times as often as the base policy
        earns the least that any answer can.
    temperature : float
        At which answers are drawn.
    base_answers : int
        Answers of the base policy that the tail monitor is shown before training; two or more.
    seed : int

    Raises
    ------
    InputError
        If a number is not positive, or the answers are not a multiple of the group.
    """

    steps: int = 60
    answers: int = 128
    group: int = 128
    length: int = 7
    learning_rate: float = 5e-4
    coefficient: float = 1.0
    target_kl: float | None = None
    clip: float | None = None
    odds_cap: float | None = None
    temperature: float = 1.0
    base_answers: int = 1024
    seed: int = 0

    def __post_init__(self) -> None:
        for name in ("steps", "answers", "length"):
            if getattr(self, name) < 1:
                raise InputError(f"{name}: expected 1 or more, got {getattr(self, name)}")
        if self.group < 2 or self.answers % self.group:
            raise InputError(
                f"group: expected 2 or more, of which {self.answers} answers are a multiple; got "
                f"{self.group}"
            )
        for name in ("learning_rate", "temperature"):
            if not 0 < getattr(self, name) < float("inf"):
                raise InputError(f"{name}: expected a positive number, got {getattr(self, name)}")
        if not 0 <= self.coefficient < float("inf"):
            raise InputError(f"coefficient: expected 0 or more, got {self.coefficient}")
        if self.odds_cap is not None and not 1 < self.odds_cap < float("inf"):
            raise InputError(f"odds cap: expected a number above 1, got {self.odds_cap}")
        if self.base_answers < 2:
            raise InputError(f"base answers: expected 2 or more, got {self.base_answers}")
        if self.target_kl is not None and not 0 < self.target_kl < float("inf"):
            raise InputError(f"target KL: expected a positive number, got {self.target_kl}")
        if self.target_kl is not None and self.coefficient == 0:
            raise InputError("target KL: expected a coefficient above 0 to begin with, got 0")
