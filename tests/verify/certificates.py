"""One certificate of each kind, for the tests of reading and checking."""

from __future__ import annotations

from functools import cache
from typing import Any

from verify.certificate import Certificate
from verify.construction import construct
from verify.laws import parse
from verify.pair_construction import construct_pair

#: Name -> law, mean, KL budget, utility law.
CASES: dict[str, tuple[str, str, str, str | None]] = {
    "threshold": ("burr(c=2, k=1.2)", "100", "0.01", None),
    "threshold and utility": ("2 + 3*pareto(alpha=2.5)", "100", "0.01", "normal(mu=1, sigma=2)"),
    "threshold at log_t": ('tail(log_sf="-x/log(x)", lower="exp(1)")', "100", "0.001", None),
    "threshold above a floor": (
        "mixture(0.5*-levy(), 0.5*student_t(df=3))", "100", "0.1", None,
    ),
    "threshold on a tilt": ('tail(log_sf="-x-3*log(1+x)", lower=0)', "1.3", "1", None),
    "conditioning": ("cauchy()", "100", "0.01", None),
    "threshold on atoms": ("1/3 + 2/3*zeta(s=3)", "100", "0.01", None),
    "tilt": ("gamma(shape=2.5)", "4", "0.5", "exponential()"),
    "identity": ("exponential()", "0.5", "0.1", None),
    "infinite mean": ("levy()", "5", "0.1", None),
    "impossible": ("normal()", "0.5", "0.1", None),
    "impossible, bounded": ("uniform(low=-3, high=-1)", "-1.1", "0.5", None),
    "impossible, at the top": ("bernoulli(p=0.3)", "1", "5", None),
}  # fmt: skip


#: Name -> law of X, mean, KL budget, law of V, mean of V.
PAIRS: dict[str, tuple[str, str, str, str, str]] = {
    "two thresholds": ("pareto(alpha=2)", "100", "0.01", "2*student_t(df=3)", "-50"),
    "two tilts": ("normal()", "0.5", "0.5", "exponential()", "1.5"),
    "threshold and tilt": ("pareto(alpha=3)", "100", "0.1", "normal()", "-0.3"),
    "floor and log_t": (
        "cauchy()", "100", "0.1", 'tail(log_sf="-x/log(x)", lower="exp(1)")', "100",
    ),
    "identity and tilt": ("exponential()", "0.5", "0.1", "1 + 2*normal()", "1.1"),
    "X forbids": ("normal()", "0.5", "0.1", "student_t(df=3)", "100"),
    "V forbids": ("student_t(df=3)", "100", "0.04", "normal()", "-0.3"),
    "V forbids, bounded": ("normal()", "0.1", "2", "uniform(low=-1, high=2)", "2"),
    "both forbid": ("normal()", "0.5", "0.15", "-exponential()", "-1.5"),
}  # fmt: skip


@cache
def certificate(name: str) -> Certificate:
    """The certificate of a case."""
    if name in PAIRS:
        return construct_pair(*PAIRS[name])
    law, mean, kl, utility = CASES[name]
    return construct(parse(law), mean, kl, None if utility is None else parse(utility))


def document(name: str) -> dict[str, Any]:
    """Its JSON object, fresh."""
    return certificate(name).to_dict()
