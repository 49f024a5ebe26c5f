"""The two forms and their fits: closed forms, second routes, coverage, and what is warned of."""

from __future__ import annotations

from dataclasses import replace
from functools import partial
from itertools import pairwise, permutations
from math import exp, log
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from theorems.overoptimization.fitted import MODELS
from verify.errors import InputError
from verify.overoptimization.data import CurveData
from verify.overoptimization.fit import fit_curve
from verify.overoptimization.forms import (
    BEST_OF_N,
    FORMS,
    RL,
    Form,
    best_of_n_kl,
    decimal_of_log,
    log_n_of_kl,
)
from verify.overoptimization.least_squares import few_runs, fit_linear, full_rank, resampled
from verify.overoptimization.plot import plot_fit

Floats = Any
KLS = np.linspace(0, 9, 25)


def curve(gold: Floats, kl: Floats = KLS, **more: Any) -> CurveData:
    """Points as if they were read."""
    columns = {"kl": "kl", "gold": "gold", "error": "gold_se"}
    return CurveData("curve.csv", columns, (), kl, np.asarray(gold), **more)


def noisy(form: str, alpha: float, beta: float, noise: float, seed: int) -> CurveData:
    """A form at d, with base 1 and normal noise."""
    rng = np.random.default_rng(seed)
    gold = 1 + FORMS[form].value(KLS**0.5, alpha, beta) + noise * rng.standard_normal(len(KLS))
    return curve(gold)


# ---------------------------------------------------------------- forms


@given(st.floats(0.01, 5), st.floats(0.05, 5))
def test_no_d_beats_the_peak(alpha: float, beta: float) -> None:
    for form in FORMS.values():
        place = form.peak(alpha, beta)
        assert place is not None
        around = place * np.linspace(0, 3, 301)
        values = form.value(around, alpha, beta)
        # Rounding of terms of this size, of which the value is a difference.
        slack = 1e-14 * float(np.abs(alpha * around).max() + np.abs(values).max())
        assert form.value(np.array([place]), alpha, beta)[0] >= values.max() - slack


def test_without_a_downturn_there_is_no_peak() -> None:
    for form in FORMS.values():
        assert form.peak(1.0, 0.0) is None and form.peak(1.0, -0.1) is None
    assert BEST_OF_N.peak(-1.0, 1.0) is None  # it falls from the start
    assert RL.peak(-1.0, 1.0) == pytest.approx(exp(-2))  # this one rises first, whatever alpha
    assert RL.peak(1.0, 1e-4) is None and BEST_OF_N.peak(1.0, 5e-324) is None  # beyond float64


@given(st.floats(1e-12, 1e6))
def test_n_of_a_kl_inverts_its_kl(kl: float) -> None:
    from mpmath import mp, mpf

    log_n = log_n_of_kl(kl)
    with mp.workdps(40):
        x = mpf(log_n)
        back = x - 1 + mp.exp(-x)
        # Near 0, KL is x^2/2, and x is good to an ulp or two.
        assert abs(back / mpf(kl) - 1) < 1e-14


def test_n_of_a_kl_by_lambert() -> None:
    from scipy.special import lambertw

    for n in (2, 10, 1000, 10**6):
        kl = float(best_of_n_kl(np.array([float(n)]))[0])
        assert exp(log_n_of_kl(kl)) == pytest.approx(n, rel=1e-12)
        assert -1 / lambertw(-exp(-1 - kl)).real == pytest.approx(n, rel=1e-7)
    assert log_n_of_kl(0) == 0


def test_a_large_n_is_written() -> None:
    assert decimal_of_log(log(1000)) == "1000"
    assert decimal_of_log(3000 * log(10) + log(2.5)) == "2.5e+3000"


# ---------------------------------------------------------------- least squares


@given(st.floats(-3, 3), st.floats(-3, 3), st.floats(-3, 3), st.sampled_from(sorted(FORMS)))
def test_exact_data_give_the_parameters_back(
    alpha: float, beta: float, base: float, name: str
) -> None:
    gold = base + FORMS[name].value(KLS**0.5, alpha, beta)
    for fixed in (None, base):
        (found,) = fit_curve(curve(gold), [name], base=fixed).fits
        # Condition numbers of the columns here are below 100.
        assert found.alpha.value == pytest.approx(alpha, abs=1e-12)
        assert found.beta.value == pytest.approx(beta, abs=1e-12)
        assert found.base_value == pytest.approx(base, abs=1e-12)
        assert found.deviation < 1e-13
        assert found.peak is None or found.beta.value > 0


def with_base(form: Form, d: Floats, alpha: float, beta: float, base: float) -> Floats:
    """As ``curve_fit`` wants it."""
    return base + form.value(d, alpha, beta)


def test_scipy_agrees() -> None:
    """The same estimates, standard errors and intervals by ``scipy.optimize.curve_fit``."""
    from scipy.optimize import curve_fit
    from scipy.stats import t

    errors = 0.01 + 0.02 * np.arange(len(KLS)) / len(KLS)
    for name, form in FORMS.items():
        for sizes in (None, errors):
            data = noisy(name, 1.1, 0.2, 0.02, 1)
            data = curve(data.gold, error=sizes)
            if sizes is not None:
                data.columns["error"] = "gold_se"
            (found,) = fit_curve(data, [name]).fits
            values, covariance = curve_fit(
                partial(with_base, form),
                KLS**0.5,
                data.gold,
                sigma=sizes,
                absolute_sigma=sizes is not None,
            )
            quantile = 1.959963984540054 if sizes is not None else t.ppf(0.975, len(KLS) - 3)
            for number, value, variance in zip(
                (found.alpha, found.beta, found.base), values, np.diag(covariance), strict=True
            ):
                # curve_fit stops at relative steps of 1e-8, and takes a numerical Jacobian.
                assert not isinstance(number, float)
                assert number.value == pytest.approx(value, abs=1e-6)
                assert number.standard_error == pytest.approx(variance**0.5, rel=1e-4)
                assert number.high - number.value == pytest.approx(
                    quantile * variance**0.5, rel=1e-4
                )


def test_intervals_cover_as_often_as_they_say() -> None:
    """1,000 curves: 950 intervals of each kind cover the truth, give or take."""
    hits = {"alpha": 0, "beta": 0, "peak": 0}
    rng = np.random.default_rng(2)
    clean = 1 + BEST_OF_N.value(KLS**0.5, 1.0, 0.2)
    for noise in 0.05 * rng.standard_normal((1000, len(KLS))):
        (found,) = fit_curve(curve(clean + noise), ["best-of-n"]).fits
        hits["alpha"] += found.alpha.low <= 1.0 <= found.alpha.high
        hits["beta"] += found.beta.low <= 0.2 <= found.beta.high
        assert found.peak is not None
        assert found.peak.low is not None and found.peak.high is not None
        hits["peak"] += found.peak.low <= 2.5 <= found.peak.high
    # The count's standard deviation is sqrt(1000 * 0.95 * 0.05) = 6.9; six of these are 41.
    assert all(909 <= count <= 991 for count in hits.values()), hits


def test_the_bootstrap_is_close_to_least_squares() -> None:
    kl = np.linspace(0, 9, 400)
    noise = 0.05 * np.random.default_rng(3).standard_normal(400)
    data = curve(BEST_OF_N.value(kl**0.5, 1.0, 0.2) + noise, kl)
    (exact,) = fit_curve(data, ["best-of-n"]).fits
    (drawn,) = fit_curve(data, ["best-of-n"], resamples=2000, seed=1).fits
    assert drawn.alpha.value == exact.alpha.value
    # Both are right for many rows. The spread of 400 residuals is good to 1/sqrt(800) = 3.5 %, in
    # the rows that matter to a few times that; six of the former are 21 %.
    ratio = drawn.beta.standard_error / exact.beta.standard_error
    assert 0.79 < ratio < 1.21
    assert drawn.peak is not None and drawn.peak.low is not None and drawn.peak.high is not None
    assert drawn.peak.low < drawn.peak.d < drawn.peak.high
    again = fit_curve(data, ["best-of-n"], resamples=2000, seed=1).fits[0]
    assert again.to_dict() == drawn.to_dict()


def test_a_bootstrap_by_hand() -> None:
    """The resampled parameters are those of the rows drawn."""
    columns = np.stack([KLS, np.ones_like(KLS)], axis=1)
    values = np.random.default_rng(5).standard_normal(len(KLS))
    drawn = resampled(columns, values, None, 70, seed=9)
    rng = np.random.default_rng(9)
    rows = len(KLS)
    counts = np.concatenate(
        [rng.multinomial(rows, np.full(rows, 1 / rows), size=size) for size in (64, 6)]
    )
    for count, found in zip(counts, drawn, strict=True):
        chosen = np.repeat(np.arange(rows), count)
        by_hand = np.linalg.lstsq(columns[chosen], values[chosen], rcond=None)[0]
        assert found == pytest.approx(by_hand, abs=1e-10)


def test_a_ratio_that_may_be_infinite_has_no_interval() -> None:
    fit = fit_linear(np.stack([KLS, np.ones_like(KLS)], axis=1), 0.001 * KLS, None, 0.95)
    assert fit.ratio(0, 1) is None  # the second is 0


def test_rank() -> None:
    assert full_rank(np.stack([KLS, KLS**2], axis=1))
    assert not full_rank(np.stack([KLS, 2 * KLS], axis=1))
    assert not full_rank(np.stack([KLS, 0 * KLS], axis=1))


@pytest.mark.parametrize("signs", ["++--", "+-+-+-", "++++---", "+++--+", "+-", "+++"])
def test_chances_of_runs_by_enumeration(signs: str) -> None:
    def runs(order: tuple[str, ...]) -> int:
        return 1 + sum(one != other for one, other in pairwise(order))

    orders = set(permutations(signs))
    expected = sum(runs(order) <= runs(tuple(signs)) for order in orders) / len(orders)
    values = np.array([1.0 if sign == "+" else -1.0 for sign in signs])
    assert few_runs(values) == pytest.approx(expected)


def test_the_chance_of_runs_in_a_long_file() -> None:
    # Exact numbers would have 10^5 digits each here; half the orders have fewer runs than usual.
    signs = np.random.default_rng(0).choice([-1.0, 1.0], 10**6)
    assert 0.01 < few_runs(signs) < 0.99
    assert few_runs(np.sort(signs)) == 0.0


# ---------------------------------------------------------------- what is made of it


def test_the_right_form_is_preferred() -> None:
    for name, other in (("best-of-n", "rl"), ("rl", "best-of-n")):
        answer = fit_curve(noisy(name, 1.0, 0.3, 0.005, 4))
        assert answer.comparison is not None
        assert answer.comparison.startswith(f"{name} fits better")
        assert any(warning.startswith(f"{other}: residuals") for warning in answer.warnings)
        assert not any(warning.startswith(f"{name}: residuals") for warning in answer.warnings)


def test_noise_hides_the_difference() -> None:
    answer = fit_curve(noisy("rl", 1.0, 0.1, 2.0, 5))
    assert answer.comparison is not None and "not told apart" in answer.comparison
    assert any("beta is not told from 0" in warning for warning in answer.warnings)
    peak = answer.fits[0].peak
    assert peak is None or peak.high is None


def test_exact_forms_compare() -> None:
    line = fit_curve(curve(2 * KLS**0.5))
    assert line.comparison == "the two forms fit equally well"
    exact_curve = fit_curve(curve(BEST_OF_N.value(KLS**0.5, 1.0, 0.2)))
    assert exact_curve.comparison == "best-of-n fits without residuals, rl does not"
    assert exact_curve.to_dict()["fits"][0]["aic"] is None  # JSON has no infinity


def test_what_is_warned_of() -> None:
    few = KLS[1:9:2]
    short = fit_curve(curve(BEST_OF_N.value(few**0.5, 1.0, 0.05), few), ["best-of-n"])
    assert any(warning.startswith("few points: 4 rows leave 1") for warning in short.warnings)
    assert any("is extrapolated: the largest KL" in warning for warning in short.warnings)
    rising = fit_curve(curve(BEST_OF_N.value(KLS**0.5, 1.0, -0.2)), ["best-of-n"])
    assert rising.fits[0].peak is None
    assert any("bends upwards and has no peak" in warning for warning in rising.warnings)
    shifted = fit_curve(noisy("best-of-n", 1.0, 0.2, 0.01, 6), ["best-of-n"], base=0.5)
    assert any("gold score at KL 0" in warning for warning in shifted.warnings)
    fine = fit_curve(noisy("best-of-n", 1.0, 0.3, 0.01, 7), ["best-of-n"], base=1.0)
    assert fine.warnings == ()


NO_FALL = (
    "no row falls clearly below an earlier one: the peak comes from the form, not from the data"
)


def test_a_peak_that_only_the_form_has_is_warned_of() -> None:
    """The exact curve of independent exponential error and normal utility rises for ever to 1."""
    kls, gains = zip(*MODELS["exponential-best"].points(), strict=True)
    kl = np.array([0.0, *map(float, kls)])
    silent = 0
    for seed in range(20):
        gold = [0.0, *map(float, gains)] + 0.01 * np.random.default_rng(seed).standard_normal(15)
        answer = fit_curve(curve(gold, kl))
        assert all(fit.peak is not None and fit.peak.d < kl[-1] ** 0.5 for fit in answer.fits)
        assert NO_FALL in answer.warnings
        known = fit_curve(curve(gold, kl, error=np.full(len(kl), 0.01)))
        silent += NO_FALL not in known.warnings
    # Of ten rows on the level part some pair is told apart by chance in 4 % of all draws (200 were
    # tried), so that 4 of 20 would be in 1 %.
    assert silent < 4
    saturating = 1 - np.exp(-2 * kl**0.5) + 0.005 * np.random.default_rng(0).standard_normal(15)
    assert NO_FALL in fit_curve(curve(saturating, kl)).warnings


def test_a_peak_that_the_data_have_is_not_warned_of() -> None:
    for form in FORMS:
        assert NO_FALL not in fit_curve(noisy(form, 1.0, 0.7, 0.01, 9)).warnings
    beyond = fit_curve(noisy("best-of-n", 1.0, 0.1, 0.001, 9), ["best-of-n"])
    assert beyond.fits[0].peak is not None and NO_FALL not in beyond.warnings


@pytest.mark.parametrize(
    ("kl", "last", "errors", "falls"),
    [
        ([0, 1, 2, 3, 4], 0.79, None, True),
        ([0, 1, 2, 3, 4], 0.81, None, False),
        ([0, 1, 2, 4, 3], 0.79, None, False),  # in the order of KL nothing falls
        ([0, 1, 4, 4, 4], 0.79, None, False),  # of equal KL none is earlier
        ([0, 1, 2, 3, 4], 0.79, [0.1, 0.1, 0.1, 0.051, 0.056], False),
        ([0, 1, 2, 3, 4], 0.79, [0.1, 0.1, 0.1, 0.051, 0.052], True),
    ],
)
def test_what_falls_clearly(
    kl: list[float], last: float, errors: list[float] | None, falls: bool
) -> None:
    """Two standard errors about 1 and about the last score leave a gap, or overlap."""
    from verify.overoptimization.fit import _falls_clearly

    error = None if errors is None else np.array(errors)
    data = curve([0.1, 0.5, 0.9, 1.0, last], np.array(kl, dtype=float), error=error)
    fit = fit_curve(noisy("rl", 1.0, 0.5, 0.1, 2)).fits[0]
    assert _falls_clearly(data, [replace(fit, deviation=0.051)]) is falls


def test_a_form_that_is_clearly_worse_is_marked() -> None:
    clear = fit_curve(noisy("best-of-n", 1.0, 0.3, 0.005, 4))
    assert clear.outdone == "rl" and clear.to_dict()["outdone"] == "rl"
    assert fit_curve(noisy("rl", 1.0, 0.1, 2.0, 5)).outdone is None
    assert fit_curve(curve(BEST_OF_N.value(KLS**0.5, 1.0, 0.2))).outdone == "rl"
    close = fit_curve(noisy("best-of-n", 1.0, 0.3, 0.13, 3))
    gap = close.fits[1].criterion - close.fits[0].criterion
    assert 2 < gap < 10 and close.outdone is None


@pytest.mark.parametrize(
    ("name", "alpha", "beta", "says"),
    [
        ("rl", 200.0, 0.5, "rl: the peak is beyond any KL that float64 holds"),  # d = exp(399)
        ("best-of-n", -1.0, 0.5, "best-of-n: the fitted form falls from KL 0 on"),
        ("best-of-n", 1.0, -0.5, "best-of-n: beta is below 0"),
    ],
)
def test_why_there_is_no_peak(name: str, alpha: float, beta: float, says: str) -> None:
    answer = fit_curve(noisy(name, alpha, beta, 0.001, 5), (name,))
    assert answer.fits[0].peak is None
    assert any(warning.startswith(says) for warning in answer.warnings)


def test_the_proxy_has_a_base_of_its_own() -> None:
    answer = fit_curve(curve(KLS**0.5, proxy=5 + 2 * KLS**0.5), base=0.0)
    assert [(fit.form.name, fit.score) for fit in answer.fits] == [
        ("best-of-n", "gold"),
        ("rl", "gold"),
        ("best-of-n", "proxy"),
        ("rl", "proxy"),
    ]
    assert answer.fits[2].base_value == pytest.approx(5)
    assert answer.fits[0].base == 0


@pytest.mark.parametrize(
    ("kl", "options", "says"),
    [
        ([0.1, 0.2, 0.3], {}, "3 rows for 3 parameters; expected 4 or more (with --base"),
        ([0.1, 0.2], {"base": 0.0}, "2 rows for 2 parameters; expected 3 or more"),
        ([0.1, 0.1, 0.1, 0.2], {}, "2 different KL divergences cannot determine 3 parameters"),
        ([1.0, 1.0, 1.0, 1.0], {"base": 0.0}, "1 different KL divergence cannot determine 2"),
        ([1.0], {}, "1 row for 3 parameters; expected 4 or more (with --base"),
    ],
)
def test_too_little_is_refused(kl: list[float], options: dict[str, Any], says: str) -> None:
    with pytest.raises(InputError) as refused:
        fit_curve(curve(np.arange(len(kl)), np.array(kl)), **options)
    assert says in str(refused.value)


def test_too_little_for_a_bootstrap_is_refused() -> None:
    kl = np.array([0.1, 0.1, 0.1, 1.0, 2.0])  # most resamples lack one of the last two, or both
    with pytest.raises(InputError, match="too few rows for a bootstrap"):
        fit_curve(curve(kl**0.5, kl), resamples=200)


def test_planted_covariance_is_noticed(monkeypatch: pytest.MonkeyPatch) -> None:
    """Were standard errors half as large, the intervals would not cover."""
    from verify.overoptimization import fit as module

    right = module.fit_linear

    def wrong(*arguments: Any) -> Any:
        found = right(*arguments)
        return replace(found, covariance=found.covariance / 4)

    monkeypatch.setattr(module, "fit_linear", wrong)
    with pytest.raises(AssertionError):
        test_intervals_cover_as_often_as_they_say()


def test_the_picture_shows_points_fits_and_residuals(tmp_path: Path) -> None:
    from matplotlib.figure import Figure

    from verify.overoptimization.plot import _figure

    data = noisy("best-of-n", 1.0, 0.25, 0.02, 8)
    answer = fit_curve(curve(data.gold, proxy=KLS**0.5))
    figure = _figure(answer)
    assert isinstance(figure, Figure)
    above, below = figure.axes
    assert above.get_ylabel() == "score" and "KL in nats" in below.get_xlabel()
    drawn = [line.get_ydata() for line in below.get_lines()]
    assert any(np.array_equal(line, answer.fits[0].residuals) for line in drawn)
    plot_fit(answer, str(tmp_path / "fit.svg"))
    assert (tmp_path / "fit.svg").stat().st_size > 1000
