"""What the pictures of a report share.

Measured points are dots, fitted things are lines, and a band is what the estimate may be off by.
Everything is float64: a picture certifies nothing.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any

from verify.inline_svg import INK, STYLE, axes_alone, svg_of

#: In inches: so small that the letters, of ten points, can be read on a phone.
SIZE = (4.9, 3.2)
#: Dots on a picture at most: more cannot be told apart, and make the page heavy.
MOST_DOTS = 400


@dataclass(frozen=True)
class Drawing:
    """A picture for the report.

    Attributes
    ----------
    name : str
        What it is called in a link.
    title : str
        What it shows, in a few words.
    caption : str
        How to read it.
    draw : callable
        Draws it on the matplotlib axes that it is given.
    """

    name: str
    title: str
    caption: str
    draw: Callable[[Any], None]

    def svg(self) -> str:
        """The picture as inline SVG whose colours come from the page."""
        from matplotlib import rc_context

        with rc_context(STYLE):
            figure, axes = axes_alone(SIZE)
            self.draw(axes)
            return svg_of(figure)


def thinned(size: int, most: int = MOST_DOTS) -> list[int]:
    """Indices from 0 to ``size - 1``, the first ones all, then ever wider apart."""
    import numpy as np

    if size <= most:
        return list(range(size))
    spread = np.geomspace(1, size, most).astype(np.int64) - 1
    return [int(i) for i in np.unique(spread)]


def band(axes: Any, x: Any, low: Any, high: Any, colour: str) -> None:
    """Shade between two curves."""
    axes.fill_between(x, low, high, color=colour, alpha=0.18, lw=0, zorder=1)


def mark(axes: Any, places: Iterable[tuple[float, str]]) -> None:
    """Dotted upright lines, labelled above the frame."""
    for place, label in places:
        axes.axvline(place, color=INK, lw=1.0, ls=":", zorder=1.5)
        axes.annotate(
            label,
            (place, 1.0),
            xycoords=("data", "axes fraction"),
            ha="center",
            va="bottom",
            fontsize=9,
            xytext=(0, 2),
            textcoords="offset points",
        )
