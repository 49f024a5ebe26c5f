"""The right tail of a law as formulas: the logarithms of its density and of its tail.

The densities of the catalogue are written once, for any arithmetic. Here they are evaluated in the
arithmetic of formulas, which gives the formula itself, up to a constant: of a constant such as
``log Gamma(5/2)`` there is no formula, so it is left out, and had back by comparing at one point.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import cached_property, lru_cache, partial

from flint import arb, fmpq

from verify.affine import Affine
from verify.arithmetic import BALLS
from verify.continuous import ContinuousLaw
from verify.enclosure import Diverges, Undecided, ball, working_precision
from verify.expression import Binary, ExpressionError, Negation, Node, Number
from verify.formula import PI, Formula, X, exp, log, sqrt
from verify.law import Law
from verify.laws.custom import Tail
from verify.laws.zeta import Zeta
from verify.limit import LimitResult, limit_at_infinity
from verify.mixture import Mixture
from verify.ray import Refuted, prove_tends_to_minus_infinity
from verify.simplify import add, contains_x, negate, subtract
from verify.truncation import Truncated

#: Where the constant that a formula leaves out is read off, as a distance from the support's end.
READ_OFF = 8

#: Where a formula is looked at before its limit is asked for, and what counts as large there.
FAR, FAR_BITS, LARGE = arb(10) ** 100, 256, 50
BEGINNING = fmpq(100)

#: Encloses the limit of one tail over another.
Share = Callable[[], arb]


@dataclass(frozen=True)
class TailFormulas:
    """A right tail far out. The law has it, or has one that is asymptotically equal.

    Attributes
    ----------
    log_density : Formula
        ``log f(x)`` for all large x, up to a constant.
    constant : callable
        Encloses the constant that has to be added to ``log_density``.
    because : str
        Where the formulas come from, in one line.
    exact_log_tail : Formula, optional
        ``log Pr(X > x)`` up to a constant, where that is a formula.
    """

    log_density: Formula
    constant: Callable[[], arb]
    because: str
    exact_log_tail: Formula | None = None

    @cached_property
    def log_tail(self) -> Formula | None:
        """The logarithm of something that ``Pr(X > x)`` is asymptotically a multiple of.

        With ``d = -(log f)'`` that is ``f/d`` where ``(1/d)' -> a < 1``: the slope of f/d is
        ``-f (1 - (1/d)')``, so that f/d over the tail tends to ``1 - a`` (L'Hopital). None where
        no such limit is found. In ``s = log x``, with ``D = -d(log f)/ds``, (1/d)' is
        ``1/D - D'/D^2``.
        """
        if self.exact_log_tail is not None:
            return self.exact_log_tail
        slope = -on_log_scale(self.log_density).derivative()
        bend = limit_at_infinity(1 / slope - slope.derivative() / slope**2).value
        if not isinstance(bend, fmpq) or bend >= 1:
            return None
        return self.log_density - log(-self.log_density.derivative())


class FormulaArithmetic:
    """Formulas, for :class:`verify.arithmetic.Arithmetic`; constants without one count as 0."""

    name = "formulas"

    def number(self, value: fmpq) -> Formula:
        return Formula.number(value)

    def exp(self, x: Formula) -> Formula:
        return exp(x)

    def log(self, x: Formula) -> Formula:
        return log(x)

    def log1p(self, x: Formula) -> Formula:
        return log(1 + x)

    def sqrt(self, x: Formula) -> Formula:
        return sqrt(x)

    def power(self, x: Formula, exponent: fmpq) -> Formula:
        return x ** Formula.number(exponent)

    def pi(self) -> Formula:
        return PI

    def log_gamma(self, x: Formula) -> Formula:
        if not x.is_constant:
            raise ExpressionError(f"log Gamma({x}) is no formula")
        return Formula.number(0)

    def log_erfc(self, x: Formula) -> Formula:
        raise ExpressionError(f"log erfc({x}) is no formula")


FORMULAS = FormulaArithmetic()


@lru_cache(maxsize=256)
def tail_formulas(law: Law) -> TailFormulas | None:
    """The right tail of a law that is not bounded above, as formulas; None where there are none."""
    if not isinstance(law.support[1], Diverges):
        return None
    return _formulas(law, X, fmpq(1))


def _formulas(law: Law, x: Formula, size: fmpq) -> TailFormulas | None:
    """The formulas for ``size`` times a variable of this law, where ``x`` stands for its value."""
    try:
        return _derived(law, x, size)
    except ExpressionError:  # a density with a special function in it
        return None


def _derived(law: Law, x: Formula, size: fmpq) -> TailFormulas | None:
    if isinstance(law, Affine):
        if isinstance(law.base, Mixture):
            parts = [(w, law.shift + law.scale * part) for w, part in law.base.components]
            return _mixture(parts, x, size)
        inner = (x - Formula.number(law.shift)) / Formula.number(law.scale)
        return _formulas(law.base, inner, size * abs(law.scale))
    if isinstance(law, Truncated):
        return _truncated(law, x, size)
    if isinstance(law, Tail):
        return _of_tail(law.log_sf.at(x))
    if isinstance(law, Zeta):
        # n^(1-s)/(s-1) is above the sum of k^-s over k > n, and (n+1)^(1-s)/(s-1) below.
        s = law.s
        return TailFormulas(
            Formula.number(-s) * log(x),
            lambda: -arb(size).log() - arb(s).zeta().log(),
            "the sum of k^-s over k > n lies between integrals that are asymptotically equal",
            Formula.number(1 - s) * log(x),
        )
    if isinstance(law, Mixture):
        return _mixture(law.components, x, size)
    if isinstance(law, ContinuousLaw):
        return _of_density(law, x, size)
    return None


def _of_tail(log_tail: Formula) -> TailFormulas:
    """From a tail that is a formula; nothing is left out."""
    density = log_tail + log(-log_tail.derivative())
    return TailFormulas(density, lambda: arb(0), "the tail is a formula", log_tail)


def _of_density(law: ContinuousLaw, x: Formula, size: fmpq) -> TailFormulas:
    density = without_constants(law.log_density(x, FORMULAS))
    start = law.support[0]
    point = READ_OFF if isinstance(start, Diverges) else abs(ball(start).mid().fmpq()) + READ_OFF

    def constant() -> arb:
        at = arb(point)
        formula = without_constants(law.log_density(X, FORMULAS))
        left_out = law.log_density(at, BALLS) - arb(formula.evaluate(at))
        return left_out - arb(size).log()

    return TailFormulas(density, constant, "the density is a formula")


def limit_of_logarithm(formula: Formula) -> LimitResult:
    """The limit of the logarithm of a ratio; an infinite one that shows is proved first."""
    with working_precision(FAR_BITS):
        value = arb(formula.evaluate(FAR))
    sign = 1 if value > LARGE else -1 if value < -LARGE else 0
    if sign:
        try:
            proof = prove_tends_to_minus_infinity(-formula if sign > 0 else formula, BEGINNING)
            return LimitResult(Diverges(sign, proof.statement), proof.statement)
        except (Refuted, Undecided):
            pass
    return limit_at_infinity(formula)


def on_log_scale(formula: Formula) -> Formula:
    """The formula in ``s = log x``, where powers become exponentials and logarithms go away."""
    return formula.at(exp(X))


def without_constants(formula: Formula) -> Formula:
    """The formula without the terms in which x does not occur: what is left has simpler limits."""
    return Formula(_without_constants(formula.node))


def _without_constants(node: Node) -> Node:
    if not contains_x(node):
        return Number(fmpq(0))
    if isinstance(node, Negation):
        return negate(_without_constants(node.operand))
    if isinstance(node, Binary) and node.op in "+-":
        left, right = _without_constants(node.left), _without_constants(node.right)
        return add(left, right) if node.op == "+" else subtract(left, right)
    return node


def _truncated(law: Truncated, x: Formula, size: fmpq) -> TailFormulas | None:
    """Cut below only: the same tail divided by the mass that is left."""
    base = _formulas(law.base, x, size)
    if base is None:
        return None

    def constant() -> arb:
        assert base is not None
        return base.constant() - law.log_mass()

    return replace(base, constant=constant)


def _mixture(components: Sequence[tuple[fmpq, Law]], x: Formula, size: fmpq) -> TailFormulas | None:
    """The tail of a component that no other one outweighs, times what the others add to it."""
    parts = [
        (weight, component, _formulas(component, x, size))
        for weight, component in components
        if isinstance(component.support[1], Diverges)
    ]
    for _, _, leader in parts:
        if leader is None:
            continue
        shares = [_share(component, formulas, leader) for _, component, formulas in parts]
        weights = [weight for weight, _, _ in parts]
        if all(share is not None for share in shares):
            return replace(leader, constant=partial(_summed, leader, weights, shares))
    return None


def _share(law: Law, formulas: TailFormulas | None, leader: TailFormulas) -> Share | None:
    """The limit of one tail over another; None where it is infinite or not found."""
    if formulas is None:
        long_tail = limit_at_infinity(-leader.log_density.derivative()).value == 0
        rate = law.mgf_abscissa
        light = isinstance(rate, Diverges) or (rate is not None and bool(ball(rate) > 0))
        return partial(arb, 0) if long_tail and light else None
    limit = limit_of_logarithm(formulas.log_density - leader.log_density).value
    if limit is None or limit == Diverges(+1):
        return None
    if isinstance(limit, Diverges):
        return partial(arb, 0)
    return partial(_quotient, limit, formulas, leader)


def _quotient(limit: fmpq | Formula, formulas: TailFormulas, leader: TailFormulas) -> arb:
    return (ball(limit) + formulas.constant() - leader.constant()).exp()


def _summed(leader: TailFormulas, weights: Sequence[fmpq], shares: Sequence[Share | None]) -> arb:
    total = arb(0)
    for weight, share in zip(weights, shares, strict=True):
        assert share is not None
        total += weight * share()
    return leader.constant() + total.log()
