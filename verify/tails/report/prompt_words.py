"""What a reader reads first where there are prompts: the tail that a policy meets."""

from __future__ import annotations

from typing import TYPE_CHECKING

from verify.tails.consequences.quenched import Quenched
from verify.tails.report.words import headline, if_heavy, nats, shown

if TYPE_CHECKING:
    from verify.tails.audit import Audit
    from verify.tails.verdict import Kind

#: With fewer rewards a prompt, on average, what a budget buys within them is far too low.
ENOUGH = 100
MEETS = "A policy that does not choose its prompts meets the second:"
GIVEN = "Where its prompts are given,"


def opening(audit: Audit) -> str:
    """The headline; where prompts say something else than all rewards together, both."""
    prompts = audit.prompts
    if prompts is None:
        return headline(audit)
    pooled, met = audit.verdict.kind, prompts.met.kind
    if _differ(pooled, met):
        both = f"All rewards together: {pooled}. Within prompts: {met}. {MEETS} {_met(audit, met)}"
        # Here nothing but all rewards together says what to do.
        return f"{both} {if_heavy(audit)}" if (pooled, met) == ("heavy", "cannot tell") else both
    if pooled in ("light", "bounded") and not prompts.mostly_single:
        return f"{headline(audit)} {GIVEN} {_bought(audit)}."
    return headline(audit)


def _differ(pooled: Kind, met: Kind) -> bool:
    """Whether a KL penalty holds the one and not the other."""
    held = ("light", "bounded")
    return pooled != met and not (pooled in held and met in held)


def _met(audit: Audit, met: Kind) -> str:
    """What the tail within prompts means for a policy."""
    if met in ("light", "bounded"):
        held = "as far as these rewards show a KL penalty holds it"
        return f"{held}, and {_bought(audit)}. {_below(audit)}"
    if met == "heavy":
        return (
            "a KL penalty does not hold it: if the tails go on as the data say, every KL budget, "
            f"however small, buys any mean reward. {_below(audit)}"
        )
    return "treat it as heavy until more rewards for each prompt are there."


def _below(audit: Audit) -> str:
    return "The cap and the penalties below are for all rewards together."


def _bought(audit: Audit) -> str:
    """What the budget nearest to 1 nat buys, prompts given."""
    found = audit.consequences.quenched
    assert found is not None
    budget, answer = min(found.points, key=lambda point: abs(point[0] - 1))
    within = f"within a KL budget of {nats(budget)}"
    assert answer.value is not None
    if budget >= found.price_of_tops:
        return (
            f"{within} the largest reward of every prompt can be had, a mean of "
            f"{shown(answer.value)}, and the data end there"
        )
    gain = f"{shown(answer.value - found.mean, 3)} above that of the base policy"
    rows = audit.summary.count / found.prompts
    low = f" (too low, with {shown(rows, 2)} rewards a prompt)" if rows < ENOUGH else ""
    return f"{within} the best mean of these rewards is {shown(answer.value)}, which is {gain}{low}"


def follows(audit: Audit) -> str:
    """Which rewards the cap and the penalties are for, where that is not the same."""
    prompts = audit.prompts
    if prompts is None or not _differ(audit.verdict.kind, prompts.met.kind):
        return ""
    return f" (for all rewards together; within prompts: {prompts.met.kind})"


def given(found: Quenched | None, budget: float) -> str:
    """The best mean within a budget, prompts given, for a table; empty without prompts.

    A budget that buys the largest reward of every prompt buys at least that.
    """
    if found is None:
        return ""
    value = next(answer.value for each, answer in found.points if each == budget)
    return ("≥ " if budget >= found.price_of_tops else "") + shown(value)
