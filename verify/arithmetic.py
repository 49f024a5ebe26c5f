"""One formula, four arithmetics.

A density or a user's expression is written once, in the few operations of :class:`Arithmetic`,
and evaluated in whichever arithmetic is needed:

* :data:`BALLS`: real balls, for certified values;
* :func:`complex_balls`: complex balls, for certified integration (they must say where a function
  is not analytic, see ``acb.integral``);
* :func:`mpmath_arithmetic`: mpmath numbers, the second route by which certificates are checked;
* :func:`numpy_arithmetic`: float64 arrays, for pictures and sampling.
"""

from __future__ import annotations

from functools import cache
from typing import Any, Generic, Protocol, TypeVar

from flint import acb, arb, fmpq

N = TypeVar("N")


class Arithmetic(Protocol, Generic[N]):
    """The operations that formulas may use, beside + - * / on the numbers themselves."""

    name: str

    def number(self, value: fmpq) -> N: ...
    def exp(self, x: N) -> N: ...
    def log(self, x: N) -> N: ...
    def log1p(self, x: N) -> N: ...
    def sqrt(self, x: N) -> N: ...
    def power(self, x: N, exponent: fmpq) -> N: ...
    def pi(self) -> N: ...
    def log_gamma(self, x: N) -> N: ...
    def log_erfc(self, x: N) -> N: ...


class RealBalls:
    """Arb balls at the working precision."""

    name = "balls"

    def number(self, value: fmpq) -> arb:
        return arb(value)

    def exp(self, x: arb) -> arb:
        return x.exp()

    def log(self, x: arb) -> arb:
        return x.log()

    def log1p(self, x: arb) -> arb:
        return x.log1p()

    def sqrt(self, x: arb) -> arb:
        return x.sqrt()

    def power(self, x: arb, exponent: fmpq) -> arb:
        return x ** int(exponent.p) if exponent.q == 1 else x**exponent

    def pi(self) -> arb:
        return arb.pi()

    def log_gamma(self, x: arb) -> arb:
        return x.lgamma()

    def log_erfc(self, x: arb) -> arb:
        return log_erfc(x)


class ComplexBalls:
    """Complex balls; with ``analytic`` set, a function on its branch cut gives a NaN ball."""

    name = "complex balls"

    def __init__(self, analytic: bool) -> None:
        self.analytic = analytic

    def number(self, value: fmpq) -> acb:
        return acb(value)

    def exp(self, x: acb) -> acb:
        return x.exp()

    def log(self, x: acb) -> acb:
        return x.log(analytic=self.analytic)

    def log1p(self, x: acb) -> acb:
        return (1 + x).log(analytic=self.analytic)

    def sqrt(self, x: acb) -> acb:
        return x.sqrt(analytic=self.analytic)

    def power(self, x: acb, exponent: fmpq) -> acb:
        if exponent.q == 1:
            return x ** int(exponent.p)
        return x.pow(acb(exponent), analytic=self.analytic)

    def pi(self) -> acb:
        return acb.pi()

    def log_gamma(self, x: acb) -> acb:
        # Only ever used on constants of a law, where lgamma's branch cut is out of reach.
        return x.lgamma()

    def log_erfc(self, x: acb) -> acb:
        return x.erfc().log(analytic=self.analytic)


BALLS = RealBalls()
_ANALYTIC, _PLAIN = ComplexBalls(True), ComplexBalls(False)


def complex_balls(analytic: bool) -> ComplexBalls:
    """Complex balls for one call of an integrand of ``acb.integral``."""
    return _ANALYTIC if analytic else _PLAIN


def log_erfc(x: arb) -> arb:
    """``log erfc(x)`` that keeps its digits however far out ``x`` is.

    For x > 32 it uses ``erfc(x) = exp(-x^2) U(1/2, 1/2, x^2) / sqrt(pi)`` (DLMF 7.11.4): Arb's
    ``erfc`` of an inexact ball loses thousands of bits far in the tail. Before, ``erfc`` is up to
    40 times faster and loses about ``2 log2 x`` bits, which its logarithm gains back.
    """
    if x > 32:
        square = x * x
        half = arb(0.5)
        return square.hypgeom_u(half, half).log() - square - arb.pi().log() / 2
    if x < -1:
        return arb(2).log() + (-(-x).erfc() / 2).log1p()
    return x.erfc().log()


class _Mpmath:
    """mpmath numbers at mpmath's working precision."""

    name = "mpmath"

    def __init__(self, context: Any) -> None:
        self.mp = context

    def number(self, value: fmpq) -> Any:
        return self.mp.mpf(int(value.p)) / int(value.q)

    def exp(self, x: Any) -> Any:
        return self.mp.exp(x)

    def log(self, x: Any) -> Any:
        return self.mp.log(x)

    def log1p(self, x: Any) -> Any:
        return self.mp.log1p(x)

    def sqrt(self, x: Any) -> Any:
        return self.mp.sqrt(x)

    def power(self, x: Any, exponent: fmpq) -> Any:
        return x ** int(exponent.p) if exponent.q == 1 else x ** self.number(exponent)

    def pi(self) -> Any:
        return +self.mp.pi

    def log_gamma(self, x: Any) -> Any:
        return self.mp.loggamma(x)

    def log_erfc(self, x: Any) -> Any:
        return self.mp.log(self.mp.erfc(x))


class FloatArrays:
    """float64 arrays; nothing that comes out of here is certified."""

    name = "numpy"

    def number(self, value: fmpq) -> Any:
        return int(value.p) / int(value.q)

    def exp(self, x: Any) -> Any:
        import numpy as np

        return np.exp(x)

    def log(self, x: Any) -> Any:
        import numpy as np

        return np.log(x)

    def log1p(self, x: Any) -> Any:
        import numpy as np

        return np.log1p(x)

    def sqrt(self, x: Any) -> Any:
        import numpy as np

        return np.sqrt(x)

    def power(self, x: Any, exponent: fmpq) -> Any:
        import numpy as np

        return np.power(x, self.number(exponent))

    def pi(self) -> Any:
        import math

        return math.pi

    def log_gamma(self, x: Any) -> Any:
        from scipy.special import gammaln

        return gammaln(x)

    def log_erfc(self, x: Any) -> Any:
        import numpy as np
        from scipy.special import log_ndtr

        return log_ndtr(-np.sqrt(2.0) * x) + np.log(2.0)


@cache
def mpmath_arithmetic() -> _Mpmath:
    """The mpmath arithmetic (mpmath is imported on first use)."""
    import mpmath

    return _Mpmath(mpmath.mp)


@cache
def numpy_arithmetic() -> FloatArrays:
    """The float64 arithmetic (numpy is imported on first use)."""
    return FloatArrays()
