"""The figures of Theorem 4: the utility along the tilt path, and past its end."""

from __future__ import annotations

from typing import Any

from flint import arb

from verify.inline_svg import INK, THIRD, axes_alone
from verify.plotting import BASE, REWEIGHTED
from verify.tilted_utility import tilted_utility
from verify.utility_curve import Quantity, UtilityPoint

NORMAL = "normal(mu=0, sigma=1)"
NON_STEEP = 'tail(log_sf="-x-3*log(1+x)", lower=0)'


def tilt_paths() -> Any:
    """E V against KL for one utility and three errors: it tends to the rate of the error."""
    import numpy as np

    caps = [f"{cap:.6g}" for cap in np.geomspace(0.01, 100, 60)]
    figure, axes = axes_alone()
    for error, label, colour, dashes, limit in (
        (NORMAL, "normal", BASE, "-", None),
        ("exponential()", "exponential, rate 1", REWEIGHTED, (0, (5, 2)), 1.0),
        ("2*exponential()", "exponential, rate 1/2", THIRD, (0, (1, 1.4)), 0.5),
    ):
        points = tilted_utility(error, NORMAL, kl_caps=caps).points
        heights = [number(point.mean_v) for point in points]
        axes.plot(
            [float(cap) for cap in caps], heights, color=colour, ls=dashes, lw=2.2, label=label
        )
        if limit is not None:
            axes.axhline(limit, color=colour, lw=0.8, alpha=0.7)
    axes.set(xscale="log", ylim=(0, 2.6), xlabel="KL divergence (nats)", ylabel="true utility E V")
    axes.legend(title="the error", loc="upper left")
    return figure


def saturation() -> Any:
    """Where the cap goes: up to D* to both, beyond it to the error alone."""
    caps = [f"{3 * (k / 60) ** 2:.6g}" for k in range(1, 61)]
    points = tilted_utility(NON_STEEP, NORMAL, kl_caps=caps).points
    figure, axes = axes_alone()
    for name, label, colour, place in (
        ("mean_u", "proxy E U", INK, (0.95, 2.45)),
        ("mean_x", "error E X", REWEIGHTED, (1.85, 1.35)),
        ("mean_v", "true utility E V", BASE, (1.85, 0.75)),
    ):
        axes.annotate(label, place, color=colour)
        for attained, dashes in ((True, "-"), (False, (0, (5, 2)))):
            part = [point for point in points if point.attained is attained]
            axes.plot(
                [cap(point) for point in part],
                [number(point.quantities[name]) for point in part],
                color=colour,
                ls=dashes,
                lw=2.2,
            )
    last = float(arb(7) / 6 - (arb(3) / 2).log())
    axes.axvline(last, color=INK, lw=0.8, ls=":")
    axes.annotate(
        "$D^*$: from here on no policy attains them",
        (last, 3.6),
        (6, 0),
        textcoords="offset points",
    )
    axes.set(xlim=(0, 3), ylim=(0, 4), xlabel="KL cap (nats)", ylabel="mean")
    return figure


def cap(point: UtilityPoint) -> float:
    """The cap that a point answers to."""
    assert point.kl_cap is not None
    return float(point.kl_cap)


def number(value: Quantity) -> float:
    """The middle of an enclosure, which no picture tells from its ends."""
    assert isinstance(value, arb)
    return float(value)


FIGURES = {"tilt_paths": tilt_paths, "saturation": saturation}
