"""The frontier in closed form: seven laws, each with its derivation and its digits at d = 1/2.

For each law the steps say what K is (an integral where SymPy can do it, else the textbook's K,
which the enclosures hold against the law), what the tilt costs and what mean it has. Eliminating
the tilt gives S. With W the function of Lambert, ``W exp(W) = x``, its branch -1 solves
``w - log w = 1 + d`` for ``w >= 1``: ``w = -W_-1(-exp(-1 - d))``.
"""

from __future__ import annotations

from theorems.t2_light_tails.symbols import Expression, cost_of_tilt, mean_of_tilt, symbols
from verify.identity import Relation, Step

# ---------------------------------------------------------------- Lambert's W


def lambert() -> Relation:
    import sympy as sp

    n = symbols()
    # d = w - 1 - log w says that W = -w has W exp(W) = -exp(-1 - d).
    d = n.w - 1 - sp.log(n.w)
    return Relation(-n.w * sp.exp(-n.w), -sp.exp(-1 - d))


# ---------------------------------------------------------------- normal


def normal_k() -> Expression:
    """K of the normal law."""
    n = symbols()
    return n.mu * n.l + n.sigma**2 * n.l**2 / 2


def normal_mgf() -> Relation:
    import sympy as sp

    n = symbols()
    # Standardised: x = mu + sigma times a standard normal variable.
    weight = sp.exp(n.l * n.x) * sp.exp(-(n.x**2) / 2) / sp.sqrt(2 * sp.pi)
    return Relation(sp.Integral(weight, (n.x, -sp.oo, sp.oo)), sp.exp(n.l**2 / 2))


def normal_cost() -> Relation:
    n = symbols()
    return Relation(cost_of_tilt(normal_k(), n.l), (n.sigma * n.l) ** 2 / 2)


def normal_frontier() -> Relation:
    import sympy as sp

    n = symbols()
    mean = mean_of_tilt(normal_k(), n.l)
    cost = (n.sigma * n.l) ** 2 / 2
    return Relation(mean, n.mu + n.sigma * sp.sqrt(2 * cost))


# ---------------------------------------------------------------- gamma, and exponential


def exponential_mgf() -> Relation:
    import sympy as sp

    n = symbols()
    # Rate l + h, tilt l: the tilt is below the rate.
    inside = (n.l + n.h) * sp.exp(-(n.l + n.h) * n.s) * sp.exp(n.l * n.s)
    return Relation(sp.Integral(inside, (n.s, 0, sp.oo)), (n.l + n.h) / n.h)


def gamma_k(tilt: Expression) -> Expression:
    """K of the gamma law with shape k and scale theta."""
    import sympy as sp

    n = symbols()
    return n.k * sp.log(1 / (1 - n.theta * tilt))


def gamma_tilt() -> tuple[Expression, Expression]:
    """A tilt t, and the tilt at which ``1/(1 - theta t) = w``."""
    n = symbols()
    return n.t, (1 - 1 / n.w) / n.theta


def gamma_mean() -> Relation:
    n = symbols()
    tilt, value = gamma_tilt()
    return Relation(mean_of_tilt(gamma_k(tilt), tilt, value), n.k * n.theta * n.w)


def gamma_cost() -> Relation:
    import sympy as sp

    n = symbols()
    tilt, value = gamma_tilt()
    cost = cost_of_tilt(gamma_k(tilt), tilt, value)
    return Relation(cost, n.k * (n.w - 1 - sp.log(n.w)))


# ---------------------------------------------------------------- Laplace


def laplace_mgf() -> Relation:
    import sympy as sp

    n = symbols()
    # Both halves of the law, scaled such that its rate is l + h: exp(-(l + h)|x|)(l + h)/2.
    rate = n.l + n.h
    both = sp.exp(-rate * n.s) * (sp.exp(n.l * n.s) + sp.exp(-n.l * n.s)) * rate / 2
    return Relation(sp.Integral(both, (n.s, 0, sp.oo)), 1 / (1 - (n.l / rate) ** 2))


def laplace_tilt() -> Expression:
    """The tilt ``l = sqrt(1 - 1/u)`` at ``u = 1 + h``."""
    import sympy as sp

    n = symbols()
    return sp.sqrt(n.h / (1 + n.h))


def laplace_k(tilt: Expression) -> Expression:
    """K of the standard Laplace law."""
    import sympy as sp

    return sp.log(1 / (1 - tilt**2))


def laplace_mean() -> Relation:
    import sympy as sp

    n = symbols()
    u = 1 + n.h
    mean = mean_of_tilt(laplace_k(n.t), n.t, laplace_tilt())
    return Relation(mean, 2 * sp.sqrt(u * (u - 1)))


def laplace_cost() -> Relation:
    import sympy as sp

    n = symbols()
    u = 1 + n.h
    cost = cost_of_tilt(laplace_k(n.t), n.t, laplace_tilt())
    return Relation(cost, 2 * u - 2 - sp.log(u))


def laplace_lambert() -> Relation:
    import sympy as sp

    n = symbols()
    # W = -2u has W exp(W) = -2 exp(-2 - d).
    u = 1 + n.h
    d = 2 * u - 2 - sp.log(u)
    return Relation(-2 * u * sp.exp(-2 * u), -2 * sp.exp(-2 - d))


# ---------------------------------------------------------------- Poisson


def poisson_k() -> Expression:
    """K of the Poisson law of mean m."""
    import sympy as sp

    n = symbols()
    return n.m * (sp.exp(n.l) - 1)


def poisson_mean() -> Relation:
    import sympy as sp

    n = symbols()
    # With the tilt 1 + a, where a = W.
    mean = mean_of_tilt(poisson_k(), n.l, 1 + n.a)
    return Relation(mean, n.m * sp.exp(1 + n.a))


def poisson_lambert() -> Relation:
    import sympy as sp

    n = symbols()
    cost = cost_of_tilt(poisson_k(), n.l, 1 + n.a)
    return Relation((cost / n.m - 1) * sp.exp(-1), n.a * sp.exp(n.a))


# ---------------------------------------------------------------- Bernoulli


def bernoulli_k() -> Expression:
    """K of the Bernoulli law."""
    import sympy as sp

    n = symbols()
    return sp.log(1 - n.p + n.p * sp.exp(n.l))


def bernoulli_cost() -> Relation:
    n = symbols()
    # A is the mean; log(A/p) and log((1 - A)/(1 - p)) are l - K and -K.
    return Relation(n.l * n.A - n.K, n.A * (n.l - n.K) + (1 - n.A) * -n.K)


def bernoulli_ratio() -> Relation:
    import sympy as sp

    n = symbols()
    mean = mean_of_tilt(bernoulli_k(), n.l)
    return Relation(mean / n.p, sp.exp(n.l) / (1 - n.p + n.p * sp.exp(n.l)), given=(n.p < 1,))


def bernoulli_other_ratio() -> Relation:
    import sympy as sp

    n = symbols()
    rest = 1 - mean_of_tilt(bernoulli_k(), n.l)
    return Relation(rest / (1 - n.p), 1 / (1 - n.p + n.p * sp.exp(n.l)), given=(n.p < 1,))


# ---------------------------------------------------------------- uniform


def uniform_k() -> Expression:
    """K of the uniform law on [-1, 1]."""
    import sympy as sp

    n = symbols()
    return sp.log((sp.exp(n.l) - sp.exp(-n.l)) / (2 * n.l))


def uniform_mgf() -> Relation:
    import sympy as sp

    n = symbols()
    inside = sp.exp(n.l * n.x) / 2
    return Relation(sp.Integral(inside, (n.x, -1, 1)), (sp.exp(n.l) - sp.exp(-n.l)) / (2 * n.l))


def uniform_mean() -> Relation:
    import sympy as sp

    n = symbols()
    up, down = sp.exp(n.l), sp.exp(-n.l)
    return Relation(mean_of_tilt(uniform_k(), n.l), (up + down) / (up - down) - 1 / n.l)


def uniform_cost() -> Relation:
    import sympy as sp

    n = symbols()
    up, down = sp.exp(n.l), sp.exp(-n.l)
    coth = (up + down) / (up - down)
    return Relation(cost_of_tilt(uniform_k(), n.l), n.l * coth - 1 - uniform_k())


# ---------------------------------------------------------------- steps

LAMBERT = Step("Lambert", "w - 1 - log w = d says w = -W(-exp(-1 - d)).", lambert)
GAMMA = (
    Step("gamma mean", "At w = 1/(1 - theta l) the mean is k theta w.", gamma_mean),
    Step("gamma cost", "It costs k (w - 1 - log w).", gamma_cost),
    LAMBERT,
)

STEPS: dict[str, tuple[Step, ...]] = {
    "normal": (
        Step("normal MGF", "M(l) = exp(l^2/2) for the standard normal law.", normal_mgf),
        Step("normal cost", "The tilt l costs (sigma l)^2/2.", normal_cost),
        Step("normal frontier", "Its mean is mu + sigma sqrt(2 D).", normal_frontier),
    ),
    "exponential": (
        Step(
            "exponential MGF", "M(l) = 1/(1 - l/rate): the gamma law of shape 1.", exponential_mgf
        ),
    ),
    "gamma": GAMMA,
    "laplace": (
        Step("Laplace MGF", "M(l) = 1/(1 - (l/rate)^2).", laplace_mgf),
        Step("Laplace mean", "At u = 1/(1 - l^2) the mean is 2 sqrt(u^2 - u).", laplace_mean),
        Step("Laplace cost", "It costs 2 u - 2 - log u.", laplace_cost),
        Step("Laplace, Lambert", "So 2 u = -W(-2 exp(-2 - d)).", laplace_lambert),
    ),
    "poisson": (
        Step("Poisson mean", "At the tilt 1 + a the mean is m exp(1 + a).", poisson_mean),
        Step("Poisson, Lambert", "Its cost D has a = W((D/m - 1)/e).", poisson_lambert),
    ),
    "bernoulli": (
        Step("Bernoulli, 1", "With mean A, A/p is exp(l - K).", bernoulli_ratio),
        Step("Bernoulli, 0", "(1 - A)/(1 - p) is exp(-K).", bernoulli_other_ratio),
        Step("Bernoulli cost", "So the tilt, which costs l A - K, costs kl(A, p).", bernoulli_cost),
    ),
    "uniform": (
        Step("uniform MGF", "M(l) = sinh(l)/l.", uniform_mgf),
        Step("uniform mean", "The mean is coth(l) - 1/l.", uniform_mean),
        Step("uniform cost", "It costs l coth(l) - 1 - log(sinh(l)/l).", uniform_cost),
    ),
}
