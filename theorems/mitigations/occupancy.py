"""Occupancy measures: penalties on where a policy goes, in place of what it does.

The road along a cliff (:mod:`verify.mitigations.road`): a driver who turns the wheel too far once
in N steps, and not once in N^2, hardly acts differently at any one step; but the car is in the
ravine for a third of the time. A penalty on the *average* divergence of the actions does not see
that. A penalty on the occupancy does, and so does one on the *sum* over the trajectory, which is
above it.
"""

from __future__ import annotations

from collections.abc import Iterator

from flint import arb, fmpq

from theorems.mitigations.symbols import Expression, symbols
from verify.claim import Claim, Comparison, Enclosed, Exact, below, near
from verify.enclosure import ball
from verify.identity import Identity, Relation, Step
from verify.mdp import base_policy, chain_rule_kl, trajectory_kl, trajectory_law
from verify.mitigations.losses import (
    Driving,
    chi_square_of_occupancies,
    of_trajectories,
    variation_of_occupancies,
)
from verify.mitigations.occupancy import (
    average_kl,
    chi_square,
    gathered,
    kl,
    occupancy,
    total_variation,
)
from verify.mitigations.road import ROAD, driver, on_the_road, road, where

# ---------------------------------------------------------------- the road


def telescopes() -> Relation:
    n = symbols()
    left = (1 - n.q) ** n.k * n.q
    return Relation(left, (1 - n.q) ** n.k - (1 - n.q) ** (n.k + 1), given=(n.q < 1,))


def bound_on_the_actions() -> Relation:
    import sympy as sp

    n = symbols()
    often, rare = 1 / n.N, 1 / n.N**2
    cost = often * sp.log(often / rare) + (1 - often) * sp.log((1 - often) / (1 - rare))
    form = n.z / (1 + n.z) * sp.log(1 + 1 / (1 + n.z))
    return Relation(sp.log(n.N) / n.N, cost, ">=", form, (n.N > 1,), {n.N: 1 + n.z})


def little_is_done() -> Relation:
    import sympy as sp

    n = symbols()
    return Relation(sp.Limit(sp.log(n.N) / n.N, n.N, sp.oo), 0)


def a_third_in_the_ravine() -> Relation:
    import sympy as sp

    n = symbols()
    return Relation(sp.Limit(1 - (1 - (1 - 1 / n.N) ** n.N), n.N, sp.oo), sp.exp(-1))


def counted(case: tuple[int, str, str]) -> bool:
    """At (N, q, p): the closed form is what the process gives, under both policies."""
    steps, rare, often = case[0], *(fmpq(1, int(text)) for text in case[1:])
    mdp = road(steps, rare)
    shares = (occupancy(mdp, policy) for policy in (base_policy(mdp), driver(mdp, often)))
    return all(
        gathered(share, where).get(ROAD, fmpq(0)) == on_the_road(turn, steps)
        for share, turn in zip(shares, (rare, often), strict=True)
    )


def far_for_little(steps: int) -> Iterator[Comparison]:
    """At N, turning once in N steps in place of once in N^2."""

    def driving() -> Driving:
        return Driving.of(fmpq(1, steps), fmpq(1, steps**2), steps)

    def moved() -> arb:
        return variation_of_occupancies(driving(), steps)

    yield below("KL of the actions", lambda: driving().actions, lambda: arb(steps).log() / steps)
    yield below("9/25 and the total variation", lambda: arb(9) / 25, moved)
    yield below(
        "N/5 and chi-square",
        lambda: arb(steps) / 5,
        lambda: chi_square_of_occupancies(driving(), steps),
    )
    yield below(
        "(log N)/3 and KL of the trajectories",
        lambda: arb(steps).log() / 3,
        lambda: of_trajectories(driving(), steps),
    )


# ---------------------------------------------------------------- other actions, the same states


def same_states(case: tuple[int, str]) -> bool:
    """At (N, 1/q): a driver with one hand, where the base uses both, goes where the base does."""
    mdp = road(case[0], fmpq(1, int(case[1])))
    one_handed = driver(mdp, fmpq(1, int(case[1])), left=fmpq(1))
    return occupancy(mdp, one_handed) == occupancy(mdp, base_policy(mdp))


def other_actions(case: tuple[int, str]) -> Iterator[Comparison]:
    """There: but for every second on the road it costs log 2 of KL."""
    steps, turn = case[0], fmpq(1, int(case[1]))
    mdp = road(steps, turn)
    one_handed, base = driver(mdp, turn, left=fmpq(1)), base_policy(mdp)
    spent = on_the_road(turn, steps) * steps * (1 - turn)
    yield near(
        "KL of the trajectories",
        lambda: ball(chain_rule_kl(mdp, one_handed, base)),
        lambda: spent * arb(2).log(),
        lambda: arb(10) ** -12,
    )


# ---------------------------------------------------------------- the sum is above the occupancy


def _merged() -> tuple[Expression, Expression]:
    n = symbols()
    both, base = n.i + n.j, n.c + n.d
    return both * n.c / (base * n.i), both * n.d / (base * n.j)


def merging() -> Relation:
    import sympy as sp

    n = symbols()
    apart = n.i * sp.log(n.i / n.c) + n.j * sp.log(n.j / n.d)
    together = (n.i + n.j) * sp.log((n.i + n.j) / (n.c + n.d))
    one, two = _merged()
    right = n.i * (one - 1 - sp.log(one)) + n.j * (two - 1 - sp.log(two))
    return Relation(apart - together, right)


def tangent_right() -> Relation:
    import sympy as sp

    n = symbols()
    return Relation(n.z - sp.log(1 + n.z), sp.Integral(n.x / (1 + n.x), (n.x, 0, n.z)))


def tangent_left() -> Relation:
    import sympy as sp

    n = symbols()
    quotient = 1 / (1 + n.z)
    area = sp.Integral(n.x / (1 + n.x) ** 2, (n.x, 0, n.z))
    return Relation(quotient - 1 - sp.log(quotient), area)


def below_the_trajectories(case: tuple[int, str, str, str]) -> Iterator[Comparison]:
    """At (N, q, p, left): KL and total variation of occupancies are below those of trajectories."""
    steps, rare, often, left = case[0], *(fmpq(1, int(text)) for text in case[1:])
    mdp = road(steps, rare)
    policy, base = driver(mdp, often, left), base_policy(mdp)
    spent, usual = occupancy(mdp, policy), occupancy(mdp, base)
    laws = [trajectory_law(mdp, one) for one in (policy, base)]
    apart = sum((abs(ball(laws[0][path]) - laws[1][path]) for path in laws[0]), arb(0)) / 2

    yield below(
        "KL of the occupancies and of the trajectories",
        lambda: ball(kl(spent, usual)),
        lambda: ball(trajectory_kl(mdp, policy, base)),
    )
    yield below("their total variations", lambda: arb(total_variation(spent, usual)), lambda: apart)
    yield below(
        "KL and log(1 + chi-square)",
        lambda: ball(kl(spent, usual)),
        lambda: arb(chi_square(spent, usual) + 1).log(),
    )
    # The trajectory's divergence is N times the average over the time.
    yield near(
        "N times the average KL",
        lambda: steps * average_kl(mdp, policy, base),
        lambda: ball(trajectory_kl(mdp, policy, base)),
        lambda: arb(10) ** -12,
    )


ROAD_STEPS = (
    Step(
        "on the road",
        "With probability q of a turn at each step: the times on the road add up to "
        "(1 - (1 - q)^N)/q.",
        telescopes,
    ),
    Step(
        "actions",
        "The KL divergence of the actions at a step, 1/N against 1/N^2, is below log(N)/N.",
        bound_on_the_actions,
    ),
    Step("little is done", "That goes to 0.", little_is_done),
    Step(
        "a third in the ravine",
        "The share of the time in the ravine goes to 1/e; under the base policy it is below "
        "1/(2 N).",
        a_third_in_the_ravine,
    ),
)
MERGING = (
    Step(
        "merging",
        "Two outcomes that are seen as one: what the KL divergence loses, with z for the quotients "
        "of probabilities.",
        merging,
    ),
    Step("tangent", "z - 1 - log z is an area, at z above 1,", tangent_right),
    Step("tangent, left", "and below 1. So nothing is gained.", tangent_left),
)

CLAIMS = (
    Claim(
        "mitigations.occupancy.road",
        "A car on a road along a cliff, for N steps. Turning the wheel too far with probability "
        "1/N in place of 1/N^2 changes the actions by a KL divergence below log(N)/N at each step, "
        "and moves a share of the time that tends to 1/e into the ravine. At N = 100, 10^4 and "
        "10^6 that share is above 0.36, the chi-square divergence of the occupancy is above N/5, "
        "and the KL divergence of the trajectories sees it too: it is above log(N)/3.",
        "ours",
        "ours",
        evidence=(
            Identity(ROAD_STEPS),
            Exact(counted, ((2, "9", "3"), (5, "25", "5"), (12, "144", "12"))),
            Enclosed(far_for_little, (100, 10**4, 10**6)),
        ),
    ),
    Claim(
        "mitigations.occupancy.hands",
        "The other way round: a driver who steers with one hand, where the base policy uses "
        "either, goes exactly where it goes; the KL divergence of the actions is log 2 at each "
        "step, and that of the occupancies is 0.",
        "ours",
        "ours",
        evidence=(
            Exact(same_states, ((3, "10"), (12, "100"))),
            Enclosed(other_actions, ((3, "10"), (12, "100"))),
        ),
    ),
    Claim(
        "mitigations.occupancy.processing",
        "Over a fixed number of steps the occupancy is a function of the trajectory and of a "
        "moment drawn at random. So its KL divergence and its total variation are at most those "
        "of the trajectories; and the KL divergence of the trajectories is the number of steps "
        "times the average over the time of that of the actions.",
        "ours",
        "ours",
        uses=("t3.chain-rule",),
        evidence=(
            Identity(MERGING),
            Enclosed(
                below_the_trajectories,
                ((2, "9", "3", "2"), (3, "25", "5", "3"), (5, "36", "2", "2"), (6, "3", "7", "5")),
            ),
        ),
    ),
)
