"""The frontier over prompts: what a policy gains that cannot choose the prompts.

Prompts s come with weights ``w_s``; the return at s has the law ``Q_s``, and a policy replaces it
by ``P_s``, each prompt by itself. Within a budget on the average KL divergence the best mean is ::

    sup{E_s E_{P_s} X : E_s KL(P_s || Q_s) <= d} = inf_l (d + E_s K_s(l))/l

with ``K_s`` the log-MGF of ``Q_s``: averaged over the prompts outside the logarithm (*quenched*).
The law of all returns pooled has ``log E_s exp(K_s(l))`` instead, which is more: it would be right
for a policy that chose the prompts too. Both sides of the frontier come from one tilt l of all
prompts at once, as for a single law in :mod:`verify.frontier`, which has the same four cases:

* a prompt of positive weight is right-heavy: the frontier is infinite. (Of countably many prompts
  none needs to be heavy: it is infinite iff ``E_s K_s(l) = oo`` for every l > 0.)
* the budget reaches ``E_s -log Q_s{top}``: each prompt's top;
* some tilt spends the budget;
* no tilt does: next to the rate, one prompt that sets it spends what is left.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from decimal import Decimal
from typing import TYPE_CHECKING

from flint import arb, fmpq

from verify.decimals import rational
from verify.enclosure import (
    Diverges,
    Number,
    Undecided,
    accurate,
    escalate,
    sign_of,
    working_precision,
)
from verify.frontier import HAIR, PRICE_BITS, frontier, parse_budget, settled_mean
from verify.law import Law
from verify.prompts.answer import QuenchedFrontier, QuenchedPoint, Share
from verify.prompts.laws import PromptLaws, constant_of
from verify.tilt_frontier import Bounds, by_tilt
from verify.tilt_search import TiltPath
from verify.tilted_threshold import FRONTIER_BITS, by_tilted_threshold, last_tilt

if TYPE_CHECKING:
    from verify.prompts.laws import Scores

#: Bits of the split of a budget, and digits that its numbers are asked for.
SPLIT_BITS, SPLIT_ACCURACY = 80, 50
#: Where a number may be 0, this radius will do instead.
NEGLIGIBLE = arb(2) ** -200
#: What is left of a budget for one prompt is rounded down by this much of it.
ROUNDED_OFF = fmpq(1, 2**90)

BY_TILT = "the tilt by l of every prompt spends the budget; (d + E_s K_s(l))/l bounds every other"
AT_TOP = "the budget reaches the price of all tops: each prompt's mass is on its top"
PAST_LAST_TILT = "no tilt spends the budget: all prompts by the rate, one prompt spends the rest"


def quenched_frontier(
    laws: Sequence[Law | str | Scores] | PromptLaws,
    budgets: Iterable[object],
    weights: Sequence[object] | None = None,
    names: Sequence[str] | None = None,
) -> QuenchedFrontier:
    """The best mean at each budget of a policy that meets prompts as they come.

    Parameters
    ----------
    laws : sequence, or PromptLaws
        For each prompt the law of its return under the base policy: a Law, its text, or the scores
        of some answers.
    budgets : iterable of numbers or decimal texts
        For the KL divergence averaged over prompts, in nats, each at least 0.
    weights, names : sequences, optional
        As in :meth:`PromptLaws.of`.

    Returns
    -------
    QuenchedFrontier
        Each value enclosed from both sides, with the split of the budget over the prompts.

    Raises
    ------
    InputError
        If weights or budgets are not what they should be.
    """
    prompts = laws if isinstance(laws, PromptLaws) else PromptLaws.of(laws, weights, names)
    exact_budgets = [parse_budget(budget) for budget in budgets]
    return QuenchedFrontier(
        str(prompts),
        _mean(prompts),
        tuple(_point(prompts, budget) for budget in exact_budgets),
        frontier(prompts.pooled, exact_budgets).points,
    )


def _mean(prompts: PromptLaws) -> Number | None:
    try:
        return settled_mean(prompts)
    except Undecided:
        return None


# ---- one point ----------------------------------------------------------------------------------


def _point(prompts: PromptLaws, budget: Decimal) -> QuenchedPoint:
    """Try what needs no search first."""
    try:
        known = _unmoved(prompts, budget) or _infinite(prompts, budget, prompts.heavy())
        return known or _at_tops(prompts, budget) or _by_search(prompts, budget)
    except Undecided as why:
        return QuenchedPoint(budget, None, None, None, f"not settled: {why}", settled=False)


def _unmoved(prompts: PromptLaws, budget: Decimal) -> QuenchedPoint | None:
    """Without a budget the policy stays as it is."""
    if budget != 0:
        return None
    mean = settled_mean(prompts)
    exists = not (isinstance(mean, Diverges) and mean.sign == 0)
    means = [settled_mean(law) for law in prompts.laws]
    split: tuple[Share, ...] = ()
    if exists and all(isinstance(value, arb) for value in means):
        split = _shares(prompts, [(value, arb(0)) for value in means])  # type: ignore[misc]
    because = "without a budget the policy is the base policy"
    return QuenchedPoint(budget, mean, mean, exists, because, split=split)


def _infinite(prompts: PromptLaws, budget: Decimal, heavy: list[int]) -> QuenchedPoint | None:
    """One heavy prompt will do: it may spend the whole budget, d/w_s."""
    if not heavy:
        return None
    others = f" (and {len(heavy) - 1} more)" if len(heavy) > 1 else ""
    reason = prompts.laws[heavy[0]].right_tail.abscissa_because
    infinite = Diverges(+1, f"{prompts.names[heavy[0]]:.40}{others} is right-heavy: {reason}")
    because = f"{infinite.because} (Theorem 1, on that prompt alone)"
    return QuenchedPoint(budget, infinite, infinite, True, because)


def _at_tops(prompts: PromptLaws, budget: Decimal) -> QuenchedPoint | None:
    """All mass on each prompt's largest value, where each is an atom and the budget reaches it."""
    top = prompts.support[1]
    if not isinstance(top, fmpq) or not all(law.has_atoms for law in prompts.laws):
        return None

    def prices() -> list[arb]:
        return [-law.mass_at(_top(law)).log() for law in prompts.laws]

    with working_precision(SPLIT_BITS):
        if not all(price.is_finite() for price in prices()):
            return None

    def spare() -> arb:
        pairs = zip(prompts.weights, prices(), strict=True)
        return rational(budget) - sum((weight * price for weight, price in pairs), arb(0))

    try:
        if sign_of(spare, f"whether {budget} reaches the price of all tops", PRICE_BITS) < 0:
            return None
    except Undecided:
        return _at_the_price(prompts, budget, top)
    with working_precision(SPLIT_BITS):
        tops = [arb(_top(law)) for law in prompts.laws]
        split = _shares(prompts, list(zip(tops, prices(), strict=True)))
        return QuenchedPoint(budget, arb(top), arb(top), True, AT_TOP, split=split)


def _top(law: Law) -> fmpq:
    """The largest value, where it is known to be rational."""
    top = law.support[1]
    assert isinstance(top, fmpq | int)
    return fmpq(top)


def _at_the_price(prompts: PromptLaws, budget: Decimal, top: fmpq) -> QuenchedPoint:
    """Where balls cannot tell d from the price of all tops; see :mod:`verify.frontier`."""
    found = by_tilt(TiltPath.of(prompts), rational(budget) * (1 - HAIR))
    because = "the budget is the price of all tops, as far as balls can tell: a tilt next to it"
    split = _split_of_tilt(prompts, found.spending)
    return QuenchedPoint(
        budget, found.lower, arb(top), True, because, settled=found.closed, split=split
    )


# ---- what a search finds ------------------------------------------------------------------------


def _by_search(prompts: PromptLaws, budget: Decimal) -> QuenchedPoint:
    if prompts.rates_need_search:  # quicker where it applies, as for a single law
        beyond = _beyond_last_tilt(prompts, budget, at_rate=True)
        if beyond is not None:
            return beyond
    try:
        found = by_tilt(TiltPath.of(prompts), rational(budget))
    except Undecided:
        heavy = [k for k, law in enumerate(prompts.laws) if law.mgf_abscissa == 0]
        infinite = _infinite(prompts, budget, heavy)
        if infinite is None:
            raise
        return infinite
    if not found.closed:
        beyond = _beyond_last_tilt(prompts, budget, at_rate=False)
        if beyond is not None:
            return beyond
    return QuenchedPoint(
        budget,
        found.lower,
        found.upper,
        found.attained,
        BY_TILT if found.closed else "the best pair of witnesses that was found: a wide gap",
        tilt=found.tilt,
        settled=found.closed,
        split=_split_of_tilt(prompts, found.spending),
    )


def _beyond_last_tilt(prompts: PromptLaws, budget: Decimal, at_rate: bool) -> QuenchedPoint | None:
    """All prompts tilted by the rate, or next to it; one that sets it spends what is left.

    Any of them may: a threshold on its tilt, which is all but heavy, costs next to nothing more
    than ``l`` times the mean it adds, whatever its weight.
    """
    rate = prompts.rate_estimate()
    if rate is None or isinstance(rate, Diverges):
        return None
    tilt, d = last_tilt(rate, at_rate), rational(budget)
    for number, law in enumerate(prompts.laws):
        if not law.rate_estimate() == rate:
            continue
        with working_precision(FRONTIER_BITS):
            try:
                log_mgf, mean, _ = prompts.cumulants(tilt)
                own_log_mgf, own_mean, _ = law.cumulants(tilt)
            except Undecided:
                continue
            left = d - (tilt * mean - log_mgf)
            weight = prompts.weights[number]
            room = (tilt * own_mean - own_log_mgf + left / weight).lower()
            if not (room.is_finite() and left > 0):
                continue
        own = by_tilted_threshold(law, rate, room.fmpq() * (1 - ROUNDED_OFF), at_rate)
        if own is None:
            continue
        with working_precision(FRONTIER_BITS):
            lower = mean + weight * (own.lower - own_mean)
            upper = (d + log_mgf) / tilt
        split = _split_of_tilt(prompts, tilt)
        split = _with_threshold(split, number, own, room) if split else ()
        attained = False if at_rate and tilt == prompts.mgf_abscissa else None
        return QuenchedPoint(budget, lower, upper, attained, PAST_LAST_TILT, tilt=tilt, split=split)
    return None


# ---- the split ----------------------------------------------------------------------------------


def _shares(prompts: PromptLaws, values: Sequence[tuple[arb, arb]]) -> tuple[Share, ...]:
    """The split, from the mean and the KL of each prompt."""
    rows = zip(prompts.names, prompts.weights, values, strict=True)
    return tuple(Share(name, weight, mean, kl) for name, weight, (mean, kl) in rows)


def _split_of_tilt(prompts: PromptLaws, tilt: fmpq) -> tuple[Share, ...]:
    """Each prompt tilted by l: its mean is ``K_s'(l)``, and it costs ``l K_s'(l) - K_s(l)``.

    Empty where one of them cannot be had to as many digits: the frontier does without.
    """
    try:
        return _shares(prompts, [_mean_and_cost(law, tilt) for law in prompts.laws])
    except Undecided:
        return ()


def _mean_and_cost(law: Law, tilt: fmpq) -> tuple[arb, arb]:
    constant = constant_of(law)
    if constant is not None:
        return arb(constant), arb(0)

    def compute() -> tuple[arb, arb]:
        log_mgf, mean, _ = law.cumulants(tilt)
        return mean, tilt * mean - log_mgf

    def sharp(values: tuple[arb, arb]) -> bool:
        return all(
            accurate(value, SPLIT_ACCURACY) or bool(value.rad() < NEGLIGIBLE) for value in values
        )

    return escalate(compute, sharp, f"the tilt of {law}", first=SPLIT_BITS, last=16 * SPLIT_BITS)


def _with_threshold(
    split: tuple[Share, ...], number: int, own: Bounds, spent: arb
) -> tuple[Share, ...]:
    """The split in which one prompt's tilt carries a threshold too."""
    before = split[number]
    changed = Share(before.name, before.weight, own.lower, spent)
    return (*split[:number], changed, *split[number + 1 :])
