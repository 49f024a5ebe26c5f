"""Copulas by their strength: the member of a family that has a given Kendall's tau."""

from __future__ import annotations

from collections.abc import Callable

from flint import arb, fmpq

from verify.copulas.archimedean import Clayton, Frank, Gumbel
from verify.copulas.base import Copula
from verify.copulas.elliptical import Gaussian, Student
from verify.copulas.simple import Comonotone, Countermonotone, Independent, negated
from verify.errors import InputError

#: Parameters are decimals with so many digits after the point.
DIGITS = 12
FOUR = fmpq(4)
FAMILIES = ("gaussian", "student_t", "clayton", "gumbel", "frank")


def copula_with_tau(family: str, tau: fmpq, df: fmpq = FOUR) -> Copula:
    """The copula of a family whose tau is the one given, its parameter rounded to 12 decimals.

    Clayton and Gumbel copulas reach the negative taus by being negated; 1 and -1 are the comonotone
    and the countermonotone copula, and 0 is independence.

    Parameters
    ----------
    family : str
        One of :data:`FAMILIES`.
    tau : fmpq
        From -1 to 1.
    df : fmpq
        Degrees of freedom of ``student_t``, which keeps a dependence at tau 0.

    Raises
    ------
    InputError
        For another family, or a tau out of range.
    """
    if family not in FAMILIES:
        raise InputError(f"family: expected one of {', '.join(FAMILIES)}, got {family:.40}")
    if not -1 <= tau <= 1:
        raise InputError(f"tau: expected a number from -1 to 1, got {tau}")
    if abs(tau) == 1:
        return Comonotone() if tau > 0 else Countermonotone()
    if family in ("gaussian", "student_t"):
        rho = _rounded((arb(tau) * arb.pi() / 2).sin())
        return Gaussian(rho) if family == "gaussian" else Student(rho, df)
    if tau == 0:
        return Independent()
    if family == "frank":
        theta = _frank(abs(tau))
        return Frank(theta if tau > 0 else -theta)
    size = abs(tau)
    copula = (
        Clayton(_rounded(arb(2 * size / (1 - size))))
        if family == "clayton"
        else Gumbel(_rounded(arb(1 / (1 - size))))
    )
    return copula if tau > 0 else negated(copula)


def _rounded(value: arb) -> fmpq:
    scale = fmpq(10) ** DIGITS
    return fmpq((value.mid().fmpq() * scale + fmpq(1, 2)).floor()) / scale


def _frank(tau: fmpq) -> fmpq:
    """The parameter by bisection: tau increases with it, and is about ``1 - 4/theta`` for large."""
    return _bisected(lambda theta: Frank(theta).tau() < arb(tau), fmpq(1, 1000), fmpq(500))


def _bisected(below: Callable[[fmpq], bool], low: fmpq, high: fmpq) -> fmpq:
    while high - low > fmpq(1, 10 ** (DIGITS + 1)):
        middle = _rounded(arb((low + high) / 2))
        if middle in (low, high):
            break
        low, high = (middle, high) if below(middle) else (low, middle)
    return low
