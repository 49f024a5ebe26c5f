"""Sums of powers over the cells of a block, and of polynomials with them."""

from __future__ import annotations

from functools import lru_cache
from math import comb

from flint import arb, ctx, fmpq

#: Sums of powers over up to so many points are made point by point.
FEW_POINTS = 64


def dot(coefficients: list[arb], moments: list[arb]) -> arb:
    """The sum of the products; with no fewer moments than coefficients, as none is to be lost."""
    pairs = zip(coefficients, moments[: len(coefficients)], strict=True)
    return sum((c * m for c, m in pairs if m != 0), arb(0))


def power_sums(count: int, length: int) -> list[arb]:
    """``sum of y^k`` over the points ``(2 i - count + 1)/count``, i from 0 on, for k < length."""
    return _power_sums(count, length, ctx.prec)


@lru_cache(maxsize=512)
def _power_sums(count: int, length: int, bits: int) -> list[arb]:
    if count <= FEW_POINTS:
        points = [fmpq(2 * i - count + 1, count) for i in range(count)]
        return [arb(sum((y**k for y in points), fmpq(0))) for k in range(length)]
    # Twice the Bernoulli polynomial of degree k + 1 at (count + 1)/2, over k + 1, and scaled.
    at, found = fmpq(count + 1, 2), []
    for k in range(length):
        total = fmpq(0)
        if k % 2 == 0:
            total = sum(
                (comb(k + 1, i) * fmpq.bernoulli(i) * at ** (k + 1 - i) for i in range(k + 2)),
                fmpq(0),
            )
            total = 2 * total / (k + 1) * fmpq(2, count) ** k
        found.append(arb(total))
    return found
