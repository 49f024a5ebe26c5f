"""The figure of the one law: where the utility goes, against the decay rate of the error."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from verify.conditioning.floats import survival_and_parts
from verify.inline_svg import THIRD, axes_alone
from verify.law import Law
from verify.limits import limit_of_utility
from verify.plotting import BASE, REWEIGHTED

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

NORMAL, LAPLACE = "normal()", "0.5*laplace()"
#: Decay rates, in twentieths.
LIMITS_AT = range(1, 121)
CURVES_AT = (4, 14, 24, 36, 48, 64, 80, 100, 120)
ODDS = ((10, (0, (1, 1.4))), (10**3, (0, (3, 1.6))), (10**6, (0, (7, 2))))
POINTS = 61


def decay_rate() -> Any:
    """E V in the limit, and given that U is in its top 1/n, against the rate of the error."""
    figure, axes = axes_alone()
    for utility, label, colour, place in (
        (NORMAL, "limit, normal utility", BASE, (4.9, 5.2)),
        (LAPLACE, "limit, Laplace utility", REWEIGHTED, (1.75, 5.2)),
    ):
        found = [(k / 20, limit(k, utility)) for k in LIMITS_AT]
        finite = [(rate, value) for rate, value in found if value is not None]
        axes.plot(*zip(*finite, strict=True), color=colour, lw=2.2)
        axes.annotate(label, place, ha="right", color=colour)
    axes.axvline(2, color=REWEIGHTED, lw=0.8, ls=":")
    axes.annotate("from here on $\\infty$", (2.06, 0.2), color=REWEIGHTED)
    means = [in_the_top(k) for k in CURVES_AT]
    for number, (odds, dashes) in enumerate(ODDS):
        heights = [found[number] for found in means]
        axes.plot([k / 20 for k in CURVES_AT], heights, color=THIRD, lw=1.6, ls=dashes)
        place = (5.95, heights[-1] - 0.35)
        axes.annotate(f"top 1/{odds:,}", place, ha="right", va="top", color=THIRD)
    axes.set(xlim=(0, 6), ylim=(0, 6))
    axes.set(xlabel="decay rate g of the error", ylabel="true utility E V")
    return figure


def error_of_rate(twentieths: int) -> Law:
    """An exponential error."""
    return Law.parse("exponential()") * 20 / twentieths


def limit(twentieths: int, utility: str) -> float | None:
    """Where E V goes; None where that is oo."""
    found = limit_of_utility(error_of_rate(twentieths), Law.parse(utility), "condition").mean_v
    try:
        return float(found)  # type: ignore[arg-type]
    except TypeError:
        return None


def in_the_top(twentieths: int) -> list[float]:
    """E V given that U is in its top 1/n, for a normal utility and each n."""
    import numpy as np

    rate = twentieths / 20
    # Beyond both, U exceeds t with a probability below the smallest that is asked for.
    thresholds = np.linspace(0, 16 / rate + 6, POINTS)
    mass, part, _ = survival_and_parts(error_of_rate(twentieths), Law.parse(NORMAL), thresholds)
    return [float(at_odds(mass, part / mass, odds)) for odds, _ in ODDS]


def at_odds(mass: NDArray[np.float64], mean: NDArray[np.float64], odds: int) -> float:
    """The mean where the mass is 1/odds, between two thresholds."""
    import numpy as np

    return float(np.interp(np.log(odds), -np.log(mass), mean))


FIGURES = {"decay_rate": decay_rate}
