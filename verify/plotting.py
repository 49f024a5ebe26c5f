"""Pictures of a certificate: the base law and the reweighted one, on logarithmic scales.

float64 throughout: a picture certifies nothing. What is drawn comes from
:mod:`verify.plot_curves`.
"""

from __future__ import annotations

from collections.abc import Callable
from io import BytesIO
from typing import Any

from verify.assertion import BoundedByTilt, BoundedByTop
from verify.certificate import Certificate
from verify.decimals import plain, rational
from verify.enclosure import Undecided
from verify.errors import InputError
from verify.files import STDOUT, whole_file
from verify.law import Law
from verify.plot_curves import LARGEST_LOG10, Curves, Picture, picture_of, short

#: Okabe and Ito's blue and vermilion: told apart by every kind of colour vision. The curves also
#: differ in how they are dashed, for print without colour.
BASE, REWEIGHTED, MARK = "#0072B2", "#D55E00", "0.35"
FORMATS = (".png", ".svg", ".pdf")
#: Where each format keeps a text: the certificate that the picture shows.
NOTES = {"png": "Description", "svg": "Description", "pdf": "Subject"}
#: Longer texts of laws are cut in titles.
LONGEST_TITLE = 70
#: Labels on an axis, and the powers of ten between two of them.
MOST_TICKS = 7
STRIDES = (1, 2, 3, 5, 10, 20, 50, 100)
#: In points; readable where a page shows the picture at half its size.
FONT_SIZE = 11


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
    from verify.pair import UtilityMean

    stated = certificate.utility
    if isinstance(stated, UtilityMean) and stated.witness is not None:
        raise InputError("--plot: the picture is of LAW, and it is not LAW alone that forbids this")
    assertion = assertion_of(certificate, law)
    if isinstance(assertion, BoundedByTilt | BoundedByTop):
        title, goal = _impossible_title(certificate), rational(certificate.target.mean)
    else:
        title, goal = _counterexample_title(certificate), None
    if isinstance(stated, UtilityMean):
        title = f"X only, not V: {title}"
    try:
        picture = picture_of(law, assertion, goal)
    except Undecided as why:
        raise InputError(f"--plot: this law cannot be drawn: {why}") from None
    write_figure(
        path, kind, lambda: _figure(picture, title, certificate.verdict), certificate.to_json()
    )


def write_figure(path: str, kind: str, draw: Callable[[], Any], note: str) -> None:
    """Draw a figure at the house's size of type, and write it with a note that tools can read.

    Raises
    ------
    InputError
        If matplotlib cannot: it needs axes whose lengths are float64 numbers.
    """
    from matplotlib import rc_context

    content = BytesIO()
    try:
        with rc_context({"font.size": FONT_SIZE}):
            draw().savefig(content, format=kind, dpi=160, metadata={NOTES[kind]: note})
    except InputError:
        raise
    except (ValueError, OverflowError) as why:
        raise InputError(f"--plot: this cannot be drawn: {why}") from None
    with whole_file(path) as file:
        file.write(content.getvalue())


def _counterexample_title(certificate: Certificate) -> str:
    mean = certificate.enclosures["mean"]
    shown = "infinite" if isinstance(mean, str) else short(float(mean[0]))  # type: ignore[index]
    if (certificate.reweighting or {}).get("kind") == "identity":
        return f"nothing to do: the mean is {shown} already"
    at_least = "at least " if isinstance(mean, tuple) and mean[1] == "oo" else ""
    budget = plain(certificate.target.kl)
    made = "makes the mean" if isinstance(mean, str) else f"moves the mean to {at_least}"
    return f"a reweighting with KL below {budget} {made.rstrip()} {shown}"


def _impossible_title(certificate: Certificate) -> str:
    bound = certificate.enclosures["mean_bound"]
    shown = short(float(bound[1]))  # type: ignore[index]
    budget, goal = plain(certificate.target.kl), plain(certificate.target.mean)
    return f"no reweighting with KL below {budget} has a mean above {shown}, so none above {goal}"


# ---- the figure ---------------------------------------------------------------------------------


def _figure(picture: Picture, title: str, verdict: str) -> Any:
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure
    from matplotlib.layout_engine import ConstrainedLayoutEngine

    layout = ConstrainedLayoutEngine(w_pad=0.12, h_pad=0.06)
    figure = Figure(figsize=(9.6, 4.7), layout=layout)
    FigureCanvasAgg(figure)
    left, right = figure.subplots(1, 2)
    names = ("base Q", "reweighted P" if verdict == "counterexample" else "the best P, nearly")
    _draw(left, picture.shapes, names, picture)
    _draw(right, picture.tails, names, picture)
    left.set_ylabel(picture.shape_name)
    right.set_ylabel("chance of a larger reward")
    figure.suptitle(f"{clipped(picture.name)}\n{title}", x=0.012, ha="left", linespacing=1.4)
    handles, labels = right.get_legend_handles_labels()
    figure.legend(handles, labels, loc="outside lower center", ncols=len(handles), frameon=False)
    return figure


def clipped(text: str) -> str:
    """A law's text as a title: short enough, and with no mathematics for matplotlib to find."""
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
        own = style | ({"ls": ""} if curves.separate else {"marker": ""})
        drawstyle = "steps-post" if curves.steps else "default"
        axes.plot(
            curves.x, values, color=colour, label=name, drawstyle=drawstyle, zorder=2.5, **own
        )
    _scale_values(axes, curves)
    _scale_rewards(axes, picture)
    axes.set_xlabel("reward")
    axes.spines[["top", "right"]].set_visible(False)
    axes.grid(alpha=0.2)
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
                [mean],
                [0.0],
                marker="^",
                ms=9,
                mec="white",
                mew=0.8,
                color=colour,
                ls="",
                transform=axes.get_xaxis_transform(),
                clip_on=False,
                zorder=5,
                label=f"{name}: {short(mean)}",
            )


def _mark_places(axes: Any, picture: Picture) -> None:
    """Dotted lines, with their labels above the frame, where no curve can meet them."""
    for place, label in picture.places:
        axes.axvline(place, color=MARK, lw=1.1, ls=":", zorder=1.5)
        axes.annotate(
            label,
            (place, 1.0),
            xycoords=("data", "axes fraction"),
            ha="center",
            va="bottom",
            fontsize=10,
            color=MARK,
            xytext=(0, 3),
            textcoords="offset points",
        )


# ---- the axes -----------------------------------------------------------------------------------


def _scale_values(axes: Any, curves: Curves) -> None:
    """Powers of ten at a round stride, counted from 1."""
    import numpy as np
    from matplotlib.ticker import FixedLocator, NullLocator

    axes.set_yscale("log")
    drawn = [values for values in (curves.base, curves.reweighted) if values is not None]
    logs = np.log10(np.concatenate(drawn))
    low, high = float(np.nanmin(logs)), float(np.nanmax(logs))
    if high - low < 1:
        low, high = np.floor(low), np.ceil(max(high, low + 0.5))
    margin = (high - low) / 25
    stride = next(n for n in STRIDES if (high - low) / n <= MOST_TICKS)
    first = int(np.ceil((low - margin) / stride))
    last = int(np.floor(min(high + margin, LARGEST_LOG10)))
    powers = range(first * stride, last + 1, stride)
    axes.yaxis.set_major_locator(FixedLocator([10.0**power for power in powers]))
    axes.yaxis.set_minor_locator(NullLocator())
    low, high = (
        min(max(end, -LARGEST_LOG10), LARGEST_LOG10) for end in (low - margin, high + margin)
    )
    axes.set_ylim(10.0**low, 10.0**high)


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


def _powers(low: float, high: float, width: float) -> list[float]:
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
    return sorted(ticks)


def _power_label(x: float) -> str:
    import math

    if x == 0:
        return "0"
    sign = "-" if x < 0 else ""
    return f"${sign}10^{{{round(math.log10(abs(x)))}}}$"
