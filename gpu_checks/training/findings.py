"""What the arms say of the theory."""

from __future__ import annotations

from collections.abc import Iterator

from gpu_checks.finding import Finding, at_most, over_seeds
from gpu_checks.training.experiment import ArmRun, Experiment

#: Rounding of sums over all answers, as a share of what is summed: float32 weights of the policy
#: are read in float64, and each probability is known to some 1e-13.
ROUNDING = 1e-9
#: So much of what the utility began with, or of 1, counts as nothing gained at an equal KL.
NOTHING = 0.1


def findings(experiment: Experiment) -> list[Finding]:
    """All that the arms say: prediction, outcome, interval, verdict."""
    return [*_of_arms(experiment), *_at_equal_kl(experiment), *_below_the_best(experiment)]


def _of_arms(experiment: Experiment) -> Iterator[Finding]:
    base = experiment.base["heavy"]
    heavy, light, clipped = (experiment.of(name) for name in ("heavy", "light", "clipped"))
    proxy, utility = [run.last.u for run in heavy], [run.last.v for run in heavy]
    yield over_seeds("heavy error: the proxy rises", proxy, above=base.u)
    yield over_seeds("heavy error: the utility gains nothing", utility, below=base.v)
    for text, runs in (("light error", light), ("heavy error, clipped", clipped)):
        yield over_seeds(f"{text}: the utility rises", [run.last.v for run in runs], above=base.v)


def _at_equal_kl(experiment: Experiment) -> Iterator[Finding]:
    pairs = zip(experiment.of("heavy"), experiment.of("unpenalised"), strict=True)
    differences = [_difference(penalised, free) for penalised, free in pairs]
    found = [difference for difference in differences if difference is not None]
    if found:
        text = "heavy error, equal KL: the penalty keeps no more utility than stopping early"
        nothing = NOTHING * max(abs(experiment.base["heavy"].v), 1.0)
        yield over_seeds(text, found, below=nothing)


def _difference(penalised: ArmRun, free: ArmRun) -> float | None:
    """The utility under the penalty less that of the free run when it first had as large a KL."""
    stopped = free.stopped_at(penalised.last.kl - 2 * penalised.entries[-1].k1.error)
    return None if stopped is None else penalised.last.v - stopped.v.mean


def _below_the_best(experiment: Experiment) -> Iterator[Finding]:
    for arm in experiment.arms:
        most = experiment.best_objective.get(arm.name)
        if most is not None and arm.settings.clip is None:
            b = arm.settings.coefficient
            reached = [run.last.u - b * run.last.kl for run in experiment.of(arm.name)]
            yield at_most(
                f"{arm.about}: no policy beats the tilt", reached, most, ROUNDING * abs(most)
            )
