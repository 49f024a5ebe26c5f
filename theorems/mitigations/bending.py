"""Which of two weights keeps more of the utility, at an equal gain of the proxy.

Let ``g(u) = E[V | U = u]``, and let the difference ``w2 - w1`` of two weights, which have mean 1
and the same ``E[w U]``, be positive, then negative, then positive again. Let L be the chord of g
between the two changes of sign. Then ``E[(w2 - w1) g] = E[(w2 - w1)(g - L)]``, whose integrand has
one sign: not above 0 where g is concave, not below where it is convex. The steps say which weights
differ so, and how g bends for exponential laws.
"""

from __future__ import annotations

from itertools import pairwise

from flint import fmpq

from theorems.mitigations.symbols import symbols
from verify.claim import Claim, Exact
from verify.enclosure import exact
from verify.identity import Identity, Relation, Step


def beyond_the_chord() -> Relation:
    n = symbols()
    # Beyond the end of the chord, of slope e, the slope of g is e - y on average.
    return Relation(n.v + n.e * n.z, n.v + (n.e - n.y) * n.z, ">=", n.y * n.z)


def tilt_against_power() -> Relation:
    import sympy as sp

    n = symbols()
    return Relation(sp.Derivative(n.l * n.z - n.r * sp.log(n.z), (n.z, 2)), n.r / n.z**2)


def two_powers() -> Relation:
    import sympy as sp

    n = symbols()
    quotient = (n.r + n.h) * sp.log(n.z + n.t) - n.r * sp.log(n.z)
    return Relation(sp.Derivative(quotient, n.z), (n.h * n.z - n.r * n.t) / (n.z * (n.z + n.t)))


def mean_given_the_sum() -> Relation:
    import sympy as sp

    n = symbols()
    weighted = sp.Integral(n.x * sp.exp(-n.r * n.x), (n.x, 0, n.z))
    norm = (1 - sp.exp(-n.r * n.z)) / n.r
    return Relation(weighted, (1 / n.r - n.z / (sp.exp(n.r * n.z) - 1)) * norm)


def bends_down() -> Relation:
    import sympy as sp

    n = symbols()
    area = sp.Integral((n.z - n.x) * n.x * sp.exp(n.x), (n.x, 0, n.z))
    left = sp.Derivative(n.z / (sp.exp(n.z) - 1), (n.z, 2))
    return Relation(left, sp.exp(n.z) / (sp.exp(n.z) - 1) ** 3 * area)


#: Masses and values of g at the scores 0, 1, 2, ... of a finite model.
Finite = tuple[tuple[int, int], ...]


def ordered(case: tuple[Finite, str]) -> bool:
    """At (masses and g, b): the weight b^score, chi-square and the top share of an equal gain.

    The differences of neighbours have the signs, and the utilities rise in that order.
    """
    model, base = case
    total = fmpq(sum(mass for mass, _ in model))
    masses = [fmpq(mass) / total for mass, _ in model]
    tilt = _shares([mass * exact(base) ** score for score, mass in enumerate(masses)])
    mean = sum((share * score for score, share in enumerate(tilt)), fmpq(0))
    policies = [tilt, _chi_square(masses, mean), _top(masses, mean)]
    utilities = [
        sum((share * g for share, (_, g) in zip(policy, model, strict=True)), fmpq(0))
        for policy in policies
    ]
    in_order = all(_steeper(one, other) for one, other in pairwise(policies))
    return in_order and all(bool(less < more) for less, more in pairwise(utilities))


def _shares(parts: list[fmpq]) -> list[fmpq]:
    norm = sum(parts, fmpq(0))
    return [part / norm for part in parts]


def _chi_square(masses: list[fmpq], mean: fmpq) -> list[fmpq]:
    """The weight ``(score - m)+`` with this mean of the score; m solves a linear equation."""
    for first in range(len(masses) - 1):
        scores = range(first, len(masses))
        lean = sum((masses[s] * (s - mean) for s in scores), fmpq(0))
        cut = sum((masses[s] * s * (s - mean) for s in scores), fmpq(0)) / lean if lean else None
        if cut is not None and cut < first and (first == 0 or first - 1 <= cut):
            return _shares([m * max(s - cut, fmpq(0)) for s, m in enumerate(masses)])
    raise ValueError(f"no threshold has the mean {mean}")


def _top(masses: list[fmpq], mean: fmpq) -> list[fmpq]:
    """The top share of the answers with this mean of the score."""
    beyond = summed = fmpq(0)
    for score in reversed(range(len(masses))):
        if (share := _up_to(beyond, summed, score, mean)) <= beyond + masses[score]:
            cut = [fmpq(0)] * score + [share - beyond] + masses[score + 1 :]
            return _shares(cut)
        beyond, summed = beyond + masses[score], summed + masses[score] * score
    raise ValueError(f"no top share has the mean {mean}")


def _up_to(beyond: fmpq, summed: fmpq, score: int, mean: fmpq) -> fmpq:
    """The mass f, all above the score and some of it, for which the mean of the score is right."""
    return (summed - beyond * score) / (mean - score) if mean > score else beyond + 2


def _steeper(one: list[fmpq], other: list[fmpq]) -> bool:
    """Whether the difference is positive, negative, and positive again."""
    signs = [a > b for a, b in zip(one, other, strict=True) if a != b]
    changes = [before for before, after in pairwise(signs) if before != after]
    return bool(changes == [True, False])


STEPS = (
    Step(
        "chord",
        "A concave g is below the continued chord: beyond its end its mean slope is less, by y.",
        beyond_the_chord,
    ),
    Step(
        "tilt and power",
        "At z above the threshold: the logarithm of the quotient of a tilt and a power is convex.",
        tilt_against_power,
    ),
    Step(
        "two powers",
        "Exponents r + h and r, the threshold of the first lower by t: the logarithm of their "
        "quotient falls up to z = r t/h, and rises from there.",
        two_powers,
    ),
    Step(
        "exponential laws",
        "The rate of V above that of X by r: given U = z, V has the density exp(-r x) on (0, z), "
        "up to a factor. Its mean is 1/r - z/(exp(r z) - 1).",
        mean_given_the_sum,
    ),
    Step(
        "bends down",
        "What is taken off there is convex, in units of 1/r, so that mean is concave. With X and V "
        "exchanged it is U less such a mean, and convex.",
        bends_down,
    ),
)

CLAIMS = (
    Claim(
        "mitigations.bending",
        "Let two weights of U have mean 1 and the same E[w U], and let w2 - w1 be positive, "
        "negative, and positive again as U grows. Then w2 keeps no more utility than w1 if "
        "E[V | U = u] is concave in u, and no less if it is convex. At an equal gain a tilt is "
        "such a w2 for every power penalty, a power penalty for those of a higher order, and all "
        "of them for the odds cap. For X and V exponential, E[V | U = u] is concave if X has the "
        "larger mean, and convex if V has.",
        "ours",
        "ours",
        evidence=(
            Identity(STEPS),
            Exact(
                ordered,
                (
                    (((5, 0), (3, 4), (2, 7), (1, 9), (1, 10)), "2"),
                    (((8, -9), (7, -2), (5, 3), (4, 5), (2, 5), (1, 2)), "1.5"),
                    (((1, 0), (4, 5), (6, 9), (4, 12), (1, 14)), "3"),
                ),
            ),
        ),
    ),
)
