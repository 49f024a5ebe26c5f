"""How often the unseen policy shows itself: to a monitor, and in training.

The policy of :mod:`.language_model` puts mass p on texts that the base policy has with probability
q, and is the base policy otherwise. A monitor who knows what to look for sees one in n texts with
probability ``1 - (1-p)^n``. One who does not know does no better: where none is among the texts,
they have the same law under both policies. So waiting for one is next to the best test there is.

Training meets the same texts from the other side: as long as the base policy has shown none, the
returns of all others are what they would be without the flaw, and so is what is learned.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from typing import TYPE_CHECKING

from flint import arb, fmpq

from theorems.t3_policies.language_model import (
    LONGEST,
    SHARE,
    language_model,
    planted_chance,
    total_variation,
)
from theorems.t3_policies.symbols import symbols
from verify.claim import Claim, Comparison, Draws, Enclosed, Sampled, below
from verify.detection import samples_any_pair, samples_any_test, samples_to_see
from verify.enclosure import ball, exact
from verify.identity import Identity, Relation, Step
from verify.mdp import h_transform
from verify.weight import Threshold

if TYPE_CHECKING:
    import numpy as np

#: Errors that are allowed: see it, or raise the alarm, with 95 % probability.
ERROR = fmpq(1, 20)

# ---------------------------------------------------------------- derivation


def same_otherwise() -> Relation:
    n = symbols()
    # s is the probability of another text under the base policy.
    return Relation((1 - n.p) / (1 - n.q) * n.s / (1 - n.p), n.s / (1 - n.q))


def alarm_if_none() -> Relation:
    n = symbols()
    # alpha = B x + (1 - B) times the alarms if one is seen, which is not negative.
    via = {n.alpha: n.B * n.x + n.g}
    given = (n.alpha >= n.B * n.x,)
    return Relation(n.alpha / n.B, n.x, ">=", (n.alpha - n.B * n.x) / n.B, given, via)


def alarm_at_most() -> Relation:
    n = symbols()
    alarms = n.A * n.x + (1 - n.A) * n.y
    form = (1 - n.A) * (1 - n.y)
    via = {n.A: n.i / (n.i + n.j), n.y: n.k / (n.k + n.z)}
    return Relation(1 - n.A * (1 - n.x), alarms, ">=", form, (n.A < 1, n.y <= 1), via)


def alarm_bound() -> Relation:
    n = symbols()
    left, right = 1 - n.A * (1 - n.alpha / n.B), 1 - n.A * (1 - n.x)
    form = n.A * (n.alpha - n.B * n.x) / n.B
    given, via = (n.alpha >= n.B * n.x,), {n.alpha: n.B * n.x + n.g}
    return Relation(left, right, ">=", form, given, via)


def overlaps_multiply() -> Relation:
    n = symbols()
    # Two masses with the smaller of them u, two with v: the product is u v at least.
    return Relation((n.u + n.g) * (n.v + n.z), n.u * n.v, ">=", n.u * n.z + n.v * n.g + n.g * n.z)


def one_more_text() -> Relation:
    n = symbols()
    # From N to N + 1 texts, with B = (1 - q)^N: the chance to see it grows by at most q.
    seen, then = 1 - n.B, 1 - n.B * (1 - n.q)
    via = {n.B: n.i / (n.i + n.j)}
    return Relation(seen + n.q, then, ">=", n.q * (1 - n.B), (n.B < 1,), via)


# ---------------------------------------------------------------- numbers


def chances() -> tuple[fmpq, fmpq]:
    """p and q of the language model."""
    return exact(SHARE), planted_chance()


def seen_from(case: tuple[str, int]) -> Iterator[Comparison]:
    """At (who, n): n texts show the planted one with 95 % probability, and ``n - 1`` do not."""
    chance, number = chances()[("policy", "base").index(case[0])], case[1]

    def unseen(texts: int) -> arb:
        return (texts * (-ball(chance)).log1p()).exp()

    found = samples_to_see(chance, ERROR)
    yield below("n by the search", lambda: arb(found) - number, lambda: arb(1) / 2)
    yield below("the search by n", lambda: number - arb(found), lambda: arb(1) / 2)
    yield below("unseen in n", partial(unseen, number), lambda: ball(ERROR))
    yield below("unseen in n - 1", lambda: ball(ERROR), partial(unseen, number - 1))


def told_apart_from(number: int) -> Iterator[Comparison]:
    """With ``n - 1`` texts no test has both errors at 5 %: its alarms are bounded below 95 %."""
    p, q = chances()

    def alarms(texts: int) -> arb:
        none, base = ((-ball(c)).log1p() * texts for c in (p, q))
        return 1 - none.exp() * (1 - ERROR * (-base).exp())

    found = samples_any_test(p, q, ERROR, ERROR)
    yield below("n by the search", lambda: arb(found) - number, lambda: arb(1) / 2)
    yield below("the search by n", lambda: number - arb(found), lambda: arb(1) / 2)
    yield below("alarms with n - 1", partial(alarms, number - 1), lambda: 1 - ball(ERROR))
    yield below("95 %", lambda: 1 - ball(ERROR), partial(alarms, number))


def any_pair_from(number: int) -> Iterator[Comparison]:
    """``(1 - TV)^(n - 1)`` is above the errors together, 10 %."""
    variation = total_variation(language_model(), Threshold.at(LONGEST, SHARE))
    assert isinstance(variation, fmpq)

    def overlap(texts: int) -> arb:
        return (texts * (-ball(variation)).log1p()).exp()

    found = samples_any_pair(variation, ERROR, ERROR)
    yield below("n by the search", lambda: arb(found) - number, lambda: arb(1) / 2)
    yield below("the search by n", lambda: number - arb(found), lambda: arb(1) / 2)
    yield below("both errors", lambda: 2 * ball(ERROR), partial(overlap, number - 1))
    yield below("overlap in n", partial(overlap, number), lambda: 2 * ball(ERROR))


# ---------------------------------------------------------------- simulation


def monitors(case: tuple[str, int], rng: np.random.Generator) -> Draws:
    """At (mass on the planted text, monitors): texts drawn token by token, n for each monitor."""
    import numpy as np

    from verify.mdp.sampling import sample_ends

    mass, number = case
    mdp = language_model()
    texts = samples_to_see(mass, ERROR)
    policy = h_transform(mdp, Threshold.at(LONGEST, mass)).policy
    ends, states = sample_ends(mdp, policy, number * texts, rng)
    planted = states.index((LONGEST, 0, True))
    seen = (ends == planted).reshape(number, texts).any(axis=1)
    return Draws(np.asarray(seen, float), 0.0, 1.0, 1 - (1 - float(mass)) ** texts)


def waiting(case: tuple[str, int], rng: np.random.Generator) -> Draws:
    """At (mass, monitors): the first planted text, each text being one with this probability."""
    import math

    import numpy as np

    mass, number = case
    texts = samples_to_see(mass, ERROR)
    seen = rng.geometric(float(mass), number) <= texts
    return Draws(np.asarray(seen, float), 0.0, 1.0, -math.expm1(texts * math.log1p(-float(mass))))


# ---------------------------------------------------------------- claims

ANY_TEST = (
    Step(
        "same otherwise",
        "Given that it is not the planted one, a text has one law.",
        same_otherwise,
    ),
    Step("alarm if none", "So the alarms if none is seen are at most alpha/B.", alarm_if_none),
    Step("alarms", "All alarms are at most 1 - A (1 - x).", alarm_at_most),
    Step("alarms, bound", "So they are at most 1 - A (1 - alpha/B).", alarm_bound),
)
OVERLAP = (
    Step(
        "overlap",
        "The overlap of two products is at least that of their factors.",
        overlaps_multiply,
    ),
)
TRAINING = (
    Step("one more text", "Each text adds at most q to the chance to see it.", one_more_text),
)

CLAIMS = (
    Claim(
        "t3.monitor",
        "To see one text of probability p with probability 1 - b takes log(b)/log(1 - p) texts, "
        "rounded up: 2,995,731 for the policy of the language model at b = 5 %.",
        "ours",
        "ours",
        uses=("t3.language-model",),
        evidence=(
            Enclosed(seen_from, (("policy", 2_995_731),)),
            Sampled(monitors, (("0.05", 2500),)),
            Sampled(waiting, ((SHARE, 20_000),)),
        ),
    ),
    Claim(
        "t3.monitor.any-test",
        "A test on n texts with false alarms at a rate of alpha at most finds the policy with "
        "probability 1 - (1 - p)^n (1 - alpha/(1 - q)^n) at most, whatever it looks at. At 5 % for "
        "both errors it takes 2,944,438 texts at least: to wait for one planted text takes 2 % "
        "more than the best test can. Combines: A = (1 - p)^n and B = (1 - q)^n are the chances to "
        "see none; given none, n texts have the same law under both policies.",
        "ours",
        "ours",
        uses=("t3.language-model",),
        evidence=(Identity(ANY_TEST), Enclosed(told_apart_from, (2_944_438,))),
    ),
    Claim(
        "t3.monitor.any-pair",
        "For any two policies at total variation TV, the two errors of a test on n trajectories "
        "are (1 - TV)^n together, or more. At the TV of the language model's policy and 5 % each, "
        "n is 2,302,584 at least. Combines: the errors of a test are 1 - TV(P^n, Q^n) together, or "
        "more, and this overlap is at least (1 - TV)^n.",
        "ours",
        "ours",
        uses=("t3.language-model",),
        evidence=(Identity(OVERLAP), Enclosed(any_pair_from, (2_302_584,))),
    ),
    Claim(
        "t3.monitor.training",
        "Two returns that differ on one text of probability q: training on N texts of the base "
        "policy ends alike under both but for a probability of 1 - (1 - q)^N, at most N q. For the "
        "language model it takes 510,452,546,643,055 texts to see the planted one with 95 % "
        "probability. Combines: where it is not among them, training is given the same.",
        "ours",
        "ours",
        uses=("t3.language-model",),
        evidence=(Identity(TRAINING), Enclosed(seen_from, (("base", 510_452_546_643_055),))),
    ),
)
