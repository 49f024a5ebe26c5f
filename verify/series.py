"""Power series in a tilt, three terms long: the form in which cumulants are computed."""

from __future__ import annotations

from flint import arb, arb_series

#: ``E[X^k exp(l X); ...]`` for k = 0, 1, 2.
Moments = tuple[arb, arb, arb]


def log_series(moments: Moments) -> arb_series:
    """``log`` of the series ``m0 + m1 e + m2 e^2/2``: the cumulants from exponential moments.

    Written out, because ``arb_series.log`` lets an m2 that is not known spoil all three.
    """
    total, mean = moments[0], moments[1] / moments[0]
    return arb_series([total.log(), mean, (moments[2] / total - mean * mean) / 2], prec=3)


def variable(tilt: arb) -> arb_series:
    """The series ``l + e`` that log-MGFs in closed form are evaluated at."""
    return arb_series([tilt, 1], prec=3)


def constant(value: arb | int) -> arb_series:
    """A constant as a series of the length used for cumulants."""
    return arb_series([value], prec=3)
