"""A tilt of a law in numbers: what it costs, its mean, and the bound that it proves."""

from __future__ import annotations

from flint import arb, fmpq

from verify.decimals import decimal_text
from verify.enclosure import Number, Undecided
from verify.frontier import frontier_point
from verify.law import Law


def tilt_cost(law: Law, tilt: fmpq) -> arb:
    """``D(l) = l K'(l) - K(l)``, the KL of the tilt."""
    log_mgf, mean, _ = law.cumulants(tilt)
    return tilt * mean - log_mgf


def tilt_mean(law: Law, tilt: fmpq) -> arb:
    """``K'(l)``."""
    return law.cumulants(tilt)[1]


def tilt_bound(law: Law, tilt: fmpq, budget: fmpq) -> arb:
    """``(d + K(l))/l``, which no mean at KL d exceeds.

    Raises
    ------
    Undecided
        If ``E exp(l X)`` is infinite, or not known to be finite.
    """
    return (budget + law.cumulants(tilt)[0]) / tilt


def bound_near_zero(law: Law, root: int) -> arb:
    """The bound at the tilt ``l = 1/root`` and the budget ``d = l^2``."""
    return tilt_bound(law, fmpq(1, root), fmpq(1, root**2))


def finite_mean(law: Law) -> arb:
    """The mean of a law that has one."""
    return finite(law.mean())


def on_frontier(law: Law, budget: fmpq) -> tuple[Number, Number]:
    """S(d) as :mod:`verify.frontier` encloses it: its lower and its upper value.

    Raises
    ------
    Undecided
        If it found none.
    """
    point = frontier_point(law, decimal_text(budget))
    if point.lower is None or point.upper is None:
        raise Undecided(f"the frontier of {law} at {budget}: {point.because}")
    return point.lower, point.upper


def finite(value: Number) -> arb:
    """A number that is not infinite."""
    assert isinstance(value, arb)
    return value
