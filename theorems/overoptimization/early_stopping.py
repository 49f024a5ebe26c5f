"""Early stopping against a KL penalty, at equal KL: the same path, or not.

Natural policy gradient (and mirror descent) moves a tabular softmax policy along the tilts, which
are the optima of the KL penalty. Plain policy gradient on the logits does not: what is likely
already grows faster. With three answers, of which two have proxy 1 and one has proxy 0, its path is
a formula. In units of a time s that rises with the true one, the policy is proportional to

    (r (1 - p s)(1 - q s),  p/(1 - p s),  q/(1 - q s)),   0 <= s < 1/max(p, q),

with base probabilities r of the answer without reward, and p, q of the others.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import partial

from flint import arb, fmpq

from theorems.overoptimization.symbols import Expression, symbols
from verify.claim import Claim, Comparison, Enclosed, below
from verify.enclosure import exact
from verify.identity import Identity, Relation, Step

#: Probabilities of the answers under a policy: without reward, first, second.
Policy = tuple[arb, arb, arb]

# ---------------------------------------------------------------- the natural gradient


def tilt_moves_by_advantage() -> Relation:
    import sympy as sp

    n = symbols()
    # log pi at time t + e, up to what is common to e = 0: e u - log(M(t + e)/M(t)).
    moved = n.e * n.u - sp.log((n.m0 + n.m1 * n.e) / n.m0)
    return Relation(sp.Subs(sp.Derivative(moved, n.e), n.e, 0), n.u - n.m1 / n.m0)


# ---------------------------------------------------------------- the plain gradient


def weights() -> tuple[Expression, Expression, Expression]:
    """The three weights at time t."""
    n = symbols()
    first, second = 1 - n.p * n.t, 1 - n.q * n.t
    return n.r * first * second, n.p / first, n.q / second


def _inside() -> tuple[Expression, ...]:
    n = symbols()
    return (n.p * n.t < 1, n.q * n.t < 1)


def logit_of_first() -> Relation:
    import sympy as sp

    n = symbols()
    _, first, _ = weights()
    return Relation(sp.Derivative(sp.log(first), n.t), first, given=_inside())


def logit_of_none() -> Relation:
    import sympy as sp

    n = symbols()
    none, first, second = weights()
    return Relation(sp.Derivative(sp.log(none), n.t), -(first + second), given=_inside())


def gradient() -> Relation:
    none, first, second = weights()
    total = none + first + second
    mean = (first + second) / total
    # pi_i (U_i - E U) is the gradient; here of the first answer, against the first logit's move.
    return Relation(first / total * (1 - mean), none / total**2 * first, given=_inside())


def gradient_of_none() -> Relation:
    none, first, second = weights()
    total = none + first + second
    mean = (first + second) / total
    moves = none / total**2 * -(first + second)
    return Relation(none / total * (0 - mean), moves, given=_inside())


# ---------------------------------------------------------------- an instance

#: The base policy: nine in ten answers without reward, the first of the others twice as likely.
BASE = (fmpq(9, 10), fmpq(2, 30), fmpq(1, 30))


def normalised(weights: tuple[arb, arb, arb]) -> Policy:
    """A policy from what it is proportional to."""
    total = weights[0] + weights[1] + weights[2]
    return weights[0] / total, weights[1] / total, weights[2] / total


def stopped(time: fmpq) -> Policy:
    """The plain gradient's policy at a time."""
    r, p, q = (arb(chance) for chance in BASE)
    first, second = 1 - p * time, 1 - q * time
    return normalised((r * first * second, p / first, q / second))


def tilted(tilt: fmpq) -> Policy:
    """The policy of the KL penalty 1/tilt."""
    r, p, q = (arb(chance) for chance in BASE)
    factor = arb(tilt).exp()
    return normalised((r, p * factor, q * factor))


def kl(policy: Policy) -> arb:
    """From the base, in nats."""
    terms = (chance * (chance / base).log() for chance, base in zip(policy, BASE, strict=True))
    return sum(terms, arb(0))


def proxy(policy: Policy) -> arb:
    """``E U``."""
    return policy[1] + policy[2]


def utility(policy: Policy) -> arb:
    """``E V`` where V is -1 for the first answer, 1 for the second and 0 for the other."""
    return policy[2] - policy[1]


def at_equal_kl(case: tuple[str, str, str, str]) -> Iterator[Comparison]:
    """At (time, two tilts, by how much E V is lower): a tilt between them has the same KL.

    E U rises with the tilt and E V, minus a third of E U, falls.
    """
    time, low, high = (exact(number) for number in case[:3])
    gap, unit = exact(case[3]), fmpq(1, 1000)

    def of_stopped(measure: Callable[[Policy], arb]) -> arb:
        return measure(stopped(time))

    def of_tilt(measure: Callable[[Policy], arb], tilt: fmpq) -> arb:
        return measure(tilted(tilt))

    spent = partial(of_stopped, kl)
    yield below("KL of the lower tilt", partial(of_tilt, kl, low), spent)
    yield below("KL of the upper tilt", spent, partial(of_tilt, kl, high))
    yield below("E U", partial(of_stopped, proxy), partial(of_tilt, proxy, low))
    yield below(
        "E V, lower", lambda: of_stopped(utility) + gap - unit / 2, partial(of_tilt, utility, high)
    )
    yield below(
        "by so much", partial(of_tilt, utility, low), lambda: of_stopped(utility) + gap + unit / 2
    )


#: When it stops, tilts of less and of more KL, and by how much E V is lower.
STOPPED = (
    ("8", "1.724", "1.7241", "0.068"),
    ("10", "2.4607", "2.4608", "0.145"),
    ("12", "3.6055", "3.6056", "0.291"),
    ("13", "4.6377", "4.6378", "0.397"),
)

SAME = (
    Step(
        "advantage",
        "Along the tilts log pi moves by U - E U, the advantage.",
        tilt_moves_by_advantage,
    ),
)
PLAIN = (
    Step("first logit", "The logit of an answer with reward moves by its weight,", logit_of_first),
    Step("other logit", "and that without reward by minus both.", logit_of_none),
    Step("gradient", "The gradient pi (U - E U) is that, times a factor;", gradient),
    Step(
        "gradient, other", "the same factor for all answers, which is the pace.", gradient_of_none
    ),
)

CLAIMS = (
    Claim(
        "overoptimization.early-stopping",
        "Natural policy gradient on the logits of a tabular softmax policy, stopped at time t, is "
        "the optimum of the KL penalty b = 1/t: the tilt of the base by t. So where the policy is "
        "free, early stopping and a KL penalty agree in everything at equal KL.",
        "ours",
        "ours",
        uses=("t4.optimum",),
        evidence=(Identity(SAME),),
    ),
    Claim(
        "overoptimization.early-stopping.plain",
        "Plain policy gradient on the logits leaves that path. With base probabilities r, p, q and "
        "proxies 0, 1, 1 its policies are proportional to r (1 - p s)(1 - q s), p/(1 - p s) and "
        "q/(1 - q s), and tend to the likelier of the two answers with proxy 1; tilts keep them in "
        "the proportion p : q.",
        "ours",
        "ours",
        evidence=(Identity(PLAIN),),
    ),
    Claim(
        "overoptimization.early-stopping.instance",
        "With base 9/10, 1/15, 1/30, U = 0, 1, 1 and V = 0, -1, 1 the plain gradient has less E U "
        "than the tilt of equal KL, and E V is lower by 0.068, 0.145, 0.291 and 0.397 at a KL of "
        "0.28, 0.66, 1.38 and 1.85.",
        "ours",
        "ours",
        uses=("overoptimization.early-stopping", "overoptimization.early-stopping.plain"),
        evidence=(Enclosed(at_equal_kl, STOPPED),),
    ),
)
