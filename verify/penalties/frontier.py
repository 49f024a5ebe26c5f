"""The best mean that a budget under any divergence can buy, enclosed from both sides.

``sup{E_P X : D(P || Q) <= e} = inf_{l > 0, m} (e + m + E f*(l X - m))/l`` (THEORY section 9). The
*lower* value is the mean of a reweighting within the budget; the *upper* value is a dual bound.
Which moment decides whether there is a bound at all is in :mod:`verify.penalties.holding`.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from decimal import Decimal
from typing import Any

from flint import arb, fmpq

from verify.decimals import decimal_text, rational
from verify.divergence import (
    Divergence,
    JensenShannon,
    OddsCap,
    Power,
    Renyi,
    TotalVariation,
    parse_divergence,
)
from verify.enclosure import Diverges, Undecided, ball, sign_of, working_precision
from verify.frontier import (
    PRICE_BITS,
    Frontier,
    FrontierPoint,
    mirror_image,
    parse_budget,
    settled_mean,
    written,
)
from verify.frontier import frontier as kl_frontier
from verify.law import Law
from verify.laws.bases import float_of
from verify.laws.point import PointMass
from verify.penalties.bounded import (
    JensenShannonProblem,
    by_total_variation,
    cut_at,
    excess_over,
)
from verify.penalties.holding import every_mean_is_sunk, holds, order_of
from verify.penalties.orders import OrderProblem
from verify.penalties.primal import Dual, Primal, Scale
from verify.penalties.shapes import Shape, Step
from verify.penalties.tail_moments import moment_index
from verify.reweighted import reweight
from verify.tilt_frontier import size_of
from verify.weight import TopFraction
from verify.work import OutOfWork, limited_work

#: Precisions that are tried, to which the bits of a small budget are added.
PRECISIONS = (84, 168, 336)
#: The gap, relative to max(|S|, S - mean), at which a search stops, and up to which it is settled.
AIM, ENOUGH = arb("1e-11"), arb("1e-8")
#: What is left of a budget unspent where it may be the very price of the top.
HAIR = fmpq(1, 2**60)
#: Shares of a budget that are left unspent, one after the other, where no search settles it.
LESS = (fmpq(1, 1000), fmpq(1, 20), fmpq(1, 2))

BY_SHAPE = "the best weight of this divergence spends the budget; its dual bound meets it"
AT_TOP_TOO = "the best weight does not spend the budget: the rest moves mass next to the top"
TOP = "the budget allows all mass on the top"
NEXT_TO_TOP = "the budget allows every law, so all mass may lie next to the top, which is no atom"


@dataclass(frozen=True)
class PenalisedPoint(FrontierPoint):
    """A point of a frontier under any divergence.

    Attributes
    ----------
    shape : Shape or None
        The weight of the reweighting that achieves the lower value, up to a factor.
    at_top : arb
        The share of it that is moved next to the top, beside the shape.
    dual : Dual or None
        The l and m whose dual value is ``upper``; for Renyi's divergences those of the power
        divergence of the same order.
    """

    shape: Shape | None = None
    at_top: arb = arb(0)  # noqa: RUF009 - a ball that is 0 does not change
    dual: Dual | None = None

    def to_dict(self) -> dict[str, Any]:
        """The point as JSON, with the dual witness."""
        answer = super().to_dict()
        if self.dual is not None:
            answer["dual"] = {"l": written(self.dual.slope), "m": written(self.dual.offset)}
        return answer


def penalised_frontier(
    law: Law | str,
    divergence: Divergence | str,
    budgets: Iterable[object],
    two_sided: bool = False,
) -> Frontier:
    """The best mean at each budget under a divergence.

    Parameters
    ----------
    law : Law or str
        The base law Q, or its text.
    divergence : Divergence or str
        Or its token, ``chi2`` say; :data:`verify.divergence.NORMALISATIONS` has the scales.
    budgets : iterable of numbers or decimal texts
        Each at least 0. For the odds cap R the budget is ``log R``.
    two_sided : bool, optional
        Adds the least mean at each: the frontier of ``-X``, negated.

    Raises
    ------
    InputError
        For a token, an order or a budget that is not accepted.
    """
    law = Law.parse(law) if isinstance(law, str) else law
    if isinstance(divergence, str):
        divergence = parse_divergence(divergence)
    if divergence.token == "kl":
        return kl_frontier(law, budgets, two_sided)
    exact = [parse_budget(budget) for budget in budgets]
    least = None
    if two_sided:
        mirror = mirror_image(law)
        least = tuple(_point(mirror, divergence, budget).mirrored() for budget in exact)
    points = tuple(_point(law, divergence, budget) for budget in exact)
    return Frontier(law, points, divergence.token, least)


def _point(law: Law, divergence: Divergence, budget: Decimal) -> FrontierPoint:
    try:
        if budget == 0:
            mean = settled_mean(law)
            exists = not (isinstance(mean, Diverges) and mean.sign == 0)
            return PenalisedPoint(budget, mean, mean, exists, "without a budget P = Q", law)
        sunk = every_mean_is_sunk(law, divergence)
        if sunk is not None:
            # Q itself has that mean, if anything about it does.
            known = True if moment_index(law).log_is_finite else None
            return PenalisedPoint(budget, sunk, sunk, known, sunk.because)
        held = holds(law, divergence)
        if held.answer == "no":
            return _infinite(budget, held.because)
        if held.answer == "unknown" and order_of(divergence) is None:
            raise Undecided(held.because)
        with limited_work():
            return _finite(law, divergence, budget)
    except Undecided as why:
        return PenalisedPoint(budget, None, None, None, f"not settled: {why}", settled=False)


def _infinite(budget: Decimal, because: str) -> PenalisedPoint:
    # A mixture of reweightings within the budget is within it (each divergence is convex in P, or
    # has convex balls), and weights 2^-n on ones with means above 4^n have an infinite mean.
    infinite = Diverges(+1, because)
    return PenalisedPoint(budget, infinite, infinite, True, because)


def _finite(law: Law, divergence: Divergence, budget: Decimal) -> PenalisedPoint:
    exact = rational(budget)
    scale = Scale.of(law)
    if scale.top_is_atom:
        assert scale.top is not None
        spare = _spare_beyond_top(law, divergence, exact, scale.top)
        if spare >= 0:
            return _at_top(law, divergence, budget, scale, exactly=spare > 0)
    elif scale.top is not None and _allows_everything(divergence, exact):
        return _next_to_top(budget, scale)
    return _by_search(law, divergence, budget, scale)


# ---------------------------------------------------------------- the top


def price_of_top(law: Law, divergence: Divergence, top: fmpq) -> arb | Diverges:
    """What it costs to put all mass on a largest value that is an atom."""
    mass = law.mass_at(top)
    return divergence.of_groups([(mass, 1 / mass), (1 - mass, arb(0))])


def _spare_beyond_top(law: Law, divergence: Divergence, budget: fmpq, top: fmpq) -> int:
    """The sign of what the price of the top leaves of the budget; 0 if balls cannot tell."""
    with working_precision(PRECISIONS[0]):
        if law.mass_at(top) == 1:
            return 1
        if isinstance(price_of_top(law, divergence, top), Diverges):
            return -1

    def spare() -> arb:
        price = price_of_top(law, divergence, top)
        assert isinstance(price, arb)
        return ball(budget) - price

    try:
        return sign_of(spare, f"whether {budget} reaches the price of the top", PRICE_BITS)
    except Undecided:
        return 0


def _at_top(
    law: Law, divergence: Divergence, budget: Decimal, scale: Scale, exactly: bool
) -> PenalisedPoint:
    """All mass on the top; where the budget may be its very price, what a hair less buys."""
    assert scale.top is not None
    top = arb(scale.top)
    if exactly:
        return PenalisedPoint(budget, top, top, True, TOP, PointMass(scale.top))
    with working_precision(PRECISIONS[1]):
        primal, _, _ = _witnesses(law, divergence, rational(budget) * (1 - HAIR), scale)
    because = f"{TOP}, as far as balls can tell; a hair less buys next to it"
    return PenalisedPoint(
        budget, primal.mean, top, True, because, shape=primal.shape, at_top=primal.at_top
    )


def _allows_everything(divergence: Divergence, budget: fmpq) -> bool:
    """Whether no law, even one that Q gives no mass, is beyond the budget."""
    with working_precision(PRECISIONS[0]):
        return divergence.largest is not None and bool(ball(budget) >= divergence.largest)


def _next_to_top(budget: Decimal, scale: Scale) -> PenalisedPoint:
    assert scale.top is not None
    near = scale.next_to_top()
    with working_precision(PRECISIONS[1]):
        lower, upper = ball(near), ball(scale.top)
    return PenalisedPoint(
        budget, lower, upper, False, NEXT_TO_TOP, end=upper, shape=Step(near), at_top=arb(1)
    )


# ---------------------------------------------------------------- the search


def _by_search(law: Law, divergence: Divergence, budget: Decimal, scale: Scale) -> PenalisedPoint:
    exact = rational(budget)
    best: PenalisedPoint | None = None
    reason = ""
    for bits in PRECISIONS:
        with working_precision(bits + max(0, -budget.adjusted()) * 4):
            try:
                primal, dual, attained = _witnesses(law, divergence, exact, scale)
            except OutOfWork as why:
                reason = reason or str(why)  # what fewer bits met says more
                break
            except Undecided as why:
                reason = str(why)
                continue
            upper = dual.bound
            if scale.top is not None and ball(scale.top) < upper:
                upper = ball(scale.top)
            if not primal.within or not (upper - primal.mean).is_finite():
                reason = "no reweighting was certainly within the budget"
                continue
            allowed, gap = size_of(law, primal.mean), upper - primal.mean
            if gap < 0:
                raise AssertionError(f"{law}, {divergence.token} <= {budget}: witnesses cross")
            best = _described(law, divergence, budget, primal, dual, upper, attained)
            if gap < AIM * allowed:
                return best
    if best is None:
        best = _by_a_smaller_budget(law, divergence, budget, scale, reason)
    assert isinstance(best.lower, arb) and best.gap is not None
    settled = bool(best.gap < ENOUGH * size_of(law, best.lower))
    return replace(best, settled=settled, attained=best.attained if settled else None)


def _by_a_smaller_budget(
    law: Law, divergence: Divergence, budget: Decimal, scale: Scale, reason: str
) -> PenalisedPoint:
    """Bounds where the search fails: what a smaller budget buys is within this one, below the top.

    Raises
    ------
    Undecided
        With the reason of the failed search, if there is no top or no smaller budget is settled.
    """
    if scale.top is None:
        raise Undecided(reason)
    for left in LESS:
        try:
            with working_precision(PRECISIONS[0]), limited_work():
                smaller = rational(budget) * (1 - left)
                primal, _, _ = _witnesses(law, divergence, smaller, scale)
                upper = ball(scale.top)
        except Undecided:
            continue
        if primal.within and primal.mean.is_finite() and primal.mean <= upper:
            share = decimal_text(1 - left)
            because = f"not settled: {reason}; {share} of the budget buys the lower value"
            shape, at_top = primal.shape, primal.at_top
            return PenalisedPoint(
                budget, primal.mean, upper, None, because, shape=shape, at_top=at_top
            )
    raise Undecided(reason)


def _witnesses(
    law: Law, divergence: Divergence, budget: fmpq, scale: Scale
) -> tuple[Primal, Dual, bool | None]:
    """The pair of witnesses, and whether the best mean is attained."""
    match divergence:
        case OddsCap():
            return *_by_odds(law, budget, scale), True
        case TotalVariation():
            return *by_total_variation(law, budget, scale), scale.top_is_atom
        case JensenShannon():
            problem = JensenShannonProblem(law, budget, scale)
            primal, dual = problem.solve()
            return primal, dual, True if problem.has_full_mass else None
        case Power() | Renyi():
            by_order = OrderProblem(law, divergence, budget, scale)
            primal, dual = by_order.above() if divergence.order > 1 else by_order.below()
            return primal, dual, True if primal.top_from is None else None
    raise TypeError(f"no frontier is known for {divergence!r}")


def _by_odds(law: Law, budget: fmpq, scale: Scale) -> tuple[Primal, Dual]:
    """The top share 1/R of the law; ``E_P X <= c + R E (X - c)_+`` for every cut c."""
    odds = ball(budget).exp()
    fraction = (1 / odds).upper().fmpq()  # a little more than 1/R: within the budget
    cut = cut_at(law, 1 - fraction)
    excess, above, atom = excess_over(law, cut), law.survival(cut), law.mass_at(cut)
    bound = Dual(cut + odds * excess, arb(1), ball(cut))
    if atom > 0:
        mean = reweight(law, TopFraction(fraction)).mean()
        if isinstance(mean, Diverges):
            raise Undecided(f"the mean of the top of {law}: {mean.because}")
        return Primal(Step(cut, (fraction - above) / atom), mean, arb(1)), bound
    if above > fraction + HAIR:
        return _beside_an_atom(law, cut, fraction, above), bound
    # All above a cut next to the quantile: the weight there is one over its mass.
    return Primal(Step(cut), cut + excess / above, 1 / (above * odds)), bound


def _beside_an_atom(law: Law, cut: fmpq, fraction: fmpq, above: arb) -> Primal:
    """The top share of a law that has an atom just above the cut, at a point that is no fraction.

    Of what lies between two fractions around the atom, as much is taken as the share needs.
    """
    last = law.quantile(1 - fraction).upper().mid().fmpq()
    last += HAIR * (last - cut)  # the end of a ball may be the atom itself, rounded
    beyond, upper = law.survival(last), law.upper_mean(last)
    if not (beyond < fraction and isinstance(upper, arb)):
        raise Undecided(f"the mass of {law} next to {float_of(cut):.6g} is not known well enough")
    rest = fraction - beyond
    mean = (upper + rest * ball(cut).union(ball(last))) / fraction
    return Primal(Step(cut, rest / (above - beyond), last=last), mean, arb(1))


def _described(
    law: Law,
    divergence: Divergence,
    budget: Decimal,
    primal: Primal,
    dual: Dual,
    upper: arb,
    attained: bool | None,
) -> PenalisedPoint:
    moved = primal.top_from is not None and not isinstance(divergence, TotalVariation)
    tiny = bool(primal.at_top < arb(2) ** -30)
    because = AT_TOP_TOO if moved and not tiny else BY_SHAPE
    achieving = None
    if isinstance(divergence, OddsCap):
        because = "the top share exp(-d) of the law; c + exp(d) E (X - c)_+ bounds every other"
        achieving = reweight(law, TopFraction((ball(rational(budget)).exp() ** -1).upper().fmpq()))
    if isinstance(divergence, TotalVariation):
        because = "the lowest share d of the law is moved to the top, as near as there is any mass"
    return PenalisedPoint(
        budget,
        primal.mean,
        upper,
        attained,
        because,
        achieving,
        shape=primal.shape,
        at_top=primal.at_top,
        dual=None if isinstance(divergence, OddsCap) else dual,
    )
