"""The frontier: the best mean that a KL budget can buy, with a witness on either side.

``S(d) = sup{E_P X : KL(P || Q) <= d} = inf_l (d + K(l))/l`` (Theorem 2). The *lower* value is the
mean of a reweighting within the budget; the *upper* value is ``(d + K(l))/l`` for one l, which no
reweighting exceeds. Which pair of witnesses there is depends on the law:

* right-heavy, or a mean of oo: S is infinite (Theorem 1);
* the budget reaches ``-log Q{top}``: S is the top, and all mass on it attains S;
* some tilt spends the budget: it attains S, and one evaluation of K and K' gives both values;
* no tilt does (``d > D*``): a threshold on a tilt next to the rate comes as close as is asked.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from flint import arb, fmpq

from verify.decimals import decimal_text, outward, parse_decimal, plain, rational
from verify.enclosure import (
    Diverges,
    Number,
    Undecided,
    accurate,
    ball,
    escalate,
    sign_of,
    working_precision,
)
from verify.errors import InputError
from verify.law import Law
from verify.laws.point import PointMass
from verify.reweighted import reweight
from verify.tail_kind import tail_kind
from verify.tilt_frontier import Bounds, by_tilt
from verify.tilt_search import Tiltable, TiltPath
from verify.tilted_threshold import by_tilted_threshold
from verify.weight import Tilt
from verify.work import limited_work

if TYPE_CHECKING:
    from verify.large_sample import SamplePoint
    from verify.laws.empirical_law import Empirical

#: Digits and decimal exponents of a budget.
LARGEST_EXPONENT = 300
#: Bits of the numbers that are known without a search.
KNOWN_BITS = 80
#: Bits that are spent on telling a budget from the price of the top.
PRICE_BITS = 1024
#: What is left of a budget unspent where it may be the very price.
HAIR = fmpq(1, 2**60)
#: D* is known and below the budget, or no tilt was found to spend it.
PAST_LAST_TILT = "no tilt spends the budget: a threshold on the tilt by the rate comes close"
NEXT_TO_RATE = (
    "no tilt was found to spend the budget: a threshold on a tilt next to the rate is close"
)
#: Rows of a file up to which its frontier is certified; beyond, float64 with an error bound.
CERTIFIED_ROWS = 10**5


@dataclass(frozen=True)
class FrontierPoint:
    """The frontier at one budget.

    Attributes
    ----------
    budget : Decimal
        d, in nats.
    lower : arb, Diverges or None
        The mean of a law P with ``KL(P || Q) <= d``; None where none was found.
    upper : arb, Diverges or None
        A bound on the mean of all such P; None where none was found.
    attained : bool or None
        Whether some P has mean S(d); None where that is not known.
    because : str
        What the values rest on, in one sentence.
    achieving : Law or None
        The P whose mean is ``lower``.
    tilt : fmpq or None
        The l whose dual value ``(d + K(l))/l`` is ``upper``.
    means : str
        ``ball``, or ``float64`` for files too large to be certified.
    settled : bool
        Whether both values were found, and as close as the search aims at.
    end : arb or None
        The largest reward, where S(d) is that and no P attains it.
    """

    budget: Decimal
    lower: Number | None
    upper: Number | None
    attained: bool | None
    because: str
    achieving: Law | None = None
    tilt: fmpq | None = None
    means: str = "ball"
    settled: bool = True
    end: arb | None = None

    @property
    def gap(self) -> arb | None:
        """``upper - lower``; None where either is not a number."""
        if isinstance(self.lower, arb) and isinstance(self.upper, arb):
            return self.upper - self.lower
        return None

    def mirrored(self) -> FrontierPoint:
        """The same for ``-X``: the least mean, whose *upper* value is the one that is achieved."""
        achieving = None if self.achieving is None else -self.achieving
        tilt = None if self.tilt is None else -self.tilt
        lower, upper = _negative(self.upper), _negative(self.lower)
        return replace(
            self,
            lower=lower,
            upper=upper,
            achieving=achieving,
            tilt=tilt,
            because=f"for -X: {self.because}",
            end=None if self.end is None else -self.end,
        )

    def to_dict(self) -> dict[str, Any]:
        """The point as JSON: decimal strings, rounded outward."""
        return {
            "budget": plain(self.budget),
            "lower": written(self.lower),
            "upper": written(self.upper),
            "attained": self.attained,
            "tilt": None if self.tilt is None else decimal_text(self.tilt),
            "means": self.means,
            "because": self.because,
        }


@dataclass(frozen=True)
class Frontier:
    """The frontier of a law at some budgets."""

    base: Law
    points: tuple[FrontierPoint, ...]
    divergence: str = "kl"
    #: The least means, where both sides were asked for.
    least: tuple[FrontierPoint, ...] | None = None

    @property
    def settled(self) -> bool:
        """Whether every point is."""
        return all(point.settled for point in self.points + (self.least or ()))

    def to_dict(self) -> dict[str, Any]:
        """The answer of ``goodhart frontier``."""
        answer = {
            "base": str(self.base),
            "divergence": self.divergence,
            "points": [point.to_dict() for point in self.points],
        }
        if self.least is not None:
            answer["least"] = [point.to_dict() for point in self.least]
        return answer


def frontier(law: Law | str, budgets: Iterable[object], two_sided: bool = False) -> Frontier:
    """The best mean at each KL budget; see :func:`frontier_point`.

    Parameters
    ----------
    law : Law or str
        The base law Q, or its text.
    budgets : iterable of numbers or decimal texts
        In nats, each at least 0.
    two_sided : bool, optional
        Adds the least mean at each: ``inf E_P X = -sup E_P[-X]``, the frontier of ``-X`` negated.
    """
    law = Law.parse(law) if isinstance(law, str) else law
    exact = [parse_budget(budget) for budget in budgets]
    least = None
    if two_sided:
        least = tuple(point.mirrored() for point in _points(mirror_image(law), exact))
    return Frontier(law, _points(law, exact), least=least)


def mirror_image(law: Law) -> Law:
    """``-X``; of a file again a file, which is what large ones need."""
    from verify.laws.empirical_law import Empirical

    if not isinstance(law, Empirical):
        return -law
    return Empirical.from_values(-law.rows(), law.label)


def frontier_point(law: Law | str, budget: object) -> FrontierPoint:
    """The best mean within one KL budget, enclosed from below and from above.

    Parameters
    ----------
    law : Law or str
        The base law Q, or its text.
    budget : number or decimal text
        d, in nats, at least 0.

    Raises
    ------
    InputError
        If the budget is not a decimal number, or negative.
    """
    return frontier(law, [budget]).points[0]


def parse_budget(value: object) -> Decimal:
    """A budget as it is written: a number of nats, at least 0.

    Raises
    ------
    InputError
        If it is not.
    """
    if isinstance(value, Decimal | int) and not isinstance(value, bool):
        value = str(value)
    if isinstance(value, float):
        value = repr(value)
    budget = parse_decimal(value, "budget", exponent=LARGEST_EXPONENT)
    if budget < 0:
        raise InputError(f"budget: expected a number of nats, 0 or more, got {value}")
    return budget


def _points(law: Law, budgets: list[Decimal]) -> tuple[FrontierPoint, ...]:
    from verify.laws.empirical_law import Empirical

    if isinstance(law, Empirical) and law.n > CERTIFIED_ROWS:
        return _of_large_sample(law, budgets)
    return tuple(_point(law, budget) for budget in budgets)


def _of_large_sample(law: Empirical, budgets: list[Decimal]) -> tuple[FrontierPoint, ...]:
    """In float64, with a bound on every error."""
    from verify.large_sample import LargeSample

    sample = LargeSample(law.rows())
    found = iter(sample.frontier([budget for budget in budgets if budget > 0]))
    return tuple(
        _of_sample(law, next(found)) if budget > 0 else _point(law, budget) for budget in budgets
    )


def _of_sample(law: Law, point: SamplePoint) -> FrontierPoint:
    tilt = None if point.tilt is None else arb(point.tilt).fmpq()
    because = f"float64 with a bound on its errors: the file has more than {CERTIFIED_ROWS} rows"
    if point.at_top:
        achieving: Law | None = PointMass(arb(point.upper).fmpq())
    else:
        achieving = None if tilt is None else reweight(law, Tilt(tilt))
    lower, upper = arb(point.lower), arb(point.upper)
    return FrontierPoint(
        point.budget, lower, upper, True, because, achieving, tilt, means="float64"
    )


def _point(law: Law, budget: Decimal) -> FrontierPoint:
    """Try what needs no search first."""
    try:
        known = _at_identity(law, budget) or _without_bound(law, budget) or _at_top(law, budget)
        return known or _by_search(law, budget)
    except Undecided as why:
        return FrontierPoint(budget, None, None, None, f"not settled: {why}", settled=False)


# ---- what needs no search -----------------------------------------------------------------------


def settled_mean(law: Tiltable) -> Number:
    """The mean, as a ball that is accurate or at least small."""

    def settled(mean: Number) -> bool:
        # A mean of 0 has no relative accuracy: a small radius does for it.
        return accurate(mean, 60) or (isinstance(mean, arb) and bool(mean.rad() < arb(2) ** -60))

    return escalate(law.mean, settled, f"the mean of {law}", first=KNOWN_BITS, last=1280)


def _at_identity(law: Law, budget: Decimal) -> FrontierPoint | None:
    """Without a budget, or with a mean of oo already, P = Q."""
    if budget == 0:
        mean = settled_mean(law)
        exists = not (isinstance(mean, Diverges) and mean.sign == 0)
        return FrontierPoint(budget, mean, mean, exists, "without a budget P = Q", law)
    return None


def _without_bound(law: Law, budget: Decimal) -> FrontierPoint | None:
    """S is infinite for right-heavy laws, and only for them."""
    if tail_kind(law) == "light?":
        return None  # what the search finds proves itself
    return _infinite(law, budget) if law.mgf_abscissa == 0 else None


def _infinite(law: Law, budget: Decimal) -> FrontierPoint:
    infinite = Diverges(+1, f"X is right-heavy: {law.right_tail.abscissa_because}")
    # A mixture of reweightings within the budget is within it (KL is convex), and weights 2^-n on
    # ones with means above 4^n, which Theorem 1 gives, have an infinite mean.
    because = f"{infinite.because} (Theorem 1; a mixture of its reweightings has an infinite mean)"
    return FrontierPoint(budget, infinite, infinite, True, because)


def _at_top(law: Law, budget: Decimal) -> FrontierPoint | None:
    """All mass on the largest value, where that is an atom and the budget reaches it."""
    top = law.support[1]
    if isinstance(top, Diverges) or not law.has_atoms or not isinstance(top, fmpq | int):
        return None
    with working_precision(KNOWN_BITS):
        if law.mass_at(top) == 0:
            return None

    def spare() -> arb:
        return ball(rational(budget)) + law.mass_at(top).log()

    try:
        if sign_of(spare, f"whether {budget} reaches -log Q{{{top}}}", PRICE_BITS) < 0:
            return None
    except Undecided:
        return _at_the_price(law, budget, fmpq(top))
    value, because = arb(fmpq(top)), "the budget reaches -log Q{top}: all mass on the top"
    return FrontierPoint(budget, value, value, True, because, PointMass(fmpq(top)))


def _at_the_price(law: Law, budget: Decimal, top: fmpq) -> FrontierPoint:
    """Where balls cannot tell d from ``-log Q{top}``, as with a mass of exp(-3) at d = 3.

    S is the top or next to it, and attained either way; a tilt within a little less comes close.
    """
    found = by_tilt(TiltPath.of(law), rational(budget) * (1 - HAIR))
    because = "the budget is -log Q{top}, as far as balls can tell: a tilt next to it, and the top"
    tilted = reweight(law, Tilt(found.spending))
    return FrontierPoint(budget, found.lower, arb(top), True, because, tilted, settled=found.closed)


# ---- what a search finds ------------------------------------------------------------------------


def _by_search(law: Law, budget: Decimal) -> FrontierPoint:
    path, exact = TiltPath.of(law), rational(budget)
    # For laws of one's own the end of the path is worth a look first: the search for a tilt that
    # spends more than all of them do takes long.
    if law.rates_need_search:
        beyond = by_tilted_threshold(law, path.rate, exact, at_rate=True)
        if beyond is not None:
            return _found(law, budget, beyond, PAST_LAST_TILT)
    try:
        with limited_work():
            found = by_tilt(path, exact)
    except Undecided:
        if law.rates_need_search and law.mgf_abscissa == 0:
            return _infinite(law, budget)
        raise
    if found.closed:
        because = "the tilt by l spends the budget; (d + K(l))/l bounds every other"
        return _found(law, budget, found, because)
    beyond = by_tilted_threshold(law, path.rate, exact, at_rate=False)
    if beyond is not None:
        return _found(law, budget, beyond, NEXT_TO_RATE)
    because = "the best pair of witnesses that was found: a wide gap"
    return replace(_found(law, budget, found, because), settled=False)


def _found(law: Law, budget: Decimal, bounds: Bounds, because: str) -> FrontierPoint:
    return FrontierPoint(
        budget,
        bounds.lower,
        bounds.upper,
        bounds.attained,
        because,
        bounds.threshold or reweight(law, Tilt(bounds.spending)),
        bounds.tilt,
    )


# ---- text ---------------------------------------------------------------------------------------


def _negative(value: Number | None) -> Number | None:
    if isinstance(value, Diverges):
        return Diverges(-value.sign, value.because)
    return None if value is None else -value


def written(value: Number | None) -> list[str] | str | None:
    """A number as JSON: a decimal string for either end, ``oo``, or null."""
    if value is None:
        return None
    return str(value) if isinstance(value, Diverges) else list(outward(value))
