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
from verify.interval import INFINITY, MINUS_INFINITY, interval, limit_of, range_of
from verify.normal_form import Field
from verify.ratio import Ratio
from verify.sign_proof import (
    CUTS,
    EFFORT,
    Effort,
    Piece,
    Place,
    Prover,
    Steps,
    dominant,
    sign_of_constant,
)

#: Working precision of a proof, in bits; the effort for a statement that is one of several tries.
BITS = 128
QUICK = 600

Bound = Formula | Constant


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
        Constants; without ``high`` the statement is about the ray.
    strict : bool, optional
        Prove ``formula < 0`` at every point but ``low``.

    Raises
    ------
    Refuted
        With a rational point at which the formula is certainly positive (or 0, if ``strict``).
    Undecided
        If no proof and no such point was found; it says near which x.
    """
    start, end = _constant(low), None if high is None else _constant(high)
    where = f"for x >= {start}" if end is None else f"for {start} <= x <= {end}"
    statement = f"{formula} {'<' if strict else '<='} 0 {where}"
    with working_precision(BITS):
        piece = Piece(_place(start), None if end is None else _place(end))
        sign, steps, suspects = _sign(formula, piece, Effort(EFFORT))
        if sign == -2 or (sign < 0 and not strict):
            return Proof(statement, tuple(dict.fromkeys(steps)))
        if sign == ZERO and not strict:
            return Proof(statement, (f"{formula} is 0 for every x",))
        found = _counterexample(formula, piece, suspects, strict)
    if found is not None:
        raise Refuted(
            f"{formula} is not {'negative' if strict else '<= 0'} at {_show(found)}", found
        )
    near = f" near x = {suspects[-1].str(6, radius=False)}" if suspects else ""
    raise Undecided(f"whether {statement} could not be decided{near}")


def prove_defined(formula: Formula, low: Bound, high: Bound | None = None) -> Proof:
    """Prove that a formula has a finite real value at every point of ``[low, high]``.

    Raises
    ------
    Refuted
        If it has none at ``low`` or at some other point.
    Undecided
        If neither could be shown.
    """
    start, end = _constant(low), None if high is None else _constant(high)
    with working_precision(BITS):
        _check_value(formula, start)
        piece = Piece(_place(start), None if end is None else _place(end))
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
        raise Refuted(f"{formula} increases near {_show(refuted.at)}", refuted.at) from None
    except Undecided as undecided:
        raise Undecided(f"whether {formula} increases somewhere: {undecided}") from None
    statement = f"{formula} is defined and nonincreasing for x >= {_constant(low)}"
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
    start = _constant(low)
    with working_precision(BITS):
        limit = limit_of(formula.node)
    if limit is not None and limit.high == MINUS_INFINITY:
        step = "no part is oo - oo, 0*oo or oo/oo"
        return Proof(f"{formula} tends to -oo: so it follows from the limits of its parts", (step,))
    if limit is not None and (limit.bounded or limit.low == INFINITY):
        where = "oo" if limit.low == INFINITY else limit.high.str(6, radius=False)
        raise Refuted(f"{formula} does not tend to -oo: it tends to {where}")
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
            raise Refuted(f"{formula} does not tend to -oo: it stays above some number")
    raise Undecided(f"whether {formula} tends to -oo could not be decided")


def power_bound(formula: Formula, low: Bound) -> fmpq | None:
    """The largest convenient k with ``formula' <= -k/x`` proved on ``[low, oo)``, ``low > 0``.

    Then ``formula(x) <= formula(low) - k log(x/low)``: an exponentiated tail decays at least like
    ``x**-k``. None where no positive k was proved.
    """
    start = _constant(low)
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


# ------------------------------------------------------------------ signs

# Stands for the sign of a formula that is 0 for every x.
ZERO = 3


def _sign(formula: Formula, piece: Piece, effort: Effort) -> tuple[int, Steps, list[arb]]:
    """The sign of a formula on a piece, the steps that prove it, points where it seemed wrong."""
    suspects: list[arb] = []
    direct = range_of(formula.node, piece.box.x)
    if direct.sign:
        relation = "> 0" if direct.sign > 0 else "< 0"
        return 2 * direct.sign, (f"{formula} {relation} on {piece}: range",), suspects
    for split in (True, False):
        field = Field(piece.box.x, split_exponentials=split)
        prover = Prover(field, effort)
        try:
            value = field.ratio(formula)
            if value.top.is_zero():
                return ZERO, (), suspects
            if split and field.has_sums_in_exponentials:
                prover.effort = effort.part(effort.left // 2)
            defined, first_steps = prover.check_atoms(piece)
            if defined:
                sign, steps = prover.ratio(value, piece)
                if not sign and piece.end is None and not prover.suspects:
                    sign, steps = _near_and_far(formula, value, prover, piece)
                if sign:
                    return sign, first_steps + steps, suspects
        except (Undecided, ExpressionError):
            pass
        suspects.extend(prover.suspects)
        if not field.has_sums_in_exponentials:
            break
    return 0, (), suspects


def _near_and_far(
    formula: Formula, value: Ratio, prover: Prover, piece: Piece
) -> tuple[int, Steps]:
    """The sign where, far out, ``log(x + 1)`` has to be seen as ``log(x)`` and a small rest."""
    cuts = [cut for cut in CUTS[2:] if cut > piece.start.value + 1]
    for cut in [cuts[-1], *cuts[:-1]]:
        ray = Piece(Place.of(cut), None)
        field = Field(ray.box.x, dominant)
        ratio, far_prover = field.ratio(formula), Prover(field, prover.effort)
        if not far_prover.check_atoms(ray)[0]:
            continue
        far, far_steps = far_prover.ratio(ratio, ray)
        if cut is cuts[-1]:
            if not far:
                break
        elif far:
            near, near_steps = prover.ratio(value, Piece(piece.start, ray.start))
            if near * far > 0:
                return near if abs(near) < abs(far) else far, near_steps + far_steps
            break
    return 0, ()


def _counterexample(
    formula: Formula, piece: Piece, suspects: list[arb], strict: bool
) -> fmpq | None:
    """A rational point of the piece where the formula is certainly positive."""
    low = piece.start.value.upper()
    high = INFINITY if piece.end is None else piece.end.value.lower()
    scale = arb(1) if piece.end is None else (high - low).lower() * arb((1, -588))

    def value_at(x: arb) -> arb:
        return arb(formula.evaluate(x)) if low <= x <= high else arb.nan()

    def fails(value: arb) -> bool:
        return bool(value > 0) or (strict and bool(value.is_zero()))

    # Points that a reader can place come first.
    exponents = (*range(-4, 12), *range(12, 600, 12), *range(-8, -100, -4))
    grid = [(low + scale * arb((1, e))).mid() for e in exponents]
    for x in [*suspects, *grid, *(arb((1, e)) for e in (2000, 20_000, 200_000, 1_000_000))]:
        if fails(value_at(x.mid())):
            return x.mid().fmpq()
    for x in suspects[-1:-9:-1]:
        for e in range(-4, -44, -1):
            step = abs(x) * arb((1, e))
            for near in ((x + step).mid(), (x - step).mid()):
                if fails(value_at(near)):
                    return near.fmpq()
    return None


def is_nonpositive(formula: Formula, low: Bound, effort: Effort | None = None) -> bool:
    """Whether ``formula <= 0`` is proved on ``[low, oo)``; False says nothing."""
    effort = Effort(EFFORT) if effort is None else effort
    if effort.left <= 0:
        return False
    with working_precision(BITS):
        try:
            sign = _sign(formula, Piece(_place(_constant(low)), None), effort)[0]
        except Undecided:
            return False
    return sign < 0 or sign == ZERO


# ------------------------------------------------------------------ where a formula is defined


def _check_value(formula: Formula, start: Formula) -> None:
    try:
        constant = formula.at(start)
    except ExpressionError as refusal:
        raise Refuted(f"{formula} has no value at x = {start}: {refusal}", start.rational) from None
    value = constant.ball()
    if not value.is_finite():
        with working_precision(8 * BITS):
            value = constant.ball()
    if not value.is_finite():
        raise Refuted(f"{formula} cannot be evaluated at x = {start}", start.rational)


def _defined(node: Node, piece: Piece) -> list[str]:
    """Steps that prove that every logarithm, quotient and power in the node is defined."""
    steps: list[str] = []
    for child in children(node):
        steps.extend(_defined(child, piece))
    if isinstance(node, Call) and node.function == "log":
        steps.extend(_require(node.arguments[0], piece, (2,), f"{Formula(node)}"))
    elif isinstance(node, Call) and node.function == "sqrt":
        steps.extend(_require(node.arguments[0], piece, (2, 1), f"{Formula(node)}"))
    elif isinstance(node, Binary) and node.op == "/":
        steps.extend(_require(node.right, piece, (2, -2), f"{Formula(node)}"))
    elif isinstance(node, Binary) and node.op == "**":
        assert isinstance(node.right, Number)
        exponent = node.right.value
        if exponent.q != 1:
            allowed = (2,) if exponent < 0 else (2, 1)
            steps.extend(_require(node.left, piece, allowed, f"{Formula(node)}"))
        elif exponent < 0:
            steps.extend(_require(node.left, piece, (2, -2), f"{Formula(node)}"))
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
    sign, steps, suspects = _sign(inside, piece, Effort(EFFORT))
    if sign in allowed or (sign == ZERO and 1 in allowed):
        return list(steps)
    if allowed[0] == 2 and -2 not in allowed:
        found_point = _counterexample(-inside, piece, suspects, 1 not in allowed)
        if found_point is not None:
            raise Refuted(f"{what} has no value at {_show(found_point)}", found_point)
    if sign == ZERO:
        raise Refuted(f"{what} has no value: {inside} is 0 for every x")
    above, below = (_counterexample(f, piece, suspects, False) for f in (inside, -inside))
    if above is not None and below is not None:
        first, second = sorted((above, below))
        raise Refuted(f"{what} has no value somewhere between {_show(first)} and {_show(second)}")
    if suspects:
        near = suspects[-1].str(6, radius=False)
        raise Undecided(f"whether {what} is defined near x = {near} could not be decided")
    raise Undecided(f"whether {what} is defined everywhere could not be decided")


# ------------------------------------------------------------------ comparisons with slow functions


def _beginnings(start: Formula, speed: Formula) -> list[Formula]:
    """Points from which on a comparison is tried: the start, and some further out."""
    further = [Formula.number(fmpq(2) ** e) for e in (2, 6, 12, 40, 200, 2000)]
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


# ------------------------------------------------------------------ small things


def _constant(value: Bound) -> Formula:
    formula = value if isinstance(value, Formula) else Formula.number(value)
    if not formula.is_constant:
        raise ValueError(f"expected a constant, got {formula}")
    return formula


def _place(constant: Formula) -> Place:
    value = constant.ball()
    if not value.is_finite():
        raise Undecided(f"{constant} is too large to be computed")
    return Place(constant, value)


def _show(at: fmpq) -> str:
    with working_precision(64):
        return f"x = {interval(arb(at), arb(at)).low.str(6, radius=False)}"
