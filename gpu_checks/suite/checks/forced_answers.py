"""Attacks on the proxy: rewards that the policy does not give, and what forcing them costs."""

from __future__ import annotations

from collections.abc import Sequence
from math import inf, log

from gpu_checks.attack.price import SHARES, Price, parse_shares
from gpu_checks.attack.run import attack
from gpu_checks.attack.schedule import geometric
from gpu_checks.attack.settings import Settings
from gpu_checks.finding import Finding, over_seeds
from gpu_checks.records.folder import read_records
from gpu_checks.suite.prompts import PROMPTS
from gpu_checks.suite.workshop import Workshop
from verify.laws.empirical_law import Empirical

LENGTH = 12


def findings(shop: Workshop) -> list[Finding]:
    """The best answer found to one prompt, beside the policy's own and the frontier of theirs."""
    rows, _ = read_records(shop.answers, ["prompt", "proxy"])
    own = [each == PROMPTS[0] for each in rows.column("prompt").to_pylist()]
    rewards = rows.column("proxy").to_numpy()[own]
    steps = shop.size.attack_steps
    found = attack(
        shop.reward(shop.proxy),
        PROMPTS[0],
        Settings(length=LENGTH, edits=geometric(4, 1, steps), seed=shop.seed),
        runs=shop.size.attack_runs,
        policy=shop.policy,
        base=Empirical.from_values(rewards, "the policy's answers"),
        shares=parse_shares(",".join(SHARES)),
        progress=shop.progress,
    )
    above = [run.reward - float(rewards.max()) for run in found.runs]
    text = f"attack: rewards above the largest of {len(rewards):,} answers"
    return [over_seeds(text, above, above=0.0), *_priced(found.prices, log(len(rewards)))]


def _priced(prices: Sequence[Price], most: float) -> list[Finding]:
    """Where mixtures lie beside the frontier of the base rewards, at the same KL.

    A sample of N says nothing of a KL above log N: its frontier ends at its largest reward.
    """
    found = []
    for price in prices:
        assert price.gain is not None
        kl = float(price.kl.mid())
        if kl > most:
            continue
        text = f"attack forced {float(price.share.p) / float(price.share.q):g} of the time"
        said = {"below": "holds", "above": "fails"}.get(str(price.place), "unknown")
        found.append(
            Finding(
                f"{text}: below the frontier of the base rewards (KL {kl:.3g})",
                float(price.gain.p) / float(price.gain.q),
                -inf,
                inf,
                how="gain of the mixture, exact for the sample",
                said=said,  # type: ignore[arg-type]
            )
        )
    return found
