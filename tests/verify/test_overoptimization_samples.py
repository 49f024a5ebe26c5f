"""The curve of best-of-n from scored answers: its points, its resamples, what is warned of."""

from __future__ import annotations

import numpy as np
import pytest

from tests.terminal import Terminal
from theorems.overoptimization.gaussian import largest
from verify.best_of.estimate import best_of_estimates
from verify.enclosure import working_precision
from verify.errors import InputError
from verify.overoptimization.data import CurveData
from verify.overoptimization.fit import fit_curve
from verify.overoptimization.forms import BEST_OF_N, best_of_n_kl
from verify.overoptimization.samples import curve_of_answers

SIZE = 800


def answers(seed: int, size: int = SIZE) -> tuple[np.ndarray, np.ndarray]:
    """Proxy and gold, jointly normal."""
    rng = np.random.default_rng(seed)
    gold = rng.standard_normal(size)
    return gold + rng.standard_normal(size), gold


def test_points_are_the_estimates() -> None:
    proxy, gold = answers(1)
    curve = curve_of_answers(proxy, gold, resamples=3)
    ns = [1, 2, 4, 8, 16]  # 16 * 50 = 800
    assert [found.n for found in curve.estimates] == ns
    assert curve.gold.tolist() == [found.mean for found in best_of_estimates(proxy, gold, ns)]
    assert curve.kl.tolist() == best_of_n_kl(np.array(ns, dtype=float)).tolist()
    assert curve.proxy is not None and curve.proxy[0] == pytest.approx(proxy.mean())


def test_resamples_by_hand() -> None:
    proxy, gold = answers(2)
    curve = curve_of_answers(proxy, gold, resamples=2, seed=7)
    rng = np.random.default_rng(7)
    for row in curve.drawn["gold"]:
        chosen = rng.integers(0, SIZE, SIZE)
        again = best_of_estimates(proxy[chosen], gold[chosen], [1, 2, 4, 8, 16], errors=False)
        assert row.tolist() == [found.mean for found in again]


def test_parameters_are_fitted_to_each_resample() -> None:
    proxy, gold = answers(3)
    curve = curve_of_answers(proxy, gold, resamples=40)
    answer = fit_curve(curve, ["best-of-n"], base=0.0)
    curves = (CurveData("x", {}, (), curve.kl, row) for row in curve.drawn["gold"])
    alphas = [fit_curve(each, ["best-of-n"], base=0.0).fits[0].alpha.value for each in curves]
    low, high = np.quantile(alphas, [0.025, 0.975])
    assert (answer.fits[0].alpha.low, answer.fits[0].alpha.high) == pytest.approx((low, high))
    assert answer.assumption.endswith("they assume independent answers")


def test_intervals_cover() -> None:
    """The truth is the fit to the exact curve, ``E max/sqrt 2``."""
    ns = [1, 2, 4, 8]
    with working_precision(64):
        exact = np.array([float(largest(n)) / 2**0.5 for n in ns])
    kl = best_of_n_kl(np.array(ns, dtype=float))
    truth = fit_curve(CurveData("x", {}, (), kl, exact), ["best-of-n"], base=0.0).fits[0]
    hits = 0
    for seed in range(40):
        curve = curve_of_answers(*answers(100 + seed, 400), resamples=60, seed=seed)
        found = fit_curve(curve, ["best-of-n"], base=0.0).fits[0]
        hits += found.alpha.low <= truth.alpha.value <= found.alpha.high
    # Percentiles of 60 resamples cover 93 % or so; 29 of 40 or fewer have a chance below 1e-4.
    assert hits >= 30


def test_what_is_warned_of() -> None:
    proxy, gold = answers(5)
    tied = fit_curve(curve_of_answers(np.round(proxy, 1), gold, resamples=20))
    assert any("answers tie with another in the proxy" in warning for warning in tied.warnings)
    bent = fit_curve(curve_of_answers(proxy, -np.exp(2 * proxy), resamples=20), base=50.0)
    assert any("standard errors off: the form is not right" in each for each in bent.warnings)
    fine = fit_curve(curve_of_answers(proxy, gold, resamples=20), ["best-of-n"])
    assert not any("standard errors off" in warning for warning in fine.warnings)
    assert not any(warning.startswith("few points") for warning in fine.warnings)


def test_the_closer_form_is_named_where_it_is() -> None:
    proxy, gold = answers(5)
    line = fit_curve(curve_of_answers(proxy, gold, resamples=50)).comparison
    assert line is not None and "is not told from the other: it leaves less in" in line
    proxy, gold = answers(9, 6400)
    curved = fit_curve(curve_of_answers(proxy, proxy - proxy**2 / 4, resamples=50)).comparison
    assert curved == "best-of-n is closer to the curve: it leaves less in 100 % of the resamples"


def test_errors_that_are_too_small_are_noticed() -> None:
    kl = np.linspace(0, 9, 20)
    gold = BEST_OF_N.value(kl**0.5, 1.0, 0.2)
    noise = 0.05 * np.random.default_rng(6).standard_normal(20)
    columns = {"kl": "kl", "gold": "gold", "error": "gold_se"}
    for size, warned in ((0.05, False), (0.01, True)):
        data = CurveData("x", columns, (), kl, gold + noise, None, np.full(20, size))
        answer = fit_curve(data, ["best-of-n"])
        assert any("larger than the standard errors allow" in each for each in answer.warnings) is (
            warned
        )


def test_too_few_answers_are_refused() -> None:
    with pytest.raises(InputError, match="399 answers; expected 400 or more"):
        curve_of_answers(*answers(1, 399))
    with pytest.raises(InputError, match="the proxy of draw 1 is not finite"):
        curve_of_answers(np.full(500, np.nan), np.zeros(500))
    with pytest.raises(InputError, match="expected 1 or more, got 0"):
        curve_of_answers(*answers(1), resamples=0)


def test_on_the_command_line(terminal: Terminal) -> None:
    proxy, gold = answers(8)
    rows = "".join(f"{x:.6f},{v:.6f}\n" for x, v in zip(proxy, gold, strict=True))
    with open("answers.csv", "w", encoding="utf-8") as file:
        file.write("proxy,gold\n" + rows)
    done = terminal("fit", "answers.csv", "--samples", "--form", "best-of-n")
    lines = done.out.splitlines()
    assert done.status == 0 and lines[0] == "best of n by proxy: 800 answers of answers.csv"
    assert lines[2].split() == ["n", "KL", "gold", "s.e.", "proxy"]
    assert [line.split()[0] for line in lines[3:8]] == ["1", "2", "4", "8", "16"]
    assert "the answers drawn anew 200 times" in done.out
    assert "--samples if each row is an answer" in terminal.refused("fit", "answers.csv")
    for option in ("--kl", "--n", "--gold-error"):
        says = terminal.refused("fit", "answers.csv", "--samples", option, "gold")
        assert says.startswith(f"{option}: with --samples rows are answers")
    missing = terminal.refused("fit", "answers.csv", "--samples", "--proxy", "x")
    assert "no column named 'x'" in missing
