"""The figures of the page on overoptimisation."""

from __future__ import annotations

from typing import Any

import numpy as np
from flint import fmpq
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure

from theorems.overoptimization import early_stopping
from theorems.overoptimization.downturn import RARE
from theorems.overoptimization.fitted import MODELS, fitted, points_of
from verify.enclosure import working_precision
from verify.inline_svg import INK, axes_alone
from verify.overoptimization.forms import FORMS, best_of_n_kl
from verify.plotting import BASE, REWEIGHTED
from verify.tilted_utility import tilted_utility

#: More than a few digits are not seen in a picture.
BITS = 53
#: The models that are shown, with the limits of E V.
SHOWN = {
    "exponential-tilt": "exponential error,\nKL penalty",
    "rare-best": "rare larger error,\nbest of $n$",
    "heavy-top": "Student t error,\ngiven $U > t$",
    "parabola-tilt": "parabola in $U$,\nKL penalty",
}
COLOURS = {"best-of-n": (BASE, "-"), "rl": (REWEIGHTED, (0, (5, 2)))}
LABELS = {"best-of-n": "$d\\,(\\alpha - \\beta d)$", "rl": "$d\\,(\\alpha - \\beta \\log d)$"}


def fits() -> Any:
    """Four exact curves, both forms fitted to each, and what is left."""
    figure = Figure(figsize=(8.2, 4.6), layout="constrained")
    FigureCanvasAgg(figure)
    rows = figure.subplots(2, len(SHOWN), sharex=True, sharey="row", height_ratios=(2.6, 1))
    along = np.linspace(0, 3.2, 120)
    with working_precision(BITS):
        for name, above, below in zip(SHOWN, *rows, strict=True):
            d, gain = (np.array(each) for each in zip(*_floats(name), strict=True))
            for form, (colour, dashes) in COLOURS.items():
                found = fitted(name, form)
                numbers = float(found.alpha), float(found.beta)
                curve = FORMS[form].value(along, *numbers)
                above.plot(along, curve, color=colour, ls=dashes, lw=2, label=LABELS[form])
                rest = gain - FORMS[form].value(d, *numbers)
                below.plot(d, rest, color=colour, ls=dashes, lw=1.2, marker="o", ms=2.5)
            above.plot(d, gain, color=INK, ls="", marker="o", ms=4, label="exact")
            above.set_title(SHOWN[name], fontsize="medium")
            below.axhline(0, color=INK, lw=0.7)
            below.set_xlabel("$d$ ($\\sqrt{\\mathrm{nats}}$)")
            below.set_xticks(range(4))
    rows[0][0].set(ylabel="gain in $E\\,V$", ylim=(0, 2.3), xlim=(0, 3.2))
    rows[1][0].set_ylabel("exact $-$ fit")
    figure.legend(*rows[0][0].get_legend_handles_labels(), loc="outside lower center", ncols=3)
    return figure


def _floats(name: str) -> list[tuple[float, float]]:
    assert name in MODELS
    return [(float(kl) ** 0.5, float(gain)) for kl, gain in points_of(name)]


def downturn() -> Any:
    """The rare larger error: the best of n falls, the tilt does not."""
    figure, axes = axes_alone()
    n = np.unique(np.geomspace(1, 3000, 30).astype(int))[1:]
    kl = best_of_n_kl(n.astype(np.float64))
    with working_precision(BITS):
        best = [float(RARE.best_of(int(each))) for each in n]
        caps = [f"{each:.4g}" for each in np.linspace(0.01, 7, 30)]
        error = "mixture(0.99*0.1*normal(), 0.01*(10/3)*exponential())"
        points = tilted_utility(error, "normal()", kl_caps=caps).points
        tilted = [float(point.mean_v) for point in points]  # type: ignore[arg-type]
    axes.plot([0, *kl], [0, *best], color=REWEIGHTED, lw=2.2, label="best of $n$")
    axes.plot(
        [0, *map(float, caps)],
        [0, *tilted],
        color=BASE,
        lw=2.2,
        ls=(0, (5, 2)),
        label="KL penalty (tilt)",
    )
    axes.axhline(0.3, color=INK, lw=0.8)
    axes.annotate("where both end: 0.3", (0.1, 0.34), color=INK)
    for each, beside in ((10, (8, -10)), (100, (6, 4)), (1000, (6, 4))):
        place = float(best_of_n_kl(np.array([float(each)]))[0]), float(np.interp(each, n, best))
        axes.annotate(f"$n = {each}$", place, beside, textcoords="offset points", color=REWEIGHTED)
        axes.plot(*place, ls="", marker="o", ms=4, color=REWEIGHTED)
    axes.set(xlim=(0, 7), ylim=(0, 2), xlabel="KL divergence (nats)")
    axes.set_ylabel("true utility $E\\,V$, in sd of $V$")
    axes.legend(loc="upper right")
    return figure


def stopping() -> Any:
    """Plain gradient stopped early, against the KL penalty, at equal KL."""
    figure, axes = axes_alone()
    times = [fmpq(k, 40) for k in range(0, 600, 5)] + [fmpq(1499, 100), fmpq(14999, 1000)]
    tilts = [fmpq(k, 10) for k in range(0, 100)]
    with working_precision(BITS):
        for path, places, label, colour, dashes in (
            (early_stopping.stopped, times, "plain gradient, stopped", REWEIGHTED, "-"),
            (early_stopping.tilted, tilts, "KL penalty; natural gradient", BASE, (0, (5, 2))),
        ):
            policies = [path(place) for place in places]
            kl = [float(early_stopping.kl(policy)) for policy in policies]
            mean = [float(early_stopping.utility(policy)) for policy in policies]
            axes.plot(kl, mean, color=colour, lw=2.2, ls=dashes, label=label)
            axes.plot(kl[-1], mean[-1], ls="", marker="o", ms=5, color=colour)
    axes.set(xlim=(0, 2.8), ylim=(-1.05, 0), xlabel="KL divergence (nats)")
    axes.set_ylabel("true utility $E\\,V$")
    axes.legend(loc="lower left")
    return figure


FIGURES = {
    "overoptimization_fits": fits,
    "overoptimization_downturn": downturn,
    "overoptimization_stopping": stopping,
}
"""The figures of this module by name."""
