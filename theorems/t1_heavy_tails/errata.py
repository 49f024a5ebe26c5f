"""Errata b, c and d: a sign, a limit that is not c, and a mean that is 3/2 and not 1.

With mass ``p = c/t`` above t the mean rises by ``(p - q)(A - B)``. What that tends to depends on
``A/t = E[X | X > t]/t``: c for tails such as ``exp(-sqrt x)``, but ``c a/(a - 1)`` for a tail that
varies regularly with index a > 1 (Karamata), and so 3c/2 for Student t with 3 degrees of freedom.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from flint import arb, fmpq

from theorems.t1_heavy_tails.symbols import (
    Expression,
    between,
    mean_of_p,
    mean_of_q,
    ordered,
    symbols,
)
from verify.claim import Claim, Comparison, Enclosed, agrees, below, near, rounds_to
from verify.enclosure import ball, exact
from verify.identity import Identity, Relation, Step
from verify.law import Law

#: Digits that mpmath carries on the second route; a comparison to 15 leaves 25 for its errors.
MP_DIGITS, AGREEING_DIGITS = 40, 15

# ---------------------------------------------------------------- b: the sign


def cdfs() -> Relation:
    n = symbols()
    of_p, of_q = 1 - n.p, 1 - n.q
    return Relation(of_q, of_p, ">=", n.p - n.q, ordered(), between())


def tails() -> Relation:
    n = symbols()
    return Relation(n.p, n.q, ">=", n.p - n.q, ordered(), between())


# ---------------------------------------------------------------- c: the limit


def rise(t: Expression, q: Expression, above: Expression, mu: Expression) -> Expression:
    """``E_P X - mu`` for mass c/t above t, where ``above = E[X | X > t]``."""
    below_t = (mu - q * above) / (1 - q)
    return (symbols().c / t - q) * (above - below_t)


def rise_formula() -> Relation:
    n = symbols()
    via = {n.mu: mean_of_q(), n.c: n.p * n.t}
    return Relation(
        rise(n.t, n.q, n.A, n.mu).subs(via), mean_of_p() - mean_of_q(), given=(n.q < 1,)
    )


def pareto() -> tuple[Expression, Expression, Expression]:
    """Index ``a = 1 + h``, tail ``t^-a`` and ``E[X | X > t]`` of Pareto(a)."""
    n = symbols()
    a = 1 + n.h
    return a, n.t**-a, a / (a - 1) * n.t


def pareto_tail_mean() -> Relation:
    import sympy as sp

    n = symbols()
    a, tail, above = pareto()
    return Relation(sp.Integral(n.x * a * n.x ** (-a - 1), (n.x, n.t, sp.oo)), tail * above)


def pareto_rise() -> Relation:
    import sympy as sp

    n = symbols()
    a, tail, above = pareto()
    return Relation(sp.Limit(rise(n.t, tail, above, a / (a - 1)), n.t, sp.oo), n.c * a / (a - 1))


def bound_far_out() -> Relation:
    import sympy as sp

    n = symbols()
    bound = n.mu + n.c - n.s - (n.c - n.s) * n.mu / n.t
    return Relation(sp.Limit(bound, n.t, sp.oo), n.mu + n.c - n.s)


def stretched() -> tuple[Expression, Expression]:
    """Tail ``exp(-sqrt t)`` and ``E[X | X > t]`` of the Weibull law of shape 1/2."""
    import sympy as sp

    n = symbols()
    return sp.exp(-sp.sqrt(n.t)), n.t + 2 * sp.sqrt(n.t) + 2


def stretched_tail_mean() -> Relation:
    import sympy as sp

    n = symbols()
    tail, above = stretched()
    # E[X; X > t] = t Q(X > t) + the integral of the tail; x = y^2.
    beyond = sp.Integral(2 * n.x * sp.exp(-n.x), (n.x, sp.sqrt(n.t), sp.oo))
    return Relation(n.t * tail + beyond, tail * above)


def stretched_rise() -> Relation:
    import sympy as sp

    n = symbols()
    tail, above = stretched()
    return Relation(sp.Limit(rise(n.t, tail, above, 2), n.t, sp.oo), n.c)


def rise_enclosed(case: tuple[str, str, str, str]) -> Iterator[Comparison]:
    """At t = 10^8 and c = 2 the rise is near ``c a/(a - 1)`` and well above c.

    The case gives the index a, and e and k with
    ``x^-a (1 - k x^-e) <= Q(X > x)/const <= x^-a`` for x >= t. By integration A/t is then within
    ``d = f/((1 - f)(a - 1))`` of ``a/(a - 1)``, with ``f = k t^-e``; what t, q and mu add to the
    rise is bounded term by term, twice over.
    """
    text, *numbers = case
    law = Law.parse(text)
    a, e, k = (exact(number) for number in numbers)
    t, c = fmpq(10) ** 8, 2
    limit = a / (a - 1)

    def moved() -> arb:
        q, mu, above = law.survival(t), law.mean(), law.tail_mean(t)
        assert isinstance(mu, arb) and isinstance(above, arb)
        return (arb(c) / t - q) * (above - mu) / (1 - q)

    def tolerance() -> arb:
        f = k * ball(t) ** -e
        q, mu = law.survival(t), law.mean()
        assert isinstance(mu, arb)
        ratio = f / ((1 - f) * (a - 1))
        return 2 * (c * ratio + (limit + 1) * (t * q + 2 * c * q) + c * abs(mu) / t)

    yield near("rise - c a/(a-1)", moved, lambda: ball(c * limit), tolerance)
    yield below("half of the way above c", lambda: ball(c * (1 + limit) / 2), moved)


# ---------------------------------------------------------------- d: Student t with 3 degrees


def student_density() -> Expression:
    """The density of Student t(3)."""
    import sympy as sp

    return 6 * sp.sqrt(3) / (sp.pi * (3 + symbols().x ** 2) ** 2)


def student() -> tuple[Expression, Expression]:
    """``Q(X > t)`` and ``E[X; X > t]`` of Student t(3)."""
    import sympy as sp

    t = symbols().t
    inside = (sp.atan(t / sp.sqrt(3)) + sp.sqrt(3) * t / (3 + t**2)) / sp.pi
    return sp.Rational(1, 2) - inside, 3 * sp.sqrt(3) / (sp.pi * (3 + t**2))


def student_tail() -> Relation:
    import sympy as sp

    n = symbols()
    inside = sp.Integral(student_density(), (n.x, 0, n.t))
    return Relation(sp.Rational(1, 2) - inside, student()[0])


def student_tail_mean() -> Relation:
    import sympy as sp

    n = symbols()
    # y f(y) dy with x = y^2.
    density = 3 * sp.sqrt(3) / (sp.pi * (3 + n.x) ** 2)
    return Relation(sp.Integral(density, (n.x, n.t**2, sp.oo)), student()[1])


def student_limit() -> Relation:
    import sympy as sp

    n = symbols()
    tail, upper = student()
    moved = rise(n.t, tail, upper / tail, 0).subs(n.c, 1)
    return Relation(sp.Limit(moved, n.t, sp.oo), sp.Rational(3, 2))


def student_mean(t: fmpq) -> arb:
    """The mean of P for mass 1/t above t, in balls (the base mean is 0)."""
    law = Law.parse("student_t(df=3)")
    q, upper = law.survival(t), law.upper_mean(t)
    assert isinstance(upper, arb)
    return upper * (1 / arb(t) - q) / (q * (1 - q))


def student_mean_by_mpmath(t: fmpq) -> Any:
    """The same by mpmath, from integrals of the density."""
    import mpmath as mp

    with mp.workdps(MP_DIGITS):
        cut = mp.mpf(int(t.p))

        def density(x: Any) -> Any:
            return 6 * mp.sqrt(3) / (mp.pi * (3 + x * x) ** 2)

        # x = t/y: rational functions of y on [0, 1].
        q = mp.quad(lambda y: density(cut / y) * cut / y**2, [0, 0.5, 1])
        upper = mp.quad(lambda y: density(cut / y) * cut * cut / y**3, [0, 0.5, 1])
        return upper * (1 / cut - q) / (q * (1 - q))


def printed_mean(case: tuple[str, str]) -> Iterator[Comparison]:
    """The number at t, by two routes, and that it is not about 1."""
    text, number = case
    t = exact(text)
    yield rounds_to(f"mean at t = {t}", lambda: student_mean(t), number)
    second = student_mean_by_mpmath(t)
    yield agrees(f"mean at t = {t}", lambda: student_mean(t), lambda: second, AGREEING_DIGITS)
    yield below("1.49", lambda: ball(fmpq(149, 100)), lambda: student_mean(t))


# ---------------------------------------------------------------- claims

RISE = Step("rise", "With p = c/t the mean rises by (c/t - q)(A - B).", rise_formula)
PARETO = (
    RISE,
    Step("Pareto tail mean", "E[X | X > t] = t a/(a - 1).", pareto_tail_mean),
    Step("Pareto rise", "The rise tends to c a/(a - 1).", pareto_rise),
)
AT_LEAST_C = (
    RISE,
    Step("bound far out", "The bound tends to mu + c - s, and s = t q -> 0.", bound_far_out),
    Step("Weibull tail mean", "For exp(-sqrt t): t + 2 sqrt t + 2.", stretched_tail_mean),
    Step("Weibull rise", "There the rise tends to c: no better bound holds.", stretched_rise),
)
STUDENT = (
    RISE,
    Step("t(3) tail", "Q(X > t) in closed form.", student_tail),
    Step("t(3) tail mean", "E[X; X > t] in closed form.", student_tail_mean),
    Step("t(3) limit", "With weight 1/t the mean tends to 3/2.", student_limit),
)

CLAIMS = (
    Claim(
        "t1.erratum-b",
        "Refuted: P's distribution function at t exceeds Q's. It is below, or equal, for all "
        "q <= p < 1.",
        "Theorem 1, proof",
        "refutation",
        evidence=(Identity((Step("cdfs", "F_P(t) - F_Q(t) = q - p <= 0.", cdfs),)),),
    ),
    Claim(
        "t1.erratum-b.corrected",
        "P's tail at t exceeds Q's by p - q.",
        "Theorem 1, proof",
        "corrected",
        evidence=(Identity((Step("tails", "P(X > t) - Q(X > t) = p - q >= 0.", tails),)),),
    ),
    Claim(
        "t1.erratum-c",
        "Refuted: with mass c/t above t the mean rises by c in the limit. For the Pareto law of "
        "any index a > 1 it rises by c a/(a - 1).",
        "Theorem 1, proof",
        "refutation",
        evidence=(
            Identity(PARETO),
            Enclosed(
                rise_enclosed,
                (
                    ("pareto(alpha=2)", "2", "1", "0"),
                    ("frechet(alpha=2)", "2", "2", "0.5"),
                    ("burr(c=2, k=1.2)", "2.4", "2", "1.2"),
                    ("log_logistic(shape=3)", "3", "3", "1"),
                ),
            ),
        ),
    ),
    Claim(
        "t1.erratum-c.corrected",
        "The lower limit of the mean, where t Q(X > t) -> 0, is at least mu + c, for every law; "
        "for the tail exp(-sqrt t) it is mu + c.",
        "Theorem 1, proof",
        "corrected",
        uses=("t1.mean",),
        evidence=(Identity(AT_LEAST_C),),
    ),
    Claim(
        "t1.erratum-d",
        "Refuted: for Student t with 3 degrees of freedom, mass 1/t above t gives a mean of about "
        "1. It is 1.49971230992984 at t = 50 and 1.499999999924603 at t = 10^5.",
        "Student t figure caption",
        "refutation",
        evidence=(
            Enclosed(printed_mean, (("50", "1.49971230992984"), ("1e5", "1.499999999924603"))),
        ),
    ),
    Claim(
        "t1.erratum-d.corrected",
        "For Student t with 3 degrees of freedom, mass 1/t above t gives a mean that tends to 3/2.",
        "Student t figure caption",
        "corrected",
        evidence=(Identity(STUDENT),),
    ),
)
