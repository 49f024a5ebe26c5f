"""Power series with balls as coefficients: expansions of densities, ranks and quantiles.

A function is expanded at ``v + e`` by the arithmetic of series. At a point the coefficients are
those of its Taylor series; at an interval each coefficient holds for every point of it. Formulas
of densities are the laws' own; survival functions and quantiles come from them as solutions of
first-order equations, so any law with a density will do.
"""

from __future__ import annotations

from typing import Any

from flint import acb, arb, arb_series, ctx, fmpq

from verify.affine import Affine
from verify.arithmetic import log_erfc
from verify.continuous import ContinuousLaw
from verify.enclosure import Diverges, ball
from verify.errors import InputError
from verify.law import Bound, Law
from verify.mixture import Mixture


class series_length:  # noqa: N801 - reads as the statement it is used in
    """Set flint's global cap on the length of series for a block, and put the old one back."""

    __slots__ = ("before", "length")

    def __init__(self, length: int) -> None:
        self.length = length

    def __enter__(self) -> None:
        self.before = ctx.cap
        ctx.cap = self.length

    def __exit__(self, *_: object) -> None:
        ctx.cap = self.before


class SeriesArithmetic:
    """Power series (constants are balls); see :class:`verify.arithmetic.Arithmetic`."""

    name = "power series"

    def number(self, value: fmpq) -> arb:
        return arb(value)

    def exp(self, x: Any) -> Any:
        return x.exp()

    def log(self, x: Any) -> Any:
        return x.log()

    def log1p(self, x: Any) -> Any:
        return x.log1p() if isinstance(x, arb) else _with_constant((1 + x).log(), x[0].log1p())

    def expm1(self, x: Any) -> Any:
        return x.expm1() if isinstance(x, arb) else _with_constant(x.exp(), x[0].expm1())

    def sqrt(self, x: Any) -> Any:
        return x.sqrt()

    def power(self, x: Any, exponent: fmpq) -> Any:
        return x ** int(exponent.p) if exponent.q == 1 else x ** arb(exponent)

    def pi(self) -> arb:
        return arb.pi()

    def log_gamma(self, x: arb) -> arb:
        return x.lgamma()

    def log_erfc(self, x: Any) -> Any:
        start = log_erfc(x[0])
        lost = (-(x * x) - start).exp() * x.derivative() * (2 / arb.pi().sqrt())
        return start + (1 - lost.integral()).log()


class ComplexSeriesArithmetic(SeriesArithmetic):
    """Power series with complex balls as coefficients; only their derivatives are of use.

    A logarithm on a ball that meets its cut has no sense of its own, but the right derivative.
    """

    def number(self, value: fmpq) -> acb:  # type: ignore[override]
        return acb(value)

    def log1p(self, x: Any) -> Any:
        return (1 + x).log()

    def expm1(self, x: Any) -> Any:
        return x.exp() - 1

    def power(self, x: Any, exponent: fmpq) -> Any:
        return x ** int(exponent.p) if exponent.q == 1 else x ** acb(exponent)

    def log_erfc(self, x: Any) -> Any:
        raise NotImplementedError("log erfc is not to be had here")


SERIES = SeriesArithmetic()
COMPLEX_SERIES = ComplexSeriesArithmetic()


def variable(v: arb, length: int) -> arb_series:
    """``v + e``, to the length given."""
    return arb_series([v, 1], prec=length)


def _with_constant(series: arb_series, constant: arb) -> arb_series:
    """The series with another constant term, one that keeps more digits."""
    return arb_series([constant, *series.coeffs()[1:]], prec=series.prec)


# ---------------------------------------------------------------- laws


def check_density(law: Law) -> None:
    """Refuse a law whose density is not known as a formula.

    Raises
    ------
    InputError
        One line that names the law.
    """
    for part in law.parts():
        if not isinstance(part, ContinuousLaw | Affine | Mixture):
            raise InputError(
                f"{law}: expected a law with a density: one of the continuous laws of the "
                "catalogue, shifted, scaled or mixed"
            )


def corners(law: Law) -> list[arb]:
    """Points where the density may not be smooth: the ends of supports, and centres of symmetry."""
    if isinstance(law, Affine):
        return [law.shift + law.scale * corner for corner in corners(law.base)]
    if isinstance(law, Mixture):
        return [corner for part in law.laws for corner in corners(part)]
    ends = [ball(end) for end in law.support if not isinstance(end, Diverges)]
    return ends if ends else [arb(0)]


def side_of_support(law: Law, x: arb) -> int:
    """-1, 0 or 1 as a point lies below, inside or above the support; an end counts as outside."""
    low, high = law.support
    if not _inside(low, x, 1):
        return -1
    return 0 if _inside(high, x, -1) else 1


def _inside(end: Bound, x: arb, side: int) -> bool:
    return isinstance(end, Diverges) or bool(side * (x - ball(end)) > 0)


def density(law: Law, x: arb_series) -> arb_series:
    """The density at ``x(e)``.

    The interval that the constant term covers lies on one side of every corner of the law, up to
    the rounding of its ball; its middle tells which.
    """
    if isinstance(law, Affine):
        moved = (x - arb(law.shift)) / arb(law.scale)
        return density(law.base, moved) / abs(arb(law.scale))
    if isinstance(law, Mixture):
        parts = [density(part, x) * arb(weight) for weight, part in law.components]
        return sum(parts, 0 * x)
    if side_of_support(law, x[0].mid()):
        return 0 * x
    return log_density(law, x).exp()


def log_density(law: Law, x: arb_series) -> arb_series:
    """The logarithm of the density at ``x(e)``, which lies inside the support."""
    if isinstance(law, Affine):
        moved = (x - arb(law.shift)) / arb(law.scale)
        return log_density(law.base, moved) - abs(arb(law.scale)).log()
    if isinstance(law, Mixture):
        return density(law, x).log()
    assert isinstance(law, ContinuousLaw)
    logarithm: arb_series = law.log_density(x, SERIES)
    return logarithm


def over_interval(function: Any, x: arb) -> arb:
    """The range of a monotone function of a ball, from its values at the two ends."""
    if x.is_exact():
        value: arb = function(x)
        return value
    low: arb = function(x.lower())
    high: arb = function(x.upper())
    return low.union(high)
