"""The figures of the phase diagram: where the utility goes, by the two tails.

Each mark is an answer of :func:`verify.limits.limit_of_utility`; the lines are where the theorems
put the boundary.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from flint import fmpq

from verify.enclosure import Diverges, ball
from verify.inline_svg import INK, THIRD, axes_alone
from verify.law import Law
from verify.laws import exponential, laplace, pareto
from verify.limits import limit_of_utility
from verify.plotting import BASE, REWEIGHTED

STAYS, RISES, ENDLESS = "returns to its mean", "tends to more", "grows without bound"
#: Colour and marker of an outcome: either of the two tells it.
MARKS = {STAYS: (BASE, "o"), RISES: (THIRD, "D"), ENDLESS: (REWEIGHTED, "^")}
STEP = fmpq(1, 4)


def outcome(error: Law, utility: Law) -> str:
    """What becomes of E V where U = X + V is large.

    Raises
    ------
    ValueError
        Where the limit is not known: such a pair has no place in a phase diagram.
    """
    limit, mean = limit_of_utility(error, utility, "condition").mean_v, utility.mean()
    if isinstance(limit, Diverges):
        return ENDLESS
    if limit is None or isinstance(mean, Diverges):
        raise ValueError(f"no limit is known for X = {error} and V = {utility}")
    return RISES if limit > ball(mean) else STAYS


def grid(first: fmpq, last: fmpq) -> Iterator[fmpq]:
    """Exact numbers from ``first`` to ``last`` in steps of :data:`STEP`."""
    while first <= last:
        yield first
        first = first + STEP


def power_tails() -> Any:
    """Power tails of the error against power tails of the utility."""
    pairs = [
        (a, b, outcome(pareto(alpha=a), pareto(alpha=b)))
        for a in grid(fmpq(1, 2), fmpq(4))
        for b in grid(fmpq(5, 4), fmpq(5))
    ]
    figure, axes = _diagram(pairs)
    _boundary(axes, 1, "b = a + 1")
    axes.set(
        xlim=(0.25, 4.25),
        ylim=(1, 5.4),
        xlabel="tail index a of the error X",
        ylabel="tail index b of the utility V",
    )
    return figure


def exponential_tails() -> Any:
    """Exponential tails of the error against exponential tails of the utility."""
    pairs = [
        (rate, other, outcome(exponential() / rate, laplace() / other))
        for rate in grid(fmpq(1, 4), fmpq(4))
        for other in grid(fmpq(1, 4), fmpq(4))
    ]
    heavy = [
        (fmpq(0), other, outcome(pareto(alpha=2), laplace() / other))
        for other in grid(fmpq(1, 4), fmpq(4))
    ]
    figure, axes = _diagram([*heavy, *pairs])
    _boundary(axes, 0, "rate of V = g")
    axes.set(
        xlim=(-0.25, 4.25),
        ylim=(0, 4.4),
        xlabel="decay rate g of the error X (0: heavy)",
        ylabel="rate of the utility V",
    )
    return figure


def _diagram(pairs: list[tuple[fmpq, fmpq, str]]) -> tuple[Any, Any]:
    """Axes with one mark a pair, and what the marks mean above them."""
    figure, axes = axes_alone((6.2, 4.2))
    for name, (colour, marker) in MARKS.items():
        places = [
            (float(x.p) / float(x.q), float(y.p) / float(y.q)) for x, y, o in pairs if o == name
        ]
        x, y = zip(*places, strict=True)
        axes.plot(x, y, marker, color=colour, ms=5, label=name)
    axes.legend(
        title="the utility E[V | U > t], as t grows",
        loc="lower center",
        bbox_to_anchor=(0.5, 1),
        ncols=3,
        handletextpad=0.2,
        columnspacing=1.2,
    )
    return figure, axes


def _boundary(axes: Any, height: float, label: str) -> None:
    """The line of slope 1 that begins at a height, with its name at its upper end."""
    axes.axline((0, height), slope=1, color=INK, lw=0.8)
    axes.annotate(label, (4.1, height + 4.1), (2, 3), textcoords="offset points", ha="right")


FIGURES = {"phases_of_power_tails": power_tails, "phases_of_exponential_tails": exponential_tails}
