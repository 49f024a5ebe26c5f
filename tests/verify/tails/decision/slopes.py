"""Derivatives of a likelihood against differences of its values."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

STEP = 1e-5


def check_slopes(tail: Any, at: tuple[float, float]) -> None:
    """Gradient and Hessian at a point.

    Central differences err by the step squared times a third derivative, and by rounding over the
    step: 1e-4 of the largest entry has room for both.
    """
    first, last, bend, cross, end = tail._slopes(at)
    gradient, hessian = np.array([first, last]), np.array([[bend, cross], [cross, end]])
    for i, direction in enumerate(STEP * np.eye(2)):
        up, down = tuple(at + direction), tuple(at - direction)
        rise = (tail._value(up) - tail._value(down)) / (2 * STEP)
        assert rise == pytest.approx(gradient[i], abs=1e-4 * (1 + abs(gradient).max()))
        bends = np.subtract(tail._slopes(up)[:2], tail._slopes(down)[:2]) / (2 * STEP)
        np.testing.assert_allclose(bends, hessian[i], atol=1e-4 * (1 + abs(hessian).max()))
