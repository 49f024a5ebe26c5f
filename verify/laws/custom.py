"""``tail(log_sf="...", lower=...)``: the law of a tail that a user wrote.

``log_sf`` is ``log Q(X > x)`` for x >= lower, any formula of :mod:`verify.formula`; the mass that
it leaves over sits at ``lower`` as an atom. That it is the tail of a law is proved, not sampled:
:mod:`verify.ray` shows that it never increases and tends to minus infinity.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property, lru_cache
from typing import TYPE_CHECKING

from flint import arb, arb_series, ctx, fmpq

from verify.arithmetic import BALLS
from verify.decimals import rational, round_decimal
from verify.enclosure import (
    INFINITE,
    Diverges,
    Number,
    Undecided,
    ball,
    compare,
    escalate,
    exact,
    working_precision,
)
from verify.expression import ExpressionError, Text, render
from verify.formula import Formula
from verify.law import Bound, Law, LawError, Point
from verify.laws.tail_integrals import TailIntegrals
from verify.ray import (
    Refuted,
    power_bound,
    power_lower_bound,
    prove_nonincreasing,
    prove_tends_to_minus_infinity,
)
from verify.series import Moments, log_series
from verify.tail_rates import Rate, TailRates

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

#: Decimal exponent of the point where the slope of log_sf is taken for its limit, in searches.
_FAR = 60
_FAR_BITS = 512
#: How much steeper it is there than at half the exponent where it goes on growing: twice like
#: log x; one with a limit has all but reached it.
_GROWS = fmpq(11, 10)

#: Where to look for the point from which a power bound holds, as multiples of ``1 + |lower|``.
_BEGINNINGS = tuple(fmpq(10) ** k for k in (0, 1, 3, 6, 12, 30, 100))


def tail(log_sf: str, lower: object) -> Law:
    """The law with ``log Q(X > x) = log_sf(x)`` for x >= lower.

    Parameters
    ----------
    log_sf : str
        A formula in x of ``+ - * / **``, exp, log, sqrt and constants, such as ``"-x/log(x)"``.
    lower : number or str
        The lower end of the support; text is a constant expression such as ``"exp(1)"``.

    Raises
    ------
    LawError
        If the formula is not the logarithm of a survival function; one line naming the place.
    """
    try:
        formula = Formula.parse(log_sf) if isinstance(log_sf, str) else None
    except ExpressionError as error:
        raise LawError(f"tail: log_sf: {error}") from None
    if formula is None:
        raise LawError(f'tail: log_sf must be text such as "-sqrt(x)", got {log_sf!r:.40}')
    return _proved_tail(formula, _constant(lower))


def _constant(lower: object) -> Formula:
    try:
        if isinstance(lower, Formula):
            start = lower
        elif isinstance(lower, str):
            start = Formula.parse(lower)
        else:
            start = Formula.number(exact(lower))  # type: ignore[arg-type]
    except ExpressionError as error:
        raise LawError(f"tail: lower: {error}") from None
    except ValueError:
        wanted = 'a number or text such as "exp(1)"'
        raise LawError(f"tail: lower must be {wanted}, got {lower!r:.40}") from None
    if not start.is_constant:
        raise LawError(f"tail: lower must not contain x, got {start}")
    return start


@lru_cache(maxsize=256)
def _proved_tail(formula: Formula, lower: Formula) -> Law:
    """Build the law once the proofs that it is one have gone through."""
    try:
        lower.ball()
        _check_start(formula, lower)
        proofs = (
            prove_nonincreasing(formula, lower),
            prove_tends_to_minus_infinity(formula, lower),
        )
    except (Refuted, ExpressionError) as error:
        raise LawError(f"tail: log_sf: {error}") from None
    except Undecided as error:
        raise LawError(f"tail: log_sf: {error}; write it in a simpler form") from None
    return Tail(formula, lower, tuple(str(proof) for proof in proofs))


def forget_tails() -> None:
    """Forget the laws, and their proofs and integrals, that were made so far."""
    _proved_tail.cache_clear()


def _check_start(formula: Formula, lower: Formula) -> None:
    """``log_sf(lower) <= 0``, decided exactly where the formula simplifies to a number."""
    start = formula.at(lower)
    value = start.rational
    if value is not None:
        if value > 0:
            raise Refuted(f"it is above 0 at lower: log_sf({lower}) = {value}")
        return
    sign = escalate(
        lambda: ball(start), lambda x: bool(x > 0) or bool(x <= 0), f"whether log_sf({lower}) <= 0"
    )
    if sign > 0:
        shown = sign.str(6, radius=False)
        raise Refuted(f"it is above 0 at lower: log_sf({lower}) = {shown}")


@dataclass(frozen=True)
class Tail(Law):
    """See :func:`tail`, which is how to make one.

    Attributes
    ----------
    log_sf, lower : Formula
        The formula and the lower end.
    proofs : tuple of str
        The proofs that ``log_sf`` never increases and tends to minus infinity.
    """

    log_sf: Formula
    lower: Formula
    proofs: tuple[str, ...]

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Tail) and (self.log_sf, self.lower) == (other.log_sf, other.lower)

    def __hash__(self) -> int:
        return hash((self.log_sf, self.lower))

    def __str__(self) -> str:
        formula = render(Text(str(self.log_sf)))
        start = str(self.lower)
        if self.lower.rational is None:
            start = render(Text(start))
        return f"tail(log_sf={formula}, lower={start})"

    # ---- what it is -------------------------------------------------------------------------

    @property
    def support(self) -> tuple[Bound, Bound]:
        return self.lower, INFINITE

    @property
    def left_tail(self) -> TailRates:
        return TailRates.bounded()

    @property
    def rates_need_search(self) -> bool:
        return True

    @cached_property
    def right_tail(self) -> TailRates:
        from verify.limit import limit_at_infinity

        slope = limit_at_infinity(self.log_sf / Formula.parse("x"))
        decay = limit_at_infinity(self.log_sf.derivative())
        return TailRates(
            _rate(slope.value),
            _rate(decay.value),
            f"log_sf(x)/x: {slope.because}",
            f"the slope of log_sf: {decay.because}",
        )

    @property
    def has_atoms(self) -> bool:
        return True

    # ---- tails ------------------------------------------------------------------------------

    def at(self, x: arb) -> arb:
        """``log_sf(x)``, for x at or above ``lower``."""
        return arb(self.log_sf.evaluate(x, BALLS))

    def _log_atom_left_out(self) -> arb:
        """``log Q(X > lower)``."""
        return ball(self.log_sf.at(self.lower))

    def _place(self, t: Point) -> int | None:
        """-1, 0, +1: below, at, above ``lower``; None where the balls cannot tell."""
        if isinstance(t, fmpq | int):
            start = self.lower.rational
            return compare(t, self.lower if start is None else start)
        x, low = ball(t), self.lower.ball()
        return 1 if x > low else -1 if x < low else None

    def log_survival(self, t: Point, closed: bool = False) -> arb:
        place = self._place(t)
        if place == -1 or (place == 0 and closed):
            return arb(0)
        if place == 0:
            return self._log_atom_left_out()
        if place is None:
            return arb(0).union(self._log_atom_left_out().lower()).union(self.at(ball(t).upper()))
        return self.at(ball(t))

    def log_cdf(self, t: Point, open: bool = False) -> arb:
        above = self.log_survival(t, closed=open)
        return arb.neg_inf() if above == 0 else (-above.expm1()).log()

    def mass_at(self, t: Point) -> arb:
        place = self._place(t)
        atom = -self._log_atom_left_out().expm1()
        if place == 0:
            return atom
        return arb(0) if place is not None else arb(0).union(atom)

    def density(self, t: Point) -> arb:
        """The density above ``lower``, where the law has one."""
        place = self._place(t)
        if place != 1:
            return arb.nan() if place is None else arb(0)
        x = ball(t)
        return -arb(self.log_sf.derivative().evaluate(x, BALLS)) * self.at(x).exp()

    # ---- means ------------------------------------------------------------------------------

    @cached_property
    def decay(self) -> tuple[fmpq, fmpq] | Diverges | None:
        """``(T, k)`` with ``log_sf' <= -k/x`` beyond T and k > 1, or why the mean is infinite."""
        for beginning in self._beginnings():
            k = power_bound(self.log_sf, beginning)
            if k is not None and k > 1:
                return beginning, k
        for beginning in self._beginnings():
            if power_lower_bound(self.log_sf, beginning, 1):
                return Diverges(+1, f"Q(X > x) falls no faster than 1/x beyond {beginning}")
        return None

    def _beginnings(self) -> list[fmpq]:
        start = self.lower.ball()
        scale = fmpq(int((1 + abs(start)).upper().ceil().unique_fmpz() or 1))
        offset = max(fmpq(0), fmpq(int(start.upper().ceil().unique_fmpz() or 0)))
        return [offset + scale * multiple for multiple in _BEGINNINGS]

    @cached_property
    def integrals(self) -> TailIntegrals:
        """Certified integrals of the tail."""
        return TailIntegrals(self.log_sf, self.lower, self._finite_decay)

    def _finite_decay(self) -> tuple[fmpq, fmpq]:
        if not isinstance(self.decay, tuple):
            raise Undecided(f"no power bound proves that {self} has a finite mean")
        return self.decay

    def mean(self) -> Number:
        if isinstance(self.decay, Diverges):
            return self.decay
        means = self._means
        if ctx.prec not in means:
            start = self.lower.ball()
            excess = self.integrals.excess(start)
            means[ctx.prec] = start + self._log_atom_left_out().exp() * excess
        return means[ctx.prec]

    @cached_property
    def _means(self) -> dict[int, arb]:
        """The mean, an integral, at each precision it has been asked for."""
        return {}

    def tail_mean(self, t: Point) -> Number:
        if isinstance(self.decay, Diverges):
            return self.decay
        place = self._place(t)
        if place == -1:
            return self.mean()
        x = ball(t)
        return arb.nan() if place is None else x + self.integrals.excess(x)

    def tail_mean_estimate(self, t: Point) -> Number:
        if isinstance(self.decay, Diverges):
            return self.decay
        x = ball(t)
        index = -x * arb(self.log_sf.derivative().evaluate(x, BALLS))
        # Exact for a power of index > 1, and to first order for every lighter tail (Karamata).
        return x * index / (index - 1) if index > arb(1.01) else x

    def upper_mean(self, t: Point) -> Number:
        mean = self.tail_mean(t)
        return mean if isinstance(mean, Diverges) else self.survival(t) * mean

    # ---- exponential moments ----------------------------------------------------------------

    def _mgf_diverges(self, tilt: Point) -> Diverges | None:
        return None  # decided by the integral's own bound, without the symbolic rate

    def rate_estimate(self) -> Rate:
        with working_precision(_FAR_BITS):
            slope = self.log_sf.derivative()
            far, half = (-arb(slope.evaluate(arb(10) ** n, BALLS)) for n in (_FAR, _FAR // 2))
            if not far.is_finite() or far < arb(10) ** (-_FAR // 3):
                return None
            if far > arb(10) ** (_FAR // 3) or far > half * _GROWS:
                return INFINITE
            rate = self.integrals.rate
            if abs(far - rate.ball()) < far * arb(10) ** (-_FAR // 3):
                return rate if rate.rational is None else rate.rational
            return rational(round_decimal(far.mid(), _FAR // 3, up=False))

    def cumulant_series(self, tilt: arb) -> arb_series:
        return log_series(self.exponential_moments(tilt))

    def exponential_moments(
        self, tilt: arb, low: fmpq | None = None, high: fmpq | None = None
    ) -> Moments:
        from_lower = low is None or self._place(low) == -1
        start = self.lower.ball() if from_lower or low is None else ball(low)
        end = None if high is None else ball(high)
        if high is not None:
            place = self._place(high)
            if place == -1 or (low is not None and low >= high):
                return arb(0), arb(0), arb(0)
            if place == 0:  # nothing but the atom, if that
                atom = self.mass_at(high) * (tilt * start).exp() if from_lower else arb(0)
                return atom, atom * start, atom * start * start
        if end is not None and not end > start:  # two points that these bits cannot tell apart
            return arb.nan(), arb.nan(), arb.nan()
        parts = self.integrals.exponential(tilt, start, end)
        first = arb(0) if from_lower else self.at(start)
        last = None if end is None else self.at(end)
        return _by_parts(tilt, parts, (start, first), None if end is None else (end, last))

    # ---- samples ----------------------------------------------------------------------------

    def sample(self, size: int, rng: np.random.Generator) -> NDArray[np.float64]:
        from verify.sampling import sample_log_survival

        return sample_log_survival(self.log_sf, float(self.lower.ball()), size, rng)


def _by_parts(
    tilt: arb, parts: Moments, start: tuple[arb, arb], end: tuple[arb, arb | None] | None
) -> Moments:
    """``E[X^k e^(lX); ...]`` from the integrals of ``x^j e^(lx) Q(X > x)``, by parts."""

    def boundary(place: tuple[arb, arb | None], order: int) -> arb:
        x, log_tail = place
        assert log_tail is not None
        return x**order * (tilt * x + log_tail).exp()

    j0, j1, j2 = parts
    inner = (tilt * j0, j0 + tilt * j1, 2 * j1 + tilt * j2)
    moments = []
    for order in range(3):
        upper = arb(0) if end is None else boundary(end, order)
        moments.append(boundary(start, order) - upper + inner[order])
    return moments[0], moments[1], moments[2]


def _rate(limit: object) -> Rate:
    """A rate from the limit of something negative."""
    if limit is None:
        return None
    if isinstance(limit, Diverges):
        return INFINITE if limit.sign < 0 else None
    if isinstance(limit, fmpq):
        return -limit
    assert isinstance(limit, Formula)
    return -limit
