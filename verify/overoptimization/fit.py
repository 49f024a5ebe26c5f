"""Fitting the two forms to a curve: estimates, intervals, peaks, and what to make of them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from math import inf, isfinite, sqrt
from typing import TYPE_CHECKING

from verify.decimals import counted
from verify.errors import InputError
from verify.overoptimization.answer import LEVEL, CurveFit, FormFit, Number, Peak, Score
from verify.overoptimization.data import CurveData
from verify.overoptimization.forms import FARTHEST, FORMS, Form
from verify.overoptimization.least_squares import (
    LinearFit,
    akaike,
    few_runs,
    fit_linear,
    full_rank,
    resampled,
)
from verify.overoptimization.samples import SampledCurve

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    Floats = NDArray[np.float64]

#: Rows less parameters from which intervals are not warned of.
FEW_FREE = 5
#: Signs of residuals in such runs, or fewer, happen by chance this rarely.
RARE = 0.01
#: Standard errors that none of twenty points is off by, but with a chance of 0.1 %.
FAR = 4.0
#: Forms whose Akaike criteria differ by less are not told apart.
CLOSE = 2.0
#: A form whose criterion is larger by more has a likelihood exp(-5), below 1 %, of that of the
#: other: where its peak is says nothing (Burnham and Anderson call such a form without support).
HOPELESS = 10.0
#: Standard errors around each of two scores; where they leave a gap the scores differ clearly. That
#: is 2.8 standard errors of the difference: of ten equal scores, hardly any two differ by as much.
CLEAR = 2.0
#: Resamples of which more than this share has no peak bound no peak from above.
TAIL = (1 - LEVEL) / 2


def fit_curve(
    data: CurveData,
    forms: Sequence[str] = tuple(FORMS),
    base: float | None = None,
    resamples: int = 0,
    seed: int = 0,
) -> CurveFit:
    """Fit forms to a curve by weighted least squares.

    Parameters
    ----------
    data : CurveData
        The points.
    forms : sequence of str
        ``best-of-n``, ``rl``, or both.
    base : float, optional
        The gold score of the base policy. Where it is not given it is a third parameter. That of
        the proxy is always one.
    resamples : int
        Of the rows, for intervals by the bootstrap; 0 for those of least squares. A
        :class:`SampledCurve` brings its own, of the answers.
    seed : int
        Of the resamples.

    Raises
    ------
    InputError
        If there are not more rows than parameters, or the KL divergences are too few or too close
        to determine them.
    """
    chosen = [FORMS[name] for name in forms]
    fits = [_fit(data, form, "gold", base, resamples, seed) for form in chosen]
    if data.proxy is not None:
        fits += [_fit(data, form, "proxy", None, resamples, seed) for form in chosen]
    gold = fits[: len(chosen)]
    comparison, outdone = None, None
    if len(gold) == 2:
        comparison, outdone = _comparison(data, gold[0], gold[1], base)
    return CurveFit(
        data,
        tuple(fits),
        _assumption(data, resamples),
        comparison,
        outdone,
        tuple(_warnings(data, gold, base)),
    )


def _fit(
    data: CurveData, form: Form, score: Score, base: float | None, resamples: int, seed: int
) -> FormFit:
    import numpy as np

    scores = data.gold if score == "gold" else data.proxy
    assert scores is not None
    errors = data.error if score == "gold" else None
    columns = _columns(data, form, base)
    _check_determined(data, columns)
    linear = fit_linear(columns, scores - (base or 0.0), errors, LEVEL)
    if isinstance(data, SampledCurve):
        drawn = (np.linalg.pinv(columns) @ (data.drawn[score] - (base or 0.0)).T).T
    else:
        drawn = resampled(columns, scores - (base or 0.0), errors, resamples, seed)
    if len(drawn) < resamples / 2:
        raise InputError(
            f"{data.path}: too few rows for a bootstrap: {resamples - len(drawn)} of {resamples} "
            "resamples do not determine the parameters"
        )
    numbers = [_number(linear, drawn, k) for k in range(len(linear.values))]
    at_base = numbers[2] if base is None else base
    return FormFit(
        form,
        score,
        numbers[0],
        numbers[1],
        at_base,
        _peak(form, linear, drawn, at_base),
        _deviation(linear),
        akaike(linear, errors is not None),
        linear.residuals,
        linear.rows_free,
        None if errors is None else linear.squares,
    )


def _columns(data: CurveData, form: Form, base: float | None) -> Floats:
    """What alpha, beta and the base, if it is not given, multiply."""
    import numpy as np

    d = data.d
    columns = [d, -form.second(d)] + ([np.ones(len(d))] if base is None else [])
    return np.stack(columns, axis=1)


def _deviation(fit: LinearFit) -> float:
    """The residual standard deviation, in the units of the score."""
    squares = float(fit.residuals @ fit.residuals) if fit.squares > 0 else 0.0
    return sqrt(squares / fit.rows_free)


def _check_determined(data: CurveData, columns: Floats) -> None:
    rows, parameters = columns.shape
    if rows <= parameters:
        raise InputError(
            f"{data.path}: {counted(rows, 'row')} for {counted(parameters, 'parameter')}; expected "
            f"{parameters + 1} or more"
            + (" (with --base NUMBER one fewer)" if parameters == 3 else "")
        )
    if not full_rank(columns):
        distinct = len(set(data.kl.tolist()))
        raise InputError(
            f"{data.path}: {counted(distinct, 'different KL divergence')} cannot determine "
            f"{counted(parameters, 'parameter')}; expected more of them, further apart"
        )


def _number(fit: LinearFit, drawn: Floats, k: int) -> Number:
    import numpy as np

    if not len(drawn):
        return Number(float(fit.values[k]), fit.standard_error(k), *fit.interval(k))
    low, high = np.quantile(drawn[:, k], [TAIL, 1 - TAIL])
    spread = float(drawn[:, k].std(ddof=1))
    return Number(float(fit.values[k]), spread, float(low), float(high))


def _peak(form: Form, fit: LinearFit, drawn: Floats, base: Number | float) -> Peak | None:
    """The peak, with an interval: that of ``alpha/beta`` carried over, or of the resamples."""
    import numpy as np

    alpha, beta = float(fit.values[0]), float(fit.values[1])
    place = form.peak(alpha, beta)
    if place is None:
        return None
    low: float | None = None
    high: float | None = None
    if len(drawn):
        places = np.array([form.peak(float(row[0]), float(row[1])) or inf for row in drawn])
        # Between two of them, not in between: some may be infinite.
        low, high = (float(np.quantile(places, q, method="nearest")) for q in (TAIL, 1 - TAIL))
    else:
        ratio = fit.ratio(0, 1)
        if ratio is not None:
            low, high = (max(0.0, form.peak_of_ratio(end)) for end in ratio)
    if high is None or high >= FARTHEST:
        low = high = None
    start = base.value if isinstance(base, Number) else base
    score = start + float(form.value(np.array([place]), alpha, beta)[0])
    return Peak(place, low, high, score)


# ---------------------------------------------------------------- what to make of it


def _assumption(data: CurveData, resamples: int) -> str:
    level = f"{100 * LEVEL:g} % intervals"
    if isinstance(data, SampledCurve):
        times = len(data.drawn["gold"])
        return f"{level}: the answers drawn anew {times} times; they assume independent answers"
    if resamples:
        return f"{level}: percentiles of {resamples} resamples; they assume independent rows"
    if data.error is not None:
        return (
            f"{level}: they assume the form, and independent normal errors of the sizes in "
            f"{data.columns['error']!r}"
        )
    return f"{level}: they assume the form, and independent normal errors of one size"


def _comparison(
    data: CurveData, one: FormFit, other: FormFit, base: float | None
) -> tuple[str, str | None]:
    """Which form the gold score prefers, and the name of the other if it is clearly worse."""
    if isinstance(data, SampledCurve):
        return _comparison_of_answers(data, one, other, base)
    if one.criterion == other.criterion:
        return "the two forms fit equally well", None
    better, worse = (one, other) if one.criterion < other.criterion else (other, one)
    gap = worse.criterion - better.criterion
    if gap < CLOSE:
        return f"the two forms are not told apart: AIC differs by {gap:.2g}", None
    outdone = worse.form.name if gap > HOPELESS else None
    if not isfinite(gap):
        return f"{better.form.name} fits without residuals, {worse.form.name} does not", outdone
    return f"{better.form.name} fits better: its AIC is lower by {gap:.3g}", outdone


def _comparison_of_answers(
    data: SampledCurve, one: FormFit, other: FormFit, base: float | None
) -> tuple[str, str | None]:
    """Which form is closer, and how often it is: points of the same answers have no likelihood."""
    import numpy as np

    curves = data.drawn["gold"].T - (base or 0.0)
    left = []
    for fit in (one, other):
        columns = _columns(data, fit.form, base)
        rest = curves - columns @ (np.linalg.pinv(columns) @ curves)
        left.append((rest**2).sum(axis=0))
    share = float((left[0] < left[1]).mean())
    better, worse, often = (one, other, share) if share >= 0.5 else (other, one, 1 - share)
    told = "is closer to the curve" if often >= LEVEL else "is not told from the other"
    text = f"{better.form.name} {told}: it leaves less in {100 * often:.0f} % of the resamples"
    return text, worse.form.name if often >= LEVEL else None


def _warnings(data: CurveData, fits: Sequence[FormFit], base: float | None) -> Iterator[str]:
    import numpy as np
    from scipy.stats import chi2

    free = fits[0].rows_free
    if data.disagreement is not None:
        yield data.disagreement
    if isinstance(data, SampledCurve):
        yield from _warnings_of_answers(data, fits)
    elif free < FEW_FREE:
        yield f"few points: {len(data.kl)} rows leave {free} to estimate the errors from"
    if base is not None and (at_base := data.kl == 0).any():
        mean = float(data.gold[at_base].mean())
        if abs(mean - base) > 3 * max(fit.deviation for fit in fits) and mean != base:
            yield f"the gold score at KL 0 is {mean:.4g}, and the base is given as {base:g}"
    inside = any(fit.peak is not None and fit.peak.d <= float(data.d.max()) for fit in fits)
    if inside and not _falls_clearly(data, fits):
        yield (
            "no row falls clearly below an earlier one: the peak comes from the form, not from "
            "the data"
        )
    order = np.argsort(data.kl, kind="stable")
    for fit in fits:
        name = fit.form.name
        if fit.beta.low <= 0 <= fit.beta.high:
            yield f"{name}: beta is not told from 0, so that there is a peak is not established"
        elif fit.peak is None:
            yield f"{name}: {_why_no_peak(fit)}"
        if fit.peak is not None and fit.peak.d > float(data.d.max()):
            yield (
                f"{name}: the peak, KL {fit.peak.kl:.3g}, is extrapolated: the largest KL in the "
                f"data is {float(data.kl.max()):.3g}"
            )
        if fit.chi_square is not None and chi2.sf(fit.chi_square, free) < RARE:
            yield (
                f"{name}: residuals are larger than the standard errors allow (chi-square "
                f"{fit.chi_square:.3g} for {free} degrees of freedom): either the form is not "
                "right or the errors are not, and the intervals do not cover that"
            )
        chance = few_runs(fit.residuals[order])
        if chance < RARE and fit.deviation > 0 and not isinstance(data, SampledCurve):
            yield (
                f"{name}: residuals of one sign come in runs (chance {chance:.1g}): the form is "
                "not right here, and the intervals do not cover that"
            )


def _falls_clearly(data: CurveData, fits: Sequence[FormFit]) -> bool:
    """Whether a gold score lies below one of less KL, with a gap between their errors.

    Where no standard errors are given that of each row is the residual standard deviation of the
    form that comes closest: what it leaves is noise, and where it is not right more than that.
    """
    import numpy as np

    if data.error is not None:
        errors = data.error
    elif isinstance(data, SampledCurve):
        errors = np.array([found.standard_error or 0.0 for found in data.estimates])
    else:
        errors = np.full(len(data.kl), min(fit.deviation for fit in fits))
    _, place = np.unique(data.kl, return_inverse=True)
    surely = np.full(place.max() + 1, -inf)  # what the rows of each KL are above
    np.maximum.at(surely, place, data.gold - CLEAR * errors)
    before = np.maximum.accumulate(np.concatenate([[-inf], surely[:-1]]))
    return bool((data.gold + CLEAR * errors < before[place]).any())


def _why_no_peak(fit: FormFit) -> str:
    if fit.beta.value < 0:
        return "beta is below 0: the fitted form bends upwards and has no peak"
    if fit.alpha.value > 0:
        return "the peak is beyond any KL that float64 holds"
    return "the fitted form falls from KL 0 on and has no peak"


def _warnings_of_answers(data: SampledCurve, fits: Sequence[FormFit]) -> Iterator[str]:
    if data.tied:
        yield (
            f"{data.tied} of {data.answers} answers tie with another in the proxy: the KL of the "
            "best of n is at most that used here"
        )
    for fit in fits:
        misses = [
            (abs(float(residual)) / found.standard_error, found.n)
            for residual, found in zip(fit.residuals, data.estimates, strict=True)
            if found.standard_error
        ]
        worst, n = max(misses, default=(0.0, 0))
        if worst > FAR:
            yield (
                f"{fit.form.name}: at n = {n} it is {worst:.2g} standard errors off: the form is "
                "not right here, and the intervals do not cover that"
            )
