"""The picture of an experiment: proxy and utility against the KL divergence, arm by arm."""

from __future__ import annotations

from json import dumps
from typing import TYPE_CHECKING, Any

from verify.inline_svg import INK, THIRD
from verify.plotting import BASE, MARK, REWEIGHTED, format_of, write_figure

if TYPE_CHECKING:
    from gpu_checks.training.experiment import Experiment

#: For each arm its colour, marker and dashes: told apart in print without colour too.
LOOKS: dict[str, tuple[str, str, Any]] = {
    "heavy": (REWEIGHTED, "o", "-"),
    "light": (BASE, "s", "-"),
    "clipped": (THIRD, "^", (0, (5, 2))),
    "capped": (INK, "D", (0, (4, 1, 1, 1))),
    "unpenalised": (REWEIGHTED, "x", (0, (1, 1))),
}


def plot_experiment(experiment: Experiment, path: str) -> None:
    """Draw it.

    Raises
    ------
    InputError
        If the format is not known.
    """
    from gpu_checks.training.result import to_dict

    kind = format_of(path)
    write_figure(path, kind, lambda: _figure(experiment), dumps(to_dict(experiment)["findings"]))


def _figure(experiment: Experiment) -> Any:
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    figure = Figure(figsize=(7.2, 7.0), layout="constrained")
    FigureCanvasAgg(figure)
    proxy, utility = figure.subplots(2, 1, sharex=True)
    for arm in experiment.arms:
        colour, marker, dashes = LOOKS[arm.name]
        for number, run in enumerate(experiment.of(arm.name)):
            along = [max(entry.k1.mean, 0.0) for entry in run.entries]
            for axes, part in ((proxy, "u"), (utility, "v")):
                axes.plot(
                    along,
                    [getattr(entry, part).mean for entry in run.entries],
                    color=colour,
                    marker=marker,
                    ms=3.5,
                    ls=dashes,
                    lw=0.8,
                    alpha=0.7,
                    label=arm.about if number == 0 else None,
                )
    start = experiment.base["heavy"]
    utility.axhline(start.v, color=MARK, lw=0.9, ls=(0, (8, 2, 1, 2)), label="base policy")
    proxy.set_yscale("log")
    proxy.set_ylabel("mean proxy E U")
    utility.set_ylabel("mean utility E V")
    utility.set_xlabel("KL divergence from the base policy, nats per answer (k1)")
    handles, labels = utility.get_legend_handles_labels()
    proxy.legend(handles, labels, frameon=False, loc="lower right")
    return figure
