"""The estimators of the tail against plain numpy, and against the peers that are installed.

Run by ``make bench``. The floors are written here, in the plainest numpy that gives the same
numbers, and timed in turn with ours. The aims: the Hill and the moment path over all
``k <= n / 10`` at n = 10**7 within 1.5 times the floor, and the GPD fit on the top 1 % within
2 times a plain search of the one-dimensional likelihood. Peers are given the same top rewards.
"""

from __future__ import annotations

import importlib.util
import warnings
from collections.abc import Callable
from time import perf_counter
from typing import Any

import numpy as np
import pytest
from scipy.optimize import minimize_scalar

from verify.tails.estimators import (
    fit_gpd,
    hill_path,
    kernel_path,
    mean_excess,
    moment_path,
    pickands_path,
    port_hill_path,
    probability_weighted_path,
    profile_interval,
)
from verify.tails.upper_tail import UpperTail

N, REPEATS = 10**7, 9
PATH_AIM, GPD_AIM = 1.5, 2.0


def plain_hill(values: np.ndarray) -> np.ndarray:
    logs = np.log(values)
    k = np.arange(1, len(values))
    return np.cumsum(logs[:-1]) / k - logs[1:]


def plain_moment(values: np.ndarray) -> np.ndarray:
    logs = np.log(values)
    k, last = np.arange(1, len(values)), logs[1:]
    mean = np.cumsum(logs[:-1]) / k
    square = np.cumsum(logs[:-1] ** 2) / k
    first, second = mean - last, square - 2 * last * mean + last**2
    with np.errstate(divide="ignore", invalid="ignore"):
        return first + 1 - 0.5 / (1 - first**2 / second)


def plain_gpd(excesses: np.ndarray) -> float:
    """One dimension, SciPy's bounded search between the bounds that a user would give."""

    def loss(theta: float) -> float:
        m = float(np.mean(np.log1p(theta * excesses)))
        return float(np.log(m / theta) + m)

    bounds = (1e-6 / excesses.mean(), 10 / excesses.mean())
    found = minimize_scalar(loss, bounds=bounds, method="bounded", options={"xatol": 1e-9})
    return float(np.mean(np.log1p(found.x * excesses)))


def times_of(works: dict[str, Callable[[], Any]]) -> dict[str, float]:
    """The least milliseconds of each, all taken in turn."""
    found: dict[str, list[float]] = {name: [] for name in works}
    for _ in range(REPEATS):
        for name, work in works.items():
            start = perf_counter()
            work()
            found[name].append(1e3 * (perf_counter() - start))
    return {name: min(each) for name, each in found.items()}


@pytest.fixture(scope="module")
def tail() -> UpperTail:
    return UpperTail.of(np.random.default_rng(0).standard_t(3, N), N // 10 + 1)


def test_paths(tail: UpperTail) -> None:
    assert hill_path(tail).shape == pytest.approx(plain_hill(tail.values)[1:], rel=1e-6)
    assert moment_path(tail).shape[98:] == pytest.approx(
        plain_moment(tail.values)[99:], rel=1e-6, abs=1e-6
    )
    times = times_of(
        {
            "plain Hill": lambda: plain_hill(tail.values),
            "Hill": lambda: hill_path(tail),
            "plain moment": lambda: plain_moment(tail.values),
            "moment": lambda: moment_path(tail),
            "PORT-Hill": lambda: port_hill_path(tail),
            "kernel": lambda: kernel_path(tail),
            "Pickands": lambda: pickands_path(tail),
            "probability-weighted moments": lambda: probability_weighted_path(tail),
            "mean excess": lambda: mean_excess(tail),
        }
    )
    print(f"\npath over all k <= n / 10, n = {N:,}, given the largest rewards (ms):")
    for name, each in times.items():
        print(f"  {name:<30} {each:8.1f}")
    for name in ("Hill", "moment"):
        ratio = times[name] / times[f"plain {name}"]
        print(f"  {name}: {ratio:.2f} times plain numpy (aim: at most {PATH_AIM})")
        assert ratio <= PATH_AIM


def test_gpd(tail: UpperTail) -> None:
    excesses = tail.excesses(N // 100)
    fit = fit_gpd(excesses)
    assert fit.shape == pytest.approx(plain_gpd(excesses), abs=1e-5)
    times = times_of(
        {
            "plain": lambda: plain_gpd(excesses),
            "fit": lambda: fit_gpd(excesses),
            "interval": lambda: profile_interval(excesses, fit=fit),
        }
    )
    ratio = times["fit"] / times["plain"]
    print(f"\nGPD on the top 1 % of {N:,}: plain one-dimensional search {times['plain']:.1f} ms,")
    print(f"  ours {times['fit']:.1f} ms: {ratio:.2f} times (aim: at most {GPD_AIM});")
    print(f"  the profile-likelihood interval {times['interval']:.1f} ms more")
    assert ratio <= GPD_AIM


def test_peers(tail: UpperTail) -> None:
    """On the 10**5 largest: paths of tailestim, and one power-law fit of powerlaw."""
    k = N // 100
    values = tail.values[: k + 1]
    top = UpperTail(values, N)
    start = perf_counter()
    ours = hill_path(top)
    ours_ms = 1e3 * (perf_counter() - start)
    start = perf_counter()
    ours_moment = moment_path(top)
    moment_ms = 1e3 * (perf_counter() - start)
    print(f"\npaths on the {k:,} largest: ours Hill {ours_ms:.1f} ms, moment {moment_ms:.1f} ms")
    if importlib.util.find_spec("tailestim"):
        import tailestim

        for peer, path in (
            (tailestim.HillEstimator, ours),
            (tailestim.MomentsEstimator, ours_moment),
        ):
            estimator = peer(bootstrap=False)
            start = perf_counter()
            estimator.fit(values)
            took = 1e3 * (perf_counter() - start)
            found = estimator.get_result()
            places = np.searchsorted(path.k, [1000, 10_000])
            theirs = np.interp([1000, 10_000], found.k_arr_, found.xi_arr_)
            # Their k counts the threshold in or out: one step of the path, of 1 / k.
            assert path.shape[places] == pytest.approx(theirs, abs=2e-3)
            print(f"  tailestim {peer.__name__}: {took:.1f} ms")
    if importlib.util.find_spec("powerlaw"):
        import powerlaw

        start = perf_counter()
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            fit = powerlaw.Fit(
                values[:-1], xmin=values[-1], parameter_ranges={"alpha": (1.01, 20)}, verbose=0
            )
            index = float(fit.power_law.alpha) - 1
        took = 1e3 * (perf_counter() - start)
        print(f"  powerlaw.Fit at one threshold: {took:.1f} ms, shape {1 / index:.6f}")
        assert 1 / index == pytest.approx(float(ours.shape[-1]), rel=1e-2)
