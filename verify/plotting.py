"""Pictures: the base law and the reweighted one, on logarithmic scales.

float64 throughout: a picture certifies nothing.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from flint import arb, fmpq

from verify.assertion import ByIdentity, ByThreshold, ByTilt
from verify.certificate import Certificate
from verify.decimals import plain
from verify.enclosure import Undecided, ball, working_precision
from verify.errors import InputError
from verify.files import atomic_path
from verify.law import Law

if TYPE_CHECKING:
    from collections.abc import Callable

    import numpy as np
    from numpy.typing import NDArray

#: Okabe and Ito's blue and vermilion: told apart by every kind of colour vision, and in print.
BASE, REWEIGHTED = "#0072B2", "#D55E00"
FORMATS = (".png", ".svg", ".pdf")
POINTS = 400
BITS = 128
#: log10 of the largest rewards that can be drawn.
LARGEST_LOG10 = 300


@dataclass(frozen=True)
class Curves:
    """Values of a base law and a reweighted one over the same rewards."""

    x: NDArray[np.float64]
    base: NDArray[np.float64]
    reweighted: NDArray[np.float64]


def plot_certificate(certificate: Certificate, law: Law, path: str) -> None:
    """Draw what a counterexample does to its base law.

    Raises
    ------
    InputError
        If there is nothing to draw, the threshold exceeds float64, or the format is not known.
    """
    if not path.lower().endswith(FORMATS):
        raise InputError(f"--plot: expected a file ending in {', '.join(FORMATS)}, got {path}")
    if certificate.verdict != "counterexample":
        raise InputError(f"--plot: nothing to draw for the verdict {certificate.verdict!r}")
    from verify.checker import assertion_of

    assertion = assertion_of(certificate, law)
    if not isinstance(assertion, ByThreshold | ByTilt | ByIdentity):
        raise InputError("--plot: this certificate has no reweighted law")
    reweighted = assertion.reweighted()
    _refuse_far(assertion)
    figure = _figure(law, reweighted, certificate, assertion)
    with atomic_path(path) as temporary:
        figure.savefig(temporary, dpi=160)


def _refuse_far(assertion: Any) -> None:
    if isinstance(assertion, ByThreshold):
        with working_precision(BITS):
            t = ball(assertion.weight.location.point())
            if not abs(t) < arb(10) ** LARGEST_LOG10:
                raise InputError("--plot: the threshold is too far out to draw")


def _figure(law: Law, reweighted: Law, certificate: Certificate, assertion: Any) -> Any:
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    figure = Figure(figsize=(9.6, 4.4), layout="constrained")
    FigureCanvasAgg(figure)
    grid = _grid(law, assertion)
    left, right = figure.subplots(1, 2)
    shapes = _shapes(law, reweighted, grid)
    _draw(left, shapes, "mass" if law.has_atoms else "density", "probability per unit of reward")
    _draw(right, _tails(law, reweighted, grid), "survival", "probability of a larger reward")
    for axes in (left, right):
        _mark_threshold(axes, assertion)
    left.set_title("Density" if not _is_list(law) else "Point masses", loc="left")
    right.set_title("Survival function", loc="left")
    right.legend(loc="lower left", frameon=False)
    mean = certificate.enclosures["mean"]
    shown = mean if isinstance(mean, str) else _short(mean[0])  # type: ignore[index]
    kl = certificate.enclosures["kl"]
    figure.suptitle(
        f"{_clipped(certificate.base)}:  mean {shown}, KL {_short(kl[0])}",  # type: ignore[index]
        fontsize=11,
    )
    return figure


def _short(text: str) -> str:
    return f"{float(text):.6g}"


def _clipped(text: str) -> str:
    return text if len(text) <= 60 else text[:57] + "..."


def _draw(axes: Any, curves: Curves, what: str, label: str) -> None:
    axes.plot(curves.x, curves.base, color=BASE, lw=2.2, label="base Q")
    axes.plot(curves.x, curves.reweighted, color=REWEIGHTED, lw=1.8, ls="--", label="reweighted P")
    axes.set_yscale("log")
    if curves.x.max() > 200 * max(1.0, abs(curves.x.min())):
        axes.set_xscale("symlog", linthresh=_round_power(curves.x))
    axes.set_xlabel("reward x")
    axes.set_ylabel(label if what != "mass" else "probability")
    axes.spines[["top", "right"]].set_visible(False)
    axes.grid(alpha=0.25)


def _round_power(x: NDArray[np.float64]) -> float:
    import numpy as np

    return float(10.0 ** np.floor(np.log10(max(abs(x[0]), 1.0))))


def _mark_threshold(axes: Any, assertion: Any) -> None:
    if isinstance(assertion, ByThreshold):
        t = float(ball(assertion.weight.location.point()))
        axes.axvline(t, color="0.45", lw=1, ls=":")
        label = f"t = {plain(assertion.weight.location.t)}" if assertion.weight.location.t else "t"
        axes.annotate(
            label, (t, 0.97), xycoords=("data", "axes fraction"), ha="right", va="top",
            rotation=90, fontsize=8, color="0.3", xytext=(-3, 0), textcoords="offset points",
        )


# ---- what is drawn ------------------------------------------------------------------------------


def _grid(law: Law, assertion: Any) -> list[fmpq]:
    """Rewards from the body of the law to well beyond the threshold, evenly on either scale."""
    with working_precision(BITS):
        low, middle, high = (law.quantile(level) for level in (fmpq(1, 1000), fmpq(1, 2), fmpq(999, 1000)))
        end = high
        if isinstance(assertion, ByThreshold):
            t = ball(assertion.weight.location.point())
            end = 10 * t if t > high else high
        linear = [low + (high - low) * i / POINTS for i in range(POINTS + 1)]
        if end > high:
            ratio = ((end - middle) / (high - middle)).log()
            far = [middle + (high - middle) * (ratio * i / POINTS).exp() for i in range(1, POINTS)]
        else:
            far = []
        return [x.mid().fmpq() for x in (*linear, *far)]


def _is_list(law: Law) -> bool:
    try:
        law.atoms()
    except TypeError:
        return False
    return True


def _shapes(law: Law, reweighted: Law, grid: list[fmpq]) -> Curves:
    if not _is_list(law):
        return _curves(grid, lambda x: law.density(x).log(), lambda x: reweighted.density(x).log())
    low, high = grid[0], grid[-1]
    from itertools import takewhile

    places = [x for x, _ in takewhile(lambda atom: atom[0] <= high, law.atoms()) if x >= low]
    places = places[:: max(1, len(places) // POINTS)]
    return _curves(places, lambda x: law.mass_at(x).log(), lambda x: reweighted.mass_at(x).log())


def _tails(law: Law, reweighted: Law, grid: list[fmpq]) -> Curves:
    return _curves(grid, law.log_survival, reweighted.log_survival)


def _curves(
    grid: list[fmpq], base: Callable[[fmpq], arb], reweighted: Callable[[fmpq], arb]
) -> Curves:
    import numpy as np

    with working_precision(BITS):
        columns = [[_float_exp(curve, x) for x in grid] for curve in (base, reweighted)]
    rewards = np.array([int(x.p) / int(x.q) for x in grid])
    return Curves(rewards, np.array(columns[0]), np.array(columns[1]))


def _float_exp(log_curve: Callable[[fmpq], arb], x: fmpq) -> float:
    """``exp`` of a curve as a float, NaN (a gap) where it is 0 or out of float64's range."""
    try:
        value = log_curve(x)
    except Undecided:
        return float("nan")
    if not value.is_finite() or value < -690 or value > 690:
        return float("nan")
    return float(value.exp())

