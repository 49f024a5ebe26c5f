"""How far Theorem 1 reaches: no moments needed, a finite version, and what fails without heaviness.

* The mean may be infinite or not exist: condition on ``X > -L`` first, at cost ``-log Q(X > -L)``.
* Bounded rewards: mass ``p = eps/log(1/q)`` above b, ``q = Q(X >= b)``, costs eps at most.
* A right tail with ``E exp(l X) < oo`` for one l > 0 caps every mean (Theorem 2 in full): heaviness
  cannot be dropped. Nor is a heavy left tail of any use.
"""

from __future__ import annotations

from collections.abc import Iterator

from flint import arb, fmpq

from theorems.t1_heavy_tails.symbols import mean_of_p, symbols
from verify.claim import Claim, Comparison, Enclosed, Exact, agrees, below, near, rounds_to
from verify.divergence import binary_kl
from verify.enclosure import Diverges, ball, exact
from verify.identity import Identity, Relation, Step
from verify.law import Law
from verify.truncation import truncate

# ---------------------------------------------------------------- no moments


def cost_of_conditioning() -> Relation:
    import sympy as sp

    n = symbols()
    # Q_L = Q(. | X > -L) has dQ_L/dQ = 1/m, m = Q(X > -L). With w = dP/dQ_L, dP/dQ = w/m.
    return Relation(sp.log(n.w / n.m), sp.log(n.w) - sp.log(n.m), given=(n.m < 1,))


def cost_vanishes() -> Relation:
    import sympy as sp

    m = symbols().m
    return Relation(sp.Limit(-sp.log(m), m, 1, "-"), 0)


def stays_heavy() -> Relation:
    import sympy as sp

    n = symbols()
    # Q_L(X > t) = q/m with q = exp(-r t).
    rate = -sp.log(sp.exp(-n.r * n.t) / n.m) / n.t
    return Relation(sp.Limit(rate, n.t, sp.oo), n.r)


def without_a_mean(case: tuple[str, int]) -> Iterator[Comparison]:
    """Cauchy: Q(. | X > -L) has mean +oo, so it is the P that is wanted."""
    text, floor = case
    law = Law.parse(text)
    kept = truncate(law, low=-floor)
    yield below("-log Q(X > -L)", lambda: -law.log_survival(fmpq(-floor)), lambda: arb(1) / 10)
    yield below("any mean", lambda: arb(10) ** 100, kept.mean)


def with_mean_minus_infinity(index: str) -> Iterator[Comparison]:
    """Half Pareto(2), half minus Pareto(index) with index < 1: mean above 10, cost below 1/10.

    ``L = 10^4``, then mass 100/t above ``t = 10^6``. The two Pareto laws do not overlap, so that
    the partial means are closed forms: ``E[Y; Y < L] = index (L^(1-index) - 1)/(1 - index)``.
    """
    a, floor, t = exact(index), fmpq(10) ** 4, fmpq(10) ** 6
    law = Law.parse(f"mixture(0.5*pareto(alpha=2), 0.5*(-pareto(alpha={index})))")

    def parts() -> tuple[arb, arb, arb]:
        """Q(X > -L), and under Q_L the tail above t and the mean."""
        m = 1 - ball(floor) ** -a / 2
        below_zero = a * (ball(floor) ** (1 - a) - 1) / (1 - a)
        return m, 1 / (2 * m * ball(t) ** 2), (2 - below_zero) / (2 * m)

    def cost() -> arb:
        m, q, _ = parts()
        return binary_kl(arb(100) / t, q.log(), (-q).log1p()) - m.log()

    def mean() -> arb:
        _, q, mu = parts()
        return mu + (arb(100) / t - q) * (2 * t - mu) / (1 - q)

    def kept_mass() -> arb:
        return parts()[0]

    yield below("the base mean", law.mean, lambda: arb(-(10**100)))
    yield near("Q(X > -L)", kept_mass, lambda: law.survival(-floor), lambda: arb(10) ** -15)
    yield below("KL", cost, lambda: arb(1) / 10)
    yield below("10", lambda: arb(10), mean)


# ---------------------------------------------------------------- the finite version


def finite_cost() -> Relation:
    import sympy as sp

    n = symbols()
    # q = exp(-r), p = eps/r.
    return Relation(-(n.eps / n.r) * sp.log(sp.exp(-n.r)), n.eps)


def finite_mean() -> Relation:
    n = symbols()
    # A >= b is all that is known of the part at or above b; A = b + u.
    right = n.B + n.p * (n.b - n.B)
    given = (n.b <= n.A, n.p < 1)
    return Relation(mean_of_p(), right, ">=", n.p * (n.A - n.b), given, {n.A: n.b + n.u})


def finite_version(case: tuple[str, str, str, str]) -> Iterator[Comparison]:
    """At (law, b, eps): the bound is met by an explicit P, and lies below a dual bound.

    The dual bound ``(eps + K(l))/l`` (l is the last entry) holds for every P of cost eps.
    """
    text, *numbers = case
    law = Law.parse(text)
    b, eps, tilt = (exact(number) for number in numbers)

    def log_q() -> arb:
        return law.log_survival(b, closed=True)

    def mean_below() -> arb:
        upper, mean = law.upper_mean(b), law.mean()
        assert isinstance(upper, arb) and isinstance(mean, arb)
        return (mean - upper - b * law.mass_at(b)) / law.cdf(b, open=True)

    def mass() -> arb:
        return eps / -log_q()

    def bound() -> arb:
        return mean_below() + mass() * (b - mean_below())

    def mean() -> arb:
        upper = law.upper_mean(b)
        assert isinstance(upper, arb)
        above = (upper + b * law.mass_at(b)) / law.survival(b, closed=True)
        return mass() * above + (1 - mass()) * mean_below()

    def cost() -> arb:
        return binary_kl(mass(), log_q(), law.log_cdf(b, open=True))

    def dual() -> arb:
        log_mgf = law.log_mgf(tilt)
        assert isinstance(log_mgf, arb)
        return (eps + log_mgf) / tilt

    yield below("q < p", lambda: log_q().exp(), mass)
    yield below("p < 1", mass, lambda: arb(1))
    yield below("KL", cost, lambda: arb(eps))
    # An atom at b makes the two equal, so the bound is lowered by less than it is printed with.
    yield below("bound", lambda: bound() - arb(10) ** -30, mean)
    yield below("mean and dual", mean, dual)


# ---------------------------------------------------------------- light tails


def gibbs_above() -> Relation:
    import sympy as sp

    n = symbols()
    area = sp.Integral(sp.log(1 + n.s), (n.s, 0, n.v))
    y = 1 + n.v
    return Relation(y * sp.log(y) - y + 1, area)


def gibbs_above_sign() -> Relation:
    import sympy as sp

    n = symbols()
    return Relation(sp.log(1 + n.s), 0, ">=", sp.log(1 + n.s))


def gibbs_below() -> Relation:
    import sympy as sp

    n = symbols()
    y = 1 / (1 + n.v)
    area = sp.Integral(n.s / (1 + n.s), (n.s, 0, n.v))
    return Relation(y * sp.log(y) - y + 1, area / (1 + n.v))


def gibbs_below_sign() -> Relation:
    n = symbols()
    return Relation(n.s / (1 + n.s), 0, ">=", n.s / (1 + n.s))


def tilted_divergence() -> Relation:
    import sympy as sp

    n = symbols()
    # w = dP/dQ at a point b, and dQ_l/dQ = exp(l b - K) there.
    left = n.w * sp.log(n.w) - n.w * (n.l * n.b - n.K)
    return Relation(left, n.w * sp.log(n.w / sp.exp(n.l * n.b - n.K)))


def exponential_cap(number: str) -> Iterator[Comparison]:
    """Exp(1) at cost 1/2: no mean of 3, and the exact supremum by two routes."""
    import mpmath as mp

    law, half = Law.parse("exponential()"), fmpq(1, 2)

    def witness() -> arb:
        log_mgf = law.log_mgf(half)
        assert isinstance(log_mgf, arb)
        return (half + log_mgf) / half

    def supremum() -> arb:
        return -(-(arb(-3) / 2).exp()).lambertw(branch=-1)

    with mp.workdps(40):
        second = -mp.lambertw(-mp.exp(mp.mpf(-3) / 2), -1).real
    yield below("(eps + K(1/2))/(1/2)", witness, lambda: arb(3))
    yield rounds_to("supremum", supremum, number)
    yield agrees("supremum", supremum, lambda: second, 25)
    # The tilt that reaches it: l = 1 - 1/S costs exactly 1/2 and has mean S.
    yield near(
        "cost of the tilt",
        lambda: (supremum() - 1) - supremum().log(),
        lambda: arb(half),
        lambda: arb(10) ** -30,
    )


def left_tail_is_no_use(text: str) -> bool | None:
    """A law that is heavy on the left and bounded on the right: no P has a mean above its top."""
    law = Law.parse(text)
    top = law.support[1]
    if law.left_tail.abscissa != 0:
        return None
    return isinstance(top, fmpq) and law.right_tail.abscissa == Diverges(+1)


# ---------------------------------------------------------------- claims

NO_MOMENTS = (
    Step("conditioning", "KL(P||Q) = KL(P||Q_L) - log Q(X > -L).", cost_of_conditioning),
    Step("small cost", "-log Q(X > -L) -> 0 as L grows.", cost_vanishes),
    Step("still heavy", "-log Q_L(X > t)/t and -log Q(X > t)/t share their limits.", stays_heavy),
)
FINITE = (
    Step("finite cost", "With p = eps/log(1/q) the bound on the cost is eps.", finite_cost),
    Step("finite mean", "The mean is at least B + p (b - B).", finite_mean),
)
CAP = (
    Step("gibbs above", "y log y - y + 1 as an area, y >= 1.", gibbs_above),
    Step("gibbs above, sign", "Its integrand is not negative.", gibbs_above_sign),
    Step("gibbs below", "The same for y <= 1.", gibbs_below),
    Step("gibbs below, sign", "Its integrand is not negative.", gibbs_below_sign),
    Step("tilted divergence", "KL - l E_P X + K(l) = KL(P||Q_l) >= 0.", tilted_divergence),
)

CLAIMS = (
    Claim(
        "t1.no-moments",
        "For every right-heavy law, with a mean or without, every M and eps > 0 there is a P with "
        "mean above M and KL(P||Q) < eps. Combines: if E X = +oo, P = Q; else Q_L = "
        "Q(. | X > -L) costs as little as one likes and is as heavy; its mean is +oo, or Theorem "
        "1 applies to it.",
        "ours",
        "ours",
        uses=("t1",),
        evidence=(
            Identity(NO_MOMENTS),
            Enclosed(without_a_mean, (("cauchy()", 10),)),
            Enclosed(with_mean_minus_infinity, ("0.5", "0.75")),
        ),
    ),
    Claim(
        "t1.finite",
        "For every law, b and eps: with q = Q(X >= b) and p = eps/log(1/q) in [q, 1], mass p on "
        "X >= b costs at most eps and has mean at least B + eps (b - B)/log(1/q), where "
        "B = E[X | X < b].",
        "ours",
        "ours",
        uses=("t1.cost", "t1.cost-bounds"),
        evidence=(
            Identity(FINITE),
            Enclosed(
                finite_version,
                (
                    ("uniform(low=0, high=1)", "0.99", "0.1", "1"),
                    ("beta(a=1, b=9)", "0.6", "0.1", "5"),
                    ("bernoulli(p=0.01)", "1", "0.1", "3"),
                    ("truncate(pareto(alpha=2), high=1000)", "500", "0.1", "0.01"),
                ),
            ),
        ),
    ),
    Claim(
        "t1.light",
        "Heaviness cannot be dropped: if E exp(l X) < oo for one l > 0, then E_P X <= "
        "(KL(P||Q) + K(l))/l for every P. For Exp(1) at KL <= 1/2 no P has mean 3; the supremum "
        "is 2.35767667394589906.",
        "ours",
        "ours",
        evidence=(Identity(CAP), Enclosed(exponential_cap, ("2.35767667394589906",))),
    ),
    Claim(
        "t1.left-tail",
        "Heaviness on the left does not help: minus Pareto(2) is heavy on the left, and no P has "
        "a mean above -1.",
        "ours",
        "ours",
        evidence=(Exact(left_tail_is_no_use, ("-pareto(alpha=2)", "-frechet(alpha=3)")),),
    ),
)
