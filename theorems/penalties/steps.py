"""Where f'(oo) is finite only a largest reward bounds the mean: steps cost the same at any height.

Total variation, Hellinger, Jensen-Shannon, reverse KL, and every order below 1. A share s of P is
moved beyond a threshold; a weight u that gets y more pays at most ``f'(oo) y`` for it.

Downwards reverse KL is the strictest of them: its weights can only fall like a power, so a lower
tail without logarithm drags every mean to -oo.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from functools import partial

from flint import arb

from theorems.penalties.fenchel import below_one, low_power, reverse, shannon
from theorems.penalties.symbols import Expression, symbols
from verify.claim import Claim, Comparison, Enclosed, below, near
from verify.enclosure import Diverges, ball, exact
from verify.identity import Identity, Relation, Step
from verify.law import Law
from verify.penalties import holds, penalised_frontier
from verify.penalties.steps import step_policy

# ---------------------------------------------------------------- what a step costs


def _further(slope: Expression, generator: object, form: Expression) -> Relation:
    """``f(u) + f'(oo) y - f(u + y)`` grows with y, and is 0 at y = 0."""
    import sympy as sp

    n = symbols()
    assert callable(generator)
    return Relation(sp.Derivative(slope * n.y - generator(n.k + n.y), n.y), 0, ">", form)


def further_low_power() -> Relation:
    n = symbols()
    relation = _further(1 / n.h, low_power, (n.k + n.y) ** -n.h / n.h)
    return replace(relation, given=below_one())


def further_reverse() -> Relation:
    n = symbols()
    return _further(1, reverse, 1 / (n.k + n.y))


def further_shannon() -> Relation:
    import sympy as sp

    n = symbols()
    return _further(sp.log(2) / 2, shannon, sp.log(1 + 1 / (n.k + n.y)) / 2)


def share_of_variation() -> Relation:
    import sympy as sp

    n = symbols()
    # 1 - s is left where Q is, at |w - 1|/2 = s/2; the share s costs s/2 more.
    return Relation(n.h / 2 + n.h * sp.Rational(1, 2), n.h)


def share_of_hellinger() -> Relation:
    import sympy as sp

    n = symbols()
    # f = (1 - sqrt w)^2/2 and f'(oo) = 1/2, at w = 1 - s = u^2.
    share = 1 - n.u**2
    return Relation((1 - n.u) ** 2 / 2 + share * sp.Rational(1, 2), 1 - n.u)


def share_of_reverse() -> Relation:
    import sympy as sp

    n = symbols()
    # w = 1 - s = exp(-d).
    kept = sp.exp(-n.d)
    return Relation(reverse(kept) + (1 - kept), n.d)


def mean_grows() -> Relation:
    import sympy as sp

    n = symbols()
    return Relation(sp.Limit(n.mu + n.k * n.n, n.n, sp.oo), sp.oo)


# ---------------------------------------------------------------- without a logarithm


def reverse_below() -> Relation:
    import sympy as sp

    n = symbols()
    # The dual bound on -Z at l = 1, m = 0, with f*(y) = -log(1 - y); one reward Z = z has E f*(-z).
    conjugate = -sp.log(1 - (-n.z))
    return Relation((n.d + 0 + conjugate) / 1, -(sp.log(1 + n.z) - n.d))


def log_grows() -> Relation:
    import sympy as sp

    n = symbols()
    # E[log X; 1 < X < e^n] under the log-Cauchy law, for n without bound.
    part = sp.Integral(n.u / (sp.pi * (1 + n.u**2)), (n.u, 0, n.n)).doit()
    return Relation(sp.Limit(part, n.n, sp.oo), sp.oo)


def sunk(case: tuple[str, str, str]) -> Iterator[Comparison]:
    """At (law, budget, bound): the best mean under reverse KL is below the bound."""
    text, budget, bound = case
    upper = penalised_frontier(text, "reverse_kl", [budget]).points[0].upper
    assert upper is not None
    yield below("best mean and bound", partial(_same, upper), lambda: ball(exact(bound)))


# ---------------------------------------------------------------- on a normal law


def step_on_normal(case: tuple[str, str, str]) -> Iterator[Comparison]:
    """At (divergence, budget, target): a step within the budget has a mean above the target.

    Its mean is ``p phi(t)/Q(X > t) - (1 - p) phi(t)/Q(X <= t)``, by another route.
    """
    token, budget, target = case
    step = step_policy("normal()", token, budget, target)

    def mean() -> arb:
        value = step.mean()
        assert isinstance(value, arb)
        return value

    def spent() -> arb:
        value = step.divergence(token)
        assert isinstance(value, arb)
        return value

    def by_density() -> arb:
        t, p = ball(step.t), step.p
        log_density = -t * t / 2 - (2 * arb.pi()).log() / 2
        above, under = step.base.log_survival(step.t), step.base.log_cdf(step.t)
        return p * (log_density - above).exp() - (1 - p) * (log_density - under).exp()

    yield below("target and mean", lambda: ball(exact(target)), mean)
    yield below("spent and budget", spent, lambda: ball(exact(budget)))
    yield near("mean by two routes", mean, by_density, lambda: arb(10) ** -20)


def infinite(case: tuple[str, str]) -> Iterator[Comparison]:
    """At (law, divergence): no top, so the best mean is oo; with a top, it is below it."""
    law, token = Law.parse(case[0]), case[1]
    point = penalised_frontier(law, token, ["0.1"]).points[0]
    upper = point.upper
    assert upper is not None
    top = law.support[1]
    if isinstance(top, Diverges):
        yield below("10^100 and best mean", lambda: arb(10) ** 100, partial(_same, upper))
        return
    yield below("best mean and top", partial(_same, upper), lambda: ball(top))


def _same(value: arb | Diverges) -> arb | Diverges:
    return value


def answers(case: tuple[str, str, str]) -> bool:
    """At (law, divergence, answer): what the table says."""
    return holds(case[0], case[1]).answer == case[2]


TOKENS = ("tv", "hellinger", "js", "reverse_kl", "renyi:0.5", "power:0.25")

FURTHER = (
    Step("further, order below 1", "With a = 1 - h, where f'(oo) = 1/h.", further_low_power),
    Step("further, reverse KL", "Where f'(oo) = 1.", further_reverse),
    Step("further, Jensen-Shannon", "Where f'(oo) = log(2)/2.", further_shannon),
    Step("share, total variation", "A share h of P, moved at will, costs h.", share_of_variation),
    Step("share, Hellinger", "A share 1 - u^2 costs 1 - u.", share_of_hellinger),
    Step("share, reverse KL", "A share 1 - exp(-d) costs d.", share_of_reverse),
    Step("mean grows", "A share k at height n and above; mu is the rest.", mean_grows),
)
SUNK = (
    Step("sunk", "The dual bound on -z at l = 1 and m = 0.", reverse_below),
    Step("logarithm", "E log X of the log-Cauchy law, up to exp(n).", log_grows),
)

CLAIMS = (
    Claim(
        "penalties.steps",
        "If f'(oo) and E X are finite and X has no largest value, no budget d > 0 bounds the mean: "
        "a share of P moved beyond t costs at most f(1 - s) + s f'(oo), however large t is. A "
        "share d does under total variation, 1 - (1 - d)^2 under Hellinger, 1 - exp(-d) under "
        "reverse KL. Not even a normal law is held. A largest value is enough.",
        "ours",
        "ours",
        evidence=(
            Identity(FURTHER),
            Enclosed(
                step_on_normal,
                tuple((token, "0.01", target) for token in TOKENS for target in ("10", "1e6")),
            ),
            Enclosed(
                infinite,
                (
                    *(("normal()", token) for token in TOKENS),
                    ("bernoulli(p=0.3)", "js"),
                    ("-exponential()", "hellinger"),
                    ("uniform(low=0, high=1)", "tv"),
                ),
            ),
        ),
    ),
    Claim(
        "penalties.sunk",
        "Under reverse KL E_P X_- >= E log(1 + X_-) - d: where E log X_- is infinite, every mean "
        "within every budget is -oo, or there is none. So it is for the mirrored log-Cauchy law. "
        "Towards it, power tails of index a have best means below -exp(1/a - d).",
        "ours",
        "ours",
        uses=("penalties.dual",),
        evidence=(
            Identity(SUNK),
            Enclosed(
                sunk,
                (
                    ("-log_cauchy()", "0.1", "-1e300"),
                    ("-log_cauchy()", "10", "-1e300"),
                    ("-pareto(alpha=0.5)", "0.1", "-6.685"),  # exp(2 - 0.1) is 6.6859
                ),
            ),
        ),
    ),
)
