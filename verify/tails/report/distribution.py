"""Pictures of the rewards themselves: histogram, normal and exponential quantile plots."""

from __future__ import annotations

from math import sqrt
from typing import TYPE_CHECKING, Any

from verify.inline_svg import INK
from verify.plotting import BASE, REWEIGHTED
from verify.tails.report.drawing import Drawing, mark, thinned

if TYPE_CHECKING:
    from verify.tails.summary import Summary
    from verify.tails.upper_tail import UpperTail

#: Bars of the histogram.
BARS = 60
#: The histogram ends where this share of the rewards lies beyond; what is beyond is counted.
BEYOND = 0.0005
#: The exponential plot begins where this share of the rewards lies above.
TAIL_SHARE = 0.1


def histogram(summary: Summary, marks: list[tuple[float, str]]) -> Drawing:
    """How the rewards are spread, on a logarithmic scale of counts."""
    import numpy as np

    cells = summary.cells()
    low, high = summary.quantile(BEYOND), summary.quantile(1 - BEYOND)
    # Bars that are wider than the steps of float64 there.
    least = 2 * BARS * float(np.spacing(max(abs(low), abs(high))))
    if not high - low >= least:
        low, high = low - max(0.5, least), high + max(0.5, least)
    bars, edges = np.histogram(cells.mean, BARS, (low, high), weights=cells.counts)
    outside = [int(cells.counts[beyond].sum()) for beyond in (cells.mean < low, cells.mean > high)]

    def draw(axes: Any) -> None:
        axes.stairs(bars, edges, fill=True, color=BASE, alpha=0.55)
        axes.set_yscale("log")
        axes.set_ylim(bottom=0.5)
        axes.set_xlabel("reward")
        axes.set_ylabel("rewards in a bar")
        mark(axes, [(place, label) for place, label in marks if low <= place <= high])

    return Drawing(
        "histogram",
        "The rewards",
        f"How many rewards fall into each of {BARS} equal steps; the scale of counts is"
        f" logarithmic. {_left_out(*outside)}",
        draw,
    )


def _left_out(below: int, above: int) -> str:
    """How many rewards the picture does not show."""
    sides = [f"{n:,} to the {s}" for n, s in ((below, "left"), (above, "right")) if n]
    if not sides:
        return "Every reward is in the picture."
    return f"Outside the picture: {' and '.join(sides)}."


def normal_quantiles(summary: Summary, tail: UpperTail) -> Drawing:
    """The rewards against those of a normal law."""
    import numpy as np
    from scipy.special import ndtr, ndtri

    n = summary.count
    lowest = summary.quantile(BEYOND)
    cells = summary.cells()
    below = int(cells.counts[cells.mean < lowest].sum())
    body = ndtri(np.linspace(max(BEYOND, 1 / (n + 1)), 0.9, 120))
    x = [*body, *ndtri(1 - _chances(tail, n))[::-1]]
    y = [*(summary.quantile(float(ndtr(z))) for z in body), *_largest(tail)[::-1]]
    mean, deviation = summary.mean, sqrt(summary.variance)

    def draw(axes: Any) -> None:
        ends = np.array([min(x), max(x)])
        axes.plot(ends, mean + deviation * ends, color=INK, lw=1, ls=":", label="a normal law")
        _dots(axes, x, y, "these rewards")
        axes.set_xlabel("quantile of the standard normal law")
        axes.set_ylabel("reward")
        axes.legend()

    return Drawing(
        "normal-quantiles",
        "Against a normal law",
        "Dots on the dotted line: the rewards are normal with this mean and deviation. Dots that"
        " bend upwards on the right: the largest rewards are larger than a normal law allows."
        f" {_left_out(below, 0)}",
        draw,
    )


def exponential_quantiles(tail: UpperTail) -> Drawing:
    """The excesses of the largest tenth against an exponential law: where the line runs."""
    import numpy as np

    k = min(tail.kept - 1, max(int(TAIL_SHARE * tail.count), 10))
    excesses = np.asarray(tail.excesses(k))
    picked = thinned(k)
    x = -np.log((np.array(picked) + 0.5) / k)
    scale = float(np.mean(excesses))

    def draw(axes: Any) -> None:
        ends = np.array([0.0, float(x.max())])
        axes.plot(ends, scale * ends, color=INK, lw=1, ls=":", label="an exponential tail")
        _dots(axes, x, excesses[picked], f"the largest {k:,} rewards")
        axes.set_xlabel("quantile of the standard exponential law")
        axes.set_ylabel("reward above the threshold")
        axes.legend()

    return Drawing(
        "exponential-quantiles",
        "Against an exponential tail",
        "The line between light and heavy. Dots along the dotted line or bending below it: light."
        " Dots that bend away upwards: heavier than exponential. The last few dots jump about in"
        " every sample.",
        draw,
    )


def _chances(tail: UpperTail, n: int) -> Any:
    """The chances of a larger reward at the dots of the largest tenth."""
    import numpy as np

    return (np.array(_places(tail, n)) + 0.5) / n


def _largest(tail: UpperTail) -> Any:
    import numpy as np

    return np.asarray(tail.values)[_places(tail, tail.count)]


def _places(tail: UpperTail, n: int) -> list[int]:
    return thinned(min(tail.kept, max(n // 10, 1)))


def _dots(axes: Any, x: Any, y: Any, label: str) -> None:
    axes.plot(x, y, ls="", marker="o", ms=3.2, mec="none", color=REWEIGHTED, label=label, zorder=3)
