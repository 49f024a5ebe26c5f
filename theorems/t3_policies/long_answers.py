"""A heavy return in an MDP: a text that goes on with probability ``k/(k + 2)``, paid by its length.

The length T has ``Pr(T >= k) = 2/(k(k + 1))``: a tail of index 2, mean 2, and
``E[T | T >= n] = 2n``, all rational. A threshold weight changes the policy at the first t states
only: beyond, h is constant. So the policy is a finite thing, and its price and mean are exact: the
states beyond t are one final state, which is entered at length ``t + 1`` and pays ``2(t + 1)``, the
mean of what the base policy does from there.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from flint import arb, fmpq

from theorems.t3_policies.symbols import symbols
from verify.claim import Claim, Comparison, Enclosed, Exact, below, near
from verify.divergence import binary_kl
from verify.enclosure import ball, exact
from verify.identity import Identity, Relation, Step
from verify.log_sum import LogSum
from verify.mdp import MDP, base_policy, chain_rule_kl, h_transform, mean_return
from verify.mdp.policy import relative_entropy

# ---------------------------------------------------------------- derivation


def goes_on() -> Relation:
    n = symbols()
    # Pr(T >= k + 1) = Pr(T >= k) k/(k + 2).
    return Relation(2 / (n.k * (n.k + 1)) * (n.k / (n.k + 2)), 2 / ((n.k + 1) * (n.k + 2)))


def tail_means() -> Relation:
    n = symbols()
    # E[T; T >= k] = 2k Pr(T >= k) = 4/(k + 1) falls by k Pr(T = k) from one k to the next.
    stops = 2 / (n.k * (n.k + 1)) * (1 - n.k / (n.k + 2))
    return Relation(4 / (n.k + 1) - 4 / (n.k + 2), n.k * stops)


def tail_means_end() -> Relation:
    import sympy as sp

    n = symbols()
    return Relation(sp.Limit(4 / (n.k + 1), n.k, sp.oo), 0)


def heavy() -> Relation:
    import sympy as sp

    n = symbols()
    # -log Pr(T >= k)/k.
    return Relation(sp.Limit(sp.log(n.k * (n.k + 1) / 2) / n.k, n.k, sp.oo), 0)


def threshold_price() -> Relation:
    import sympy as sp

    n = symbols()
    high, low = n.p / n.q, (1 - n.p) / (1 - n.q)
    left = n.q * (high * sp.log(high)) + (1 - n.q) * (low * sp.log(low))
    right = n.p * sp.log(n.p / n.q) + (1 - n.p) * sp.log((1 - n.p) / (1 - n.q))
    return Relation(left, right, given=(n.p < 1, n.q < 1))


# ---------------------------------------------------------------- instances


def text_up_to(t: int) -> MDP:
    """The first t states; all longer texts are one final state."""
    moves: dict[Any, dict[Any, tuple[Any, Any]]] = {
        k: {"go on": (fmpq(k, k + 2), k + 1), "stop": (fmpq(2, k + 2), ("end", k))}
        for k in range(1, t + 1)
    }
    returns = {("end", k): fmpq(k) for k in range(1, t + 1)} | {t + 1: fmpq(2 * (t + 1))}
    return MDP.build(1, moves, returns)


def longer(t: int, mass: fmpq) -> tuple[MDP, Any]:
    """The policy that goes beyond t with probability ``mass``."""
    mdp = text_up_to(t)
    q = tail(t)
    high, low = mass / q, (1 - mass) / (1 - q)
    weight = {state: high if state == t + 1 else low for state in mdp.final}
    return mdp, h_transform(mdp, weight).policy


def tail(t: int) -> fmpq:
    """``Pr(T > t)``."""
    return fmpq(2, (t + 1) * (t + 2))


def mean_with(t: int, mass: fmpq) -> fmpq:
    """The mean length with this mass beyond t, in closed form: the second route."""
    q, above = tail(t), fmpq(2 * (t + 1))
    return mass * above + (1 - mass) * (2 - q * above) / (1 - q)


def priced_as_reweighted(case: tuple[int, str]) -> bool:
    """Mean and price of the policy are those of the threshold reweighting of T, exactly."""
    t, mass = case[0], exact(case[1])
    mdp, policy = longer(t, mass)
    spent = chain_rule_kl(mdp, policy, base_policy(mdp))
    threshold = relative_entropy(((mass, tail(t)), (1 - mass, 1 - tail(t))))
    assert isinstance(spent, LogSum) and isinstance(threshold, LogSum)
    return mean_return(mdp, policy) == mean_with(t, mass) and spent.equals(threshold)


def raised(case: tuple[int, str, str, str]) -> Iterator[Comparison]:
    """At (t, mass, M, eps): a mean length above M at a KL divergence below eps, over the states."""
    t, mass, target, budget = case[0], *map(exact, case[1:])
    mdp, policy = longer(t, mass)

    def spent() -> arb:
        return ball(chain_rule_kl(mdp, policy, base_policy(mdp)))

    def closed() -> arb:
        q = ball(tail(t))
        return binary_kl(ball(mass), q.log(), (-q).log1p())

    yield below("M", lambda: arb(target), lambda: ball(mean_return(mdp, policy)))
    yield below("KL", spent, lambda: arb(budget))
    yield near("KL by two routes", spent, closed, lambda: arb(10) ** -12)


# ---------------------------------------------------------------- claims

LENGTH = (
    Step("goes on", "The tail 2/(k(k + 1)) falls by the chance to go on.", goes_on),
    Step("tail means", "E[T; T >= k] = 4/(k + 1): it falls by k Pr(T = k).", tail_means),
    Step("tail means end", "And it tends to 0.", tail_means_end),
    Step("heavy", "-log Pr(T >= k)/k tends to 0.", heavy),
)
TRANSFER = (
    Step(
        "price", "The threshold weight costs kl(p, q), for policies as for laws.", threshold_price
    ),
)

CLAIMS = (
    Claim(
        "t3",
        "With one start state, deterministic transitions and a base policy that ends almost "
        "surely: if the return is right-heavy under the base policy, then for every M and every "
        "eps > 0 some policy has E G > M and KL(Tr(pi)||Tr(pi0)) < eps. Combines: Theorem 1 gives "
        "a weight on the return, the h-transform a policy with the same law of returns at the same "
        "price.",
        "Theorem 3, one start state",
        "as_printed",
        uses=("t1.no-moments", "t3.fixed-start"),
        evidence=(Identity(TRANSFER),),
    ),
    Claim(
        "t3.long-answers",
        "A text that goes on after k tokens with probability k/(k + 2) has a heavy length, with "
        "mean 2 and E[T | T >= k] = 2k. The policy that puts mass 3/500 on more than 1000 tokens "
        "has a mean above 13 at a KL divergence below 0.05; it differs from the base policy at "
        "1000 states only.",
        "ours",
        "ours",
        uses=("t3.fixed-start",),
        evidence=(
            Identity(LENGTH),
            Exact(priced_as_reweighted, ((3, "0.3"), (10, "0.1"), (25, "0.05"))),
            Enclosed(raised, ((100, "0.06", "13", "0.3"), (1000, "0.006", "13", "0.05"))),
        ),
    ),
)
