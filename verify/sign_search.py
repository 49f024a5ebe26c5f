"""The sign of a formula on a piece, by every way there is; a counterexample where it is wrong."""

from __future__ import annotations

from collections.abc import Iterator

from flint import arb, fmpq

from verify.atoms import dominant
from verify.enclosure import Undecided, working_precision
from verify.expression import ExpressionError
from verify.formula import Constant, Formula
from verify.interval import INFINITY, Interval, range_of
from verify.normal_form import NormalForm
from verify.piece import EFFORT, Effort, Piece, Place
from verify.ratio import Ratio
from verify.sign_proof import CUTS, Prover, Steps

#: Working precision of a proof, in bits.
BITS = 128

Bound = Formula | Constant

#: Pieces into which an interval may be cut to find the range of a formula.
MAX_BISECTIONS = 600

# What it takes to read a formula, as effort.
_READING = 40

# Stands for the sign of a formula that is 0 for every x.
ZERO = 3


class ContradictionError(RuntimeError):
    """A proof and a value disagree: a mistake in this package, never a property of the formula."""


def sign_of(formula: Formula, piece: Piece, effort: Effort) -> tuple[int, Steps, list[arb]]:
    """The sign of a formula on a piece, the steps that prove it, points where it seemed wrong.

    The sign is 2 or -2 where it is strict right of the start, 1 or -1 where 0 is possible,
    :data:`ZERO` for the zero function, and 0 where nothing was proved.
    """
    sign, steps, suspects = _search(formula, piece, effort)
    if not sign:
        sign, steps = _by_pieces(formula, piece)
    if sign:
        _compare_with_values(formula, piece, sign)
    return sign, steps, suspects


def _search(formula: Formula, piece: Piece, effort: Effort) -> tuple[int, Steps, list[arb]]:
    suspects: list[arb] = []
    direct = range_of(formula.node, piece.box.x)
    if direct.sign:
        relation = "> 0" if direct.sign > 0 else "< 0"
        return 2 * direct.sign, (f"{formula} {relation} on {piece}: range",), suspects
    for split in (True, False):
        field = NormalForm(piece.box.x, split_exponentials=split)
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


def _by_pieces(formula: Formula, piece: Piece) -> tuple[int, Steps]:
    """The sign from ranges of the formula as it was written, on small pieces.

    Written out over a common denominator a formula may lose what makes its range small, such as
    the square in ``exp(-(x - 1000)**2)``.
    """
    start, end = piece.start, piece.end
    steps: Steps = ()
    sign = 0
    if end is None:
        for cut in CUTS[2:9]:
            if cut > start.value + 1:
                sign = range_of(formula.node, Interval(cut, INFINITY, 1)).sign
                if sign:
                    end = Place.of(cut)
                    break
        if end is None:
            return 0, ()
        steps = (f"{formula} {'> 0' if sign > 0 else '< 0'} on {Piece(end, None)}: range",)
    waiting, pieces = [Piece(start, end)], 0
    while waiting:
        part = waiting.pop()
        pieces += 1
        found = range_of(formula.node, part.box.x).sign
        if found and found == (sign or found):
            sign = found
            continue
        if found or pieces > MAX_BISECTIONS:
            return 0, ()
        middle = part.middle()
        assert part.end is not None
        waiting += [Piece(middle, part.end), Piece(part.start, middle)]
    relation = "> 0" if sign > 0 else "< 0"
    near = f"{formula} {relation} on {Piece(start, end)}: range on {pieces} pieces or fewer"
    return 2 * sign, (near, *steps)


def _compare_with_values(formula: Formula, piece: Piece, sign: int) -> None:
    """Hold what was proved against a few values: two ways that must agree."""
    low = piece.start.value.upper()
    width = arb(1) if piece.end is None else (piece.end.value.lower() - low) * arb((1, -20))
    for e in (-6, -1, 0, 2, 5, 9, 14, 20, *((40, 200) if piece.end is None else ())):
        x = (low + width * arb((1, e))).mid()
        value = arb(formula.evaluate(x))
        against = value < 0 if sign > 0 else value > 0
        if sign == ZERO:
            against = bool(value > 0) or bool(value < 0)
        if piece.end is not None and not x <= piece.end.value:
            continue
        if against:
            raise ContradictionError(
                f"{formula}: a proof contradicts its value at {show(x.fmpq())}"
            )


def _near_and_far(
    formula: Formula, value: Ratio, prover: Prover, piece: Piece
) -> tuple[int, Steps]:
    """The sign where, far out, ``log(x + 1)`` has to be seen as ``log(x)`` and a small rest."""
    cuts = [cut for cut in CUTS[2:] if cut > piece.start.value + 1]
    for cut in [cuts[-1], *cuts[:-1]]:
        ray = Piece(Place.of(cut), None)
        field = NormalForm(ray.box.x, dominant)
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


def counterexample(
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

    for x in _places(low, scale, suspects):
        if fails(value_at(x.mid())):
            return x.mid().fmpq()
    return None


def _places(low: arb, scale: arb, suspects: list[arb]) -> Iterator[arb]:
    """Where to look for a counterexample; points that a reader can place come first."""
    for e in range(-4, 12):
        yield low + scale * arb((1, e))
    for x in suspects[-1:-9:-1]:
        for e in range(-4, -44, -1):
            step = abs(x) * arb((1, e))
            yield x + step
            yield x - step
    for e in (*range(12, 600, 12), *range(-8, -100, -4)):
        yield low + scale * arb((1, e))
    yield from suspects
    for e in (2000, 20_000, 200_000, 1_000_000):
        yield arb((1, e))


def is_nonpositive(formula: Formula, low: Bound, effort: Effort | None = None) -> bool:
    """Whether ``formula <= 0`` is proved on ``[low, oo)``; False says nothing."""
    effort = Effort(EFFORT) if effort is None else effort
    if effort.left <= 0:
        return False
    with working_precision(BITS):
        try:
            effort.spend(_READING)
            sign = sign_of(formula, Piece(place_of(constant_of(low)), None), effort)[0]
        except Undecided:
            return False
    return sign < 0 or sign == ZERO


def constant_of(value: Bound) -> Formula:
    """The formula of a constant."""
    formula = value if isinstance(value, Formula) else Formula.number(value)
    if not formula.is_constant:
        raise ValueError(f"expected a constant, got {formula}")
    return formula


def place_of(constant: Formula) -> Place:
    """The point on the line of a constant."""
    value = constant.ball()
    if not value.is_finite():
        raise Undecided(f"{constant} is too large to be computed")
    return Place(constant, value)


def show(at: fmpq) -> str:
    """A point for a message."""
    with working_precision(64):
        text = str(arb(at).mid().str(10, radius=False))
    return f"x = {text if 'e' in text or '.' not in text else text.rstrip('0').rstrip('.')}"


def short(formula: Formula) -> str:
    """A formula for a message."""
    text = str(formula)
    return text if len(text) <= 80 else text[:77] + "..."
