"""Formulas over one common denominator.

``-1/log(x) + x/x/log(x)**2`` becomes ``(1 - L)/L**2`` with the atom ``L = log(x)``: a
:class:`NormalForm` reads a formula, chooses its atoms and writes it as a quotient of polynomials in
them.
"""

from __future__ import annotations

from collections.abc import Callable
from math import comb, lcm

from flint import arb, fmpq, fmpz

from verify.atoms import Atom, Field
from verify.enclosure import Undecided, working_precision
from verify.expression import Binary, Call, Name, Negation, Node, Number, children
from verify.formula import PI, Formula, X, exp, log
from verify.interval import Interval, point
from verify.ratio import (
    MAX_ATOMS,
    MAX_TERMS,
    ONE,
    RING,
    Exponents,
    Polynomial,
    Ratio,
    exponents_of,
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


class _AgainError(Exception):
    """A finer unit was found for the argument of an exponential: start again with it."""


class NormalForm(Field):
    """A field with the atoms of one formula.

    Parameters
    ----------
    domain : Interval
        The range of x.
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
        super().__init__(domain)
        self.split_exponentials = split_exponentials
        self.has_sums_in_exponentials = False
        self._dominant = dominant
        self._degrees: dict[Node, int] = {}
        self._units: dict[str, fmpq] = {}
        self._log_roots: dict[object, int] = {}
        self._root = 1

    def ratio(self, formula: Formula) -> Ratio:
        """The formula over one denominator. A field reads one formula.

        Raises
        ------
        Undecided
            If it is too large, or divides by zero everywhere.
        """
        for _ in range(8):
            self.clear()
            self._degrees.clear()
            _collect_roots(formula.node, self._degrees)
            degree = self._degrees.get(X.node, 1)
            self._root = degree if degree <= MAX_ROOT else 1
            self.add("x", self._x)
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

    def _x(self, generator: Polynomial) -> Atom:
        exponent = fmpq(1, self._root)
        slope = reduced(ONE, self._root * generator ** (self._root - 1))
        return Atom("x", X**exponent, slope, exponent=exponent)

    def _constant(self, key: object, formula: Formula) -> Ratio:
        return Ratio(self.add(key, lambda _: Atom("constant", formula, whole(0))), ONE)

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

        def make(generator: Polynomial) -> Atom:
            slope = whole(exponent) * Ratio(generator, ONE) * self.derivative(base) / base
            return Atom("power", self.formula(base) ** exponent, slope, base, exponent)

        raised = Ratio(self.add(key, make) ** abs(times_), ONE)
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

        def make(generator: Polynomial) -> Atom:
            whole_argument = whole(unit) * argument
            slope = Ratio(generator, ONE) * self.derivative(whole_argument)
            return Atom("exp", exp(self.formula(whole_argument)), slope, whole_argument)

        raised = Ratio(self.add(("exp", text, unit), make) ** abs(int(steps.p)), ONE)
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

        def make(generator: Polynomial) -> Atom:
            exponent = fmpq(1, degree)
            below = Ratio(ONE, generator ** (degree - 1))
            slope = whole(exponent) * below * self.derivative(argument) / argument
            formula = log(self.formula(argument)) ** exponent
            return Atom("log", formula, slope, argument, exponent)

        return Ratio(self.add(("log", pair_of(argument)), make) ** degree, ONE)


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


def sign_of_constant(constant: Formula, last: int = 1024) -> int | None:
    """The sign of a constant: 0 only where it is 0 identically, None where it is not known."""
    rational = constant.rational
    if rational is not None:
        return int(rational > 0) - int(rational < 0)
    bits = 128
    while bits <= last:
        with working_precision(bits):
            value = constant.ball()
            if value > 0 or value < 0:
                return 1 if value > 0 else -1
        if bits == 128:
            zero = NormalForm(point(arb(1))).ratio(constant)
            if zero.top.is_zero() and value.is_finite():
                return 0
        bits *= 2
    return None
