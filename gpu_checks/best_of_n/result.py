"""Best-of-n of a real policy: outcome beside prediction, as data."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from gpu_checks.best_of_n.answers import ScoredAnswers
from gpu_checks.best_of_n.outcome import LEVEL, Mean, Outcome, outcomes, sizes_of
from gpu_checks.best_of_n.predictions import Prediction, predictions
from gpu_checks.finding import Finding, agrees
from verify.law import Law

SCHEMA = "goodhart-best-of-n/1"


@dataclass(frozen=True)
class Comparison:
    """A prediction beside the outcome, at the largest n that it speaks of.

    Attributes
    ----------
    prediction : Prediction
    n : int
    foretold : float
    outcome : Outcome
        What came out for that n.
    finding : Finding
        Whether the interval of its gain holds the gain foretold, and is narrow enough to tell it
        from no gain; from the farthest gain of any n, where a limit is foretold.
    verdict : str
        The same in words. For a limit that is not reached: how much of the way there was gone from
        where the gold score was farthest from it.
    """

    prediction: Prediction
    n: int
    foretold: float
    outcome: Outcome
    finding: Finding
    verdict: str

    @property
    def agrees(self) -> bool | None:
        """Whether the prediction holds; None where the interval does not tell."""
        return {"holds": True, "fails": False}.get(self.finding.verdict)


@dataclass(frozen=True, eq=False)
class BestOfN:
    """What was found.

    Attributes
    ----------
    answers : ScoredAnswers
        What it was found on.
    outcomes : tuple of Outcome
        For each n, the smallest first.
    predictions : tuple of Prediction
    """

    answers: ScoredAnswers
    outcomes: tuple[Outcome, ...]
    predictions: tuple[Prediction, ...]

    @property
    def comparisons(self) -> tuple[Comparison, ...]:
        """Each prediction beside the outcome at the largest n that it speaks of."""
        return tuple(self._compared(each) for each in self.predictions)

    def _compared(self, prediction: Prediction) -> Comparison:
        place = max(k for k, value in enumerate(prediction.values) if value is not None)
        outcome, foretold = self.outcomes[place], prediction.values[place]
        assert foretold is not None
        base = self.outcomes[0].base
        farthest = max(
            (each.gold.value for each in self.outcomes), key=lambda gold: abs(gold - foretold)
        )
        rival = farthest - base if prediction.name == "limit" else 0.0
        gain = outcome.gain
        finding = agrees(
            f"gain of gold if {prediction.name}",
            foretold - base,
            rival,
            gain.value,
            gain.low,
            gain.high,
            "95 % over prompts" if self.answers.prompt is not None else "95 %, jackknife",
        )
        verdict = {"unknown": "no interval"}.get(finding.verdict, str(finding.verdict))
        if finding.verdict == "fails" and prediction.name == "limit":
            way = 1 - abs(outcome.gold.value - foretold) / abs(farthest - foretold)
            verdict = f"{way:.0%} of the way"
        elif finding.verdict == "fails":
            verdict = f"off by {foretold - outcome.gold.value:+.2g}"
        return Comparison(prediction, outcome.n, foretold, outcome, finding, verdict)

    def to_dict(self) -> dict[str, Any]:
        """The answer as JSON."""
        answers = self.answers
        groups = answers.groups()
        return {
            "schema": SCHEMA,
            "answers": len(answers.proxy),
            "prompts": None if answers.prompt is None else len(groups),
            "left_out": answers.left_out,
            "files": list(answers.files),
            "columns": answers.columns or {},
            "planted_error": answers.planted,
            "level": LEVEL,
            "best_of": [
                {
                    "n": outcome.n,
                    "kl": outcome.kl,
                    "gold": _mean_json(outcome.gold),
                    "gain": _mean_json(outcome.gain),
                    "proxy": _mean_json(outcome.proxy),
                    "foretold": {each.name: each.values[place] for each in self.predictions},
                }
                for place, outcome in enumerate(self.outcomes)
            ],
            "predictions": [
                {
                    "name": each.prediction.name,
                    "because": each.prediction.because,
                    "n": each.n,
                    "foretold": each.foretold,
                    "outcome": _mean_json(each.outcome.gold),
                    "agrees": each.agrees,
                    "verdict": each.verdict,
                }
                for each in self.comparisons
            ],
        }

    def rows(self) -> Iterator[tuple[object, ...]]:
        """The rows of the CSV, its header first: one for each n."""
        ends = [
            f"{score}{end}" for score in ("gold", "gain", "proxy") for end in ("", "_low", "_high")
        ]
        yield ("n", "kl", *ends, *(each.name for each in self.predictions))
        for place, outcome in enumerate(self.outcomes):
            means = [
                value
                for mean in (outcome.gold, outcome.gain, outcome.proxy)
                for value in (mean.value, mean.low, mean.high)
            ]
            foretold = [each.values[place] for each in self.predictions]
            yield (outcome.n, outcome.kl, *means, *foretold)


def _mean_json(mean: Mean) -> dict[str, float | None]:
    return {"value": mean.value, "low": mean.low, "high": mean.high}


def best_of_answers(
    answers: ScoredAnswers,
    sizes: Sequence[int] | None = None,
    error: Law | None = None,
    seed: int = 0,
) -> BestOfN:
    """Best-of-n on scored answers, beside what was foretold.

    Parameters
    ----------
    answers : ScoredAnswers
        Of the base policy.
    sizes : sequence of int, optional
        The n; by default 1, 2, 4, ... as far as the answers go.
    error : Law, optional
        The law of the error, where one was planted.
    seed : int
        Of what is dealt out anew for a prediction.

    Raises
    ------
    InputError
        If an n has not enough answers.
    """
    found = outcomes(answers, sizes_of(answers, sizes))
    return BestOfN(answers, tuple(found), tuple(predictions(answers, found, error, seed)))
