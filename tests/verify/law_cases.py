"""The one table of laws that the tests run over.

Each :class:`LawCase` names a catalogue law, draws its parameters, and lists points worth a look.
Adding a continuous law to the catalogue means adding a row here; ``test_continuous_laws.py`` says
so where one is missing.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from fractions import Fraction
from typing import Any

import pytest
from flint import fmpq
from hypothesis import Phase, settings
from hypothesis import strategies as st

from verify.continuous import ContinuousLaw
from verify.enclosure import Diverges
from verify.law import Law
from verify.laws.extreme import Genpareto, Gev, Gumbel
from verify.laws.gaussian import HalfNormal, InverseGaussian, Normal, SkewNormal
from verify.laws.light import Beta, Exponential, Gamma, Laplace, Logistic, Uniform
from verify.laws.power import (
    Burr,
    F,
    Frechet,
    InverseGamma,
    Levy,
    LogGamma,
    LogLogistic,
    Pareto,
)
from verify.laws.stretched import Lognormal, Weibull
from verify.laws.student import Cauchy, HalfCauchy, HalfStudentT, LogCauchy, StudentT
from verify.tail_rates import TailRates


def rational(text: str | int | Fraction) -> fmpq:
    """An exact rational from ``"3/7"``, ``"0.1"`` or a number."""
    value = Fraction(text)
    return fmpq(value.numerator, value.denominator)


def rationals(low: str, high: str) -> st.SearchStrategy[fmpq]:
    """Fractions of small denominator in ``[low, high]``: ones that balls cannot hold exactly."""
    return st.fractions(Fraction(low), Fraction(high), max_denominator=12).map(rational)


def points(*texts: str) -> tuple[fmpq, ...]:
    """Exact points."""
    return tuple(rational(text) for text in texts)


@dataclass(frozen=True)
class LawCase:
    """One row of the table.

    Attributes
    ----------
    build : callable
        The law's class, called with the parameters by name.
    parameters : dict
        For each parameter a Hypothesis strategy of exact rationals.
    points : tuple of fmpq
        Where survival functions, means and densities are looked at; those outside the support of
        the law that was drawn are looked at too.
    breaks : tuple of fmpq
        Where the density is not analytic inside the support.
    valid : callable
        Whether drawn parameters fit together.
    extreme : tuple of dict
        Parameters at the ends of what is accepted; only balls can go there.
    """

    build: Callable[..., Law]
    parameters: dict[str, st.SearchStrategy[fmpq]] = field(default_factory=dict)
    points: tuple[fmpq, ...] = ()
    breaks: tuple[fmpq, ...] = ()
    valid: Callable[[dict[str, fmpq]], bool] = lambda drawn: True
    extreme: tuple[dict[str, Any], ...] = ()

    @property
    def name(self) -> str:
        return self.build.name  # type: ignore[attr-defined, no-any-return]

    def laws(self) -> st.SearchStrategy[Law]:
        """The law with drawn parameters."""
        drawn = st.fixed_dictionaries(self.parameters).filter(self.valid)
        return drawn.map(lambda values: self.build(**values))


LINE = points("-7", "-1", "-1/3", "0", "1/7", "1", "5/2", "12")
HALF_LINE = points("-1", "0", "1/1000", "1/3", "1", "7/5", "4", "30", "1000")
HEAVY = points("-1", "0", "1/100", "1/2", "1", "3/2", "9", "2000", "1e9")
UNIT = points("-1", "0", "1/1000", "1/5", "1/2", "7/9", "999/1000", "1", "2")

_SHAPE = rationals("1/4", "15")
_INDEX = rationals("1/3", "9")

CONTINUOUS: tuple[LawCase, ...] = (
    LawCase(Normal, {"mu": rationals("-3", "3"), "sigma": rationals("1/5", "4")}, LINE),
    LawCase(HalfNormal, {}, HALF_LINE[:-2]),
    LawCase(
        SkewNormal,
        {"alpha": rationals("-8", "8")},
        LINE,
        extreme=({"alpha": 0}, {"alpha": "1e6"}, {"alpha": "-1e6"}),
    ),
    LawCase(
        InverseGaussian,
        {"mu": rationals("1/3", "4"), "lam": rationals("1/3", "6")},
        HALF_LINE,
        extreme=({"mu": "1e-3", "lam": 1}, {"mu": 1, "lam": "1e6"}, {"mu": "1e6"}),
    ),
    LawCase(Exponential, {}, HALF_LINE),
    LawCase(Gamma, {"shape": _SHAPE}, HALF_LINE, extreme=({"shape": "1e-6"}, {"shape": "1e6"})),
    LawCase(Laplace, {}, LINE, breaks=points("0")),
    LawCase(Logistic, {}, LINE),
    LawCase(
        Uniform,
        {"low": rationals("-3", "1"), "high": rationals("3/2", "4")},
        points("-4", "-2", "-1/3", "0", "1/3", "1/2", "5/4", "3", "5"),
        valid=lambda drawn: bool(drawn["low"] < drawn["high"]),
    ),
    LawCase(
        Beta,
        {"a": rationals("1/2", "9"), "b": rationals("1/2", "9")},
        UNIT,
        extreme=({"a": "1e-6", "b": 1}, {"a": "1e6", "b": "1e6"}, {"a": "1e6", "b": "1e-3"}),
    ),
    LawCase(Lognormal, {"mu": rationals("-2", "2"), "sigma": rationals("1/4", "3")}, HEAVY),
    LawCase(
        Weibull,
        {"shape": rationals("1/4", "6")},
        HALF_LINE,
        extreme=({"shape": "0.01"}, {"shape": "1e6"}, {"shape": "1.001"}),
    ),
    LawCase(Gumbel, {}, LINE),
    LawCase(
        Gev,
        {"xi": rationals("-3/2", "3/2")},
        LINE,
        extreme=({"xi": "1e-6"}, {"xi": "-1e-6"}, {"xi": 1000}, {"xi": "1e-300"}),
    ),
    LawCase(
        Genpareto,
        {"xi": rationals("-3/2", "3/2")},
        HALF_LINE,
        extreme=({"xi": "1e-6"}, {"xi": "-1e-6"}, {"xi": 1000}, {"xi": "1e-300"}),
    ),
    LawCase(
        Pareto,
        {"alpha": _INDEX, "scale": rationals("1/4", "4")},
        HEAVY,
        extreme=({"alpha": "1e-6"}, {"alpha": "1e6"}),
    ),
    LawCase(Frechet, {"alpha": _INDEX}, HEAVY, extreme=({"alpha": "1e-6"}, {"alpha": "1e6"})),
    LawCase(
        Burr,
        {"c": rationals("1/2", "6"), "k": rationals("1/4", "6")},
        HEAVY,
        extreme=({"c": "1e6", "k": 2}, {"c": 2, "k": "1e6"}, {"c": "1e-3", "k": "1e-3"}),
    ),
    LawCase(LogLogistic, {"shape": rationals("1/2", "8")}, HEAVY, extreme=({"shape": "1e6"},)),
    LawCase(InverseGamma, {"shape": _SHAPE}, HEAVY, extreme=({"shape": "1e-6"}, {"shape": "1e6"})),
    LawCase(
        F,
        {"d1": rationals("1/2", "12"), "d2": rationals("1/2", "12")},
        HEAVY,
        extreme=({"d1": "1e6", "d2": 3}, {"d1": 3, "d2": "1e6"}, {"d1": "1e6", "d2": "1e6"}),
    ),
    LawCase(Levy, {}, HEAVY),
    LawCase(
        LogGamma,
        {"shape": rationals("1/2", "15")},
        HEAVY,
        extreme=({"shape": "1e-6"}, {"shape": "1e6"}),
    ),
    LawCase(
        StudentT,
        {"df": rationals("1/3", "12")},
        (*LINE, *points("-1e9", "1e9")),
        extreme=({"df": "1e-6"}, {"df": "1e6"}),
    ),
    LawCase(HalfStudentT, {"df": rationals("1/3", "12")}, HEAVY, extreme=({"df": "1e6"},)),
    LawCase(Cauchy, {}, (*LINE, *points("-1e9", "1e9"))),
    LawCase(HalfCauchy, {}, HEAVY),
    LawCase(LogCauchy, {}, (*HEAVY, *points("1e-9"))),
)


def tilts(law: Law, closest: Fraction = Fraction(9, 10)) -> list[fmpq]:
    """Tilts at which the MGF is finite: some way in, and close to the abscissa, on each side."""
    found = []
    for tail, side in ((law.right_tail, 1), (law.left_tail, -1)):
        found += [side * size for size in _sizes(tail, rational(closest))]
    return found


def _sizes(tail: TailRates, closest: fmpq) -> list[fmpq]:
    if tail.abscissa is None or tail.abscissa == 0:
        return []
    if isinstance(tail.abscissa, Diverges):
        return [fmpq(1, 3), fmpq(2)]
    if isinstance(tail.abscissa, int | fmpq):
        return [tail.abscissa * fmpq(1, 3), tail.abscissa * closest]
    return [fmpq(1, 10)]


# ---- how the tests run over the table ---------------------------------------------------------

EXAMPLES = settings().max_examples
#: For integrals, which take tenths of a second: the failing law is told, not shrunk.
few = settings(max_examples=max(EXAMPLES // 13, 1), phases=[Phase.explicit, Phase.generate])
some = settings(max_examples=max(EXAMPLES // 4, 1))
all_cases = pytest.mark.parametrize("case", CONTINUOUS, ids=lambda case: case.name)


def draw_law(data: st.DataObject, case: LawCase) -> ContinuousLaw:
    """A law of the case."""
    law = data.draw(case.laws())
    assert isinstance(law, ContinuousLaw)
    return law
