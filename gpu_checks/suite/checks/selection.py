"""Best-of-n by a real proxy, and by gold with a planted error, against predictions."""

from __future__ import annotations

from dataclasses import replace

from gpu_checks.best_of_n import BestOfN, best_of_answers, read_answers
from gpu_checks.finding import Finding
from gpu_checks.suite.workshop import Workshop
from verify.laws import parse

#: In units of the gold scores' spread within prompts: heavy, and light.
PLANTED = ("student_t(df=2)", "normal()")


def findings(shop: Workshop) -> list[Finding]:
    """The gold score of the best of n answers, at the largest n."""
    answers = read_answers([shop.answers], "proxy", "gold", "prompt")
    found = _findings("a real proxy", best_of_answers(answers, seed=shop.seed))
    for law in PLANTED:
        spread = float(answers.gold.std())
        text = f"{spread:.6g}*{law}"
        error = parse(text)
        planted = answers.with_error(error, text, shop.seed)
        made = best_of_answers(planted, error=error, seed=shop.seed)
        found += _findings(f"gold plus {law}", made, ("independent error",))
    return found


def _findings(
    what: str, made: BestOfN, names: tuple[str, ...] = ("normal", "independent error")
) -> list[Finding]:
    return [
        replace(each.finding, prediction=f"best of {each.n} by {what}: {each.finding.prediction}")
        for each in made.comparisons
        if each.prediction.name in names
    ]
