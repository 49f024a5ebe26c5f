"""The decision: for a law Q, a mean M and a KL budget eps, a counterexample or a proof of none.

* A **heavy** right tail always has a counterexample (Theorem 1): a threshold reweighting, found by
  a search in ``log t`` with the best mass for each t.
* A **light** or bounded one has one exactly where ``M < S(eps) = inf_l (eps + K(l))/l``
  (Theorem 2): then a tilt reaches M, else one l proves that nothing does.
* Where the tail's rate is not known, the threshold search is tried first, then tilts: whichever
  witness is found proves itself.
* An infinite mean, or a target at or below the mean, needs no reweighting.
"""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal
from functools import partial

from flint import arb, fmpq

from verify.assertion import (
    Assertion,
    BoundedByTilt,
    BoundedByTop,
    ByIdentity,
    ByThreshold,
    ByTilt,
    Proved,
    Target,
    prove,
)
from verify.certificate import Certificate, certificate_of, undecided
from verify.decimals import parse_decimal, rational, round_decimal
from verify.enclosure import (
    Diverges,
    Undecided,
    accurate,
    ball,
    ball_of_decimal,
    escalate,
    working_precision,
)
from verify.errors import InputError
from verify.law import Law
from verify.tail_kind import tail_kind
from verify.threshold_search import LARGEST_LOG, candidates
from verify.threshold_tails import BallTails, rounded_threshold
from verify.tilt_search import COARSE, FINE, TiltPath, crossing
from verify.tilted_threshold import beyond_last_tilt
from verify.truncation import truncate
from verify.utility import utility_bound
from verify.weight import LARGEST_EXPONENT, Location, Threshold

#: Precision of the searches, whose results are proved afterwards.
SEARCH_BITS = 96
#: Most bits that are spent on a mean before the search goes on without it.
MEAN_BITS = 1600
TILT_DIGITS = 24
#: How far beyond the tilt that reaches a mean, in the coordinate of the search, the next one is.
SHORTLY = 1
#: Proposals of a threshold search that are tried before giving up.
PROPOSALS = 6
#: A law without a lower moment is first conditioned on X > floor, at this share of the budget.
FLOOR_SHARE = fmpq(1, 4)
#: Certificates hold floors up to this decimal exponent.
LARGEST_FLOOR_EXPONENT = 300


def construct(
    law: Law | str, mean: object, kl: object, utility: Law | str | None = None
) -> Certificate:
    """Decide whether some P with ``KL(P || Q) < kl`` has mean above ``mean``, with a proof.

    Parameters
    ----------
    law : Law or str
        The base law Q of the reward, or its text.
    mean : number or decimal text
        The target M.
    kl : number or decimal text
        The budget eps in nats, positive.
    utility : Law or str, optional
        A law of the true utility V: adds Corollary 1, a bound on ``E V`` under *every* P within
        the KL that the counterexample spends.

    Returns
    -------
    Certificate
        With verdict "counterexample", "impossible" or, at the effort cap, "undecided".

    Raises
    ------
    InputError
        If the target is not a decimal number, or the budget is not positive.
    """
    law = Law.parse(law) if isinstance(law, str) else law
    utility = Law.parse(utility) if isinstance(utility, str) else utility
    target = read_target(mean, kl)
    reasons: list[str] = []
    proved = decide(law, target, reasons)
    if proved is not None:
        return _certify(proved, utility)
    return undecided(law, target, because(reasons))


def decide(law: Law, target: Target, reasons: list[str]) -> Proved | None:
    """The first witness that proves itself; why others did not is added to the reasons."""
    for assertion in _proposals(law, target, reasons):
        try:
            return prove(assertion)
        except Undecided as why:
            reasons.append(str(why))
    return None


def because(reasons: list[str]) -> str:
    """Why nothing was decided: the reasons, each once."""
    return "; ".join(dict.fromkeys(reasons)) or "no witness was found"


def read_target(mean: object, kl: object, name: str = "mean") -> Target:
    """A target from numbers or decimal text.

    Raises
    ------
    InputError
        If one is not a decimal number, or the budget is not positive.
    """
    target = Target(_decimal(mean, name), _decimal(kl, "kl"))
    if target.kl <= 0:
        raise InputError(f"kl: expected a budget above 0, got {target.kl}")
    return target


def _decimal(value: object, what: str) -> Decimal:
    if isinstance(value, Decimal | int) and not isinstance(value, bool):
        value = str(value)
    if isinstance(value, float):
        value = repr(value)
    return parse_decimal(value, what, exponent=300)


def _certify(proved: Proved, utility: Law | None) -> Certificate:
    if utility is None or proved.assertion.verdict != "counterexample":
        return certificate_of(proved)
    assert isinstance(proved.kl, arb)
    return certificate_of(proved, utility_bound(utility, proved.kl))


def _proposals(law: Law, target: Target, reasons: list[str]) -> Iterator[Assertion]:
    """Assertions worth trying, the most natural first."""
    try:
        mean = _settled_mean(law)
    except Undecided as why:
        reasons.append(str(why))
        mean = None
    if isinstance(mean, Diverges) and mean.sign > 0:
        yield ByIdentity(law, target)
        return
    if isinstance(mean, arb) and mean >= ball_of_decimal(target.mean):
        yield ByIdentity(law, target)
        return
    searches = {
        "heavy": (_thresholds,),
        "light": (_tilts, _thresholds),
        "heavy?": (_thresholds, _tilts),
        "light?": (_tilts, _thresholds),
    }[tail_kind(law)]
    for search in searches:
        try:
            yield from search(law, target, mean)
        except Undecided as why:
            reasons.append(str(why))


def _settled_mean(law: Law) -> arb | Diverges:
    def settled(mean: arb | Diverges) -> bool:
        if isinstance(mean, Diverges):
            return True
        # A mean of 0 has no relative accuracy: a small radius does for it.
        return accurate(mean, 20) or bool(mean.rad() < arb(2) ** -30)

    return escalate(
        law.mean,
        settled,
        f"the mean of {law}",
        first=SEARCH_BITS,
        last=MEAN_BITS,
    )


# ---- thresholds ---------------------------------------------------------------------------------


def _thresholds(law: Law, target: Target, mean: arb | Diverges | None) -> Iterator[Assertion]:
    """Threshold reweightings, for a right tail that is heavy or may be."""
    if isinstance(mean, Diverges):
        yield from _floored_thresholds(law, target)
        return
    for weight in _search(law, mean, target.mean, ball_of_decimal(target.kl)):
        yield ByThreshold(law, target, weight)


def _floored_thresholds(law: Law, target: Target) -> Iterator[Assertion]:
    """For a mean of -oo, or none at all: condition on X > floor first, then as usual."""
    with working_precision(SEARCH_BITS):
        budget = ball_of_decimal(target.kl)
        # Conditioning on X > floor costs -log(1 - level) = FLOOR_SHARE * budget.
        level = -(-FLOOR_SHARE * budget).expm1()
        floor = round_decimal(law.quantile(level.mid()).lower(), 6, up=False)
        if abs(floor.adjusted()) > LARGEST_EXPONENT:
            raise Undecided(f"the floor {floor} is too far out to be written down")
        cost = -law.log_survival(rational(floor))
        kept = truncate(law, low=rational(floor))
        mean = kept.mean()
    if isinstance(mean, Diverges) or mean > ball_of_decimal(target.mean):
        yield ByThreshold(law, target, Threshold(Location(t=floor), Decimal(1)))
        return
    if abs(floor.adjusted()) > LARGEST_FLOOR_EXPONENT:
        raise Undecided(f"the floor {floor} is too far out to condition on")
    for weight in _search(kept, mean, target.mean, budget - cost):
        yield ByThreshold(law, target, weight, floor)


def _search(law: Law, mean: arb | None, goal: Decimal, budget: arb) -> Iterator[Threshold]:
    """Weights with exact decimals near the candidates of the search."""
    start = law.support[0] if mean is None else mean
    if isinstance(start, Diverges):
        raise Undecided(f"neither the mean of {law} nor a lower bound of X is known")
    with working_precision(SEARCH_BITS):
        tails = BallTails(law, ball(start), only_bounds=mean is None)
        found = candidates(tails, ball_of_decimal(goal), budget.mid())
    for _ in range(PROPOSALS):
        with working_precision(SEARCH_BITS):
            candidate = next(found, None)
            if candidate is None:
                break
            gap, t, _ = candidate
            weight = rounded_threshold(tails, gap, t, budget.mid())
        if weight is not None:
            yield weight
    raise Undecided(
        f"no threshold up to log(t - mean) = {LARGEST_LOG:.0e}, the effort cap, was found to reach "
        f"a mean of {goal} within the budget"
    )


# ---- tilts --------------------------------------------------------------------------------------


def _tilts(law: Law, target: Target, mean: arb | Diverges | None) -> Iterator[Assertion]:
    """The tilt that reaches M, or the one that proves that nothing does."""
    top = law.support[1]
    with working_precision(SEARCH_BITS):
        goal, budget = ball_of_decimal(target.mean), ball_of_decimal(target.kl)
        capped = not isinstance(top, Diverges) and bool(ball(top) <= goal)
        path = TiltPath.of(law)
        attempts = _attempts(law, target, path, goal, budget, mean, capped)
    yield from attempts


def _attempts(
    law: Law,
    target: Target,
    path: TiltPath,
    goal: arb,
    budget: arb,
    mean: arb | Diverges | None,
    capped: bool,
) -> list[Assertion]:
    """Proposals from a coarse search where that decides, else from a fine one."""
    for closeness in (COARSE, FINE):
        try:
            spent, overspent = crossing(path.kl, budget, closeness)
        except Undecided:
            if capped:  # no tilt spends anything: a single point
                return [BoundedByTop(law, target)]
            raise
        witness = overspent if overspent.is_finite() else spent
        bound = path.dual_bound(witness, budget)
        bounded = BoundedByTilt(law, target, _rounded_tilt(path.tilt(witness)))
        if bound is not None and bound <= goal:
            return [bounded]
        if capped:
            return [BoundedByTop(law, target)]
        reaching = _reaching(path, goal, mean, spent, closeness)
        if reaching is not None:
            tilts = [_rounded_tilt(path.tilt(place)) for place in reaching]
            return [*(ByTilt(law, target, tilt) for tilt in tilts), bounded]
        if not overspent.is_finite():
            return [*beyond_last_tilt(law, target, path.rate), bounded]
    return [bounded]


def _reaching(
    path: TiltPath, goal: arb, mean: arb | Diverges | None, spent: arb, closeness: float
) -> tuple[arb, arb] | None:
    """Coordinates whose tilts have means above the goal: midway to the one that spends eps, and
    shortly after the goal is reached."""
    offset = mean.mid() if isinstance(mean, arb) else arb(0)
    gained = partial(path.gain, offset)
    reached = gained(spent)
    if reached is not None and reached[0] < goal - offset:
        return None  # the mean increases along the path, so no tilt within the budget does it
    _, enough = crossing(gained, goal - offset, closeness)
    if not enough < spent:
        return None
    # Past the price of the top all tilts fit into the budget, and most are beyond what is written.
    midway = ((enough + spent) / 2).mid()
    return midway, midway.min(enough + SHORTLY).mid()


def _rounded_tilt(tilt: arb) -> Decimal:
    return round_decimal(tilt, TILT_DIGITS, up=False)
