"""How a report says what was found: numbers, intervals, the verdict in a sentence."""

from __future__ import annotations

import re
from collections.abc import Iterator
from math import inf, isfinite, isnan
from typing import TYPE_CHECKING

from verify.tails.calibration.error_rates import error_rates
from verify.tails.consequences.answer import Answer
from verify.tails.verdict import Interval, Verdict

if TYPE_CHECKING:
    from verify.tails.audit import Audit
    from verify.tails.consequences.gold import Gold

#: Digits of an estimate; and at most, where fewer do not tell two ends apart.
DIGITS, MOST_DIGITS = 4, 8
DASH = "–"


def shown(value: float | None, digits: int = DIGITS) -> str:
    """A number for a reader; a dash where there is none."""
    if value is None or isnan(value):
        return DASH
    if value in (inf, -inf):
        return "∞" if value > 0 else "-∞"
    text = f"{value:.{digits}g}"
    if 1e3 <= abs(value) < 1e15 and float(text) == round(float(text)):
        return f"{float(text):,.0f}"
    return text


def between(low: float | None, high: float | None, digits: int = DIGITS) -> str:
    """The ends of an interval; a dash where there is none."""
    if low is None or high is None:
        return DASH
    digits = _telling_apart(low, high, digits)
    return f"{shown(low, digits)} to {shown(high, digits)}"


def _telling_apart(low: float, high: float, digits: int) -> int:
    """As many digits as it takes to see that the ends differ, if they do."""
    while digits < MOST_DIGITS and low < high and shown(low, digits) == shown(high, digits):
        digits += 1
    return digits


def in_symbols(text: str) -> str:
    """Formulas of one line as readers know them."""
    return re.sub(r"X_\+\^([\d/]+)", r"X₊^(\1)", text).replace("X_+", "X₊").replace("= oo", "= ∞")


def nats(budget: float) -> str:
    """A KL budget with its unit."""
    return f"{shown(budget)} nat" + ("" if budget == 1 else "s")


def with_interval(found: Interval | Answer, digits: int = 3) -> str:
    """An estimate with its interval, where it has one."""
    if found.low is None or found.high is None or found.low == found.high:
        return shown(found.value, digits)
    if found.value is None or isnan(found.value):
        if found.high < inf:
            return between(found.low, found.high, digits)
        return DASH if found.low == -inf else f"{shown(found.low, digits)} or more"
    digits = _telling_apart(found.low, found.high, digits)
    return f"{shown(found.value, digits)} ({between(found.low, found.high, digits)})"


def headline(audit: Audit) -> str:
    """The verdict in a sentence or two, for a reader who reads no more."""
    side = "upper tail"
    if negated(audit):
        side = "lower tail (that of the rewards negated, as in all numbers here)"
    verdict = audit.verdict
    said = {
        "heavy": _heavy,
        "light": _light,
        "bounded": _bounded,
        "cannot tell": _unknown,
    }[verdict.kind](audit)
    return f"The {side} {said}"


def negated(audit: Audit) -> bool:
    """Whether it is the lower tail that was looked at."""
    return audit.scores.side == "lower"


def _heavy(audit: Audit) -> str:
    return f"{_called_heavy(audit.verdict)}. {if_heavy(audit)}"


def if_heavy(audit: Audit) -> str:
    """What a heavy tail means, and what to do about it."""
    return (
        "A KL penalty does not hold it: if the tail goes on as the data say, every KL budget, "
        f"however small, buys any mean reward. {_advice(audit)}."
    )


def _called_heavy(verdict: Verdict) -> str:
    if verdict.family == "power law":
        return f"is heavy, like a power law{tail_index(verdict)}"
    if verdict.family == "subexponential":
        return "is heavy: heavier than exponential, lighter than a power law"
    return "is heavy"


def _advice(audit: Audit) -> str:
    """What to do about a tail that may be heavy, as far as the numbers below give it."""
    found = audit.consequences
    said = []
    if found.cap.cap.value is not None:
        said.append("cap the negated reward" if negated(audit) else "cap the reward")
    if found.penalties.safe:
        said.append("take one of the penalties below")
    advice = ", or ".join(said) or "more rewards are needed to say what would hold it"
    return advice[:1].upper() + advice[1:]


def _light(audit: Audit) -> str:
    # Of the budgets asked for, the one nearest to 1 nat.
    point = min(audit.consequences.frontier, key=lambda each: abs(each.budget - 1))
    fitted = point.fitted
    held = f"is light. {_ruled_out(audit.verdict)} If it goes on like this, a KL penalty holds it"
    if fitted.value is None or fitted.high is None or not isfinite(fitted.high):
        return f"{held}, but these rewards do not tell how large a mean a KL budget buys."
    return (
        f"{held}: within a KL budget of {nats(point.budget)} no policy has a mean reward above "
        f"about {with_interval(fitted)}; the base policy has {shown(audit.summary.mean, 3)}."
    )


def _ruled_out(verdict: Verdict) -> str:
    """What a light verdict excludes, and what it lets pass."""
    highest = verdict.ruled_out
    if highest is None:
        return "It shows no sign of being heavy."
    found = f"No sign of a heavy tail: Weibull-tail coefficients above {highest:.2f} are ruled out"
    if highest > 1:
        return f"{found}; heavy begins at 1, so a tail that is heavy by a little passes as light."
    return f"{found}, and heavy begins at 1."


def passes_as_light(verdict: Verdict) -> Iterator[str]:
    """What a reader of a light verdict should know before relying on it."""
    if verdict.kind != "light":
        return
    highest = verdict.ruled_out
    if highest is not None and highest > 1:
        yield (
            f"Tails with a Weibull-tail coefficient up to {highest:.2f} may be behind these"
            " rewards, and light ends at 1. How often tails that are heavy by a little pass as"
            " light is measured (the page 'calibration' of the documentation)."
        )
    yield "Light is no proof: a tail may change beyond the largest reward."


def wrong_verdicts(audit: Audit) -> str | None:
    """How often such verdicts are wrong, at the measured size nearest to that of the sample.

    None where there is no verdict that was measured: the tail cannot be told, or it ends at a cap.
    """
    if audit.verdict.kind == "cannot tell" or audit.verdict.capped:
        return None
    found = error_rates(audit.summary.count)
    ordinary, mixed = found.false_alarms(mixtures=False), found.false_alarms(mixtures=True)
    near, by_little = found.missed("student_t(3)"), found.missed("student_t(10)")
    return (
        f"of {found.n:,} rewards, light laws are called heavy in up to {_percent(ordinary)}, light"
        f" mixtures in up to {_percent(mixed)}; t(3) passes as light in {_percent(near)}, t(10) in"
        f" {_percent(by_little)}"
    )


def _percent(share: float) -> str:
    return f"{100 * share:.2g} %"


def _bounded(audit: Audit) -> str:
    capped = audit.verdict.capped
    if capped:
        largest = shown(float(audit.summary.top[0]))
        return (
            f"is bounded: {capped:,} rewards equal the largest, {largest}, as if clipped there. If"
            " they were, audit them before clipping: the tail that was cut off may be heavy. As"
            " they are, no policy goes further, whatever the penalty."
        )
    return (
        "is bounded: the rewards end not far above the largest of them, "
        f"{shown(float(audit.summary.top[0]))}. No policy goes further, whatever the penalty."
    )


def _unknown(audit: Audit) -> str:
    if two_values(audit):
        largest = shown(float(audit.summary.top[0]))
        return (
            f"cannot be told from {_rewards(audit.summary.count)}: {_taken(audit)}. If no larger "
            f"value than {largest} can occur, no audit is needed: no policy goes further, "
            "whatever the penalty."
        )
    because = audit.verdict.because
    # Where few different scores are all that there can be, more of them would not tell either.
    until = "Unless you know that it ends" if "the tail is bounded" in because else "Until it can"
    return (
        f"cannot be told from {_rewards(audit.summary.count)}. {because} {until}, treat it as "
        f"heavy. {_advice(audit)}."
    )


def two_values(audit: Audit) -> bool:
    """Whether a verdict could not be had because the rewards take one value or two."""
    summary = audit.summary
    if audit.verdict.kind != "cannot tell" or len(summary.top) < summary.count:
        return False
    lowest, largest = summary.lowest[0], summary.top[0]
    few = bool(((summary.top == lowest) | (summary.top == largest)).all())
    return few and "the tail is bounded" in audit.verdict.because


def _taken(audit: Audit) -> str:
    """Which value they take, or which two."""
    lowest, largest = float(audit.summary.lowest[0]), float(audit.summary.top[0])
    if lowest == largest:
        return f"all are {shown(largest)}"
    return f"they take no other values than {shown(lowest)} and {shown(largest)}"


def _rewards(count: int) -> str:
    return "1 reward" if count == 1 else f"{count:,} rewards"


def tail_index(verdict: Verdict) -> str:
    """The index of a power law with its interval, as far as there is one.

    It is 1 over the extreme-value index.
    """
    shape = verdict.shape
    if isnan(shape.value):
        return ""
    value, low, high = (
        1 / each if each > 0 else inf for each in (shape.value, shape.high, shape.low)
    )
    if value == inf:
        return f" of index {shown(low, 3)} or more" if low < inf else ""
    return f" of index {shown(value, 3)} ({between(low, high, 3)})"


def cap_in_words(audit: Audit) -> str:
    """The number to set a cap to, and which way is safe."""
    found = audit.consequences.cap
    if two_values(audit):
        return f"none is needed if no reward can be above {shown(float(audit.summary.top[0]))}"
    if found.cap.value is None:
        return f"none found: {found.cap.because}"
    if not isfinite(found.cap.value):
        surely = "" if audit.verdict.kind == "bounded" else " if it goes on like this"
        return f"none is needed{surely}: the tail is {audit.verdict.kind}"
    said = f"{with_interval(found.cap)}; lower is safer"
    largest = float(audit.summary.top[0])
    if found.cap.value >= largest:
        where = "the largest reward" if found.cap.value == largest else "beyond every reward"
        said += f", and this is {where}: it clips none of them"
    return said


def turn_in_words(gold: Gold) -> tuple[str, str]:
    """Where the gold score turns under tilts and under best-of-n, as far as the answers tell."""
    turn = gold.turn
    tilting = turn.because
    if turn.value is not None:
        tilting = f"turns at KL {shown(turn.value, 3)}"
        if turn.low is not None and turn.high is not None:
            tilting += f" (looked at: KL {shown(turn.low, 3)} and {shown(turn.high, 3)})"
        tilting += f": {turn.because}"
    return f"tilting: {tilting}", f"best of n: {gold.best_of_turn.because}"


def penalties_in_words(audit: Audit) -> str:
    """The penalties that hold the tail."""
    safe = audit.consequences.penalties.safe
    if two_values(audit):
        return f"all, if no reward can be above {shown(float(audit.summary.top[0]))}"
    shape = audit.verdict.shape
    if safe and audit.verdict.kind in ("heavy", "cannot tell") and isnan(shape.value):
        # Nothing is known of the index: what holds does so for tails with a mean.
        return f"{', '.join(safe)}, if the mean of the rewards is finite"
    if not safe and shape.high >= 1:
        return "none of those looked at: the mean of the rewards may be infinite"
    return ", ".join(safe) if safe else "none of those looked at"
