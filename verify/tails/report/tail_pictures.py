"""Pictures of the upper tail: the mean excess, and what the estimators say at each k."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from verify.errors import InputError
from verify.inline_svg import INK, THIRD, axes_alone
from verify.plotting import BASE, REWEIGHTED
from verify.tails.estimators import (
    Path,
    above,
    gpd_path,
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
#: Fewer rewards give estimates that jump too far to be drawn.
LEAST = 20
#: Estimators over a random threshold mean nothing where k comes near it.
SHARE_OF_BASE = 0.3
#: Estimates further out than this say nothing that a reader can use.
OUTERMOST = (-1.0, 2.0)


def mean_excess_plot(tail: UpperTail, verdict: Verdict) -> Drawing:
    """The mean excess over a threshold, with its band."""
    import numpy as np

    found = mean_excess(tail)
    places = _spaced(len(found.k), POINTS)
    places = places[np.asarray(found.k)[places] >= min(LEAST, len(found.k))]
    low, high = found.band()
    x, y = np.asarray(found.threshold)[places], np.asarray(found.value)[places]
    figure, axes = axes_alone()
    band(axes, x, np.asarray(low)[places], np.asarray(high)[places], BASE)
    axes.plot(x, y, color=BASE, marker="o", ms=2.6, lw=1.2)
    axes.set_xlabel("threshold (a reward)")
    axes.set_ylabel("mean excess over it")
    axes.set_ylim(0, 1.15 * float(np.max(y)))
    if verdict.k < tail.kept:
        _mark_threshold(axes, float(tail.values[verdict.k]))
    return Drawing(
        "mean-excess",
        "Mean excess",
        "By how much rewards above a threshold exceed it, on average. Level or falling: light."
        " Rising and rising on: heavy, steeper for heavier tails. The band is pointwise, at 95 %,"
        " and too narrow on the right of a heavy tail.",
        figure,
    )


def index_paths(tail: UpperTail, verdict: Verdict) -> Drawing:
    """The extreme-value index by four estimators, against how many rewards they rest on."""
    import numpy as np

    figure, axes = axes_alone((6.2, 4.2))
    shape = verdict.shape
    axes.axhline(0, color=INK, lw=0.8)
    if np.isfinite([shape.low, shape.high]).all():
        axes.axhspan(shape.low, shape.high, color=INK, alpha=0.08, lw=0, zorder=0)
    styles = (
        (BASE, "-"),
        (REWEIGHTED, (0, (5, 2))),
        (THIRD, (0, (1, 1.2))),
        (INK, (0, (6, 2, 1, 2))),
    )
    for path, (colour, dashes), banded in zip(
        _invariant_paths(tail), styles, (True, False, False), strict=False
    ):
        _draw_path(axes, path, colour, dashes, banded)
    hill = _hill(tail)
    if hill is not None:
        _draw_path(axes, hill, *styles[3], False)
    axes.set_xscale("log")
    axes.set_ylim(*OUTERMOST)
    axes.axvline(verdict.k, color=INK, lw=1.0, ls=":")
    axes.set_xlabel("largest rewards used, k")
    axes.set_ylabel("extreme-value index")
    axes.legend(fontsize=9, ncols=2, loc="upper left")
    return Drawing(
        "index-paths",
        "Extreme-value index",
        "Above 0: a power law, whose index is 1 over the value. At 0: exponential, normal,"
        " lognormal and the like. Below 0: bounded, or falling off faster than any sample shows."
        " Grey: the interval of the verdict, at the dotted k. The blue band is 95 %, without bias."
        " Hill's estimator depends on where rewards have their zero, so it means little here: it"
        " is drawn because many tools print it alone.",
        figure,
    )


def _invariant_paths(tail: UpperTail) -> Iterator[Path]:
    """GPD, moment and PORT-Hill: unchanged by a shift of the rewards."""
    ks = [int(k) + 1 for k in _spaced(tail.kept - 2, FITS) if k + 1 >= LEAST]
    if ks:
        yield gpd_path(tail, ks)
    try:
        moved = above(tail)
        yield _below_base(moment_path(moved), "moment, over the smallest kept")
        yield _below_base(port_hill_path(tail), "PORT-Hill")
    except InputError:
        # Fewer than four different rewards: there is no such path.
        return


def _below_base(path: Path, name: str) -> Path:
    """The part of a path whose k stays well below the random threshold."""
    end = int(SHARE_OF_BASE * len(path.k))
    return Path(path.k[:end], path.shape[:end], path.standard_error[:end], name)


def _hill(tail: UpperTail) -> Path | None:
    """Hill's path on the rewards as they are; None where too few are positive."""
    try:
        path = hill_path(tail)
    except InputError:
        return None
    return Path(path.k, path.shape, path.standard_error, "Hill (not shift-invariant)")


def _draw_path(axes: Any, path: Path, colour: str, dashes: Any, banded: bool) -> None:
    import numpy as np

    k, shape = np.asarray(path.k), np.asarray(path.shape)
    places = _spaced(len(k), POINTS)
    places = places[k[places] >= LEAST]
    x, y = k[places], shape[places]
    if banded:
        margin = 1.96 * np.asarray(path.standard_error)[places]
        band(axes, x, y - margin, y + margin, colour)
    axes.plot(x, y, color=colour, ls=dashes, lw=1.6, label=path.name)


def _spaced(size: int, points: int) -> Any:
    """Indices from 0 to ``size - 1``, evenly spaced on a logarithmic scale."""
    import numpy as np

    return np.unique(np.geomspace(1, max(size, 1), points).astype(np.int64) - 1)


def _mark_threshold(axes: Any, threshold: float) -> None:
    axes.axvline(threshold, color=INK, lw=1.0, ls=":")
