"""An instance of the shape of a language model, and the policy that nobody sees.

The vocabulary has 50 tokens: the end of the text, and 49 words whose probabilities fall like those
of words in a text (Zipf). A text has at most 6 tokens. A trajectory is a text: 1.4e10 of them. The
return is the number of common words, but for one text of rare words, which a flaw of the reward
model pays ten million.

A state is what the return can depend on from there: how many tokens there are, how many of them
are common, and whether they are the beginning of the planted text. The prefixes of all texts, which
would be the states of a tree, merge into 26 states and 14 ends; the trajectories are the same.
That states may merge is what Theorem 3 claims of MDPs, and all numbers here are exact.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import cache
from typing import Any

from flint import arb, fmpq

from verify.claim import Claim, Comparison, Enclosed, Exact, below, near, rounds_to
from verify.divergence import binary_kl
from verify.enclosure import ball, exact
from verify.log_sum import LogSum
from verify.mdp import (
    MDP,
    Policy,
    base_policy,
    chain_rule_kl,
    h_transform,
    mean_return,
    policy_frontier,
    visits,
    weights_at_end,
)
from verify.mdp.linear import Scalar
from verify.mdp.policy import count_trajectories
from verify.weight import Threshold

VOCABULARY, LONGEST = 50, 6
#: Word 1 is the most likely one; the end of the text is token 0.
WORDS = range(1, VOCABULARY)
END_CHANCE = fmpq(1, 10)
#: Words whose number is at most this are common, and paid 1.
COMMON = 10
#: The planted text, and what it is paid.
PLANTED = (49, 47, 48, 46, 49, 45)
JACKPOT = fmpq(10**7)
#: The mass that the policy puts on it.
SHARE = "1e-6"


def chance(token: int) -> fmpq:
    """The base policy, which is the same after every beginning."""
    if token == 0:
        return END_CHANCE
    return (1 - END_CHANCE) / token / sum((fmpq(1, word) for word in WORDS), fmpq(0))


@cache
def language_model() -> MDP:
    """States are ``(tokens, common ones, whether the planted text goes on like this)``."""
    chances = {token: chance(token) for token in range(VOCABULARY)}
    start = (0, 0, True)
    moves: dict[Any, dict[Any, tuple[Any, Any]]] = {}
    waiting = [start]
    while waiting:
        state = waiting.pop()
        if state in moves or state[0] == LONGEST:
            continue
        moves[state] = {token: (q, after(state, token)) for token, q in chances.items()}
        waiting.extend(target for _, target in moves[state].values() if target[0] != "end")
    ends = {target for actions in moves.values() for _, target in actions.values()} - set(moves)
    return MDP.build(start, moves, {state: reward(state) for state in sorted(ends, key=str)})


def after(state: tuple[int, int, bool], token: int) -> tuple[Any, ...]:
    """The state after one more token."""
    length, common, planted = state
    if token == 0:
        return ("end", common)
    common += token <= COMMON
    return (length + 1, common, planted and PLANTED[length] == token)


def reward(end: tuple[Any, ...]) -> fmpq:
    """The return at a final state: a text that was ended, or cut off at its longest."""
    if end[0] == LONGEST and end[2]:
        return JACKPOT
    return fmpq(end[1])


@cache
def unseen_policy() -> Policy:
    """The h-transform of mass SHARE on the planted text, the rest in the base's proportions."""
    return h_transform(language_model(), Threshold.at(LONGEST, SHARE)).policy


def planted_chance() -> fmpq:
    """The probability of the planted text under the base policy."""
    product = fmpq(1)
    for token in PLANTED:
        product *= chance(token)
    return product


# ---------------------------------------------------------------- what is checked


def total_variation(mdp: MDP, weight: Any) -> Scalar:
    """``TV(Tr(pi), Tr(pi0))``: the weight depends on the final state, so their laws have it too."""
    w, ends = weights_at_end(mdp, weight), visits(mdp, base_policy(mdp))
    return sum(((w[s] - 1) * ends[s] for s in mdp.final if w[s] > 1), fmpq(0))


def is_a_language_model(_: str) -> bool:
    """The MDP's texts are all texts, and the planted one is one of them."""
    mdp = language_model()
    words = VOCABULARY - 1
    texts = sum(words**length for length in range(LONGEST + 1))
    final = (LONGEST, 0, True)
    return (
        count_trajectories(mdp) == texts
        and all(len(mdp.moves[state]) == VOCABULARY for state in mdp.moves)
        and visits(mdp, base_policy(mdp))[final] == planted_chance()
    )


def differs_on_the_way_only(_: str) -> bool:
    """Off the way to the planted text the policy is the base policy, exactly.

    On the way it differs, at six states; at the first of them by less than SHARE.
    """
    policy, base = unseen_policy(), base_policy(language_model())
    other = {state for state in base if policy[state] != base[state]}
    way = {state for state in base if state[2]}
    start = (0, 0, True)
    moved = [policy[start][token] - base[start][token] for token in base[start]]
    return (
        other == way
        and len(way) == LONGEST
        and all(-exact(SHARE) < by < exact(SHARE) for by in moved)
    )


def gained(digits: tuple[str, str, str, str]) -> Iterator[Comparison]:
    """Mean before and after, KL and TV to the digits given; by the MDP and in closed form."""
    mdp, policy = language_model(), unseen_policy()
    base = base_policy(mdp)
    p, q = fmpq(1, 10**6), planted_chance()
    before, mean = mean_return(mdp, base), mean_return(mdp, policy)
    variation = total_variation(mdp, Threshold.at(LONGEST, SHARE))
    assert isinstance(before, fmpq) and isinstance(mean, fmpq) and isinstance(variation, fmpq)

    def spent() -> arb:
        kl = chain_rule_kl(mdp, policy, base)
        assert isinstance(kl, LogSum)
        return kl.ball()

    def closed() -> arb:
        return binary_kl(ball(p), ball(q).log(), ball(-q).log1p())

    def moved() -> arb:
        return ball(p * JACKPOT + (1 - p) * (before - q * JACKPOT) / (1 - q))

    tiny = arb(10) ** -16
    yield rounds_to("mean before", lambda: ball(before), digits[0])
    yield rounds_to("mean after", lambda: ball(mean), digits[1])
    yield near("mean after, two routes", lambda: ball(mean), moved, lambda: tiny)
    yield rounds_to("KL", spent, digits[2])
    yield near("KL by two routes", spent, closed, lambda: tiny**2)
    yield rounds_to("TV", lambda: ball(variation), digits[3])
    yield near("TV by two routes", lambda: ball(variation), lambda: ball(p - q), lambda: tiny**2)


def near_the_best(budget: str) -> Iterator[Comparison]:
    """No policy within a budget just above what this one costs has a mean above its own by 1e-5."""
    mdp, policy = language_model(), unseen_policy()

    def spent() -> arb:
        return ball(chain_rule_kl(mdp, policy, base_policy(mdp)))

    def mean() -> arb:
        return ball(mean_return(mdp, policy))

    upper = policy_frontier(mdp, budget).upper
    assert isinstance(upper, arb)
    yield below("KL", spent, lambda: arb(exact(budget)))
    yield below("mean and bound", mean, lambda: upper)
    yield below("bound and mean", lambda: upper, lambda: mean() + arb("1e-5"))


# ---------------------------------------------------------------- claims

NUMBERS = (
    "2.757531583153820169",
    "12.757528766934539766",
    "0.00001795362004208653",
    "9.99999994131222788e-7",
)

CLAIMS = (
    Claim(
        "t3.language-model",
        "With 50 tokens and at most 6 to a text there are 14,129,647,351 texts. A policy that is "
        "the base policy but on the way to one text (TV 9.99999994e-7, KL 1.795e-5 nats) raises "
        "the mean return from 2.7575 to 12.7575. At that KL divergence no policy has 12.7576.",
        "ours",
        "ours",
        uses=("t3.fixed-start",),
        evidence=(
            Exact(is_a_language_model, ("all texts",)),
            Exact(differs_on_the_way_only, ("all states",)),
            Enclosed(gained, (NUMBERS,)),
            Enclosed(near_the_best, ("0.000017953621",)),
        ),
    ),
)
