"""Best means of rewards with a largest value, under total variation and Jensen-Shannon.

* Total variation e: the lowest share e of Q is moved to the top. For every cut c,
  ``E_P X <= top - (1 - e)(top - c) + E (X - c)_+``, with equality where ``Q(X <= c) = e``.
* Jensen-Shannon e: for every rate l and pole c at the top or above,
  ``E_P X <= c + (2 e - 2 log 2 - E log(1 - exp(-l (c - X))))/l``; the best weight is
  ``1/(exp(l (c - X)) - 1)``, and what it lacks of mass 1 is moved to the top.
"""

from __future__ import annotations

from dataclasses import dataclass

from flint import arb, ctx, fmpq

from verify.enclosure import Diverges, Undecided, accurate, ball, working_precision
from verify.law import Law
from verify.penalties.expectation import expect
from verify.penalties.kernels import BoseKernel, BoseLogKernel, PowerKernel
from verify.penalties.primal import Dual, Primal, Scale
from verify.penalties.search import Found, Spending, least_unspent
from verify.penalties.shapes import BoseEinstein, Step
from verify.ranked import simplest_fraction

#: How near to the top a pole is looked for, as ``log`` of its distance in units of the law.
NEAREST_POLE = 60
#: A pole at which a Bose-Einstein weight has next to no mass: so many ``1/l`` above the top.
FAR_POLE = 40
#: What is left of a total variation budget unspent.
HAIR = fmpq(1, 2**60)
#: The coarse search: the share that it leaves unspent, and how many bits less it takes.
COARSE, COARSE_BITS, LEAST_BITS = arb(2) ** -22, 26, 53
#: How far from the coarse answer the fine one is looked for first.
NEARBY = 1e-6


# ---------------------------------------------------------------- total variation


def by_total_variation(law: Law, budget: fmpq, scale: Scale) -> tuple[Primal, Dual]:
    """The lowest share e of the law moved to its top.

    A hair less than e is moved, so that balls can tell what is moved from e wherever atoms lie.
    """
    assert scale.top is not None
    moved = budget * (1 - HAIR)
    cut = cut_at(law, moved)
    if not law.cdf(cut, open=True) < ball(budget):
        raise Undecided("whether the lowest share is within the budget")
    excess, above, atom = excess_over(law, cut), law.survival(cut), law.mass_at(cut)
    # At an atom, what is left of it; elsewhere nothing, for the cut is at the quantile or below.
    kept_there = (ball(1 - moved) - above).max(arb(0)).min(atom) if atom > 0 else arb(0)
    kept = above + kept_there
    top = scale.next_to_top()
    primal = Primal(
        Step(cut, kept_there / atom if atom > 0 else None, to_top=True),
        mean=excess + cut * kept + (1 - kept) * ball(top),
        spent=ball(moved / budget) if kept_there > 0 else (1 - kept) / ball(budget),
        at_top=1 - kept,
        top_from=top,
    )
    length = ball(scale.top) - cut
    bound = scale.top - (1 - ball(budget)) * length + excess
    return primal, Dual(bound, 1 / length, scale.top / length - arb(1) / 2)


def excess_over(law: Law, cut: fmpq) -> arb:
    """``E (X - c)_+``, from the law's own upper mean where that is accurate."""
    upper = law.upper_mean(cut)
    if isinstance(upper, Diverges):
        raise Undecided(f"E (X - c)_+ of {law}: {upper.because}")
    excess = upper - cut * law.survival(cut)
    if accurate(excess, ctx.prec // 2):
        return excess
    return expect(law, cut, +1, PowerKernel(fmpq(1)))[0]


def cut_at(law: Law, level: fmpq) -> fmpq:
    """The quantile at a level, exactly where it is an atom, else at one that is a hair less."""
    if law.has_atoms:
        quantile = law.quantile(level)
        if quantile.is_exact():
            return quantile.fmpq()
        atom = simplest_fraction(quantile)
        if law.mass_at(atom) > 0:
            return atom
    return law.quantile(level - HAIR * min(level, 1 - level)).lower().mid().fmpq()


# ---------------------------------------------------------------- Jensen-Shannon


@dataclass(frozen=True)
class _Weights:
    """What a rate and a pole make of the law: ``E u``, ``E z u``, ``E log(1 - exp(-l z))``."""

    pole: fmpq
    mass: arb
    distance: arb
    log: arb


class JensenShannonProblem:
    """The best mean under Jensen-Shannon: two parameters, a rate and for each the pole.

    Parameters
    ----------
    law : Law
        Q, with a largest value.
    budget : fmpq
        e, between 0 and log 2.
    scale : Scale
        Where the law lies.
    """

    def __init__(self, law: Law, budget: fmpq, scale: Scale) -> None:
        self.law, self.budget, self.scale = law, budget, scale
        self._nearness: arb | None = None
        self._first_step = 2.0
        #: Whether some pole above the top gives the weight of the last rate its full mass.
        self.has_full_mass = False

    def solve(self) -> tuple[Primal, Dual]:
        """The best rate and pole, on both sides: coarsely with few bits, then closely."""
        with working_precision(max(ctx.prec - COARSE_BITS, LEAST_BITS)):
            coarse = self._search(COARSE, None, 2.0)
        self._first_step = NEARBY
        found = self._search(least_unspent(), coarse.y, NEARBY)
        if not (coarse.reached and found.reached):
            raise Undecided("no rate was found that spends the budget")
        return self._witnesses(self._rate(found.y))

    def _search(self, unspent: arb, start: arb | None, step: float) -> Found:
        def share(y: arb) -> arb:
            rate = self._rate(y)
            return self._spent(rate, self._weights(rate, unspent)) / ball(self.budget)

        return Spending(share, unspent).spend(start, step)

    def _rate(self, y: arb) -> fmpq:
        return (y.exp() / self.scale.width).mid().fmpq()

    def _witnesses(self, rate: fmpq) -> tuple[Primal, Dual]:
        weights = self._weights(rate, least_unspent())
        if not weights.mass <= 1:
            raise Undecided("whether a weight has mass 1 at most")
        top, log_two = self.scale.next_to_top(), arb.const_log2()
        primal = Primal(
            BoseEinstein(rate, weights.pole),
            mean=weights.pole * weights.mass - weights.distance + (1 - weights.mass) * ball(top),
            spent=self._spent(rate, weights) / ball(self.budget),
            at_top=1 - weights.mass,
            top_from=top,
        )
        bound = weights.pole + (2 * ball(self.budget) - 2 * log_two - weights.log) / rate
        return primal, Dual(bound, ball(rate) / 2, (rate * ball(weights.pole) - log_two) / 2)

    def _spent(self, rate: fmpq, weights: _Weights) -> arb:
        """``E f(u)`` and the price of what u lacks of mass 1.

        With ``y = (log 2 - l z)/2``, ``f(u) = u y - f*(y)``, and ``f*(y) = -(log 2 + log(1 -
        exp(-l z)))/2``; so it is ``log 2 - (l E z u - E log(1 - exp(-l z)))/2``, whatever u lacks.
        """
        return arb.const_log2() - (rate * weights.distance - weights.log) / 2

    def _weights(self, rate: fmpq, unspent: arb) -> _Weights:
        """The pole at which u has mass 1, or just less; the nearest to the top if none has."""

        def mass(v: arb) -> arb:
            pole = self.scale.above(v)
            assert self.scale.top is not None
            if rate * (pole - self.scale.top) > FAR_POLE:
                return arb(0).union(1 / arb(FAR_POLE).expm1())
            return expect(self.law, pole, -1, BoseKernel(rate))[0]

        unspent = unspent * min(arb(1), ball(self.budget).mid())
        search = Spending(mass, unspent)
        endless = self.scale.is_endless
        found = search.spend(self._nearness, self._first_step, NEAREST_POLE, endless)
        self._nearness, self._first_step = found.y, min(self._first_step, 0.25)
        self.has_full_mass = found.reached
        pole = self.scale.above(found.y)
        first, second = expect(self.law, pole, -1, BoseKernel(rate))
        return _Weights(pole, first, second, expect(self.law, pole, -1, BoseLogKernel(rate))[0])
