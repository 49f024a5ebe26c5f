"""The animation of Theorem 1: the threshold moves out, the mean grows, the KL divergence vanishes.

Python computes every frame, in ball arithmetic, and turns it into coordinates of the drawing. The
script of the page only shows one frame after the other. Without it, and in print, the last frame
stands still.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass
from decimal import Decimal
from html import escape
from typing import Any

import numpy as np
from flint import arb, fmpq
from matplotlib import rc_context

from docs.figures.canvas import BITS
from verify.enclosure import working_precision
from verify.inline_svg import STYLE, axes_alone, svg_of
from verify.law import Law
from verify.laws import student_t
from verify.plotting import BASE
from verify.reweighted import ThresholdReweighted
from verify.weight import Threshold

FRAMES, POINTS = 90, 56
FIRST_T, LAST_T = 3, 10**8
PANEL = (4.4, 3.5)

REWARDS, CHANCES = (0.3, 1e10), (1e-28, 2.0)
"""What the panel of tails shows."""


@dataclass(frozen=True)
class Rule:
    """How much mass goes above t: ``t^exponent``."""

    key: str
    exponent: Decimal
    label: str


RULES = (
    Rule("growing", Decimal("-0.8"), "mass <i>t</i><sup>−0.8</sup>"),
    Rule("bounded", Decimal(-1), "mass 1/<i>t</i>"),
)


@dataclass(frozen=True)
class Moment:
    """One rule at one threshold: the law P and its certified numbers."""

    t: Decimal
    law: ThresholdReweighted
    mean: arb
    kl: arb


def thresholds() -> list[Decimal]:
    """Exact thresholds with three digits, from the first to the last."""
    steps = np.geomspace(FIRST_T, LAST_T, FRAMES)
    return [Decimal(f"{t:.2e}") for t in steps]


def moment(rule: Rule, t: Decimal) -> Moment:
    """The law at a threshold. Its mass is a decimal, so that P is defined exactly."""
    mass = Decimal(f"{t**rule.exponent:.11e}")
    law = ThresholdReweighted(student_t(df=3), Threshold.at(t, mass))
    mean = law.mean()
    assert isinstance(mean, arb)
    return Moment(t, law, mean, law.kl())


# ---------------------------------------------------------------- coordinates


@dataclass(frozen=True)
class Panel:
    """Empty axes, and where their data lie in the drawing."""

    svg: str
    place: Callable[[float, float], tuple[float, float]]


def panel(
    label: str,
    xlabel: str,
    xlim: tuple[float, float],
    ylim: tuple[float, float],
    draw: Callable[[Any], None],
) -> Panel:
    """Axes with logarithmic scales and whatever does not move on them."""
    figure, axes = axes_alone(PANEL)
    axes.set(xscale="log", yscale="log", xlim=xlim, ylim=ylim, xlabel=xlabel, ylabel=label)
    draw(axes)
    svg = svg_of(figure)
    height, dots = figure.get_figheight() * 72, 72 / figure.dpi
    transform = axes.transData.frozen()

    def place(x: float, y: float) -> tuple[float, float]:
        across, up = transform.transform((x, y))
        return round(across * dots, 1), round(height - up * dots, 1)

    return Panel(svg, place)


def path(points: list[tuple[float, float]]) -> str:
    """A line through points of the drawing."""
    return "M" + "L".join(f"{x:g} {y:g}" for x, y in points)


def tail(law: Law, rewards: list[fmpq]) -> list[tuple[float, float]]:
    """Rewards and chances of a larger one, as far down as the panel goes."""
    pairs = [(float(arb(x)), float(law.survival(x))) for x in rewards]
    return [(x, chance) for x, chance in pairs if chance >= CHANCES[0]]


def rewards_around(t: fmpq) -> list[fmpq]:
    """Rewards over the panel, and the threshold itself."""
    spread = [fmpq(int(x * 2**20), 2**20) for x in np.geomspace(*REWARDS, POINTS)]
    return sorted({*spread, t})


# ---------------------------------------------------------------- the page's part


def frames() -> tuple[list[Panel], list[dict[str, Any]]]:
    """The panels, and for each frame the place of whatever moves."""
    moments = [[moment(rule, t) for rule in RULES] for t in thresholds()]
    base = student_t(df=3)
    grid = rewards_around(fmpq(1))

    def still(axes: Any) -> None:
        axes.plot(*zip(*tail(base, grid), strict=True), color=BASE, lw=2.2)

    def nothing(axes: Any) -> None:
        axes.set_xticks([10.0**k for k in range(1, 9)])

    means = [float(m.mean) for frame in moments for m in frame]
    costs = [float(m.kl) for frame in moments for m in frame]
    span = (FIRST_T * 0.8, LAST_T * 1.5)
    panels = [
        panel("chance of a larger reward", "reward", REWARDS, CHANCES, still),
        panel("mean of P", "threshold $t$", span, (min(means) / 1.5, max(means) * 1.5), nothing),
        panel(
            "KL divergence (nats)", "threshold $t$", span, (min(costs) / 2, max(costs) * 2), nothing
        ),
    ]
    return panels, [frame_of(panels, frame) for frame in moments]


def frame_of(panels: list[Panel], frame: list[Moment]) -> dict[str, Any]:
    """What moves, at one threshold."""
    tails, means, costs = panels
    cut = rational_of(frame[0].t)
    shown: dict[str, Any] = {"t": plain(frame[0].t)}
    for rule, now in zip(RULES, frame, strict=True):
        # The dot of a panel stands at (t, number); the curve of a panel is P's tail.
        curve = [tails.place(x, y) for x, y in tail(now.law, rewards_around(cut))]
        t = float(now.t)
        shown[rule.key] = {
            "tail": path(curve),
            "mean": means.place(t, float(now.mean)),
            "cost": costs.place(t, float(now.kl)),
            "meanText": now.mean.str(5, radius=False),
            "costText": now.kl.str(3, radius=False),
        }
    return shown


def rational_of(t: Decimal) -> fmpq:
    return fmpq(*t.as_integer_ratio())


def plain(t: Decimal) -> str:
    return f"{t:f}" if t < 10**5 else f"{t:.2E}".replace("E+", "e")


def html() -> str:
    """The animation, as it stands in the page; the last frame is drawn."""
    with rc_context(STYLE), working_precision(BITS):
        panels, shown = frames()
    last = shown[-1]
    drawn = []
    for number, (kind, each) in enumerate(zip(("tail", "mean", "cost"), panels, strict=True)):
        moving = []
        for rule in RULES:
            if kind == "tail":
                moving.append(f'<path class="{rule.key}" d="{last[rule.key]["tail"]}"/>')
            else:
                trail = path([tuple(frame[rule.key][kind]) for frame in shown])
                x, y = last[rule.key][kind]
                moving.append(f'<path class="{rule.key} trail" d="{trail}"/>')
                moving.append(f'<circle class="{rule.key}" r="5" cx="{x}" cy="{y}"/>')
        svg = each.svg.replace("</svg>", f'<g class="moving">{"".join(moving)}</g></svg>')
        label = PANEL_LABELS[number]
        svg = svg.replace(
            "<svg", f'<svg role="img" aria-label="{escape(label)}" data-kind="{kind}"', 1
        )
        drawn.append(f"<div>{svg}</div>")
    base = student_t(df=3).mean()
    assert isinstance(base, arb)
    rows = (
        '<tr class="base"><th scope="row">base law <i>Q</i></th>'
        f"<td>{base.str(5, radius=False)}</td><td>0</td></tr>"
    )
    rows += "".join(
        f'<tr class="{rule.key}"><th scope="row">{rule.label}</th>'
        f"<td data-mean>{last[rule.key]['meanText']}</td>"
        f"<td data-cost>{last[rule.key]['costText']}</td></tr>"
        for rule in RULES
    )
    number = len(shown) - 1
    return (
        f'<div class="panels">{"".join(drawn)}<div>'
        '<table class="docutils numbers"><thead><tr><th scope="col"><i>t</i> = '
        f'<span data-t>{last["t"]}</span></th><th scope="col">mean of <i>P</i></th>'
        f'<th scope="col">KL</th></tr></thead><tbody>{rows}</tbody></table>'
        '<div class="controls"><button type="button">Play</button>'
        f'<input type="range" min="0" max="{number}" value="{number}" aria-label="threshold t">'
        "</div></div></div>"
        f'<script type="application/json">{json.dumps(shown, separators=(",", ":"))}</script>'
    )


PANEL_LABELS = (
    "The tails of the base law and of both reweighted laws: they have far more mass beyond t.",
    "The mean of P against t: with mass t^-0.8 it grows without bound, with 1/t it tends to 3/2.",
    "The KL divergence against t: it falls to 0 with either mass.",
)
