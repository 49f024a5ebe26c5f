"""A linear Bradley-Terry head on fixed features: a convex problem, solved to the end."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from gpu_checks.reward_training.accuracy import log_loss
from verify.errors import InputError

#: Penalties that are tried, on features of unit spread.
PENALTIES = (0.1, 0.3, 1.0, 3.0, 10.0, 30.0, 100.0)
#: Newton's decrement squared, halved, bounds how far the objective is above its least value near
#: there. The objective is of order 1, and float64 keeps 16 digits of it.
TOLERANCE = 1e-12
STEPS = 100

Array = NDArray[np.float64]


@dataclass(frozen=True)
class Head:
    """A linear reward of features: ``weight @ feature``.

    Parameters
    ----------
    weight : array, shape (d,)
        On the features as they are.
    penalty : float
        What it was fitted with.
    validation_loss : float
        The log-loss of the cross-validation, in nats.
    """

    weight: Array
    penalty: float
    validation_loss: float


def fit_head(features: Array, folds: Sequence[int], penalties: Sequence[float] = PENALTIES) -> Head:
    """The maximum-likelihood head with a quadratic penalty, chosen by cross-validation.

    Parameters
    ----------
    features : array, shape (n, 2, d)
        Of the preferred answer of each pair, and of the other.
    folds : sequence of int, length n
        The fold that each pair is in. Each is predicted from the others.
    penalties : sequence of float
        Those to choose from, by the log-loss of the predictions.

    Raises
    ------
    InputError
        If a feature is not a finite number.
    """
    if not np.isfinite(features).all():
        raise InputError(
            "head: hidden states of the trunk are not finite numbers; take --dtype float32"
        )
    difference = features[:, 0] - features[:, 1]
    spread = np.sqrt(np.mean(difference**2, axis=0))
    scaled = difference / np.where(spread > 0, spread, 1)
    losses = [_cross_validated(scaled, np.asarray(folds), each) for each in penalties]
    best = int(np.argmin(losses))
    weight = penalised(scaled, penalties[best]) / np.where(spread > 0, spread, 1)
    return Head(weight, penalties[best], losses[best])


def _cross_validated(difference: Array, folds: NDArray[np.int64], penalty: float) -> float:
    margins = np.empty(len(difference))
    for fold in np.unique(folds):
        inside = folds == fold
        margins[inside] = difference[inside] @ penalised(difference[~inside], penalty)
    return log_loss(margins)


def penalised(difference: Array, penalty: float) -> Array:
    """The w of least ``mean log(1 + exp(-difference @ w)) + penalty |w|^2 / 2``.

    By Newton's method with steps halved until the objective falls enough. The problem is strictly
    convex, so there is one answer and no seed.

    Parameters
    ----------
    difference : array, shape (n, d)
        Features of the preferred answer minus those of the other.
    penalty : float
        Above 0.
    """
    n, d = difference.shape
    weight = np.zeros(d)
    for _ in range(STEPS):
        margin = difference @ weight
        miss = _logistic(-margin)
        gradient = penalty * weight - difference.T @ miss / n
        curvature = (difference.T * (miss * (1 - miss) / n)) @ difference + penalty * np.eye(d)
        step = np.linalg.solve(curvature, gradient)
        decrement = float(gradient @ step)
        if decrement / 2 <= TOLERANCE:
            return weight - step
        size = 1.0
        start = _objective(margin, weight, penalty)
        moved = difference @ step
        while not (
            _objective(margin - size * moved, weight - size * step, penalty)
            <= start - size * decrement / 4
        ):
            size /= 2
            if size < 1e-9:
                raise ArithmeticError("the fit of a head does not descend")
        weight = weight - size * step
    raise ArithmeticError(f"the fit of a head has not converged in {STEPS} steps")


def _objective(margin: Array, weight: Array, penalty: float) -> float:
    return log_loss(margin) + penalty * float(weight @ weight) / 2


def _logistic(x: Array) -> Array:
    return np.asarray(np.exp(-np.logaddexp(0.0, -x)))
