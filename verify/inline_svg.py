"""Figures as SVG inside a page: their colours come from the page's style sheet.

Ink is the colour of the text, and each curve has a colour for light pages and one for dark ones:
the page defines ``--drawing-ink``, ``--drawing-first`` and so on. Curves that share axes differ in
their dashes too.
"""

from __future__ import annotations

import re
from io import BytesIO
from typing import Any

from verify.plotting import BASE, FONT_SIZE, REWEIGHTED

THIRD, INK = "#009E73", "#123456"
"""Okabe and Ito's green; and a colour that stands for that of the text."""

CLASSES = {BASE: "first", REWEIGHTED: "second", THIRD: "third", INK: "ink"}
"""What the style sheet calls each colour."""

STYLE: dict[Any, Any] = {
    "font.size": FONT_SIZE,
    "svg.hashsalt": "goodhart",
    "text.color": INK,
    "axes.edgecolor": INK,
    "axes.labelcolor": INK,
    "xtick.color": INK,
    "ytick.color": INK,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.grid": True,
    "grid.color": INK,
    "grid.alpha": 0.15,
    "legend.frameon": False,
    "mathtext.fontset": "dejavuserif",
}

SIZE = (6.2, 3.6)
"""Of a figure, in inches."""


def axes_alone(size: tuple[float, float] = SIZE) -> tuple[Any, Any]:
    """A figure with one pair of axes."""
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    figure = Figure(figsize=size, layout="constrained")
    FigureCanvasAgg(figure)
    return figure, figure.subplots()


def svg_of(figure: Any) -> str:
    """The figure as an ``svg`` element whose colours come from the page."""
    content = BytesIO()
    figure.savefig(content, format="svg", transparent=True, metadata={"Date": None})
    text = content.getvalue().decode()
    text = text[text.index("<svg") :]
    text = re.sub(r"<metadata>.*?</metadata>", "", text, flags=re.DOTALL)
    for colour, name in CLASSES.items():
        text = re.sub(re.escape(colour), f"var(--drawing-{name})", text, flags=re.IGNORECASE)
    # The page sets the size; the view box keeps the shape.
    return re.sub(
        r'(<svg[^>]*?) width="[^"]*"', r"\1", re.sub(r'(<svg[^>]*?) height="[^"]*"', r"\1", text)
    )
