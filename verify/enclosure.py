"""Balls: numbers known to lie in an interval, and how to make the interval small enough.

An :data:`Enclosure` is an Arb ball, ``midpoint +/- radius``, that contains the true number.
Everything called *certified* in this project is a comparison of balls. Three rules keep it honest:

* exact inputs stay exact rationals (``fmpq``) or decimals until the moment they are used, and are
  turned into a ball at the precision in force there (:func:`ball`);
* the precision is set for a block of work and put back afterwards (:func:`working_precision`);
* a question that the balls cannot answer is asked again with more bits (:func:`escalate`), and
  when the cap is reached the answer is :class:`Undecided`, never a guess.

A proved infinity is a :class:`Diverges`; it is never a float ``inf`` or a large number.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction
from typing import Protocol, TypeVar, runtime_checkable

from flint import arb, ctx, fmpq, fmpz

Enclosure = arb

#: Precision at which a first attempt is made, and at which we give up, in bits.
FIRST_BITS = 64
LAST_BITS = 8192

#: About log 2: below its negative, ``log(1 - p)`` is better had from p than from ``1 - p``.
LOG_TWO = 0.6931

T = TypeVar("T")


class Undecided(Exception):
    """Raised at the precision or effort cap; the text says what could not be told apart."""


@dataclass(frozen=True)
class Diverges:
    """A proved infinity.

    Attributes
    ----------
    sign : int
        +1 for ``oo``, -1 for ``-oo``, 0 where the quantity does not exist (``oo - oo``).
    because : str
        The reason, in one sentence. It does not take part in comparisons.
    """

    sign: int
    because: str = ""

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Diverges) and self.sign == other.sign

    def __hash__(self) -> int:
        return hash(("Diverges", self.sign))

    def __str__(self) -> str:
        return {1: "oo", -1: "-oo"}.get(self.sign, "undefined")


INFINITE = Diverges(+1, "the supremum of all reals")


@runtime_checkable
class HasBall(Protocol):
    """An exact number that can enclose itself at the working precision."""

    def ball(self) -> arb: ...


#: An exact number: a rational, or a constant formula.
Exact = int | fmpq | HasBall
Number = arb | Diverges


class working_precision:  # noqa: N801 - reads as the statement it is used in
    """Set flint's global precision for a block, and put the old one back.

    A class, because integrands enter it thousands of times and a generator would cost more.
    """

    __slots__ = ("before", "bits")

    def __init__(self, bits: int) -> None:
        self.bits = bits

    def __enter__(self) -> None:
        self.before = ctx.prec
        ctx.prec = self.bits

    def __exit__(self, *_: object) -> None:
        ctx.prec = self.before


def exact(value: int | float | str | Fraction | Decimal | fmpq | fmpz) -> fmpq:
    """The rational number a person means by ``value``.

    A float stands for the shortest decimal that prints as it does: ``exact(0.1)`` is 1/10.

    Raises
    ------
    ValueError
        If the value is not a finite number.
    """
    if hasattr(value, "item"):  # a numpy scalar
        value = value.item()
    if isinstance(value, bool):
        raise ValueError(f"expected a number, got {value!r}")
    if isinstance(value, fmpq):
        return value
    if isinstance(value, int | fmpz):
        return fmpq(value)
    try:
        fraction = Fraction(repr(value)) if isinstance(value, float) else Fraction(value)
    except (ValueError, OverflowError, TypeError):
        raise ValueError(f"expected a finite number, got {value!r}") from None
    return fmpq(fraction.numerator, fraction.denominator)


def ball(value: Exact | arb) -> arb:
    """Enclose an exact number at the working precision (a ball passes through)."""
    if isinstance(value, arb):
        return value
    if isinstance(value, fmpq | int):
        return arb(value)
    return value.ball()


def ball_of_decimal(value: Decimal) -> arb:
    """Enclose a decimal of any exponent; the power of ten is never written out."""
    sign, digits, exponent = value.as_tuple()
    if not isinstance(exponent, int):
        raise ValueError(f"expected a finite decimal, got {value}")
    text = "".join(map(str, digits))
    mantissa = int(text)
    if exponent < 0:  # 1.000 is exactly 1
        zeros = min(len(text) - len(text.rstrip("0")), -exponent)
        mantissa, exponent = mantissa // 10**zeros, exponent + zeros
    magnitude = arb(mantissa) * arb(10) ** exponent if exponent else arb(mantissa)
    return -magnitude if sign else magnitude


def hull(*balls: arb) -> arb:
    """The smallest ball that contains all of ``balls``."""
    result = balls[0]
    for other in balls[1:]:
        result = result.union(other)
    return result


def between(low: arb, high: arb) -> arb:
    """A ball that contains every number from ``low`` to ``high``."""
    return low.lower().union(high.upper())


def accurate(value: Number, bits: int) -> bool:
    """Whether a ball is finite and has at least ``bits`` correct bits (exact zero counts)."""
    if isinstance(value, Diverges):
        return True
    if not value.is_finite():
        return False
    return bool(value.is_exact()) or value.rel_accuracy_bits() >= bits


def escalate(
    compute: Callable[[], T],
    accept: Callable[[T], bool],
    what: str,
    first: int = FIRST_BITS,
    last: int = LAST_BITS,
) -> T:
    """Compute with more and more bits until the result is acceptable.

    Parameters
    ----------
    compute : callable
        Computes at the precision in force. An :class:`Undecided` it raises counts as "not yet".
    accept : callable
        Must be False for a ball that is too wide or NaN.
    what : str
        What is being computed; it is quoted when the cap is reached.

    Raises
    ------
    Undecided
        When no precision up to ``last`` bits gives an acceptable result.
    """
    bits = first
    reason = ""
    while bits <= last:
        with working_precision(bits):
            try:
                result = compute()
                if accept(result):
                    return result
            except Undecided as undecided:
                reason = f" ({undecided})"
        bits *= 2
    raise Undecided(f"{what}: not settled with {last} bits{reason}")


def to_accuracy(compute: Callable[[], arb], bits: int, what: str) -> arb:
    """Enclose a number with at least ``bits`` correct bits."""
    return escalate(compute, lambda value: accurate(value, bits), what, first=bits + 32)


def sign_of(compute: Callable[[], arb], what: str, last: int = LAST_BITS) -> int:
    """The certified sign (+1 or -1) of a number that is not zero."""
    value = escalate(compute, lambda x: bool(x > 0) or bool(x < 0), what, last=last)
    return 1 if value > 0 else -1


def log_one_less(log_p: arb) -> arb:
    """``log(1 - p)`` from ``log p``."""
    return (-log_p.exp()).log1p() if log_p < -LOG_TWO else (-log_p.expm1()).log()


def compare(one: Exact, other: Exact) -> int:
    """-1, 0 or +1 as ``one`` is below, equal to or above ``other``, at any precision it takes.

    Raises
    ------
    Undecided
        For two numbers, not both rational, that no precision tells apart.
    """
    if isinstance(one, int | fmpq) and isinstance(other, int | fmpq):
        return (one > other) - (one < other)
    if one == other:
        return 0
    return sign_of(lambda: ball(one) - ball(other), f"the order of {one} and {other}")
