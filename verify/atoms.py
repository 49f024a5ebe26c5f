"""Atoms: the functions out of which formulas are built as quotients of polynomials.

The atoms of a :class:`Field` are x (or a root of it), constants, logarithms, exponentials and
powers. They are taken to be independent, so an identity found here is an identity of functions
(wherever both sides are defined), while one that rests on a relation between atoms may be missed.
Every atom knows its derivative, so polynomials in the atoms are differentiated without leaving the
field; every atom has a range on a box, and so has every polynomial.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from itertools import count

from flint import arb, fmpq

from verify.enclosure import Undecided
from verify.formula import Formula, X, log
from verify.interval import Interval, point
from verify.ratio import (
    GENERATORS,
    MAX_ATOMS,
    ONE,
    Exponents,
    Key,
    Polynomial,
    Ratio,
    is_small,
    key_of,
    whole,
)

_SERIALS = count()

# Where the dominant monomial of a polynomial is looked for.
_FAR = (arb((1, 2000)), arb((1, 60)), arb((1, 8)))


@dataclass(frozen=True)
class Atom:
    """One generator: a function of x that is not broken up any further.

    ``kind`` is one of ``x``, ``constant``, ``log``, ``exp``, ``power``; ``argument`` is what
    stands inside. x, a logarithm and a power are raised to ``exponent``: where ``sqrt(log(x))``
    occurs it is the atom, and ``log(x)`` its square.
    """

    kind: str
    formula: Formula
    slope: Ratio
    argument: Ratio | None = None
    exponent: fmpq = field(default_factory=lambda: fmpq(1))


class Box:
    """A range of x, with the ranges of the atoms there, for each field that asked."""

    __slots__ = ("ranges", "x")

    def __init__(self, x: Interval) -> None:
        self.x = x
        self.ranges: dict[tuple[int, int], Interval] = {}


class Field:
    """Atoms on a range of x, and calculus with polynomials in them.

    Parameters
    ----------
    domain : Interval
        The range of x. What is assumed about signs of atoms holds there.
    """

    def __init__(self, domain: Interval) -> None:
        self.box = Box(domain)
        self.clear()

    def clear(self) -> None:
        """Forget all atoms."""
        self.atoms: list[Atom] = []
        self._index: dict[object, int] = {}
        self._factors: dict[Key, tuple[fmpq, list[tuple[Polynomial, int]]]] = {}
        # Boxes and places remember values of atoms by this number and the atom's.
        self.serial = next(_SERIALS)

    def add(self, key: object, make: Callable[[Polynomial], Atom]) -> Polynomial:
        """The generator of the atom with a key; a new atom is made from its own generator."""
        i = self._index.get(key)
        if i is None:
            i = len(self.atoms)
            if i == MAX_ATOMS:
                raise Undecided(f"the formula has more than {MAX_ATOMS} independent parts")
            self.atoms.append(make(GENERATORS[i]))
            self._index[key] = i
        return GENERATORS[i]

    # -------------------------------------------------------------- calculus

    def derivative(self, value: Ratio) -> Ratio:
        """The derivative of a ratio."""
        top, bottom = self.slope(value.top), self.slope(value.bottom)
        if bottom.top.is_zero():
            return top / Ratio(value.bottom, ONE)
        lower = Ratio(value.bottom, ONE)
        return (top - bottom * Ratio(value.top, ONE) / lower) / lower

    def slope(self, polynomial: Polynomial) -> Ratio:
        """The derivative of a polynomial in the atoms."""
        result = whole(0)
        for i, degree in enumerate(polynomial.degrees()):
            if degree > 0:
                inner = self.atoms[i].slope
                if not inner.top.is_zero():
                    result = result + Ratio(polynomial.derivative(i), ONE) * inner
        return result

    def growth(self, exponents: dict[int, int]) -> Ratio:
        """The derivative of the logarithm of a product of powers of atoms."""
        result = whole(0)
        for i, e in exponents.items():
            result = result + whole(e) * self.atoms[i].slope / Ratio(GENERATORS[i], ONE)
        return result

    def factors(self, polynomial: Polynomial) -> tuple[fmpq, list[tuple[Polynomial, int]]]:
        """A number and polynomials with multiplicities, whose product it is."""
        key = key_of(polynomial)
        known = self._factors.get(key)
        if known is None:
            if is_small(polynomial, 24, 30):
                known = polynomial.factor()
            else:
                content = polynomial.term_content()
                scale, parts = content.factor()
                known = (scale, [*parts, (polynomial / content, 1)])
            self._factors[key] = (known[0], [(p, int(m)) for p, m in known[1]])
        return self._factors[key]

    # -------------------------------------------------------------- back to formulas, and ranges

    def formula(self, value: Ratio) -> Formula:
        """A ratio as a formula in x."""
        top = self.formula_of(value.top)
        return top if value.bottom.is_one() else top / self.formula_of(value.bottom)

    def formula_of(self, polynomial: Polynomial) -> Formula:
        """A polynomial as a formula in x."""
        result = Formula.number(0)
        for exponents, c in polynomial.terms():
            term = Formula.number(c)
            for i, e in enumerate(exponents):
                if e:
                    term = term * self._power_formula(i, int(e))
            result = result + term
        return result

    def _power_formula(self, i: int, e: int) -> Formula:
        atom = self.atoms[i]
        if atom.kind == "x":
            return X ** (e * atom.exponent)
        if atom.kind == "log" and atom.argument is not None:
            return log(self.formula(atom.argument)) ** (e * atom.exponent)
        return atom.formula**e

    def range_of_atom(self, i: int, box: Box) -> Interval:
        """A range of an atom on a box."""
        key = (self.serial, i)
        known = box.ranges.get(key)
        if known is None:
            known = box.ranges[key] = self._range_of_atom(self.atoms[i], box)
        return known

    def _range_of_atom(self, atom: Atom, box: Box) -> Interval:
        if atom.kind == "x":
            return box.x.power(atom.exponent) if atom.exponent != 1 else box.x
        if atom.argument is None:
            return point(atom.formula.ball())
        top, bottom = atom.argument.top, atom.argument.bottom
        constant = (0,) * MAX_ATOMS
        if atom.kind == "log" and top[constant] == bottom[constant] != 0:
            rest = self.range_of_product(top - bottom, box)
            found = (rest / self.range_of_product(bottom, box)).log1p()
        else:
            inside = self.range_of_product(top, box)
            if not bottom.is_one():
                inside = inside / self.range_of_product(bottom, box)
            if atom.kind == "exp":
                return inside.exp()
            found = inside.log() if atom.kind == "log" else inside
        return found.power(atom.exponent) if atom.exponent != 1 else found

    def range_of_product(self, polynomial: Polynomial, box: Box) -> Interval:
        """A range of a polynomial from those of its factors: sharper, and slower."""
        if len(polynomial) == 1 or polynomial.is_constant():
            return self.range(polynomial, box)
        content, factors = self.factors(polynomial)
        total = point(arb(content))
        for factor, multiplicity in factors:
            total = total * self.range(factor, box).power(fmpq(multiplicity))
        return total

    def range(self, polynomial: Polynomial, box: Box) -> Interval:
        """A range of a polynomial on a box, from the ranges of its terms."""
        terms = [(exponents, c) for exponents, c in polynomial.terms()]
        total = self._sum(terms, box)
        if total.bounded or total.sign or len(terms) == 1:
            return total
        # oo - oo: take out the first or the last term.
        for lead, _ in (terms[0], terms[-1]):
            rest = [(tuple(a - b for a, b in zip(e, lead, strict=True)), c) for e, c in terms]
            product = self.range_of_powers(lead, box) * self._sum(rest, box)
            if product.sign or product.bounded or (product.low > total.low):
                return product
        return total

    def _sum(self, terms: list[tuple[Exponents, fmpq]], box: Box) -> Interval:
        total: Interval | None = None
        for exponents, c in terms:
            part = point(arb(c)) * self.range_of_powers(exponents, box)
            total = part if total is None else total + part
        return total if total is not None else point(arb(0))

    def range_of_powers(self, exponents: Exponents, box: Box) -> Interval:
        """A range of a product of powers of atoms; LINE where it is 0 times oo."""
        result: Interval | None = None
        for i, e in enumerate(exponents):
            if e:
                part = self.range_of_atom(i, box)
                if e != 1:
                    part = part.power(fmpq(int(e)))
                result = part if result is None else result * part
        return result if result is not None else point(arb(1))


def dominant(field: Field, polynomial: Polynomial) -> Exponents | None:
    """The exponents of the monomial that is largest far out, as far as one look can tell."""
    monomials = [tuple(map(int, exponents)) for exponents in polynomial.monoms()]
    if len(monomials) == 1:
        return monomials[0]
    for place in _FAR:
        sizes = [_log_size(field, exponents, place) for exponents in monomials]
        if all(size.is_finite() for size in sizes):
            best = 0
            for i, size in enumerate(sizes):
                if size.mid() > sizes[best].mid():
                    best = i
            return monomials[best]
    return None


def _log_size(field: Field, exponents: Exponents, x: arb) -> arb:
    total = arb(0)
    for i, e in enumerate(exponents):
        if e:
            atom = field.atoms[i]
            if atom.kind == "exp" and atom.argument is not None:
                size = arb(field.formula(atom.argument).evaluate(x))
            else:
                size = abs(arb(atom.formula.evaluate(x))).log()
            total += e * size
    return total
