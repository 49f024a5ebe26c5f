"""The audit of a user's reward scores: everything that one column of them says about its tail."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from verify.errors import InputError
from verify.progress import Progress
from verify.tails.calibration.error_rates import error_rates
from verify.tails.consequences.answer import number
from verify.tails.consequences.frontier import BUDGETS
from verify.tails.consequences.gold import nothing_to_trade
from verify.tails.consequences.overview import CAP_BUDGET, Consequences, consequences_of
from verify.tails.consequences.sample import Sample
from verify.tails.copies import one_of_each
from verify.tails.decision import decide
from verify.tails.engine import summarise
from verify.tails.engine.run import Engine
from verify.tails.estimates import Estimates, estimates_of
from verify.tails.prompt_tails import PromptTails, interval_json, prompt_tails
from verify.tails.reading import MOST_BAD, Scores
from verify.tails.reading.columns import Columns
from verify.tails.rounding import detect, spread
from verify.tails.rows import MOST_ROWS, Rows
from verify.tails.summary import Summary
from verify.tails.upper_tail import UpperTail
from verify.tails.verdict import Verdict

#: Numbers of other sizes are refused: squares of them, and of what lies between, leave float64.
LARGEST, SMALLEST = 1e75, 1e-75


#: A larger design effect of the largest rewards is worth a warning. Where rewards are independent
#: it is 1, with a standard deviation of 0.3 for 20 prompts and less for more.
ALIKE = 2.0


#: A chance this small that a generalised Pareto law fits is worth a warning.
MISFIT = 0.01


@dataclass(frozen=True)
class Options:
    """What a user may choose.

    Attributes
    ----------
    budgets : tuple of float
        KL budgets, in nats.
    cap_budget : float
        The one that the cap is recommended for.
    level : float
        Of the intervals.
    most_bad : float
        The largest share of rows without a finite number that is accepted.
    seed : int
        Of resamples, and of the parts of a sample. Rounded rewards are always spread alike.
    """

    budgets: tuple[float, ...] = BUDGETS
    cap_budget: float = CAP_BUDGET
    level: float = 0.95
    most_bad: float = MOST_BAD
    seed: int = 0


@dataclass(frozen=True, eq=False)
class Audit:
    """What was found.

    Attributes
    ----------
    scores : Scores
        What was read.
    summary : Summary
        Of all rewards; negated ones where the lower tail is looked at.
    tail : UpperTail
        The largest rewards, spread over their rounding cells where they were rounded.
    verdict : Verdict
    estimates : Estimates
        What each estimator says.
    consequences : Consequences
    prompts : PromptTails or None
        The tail prompt by prompt; None without a column of prompts.
    warnings : tuple of str
        What the reader should know before relying on it.
    """

    scores: Scores
    summary: Summary
    tail: UpperTail
    verdict: Verdict
    estimates: Estimates
    consequences: Consequences
    prompts: PromptTails | None
    warnings: tuple[str, ...]

    def to_dict(self) -> dict[str, Any]:
        """The answer as JSON; the keys that DESIGN.md's contract names stand first."""
        verdict = self.verdict
        consequences = self.consequences.as_json()
        summary = self.summary
        return {
            "n": summary.count,
            "verdict": verdict.kind,
            "family": verdict.family,
            "because": verdict.because,
            "tail_index": {**interval_json("shape", verdict.shape), "k": verdict.k},
            "rate": None if verdict.rate is None else interval_json("rate", verdict.rate),
            "frontier": consequences.pop("frontier"),
            "safe_penalties": consequences.pop("safe_penalties"),
            "cap": consequences.pop("cap"),
            "per_prompt": None if self.prompts is None else self.prompts.as_json(),
            "warnings": list(self.warnings),
            "verdict_error_rates": error_rates(summary.count).as_json(),
            **consequences,
            **self.estimates.as_json(),
            "sample": {
                "files": list(self.scores.files),
                "columns": _columns(self.scores),
                "side": self.scores.side,
                "mean": number(summary.mean),
                "standard_deviation": number(summary.variance**0.5),
                "smallest": number(float(summary.lowest[0])),
                "median": number(summary.quantile(0.5)),
                "largest": number(float(summary.top[0])),
                "rows": summary.tally.to_dict(),
            },
        }

    def rows(self) -> Iterator[tuple[object, ...]]:
        """The rows of the CSV, its header first: what each KL budget buys."""
        ends = ("low", "high")
        yield (
            "budget",
            *(f"{what}_{end}" for what in ("plug_in", "band", "fitted") for end in ends),
            "fitted",
            "prompts_given",
        )
        quenched = self.consequences.quenched
        given = {} if quenched is None else dict(quenched.points)
        for point in self.consequences.frontier:
            answers = (point.plug_in, point.band, point.fitted)
            ends_found = [end for each in answers for end in (each.low, each.high)]
            prompted = given[point.budget].value if given else None
            found = map(number, (*ends_found, point.fitted.value, prompted))
            yield (number(point.budget), *("" if each is None else each for each in found))


def _columns(scores: Scores) -> dict[str, Any]:
    columns = scores.columns
    return {
        "reward": [name or None for name in columns.reward],
        "prompt": columns.prompt,
        "utility": columns.utility,
        "log_prob": columns.log_prob,
    }


def audit(
    scores: Scores,
    options: Options | None = None,
    *,
    engine: Engine = "threads",
    workers: int | None = None,
    work_folder: str | None = None,
    progress: Progress | None = None,
) -> Audit:
    """Audit files of reward scores.

    Parameters
    ----------
    scores : Scores
        From :func:`verify.tails.reading.open_scores`.
    options : Options, optional
        Budgets, level, seed.
    engine, workers, work_folder, progress
        As :func:`verify.tails.engine.summarise` takes them.

    Raises
    ------
    InputError
        One line: what is wrong with which file or option, and what would be accepted.
    """
    options = options or Options()
    summary = summarise(
        scores, engine=engine, workers=workers, work_folder=work_folder, progress=progress
    )
    summary.tally.check(options.most_bad)
    rows = Rows.of(scores) if summary.count <= MOST_ROWS else None
    return _audited(scores, summary, rows, options)


def audit_rewards(
    rewards: Any, prompts: Any = None, utility: Any = None, options: Options | None = None
) -> Audit:
    """Audit rewards in memory.

    Parameters
    ----------
    rewards : array of shape (n,)
        Finite numbers.
    prompts : array of shape (n,), optional
        What each reward's prompt is called: numbers or text.
    utility : array of shape (n,), optional
        A gold score for each.
    options : Options, optional
        Budgets, level, seed.

    Raises
    ------
    InputError
        If something is not finite or of no usual size, or the lengths differ.
    """
    import numpy as np

    summary = Summary.of(rewards)
    if not summary.count:
        raise InputError("there are no rewards in the array")
    codes, called = None, np.empty(0)
    if prompts is not None:
        called, codes = np.unique(np.asarray(prompts).reshape(-1), return_inverse=True)
    rows = Rows(
        np.asarray(rewards, np.float64).reshape(-1),
        codes,
        tuple(str(each) for each in called),
        None if utility is None else np.asarray(utility, np.float64).reshape(-1),
    )
    columns = Columns(
        ("",),
        prompt=None if prompts is None else "prompts",
        utility=None if utility is None else "utility",
    )
    scores = Scores(("an array in memory",), columns, ())
    return _audited(scores, summary, rows, options or Options())


def _check_sizes(summary: Summary, rows: Rows | None) -> None:
    """Refuse numbers that stand for something else, or whose squares float64 does not have."""
    import numpy as np

    ends = {"rewards": (float(summary.lowest[0]), float(summary.top[0]))}
    if rows is not None and rows.utility is not None:
        there = rows.utility[~np.isnan(rows.utility)]
        if len(there):
            ends["gold scores"] = (float(there.min()), float(there.max()))
    for what, (low, high) in ends.items():
        largest = max(abs(low), abs(high))
        if not (largest == 0 or SMALLEST <= largest <= LARGEST):
            raise InputError(
                f"{what}: the largest in size is {largest:g}; expected one from {SMALLEST:g} to "
                f"{LARGEST:g}: rescale them, or leave out what is no score"
            )


def _audited(scores: Scores, summary: Summary, rows: Rows | None, options: Options) -> Audit:
    _check_sizes(summary, rows)
    verdict = decide(summary.tail(), level=options.level)
    tail = _spread(summary.tail())
    prompts = None
    if rows is not None and rows.prompt is not None:
        prompts = prompt_tails(rows, verdict, options.seed)
    estimates = estimates_of(tail, verdict, None if rows is None else rows.reward)
    gold, no_gold = _gold(scores, rows)
    return Audit(
        scores,
        summary,
        tail,
        verdict,
        estimates,
        consequences_of(
            _sample(summary, rows),
            verdict,
            options.budgets,
            options.cap_budget,
            gold,
            options.seed,
        ),
        prompts,
        (*_warnings(scores, summary, verdict, estimates, prompts, rows), *no_gold),
    )


def _gold(scores: Scores, rows: Rows | None) -> tuple[Any, tuple[str, ...]]:
    """The gold scores, if there are any to look at, and a warning where not all rewards count."""
    import numpy as np

    name = scores.columns.utility
    if name is None:
        return None, ()
    if rows is None or rows.utility is None:
        why = f"there are more than {MOST_ROWS:,} rewards; sample the rows for that"
        return None, (_not_looked_at(name, why),)
    there = ~np.isnan(rows.utility)
    if not there.any():
        return None, (_not_looked_at(name, "no reward has a finite one"),)
    unmoved = nothing_to_trade(rows.reward[there], rows.utility[there])
    if unmoved is not None:
        return None, (_not_looked_at(name, unmoved),)
    if there.all():
        return rows.utility, ()
    few = (
        f"Of {len(there):,} rewards {int(there.sum()):,} have a gold score (column {name!r}): only "
        "what is said of gold scores rests on these alone. If they were chosen by their rewards, "
        "it does not hold for the others."
    )
    return rows.utility, (few,)


def _not_looked_at(name: str, why: str) -> str:
    return f"The gold scores (column {name!r}) were not looked at: {why}."


def _sample(summary: Summary, rows: Rows | None) -> Sample:
    """As the consequences take it: from the rewards where they are at hand, else from cells."""
    if rows is not None:
        return Sample.of(rows.reward, rows.prompt)
    return Sample.of_summary(summary)


def _spread(tail: UpperTail) -> UpperTail:
    tail, _ = one_of_each(tail)
    rounding = detect(tail.values)
    return tail if rounding is None else spread(tail, rounding)


def _warnings(
    scores: Scores,
    summary: Summary,
    verdict: Verdict,
    estimates: Estimates,
    prompts: PromptTails | None,
    rows: Rows | None,
) -> Iterator[str]:
    if str(summary.tally):
        yield f"{summary.tally}."
    if scores.side == "lower":
        yield "This is the lower tail: every reward was negated first, in all numbers here."
    yield from verdict.warnings
    fit = estimates.fit
    if fit is not None and fit.p_anderson_darling < MISFIT:
        yield (
            f"The largest {fit.fit.k:,.0f} rewards follow no generalised Pareto law "
            f"(Anderson-Darling, p = {fit.p_anderson_darling:.2g}), as where two kinds of answers "
            "are mixed: audit each kind alone. "
            + ("The verdict may be a false alarm. " if verdict.kind == "heavy" else "")
            + "The extreme-value index, and what rests on it, are doubtful."
        )
    if prompts is not None and prompts.alike > ALIKE:
        yield (
            f"Answers to a prompt are alike: of the largest rewards, {prompts.alike:.2g} say no "
            "more than a single independent one. The verdict takes all as independent, so it is "
            "wrong more often than was measured, and its intervals are too short."
        )
    if prompts is not None and prompts.mostly_single:
        yield (
            f"{prompts.single:,} of {prompts.prompts:,} prompts have one reward only: is "
            f"{scores.columns.prompt!r} the column of prompts? One reward says nothing of the tail "
            "within its prompt."
        )
    if prompts is not None and prompts.met.kind != verdict.kind:
        yield (
            f"Within prompts the tail is not that of all rewards together, {verdict.kind}, but: "
            f"{prompts.met.kind}. {prompts.met.because}"
        )
    if rows is None and scores.columns.prompt is not None:
        yield f"Prompts were not looked at one by one: there are more than {MOST_ROWS:,} rewards."
