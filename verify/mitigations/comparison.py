"""The table: for each mitigation, the true utility that comes with a given gain, or a given KL."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field, replace
from decimal import Decimal
from math import exp, isfinite
from typing import Any, Literal

from verify.decimals import plain
from verify.errors import InputError
from verify.mitigations.catalogue import (
    MITIGATIONS,
    BestByEnsemble,
    ByIntegrals,
    Mitigation,
)
from verify.mitigations.losses import Loss, losses
from verify.mitigations.model import COARSE, FINE, Model, default_models
from verify.mitigations.profile import Outcome
from verify.mitigations.weights import Path, strength_for, strengths
from verify.progress import Progress
from verify.tilted_utility import exact_decimal
from verify.utility_curve import Estimate, Quantity, written

#: How many standard errors the base means of draws may be from the known ones, and float64's own
#: share in that where nothing varies.
MOST_ERRORS, ROUNDING = 6, 1e-9

Asked = Literal["gain", "kl"]
#: How the numbers of a row are known: enclosed, integrated in float64 with the difference of two
#: resolutions as the error, or sampled.
Means = Literal["ball", "float64", "monte-carlo"]

#: What is asked where nothing is: two nats of KL, and two units of gain.
GAINS, CAPS = ("2",), ("2",)
#: Two resolutions agree to this share of the larger of a number and 1, or it is not shown.
WORST_AGREEMENT = 0.05


@dataclass(frozen=True)
class Row:
    """One mitigation, asked one question.

    Attributes
    ----------
    mitigation : str
        Its name.
    strength : str
        The policy's parameter; empty where there is no policy.
    kl, mean_u, mean_v : arb, Estimate or None
        Its divergence from the base policy, and its means; None where there is none. An
        Estimate's ``standard_error`` is that of draws, or the difference of two resolutions.
    means : str
        How they are known.
    because : str
        Why there is no policy; empty where there is one.
    note : str
        What else is to be known of it.
    """

    mitigation: str
    strength: str = ""
    kl: Quantity = None
    mean_u: Quantity = None
    mean_v: Quantity = None
    means: Means | None = None
    because: str = ""
    note: str = ""

    @property
    def numbers(self) -> dict[str, Quantity]:
        """The numbers by name."""
        return {"kl": self.kl, "mean_u": self.mean_u, "mean_v": self.mean_v}


@dataclass(frozen=True)
class Question:
    """All mitigations, asked one question about one pair.

    Attributes
    ----------
    model : Model
        The pair.
    asked : str
        ``gain``: the mean of the proxy above the base policy's; ``kl``: the divergence.
    target : Decimal
        How much of it.
    rows : tuple of Row
        One a mitigation.
    """

    model: Model
    asked: Asked
    target: Decimal
    rows: tuple[Row, ...]

    def gain(self, row: Row, name: str) -> float | None:
        """How far a mean (``mean_u`` or ``mean_v``) of a row is above the base policy's."""
        value = row.numbers[name]
        base = dict(zip(("mean_u", "mean_v"), self.model.base_means, strict=True))[name]
        return None if value is None else number(value) - float(base)

    def to_dict(self) -> dict[str, Any]:
        """The answers as JSON."""
        return {
            "asked": self.asked,
            "target": plain(self.target),
            "rows": [self._row(row) for row in self.rows],
        }

    def _row(self, row: Row) -> dict[str, Any]:
        answer: dict[str, Any] = {"mitigation": row.mitigation, "strength": row.strength or None}
        answer |= {name: written(value) for name, value in row.numbers.items()}
        for name, gained in (("gain_u", "mean_u"), ("gain_v", "mean_v")):
            gain = self.gain(row, gained)
            answer[name] = None if gain is None else f"{gain:.12g}"
        words = {"because": row.because or None, "note": row.note or None}
        return answer | {"means": row.means} | words


def number(value: Quantity) -> float:
    """A number of a row in float64."""
    return value.value if isinstance(value, Estimate) else float(value)  # type: ignore[arg-type]


@dataclass(frozen=True)
class Comparison:
    """The answer of ``goodhart compare``.

    Attributes
    ----------
    questions : tuple of Question
        What was asked, pair by pair.
    models : tuple of Model
        The pairs.
    road : tuple of Loss
        What penalties on actions and on occupancies allow, where the fixed set is compared.
    """

    questions: tuple[Question, ...]
    models: tuple[Model, ...] = field(default=())
    road: tuple[Loss, ...] = ()

    @property
    def answered(self) -> bool:
        """Whether there is any number."""
        return any(row.kl is not None for question in self.questions for row in question.rows)

    def to_dict(self) -> dict[str, Any]:
        """The answer as JSON."""
        return {
            "models": [
                {
                    "name": model.name,
                    "error": str(model.error),
                    "utility": str(model.utility),
                    "dependence": str(model.copula),
                    "base": {
                        name: written(mean)
                        for name, mean in zip(("mean_u", "mean_v"), model.base_means, strict=True)
                    },
                    "questions": [
                        question.to_dict() for question in self.questions if question.model is model
                    ],
                }
                for model in self.models
            ],
            "road": [loss.to_dict() for loss in self.road] or None,
        }

    def rows(self) -> Iterator[list[Any]]:
        """The table, the names of its columns first."""
        ends = [f"{name}_{end}" for name in ("kl", "mean_u", "mean_v") for end in ("low", "high")]
        places = ["model", "asked", "target", "mitigation", "strength"]
        yield [*places, *ends, "gain_u", "gain_v", "means", "because", "note"]
        for question in self.questions:
            for row in question.to_dict()["rows"]:
                numbers = [row[name] or ["", ""] for name in ("kl", "mean_u", "mean_v")]
                yield [
                    question.model.name,
                    question.asked,
                    plain(question.target),
                    row["mitigation"],
                    row["strength"] or "",
                    *(end for pair in numbers for end in pair),
                    row["gain_u"] or "",
                    row["gain_v"] or "",
                    row["means"] or "",
                    row["because"] or "",
                    row["note"] or "",
                ]


def compare(
    models: Iterable[Model] | None = None,
    gains: Iterable[object] = GAINS,
    kls: Iterable[object] = CAPS,
    mitigations: Iterable[Mitigation] = MITIGATIONS,
    progress: Progress | None = None,
) -> Comparison:
    """Ask every mitigation for the same gains of the proxy, and for the same KL divergences.

    Parameters
    ----------
    models : iterable of Model, optional
        The pairs; :func:`~verify.mitigations.model.default_models` where none are given.
    gains : iterable of numbers or decimal texts
        Gains of ``E U`` over the base policy, above 0.
    kls : iterable of numbers or decimal texts
        KL divergences from the base policy in nats, above 0.
    mitigations : iterable of Mitigation, optional
        What is compared.
    progress : callable, optional
        Called after each mitigation of each pair, with the mitigation's name.

    Raises
    ------
    InputError
        For a number that is none, or not above 0; and for a law that float64 does not hold.
    """
    pairs = tuple(default_models() if models is None else models)
    asked: list[tuple[Asked, Decimal]] = []
    asked += [("gain", exact_decimal(value, "gain", positive=True)) for value in gains]
    asked += [("kl", exact_decimal(value, "KL", positive=True)) for value in kls]
    if not asked:
        raise InputError("expected a gain or a KL divergence to compare at")
    known = tuple(mitigations)
    questions = []
    done = 0
    for model in pairs:
        answers = []
        for mitigation in known:
            rows = _answers(mitigation, model, asked)
            answers.append([replace(row, note=mitigation.note) for row in rows])
            done += 1
            if progress is not None:
                progress(done, len(pairs) * len(known), mitigation.name)
        questions += [
            Question(model, what, target, tuple(rows[k] for rows in answers))
            for k, (what, target) in enumerate(asked)
        ]
    return Comparison(tuple(questions), pairs, losses() if models is None else ())


def _answers(mitigation: Mitigation, model: Model, asked: list[tuple[Asked, Decimal]]) -> list[Row]:
    """One mitigation's answers to all that is asked about a pair."""
    because = mitigation.why_not(model)
    if because:
        return [Row(mitigation.name, because=because) for _ in asked]
    if isinstance(mitigation, BestByEnsemble):
        paths = mitigation.paths(model)
        missed = _missed(model, paths)
        if missed:
            return [Row(mitigation.name, because=missed) for _ in asked]
        return [_sampled(mitigation.name, paths, what, float(target)) for what, target in asked]
    assert isinstance(mitigation, ByIntegrals)
    fine, coarse = (mitigation.path(model, resolution) for resolution in (FINE, COARSE))
    return [
        _integrated(mitigation, model, (fine, coarse), what, float(target))
        for what, target in asked
    ]


def _integrated(
    mitigation: ByIntegrals, model: Model, paths: tuple[Path, Path], asked: Asked, target: float
) -> Row:
    """The policy that is asked for, on the finer of two resolutions; certified where it can be."""
    name, (fine, coarse) = mitigation.name, paths
    strength, other = (strength_for(path, asked, target) for path in paths)
    if strength is None or other is None:
        return Row(name, because=_out_of_reach(fine, asked))
    row = _enclosed(mitigation, model, fine, asked, target)
    if row is not None:
        return row
    kl, mean_u, mean_v = (
        Estimate(one, abs(one - two))
        for one, two in zip(
            _numbers(fine.outcome(strength)), _numbers(coarse.outcome(other)), strict=True
        )
    )
    for estimate in (kl, mean_u, mean_v):
        room = WORST_AGREEMENT * max(abs(estimate.value), 1.0)
        if not (isfinite(estimate.value) and estimate.standard_error < room):
            return Row(name, because="not known: two resolutions in float64 do not agree")
    return Row(name, fine.text(strength), kl, mean_u, mean_v, "float64")


def _enclosed(
    mitigation: ByIntegrals, model: Model, path: Path, asked: Asked, target: float
) -> Row | None:
    """The row in balls, where there is a certified route.

    The strength comes from float64 and is a bit off; it is mended once by what the balls say.
    """
    aim = target
    found = None
    for _ in range(2):
        strength = strength_for(path, asked, aim)
        enclosed = None if strength is None else mitigation.enclosed(model, path, strength)
        if strength is None or enclosed is None:
            return None
        kl, mean_u, mean_v = enclosed
        reached = kl if asked == "kl" else mean_u - model.base_means[0]
        aim += target - float(reached)
        found = Row(mitigation.name, path.text(strength), kl, mean_u, mean_v, "ball")
    return found


def _numbers(outcome: Outcome) -> tuple[float, float, float]:
    return outcome.kl, outcome.mean_u, outcome.mean_v


def _out_of_reach(path: Path, asked: Asked) -> str:
    """What the path's ends are, where the target is not between them."""
    base = path.base()
    known = strengths(path)
    first, last = path.outcome(known[0]), path.outcome(known[-1])
    if asked == "kl":
        ends, what = (first.kl, last.kl), "KL"
    else:
        ends, what = (first.mean_u - base.mean_u, last.mean_u - base.mean_u), "the gain of E U"
    return f"out of reach: {what} goes from {ends[0]:.3g} to {ends[1]:.3g} here"


def _missed(model: Model, paths: list[Path]) -> str:
    """Why draws are not to be trusted: they do not have the base means, which are known."""
    import numpy as np

    found = [path.base() for path in paths]
    names = ("U", "V")
    values = [(base.mean_u, base.mean_v) for base in found]
    for name, column, mean in zip(names, np.transpose(values), model.base_means, strict=True):
        error = float(np.std(column, ddof=1)) / len(paths) ** 0.5
        if abs(float(np.mean(column)) - float(mean)) > MOST_ERRORS * error + ROUNDING:
            return f"not sampled: the draws miss the base mean of {name}; its tail is too heavy"
    return ""


def _beyond(path: Path) -> str:
    return f"not reached by n up to {exp(path.strongest):.0f}; larger ones need more draws"


def _sampled(name: str, paths: list[Path], asked: Asked, target: float) -> Row:
    """The policy in each batch of draws: their mean, and the error of it."""
    import numpy as np

    found = [
        strength
        for strength in (strength_for(path, asked, target) for path in paths)
        if strength is not None
    ]
    if len(found) < len(paths):
        return Row(name, because=_beyond(paths[0]))
    outcomes = [
        _numbers(path.outcome(strength)) for path, strength in zip(paths, found, strict=True)
    ]
    means, spread = np.mean(outcomes, axis=0), np.std(outcomes, axis=0, ddof=1)
    kl, mean_u, mean_v = (
        Estimate(float(mean), float(sd / len(paths) ** 0.5))
        for mean, sd in zip(means, spread, strict=True)
    )
    strength = float(np.mean(found))
    return Row(name, paths[0].text(strength), kl, mean_u, mean_v, "monte-carlo")
