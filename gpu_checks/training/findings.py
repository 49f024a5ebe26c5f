"""What the arms say of the theory."""

from __future__ import annotations

from collections.abc import Iterator

from gpu_checks.finding import Finding, at_most, over_seeds
from gpu_checks.training.experiment import Experiment

#: Rounding of sums over all answers, as a share of what is summed: the probabilities of a policy
#: add up to 1 within some 1e-13, as float64 takes them from its logits. Float32 in those logits
#: makes it a slightly other policy, and none beats the tilt.
ROUNDING = 1e-9
#: So much of what the utility began with, or of 1, counts as nothing gained at an equal KL.
NOTHING = 0.1
#: The KL divergences, in nats, at which a run with a penalty is set beside one without.
EQUAL_KL = (0.5, 1.0, 2.0, 4.0)


def findings(experiment: Experiment) -> list[Finding]:
    """All that the arms say: prediction, outcome, interval, verdict."""
    return [*_of_arms(experiment), *at_equal_kl(experiment), *_below_the_best(experiment)]


def _of_arms(experiment: Experiment) -> Iterator[Finding]:
    base = experiment.base["heavy"]
    heavy, light, clipped, capped = (
        experiment.of(name) for name in ("heavy", "light", "clipped", "capped")
    )
    proxy, utility = [run.last.u for run in heavy], [run.last.v for run in heavy]
    yield over_seeds("heavy error: the proxy rises", proxy, above=base.u)
    yield over_seeds("heavy error: the utility gains nothing", utility, below=base.v)
    kept = {
        "light error": light,
        "heavy error, clipped": clipped,
        "heavy error, odds capped": capped,
    }
    for text, runs in kept.items():
        yield over_seeds(f"{text}: the utility rises", [run.last.v for run in runs], above=base.v)


def at_equal_kl(experiment: Experiment) -> Iterator[Finding]:
    """Pairs of runs with the same seed, the one penalised and the other stopped at the same KL."""
    pairs = list(zip(experiment.of("heavy"), experiment.of("unpenalised"), strict=True))
    nothing = NOTHING * max(abs(experiment.base["heavy"].v), 1.0)
    for kl in EQUAL_KL:
        both = [(one.utility_at(kl), other.utility_at(kl)) for one, other in pairs]
        gains = [
            penalised - stopped
            for penalised, stopped in both
            if penalised is not None and stopped is not None
        ]
        if gains:
            text = f"heavy error, at a KL of {kl:g}: the penalty keeps no more utility than none"
            yield over_seeds(text, gains, below=nothing)


def _below_the_best(experiment: Experiment) -> Iterator[Finding]:
    for arm in experiment.arms:
        most = experiment.best_objective.get(arm.name)
        if most is not None and arm.settings.clip is None:
            b = arm.settings.coefficient
            reached = [run.last.u - b * run.last.kl for run in experiment.of(arm.name)]
            yield at_most(
                f"{arm.about}: no policy beats the tilt", reached, most, ROUNDING * abs(most)
            )
