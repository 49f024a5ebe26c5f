"""What optimising a proxy does to a gold score, on pairs whose answer is known."""

from __future__ import annotations

from math import sqrt

import numpy as np
import pytest

from verify.errors import InputError
from verify.tails.consequences.gold import Gold, gold_of

N = 40000


@pytest.fixture(scope="module")
def overdone() -> Gold:
    """U normal, V = U - 0.3 U^2 + noise: E_l V = l - 0.3 (1 + l^2), largest at l = 5/3."""
    rng = np.random.default_rng(1)
    proxy = rng.standard_normal(N)
    return gold_of(proxy, proxy - 0.3 * proxy**2 + 0.5 * rng.standard_normal(N), resamples=20)


def test_the_tilted_means(overdone: Gold) -> None:
    assert overdone.tilts[0].tilt == 0.0 == overdone.tilts[0].kl
    for point in overdone.tilts:
        if point.effective < 500:
            continue
        tilt = point.tilt
        exact = tilt - 0.3 * (1 + tilt**2)
        assert point.gold.low is not None and point.gold.high is not None
        error = (point.gold.high - point.gold.low) / 2 / 1.96
        assert abs((point.gold.value or 0.0) - exact) < 4 * error + 0.01
        # l E_l U - K(l), of which both move with about l/sqrt(effective).
        assert point.kl == pytest.approx(tilt**2 / 2, abs=0.01 + 5 * tilt / sqrt(point.effective))
        # One over E w^2 for the normal law is e^(-l^2).
        assert point.effective == pytest.approx(N * np.exp(-(tilt**2)), rel=0.35)


def test_few_answers_are_marked(overdone: Gold) -> None:
    last = overdone.tilts[-1]
    assert not last.reliable and last.gold.low is None and "too few" in last.gold.because
    assert overdone.tilts[0].reliable


def test_where_the_covariance_turns(overdone: Gold) -> None:
    """Cov_l(U, V) = 1 - 0.6 l: at l = 5/3, where the KL divergence is 25/18."""
    assert overdone.turn.value == pytest.approx(25 / 18, rel=0.1)
    assert overdone.turn.low is not None and overdone.turn.high is not None
    assert overdone.turn.value is not None
    assert overdone.turn.low <= overdone.turn.value <= overdone.turn.high
    best = max(point.gold.value or 0.0 for point in overdone.tilts if point.reliable)
    at_turn = 5 / 3 - 0.3 * (1 + 25 / 9)
    assert best == pytest.approx(at_turn, abs=0.05)


def test_the_covariance_is_the_slope(overdone: Gold) -> None:
    """d/dl E_l V = Cov_l(U, V): by differences along the path, from the sample alone."""
    for before, after in zip(overdone.tilts[1:8], overdone.tilts[2:9], strict=True):
        slope = ((after.gold.value or 0) - (before.gold.value or 0)) / (after.tilt - before.tilt)
        ends = sorted([before.covariance.value or 0.0, after.covariance.value or 0.0])
        assert ends[0] - 0.01 <= slope <= ends[1] + 0.01


def test_best_of_n_and_the_fit(overdone: Gold) -> None:
    assert overdone.best_of[0].n == 1
    assert overdone.best_of[0].mean == pytest.approx(-0.3, abs=0.03)
    assert overdone.fit is not None and {fit.form.name for fit in overdone.fit.fits} == {
        "best-of-n",
        "rl",
    }


def test_a_gold_score_that_is_never_overdone() -> None:
    rng = np.random.default_rng(2)
    proxy = rng.standard_normal(N)
    gold = 0.6 * proxy + 0.8 * rng.standard_normal(N)
    found = gold_of(proxy, gold, resamples=5)
    assert found.turn.value is None and "no turn seen up to" in found.turn.because
    for point in found.tilts:
        if point.reliable:
            error = 5 / sqrt(point.effective)
            assert point.gold.value == pytest.approx(0.6 * point.proxy, abs=error)


def test_the_best_of_n_may_turn_where_no_tilt_is_seen_to() -> None:
    """A normal gold score and a Student error: tilts run out of answers before the best of n."""
    rng = np.random.default_rng(42)
    gold = rng.standard_normal(10**4)
    found = gold_of(gold + rng.standard_t(2.5, 10**4), gold, resamples=2)
    best = found.best_of_turn
    assert found.turn.value is None and "no turn seen up to KL" in found.turn.because
    assert best.value is not None and 4 <= best.value <= 32
    assert best.low == best.value / 2 and best.high == 2 * best.value
    assert "clearly by n = " in best.because
    assert found.as_json()["turn"]["best_of_n"]["value"] == repr(best.value)


def test_a_best_of_n_that_rises_or_falls_by_chance() -> None:
    rng = np.random.default_rng(5)
    proxy, noise = rng.standard_normal((2, 4000))
    rising = gold_of(proxy, proxy + noise, resamples=2).best_of_turn
    assert rising.value is None and rising.because.startswith("no turn seen up to n = 64")
    # Noise alone: some n has the largest mean, and the next ones are lower, but by chance.
    unclear = gold_of(proxy, noise, resamples=2).best_of_turn
    assert "clearly by" not in unclear.because
    falling = gold_of(proxy, noise - proxy, resamples=2).best_of_turn
    assert falling.value == 1.0 and falling.because.endswith("clearly by n = 2")
    few = gold_of(proxy[:60], noise[:60]).best_of_turn
    assert few.value is None and "too few for the best of 2" in few.because


def test_the_curve_of_the_best_of_n_has_its_errors(overdone: Gold) -> None:
    for found, kl, mean in overdone.best_of_curve:
        assert kl == pytest.approx(np.log(found.n) - 1 + 1 / found.n)
        assert mean.low is not None and mean.high is not None and found.standard_error is not None
        assert (mean.high - mean.low) / 3.92 == pytest.approx(found.standard_error, rel=1e-3)


def test_a_gold_score_against_the_proxy() -> None:
    rng = np.random.default_rng(3)
    proxy = rng.standard_normal(500)
    found = gold_of(proxy, -proxy, resamples=5)
    assert found.turn.value == 0.0 and "clearly" in found.turn.because


def test_few_answers_are_not_fitted() -> None:
    rng = np.random.default_rng(3)
    found = gold_of(rng.standard_normal(60), rng.standard_normal(60))
    assert found.fit is None and "fewer than 400" in found.warnings[0]
    # Of a covariance that rests on so few nothing is said, not that it is positive.
    assert found.turn.value is None and "neither does the base policy" in found.turn.because


def test_what_does_not_fit_together() -> None:
    with pytest.raises(InputError, match="a gold score for each draw"):
        gold_of(np.arange(3.0), np.arange(2.0))
    with pytest.raises(InputError, match="the rewards are all equal, so that no optimisation"):
        gold_of(np.ones(5), np.arange(5.0))
    with pytest.raises(InputError, match="the gold scores are all equal, so that no optimisation"):
        gold_of(np.arange(5.0), np.ones(5))
    with pytest.raises(InputError, match="not finite"):
        gold_of(np.arange(3.0), np.array([0.0, np.nan, 1.0]))
