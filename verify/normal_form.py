"""Formulas as quotients of polynomials in x, its roots, and exponentials and logarithms.

A :class:`Field` writes formulas over one common denominator: ``-1/log(x) + x/x/log(x)**2`` becomes
``(1 - L)/L**2`` with the *atom* ``L = log(x)``. Atoms are taken to be independent, so an identity
found here is an identity of functions (wherever both sides are defined), while one that rests on a
relation between atoms may be missed. Every atom knows its derivative, so polynomials in the atoms
are differentiated without leaving the field.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from math import comb, lcm

from flint import arb, fmpq, fmpz

from verify.enclosure import Undecided
from verify.expression import Binary, Call, Name, Negation, Node, Number, children
from verify.formula import PI, Formula, X, exp, log
from verify.interval import Interval, point
from verify.ratio import (
    GENERATORS,
    MAX_ATOMS,
    MAX_TERMS,
    ONE,
    RING,
    Exponents,
    Key,
    Polynomial,
    Ratio,
    exponents_of,
    is_small,
    key_of,
    monomial,
    pair_of,
    primitive_part,
    quotient,
    reduced,
    whole,
)

#: Powers of sums that are written out, and roots that become atoms.
MAX_EXPANDED_POWER = 30
MAX_ROOT = 12


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


class _AgainError(Exception):
    """A finer unit was found for the argument of an exponential: start again with it."""


class Box:
    """A range of x, with the ranges of the atoms there."""

    __slots__ = ("ranges", "x")

    def __init__(self, x: Interval) -> None:
        self.x = x
        self.ranges: dict[int, Interval] = {}


class Field:
    """The atoms of some formulas on a range of x, and arithmetic with them.

    Parameters
    ----------
    domain : Interval
        The range of x. What is assumed about signs of atoms holds there.
    dominant : callable, optional
        Gives the exponents of the largest monomial of a polynomial for large x. Logarithms are
        then split into the logarithm of that monomial and a rest that tends to a constant.
    split_exponentials : bool, optional
        Whether ``exp(a + b)`` becomes ``exp(a)*exp(b)``. Without, large terms that nearly cancel
        in an exponent stay together.
    """

    def __init__(
        self,
        domain: Interval,
        dominant: Callable[[Field, Polynomial], Exponents | None] | None = None,
        split_exponentials: bool = True,
    ) -> None:
        self.box = Box(domain)
        self.split_exponentials = split_exponentials
        self.has_sums_in_exponentials = False
        self._dominant = dominant
        self._units: dict[str, fmpq] = {}
        self._log_roots: dict[object, int] = {}
        self._root = 1
        self._start()

    def _start(self) -> None:
        self.atoms: list[Atom] = []
        self._index: dict[object, int] = {}
        self._degrees: dict[Node, int] = {}
        self._factors: dict[Key, tuple[fmpq, list[tuple[Polynomial, int]]]] = {}
        self.box.ranges.clear()

    # -------------------------------------------------------------- from formulas

    def ratio(self, formula: Formula) -> Ratio:
        """The formula over one denominator. A field reads one formula.

        Raises
        ------
        Undecided
            If it is too large, or divides by zero everywhere.
        """
        for _ in range(8):
            self._start()
            _collect_roots(formula.node, self._degrees)
            degree = self._degrees.get(X.node, 1)
            self._root = degree if degree <= MAX_ROOT else 1
            slope = reduced(ONE, self._root * monomial({0: self._root - 1}))
            exponent = fmpq(1, self._root)
            self._atom("x", Atom("x", X**exponent, slope, exponent=exponent))
            try:
                return self._of(formula.node)
            except _AgainError:
                continue
        raise Undecided("the exponentials of the formula have no common unit")

    def _of(self, node: Node) -> Ratio:
        if isinstance(node, Number):
            return whole(node.value)
        if isinstance(node, Name):
            if node == X.node:
                return Ratio(monomial({0: self._root}), ONE)
            return self._constant("pi", PI)
        if isinstance(node, Negation):
            return -self._of(node.operand)
        if isinstance(node, Call):
            inside = self._of(node.arguments[0])
            if node.function == "exp":
                return self._exp(inside)
            if node.function == "log":
                return self._log(inside)
            return self._power(inside, fmpq(1, 2), node.arguments[0])
        assert isinstance(node, Binary)
        left = self._of(node.left)
        if node.op == "**":
            assert isinstance(node.right, Number)
            return self._power(left, node.right.value, node.left)
        right = self._of(node.right)
        if node.op == "+":
            return left + right
        if node.op == "-":
            return left - right
        return left * right if node.op == "*" else left / right

    def _atom(self, key: object, atom: Atom) -> int:
        if len(self.atoms) == MAX_ATOMS:
            raise Undecided(f"the formula has more than {MAX_ATOMS} independent parts")
        self.atoms.append(atom)
        self._index[key] = len(self.atoms) - 1
        return len(self.atoms) - 1

    def _generator(self, key: object, make: Callable[[], Atom]) -> Ratio:
        i = self._index.get(key)
        if i is None:
            i = self._atom(key, make())
        return Ratio(GENERATORS[i], ONE)

    def _next(self) -> Polynomial:
        """The generator that the next new atom will get."""
        if len(self.atoms) == MAX_ATOMS:
            raise Undecided(f"the formula has more than {MAX_ATOMS} independent parts")
        return GENERATORS[len(self.atoms)]

    def _constant(self, key: object, formula: Formula) -> Ratio:
        return self._generator(key, lambda: Atom("constant", formula, whole(0)))

    def _power(self, base: Ratio, exponent: fmpq, node: Node | None) -> Ratio:
        if base.top.is_zero() or exponent == 0:
            if exponent < 0:
                raise Undecided("division by something that is 0 for every x")
            return whole(int(exponent == 0))
        if exponent.q == 1:
            n = abs(int(exponent.p))
            terms = max(len(base.top), len(base.bottom))
            short = terms == 1 or (n <= MAX_EXPANDED_POWER and comb(terms + n - 1, n) <= MAX_TERMS)
            if short and max(map(int, base.top.degrees() + base.bottom.degrees())) * n <= MAX_TERMS:
                raised = Ratio(base.top**n, base.bottom**n)
                return raised if exponent > 0 else whole(1) / raised
            return self._power_atom(base, fmpq(1), int(exponent.p))
        degree = self._degrees.get(node, 0) if node is not None else 0
        if len(base.top) == len(base.bottom) == 1:
            split = self._power_of_monomial(base, exponent, degree)
            if split is not None:
                return split
        if degree == 0 or degree % int(exponent.q) or degree > MAX_ROOT:
            degree = int(exponent.q)
        steps = int((exponent * degree).p)
        entire, steps = divmod(steps, degree)
        root = self._power_atom(base, fmpq(1, degree), steps)
        return root if entire == 0 else root * self._power(base, fmpq(entire), None)

    def _power_atom(self, base: Ratio, exponent: fmpq, times_: int) -> Ratio:
        """``(base**exponent)**times_`` with an atom that has a bounded power of its own."""
        if abs(times_) > MAX_EXPANDED_POWER:
            exponent, times_ = exponent * abs(times_), 1 if times_ > 0 else -1
        key = ("power", pair_of(base), exponent)

        def make() -> Atom:
            g = Ratio(self._next(), ONE)
            slope = whole(exponent) * g * self.derivative(base) / base
            return Atom("power", self.formula(base) ** exponent, slope, base, exponent)

        generator = self._generator(key, make)
        raised = Ratio(generator.top ** abs(times_), ONE)
        return raised if times_ >= 0 else whole(1) / raised

    def _power_of_monomial(self, base: Ratio, exponent: fmpq, degree: int) -> Ratio | None:
        """A power of a product of positive atoms, factor by factor."""
        scale = base.top.leading_coefficient() / base.bottom.leading_coefficient()
        if scale <= 0:
            return None
        powers = {
            i: up - down
            for i, (up, down) in enumerate(zip(*exponents_of(base), strict=True))
            if up != down
        }
        for i, e in powers.items():
            atom = self.atoms[i]
            if atom.kind == "log" and len(powers) == scale == e == 1 and 1 < degree <= MAX_ROOT:
                assert atom.argument is not None
                self._log_roots[pair_of(atom.argument)] = degree
                raise _AgainError
            # A root is not negative where it is defined.
            if atom.exponent.q == 1 and self.range_of_atom(i, self.box).sign <= 0:
                return None
        result = whole(1)
        if scale != 1:
            constant = Formula.number(scale) ** exponent
            value = constant.rational
            result = self._constant(constant, constant) if value is None else whole(value)
        for i, e in powers.items():
            part = self._power_of_atom(i, exponent * e)
            if part is None:
                if len(powers) == 1 and scale == 1:
                    return None
                part = self._power(quotient({i: 1}), exponent * e, None)
            result = result * part
        return result

    def _power_of_atom(self, i: int, exponent: fmpq) -> Ratio | None:
        """A power of an atom that is positive; None where it takes a new atom of itself."""
        atom = self.atoms[i]
        if exponent.q == 1 and abs(exponent) <= MAX_TERMS:
            return quotient({i: int(exponent.p)})
        if atom.kind == "exp" and atom.argument is not None:
            return self._exp(whole(exponent) * atom.argument)
        if atom.kind == "power" and atom.argument is not None:
            return self._power(atom.argument, atom.exponent * exponent, None)
        if atom.kind == "x":
            steps = exponent / self._root
            entire = steps.floor()
            result = quotient({0: int(entire) * self._root})
            if steps == entire:
                return result
            return result * self._power_atom(self._of(X.node), steps - entire, 1)
        return None

    def _exp(self, argument: Ratio) -> Ratio:
        constant = (0,) * MAX_ATOMS
        sums = len(argument.top) - (argument.top[constant] != 0) > 1
        self.has_sums_in_exponentials |= sums
        if len(argument.bottom) == 1 and (self.split_exponentials or not sums):
            result = whole(1)
            for exponents, c in argument.top.terms():
                term = Ratio(RING.term(fmpq(1), exponents), ONE) / Ratio(argument.bottom, ONE)
                result = result * self._exp_of(c, term)
            return result
        content, primitive = primitive_part(argument.top)
        return self._exp_of(content, Ratio(primitive, argument.bottom))

    def _exp_of(self, scale: fmpq, argument: Ratio) -> Ratio:
        """``exp(scale*argument)``, as a power of the exponential of a unit."""
        for i, atom in enumerate(self.atoms):
            if atom.kind == "log" and atom.argument is not None:
                degree = int(atom.exponent.q)
                if argument.bottom.is_one() and argument.top == monomial({i: degree}):
                    return self._power(atom.argument, scale, None)
        inside = self.formula(argument)
        text = str(inside)
        unit = self._units.setdefault(text, abs(scale))
        steps = scale / unit
        if steps.q != 1:
            finer = fmpq(scale.p.gcd(unit.p), scale.q * unit.q // scale.q.gcd(unit.q))
            if max(abs(scale), unit) / finer <= MAX_TERMS:
                self._units[text] = finer
                raise _AgainError
            unit, steps = abs(scale), fmpq(1 if scale > 0 else -1)
        if abs(steps) > MAX_TERMS:
            unit, steps = abs(scale), fmpq(1 if scale > 0 else -1)

        def make() -> Atom:
            whole_argument = whole(unit) * argument
            slope = Ratio(self._next(), ONE) * self.derivative(whole_argument)
            return Atom("exp", exp(self.formula(whole_argument)), slope, whole_argument)

        i_th = self._generator(("exp", text, unit), make)
        raised = Ratio(i_th.top ** abs(int(steps.p)), ONE)
        return raised if steps > 0 else whole(1) / raised

    def _log(self, argument: Ratio) -> Ratio:
        split = self._split_log(argument)
        return self._log_atom(argument) if split is None else split

    def _split_log(self, argument: Ratio) -> Ratio | None:
        """The logarithm as a sum over monomial factors and one other, if all are positive."""
        result, scale = whole(0), fmpq(1)
        for polynomial, side in ((argument.top, 1), (argument.bottom, -1)):
            if polynomial.is_zero():
                raise Undecided("the logarithm of something that is 0 for every x")
            content, factors = self.factors(polynomial)
            scale *= content**side
            sums = [(factor, m) for factor, m in factors if len(factor) > 1]
            if len(sums) > 1:
                # Split further, the parts might change sign where the whole does not.
                product = ONE
                for factor, m in sums:
                    product = product * factor**m
                sums = [(product, 1)]
            for factor, m in [pair for pair in factors if len(pair[0]) == 1] + sums:
                sign = self.range_of_product(factor, self.box).sign
                if sign == 0:
                    return None
                scale *= fmpq(sign) ** m
                result = result + whole(side * m) * self._log_of_factor(sign * factor)
        if scale <= 0:
            return None
        return result + self._log_of_number(scale)

    def _log_of_factor(self, factor: Polynomial) -> Ratio:
        content, primitive = primitive_part(factor)
        constant = self._log_of_number(content)
        if len(primitive) == 1:
            i = next(i for i, e in enumerate(primitive.monomial(0)) if e)
            atom = self.atoms[i]
            if atom.kind == "exp" and atom.argument is not None:
                return constant + atom.argument
            if atom.kind == "power" and atom.argument is not None:
                return constant + whole(atom.exponent) * self._log(atom.argument)
            degree = int(atom.exponent.q)
            entire = Ratio(monomial({i: degree}), ONE)
            return constant + whole(fmpq(1, degree)) * self._log_atom(entire)
        largest = self._dominant(self, primitive) if self._dominant is not None else None
        if largest is not None and any(largest):
            lead = Ratio(RING.term(primitive[largest], largest), ONE)
            if self.range(lead.top, self.box).sign > 0:
                rest = Ratio(primitive, ONE) / lead
                return constant + self._log(lead) + self._log_atom(rest)
        return constant + self._log_atom(Ratio(primitive, ONE))

    def _log_of_number(self, value: fmpq) -> Ratio:
        result = whole(0)
        for number, side in ((value.p, 1), (value.q, -1)):
            if number == 1:
                continue
            small = number.height_bits() <= 40
            for prime, e in number.factor() if small else [(number, 1)]:
                formula = log(Formula.number(fmpz(prime)))
                result = result + whole(side * int(e)) * self._constant(formula, formula)
        return result

    def _log_atom(self, argument: Ratio) -> Ratio:
        degree = self._log_roots.get(pair_of(argument), 1)

        def make() -> Atom:
            exponent = fmpq(1, degree)
            below = Ratio(ONE, self._next() ** (degree - 1))
            slope = whole(exponent) * below * self.derivative(argument) / argument
            formula = log(self.formula(argument)) ** exponent
            return Atom("log", formula, slope, argument, exponent)

        generator = self._generator(("log", pair_of(argument)), make)
        return Ratio(generator.top**degree, ONE)

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
        known = box.ranges.get(i)
        if known is None:
            known = box.ranges[i] = self._range_of_atom(self.atoms[i], box)
        return known

    def _range_of_atom(self, atom: Atom, box: Box) -> Interval:
        if atom.kind == "x":
            return box.x.power(fmpq(1, self._root)) if self._root > 1 else box.x
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


def _collect_roots(node: Node, degrees: dict[Node, int]) -> None:
    """For each base of a fractional power, the least common denominator of the exponents."""
    base, q = None, 1
    if isinstance(node, Call) and node.function == "sqrt":
        base, q = node.arguments[0], 2
    elif isinstance(node, Binary) and node.op == "**" and isinstance(node.right, Number):
        base, q = node.left, int(node.right.value.q)
    if base is not None and q > 1:
        degrees[base] = lcm(degrees.get(base, 1), q)
    for child in children(node):
        _collect_roots(child, degrees)
