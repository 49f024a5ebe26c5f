"""The convex fit of a head: against scipy's minimiser and a law that is known."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.optimize import minimize

from gpu_checks.reward_training.head_fit import fit_head, penalised
from verify.errors import InputError


def test_newton_agrees_with_another_minimiser(rng: np.random.Generator) -> None:
    difference = rng.standard_normal((60, 8)) + 0.3

    def objective(weight: np.ndarray) -> float:
        return float(np.log1p(np.exp(-difference @ weight)).mean() + 0.05 * weight @ weight)

    other = minimize(
        objective,
        np.zeros(8),
        method="Nelder-Mead",
        options={"maxfev": 20_000, "maxiter": 20_000, "xatol": 1e-10, "fatol": 1e-15},
    )
    found = penalised(difference, 0.1)
    # Near the least value the objective rises by at least 0.05 |step|^2.
    assert objective(found) <= other.fun + 1e-13
    assert np.abs(found - other.x).max() < (1e-12 / 0.05) ** 0.5


def test_separable_pairs_and_large_features_converge(rng: np.random.Generator) -> None:
    difference = np.abs(rng.standard_normal((30, 40))) * 1e3
    weight = penalised(difference, 1e-3)
    miss = 1 / (1 + np.exp(difference @ weight))
    gradient = 1e-3 * weight - difference.T @ miss / 30
    assert np.abs(gradient).max() < 1e-6 and (difference @ weight > 0).all()


def test_features_that_are_not_finite_do_not_pass() -> None:
    features = np.ones((4, 2, 3))
    features[2, 1, 0] = np.inf
    with pytest.raises(InputError, match="not finite"):
        fit_head(features, [0, 1, 0, 1])


def test_a_known_head_is_found(rng: np.random.Generator) -> None:
    truth = np.array([2.0, -1.0, 0.0, 0.5])
    features = rng.standard_normal((6000, 2, 4)) * np.array([1.0, 5.0, 1.0, 0.1])
    margin = (features[:, 0] - features[:, 1]) @ truth
    wrong = rng.random(6000) > 1 / (1 + np.exp(-margin))
    features[wrong] = features[wrong][:, ::-1]
    head = fit_head(features, [each % 5 for each in range(6000)], penalties=(1e-4, 1e-2, 10.0))
    # Five standard errors of the maximum likelihood, from its information; and a penalty of 1e-4
    # draws by less than that.
    assert head.penalty == 1e-4
    chance = 1 / (1 + np.exp(-margin))
    difference = features[:, 0] - features[:, 1]
    information = (difference.T * (chance * (1 - chance))) @ difference
    errors = np.sqrt(np.diag(np.linalg.inv(information)))
    assert (np.abs(head.weight - truth) < 5 * errors).all()
    assert head.validation_loss < np.log(2)


def test_noise_is_held_back(rng: np.random.Generator) -> None:
    features = rng.standard_normal((100, 2, 60))
    head = fit_head(features, [each % 5 for each in range(100)])
    assert head.penalty >= 10  # nothing is to be learned: the strongest penalties predict best


def test_a_feature_that_never_differs_gets_no_weight(rng: np.random.Generator) -> None:
    features = rng.standard_normal((50, 2, 3))
    features[:, :, 1] = 7.0
    assert fit_head(features, [each % 5 for each in range(50)]).weight[1] == 0
