"""Training against heavy and light errors, on the policy whose answers can all be listed."""

from __future__ import annotations

from pathlib import Path
from tempfile import TemporaryDirectory

from gpu_checks.finding import Finding
from gpu_checks.suite.workshop import Workshop
from gpu_checks.training.arms import arms
from gpu_checks.training.enumerable_policy import PROMPT, save_enumerable_policy
from gpu_checks.training.experiment import run_experiment
from gpu_checks.training.findings import findings as findings_of_arms
from gpu_checks.training.settings import Settings


def findings(shop: Workshop) -> list[Finding]:
    """What becomes of the utility in the five arms."""
    settings = Settings(steps=shop.size.training_steps)
    with TemporaryDirectory() as work:
        folder = Path(work)
        base = save_enumerable_policy(folder)
        base.model.to(shop.policy.device)
        chosen = arms(settings, 1, {2: 1.0, 3: -1.0}, clip=5.0, odds_cap=5.0)
        seeds = range(shop.seed, shop.seed + shop.size.seeds)
        return findings_of_arms(run_experiment(folder, base, [PROMPT] * 128, chosen, seeds, True))
