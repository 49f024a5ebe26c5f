"""The tail of rewards: on the policy's own answers and on random tokens."""

from __future__ import annotations

from gpu_checks.finding import Finding, Outcome
from gpu_checks.suite.workshop import Workshop
from verify.tails.audit import Audit, audit
from verify.tails.reading import open_scores

VERDICTS: dict[str, Outcome] = {"bounded": "holds", "light": "holds", "heavy": "fails"}


def findings(shop: Workshop) -> list[Finding]:
    """What the audit says of the proxy's rewards: the paper found tails that are not heavy."""
    return [
        _finding("the policy's answers", _audited(shop.answers)),
        _finding("random tokens", _audited(shop.random_texts)),
    ]


def _audited(folder: str) -> Audit:
    return audit(open_scores([folder], "proxy", utility="none"))


def _finding(what: str, found: Audit) -> Finding:
    shape = found.verdict.shape
    return Finding(
        f"rewards of {what} are not heavy-tailed ({found.summary.count:,} of them: "
        f"{found.verdict.kind})",
        shape.value,
        shape.low,
        shape.high,
        how="extreme-value index, 95 %",
        said=VERDICTS.get(found.verdict.kind, "unknown"),
    )
