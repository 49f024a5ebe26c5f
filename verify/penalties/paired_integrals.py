"""Integrals of ``g f`` and ``z g f`` at once: one as the real part, the other as the imaginary."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from flint import acb, arb, ctx

from verify.penalties.kernels import Pair
from verify.quadrature import EVALUATIONS
from verify.work import affordable, check_work

#: Points of the grid on which the size of an integrand is guessed.
GRID = 33


@dataclass(frozen=True)
class Piece:
    """A stretch of the integral.

    Attributes
    ----------
    weight : callable
        Takes s and the analytic flag; gives ``g f dz/ds`` and z there.
    low, high : arb
        The range of s.
    bits : int
        The working precision of ``weight``, which prices its evaluations.
    """

    weight: Callable[[acb, bool], tuple[acb, acb]]
    low: arb
    high: arb
    bits: int


def over_pieces(pieces: Sequence[Piece], paired: bool) -> Pair:
    """Both integrals over all pieces; the second is NaN where it is not wanted.

    Raises
    ------
    OutOfWork
        Where the limit on the work of an answer is reached.
    """
    sizes = [arb(0), arb(0)]
    for piece in pieces:
        for index in range(1, GRID):
            s = acb((piece.low + (piece.high - piece.low) * index / GRID).mid())
            weight, z = piece.weight(s, False)
            size = abs(weight.real.mid())
            if size.is_finite():
                sizes[0] = sizes[0].max(size)
                sizes[1] = sizes[1].max((size * abs(z.real)).mid())
    unit = acb(0, (sizes[0] / sizes[1]).mid() if sizes[1] > 0 else arb(1))
    value, product = arb(0), arb(0) if paired else arb.nan()
    for piece in pieces:

        def integrand(s: acb, analytic: bool, piece: Piece = piece) -> acb:
            weight, z = piece.weight(s, analytic)
            return weight * (1 + unit * z) if paired else weight

        both = acb.integral(
            integrand,
            piece.low,
            piece.high,
            abs_tol=sizes[0] * arb(2) ** -ctx.prec,
            eval_limit=affordable(EVALUATIONS, piece.bits),
            depth_limit=EVALUATIONS,
            use_heap=True,
        )
        check_work()
        value += both.real
        if paired:
            product += both.imag / unit.imag
    return value, product
