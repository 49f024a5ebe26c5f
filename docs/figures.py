"""The figures of the site, drawn when it is built, from certified numbers.

They are SVG inside the page, so that they take its colours: ink is the colour of the text, and each
curve has a colour for light pages and one for dark ones (``_static/site.css``). Curves that share
axes differ in their dashes too.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from io import BytesIO
from typing import Any

from flint import arb, fmpq
from matplotlib import rc_context
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure

from verify.certificate import Certificate
from verify.construction import construct
from verify.divergence import binary_kl
from verify.enclosure import working_precision
from verify.frontier import frontier
from verify.law import Law
from verify.laws.staircase import Staircase, corner
from verify.plotting import BASE, FONT_SIZE, REWEIGHTED

THIRD, INK = "#009E73", "#123456"
"""Okabe and Ito's green; and a colour that stands for that of the text."""

CLASSES = {BASE: "first", REWEIGHTED: "second", THIRD: "third", INK: "ink"}
"""What the style sheet calls each colour."""

SIZE = (6.2, 3.6)
BITS = 128
STYLE: dict[Any, Any] = {
    "font.size": FONT_SIZE,
    "svg.hashsalt": "goodhart",
    "text.color": INK,
    "axes.edgecolor": INK,
    "axes.labelcolor": INK,
    "xtick.color": INK,
    "ytick.color": INK,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.grid": True,
    "grid.color": INK,
    "grid.alpha": 0.15,
    "legend.frameon": False,
    "mathtext.fontset": "dejavuserif",
}


def axes_alone(size: tuple[float, float] = SIZE) -> tuple[Any, Any]:
    """A figure with one pair of axes."""
    figure = Figure(figsize=size, layout="constrained")
    FigureCanvasAgg(figure)
    return figure, figure.subplots()


def svg_of(figure: Any) -> str:
    """The figure as an ``svg`` element whose colours come from the page."""
    content = BytesIO()
    figure.savefig(content, format="svg", transparent=True, metadata={"Date": None})
    text = content.getvalue().decode()
    text = text[text.index("<svg") :]
    text = re.sub(r"<metadata>.*?</metadata>", "", text, flags=re.DOTALL)
    for colour, name in CLASSES.items():
        text = re.sub(re.escape(colour), f"var(--drawing-{name})", text, flags=re.IGNORECASE)
    # The page sets the size; the view box keeps the shape.
    return re.sub(
        r'(<svg[^>]*?) width="[^"]*"', r"\1", re.sub(r'(<svg[^>]*?) height="[^"]*"', r"\1", text)
    )


def svg(name: str) -> str:
    """A figure by its name.

    Raises
    ------
    KeyError
        If there is none of that name.
    """
    with rc_context(STYLE), working_precision(BITS):
        return svg_of(FIGURES[name]())


def geometric(low: float, high: float, points: int) -> list[fmpq]:
    """Exact numbers, close to evenly spaced on a logarithmic scale."""
    import numpy as np

    return [fmpq(int(x * 2**20), 2**20) for x in np.geomspace(low, high, points)]


# ---------------------------------------------------------------- Theorem 1


def staircase() -> Any:
    """The cost of mass 1/t along the staircase."""
    law = Staircase()

    def cost(t: fmpq) -> float:
        return float(binary_kl(1 / arb(t), law.log_survival(t), law.log_cdf(t)))

    corners = [corner(k) for k in range(1, 5)]
    figure, axes = axes_alone()
    for low, high in zip(corners, [*corners[1:], corners[-1] ** 2], strict=True):
        run = [low, *geometric(float(low), float(high - 1), 60)[1:-1], high - 1]
        axes.plot([float(t) for t in run], [cost(t) for t in run], color=BASE, lw=2)
        if high != corners[-1] ** 2:
            ends = high - 1, high
            axes.plot([float(t) for t in ends], [cost(t) for t in ends], color=BASE, lw=0.8, ls=":")
    tops, feet = corners[1:], [c * c - 1 for c in corners[1:]]
    axes.plot(
        [float(t) for t in tops],
        [cost(t) for t in tops],
        "o",
        color=REWEIGHTED,
        label="at a corner",
    )
    axes.plot(
        [float(t) for t in feet],
        [cost(t) for t in feet],
        "o",
        mfc="none",
        mew=1.6,
        color=REWEIGHTED,
        label="just below the next corner",
    )
    axes.set(xscale="log", yscale="log", xlabel="threshold $t$", ylabel="KL divergence (nats)")
    axes.legend()
    return figure


def rises() -> Any:
    """The rise of the mean for mass 1/t above t."""
    laws = (
        ("pareto(alpha=2)", "Pareto, index 2", BASE, "-", 2.0),
        ("student_t(df=3)", "Student t, 3 degrees of freedom", REWEIGHTED, (0, (5, 2)), 1.5),
        ("weibull(shape=0.5)", r"tail $e^{-\sqrt{t}}$", THIRD, (0, (1, 1.4)), 1.0),
    )
    figure, axes = axes_alone()
    for text, label, colour, dashes, limit in laws:
        law, points = Law.parse(text), geometric(3, 1e8, 80)
        points = [t for t in points if law.survival(t) < 1 / arb(t)]
        axes.plot(
            [float(t) for t in points],
            [float(rise(law, t)) for t in points],
            color=colour, ls=dashes, lw=2.2, label=label,
        )  # fmt: skip
        axes.axhline(limit, color=INK, lw=0.6, alpha=0.6)
    axes.set(xscale="log", ylim=(0, 2.2), xlabel="threshold $t$", ylabel="rise of the mean")
    axes.legend(loc="lower right")
    return figure


def rise(law: Law, t: fmpq) -> arb:
    """What mass 1/t above t adds to the mean."""
    q, mu, above = law.survival(t), law.mean(), law.tail_mean(t)
    assert isinstance(mu, arb) and isinstance(above, arb)
    return (1 / arb(t) - q) * (above - mu) / (1 - q)


# ---------------------------------------------------------------- concepts


def weights() -> Any:
    """Four weights on a standard normal reward, each of them at the same cost."""
    import numpy as np
    from scipy.optimize import brentq
    from scipy.special import ndtr, ndtri

    cost, t = 0.5, 1.5
    x = np.linspace(-3, 3.6, 661)
    q = ndtr(-t)

    def threshold_cost(p: float) -> float:
        return float(p * np.log(p / q) + (1 - p) * np.log((1 - p) / (1 - q)))

    mass = brentq(lambda p: threshold_cost(p) - cost, q, 1 - 1e-9)
    draws = brentq(lambda n: np.log(n) - (n - 1) / n - cost, 1.01, 100)
    tilt, fraction = np.sqrt(2 * cost), np.exp(-cost)
    cut = ndtri(1 - fraction)
    curves = (
        (f"threshold at {t}", np.where(x > t, mass / q, (1 - mass) / (1 - q)), BASE, "-"),
        ("tilt", np.exp(tilt * x - tilt**2 / 2), REWEIGHTED, (0, (5, 2))),
        (f"best of n = {draws:.2f}", draws * ndtr(x) ** (draws - 1), THIRD, (0, (1, 1.4))),
        (f"top {fraction:.0%}", np.where(x > cut, 1 / fraction, 0), INK, (0, (6, 2, 1, 2))),
    )
    figure, axes = axes_alone()
    for label, weight, colour, dashes in curves:
        axes.plot(x, weight, color=colour, ls=dashes, lw=2.2, label=label)
    axes.set(ylim=(0, 8), xlabel="reward (standard deviations)", ylabel="weight $dP/dQ$")
    axes.legend()
    return figure


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


# ---------------------------------------------------------------- Theorem 2


def best_means(law: Law, budgets: Iterable[fmpq]) -> tuple[list[float], list[float]]:
    """The frontier: the middle of its two certified values, which no picture tells apart."""
    decimals = [f"{float(arb(d)):.6g}" for d in budgets]
    means = []
    for point in frontier(law, decimals).points:
        assert isinstance(point.lower, arb) and isinstance(point.upper, arb)
        means.append(float((point.lower + point.upper) / 2))
    return [float(d) for d in decimals], means


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


FIGURES: dict[str, Callable[[], Any]] = {
    "staircase": staircase,
    "rises": rises,
    "weights": weights,
    "dichotomy": dichotomy,
    "tangents": tangents,
    "non_steep": non_steep,
}
"""The figures that a page can name."""
