"""Theorem 1 at the heavy laws of the catalogue: mass 2/t above an explicit t, in balls.

The recipe of the proof with c = 2: the mean must rise by more than 1 at a cost below 1/10. Mean and
cost come from the reweighted law itself and, by a second route, from the mean identity and from
mpmath.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from flint import arb, fmpq

from verify.claim import Comparison, agrees, below, mpf_of_ball, near
from verify.enclosure import to_accuracy
from verify.law import Law
from verify.reweighted import ThresholdReweighted
from verify.weight import Threshold

#: Heavy laws, and k with t = 10^k. One has an infinite mean, which the theorem leaves out.
HEAVY_LAWS: tuple[tuple[str, int], ...] = (
    ("pareto(alpha=1.1)", 3),
    ("pareto(alpha=5)", 3),
    ("lognormal(mu=0, sigma=1)", 3),
    ("weibull(shape=0.5)", 4),
    ("weibull(shape=0.9)", 14),
    ("student_t(df=3)", 3),
    ("half_student_t(df=3)", 3),
    ("frechet(alpha=2)", 3),
    ("burr(c=2, k=1.2)", 3),
    ("log_logistic(shape=3)", 3),
    ("inverse_gamma(shape=3)", 3),
    ("f(d1=4, d2=6)", 3),
    ("genpareto(xi=0.3)", 3),
    ("gev(xi=0.3)", 3),
    ("log_gamma(shape=2)", 3),
    ("zeta(s=4)", 3),
    ("5 + 2*lognormal(mu=0, sigma=1)", 3),
    ("mixture(0.99*normal(mu=0, sigma=1), 0.01*pareto(alpha=1.5))", 3),
    ('tail(log_sf="-x/log(x)", lower="exp(1)")', 30),
)

#: Digits that mpmath carries; a comparison to 20 leaves 20 for errors in the logs handed to it.
MP_DIGITS, AGREEING_DIGITS = 40, 20


def raised(case: tuple[str, int]) -> Iterator[Comparison] | None:
    """The comparisons at one law; None where its mean is not finite."""
    text, exponent = case
    law, t = Law.parse(text), fmpq(10) ** exponent
    if not isinstance(law.mean(), arb):
        return None
    return _comparisons(law, t, exponent)


def _comparisons(law: Law, t: fmpq, exponent: int) -> Iterator[Comparison]:
    optimised = ThresholdReweighted(law, Threshold.at(f"1e{exponent}", f"2e-{exponent}"))

    def mean() -> arb:
        value = optimised.mean()
        assert isinstance(value, arb)
        return value

    def base_mean() -> arb:
        value = law.mean()
        assert isinstance(value, arb)
        return value

    def by_identity() -> arb:
        q, above = law.survival(t), law.tail_mean(t)
        assert isinstance(above, arb)
        return base_mean() + (2 / arb(t) - q) * (above - base_mean()) / (1 - q)

    yield below("KL", optimised.kl, lambda: arb(1) / 10)
    yield below("mean + 1", lambda: base_mean() + 1, mean)
    yield near("mean by identity", mean, by_identity, lambda: arb(10) ** -AGREEING_DIGITS)
    second = cost_by_mpmath(law, t)
    yield agrees("KL", optimised.kl, lambda: second, AGREEING_DIGITS)


def cost_by_mpmath(law: Law, t: fmpq) -> Any:
    """kl(2/t, Q(X > t)) by mpmath; only log Q(X > t) is the law's."""
    import mpmath as mp

    log_tail = to_accuracy(lambda: law.log_survival(t), 4 * MP_DIGITS, "log Q(X > t)")
    with mp.workdps(MP_DIGITS):
        log_q, p = mpf_of_ball(log_tail), 2 / mp.mpf(int(t.p))
        q = mp.exp(log_q)
        return p * mp.log(p) - p * log_q + (1 - p) * (mp.log(1 - p) - mp.log(1 - q))
