"""What is set against what: heavy errors against light ones, and what is done about them."""

from __future__ import annotations

from dataclasses import dataclass, replace

from gpu_checks.training.known_parts import Exponential, KnownParts, Power
from gpu_checks.training.settings import Settings


@dataclass(frozen=True)
class Arm:
    """A reward, and how the policy is trained against it.

    Attributes
    ----------
    name, about : str
    reward : KnownParts
    settings : Settings
    """

    name: str
    about: str
    reward: KnownParts
    settings: Settings


def arms(
    settings: Settings, error: int, utility: dict[int, float], clip: float, odds_cap: float
) -> tuple[Arm, ...]:
    """The five arms.

    Parameters
    ----------
    settings : Settings
        Of the first; the others change as little of it as they can.
    error : int
        The token that the error counts.
    utility : dict
        What other tokens are worth.
    clip : float
        Where the third clips the reward.
    odds_cap : float
        How many times as often as the base policy the fourth may give an answer.
    """
    heavy = KnownParts(error, Exponential(1.0), utility, error_scale=0.1)
    light = KnownParts(error, Power(1.0), utility, error_scale=0.5)
    free = replace(settings, coefficient=0.0, target_kl=None)
    return (
        Arm("heavy", "heavy error, KL penalty", heavy, settings),
        Arm("light", "light error, KL penalty", light, settings),
        Arm("clipped", "heavy error, clipped, KL penalty", heavy, replace(settings, clip=clip)),
        Arm("capped", "heavy error, odds capped", heavy, replace(free, odds_cap=odds_cap)),
        Arm("unpenalised", "heavy error, no penalty, stopped early", heavy, free),
    )
