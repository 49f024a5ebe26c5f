"""The figures of the site, drawn when it is built, from certified numbers: one module a page.

Each module draws with :mod:`docs.figures.canvas` and lists its figures as ``FIGURES``.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from matplotlib import rc_context

from docs.figures import (
    calibration,
    concepts,
    consequences,
    decay_rate,
    dependence_sweep,
    experiments,
    footnote,
    mitigations,
    overoptimization,
    penalties,
    phases,
    prompts,
    real_models,
    tail_estimators,
    theorem_1,
    theorem_2,
    theorem_3,
    theorem_4,
    theorem_5,
    theorem_6,
    thresholds,
)
from docs.figures.canvas import BITS
from verify.enclosure import working_precision
from verify.inline_svg import STYLE, svg_of

MODULES = (
    concepts,
    theorem_1,
    theorem_2,
    theorem_3,
    theorem_4,
    theorem_5,
    theorem_6,
    decay_rate,
    footnote,
    dependence_sweep,
    prompts,
    mitigations,
    penalties,
    phases,
    overoptimization,
    tail_estimators,
    thresholds,
    calibration,
    consequences,
    real_models,
    experiments,
)

FIGURES: dict[str, Callable[[], Any]] = {
    name: draw for module in MODULES for name, draw in module.FIGURES.items()
}
"""The figures that a page can name."""


def svg(name: str) -> str:
    """A figure by its name.

    Raises
    ------
    KeyError
        If there is none of that name.
    """
    with rc_context(STYLE), working_precision(BITS):
        return svg_of(FIGURES[name]())


def source(name: str) -> str:
    """The file that draws a figure; the site is built again where it changed."""
    (path,) = (module.__file__ for module in MODULES if name in module.FIGURES)
    assert path is not None
    return path
