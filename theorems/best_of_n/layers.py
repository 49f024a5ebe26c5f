"""The layer-cake lemma: a rising weight averages the conditioning curve."""

from __future__ import annotations

import random
from collections.abc import Iterator
from fractions import Fraction
from functools import partial
from itertools import groupby

from flint import arb, fmpq

from theorems.best_of_n.symbols import symbols
from verify.best_of import best_of
from verify.claim import Claim, Comparison, Enclosed, Exact, below
from verify.conditioning import condition
from verify.enclosure import Diverges, Number, Undecided
from verify.identity import Identity, Relation, Step
from verify.law import Law

#: A finite law of (U, V): reward, utility, probability. And the weights, one for each reward.
Rows = list[tuple[Fraction, Fraction, Fraction]]

# ---------------------------------------------------------------- one step of the stack


def one_step() -> Relation:
    n = symbols()
    # U >= t with probability q; E V is m there and k elsewhere; the weight is a + b and a.
    weighted = n.a * (1 - n.q) * n.k + (n.a + n.b) * n.q * n.m
    return Relation(weighted, n.a * ((1 - n.q) * n.k + n.q * n.m) + n.b * n.q * n.m)


def one_step_mass() -> Relation:
    n = symbols()
    return Relation(n.a * (1 - n.q) + (n.a + n.b) * n.q, n.a + n.b * n.q)


# ---------------------------------------------------------------- finite laws, exactly


def finite_law(seed: int) -> Rows:
    """A random law of (U, V), not independent, with ties in U."""
    rng = random.Random(seed)
    rows = [
        (Fraction(rng.randint(-3, 3), 2), Fraction(rng.randint(-9, 9), rng.randint(1, 4)), share)
        for share in (Fraction(rng.randint(1, 9)) for _ in range(rng.randint(2, 9)))
    ]
    total = sum(share for _, _, share in rows)
    return sorted((u, v, share / total) for u, v, share in rows)


def rewards_of(rows: Rows) -> list[tuple[Fraction, Fraction, Fraction]]:
    """For each reward: the reward, its probability, and ``E[V; U = u]``."""
    found = []
    for u, group in groupby(rows, key=lambda row: row[0]):
        members = list(group)
        mass = sum((p for _, _, p in members), Fraction(0))
        found.append((u, mass, sum((v * p for _, v, p in members), Fraction(0))))
    return found


def weights_of(kind: str, rewards: list[tuple[Fraction, Fraction, Fraction]]) -> list[Fraction]:
    """A rising weight of mean 1, by name, at each reward.

    ``best:n``, ``tilt:b`` (``b^u`` for rewards in halves, b a square), ``top:f`` (the top fraction
    f, split at an atom), ``step:k`` (the reward number k and those above it, twice as likely).
    """
    name, _, number = kind.partition(":")
    size = Fraction(number)
    below = Fraction(0)
    weights = []
    for index, (u, mass, _) in enumerate(rewards):
        up_to = below + mass
        if name == "best":
            weights.append((up_to ** int(size) - below ** int(size)) / mass)
        elif name == "tilt":
            weights.append(size ** int(2 * u))
        elif name == "top":
            weights.append(max(up_to - max(below, 1 - size), Fraction(0)) / mass / size)
        else:
            weights.append(Fraction(2 if index >= size else 1))
        below = up_to
    total = sum((w * mass for w, (_, mass, _) in zip(weights, rewards, strict=True)), Fraction(0))
    return [w / total for w in weights]


def layered(
    rewards: list[tuple[Fraction, Fraction, Fraction]], weights: list[Fraction]
) -> tuple[Fraction, Fraction]:
    """``w(-oo) E V + sum E[V | U >= u] nu{u}``, and the mass of ``w(-oo) + nu``."""
    first = weights[0]
    mean = first * sum((part for _, _, part in rewards), Fraction(0))
    mass = first
    for k in range(1, len(rewards)):
        rise = weights[k] - weights[k - 1]
        tail = sum((p for _, p, _ in rewards[k:]), Fraction(0))
        given = sum((part for _, _, part in rewards[k:]), Fraction(0)) / tail
        mean, mass = mean + given * tail * rise, mass + tail * rise
    return mean, mass


def layers_add_up(case: tuple[int, str]) -> bool:
    """At (seed of a law, weight): both sides, by fractions."""
    rewards = rewards_of(finite_law(case[0]))
    weights = weights_of(case[1], rewards)
    direct = sum((w * part for w, (_, _, part) in zip(weights, rewards, strict=True)), Fraction(0))
    return layered(rewards, weights) == (direct, Fraction(1))


# ---------------------------------------------------------------- one limit for all


def shared_limit(case: tuple[str, str, str, str]) -> Iterator[Comparison]:
    """At (law of X, law of V, limit, tolerance): conditioning and best-of-n far out."""
    error, utility = Law.parse(case[0]), Law.parse(case[1])
    limit, tolerance = fmpq(*map(int, case[2].split("/"))), fmpq(*map(int, case[3].split("/")))
    pair = best_of(error, utility)

    def conditioned() -> arb:
        # The threshold that one draw in 10^12 passes, or so.
        t = (-error).quantile(arb(10) ** -12)
        return _finite(condition(error, utility, -t.mid().fmpq()).mean_v)

    def best() -> arb:
        return _finite(pair.at(10**12).mean_v)

    for what, value in (("E[V | U > t]", conditioned), ("E V of the best of 10^12", best)):
        yield below(f"{what} - limit", partial(_distance, value, limit), lambda: arb(tolerance))


def _distance(value: object, limit: fmpq) -> arb:
    return abs(value() - limit)  # type: ignore[operator, no-any-return]


def _finite(value: Number) -> arb:
    if isinstance(value, Diverges):
        raise Undecided(f"infinite: {value.because}")
    return value


LAYERS = (
    Step("one step", "A step of the weight adds E[V; U >= t] times its height.", one_step),
    Step("one step, mass", "Its mass is Pr(U >= t) times its height.", one_step_mass),
)

_WEIGHTS = ("best:2", "best:7", "tilt:2", "tilt:5/3", "top:1/3", "top:9/10", "step:1")

CLAIMS = (
    Claim(
        "best-of-n.layers",
        "For a weight w of U that never falls, right-continuous, with E w(U) = 1, E|V| < oo and "
        "E|V|w(U) < oo: E[V w(U)] = w(-oo) E V + int E[V | U >= t] nu(dt), nu(dt) = Pr(U >= t) "
        "dw(t), and w(-oo) + nu(R) = 1. V may depend on U. Combines: w - w(-oo) is the integral of "
        "its steps 1{U >= t} dw(t), and Fubini's theorem.",
        "ours",
        "ours",
        evidence=(
            Identity(LAYERS),
            Exact(
                layers_add_up,
                tuple((seed, weight) for seed in range(12) for weight in _WEIGHTS),
            ),
        ),
    ),
    Claim(
        "best-of-n.one-limit",
        "If E|V| < oo and E[V | U > t] has a limit as t rises to the largest value of U, then all "
        "optimisers with a rising weight whose mass escapes (P(U <= T) -> 0 for each T below it) "
        "have that limit, and best-of-n is one of them. Combines: for T' > T with Pr(T < U <= T') "
        "> 0, w(-oo) + nu((-oo, T]) <= w(T+) <= P(U <= T')/Pr(T < U <= T') -> 0, and the curve is "
        "bounded below any T.",
        "ours",
        "ours",
        uses=("best-of-n.layers",),
        evidence=(
            Enclosed(
                shared_limit,
                (
                    # K_V'(1) = 1; what is left falls like the tail of V, far below 1e-5.
                    ("exponential()", "normal(mu=0, sigma=1)", "1/1", "1/100000"),
                ),
            ),
        ),
    ),
)
