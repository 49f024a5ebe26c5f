"""The figures of the page on overoptimisation show the numbers of the claims."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from docs.figures import overoptimization as figures
from theorems.overoptimization import early_stopping


def lines(figure: Any) -> dict[str, tuple[Any, Any]]:
    """The labelled curves of the first axes: what is drawn along and up."""
    return {
        str(line.get_label()): (np.array(line.get_xdata()), np.array(line.get_ydata()))
        for line in figure.axes[0].get_lines()
    }


def test_the_downturn() -> None:
    drawn = lines(figures.downturn())
    kl, best = drawn["best of $n$"]
    assert best.max() == pytest.approx(1.7944, abs=5e-3)  # the grid has no n = 45
    assert kl[best.argmax()] == pytest.approx(np.log(45) - 44 / 45, abs=0.2)
    assert best[-1] == pytest.approx(0.3, abs=1e-3)
    kl, tilted = drawn["KL penalty (tilt)"]
    assert (np.diff(tilted) > 0).all() and 0.28 < tilted[-1] < 0.3


def test_early_stopping() -> None:
    drawn = lines(figures.stopping())
    kl, plain = drawn["plain gradient, stopped"]
    # The claim's instance at time 10: KL 0.663, E V = -1/3.
    assert np.interp(0.66335266, kl, plain) == pytest.approx(-1 / 3, abs=1e-3)
    kl, tilted = drawn["KL penalty; natural gradient"]
    assert kl[-1] == pytest.approx(np.log(10), abs=1e-2)  # all of it on a tenth of the base
    assert tilted[-1] == pytest.approx(-1 / 3, abs=1e-2)
    assert kl[0] == 0 and tilted[0] == plain[0] == pytest.approx(-1 / 30)
    assert float(early_stopping.BASE[2] - early_stopping.BASE[1]) == pytest.approx(-1 / 30)


def test_the_fits_leave_what_is_drawn() -> None:
    figure = figures.fits()
    above, below = figure.axes[: len(figures.SHOWN)], figure.axes[len(figures.SHOWN) :]
    for upper, lower in zip(above, below, strict=True):
        points = upper.get_lines()[-1]
        for fit, rest in zip(upper.get_lines()[:2], lower.get_lines()[:2], strict=True):
            curve = np.interp(points.get_xdata(), fit.get_xdata(), fit.get_ydata())
            # 120 points of a curve: straight lines between them are off by less than 1e-3.
            left = np.array(points.get_ydata()) - curve
            assert np.array(rest.get_ydata()) == pytest.approx(left, abs=1e-3)
