"""Certified statements about a formula on an interval or on a ray ``[low, oo)``.

They are what makes a tail that a user wrote usable: that it never increases, that it goes to minus
infinity, and how fast, so that what lies beyond any point can be bounded. Every answer is a
:class:`Proof`, a refusal with a counterexample (:class:`Refuted`), or ``Undecided``.
"""

from __future__ import annotations

from dataclasses import dataclass

from flint import arb, fmpq

from verify.enclosure import Undecided, working_precision
from verify.expression import Binary, Call, ExpressionError, Node, Number, children
from verify.formula import Constant, Formula, X, log, sqrt
from verify.interval import INFINITY, MINUS_INFINITY, limit_of, range_of
from verify.normal_form import sign_of_constant
from verify.piece import EFFORT, Effort, Piece
from verify.sign_search import (
    BITS,
    ZERO,
    Bound,
    constant_of,
    counterexample,
    is_nonpositive,
    place_of,
    short,
    show,
    sign_of,
)

__all__ = [
    "Proof",
    "Refuted",
    "exponential_bound",
    "is_nonpositive",
    "power_bound",
    "power_lower_bound",
    "prove_defined",
    "prove_nonincreasing",
    "prove_nonpositive",
    "prove_tends_to_minus_infinity",
]

#: The effort for a statement that is one of several tries.
QUICK = 600


class Refuted(ValueError):
    """The statement is false.

    Attributes
    ----------
    at : fmpq or None
        A point where it fails; None where it fails only in the limit.
    """

    def __init__(self, message: str, at: fmpq | None = None) -> None:
        super().__init__(message)
        self.at = at


@dataclass(frozen=True)
class Proof:
    """A statement and the steps that prove it, each a sign of a formula on a piece by a rule."""

    statement: str
    steps: tuple[str, ...]

    def __str__(self) -> str:
        return "\n".join([self.statement, *(f"  {step}" for step in self.steps)])


def prove_nonpositive(
    formula: Formula, low: Bound, high: Bound | None = None, *, strict: bool = False
) -> Proof:
    """Prove ``formula <= 0`` on ``[low, high]``, or on ``[low, oo)``, wherever it is defined.

    Parameters
    ----------
    formula : Formula
    low, high : Formula or exact number
        Constants, low < high; without ``high`` the statement is about the ray.
    strict : bool, optional
        Prove ``formula < 0`` at every point but ``low``.

    Raises
    ------
    Refuted
        With a rational point at which the formula is certainly positive (or 0, if ``strict``).
    Undecided
        If no proof and no such point was found; it says near which x.
    """
    start, end = constant_of(low), None if high is None else constant_of(high)
    where = f"for x >= {start}" if end is None else f"for {start} <= x <= {end}"
    statement = f"{formula} {'<' if strict else '<='} 0 {where}"
    with working_precision(BITS):
        piece = _piece(start, end)
        sign, steps, suspects = sign_of(formula, piece, Effort(EFFORT))
        if sign == -2 or (sign < 0 and not strict):
            return Proof(statement, tuple(dict.fromkeys(steps)))
        if sign == ZERO and not strict:
            return Proof(statement, (f"{formula} is 0 for every x",))
        found = counterexample(formula, piece, suspects, strict)
    if found is not None:
        raise Refuted(
            f"{short(formula)} is not {'negative' if strict else '<= 0'} at {show(found)}", found
        )
    near = f" near x = {suspects[-1].str(6, radius=False)}" if suspects else ""
    text = statement if len(statement) <= 120 else statement[:117] + "..."
    raise Undecided(f"whether {text} could not be decided{near}")


def prove_defined(formula: Formula, low: Bound, high: Bound | None = None) -> Proof:
    """Prove that a formula has a finite real value at every point of ``[low, high]``.

    Raises
    ------
    Refuted
        If it has none at ``low`` or at some other point.
    Undecided
        If neither could be shown.
    """
    start, end = constant_of(low), None if high is None else constant_of(high)
    with working_precision(BITS):
        _check_value(formula, start)
        piece = _piece(start, end)
        steps = _defined(formula.node, piece)
    return Proof(f"{formula} has a value for x >= {start}", tuple(dict.fromkeys(steps)))


def prove_nonincreasing(formula: Formula, low: Bound, high: Bound | None = None) -> Proof:
    """Prove that a formula is defined and never increases on ``[low, high]`` or ``[low, oo)``.

    Raises
    ------
    Refuted
        With a point where it increases or has no value.
    Undecided
        If neither could be shown.
    """
    steps = prove_defined(formula, low, high).steps
    try:
        slope = prove_nonpositive(formula.derivative(), low, high)
    except Refuted as refuted:
        assert refuted.at is not None
        raise Refuted(f"{short(formula)} increases near {show(refuted.at)}", refuted.at) from None
    except Undecided as undecided:
        raise Undecided(f"whether {short(formula)} increases somewhere: {undecided}") from None
    statement = f"{formula} is defined and nonincreasing for x >= {constant_of(low)}"
    return Proof(statement, (*steps, f"its derivative: {slope.statement}", *slope.steps))


def prove_tends_to_minus_infinity(formula: Formula, low: Bound) -> Proof:
    """Prove that a formula goes to minus infinity, by a slope below that of ``-k log log ... x``.

    Raises
    ------
    Refuted
        If it stays above a bound.
    Undecided
        If neither could be shown.
    """
    start = constant_of(low)
    with working_precision(BITS):
        limit = limit_of(formula.node)
    if limit is not None and limit.high == MINUS_INFINITY:
        step = "no part is oo - oo, 0*oo or oo/oo"
        return Proof(f"{formula} tends to -oo: so it follows from the limits of its parts", (step,))
    if limit is not None and (limit.bounded or limit.low == INFINITY):
        where = "oo" if limit.low == INFINITY else limit.high.str(6, radius=False)
        raise Refuted(f"{short(formula)} does not tend to -oo: it tends to {where}")
    slope = formula.derivative()
    scales = [X, log(X), log(log(X)), log(log(log(X)))]
    total = Effort(EFFORT)
    for share in (QUICK, EFFORT // 2):
        for scale in scales:
            speed = log(scale).derivative()
            if _fades(slope, speed):
                continue
            for begin in _beginnings(start, speed):
                k = _largest(slope, speed, begin, (0.5,), total, share)
                if k is not None:
                    comparison = Formula.number(k) * log(scale)
                    statement = (
                        f"{formula} tends to -oo: its derivative is at most that of "
                        f"{-comparison} for x >= {begin}"
                    )
                    proof = prove_nonpositive(slope + comparison.derivative(), begin)
                    return Proof(statement, proof.steps)
        if any(_is_bounded_below(slope, scale, start, total, share) for scale in scales):
            raise Refuted(f"{short(formula)} does not tend to -oo: it stays above some number")
    raise Undecided(f"whether {short(formula)} tends to -oo could not be decided")


def power_bound(formula: Formula, low: Bound) -> fmpq | None:
    """The largest convenient k with ``formula' <= -k/x`` proved on ``[low, oo)``, ``low > 0``.

    For a formula that is defined on the ray, ``formula(x) <= formula(low) - k log(x/low)``: an
    exponentiated tail decays at least like ``x**-k``. None where no positive k was proved.
    """
    start = constant_of(low)
    attempts = (1.0, 0.995, 0.97, 0.9, 0.7, 0.4, 0.1)
    if _fades(formula.derivative(), 1 / X):
        return None
    return _largest(formula.derivative(), 1 / X, start, attempts, Effort(EFFORT), QUICK)


def power_lower_bound(formula: Formula, low: Bound, k: Constant) -> bool:
    """Whether ``formula' >= -k/x`` is proved on ``[low, oo)``, ``low > 0``."""
    return is_nonpositive(-(formula.derivative() + Formula.number(k) / X), low)


def exponential_bound(formula: Formula, low: Bound, slope: Constant) -> bool:
    """Whether ``formula' <= -slope`` is proved on ``[low, oo)``."""
    return is_nonpositive(formula.derivative() + Formula.number(slope), low)


def _piece(start: Formula, end: Formula | None) -> Piece:
    if end is None:
        return Piece(place_of(start), None)
    piece = Piece(place_of(start), place_of(end))
    if not start.ball() < end.ball():
        raise ValueError(f"expected an interval, got [{start}, {end}]")
    return piece


# ------------------------------------------------------------------ where a formula is defined


def _check_value(formula: Formula, start: Formula) -> None:
    if arb(formula.evaluate(start.ball())).is_finite():
        return
    # The ball of an irrational start may reach outside of the domain where the start does not.
    reason = "it cannot be evaluated"
    try:
        constant = formula.at(start)
        for bits in (BITS, 8 * BITS):
            with working_precision(bits):
                if constant.ball().is_finite():
                    return
    except ExpressionError as refusal:
        reason = str(refusal)
    raise Refuted(f"{short(formula)} has no value at x = {start}: {reason}", start.rational)


def _defined(node: Node, piece: Piece) -> list[str]:
    """Steps that prove that every logarithm, quotient and power in the node is defined."""
    steps: list[str] = []
    for child in children(node):
        steps.extend(_defined(child, piece))
    if isinstance(node, Call) and node.function == "log":
        steps.extend(_require(node.arguments[0], piece, (2,), short(Formula(node))))
    elif isinstance(node, Call) and node.function == "sqrt":
        steps.extend(_require(node.arguments[0], piece, (2, 1), short(Formula(node))))
    elif isinstance(node, Binary) and node.op == "/":
        steps.extend(_require(node.right, piece, (2, -2), short(Formula(node))))
    elif isinstance(node, Binary) and node.op == "**":
        assert isinstance(node.right, Number)
        exponent = node.right.value
        if exponent.q != 1:
            allowed = (2,) if exponent < 0 else (2, 1)
            steps.extend(_require(node.left, piece, allowed, short(Formula(node))))
        elif exponent < 0:
            steps.extend(_require(node.left, piece, (2, -2), short(Formula(node))))
    return steps


def _require(node: Node, piece: Piece, allowed: tuple[int, ...], what: str) -> list[str]:
    """Prove that a node has one of the allowed signs on the piece."""
    if isinstance(node, Number):
        return []
    inside = Formula(node)
    if inside.is_constant:
        found = sign_of_constant(inside)
        if found is not None and 2 * found in allowed:
            return []
        raise Undecided(f"whether {what} is defined could not be decided")
    found_range = range_of(node, piece.box.x)
    if 2 * found_range.sign in allowed or (1 in allowed and found_range.nonnegative):
        return [f"{inside} {'> 0' if found_range.sign > 0 else '<> 0'} on {piece}: range"]
    sign, steps, suspects = sign_of(inside, piece, Effort(EFFORT))
    if sign in allowed or (sign == ZERO and 1 in allowed):
        return list(steps)
    if allowed[0] == 2 and -2 not in allowed:
        found_point = counterexample(-inside, piece, suspects, 1 not in allowed)
        if found_point is not None:
            raise Refuted(f"{what} has no value at {show(found_point)}", found_point)
    if sign == ZERO:
        raise Refuted(f"{what} has no value: {inside} is 0 for every x")
    above, below = (counterexample(f, piece, suspects, False) for f in (inside, -inside))
    if above is not None and below is not None:
        first, second = sorted((above, below))
        raise Refuted(f"{what} has no value somewhere between {show(first)} and {show(second)}")
    if suspects:
        near = suspects[-1].str(6, radius=False)
        raise Undecided(f"whether {what} is defined near x = {near} could not be decided")
    raise Undecided(f"whether {what} is defined everywhere could not be decided")


# ------------------------------------------------------------------ comparisons with slow functions


def _beginnings(start: Formula, speed: Formula) -> list[Formula]:
    """Points from which on a comparison is tried: the start, and some further out."""
    further = [Formula.number(4), *(Formula.number(fmpq(10) ** e) for e in (2, 4, 12, 60, 300))]
    begin = start.ball()
    points = [start, *(point for point in further if point.ball() > begin)]
    return [point for point in points if arb(speed.evaluate(point.ball())) > 0]


def _fades(slope: Formula, speed: Formula) -> bool:
    """Whether minus the slope seems to become small beside the speed, or has the wrong sign."""
    for far in (10**12, 9000):
        ratios = _ratios(slope, speed, arb(1), (900, far))
        if len(ratios) == 2:
            return not ratios[1] > ratios[0] / 2
    return False


def _ratios(slope: Formula, speed: Formula, begin: arb, octaves: tuple[float, ...]) -> list[arb]:
    """Minus the slope over the speed at some points, where it can be computed."""
    found = []
    for octave in octaves:
        x = begin * (arb((1, octave)) if isinstance(octave, int) else arb(2) ** arb(octave))
        ratio = -arb(slope.evaluate(x)) / arb(speed.evaluate(x))
        if ratio.is_finite() and ratio.rel_accuracy_bits() > 20:
            found.append(ratio.mid())
    return found


_OCTAVES = (0, 0.02, 0.1, 0.3, 0.6, 1, 1.5, 2, 3, 4, 6, 8, 12, 16, 24, 40, 80, 200, 900, 9000)


def _largest(
    slope: Formula,
    speed: Formula,
    start: Formula,
    attempts: tuple[float, ...],
    effort: Effort,
    share: int,
) -> fmpq | None:
    """The largest k found with ``slope + k*speed <= 0`` from the start on."""
    with working_precision(BITS):
        begin = start.ball()
        if not begin > 0 or not _ratios(slope, speed, begin, (0,)):
            return None
        ratios = _ratios(slope, speed, begin, _OCTAVES)
        least = min(float(ratio) for ratio in ratios)
    if not 0 < least < float("inf"):
        return None
    tried: set[fmpq] = set()
    for attempt in attempts:
        k = _convenient(least * attempt)
        if k not in tried:
            tried.add(k)
            if is_nonpositive(slope + Formula.number(k) * speed, start, effort.part(share)):
                return k
    return None


def _convenient(value: float) -> fmpq:
    """A number with three digits, at most ``value`` (up to rounding errors of a float)."""
    mantissa, exponent = f"{value * (1 + 1e-9):.17e}".split("e")
    digits, shift = int(float(mantissa) * 100), int(exponent) - 2
    return fmpq(digits) * fmpq(10) ** shift


def _is_bounded_below(
    slope: Formula, scale: Formula, start: Formula, effort: Effort, share: int
) -> bool:
    """Whether the slope is at least minus something with a finite integral."""
    speed = log(scale).derivative()
    # s'/s**1.5 is the derivative of -2/sqrt(s).
    integrable = speed / sqrt(scale)
    ratios = _ratios(slope, integrable, arb(1), (900, 9000))
    if len(ratios) == 2 and ratios[1] > 1 and ratios[1] > 2 * ratios[0]:
        return False
    for begin in _beginnings(start, speed)[:4]:
        for k in (1, 1000):
            if is_nonpositive(-(slope + k * integrable), begin, effort.part(share)):
                return True
    return False
