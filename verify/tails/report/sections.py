"""The parts of the report, in the order of reading."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from math import inf, isfinite
from typing import TYPE_CHECKING

from verify.tails.consequences.gold import FEWEST
from verify.tails.report.consequence_pictures import (
    best_of_plot,
    cap_plot,
    frontier_plot,
    gold_plot,
)
from verify.tails.report.distribution import exponential_quantiles, histogram, normal_quantiles
from verify.tails.report.drawing import Drawing
from verify.tails.report.estimate_tables import estimate_tables
from verify.tails.report.html import Page, Section, Table
from verify.tails.report.prompt_section import prompt_section
from verify.tails.report.prompt_words import follows, opening
from verify.tails.report.tail_pictures import index_paths, mean_excess_plot
from verify.tails.report.words import (
    DASH,
    between,
    cap_in_words,
    in_symbols,
    negated,
    passes_as_light,
    penalties_in_words,
    shown,
    turn_in_words,
    two_values,
    with_interval,
    wrong_verdicts,
)

if TYPE_CHECKING:
    from verify.overoptimization.answer import Number
    from verify.tails.audit import Audit
    from verify.tails.consequences.answer import Answer
    from verify.tails.consequences.gold import Gold

#: Quantiles that are listed.
LEVELS = (0.01, 0.1, 0.5, 0.9, 0.99, 0.999, 0.9999)
#: Fewer rewards in the tail give no picture of it.
DRAWN_FROM = 50


def page_of(audit: Audit) -> Page:
    """The report of an audit."""
    name = audit.scores.files[0].rsplit("/", 1)[-1]
    more = len(audit.scores.files) - 1
    return Page(
        f"Reward audit of {name}" + (f" and {more} more" if more else ""),
        audit.verdict.kind,
        opening(audit),
        tuple(facts(audit)),
        tuple(_sections(audit)),
    )


def facts(audit: Audit) -> Iterator[tuple[str, str]]:
    """The few numbers that most readers came for."""
    verdict = audit.verdict
    yield "rewards", f"{audit.summary.count:,}"
    yield "verdict", verdict.kind + (f": {verdict.family}" if verdict.family else "")
    if audit.prompts is not None:
        yield "verdict within prompts", audit.prompts.met.kind
    wrong = wrong_verdicts(audit)
    if wrong is not None:
        yield "wrong verdicts", wrong
    yield "extreme-value index (95 %)", with_interval(verdict.shape)
    if verdict.rate is not None:
        # The lower end of the interval is what the sample shows.
        gloss = "; ∞ is lighter than every exponential tail" if verdict.rate.high == inf else ""
        yield "exponential rate per unit of reward", with_interval(verdict.rate) + gloss
    if verdict.kind == "cannot tell" and not two_values(audit):
        yield "rewards to collect", audit.consequences.samples_needed.to_decide.because
    yield (
        f"set the cap {'on negated rewards ' if negated(audit) else ''}to"
        f" (KL budget {shown(audit.consequences.cap.budget)})",
        cap_in_words(audit) + follows(audit),
    )
    yield "penalties that hold the tail", penalties_in_words(audit) + follows(audit)
    if audit.consequences.gold is not None:
        yield "gold score", "; ".join(turn_in_words(audit.consequences.gold))


def _sections(audit: Audit) -> Iterator[Section]:
    said = [*audit.warnings, *passes_as_light(audit.verdict)]
    wrong = wrong_verdicts(audit)
    if wrong is not None:
        said.append(f"Verdicts are wrong at times: {wrong}.")
    if said:
        yield Section("caveats", "Before you rely on it", said)
    yield _verdict(audit)
    yield _rewards(audit)
    yield _budgets(audit)
    yield _best_of(audit)
    yield _penalties(audit)
    yield _cap(audit)
    if audit.prompts is not None:
        yield prompt_section(audit.prompts, audit.consequences.quenched)
    if audit.consequences.gold is not None:
        yield _gold(audit)
    yield Section(
        "estimators",
        "What each estimator says",
        (
            "The verdict does not rest on these: each is right for some tails only, and their"
            " intervals allow for chance but not for bias. They stand here for comparison.",
        ),
        (),
        tuple(estimate_tables(audit.estimates)),
    )
    yield _made(audit)


def _verdict(audit: Audit) -> Section:
    tail, verdict = audit.tail, audit.verdict
    drawings: tuple[Drawing, ...] = ()
    if tail.kept > DRAWN_FROM and float(tail.values[0]) > float(tail.values[DRAWN_FROM]):
        drawings = (
            exponential_quantiles(tail),
            mean_excess_plot(tail, verdict),
            index_paths(tail, verdict),
        )
    needed = audit.consequences.samples_needed
    decide = (f"To decide: {needed.to_decide.because}.",) if verdict.kind == "cannot tell" else ()
    return Section(
        "verdict",
        "Why this verdict",
        (
            verdict.because,
            f"A part of the policy's answers with a share below {shown(needed.hidden.value, 2)} may"
            " be missing from this sample altogether, and no statistics can see it.",
            *decide,
        ),
        drawings,
    )


def _rewards(audit: Audit) -> Section:
    summary = audit.summary
    cap = audit.consequences.cap.cap.value
    marks = [(summary.mean, "mean")]
    if cap is not None and isfinite(cap):
        marks.append((cap, "cap"))
    rows = [
        ("mean", shown(summary.mean)),
        ("standard deviation", shown(summary.variance**0.5)),
        ("smallest", shown(float(summary.lowest[0]))),
        *((f"quantile {level}", shown(summary.quantile(level))) for level in LEVELS),
        ("largest", shown(float(summary.top[0]))),
    ]
    return Section(
        "rewards",
        "The rewards",
        (),
        (histogram(summary, marks), normal_quantiles(summary, audit.tail)),
        (Table(("", "reward"), rows),),
    )


def _budgets(audit: Audit) -> Section:
    points = audit.consequences.frontier
    rows = [
        (
            shown(point.budget),
            shown(point.plug_in.value),
            between(point.band.low, point.band.high),
            " → ".join(shown(step.mean, 3) for step in point.growth),
            with_interval(point.fitted, 4),
            shown(point.effective, 3),
        )
        for point in points
    ]
    sizes = " → ".join(f"{step.rows:,}" for step in points[0].growth) if points else ""
    titles = (
        "KL budget",
        "these rewards alone",
        "95 % band if light",
        f"as rewards grow ({sizes})",
        "with the tail",
        "rests on",
    )
    note = (
        "Budgets are in nats. The second column is the entropic value at risk of the sample at"
        " level 1 - exp(-d):"
        " what other tools print. It is finite for every sample, whatever the tail, so read it"
        " with the columns to its right. 'Rests on' counts the rewards that carry the weight. With"
        " the tail it may come out lower than of these rewards alone: the fitted tail evens out a"
        " few large rewards. A dash in the band: too few rewards carry the weight, or the tail is"
        " heavy, so that no interval at 95 % can be given."
    )
    return Section(
        "budgets",
        "What a KL budget buys",
        tuple(_sentences([_last_column(points[0].fitted)])),
        (frontier_plot(points, audit.consequences.quenched, audit.verdict),),
        (Table(titles, rows, note),),
    )


def _last_column(fitted: Answer) -> str:
    """What the answers with the tail rest on."""
    because = in_symbols(fitted.because)
    named = fitted.evidence == "fitted tail" and fitted.value is not None
    return f"the last curve rests on {because}" if named else because


def _best_of(audit: Audit) -> Section:
    curve = audit.consequences.best_of_n
    rows = [
        (
            f"{each.n:,}",
            shown(each.kl, 3),
            DASH if each.sampled is None else with_interval(each.sampled, 4),
            DASH if each.fitted is None else with_interval(each.fitted, 4),
            each.where,
        )
        for each in curve
        if str(each.n).startswith("1")
    ]
    titles = ("n", "KL, nats", "these rewards", "with the tail", "")
    return Section(
        "best-of-n",
        "Best of n",
        (),
        (best_of_plot(curve, audit.summary.count),),
        (Table(titles, rows),),
    )


def _penalties(audit: Audit) -> Section:
    found = audit.consequences.penalties
    order = found.least_order
    tails = {each.because.partition(": ")[0] for each in found.penalties}
    # What is said of the tail is the same in every row.
    same = f"{tails.pop()}: " if len(tails) == 1 else ""
    rows = [
        (each.token, each.holds, in_symbols(each.because.removeprefix(same)))
        for each in found.penalties
    ]
    note = (
        "A penalty holds a tail if the best mean within a budget is finite, however far the tail"
        f" goes on. Power and Renyi divergences hold it from order {with_interval(order)} on:"
        f" {order.because}. X is the reward, E a mean, X₊ the reward or 0, whichever is larger."
    )
    return Section(
        "penalties",
        "Which penalty holds this tail",
        tuple(_sentences([same.removesuffix(": ")] if same else [])),
        (),
        (Table(("penalty", "holds", "why"), rows, note),),
    )


def _cap(audit: Audit) -> Section:
    consequences = audit.consequences
    found = consequences.cap
    budgets = [budget for budget, _ in consequences.clippings[0].best_means]
    rows = [
        (
            "nothing clipped" if each.level >= 1 else shown(each.level, 6),
            shown(each.cap),
            f"{each.clipped:.3%}",
            shown(each.mean_lost, 2),
            *(shown(answer.value) for _, answer in each.best_means),
        )
        for each in consequences.clippings
    ]
    titles = ("quantile", "cap", "clipped", "mean lost", *(f"d = {shown(d)}" for d in budgets))
    said = f"Cap for a KL budget of {shown(found.budget)} nats: {cap_in_words(audit)}."
    costs = (
        f"There {found.clipped:.3%} of the rewards are clipped, the mean falls by"
        f" {shown(found.mean_lost, 2)}, and the budget buys at most {shown(found.gain)} above the"
        " mean of the clipped rewards."
        " The cap need not rise with the budget: a small one cannot reach a rare reward, a large"
        " one reaches the cap whatever it is. Take the least cap of the budgets on your way."
    )
    finite = found.cap.value is not None and isfinite(found.cap.value)
    because = found.cap.because[:1].upper() + found.cap.because[1:] + "."
    return Section(
        "cap",
        "Where to cap the reward",
        (said, because, costs) if finite else (said, because),
        (cap_plot(consequences.clippings, found),),
        (Table(titles, rows, "The last columns: the best mean within a KL budget, once clipped."),),
    )


def _gold(audit: Audit) -> Section:
    gold = audit.consequences.gold
    assert gold is not None
    rows = [
        (
            shown(point.kl, 3),
            shown(point.proxy),
            with_interval(point.gold, 4),
            with_interval(point.covariance),
            shown(point.effective, 3),
        )
        for point in gold.tilts
        if point.reliable
    ]
    few = len(gold.tilts) - len(rows)
    titles = ("KL, nats", "proxy", "gold", "covariance of the two", "rests on")
    note = (
        "Under the policy of that KL divergence that is best for the proxy. The gold score falls"
        " where the covariance is below 0."
        + (f" Left out: {few} that rest on fewer than {FEWEST:g} answers." if few else "")
    )
    return Section(
        "gold",
        "What happens to the gold score",
        tuple(_sentences((*turn_in_words(gold), *gold.warnings))),
        (gold_plot(gold),),
        (Table(titles, rows, note), _gold_of_best(gold), *_gold_fits(gold)),
    )


def _gold_of_best(gold: Gold) -> Table:
    rows = [
        (f"{each.n:,}", shown(kl, 3), with_interval(mean), shown(each.effective, 3))
        for each, kl, mean in gold.best_of_curve
    ]
    titles = ("n", "KL, nats", "gold of the best of n (95 %)", "rests on")
    return Table(titles, rows, "Chosen by the proxy; estimated without bias.")


def _gold_fits(gold: Gold) -> Iterator[Table]:
    """The forms that the warnings speak of."""
    if gold.fit is None:
        return
    rows = [
        (
            each.form.name,
            each.score,
            _number(each.alpha),
            _number(each.beta),
            DASH if each.peak is None else shown(each.peak.kl, 3),
        )
        for each in gold.fit.fits
    ]
    titles = ("form of Gao et al.", "score", "alpha (95 %)", "beta (95 %)", "peak at KL, nats")
    note = "Fitted to the best of n, with d the root of the KL divergence."
    yield Table(titles, rows, note)


def _number(found: Number) -> str:
    return f"{shown(found.value, 3)} ({between(found.low, found.high, 3)})"


def _sentences(said: Iterable[str]) -> Iterator[str]:
    """With a capital and a full stop."""
    for each in said:
        yield each[:1].upper() + each[1:].rstrip(".") + "."


def _made(audit: Audit) -> Section:
    scores = audit.scores
    columns = scores.columns
    names = ", ".join(name or "the only one" for name in columns.reward)
    said = [
        f"Files: {', '.join(scores.files[:5])}"
        + (f" and {len(scores.files) - 5} more." if len(scores.files) > 5 else "."),
        f"Column of rewards: {names}."
        + (f" Prompts: {columns.prompt}." if columns.prompt else "")
        + (f" Gold score: {columns.utility}." if columns.utility else ""),
        *(f"{message.rstrip('.')}." for message in scores.messages),
        "All numbers are estimates in float64 with measured error rates; nothing here is certified."
        " How often verdicts and intervals are right is measured on known laws: the"
        " documentation has the table (docs/concepts/calibration.md).",
    ]
    return Section("made", "How this was made", said)
