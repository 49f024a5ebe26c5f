"""Attacks on the proxy: rewards that the policy does not give, and what forcing them costs."""

from __future__ import annotations

from collections.abc import Sequence
from math import log
from typing import TYPE_CHECKING

import numpy as np

from gpu_checks.attack.price import SHARES, Price, parse_shares
from gpu_checks.attack.run import attack
from gpu_checks.attack.schedule import geometric
from gpu_checks.attack.settings import Settings
from gpu_checks.finding import LEVEL, Finding, over_seeds
from gpu_checks.records.folder import read_records
from gpu_checks.suite.prompts import PROMPTS
from gpu_checks.suite.workshop import Workshop
from verify.laws.empirical_law import Empirical

if TYPE_CHECKING:
    from numpy.typing import NDArray

LENGTH = 12
#: Of the base rewards: enough that an end of the interval is known to a tenth of its width.
RESAMPLES = 200
#: Of the interval [0, 1] that tilts are mapped to: they are then known to one part in a million.
HALVINGS = 30


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
    forced = below_frontier(found.prices, rewards, found.best.reward, shop.seed)
    return [over_seeds(text, above, above=0.0), *forced]


def below_frontier(
    prices: Sequence[Price], rewards: NDArray[np.float64], forced: float, seed: int
) -> list[Finding]:
    """How far mixtures lie below the frontier of the base rewards, at the same KL.

    A sample of N says nothing of a KL above log N: its frontier ends at its largest reward.

    Parameters
    ----------
    prices : sequence of Price
        Of the shares of the time that an answer is forced.
    rewards : array
        Of the base policy's answers.
    forced : float
        The reward of the answer.
    seed : int
        Of the bootstrap.
    """
    within = [each for each in prices if float(each.kl.mid()) <= log(len(rewards))]
    shares = np.array([float(each.share.p) / float(each.share.q) for each in within])
    budgets = np.array([float(each.kl.mid()) for each in within])

    def distances(weights: NDArray[np.float64]) -> NDArray[np.float64]:
        """Of the sample and of others, whose weights of its rewards are the rows."""
        mixtures = (1 - shares) * (weights @ rewards)[:, None] + shares * forced
        return frontiers(rewards, weights, budgets) - mixtures

    size = len(rewards)
    even = np.full((1, size), 1 / size)
    drawn = np.random.default_rng(seed).multinomial(size, even[0], RESAMPLES) / size
    ends = np.quantile(distances(drawn), [(1 - LEVEL) / 2, (1 + LEVEL) / 2], axis=0)
    return [
        Finding(
            f"attack forced {share:g} of the time: mean reward below the frontier of the base "
            f"rewards (KL {budget:.3g}), by",
            float(distance),
            float(low),
            float(high),
            above=0.0,
            how="95 %, by a bootstrap over the base rewards",
        )
        for share, budget, distance, low, high in zip(
            shares, budgets, distances(even)[0], *ends, strict=True
        )
    ]


def frontiers(
    rewards: NDArray[np.float64], weights: NDArray[np.float64], budgets: NDArray[np.float64]
) -> NDArray[np.float64]:
    """The largest mean within each budget, of several laws on the same rewards.

    Parameters
    ----------
    rewards : array, shape (n,)
    weights : array, shape (laws, n)
        Their probabilities.
    budgets : array, shape (m,)
        In nats.

    Returns
    -------
    array, shape (laws, m)
        That of the tilt whose KL divergence is the budget, found by bisection; the law's largest
        reward where the budget is more than any tilt has.
    """
    spread = float(rewards.std()) or 1.0
    scaled = (rewards - rewards.max()) / spread
    # A law's own largest reward stays at 1 however far it is tilted.
    tops = np.where(weights > 0, scaled, -np.inf).max(1)[:, None, None]
    below = np.minimum(scaled - tops, 0.0)
    low = np.zeros((len(weights), len(budgets)))
    high = np.ones_like(low)
    means = np.empty_like(low)
    for _ in range(HALVINGS):
        middle = (low + high) / 2
        tilt = middle / (1 - middle)
        tilted = weights[:, None, :] * np.exp(tilt[:, :, None] * below)
        total = tilted.sum(2)
        means = (tilted * below).sum(2) / total
        within = tilt * means - np.log(total) <= budgets
        low, high = np.where(within, middle, low), np.where(within, high, middle)
    means += tops[:, :, 0]
    found: NDArray[np.float64] = rewards.max() + spread * means
    return found
