"""Figures of the pages on models: from kept results of runs, see :mod:`docs.model_results`."""

from __future__ import annotations

from typing import Any

from docs.model_tables import ARMS, results
from gpu_checks.training.plot import LOOKS
from verify.inline_svg import INK, axes_alone
from verify.plotting import BASE, REWEIGHTED

#: For each reward model its colour, and for each kind of texts its dashes.
COLOURS = {"minilm-harmless": BASE, "smollm2-harmless": REWEIGHTED}
DASHES: dict[str, Any] = {"SmolLM2's answers": "-", "random tokens": (0, (5, 2))}
#: A normal law is drawn up to here, in standard deviations.
FARTHEST = 5.0


def training_utility() -> Any:
    """The utility against the KL divergence, arm by arm, and the best policies."""
    figure, axes = axes_alone((6.2, 4.2))
    arms = results("train-smoke")["arms"]
    start = arms[0]["base"]["v"]
    for arm in arms:
        colour, marker, dashes = LOOKS[arm["name"]]
        for number, run in enumerate(arm["runs"]):
            along = [means for _, means in sorted(run["summed"].items(), key=_update)]
            axes.plot(
                [means["kl"] for means in along],
                [means["v"] for means in along],
                color=colour,
                marker=marker,
                ms=4,
                ls=dashes,
                lw=1.1,
                alpha=0.75,
                label=ARMS[arm["name"]] if number == 0 else None,
            )
        if arm["best_policy"] is not None:
            best = arm["best_policy"]
            axes.plot(best["kl"], best["v"], "*", color=colour, ms=17, mec=INK, mew=1, zorder=5)
    axes.plot([], [], "*", color="none", ms=13, mec=INK, label="best policy for the arm")
    axes.axhline(start, color=INK, lw=0.9, ls=":")
    axes.annotate("base policy", (10.4, start), (0, 4), textcoords="offset points")
    axes.set(ylim=(None, 7.2))
    axes.set(xlabel="KL divergence from the base policy, nats per answer", ylabel="mean utility")
    axes.legend(loc="upper right")
    return figure


def _update(item: tuple[str, Any]) -> int:
    return int(item[0])


def reward_tails() -> Any:
    """Survival functions of the rewards of two models, beside a normal law's."""
    import numpy as np
    from scipy.stats import norm

    figure, axes = axes_alone((6.2, 4.2))
    for sample in results("tails")["samples"]:
        colour, dashes = COLOURS[sample["model"]], DASHES[sample["texts"]]
        rewards, shares = np.array(sample["survival"]).T
        above = (rewards - float(sample["mean"])) / float(sample["standard_deviation"])
        label = f"{sample['model']}, {sample['texts']}"
        axes.plot(above, shares, color=colour, ls=dashes, lw=2, label=label)
    along = np.linspace(-1, FARTHEST, 60)
    axes.plot(along, norm.sf(along), color=INK, lw=0.9, ls=":", label="a normal law")
    axes.set(yscale="log", xlim=(-1, FARTHEST), ylim=(1e-5, 1.5))
    axes.set(xlabel="reward above its mean, in standard deviations", ylabel="share at or above it")
    axes.legend(loc="lower left")
    return figure


FIGURES = {"training_utility": training_utility, "reward_tails": reward_tails}
