"""Power moments of one tail: which of them are finite, why, and bounds on them.

Which divergence keeps the mean of a reward bounded is a question about moments of its upper tail
(THEORY section 9). :func:`moment_index` answers it for every law of the catalogue, for what the
algebra makes of them, and, as far as limits are known, for tails that users wrote.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from flint import arb, fmpq

from verify.affine import Affine
from verify.decimals import decimal_text
from verify.enclosure import INFINITE, Diverges, Undecided, ball, compare
from verify.formula import Formula
from verify.law import Law
from verify.laws.custom import Tail
from verify.laws.extreme import Genpareto, Gev
from verify.laws.power import (
    BurrFamily,
    F,
    Frechet,
    InverseGamma,
    Levy,
    LogGamma,
    Pareto,
)
from verify.laws.stretched import Lognormal, Weibull
from verify.laws.student import Cauchy, HalfCauchy, HalfStudentT, LogCauchy, StudentT
from verify.laws.zeta import Zeta
from verify.limit import limit_at_infinity
from verify.mixture import Mixture
from verify.truncation import Truncated

ALL = "all moments are finite"
_X = Formula.parse("x")
_LOG_X = Formula.parse("log(x)")


@dataclass(frozen=True)
class MomentIndex:
    """Which moments of one tail are finite.

    Attributes
    ----------
    index : exact number, Diverges or None
        ``sup{p >= 0 : E X_+^p < oo}``; None where it is not known.
    at_index : bool or None
        Whether ``E X_+^p`` is finite at p = index too, for an index of 0 whether ``E log X_+`` is;
        None where that is not known.
    because : str
        Why, in one sentence.
    """

    index: fmpq | Diverges | None
    at_index: bool | None
    because: str

    def finite(self, order: fmpq) -> bool | None:
        """Whether ``E X_+^order`` is finite; None where that is not known."""
        if self.index is None:
            return None
        if isinstance(self.index, Diverges) or order < self.index:
            return True
        return self.at_index if order == self.index else False

    @property
    def log_is_finite(self) -> bool | None:
        """Whether ``E log X_+`` is finite; None where that is not known."""
        return self.at_index if self.index == 0 else self.finite(fmpq(0))


def moment_index(law: Law, side: int = 1) -> MomentIndex:
    """The moments of X (side +1), or of -X (side -1), above 0.

    Parameters
    ----------
    law : Law
        Any law.
    side : int, optional
        Which tail.
    """
    match law:
        case Affine():
            return moment_index(law.base, -side if law.flips else side)
        case Mixture():
            return _least([moment_index(part, side) for part in law.laws])
        case Truncated():
            cut = law.high if side > 0 else law.low
            if cut is None:
                return moment_index(law.base, side)
    if not isinstance(law.support[1 if side > 0 else 0], Diverges):
        return MomentIndex(INFINITE, True, "bounded on this side")
    if isinstance(law, Tail):
        return _of_formula(law)
    tail = law.right_tail if side > 0 else law.left_tail
    if tail.abscissa is not None and tail.abscissa != 0:
        return MomentIndex(
            INFINITE, True, f"lighter than some exponential: {tail.abscissa_because}"
        )
    if isinstance(law, Lognormal | Weibull):
        return MomentIndex(INFINITE, True, f"heavy, but {ALL}: {tail.abscissa_because}")
    index = power_index(law)
    if index is None:
        return MomentIndex(None, None, f"the moments of {law} are not known")
    return MomentIndex(index, False, f"power tail of index {decimal_text(index)}")


def power_index(law: Law) -> fmpq | None:
    """The index of a catalogue law's power tail; its moment of that very order is infinite."""
    match law:
        case Pareto() | Frechet():
            return law.alpha
        case BurrFamily():
            c, k = law.exponents
            return c * k
        case InverseGamma():
            return law.shape
        case F():
            return law.d2 / 2
        case Genpareto() | Gev():
            return 1 / law.xi if law.xi > 0 else None
        case StudentT() | HalfStudentT():
            return law.df
        case Cauchy() | HalfCauchy() | LogGamma():
            return fmpq(1)
        case Levy():
            return fmpq(1, 2)
        case LogCauchy():
            return fmpq(0)
        case Zeta():
            return law.s - 1
    return None


def _least(parts: Sequence[MomentIndex]) -> MomentIndex:
    """The index of a mixture: its heaviest component decides."""
    for part in parts:
        if part.index is None:
            return part
    indices = [part.index for part in parts if isinstance(part.index, fmpq)]
    if not indices:
        return parts[0]
    lowest = min(indices)
    heaviest = [part for part in parts if part.index == lowest]
    at_index = all(part.at_index for part in heaviest)
    if not at_index and all(part.at_index is not False for part in heaviest):
        return MomentIndex(lowest, None, heaviest[0].because)
    because = f"the heaviest component decides: {heaviest[0].because}"
    return MomentIndex(lowest, at_index, because)


def _of_formula(law: Tail) -> MomentIndex:
    """From ``-x h'(x)``, the local index of ``exp(h)``: its limit k is the index.

    At k itself the moment is ``int k x^(k-1) exp(h)``, so what is left of h decides on the scale
    of ``log log x``: with ``h + k log x`` falling like ``-j log log x`` it is finite iff j > 1.
    """
    slope = law.log_sf.derivative() * _X
    limit = limit_at_infinity(slope)
    because = f"the local index -x h'(x): {limit.because}"
    if isinstance(limit.value, Diverges) and limit.value.sign < 0:
        return MomentIndex(INFINITE, True, f"{ALL}: {because}")
    index = limit.value
    if isinstance(index, Formula):
        index = index.rational
    if not isinstance(index, fmpq):
        return MomentIndex(None, None, because)
    index = -index
    rest = (slope + Formula.number(index)) * _LOG_X
    second = limit_at_infinity(rest).value
    at_index = None
    if isinstance(second, Diverges):
        at_index = second.sign < 0
    elif second is not None and compare(second, fmpq(-1)) != 0:
        at_index = compare(second, fmpq(-1)) < 0
    return MomentIndex(index, at_index, because)


# ---------------------------------------------------------------- bounds


def moment_bound(law: Law, order: fmpq) -> arb:
    """A ball whose upper end bounds ``E |X|^order`` for a heavy catalogue law of finite moment.

    Raises
    ------
    Undecided
        For a law that has no formula here.
    """
    p, one = arb(order), arb(1)
    match law:
        case Lognormal():
            return (p * law.mu + p * p * law.sigma**2 / 2).exp()
        case Weibull():
            return (1 + p / law.shape).gamma()
        case Pareto():
            return law.alpha / (law.alpha - p) * arb(law.scale) ** p
        case Frechet():
            return (1 - p / law.alpha).gamma()
        case BurrFamily():
            c, k = law.exponents
            return k * (k - p / c).gamma() * (1 + p / c).gamma() / (1 + arb(k)).gamma()
        case InverseGamma():
            return (law.shape - p).gamma() / arb(law.shape).gamma()
        case F():
            a, b = arb(law.d1) / 2, arb(law.d2) / 2
            size = (a + p).gamma() * (b - p).gamma() / (a.gamma() * b.gamma())
            return (arb(law.d2) / law.d1) ** p * size
        case Genpareto():  # X = (B^-xi - 1)/xi with B uniform
            return arb(law.xi) ** -p / (1 - p * law.xi)
        case Gev():  # X = (B^-xi - 1)/xi with B exponential; the upper part
            return arb(law.xi) ** -p * (1 - p * law.xi).gamma()
        case StudentT() | HalfStudentT():
            return _student(arb(law.df), p)
        case Cauchy() | HalfCauchy():
            return _student(one, p)
        case Levy():
            return 2**-p * (one / 2 - p).gamma() / arb.pi().sqrt()
        case LogGamma():
            return (1 - p) ** -arb(law.shape)
        case Zeta():
            return (law.s - p).zeta() / arb(law.s).zeta()
    raise Undecided(f"no bound for the moments of {law}")


def _student(df: arb, p: arb) -> arb:
    """``E |T|^p``."""
    gammas = ((p + 1) / 2).gamma() * ((df - p) / 2).gamma() / (df / 2).gamma()
    return df ** (p / 2) * gammas / arb.pi().sqrt()


def power_mean_beyond(law: Law, order: fmpq, cut: fmpq, far: arb, side: int) -> arb:
    """``E[z^order; z > far]`` for ``z = side (X - cut)``, order > 0, enclosed.

    For a power tail by its limit; else between 0 and Markov's bound, for there z is at most twice
    ``side X``.

    Raises
    ------
    Undecided
        Where far is not far enough, or no bound is known.
    """
    shift = side * cut  # z = side X - shift
    if not far > 2 * abs(ball(cut)):
        raise Undecided(f"a tail bound for {law} beyond {far.str(6)}")
    index, limit = power_index(law), tail_limit(law)
    if index is None or limit is None:
        return arb(0).union(arb(2) ** order * upper_power_mean(law, order, far / 2, side))
    if not order < index:
        raise Undecided(f"E X^{order} of {law} is infinite")
    start = far + shift
    # Both factors go one way, from what they are at the start to their limits.
    rising = law.density(side * start) * start ** (index + 1)
    bent = (1 - shift / start) ** order
    power = start ** (order - index) / ball(index - order)
    return rising.union(limit) * bent.union(arb(1)) * power


def tail_limit(law: Law) -> arb | None:
    """``lim f(x) x^(index + 1)`` for catalogue laws where that product rises all the way, x > 0."""
    match law:
        case Pareto():
            return law.alpha * arb(law.scale) ** law.alpha
        case Frechet():
            return arb(law.alpha)
        case BurrFamily():
            c, k = law.exponents
            return arb(c * k)
        case InverseGamma():
            return 1 / arb(law.shape).gamma()
        case F():
            a, b = arb(law.d1) / 2, arb(law.d2) / 2
            return (arb(law.d2) / law.d1) ** b * (a + b).gamma() / (a.gamma() * b.gamma())
        case Genpareto() | Gev() if law.xi > 0:
            return arb(law.xi) ** (-1 / law.xi - 1)
        case StudentT():
            return _student_limit(arb(law.df))
        case HalfStudentT():
            return 2 * _student_limit(arb(law.df))
        case Cauchy():
            return 1 / arb.pi()
        case HalfCauchy():
            return 2 / arb.pi()
        case Levy():
            return 1 / (2 * arb.pi()).sqrt()
    return None


def _student_limit(df: arb) -> arb:
    constant = ((df + 1) / 2).gamma() / ((df * arb.pi()).sqrt() * (df / 2).gamma())
    return constant * df ** ((df + 1) / 2)


def upper_power_mean(law: Law, order: fmpq, start: arb, side: int) -> arb:
    """A bound on ``E[(side X)^order; side X > start]``, for order >= 0 and a large start > 0.

    By Markov's inequality: with a moment of a larger order for heavy tails, with an exponential
    moment for light ones. The law is one of the catalogue.

    Raises
    ------
    Undecided
        Where the start is not large enough for a light law, or no bound is known.
    """
    tail = law.right_tail if side > 0 else law.left_tail
    if tail.abscissa is not None and tail.abscissa != 0:
        rate = arb(1) if isinstance(tail.abscissa, Diverges) else ball(tail.abscissa) / 2
        tilt = rate.mid().fmpq() * side
        if not start * abs(tilt) > order:
            raise Undecided(f"a tail bound for {law} beyond {start.str(6)}")
        log_mgf = law.log_mgf(tilt)
        if isinstance(log_mgf, Diverges):
            raise Undecided(f"E exp({tilt} X) of {law}")
        # x^p exp(-l x) falls beyond p/l.
        return start**order * (log_mgf - abs(tilt) * start).exp()
    higher = _higher_order(law, order)
    return start ** (order - higher) * moment_bound(law, higher)


def _higher_order(law: Law, order: fmpq) -> fmpq:
    """An order above the given one whose moment is finite."""
    index = power_index(law)
    if index is None:
        return order + 12
    if not order < index:
        raise Undecided(f"E X^{order} of {law} is infinite")
    return (order + 7 * index) / 8 if index < order + 12 else order + 12
