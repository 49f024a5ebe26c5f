"""The figures of Theorem 3: the h-transform on a small graph, and what a monitor sees."""

from __future__ import annotations

from typing import Any

from flint import arb, fmpq
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure

from theorems.t3_policies.monitor import ERROR, chances
from verify.enclosure import ball
from verify.inline_svg import INK, axes_alone
from verify.mdp import MDP, Policy, base_policy, h_transform
from verify.plotting import BASE, REWEIGHTED

PLACES = {
    "s": (0.0, 1.0),
    "t": (1.0, 1.75),
    "u": (1.0, 0.25),
    "x": (2.0, 2.0),
    "y": (2.0, 1.0),
    "z": (2.0, 0.0),
}
"""Where each state is drawn: actions lead to the right."""


def small_mdp() -> MDP:
    """Two choices in a row; the states merge in y. The return is 9 at x, and small elsewhere."""
    moves = {
        "s": {"a": ("1/2", "t"), "b": ("1/2", "u")},
        "t": {"c": ("1/4", "x"), "d": ("3/4", "y")},
        "u": {"d": ("2/3", "y"), "e": ("1/3", "z")},
    }
    return MDP.build("s", moves, {"x": 9, "y": 0, "z": 2})


def small_weight() -> dict[str, fmpq]:
    """Half of the mass on x, which has 1/8 of it under the base policy."""
    return {"x": fmpq(4), "y": fmpq(4, 7), "z": fmpq(4, 7)}


def transform() -> Any:
    """The base policy and its h-transform: each edge as wide as its probability."""
    mdp = small_mdp()
    realised = h_transform(mdp, small_weight())
    figure = Figure(figsize=(7.0, 3.4), layout="constrained")
    FigureCanvasAgg(figure)
    left, right = figure.subplots(1, 2)
    _graph(left, mdp, base_policy(mdp), BASE)
    _graph(right, mdp, realised.policy, REWEIGHTED)
    left.set_title("base policy, returns $g$", fontsize="medium")
    right.set_title("$h$-transform", fontsize="medium")
    for state in mdp.final:
        _label(left, state, f"$g = {mdp.exact_return(state)}$")
    for state in mdp.states:
        _label(right, state, f"$h = {_fraction(realised.h[state])}$")
    return figure


def _graph(axes: Any, mdp: MDP, policy: Policy, colour: str) -> None:
    for state, choices in policy.items():
        for action, chance in choices.items():
            (after,) = mdp.moves[state][action].outcomes
            _edge(axes, PLACES[state], PLACES[after], float(ball(chance)), colour)
            (x0, y0), (x1, y1) = PLACES[state], PLACES[after]
            side, steep = (1 if y1 > y0 else -1), abs(y1 - y0) > 0.5
            at = 0.5 if steep else 0.6
            axes.annotate(
                _fraction(chance),
                (x0 + at * (x1 - x0), y0 + at * (y1 - y0)),
                (-6, 5 * side),
                textcoords="offset points",
                ha="right" if steep else "center",
                va="bottom" if side > 0 else "top",
                color=colour,
            )
    for state, place in PLACES.items():
        axes.plot(*place, "o", ms=20, mfc="none", mec=INK, mew=1.1)
        axes.annotate(f"${state}$", place, ha="center", va="center_baseline")
    axes.set(xlim=(-0.3, 3.0), ylim=(-0.45, 2.4))
    axes.axis("off")


def _edge(
    axes: Any, start: tuple[float, float], end: tuple[float, float], chance: float, colour: str
) -> None:
    """A line between two nodes, as far as their circles."""
    trim = 0.17 / ((end[0] - start[0]) ** 2 + (end[1] - start[1]) ** 2) ** 0.5
    x, y = ([a + trim * (b - a), b - trim * (b - a)] for a, b in zip(start, end, strict=True))
    line = {"lw": 0.8 + 7 * chance, "alpha": 0.75, "solid_capstyle": "butt"}
    axes.plot(x, y, color=colour, **line)


def _label(axes: Any, state: str, text: str) -> None:
    """A text beside a node: above t, below s and u, to the right of the final states."""
    offset, ha, va = {
        "s": ((0, -13), "center", "top"),
        "t": ((-18, 12), "center", "bottom"),
        "u": ((-18, -13), "center", "top"),
    }.get(state, ((13, 0), "left", "center"))
    axes.annotate(text, PLACES[state], offset, textcoords="offset points", ha=ha, va=va)


def _fraction(value: Any) -> str:
    return f"{value.p}/{value.q}" if value.q != 1 else f"{value.p}"


def monitor() -> Any:
    """The chance that a monitor has found the unseen policy, against the number of texts."""
    p, q = (ball(chance) for chance in chances())
    texts = [int(10 ** (4 + k / 40)) for k in range(141)]
    seen = [1 - (n * (-p).log1p()).exp() for n in texts]
    none = [(n * (-p).log1p()).exp() for n in texts]
    base_none = [(n * (-q).log1p()).exp() for n in texts]
    best = [1 - a * (1 - ERROR / b) for a, b in zip(none, base_none, strict=True)]
    figure, axes = axes_alone()
    _curve(axes, texts, best, REWEIGHTED, (0, (5, 2)), "any test, at most")
    _curve(axes, texts, seen, BASE, "-", "wait for one such text")
    axes.axhline(0.95, color=INK, lw=1, ls=(0, (1, 2)))
    axes.annotate("95 %", (1.2e4, 0.95), (0, 3), textcoords="offset points")
    axes.set(xscale="log", ylim=(0, 1.03), xlim=(1e4, 3e7))
    axes.set(xlabel="texts that are looked at", ylabel="chance to find the policy")
    axes.legend(loc="lower right", bbox_to_anchor=(1.0, 0.12))
    return figure


def _curve(axes: Any, x: list[int], y: list[arb], colour: str, dashes: Any, label: str) -> None:
    axes.plot(x, [float(value) for value in y], color=colour, ls=dashes, lw=2.2, label=label)


FIGURES = {"transform": transform, "monitor": monitor}
