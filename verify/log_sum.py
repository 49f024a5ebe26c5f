"""Sums of logarithms, exactly: ``sum_i c_i log r_i``, all ``c_i`` and ``r_i > 0`` rational.

Relative entropies between laws with rational masses are such sums. Whether two are equal is decided
without balls: the numerators and denominators are products of powers of integers that are pairwise
coprime, and logarithms of those are linearly independent over the rationals.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from math import gcd

from flint import arb, fmpq

from verify.enclosure import ball


@dataclass(frozen=True)
class LogSum:
    """``sum c log r`` over the pairs ``(c, r)``.

    Attributes
    ----------
    terms : tuple of (fmpq, fmpq)
        Each ``r`` is positive.

    Raises
    ------
    ValueError
        If some ``r`` is not positive.
    """

    terms: tuple[tuple[fmpq, fmpq], ...] = ()

    def __post_init__(self) -> None:
        for _, argument in self.terms:
            if argument <= 0:
                raise ValueError(f"the logarithm of {argument} is not a real number")

    def __add__(self, other: LogSum) -> LogSum:
        return LogSum((*self.terms, *other.terms))

    def scaled(self, factor: fmpq) -> LogSum:
        """The sum times a rational."""
        return LogSum(tuple((factor * c, r) for c, r in self.terms))

    def ball(self) -> arb:
        """An enclosure at the working precision."""
        return sum((ball(c) * ball(r).log() for c, r in self.terms), arb(0))

    def is_zero(self) -> bool:
        """Whether the sum is 0; decided exactly."""
        base = coprime_base(int(n) for _, argument in self.terms for n in (argument.p, argument.q))
        totals = {b: fmpq(0) for b in base}
        for coefficient, argument in self.terms:
            for b in base:
                power = _multiplicity(int(argument.p), b) - _multiplicity(int(argument.q), b)
                totals[b] += coefficient * power
        return all(total == 0 for total in totals.values())

    def equals(self, other: LogSum) -> bool:
        """Whether the two sums are the same number; decided exactly."""
        return (self + other.scaled(fmpq(-1))).is_zero()


def coprime_base(numbers: Iterable[int]) -> list[int]:
    """Pairwise coprime integers above 1, of whose powers each number given is a product.

    Parameters
    ----------
    numbers : iterable of int
        Each at least 1.
    """
    base: list[int] = []
    waiting = [n for n in set(numbers) if n > 1]
    while waiting:
        number = waiting.pop()
        for i, known in enumerate(base):
            shared = gcd(number, known)
            if shared > 1:
                del base[i]
                parts = {shared, number // shared, known // shared}
                waiting.extend(part for part in parts if part > 1)
                break
        else:
            base.append(number)
    return base


def _multiplicity(number: int, factor: int) -> int:
    """How often ``factor`` divides ``number``."""
    times = 0
    while number % factor == 0:
        number //= factor
        times += 1
    return times
