"""Pictures of the upper tail: the mean excess, and what the estimators say at each k."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from math import isfinite
from typing import Any

from verify.errors import InputError
from verify.inline_svg import INK, THIRD
from verify.plotting import BASE, REWEIGHTED
from verify.tails.estimators import (
    Path,
    above,
    gpd_path,
    half,
    hill_path,
    mean_excess,
    moment_path,
    port_hill_path,
)
from verify.tails.report.drawing import Drawing, band
from verify.tails.upper_tail import UpperTail
from verify.tails.verdict import Verdict

#: Estimates are drawn at so many k, evenly spaced on a logarithmic scale.
POINTS = 120
#: The same for GPD likelihoods, which take longer.
FITS = 40
#: From so many rewards on, only powers of ten are labelled.
MANY = 5000
#: Fewer rewards give estimates that jump too far to be drawn.
LEAST = 20
#: The mean excess is drawn over thresholds that at most this share of the rewards exceeds.
DRAWN_SHARE = 0.25
#: Estimators over a random threshold mean nothing where k comes near it.
SHARE_OF_BASE = 0.3
HILL = "Hill (a shift changes it)"
#: Estimates further out than this say nothing that a reader can use.
OUTERMOST = (-1.0, 2.0)


def mean_excess_plot(tail: UpperTail, verdict: Verdict) -> Drawing:
    """The mean excess over a threshold, with its band."""
    import numpy as np

    body = max(int(DRAWN_SHARE * tail.count), 2 * LEAST)
    found = mean_excess(UpperTail(tail.values[:body], tail.count))
    places = _spaced(len(found.k), POINTS)
    places = places[np.asarray(found.k)[places] >= min(LEAST, len(found.k))]
    low, high = found.band()
    x, y = np.asarray(found.threshold)[places], np.asarray(found.value)[places]

    def draw(axes: Any) -> None:
        band(axes, x, np.asarray(low)[places], np.asarray(high)[places], BASE)
        axes.plot(x, y, color=BASE, marker="o", ms=2.6, lw=1.2)
        axes.set_xlabel("threshold (a reward)")
        axes.set_ylabel("mean excess over it")
        axes.set_ylim(0, 1.15 * float(np.max(y)))
        if 0 < verdict.k < tail.kept and x.min() <= tail.values[verdict.k] <= x.max():
            _mark_threshold(axes, float(tail.values[verdict.k]))

    return Drawing(
        "mean-excess",
        "Mean excess",
        "By how much rewards above a threshold exceed it, on average. Level or falling: light."
        " Rising and rising on: heavy, steeper for heavier tails. The band is pointwise, at 95 %,"
        " and too narrow on the right of a heavy tail.",
        draw,
    )


def index_paths(tail: UpperTail, verdict: Verdict) -> Drawing:
    """The extreme-value index by four estimators, against how many rewards they rest on."""
    from matplotlib.ticker import LogLocator, NullFormatter, StrMethodFormatter

    shape, paths = verdict.shape, list(_paths(tail))
    held = isfinite(shape.low) and isfinite(shape.high)

    def draw(axes: Any) -> None:
        axes.axhline(0, color=INK, lw=0.8)
        if held:
            axes.axhspan(shape.low, shape.high, color=INK, alpha=0.08, lw=0, zorder=0)
        styles = (
            (BASE, "-"),
            (REWEIGHTED, (0, (5, 2))),
            (THIRD, (0, (1, 1.2))),
            (INK, (0, (6, 2, 1, 2))),
        )
        for shown, (colour, dashes) in zip(paths, styles, strict=False):
            _draw_path(axes, shown, colour, dashes)
        if paths:  # below the picture: curves may run anywhere in it
            axes.legend(fontsize=9, ncols=2, loc="upper center", bbox_to_anchor=(0.5, -0.2))
        if not axes.lines[1:]:  # too few rewards differ
            axes.set_xlim(1, 2 * LEAST)
        axes.set_xscale("log")
        # Few rewards span less than a decade of k; labels of many would run into each other.
        steps = (1.0, 2.0, 5.0) if tail.kept < MANY else (1.0,)
        axes.xaxis.set_major_locator(LogLocator(subs=steps))
        axes.xaxis.set_major_formatter(StrMethodFormatter("{x:,.0f}"))
        axes.xaxis.set_minor_formatter(NullFormatter())
        axes.set_ylim(*OUTERMOST)
        if verdict.k:
            _mark_threshold(axes, verdict.k)
        axes.set_xlabel("largest rewards used, k")
        axes.set_ylabel("extreme-value index")

    return Drawing(
        "index-paths",
        "Extreme-value index",
        "Above 0: a power law, whose index is 1 over the value. At 0: exponential, normal,"
        " lognormal and the like. Below 0: bounded, or falling off faster than any sample shows."
        + "".join(_legend(paths, held, verdict.k)),
        draw,
    )


def _legend(paths: list[_Shown], held: bool, k: int) -> Iterator[str]:
    """What else is in the picture."""
    if held:
        where = ", at the dotted k" if k else ""
        yield (
            f" Grey: the interval of the verdict{where}, corrected for bias, so that the curves"
            " need not meet it."
        )
    elif k:
        yield " Dotted: the k of the verdict."
    if any(each.banded for each in paths):
        yield " The blue band is at 95 %: it allows for chance, and not for the bias of GPD fits."
    if any(each.name == HILL for each in paths):
        yield (
            " Hill's estimator depends on where rewards have their zero, so it means little here:"
            " it is drawn because many tools print it alone."
        )
    if not paths:
        yield " Too few rewards differ for an estimate."


@dataclass(frozen=True)
class _Shown:
    """A path as it is drawn: up to which place, and whether with its band."""

    path: Path
    name: str
    end: int
    banded: bool = False


def _paths(tail: UpperTail) -> Iterator[_Shown]:
    """GPD, moment and PORT-Hill, which no shift changes; and Hill, where rewards are positive."""
    untied = {tail.untied(int(k) + 1) for k in _spaced(tail.kept - 2, FITS)}
    ks = sorted(k for k in untied if k >= LEAST)
    if ks:
        yield _Shown(gpd_path(tail, ks), "GPD", len(ks), banded=True)
    base = half(tail)
    below_base = int(SHARE_OF_BASE * base)
    try:
        yield _Shown(moment_path(above(tail, base)), "moment, over a random threshold", below_base)
        yield _Shown(port_hill_path(tail, base), "PORT-Hill", below_base)
        yield _Shown(hill_path(tail), HILL, tail.kept)
    except InputError:
        # Too few rewards differ, or are positive: the rest has no path.
        return


def _draw_path(axes: Any, shown: _Shown, colour: str, dashes: Any) -> None:
    import numpy as np

    path = shown.path
    places = _spaced(min(shown.end, len(path.k)), POINTS)
    places = places[np.asarray(path.k)[places] >= LEAST]
    x, y = np.asarray(path.k)[places], np.asarray(path.shape)[places]
    if shown.banded:
        margin = 1.96 * np.asarray(path.standard_error)[places]
        band(axes, x, y - margin, y + margin, colour)
    axes.plot(x, y, color=colour, ls=dashes, lw=1.6, label=shown.name)


def _spaced(size: int, points: int) -> Any:
    """Indices from 0 to ``size - 1``, evenly spaced on a logarithmic scale."""
    import numpy as np

    return np.unique(np.geomspace(1, max(size, 1), points).astype(np.int64) - 1)


def _mark_threshold(axes: Any, threshold: float) -> None:
    axes.axvline(threshold, color=INK, lw=1.0, ls=":")
