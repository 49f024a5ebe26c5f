"""The answer of a fit: estimates with intervals, peaks, residuals."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from math import isfinite
from typing import TYPE_CHECKING, Any, Literal

from verify.overoptimization.data import CurveData
from verify.overoptimization.forms import BEST_OF_N, Form, decimal_of_log, log_n_of_kl
from verify.overoptimization.samples import SampledCurve

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    Floats = NDArray[np.float64]

Score = Literal["gold", "proxy"]
#: The level of all intervals.
LEVEL = 0.95


@dataclass(frozen=True)
class Number:
    """An estimate with its standard error and its confidence interval.

    Attributes
    ----------
    value, standard_error, low, high : float
        In the units of what is estimated.
    """

    value: float
    standard_error: float
    low: float
    high: float

    def to_dict(self) -> dict[str, float]:
        """As JSON numbers."""
        return {
            "value": self.value,
            "standard_error": self.standard_error,
            "low": self.low,
            "high": self.high,
        }


@dataclass(frozen=True)
class Peak:
    """Where a fitted form is largest.

    Attributes
    ----------
    d : float
        ``sqrt KL`` there, in ``sqrt nats``.
    low, high : float or None
        Its confidence interval; both None where it is unbounded.
    score : float
        The fitted score there, that of the base policy included.
    """

    d: float
    low: float | None
    high: float | None
    score: float

    @property
    def kl(self) -> float:
        """In nats."""
        return self.d**2

    @property
    def n(self) -> str:
        """The n whose best-of-n has this KL, as text: it may be astronomical."""
        return decimal_of_log(log_n_of_kl(self.kl))


@dataclass(frozen=True, eq=False)
class FormFit:
    """One form fitted to one score.

    Attributes
    ----------
    form : Form
        Which form.
    score : str
        ``gold`` or ``proxy``.
    alpha, beta : Number
        The parameters; alpha in scores per ``sqrt nat``.
    base : Number or float
        The score of the base policy: estimated, or as it was given.
    peak : Peak or None
        None where the fitted form has none.
    deviation : float
        The residual standard deviation: root of the squares over rows less parameters.
    criterion : float
        Akaike's, up to a constant that both forms share.
    residuals : array
        Observed less fitted, row by row.
    rows_free : int
        Rows less parameters.
    chi_square : float or None
        The sum of squares in units of the standard errors, where those are given.
    """

    form: Form
    score: Score
    alpha: Number
    beta: Number
    base: Number | float
    peak: Peak | None
    deviation: float
    criterion: float
    residuals: Floats
    rows_free: int
    chi_square: float | None = None

    @property
    def base_value(self) -> float:
        """The score of the base policy."""
        return self.base.value if isinstance(self.base, Number) else self.base

    def at(self, d: Floats) -> Floats:
        """The fitted score at each d."""
        return self.base_value + self.form.value(d, self.alpha.value, self.beta.value)

    def to_dict(self) -> dict[str, Any]:
        """As JSON."""
        peak = self.peak
        return {
            "form": self.form.name,
            "score": self.score,
            "alpha": self.alpha.to_dict(),
            "beta": self.beta.to_dict(),
            "base": self.base.to_dict() if isinstance(self.base, Number) else self.base,
            "peak": None
            if peak is None
            else {
                "d": peak.d,
                "low": peak.low,
                "high": peak.high,
                "kl": peak.kl,
                "n": peak.n if self.form is BEST_OF_N else None,
                "score": peak.score,
            },
            "residual_deviation": self.deviation,
            "aic": self.criterion if isfinite(self.criterion) else None,
            "chi_square": self.chi_square,
            "residuals": [float(residual) for residual in self.residuals],
        }


@dataclass(frozen=True, eq=False)
class CurveFit:
    """The answer of ``goodhart fit``.

    Attributes
    ----------
    data : CurveData
        What was measured.
    fits : tuple of FormFit
        The gold score in each form, then the proxy score where there is one.
    assumption : str
        What the intervals rest on.
    comparison : str or None
        Which of two forms the gold score prefers; None where one was fitted.
    outdone : str or None
        The form that fits clearly worse than the other, if there is one: its peak is no answer.
    warnings : tuple of str
        What to know before the numbers are used.
    """

    data: CurveData
    fits: tuple[FormFit, ...]
    assumption: str
    comparison: str | None
    outdone: str | None
    warnings: tuple[str, ...]

    def to_dict(self) -> dict[str, Any]:
        """As JSON; all numbers are float64."""
        data = self.data
        sampled = {} if not isinstance(data, SampledCurve) else {"points": _points(data)}
        return {
            "file": data.path,
            "columns": data.columns,
            "rows": len(data.kl),
            **sampled,
            "level": LEVEL,
            "assumption": self.assumption,
            "fits": [fit.to_dict() for fit in self.fits],
            "comparison": self.comparison,
            "outdone": self.outdone,
            "warnings": list(self.warnings),
        }

    def rows(self) -> Iterator[list[Any]]:
        """The fits as rows of a table, the names of its columns first."""
        numbers = ("value", "standard_error", "low", "high")
        yield [
            "form",
            "score",
            *(f"{name}_{end}" for name in ("alpha", "beta") for end in numbers),
            "base",
            *("peak_d", "peak_low", "peak_high", "peak_kl", "peak_score"),
            "residual_deviation",
            "aic",
        ]
        for fit in self.fits:
            peak = fit.peak
            places = [] if peak is None else [peak.d, peak.low, peak.high, peak.kl, peak.score]
            yield [
                fit.form.name,
                fit.score,
                *(getattr(each, end) for each in (fit.alpha, fit.beta) for end in numbers),
                fit.base_value,
                *("" if place is None else place for place in places or [None] * 5),
                fit.deviation,
                fit.criterion if isfinite(fit.criterion) else "",
            ]


def _points(data: SampledCurve) -> list[dict[str, Any]]:
    """The estimated points as JSON."""
    assert data.proxy is not None
    return [
        {
            "n": found.n,
            "kl": float(kl),
            "gold": found.mean,
            "gold_standard_error": found.standard_error,
            "proxy": float(proxy),
        }
        for found, kl, proxy in zip(data.estimates, data.kl, data.proxy, strict=True)
    ]
