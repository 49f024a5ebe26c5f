"""Pictures of a certificate: the base law and the reweighted one, on logarithmic scales.

float64 throughout: a picture certifies nothing. What is drawn comes from
:mod:`verify.plot_curves`.
"""

from __future__ import annotations

from io import BytesIO
from typing import TYPE_CHECKING, Any

from verify.assertion import BoundedByTilt, BoundedByTop
from verify.certificate import Certificate
from verify.decimals import plain, rational
from verify.errors import InputError
from verify.files import STDOUT, whole_file
from verify.law import Law
from verify.plot_curves import Curves, Picture, picture_of

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

#: Okabe and Ito's blue and vermilion: told apart by every kind of colour vision. The curves also
#: differ in how they are dashed, for print without colour.
BASE, REWEIGHTED, MARK = "#0072B2", "#D55E00", "0.35"
FORMATS = (".png", ".svg", ".pdf")
#: Longer texts of laws are cut in titles.
LONGEST_TITLE = 70
#: Labels on an axis of rewards.
MOST_TICKS = 7


def format_of(path: str) -> str:
    """The format of a picture, by the ending of its name; standard output gets a PNG.

    Raises
    ------
    InputError
        If it is none that can be written.
    """
    if path == STDOUT:
        return "png"
    for ending in FORMATS:
        if path.lower().endswith(ending):
            return ending[1:]
    raise InputError(f"--plot: expected a file ending in {', '.join(FORMATS)}, got {path}")


def plot_certificate(certificate: Certificate, law: Law, path: str) -> None:
    """Draw what a counterexample does to its base law, or the best that is possible.

    Raises
    ------
    InputError
        If there is nothing to draw, the threshold exceeds float64, or the format is not known.
    """
    kind = format_of(path)
    if certificate.verdict == "undecided":
        raise InputError("--plot: the verdict is 'undecided', so there is nothing to draw")
    from verify.checker import assertion_of

    assertion = assertion_of(certificate, law)
    if isinstance(assertion, BoundedByTilt | BoundedByTop):
        title, goal = _impossible_title(certificate), rational(certificate.target.mean)
    else:
        title, goal = _counterexample_title(certificate), None
    figure = _figure(picture_of(law, assertion, goal), title, certificate.verdict)
    content = BytesIO()
    figure.savefig(content, format=kind, dpi=160)
    with whole_file(path) as file:
        file.write(content.getvalue())


def _counterexample_title(certificate: Certificate) -> str:
    mean = certificate.enclosures["mean"]
    shown = mean if isinstance(mean, str) else _short(float(mean[0]))  # type: ignore[index]
    if (certificate.reweighting or {}).get("kind") == "identity":
        return f"nothing to do: the mean is {shown} already"
    at_least = "at least " if isinstance(mean, tuple) and mean[1] == "oo" else ""
    budget = plain(certificate.target.kl)
    return f"a reweighting with KL below {budget} moves the mean to {at_least}{shown}"


def _impossible_title(certificate: Certificate) -> str:
    bound = certificate.enclosures["mean_bound"]
    shown = _short(float(bound[1]))  # type: ignore[index]
    budget, goal = plain(certificate.target.kl), plain(certificate.target.mean)
    return f"no reweighting with KL below {budget} has a mean above {shown}, so none above {goal}"


def _short(number: float) -> str:
    text = f"{number:.4g}"
    return text.replace("e+", "e")


# ---- the figure ---------------------------------------------------------------------------------


def _figure(picture: Picture, title: str, verdict: str) -> Any:
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    figure = Figure(figsize=(9.6, 4.7), layout="constrained")
    FigureCanvasAgg(figure)
    figure.get_layout_engine().set(w_pad=0.12, h_pad=0.06)  # type: ignore[union-attr]
    left, right = figure.subplots(1, 2)
    names = ("base Q", "reweighted P" if verdict == "counterexample" else "the best P, nearly")
    _draw(left, picture.shapes, names, picture)
    _draw(right, picture.tails, names, picture)
    left.set_ylabel(picture.shape_name)
    right.set_ylabel("chance of a larger reward")
    figure.suptitle(
        f"{_clipped(picture.name)}\n{title}", x=0.012, ha="left", fontsize=11, linespacing=1.4
    )
    handles, labels = right.get_legend_handles_labels()
    figure.legend(handles, labels, loc="outside lower center", ncols=len(handles), frameon=False)
    return figure


def _clipped(text: str) -> str:
    text = text.replace("$", r"\$")
    return text if len(text) <= LONGEST_TITLE else text[: LONGEST_TITLE - 3] + "..."


def _draw(axes: Any, curves: Curves, names: tuple[str, str], picture: Picture) -> None:
    styles = (
        (BASE, {"lw": 2.6, "ls": "-", "marker": "o", "ms": 6}),
        (REWEIGHTED, {"lw": 1.9, "ls": (0, (4, 2)), "marker": "D", "ms": 4}),
    )
    for values, name, (colour, style) in zip(
        (curves.base, curves.reweighted), names, styles, strict=True
    ):
        if values is None:
            continue
        if not curves.separate:
            style = style | {"marker": ""}
        drawstyle = "steps-post" if curves.steps else "default"
        axes.plot(
            curves.x, values, color=colour, label=name, drawstyle=drawstyle, zorder=2.5, **style
        )
    axes.set_yscale("log")
    _scale_rewards(axes, picture)
    axes.set_xlabel("reward")
    axes.spines[["top", "right"]].set_visible(False)
    axes.grid(alpha=0.2)
    axes.margins(x=0.02)
    _mark_means(axes, picture)
    _mark_places(axes, picture)


def _mark_means(axes: Any, picture: Picture) -> None:
    """A triangle on the axis of rewards for each mean."""
    for mean, colour, name in (
        (picture.base_mean, BASE, "mean of Q"),
        (picture.reweighted_mean, REWEIGHTED, "mean of P"),
    ):
        if mean is not None:
            axes.plot(
                [mean], [0.0], marker="^", ms=9, mec="white", mew=0.8, color=colour, ls="",
                transform=axes.get_xaxis_transform(), clip_on=False, zorder=5,
                label=f"{name}: {_short(mean)}",
            )


def _mark_places(axes: Any, picture: Picture) -> None:
    """Dotted lines, with their labels above the frame, where no curve can meet them."""
    for place, label in picture.places:
        axes.axvline(place, color=MARK, lw=1.1, ls=":", zorder=1.5)
        axes.annotate(
            label, (place, 1.0), xycoords=("data", "axes fraction"), ha="center", va="bottom",
            fontsize=9, color=MARK, xytext=(0, 3), textcoords="offset points",
        )


# ---- the axis of rewards ------------------------------------------------------------------------


def _scale_rewards(axes: Any, picture: Picture) -> None:
    low, high = picture.range
    if picture.scale == "log":
        from matplotlib.ticker import LogLocator, NullLocator

        axes.set_xscale("log")
        axes.xaxis.set_major_locator(LogLocator(numticks=MOST_TICKS))
        axes.xaxis.set_minor_locator(NullLocator())
    elif picture.scale == "asinh":
        from matplotlib.ticker import FixedLocator, FuncFormatter, NullLocator

        axes.set_xscale("asinh", linear_width=picture.linear_width)
        axes.xaxis.set_major_locator(FixedLocator(_powers(low, high, picture.linear_width)))
        axes.xaxis.set_major_formatter(FuncFormatter(lambda x, _: _power_label(x)))
        axes.xaxis.set_minor_locator(NullLocator())
    axes.set_xlim(low, high)


def _powers(low: float, high: float, width: float) -> NDArray[np.float64]:
    """0 and powers of ten of either sign beyond ``width``, few enough to be read."""
    import numpy as np

    first = int(np.ceil(np.log10(2 * width)))
    exponents = {
        sign: range(first, int(np.floor(np.log10(end))) + 1) if end > 2 * width else range(0)
        for sign, end in ((-1, -low), (1, high))
    }
    stride = -(-sum(map(len, exponents.values())) // (MOST_TICKS - 1)) or 1
    ticks = [0.0] if low <= 0 <= high else []
    for sign, powers in exponents.items():
        ticks += [sign * 10.0**power for power in powers if (power - first) % stride == 0]
    return np.array(sorted(ticks))


def _power_label(x: float) -> str:
    import math

    if x == 0:
        return "0"
    sign = "-" if x < 0 else ""
    return f"${sign}10^{{{round(math.log10(abs(x)))}}}$"
