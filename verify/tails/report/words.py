"""How a report says what was found: numbers, intervals, the verdict in a sentence."""

from __future__ import annotations

from math import inf, isfinite, isnan
from typing import TYPE_CHECKING

from verify.tails.consequences.answer import Answer
from verify.tails.verdict import Interval, Verdict

if TYPE_CHECKING:
    from verify.tails.audit import Audit

#: Digits of an estimate.
DIGITS = 4
DASH = "–"


def shown(value: float | None, digits: int = DIGITS) -> str:
    """A number for a reader; a dash where there is none."""
    if value is None or isnan(value):
        return DASH
    if value in (inf, -inf):
        return "∞" if value > 0 else "-∞"
    text = f"{value:.{digits}g}"
    if abs(value) >= 1e4 and float(text) == round(float(text)) and abs(value) < 1e15:
        return f"{float(text):,.0f}"
    return text


def between(low: float | None, high: float | None, digits: int = DIGITS) -> str:
    """The ends of an interval; a dash where there is none."""
    if low is None or high is None:
        return DASH
    return f"{shown(low, digits)} to {shown(high, digits)}"


def with_interval(found: Interval | Answer, digits: int = 3) -> str:
    """An estimate with its interval, where it has one."""
    if found.low is None or found.high is None or found.low == found.high:
        return shown(found.value, digits)
    return f"{shown(found.value, digits)} ({between(found.low, found.high, digits)})"


def headline(audit: Audit) -> str:
    """The verdict in a sentence or two, for a reader who reads no more."""
    side = "lower" if audit.scores.side == "lower" else "upper"
    verdict = audit.verdict
    said = {
        "heavy": _heavy,
        "light": _light,
        "bounded": _bounded,
        "cannot tell": _unknown,
    }[verdict.kind](audit)
    return f"The {side} tail {said}"


def _heavy(audit: Audit) -> str:
    verdict = audit.verdict
    called = "is heavy"
    if verdict.family == "power law":
        called = f"is heavy, like a power law{tail_index(verdict)}"
    elif verdict.family == "subexponential":
        called = "is heavy: heavier than exponential, lighter than a power law"
    return (
        f"{called}. A KL penalty does not hold it: if the tail goes on as the data say, every KL "
        f"budget, however small, buys any mean reward. {_advice(audit)}."
    )


def _advice(audit: Audit) -> str:
    """What to do about a tail that may be heavy, as far as the numbers below give it."""
    found = audit.consequences
    said = []
    if found.cap.cap.value is not None:
        said.append("cap the reward")
    if found.penalties.safe:
        said.append("take one of the penalties below")
    advice = ", or ".join(said) or "more rewards are needed to say what would hold it"
    return advice[:1].upper() + advice[1:]


def _light(audit: Audit) -> str:
    # Of the budgets asked for, the one nearest to 1 nat.
    point = min(audit.consequences.frontier, key=lambda each: abs(each.budget - 1))
    fitted = point.fitted
    if fitted.value is None or fitted.high is None or not isfinite(fitted.high):
        return (
            "is light. A KL penalty holds it, but these rewards do not tell how large a mean a KL "
            "budget buys."
        )
    return (
        f"is light. A KL penalty holds it: within a KL budget of {shown(point.budget)} nats no "
        f"policy has a mean reward above about {shown(fitted.value, 3)} "
        f"({between(fitted.low, fitted.high, 3)}); the base policy has "
        f"{shown(audit.summary.mean, 3)}."
    )


def _bounded(audit: Audit) -> str:
    return (
        "is bounded: the rewards end not far above the largest of them, "
        f"{shown(float(audit.summary.top[0]))}. No policy goes further, whatever the penalty."
    )


def _unknown(audit: Audit) -> str:
    return (
        f"cannot be told from {_rewards(audit.summary.count)}. {audit.verdict.because} Until more "
        f"are there, treat it as heavy. {_advice(audit)}."
    )


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
    """The number to set a cap to."""
    found = audit.consequences.cap
    if found.cap.value is None:
        return f"none found: {found.cap.because}"
    if not isfinite(found.cap.value):
        return f"none is needed: the tail is {audit.verdict.kind}"
    return with_interval(found.cap)


def penalties_in_words(audit: Audit) -> str:
    """The penalties that hold the tail."""
    safe = audit.consequences.penalties.safe
    return ", ".join(safe) if safe else "none of those looked at"
