"""The quenched criterion: what policies gain that do not choose the prompts.

``sup{E_pi G : KL(pi || pi0) <= d} = inf_l (d + E L_l(s_1))/l`` with the soft values of
:mod:`.soft_values`: averaged inside the logarithm over what the policy draws itself, outside it
over what it does not: prompts, transitions, noise of the return. For prompts with one answer each,
``L_l = K_s(l)``, the log-MGF of the return given the prompt. So the tail per prompt decides, not
the pooled one.

The derivation is in :mod:`.soft_values`; what computes the frontier is
:mod:`verify.prompts.quenched`, for laws per prompt, and :mod:`verify.mdp`, for decision processes:
two routes that know nothing of each other.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial

from flint import arb, fmpq

from theorems.t3_policies.prompt_instances import (
    MDPS,
    finite,
    heavy_noise,
    noisy_arms,
    normal_prompts,
    skewed,
)
from theorems.t3_policies.soft_values import ANNEALED, ATTAINED, INFINITE, NORMALS, SOFT
from verify.claim import Claim, Comparison, Enclosed, below, near, rounds_to
from verify.decimals import decimal_text
from verify.enclosure import Diverges, Number, ball, exact
from verify.frontier import frontier_point
from verify.identity import Identity
from verify.law import Law
from verify.mdp import (
    at_start,
    base_policy,
    mean_return,
    performance,
    policy_frontier,
    soft_policy,
    soft_values,
    trajectory_kl,
)
from verify.prompts.laws import PromptLaws
from verify.prompts.quenched import quenched_frontier
from verify.reweighted import ThresholdReweighted
from verify.weight import Threshold

#: What a frontier's two values may be apart: its search stops at 1e-13 of S, at most 10 here.
FRONTIER_GAP = arb("1e-11")
#: Two ball computations of one number, at 64 bits and more.
SAME = arb("1e-15")

NORMAL_LAWS = ("normal(sigma=1)", "normal(sigma=2)", "normal(sigma=5)")
NORMAL_WEIGHTS = ("0.5", "0.3", "0.2")
NORMAL_NUMBER = "1.15758369027902255"


# ---------------------------------------------------------------- weak duality, and attainment


def loses_what_it_deviates(case: tuple[str, int, str]) -> Iterator[Comparison]:
    """A policy's mean return stays below the bound by ``KL(policy || soft policy)/l``.

    Both divergences are sums over trajectories, from the definition.
    """
    name, power, number = case
    mdp, tilt = MDPS[name](), exact(number)
    policy = skewed(mdp, power)

    def dual() -> arb:
        spent = ball(trajectory_kl(mdp, policy, base_policy(mdp)))
        return (spent + at_start(mdp, soft_values(mdp, tilt))[0]) / tilt

    def lost() -> arb:
        soft = soft_policy(mdp, soft_values(mdp, tilt))
        return ball(trajectory_kl(mdp, policy, soft)) / tilt

    mean = mean_return(mdp, policy)
    yield near("what the bound leaves", lambda: dual() - ball(mean), lost, lambda: SAME)


def is_met(case: tuple[str, str]) -> Iterator[Comparison]:
    """The soft policy has mean ``L'`` and cost ``l L' - L``, added up along its way."""
    name, number = case
    mdp, tilt = MDPS[name](), exact(number)

    def at_l(order: int) -> arb:
        return at_start(mdp, soft_values(mdp, tilt))[order]

    def does(what: str) -> arb:
        soft = soft_policy(mdp, soft_values(mdp, tilt))
        return finite(getattr(performance(mdp, soft, tilt), what))

    yield near("mean", partial(does, "mean"), partial(at_l, 1), lambda: SAME)
    yield near("cost", partial(does, "kl"), lambda: tilt * at_l(1) - at_l(0), lambda: SAME)


def by_two_routes(case: tuple[tuple[str, ...], tuple[str, ...], str]) -> Iterator[Comparison]:
    """Laws per prompt, and the same as a decision process with a random start."""
    from verify.mdp import MDP, Drawn

    laws, weights, budget = case
    start = dict(enumerate(weights))
    mdp = MDP.build(start, {}, {k: Drawn(Law.parse(law)) for k, law in enumerate(laws)})
    (point,) = quenched_frontier(laws, [budget], weights).points
    other = policy_frontier(mdp, budget)
    # Each lower value is achieved, and each upper value bounds what is.
    for one, two in ((point, other), (other, point)):
        lower, upper = finite(one.lower), finite(two.upper) + SAME
        yield below("achieved and bound", partial(finite, lower), partial(finite, upper))
    yield near(
        "two sides", lambda: finite(point.lower), lambda: finite(point.upper), lambda: FRONTIER_GAP
    )


# ---------------------------------------------------------------- infinite, or not


def heavy_prompt_does_it(case: tuple[str, str, int]) -> Iterator[Comparison]:
    """One heavy prompt of small weight: any mean, at next to no cost on average."""
    weight, mass, places = case
    share, law = exact(weight), Law.parse("pareto(alpha=2)")
    moved = ThresholdReweighted(law, Threshold.at(10**places, mass))
    prompts = PromptLaws.of(["normal()", law], [1 - share, share])
    yield below("average KL", lambda: share * moved.kl(), lambda: arb("0.01"))
    yield below("100 and mean", lambda: arb(100), lambda: share * finite(moved.mean()))
    (point,) = quenched_frontier(prompts, ["0.01"]).points
    yield below("the frontier is oo", lambda: arb(10) ** 100, lambda: _known(point.lower))


def heavy_noise_does_not(budget: str) -> Iterator[Comparison]:
    """Two actions of probability 1/2 and returns 0 and a heavy one of mean 1: a coin's frontier."""
    found, coin = policy_frontier(heavy_noise(), budget), frontier_point("bernoulli(p=0.5)", budget)
    for one, two in ((found.lower, coin.lower), (found.upper, coin.upper)):
        # The decision process's search stops at 1e-10 of S.
        yield near("frontier", partial(finite, one), partial(finite, two), lambda: arb("1e-9"))


def _known(value: Number | None) -> Number:
    assert value is not None
    return value


def countable_gain(number: int) -> Iterator[Comparison]:
    """All mass on the top at prompt n: it costs ``2^-n n log 4`` and gains ``2^n - 2^-n``."""
    share, price = fmpq(1, 2**number), fmpq(4) ** number
    # The return there is price times a Bernoulli variable.
    law = Law.parse(f"{price} * bernoulli(p={decimal_text(1 / price)})")
    top = ThresholdReweighted(law, Threshold.at(0, "1"))
    yield below("KL", lambda: share * top.kl(), lambda: arb(number) / 2 ** (number - 1))
    yield below(
        "2^n - 1 and gain",
        lambda: arb(2) ** number - 1,
        lambda: share * (finite(top.mean()) - finite(law.mean())),
    )


def countable_average(number: int) -> Iterator[Comparison]:
    """At ``l = 2^-n`` the first 2n prompts' part of ``E L_l`` exceeds 1; that of the mean never."""

    def soft_part() -> arb:
        total, tilt = arb(0), arb(2) ** -number
        for k in range(1, 2 * number + 1):
            # log(1 + 4^-k (exp(l 4^k) - 1)), from below: l 4^k - k log 4, or 0.
            value = tilt * arb(4) ** k - k * arb(4).log()
            total += arb(2) ** -k * (value if value > 0 else arb(0))
        return total

    yield below("1 and part of E L", lambda: arb(1), soft_part)
    mean = sum((fmpq(1, 2**k) for k in range(1, number + 1)), fmpq(0))
    yield below("part of the mean", partial(arb, mean), lambda: arb(1))


# ---------------------------------------------------------------- normal prompts; the pooled law


def normal_number(budget: str) -> Iterator[Comparison]:
    """``sqrt(2 d E s^2)``: the formula, the frontier over prompts, and the decision process."""
    variance = sum(
        (exact(w) * s**2 for w, s in zip(NORMAL_WEIGHTS, (1, 2, 5), strict=True)), fmpq(0)
    )

    def formula() -> arb:
        return arb(2 * exact(budget) * variance).sqrt()

    if budget == "0.1":
        yield rounds_to("sqrt(2 d E s^2)", formula, NORMAL_NUMBER)
    (point,) = quenched_frontier(NORMAL_LAWS, [budget], NORMAL_WEIGHTS).points
    for value in (point.lower, point.upper):
        yield near("frontier", partial(finite, value), formula, lambda: FRONTIER_GAP)
    other = policy_frontier(normal_prompts(), budget)
    for value in (other.lower, other.upper):
        # Its search stops at 1e-10 of S.
        yield near("decision process", partial(finite, value), formula, lambda: arb("1e-9"))
    for share, sigma in zip(point.split, (1, 2, 5), strict=True):
        part = exact(budget) * sigma**2 / variance
        yield near("split", partial(finite, share.kl), partial(arb, part), lambda: FRONTIER_GAP)


def pooled_is_more(case: tuple[str, str]) -> Iterator[Comparison]:
    """The pooled frontier of the normal prompts: its digits, and that it is more."""
    budget, printed = case
    found = quenched_frontier(NORMAL_LAWS, [budget], NORMAL_WEIGHTS)
    for value in (found.pooled[0].lower, found.pooled[0].upper):
        yield rounds_to("pooled", partial(finite, value), printed)
    yield below(
        "a policy's best and the pooled",
        lambda: finite(found.points[0].upper),
        lambda: finite(found.pooled[0].lower),
    )


def noise_is_not_the_policys(case: tuple[str, str, str]) -> Iterator[Comparison]:
    """Two actions and the environment's noise: it gains nothing; inside the log it would."""
    budget, printed, annealed = case
    true = policy_frontier(noisy_arms(), budget)
    alone = frontier_point("bernoulli(p=0.5)", budget)
    wrong = frontier_point("mixture(0.5*(2*normal()), 0.5*(1 + 2*normal()))", budget)
    for value in (true.lower, true.upper, alone.lower, alone.upper):
        # 10 digits: the decision process's search stops at 1e-10 of S.
        yield rounds_to("without the noise", partial(finite, value), printed)
    for value in (wrong.lower, wrong.upper):
        yield rounds_to("noise inside the logarithm", partial(finite, value), annealed)


def nothing_to_choose(budget: str) -> Iterator[Comparison]:
    """One action only: the mean, 1/2, whatever the budget; the annealed frontier is Bernoulli's."""
    true = policy_frontier(MDPS["chancy"](), budget)
    for value in (true.lower, true.upper):
        yield near("mean", partial(finite, value), lambda: arb(1) / 2, lambda: SAME)
    wrong = frontier_point("bernoulli(p=0.5)", budget)
    yield below("0.6 and annealed", lambda: arb("0.6"), lambda: finite(wrong.lower))


def light_prompts_are_finite(case: tuple[tuple[str, ...], str]) -> Iterator[Comparison]:
    """Finitely many right-light prompts: finite; the pooled law is light then too."""
    laws, largest = case
    (point,) = quenched_frontier(laws, ["0.01"]).points
    yield below("frontier", lambda: _known(point.upper), lambda: arb(largest))
    yield below("frontier and oo", lambda: _known(point.upper), lambda: Diverges(+1))


# ---------------------------------------------------------------- claims

CLAIMS = (
    Claim(
        "t3.quenched",
        "Finite horizon, E|G| < oo under the base policy, transitions and returns with chance in "
        "them: no policy has E G above (d + E L_l(s_1))/l, where d = KL(pi||pi0) of the "
        "trajectory laws; what the bound leaves is KL(pi||pi_l)/l, with the soft policy pi_l = "
        "pi0 exp(E L_l(s') - L_l(s)). For d > 0 the supremum over KL <= d is the infimum over l > "
        "0. Combines: the losses of a state and of the next ones add up along the way (chain "
        "rule), 0 at the end; the averages over start states, transitions and noise are the same "
        "for every policy. The soft policy that costs d meets the bound; where none does, caps on "
        "the return and Theorem 2's argument at the last tilt.",
        "ours",
        "ours",
        uses=("t2.bowl", "t2.duality"),
        evidence=(
            Identity(SOFT),
            Enclosed(
                loses_what_it_deviates,
                (
                    ("two stages", 3, "0.7"),
                    ("two stages", 7, "2"),
                    ("noisy arms", 4, "1"),
                    ("chancy", 2, "3"),
                ),
            ),
            Enclosed(
                by_two_routes,
                (
                    (NORMAL_LAWS, NORMAL_WEIGHTS, "0.5"),
                    (("exponential()", "bernoulli(p=0.2)"), ("0.25", "0.75"), "0.3"),
                ),
            ),
        ),
    ),
    Claim(
        "t3.quenched.attained",
        "The soft policy at l has mean return E L_l' and costs D(l) = l E L_l' - E L_l, which does "
        "not fall as l grows. Where D(l) = d it attains the supremum; prompt s then spends l "
        "L_l'(s) - L_l(s) of it, its mean being L_l'(s).",
        "ours",
        "ours",
        uses=("t3.quenched",),
        evidence=(
            Identity(ATTAINED),
            Enclosed(is_met, (("two stages", "0.7"), ("two stages", "2"), ("one shot", "0.4"))),
        ),
    ),
    Claim(
        "t3.quenched.infinite",
        "The supremum is oo for every d > 0 iff E L_l(s_1) = oo for every l > 0. So of finitely "
        "many prompts one must have a right-heavy return; and where all that is random in it is "
        "the policy's own, one such prompt of positive weight is enough. Heavy noise of the "
        "environment is not: only its mean counts. Combines: with returns capped at n, were all "
        "suprema at most M, their l would be at least d/(M - E G), and L/l grows with l, so E L_l "
        "<= M l there for every n; let n -> oo.",
        "ours",
        "ours",
        uses=("t1", "t3.quenched"),
        evidence=(
            Identity(INFINITE),
            Enclosed(heavy_prompt_does_it, (("0.001", "0.2", 6), ("1e-6", "0.1", 12))),
            Enclosed(heavy_noise_does_not, ("0.1", "5")),
            Enclosed(
                light_prompts_are_finite,
                ((("normal()", "exponential()"), "2"), (("laplace()", "poisson(mu=3)"), "3")),
            ),
        ),
    ),
    Claim(
        "t3.quenched.countable",
        "Of countably many prompts none needs a heavy tail: prompt k with probability 2^-k, return "
        "4^k with probability 4^-k and else 0. Every return is bounded and the mean is 1, yet to "
        "answer for certain at prompt n alone costs 2^-n n log 4 and gains 2^n - 2^-n; E L_l = oo "
        "for every l > 0.",
        "ours",
        "ours",
        uses=("t3.quenched.infinite",),
        evidence=(
            Enclosed(countable_gain, (5, 10, 20)),
            Enclosed(countable_average, (4, 10, 30)),
        ),
    ),
    Claim(
        "t3.quenched.normals",
        "For prompts with returns N(0, s^2) the supremum is sqrt(2 d E s^2), and prompt s spends "
        f"d s^2/E s^2. With probabilities 0.5, 0.3, 0.2 and s = 1, 2, 5 it is {NORMAL_NUMBER} at d "
        "= 0.1.",
        "ours",
        "ours",
        uses=("t2.normal", "t3.quenched"),
        evidence=(Identity(NORMALS), Enclosed(normal_number, ("0.1", "2"))),
    ),
    Claim(
        "t3.quenched.annealed",
        "Averaging inside the logarithm what the policy does not draw gives at least as much, and "
        "is wrong. Those normal prompts pooled: 1.206262805353 at d = 0.1. Two even actions with "
        "returns 0 and 1 and noise N(0, 4) of the environment: 0.7197946262, as without the noise; "
        "inside the logarithm 1.421901429049. One action and a fair coin: 1/2 at every d.",
        "ours",
        "ours",
        uses=("t2.bowl", "t3.quenched"),
        evidence=(
            Identity(ANNEALED),
            Enclosed(pooled_is_more, (("0.1", "1.206262805353"),)),
            Enclosed(noise_is_not_the_policys, (("0.1", "0.7197946262", "1.421901429049"),)),
            Enclosed(nothing_to_choose, ("0.1", "5")),
        ),
    ),
)
