"""What the figures on prompts show is computed right, by closed forms."""

from __future__ import annotations

from math import sqrt
from typing import Any

import numpy as np
import pytest

from docs.figures import canvas, prompts
from verify.enclosure import working_precision


def curves(draw: Any) -> dict[str, tuple[list[float], list[float]]]:
    """Abscissas and ordinates of each line, by its label."""
    with working_precision(canvas.BITS):
        (axes,) = draw().axes
    return {
        str(line.get_label()): (
            np.asarray(line.get_xdata(), dtype=float).tolist(),
            np.asarray(line.get_ydata(), dtype=float).tolist(),
        )
        for line in axes.lines
    }


def test_normal_prompts_are_a_square_root() -> None:
    drawn = curves(prompts.quenched_against_pooled)
    budgets, quenched = drawn["over prompts: what a policy gains"]
    _, pooled = drawn["returns pooled"]
    assert budgets[0] == 0 and budgets[-1] == 2
    # 6.7 is the average of the squares 1, 4 and 25; frontiers are 1e-13 from the truth.
    assert quenched == pytest.approx([sqrt(2 * d * 6.7) for d in budgets], abs=1e-11)
    above = [p - q for p, q in zip(pooled, quenched, strict=True)]
    assert above[0] == 0 and min(above[1:]) > 0 and above == sorted(above)


def test_students_prompts_and_the_pooled_law() -> None:
    drawn = curves(prompts.students_prompts)
    budgets, best = drawn[r"over prompts: $\sqrt{6 d}$"]
    assert best == pytest.approx([sqrt(6 * d) for d in budgets], rel=1e-12)
    costs, means = drawn["the same returns pooled, reweighted"]
    assert costs[0] < 0.1 and means[0] > 10
