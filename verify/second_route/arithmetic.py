"""mpmath as the arithmetic of densities and formulas, remembering what is asked again and again.

A density computes the logarithms and log-gammas of its parameters anew at every point. Here they
are looked up, which makes it a few times faster.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from typing import Any

from flint import fmpq
from mpmath import mp

from verify.second_route.numbers import Real

#: Values remembered before everything is forgotten again.
MOST_REMEMBERED = 20_000
#: The exponential of a number with more bits before the binary point counts as 0 or infinite.
MOST_EXPONENT_BITS = 50_000


class RememberingMpmath:
    """An :class:`~verify.arithmetic.Arithmetic` over mpmath numbers."""

    name = "mpmath"

    def __init__(self) -> None:
        self._known: dict[tuple[Any, ...], Real] = {}

    def _remember(self, key: tuple[Any, ...], compute: Callable[[], Real]) -> Real:
        found = self._known.get(key)
        if found is None:
            if len(self._known) > MOST_REMEMBERED:
                self._known.clear()
            found = self._known[key] = compute()
        return found

    def number(self, value: fmpq) -> Real:
        p, q = int(value.p), int(value.q)
        return self._remember(("number", p, q, mp.prec), lambda: mp.mpf(p) / q)

    def exp(self, x: Real) -> Real:
        if mp.mag(x) > MOST_EXPONENT_BITS:
            return mp.inf if x > 0 else mp.zero
        return mp.exp(x)

    def log(self, x: Real) -> Real:
        # A density asks for few logarithms; those of its parameters come back at every point.
        if not hasattr(x, "_mpf_"):
            return mp.log(x)
        return self._remember(("log", x._mpf_, mp.prec), lambda: mp.log(x))

    def log1p(self, x: Real) -> Real:
        return mp.log1p(x)

    def sqrt(self, x: Real) -> Real:
        return mp.sqrt(x)

    def power(self, x: Real, exponent: fmpq) -> Real:
        if exponent.q == 1:
            return x ** int(exponent.p)
        return mp.exp(self.number(exponent) * mp.log(x)) if x > 0 else x ** self.number(exponent)

    def pi(self) -> Real:
        return +mp.pi

    def log_gamma(self, x: Real) -> Real:
        if not hasattr(x, "_mpf_"):
            return mp.loggamma(x)
        return self._remember(("log_gamma", x._mpf_, mp.prec), lambda: mp.loggamma(x))

    def log_erfc(self, x: Real) -> Real:
        square = x * x
        if x < 0 or square < mp.prec:
            return mp.log(mp.erfc(x))
        # exp(-x^2)/(x sqrt(pi)) (1 - 1/(2 x^2) + 3/(2 x^2)^2 - ...), DLMF 7.12.1: the terms fall
        # to exp(-x^2), and the error is below the first left out.
        term = total = mp.one
        for k in range(1, mp.prec):
            term = -term * (2 * k - 1) / (2 * square)
            total += term
            if mp.mag(term) < -mp.prec:
                break
        return mp.log(total / x) - square - mp.log(mp.pi) / 2


@cache
def arithmetic() -> RememberingMpmath:
    """The one instance."""
    return RememberingMpmath()
