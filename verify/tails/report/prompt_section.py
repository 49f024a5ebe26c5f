"""The part of the report about single prompts."""

from __future__ import annotations

from collections.abc import Iterator

from verify.tails.consequences.quenched import Quenched
from verify.tails.prompt_tails import PromptTails
from verify.tails.report.html import Section, Table
from verify.tails.report.prompt_words import given
from verify.tails.report.words import DASH, shown


def prompt_section(found: PromptTails, quenched: Quenched | None) -> Section:
    """The tail prompt by prompt."""
    said = [
        f"{found.prompts:,} prompts, {found.single:,} of them with one reward only."
        f" {found.between:.0%} of the variance lies between the means of prompts.",
        f"Within prompts the tail is: {found.met.kind}. {found.met.because} This is what a policy"
        " meets that does not choose its prompts.",
        f"Each reward less the mean of its prompt: {found.within.kind}. {found.within.because}",
    ]
    if found.scaled is not None:
        said.append(
            "The same over the interquartile range of its prompt, for"
            f" {found.scaled.rows:,} rewards of prompts with {found.scaled.fewest} or more:"
            f" {found.scaled.verdict.kind}. {found.scaled.verdict.because}"
        )
    if found.decided:
        kinds = ", ".join(
            f"{found.count(kind)} {kind}" for kind in ("heavy", "light", "bounded", "cannot tell")
        )
        said.append(
            f"Prompts with enough rewards to be decided alone: {kinds}. Of light tails one in forty"
            " is called heavy by chance, so one among many prompts says little."
        )
    return Section("prompts", "Prompt by prompt", said, (), tuple(_tables(found, quenched)))


def _tables(found: PromptTails, quenched: Quenched | None) -> Iterator[Table]:
    if quenched is not None:
        rows = [(shown(budget), given(quenched, budget)) for budget, _ in quenched.points]
        note = (
            f"Nats, and means over prompts, each counted once; the base policy has"
            f" {shown(quenched.mean)}. Each prompt's own rewards are tilted, whatever their tails."
            " ≥: the budget buys the largest reward of every prompt, where the data end."
        )
        yield Table(("KL budget", "best mean, prompts given"), rows, note)
    largest = [
        (name or DASH, f"{count:,}", shown(mean), shown(top))
        for name, count, mean, top in found.largest
    ]
    yield Table(("prompts with the largest rewards", "rewards", "mean", "largest"), largest)
