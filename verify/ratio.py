"""Polynomials in a fixed set of generators, and their quotients.

The generators stand for the atoms of a :class:`verify.normal_form.Field`. Sizes are bounded: an
operation whose result would be too large raises ``Undecided`` instead of taking for ever.
"""

from __future__ import annotations

from dataclasses import dataclass

from flint import fmpq, fmpq_mpoly, fmpq_mpoly_ctx, fmpz

from verify.enclosure import Undecided

#: Bounds on the algebra: generators, and terms of one polynomial.
MAX_ATOMS = 16
MAX_TERMS = 400

RING = fmpq_mpoly_ctx.get(("g", MAX_ATOMS), "lex")
GENERATORS = RING.gens()
ONE = RING.constant(1)
ZERO = RING.constant(0)

Polynomial = fmpq_mpoly
Exponents = tuple[int, ...]
Key = tuple[tuple[Exponents, fmpq], ...]


def key_of(polynomial: Polynomial) -> Key:
    """A hashable form of a polynomial."""
    return tuple((tuple(map(int, exponents)), c) for exponents, c in polynomial.terms())


@dataclass(frozen=True)
class Ratio:
    """A quotient of two polynomials in the atoms of one field."""

    top: Polynomial
    bottom: Polynomial

    @property
    def constant(self) -> fmpq | None:
        """The value where it is a rational number."""
        if not (self.top.is_constant() and self.bottom.is_one()):
            return None
        return self.top.leading_coefficient() if not self.top.is_zero() else fmpq(0)

    def __neg__(self) -> Ratio:
        return Ratio(-self.top, self.bottom)

    def __add__(self, other: Ratio) -> Ratio:
        if key_of(self.bottom) == key_of(other.bottom):
            return reduced(self.top + other.top, self.bottom)
        top = times(self.top, other.bottom) + times(other.top, self.bottom)
        return reduced(top, times(self.bottom, other.bottom))

    def __sub__(self, other: Ratio) -> Ratio:
        return self + -other

    def __mul__(self, other: Ratio) -> Ratio:
        return reduced(times(self.top, other.top), times(self.bottom, other.bottom))

    def __truediv__(self, other: Ratio) -> Ratio:
        if other.top.is_zero():
            raise Undecided("division by something that is 0 for every x")
        return reduced(times(self.top, other.bottom), times(self.bottom, other.top))


def times(a: Polynomial, b: Polynomial) -> Polynomial:
    """The product, unless it would be too large."""
    if len(a) * len(b) > 4 * MAX_TERMS:
        raise Undecided("the formula is too large over one denominator")
    product = a * b
    if len(product) > MAX_TERMS:
        raise Undecided("the formula is too large over one denominator")
    return product


def is_small(polynomial: Polynomial, degree: int, terms: int) -> bool:
    """Whether a polynomial may be handed to an algorithm whose time is hard to foresee."""
    # The algorithms of a gcd or a factorisation may take for ever on large sparse input.
    return len(polynomial) <= terms and sum(map(int, polynomial.degrees())) <= degree


def common_factor(a: Polynomial, b: Polynomial) -> Polynomial:
    """A common divisor: the greatest one where it is cheap to find."""
    if is_small(a, 80, 120) and is_small(b, 80, 120):
        return a.gcd(b)
    return a.term_content().gcd(b.term_content())


def reduced(top: Polynomial, bottom: Polynomial) -> Ratio:
    """``top/bottom`` with common factors cancelled and a denominator that leads with 1."""
    if top.is_zero():
        return Ratio(ZERO, ONE)
    if not bottom.is_constant():
        shared = common_factor(top, bottom)
        if not shared.is_one():
            top, bottom = top / shared, bottom / shared
    lead = bottom.leading_coefficient()
    return Ratio(top / lead, bottom / lead) if lead != 1 else Ratio(top, bottom)


def whole(value: fmpq | int) -> Ratio:
    """A rational number as a ratio."""
    return Ratio(RING.constant(value), ONE)


def monomial(exponents: dict[int, int]) -> Polynomial:
    """The product of atoms to nonnegative powers."""
    vector = [0] * MAX_ATOMS
    for i, e in exponents.items():
        vector[i] = e
    return RING.term(fmpq(1), tuple(vector))


def quotient(exponents: dict[int, int]) -> Ratio:
    """The product of atoms to integer powers of either sign."""
    return Ratio(
        monomial({i: e for i, e in exponents.items() if e > 0}),
        monomial({i: -e for i, e in exponents.items() if e < 0}),
    )


def exponents_of(value: Ratio) -> tuple[Exponents, Exponents]:
    """The exponents of a quotient of two monomials."""
    return tuple(map(int, value.top.monomial(0))), tuple(map(int, value.bottom.monomial(0)))


def pair_of(value: Ratio) -> tuple[Key, Key]:
    """A hashable form of a ratio."""
    return key_of(value.top), key_of(value.bottom)


def primitive_part(polynomial: Polynomial) -> tuple[fmpq, Polynomial]:
    """The positive rational content, and what is left: coprime integer coefficients."""
    over, under = fmpz(0), fmpz(1)
    for c in polynomial.coeffs():
        over = over.gcd(c.p)
        under = under * c.q // under.gcd(c.q)
    content = fmpq(over, under)
    return content, polynomial / content
