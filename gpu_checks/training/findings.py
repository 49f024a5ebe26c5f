"""What the arms say of the theory: prediction, outcome, interval, verdict."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from math import inf, sqrt
from typing import Any

from gpu_checks.training.experiment import ArmRun, Experiment

#: Of the intervals over seeds.
LEVEL = 0.95
#: Rounding of sums over all answers, as a share of what is summed: float32 weights of the policy
#: are read in float64, and each probability is known to some 1e-13.
ROUNDING = 1e-9


@dataclass(frozen=True)
class Finding:
    """A prediction beside the outcome.

    Attributes
    ----------
    prediction : str
        What the theory says, in words.
    outcome : float
        The mean over seeds of the number it speaks of.
    low, high : float
        Its 95 % interval over seeds, by Student's law; their range, for an exact number of each.
    below, above : float
        The number is foretold to be below the one, and above the other.
    verdict : "holds", "fails" or "unknown"
        Whether all of the interval is where it was foretold, none of it, or some.
    """

    prediction: str
    outcome: float
    low: float
    high: float
    below: float
    above: float
    verdict: str

    def as_json(self) -> dict[str, Any]:
        """As JSON; no bound is null."""
        found = asdict(self)
        return {key: None if value in (inf, -inf) else value for key, value in found.items()}


def findings(experiment: Experiment) -> list[Finding]:
    """All that the arms say."""
    base = {name: parts for name, parts in experiment.base.items()}
    start = base["heavy"].v
    gain = _finding_of(experiment)
    found = [
        gain(
            "heavy", "heavy error: the proxy rises", lambda run: run.last.u, above=base["heavy"].u
        ),
        gain(
            "heavy", "heavy error: the utility gains nothing", lambda run: run.last.v, below=start
        ),
        gain("light", "light error: the utility rises", lambda run: run.last.v, above=start),
        gain("clipped", "clipped: the utility rises", lambda run: run.last.v, above=start),
    ]
    equal = [
        difference
        for one, other in zip(experiment.of("heavy"), experiment.of("unpenalised"), strict=True)
        if (difference := _at_equal_kl(one, other)) is not None
    ]
    if equal:
        text = "heavy error, equal KL: the penalty leaves no more utility than stopping early"
        # Nothing is gained up to what the utility could be worth: a tenth of what it began with.
        found.append(_finding(text, equal, below=0.1 * max(abs(start), 1.0)))
    for name, most in experiment.best_objective.items():
        arm = next(arm for arm in experiment.arms if arm.name == name)
        if arm.settings.clip is None:
            b = arm.settings.coefficient
            reached = [run.last.u - b * run.last.kl for run in experiment.of(name)]
            found.append(_bounded(f"{name}: no policy beats the tilt", reached, most))
    return found


def _finding_of(experiment: Experiment) -> Callable[..., Finding]:
    def found(
        arm: str,
        prediction: str,
        number: Callable[[ArmRun], float],
        below: float = inf,
        above: float = -inf,
    ) -> Finding:
        return _finding(prediction, [number(run) for run in experiment.of(arm)], below, above)

    return found


def _at_equal_kl(penalised: ArmRun, free: ArmRun) -> float | None:
    """The utility under the penalty less that of the free run when it first had as large a KL."""
    stopped = free.stopped_at(penalised.last.kl - 2 * penalised.entries[-1].k1.error)
    return None if stopped is None else penalised.last.v - stopped.v.mean


def _bounded(prediction: str, numbers: Sequence[float], most: float) -> Finding:
    """Exact numbers that are all foretold to be at most one; the interval is their range."""
    below = most + ROUNDING * abs(most)
    verdict = "holds" if max(numbers) < below else "fails"
    mean = sum(numbers) / len(numbers)
    return Finding(prediction, mean, min(numbers), max(numbers), below, -inf, verdict)


def _finding(
    prediction: str, numbers: Sequence[float], below: float = inf, above: float = -inf
) -> Finding:
    import numpy as np
    from scipy.stats import t

    mean = float(np.mean(numbers))
    margin = inf
    if len(numbers) > 1:
        error = float(np.std(numbers, ddof=1)) / sqrt(len(numbers))
        margin = float(t.isf((1 - LEVEL) / 2, len(numbers) - 1)) * error
    low, high = mean - margin, mean + margin
    if above < low and high < below:
        verdict = "holds"
    else:
        verdict = "fails" if high <= above or low >= below else "unknown"
    return Finding(prediction, mean, low, high, below, above, verdict)
