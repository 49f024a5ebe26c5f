"""The figures of Theorem 2: the best mean against the budget."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from flint import arb, fmpq

from docs.figures.canvas import geometric
from verify.certificate import Certificate
from verify.construction import construct
from verify.frontier import frontier
from verify.inline_svg import INK, THIRD, axes_alone
from verify.law import Law
from verify.plotting import BASE, REWEIGHTED


def best_means(law: Law, budgets: Iterable[fmpq]) -> tuple[list[float], list[float]]:
    """The frontier: the middle of its two certified values, which no picture tells apart."""
    decimals = [f"{float(arb(d)):.6g}" for d in budgets]
    means = []
    for point in frontier(law, decimals).points:
        assert isinstance(point.lower, arb) and isinstance(point.upper, arb)
        means.append(float((point.lower + point.upper) / 2))
    return [float(d) for d in decimals], means


def dichotomy() -> Any:
    """The most that a KL divergence buys for two light laws; for a heavy one, points beyond."""
    figure, axes = axes_alone()
    for text, name, colour, dashes in (
        ("exponential()", "an exponential", BASE, "-"),
        ("1 + normal(mu=0, sigma=1)", "a normal", THIRD, (0, (5, 2))),
    ):
        budgets, means = best_means(Law.parse(text), geometric(1e-3, 3, 60))
        label = f"the most for {name} law"
        axes.plot(budgets, means, color=colour, ls=dashes, lw=2.2, label=label)
    law = Law.parse("lognormal(mu=0, sigma=1)")
    for mean, kl in ((10, "0.1"), (100, "0.01"), (1000, "0.001")):
        certificate = construct(law, mean=mean, kl=kl)
        spent, reached = (_lower(certificate, name) for name in ("kl", "mean"))
        named = {"label": "a lognormal law, reweighted"} if mean == 10 else {}
        axes.plot([spent], [reached], "D", ms=7, color=REWEIGHTED, ls="", **named)
    axes.set(xscale="log", yscale="log", ylim=(0.7, 3000))
    axes.set(xlabel="KL divergence (nats)", ylabel="mean reward")
    axes.legend(loc="upper right")
    return figure


def tangents() -> Any:
    """The frontier of Exp(1) under the bounds that single tilts give."""
    law = Law.parse("exponential()")
    figure, axes = axes_alone()
    last = fmpq(3, 2)
    for number, tilt in enumerate((fmpq(1, 5), fmpq(2, 5), fmpq(3, 5), fmpq(4, 5))):
        log_mgf = law.log_mgf(tilt)
        assert isinstance(log_mgf, arb)
        ends = [float((d + log_mgf) / tilt) for d in (fmpq(0), last)]
        label = "the bounds of four tilts" if number == 0 else None
        axes.plot([0, 1.5], ends, color=REWEIGHTED, ls=(0, (5, 2)), lw=1.3, label=label)
    budgets, means = best_means(law, [last * k**2 / 3600 for k in range(1, 61)])
    axes.plot([0, *budgets], [1, *means], color=BASE, lw=2.6, label="the frontier $S(d)$")
    axes.set(xlim=(0, 1.5), ylim=(0.9, 4.6), xlabel="budget $d$ (nats)", ylabel="mean reward")
    axes.legend(loc="lower right")
    return figure


def non_steep() -> Any:
    """The frontier of a law whose tilts spend no more than D*: a straight line from there on."""
    law = Law.parse('tail(log_sf="-x-3*log(1+x)", lower=0)')
    figure, axes = axes_alone()
    price = 2 / arb(3) - (arb(3) / 2).log()
    end = float(price)
    inside = [fmpq(26, 100) * k**2 / 900 for k in range(1, 31)]
    budgets, means = best_means(law, inside)
    axes.plot(budgets, means, color=BASE, lw=2.4, label="a tilt attains it")
    last = [float(price + (arb(3) / 2).log()), float(1 + (arb(3) / 2).log())]
    axes.plot([end, 1], last, color=REWEIGHTED, ls=(0, (5, 2)), lw=2.4, label="nothing attains it")
    axes.plot([end], [last[0]], "o", color=INK, ms=6)
    axes.annotate("$D^*$", (end, last[0]), (8, -14), textcoords="offset points")
    axes.set(xlim=(0, 1), ylim=(0.25, 1.5), xlabel="budget $d$ (nats)", ylabel="mean reward")
    axes.legend(loc="upper left")
    return figure


def _lower(certificate: Certificate, name: str) -> float:
    """The lower end of an enclosure."""
    ends = certificate.enclosures[name]
    assert isinstance(ends, tuple)
    return float(ends[0])


FIGURES = {"dichotomy": dichotomy, "tangents": tangents, "non_steep": non_steep}
